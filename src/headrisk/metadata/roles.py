"""What a file of a data set is to be taken for, told by its name and its first bytes."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Literal

from headrisk.dataset.bids_names import IMAGE_ENDINGS
from headrisk.dataset.magic import packed_by
from headrisk.io.gzip_members import GZIP_MAGIC
from headrisk.io.headers import MGH_VERSION
from headrisk.io.nifti_header import header_kind
from headrisk.metadata.dicom_elements import MAGIC, PREAMBLE, looks_like_dicom
from headrisk.metadata.documents import OFFICE
from headrisk.metadata.image_headers import CURVATURE, SURFACE, is_afni, is_p_file, is_par, is_twix
from headrisk.metadata.recordings import is_brainvision, is_edf, is_fif
from headrisk.metadata.tables import decoded, in_blanks, unquoted

HeaderRole = Literal[
    "par",
    "twix",
    "pfile",
    "nrrd",
    "mrtrix",
    "minc",
    "afni",
    "surface",
    "annotation",
    "edf",
    "brainvision",
    "fif",
]
"""Formats whose fields of text stand in a header: see ``image_headers`` and ``recordings``."""

_OtherRole = Literal[
    "nifti",
    "mgh",
    "dicom",
    "json",
    "table",
    "text",
    "code",
    "papers",
    "gradients",
    "gzip",
    "pdf",
    "office",
    "notebook",
    "sqlite",
    "arrow",
    "npy",
    "xml",
    "voxels",
    "binary",
]
Role = HeaderRole | _OtherRole

_BACKUPS = ("~", ".bak", ".orig", ".swp", ".swo", ".old", ".tmp", ".save", ".backup", ".autosave")
_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".7z", ".rar")
_DESKTOP_FILES = frozenset({".ds_store", "thumbs.db", "desktop.ini", ".directory", ".localized"})
_DESKTOP_FOLDERS = frozenset({"__macosx", ".trash", ".spotlight-v100", ".fseventsd", "@eadir"})
_HISTORIES = frozenset({".git", ".hg", ".svn", ".bzr"})
_WORKING = frozenset(
    {".heudiconv", ".snakemake", ".ipynb_checkpoints", "__pycache__", "logs", "crashes", "nipype"}
)
_LOGS = (".cmd", ".env", ".done", ".err", ".pklz", ".history")
_CONVERTED = re.compile(r"(?:conver|dcm2|heudi|bidscoin|bidsify|recon-all).*\.log$")
_OPAQUE = frozenset(
    """.doc .xls .ppt .rtf .jpg .jpeg .png .tif .tiff .bmp .gif
    .heic .webp .mp4 .avi .mov .mp3 .wav .eml .msg .mat .h5 .hdf5 .hdf .sav
    .pkl .pickle .rdata .rds .npz .set .fdt .cnt .vcf .ics .mbox .ldif .pst .ost""".split()  # noqa: SIM905
)
_PAPERS = frozenset(
    {
        "readme",
        "changes",
        "license",
        "licence",
        "citation",
        "authors",
        "contributing",
        "notice",
        "copying",
    }
)
_CODE = frozenset(
    """.py .m .sh .r .rmd .yml .yaml .toml .c .cpp .h .js .ipynb .gitignore
    .gitattributes .gitmodules .bidsignore .css .bib .html .htm .tex""".split()  # noqa: SIM905
)
_BUILDS = re.compile(r"(?:dockerfile|containerfile|singularity|makefile|jenkinsfile)(?:[._-].*)?")
_PROSE = frozenset({".log", ".md", ".rst", ".out", ".err"})
_IMAGES = tuple(ending for ending in IMAGE_ENDINGS if not ending.startswith(".mg"))  # NIfTI's
_LOOK = 4096
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]|^\x89(?:HDF|PNG)")  # no text has them
_FEWEST_LINES = 3
_ALIKE = 0.9  # share of lines with as many cells as the first
_MAGIC: tuple[tuple[bytes, Role], ...] = (
    (b"NRRD000", "nrrd"),
    (b"mrtrix image", "mrtrix"),
    (b"mrtrix tracks", "mrtrix"),
    (b"CDF\x01", "minc"),
    (b"CDF\x02", "minc"),
    (SURFACE, "surface"),
    (CURVATURE, "surface"),
    (b"SQLite format 3\0", "sqlite"),
    (b"%PDF-", "pdf"),
    (b"\x93NUMPY", "npy"),
)
_NAMED: dict[str, Role] = {
    ".ipynb": "notebook",
    ".parquet": "arrow",
    ".feather": "arrow",
    ".annot": "annotation",
    ".xml": "xml",
    ".gii": "xml",
    ".pdf": "pdf",
}
# Voxels or samples of a header beside them, and how that may be called.
COMPANIONS = (".img", ".img.gz", ".brik", ".brik.gz", ".rec", ".raw", ".raw.gz", ".eeg")


_UNTOLD = ("binary", "text", "table", "json", "code", "papers", "gradients")


def packed_as(role: Role, start: bytes) -> str:
    """How a file is packed that no reader here opens, whatever it is called; "" where it is not.

    Packed bytes show nothing to a search for text. Formats that are packed by design (office
    documents, arrays) have roles of their own.

    >>> packed_as("text", b"BZh91AY&SY"), packed_as("office", b"PK\\x03\\x04")
    ('bzip2', '')
    """
    packing = packed_by(start)
    return packing if role in _UNTOLD and packing != "gzip" else ""  # gzip is opened


def leftover_kind(parts: tuple[str, ...], *, folder: bool) -> str:
    """The kind of leftover that a path is or lies in; "" where it belongs to the data set."""
    lower = [part.lower() for part in parts]
    for part in lower if folder else lower[:-1]:
        if part in _HISTORIES:
            return "version-history"
        if part in _DESKTOP_FOLDERS:
            return "desktop-leftover"
        if part in _WORKING:
            return "conversion-log"
    if "sourcedata" in (lower if folder else lower[:-1]):
        return "sourcedata"
    return "" if folder else _leftover_file(lower)


def _leftover_file(lower: list[str]) -> str:
    name = lower[-1]
    if name in _DESKTOP_FILES or name.startswith("._"):
        return "desktop-leftover"
    if name.endswith(_BACKUPS) or (name.startswith("#") and name.endswith("#")):
        return "backup-file"
    if name.startswith((".~lock.", "~$", "copy of ")) or name.endswith((" copy", "(1)")):
        return "backup-file"
    if name.endswith(_ARCHIVES):
        return "archive"
    if name.startswith(".") and name.endswith(("history", ".lesshst", ".viminfo")):
        return "conversion-log"
    working = "scripts" in lower[:-1] and not name.endswith((".py", ".sh", ".m", ".r"))
    if name.endswith(_LOGS) or working or name.startswith(("dcm2niix.", "dcm2niix_")):
        return "conversion-log"
    if _CONVERTED.search(name):
        return "conversion-log"
    return "unreadable-kind" if PurePosixPath(name).suffix in _OPAQUE else ""


def role_of(name: str, start: bytes) -> Role:
    """What to take a file for; bytes decide for images, the name for texts."""
    lower = name.lower()
    if start[PREAMBLE : PREAMBLE + 4] == MAGIC:
        return "dicom"
    if header_kind(start) is not None:
        return "nifti"
    if start.startswith(MGH_VERSION):
        return "mgh"
    if start.startswith(GZIP_MAGIC):
        if lower.endswith(_IMAGES) and ".img" not in lower:
            return "nifti"
        if lower.endswith((".mgz", ".mgh", ".mgh.gz")):
            return "mgh"
        if lower.endswith(COMPANIONS):
            return "voxels"
        return "table" if lower.endswith((".tsv.gz", ".csv.gz")) else "gzip"
    if role := _by_start(lower, start):
        return role
    return "dicom" if looks_like_dicom(start) else _by_name(lower, start)


def _by_start(lower: str, start: bytes) -> Role | None:
    """Formats told by their first bytes, some of them with the name."""
    for magic, role in _MAGIC:
        if start.startswith(magic):
            return role
    if is_edf(start) or lower.endswith((".edf", ".bdf")):  # also where its header is cut off
        return "edf"
    if is_brainvision(start):
        return "brainvision"
    if is_fif(start):
        return "fif"
    if is_twix(lower, start):
        return "twix"
    if is_p_file(lower):
        return "pfile"
    if lower.endswith(".par") and is_par(start):
        return "par"
    return "afni" if lower.endswith(".head") and is_afni(start) else None


def _by_name(lower: str, start: bytes) -> Role:
    suffix = PurePosixPath(lower).suffix
    if lower.endswith(OFFICE):
        return "office"
    if suffix in _NAMED:
        return _NAMED[suffix]
    if lower.endswith(COMPANIONS):
        return "voxels"
    if suffix in (".json", ".jsonld", ".geojson"):
        described = lower.endswith("_description.json") or lower.startswith(("tpl-", "atlas-"))
        return "papers" if described else "json"
    if suffix in (".tsv", ".csv") or lower.rstrip("~#").endswith((".tsv", ".csv")):
        return "table"
    if suffix in (".dcm", ".ima"):
        return "dicom"
    if lower.endswith(_IMAGES):
        return "nifti"
    if lower.endswith((".mgz", ".mgh")):
        return "mgh"
    if is_paper(lower):
        return "papers"
    if not start.startswith((b"\xff\xfe", b"\xfe\xff")) and _CONTROL.search(start[:_LOOK]):
        return "binary"
    if suffix in (".bval", ".bvec"):
        return "gradients"
    if suffix in _CODE or lower in _CODE or _BUILDS.fullmatch(lower):
        return "code"
    return "table" if is_table(start) and suffix not in _PROSE else "text"


def is_paper(name: str) -> bool:
    """Whether a file describes the data set, by its name: README, CHANGES and the like."""
    stem = name.lower().partition(".")[0]
    return stem in _PAPERS or stem.startswith(("license_", "licence_", "license-", "licence-"))


def is_table(start: bytes) -> bool:
    """Whether a text of another name is a table: cells in columns from the first lines on.

    Exports bear any suffix (``.txt``, ``.dat``, ``.tsv~``, none). A tab, semicolon or bar that
    stands equally often in every line makes a table, also commas where they make three columns and
    more, and blanks where names of columns stand over values in as many columns.

    >>> is_table(b"ID\\tSURNAME\\n1\\tDoe\\n2\\tRoe\\n"), is_table(b"one, two\\nthree\\n")
    (True, False)
    """
    text = decoded(start)
    if text is None:
        return False
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if len(start) >= _LOOK:
        lines = lines[:-1]  # may be cut off
    if len(lines) < _FEWEST_LINES or not any(map(str.isalpha, lines[0])):
        return False
    for sign, least in (("\t", 1), (";", 1), ("|", 1), (",", 2)):
        counts = [unquoted(line).count(sign) for line in lines]
        alike = sum(count == counts[0] for count in counts)
        if counts[0] >= least and alike >= _ALIKE * len(lines):
            return True
    return in_blanks(lines)
