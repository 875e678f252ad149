"""De-identified scans and the scans they were made from: told by names, then by what they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from headrisk.brain.cohort import Cohort, prepare_task
from headrisk.brain.reference import reference
from headrisk.brain.similarity import select
from headrisk.brain.template import template_grid
from headrisk.dataset.deidentified import How, Match, NameMatches
from headrisk.dataset.scans import Scan
from headrisk.duplicates.copies import EXAMINE_FROM, PairLook, PairTask, copy_finding, look_at
from headrisk.errors import ScanError
from headrisk.io.headers import StoredChange, stored_change, stored_form
from headrisk.job import Job
from headrisk.linkage.compare import compare
from headrisk.run.engine import run_tasks
from headrisk.types import FloatArray

MEASURE = "residual-correlation"
_CANDIDATES = 3  # scans looked at closely for a file that no name explains
# Files of one image have the same brain, voxel by voxel; two scans of one person do not come near.
_ONE_IMAGE, _CLEARLY = 0.95, 0.05


@dataclass(frozen=True)
class Pairing:
    """A de-identified scan, under the labels of the scan it was made from.

    ``of`` is that scan's position among the original scans. ``form`` says how the file differs in
    storage; ``doubt`` what speaks against the match, or "".
    """

    scan: Scan
    of: int
    how: How
    form: StoredChange
    doubt: str = ""


@dataclass(frozen=True)
class CopySet:
    """One method's scans: matched, not matched and why, and scans it does not hold.

    ``missing`` are positions among the original scans.
    """

    name: str
    pairs: tuple[Pairing, ...]
    extra: tuple[tuple[Scan, str], ...]
    missing: tuple[int, ...]
    notes: tuple[str, ...]


def labelled(scan: Scan, of: Scan) -> Scan:
    """A de-identified scan with everything that is known of its original, under its own path."""
    return replace(
        of,
        scan_id=scan.scan_id,
        path=scan.path,
        dataset=scan.dataset,
        status=scan.status,
        reason=scan.reason,
    )


def settle(
    name: str,
    originals: Cohort,
    copies: Cohort,
    names: NameMatches,
    notes: Sequence[str],
    job: Job,
) -> CopySet:
    """Decide what belongs together, names first, and check every name against the images.

    A name is overruled only where the files' noise shows that the de-identified scan is another
    scan's image. Files that no name explains are matched to a scan of the same image.

    Parameters
    ----------
    originals
        Scans of the audited data set with their fingerprints.
    copies
        All files of the de-identified data set, in the order that ``names`` refers to.
    """
    score = _scores(originals, copies)
    taken = {match.original: match for match in names.matches}
    wrong = _suspect(taken, score)
    free = sorted(set(range(len(originals.scans))) - taken.keys())
    asked = {k: _best(score[k], free) for k in names.open}
    asked |= {k: _best(score[k], range(len(originals.scans))) for k in wrong}
    looks = _look(originals, copies, asked, job)
    found, doubts = _overrule(taken, wrong, asked, looks, originals)
    for k in names.open:
        place = _same_image(k, [c for c in asked[k] if c not in found], looks, score)
        if place is not None:
            found[place] = Match(k, place, "image")
    pairs = tuple(
        Pairing(
            labelled(copies.scans[m.copy], originals.scans[place]),
            place,
            m.how,
            _form(originals.scans[place], copies.scans[m.copy]),
            doubts.get(m.copy, ""),
        )
        for place, m in sorted(found.items())
    )
    used = {m.copy for m in found.values()}
    extra = tuple(
        (scan, names.refused.get(k) or doubts.get(k) or _unexplained(copies, k))
        for k, scan in enumerate(copies.scans)
        if k not in used
    )
    missing = tuple(k for k in range(len(originals.scans)) if k not in found)
    return CopySet(name, pairs, extra, missing, tuple(notes))


def _unexplained(copies: Cohort, k: int) -> str:
    if copies.results[k].status == "failed":
        return (
            f"its name fits no scan, and its image cannot be compared: {copies.results[k].reason}"
        )
    return "neither its name nor its image fits a scan of the audited data set"


def _scores(originals: Cohort, copies: Cohort) -> FloatArray:
    """(copies, originals) similarity of brains; minus infinity where one could not be prepared."""
    score = np.full((len(copies.scans), len(originals.scans)), -np.inf)
    sides = [
        np.array([k for k, r in enumerate(c.results) if r.vector is not None], dtype=np.int64)
        for c in (copies, originals)
    ]
    if not sides[0].size or not sides[1].size:
        return score
    vectors = [
        np.array([c.results[k].vector for k in side], dtype=np.float32)
        for c, side in zip((copies, originals), sides, strict=True)
    ]
    resolution = next(r for r in (2, 3, 4) if template_grid(r).size == vectors[0].shape[1])
    found = compare(
        vectors[0],
        vectors[1],
        np.zeros(sides[0].size, dtype=np.int64),
        np.ones(sides[1].size, dtype=np.int64),
        np.ones((sides[0].size, sides[1].size), dtype=np.bool_),
        select((MEASURE,)),
        template_grid(resolution),
        reference=reference(resolution),
    )
    score[np.ix_(*sides)] = found[MEASURE].values
    return score


def _suspect(taken: Mapping[int, Match], score: FloatArray) -> list[int]:
    """Treated files matched by name whose image is clearly more like another scan's."""
    found = []
    for place, match in taken.items():
        row = score[match.copy]
        if row.size and row.max() >= EXAMINE_FROM and row.max() > row[place] + _CLEARLY:
            found.append(match.copy)
    return found


