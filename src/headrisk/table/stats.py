"""Reading FreeSurfer's ``.stats`` files.

Such a file has comment lines with who and what made it, ``# Measure`` lines with values of the
whole brain, a ``# ColHeaders`` line, and one line for each region. The format is that of
mri_segstats and mris_anatomical_stats (https://surfer.nmr.mgh.harvard.edu/fswiki/mri_segstats).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from headrisk.errors import ScanError
from headrisk.io.digests import open_regular

LARGEST_BYTES = 4 * 1024 * 1024
_REGION_COLUMNS = {  # column of the file: what is measured, and its unit
    "Volume_mm3": ("volume", "mm^3"),
    "GrayVol": ("volume", "mm^3"),
    "SurfArea": ("area", "mm^2"),
    "ThickAvg": ("thickness", "mm"),
}
_UNITS = ("mm^3", "mm^2", "mm")
_CVS = re.compile(r"\$Id: *(\S+?),v (\S+)")


@dataclass(frozen=True)
class StatsFile:
    """What one file says.

    ``values`` maps a column name, such as ``lh_bankssts_thickness`` or ``Left-Hippocampus``, to
    its value in mm, mm^2 or mm^3. ``software`` is the version line, "" where there is none.
    """

    values: Mapping[str, float]
    software: str
    hemisphere: str


def read_stats(path: Path) -> StatsFile:
    """Read ``aseg.stats``, ``lh.aparc.stats`` or a file of the same form.

    Raises
    ------
    ScanError
        Unreadable, no ``# ColHeaders`` line, a line with more or fewer cells than the header, a
        value that is no number, a unit other than millimetres, fewer lines than ``# NRows``
        says, or a file of one hemisphere that does not say of which.
    """
    lines = _lines(path)
    header = dict(_header(lines))
    hemisphere = header.get("hemi", "") or _hemisphere_of(path.name)
    values: dict[str, float] = {}
    for number, line in lines:
        if line.startswith("# Measure "):
            name, value = _measure(path, number, line, hemisphere)
            if name:
                values.setdefault(name, value)
    values |= _regions(path, lines, header, hemisphere)
    return StatsFile(values, _software(header), hemisphere)


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        with open_regular(path) as stream:
            raw = stream.read(LARGEST_BYTES + 1)
        if len(raw) > LARGEST_BYTES:
            raise _refusal(path, "more than 4 MB", "a table of some hundred lines")
        text = raw.decode("utf-8")
    except OSError as error:
        raise _refusal(path, error.strerror or str(error), "a readable file") from error
    except UnicodeDecodeError as error:
        raise _refusal(path, "not UTF-8", "text as FreeSurfer writes it") from error
    found = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    return [(number, line) for number, line in found if line]


def _header(lines: list[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    """First word and rest of every comment line; of ``TableCol`` lines the number and property."""
    for _, line in lines:
        words = line.lstrip("# ").split(None, 3)
        if not line.startswith("#") or len(words) < 2:
            continue
        if words[0] == "TableCol" and len(words) == 4:
            yield f"{words[1]} {words[2]}", words[3]
        else:
            yield words[0], " ".join(words[1:])


def _measure(path: Path, number: int, line: str, hemisphere: str) -> tuple[str, float]:
    """Name and value of a ``# Measure`` line; no name where it is a ratio or a count.

    The line reads ``name, field, description, value, unit``; old versions forgot a comma.
    """
    parts = [part.strip() for part in line.removeprefix("# Measure ").split(",")]
    if len(parts) < 4:
        raise _refusal(path, f"line {number}: {len(parts)} parts", "name, field, value and unit")
    if parts[-1] not in _UNITS:
        return "", 0.0
    field = parts[1].split()[0] if parts[1] else parts[0]
    whole = parts[0] == "Cortex" and hemisphere and field != "CortexVol"
    return f"{hemisphere}_{field}" if whole else field, _number(path, number, parts[-2])


def _regions(
    path: Path, lines: list[tuple[int, str]], header: Mapping[str, str], hemisphere: str
) -> dict[str, float]:
    columns = header.get("ColHeaders", "").split()
    wanted = [k for k, name in enumerate(columns) if name in _REGION_COLUMNS]
    if "StructName" not in columns or not wanted:
        raise _refusal(
            path, "no # ColHeaders line with StructName and a volume, area or thickness",
            "a stats file of FreeSurfer",
        )  # fmt: skip
    cortical = "ThickAvg" in columns or "SurfArea" in columns
    if cortical and not hemisphere:
        raise _refusal(path, "no hemisphere", "a line '# hemi lh' or a file name such as lh.aparc")
    for k in wanted:
        unit = header.get(f"{k + 1} Units", _REGION_COLUMNS[columns[k]][1])
        if unit != _REGION_COLUMNS[columns[k]][1]:
            raise _refusal(path, f"{columns[k]} in {unit}", _REGION_COLUMNS[columns[k]][1])
    place, values = columns.index("StructName"), {}
    body = [(number, line.split()) for number, line in lines if not line.startswith("#")]
    for number, cells in body:
        if len(cells) != len(columns):
            raise _refusal(path, f"line {number} has {len(cells)} cells", f"{len(columns)}")
        for k in wanted:
            kind = _REGION_COLUMNS[columns[k]][0]
            name = f"{hemisphere}_{cells[place]}_{kind}" if cortical else cells[place]
            if name in values:
                raise _refusal(path, f"line {number} names {cells[place]} again", "each once")
            values[name] = _number(path, number, cells[k])
    stated = header.get("NRows", "")
    if not body or (stated.isdigit() and int(stated) != len(body)):
        raise _refusal(
            path, f"{len(body)} regions", f"{stated or 'at least one'}; the file may be cut off"
        )
    return values


def _number(path: Path, line: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _refusal(path, f"line {line}: {text!r}", "a number")
    return value


def _hemisphere_of(name: str) -> str:
    parts = re.split(r"[._-]", name)
    side = next((part for part in parts if part in ("lh", "rh", "L", "R")), "")
    return {"L": "lh", "R": "rh"}.get(side, side)


def _software(header: Mapping[str, str]) -> str:
    """Program and version, without date, host or user."""
    version = header.get("cvs_version", "")
    match = _CVS.search(version)
    text = f"{match[1]} {match[2]}" if match else version.split(",")[0]
    program = header.get("generating_program", "")
    return text if not text or match or not program else f"{program} {text}"


def _refusal(path: Path, found: str, expected: str) -> ScanError:
    return ScanError(
        str(path), found=found, expected=expected, remedy="Make the file again or leave it out."
    )
