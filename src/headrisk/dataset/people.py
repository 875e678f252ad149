"""Who is who: numbers for people and sessions, days between scans, tables of correspondences.

The same ``participant_id`` in two data sets is the same person, unless a table says otherwise (see
``headrisk.dataset.people``). Labels are compared exactly; labels that differ only in case are
used for nobody, because taking one person for two (or two for one) would change every rate.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from headrisk.dataset.labels import plain_label
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError
from headrisk.io.tsv import read_tsv
from headrisk.types import FloatArray, IntArray

# ----------------------------------------------------------------------
# Who is who in two data sets whose labels are not one key: a table of correspondences.
# ----------------------------------------------------------------------

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


# ----------------------------------------------------------------------
# Who is who: numbers for people and sessions, labels that may be confused, days between scans.
# ----------------------------------------------------------------------


def number_people(labels: Iterable[str]) -> IntArray:
    """One number per person, counted from 0 in order of first appearance.

    Parameters
    ----------
    labels
        ``participant_id`` of each scan, over all data sets of a run together.

    Returns
    -------
    (scans,) int64; equal labels have equal numbers.
    """
    codes: dict[object, int] = {}
    return np.array([codes.setdefault(label, len(codes)) for label in labels], dtype=np.int64)


def number_sessions(scans: Iterable[Scan]) -> IntArray:
    """One number per session of one person in one data set, from 0 by first appearance.

    Two images with one number were taken together and say nothing about linking.
    """
    codes: dict[object, int] = {}
    keys = ((scan.dataset, scan.participant_id, scan.session_id) for scan in scans)
    return np.array([codes.setdefault(key, len(codes)) for key in keys], dtype=np.int64)


_NUMBER = re.compile(r"^0*(\d+)(?:\.0+)?$")


def case_conflicts(labels: Iterable[str]) -> list[tuple[str, ...]]:
    """Groups of labels that differ only in case (or in Unicode case folding), sorted."""
    return _groups(labels, str.casefold)


def number_conflicts(labels: Iterable[str]) -> list[tuple[str, ...]]:
    """Groups of labels that are one number with more or fewer zeros, sorted.

    A spreadsheet that takes labels for numbers writes ``1`` or ``1.0`` for ``001``.

    >>> number_conflicts(["001", "1", "1.0", "10", "A2", "A02"])
    [('001', '1', '1.0')]
    """
    return _groups(labels, lambda label: _NUMBER.sub(r"\1", label))


def _groups(labels: Iterable[str], spelling: Callable[[str], str]) -> list[tuple[str, ...]]:
    groups: dict[str, set[str]] = defaultdict(set)
    for label in labels:
        groups[spelling(label)].add(label)
    return sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1)


def without_conflicts(scans: Sequence[Scan]) -> list[Scan]:
    """The scans with those failed whose participant labels differ from another's in case only.

    Nobody can say whether they are one person or two, so they are compared as neither.
    """
    clashing = {
        label: group
        for group in case_conflicts(scan.participant_id for scan in scans)
        for label in group
    }
    return [
        replace(
            scan,
            status="failed",
            reason=f"participant labels {' and '.join(clashing[scan.participant_id])} differ only "
            "in case: rename them, so that one person has one label",
        )
        if scan.participant_id in clashing and scan.status == "ok"
        else scan
        for scan in scans
    ]


def require_distinct_labels(labels: Iterable[str], subject: str) -> None:
    """Refuse participant labels that differ only in case.

    Call it on each data set, and on all data sets of a run together.

    Raises
    ------
    InputError
        Names the labels.
    """
    conflicts = case_conflicts(labels)
    if conflicts:
        shown = ", ".join(" and ".join(group) for group in conflicts[:5])
        raise InputError(
            subject,
            found=f"participant labels that differ only in case: {shown}",
            expected="one spelling for one person, and clearly different labels for two",
            remedy="Rename them, or name the participants to use.",
        )


def day_gaps(probe_dates: Sequence[str], gallery_dates: Sequence[str]) -> FloatArray:
    """(probes, galleries) days between acquisitions, NaN where a date is unknown."""
    first, second = _day_numbers(probe_dates), _day_numbers(gallery_dates)
    return np.abs(first[:, None] - second[None, :])


def _day_numbers(dates: Sequence[str]) -> FloatArray:
    numbers = [float(date.fromisoformat(day).toordinal()) if day else np.nan for day in dates]
    return np.array(numbers, dtype=np.float64)
