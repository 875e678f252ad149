"""Text in the headers and extensions of NIfTI images, and where the voxels are.

Field places follow nifti1.h and nifti2.h, extension codes the list of the NIfTI committee.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from headrisk.errors import ScanError
from headrisk.metadata.closed import open_words
from headrisk.metadata.dicom_elements import parse_dataset
from headrisk.metadata.dicom_hits import dataset_hits
from headrisk.metadata.fields import kind_of_field
from headrisk.metadata.findings import Hit
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.name_words import EPONYMS
from headrisk.metadata.people import family_names, given_names
from headrisk.metadata.text import printable_text, text_hits

NIFTI1_TEXT = {
    "data_type": (4, 14), "db_name": (14, 32), "descrip": (148, 228), "aux_file": (228, 252),
    "intent_name": (328, 344),
}  # fmt: skip
NIFTI2_TEXT = {
    "descrip": (240, 320), "aux_file": (320, 344), "intent_name": (508, 524),
    "unused_str": (525, 540),
}  # fmt: skip
# Analyze 7.5, which has no magic, keeps texts where NIfTI keeps its orientation.
ANALYZE_TEXT = {
    "data_type": (4, 14), "db_name": (14, 32), "descrip": (148, 228), "aux_file": (228, 252),
    "generated": (263, 273), "scannum": (273, 283), "patient_id": (283, 293),
    "exp_date": (293, 303), "exp_time": (303, 313),
}  # fmt: skip
MOST_EXTENSION_BYTES = 32 * 1024 * 1024
MOST_EXTENSIONS = 1000
_DICOM, _AFNI, _COMMENT = 2, 4, 6
_NEEDED = frozenset({32, 44})  # CIFTI's XML and MRS's JSON, without which the data mean nothing
_CODES = {0: "unknown", 2: "DICOM", 4: "AFNI", 6: "comment", 8: "XCEDE", 10: "JIMDIMINFO",
          12: "workflow forwards", 14: "FreeSurfer", 16: "Python pickle", 18: "MIND identifier",
          20: "b value", 22: "spherical direction", 24: "DT component", 30: "CARET", 32: "CIfTI",
          34: "variable frame timing", 38: "eval", 40: "MATLAB", 42: "Quantiphyse",
          44: "MRS"}  # fmt: skip
# A number alone may be anybody's: a record, an age.
_BARE = re.compile(r"\d{2,}|.*(?<![\w.])\d{6,}(?!\w).*", re.DOTALL)
# What programs write about themselves.
_ORDINARY = re.compile(
    r"(?:FSL[\d.]*|[\d.]+:?[0-9a-f]{6,}|spm.*|SPM.*|nibabel.*|AFNI.*|FreeSurfer.*|mrtrix.*|ANTs.*"
    r"|ITK.*|niftyreg.*|NiftyReg.*|NIfTI.*|FLOAT\w*|[Uu]?INT\w*|3[Dd] image|4[Dd] image"
    r"|(?:TE|phase|mb|sec|dwell|FA|TR|TI|Time(?==0+(?:\.0+)?$))=?[\d.]*|phase|magnitude|none"
    r"|\d{1,2}(?:\.\d{1,3}){1,3}|\.\.?|r|dsr__?|Mrtrix.*|MRtrix.*|c3d.*|greedy.*|.*headrisk.*|[A-Za-z]{1,3}"
    r"|(?:[\[\]()+:>< ,._#-]|\d|(?:[zftpr]?stats?|t?cope|varcope|vectors?|scalar|labels?|mask|whole"
    r"|brain|img|image|scale|scaled|mc|dvolreg|deoblique|warp|warped|field|displacement|jacobian"
    r"|p|val|vals|values?|corrp|tfce|contrast|beta|con|ess|correlation|zscore|ttest|ftest|chisq"
    r"|normal|dims?|intensity|mean|std|motion|moco|fieldmap|segmentation|tissue|gm|wm|csf|atlas"
    r"|time|series|resampled|smoothed|realigned|coregistered|bet|susan|mcflirt|flirt|fnirt|melodic"
    r"|eddy|topup|dti|fa|md|tensor|matrix|surface|hz|rad|map))+)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class NiftiPlan:
    """Where things lie in a NIfTI file.

    ``voxels_at`` and ``voxels_end`` are byte positions in the decoded file; ``voxels_end`` is None
    where the header does not tell. ``extensions`` are code and content.
    """

    version: Literal[1, 2]
    order: Literal["little", "big"]
    single: bool
    header: bytes
    voxels_at: int
    voxels_end: int | None
    extensions: tuple[tuple[int, bytes], ...]
    problem: str = ""


def nifti_kind(start: bytes) -> tuple[Literal[1, 2], Literal["little", "big"], int] | None:
    """Version, byte order and header length that the first four bytes tell, None if not NIfTI."""
    orders: tuple[Literal["little", "big"], ...] = ("little", "big")
    for order in orders:
        length = int.from_bytes(start[:4], order)
        if length == 348:
            return 1, order, 348
        if length == 540:
            return 2, order, 540
    return None


def nifti_plan(start: bytes) -> NiftiPlan | None:
    """Take the beginning of a NIfTI file apart; None where it is none.

    Parameters
    ----------
    start
        Header, extensions and as much of what follows as there is: at least up to the voxels, or
        the whole file.
    """
    kind = nifti_kind(start)
    if kind is None or len(start) < kind[2]:
        return None
    version, order, length = kind
    sign = "<" if order == "little" else ">"
    header = start[:length]
    if version == 1:
        magic, (offset,) = header[344:348], struct.unpack(sign + "f", header[108:112])
        dims = struct.unpack(sign + "8h", header[40:56])
        (bits,) = struct.unpack(sign + "h", header[72:74])
    else:
        magic, (offset,) = header[4:8], struct.unpack(sign + "q", header[168:176])
        dims = struct.unpack(sign + "8q", header[16:80])
        (bits,) = struct.unpack(sign + "h", header[14:16])
    single = magic[:2] == b"n+"
    at = int(offset) if single and 0 <= offset < 2**40 else 0
    at = max(at, length + 4) if single else 0
    extensions, problem = _extensions(start, length, at if single else len(start), sign)
    return NiftiPlan(version, order, single, header, at, _end(at, dims, bits), extensions, problem)


def _end(at: int, dims: tuple[int, ...], bits: int) -> int | None:
    if not 1 <= dims[0] <= 7 or bits <= 0 or any(size < 0 for size in dims[1 : dims[0] + 1]):
        return None
    voxels = 1
    for size in dims[1 : dims[0] + 1]:
        voxels *= max(size, 1)
    return at + (voxels * bits + 7) // 8


def _extensions(
    start: bytes, at: int, end: int, sign: str
) -> tuple[tuple[tuple[int, bytes], ...], str]:
    """Code and content of each extension, and what is wrong with them."""
    found: list[tuple[int, bytes]] = []
    if start[at : at + 1] in (b"", b"\0"):
        return (), ""
    at += 4
    while at + 8 <= min(end, len(start)):
        size, code = struct.unpack(sign + "ii", start[at : at + 8])
        if size < 8 or at + size > end or len(found) >= MOST_EXTENSIONS:
            rest = start[at:end]
            if rest.strip(b"\0"):
                found.append((0, rest))
            return tuple(found), "damaged header extension"
        if at + size > len(start):
            found.append((code, start[at + 8 :]))
            return tuple(found), "header extension is cut off"
        found.append((code, start[at + 8 : at + size]))
        at += size
    return tuple(found), ""


def text_places(plan: NiftiPlan) -> dict[str, tuple[int, int]]:
    """Where texts stand in a header, by field."""
    if plan.version == 2:
        return NIFTI2_TEXT
    return NIFTI1_TEXT if plan.header[344:346] in (b"n+", b"ni") else ANALYZE_TEXT


def kept_extensions(plan: NiftiPlan, known: KnownIdentifiers) -> bytes:
    """Extensions that stay in a cleaned image, as they are stored: needed ones with no hits."""
    sign = "<" if plan.order == "little" else ">"
    out = b""
    for number, (code, content) in enumerate(plan.extensions, start=1):
        if code in _NEEDED and plan.single and not plan.problem and not any(
            True for _ in _extension_hits(number, code, content, known)
        ):  # fmt: skip
            size = -(-(len(content) + 8) // 16) * 16
            out += struct.pack(sign + "ii", size, code) + content.ljust(size - 8, b"\0")
    return out


def kept_texts(plan: NiftiPlan) -> Iterator[tuple[str, str]]:
    """Texts of extensions that a cleaned image keeps, by their place."""
    for number, (code, content) in enumerate(plan.extensions, start=1):
        if code in _NEEDED:
            yield f"header extension {number} ({_CODES[code]})", printable_text(content)


def nifti_hits(plan: NiftiPlan, known: KnownIdentifiers) -> Iterator[Hit]:
    """Everything identifying in header and extensions."""
    for name, (start, end) in text_places(plan).items():
        text = printable_text(plan.header[start:end])
        if not text:
            continue
        yield from _text_hits(name, text, known)
    for number, (code, content) in enumerate(plan.extensions, start=1):
        yield from _extension_hits(number, code, content, known)


def _text_hits(name: str, text: str, known: KnownIdentifiers) -> Iterator[Hit]:
    """Everything identifying in one text field."""
    if _BUILD.fullmatch(text):
        return
    hits = list(text_hits(text, f"header {name}", known))
    yield from hits
    kind = kind_of_field(name)
    if not hits and kind:
        yield Hit(kind, f"header {name}", text)
    elif not hits and not _is_closed(text) and (
        _BARE.fullmatch(text)
        or not all(_ORDINARY.fullmatch(part) for part in text.split(";") if part)
    ):  # fmt: skip
        yield Hit("header-text", f"header {name}", text)


def _is_closed(text: str) -> bool:
    """Whether a text is of the vocabulary and of names of methods and atlases alone."""
    if _NUMBERED.search(text) or not any(map(str.isalpha, text)):
        return False
    methods = EPONYMS - family_names() - given_names()
    return not _BARE.fullmatch(text) and not open_words(text, known_key=True) - methods - _PLACES


_NUMBERED = re.compile(r"\d{4}")
_PLACES = frozenset({"mgh", "mni", "dkt", "ucla", "jhu", "icbm"})  # where atlases come from
_BUILD = re.compile(r"FreeSurfer [A-Z][a-z]{2} +\d{1,2} \d{4}")  # the day the program was built


def plain_fields(plan: NiftiPlan, known: KnownIdentifiers) -> frozenset[str]:
    """Text fields in which nothing identifying stands, so that a copy keeps them."""
    texts = {
        name: printable_text(plan.header[start:end])
        for name, (start, end) in text_places(plan).items()
    }
    return frozenset(
        name for name, text in texts.items() if text and not any(_text_hits(name, text, known))
    )


def _extension_hits(
    number: int, code: int, content: bytes, known: KnownIdentifiers
) -> Iterator[Hit]:
    place = f"header extension {number} ({_CODES.get(code, 'code ' + str(code))})"
    text = printable_text(content)
    if not text:
        return
    if code in _NEEDED:
        yield from text_hits(text, place, known)
        return
    yield Hit("header-extension", place, text)
    if code == _DICOM:
        try:
            yield from (
                Hit(hit.kind, f"{place} {hit.field}", hit.value)
                for hit in dataset_hits(parse_dataset(content), known)
            )
            return
        except ScanError:
            pass
    yield from text_hits(text[:1_000_000], place, known)
