"""Is a scan mirrored: found by the brain's own asymmetry, and marked as doubtful.

A header that swaps left and right, or voxels flipped without it, leave a head that no quality
measure finds odd: brains are nearly symmetric, and so is the template. Two things give it away.

- **A mate.** The mirror image of a mirrored scan looks like the same person's other scans, and
  the scan itself does not. ``similarity(mirror of A, B)`` well above ``similarity(A, B)`` says that
  one of the two is mirrored; this is the strong test, and needs a second scan of the person.
- **The population's asymmetry.** The right hemisphere lies further forward and the left further
  back (petalia; LeMay 1976), which an average brain shows. The antisymmetric half of a fingerprint,
  (f - mirror of f) / 2, correlates with that of the ICBM 152 asymmetric average (Fonov and others
  2009), and in a mirrored scan the sign is turned. One person's asymmetry is mostly one's own, so
  one scan gives this away only now and then, and only where the others of the data set show the
  usual asymmetry; their mean tells whether a whole data set is mirrored.

``docs/trust.md`` holds what was measured, on which scans, and how often either test errs.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

import numpy as np
from scipy import special

from headrisk.brain.align import Alignment, Brain
from headrisk.brain.cohort import Cohort
from headrisk.brain.prepare import T1_LIKE, AlignedBrain, fingerprint
from headrisk.brain.reference import reference_basis
from headrisk.brain.similarity.products import without
from headrisk.brain.similarity.residual import block_size
from headrisk.brain.template import template_grid
from headrisk.dataset.people import number_people
from headrisk.io.weights import Arrays, read_archive
from headrisk.types import BoolArray, Float32Array, FloatArray, Grid, IntArray, ScanResult

# ----------------------------------------------------------------------
# Marking the scans of a run that may be mirrored as doubtful.
# ----------------------------------------------------------------------

ALL_ODD = (
    "The T1-weighted scans as a whole look mirrored: left and right may have been exchanged in "
    "this data set. Check the conversion before the data are used."
)
MOST_SCANS = 5000  # scans up to which every pair is compared in the mirror
UNPAIRED = "There are too many scans to look for mirrored ones by comparing every two of them."


@dataclass(frozen=True)
class MirrorCheck:
    """The cohort with doubtful scans marked, the pairs that told so, and what is to be said.

    Positions in ``pairs`` are those of all scans of the cohort.
    """

    cohort: Cohort
    pairs: tuple[MirroredPair, ...] = ()
    notes: tuple[str, ...] = ()


def check_mirrored(cohort: Cohort, resolution_mm: int) -> MirrorCheck:
    """Look for mirrored scans among the usable T1-weighted ones, and mark them as doubtful.

    Both scans of a pair are marked where it cannot be told which of the two is mirrored. Scans of
    other contrasts are left alone: nothing was measured on them.
    """
    chosen = [
        k
        for k, (scan, result) in enumerate(zip(cohort.scans, cohort.results, strict=True))
        if result.status == "ok" and result.vector is not None and scan.suffix in T1_LIKE
    ]
    if not chosen:
        return MirrorCheck(cohort)
    vectors = np.array([cohort.results[k].vector for k in chosen], np.float32)
    side = asymmetry(vectors, resolution_mm)
    people = number_people(cohort.scans[k].participant_id for k in chosen)
    notes = [ALL_ODD] if all_mirrored(side, people) else []
    pairs: tuple[MirroredPair, ...] = ()
    if len(chosen) <= MOST_SCANS:
        pairs = tuple(
            replace(
                pair,
                first=chosen[pair.first],
                second=chosen[pair.second],
                likely=None if pair.likely is None else chosen[pair.likely],
            )
            for pair in mirrored_pairs(vectors, resolution_mm)
        )
    else:
        notes.append(UNPAIRED)
    reasons = _reasons(cohort, pairs)
    odd = odd_ones(side, people)
    for k, value, told in zip(chosen, side.tolist(), odd.tolist(), strict=True):
        if told and k not in reasons:
            reasons[k].append(
                "may be mirrored: the asymmetry of its halves is the reverse of most people's "
                f"({value:.2f}, as about 1 of 100 scans have it)"
            )
    results = tuple(
        _doubt(result, reasons[k]) if k in reasons else result
        for k, result in enumerate(cohort.results)
    )
    return MirrorCheck(replace(cohort, results=results), pairs, tuple(notes))


def _reasons(cohort: Cohort, pairs: tuple[MirroredPair, ...]) -> dict[int, list[str]]:
    """What speaks against each scan of the pairs, by its position."""
    reasons: dict[int, list[str]] = defaultdict(list)
    for pair in pairs:
        for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
            likely = {None: "one of the two", one: "probably this one"}
            reasons[one].append(
                f"may be mirrored: its mirror image matches {cohort.scans[other].scan_id} "
                f"({pair.mirrored:.2f}) and it does not ({pair.score:.2f}); mirrored is "
                f"{likely.get(pair.likely, 'probably the other one')}"
            )
    return reasons


def _doubt(result: ScanResult, reasons: list[str]) -> ScanResult:
    said = "; ".join((result.reason, *reasons) if result.reason else reasons)
    return replace(result, verdict="doubtful", reason=said)


# ----------------------------------------------------------------------
# Is a scan mirrored: does the left of the image show the right of the brain?
# ----------------------------------------------------------------------

# Asymmetry of 30 T1w scans of patients (11 with tumours, 6 with multiple sclerosis) has mean 0.04
# and standard deviation 0.05; this is what 1 % of a normal distribution lies below.
ODD_ASYMMETRY = -0.075
ALIKE_MIRRORED = 0.35  # residual correlation of one scan's mirror image with the other
MORE_ALIKE = 0.15  # by how much more than of the scans as they are
TELLING = 0.10  # difference in asymmetry from which on the lower of a pair is named
FEWEST_PEOPLE = 5  # whose mean asymmetry is judged
ALL_MIRRORED = 0.001  # chance of so low a mean in people without any asymmetry
SHOWN = 0.025  # likewise of so high a mean, from which on people show the usual asymmetry
_BRAIN_LEVEL = 0.1


@dataclass(frozen=True)
class MirroredPair:
    """Two scans of which one seems to be mirrored; positions among the compared scans.

    ``score`` is their residual correlation as they are, ``mirrored`` with one of them mirrored;
    ``likely`` is the one that the population's asymmetry speaks against, or None.
    """

    first: int
    second: int
    score: float
    mirrored: float
    likely: int | None


def mirrored(vectors: Float32Array, grid: Grid) -> Float32Array:
    """Fingerprints as a mirror on the midplane shows them, (n, voxels).

    At 2 and 4 mm a voxel's mirror image is a voxel; at 3 mm it lies between two.
    """
    number = np.full((grid.mask.shape[0] + 1, *grid.mask.shape[1:]), grid.size, dtype=np.int64)
    number[:-1][grid.mask] = np.arange(grid.size)
    place = -2 * grid.affine[0, 3] / grid.affine[0, 0] - np.arange(grid.mask.shape[0])
    low = np.floor(np.round(place, 6)).astype(int)
    share = (place - low).astype(np.float32)
    inside = (low >= 0) & (low < grid.mask.shape[0])
    low = np.where(inside, low, grid.mask.shape[0])
    above = np.where(inside, low + 1, grid.mask.shape[0])
    padded = np.pad(vectors, ((0, 0), (0, 1)))
    weight = np.broadcast_to(share[:, None, None], grid.mask.shape)[grid.mask]
    here = padded[:, number[low][grid.mask]]
    if not weight.any():
        return here
    beyond = padded[:, number[above][grid.mask]]
    return np.asarray((1 - weight) * here + weight * beyond, np.float32)


def asymmetry(vectors: Float32Array, resolution_mm: int) -> FloatArray:
    """Correlation (n,) of each fingerprint's antisymmetric half with the average brain's.

    Positive in most people, negative in most mirrored scans. 0 where a fingerprint is symmetric.
    """
    odd = _antisymmetric(vectors, template_grid(resolution_mm))
    average = _average_asymmetry(resolution_mm)
    norms = np.linalg.norm(odd, axis=1) * float(np.linalg.norm(average))
    product = (odd @ average).astype(np.float64)
    return np.asarray(product / np.where(norms > 0, norms, 1), np.float64)


def mirrored_pairs(vectors: Float32Array, resolution_mm: int) -> tuple[MirroredPair, ...]:
    """Pairs of T1-weighted fingerprints (n, voxels) of which one seems to be mirrored."""
    grid = template_grid(resolution_mm)
    side = asymmetry(vectors, resolution_mm)
    step = block_size(grid.size)
    found: list[MirroredPair] = []
    for i in range(0, len(vectors), step):
        block = np.asarray(vectors[i : i + step])
        plain, turned = (_unit(one, resolution_mm) for one in (block, mirrored(block, grid)))
        for j in range(i, len(vectors), step):
            others = plain if j == i else _unit(np.asarray(vectors[j : j + step]), resolution_mm)
            score, swapped = plain @ others.T, turned @ others.T
            odd = (swapped >= ALIKE_MIRRORED) & (swapped - score >= MORE_ALIKE)
            for a, b in np.argwhere(odd).tolist():
                first, second = i + a, j + b
                if first < second:
                    lower = first if side[first] < side[second] else second
                    told = abs(side[first] - side[second]) >= TELLING
                    values = float(score[a, b]), float(swapped[a, b])
                    found.append(MirroredPair(first, second, *values, lower if told else None))
    return tuple(found)


def all_mirrored(side: FloatArray, people: IntArray) -> bool:
    """Whether a data set as a whole looks mirrored.

    ``side`` is the asymmetry of each scan and ``people`` its person; Student's t of the means of
    people must be as low as in one of a thousand data sets without any asymmetry.
    """
    means, _ = _means_of_people(side, people)
    if len(means) < FEWEST_PEOPLE:
        return False
    chance = _chance_of_less(means.mean(), means.var(ddof=1), len(means))
    return bool(chance < ALL_MIRRORED)


def odd_ones(side: FloatArray, people: IntArray) -> BoolArray:
    """Scans (n,) whose asymmetry is the reverse of most people's.

    They are only told where the other people of the data set show the usual asymmetry: in heads
    that do not, such as synthetic ones or those of another population, it means nothing.
    """
    means, place = _means_of_people(side, people)
    others = len(means) - 1
    if others < FEWEST_PEOPLE:
        return np.zeros(side.shape, dtype=bool)
    centre = (means.sum() - means) / others
    square = ((means**2).sum() - means**2) / others
    variance = np.maximum(square - centre**2, 0) * others / (others - 1)
    shown = _chance_of_less(-centre, variance, others) < SHOWN
    return np.asarray((side < ODD_ASYMMETRY) & shown[place], dtype=bool)


def _means_of_people(side: FloatArray, people: IntArray) -> tuple[FloatArray, IntArray]:
    _, place = np.unique(people, return_inverse=True)
    return np.bincount(place, side) / np.bincount(place), place


def _chance_of_less(mean: FloatArray, variance: FloatArray, people: int) -> FloatArray:
    """Chance of a mean at most this low where the true one is 0."""
    error = np.sqrt(np.maximum(variance, 1e-12) / people)
    return np.asarray(special.stdtr(people - 1, mean / error), np.float64)


def _unit(vectors: Float32Array, resolution_mm: int) -> Float32Array:
    """Vectors of length 1 of what is left of fingerprints without what all brains share."""
    left = without(vectors, reference_basis(resolution_mm))
    norms = np.linalg.norm(left, axis=1, keepdims=True)
    return np.asarray(left / np.where(norms > 0, norms, 1), np.float32)


def _antisymmetric(vectors: Float32Array, grid: Grid) -> Float32Array:
    return np.asarray((vectors - mirrored(vectors, grid)) / 2, np.float32)


@cache
def _average_asymmetry(resolution_mm: int) -> Float32Array:
    """Antisymmetric half of the asymmetric average brain's fingerprint, (voxels,) float32."""
    folder = resources.files("headrisk.brain") / "data"
    brain, affine = read_archive(folder, "asymmetry.npz", "headrisk.brain", "asymmetry", _build)
    aligned = AlignedBrain(brain, brain, Alignment(affine, 1.0), 0.0, ())
    found = fingerprint(aligned, resolution_mm)
    half: Float32Array = _antisymmetric(found[None], template_grid(resolution_mm))[0]
    return half


def _build(stored: Arrays) -> tuple[Brain, FloatArray]:
    t1 = stored["t1"].astype(np.float32) / np.float32(255)
    mask = t1 > _BRAIN_LEVEL
    brain = Brain(np.where(mask, t1, np.float32(0)), mask, stored["affine"].astype(np.float64))
    return brain, stored["aligned"].astype(np.float64)
