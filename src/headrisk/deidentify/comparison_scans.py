"""Faces in scans against faces in scans before and after a method, on the same people.

Before: scans as they are, searched by renders among the original scans of other sessions. After:
the same scans, de-identified, searched among the same original scans. The attacker holds an
untouched scan of another session, and needs no photograph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from headrisk.attacks.face_scans import Looked, plan
from headrisk.deidentify.comparison_change import measure_changes
from headrisk.face.head import HeadResult
from headrisk.face.recognise.protocol import Recogniser
from headrisk.face.scan_scores import SCANS_NAME, scan_scores
from headrisk.findings.deidentified import Attacker, Effect
from headrisk.job import Job
from headrisk.types import BoolArray, IntArray, PairScores


def scan_effects(
    original: Looked,
    of: Sequence[int],
    sides: Mapping[Attacker, Sequence[HeadResult]],
    asked: Sequence[Recogniser],
    job: Job,
    rng: np.random.Generator,
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
        return ()
    after = {
        attacker: _scores([heads[k] for k in kept], gallery, allowed, people, embedders)
        for attacker, heads in sides.items()
    }
    return measure_changes(SCANS_NAME, before, after, rng)


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
