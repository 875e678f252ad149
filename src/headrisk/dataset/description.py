"""Which data set it is: the name and release that its own files state."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrisk.errors import InputError
from headrisk.io.digests import open_regular
from headrisk.io.values import parse_json

DESCRIPTION, CHANGES = "dataset_description.json", "CHANGES"
LONGEST = 200
_MOST_BYTES = 1 << 20
_DOI = re.compile(r"\b10\.\d{4,9}/[A-Za-z0-9._;()/:-]+")
_VERSION = re.compile(r"^\s*v?(\d+(?:\.[\w+-]+)+)", re.IGNORECASE)


@dataclass(frozen=True)
class DataSetName:
    """What a page calls a data set.

    ``name`` is that of ``dataset_description.json``, else of the folder or file; "" where it must
    not be told. ``release`` is the first version in ``CHANGES``, else the DOI, else "". ``against``
    names the data sets that it was compared with; ``doi`` is the one that it states for itself.
    """

    name: str
    release: str = ""
    against: tuple[str, ...] = ()
    doi: str = ""


def name_data_set(path: Path, against: Sequence[Path] = ()) -> DataSetName:
    """Name a data set by what stands in it. A description that cannot be read names nothing.

    Parameters
    ----------
    path
        A folder of any layout, a manifest, or a derived table.
    against
        The data sets that it is compared with.
    """
    described = _description(path)
    name = one_line(described.get("Name"))
    release = _first_version(path) or one_line(described.get("DatasetDOI"))
    others = tuple(name_data_set(other).name for other in against)
    doi = doi_in(described.get("DatasetDOI"))
    return DataSetName(name or one_line(_own_name(path)), release, others, doi)


def doi_in(text: Any) -> str:
    """The DOI in a text, without the resolver before it; "" where there is none.

    >>> doi_in("https://doi.org/10.18112/openneuro.ds000001.v1.0.0"), doi_in("to come"), doi_in(7)
    ('10.18112/openneuro.ds000001.v1.0.0', '', '')
    """
    found = _DOI.search(text) if isinstance(text, str) else None
    return found[0] if found else ""


def one_line(text: Any, longest: int = LONGEST) -> str:
    """A text on one line, without control characters, of at most ``longest`` characters.

    What is no text gives "".

    >>> one_line("a\\x00 b\\n c"), one_line("x" * 300)[-3:], one_line(7)
    ('a b c', 'xx…', '')
    """
    if not isinstance(text, str):
        return ""
    plain = "".join(
        " " if char.isspace() else char
        for char in text[: 50 * longest]
        if char.isspace() or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    line = " ".join(plain.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _own_name(path: Path) -> str:
    absolute = path.absolute()
    return absolute.name if absolute.is_dir() else absolute.name.split(".")[0]


def _read(path: Path) -> bytes:
    """The start of a file, nothing where there is none that can be read."""
    try:
        with open_regular(path) as stream:
            return stream.read(_MOST_BYTES)
    except (OSError, InputError):
        return b""


def _description(path: Path) -> dict[str, Any]:
    raw = _read(path / DESCRIPTION) if path.is_dir() else b""
    content, problem = parse_json(raw)
    if problem == "not UTF-8 text":  # the name is worth having all the same
        content, _ = parse_json(raw.decode("utf-8", "replace").encode())
    return content if isinstance(content, dict) else {}


def _first_version(path: Path) -> str:
    """The newest version of a BIDS ``CHANGES`` file, which lists versions from the newest on."""
    lines = _read(path / CHANGES).decode("utf-8", "replace").splitlines() if path.is_dir() else []
    found = (_VERSION.match(line) for line in lines)
    return next((one_line(match[1]) for match in found if match), "")
