"""Tables of any layout and suffix, silent columns, and names that only their place tells."""

from __future__ import annotations

import csv
import io
import json
import random
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.metadata.columns import judge_column
from headrisk.metadata.fix import write_copy
from headrisk.metadata.known import NOBODY, known_identifiers
from headrisk.metadata.learn import with_names_of
from headrisk.metadata.named_values import named_lines
from headrisk.metadata.names import name_spans
from headrisk.metadata.remarks import is_shifted
from headrisk.metadata.roles import role_of
from headrisk.metadata.scan import list_entries, scan_metadata
from headrisk.metadata.sidecars import json_hits
from headrisk.metadata.tables import parse_table, table_hits
from headrisk.metadata.text import text_spans

_FIRST = ("Od", "Wir", "Tal", "Bru", "Esk", "Zor", "Ylva", "Quen", "Hard", "Fen")
_LAST = ("mark", "dahl", "stad", "witz", "orvik", "enberg", "ulin", "ashaw", "iko", "endra")


def _people(count: int, seed: int) -> list[tuple[str, str]]:
    """Given and family names that stand on no list."""
    rng = random.Random(seed)
    found: dict[tuple[str, str], None] = {}
    while len(found) < count:
        one, two = (rng.choice(_FIRST) + rng.choice(_LAST) for _ in range(2))
        found[one, two + rng.choice(("sen", "er", "ova", "i"))] = None
    return list(found)


def _kinds(raw: str, name: str) -> set[str]:
    role = role_of(name, raw.encode())
    assert role == "table", role
    return {hit.kind for hit in table_hits(parse_table(raw.encode()), NOBODY, name)}


@pytest.mark.parametrize("separator", ["\t", ";", "|", ","])
@pytest.mark.parametrize("name", ["list.txt", "export.dat", "list", "people.tsv~", "old.csv#"])
@pytest.mark.parametrize("quoted", [False, True])
def test_a_table_is_read_as_one_whatever_its_suffix(
    separator: str, name: str, quoted: bool
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    if quoted:
        writer = csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["id", "surname", "born"])
    writer.writerows(
        (n, family, f"19{50 + n}-03-14") for n, (_, family) in enumerate(_people(8, 1))
    )
    assert _kinds(out.getvalue(), name) >= {"person-name", "birth-date"}


def test_columns_set_apart_by_blanks_and_lists_without_headings_are_tables() -> None:
    people = _people(8, 2)
    rows = [f"{n:<6}{family:<25}19{50 + n}-03-14" for n, (_, family) in enumerate(people)]
    assert _kinds("\n".join(["ID    SURNAME                  BORN", *rows]), "a.txt") >= {
        "person-name",
        "birth-date",
    }
    bare = "".join(
        f"{n},{two},{one},{13 + n}.03.19{50 + n}\n" for n, (one, two) in enumerate(people)
    )
    table = parse_table(bare.encode())
    assert not table.columns
    hits = list(table_hits(table, NOBODY, "people.csv"))
    assert sum(hit.kind == "date" for hit in hits) == len(people)
    found = {hit.value for hit in hits}
    assert found >= {two for _, two in people} | {one for one, _ in people}


@pytest.mark.parametrize(
    "text",
    [
        "one, two and three\nfour, five\nsix\n",
        "a line\nof prose; and more\nthat is all\n",
        "0 1 2\n3 4 5\n6 7 8\n",
        "Title  of it\nmore text here\nand  here  too\n",
    ],
)
def test_prose_and_numbers_are_no_tables(text: str) -> None:
    assert role_of("notes.txt", text.encode()) == "text"


def test_rows_that_say_what_they_hold_are_judged_like_columns() -> None:
    people = _people(5, 3)
    raw = "\n".join(
        [
            "field," + ",".join(f"p{n}" for n in range(5)),
            "last name," + ",".join(two for _, two in people),
            "date of birth," + ",".join(f"19{50 + n}-03-14" for n in range(5)),
            "score," + ",".join("12345"),
        ]
    )
    hits = list(table_hits(parse_table(raw.encode()), NOBODY, "t.csv"))
    assert {hit.value for hit in hits if hit.kind == "person-name"} == {two for _, two in people}
    assert sum(hit.kind == "birth-date" for hit in hits) == 5
    assert not any(hit.field == "score" for hit in hits)


@pytest.mark.parametrize("heading", ["who", "V14", "field_7", "misc", "q19"])
@pytest.mark.parametrize("form", ["{1}", "{0} {1}", "{0[0]}. {1}", "{1}_{0}"])
def test_words_that_differ_for_each_person_are_found_under_any_heading(
    heading: str, form: str
) -> None:
    values = [form.format(*person) for person in _people(12, 4)]
    owners = [f"sub-{n:02d}" for n in range(12)]
    assert judge_column(heading, values, "people", owners).kind in ("person-name", "free-text")


