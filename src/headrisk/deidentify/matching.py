"""Treated scans and the scans they were made from: told by names, then by what they show."""

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
    """A treated scan, under the labels of the scan it was made from.

    ``of`` is that scan's position among the untreated scans. ``form`` says how the file differs in
    storage; ``doubt`` what speaks against the match, or "".
    """

    scan: Scan
    of: int
    how: How
    form: StoredChange
    doubt: str = ""


@dataclass(frozen=True)
class TreatedSet:
    """One treatment's scans: matched, not matched and why, and scans it does not hold.

    ``missing`` are positions among the untreated scans.
    """

    name: str
    pairs: tuple[Pairing, ...]
    extra: tuple[tuple[Scan, str], ...]
    missing: tuple[int, ...]
    notes: tuple[str, ...]


def labelled(scan: Scan, of: Scan) -> Scan:
    """A treated scan with everything that is known of its untreated one, under its own path."""
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
    untreated: Cohort,
    treated: Cohort,
    names: NameMatches,
    notes: Sequence[str],
    job: Job,
) -> TreatedSet:
    """Decide what belongs together, names first, and check every name against the images.

    A name is overruled only where the files' noise shows that the treated scan is another scan's
    image. Files that no name explains are matched to a scan of the same image.

    Parameters
    ----------
    untreated
        Scans of the audited data set with their fingerprints.
    treated
        All files of the treated data set, in the order that ``names`` refers to.
    """
    score = _scores(untreated, treated)
    taken = {match.original: match for match in names.matches}
    wrong = _suspect(taken, score)
    free = sorted(set(range(len(untreated.scans))) - taken.keys())
    asked = {k: _best(score[k], free) for k in names.open}
    asked |= {k: _best(score[k], range(len(untreated.scans))) for k in wrong}
    looks = _look(untreated, treated, asked, job)
    found, doubts = _overrule(taken, wrong, asked, looks, untreated)
    for k in names.open:
        place = _same_image(k, [c for c in asked[k] if c not in found], looks, score)
        if place is not None:
            found[place] = Match(k, place, "image")
    pairs = tuple(
        Pairing(
            labelled(treated.scans[m.copy], untreated.scans[place]),
            place,
            m.how,
            _form(untreated.scans[place], treated.scans[m.copy]),
            doubts.get(m.copy, ""),
        )
        for place, m in sorted(found.items())
    )
    used = {m.copy for m in found.values()}
    extra = tuple(
        (scan, names.refused.get(k) or doubts.get(k) or _unexplained(treated, k))
        for k, scan in enumerate(treated.scans)
        if k not in used
    )
    missing = tuple(k for k in range(len(untreated.scans)) if k not in found)
    return TreatedSet(name, pairs, extra, missing, tuple(notes))


def _unexplained(treated: Cohort, k: int) -> str:
    if treated.results[k].status == "failed":
        return (
            f"its name fits no scan, and its image cannot be compared: {treated.results[k].reason}"
        )
    return "neither its name nor its image fits a scan of the audited data set"


def _scores(untreated: Cohort, treated: Cohort) -> FloatArray:
    """(treated, untreated) similarity of brains; minus infinity where one could not be prepared."""
    score = np.full((len(treated.scans), len(untreated.scans)), -np.inf)
    sides = [
        np.array([k for k, r in enumerate(c.results) if r.vector is not None], dtype=np.int64)
        for c in (treated, untreated)
    ]
    if not sides[0].size or not sides[1].size:
        return score
    vectors = [
        np.array([c.results[k].vector for k in side], dtype=np.float32)
        for c, side in zip((treated, untreated), sides, strict=True)
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
    untreated: Cohort, treated: Cohort, asked: Mapping[int, Sequence[int]], job: Job
) -> dict[tuple[int, int], PairLook]:
    """The noise of each treated file beside that of its candidates."""
    pairs = [(k, place) for k, places in asked.items() for place in places]
    tasks = [
        PairTask(
            prepare_task(untreated.scans[place], job.settings),
            prepare_task(treated.scans[k], job.settings),
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
    untreated: Cohort,
) -> tuple[dict[int, Match], dict[int, str]]:
    """Matches by name without those that the images refute, and what is to be said of them."""
    none = np.full((max(asked, default=-1) + 1, len(untreated.scans)), -np.inf)
    truth = {k: _same_image(k, asked[k], looks, none) for k in wrong}
    place_of = {match.copy: place for place, match in taken.items()}
    found = {p: m for p, m in taken.items() if truth.get(m.copy) in (None, p)}
    doubts = {}
    for k in wrong:
        own, shown = place_of[k], truth[k]
        if shown is None:
            doubts[k] = "its brain is more like another scan's than like that of its name's"
        elif shown != own:
            other = untreated.scans[shown].scan_id
            doubts[k] = (
                f"its name says {untreated.scans[own].scan_id}, its image is that of {other}"
            )
            if shown not in found:
                found[shown] = Match(k, shown, "image")
    return found, doubts


def _form(before: Scan, after: Scan) -> StoredChange:
    """How a treated file differs in form; nothing where a header cannot be read."""
    try:
        return stored_change(stored_form(Path(before.path)), stored_form(Path(after.path)))
    except ScanError:
        return StoredChange()
