"""The options of DICOM PS3.15 Annex E by name, and a custodian's own rules for single attributes.

What an option does to which attribute follows Table E.1-1 (``data/ps3_15_options.tsv``), the safe
private attributes Table E.3.10-1 (``data/ps3_15_safe_private.tsv``), the codes CID 7050 of PS3.16.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType

from headrisk.metadata.dicom_dictionary import (
    PRIVATE,
    TEXT_VRS,
    Rule,
    dictionary_entry,
    rule_for,
    tag_of_keyword,
)

STEPS = ("keep", "remove", "empty", "dummy", "uid")
MODIFIED = "longitudinal-modified-dates"
FULL_DATES = "longitudinal-full-dates"
OPTIONS = {
    "graphics": ("113103", "Clean Graphics Option"),
    "structured-content": ("113104", "Clean Structured Content Option"),
    "descriptors": ("113105", "Clean Descriptors Option"),
    FULL_DATES: ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    MODIFIED: ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "patient-characteristics": ("113108", "Retain Patient Characteristics Option"),
    "device-identity": ("113109", "Retain Device Identity Option"),
    "uids": ("113110", "Retain UIDs Option"),
    "safe-private": ("113111", "Retain Safe Private Option"),
    "institution-identity": ("113112", "Retain Institution Identity Option"),
}
BASIC_CODE = ("113100", "Basic Application Confidentiality Profile")
_TIMES = frozenset({"DA", "DT", "TM"})
_PATIENT_ID, _PATIENT_NAME = 0x00100020, 0x00100010
_OVERLAY_GROUP = Rule("UN", "X", "Overlay")
_UNKNOWN = Rule("UN", "X", "Attribute that the standard does not know")
_BASIC_TAG = re.compile(r"\(?([0-9A-Fa-f]{4}),?([0-9A-Fa-f]{4})\)?")
_PRIVATE_TAG = re.compile(r"\(?([0-9A-Fa-f]{4}), ?(?:xx)?([0-9A-Fa-f]{2}), ?\"?([^\"]+?)\"?\)?")


@dataclass(frozen=True)
class Policy:
    """What is done beyond the basic profile.

    Attributes
    ----------
    retain, clean
        Names of options: those of ``OPTIONS`` to retain, and to clean.
    own
        The custodian's steps by tag; for private attributes by group, last two digits and creator.
    """

    retain: frozenset[str] = frozenset({MODIFIED})
    clean: frozenset[str] = frozenset()
    own: Mapping[int | tuple[int, int, str], str] = field(
        default_factory=lambda: MappingProxyType({})
    )

    @property
    def codes(self) -> tuple[tuple[str, str], ...]:
        """Codes and meanings of (0012,0064); the profile is not claimed where own rules keep."""
        chosen = [OPTIONS[name] for name in OPTIONS if name in self.retain | self.clean]
        basic = [] if "keep" in self.own.values() else [BASIC_CODE]
        return tuple(sorted(basic + chosen))

    @property
    def dates(self) -> str:
        """The value of (0028,0303)."""
        if FULL_DATES in self.retain:
            return "UNMODIFIED"
        return "MODIFIED" if MODIFIED in self.retain else "REMOVED"


BASIC = Policy()


@dataclass(frozen=True)
class Decision:
    """What becomes of an attribute.

    ``step``: ``keep``, ``judge`` (text is kept unless it identifies), ``clean`` (identifying
    stretches go), ``remove``, ``empty``, ``dummy``, ``uid``, ``shift``, ``pseudonym``. ``rule`` is
    the profile's, None where it says nothing. ``own``: the custodian's rule decided.
    """

    step: str
    rule: Rule | None
    own: bool = False


def decide(tag: int, vr: str, creator: str, policy: Policy, *, known: bool = True) -> Decision:
    """The decision on one attribute.

    Parameters
    ----------
    tag, vr
        The attribute and what it holds.
    creator
        Of a private attribute: who reserved its block, "" if nobody did.
    policy
        Options and own rules.
    known
        Whether PS3.6 lists it.
    """
    own = policy.own.get((tag >> 16, tag & 0xFF, creator) if tag >> 16 & 1 else tag)
    rule = rule_for(tag)
    if rule is None and tag >> 24 == 0x60 and not tag >> 16 & 1:
        rule = _OVERLAY_GROUP
    if own is not None:
        return Decision(own, rule or Rule(vr, "X", "Own rule"), own=True)
    if rule is PRIVATE:
        safe = "safe-private" in policy.retain and is_safe_private(tag, vr, creator)
        return Decision("keep" if safe or _reserves_kept(tag, creator, policy) else "remove", rule)
    entry = dictionary_entry(tag)
    listed_as_uid = entry is not None and entry[0] == "UI"
    if rule is None and (vr in _TIMES or (vr == "UI" and not listed_as_uid)):
        rule = Rule(vr, "U" if vr == "UI" else "X/Z", entry[1] if entry else "unknown attribute")
        return Decision(_unlisted_step(vr, policy), rule)
    if rule is None:
        return Decision("judge", None) if known else Decision("remove", _UNKNOWN)
    return Decision(_step(tag, vr, rule, policy), rule)


def _unlisted_step(vr: str, policy: Policy) -> str:
    """What is done with dates and times that the table does not list, and UIDs of unknown use."""
    if vr == "UI":
        return "uid"
    if FULL_DATES in policy.retain:
        return "keep"
    return "shift" if MODIFIED in policy.retain else "empty"


def _step(tag: int, vr: str, rule: Rule, policy: Policy) -> str:
    options = _options().get(tag, {})
    for name in policy.retain - {MODIFIED}:
        if options.get(name) == "K":
            return "keep"
    if MODIFIED in policy.retain and options.get(MODIFIED) == "C" and vr in _TIMES:
        return "shift"
    cleans = [name for name in policy.clean | policy.retain - {MODIFIED} if name in options]
    if cleans and (vr == "SQ" or vr in TEXT_VRS - {"PN", "UI", "DA", "DT", "TM"}):
        return "clean"
    if tag in (_PATIENT_ID, _PATIENT_NAME):
        return "pseudonym"
    return rule.step


@cache
def _options() -> dict[int, dict[str, str]]:
    source = resources.files("headrisk.metadata") / "data" / "ps3_15_options.tsv"
    rows = (line.split("\t") for line in source.read_text("utf-8").splitlines()[1:])
    return {
        int(tag, 16): {name: code for name, _, code in (o.partition("=") for o in said.split(","))}
        for tag, said in rows
    }


@cache
def _safe_private() -> dict[tuple[int, int, str], str]:
    source = resources.files("headrisk.metadata") / "data" / "ps3_15_safe_private.tsv"
    rows = (line.split("\t") for line in source.read_text("utf-8").splitlines()[1:])
    return {(int(tag[:4], 16), int(tag[6:], 16), creator): vr for tag, creator, vr in rows}


def is_safe_private(tag: int, vr: str, creator: str) -> bool:
    """Whether Table E.3.10-1 lists a private attribute, or it reserves a block for such."""
    if 0x0010 <= tag & 0xFFFF <= 0x00FF:
        return any((g, c) == (tag >> 16, creator) for g, _, c in _safe_private())
    listed = _safe_private().get((tag >> 16, tag & 0xFF, creator))
    return listed is not None and vr in (listed, "UN")


def _reserves_kept(tag: int, creator: str, policy: Policy) -> bool:
    """Whether an element reserves a block of which an own rule keeps something."""
    return 0x0010 <= tag & 0xFFFF <= 0x00FF and any(
        step == "keep" and isinstance(key, tuple) and (key[0], key[2]) == (tag >> 16, creator)
        for key, step in policy.own.items()
    )


def own_key(name: str) -> int | tuple[int, int, str] | None:
    """What a rules file calls an attribute: a tag, a keyword, or group, element and creator.

    >>> own_key("PatientComments") == own_key("(0010,4000)") == 0x00104000
    True
    >>> own_key('(0019,xx0C,"SIEMENS MR HEADER")')
    (25, 12, 'SIEMENS MR HEADER')
    >>> own_key("NoSuchKeyword") is None
    True
    """
    if match := _BASIC_TAG.fullmatch(name.strip()):
        tag = int(match[1] + match[2], 16)
        return None if tag >> 16 & 1 else tag
    if match := _PRIVATE_TAG.fullmatch(name.strip()):
        group = int(match[1], 16)
        return (group, int(match[2], 16), match[3].strip()) if group & 1 else None
    return tag_of_keyword(name.strip())
