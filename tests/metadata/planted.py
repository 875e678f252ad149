"""Identifiers planted into a clean data set, in every place where they are met in practice."""

from __future__ import annotations

import gzip
import json
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.nifti1 import Nifti1Extension
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

LISTED = ("Wilhelmina Oosterhuis", "Kowalczyk", "QX-7719-B", "Müller-Lüdenscheidt")


@dataclass(frozen=True)
class Planted:
    """One identifier: in which file, the kind it must be found as, a part of the field's name."""

    file: str
    kind: str
    field: str
    value: str


class Planter:
    """Writes files and keeps the list of what was planted."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.planted: list[Planted] = []

    def note(self, file: str, *rows: tuple[str, str, str]) -> Path:
        """Remember kind, field and value of identifiers in a file; returns its path."""
        self.planted += [Planted(file, kind, field, value) for kind, field, value in rows]
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def plant(root: Path) -> list[Planted]:
    """Plant identifiers into a data set; returns what stands where."""
    into = Planter(root)
    _sidecars(into)
    _images(into)
    _dicom(into)
    _tables(into)
    _texts(into)
    _names(into)
    _leftovers(into)
    return into.planted


_KEYED: dict[str, tuple[str, Any]] = {
    "PatientName": ("person-name", "DOE^JOHN^Q"),
    "PatientID": ("patient-id", "H77120934"),
    "PatientBirthDate": ("birth-date", "1951-07-04"),
    "AccessionNumber": ("accession-number", "A20431977"),
    "StudyInstanceUID": ("uid", "1.3.12.2.1107.5.2.43.66012.30000019031413455678900000012"),
    "DeviceSerialNumber": ("serial-number", "166012"),
    "StationName": ("station-name", "AWP166012"),
    "InstitutionName": ("institution", "St. Elsewhere General Hospital"),
    "InstitutionAddress": ("institution", "12 Harbour Road,Springfield,OR,97477"),
    "OperatorsName": ("staff-name", "kmiller"),
    "ReferringPhysicianName": ("staff-name", "HOUSE^GREGORY"),
    "AcquisitionDateTime": ("date", "2019-03-14T13:45:56.780000"),
    "AcquisitionTime": ("acquisition-time", "13:45:56.780000"),
    "ImageComments": ("free-text", "anxious, husband waiting outside"),
    "PatientWeight": ("body-measure", 71.3125),
    "PatientAge": ("age-over-89", "094Y"),
    "EthnicGroup": ("demographic", "Basque-Icelandic"),
}
_UNKEYED: dict[str, tuple[str, str, str]] = {
    "SeriesDescription": ("phone", "redo, call 555-867-5309", "555-867-5309"),
    "Source": ("email", "by jane.roe@stelsewhere.example", "jane.roe@stelsewhere.example"),
    "Instructions": ("date", "as on 14 March 2019", "14 March 2019"),
    "Folder": ("user-path", "/home/jroe77/study/DICOM/0001", "/home/jroe77/study/DICOM/0001"),
    "FolderWindows": ("user-path", "C:\\Users\\mroe88\\Desktop", "C:\\Users\\mroe88\\Desktop"),
    "Console": ("host-name", "mr-console-3.radiology.intra", "mr-console-3.radiology.intra"),
    "Sender": ("network-address", "192.168.14.77", "192.168.14.77"),
    "Card": ("network-address", "08:1A:2B:3C:4D:5E", "08:1A:2B:3C:4D:5E"),
    "Link": ("url", "https://pacs.stelsewhere.example/s?id=9", "https://pacs.stelsewhere.example"),
    "Remark1": ("person-name", "with Frau Hildebrandt", "Hildebrandt"),
    "TaskDescription": ("known-identifier", "as told by w. oosterhuis, wilhelmina", "oosterhuis"),
}


def _sidecars(into: Planter) -> None:
    keyed = "sub-01/ses-01/anat/sub-01_ses-01_T1w.json"
    path = into.note(keyed, *((kind, key, str(v)) for key, (kind, v) in _KEYED.items()))
    content = json.loads(path.read_text()) | {key: value for key, (_, value) in _KEYED.items()}
    shim = [-3305, -26897, -5383, 707, 357, -177, -103, -5]
    into.note(keyed, ("session-setting", "ShimSetting", "-26897"))
    path.write_text(json.dumps(content | {"ShimSetting": shim}, indent=4))
    other = "sub-01/ses-01/func/sub-01_ses-01_task-rest_bold.json"
    path = into.note(other, *((kind, key, v) for key, (kind, _, v) in _UNKEYED.items()))
    content = json.loads(path.read_text())
    content["global"] = {"const": {"PerformingPhysicianName": "WATSON^JOHN"}}
    into.note(other, ("staff-name", "PerformingPhysicianName", "WATSON^JOHN"))
    path.write_text(json.dumps(content | {key: text for key, (_, text, _) in _UNKEYED.items()}))
    wide = into.note("sub-01/ses-02/anat/sub-01_ses-02_T1w.json", ("patient-id", "MRN", "55310987"))
    wide.write_bytes(json.dumps({"EchoTime": 0.01, "MRN": "55310987"}).encode("utf-16"))


def _images(into: Planter) -> None:
    made = nib.Nifti1Image(np.arange(504, dtype=np.int16).reshape(7, 8, 9), np.eye(4))
    fields = {
        "descrip": "J Doe, ward 7 North",
        "aux_file": "HN4471 prior",
        "db_name": "registry_doe",
        "intent_name": "for k. miller",
    }
    for name, text in fields.items():
        made.header[name] = text.encode()
    inner = Dataset()
    inner.PatientName = "ROE^RICHARD"
    inner.PatientID = "R5566771"
    packed = BytesIO()
    inner.save_as(packed, implicit_vr=True, little_endian=True)
    made.header.extensions.append(Nifti1Extension("comment", b"seemed confused, two falls"))
    made.header.extensions.append(Nifti1Extension(2, packed.getvalue()))
    name = "sub-02/ses-01/anat/sub-02_ses-01_T1w.nii.gz"
    path = into.note(
        name,
        *(("header-text", key, text) for key, text in fields.items()),
        ("header-extension", "extension 1", "seemed confused, two falls"),
        ("person-name", "(0010,0010)", "ROE^RICHARD"),
        ("patient-id", "(0010,0020)", "R5566771"),
        ("trailing-bytes", "behind the voxels", "left over: ward list"),
        ("gzip-name", "gzip header", "ROE_RICHARD_19550102.nii"),
        ("gzip-comment", "gzip header", "second visit after fall"),
        ("gzip-time", "gzip header", ""),
    )
    raw = made.to_bytes() + b"left over: ward list"
    path.write_bytes(_gzip(raw, b"ROE_RICHARD_19550102.nii", b"second visit after fall"))
    mgz = "derivatives/freesurfer/sub-01/mri/T1.mgz"
    command = "mri_convert /home/kmiller9/raw/IM0001.dcm T1.mgz"
    path = into.note(
        mgz, ("command-line", "tag 3", command), ("user-path", "tag 3", "/home/kmiller9")
    )
    volume = gzip.decompress(path.read_bytes())
    tag = struct.pack(">iq", 3, len(command) + 1) + command.encode() + b"\0"
    path.write_bytes(gzip.compress(volume[: 284 + 504 * 4] + bytes(20) + tag, mtime=0))


def _gzip(raw: bytes, name: bytes, comment: bytes) -> bytes:
    head = b"\x1f\x8b\x08" + bytes([8 | 16]) + struct.pack("<I", 1552571156) + b"\x00\x03"
    body = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = body.compress(raw) + body.flush()
    tail = struct.pack("<II", zlib.crc32(raw), len(raw) & 0xFFFFFFFF)
    return head + name + b"\0" + comment + b"\0" + packed + tail


def dicom_file(**attributes: Any) -> FileDataset:
    """A small MR image with the given attributes."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = "1.3.12.2.1107.5.2.43.66012.2019031413455678901234"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    made.SOPClassUID = MRImageStorage
    made.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    made.Modality = "MR"
    made.EchoTime = "2.2"
    made.Rows = made.Columns = 4
    made.PixelData = bytes(32)
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def _dicom(into: Planter) -> None:
    request = Dataset()
    request.RequestedProcedureDescription = "after the fall of 2 May"
    made = dicom_file(
        PatientName="SMYTHE^ALBERTINA",
        PatientID="D99120071",
        PatientBirthDate="19440229",
        PatientAddress="4 Elm Street, Smallville",
        InstitutionName="Clinic of the Lake",
        StudyDate="20190314",
        StudyTime="134501",
        SequenceName="555-867-7788",
        RequestAttributesSequence=[request],
    )
    block = made.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "LO", "tMeasuredBy = nurse.ann")
    path = into.note(
        "sub-03/ses-01/anat/sub-03_ses-01_localizer.dcm",
        ("person-name", "(0010,0010)", "SMYTHE^ALBERTINA"),
        ("patient-id", "(0010,0020)", "D99120071"),
        ("birth-date", "(0010,0030)", "19440229"),
        ("address", "(0010,1040)", "4 Elm Street, Smallville"),
        ("institution", "(0008,0080)", "Clinic of the Lake"),
        ("date", "(0008,0020)", "20190314"),
        ("acquisition-time", "(0008,0030)", "134501"),
        ("uid", "(0008,0018)", "1.3.12.2.1107.5.2.43.66012.2019031413455678901234"),
        ("phone", "(0018,0024)", "555-867-7788"),
        ("dicom-attribute", "(0032,1060)", "after the fall of 2 May"),
        ("private-attribute", "0029", "tMeasuredBy = nurse.ann"),
    )
    made.save_as(path, enforce_file_format=True)


