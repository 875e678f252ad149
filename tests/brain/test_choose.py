"""Choosing from a stored cohort, against the rule written out for each scan."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrisk.brain.cohort import Cohort, choose
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError
from headrisk.types import ScanResult

SCANS = tuple(
    Scan(f"{p}{s}{c}", p, f"/{p}{s}{c}", session_id=s, suffix=c)
    for p in ("01", "02")
    for s in ("a", "b")
    for c in ("T1w", "T2w")
)
COHORT = Cohort(
    SCANS,
    tuple(ScanResult(scan.scan_id, "ok", "", 0.0, "ok", 1.0) for scan in SCANS),
    tuple(f"digest {scan.scan_id}" for scan in SCANS),
    tuple(f"key {scan.scan_id}" for scan in SCANS),
)


@pytest.mark.parametrize(
    ("contrasts", "participants", "sessions", "expected"),
    [
        (("T1w",), (), (), ["01aT1w", "01bT1w", "02aT1w", "02bT1w"]),
        (("T2w", "T1w"), ("sub-02",), ("ses-b",), ["02bT1w", "02bT2w"]),
        (("T2w",), ("01", "02"), ("a",), ["01aT2w", "02aT2w"]),
    ],
)
def test_columns_stay_together(
    contrasts: tuple[str, ...],
    participants: tuple[str, ...],
    sessions: tuple[str, ...],
    expected: list[str],
) -> None:
    chosen = choose(COHORT, Path("earlier"), contrasts, participants, sessions)
    assert [scan.scan_id for scan in chosen.scans] == expected
    assert [result.scan_id for result in chosen.results] == expected
    assert chosen.digests == tuple(f"digest {name}" for name in expected)
    assert chosen.keys == tuple(f"key {name}" for name in expected)


@pytest.mark.parametrize(
    ("contrasts", "participants", "sessions", "found"),
    [
        (("FLAIR",), (), (), "no fingerprint of FLAIR .found: T1w, T2w"),
        (("T1w",), ("03", "01"), (), "no fingerprint of 03;"),
        (("T1w",), (), ("A",), "no fingerprint of A;"),
    ],
)
def test_what_is_not_there_is_named(
    contrasts: tuple[str, ...], participants: tuple[str, ...], sessions: tuple[str, ...], found: str
) -> None:
    with pytest.raises(InputError, match=found):
        choose(COHORT, Path("earlier"), contrasts, participants, sessions)
