"""The demonstration's data set: synthetic heads with known identity."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from headrisk.brain.template import load_template
from headrisk.imaging.phantom import PhantomSettings, write_cohort
from headrisk.job import Job
from headrisk.run.engine import mapper
from headrisk.run.events import Finished, Started

STAGE = "make heads"


def make_cohort(data: Path, people: int, sessions: int, identity: float, job: Job) -> Path:
    """Write a BIDS data set of synthetic people; returns its folder.

    Parameters
    ----------
    data
        Folder to make.
    people, sessions
        How many persons, and sessions of each.
    identity
        How strongly people differ; 0 gives everybody the same anatomy.
    job
        Seed, number of processes and listener are taken from it.

    Raises
    ------
    UsageError
        The folder holds something, or a number is out of range.
    """
    settings = replace(PhantomSettings(), identity=identity)
    begin = time.monotonic()
    job.listen(Started(STAGE, people))
    write_cohort(
        data,
        people,
        sessions,
        settings,
        np.random.default_rng(job.settings.seed),
        load_template(),
        mapper=mapper(job.processes),
    )
    job.listen(Finished(STAGE, people, 0, time.monotonic() - begin))
    return data
