"""What papers, notes, answers and headers tell of one person, in words made anew for each seed."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from headrisk.metadata.file_text import CODE_SKIPS, file_spans, redacted_file
from headrisk.metadata.fix import LEFT_OUT, write_copy
from headrisk.metadata.known import NOBODY
from headrisk.metadata.look import look_into
from headrisk.metadata.nifti_text import nifti_hits
from headrisk.metadata.text import MEANT, text_spans

SYLLABLES = "ka ro mi le tu sa vi no pe da zu ri fo gre sta lun".split()  # noqa: SIM905
PLACES = ("README", "README.md", "README.rst", "notes.txt")


def word(rng: np.random.Generator, parts: int = 3) -> str:
    """A word that no list holds."""
    return "".join(rng.choice(SYLLABLES, parts)).capitalize() + "x"


def kept(name: str, text: str) -> str:
    """A text as the copy holds it."""
    return redacted_file(text, name, NOBODY, MEANT if name.startswith("README") else frozenset())


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("seed", range(6))
def test_remarks_behind_labels_go_and_what_is_said_of_the_data_stays(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    label = ["sub-07", "Subject 12", "Proband 3", "Sujet 14", "participant no. 5"][seed % 5]
    verb = ["is", "was", "has", ":", "war", "-"][seed]
    trade, town = word(rng).lower(), word(rng)
    text = (
        f"# Study\n\nTwenty people took part.\n\n- {label} {verb} {trade} from {town}\n"
        f"- {label}: second run missing, too much motion\n- {label}: excluded, scanner error\n"
    )
    copy = kept(name, text)
    assert trade not in copy
    assert town not in copy
    assert "second run missing, too much motion" in copy
    assert "excluded, scanner error" in copy
    assert "Twenty people took part." in copy


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("seed", range(4))
def test_a_sentence_that_names_a_volunteer_loses_day_and_place_too(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    given, family, town = word(rng), word(rng), word(rng)
    day = ["12 May 2016", "2016-05-12", "12.05.2016", "May 12, 2016"][seed]
    text = (
        f"The first volunteer, {given} {family}, was scanned on {day} at {town} Hospital.\n"
        "The data were released on 2019-01-31.\n"
    )
    copy = kept(name, text)
    for gone in (given, family, day, f"{town} Hospital"):
        assert gone not in copy, gone
    if name.startswith("README"):
        assert "released on 2019-01-31" in copy


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "frame",
    [
        "sub-05 was {age} at baseline and could not hear well.",
        "One case (aged {age}, {trade} of {town}) was left out.",
        "La paziente riferisce: figlia del {trade} di {town}.",
        "The patient reported that the {trade} of {town} had found her.",
    ],
)
def test_ages_brackets_and_reports_of_one_patient(frame: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    said = {"age": str(90 + seed), "trade": word(rng).lower(), "town": word(rng)}
    copy = kept("notes.txt", frame.format(**said) + "\nNothing else.\n")
    for name, value in said.items():
        if f"{{{name}}}" in frame:
            assert value not in copy
    assert "Nothing else." in copy


@pytest.mark.parametrize(
    "frame",
    ["Speaks {} at home", "Her mother tongue is {}", "of {} descent", "äidinkieleni on {}"],
)
def test_rare_tongues_and_origins(frame: str) -> None:
    tongue = word(np.random.default_rng(len(frame)))
    text = frame.format(tongue)
    found = [text[a:b] for kind, a, b in text_spans(text, NOBODY) if kind == "demographic"]
    assert found == [tongue]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "frame",
    [
        "password: {}",
        "PGPASSWORD={}",
        "wlan key: {}",
        "the XNAT password is {}",
        "Passwort lautet {}",
        "mysql -u root --password {} db",
        "gpg --passphrase {} x",
        "contraseña: {}",
    ],
)
def test_passwords_of_any_letters(frame: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    secret = word(rng) + str(rng.choice(["!7", "_4", "#12", "-Z", "?x1"]))
    for name in ("README", "notes.txt", "a.sh"):
        skip = {"README": MEANT, "a.sh": CODE_SKIPS}.get(name, frozenset())
        assert secret not in redacted_file(frame.format(secret), name, NOBODY, skip)


@pytest.mark.parametrize(
    "text",
    [
        "password = getpass()",
        "password: required",
        "password = os.environ['PW']",
        "pass: 120",
        "The password is sent by mail.",
        "--password $PASS",
        "if password is None:",
    ],
)
def test_code_that_asks_for_passwords_holds_none(text: str) -> None:
    assert [s for s in file_spans(text, "a.py", NOBODY, CODE_SKIPS) if s[0] == "credential"] == []


@pytest.mark.parametrize("plate", ["PIR-PH 0430", "NP52 PXH", "GLL-373", "B XY 1234", "1-ABC-234"])
@pytest.mark.parametrize("frame", ["car: {}", "licence plate {}", "Kennzeichen: {}", "Parked, {}"])
def test_number_plates(frame: str, plate: str) -> None:
    text = frame.format(plate) + ", arrived early"
    assert plate in [text[a:b] for _, a, b in text_spans(text, NOBODY)]


@pytest.mark.parametrize(
    "text", ["Auto Align Head LS 32", "car task, 20 trials", "auto: T1 mprage"]
)
def test_words_for_cars_elsewhere(text: str) -> None:
    assert text_spans(text, NOBODY) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("home at 42.58458, 8.25458", "42.58458, 8.25458"),
        ("GPS: 51.5073, -0.1277", "51.5073, -0.1277"),
        ("pos: 51.50735, -0.12776", "51.50735, -0.12776"),
        ("pos=(0.25, 0.5)", ""),
        ("position 12.34567, 45.12345, 3.5", ""),
        ("called 06-58936664", "06-58936664"),
        ("Called her on +44 1632 960522.", "+44 1632 960522"),
        ("version 06-20190304", ""),
        ("住所 北京市海淀区中关村大街87号", "北京市海淀区中关村大街87号"),
        ("東京都千代田区丸の内1-9-1", "東京都千代田区丸の内1-9-1"),
        ("서울시 강남구 테헤란로 152", "서울시 강남구 테헤란로 152"),
    ],
)
def test_places_and_numbers_of_people(text: str, found: str) -> None:
    spans = [text[a:b] for kind, a, b in text_spans(text, NOBODY) if kind in ("address", "phone")]
    assert spans == ([found] if found else [])


def test_answers_in_events_go_and_what_was_shown_stays(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rows = [f"{3 * i}\t1\tgo\twe lived in {word(rng)} then\tMiss {word(rng)}\n" for i in range(6)]
    root = tmp_path / "ds" / "sub-01" / "func"
    root.mkdir(parents=True)
    path = root / "sub-01_task-talk_events.tsv"
    path.write_text("onset\tduration\ttrial_type\tresponse_text\tstim_word\n" + "".join(rows))
    (tmp_path / "copy").mkdir()
    write_copy(tmp_path / "ds", tmp_path / "copy", NOBODY, np.random.default_rng(0))
    copy = next((tmp_path / "copy").rglob("*events.tsv")).read_text()
    for row in rows:
        answer, shown = row.strip().split("\t")[3:]
        assert answer not in copy
        assert shown in copy
    choice = "a lot more than before"
    path.write_text("onset\tduration\tresponse\n" + f"1\t2\t{choice}\n" * 9)
    assert look_into(path, path.name, path.stat().st_size, NOBODY).hits == ()


def test_a_letter_is_left_out_and_notes_on_scans_are_not(tmp_path: Path) -> None:
    (tmp_path / "ds").mkdir()
    (tmp_path / "ds" / "letter.txt").write_text(
        "Dear colleague,\nMrs. Quellimund (born 12.03.1961) came to see us on Monday.\n"
        "She can be reached on +49 40 5550199 and lives at Lindenstraße 7, 72574 Bad Urach.\n"
        "Her hospital number is MRN 00519283.\nShe keeps bees and was on television once.\n"
    )
    (tmp_path / "ds" / "notes.txt").write_text("Run 2 was repeated.\nCall 040 555 0199 first.\n")
    (tmp_path / "copy").mkdir()
    rows, _ = write_copy(tmp_path / "ds", tmp_path / "copy", NOBODY, np.random.default_rng(0))
    assert [row.action == LEFT_OUT for row in rows] == [True, False]
    assert "free words" in rows[0].reason
    assert "Run 2 was repeated." in (tmp_path / "copy" / "notes.txt").read_text()


@pytest.mark.parametrize("clock", ["00:00:43.344", "0:00:12", "00:01:05"])
def test_time_since_the_start_of_a_log_is_no_time_of_day(clock: str) -> None:
    lines = [f"[{clock}] begin", "[00:12:31] smoothing", "[01:02:03] done"]
    text = "\n".join(lines)
    assert file_spans(text, "job.log", NOBODY) == []
    late = text.replace(clock, "09:12:44")
    assert {kind for kind, _, _ in file_spans(late, "job.log", NOBODY)} == {"acquisition-time"}


def test_settings_in_a_text_of_a_header_stay_beside_a_time(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.arange(504, dtype=np.int16).reshape(7, 8, 9), np.eye(4))
    image.header["descrip"] = b"TE=30;Time=142210.1;phase=1"
    image.header["db_name"] = b"A19.0955551"
    (tmp_path / "ds").mkdir()
    nib.save(image, tmp_path / "ds" / "a.nii.gz")
    (tmp_path / "copy").mkdir()
    write_copy(tmp_path / "ds", tmp_path / "copy", NOBODY, np.random.default_rng(0))
    copy = nib.load(tmp_path / "copy" / "a.nii.gz")
    assert copy.header["descrip"].item() == b"TE=30;phase=1"
    assert copy.header["db_name"].item() == b""
    np.testing.assert_array_equal(np.asarray(copy.dataobj), np.asarray(image.dataobj))


def test_lists_of_people_in_code_and_names_under_names_that_say_nothing() -> None:
    rng = np.random.default_rng(5)
    one, two, three = (f"{word(rng)}_{word(rng)}" for _ in range(3))
    text = f"subjects = {{'{one}', '{two}'}};\nconditions = {{'Happy_Face', 'Sad_Face'}};\n"
    copy = redacted_file(text, "a.m", NOBODY, CODE_SKIPS)
    assert one not in copy
    assert two not in copy
    assert "'Happy_Face', 'Sad_Face'" in copy
    value = three.replace("_", " ")
    path_text = json.dumps({"Csa.Info": value, "Coil.Info": "Head Neck"})
    assert "Head Neck" in path_text


def test_descriptions_of_columns_lose_who_typed_and_keep_what_a_scale_is_called_after(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(6)
    name = f"{word(rng)} {word(rng)}"
    for by in ("typed by", "Interviewer was", "scored by", "Interpreter:"):
        described = {"note": {"Description": f"Free text, {by} {name}."}}
        path = tmp_path / "participants.json"
        path.write_text(json.dumps(described))
        hits = look_into(path, path.name, path.stat().st_size, NOBODY).hits
        assert [(h.kind, h.value) for h in hits] == [("staff-name", name)], by
    path.write_text(json.dumps({"bnt": {"Description": "Boston Naming Test (Kaplan, 1983)"}}))
    assert look_into(path, path.name, path.stat().st_size, NOBODY).hits == ()


def test_institutions_that_made_a_template_are_nobodys_clinic() -> None:
    text = "Template: MNI152NLin2009cAsym (ICBM, McConnell Brain Imaging Centre)"
    assert file_spans(text, "report.html", NOBODY) == []
    assert nifti_hits is not None


def test_what_was_shown_stays_in_any_table(tmp_path: Path) -> None:
    rows = "".join(f"{i},the {w} came on Sunday,{i % 2}\n" for i, w in enumerate(SYLLABLES))
    path = tmp_path / "ratings.csv"
    path.write_text("trial,stimulus,rating\n" + rows)
    assert look_into(path, path.name, path.stat().st_size, NOBODY).hits == ()
    path.write_text("trial,thoughts,rating\n" + rows)
    assert {h.kind for h in look_into(path, path.name, path.stat().st_size, NOBODY).hits} == {
        "free-text"
    }
