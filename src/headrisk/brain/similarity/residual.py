"""Residual correlation: what is left of the correlation once the mean brain is removed.

All brains look alike, and the plain correlation measures mostly that. Subtracting a mean brain
leaves what is particular to a person. In small galleries the mean brain is the shipped template,
together with its first-order changes under misalignment and blur; in large ones the gallery's own
mean is removed as well. A probe must not enter the mean that is subtracted from
it, or it would be compared with itself. Leaving out only the probe's person is not enough: the
mate would then be the one gallery image absent from the mean, which lifts mated scores by about
1 / people even where images carry no identity at all (AUC 0.73 on pure noise with 20 people).
So every pair's mean leaves out **exactly two gallery people**: the two of the pair, or, where the
pair has only one person in the gallery (a mated pair, or a probe that is not enrolled), that one
and the next in order of person number. Mated and non-mated scores of images without identity
then have one distribution. Each person has one weight in the mean, however many scans they have.

With c the mean of all G people (one mean vector m_k for each), images and people centred at c,
the mean without people j and k is ``-(m_j + m_k) / (G - 2)``. Every inner product of a pair's
residuals then follows from a few matrix products of the block, so no mean is ever recomputed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.brain.similarity.correlation import FLAT, moments, ncc
from headrisk.brain.similarity.registry import Reference, gallery_measure
from headrisk.errors import UsageError
from headrisk.types import BoolArray, Float32Array, FloatArray, Grid, IntArray

ENOUGH_PEOPLE = 20  # gallery people from which on the gallery's own mean is used
FEWEST_PEOPLE = 3  # two are left out of the mean, so one is left
BLOCK_BYTES = 48 << 20


@gallery_measure("residual-correlation")
def residual_correlation(
    probes: Float32Array,
    gallery: Float32Array,
    probe_person: IntArray,
    gallery_person: IntArray,
    grid: Grid,
    reference: Reference | None = None,
    block: int | None = None,
) -> tuple[FloatArray, str]:
    """Correlate every pair of fingerprints after removing what all brains share.

    First the reference's directions are projected out of every fingerprint (the template brain
    and how it changes with a small misalignment or another resolution); from ``ENOUGH_PEOPLE``
    gallery people on, the gallery's own mean brain is then removed too. See
    :func:`residual_scores`.
    """
    directions = None if reference is None else reference.directions
    return residual_scores(probes, gallery, probe_person, gallery_person, directions, block)


def residual_scores(
    probes: Float32Array,
    gallery: Float32Array,
    probe_person: IntArray,
    gallery_person: IntArray,
    directions: Float32Array | None,
    block: int | None,
) -> tuple[FloatArray, str]:
    """Correlations of all pairs of vectors with what is common to people removed.

    Parameters
    ----------
    probes, gallery
        (p, values) and (g, values) vectors.
    probe_person, gallery_person
        Person numbers, shared by both lists.
    directions
        (k, values) orthonormal vectors to project out, from a reference that no person of the
        run is part of. With fewer than ``ENOUGH_PEOPLE`` gallery people nothing else is removed;
        without directions the gallery's own mean is used from ``FEWEST_PEOPLE`` people on.
    block
        Images in a block; by default as many as fit ``BLOCK_BYTES``.

    Returns
    -------
    scores, note
        (p, g) correlations in [-1, 1], 0 where nothing is left of an image; and what was removed.

    Raises
    ------
    UsageError
        The gallery has too few people and no directions were given.
    """
    people = np.unique(gallery_person)
    step = block or max(1, min(512, BLOCK_BYTES // (4 * probes.shape[1])))
    itself = probes is gallery
    if directions is not None:
        probes = _without(probes, directions)
        gallery = probes if itself else _without(gallery, directions)
        if len(people) < ENOUGH_PEOPLE:
            few = f"{len(people)} gallery people are fewer than {ENOUGH_PEOPLE}"
            return _plain(probes, gallery, step), f"mean of the shipped reference brain ({few})"
    if len(people) < FEWEST_PEOPLE:
        raise UsageError(
            "residual-correlation",
            found=f"{len(people)} people in the gallery and no reference brain",
            expected=f"a reference brain or at least {FEWEST_PEOPLE} people",
            remedy="Give a reference brain or leave this measure out.",
        )
    scores = _against_gallery(probes, gallery, probe_person, gallery_person, step)
    text = f"mean of the gallery ({len(people)} people, two left out for each pair)"
    return scores, text if directions is None else f"shipped reference brain and {text}"


def _without(vectors: Float32Array, directions: Float32Array) -> Float32Array:
    """The vectors less their components along orthonormal directions."""
    return np.asarray(vectors - (vectors @ directions.T) @ directions, dtype=np.float32)


@dataclass(frozen=True)
class _Side:
    """One side of a block; everything centred at the mean of people and at 0 over voxels."""

    image: Float32Array  # (n, voxels)
    own: Float32Array  # (n, voxels) mean of the gallery scans of the image's person, or 0
    person: IntArray  # (n,)


def _against_gallery(
    probes: Float32Array,
    gallery: Float32Array,
    probe_person: IntArray,
    gallery_person: IntArray,
    step: int,
) -> FloatArray:
    people = np.unique(gallery_person)
    mean = _mean_of_people(gallery, gallery_person, people)
    following = np.roll(people, -1)[np.searchsorted(people, gallery_person)]
    itself = probes is gallery

    def means(person: IntArray) -> Float32Array:
        return _person_means(person, gallery, gallery_person, mean)

    def side(images: Float32Array, person: IntArray) -> _Side:
        return _Side(_centred(images - mean), means(person), person)

    out = np.empty((len(probes), len(gallery)))
    for i in range(0, len(probes), step):
        rows = slice(i, i + step)
        a = side(probes[rows], probe_person[rows])
        enrolled = np.isin(a.person, people)
        for j in range(i if itself else 0, len(gallery), step):
            columns = slice(j, j + step)
            b = side(gallery[columns], gallery_person[columns])
            both = (a.person[:, None] != b.person) & enrolled[:, None]
            after = b.own if both.all() else means(following[columns])
            out[rows, columns] = _block(a, b, after, both, 1 / (len(people) - 2))
            if itself:
                out[columns, rows] = out[rows, columns].T
    return out


def _block(a: _Side, b: _Side, after: Float32Array, both: BoolArray, weight: float) -> FloatArray:
    """Residual correlation of every pair of a block.

    ``v`` is the sum of the two left-out people's means: b's person, and a's person where ``both``
    holds, else the person after b's, whose means are ``after``.
    """
    one = ~both
    after_a = a.image @ after.T if one.any() else 0.0
    a_v = a.image @ b.own.T + both * _inner(a.image, a.own)[:, None] + one * after_a
    b_v = both * (a.own @ b.image.T) + _inner(b.image, b.own) + one * _inner(b.image, after)
    v_v = both * (2.0 * (a.own @ b.own.T) + _inner(a.own, a.own)[:, None])
    v_v += _inner(b.own, b.own) + one * (2 * _inner(b.own, after) + _inner(after, after))
    shared = weight**2 * v_v
    product = a.image @ b.image.T + weight * (a_v + b_v) + shared
    image_a, image_b = _inner(a.image, a.image)[:, None], _inner(b.image, b.image)
    square_a = image_a + 2 * weight * a_v + shared
    square_b = image_b + 2 * weight * b_v + shared
    flat = (square_a <= FLAT * image_a) | (square_b <= FLAT * image_b)
    scale = np.sqrt(np.where(flat, 1, square_a) * np.where(flat, 1, square_b))
    return np.clip(np.where(flat, 0, product / scale), -1, 1)


def _person_means(
    person: IntArray, gallery: Float32Array, gallery_person: IntArray, mean: Float32Array
) -> Float32Array:
    """Centred mean of the gallery scans of each of these people; 0 for one who has none."""
    out = np.zeros((len(person), gallery.shape[1]), np.float32)
    for number in np.unique(person):
        scans = np.asarray(gallery[gallery_person == number])
        if len(scans):
            out[person == number] = _centred(scans.mean(axis=0) - mean)
    return out


def _inner(first: Float32Array, second: Float32Array) -> FloatArray:
    """Inner products of matching rows."""
    products: FloatArray = np.vecdot(first, second).astype(np.float64)
    return products


def _plain(probes: Float32Array, gallery: Float32Array, step: int) -> FloatArray:
    out = np.empty((len(probes), len(gallery)))
    for i in range(0, len(probes), step):
        a = moments(probes[i : i + step])
        for j in range(0, len(gallery), step):
            out[i : i + step, j : j + step] = ncc(a, moments(gallery[j : j + step]))
    return out


def _mean_of_people(gallery: Float32Array, person: IntArray, people: IntArray) -> Float32Array:
    """The mean brain with one weight for each person."""
    total = np.zeros(gallery.shape[1])
    scans = {int(number): int(np.count_nonzero(person == number)) for number in people}
    for vector, number in zip(gallery, person, strict=True):
        total += vector / np.float64(scans[int(number)])
    return (total / len(people)).astype(np.float32)


def _centred(vectors: Float32Array) -> Float32Array:
    """Each vector less its own mean over voxels."""
    centred: Float32Array = vectors - vectors.mean(axis=-1, keepdims=True)
    return centred
