"""Options of the cleaned copy: keys, options of PS3.15, own rules, files that are not read."""

from __future__ import annotations

import errno
import hashlib
import json
import re
import stat
import zipfile
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian
from test_dicom_variants import made, stored

from headrisk.cli.main import main
from headrisk.metadata.findings import Hit
from headrisk.metadata.known import NOBODY
from headrisk.metadata.pseudonyms import is_pseudonym
from headrisk.metadata.verify import labels_of, needles_of, search_copy


def data_set(root: Path, *people: str) -> Path:
    root.mkdir()
    for person in people:
        file = made(
            PatientID=person,
            PatientName=f"{person}^X",
            StudyDate="20190611",
            StudyTime="101112",
            DeviceSerialNumber="4711",
            ProtocolName="t1 mprage",
            SeriesDescription="t1",
        )
        (root / f"{person[0].lower()}.dcm").write_bytes(stored(file))
    return root


def run(*words: object) -> int:
    return main(["metadata", *map(str, words)])


def copied(copy: Path) -> dict[str, pydicom.Dataset]:
    return {path.stem: pydicom.dcmread(path) for path in copy.iterdir()}


def test_a_key_gives_the_same_people_the_same_pseudonyms_in_a_later_run(tmp_path: Path) -> None:
    first = data_set(tmp_path / "one", "ALFA", "BRAVO")
    second = data_set(tmp_path / "two", "BRAVO", "CHARLIE")
    assert run(first, tmp_path / "o1", "--fix", tmp_path / "c1") == 0
    key = tmp_path / "o1" / "internal" / "key.json"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    text = key.read_text()
    assert "ALFA" not in text.upper()
    assert run(second, tmp_path / "o2", "--fix", tmp_path / "c2", "--key", key) == 0
    one, two = copied(tmp_path / "c1"), copied(tmp_path / "c2")
    assert one["b"].PatientID == two["b"].PatientID != one["a"].PatientID
    assert one["b"].StudyDate == two["b"].StudyDate
    assert is_pseudonym(two["c"].PatientID)
    assert len(json.loads((tmp_path / "o2" / "internal" / "key.json").read_text())["people"]) == 3
    assert run(first, tmp_path / "o3", "--fix", tmp_path / "c3") == 0  # a fresh key
    assert copied(tmp_path / "c3")["b"].PatientID != one["b"].PatientID


@pytest.mark.parametrize("fault", ["missing", "other", "damaged"])
def test_a_wrong_key_is_refused_before_anything_is_written(
    tmp_path: Path, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, other = data_set(tmp_path / "one", "ALFA"), data_set(tmp_path / "two", "ZULU")
    key = tmp_path / "key.json"
    if fault == "damaged":
        key.write_text("{")
    if fault == "other":
        assert run(other, tmp_path / "o", "--fix", tmp_path / "c") == 0
        key = tmp_path / "o" / "internal" / "key.json"
    before = hashlib.sha256((first / "a.dcm").read_bytes()).hexdigest()
    capsys.readouterr()
    assert run(first, tmp_path / "out", "--fix", tmp_path / "copy", "--key", key) == 3
    assert "key" in capsys.readouterr().err
    assert not (tmp_path / "copy").exists()
    assert not (tmp_path / "out" / "report.json").exists()
    assert hashlib.sha256((first / "a.dcm").read_bytes()).hexdigest() == before


def test_options_and_own_rules_reach_the_copy(tmp_path: Path) -> None:
    root = data_set(tmp_path / "ds", "ALFA")
    rules = tmp_path / "rules.toml"
    rules.write_text('[dicom]\nProtocolName = "keep"\n"(0008,103E)" = "remove"\n')
    words = ["--retain", "device_identity", "--remove-dates", "--rules", rules]
    assert run(root, tmp_path / "out", "--fix", tmp_path / "copy", *words) == 0
    file = copied(tmp_path / "copy")["a"]
    assert (file.DeviceSerialNumber, file.ProtocolName) == ("4711", "t1 mprage")
    assert "SeriesDescription" not in file
    assert file.StudyDate == ""
    assert file.LongitudinalTemporalInformationModified == "REMOVED"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--retain", "everything"], 2),
        (["--clean", "pixels"], 2),
        (["--rules", "none.toml"], 3),
        (["--remove-dates", "--retain", "longitudinal-full-dates"], 2),
    ],
)
def test_options_that_there_are_not_are_refused(
    tmp_path: Path, words: list[str], code: int
) -> None:
    root = data_set(tmp_path / "ds", "ALFA")
    assert run(root, tmp_path / "out", "--fix", tmp_path / "copy", *words) == code
    assert not (tmp_path / "copy").exists()


def test_options_of_a_copy_need_a_copy(tmp_path: Path) -> None:
    root = data_set(tmp_path / "ds", "ALFA")
    for words in (["--retain", "uids"], ["--keep-unread"], ["--key", "k"], ["--remove-dates"]):
        assert run(root, tmp_path / "out", *words) == 2


