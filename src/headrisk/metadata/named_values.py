"""Pairs of a name and a value in XML metadata, as GIFTI and CIFTI files hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from headrisk.metadata.fields import kind_of_field

_CDATA = r"\s*(?:<!\[CDATA\[)?"
_END = r"(?:\]\]>)?\s*"
_PAIR = re.compile(
    rf"<Name>{_CDATA}([^<>\[\]]{{1,80}}?){_END}</Name>\s*"
    rf"<Value>{_CDATA}(.{{0,4096}}?){_END}</Value>",
    re.DOTALL,
)

_NOTHING = frozenset({"", "n/a", "[removed]"})


def named_values(text: str) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of values whose name says that they identify (``UserName``)."""
    if "<Name>" not in text:
        return
    for pair in _PAIR.finditer(text):
        kind = kind_of_field(pair[1])
        if kind and pair[2].strip() not in _NOTHING:
            yield kind, *pair.span(2)
