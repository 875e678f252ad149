"""Text in the headers and extensions of NIfTI images.

Where it stands is told by ``io.nifti_header``; extension codes follow the NIfTI committee's list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from headrisk.errors import ScanError
from headrisk.io.nifti_header import NiftiPlan, extension_bytes
from headrisk.metadata.closed import open_words
from headrisk.metadata.dicom_elements import parse_dataset
from headrisk.metadata.dicom_hits import dataset_hits
from headrisk.metadata.fields import kind_of_field
from headrisk.metadata.findings import Hit
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.name_words import EPONYMS
from headrisk.metadata.people import family_names, given_names
from headrisk.metadata.text import printable_text, text_hits

MOST_EXTENSION_BYTES = 32 * 1024 * 1024
_DICOM, _AFNI, _COMMENT = 2, 4, 6
_NEEDED = frozenset({32, 44})  # CIFTI's XML and MRS's JSON, without which the data mean nothing
_CODES = {
    0: "unknown",
    2: "DICOM",
    4: "AFNI",
    6: "comment",
    8: "XCEDE",
    10: "JIMDIMINFO",
    12: "workflow forwards",
    14: "FreeSurfer",
    16: "Python pickle",
    18: "MIND identifier",
    20: "b value",
    22: "spherical direction",
    24: "DT component",
    30: "CARET",
    32: "CIfTI",
    34: "variable frame timing",
    38: "eval",
    40: "MATLAB",
    42: "Quantiphyse",
    44: "MRS",
}
# A number alone may be anybody's: a record, an age.
_BARE = re.compile(r"\d{2,}|.*(?<![\w.])\d{6,}(?!\w).*", re.DOTALL)
# What programs write about themselves.
_ORDINARY = re.compile(
    r"(?:FSL[\d.]*|[\d.]+:?[0-9a-f]{6,}|spm.*|SPM.*|nibabel.*|AFNI.*|FreeSurfer.*|mrtrix.*|ANTs.*"
    r"|ITK.*|niftyreg.*|NiftyReg.*|NIfTI.*|FLOAT\w*|[Uu]?INT\w*|3[Dd] image|4[Dd] image"
    r"|(?:TE|phase|mb|sec|dwell|FA|TR|TI|Time(?==0+(?:\.0+)?$))=?[\d.]*|phase|magnitude|none"
    r"|(?:(?:created|made|written|converted) (?:by|with|using) )?[A-Za-z][\w+-]{1,20}"
    r"(?: [A-Za-z][\w+-]{1,20})? v?\d{1,2}(?:\.\d{1,3}){1,3}[a-z]?"
    r"|\d{1,2}(?:\.\d{1,3}){1,3}|\.\.?|r|dsr__?|Mrtrix.*|MRtrix.*|c3d.*|greedy.*|.*headrisk.*|[A-Za-z]{1,3}"
    r"|(?:[\[\]()+:>< ,._#-]|\d|(?:[zftpr]?stats?|t?cope|varcope|vectors?|scalar|labels?|mask|whole"
    r"|brain|img|image|scale|scaled|mc|dvolreg|deoblique|warp|warped|field|displacement|jacobian"
    r"|p|val|vals|values?|corrp|tfce|contrast|beta|con|ess|correlation|zscore|ttest|ftest|chisq"
    r"|normal|dims?|intensity|mean|std|motion|moco|fieldmap|segmentation|tissue|gm|wm|csf|atlas"
    r"|time|series|resampled|smoothed|realigned|coregistered|bet|susan|mcflirt|flirt|fnirt|melodic"
    r"|eddy|topup|dti|fa|md|tensor|matrix|surface|hz|rad|map))+)",
    re.IGNORECASE,
)


def kept_extensions(plan: NiftiPlan, known: KnownIdentifiers) -> bytes:
    """Extensions that stay in a cleaned image, as they are stored: needed ones with no hits."""
    out = b""
    for number, (code, content) in enumerate(plan.extensions, start=1):
        if (
            code in _NEEDED
            and plan.single
            and not plan.problem
            and not any(True for _ in _extension_hits(number, code, content, known))
        ):
            out += extension_bytes(code, content, plan.header.order)
    return out


def kept_texts(plan: NiftiPlan) -> Iterator[tuple[str, str]]:
    """Texts of extensions that a cleaned image keeps, by their place."""
    for number, (code, content) in enumerate(plan.extensions, start=1):
        if code in _NEEDED:
            yield f"header extension {number} ({_CODES[code]})", printable_text(content)


def nifti_hits(plan: NiftiPlan, known: KnownIdentifiers) -> Iterator[Hit]:
    """Everything identifying in header and extensions."""
    for name, (start, end) in plan.header.text_places.items():
        text = printable_text(plan.header.raw[start:end])
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
    elif (
        not hits
        and not _is_closed(text)
        and (
            _BARE.fullmatch(text)
            or _CODE.search(text)
            or any(map(_is_long_number, _TOKEN.findall(text)))
            or not all(_ORDINARY.fullmatch(part) for part in text.split(";") if part)
        )
    ):
        yield Hit("header-text", f"header {name}", text)


def _is_closed(text: str) -> bool:
    """Whether a text is of the vocabulary and of names of methods and atlases alone."""
    if _NUMBERED.search(text) or not any(map(str.isalpha, text)):
        return False
    methods = EPONYMS - family_names() - given_names()
    return not _BARE.fullmatch(text) and not open_words(text, known_key=True) - methods - _PLACES


_NUMBERED = re.compile(r"\d{4}")
_TOKEN = re.compile(r"[\w./-]+")
_VERSION = re.compile(r"v?\d{1,2}(?:\.\d{1,3}){1,3}|v\d[\d.]*")
_DECIMAL = re.compile(r"[A-Za-z]*-?\d{1,4}\.\d+(?:[eE][-+]?\d+)?")


def _is_long_number(token: str) -> bool:
    """Whether digits are as many as in the number of a person or an order, however grouped."""
    if _VERSION.fullmatch(token) or (_DECIMAL.fullmatch(token) and not token[0].isupper()):
        return False
    return sum(map(str.isdigit, token)) >= _LONG and not _HASH.fullmatch(token)


_LONG = 6
_HASH = re.compile(r"[0-9a-f]{7,40}")
_CODE = re.compile(r"[A-Za-z]{2,}[-_/ ]?\d{6,}(?![.\d])")  # the number of an order or a person
_PLACES = frozenset({"mgh", "mni", "dkt", "ucla", "jhu", "icbm"})  # where atlases come from
_BUILD = re.compile(r"FreeSurfer [A-Z][a-z]{2} +\d{1,2} \d{4}")  # the day the program was built


def kept_fields(plan: NiftiPlan, known: KnownIdentifiers) -> dict[str, bytes]:
    """Text fields as a copy holds them: as they are where nothing identifying stands in them.

    Of settings with semicolons between them (``TE=30;Time=142210.1;phase=1``) those that identify
    go, and the others stay.
    """
    kept = {}
    for name, (start, end) in plan.header.text_places.items():
        raw = bytes(plan.header.raw[start:end].partition(b"\0")[0])
        parts = raw.split(b";")
        stay = [
            part
            for part in parts
            if _ORDINARY.fullmatch(text := printable_text(part))
            and not any(_text_hits(name, text, known))
        ]
        if not any(_text_hits(name, printable_text(plan.header.raw[start:end]), known)):
            kept[name] = raw
        elif len(parts) > 1 and stay:
            kept[name] = b";".join(stay)
    return kept


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
