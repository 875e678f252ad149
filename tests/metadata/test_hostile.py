"""Hostile input: every oddity becomes a finding or a note, never a traceback or a hang."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import zipfile
from functools import partial
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from planted import dicom_file

from headrisk.errors import InputError
from headrisk.io.values import LARGEST_JSON
from headrisk.metadata import look
from headrisk.metadata.fix import LEFT_OUT, write_copy
from headrisk.metadata.known import known_identifiers
from headrisk.metadata.scan import MetadataScan, list_entries, scan_metadata

NOBODY = known_identifiers(())


def _scan(path: Path, content: bytes) -> MetadataScan:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return scan_metadata(path.parent)


DAMAGED = {
    "deep.json": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "open.json": b'{"PatientName": "DOE^JOHN"',
    "latin.json": '{"PatientName": "Müller"}'.encode("latin-1"),
    "empty.dcm": b"\0" * 128 + b"DICM",
    "cut.nii": b"\x5c\x01\0\0" + b"\0" * 60,
    "text.nii.gz": gzip.compress(b"not an image at all", mtime=0),
    "damaged.nii.gz": gzip.compress(bytes(1000), mtime=0)[:-20] + b"\xff" * 20,
    "nul.tsv": b"participant_id\tage\nsub-01\t\x0034\n",
    "cut.tsv.gz": gzip.compress(b"1\t2\n" * 5000, mtime=0)[:40],
    "cut.mgz": gzip.compress(b"\0\0\0\1" + bytes(100), mtime=0),
    "cut.edf": b"0".ljust(8) + b"DOE^JOHN".ljust(80) + b"Startdate 02-MAR-2019".ljust(80),
    "cut.docx": b"PK\3\4" + b"\x14\0\0\0" + bytes(60),
    "locked.docx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "locked.xlsx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "cut.pdf": b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_named_with_a_reason_and_left_out_of_a_copy(
    name: str, tmp_path: Path
) -> None:
    scan = _scan(tmp_path / "ds" / name, DAMAGED[name])
    assert [problem.reason for problem in scan.problems] != []
    copy = tmp_path / "copy"
    copy.mkdir()
    rows, _ = write_copy(tmp_path / "ds", copy, NOBODY, np.random.default_rng(0))
    assert [row.action for row in rows] == [LEFT_OUT]
    assert rows[0].reason
    assert list(copy.rglob("*.*")) == []


def test_an_encrypted_pdf_file_is_not_read_and_left_out(tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf")
    writer = pypdf.PdfWriter()
    writer.add_blank_page(200, 200)
    writer.encrypt("Kirsche!2021", algorithm="RC4-128")
    (tmp_path / "ds").mkdir()
    writer.write(tmp_path / "ds" / "locked.pdf")
    before = (tmp_path / "ds" / "locked.pdf").read_bytes()
    assert [p.state for p in scan_metadata(tmp_path / "ds").problems] == ["unread"]
    (tmp_path / "copy").mkdir()
    rows, _ = write_copy(tmp_path / "ds", tmp_path / "copy", NOBODY, np.random.default_rng(0))
    assert [row.action for row in rows] == [LEFT_OUT]
    assert (tmp_path / "ds" / "locked.pdf").read_bytes() == before


def test_names_in_a_sidecar_that_is_no_json_are_found_all_the_same(tmp_path: Path) -> None:
    scan = _scan(tmp_path / "ds" / "open.json", DAMAGED["open.json"])
    assert {finding.kind for finding in scan.findings} == {"person-name"}


def test_a_sidecar_larger_than_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "ds" / "huge.json"
    path.parent.mkdir()
    with path.open("wb") as file:
        file.truncate(LARGEST_JSON + 10)  # a sparse file
    scan = scan_metadata(path.parent)
    assert "64 MB" in scan.problems[0].reason


def test_a_gzip_bomb_is_not_unpacked_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert look.LARGEST_TEXT == 64 * 2**20
    monkeypatch.setattr(look, "LARGEST_TEXT", 2**20)
    raw, cut = look.unpacked(gzip.compress(bytes(70 * 2**20), mtime=0))
    assert len(raw) <= 2**20
    assert "64 MB" in cut
    scan = _scan(tmp_path / "ds" / "bomb.tsv.gz", gzip.compress(bytes(3 * 2**20), mtime=0))
    assert "64 MB" in scan.problems[0].reason or "NUL" in scan.problems[0].reason


SECRET = b"PatientName DOE^JANE 1956-03-12"


def _member(content: bytes, name: bytes = b"", comment: bytes = b"", extra: bytes = b"") -> bytes:
    """A gzip member with header fields (RFC 1952), time 0."""
    flags = 4 * bool(extra) | 8 * bool(name) | 16 * bool(comment)
    header = b"\x1f\x8b\x08" + bytes([flags, 0, 0, 0, 0, 2, 255])
    header += len(extra).to_bytes(2, "little") + extra if extra else b""
    header += name + b"\0" if name else b""
    header += comment + b"\0" if comment else b""
    return header + gzip.compress(content, mtime=0)[10:]


def _behind_a_member(content: bytes) -> dict[str, bytes]:
    whole = gzip.compress(content, mtime=0)
    return {
        "bytes": whole + SECRET,
        "zeros, then bytes": whole + bytes(70_000) + SECRET,
        "name": whole + _member(b"", name=b"DOE_JANE.nii"),
        "comment": whole + _member(b"", comment=SECRET),
        "extra field": whole + _member(b"", extra=b"AB" + bytes([len(SECRET), 0]) + SECRET),
        "comment within": gzip.compress(content[:300], mtime=0)
        + _member(b"", comment=SECRET)
        + gzip.compress(content[300:], mtime=0),
        "another of the same size": whole
        + gzip.compress(content[:200] + SECRET + content[200 + len(SECRET) :], mtime=0),
    }


@pytest.mark.parametrize("where", _behind_a_member(b""))
@pytest.mark.parametrize("kind", ["sub-01_T1w.nii.gz", "sub-01_physio.tsv.gz", "sub-01_raw.bin.gz"])
def test_what_stands_behind_the_first_member_of_a_packed_file(
    where: str, kind: str, tmp_path: Path
) -> None:
    image = nib.Nifti1Image(np.arange(512, dtype=np.int16).reshape(8, 8, 8), np.eye(4))
    plain = {"nii": image.to_bytes(), "tsv": b"1.0\t2.0\n" * 99, "bin": bytes(range(256)) * 4}
    if where == "another of the same size" and ".nii." not in kind:
        pytest.skip("of tables and unknown kinds all members are read as one")
    packed = _behind_a_member(plain[kind.split(".")[1]])[where]
    scan = _scan(tmp_path / "ds" / kind, packed)
    assert scan.findings or scan.problems
    copy = tmp_path / "copy"
    copy.mkdir()
    write_copy(tmp_path / "ds", copy, NOBODY, np.random.default_rng(0))
    for file in (path for path in copy.rglob("*") if path.is_file()):
        raw = file.read_bytes()
        assert b"DOE" not in raw + gzip.decompress(raw)
        assert raw.startswith(b"\x1f\x8b\x08\0"), "no header fields"


def test_zeros_behind_a_packed_file_are_no_finding(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.ones((8, 8, 8), dtype=np.int16), np.eye(4)).to_bytes()
    scan = _scan(tmp_path / "ds" / "sub-01_T1w.nii.gz", gzip.compress(image, mtime=0) + bytes(9999))
    assert not scan.findings
    assert not scan.problems


def test_very_many_empty_members_do_not_hang_the_look(tmp_path: Path) -> None:
    packed = gzip.compress(b"1\t2\n", mtime=0) + gzip.compress(b"", mtime=0) * 200_000
    scan = _scan(tmp_path / "ds" / "sub-01_physio.tsv.gz", packed)
    assert [problem.reason for problem in scan.problems] == [
        "more than 50,000 gzip members, the rest not read"
    ]


def test_deep_but_readable_nesting_ends_in_a_finding(tmp_path: Path) -> None:
    deep: object = "DOE^JOHN"
    for _ in range(400):
        deep = {"x": deep}
    scan = _scan(tmp_path / "ds" / "deep.json", json.dumps(deep).encode())
    assert [finding.kind for finding in scan.findings] == ["free-text"]
    assert "nested deeper" in scan.findings[0].masked


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_sidecars_in_other_encodings_are_read(encoding: str, tmp_path: Path) -> None:
    scan = _scan(tmp_path / "ds" / "a.json", '{"PatientName": "Müller"}'.encode(encoding))
    assert [finding.kind for finding in scan.findings] == ["person-name"]
    assert scan.problems == ()


def test_links_in_circles_pipes_and_closed_files(tmp_path: Path) -> None:
    root = tmp_path / "ds"
    (root / "sub-01").mkdir(parents=True)
    (root / "sub-01" / "up").symlink_to("..")
    (root / "self").symlink_to("self")
    (root / "gone.json").symlink_to("nowhere.json")
    (root / "outside.json").symlink_to("/etc/hostname")
    os.mkfifo(root / "pipe.json")
    closed = root / "closed.json"
    closed.write_text("{}")
    closed.chmod(0)
    scan = scan_metadata(root)
    reasons = {problem.file: problem.reason for problem in scan.problems}
    assert "not entered" in reasons["sub-01/up"]
    assert "pipe" in reasons["pipe.json"]
    assert "self" in reasons
    assert "gone.json" in reasons
    assert "leads out" in reasons["outside.json"]
    assert {f.file: f.kind for f in scan.findings} == {"outside.json": "link-outside"}
    if os.geteuid() != 0:
        assert "cannot be read" in reasons["closed.json"]


@pytest.mark.parametrize("seed", range(6))
def test_dicom_files_with_flipped_bytes_never_raise(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    path = tmp_path / "a.dcm"
    made = dicom_file(PatientName="DOE^JOHN", PatientID="H77120934")
    made.save_as(path, enforce_file_format=True)
    original = np.frombuffer(path.read_bytes(), np.uint8)
    root = tmp_path / "ds"
    root.mkdir()
    for k in range(25):
        content = original.copy()
        places = rng.integers(132, content.size, 4)
        content[places] = rng.integers(0, 256, 4)
        cut = int(rng.integers(140, content.size)) if k % 3 == 0 else content.size
        (root / f"{k}.dcm").write_bytes(content[:cut].tobytes())
    scan = scan_metadata(root)
    assert scan.files == 25
    named = {finding.number for finding in scan.findings} | {p.number for p in scan.problems}
    assert named == set(range(1, 26))  # each is found identifying, or named as unreadable


def test_a_nifti_file_whose_extension_lies_about_its_size(tmp_path: Path) -> None:
    image = nib.Nifti1Image(np.zeros((7, 8, 9), np.int16), np.eye(4))
    raw = bytearray(image.to_bytes())
    raw[348:352] = b"\1\0\0\0"
    raw[108:112] = np.float32(416).tobytes()
    raw[352:352] = (2**30).to_bytes(4, "little") + (6).to_bytes(4, "little") + b"J Doe" + bytes(51)
    scan = _scan(tmp_path / "ds" / "a.nii", bytes(raw))
    assert [problem.reason for problem in scan.problems] == ["damaged header extension"]
    assert "header-extension" in {finding.kind for finding in scan.findings}


def test_a_name_that_is_not_utf8_is_named_in_escapes(tmp_path: Path) -> None:
    root = tmp_path / "ds"
    root.mkdir()
    place = os.path.join(os.fsencode(root), b"caf\xe9.json")  # noqa: PTH118
    with open(place, "wb") as file:  # noqa: PTH123
        file.write(b"{}")
    scan = scan_metadata(root)
    assert scan.problems[0].file.isprintable()
    assert "UTF-8" in scan.problems[0].reason


def test_a_broken_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ds" / "a.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("x", "y")
    content = bytearray(path.read_bytes())
    content[-30:-20] = b"\xff" * 10
    scan = _scan(path, bytes(content))
    assert "archive" in {finding.kind for finding in scan.findings}


def test_no_folder_and_no_list_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        list_entries(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="not a folder"):
        list_entries(tmp_path / "file")


@pytest.mark.parametrize("name", ["notes.txt", "table.tsv", "scan.nii.bz2", "data", "side.json"])
@pytest.mark.parametrize("packing", ["bzip2", "xz", "zip", "lzma"])
def test_what_is_packed_and_not_opened_is_not_read(tmp_path: Path, packing: str, name: str) -> None:
    """Packed bytes show nothing to a search for text, whatever the file is called."""
    text = "".join(f"Patient name: Hanna Mustermann {k}\n" for k in range(200)).encode()
    if packing == "zip":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.txt", text)
        raw = buffer.getvalue()
    else:
        raw = {
            "bzip2": bz2.compress,
            "xz": lzma.compress,
            "lzma": partial(lzma.compress, format=lzma.FORMAT_ALONE),
        }[packing](text)
    path = tmp_path / name
    path.write_bytes(raw)
    found = look.look_into(path, name, len(raw), NOBODY)
    assert found.state == "unread"
    assert "packed" in found.problem


def test_an_archive_that_cannot_be_listed_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "scans.7z"
    path.write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(200))
    found = look.look_into_leftover(path, ("scans.7z",), 206, "archive", NOBODY)
    assert found.state == "unread"
    assert "cannot be listed" in found.problem
