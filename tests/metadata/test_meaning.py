"""Tables, sidecars and people judged by what they mean: shifted dates, quotes, names, classes."""

from __future__ import annotations

import csv
import io
import json
import random
from datetime import date
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.errors import UsageError
from headrisk.metadata.anonymity import PeopleTable, joined, people_table, plain_columns
from headrisk.metadata.fields import kind_of_field
from headrisk.metadata.findings import Finding, Hit, grouped, stays
from headrisk.metadata.fix_tables import DateShifts, clean_table, table_text
from headrisk.metadata.known import NOBODY, field_rules, known_identifiers, with_rules
from headrisk.metadata.learn import is_name, with_names, with_names_of
from headrisk.metadata.national_ids import is_valid, national_ids, register_of
from headrisk.metadata.notations import (
    are_times_of_day,
    is_over_89,
    notations,
    read_date,
    sure_notation,
)
from headrisk.metadata.remarks import is_shifted
from headrisk.metadata.scan import list_entries, scan_metadata
from headrisk.metadata.sidecars import clean_json, json_hits
from headrisk.metadata.tables import parse_table, table_hits
from headrisk.metadata.text import text_spans
from headrisk.metadata.verify import needles_of


@given(
    st.dates(date(1900, 1, 1), date(2039, 12, 31)),
    st.sampled_from(
        ["%d%m%Y", "%y%m%d", "%d%m%y", "%m%d%Y", "%Y%m%d", "%d.%m.%Y", "%m/%d/%Y", "%d-%b-%Y"]
    ),
)
def test_only_iso_dates_before_1925_count_as_shifted(day: date, notation: str) -> None:
    assert not is_shifted(day.strftime(notation))
    assert is_shifted(day.isoformat()) == (day.year < 1925)
    assert is_shifted(day.isoformat() + "T10:11:12.5Z") == (day.year < 1925)


@pytest.mark.parametrize(
    "text",
    [
        "15031961",
        "180303",
        "1877-13-15",
        "1877-02-30",
        "0018-03-03",
        "18770615",
        "1877",
        "1877-06-15 later",
    ],
)
def test_what_only_looks_shifted_is_not(text: str) -> None:
    assert not is_shifted(text)


@given(st.dates(date(1950, 1, 1), date(2038, 12, 31)))
def test_a_date_is_read_back_in_every_notation(day: date) -> None:
    for form, name in (
        ("%Y-%m-%d", "ymd"),
        ("%d.%m.%Y", "dmy"),
        ("%m/%d/%Y", "mdy"),
        ("%d%m%Y", "dmy"),
        ("%d-%b-%Y", "month"),
        ("%B %d, %Y", "month"),
        ("%a, %d %b %Y", "month"),
        ("%Y%m%d", "ymd"),
    ):
        assert read_date(day.strftime(form), name) == day
        assert name in notations(day.strftime(form))


def test_a_notation_is_sure_only_if_no_other_holds() -> None:
    assert sure_notation("visit_date", ["03/04/2018", "05/06/2018"]) == ""
    assert sure_notation("visit_date", ["03/04/2018", "25/06/2018"]) == "dmy"
    assert sure_notation("date_mmddyy", ["030418", "050618"]) == "mdy"


def test_ambiguous_dates_go_and_sure_ones_keep_their_intervals() -> None:
    text = b"participant_id\tscan_date\tmri_date\nsub-1\t03/04/2018\t25.06.2018\n"
    text += b"sub-1\t05/06/2018\t27.06.2018\n"
    removed: list[Hit] = []
    shifts = DateShifts(np.random.default_rng(0))
    new = clean_table(parse_table(text), NOBODY, shifts, str, "", removed, "visits.tsv")
    rows = [line.split("\t") for line in new.splitlines()[1:]]
    assert [row[1] for row in rows] == ["n/a", "n/a"]
    first, second = (date.fromisoformat(row[2]) for row in rows)
    assert (second - first).days == 2
    assert second.year < 1925


