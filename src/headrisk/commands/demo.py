"""The demonstration's data set: synthetic heads with known identity."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from headrisk.brain.template import load_template
from headrisk.job import Job
from headrisk.run.engine import mapper
from headrisk.run.events import Finished, Started
from headrisk.synthetic.phantom import PhantomSettings, write_cohort

STAGE = "make heads"
PHOTOS_PER_PERSON = 3
VOXEL_MM = (1.25, 1.25, 1.25)  # the coarsest in which skin is followed without resampling
PHOTO_PIXELS = (240, 320)


def make_people(out: Path, people: int, sessions: int, identity: float, job: Job) -> Path:
    """Write a BIDS data set of synthetic people in ``out/data``, and photographs of them.

    Returns the table of photographs. Parameters and errors are those of :func:`make_cohort`.

    Raises
    ------
    MissingExtraError
        The extra ``faces`` is not installed.
    """
    from headrisk.synthetic.people.cohort import PeopleSettings, write_people
    from headrisk.synthetic.people.photo_settings import PhotoSettings
    from headrisk.synthetic.people.volume import PersonScanSettings

    settings = PeopleSettings(
        sessions=sessions,
        photos=PHOTOS_PER_PERSON,
        identity=identity,
        scan=PersonScanSettings(voxel_mm=VOXEL_MM),
        photo=PhotoSettings(size=PHOTO_PIXELS),
    )
    begin = time.monotonic()
    job.listen(Started(STAGE, people))
    table = write_people(
        out / "data",
        out / "photos",
        people,
        settings,
        np.random.default_rng(job.settings.seed),
        mapper=mapper(job.processes),
    )
    job.listen(Finished(STAGE, people, 0, time.monotonic() - begin))
    return table


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
