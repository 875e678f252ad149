"""The part of a stored cohort that a run asks for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from headrisk.brain.cohort import Cohort
from headrisk.dataset.labels import plain_label
from headrisk.errors import InputError


def choose(
    cohort: Cohort,
    path: Path,
    contrasts: tuple[str, ...],
    participants: tuple[str, ...],
    sessions: tuple[str, ...],
) -> Cohort:
    """Scans of these contrasts, participants and sessions.

    Parameters
    ----------
    cohort
        Fingerprints of an earlier run.
    path
        The folder they were read from, for errors.
    contrasts
        BIDS suffixes wanted.
    participants, sessions
        Labels with or without ``sub-`` and ``ses-``; empty for all.

    Raises
    ------
    InputError
        A label is not there, or no scan is left.
    """
    people = {plain_label(label, "sub") for label in participants}
    visits = {plain_label(label, "ses") for label in sessions}
    missing = people - {scan.participant_id for scan in cohort.scans}
    missing |= visits - {scan.session_id for scan in cohort.scans}
    if missing:
        raise InputError(
            str(path),
            found=f"no fingerprint of {', '.join(sorted(missing))}",
            expected="labels of the earlier run",
            remedy="Correct the label or leave it out.",
        )
    kept = [
        k
        for k, scan in enumerate(cohort.scans)
        if scan.suffix in contrasts
        and (not people or scan.participant_id in people)
        and (not visits or scan.session_id in visits)
    ]
    if not kept:
        suffixes = sorted({scan.suffix for scan in cohort.scans})
        raise InputError(
            str(path),
            found=f"no fingerprint of {' or '.join(contrasts)} (found: {', '.join(suffixes)})",
            expected="contrasts that the earlier run prepared",
            remedy="Name another contrast, or run that audit with this one.",
        )
    return pick(cohort, kept)


def pick(cohort: Cohort, kept: Sequence[int]) -> Cohort:
    """The scans at these positions."""
    return Cohort(
        tuple(cohort.scans[k] for k in kept),
        tuple(cohort.results[k] for k in kept),
        tuple(cohort.digests[k] for k in kept),
        tuple(cohort.keys[k] for k in kept),
    )