def test_durations_are_no_times_of_day() -> None:
    assert not are_times_of_day(["00:01:11", "00:01:12", "02:10:00"])
    assert are_times_of_day(["09:15:00", "13:45:10", "00:20:00"])
    table = parse_table(
        b"participant_id\tmr_time1\tscan_time\nsub-1\t00:01:11\t13:45:10\nsub-2\t00:02:12\t09:15:00\n"
    )
    assert {hit.field for hit in table_hits(table, NOBODY, "wais.tsv")} == {"scan_time"}


@given(
    st.lists(
        st.lists(
            st.text(
                st.characters(exclude_categories=["Cs", "Cc"], include_characters='",;\n'),
                max_size=12,
            ),
            min_size=3,
            max_size=3,
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(",;\t"),
)
def test_quoted_tables_are_read_as_the_csv_module_reads_them(
    rows: list[list[str]], sign: str
) -> None:
    rows = [[f"x{cell.strip()}" for cell in row] for row in rows]
    out = io.StringIO()
    csv.writer(out, delimiter=sign, lineterminator="\n").writerows([["a", "b", "c"], *rows])
    table = parse_table(out.getvalue().encode())
    if any(sign in line for line in out.getvalue().splitlines()[-1:]):
        assert table.columns == ("a", "b", "c")
        expected = [
            tuple(cell.strip() for cell in row)
            for row in csv.reader(io.StringIO(out.getvalue()), delimiter=sign)
        ][1:]
        assert [cells for _, cells in table.rows] == expected
        assert parse_table(table_text(table).encode()).rows == table.rows or not table.quoted


def test_a_line_break_in_quotes_moves_no_cell() -> None:
    raw = b'record_id,notes,sex,patient_name,group\n1,"fell\nagain",F,"Quenberg, Zelda",A\n'
    raw += b'2,ok,M,"Ostrander, H",B\n'
    removed: list[Hit] = []
    new = clean_table(
        parse_table(raw), NOBODY, DateShifts(np.random.default_rng(0)), str, "", removed, "clin.csv"
    )
    assert [len(row) for row in csv.reader(io.StringIO(new))] == [5, 5, 5]
    assert "Quenberg" not in new
    assert new.splitlines()[1] == "1,n/a,F,n/a,A"


def test_a_stray_quote_costs_its_cell_and_not_the_table() -> None:
    table = parse_table(b'a\tb\n"broken\t1\nfine\t2\n')
    assert [cells for _, cells in table.rows] == [('"broken', "1"), ("fine", "2")]


def test_what_is_shown_to_people_and_kinds_of_trials_stay() -> None:
    rows = "".join(
        f"{i}\t1\t{t}\timg/{t}.jpg\t{w}\n"
        for i, (t, w) in enumerate(
            [
                ("Miss Cue: valid cue", "James Smith"),
                ("Miss Obj", "Anna"),
                ("Hit Obj long words here", "Jane Doe"),
            ]
        )
    )
    raw = ("onset\tduration\ttrial_type\tstim_file\tword_shown\n" + rows).encode()
    assert list(table_hits(parse_table(raw), NOBODY, "sub-1_task-x_events.tsv")) == []
    answers = b"onset\tduration\tresponse_text\n1\t1\tcall me on +358 40 5123388\n"
    assert [h.kind for h in table_hits(parse_table(answers), NOBODY, "x_events.tsv")] == ["phone"]


def test_a_key_of_old_and_new_labels_is_found() -> None:
    raw = b"participant_id;lookup;arm\nsub-01;QZ-77-ELL;a\nsub-02;QZ-78-ELL;b\nsub-03;QZ-91-ELL;a\n"
    hits = list(table_hits(parse_table(raw), NOBODY, "key.csv"))
    assert {(hit.kind, hit.field) for hit in hits} == {("patient-id", "lookup")}


def _set(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_name_found_in_one_field_is_found_everywhere(tmp_path: Path) -> None:
    root = _set(
        tmp_path,
        {
            "sub-01/anat/sub-01_T1w.json": json.dumps({"PatientName": "Quellimund^Anna"}),
            "sub-02/anat/sub-02_T1w.json": json.dumps(
                {"ProtocolName": "quellimund_harmonization", "SeriesDescription": "anna t1"}
            ),
            "phenotype/x.tsv": "participant_id\tanswer\nsub-01\tasked QUELLIMUND again\n",
            "notes_quellimund.txt": "nothing\n",
        },
    )
    known = with_names_of(list_entries(root), NOBODY)
    scan = scan_metadata(root, known)
    found = {
        f.file.split("/")[-1].split(".")[0] for f in scan.findings if f.kind == "known-identifier"
    }
    assert {"sub-02_T1w", "x"} <= found
    assert any(f.field == "file or folder name" for f in scan.findings)
    # "anna" in lower case is left alone, since given names are common words of other fields
    assert not [f for f in scan.findings if f.field == "SeriesDescription"]
    needles = needles_of([], known)
    assert b"quellimund" in needles.kinds


def test_parts_that_are_words_count_only_where_they_are_capitalised() -> None:
    known = with_names(["Brown, Zelda", "Li, Wei", "Head^Test"], NOBODY)
    assert known.spans("see Brown")
    assert not known.spans("brown hair")
    assert not known.spans("li battery")
    assert not known.spans("head test")
    assert known.spans("ZELDA BROWN")


def test_labels_and_phantoms_are_no_names() -> None:
    assert not any(map(is_name, ("sub-01", "P001", "ANON^YMOUS1", "phantom", "Test^Patient", "")))
    assert all(map(is_name, ("Quellimund^Anna", "Okparaebo", "van der Berg, Jan")))


def test_a_dicom_name_is_learnt_from_either_vr(tmp_path: Path) -> None:
    explicit = b"\0" * 128 + b"DICM" + b"\x10\x00\x10\x00PN\x0e\x00Quellimund^Ann"
    implicit = b"\x10\x00\x10\x00\x0c\x00\x00\x00Zarvokka^Jo "
    (tmp_path / "a.dcm").write_bytes(explicit + bytes(64))
    (tmp_path / "b").write_bytes(implicit + bytes(64))
    known = with_names_of(list_entries(tmp_path), NOBODY)
    assert known.spans("t1_quellimund")
    assert known.spans("zarvokka 2")


def test_tables_are_joined_by_participant_and_the_columns_told() -> None:
    main = parse_table(b"participant_id\tsex\nsub-1\tF\nsub-2\tF\nsub-3\tM\nsub-4\tM\n")
    other = parse_table(b"participant_id\tAgeMRI_W1\tbdi\n1\t61\t3\n2\t61\t9\n3\t70\t3\n4\t72\t4\n")
    tables = [
        people_table(main, "participants.tsv", main=True),
        people_table(other, "phenotype.tsv"),
    ]
    classes = joined(table for table in tables if table is not None)
    assert classes is not None
    assert classes.columns == ("sex", "AgeMRI_W1")
    assert (classes.people, classes.alone, classes.smallest, classes.tables) == (4, 2, 1, 2)
    assert classes.unique_by == (2, 0, 0)
    assert plain_columns((*classes.columns, "Quellimund")) == classes.columns


def test_special_uniques_agree_with_counting_by_hand() -> None:
    rng = random.Random(5)
    rows = {str(i): tuple(rng.choice("abc") for _ in range(4)) for i in range(40)}
    classes = joined([PeopleTable(True, ("sex", "race", "site", "hand"), rows)])
    assert classes is not None
    fewest = []
    for person in rows.values():
        sizes = [
            size
            for size in (1, 2, 3)
            for mask in range(16)
            if mask.bit_count() == size
            and sum(
                all(person[i] == other[i] for i in range(4) if mask >> i & 1)
                for other in rows.values()
            )
            == 1
        ]
        fewest.append(min(sizes, default=4))
    assert classes.unique_by == (fewest.count(1), fewest.count(2), fewest.count(3))


def test_a_class_of_one_diagnosis_tells_it() -> None:
    rows = {"1": ("F", "ms"), "2": ("F", "ms"), "3": ("M", "ms"), "4": ("M", "none")}
    classes = joined([PeopleTable(True, ("sex", "diagnosis"), rows)])
    assert classes is not None
    assert classes.sensitive == ("diagnosis",)
    assert classes.told == 2


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("hetu", "131052-308T"),
        ("bsn", "111222333"),
        ("nir", "2 95 10 99 126 111 93"),
        ("rijksregister", "85.07.30-033 28"),
        ("cpf", "390.533.447-05"),
        ("egn", "7523169263"),
        ("cnp", "1630615123457"),
        ("ahv", "756.9217.0769.85"),
        ("sin", "123-456-782"),
        ("pesel", "44051401359"),
        ("oib", "33392005961"),
        ("isikukood", "36805280109"),
        ("kimlik", "17291716060"),
        ("rut", "12531909-2"),
        ("curp", "BOXW310820HNERXN09"),
        ("amka", "01013099997"),
        ("pps", "6433435F"),
        ("svnr", "1237 010180"),
        ("aadhaar", "234123412346"),
        ("kennitala", "450401-3150"),
        ("rc", "710319/2745"),
    ],
)
def test_numbers_of_many_registers_are_found_by_the_name_of_the_field(
    name: str, number: str
) -> None:
    kinds = {hit.kind for hit in json_hits({name: number}, NOBODY)}
    assert kinds & {"national-id", "patient-id"}
    wrong = number[:-1] + ("1" if number[-1] != "1" else "2")
    register = register_of(name, [number])
    assert not register or not is_valid(register, wrong)


def test_a_wrong_check_letter_is_no_number() -> None:
    assert list(national_ids("RSSMRA85T10A562S")) == [(0, 16)]
    assert list(national_ids("RSSMRA85T10A562T")) == []
    module = import_module("stdnum.it.codicefiscale")
    assert module.is_valid("RSSMRA85T10A562S")


def test_random_numbers_in_a_column_are_no_register() -> None:
    rng = random.Random(1)
    for digits in (9, 10, 11, 13):
        values = [str(rng.randrange(10 ** (digits - 1), 10**digits)) for _ in range(30)]
        assert register_of("etiv_mm3", values) == ""


def test_exam_programs_uuids_and_yaml_name_nobody() -> None:
    for text in ("CBU^Neuroimaging", "HEAD^ROUTINE", "Investigators^Study 4", "UNI^Research"):
        assert text_spans(text, NOBODY) == []
    programs = {
        "ProcedureStepDescription": "XYZ^Brainlab",
        "StudyID": "1",
        "WipMemBlock": "3f2a9c1e-0000-4100-8000-000000000001||R016",
    }
    assert list(json_hits(programs, NOBODY)) == []
    assert [h.kind for h in json_hits({"SeriesDescription": "QUELLIMUND^ZELDA"}, NOBODY)] == [
        "person-name"
    ]


def test_uids_under_2_25_count() -> None:
    uid = "2.25.329800735698586629295641978511506172918"
    assert [h.kind for h in json_hits({"SeriesInstanceUID": uid}, NOBODY)] == ["uid"]
    assert [kind for kind, _, _ in text_spans(f"see {uid}", NOBODY)] == ["uid"]
    assert not list(json_hits({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4"}, NOBODY))


def test_the_smallest_part_goes_and_notices_stay() -> None:
    removed: list[Hit] = []
    content = {
        "SeriesDescription": "redo, call +358 40 5123388",
        "EEGCoordinateSystemDescription": "as in http://lab.example.org/labels",
        "ShimSetting": [-3305, 12],
        "Link": "https://pacs.example/view?id=77",
    }
    new = clean_json(content, NOBODY, removed)
    assert new["SeriesDescription"] == "redo, call [removed]"
    assert new["EEGCoordinateSystemDescription"] == content["EEGCoordinateSystemDescription"]
    assert new["ShimSetting"] == content["ShimSetting"]
    assert "Link" not in new
    assert stays("url", "http://lab.example.org/labels")
    assert not stays("url", "https://u@lab.example.org/")


def test_rules_of_the_custodian_hold_for_sidecars_and_tables() -> None:
    rules = field_rules(keep=["Institution-Name"], ignore=["visit_date"], remove=["EchoTime"])
    known = with_rules(known_identifiers(["Zarvokka"]), rules)
    content = {"InstitutionName": "Port Ellery", "VisitDate": "2018-03-03 Zarvokka", "EchoTime": 1}
    kinds = [(hit.kind, hit.field) for hit in json_hits(content, known)]
    assert kinds == [
        ("institution", "InstitutionName"),
        ("known-identifier", "VisitDate"),
        ("chosen-field", "EchoTime"),
    ]
    new = clean_json(content, known, [])
    assert new == {"InstitutionName": "Port Ellery", "VisitDate": "2018-03-03 [removed]"}
    with pytest.raises(UsageError, match="--keep of it too"):
        field_rules(keep=["a_b"], ignore=["AB"])


def test_findings_are_told_by_field_with_counts() -> None:
    rows = [
        Finding(
            "date", f"s{i}.json", i, f"ScanDate, line {i}", "2… (10 characters)", frozenset({i % 2})
        )
        for i in range(1, 9)
    ]
    (group,) = grouped([*rows])
    assert (group.field, group.files, group.values, group.example.number) == ("ScanDate", 8, 2, 1)


def test_lines_of_settings_and_logs_are_judged_by_their_names() -> None:
    text = 'PatientName: Quellimund Anna\ndob = 15031961\n  "phone": "040 5123388",\n'
    text += "EchoTime: 0.03\nfile name: a_b.nii\nname: rest\nParticipant surname=Zarvokka;\n"
    found = [(kind, text[a:b]) for kind, a, b in text_spans(text, NOBODY)]
    assert found == [
        ("person-name", "PatientName: Quellimund Anna"),
        ("birth-date", "15031961"),
        ("phone", "040 5123388"),
        ("person-name", "Zarvokka"),
    ]


def test_a_key_or_column_that_is_a_name_is_found() -> None:
    hits = list(json_hits({"results": {"Jane_Smith": 3, "EchoTime": 0.03}}, NOBODY))
    assert [(hit.kind, hit.field) for hit in hits] == [("person-name", "results.(name)")]
    table = parse_table(b"roi\tMattiVirtanen\tMNI\nleft\t1\t2\n")
    assert [hit.kind for hit in table_hits(table, NOBODY)] == ["person-name"]
    removed: list[Hit] = []
    new = clean_table(table, NOBODY, DateShifts(np.random.default_rng(0)), str, "", removed)
    assert new.splitlines()[0] == "roi\tremoved2\tMNI"


def test_a_line_that_tells_a_spreadsheet_the_separator_is_no_header() -> None:
    table = parse_table(b"sep=;\nid;patient_name\n1;Quenberg, Zelda\n")
    assert table.columns == ("id", "patient_name")


@pytest.mark.parametrize(
    ("name", "text", "over"),
    [
        ("age", "P93Y", True),
        ("Age", "93", True),
        ("age_months", "1092", True),
        ("ageInDays", "33000", True),
        ("age", "90-94", True),
        ("age", "89+", False),
        ("age", ">89", False),
        ("age_score", "93", False),
        ("image", "93", False),
        ("mean_age_of_group", "93", False),
        ("age", "60-65", False),
        ("page", "93", False),
    ],
)
def test_ages_of_89_and_over(name: str, text: str, over: bool) -> None:
    assert is_over_89(name, text) == over


def test_a_column_of_names_is_found_whatever_stands_over_it() -> None:
    names = ["Zyxa Quellimund", "Orvo Zarvokka", "Pelm Brindlemoor", "Ulda Haverkampf"]
    for heading, values in (("who", names), ("Name", [one.split()[0] for one in names])):
        rows = "".join(f"sub-{i}\t{value}\n" for i, value in enumerate(values))
        table = parse_table(f"participant_id\t{heading}\n{rows}".encode())
        kinds = {hit.kind for hit in table_hits(table, NOBODY, "phenotype.tsv")}
        assert "person-name" in kinds, heading
    tests = ["Boston Naming Test", "Trail Making Test", "Digit Span Forward", "Stroop Task"]
    rows = "".join(f"sub-{i}\t{value}\n" for i, value in enumerate(tests))
    table = parse_table(f"participant_id\ttest_name\n{rows}".encode())
    assert not any(hit.kind == "person-name" for hit in table_hits(table, NOBODY, "x.tsv"))


def test_the_dicom_model_in_json_is_judged_by_its_tags() -> None:
    content = {
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "OAKES^SARA"}]},
        "00100020": {"vr": "LO", "Value": ["H7712"]},
        "00080020": {"vr": "DA", "Value": ["20180304"]},
        "00180081": {"vr": "DS", "Value": [2.2]},
    }
    assert [(hit.kind, hit.field) for hit in json_hits(content, NOBODY)] == [
        ("person-name", "00100010.Value[].Alphabetic"),
        ("patient-id", "00100020.Value[]"),
        ("date", "00080020.Value[]"),
    ]
    assert [h.kind for h in json_hits({"ScannedBy": "Haverkampf"}, NOBODY)] == ["staff-name"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Hospital number 03724149", "patient-id"),
        ("S/N: 144452", "serial-number"),
        ("PLZ 80331", "address"),
        ("postcode SW1A 3HL", "address"),
        ("Ser.No. WQ825862", "serial-number"),
        ("She is a 93-year-old woman", "age-over-89"),
        ("died at 96", "age-over-89"),
        ("6 октября 2016 г.", "date"),
        ("3.X.2014", "date"),
        (r"\\server\home\kbrandst\x", "user-path"),
        ("~kbrandst/x.sh", "user-path"),
        ("jo.doe at yahoo dot com", "email"),
        ("woke up at 7:15", "acquisition-time"),
    ],
)
def test_words_before_a_number_say_what_it_is(text: str, kind: str) -> None:
    assert kind in {found for found, _, _ in text_spans(text, NOBODY)}


