"""The story of an audit: take the scans in, run every attack that was asked for, look for faces
left, compare before and after a de-identification, write the report.

What an attack is stands in ``headrisk.attacks.attack``; each has a file there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from headrisk.attacks import combined, identifying_text, presence
from headrisk.attacks.attack import Attack, Context, run_attack
from headrisk.attacks.brain import BrainAttack
from headrisk.attacks.face import FaceAttack
from headrisk.attacks.face_scans import FaceScansAttack
from headrisk.attacks.material import examine_images
from headrisk.attacks.metadata import MetadataAttack
from headrisk.attacks.rescan import RescanAttack
from headrisk.attacks.table import TableAttack
from headrisk.brain.similarity import select
from headrisk.deidentify import comparison
from headrisk.face.photo_table import list_photos
from headrisk.face.recognise.registry import recognisers
from headrisk.intake import settled, take_in
from headrisk.job import Job
from headrisk.outcome import Outcome, conclude
from headrisk.run.engine import workers_kept
from headrisk.run.provenance import CostLog

ATTACKS: Mapping[str, Attack[Any, Any]] = {
    "brain": BrainAttack(),
    "face": FaceAttack(),
    "face-scans": FaceScansAttack(),
    "metadata": MetadataAttack(),
    "table": TableAttack(),
}
WITH_RESCANS: Mapping[str, Attack[Any, Any]] = {**ATTACKS, "brain": RescanAttack()}
TOGETHER: Attack[Any, Any] = combined.CombinedAttack()


def audit(job: Job) -> Outcome:
    """Measure how well the people of a data set can be found, and write the output folder.

    Parameters
    ----------
    job
        Data sets, output folder, attacks and settings. With worker processes, call it below
        ``if __name__ == "__main__":`` only.

    Returns
    -------
    Outcome
        ``report``, the public findings; ``scans``, every scan with its status; ``failed``, how
        many of them could not be used. Rates are shares of people in 0..1, sizes are in mm.

    Raises
    ------
    UsageError
        A measure or recogniser is unknown or cannot run, or the output folder cannot be used.
    InputError
        A data set cannot be used at all. Scans that cannot be used do not end the run.

    Notes
    -----
    What is measured and in which words follows ISO/IEC 19795-1:2021 (biometric performance) and
    BIDS 1.10 (data sets). The same input, settings and seed give the same bytes of
    ``report.json``, with one process or many.

    Examples
    --------
    >>> from pathlib import Path
    >>> from headrisk import Job, Source, audit
    >>> audit(Job(sources=(Source(Path("/nowhere")),), out=Path("/nowhere-either")))
    Traceback (most recent call last):
    ...
    headrisk.errors.InputError: /nowhere: no such file or folder; ...
    """
    require_known(job)
    with workers_kept():
        return _audited(job)


def _audited(job: Job) -> Outcome:
    started, log = datetime.now(UTC), CostLog()
    intake = take_in(job, log)
    job = settled(job, intake.scans)
    context = Context(examine_images(intake, job, log), job, log)
    attacks = WITH_RESCANS if job.simulate_rescan else ATTACKS
    for name in job.modalities:
        with log.attacking(name):
            found = run_attack(attacks[name], context)
        if found is not None:
            context.measured.append(found)
    measured = combined.ordered(context.measured, run_attack(TOGETHER, context))
    if "metadata" in job.modalities:
        with log.attacking("metadata"):
            measured = identifying_text.told(measured, identifying_text.seek(context))
    sought = presence.seek(context.intake, job, log) if job.faces_left else None
    treatments = comparison.measure(context)
    return conclude(context, measured, treatments, sought, started)


def require_known(job: Job) -> None:
    """Refuse a measure or a recogniser that is unknown or cannot run, before images are read.

    Raises
    ------
    UsageError
        Its name, and those that are known.
    InputError
        The table of photographs cannot be read.
    """
    select(job.settings.measures)
    if {"face", "face-scans"} & set(job.modalities) or job.weights:
        recognisers(job.settings.recognisers, job.weights)
    if job.photos is not None:
        list_photos(job.photos, frozenset(), job.today)
