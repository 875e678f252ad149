"""Photographs against scans before and after a treatment, on the same people; and what is left.

The naive attacker takes the treated scans as they are. The adaptive one repairs the face first.
A scan in which no face is found any more is a failure to acquire, not a failed match.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from headrisk.attacks.face import Faces, match, plan
from headrisk.dataset.scans import Scan
from headrisk.deidentify.comparison_change import measure_changes
from headrisk.face.describe import PhotoResult
from headrisk.face.detect.registry import detectors
from headrisk.face.head import HeadResult
from headrisk.face.photo_table import Photo
from headrisk.face.presence import face_left as presence_of
from headrisk.face.presence import seen_by
from headrisk.face.recognise.protocol import Recogniser
from headrisk.findings.deidentified import Attacker, Effect, FaceLeft
from headrisk.job import Job
from headrisk.run.provenance import CostLog
from headrisk.types import PairScores


@dataclass(frozen=True)
class Pictures:
    """Photographs of people, and what each usable one gave."""

    photos: tuple[Photo, ...]
    results: tuple[PhotoResult, ...]


@dataclass(frozen=True)
class Looks:
    """The same scans before and after: their labels, and what looking at each head gave.

    ``adaptive`` are the heads after the attacker's repair, or None where none was tried.
    """

    scans: tuple[Scan, ...]
    before: tuple[HeadResult, ...]
    after: tuple[HeadResult, ...]
    adaptive: tuple[HeadResult, ...] | None = None


def face_effects(
    looks: Looks,
    pictures: Pictures,
    asked: Sequence[Recogniser],
    job: Job,
    log: CostLog,
    rng: np.random.Generator,
) -> tuple[Effect, ...]:
    """Change of every measure's rates, the headline first, naive before adaptive."""
    if not pictures.results:
        return ()
    before = _search(looks.scans, looks.before, pictures, asked, job, log)
    sides: dict[Attacker, tuple[HeadResult, ...]] = {"naive": looks.after}
    if looks.adaptive is not None:
        sides["adaptive"] = looks.adaptive
    after = {
        attacker: _search(looks.scans, heads, pictures, asked, job, log)
        for attacker, heads in sides.items()
    }
    return measure_changes("face", before, after, rng)


def _search(
    scans: tuple[Scan, ...],
    heads: tuple[HeadResult, ...],
    pictures: Pictures,
    asked: Sequence[Recogniser],
    job: Job,
    log: CostLog,
) -> Mapping[str, PairScores]:
    faces = Faces(scans, heads, pictures.photos, pictures.results)
    return match(faces, plan(faces), asked, job, log)[0]


def face_left(before: Sequence[HeadResult], after: Sequence[HeadResult]) -> FaceLeft:
    """What is left of faces, in the scans that could be looked at both times."""
    both = [
        (old, new)
        for old, new in zip(before, after, strict=True)
        if old.sight is not None and new.sight is not None
    ]
    verdicts = Counter(str(presence_of(new)) for _, new in both)
    seen = {
        name: (
            sum(seen_by(old, name) for old, _ in both),
            sum(seen_by(new, name) for _, new in both),
        )
        for name in detectors()
    }
    return FaceLeft(len(both), dict(verdicts), seen)
