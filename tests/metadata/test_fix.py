"""A cleaned copy: nothing planted stands in it, all voxels do, and the source is left as it was."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from clean_set import write_clean_set
from planted import LISTED, Planted, plant

from headrisk.metadata.fix import CLEANED, COPIED, LEFT_OUT, FixedFile, write_copy
from headrisk.metadata.known import known_identifiers
from headrisk.metadata.pseudonyms import is_pseudonym
from headrisk.metadata.scan import list_entries, scan_metadata
from headrisk.metadata.verify import needles_of, search_copy

KNOWN = known_identifiers(LISTED)


@pytest.fixture(scope="module")
def cleaned(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Path, list[Planted], tuple[FixedFile, ...], dict[str, str]]:
    """Source, copy, what was planted, what became of each file, and the source's digests."""
    folder = tmp_path_factory.mktemp("fix")
    source = write_clean_set(folder / "ds")
    planted = plant(source)
    before = _digests(source)
    copy = folder / "copy"
    copy.mkdir()
    rows, removed = write_copy(source, copy, KNOWN, np.random.default_rng(1))
    assert search_copy(copy, needles_of(removed, KNOWN), KNOWN) == ()
    return source, copy, planted, rows, before


def _digests(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def _contents(root: Path) -> dict[str, bytes]:
    """Every file's bytes, and what is packed in it, behind its name; all in lower case."""
    out = {}
    for path in root.rglob("*"):
        raw = path.read_bytes() if path.is_file() else b""
        raw += gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else b""
        out[str(path.relative_to(root))] = (str(path.relative_to(root)).encode() + raw).lower()
    return out


def test_no_planted_string_stands_anywhere_in_the_copy(cleaned) -> None:  # type: ignore[no-untyped-def]
    _, copy, planted, _, _ = cleaned
    contents = _contents(copy)
    left = []
    for one in planted:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            needle = one.value.lower().encode(encoding)
            # a bare number such as an age is looked for as a word of its own by the rescan
            # settings of the scanner stay: they are useful and tell nobody
            if len(one.value) > 3 and one.kind != "session-setting":
                left += [(one, name) for name, raw in contents.items() if needle in raw]
    assert left == []


def test_a_second_look_finds_only_what_asks_for_a_decision(cleaned) -> None:  # type: ignore[no-untyped-def]
    _, copy, _, _, _ = cleaned
    assert {finding.kind for finding in scan_metadata(copy, KNOWN).findings} <= {
        "rare-combination",
        "session-setting",
    }


def test_the_source_is_left_as_it_was(cleaned) -> None:  # type: ignore[no-untyped-def]
    source, _, _, _, before = cleaned
    assert _digests(source) == before


def test_voxels_affine_and_scaling_are_those_of_the_source(cleaned) -> None:  # type: ignore[no-untyped-def]
    source, copy, _, rows, _ = cleaned
    compared = 0
    sources = dict(enumerate(_walked(source), start=1))
    for row in rows:
        if row.action != LEFT_OUT and row.copy.endswith((".nii.gz", ".mgz")):
            first, second = nib.load(sources[row.number]), nib.load(copy / row.copy)
            np.testing.assert_array_equal(
                np.asanyarray(first.dataobj), np.asanyarray(second.dataobj)
            )
            np.testing.assert_array_equal(first.affine, second.affine)
            compared += 1
    assert compared >= 28


def _walked(root: Path) -> list[Path]:
    return [entry.path for entry in list_entries(root)]


def test_ordinary_fields_survive_and_clean_files_are_copied_byte_for_byte(cleaned) -> None:  # type: ignore[no-untyped-def]
    source, copy, _, rows, _ = cleaned
    sidecar = json.loads((copy / "sub-01/ses-01/anat/sub-01_ses-01_T1w.json").read_text())
    assert sidecar["EchoTime"] == 0.03
    assert sidecar["PatientAge"] == "89+"
    assert "PatientName" not in sidecar
    same = [row for row in rows if row.action == COPIED]
    assert len(same) > 60
    for row in same:
        original = source / row.copy
        if original.exists():
            assert original.read_bytes() == (copy / row.copy).read_bytes()
    assert sum(row.action == CLEANED for row in rows) > 10


def test_dates_are_shifted_by_one_number_of_days_for_each_person(cleaned) -> None:  # type: ignore[no-untyped-def]
    _, copy, _, _, _ = cleaned
    text = (copy / "sub-04/ses-01/sub-04_ses-01_scans.tsv").read_text().splitlines()
    when = text[1].split("\t")[1]
    assert when[:4].isdigit()
    assert int(when[:4]) < 1925
    assert text[1].split("\t")[2] == "n/a"


def test_a_cleaned_dicom_file_is_read_by_pydicom(cleaned) -> None:  # type: ignore[no-untyped-def]
    _, copy, _, _, _ = cleaned
    made = pydicom.dcmread(copy / "sub-03/ses-01/anat/sub-03_ses-01_localizer.dcm")
    assert made.PatientIdentityRemoved == "YES"
    assert is_pseudonym(str(made.PatientName))
    assert made.PatientID == str(made.PatientName)
    assert made.SOPInstanceUID.startswith("2.25.")
    assert made.file_meta.MediaStorageSOPInstanceUID == made.SOPInstanceUID
    assert made.PixelData == bytes(32)
    assert made.EchoTime == 2.2
    assert not [element for element in made if element.tag.is_private]


def test_names_of_people_and_sessions_are_new_everywhere(cleaned) -> None:  # type: ignore[no-untyped-def]
    _, copy, _, _, _ = cleaned
    folders = {path.name for path in copy.iterdir() if path.name.startswith("sub-")}
    assert "sub-p0001" in folders
    assert (copy / "sub-p0001/anat/sub-p0001_T1w.json").is_file()
    assert (copy / "sub-06/ses-s0001/anat/sub-06_ses-s0001_T1w.json").is_file()