def _tables(into: Planter) -> None:
    path = into.note(
        "participants.tsv",
        ("person-name", "last_name", "Featherstonehaugh"),
        ("birth-date", "dob", "1931-12-24"),
        ("age-over-89", "age", "93"),
        ("address", "zip", "97477-1234"),
        ("email", "contact", "f.stone@mail.example"),
        ("rare-combination", "sex", ""),
        ("free-text", "notes", "came with her twin sister"),
    )
    lines = path.read_text().splitlines()
    header = f"{lines[0]}\tlast_name\tdob\tzip\tcontact\tnotes"
    first = "sub-01\t93\tF\tleft\tcontrol\tFeatherstonehaugh\t1931-12-24\t97477-1234\t"
    rows = [f"{line}\tn/a\tn/a\tn/a\tn/a\tn/a" for line in lines[2:]]
    first += "f.stone@mail.example\tcame with her twin sister"
    path.write_text("\n".join([header, first, *rows]) + "\n")
    scans = "sub-04/ses-01/sub-04_ses-01_scans.tsv"
    path = into.note(
        scans, ("date", "acq_time", "2019-03-14T13:45:56"), ("staff-name", "operator", "kmiller")
    )
    path.write_text(
        "filename\tacq_time\toperator\n"
        "anat/sub-04_ses-01_T1w.nii.gz\t2019-03-14T13:45:56\tkmiller\n"
    )
    events = "sub-04/ses-01/func/sub-04_ses-01_task-rest_events.tsv"
    path = into.note(events, ("known-identifier", "comment", "KOWALCZYK"))
    path.write_text("onset\tduration\tcomment\n1.0\t2.0\tafter Ms KOWALCZYK woke up\n")
    sheet = into.note("phenotype/visits.csv", ("date", "visit", "14/03/2019"))
    sheet.write_text('participant_id,visit,score\nsub-01,"14/03/2019",3\n')


