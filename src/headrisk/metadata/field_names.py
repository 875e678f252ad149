"""Names of fields that say nothing of a person, because a standard or a converter gave them."""

from __future__ import annotations

from functools import cache
from importlib import resources

OURS = frozenset({"header", "gzip"})
ANOTHER = "another field"


@cache
def public_names() -> frozenset[str]:
    """Attribute keywords of DICOM, metadata names of BIDS, and the fields of dcm2niix."""
    path = resources.files("headrisk.metadata") / "data" / "field_names.txt"
    return frozenset(path.read_text("utf-8").split())


def public_name(field: str) -> str:
    """The field's name where every part of it is a known keyword, else ``another field``.

    >>> public_name("RepetitionTime"), public_name("header.shape"), public_name("Erika.EchoTime")
    ('RepetitionTime', 'header.shape', 'another field')
    """
    first, _, rest = field.partition(".")
    if first in OURS and rest.replace("_", "").isalpha():
        return field  # made by headrisk from the header, not by whoever wrote the file
    return field if public_names().issuperset(field.split(".")) else ANOTHER
