"""De-identifying a DICOM file by the basic profile of PS3.15 Annex E.

Attributes are removed, emptied, replaced by dummies or given new UIDs as the table says, private
attributes are removed, and any other text in which something identifying is recognised is
emptied. Pixels are not looked at: text burnt into them stays.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from headrisk.metadata.dicom_elements import DicomFile, Element
from headrisk.metadata.dicom_hits import DUMMIES, DUMMY_TEXT, METHOD_TAGS, dataset_hits
from headrisk.metadata.dicom_write import with_value
from headrisk.metadata.findings import Hit
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.profile import rule_for

_STANDARD = "1.2.840.10008."
_NUMBERS = frozenset({"AT", "FD", "FL", "OB", "OD", "OF", "OL", "OV", "OW", "SL", "SS", "SV", "UL",
                      "UN", "US", "UV"})  # fmt: skip
_METHOD = "headrisk: PS3.15 E.1 basic profile, pixels not cleaned"


@dataclass(frozen=True)
class NewUids:
    """New UIDs for old ones: the same for the same within a copy, and not to be traced back.

    ``key`` is 32 random bytes, forgotten with the run. New UIDs are under 2.25 (PS3.5, B.2).
    """

    key: bytes

    def replace(self, uid: str) -> str:
        """The new UID; UIDs that the standard gives out (classes, syntaxes) stay."""
        if not uid or uid.startswith(_STANDARD):
            return uid
        digest = hashlib.blake2b(uid.encode("latin-1", "replace"), key=self.key, digest_size=16)
        return f"2.25.{uuid.UUID(bytes=digest.digest(), version=4).int}"


def clean_dicom(
    file: DicomFile, known: KnownIdentifiers, uids: NewUids, removed: list[Hit]
) -> DicomFile:
    """The file without identifying attributes; values that went are added to ``removed``."""
    removed.extend(dataset_hits((*file.meta, *file.elements), known))
    meta = _cleaned(file.meta, known, uids)
    elements = _cleaned(file.elements, known, uids)
    elements += [
        Element(0x00120062, "CS", b"YES "),
        Element(0x00120063, "LO", _METHOD.encode()),
    ]
    return DicomFile(
        bytes(len(file.preamble)), tuple(meta), tuple(sorted(elements, key=_tag)), file.coding
    )


def _tag(element: Element) -> int:
    return element.tag


def _cleaned(elements: Sequence[Element], known: KnownIdentifiers, uids: NewUids) -> list[Element]:
    kept = (_clean(e, known, uids) for e in elements if e.tag not in METHOD_TAGS)
    return [element for element in kept if element is not None]


def _clean(element: Element, known: KnownIdentifiers, uids: NewUids) -> Element | None:
    rule = rule_for(element.tag)
    if rule is not None and rule.step == "remove":
        return None
    if rule is not None and rule.step in ("empty", "dummy"):
        if rule.step == "empty" or element.items is not None or not element.value:
            return with_value(element, b"")
        return with_value(element, _dummy(element.vr, rule.vr))
    if element.items is not None:
        items = tuple(tuple(_cleaned(item, known, uids)) for item in element.items)
        return replace(element, items=items)
    if rule is not None and rule.step == "uid":
        parts = bytes(element.value).decode("latin-1").rstrip(" \0").split("\\")
        new = "\\".join(uids.replace(part.strip(" \0")) for part in parts)
        return with_value(element, new.encode("latin-1"))
    if any(True for _ in dataset_hits((element,), known)):
        return with_value(element, b"")
    return element


def _dummy(vr: str, table_vr: str) -> bytes:
    name = table_vr if vr == "UN" else vr
    return b"" if name in _NUMBERS else DUMMIES.get(name, DUMMY_TEXT)