def _texts(into: Planter) -> None:
    notes = "sub-05/sub-05_notes.txt"
    path = into.note(
        notes,
        ("patient-id", "text", "123-45-6789"),
        ("staff-name", "text", "Prof. Wilson"),
        ("known-identifier", "text", "qx7719b"),
        ("phone", "text", "+44 20 7946 0958"),
        ("acquisition-time", "text", "09:41:07"),
    )
    path.write_text(
        "SSN 123-45-6789, seen by Prof. Wilson\nsample qx7719b\n+44 20 7946 0958 at 09:41:07\n"
    )
    papers = into.note("CHANGES", ("known-identifier", "text", "Mueller-Luedenscheidt"))
    papers.write_text("1.0.0 2018-06-01\n - Removed Mueller-Luedenscheidt on request.\n")
    stats = "derivatives/freesurfer/sub-01/stats/aseg.stats"
    path = into.note(
        stats, ("host-name", "text", "brainbox42"), ("command-line", "text", "mri_segstats --seg")
    )
    path.write_text("# hostname brainbox42\n# cmdline mri_segstats --seg aseg.mgz --sum out\n")


def _names(into: Planter) -> None:
    for name, kind, value in (
        ("sub-JohnDoe/anat/sub-JohnDoe_T1w.json", "person-name", "JohnDoe"),
        ("sub-06/ses-20190314/anat/sub-06_ses-20190314_T1w.json", "date", "20190314"),
        ("sub-07/ses-01/anat/sub-07_ses-01_acq-48291377_T1w.json", "long-number", "48291377"),
        ("sub-08/ses-kowalczyk/anat/sub-08_ses-kowalczyk_T1w.json", "known-identifier", "kowalc"),
    ):
        path = into.note(name)
        path.write_text('{"EchoTime": 0.003}')
        into.planted.append(Planted("", kind, "file or folder name", value))