@pytest.mark.parametrize(
    "text",
    [
        "look at the dot in the middle",
        "The flip angle was 90 degrees",
        "grant number R01MH111417",
        "source code 2019a",
        "version 2.10.4 of 12 files",
        "aged 18 to 95 years in 2 groups",
        "offset 02-26-2019",
        "a delay of 93 to 95 ms",
        "n = 90 and 12:30 minutes",
        "index 0001 0002",
    ],
)
def test_numbers_of_other_things_stay(text: str) -> None:
    skip = frozenset({"date"})
    assert not text_spans(text, NOBODY, skip)


def test_a_sentence_about_a_person_is_found_under_any_key() -> None:
    said = {"Q23": "She told us that her twin works in the village", "Cue": "Press the left button"}
    assert [hit.field for hit in json_hits(said, NOBODY)] == ["Q23"]


@pytest.mark.parametrize(
    "name",
    [
        "demographics_kassennummer",
        "versicherungsNr",
        "numero-da-apolice",
        "polisnummer",
        "n_poliza",
        "SubscriberId",
        "Försäkringsnummer",
        "policy_number",
        "numero_de_seguro",
        "InsuranceNo",
    ],
)
def test_numbers_of_insurers_are_those_of_a_person(name: str) -> None:
    assert kind_of_field(name) == "patient-id"


@pytest.mark.parametrize(
    "name",
    [
        "metropolis",
        "insurance_type",
        "seguro",
        "task-police",
        "quality_assurance_id",
    ],
)
def test_words_like_those_of_insurers_are_no_number(name: str) -> None:
    assert kind_of_field(name) == ""
