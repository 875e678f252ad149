"""Formats beside NIfTI, DICOM, JSON and tables: read and cleaned to the byte, or not read."""

from __future__ import annotations

import json
import os
import sqlite3
import struct
import zipfile
from io import BytesIO
from pathlib import Path

import nibabel as nib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import netcdf_file

from headrisk.errors import InputError
from headrisk.metadata.fix import AS_NAMED, COPIED, LEFT_OUT, FixedFile, write_copy
from headrisk.metadata.known import NOBODY, known_identifiers
from headrisk.metadata.pseudonyms import PseudonymKey, read_key, require_same_people
from headrisk.metadata.rules_file import read_rules
from headrisk.metadata.scan import scan_metadata

NAME = "Quellimund"
NUMBERS = np.arange(64, dtype="<i2") * 257


def edf(patient: str, recording: str, note: str, *, bdf: bool = False) -> bytes:
    """One signal and one of annotations, three records; samples hold every byte."""
    width, counts = 3 if bdf else 2, (16, 30)
    labels = ["Fp1", "BDF Annotations" if bdf else "EDF Annotations"]
    columns = [
        (16, labels),
        (80, ["AgAgCl", ""]),
        (8, ["uV", ""]),
        (8, ["-100", "-1"]),
        (8, ["100", "1"]),
        (8, ["-32768", "-32768"]),
        (8, ["32767", "32767"]),
        (80, ["HP:0.1", ""]),
        (8, [str(c) for c in counts]),
        (32, ["", ""]),
    ]
    head = (b"\xffBIOSEMI" if bdf else b"0       ") + patient.ljust(80).encode()
    head += recording.ljust(80).encode() + b"03.03.1810.11.12" + b"768     " + b" " * 44
    head += b"3       1       2   "
    for size, values in columns:
        head += b"".join(value.ljust(size).encode() for value in values)
    records = b""
    for number in range(3):
        samples = bytes((7 * i + number) % 256 for i in range(counts[0] * width))
        notes = f"+{number}\x14\x14\0+{number}.5\x14{note if number == 1 else 'stimulus'}\x14\0"
        records += samples + notes.encode().ljust(counts[1] * width, b"\0")
    return head + records


def office(parts: dict[str, str]) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as out:
        for name, content in {"[Content_Types].xml": "<Types/>", **parts}.items():
            out.writestr(name, content)
    return packed.getvalue()


def surface(stamp: str, command: str) -> bytes:
    tail = struct.pack(">iq", 3, len(command)) + command.encode() if command else b""
    vertices = np.arange(9, dtype=">f4").tobytes()
    return (
        b"\xff\xff\xfe"
        + stamp.encode()
        + b"\n\n"
        + struct.pack(">ii", 3, 1)
        + vertices
        + struct.pack(">iii", 0, 1, 2)
        + tail
    )


def annotation(path: str) -> bytes:
    table = struct.pack(">iii", 1, -2, 1) + struct.pack(">i", len(path)) + path.encode()
    return struct.pack(">i", 4) + np.arange(8, dtype=">i4").tobytes() + table


def minc(**patient: str) -> bytes:
    packed = BytesIO()
    with netcdf_file(packed, "w") as file:
        file.createDimension("xspace", 8)
        file.createVariable("image", "i2", ("xspace",))[:] = np.arange(8)
        holder = file.createVariable("patient", "i4", ())
        for key, value in patient.items():
            setattr(holder, key, value.encode())
        file.flush()
        return packed.getvalue()


def sqlite_base(path: Path) -> bytes:
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE people (label TEXT, surname TEXT)")
    base.execute("INSERT INTO people VALUES ('a', ?)", (NAME,))
    base.commit()
    base.close()
    return path.read_bytes()


def parquet(**columns: list[str]) -> bytes:
    packed = BytesIO()
    pq.write_table(pa.table(columns), packed)
    return packed.getvalue()