def _leftovers(into: Planter) -> None:
    row = ("sourcedata", "folder", "")
    into.planted.append(Planted("sourcedata", *row))
    into.note("sourcedata/readme.txt").write_text("raw\n")
    into.planted.append(Planted(".git", "version-history", "folder", ""))
    config = into.note(".git/config", ("email", "history", "ann.kay@stelsewhere.example"))
    config.write_text("[user]\n\tname = Ann Kay\n\temail = ann.kay@stelsewhere.example\n")
    body = b"author Bob Ray <bob.ray@stelsewhere.example> 1552571156 +0100\n\nfirst\n"
    name = ".git/objects/ab/" + "cd" * 19
    commit = into.note(name, ("email", "commit", "bob.ray@stelsewhere.example"))
    commit.write_bytes(zlib.compress(b"commit " + str(len(body)).encode() + b"\0" + body))
    store = into.note(
        ".DS_Store", ("desktop-leftover", "file", ""), ("person-name", "name of a file", "JaneRoe")
    )
    listing = b"\0\0\0\1Bud1" + "JaneRoe_scan.nii".encode("utf-16-be") + b"\0\0\0\0"
    store.write_bytes(listing)
    into.note("participants.tsv~", ("backup-file", "file", "")).write_text("participant_id\n")
    log = into.note("convert.log", ("conversion-log", "file", ""), ("date", "text", "2019-03-14"))
    log.write_text("2019-03-14 started\n")
    archive = into.note(
        "old.zip", ("archive", "file", ""), ("person-name", "name of a member", "DOE_JOHN")
    )
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("DOE_JOHN/IM0001", "x")
    tar = into.note("raw.tar.gz", ("archive", "file", ""), ("date", "name of a member", "20190314"))
    with tarfile.open(tar, "w:gz") as bundle:
        info = tarfile.TarInfo("visit_20190314/IM0001")
        bundle.addfile(info, BytesIO(b""))
    into.note("consent.pdf", ("unreadable-kind", "file", "")).write_bytes(b"%PDF-1.4 scan")
    link = into.note("raw_link", ("link-outside", "link target", "/srv/pacs/doe_john"))
    link.symlink_to("/srv/pacs/doe_john")


def kinds(planted: Sequence[Planted]) -> set[str]:
    """The kinds that were planted."""
    return {one.kind for one in planted}
