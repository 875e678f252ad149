"""Names on no list, places and lives that words announce, and marked-up text read plainly."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.metadata.anonymity import is_sensitive, joined, people_table
from headrisk.metadata.columns import judge_column
from headrisk.metadata.dicom_options import FULL_DATES, Policy
from headrisk.metadata.documents import WITHOUT_PYPDF
from headrisk.metadata.file_text import CODE_SKIPS, file_spans, redacted_file
from headrisk.metadata.findings import SEVERITY
from headrisk.metadata.fix import write_copy
from headrisk.metadata.known import NOBODY
from headrisk.metadata.look import look_into
from headrisk.metadata.markup import plain_comments, plain_html, plain_tex
from headrisk.metadata.names import name_spans
from headrisk.metadata.tables import parse_table

ONE_WORD = (
    "Dear {s},",
    "Sehr geehrte Frau {s},",
    "Cher Monsieur {s},",
    "patient {s} rescanned",
    "Patient: {s}",
    "{s}'s scan had to be repeated",
    "this is {g} from the pilot",
    "her husband {g} waited",
    "surname: {s}",
    "Mrs. {s} felt unwell",
    "with daughter {g}",
)
TWO_WORDS = (
    "Re: {g} {s}",
    "dictated by {g} {s}",
    "Reported by {s}, {g}",
    "ask {g} {s} about run 2",
    "spoke to {g} {s} on Monday",
    "{g} {s} withdrew after block 3",
    "We scanned {g} {s} twice",
    "ID 12 = {g} {s}",
    "rater 1 = {g} {s}",
    "{s}, {g} (F)",
    "uploaded for {g} {s}",
    "Kind regards\n{g} {s}",
    "Mit freundlichen Grüßen\n{g} {s}",
    "-- {g} {s}",
    "CC: {g} {s}",
    "nurse {g} {s} was present",
    "consent form signed by {g} {s}",
    "emergency contact: {g} {s}",
    "saisi par {g} {s}",
    "Befundet durch {g} {s}",
    "data of {g} {s} were lost",
)
HARMLESS = (
    "Reviewed by two independent raters",
    "Operator: addition",
    "Name: Rest",
    "Name: EchoTime",
    "Kolmogorov Smirnov D = 0.12",
    "We used the Schaefer atlas",
    "Re: run 2",
    "Dear participant,",
    "Subject Space was MNI",
    "the patient group had longer times",
    "Patient: n = 24",
    "Images were registered with ANTs (Avants et al. 2008)",
    "in May the coil was replaced",
    "The mother tongue of all participants was English.",
    "Elapsed 00:12:31",
    "PID 4312 exited",
    "Inclusion criteria: right handed, no history of seizures.",
    "case 3 of 12",
    "known issues",
    "Slice timing was corrected by Siemens Healthineers software.",
    "Author: see CITATION.cff",
)


def invented(rng: random.Random) -> str:
    """A word of syllables that no list of names holds."""
    parts = "".join(
        rng.choice(("zar", "vok", "que", "lim", "dro", "fen", "tuk", "mbe")) for _ in range(3)
    )
    return parts.capitalize()


@pytest.mark.parametrize("sentence", ONE_WORD + TWO_WORDS)
def test_names_on_no_list_are_told_by_the_words_around_them(sentence: str) -> None:
    rng = random.Random(sentence)
    for _ in range(5):
        given_name, surname = invented(rng), invented(rng)
        text = "The run was repeated.\n" + sentence.format(g=given_name, s=surname) + "\n"
        kept = redacted_file(text, "notes.txt", NOBODY)
        assert given_name not in kept
        assert surname not in kept
        assert kept.startswith("The run was repeated.\n")


@pytest.mark.parametrize("sentence", HARMLESS)
def test_ordinary_sentences_are_left_alone(sentence: str) -> None:
    for name, skip in (("notes.txt", frozenset()), ("step.py", CODE_SKIPS), ("a.html", CODE_SKIPS)):
        assert file_spans(sentence, name, NOBODY, skip) == []


MARKED = (
    ("a.html", "<table><tr><th>{k}</th><th>n</th></tr><tr><td>{v}</td><td>3</td></tr></table>"),
    ("a.html", "<tr><td>{k}</td><td>{v}</td></tr>"),
    ("a.html", "<dl><dt>{k}</dt><dd>{v}</dd></dl>"),
    ("a.html", "<ul><li><b>{k}:</b> {v}</li></ul>"),
    ("a.html", "<!-- {k}: {v} -->"),
    ("a.xml", '<entry {k}="{v}" run="1"/>'),
    ("a.tex", "\\section{{Notes}}\n{k}: {v}\n"),
    ("a.py", "# {k}: {v}\nx = 1\n"),
    ("a.m", "% {k}: {v}\n"),
    ("a.sps", "* {k}: {v}\n"),
    ("a.yaml", 'step: bet\n{k}: "{v}"\n'),
    ("a.toml", '{k} = "{v}"\n'),
)
TOLD = (
    ("birthdate", "21.03.1961", "birth-date"),
    ("MRN", "4863951", "patient-id"),
    ("phone", "020 7980 1540", "phone"),
    ("postcode", "SW5 9WB", "address"),
    ("surname", "Zarvoklim", "person-name"),
    ("accession", "ACC-820302", ""),
)


@pytest.mark.parametrize(("name", "form"), MARKED)
@pytest.mark.parametrize(("key", "value", "kind"), TOLD)
def test_pairs_are_read_through_markup(
    name: str, form: str, key: str, value: str, kind: str
) -> None:
    text = form.format(k=key, v=value)
    spans = file_spans(text, name, NOBODY, frozenset() if name == "a.xml" else CODE_SKIPS)
    found = [one for one, a, b in spans if value in text[a:b]]
    assert found
    assert SEVERITY[found[0]] == "direct identifier"
    assert not kind or found[0] == kind
    assert value not in redacted_file(text, name, NOBODY, CODE_SKIPS)


@given(st.text(alphabet=st.sampled_from("<>/ab \n!-=\"'#%*\\{}tdrh:.1"), max_size=120))
def test_plain_views_have_the_length_of_their_source(text: str) -> None:
    for view in (plain_html, plain_tex, plain_comments):
        plain = view(text)
        assert len(plain) == len(text)
        assert all(b == a or b in " \n:" for a, b in zip(text, plain, strict=True))


def test_authors_in_code_stay_and_those_of_a_report_are_told() -> None:
    code = "# Author: Zarvok Quelim\n# written by Zarvok Quelim\nimport numpy\n"
    assert file_spans(code, "step.py", NOBODY, CODE_SKIPS) == []
    tex = "\\author{Zarvok Quelim}\n\\section{Results}\n"
    assert redacted_file(tex, "a.tex", NOBODY, CODE_SKIPS) == (
        "\\author{[removed]}\n\\section{Results}\n"
    )
    page = '<meta name="author" content="Zarvok Quelim"><p>ok</p>'
    assert "Zarvok" not in redacted_file(page, "a.html", NOBODY, CODE_SKIPS)


@pytest.mark.parametrize(
    "name",
    [
        "Vuvaiez_Meipaur_T1w.nii.gz",
        "report Kaunova Paiss.pdf",
        "0281_GiebraugluZaikiez.json",
        "BRUDESKI_GETRIEVA_20251026.txt",
        "Peltirk_M_21071960.txt",
        "Villadicini-Fredok-consent.json",
    ],
)
def test_file_names_of_people_on_no_list(name: str) -> None:
    assert any(kind == "person-name" for kind, _, _ in name_spans(name, NOBODY))


@pytest.mark.parametrize(
    "name",
    [
        "sub-01_task-rest_bold.nii.gz",
        "Brodmann_areas.tsv",
        "DesikanKilliany_T1w.nii.gz",
        "HarvardOxford_20190101.nii.gz",
        "README_Processing.txt",
        "Edinburgh_Inventory_report.pdf",
        "group_T1w.tsv",
        "Stroop_Scores_form.tsv",
    ],
)
def test_file_names_of_methods_are_left_alone(name: str) -> None:
    assert not any(kind == "person-name" for kind, _, _ in name_spans(name, NOBODY))


def test_what_one_person_alone_has_is_told_and_stays(tmp_path: Path) -> None:
    rows = [f"sub-{i:02d}\t{'control' if i < 8 else 'migraine'}\n" for i in range(15)]
    rows.append("sub-15\tfatal familial insomnia\n")
    (tmp_path / "data").mkdir()
    table = tmp_path / "data" / "participants.tsv"
    table.write_text("participant_id\tdiagnosis\n" + "".join(rows))
    look = look_into(table, table.name, table.stat().st_size, NOBODY)
    assert [(hit.kind, hit.value) for hit in look.hits] == [
        ("rare-detail", "fatal familial insomnia")
    ]
    (tmp_path / "copy").mkdir()
    write_copy(tmp_path / "data", tmp_path / "copy", NOBODY, np.random.default_rng(1))
    assert (tmp_path / "copy" / "participants.tsv").read_text() == table.read_text()


def test_durations_and_pictures_are_no_identifiers() -> None:
    clocks = [f"00:00:0{i}.{300 + i}" for i in range(9)]
    assert "acquisition-time" in judge_column("reaction", clocks, "sensors").skip
    shown = [f"images/face_{i:03d}.jpg" for i in range(9)]
    assert judge_column("stim_file", shown, "people", [f"sub-{i}" for i in range(9)]).kind == ""


def test_a_sensitive_column_need_be_no_detail_that_others_know() -> None:
    rows = [f"p{i}\t{'M' if i % 2 else 'F'}\t{'asthma' if i % 2 else f'ill {i}'}" for i in range(8)]
    table = parse_table(("participant_id\tsex\tdisease\n" + "\n".join(rows) + "\n").encode())
    people = people_table(table, "participants.tsv", main=True)
    assert people is not None
    classes = joined([people])
    assert classes is not None
    assert (classes.columns, classes.sensitive, classes.told) == (("sex",), ("disease",), 4)
    assert is_sensitive("HIV_status")
    assert not is_sensitive("marital-status")


def test_dates_of_sidecars_are_shifted_where_those_of_dicom_files_stay(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "sub-01" / "anat"
    folder.mkdir(parents=True)
    for run, day in ((1, "2019-03-04"), (2, "2019-03-14")):
        (folder / f"sub-01_run-{run}_T1w.json").write_text(json.dumps({"AcquisitionDate": day}))
    (tmp_path / "copy").mkdir()
    policy = Policy(retain=frozenset({FULL_DATES}))
    write_copy(
        tmp_path / "data", tmp_path / "copy", NOBODY, np.random.default_rng(1), policy=policy
    )
    days = [
        np.datetime64(json.loads(path.read_text())["AcquisitionDate"])
        for path in sorted((tmp_path / "copy").rglob("*.json"))
    ]
    assert days[1] - days[0] == np.timedelta64(10, "D")
    assert days[0] < np.datetime64("1925-01-01")


def test_brainvision_settings_stay_and_typed_markers_are_read(tmp_path: Path) -> None:
    setup = (
        "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\n[Comment]\n"
        "A m p l i f i e r  S e t u p\n====\nNumber of channels: 32\n"
    )
    header = tmp_path / "a.vhdr"
    header.write_text(setup)
    assert look_into(header, header.name, header.stat().st_size, NOBODY).hits == ()
    header.write_text(setup + "her husband called from work\n")
    assert [h.kind for h in look_into(header, header.name, 999, NOBODY).hits] == ["free-text"]
    marker = tmp_path / "a.vmrk"
    marker.write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n[Marker Infos]\n"
        "Mk2=Comment,lives at 29 Orchard Close\\1 10328 Parma,500,1,0\n"
    )
    kinds = {h.kind for h in look_into(marker, marker.name, 999, NOBODY).hits}
    assert kinds == {"free-text", "address"}


def _pdf(text: str) -> bytes:
    """A PDF file of one page with one line in a standard font."""
    content = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % at for at in places)
    size = len(objects) + 1
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\n"
        b"startxref\n%d\n%%%%EOF" % (size, table, size, len(out))
    )


def test_a_pdf_is_searched_and_never_called_read(tmp_path: Path) -> None:
    pytest.importorskip("pypdf")
    path = tmp_path / "letter.pdf"
    path.write_bytes(_pdf("dictated by Zarvok Quelim"))
    look = look_into(path, path.name, path.stat().st_size, NOBODY)
    assert look.state == "searched"
    assert [(h.kind, h.value) for h in look.hits] == [("staff-name", "Zarvok Quelim")]
    path.write_bytes(path.read_bytes()[:200])
    assert look_into(path, path.name, 200, NOBODY).state == "unread"


def test_without_its_library_a_pdf_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pypdf", None)
    path = tmp_path / "letter.pdf"
    path.write_bytes(_pdf("dictated by Zarvok Quelim"))
    look = look_into(path, path.name, path.stat().st_size, NOBODY)
    assert (look.state, look.problem) == ("unread", WITHOUT_PYPDF)


@pytest.mark.parametrize("start", [b"\x89HDF\r\n\x1a\n", b"MM\x02", b"abc\x00", b"\x7f\x1f text "])
def test_bytes_without_a_known_format_are_never_called_read(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "scan.mnc"
    path.write_bytes(start + b"Quelim Zarvok " * 20)
    look = look_into(path, path.name, path.stat().st_size, NOBODY)
    assert look.state == "searched"