SHEET = (
    '<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row>'
    '<row r="2"><c r="A2" t="s"><v>1</v></c></row></sheetData></worksheet>'
)
SHARED = f"<sst><si><t>surname</t></si><si><t>{NAME}</t></si></sst>"
# Format by name: a file that names somebody, and what the samples or voxels of it are.
NAMED: dict[str, tuple[bytes, bytes]] = {
    "scan.par": (
        b"# === DATA DESCRIPTION FILE ===\n#\n.    Patient name                       :   "
        + NAME.encode()
        + b" Z\n.    Examination date/time              :   2019.03.04 / 10:11:12\n"
        b".    Protocol name                      :   T1\n  1   1    1  1 0 2     0\n",
        b"  1   1    1  1 0 2     0\n",
    ),
    "scan.nrrd": (
        b"NRRD0004\ntype: short\ndimension: 1\nsizes: 64\nencoding: raw\nDICOM_0010_0010_Name:="
        + NAME.encode()
        + b"\nPatientID:=ABX7Q\n# seen by Dr. "
        + NAME.encode()
        + b"\n\n"
        + NUMBERS.tobytes(),
        NUMBERS.tobytes(),
    ),
    "track.tck": (
        b"mrtrix tracks\ncount: 2\npatient_name: "
        + NAME.encode()
        + b"\nfile: . 200\nEND\n".ljust(120, b"\0")
        + NUMBERS.tobytes(),
        NUMBERS.tobytes(),
    ),
    "a+orig.HEAD": (
        b"\ntype = string-attribute\nname = HISTORY_NOTE\ncount = 31\n'[jdoe@host: x] to3d "
        + NAME.encode()
        + b"~\n\ntype = integer-attribute\nname = SCENE_DATA\ncount = 3\n 0 2 0\n",
        b"type = integer-attribute\nname = SCENE_DATA\ncount = 3\n 0 2 0\n",
    ),
    "lh.white": (
        surface(f"created by {NAME} on Mon Mar  4 10:11:12 2019", f"mris /home/{NAME}/lh.orig"),
        np.arange(9, dtype=">f4").tobytes(),
    ),
    "lh.aparc.annot": (
        annotation(f"/home/{NAME}/colortable.txt"),
        np.arange(8, dtype=">i4").tobytes(),
    ),
    "rest.edf": (
        edf(f"ZQ000441 F 02-MAY-1961 {NAME}", "Startdate 03-MAR-2018 X X X", f"Dr. {NAME} came"),
        bytes(7 * i % 256 for i in range(32)),
    ),
    "rest.bdf": (edf(NAME, NAME, "stimulus", bdf=True), bytes(7 * i % 256 for i in range(48))),
    "rest.vmrk": (
        b"Brain Vision Data Exchange Marker File, Version 1.0\n[Common Infos]\nDataFile="
        + NAME.encode()
        + b".eeg\n[Marker Infos]\nMk1=New Segment,,1,1,0,2018030310111212"
        b"3456\nMk2=Stimulus,S  1,400,1,0\n",
        b"Mk2=Stimulus,S  1,400,1,0\n",
    ),
    "scan.gii": (
        b"<GIFTI><MetaData><MD><Name><![CDATA[SubjectName]]></Name><Value><![CDATA["
        + NAME.encode()
        + b"]]></Value></MD></MetaData><DataArray><Data>eJxjYGBg</Data>"
        b"</DataArray></GIFTI>",
        b"<Data>eJxjYGBg</Data>",
    ),
    "scan.xml": (
        b'<PRIDE_V5><Attribute Name="Patient Name" Type="String">'
        + NAME.encode()
        + b"</Attribute></PRIDE_V5>",
        b"",
    ),
}
# Files in which a name is found, but which cannot be cleaned, or not be read to the end.
LEFT = {
    "scan.mnc": minc(full_name=NAME, identification="ABX7Q"),
    "meas.dat": bytes(64)
    + b'<ParamString."tPatientName">  { "'
    + NAME.encode()
    + b'" }\n'
    + bytes(99),
    "letter.docx": office({"word/document.xml": f"<w:p><w:t>Dr. {NAME} wrote</w:t></w:p>"}),
    "people.xlsx": office({"xl/worksheets/sheet1.xml": SHEET, "xl/sharedStrings.xml": SHARED}),
    "people.parquet": parquet(label=["a"], surname=[NAME]),
    "work.ipynb": json.dumps(
        {"cells": [{"source": "1", "outputs": [{"text": [f"Patient: {NAME}"]}]}]}
    ).encode(),
}