@pytest.mark.parametrize(
    "values",
    [
        ["MDD", "HC"] * 6,
        ["none", "mild motion", "wrap around"] * 4,
        ["sub-01_T1w", "sub-02_T1w"] * 6,
        [f"sub-{n:02d}_T1w" for n in range(12)],
        [f"{n * 13.7:.3f}" for n in range(12)],
    ],
)
def test_answers_labels_and_numbers_do_not_tell_people_apart(values: list[str]) -> None:
    owners = [f"sub-{n:02d}" for n in range(12)]
    assert judge_column("q19", values, "people", owners).kind == ""


@given(st.lists(st.integers(0, 10**9 - 1), min_size=6, max_size=20, unique=True))
def test_long_numbers_of_one_length_identify_and_volumes_do_not(numbers: list[int]) -> None:
    owners = [f"sub-{n:02d}" for n in range(len(numbers))]
    telephones = [f"07{number * 7919 % 10**9:09d}" for number in numbers]  # not counted up
    kind = judge_column("reachable", telephones, "people", owners).kind
    assert kind in ("patient-id", "phone", "national-id")
    volumes = [str(1_200_000 + number % 600_000) for number in numbers]
    assert judge_column("tiv_mm3", volumes, "people", owners).kind in ("", "date")


def test_days_of_eight_digits_and_months_of_years_are_dates_whatever_they_are_called() -> None:
    owners = [f"sub-{n:02d}" for n in range(5)]
    days = ["20160928", "20120722", "20220324", "20181105", "20090101"]
    assert judge_column("onset_of_illness", days, "people", owners).kind == "date"
    months = ["2016-10", "2017-02", "2022-02", "2019-11", "2009-01"]
    assert judge_column("t0", months, "people", owners).kind == "date"
    assert judge_column("psychopyVersion", ["2021.2.3"] * 5, "people", owners).kind == ""


def test_people_called_by_name_in_the_column_of_participants_are_found() -> None:
    names = [two for _, two in _people(3, 5)]
    raw = "participant,rt\n" + "".join(f"{name},{n}\n" for n, name in enumerate(names * 3))
    hits = list(table_hits(parse_table(raw.encode()), NOBODY, "run.csv"))
    assert {hit.value for hit in hits if hit.kind == "person-name"} == set(names)
    raw = raw.replace(names[0], "sub-01").replace(names[1], "sub-02").replace(names[2], "sub-03")
    assert not list(table_hits(parse_table(raw.encode()), NOBODY, "run.csv"))


def test_numbers_of_trials_have_no_form_with_a_list_of_names_or_without() -> None:
    raw = "onset\tduration\tlatency\n" + "".join(
        f"{n * 2345.678901234567}\t1\t{n}\n" for n in range(40)
    )
    for known in (NOBODY, known_identifiers(["Odalmark Wirstader"])):
        assert not list(table_hits(parse_table(raw.encode()), known, "sub-01_task-x_events.tsv"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("// digitised by Odalmark Wirstader\n", "Odalmark Wirstader"),
        ("** RECORDED BY Odalmark Wirstader\n", "Odalmark Wirstader"),
        ("the scan of Odalmark Wirstader (sub-04) was repeated\n", "Odalmark Wirstader"),
        ("title = 'Odalmark Wirstader (F 58 y)'\n", "Odalmark Wirstader"),
        ("Patient Wirstader, Odalmark had a headache\n", "Wirstader, Odalmark"),
        ("my name is Odalmark Wirstader and I live here\n", "Odalmark Wirstader"),
    ],
)
def test_names_on_no_list_are_told_by_what_stands_beside_them(text: str, name: str) -> None:
    found = [
        text[start:end]
        for kind, start, end in text_spans(text, NOBODY)
        if kind in ("person-name", "staff-name")
    ]
    assert any(name in value for value in found)


@pytest.mark.parametrize(
    "text",
    [
        "corrected by Brain Imaging Software\n",
        "created by dcm2niix\n",
        "smoothed with the Harvard Oxford atlas of FSL\n",
        "see Glover et al. 1999\n",
        "Patient Position: HFS\n",
        "performed by the University Hospital\n",
    ],
)
def test_software_atlases_and_papers_are_nobody(text: str) -> None:
    assert not [kind for kind, _, _ in text_spans(text, NOBODY) if kind.endswith("-name")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("##$SUBJECT_name_string=( 64 )\n<Wirstader Odalmark>\n", "Wirstader Odalmark"),
        ('operator_ 2 2 8 0 0 2 1 0 1 64\n1 "owirstader"\n0\n', "owirstader"),
        ('niiri:a a prov:Person ; foaf:familyName "Wirstader" .\n', "Wirstader"),
        ("[Patient]\nFirst=Odalmark\nLast=Wirstader\n", "Wirstader"),
        ("[Patient]\nFirst=Odalmark\nLast=Wirstader\n", "Odalmark"),
        ("Subject: Wirstader\n", "Wirstader"),
    ],
)
def test_values_of_headers_are_read_with_what_stands_before_or_above(text: str, value: str) -> None:
    assert value in {text[start:end] for _, start, end in named_lines(text)}


