"""Who is who in two data sets whose labels are not one key: a table of correspondences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from headrisk.dataset.labels import plain_label
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError
from headrisk.io.tsv import read_tsv

COLUMNS = ("participant_id_a", "participant_id_b")


def read_same_people(path: Path) -> dict[str, str]:
    """Label in the first data set by label in the others.

    Raises
    ------
    InputError
        Damaged table, missing column, an empty cell, or a label listed twice; names the line.
    """
    rows = read_tsv(path)
    missing = [name for name in COLUMNS if not rows or name not in rows[0].values]
    if missing:
        raise _refusal(path, f"no column {', '.join(missing)}, or no row")
    found: dict[str, str] = {}
    for row in rows:
        first, second = (plain_label(row.values[name], "sub") for name in COLUMNS)
        if not first or not second:
            raise _refusal(path, f"line {row.line} names one person only")
        if second in found or first in found.values():
            raise _refusal(path, f"line {row.line} names somebody who was named before")
        found[second] = first
    return found


def relabelled(
    scans: Iterable[Scan], first: str, same: Mapping[str, str] | None
) -> tuple[Scan, ...]:
    """Scans with the first data set's labels; without a table they stay as they are.

    ``first`` is the first data set's name. Who is not in the table is in one data set only, and
    gets a label that no other has.
    """
    if same is None:
        return tuple(scans)
    return tuple(
        scan
        if scan.dataset == first
        else replace(
            scan,
            participant_id=same.get(scan.participant_id, f"{scan.dataset}:{scan.participant_id}"),
        )
        for scan in scans
    )


def _refusal(path: Path, found: str) -> InputError:
    return InputError(
        str(path),
        found=found,
        expected="columns participant_id_a and participant_id_b, each person once",
        remedy="Correct the table.",
    )