def test_files_that_are_not_read_are_counted_left_out_and_kept_only_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = data_set(tmp_path / "ds", "ALFA")
    (root / "blob.xyz").write_bytes(bytes(range(256)))
    (root / "scan.pdf").write_bytes(b"%PDF-1.4")
    assert run(root, tmp_path / "out", "--fix", tmp_path / "copy") == 4
    assert "1 was only searched as bytes and 1 was not read" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "copy").iterdir()} == {"a.dcm"}
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert "unread" in [p["name"] for p in report["modalities"]["metadata"]["panels"]]
    rows = (tmp_path / "out" / "tables" / "metadata-unread.tsv").read_text().splitlines()
    assert rows[1:] == [
        "all\t3",
        "read as their own format\t1",
        "searched as bytes\t1",
        "not read\t1",
        "read, and to be read by a person\t0",
        "called clean\t0",
    ]
    words = ["--fix", tmp_path / "named", "--keep-unread"]
    assert run(root, tmp_path / "out2", *words) == 4
    assert {path.name for path in (tmp_path / "named").iterdir()} == {
        "a.dcm",
        "blob.xyz",
        "scan.pdf",
    }
    assert re.search("copied unread because (it was|they were) named", capsys.readouterr().out)


def test_a_full_disk_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = data_set(tmp_path / "ds", "ALFA", "BRAVO")
    real = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.suffix == ".dcm":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert run(root, tmp_path / "out", "--fix", tmp_path / "copy") == 2
    assert "No space left" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"ds", "out"}
    assert not (tmp_path / "out" / "report.json").exists()


def test_the_final_search_looks_into_what_is_packed(tmp_path: Path) -> None:
    file = made(DeflatedExplicitVRLittleEndian, ContrastBolusRoute="Quellimund")
    (tmp_path / "a.dcm").write_bytes(stored(file))
    with zipfile.ZipFile(tmp_path / "b.docx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("word/document.xml", "quellimund " * 50)
    needles = needles_of([Hit("person-name", "x", "Quellimund")], NOBODY)
    assert {left.file for left in search_copy(tmp_path, needles, NOBODY)} == {"a.dcm", "b.docx"}


def test_an_image_left_out_for_text_in_its_pixels_ends_with_exit_code_4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = data_set(tmp_path / "data", "ALFA")
    (data / "z.dcm").write_bytes(stored(made(BurnedInAnnotation="YES", PatientID="ZULU")))
    assert run(data, tmp_path / "out", "--fix", tmp_path / "copy") == 4
    said = capsys.readouterr().out
    assert "The copy holds 1 file, 1 of them cleaned; 1 file was left out. 1 of them cannot" in said
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["a.dcm"]


def test_rules_for_fields_hold_for_sidecars_and_tables_without_a_copy_too(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "sub-01_T1w.json").write_text('{"RoomColour": "blue", "Comments": "broke her leg"}')
    (data / "visits.tsv").write_text("participant_id\troom_colour\tmailbox\nsub-01\tred\ta@b.org\n")
    rules = tmp_path / "rules.toml"
    rules.write_text('[fields]\nroom_colour = "remove"\nComments = "keep"\nmailbox = "ignore"\n')
    assert run(data, tmp_path / "out", "--rules", rules) == 0
    found = (tmp_path / "out" / "internal" / "metadata-fields.tsv").read_text()
    assert "chosen-field" in found
    assert "email" not in found
    assert run(data, tmp_path / "out2", "--rules", rules, "--fix", tmp_path / "copy") == 0
    assert json.loads((tmp_path / "copy" / "sub-01_T1w.json").read_text()) == {
        "Comments": "broke her leg"
    }
    assert (tmp_path / "copy" / "visits.tsv").read_text().splitlines()[1] == "sub-01\tn/a\ta@b.org"


@pytest.mark.parametrize(
    ("text", "options", "code", "said"),
    [
        ("[fields]\nage = 'hide'", (), 3, "one of keep, ignore, remove"),
        ("[fields]\n'--' = 'keep'", (), 3, "a name without letters"),
        ("fields = 3", (), 3, "a section"),
        ("[dicom]\nProtocolName = 'keep'", (), 2, "no --fix"),
        ("[fields]\nage = 'keep'", ("--remove", "Age"), 2, "of it too"),
    ],
)
def test_rules_for_fields_that_cannot_be_are_refused(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    options: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    data = data_set(tmp_path / "data", "ALFA")
    (tmp_path / "rules.toml").write_text(text)
    assert run(data, tmp_path / "out", "--rules", tmp_path / "rules.toml", *options) == code
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


def test_a_patient_number_that_is_the_label_is_no_removed_value() -> None:
    removed = [
        Hit("patient-id", "(0010,0020) Patient ID", value) for value in ("sub-01", "4711882")
    ]
    found = needles_of(removed, NOBODY, labels_of(["sub-01/anat/sub-01_T1w.nii.gz"])).kinds
    assert b"4711882" in found
    assert b"sub-01" not in found