def fixed(root: Path, copy: Path, **more: tuple[str, ...]) -> dict[str, FixedFile]:
    copy.mkdir()
    rows, _ = write_copy(root, copy, NOBODY, np.random.default_rng(3), **more)  # type: ignore[arg-type]
    return {row.file: row for row in rows}


@pytest.mark.parametrize("name", NAMED)
def test_a_name_is_found_and_blanked_and_the_numbers_stay(tmp_path: Path, name: str) -> None:
    content, numbers = NAMED[name]
    (tmp_path / "ds").mkdir()
    (tmp_path / "ds" / name).write_bytes(content)
    scan = scan_metadata(tmp_path / "ds")
    assert scan.problems == ()
    assert {"direct identifier", "quasi-identifier", "technical link"} & {
        finding.severity for finding in scan.findings
    }
    fixed(tmp_path / "ds", tmp_path / "copy")
    (written,) = (tmp_path / "copy").iterdir()
    new = written.read_bytes()
    assert NAME.encode() not in new
    assert numbers in new
    left = scan_metadata(tmp_path / "copy")
    assert left.findings == ()
    assert left.problems == ()


@pytest.mark.parametrize("name", LEFT)
def test_what_cannot_be_cleaned_is_left_out(tmp_path: Path, name: str) -> None:
    (tmp_path / "ds").mkdir()
    (tmp_path / "ds" / name).write_bytes(LEFT[name])
    kinds = {f.kind for f in scan_metadata(tmp_path / "ds").findings}
    assert kinds & {"person-name", "staff-name"}
    assert {row.action for row in fixed(tmp_path / "ds", tmp_path / "copy").values()} == {LEFT_OUT}


def test_a_data_base_is_read_but_never_called_clean(tmp_path: Path) -> None:
    (tmp_path / "ds").mkdir()
    sqlite_base(tmp_path / "ds" / "study.db")
    scan = scan_metadata(tmp_path / "ds")
    assert "person-name" in {f.kind for f in scan.findings}
    assert scan.count("searched") == 1


@settings(max_examples=25, deadline=None)
@given(
    samples=st.binary(min_size=96, max_size=96),
    code=st.from_regex(r"[A-H][0-9A-H]{3,11}", fullmatch=True),
    bdf=st.booleans(),
)
def test_samples_of_recordings_stay_whatever_they_look_like(
    tmp_path_factory: pytest.TempPathFactory, samples: bytes, code: str, bdf: bool
) -> None:
    folder = tmp_path_factory.mktemp("edf")
    raw = bytearray(
        edf(f"{code} M 02-MAY-1961 John_Doe", "Startdate 03-MAR-2018 X X X", "x", bdf=bdf)
    )
    width = 3 if bdf else 2
    for number in range(3):
        at = 768 + number * 46 * width
        raw[at : at + 16 * width] = (samples * 2)[: 16 * width]
    (folder / "ds").mkdir()
    (folder / "ds" / "r.edf").write_bytes(raw)
    fixed(folder / "ds", folder / "copy")
    new = (folder / "copy" / "r.edf").read_bytes()
    assert len(new) == len(raw)
    assert new[256:] == raw[256:]
    assert code.encode() not in new[:256]
    assert new[168:176] == b"01.01.85"


