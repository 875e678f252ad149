"""Indexing a manifest: a TSV that lists images wherever they are."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from headrisk.dataset.bids_names import IMAGE_ENDINGS
from headrisk.dataset.bids_tables import facts_of
from headrisk.dataset.face_claims import claim_of
from headrisk.dataset.labels import plain_label
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError
from headrisk.io.digests import irregular
from headrisk.io.tsv import Row, read_tsv

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

    Raises
    ------
    InputError
        Damaged table, missing column, empty participant or path; names the line.
    """
    rows = read_tsv(path)
    _require_columns(path, rows)
    return _once_each([(row.line, _scan(path, row, contrasts)) for row in rows])


def _once_each(listed: list[tuple[int, Scan]]) -> list[Scan]:
    """The scans with those failed whose file stands in an earlier line, or is two people's."""
    places: dict[str, list[tuple[int, Scan]]] = {}
    for line, scan in listed:
        places.setdefault(os.path.normpath(scan.path), []).append((line, scan))
    scans = []
    for line, scan in listed:
        same = places[os.path.normpath(scan.path)]
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


def _require_columns(path: Path, rows: list[Row]) -> None:
    if not rows:
        raise InputError(
            str(path),
            found="no rows below the header",
            expected="a line for each image, or for each row of a table of measurements",
            remedy="Fill it in.",
        )
    missing = [name for name in REQUIRED if name not in rows[0].values]
    if missing:
        raise InputError(
            str(path),
            found=f"no column {', '.join(missing)}",
            expected=f"columns {', '.join(REQUIRED)}, or a table with at least three columns of "
            "numbers that differ",
            remedy="Add the column; session_id may be left empty in every line.",
        )


def _scan(manifest: Path, row: Row, contrasts: tuple[str, ...]) -> Scan:
    for name in ("participant_id", "path"):
        if not row.values[name]:
            raise InputError(
                str(manifest),
                found=f"line {row.line} has no {name}",
                expected=f"a {name} in every line",
                remedy="Fill in the cell or remove the line.",
            )
    folder = manifest.absolute().parent
    image = folder / row.values["path"]
    problem = _problem(image)
    reason = f"{problem} (line {row.line} of {manifest.name})" if problem else ""
    facts = facts_of(row)
    return Scan(
        scan_id=_scan_id(image, folder),
        participant_id=plain_label(row.values["participant_id"], "sub"),
        session_id=plain_label(row.values["session_id"], "ses"),
        suffix=row.first("suffix") or _named_suffix(image.name) or contrasts[0],
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
    ending = next((e for e in IMAGE_ENDINGS if text.lower().endswith(e)), "")
    return text[: len(text) - len(ending)]


def _named_suffix(file_name: str) -> str:
    """The suffix of a BIDS file name (``sub-01_T1w.nii.gz``), or ""."""
    if not file_name.startswith("sub-") or "_" not in file_name:
        return ""
    return file_name.rsplit("_", 1)[1].split(".", 1)[0]