def test_a_word_in_the_protocols_of_one_person_alone_is_looked_for_everywhere(
    tmp_path: Path,
) -> None:
    for n in range(6):
        folder = tmp_path / f"sub-{n:02d}" / "anat"
        folder.mkdir(parents=True)
        protocol = "T1w_MPRAGE" if n else "Wirstader_MPRAGE"
        for run in (1, 2):
            path = folder / f"sub-{n:02d}_run-{run}_T1w.json"
            path.write_text(
                json.dumps({"ProtocolName": protocol, "SeriesDescription": "Accelerated"})
            )
    (tmp_path / "notes.txt").write_text("repeat wirstader tomorrow\n")
    known = with_names_of(list_entries(tmp_path), NOBODY)
    assert known.spans("Wirstader")
    assert not known.spans("Accelerated MPRAGE")
    scan = scan_metadata(tmp_path, known)
    assert {f.file for f in scan.findings if f.kind == "known-identifier"} == {
        "sub-00/anat/sub-00_run-1_T1w.json",
        "sub-00/anat/sub-00_run-2_T1w.json",
        "notes.txt",
    }


def test_dates_of_sidecars_go_back_as_far_as_those_of_tables(tmp_path: Path) -> None:
    source, copy = tmp_path / "ds", tmp_path / "copy"
    rng, days = random.Random(3), []
    for n in range(3):
        folder = source / f"sub-{n:02d}" / "anat"
        folder.mkdir(parents=True)
        days.append(datetime(2019, 1 + rng.randrange(9), 1 + rng.randrange(27), 10, 11, 12))
        (folder / f"sub-{n:02d}_T1w.json").write_text(
            json.dumps(
                {
                    "AcquisitionDateTime": days[n].isoformat(),
                    "SeriesDate": days[n].strftime("%Y%m%d"),
                    "PatientBirthDate": "1960-03-02",
                    "EchoTime": 0.003,
                }
            )
        )
        (source / f"sub-{n:02d}" / f"sub-{n:02d}_scans.tsv").write_text(
            f"filename\tacq_time\nanat/sub-{n:02d}_T1w.nii.gz\t{days[n].isoformat()}\n"
        )
    copy.mkdir()
    write_copy(source, copy, NOBODY, np.random.default_rng(2))
    for n in range(3):
        new = json.loads((copy / f"sub-{n:02d}" / "anat" / f"sub-{n:02d}_T1w.json").read_text())
        table = (copy / f"sub-{n:02d}" / f"sub-{n:02d}_scans.tsv").read_text()
        assert set(new) == {"AcquisitionDateTime", "SeriesDate", "EchoTime"}
        assert is_shifted(new["AcquisitionDateTime"])
        assert new["AcquisitionDateTime"] in table
        back = days[n] - datetime.fromisoformat(new["AcquisitionDateTime"])
        assert date.fromisoformat(new["SeriesDate"]) == days[n].date() - (back - back % _DAY)


_DAY = datetime(2000, 1, 2) - datetime(2000, 1, 1)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("donor_id", "H414842"),
        ("UR_number", "7347516"),
        ("lastCalibratedBy", "Odal Wirstader"),
        ("P_NAME", "Odal Wirstader"),
        ("examinedPerson", "Odal Wirstader"),
        ("foaf:familyName", "Wirstader"),
        ("upload_ts", 1555236672),
        ("town_of_birth", "Ottery"),
        ("native_language", "Ainu"),
    ],
)
def test_keys_that_nobody_defined_are_judged_by_their_words(key: str, value: object) -> None:
    assert [hit.value for hit in json_hits({"EchoTime": 0.1, key: value}, NOBODY)] == [str(value)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("SeriesNumber", 100001),
        ("GrantNumber", "1234567"),
        ("CogAtlasID", "4815162"),
        ("GeneratedBy", "fMRIPrep Team"),
        ("seed_id", 8675309),
        ("TaskName", "Hariri Faces"),
    ],
)
def test_numbers_of_series_grants_and_seeds_stay(key: str, value: object) -> None:
    assert not list(json_hits({key: value}, NOBODY))


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("19610314_Wirstader", "Wirstader"),
        ("sub-01_Wirstader-Odalmark_bold.json", "Wirstader"),
    ],
)
def test_a_name_beside_a_date_or_in_place_of_an_entity_is_found(name: str, part: str) -> None:
    spans = [
        name[start:end] for kind, start, end in name_spans(name, NOBODY) if kind == "person-name"
    ]
    assert any(part in span for span in spans)
    assert not name_spans("sub-01_task-Rest_acq-Siemens_bold.nii.gz", NOBODY)


@pytest.mark.parametrize("heading", ["item,text", "item_number,wording", "question,Question Text"])
def test_what_a_questionnaire_asks_is_no_text_of_anybody(heading: str) -> None:
    rows = [f'{n},"I never hesitate to help my mother, number {n}"' for n in range(1, 5)]
    table = parse_table("\n".join([heading, *rows]).encode())
    assert not list(table_hits(table, NOBODY, "scale_items.csv"))
    people = parse_table("\n".join(["participant_id,text", *rows]).encode())
    assert any(hit.kind == "free-text" for hit in table_hits(people, NOBODY, "notes.csv"))
