"""Pairs of a name and a value in texts: XML metadata of GIFTI, lines of settings and logs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from headrisk.metadata.fields import bears_out, kind_of_field, kind_of_value

_CDATA = r"\s*(?:<!\[CDATA\[)?"
_END = r"(?:\]\]>)?\s*"
_PAIR = re.compile(
    rf"<Name>{_CDATA}([^<>\[\]]{{1,80}}?){_END}</Name>\s*"
    rf"<Value>{_CDATA}(.{{0,4096}}?){_END}</Value>",
    re.DOTALL,
)

# PatientName: Jane Doe / dob = 15031961 / "phone": "040 ..."
_LINE = re.compile(
    r"(?m)^[ \t#;*\"'-]{0,12}(?P<name>[^\W\d_][\w .-]{1,38}?)[\"']?[ \t]*[:=][ \t]*[\"']?"
    r"(?P<value>[^\n\"']{2,200}?)[\"',;]*[ \t]*$"
)
_DIRECT = frozenset({"person-name", "patient-id", "birth-date", "phone", "address", "email",
                     "accession-number", "staff-name"})  # fmt: skip


def named_lines(text: str) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of values in lines whose name says that they identify directly."""
    if ":" not in text and "=" not in text:
        return
    for line in _LINE.finditer(text):
        kind = kind_of_field(line["name"])
        value = line["value"].strip()
        if kind in _DIRECT and value.lower() not in _NOTHING and bears_out(kind, value):
            start = line.start("value")
            yield kind, start, start + len(line["value"].rstrip())


_NOTHING = frozenset({"", "n/a", "na", "none", "null", "unknown", "anonymous", "removed",
                      "[removed]",
                      "anonymized", "anonymised", "string", "str", "required"})  # fmt: skip


def named_values(text: str) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of values whose name says that they identify (``UserName``)."""
    if "<Name>" not in text:
        return
    for pair in _PAIR.finditer(text):
        kind = kind_of_value(pair[1], pair[2].strip())
        if kind and pair[2].strip().lower() not in _NOTHING:
            yield kind, *pair.span(2)
