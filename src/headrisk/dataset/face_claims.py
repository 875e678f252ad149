"""What a data set says was done to the faces in its scans.

BIDS has ``DeidentificationMethod`` (texts) and ``DeidentificationMethodCodeSequence`` (codes of
DICOM PS3.16 CID 7050) in sidecars; many data sets use a field such as ``Defaced``, name the tool in
``GeneratedBy``, or say it in file names (``desc-defaced``, ``_defaced``). Only what speaks of the
face counts: removing names from a header is de-identification too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from headrisk.dataset.bids_names import parse_name

_CODE = "113102"  # "Clean Recognizable Visual Features Option" of DICOM PS3.16 CID 7050
_REFACED = re.compile(r"re[-_ ]?fac(?:e|ed|er|ing)", re.IGNORECASE)
_REMOVED = re.compile(
    r"de[-_ ]?fac(?:e|ed|er|ing)|quick[-_ ]?shear|maskface|mask[-_ ]?face"
    r"|fac(?:e|es|ial features?)[-_ ](?:were |was |is |are )?(?:removed|masked|blurred|cut)"
    r"|skull[-_ ]?strip|brain[-_ ]?extract",
    re.IGNORECASE,
)
_NO = re.compile(r"\b(?:not|no|un|non|without)[-_ ]?(?:de|re)[-_ ]?fac|^(?:no|none|false|0)$", re.I)
_FIELDS = re.compile(r"^(?:is)?_?(?:de|re)[-_]?fac(?:e|ed|ing)(?:method|tool|software)?$", re.I)
_LONGEST = 120


def claim_of(file_name: str, sidecar: Mapping[str, Any], description: Mapping[str, Any]) -> str:
    """What is claimed of the face in one scan, as ``FIELD: value``, or "".

    Parameters
    ----------
    file_name
        Name of the image.
    sidecar
        Values that apply to it, by the inheritance principle.
    description
        ``dataset_description.json``.
    """
    denied = False
    for source in (sidecar, description):
        for name, text in _statements(source):
            if _NO.search(text):
                denied = True
            elif speaks_of_face(text) or (_FIELDS.match(name) and text):
                return f"{name}: {text[:_LONGEST]}"
        if denied:  # the scan's own sidecar says no, whatever the data set says
            return ""
    parsed = parse_name(file_name)
    parts = [*parsed.entities.values(), parsed.suffix]
    found = next((part for part in parts if speaks_of_face(part)), "")
    return f"file name: {found}" if found else ""


def speaks_of_face(text: str) -> bool:
    """Whether a text says that a face was removed or replaced."""
    return bool(_REMOVED.search(text) or _REFACED.search(text)) and not _NO.search(text)


def claims_replacement(claim: str) -> bool:
    """Whether a claim says that another face was put in place of the own one."""
    return bool(_REFACED.search(claim))


def _statements(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Field and text of everything in a JSON object that may speak of faces."""
    for name, value in values.items():
        lower = name.lower()
        if lower == "deidentificationmethodcodesequence":
            yield from (
                (name, "Clean Recognizable Visual Features Option, defaced")
                for code in _codes(value)
                if code == _CODE
            )
        elif lower == "recognizablevisualfeatures" and str(value).strip().lower() == "no":
            yield name, "NO, face removed"
        elif lower in ("deidentificationmethod", "generatedby") or _FIELDS.match(name):
            yield from ((name, text) for text in _texts(value))


def _codes(value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield str(item.get("CodeValue", ""))


def _texts(value: Any) -> Iterator[str]:
    """Texts in a value of any shape; true and false are words."""
    if isinstance(value, bool):
        yield "yes" if value else "no"
    elif isinstance(value, str):
        yield value.strip()
    elif isinstance(value, int | float):
        yield "no" if value == 0 else "yes"
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key in ("Name", "Description"):
            yield from _texts(value.get(key, ""))
