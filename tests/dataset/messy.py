"""A messy data set built by code, and what is right for each of its files."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import struct
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np


@dataclass(frozen=True)
class Right:
    """What is right for one file: kind, datatype, suffix, person, place, status, code."""

    kind: str = "image"
    datatype: str = ""
    suffix: str = ""
    person: str = ""
    where: str = "raw"
    status: str = "left_out"
    code: str = "no_check"


def nifti(seed: int, shape: tuple[int, ...] = (3, 4, 5)) -> bytes:
    """A small NIfTI-1 image of its own."""
    voxels = np.random.default_rng(seed).integers(0, 999, shape).astype(np.int16)
    return bytes(nib.Nifti1Image(voxels, np.eye(4)).to_bytes())


RAW = {  # datatype: names after the person's label
    "anat": (
        "T1w",
        "T2w",
        "FLAIR",
        "PDw",
        "T2starw",
        "UNIT1",
        "inv-1_MP2RAGE",
        "inv-2_MP2RAGE",
        "echo-1_MEGRE",
        "echo-2_MEGRE",
        "flip-1_mt-on_MTS",
        "angio",
        "inplaneT2",
        "T1map",
        "acq-3plane_localizer",
        "part-phase_T2starw",
        "defacemask",
        "ce-gd_T1w",
    ),
    "func": ("task-rest_bold", "task-rest_sbref", "task-x_run-2_bold", "task-x_cbv"),
    "dwi": ("dwi", "dir-AP_dwi", "dir-AP_sbref"),
    "fmap": ("phasediff", "magnitude1", "magnitude2", "dir-PA_epi", "acq-anat_TB1TFL", "fieldmap"),
    "perf": ("asl", "m0scan"),
    "pet": ("trc-FDG_pet", "trc-AV45_rec-acdyn_pet"),
    "ct": ("CT", "acq-bone_CT"),
    "mrs": ("svs", "mrsi"),
}
TYPES = {"sbref": {"dwi": "dwi", "func": "func"}}


def build(root: Path) -> dict[str, Right]:
    """Write the data set; returns what is right for each file by path."""
    right: dict[str, Right] = {}
    count = 0

    def put(path: str, content: bytes, what: Right) -> None:
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        right[path] = what

    def image(path: str, what: Right, packed: bool = True) -> None:
        nonlocal count
        count += 1
        content = nifti(count)
        put(path, gzip.compress(content, mtime=0) if packed else content, what)

    put(
        "dataset_description.json",
        b'{"Name": "messy", "BIDSVersion": "1.9.0"}',
        Right("sidecar", status="", code=""),
    )
    put("README", b"words", Right("other", status="", code=""))
    put("participants.tsv", b"participant_id\n", Right("table", status="", code=""))
    for person in ("01", "02"):
        for datatype, names in RAW.items():
            for name in names if person == "01" else names[:2]:
                suffix = name.rsplit("_", 1)[-1]
                file = f"sub-{person}/ses-a/{datatype}/sub-{person}_ses-a_{name}.nii.gz"
                image(file, Right("image", datatype, suffix, person))
    for datatype, name in (("meg", "meg"), ("eeg", "eeg")):
        put(
            f"sub-01/ses-a/{datatype}/sub-01_ses-a_task-x_{name}.fif",
            b"x" * 50,
            Right("recording", status="", code=""),
        )
    image("sub-01/ses-a/meg/sub-01_ses-a_T1w.nii.gz", Right("image", "meg", "T1w", "01"))
    image(
        "derivatives/fmriprep/sub-01/anat/sub-01_desc-preproc_T1w.nii.gz",
        Right("image", "anat", "T1w", "01", "derivatives", code="derivatives"),
    )
    image(
        "derivatives/qc/rendered.nii",
        Right("image", "", "", "", "derivatives", code="derivatives"),
        packed=False,
    )
    image(
        "sourcedata/sub-01/T1.nii.gz",
        Right("image", "anat", "T1w", "01", "sourcedata", code="sourcedata"),
    )
    image("code/test/example.nii.gz", Right("image", "", "", "", "code", code="code"))
    image(".backup/sub-01_T1w.nii.gz", Right("image", "anat", "T1w", "01", "hidden", code="hidden"))
    image(
        "sub-02/ses-a/anat/.sub-02_ses-a_T1w.nii.gz",
        Right("image", "anat", "T1w", "02", "hidden", code="hidden"),
    )
    image(
        "sub-03/anatt/sub-03_t1W.nii.gz",
        Right("image", "anat", "T1w", "03", "non-BIDS", code="name"),
    )
    image(
        "sub-03/anat/sub-04_T1w.nii.gz",
        Right("image", "anat", "T1w", "03", "non-BIDS", code="name"),
    )
    image(
        "old/mprage_final(2).nii",
        Right("image", "anat", "T1w", "", "non-BIDS", code="name"),
        packed=False,
    )
    image("notes.json", Right("image", "", "", "", "non-BIDS", code="name"), packed=False)
    image(
        "sub-03/anat/sub-03_FLAIR",
        Right("image", "anat", "FLAIR", "03", code="no_check"),
        packed=False,
    )
    mgh = struct.pack(">7i", 1, 3, 4, 5, 1, 3, 0) + bytes(256) + bytes(4 * 60)
    put("fs/mri/orig.mgz", gzip.compress(mgh), Right("image", "", "", "", "non-BIDS", code="name"))
    put("x/scan.nrrd", b"NRRD0004\ntype: short\n", Right("image", where="non-BIDS", code="format"))
    put(
        "x/meas_MID0001.dat",
        struct.pack("<2I", 0, 2) + bytes(99),
        Right("image", where="non-BIDS", code="format"),
    )
    put("x/P12345.7", b"pfile" * 9, Right("image", where="non-BIDS", code="format"))
    put("x/head.nii.bz2", bz2.compress(nifti(900)), Right("image", where="non-BIDS", code="format"))
    array = io.BytesIO()
    np.save(array, np.zeros((20, 21, 22)))
    put("x/head.npy", array.getvalue(), Right("image", where="non-BIDS", code="format"))
    put(
        "x/vector.npy",
        b"\x93NUMPY\x01\0v\0{'descr': '<f8', 'shape': (3,), }",
        Right("other", status="", code=""),
    )
    failed = {
        "empty": b"",
        "text": b"this is no image",
        "bytes": b"\x99\x98\x00\x01" * 200,
        "annex": b"/annex/objects/MD5E-s1--0.nii.gz\n",
        "lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    }
    codes = {
        "empty": "empty",
        "text": "damaged",
        "bytes": "damaged",
        "annex": "pointer",
        "lfs": "pointer",
    }
    for name, content in failed.items():
        put(
            f"sub-04/anat/sub-04_acq-{name}_T1w.nii.gz",
            content,
            Right("image", "anat", "T1w", "04", "raw", "failed", codes[name]),
        )
    whole = nifti(901)
    pair = bytearray(whole[:348])
    pair[344:348] = b"ni1\0"
    put("sub-04/anat/sub-04_PDw.hdr", bytes(pair), Right("image", "anat", "PDw", "04"))
    put("sub-04/anat/sub-04_PDw.img", whole[352:], Right("body"))
    put(
        "sub-04/anat/sub-04_T2w.hdr",
        bytes(pair),
        Right("image", "anat", "T2w", "04", "raw", "failed", "damaged"),
    )
    put("x/t.mif", b"mrtrix image\ndim: 2,2,2\n", Right("image", where="non-BIDS", code="format"))
    put("x/scan.hv", b"!INTERFILE :=\n", Right("image", where="non-BIDS", code="format"))
    put("x/2dseq", bytes(64), Right("image", where="non-BIDS", code="format"))
    put(
        "x/scan.h5",
        b"\x89HDF\r\n\x1a\n<ismrmrdHeader>",
        Right("image", where="non-BIDS", code="format"),
    )
    put("x/all.h5", b"\x89HDF\r\n\x1a\n", Right("container", status="", code=""))
    put("x/all.mat", b"MATLAB 5.0 MAT-file", Right("container", status="", code=""))
    put("talk.mp4", b"\0\0\0\x18ftypmp42", Right("film", status="", code=""))
    put("talk.wav", b"RIFF\0\0\0\0WAVE", Right("sound", status="", code=""))
    put("report.pdf", b"%PDF-1.4", Right("document", status="", code=""))
    put("face.png", b"\x89PNG\r\n\x1a\n", Right("picture", status="", code=""))
    put("head.stl", b"solid head", Right("surface", status="", code=""))
    _archives(root, right)
    _links(root, right)
    return right


def _archives(root: Path, right: dict[str, Right]) -> None:
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as tar:
        info = tarfile.TarInfo("deep/T1w.nii")
        info.size = len(nifti(902))
        tar.addfile(info, io.BytesIO(nifti(902)))
    with zipfile.ZipFile(root / "backup.zip", "w") as archive:
        archive.writestr("sub-07/anat/sub-07_T1w.nii.gz", gzip.compress(nifti(903)))
        archive.writestr("plain", nifti(904))
        archive.writestr("words.txt", "words")
        archive.writestr("inner.tar.gz", inner.getvalue())
    with tarfile.open(root / "all.tar.gz", "w:gz") as tar:
        for name in ("sub-08_T2w.nii", "b.txt"):
            info = tarfile.TarInfo(name)
            info.size = len(nifti(905))
            tar.addfile(info, io.BytesIO(nifti(905) if name.endswith("nii") else b"a" * info.size))
    (root / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    for name in ("backup.zip", "all.tar.gz", "broken.zip", "backup.zip!/inner.tar.gz"):
        right[name] = Right("archive", code="archive")
    for name, datatype, suffix, person in (
        ("backup.zip!/sub-07/anat/sub-07_T1w.nii.gz", "anat", "T1w", "07"),
        ("backup.zip!/plain", "", "", ""),
        ("all.tar.gz!/sub-08_T2w.nii", "anat", "T2w", "08"),
    ):
        right[name] = Right("image", datatype, suffix, person, "non-BIDS", code="archive")


def _links(root: Path, right: dict[str, Right]) -> None:
    folder = root / "sub-05" / "anat"
    folder.mkdir(parents=True)
    failed = Right("image", "anat", "T1w", "05", "raw", "failed", "")

    def named(acq: str) -> str:
        return f"sub-05/anat/sub-05_acq-{acq}_T1w.nii.gz"

    (root / named("gone")).symlink_to("nowhere.nii.gz")
    right[named("gone")] = Right(**{**vars(failed), "code": "link"})
    (root / named("annexed")).symlink_to("../../.git/annex/objects/a/b/K/K.nii.gz")
    right[named("annexed")] = Right(**{**vars(failed), "code": "pointer"})
    (root / named("circle")).symlink_to(root / named("circle"))
    right[named("circle")] = Right(**{**vars(failed), "code": "link"})
    os.mkfifo(root / named("pipe"))
    right[named("pipe")] = Right(**{**vars(failed), "code": "special"})
    (root / named("folder")).mkdir()
    right[named("folder")] = Right(**{**vars(failed), "code": "folder"})
    (root / "sub-05" / "loop").symlink_to(root)
    right["sub-05/loop"] = Right("link", person="05", code="link")
    kept = root / ".git" / "annex" / "objects"
    kept.mkdir(parents=True)
    (kept / "here.nii").write_bytes(nifti(906))
    (kept / "old.nii").write_bytes(nifti(907))
    (root / named("fetched")).symlink_to(kept / "here.nii")
    right[named("fetched")] = Right("image", "anat", "T1w", "05")
    right[".git/annex/objects/old.nii"] = Right("image", "", "", "", "hidden", code="history")
    right[".git"] = Right("other", where="hidden", code="hidden")
