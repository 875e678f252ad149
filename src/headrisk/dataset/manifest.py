"""Indexing a manifest: a TSV that lists images wherever they are."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from headrisk.dataset.bids_names import image_ending
from headrisk.dataset.bids_tables import facts_of
from headrisk.dataset.contrast import kind_beside_name
from headrisk.dataset.face_claims import claim_of
from headrisk.dataset.labels import plain_label
from headrisk.dataset.scans import Scan
from headrisk.dataset.sidecar import read_sidecar
from headrisk.errors import InputError
from headrisk.io.digests import irregular
from headrisk.io.tsv import Row, split_tsv
from headrisk.io.values import known

_WORDS = {"No such file or directory": "no such file"}
REQUIRED = ("participant_id", "session_id", "path")


def index_manifest(path: Path, contrasts: tuple[str, ...]) -> list[Scan]:
    """List the images of a manifest.

    Columns ``participant_id``, ``session_id`` (may be empty) and ``path`` (absolute, or relative
    to the manifest) are required; ``suffix``, ``site``, ``scanner``, ``age``, ``sex``,
    ``acq_date``, ``family_id``, ``deidentification_method`` and ``defaced`` are used where
    present. Without ``suffix`` it is read from a BIDS file name, else taken to be the first of
    ``contrasts``. A file that is not there gives a failed row, and so does one that
    is listed again, or is given to two people.

    A line that names nobody or no file, or has another number of cells than the header, gives a
    failed row too: others go on.

    Raises
    ------
    InputError
        Damaged table, or missing column.
    """
    lines = read_manifest(path)
    return _once_each([(line.row.line, _scan(path, line, contrasts)) for line in lines])


@dataclass(frozen=True)
class Line:
    """A line of a manifest, and why it cannot be used as it stands, or "".

    ``path`` is the file's; where the line names none, a place beside the manifest that says which
    line it is. ``somebody`` is the participant's label, one of its own where there is none.
    """

    row: Row
    path: Path
    somebody: str
    problem: str = ""


def read_manifest(path: Path) -> list[Line]:
    """The lines of a manifest.

    Raises
    ------
    InputError
        Damaged table, or missing column.
    """
    columns, lines = split_tsv(path, "replace")
    _require_columns(path, columns, bool(lines))
    return [_line(path, columns, number, cells) for number, cells in lines]


def _line(manifest: Path, columns: list[str], number: int, cells: list[str]) -> Line:
    values = dict(zip(columns, map(known, cells), strict=False))
    where = f"line {number} of {manifest.name}"
    problem = ""
    if any("\ufffd" in cell for cell in cells):
        problem = f"{where} is not UTF-8"
    elif len(cells) != len(columns):
        problem = f"{where} has {len(cells)} cells, the header {len(columns)}"
    if problem:
        values = {}  # nobody knows what the cells would have said
    missing = [name for name in ("participant_id", "path") if not values.get(name)]
    if missing and not problem:
        problem = f"{where} has no {' and no '.join(missing)}"
    folder = manifest.absolute().parent
    place = folder / (values.get("path") or f"{manifest.name}, line {number}")
    label = "" if problem else plain_label(values["participant_id"], "sub")
    return Line(Row(number, values), place, label or f"line {number}", problem)


def _once_each(listed: list[tuple[int, Scan]]) -> list[Scan]:
    """The scans with those failed whose file stands in an earlier line, or is two people's.

    A line that failed by itself says nothing of whose the file is.
    """
    places: dict[str, list[tuple[int, Scan]]] = {}
    for line, scan in listed:
        if scan.status == "ok":
            places.setdefault(_one_file(scan.path), []).append((line, scan))
    scans = []
    for line, scan in listed:
        if scan.status != "ok":
            scans.append(scan)
            continue
        same = places[_one_file(scan.path)]
        lines = " and ".join(str(number) for number, _ in same)
        if len({(one.participant_id, one.session_id) for _, one in same}) > 1:
            reason = f"lines {lines} give one file to different people or sessions"
        elif line != same[0][0]:
            reason = f"lines {lines} list the same file: the first one counts"
        else:
            reason = scan.reason
        failed = scan.status == "failed" or reason != scan.reason
        scans.append(replace(scan, status="failed" if failed else "ok", reason=reason))
    return scans


def _one_file(path: str) -> str:
    """One text for one file, however many links lead to it."""
    try:
        found = Path(path).stat()
    except OSError:
        return os.path.normpath(path)
    return f"{found.st_dev}:{found.st_ino}"


def _require_columns(path: Path, columns: list[str], filled: bool) -> None:
    if not filled:
        raise InputError(
            str(path),
            found="no rows below the header",
            expected="a line for each image, or for each row of a table of measurements",
            remedy="Fill it in.",
        )
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise InputError(
            str(path),
            found=f"no column {', '.join(missing)}",
            expected=f"columns {', '.join(REQUIRED)}, or a table with at least three columns of "
            "numbers that differ",
            remedy="Add the column; session_id may be left empty in every line. "
            "Numbers are written with a decimal point.",
        )


def _scan(manifest: Path, line: Line, contrasts: tuple[str, ...]) -> Scan:
    row, image = line.row, line.path
    problem = line.problem or _problem(image)
    said = "" if line.problem else f" (line {row.line} of {manifest.name})"
    suffix = row.first("suffix") or _named_suffix(image.name) or contrasts[0]
    if not problem:
        suffix, problem = kind_beside_name(suffix, _beside(image), contrasts)
    reason = f"{problem}{said}" if problem else ""
    folder = manifest.absolute().parent
    facts = facts_of(row)
    return Scan(
        scan_id=_scan_id(image, folder),
        participant_id=line.somebody,
        session_id=plain_label(row.values.get("session_id", ""), "ses"),
        suffix=suffix,
        path=str(image),
        site=facts.site,
        scanner=facts.scanner,
        age=facts.age,
        sex=facts.sex,
        acq_date=facts.acq_date,
        family_id=facts.family_id,
        face_claim=claim_of(image.name, _said_of_face(row), {}),
        status="failed" if reason else "ok",
        reason=reason,
    )


def _beside(image: Path) -> dict[str, Any]:
    """Values of the sidecar beside an image; none where there is none."""
    name = image.name
    sidecar = image.with_name(f"{name[: len(name) - len(image_ending(name))]}.json")
    return read_sidecar(sidecar)[0] if sidecar.is_file() else {}


def _problem(image: Path) -> str:
    """Why a path cannot be read, or ""."""
    reason = irregular(image)
    return _WORDS.get(reason, reason)


def _said_of_face(row: Row) -> dict[str, str]:
    """The row's statements on faces under the names that sidecars use."""
    told = {
        "DeidentificationMethod": row.first("deidentification_method", "deidentificationmethod"),
        "Defaced": row.first("defaced"),
    }
    return {name: text for name, text in told.items() if text}


def _scan_id(image: Path, folder: Path) -> str:
    """Path relative to the manifest where it lies below it, without the image ending."""
    name = image.relative_to(folder) if image.is_relative_to(folder) else image
    text = name.as_posix().lstrip("/")
    return text[: len(text) - len(image_ending(text))]


def _named_suffix(file_name: str) -> str:
    """The suffix of a BIDS file name (``sub-01_T1w.nii.gz``), or ""."""
    if not file_name.startswith("sub-") or "_" not in file_name:
        return ""
    return file_name.rsplit("_", 1)[1].split(".", 1)[0]