def test_three_states_are_told_apart_and_only_what_was_read_is_copied(tmp_path: Path) -> None:
    root = tmp_path / "ds"
    root.mkdir()
    (root / "a.json").write_text('{"EchoTime": 0.03}')
    (root / "blob.xyz").write_bytes(bytes(range(256)) * 4)
    (root / "scan.mnc").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99))
    (root / "cut.edf").write_bytes(edf("X X X X", "Startdate X X X X", "x")[:-9])
    (root / "locked.docx").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    (root / "list.zip").write_bytes(office({"a.txt": "a"}))
    (root / "sub-01_T1w.nii.gz").write_text("/annex/objects/MD5E-s3--aa.nii.gz\n")
    (root / "gone.json").symlink_to("../.git/annex/objects/x")
    scan = scan_metadata(root)
    states = {problem.file: problem.state for problem in scan.problems}
    assert states == {
        "blob.xyz": "searched",
        "scan.mnc": "searched",
        "cut.edf": "unread",
        "locked.docx": "unread",
        "list.zip": "unread",
        "sub-01_T1w.nii.gz": "unread",
        "gone.json": "unread",
    }
    assert (scan.count("read"), scan.count("searched"), scan.count("unread")) == (1, 2, 5)
    rows = fixed(root, tmp_path / "copy")
    assert [row.file for row in rows.values() if row.action != LEFT_OUT] == ["a.json"]
    rows = fixed(root, tmp_path / "named", keep_unread=("blob.*", "list.zip"))
    assert {f for f, row in rows.items() if row.action == AS_NAMED} == {"blob.xyz", "list.zip"}
    assert (tmp_path / "named" / "blob.xyz").read_bytes() == (root / "blob.xyz").read_bytes()


def test_links_inside_the_data_set_are_followed(tmp_path: Path) -> None:
    root = tmp_path / "ds"
    objects = root / ".git" / "annex" / "objects" / "x"
    objects.mkdir(parents=True)
    (objects / "MD5E-s1--a.json").write_text('{"PatientName": "Quellimund^Z"}')
    (root / "a.json").symlink_to(os.path.relpath(objects / "MD5E-s1--a.json", root))
    found = [f for f in scan_metadata(root).findings if f.file == "a.json"]
    assert [f.kind for f in found] == ["person-name"]


def test_voxels_beside_their_header_are_known_and_bytes_behind_them_noticed(tmp_path: Path) -> None:
    voxels = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    nib.save(nib.Nifti1Pair(voxels, np.eye(4)), tmp_path / "a.img")
    (tmp_path / "b.img").write_bytes(bytes(10))
    assert {p.file for p in scan_metadata(tmp_path).problems} == {"b.img"}
    with (tmp_path / "a.img").open("ab") as out:
        out.write(b"DOE^JOHN")
    assert {p.file for p in scan_metadata(tmp_path).problems} == {"a.img", "b.img"}


def test_patient_fields_of_analyze_headers_are_found_and_blanked(tmp_path: Path) -> None:
    voxels = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    (tmp_path / "ds").mkdir()
    nib.save(nib.AnalyzeImage(voxels, np.eye(4)), tmp_path / "ds" / "a.img")
    header = bytearray((tmp_path / "ds" / "a.hdr").read_bytes())
    header[283:293], header[293:303] = b"ABX7Q\0\0\0\0\0", b"2019-03-04"
    (tmp_path / "ds" / "a.hdr").write_bytes(header)
    kinds = {f.kind for f in scan_metadata(tmp_path / "ds").findings}
    assert {"patient-id", "date"} <= kinds
    fixed(tmp_path / "ds", tmp_path / "copy")
    again = (tmp_path / "copy" / "a.hdr").read_bytes()
    assert b"ABX7Q" not in again
    np.testing.assert_array_equal(
        np.asanyarray(nib.load(tmp_path / "copy" / "a.img").dataobj), voxels
    )


@pytest.mark.parametrize(("note", "stays"), [("<CIFTI/>", True), ("Patient: Johanna Smith", False)])
def test_extensions_that_a_format_needs_stay_if_they_are_clean(
    tmp_path: Path, note: str, stays: bool
) -> None:
    image = nib.Nifti1Image(np.arange(8, dtype=np.int16).reshape(2, 2, 2), np.eye(4))
    image.header["descrip"] = b"John Doe 1961"
    image.header.extensions.append(nib.nifti1.Nifti1Extension(32, note.encode()))
    (tmp_path / "ds").mkdir()
    nib.save(image, tmp_path / "ds" / "a.nii")
    fixed(tmp_path / "ds", tmp_path / "copy")
    again = nib.load(tmp_path / "copy" / "a.nii")
    assert len(again.header.extensions) == stays
    np.testing.assert_array_equal(np.asanyarray(again.dataobj), np.asanyarray(image.dataobj))
    assert b"John" not in (tmp_path / "copy" / "a.nii").read_bytes()


