"""Images, names of files, leftovers and DICOM of the second set, and the whole set."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
from nibabel.nifti1 import Nifti1Extension
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from second_set import SUBJECTS, Builder, Planted, sidecars, tables, top_level


def nifti(
    shape: tuple[int, ...] = (4, 5, 6),
    header: dict[str, str] | None = None,
    extensions: list[tuple[int, bytes]] | None = None,
    kind: Any = nib.Nifti1Image,
) -> bytes:
    image = kind(np.arange(np.prod(shape), dtype=np.int16).reshape(shape), np.diag([2, 2, 2, 1.0]))
    image.header["descrip"] = b"TE=2.2;FSL6.0"
    for key, text in (header or {}).items():
        image.header[key] = text.encode()
    for code, content in extensions or []:
        image.header.extensions.append(Nifti1Extension(code, content))
    return bytes(image.to_bytes())


def member(content: bytes, name: bytes = b"", time: int = 0, comment: bytes = b"") -> bytes:
    """A gzip member with the header fields that gzip(1), pigz and zip tools write."""
    flags = (8 if name else 0) | (16 if comment else 0)
    head = b"\x1f\x8b\x08" + bytes([flags]) + struct.pack("<I", time) + b"\x00\x03"
    head += (name + b"\0" if name else b"") + (comment + b"\0" if comment else b"")
    packer = zlib.compressobj(wbits=-15)
    tail = struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
    return head + packer.compress(content) + packer.flush() + tail


def images(b: Builder) -> None:
    gzip_fields: dict[str, dict[str, Any]] = {s: {} for s in SUBJECTS}
    headers: dict[str, dict[str, str]] = {s: {} for s in SUBJECTS}
    extensions: dict[str, list[tuple[int, bytes]]] = {s: [] for s in SUBJECTS}
    t1w = {s: f"sub-{s}/anat/sub-{s}_T1w.nii.gz" for s in SUBJECTS}

    def header(subject: str, key: str, kind: str, value: str, harmless: str) -> None:
        headers[subject][key] = b.p(kind, t1w[subject], key, value, harmless)

    def extension(subject: str, code: int, kind: str, value: str, text: bytes) -> None:
        if b.plant:
            b.p(kind, t1w[subject], "", value)
            extensions[subject].append((code, text))

    header("01", "descrip", "name in descrip", "«Laaksonen Aino» T1", "TE=2.2;phase=1")
    header("02", "descrip", "acquisition time in descrip", "TE=2.2;Time=«131211.402»", "TE=2.2")
    header("03", "aux_file", "name in aux_file", "Virtanen_M.PAR", "none")
    header("04", "db_name", "name in db_name", "KORHONEN^PEKKA", "")
    header("05", "intent_name", "name in intent_name", "Ahlgren_Lotta", "")
    header("06", "descrip", "date in descrip", "GE scan of «03/14/2019»", "5.0.11")
    extension("07", 6, "comment extension", "Großkopf", "Patient: Großkopf, Jürgen".encode())
    extension(
        "08",
        4,
        "AFNI extension",
        "tykslab07",
        b"<?xml version='1.0' ?><AFNI_attributes "
        b'self_idcode="AFN_x"><AFNI_atr ni_type="String" atr_name="HISTORY_NOTE">'
        b"[mlaaksonen@tykslab07: Thu Mar 14 13:12:11 2019] 3dcopy a b</AFNI_atr>"
        b"</AFNI_attributes>",
    )
    inner, dicom = io.BytesIO(), Dataset()
    dicom.PatientName, dicom.StudyDate = "HAAPASALO^MERVI", "20190314"
    pydicom.dcmwrite(inner, dicom, implicit_vr=True, little_endian=True)
    extension("09", 2, "DICOM extension", "HAAPASALO^MERVI", inner.getvalue())
    extension("10", 44, "extension of another code", "Rantanen", b"subject=Rantanen, Ulla-Maija")
    if b.plant:
        gzip_fields["11"]["name"] = b.p("gzip name", t1w["11"], "", "Nieminen_Olli_T1.nii").encode()
        b.p("gzip time", t1w["12"], "", "")
        gzip_fields["12"]["time"] = 1552569131
        bold = "sub-01/func/sub-01_task-stroop_bold.nii.gz"
        comment = b.p("gzip comment", bold, "", "exported by «S. Hakala»").encode()
    for subject in SUBJECTS:
        content = nifti(header=headers[subject], extensions=extensions[subject])
        b.write(t1w[subject], member(content, **gzip_fields[subject]))
        more = {"comment": comment} if b.plant and subject == "01" else {}
        b.write(
            f"sub-{subject}/func/sub-{subject}_task-stroop_bold.nii.gz",
            member(nifti((4, 5, 6, 3), {"descrip": "6.0.5:9e026117"}), **more),
        )
    other_images(b)


def other_images(b: Builder) -> None:
    file = "sub-01/dwi/sub-01_dwi.nii"
    text = b.p("name in a NIfTI-2 header", file, "descrip", "dwi «Peltonen^Saku»", "FSL6.0")
    b.write(file, nifti((3, 4, 5, 2), {"descrip": text}, kind=nib.Nifti2Image))
    b.write("sub-01/dwi/sub-01_dwi.bval", "0 1000\n")
    line = b.p("comment in bvec", "sub-01/dwi/sub-01_dwi.bvec", "", "# «Salonen Heikki»", "")
    b.write("sub-01/dwi/sub-01_dwi.bvec", (line + "\n" if line else "") + "0 1\n0 0\n0 0\n")
    b.json("sub-01/dwi/sub-01_dwi.json", {"EchoTime": 0.09, "PhaseEncodingDirection": "j"})
    file = "derivatives/freesurfer/sub-01/mri/orig.mgz"
    image = nib.MGHImage(np.zeros((4, 5, 6), np.uint8), np.eye(4)).to_bytes()
    command = (
        b.p(
            "command line in an MGH tag",
            file,
            "",
            "mri_convert /home/mlaaksonen/«Nieminen».nii orig.mgz",
            "mri_convert rawavg.mgz orig.mgz",
        ).encode()
        + b"\0"
    )
    b.write(file, member(image + struct.pack(">iq", 3, len(command)) + command))
    file = "derivatives/freesurfer/sub-01/surf/lh.pial"
    who = b.p(
        "creator of a FreeSurfer surface",
        file,
        "",
        "created by «mlaaksonen» on Thu Mar 14 13:12:11 2019",
        "created by headrisk",
    )
    b.write(
        file,
        b"\xff\xff\xfe"
        + who.encode()
        + b"\n\n"
        + struct.pack(">ii", 3, 1)
        + struct.pack(">9f3i", 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 2),
    )
    file = "derivatives/freesurfer/sub-01/stats/aseg.stats"
    b.write(
        file,
        "# Title Segmentation Statistics\n# generating_program mri_segstats\n"
        + (
            f"# user {b.p('user name in a stats file', file, '', 'mlaaksonen')}\n"
            if b.plant
            else ""
        )
        + "# ColHeaders Index SegId NVoxels\n1 4 5021\n",
    )
    file = "derivatives/freesurfer/sub-01/scripts/recon-all.log"
    b.write(
        file,
        b.p("date in a log", file, "", "Thu «Mar 14 13:12:11» EET 2019", "start")
        + "\nINFO: SUBJECTS_DIR is /subjects\n",
    )
    file = "derivatives/fmriprep/sub-01/anat/sub-01_hemi-L_pial.surf.gii"
    points = nib.gifti.GiftiDataArray(np.eye(3, dtype=np.float32), intent="NIFTI_INTENT_POINTSET")
    name = b.p("user name in GIFTI", file, "", "mvirtanen", "")
    meta = {"AnatomicalStructurePrimary": "CortexLeft"} | ({"UserName": name} if name else {})
    surface = nib.gifti.GiftiImage(meta=nib.gifti.GiftiMetaData(meta), darrays=[points])
    b.write(file, surface.to_bytes())
    b.json(
        "derivatives/fmriprep/dataset_description.json",
        {
            "Name": "fMRIPrep",
            "BIDSVersion": "1.4.0",
            "DatasetType": "derivative",
            "GeneratedBy": [
                {
                    "Name": "fMRIPrep",
                    "Version": "20.2.0",
                    "CodeURL": "https://github.com/nipreps/fmriprep/archive/20.2.0.tar.gz",
                }
            ],
        },
    )
    b.json(
        "derivatives/mriqc/sub-01_T1w.json",
        {
            "cjv": 0.35288556338935373,
            "cnr": 3.6255493337997144,
            "size_x": 256,
            "provenance": {
                "md5sum": "192cc49589bfff2d1fcbcd33ac0a998f",
                "software": "mriqc",
                "version": "0.9.6",
            },
        },
    )


def names_of_files(b: Builder) -> None:
    if not b.plant:
        b.write("derivatives/maps/sub-03_desc-brain_mask.nii.gz", member(nifti()))
        b.write("code/rename.py", "subjects = {'a': 'sub-01'}\n")
        return
    for kind, file in [
        ("surname in a file name", "sub-10/anat/sub-10_acq-Korhonen_T1w.nii.gz"),
        ("date in a folder name", "sub-11/ses-20190314/anat/sub-11_ses-20190314_T1w.nii.gz"),
        ("name and date in a folder name", "derivatives/spm/Mäkelä_Sanna_2019-03-14/wc1.nii.gz"),
        ("record number in a file name", "derivatives/maps/MRN00482137_mask.nii.gz"),
        ("full name in a file name", "phenotype/BDI_Schmidt_Anna.tsv"),
    ]:
        value = {
            "surname in a file name": "Korhonen",
            "date in a folder name": "20190314",
            "name and date in a folder name": "Mäkelä_Sanna",
            "record number in a file name": "MRN00482137",
            "full name in a file name": "Schmidt_Anna",
        }[kind]
        b.p(kind, file, "name", value)
        b.write(
            file, "participant_id\tbdi\nsub-02\t3\n" if file.endswith("tsv") else member(nifti())
        )
    file = "code/rename.py"
    name = b.p("name in code", file, "", "Kowalska_Agnieszka")
    b.write(file, f"subjects = {{'{name}': 'sub-07'}}\n")
    file = "code/mapping.csv"
    name = b.p("key table", file, "", "«Toivonen Kalle» 140319")
    b.write(file, f"original_id,bids_id\n{name},sub-03\n")


def leftovers(b: Builder) -> None:
    if not b.plant:
        return

    def leave(file: str, value: str, content: bytes, kind: str = "leftover") -> None:
        b.p(f"{kind} {Path(file).name}" if kind == "leftover" else kind, file, "", value)
        b.write(file, content)

    old = json.dumps({"PatientName": "Lindqvist^Eva"}).encode()
    leave("sourcedata/sub-01/notes.txt", "Lindqvist", b"Eva Lindqvist\n", "sourcedata")
    leave(
        ".git/COMMIT_EDITMSG",
        "lindqvist@kuvaus.example",
        b"Author: lindqvist@kuvaus.example\n",
        "git history",
    )
    leave(".DS_Store", "Lindqvist", b"\0\0\0\x01Bud1" + "Lindqvist".encode("utf-16-be") + bytes(20))
    leave(
        "sub-01/Thumbs.db",
        "Lindqvist",
        bytes.fromhex("d0cf11e0a1b11ae1") + "Lindqvist".encode("utf-16-le"),
    )
    leave("sub-02/anat/sub-02_T1w.json~", "Lindqvist", old, "editor backup")
    leave("sub-03/anat/.sub-03_T1w.json.swp", "Lindqvist", b"b0VIM 8.0" + old, "vim swap file")
    leave("sub-04/anat/sub-04_T1w.json.orig", "Lindqvist", old, "merge leftover")
    leave(
        ".~lock.participants.tsv#",
        "Lindqvist",
        b",Eva Lindqvist,ws,14.03.2019 13:12,file;\n",
        "office lock file",
    )
    leave(
        "sub-05/anat/._sub-05_T1w.nii.gz",
        "Lindqvist",
        b"\0\x05\x16\x07\0\x02\0\0Mac OS X" + b"Lindqvist",
        "AppleDouble file",
    )
    leave("code/.Rhistory", "Lindqvist", b"read.csv('Lindqvist.csv')\n", "shell or R history")
    leave("code/.ipynb_checkpoints/a-checkpoint.ipynb", "Lindqvist", old, "notebook checkpoint")
    leave(
        "tmp_dcm2bids/log/sub-01.log", "Lindqvist", b"INFO | /data/Lindqvist_Eva\n", "converter log"
    )
    leave(
        ".heudiconv/01/info/dicominfo.tsv",
        "Lindqvist",
        b"patient_id\tseries\nLindqvist\t3\n",
        "converter table",
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("Lindqvist/a.json", old)
    leave("sub-06/anat.zip", "Lindqvist", packed.getvalue(), "archive")
    beyond(b, packed.getvalue())


def beyond(b: Builder, archive: bytes) -> None:
    """File formats that head MRI data seldom hold, but EEG-fMRI and working folders do."""
    jpeg = b"\xff\xd8\xff\xfe\x00\x14Artist Eva Lindqv\xff\xd9"
    for kind, file, value, content in [
        ("photograph comment", "sub-07/anat/sub-07_photo.jpg", "Eva Lindqv", jpeg),
        ("spreadsheet", "participants.xlsx", "Lindqvist", archive),
        (
            "PDF author",
            "code/protocol.pdf",
            "Lindqvist",
            b"%PDF-1.4\n1 0 obj<</Author(Eva Lindqvist)>>endobj\n%%EOF\n",
        ),
        (
            "EEG marker date",
            "sub-08/eeg/sub-08_task-stroop_eeg.vmrk",
            "20190314131211",
            b"BrainVision Data Exchange Marker File\nMk1=New Segment,,1,1,0,20190314131211402000\n",
        ),
        (
            "EDF patient field",
            "sub-09/eeg/sub-09_task-stroop_eeg.edf",
            "Laaksonen_A",
            b"0       "
            + b"X F 03-APR-1961 Laaksonen_A".ljust(80)
            + b"Startdate 14-MAR-2019 X X X".ljust(80)
            + b"14.03.1913.12.11"
            + b"256     ".ljust(52)
            + b"0       1       0   ",
        ),
    ]:
        b.p(kind, file, "", value, beyond=True)
        b.write(file, content)


def tag_of(keyword: str) -> str:
    tag = tag_for_keyword(keyword)
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def dicom_file(b: Builder) -> None:
    if not b.plant:
        return
    file = "sub-12/anat/IM000001"
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    meta.MediaStorageSOPInstanceUID = "1.2.826.0.1.3680043.8.498.555000111"
    ds = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    ds.SOPClassUID, ds.SOPInstanceUID = (
        meta.MediaStorageSOPClassUID,
        meta.MediaStorageSOPInstanceUID,
    )
    for kind, key, value in [
        ("DICOM name", "PatientName", "Heinonen^Risto"),
        ("DICOM birth date", "PatientBirthDate", "19530207"),
        ("DICOM patient id", "PatientID", "P-339817"),
        ("DICOM address", "PatientAddress", "Rantatie 12 B 4, 21600 Parainen"),
        ("DICOM telephone number", "PatientTelephoneNumbers", "+358 50 1234987"),
        ("DICOM study date", "StudyDate", "20190319"),
        ("DICOM physician", "ReferringPhysicianName", "Vuorela^K"),
        ("DICOM history", "AdditionalPatientHistory", "fall from a roof in Naantali"),
        ("DICOM instance UID", "SOPInstanceUID", "1.2.826.0.1.3680043.8.498.555000111"),
    ]:
        setattr(ds, key, b.p(kind, file, tag_of(key), value))
    other = Dataset()
    other.PatientID = b.p("DICOM identifier in a sequence", file, "(0010,1002)", "KELA-7781")
    ds.OtherPatientIDsSequence = [other]
    block = ds.private_block(0x0009, "GEMS_IDEN_01", create=True)
    block.add_new(0x01, "LO", b.p("DICOM private tag", file, "0009", "HEINONEN RISTO J"))
    ds.Modality = "MR"
    ds.Rows, ds.Columns, ds.BitsAllocated, ds.BitsStored, ds.HighBit = 4, 4, 16, 12, 11
    ds.PixelRepresentation, ds.SamplesPerPixel = 0, 1
    ds.PhotometricInterpretation, ds.PixelData = "MONOCHROME2", bytes(32)
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, ds, enforce_file_format=True)
    b.write(file, buffer.getvalue())


def build(root: Path, *, plant: bool = True) -> list[Planted]:
    """Write the set into an empty folder; return what was planted, in the order written."""
    builder = Builder(root, plant)
    for step in (top_level, sidecars, images, tables, names_of_files, leftovers, dicom_file):
        step(builder)
    return builder.planted


def left_in(root: Path, value: str) -> list[str]:
    """Files of a folder that hold a string in their name or bytes, gzip unpacked."""
    forms = {
        value.encode(),
        value.encode("utf-16-le"),
        value.encode("utf-16-be"),
        json.dumps(value)[1:-1].encode(),
    }
    found = []
    for path in sorted(root.rglob("*")):
        inside = str(path.relative_to(root))
        content = b""
        if path.is_file():
            content = path.read_bytes()
            if content[:2] == b"\x1f\x8b":
                content += gzip.decompress(content)
        if value in inside or any(form in content for form in forms):
            found.append(inside)
    return found
