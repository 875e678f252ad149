"""Faces before and after a de-identification: photographs against scans, scans against scans.

The naive attacker takes de-identified scans as they are. The adaptive one repairs the face first.
A scan in which no face is found any more is a failure to acquire, not a failed match.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from headrisk.attacks.face import Faces, match
from headrisk.attacks.face import plan as plan_of_photos
from headrisk.attacks.face_scans import Looked, plan
from headrisk.brain.prepare import AlignedBrain, PrepareTask, align_head
from headrisk.dataset.scans import Scan
from headrisk.deidentify.comparison_brain import changes_but_of
from headrisk.deidentify.repair import Donor, repair_face
from headrisk.face.cohort import Repairing, Run, look_at_heads
from headrisk.face.detect.registry import detectors
from headrisk.face.head import HeadResult, HeadTask, look_at_head
from headrisk.face.photo_table import Photo
from headrisk.face.photos import PhotoResult
from headrisk.face.presence import face_left as presence_of
from headrisk.face.presence import seen_by
from headrisk.face.recognise.protocol import Recogniser
from headrisk.face.scores import SCANS_NAME, scan_scores
from headrisk.findings.deidentified import Attacker, Effect, FaceLeft
from headrisk.io.nifti import load_volume
from headrisk.io.volume import Volume
from headrisk.job import Job
from headrisk.run.events import Listener
from headrisk.run.provenance import CostLog
from headrisk.types import BoolArray, IntArray, PairScores

# ----------------------------------------------------------------------
# Faces in scans against faces in scans before and after de-identification, on the same people.
#
# Before: scans as they are, searched by renders among the original scans of other sessions. After:
# the same scans, de-identified, searched among the same original scans. The attacker holds an
# untouched scan of another session, and needs no photograph.
# ----------------------------------------------------------------------


def scan_effects(
    original: Looked,
    of: Sequence[int],
    sides: Mapping[Attacker, Sequence[HeadResult]],
    asked: Sequence[Recogniser],
    job: Job,
    rng: np.random.Generator,
    failed: Collection[str] = (),
) -> tuple[Effect, ...]:
    """Change of every measure's rates, the headline first, naive before adaptive.

    Parameters
    ----------
    original
        Every original scan of the run with what was seen of its head.
    of
        For each de-identified scan the position of its original.
    sides
        What looking at the de-identified scans gave each attacker, in the order of ``of``.
    asked
        The recognisers; those whose templates are no vectors are left out.
    failed
        Names of recognisers that are not asked, as they failed at some of these heads.
    """
    design = plan(original, job)
    row_of = {int(place): row for row, place in enumerate(design.probes)}
    rows = np.array([row_of[place] for place in of if place in row_of], dtype=np.int64)
    kept = [k for k, place in enumerate(of) if place in row_of]
    seen = np.array([head.searchable for head in original.heads], dtype=np.bool_)
    columns = np.flatnonzero(seen[design.gallery])
    gallery = [original.heads[int(design.gallery[k])] for k in columns]
    allowed = design.usable[np.ix_(rows, columns)]
    people = design.probe_person[rows], design.gallery_person[columns]
    embedders = [one for one in asked if one.embedding]
    first = [original.heads[of[k]] for k in kept]
    before = _scores(first, gallery, allowed, people, embedders)
    if not before:
        return changes_but_of(SCANS_NAME, failed, {}, {}, rng)
    after = {
        attacker: _scores([heads[k] for k in kept], gallery, allowed, people, embedders)
        for attacker, heads in sides.items()
    }
    return changes_but_of(SCANS_NAME, failed, before, after, rng)


def _scores(
    heads: Sequence[HeadResult],
    gallery: Sequence[HeadResult],
    allowed: BoolArray,
    people: tuple[IntArray, IntArray],
    asked: Sequence[Recogniser],
) -> Mapping[str, PairScores]:
    """Scores under every measure; heads of which no render can be used are left out."""
    rows = [k for k, head in enumerate(heads) if head.searchable]
    if not rows or not gallery or not allowed[rows].any():
        return {}
    found = scan_scores([heads[k] for k in rows], gallery, allowed[rows], asked)
    return {
        name: PairScores(name, one.values, one.usable, people[0][rows], people[1])
        for name, one in found.items()
    }


# ----------------------------------------------------------------------
# Photographs against scans before and after de-identification, on the same people.
# ----------------------------------------------------------------------

VERSION = 2  # raise when any result of this module changes: stored results are then renewed


def repaired_heads(
    scans: Sequence[Scan], heads: Sequence[HeadResult], run: Run, listen: Listener
) -> tuple[HeadResult, ...]:
    """What the adaptive attacker gets: each head after the repair of its face.

    A head whose whole face is there, as after a replacement, offers nothing to repair: the attacker
    takes it as it is.
    """
    lacking = to_repair(heads)
    donors = find_donors(scans, heads)
    how = Repairing(look_at_repaired, VERSION, tuple(donors[k] for k in lacking))
    found = list(heads)
    looked = look_at_heads([scans[k] for k in lacking], run, listen, how)
    for k, head in zip(lacking, looked, strict=True):
        found[k] = head
    return tuple(found)


def to_repair(heads: Sequence[HeadResult]) -> list[int]:
    """Places of the heads that lack a part of the face, or of which that is not known."""
    return [k for k, head in enumerate(heads) if not _whole(head)]


def _whole(head: HeadResult) -> bool:
    return head.coverage is not None and head.coverage.verdict == "full"


def look_at_repaired(task: HeadTask) -> HeadResult:
    """Fill in what is missing of a face, then look at the head as at any other.

    A scan that cannot be repaired is a failure to acquire, with the reason.
    """
    return look_at_head(task, repair=_fill_in)


def _fill_in(volume: Volume, aligned: AlignedBrain, task: HeadTask) -> Volume:
    donor = None
    if task.donor is not None:
        path, suffix = task.donor
        other = load_volume(Path(path))
        found = align_head(other, PrepareTask(path, path, suffix, 4, "affine", task.accurate))
        donor = Donor(other, found.alignment.affine)
    return repair_face(
        volume, aligned.alignment.affine, subject=task.scan_id, donor=donor, seed=task.seed
    )


def find_donors(scans: Sequence[Scan], heads: Sequence[HeadResult]) -> tuple[Scan | None, ...]:
    """For each scan without its whole face, another contrast of the same person that has one.

    Both are in the de-identified data set: whoever shares a defaced T1w beside a whole FLAIR gives
    the face away. Images of the same session come first.
    """
    whole = [k for k, head in enumerate(heads) if _whole(head)]
    found: list[Scan | None] = []
    for k, scan in enumerate(scans):
        others = [
            scans[j]
            for j in whole
            if k not in whole
            and scans[j].participant_id == scan.participant_id
            and scans[j].suffix != scan.suffix
        ]
        others.sort(key=lambda other: other.session_id != scan.session_id)
        found.append(others[0] if others else None)
    return tuple(found)


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
    failed: Collection[str] = (),
) -> tuple[Effect, ...]:
    """Change of every measure's rates, the headline first, naive before adaptive.

    ``failed`` are names of recognisers that are not asked, as they failed at some of these images.
    """
    if not pictures.results:
        return ()
    before, lost = _search(looks.scans, looks.before, pictures, asked, job, log)
    names = [*failed, *lost]
    sides: dict[Attacker, tuple[HeadResult, ...]] = {"naive": looks.after}
    if looks.adaptive is not None:
        sides["adaptive"] = looks.adaptive
    after: dict[Attacker, Mapping[str, PairScores]] = {}
    for attacker, heads in sides.items():
        after[attacker], lost = _search(looks.scans, heads, pictures, asked, job, log)
        names += lost
    return changes_but_of("face", tuple(dict.fromkeys(names)), before, after, rng)


def _search(
    scans: tuple[Scan, ...],
    heads: tuple[HeadResult, ...],
    pictures: Pictures,
    asked: Sequence[Recogniser],
    job: Job,
    log: CostLog,
) -> tuple[Mapping[str, PairScores], Collection[str]]:
    """Scores by measure, and recognisers that could not compare."""
    faces = Faces(scans, heads, pictures.photos, pictures.results)
    scores, made = match(faces, plan_of_photos(faces), asked, job, log)
    return scores, made.failed.keys()


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