def test_arrays_of_numbers_are_read_and_those_of_objects_are_not(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(5.0))
    np.save(tmp_path / "b.npy", np.array(["Quellimund"]))
    np.save(tmp_path / "c.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    states = {p.file: p.state for p in scan_metadata(tmp_path).problems}
    assert states == {"b.npy": "searched", "c.npy": "unread"}


def test_damaged_gzip_images_are_not_copied(tmp_path: Path) -> None:
    (tmp_path / "ds").mkdir()
    path = tmp_path / "ds" / "a.nii.gz"
    rng = np.random.default_rng(0)
    nib.save(nib.Nifti1Image(rng.normal(size=(20, 20, 20)).astype("f4"), np.eye(4)), path)
    raw = bytearray(path.read_bytes())
    raw[9000:9020] = bytes(20)
    path.write_bytes(raw)
    (row,) = fixed(tmp_path / "ds", tmp_path / "copy").values()
    assert row.action == LEFT_OUT


def test_a_clean_recording_is_copied_byte_for_byte(tmp_path: Path) -> None:
    (tmp_path / "ds").mkdir()
    raw = edf("X X X X", "Startdate X X X X", "stimulus").replace(
        b"03.03.1810.11.12", b"01.01.8500.00.00"
    )
    (tmp_path / "ds" / "r.edf").write_bytes(raw)
    (row,) = fixed(tmp_path / "ds", tmp_path / "copy").values()
    assert row.action == COPIED
    assert (tmp_path / "copy" / "r.edf").read_bytes() == raw


def test_the_custodians_list_is_searched_for_in_headers(tmp_path: Path) -> None:
    (tmp_path / "scan.nrrd").write_bytes(b"NRRD0004\ntype: short\ncontent: zarvokka knee\n\n")
    found = scan_metadata(tmp_path, known_identifiers(["Zarvokka"])).findings
    assert [f.kind for f in found] == ["known-identifier"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[dicom]\nNoSuch = 'keep'", "NoSuch"),
        ("[dicom]\nPatientID = 'hide'", "hide"),
        ("[json]\na = 'keep'", "json"),
        ("[dicom", "TOML"),
        ("", "no rule"),
        ("[dicom]\nPixelData = 'remove'", "PixelData"),
    ],
)
def test_a_rules_file_with_something_unknown_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        read_rules(path)
    path.write_text("[dicom]\nProtocolName='keep'\n'(0019,xx0C,\"ACME\")'='keep'\n")
    assert read_rules(path).dicom == {0x00181030: "keep", (0x19, 0x0C, "ACME"): "keep"}


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", b"\xff", b'{"format": "x"}'])
def test_a_key_that_is_none_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "key.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"key\.json"):
        read_key(path)


def test_the_key_of_another_data_set_is_refused(tmp_path: Path) -> None:
    key = PseudonymKey(bytes(32))
    used = PseudonymKey(bytes(32), frozenset({key.mark("number 1"), key.mark("number 2")}))
    require_same_people(used, ["number 2", "number 3"], tmp_path)
    require_same_people(key, ["number 9"], tmp_path)
    with pytest.raises(InputError, match="another data set"):
        require_same_people(used, ["number 8", "number 9"], tmp_path)


@pytest.mark.parametrize("seed", range(3))
def test_flipped_and_cut_files_never_raise(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    root = tmp_path / "ds"
    root.mkdir()
    files = {name: content for name, (content, _) in NAMED.items()} | LEFT
    files["study.db"] = sqlite_base(tmp_path / "study.db")
    array = BytesIO()
    np.save(array, np.arange(5.0))
    files["a.npy"] = array.getvalue()
    for name, content in files.items():
        for k in range(6):
            raw = np.frombuffer(content, np.uint8).copy()
            raw[rng.integers(0, raw.size, 6)] = rng.integers(0, 256, 6)
            cut = int(rng.integers(1, raw.size)) if k % 2 else raw.size
            (root / f"{k}{name}").write_bytes(raw[:cut].tobytes())
    assert scan_metadata(root).files == 6 * len(files)
    fixed(root, tmp_path / "copy")