def _best(row: FloatArray, among: Sequence[int] | range) -> list[int]:
    ordered = sorted(among, key=lambda place: -row[place])
    return [place for place in ordered[:_CANDIDATES] if row[place] >= EXAMINE_FROM]


def _look(
    originals: Cohort, copies: Cohort, asked: Mapping[int, Sequence[int]], job: Job
) -> dict[tuple[int, int], PairLook]:
    """The noise of each de-identified file beside that of its candidates."""
    pairs = [(k, place) for k, places in asked.items() for place in places]
    tasks = [
        PairTask(
            prepare_task(originals.scans[place], job.settings),
            prepare_task(copies.scans[k], job.settings),
            compare=True,
        )
        for k, place in pairs
    ]
    done = run_tasks(look_at, tasks, processes=job.processes)
    return {
        pair: look if isinstance(look, PairLook) else PairLook(problem=look.reason)
        for pair, look in zip(pairs, done, strict=True)
    }


def _same_image(
    k: int,
    candidates: Sequence[int],
    looks: Mapping[tuple[int, int], PairLook],
    score: FloatArray,
) -> int | None:
    """The candidate that shares the file's noise, or is as like as only a copy can be."""
    shared = []
    for place in candidates:
        look = looks[k, place]
        if look.detail is not None and copy_finding(
            place,
            k,
            rewritten=look.rewritten,
            detail=look.detail,
            strength=look.strength,
            examined=len(looks),
        ):
            shared.append((look.detail, place))
    if shared:
        return max(shared)[1]
    row = sorted((score[k, place], place) for place in candidates)
    if row and row[-1][0] >= _ONE_IMAGE and (len(row) < 2 or row[-1][0] > row[-2][0] + _CLEARLY):
        return row[-1][1]
    return None


def _overrule(
    taken: Mapping[int, Match],
    wrong: Sequence[int],
    asked: Mapping[int, Sequence[int]],
    looks: Mapping[tuple[int, int], PairLook],
    originals: Cohort,
) -> tuple[dict[int, Match], dict[int, str]]:
    """Matches by name without those that the images refute, and what is to be said of them."""
    none = np.full((max(asked, default=-1) + 1, len(originals.scans)), -np.inf)
    truth = {k: _same_image(k, asked[k], looks, none) for k in wrong}
    place_of = {match.copy: place for place, match in taken.items()}
    found = {p: m for p, m in taken.items() if truth.get(m.copy) in (None, p)}
    doubts = {}
    for k in wrong:
        own, shown = place_of[k], truth[k]
        if shown is None:
            doubts[k] = "its brain is more like another scan's than like that of its name's"
        elif shown != own:
            other = originals.scans[shown].scan_id
            doubts[k] = (
                f"its name says {originals.scans[own].scan_id}, its image is that of {other}"
            )
            if shown not in found:
                found[shown] = Match(k, shown, "image")
    return found, doubts


def _form(before: Scan, after: Scan) -> StoredChange:
    """How a de-identified file differs in form; nothing where a header cannot be read."""
    try:
        return stored_change(stored_form(Path(before.path)), stored_form(Path(after.path)))
    except ScanError:
        return StoredChange()
