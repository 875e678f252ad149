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
residuals then follows from the images' own inner products, so no mean image is ever made and
images need to be prepared only a block at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.brain.similarity.correlation import FLAT
from headrisk.brain.similarity.products import (
    BLOCK_BYTES,
    Prepare,
    Products,
    inner_products,
    shifted,
    without,
)
from headrisk.brain.similarity.registry import Reference, gallery_measure
from headrisk.errors import UsageError
from headrisk.types import Float32Array, FloatArray, Grid, IntArray

ENOUGH_PEOPLE = 20  # gallery people from which on the gallery's own mean is used
FEWEST_PEOPLE = 3  # two are left out of the mean, so one is left


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
    directions = None if reference is None else reference.fit_for(grid).directions

    def prepare(vectors: Float32Array) -> Float32Array:
        return without(vectors, directions)

    return residual_scores(
        probes,
        gallery,
        probe_person,
        gallery_person,
        prepare,
        step=block or block_size(grid.size),
        referenced=reference is not None,
    )


def block_size(values: int) -> int:
    """Images of this many values that are prepared at a time."""
    return max(1, min(512, BLOCK_BYTES // (4 * values)))


def residual_scores(
    probes: Float32Array,
    gallery: Float32Array,
    probe_person: IntArray,
    gallery_person: IntArray,
    prepare: Prepare,
    *,
    step: int,
    referenced: bool,
) -> tuple[FloatArray, str]:
    """Correlations of all pairs of prepared images, with what is common to people removed.

    Parameters
    ----------
    probes, gallery
        (p, voxels) and (g, voxels) fingerprints.
    probe_person, gallery_person
        Person numbers, shared by both lists.
    prepare
        Makes the centred vectors that are correlated.
    step
        Images in a block.
    referenced
        ``prepare`` takes out a reference that no person of the run is part of. With fewer than
        ``ENOUGH_PEOPLE`` gallery people nothing else is removed; without a reference the
        gallery's own mean is used from ``FEWEST_PEOPLE`` people on.

    Returns
    -------
    scores, note
        (p, g) correlations in [-1, 1], 0 where nothing is left of an image; and what was removed.

    Raises
    ------
    UsageError
        The gallery has too few people and there is no reference.
    """
    people = len(np.unique(gallery_person))
    if not referenced and people < FEWEST_PEOPLE:
        raise UsageError(
            "residual-correlation",
            found=f"{people} people in the gallery and no reference brain",
            expected=f"a reference brain or at least {FEWEST_PEOPLE} people",
            remedy="Give a reference brain or leave this measure out.",
        )
    few = referenced and people < ENOUGH_PEOPLE
    if not few:
        prepare = shifted(prepare, gallery[:step])
    products = inner_products(probes, gallery, prepare, step=step, within_gallery=not few)
    if products.gallery is None or few:
        text = f"{people} gallery people are fewer than {ENOUGH_PEOPLE}"
        return _correlations(products), f"shipped reference brain ({text})"
    scores = _against_gallery(products, products.gallery, probe_person, gallery_person)
    text = f"mean of the gallery ({people} people, two left out for each pair)"
    return scores, f"shipped reference brain and {text}" if referenced else text


def _correlations(products: Products) -> FloatArray:
    norms = np.sqrt(products.probe_square[:, None] * products.gallery_square)
    scores: FloatArray = np.divide(
        products.cross, norms, out=np.zeros_like(products.cross), where=norms > 0
    )
    return np.clip(scores, -1, 1)


@dataclass(frozen=True)
class _Centred:
    """Inner products of images with the means of people, all centred at the mean of people.

    ``people`` is the people's means with one another, (n, n); the others are one row for each
    image: with the people's means, (images, n), and with the image itself, (images,).
    """

    people: FloatArray
    probes: FloatArray
    probe_square: FloatArray
    gallery: FloatArray
    gallery_square: FloatArray
    cross: FloatArray


def _against_gallery(
    products: Products, gallery: FloatArray, probe_person: IntArray, gallery_person: IntArray
) -> FloatArray:
    numbers, first = np.unique(gallery_person, return_inverse=True)
    place = np.searchsorted(numbers, probe_person)
    enrolled = np.isin(probe_person, numbers)
    following = (first + 1) % len(numbers)
    centred = _centre(products, gallery, first, len(numbers))
    weight = 1 / (len(numbers) - 2)
    out = np.empty_like(products.cross)
    for row in range(len(out)):
        second = following
        if enrolled[row]:
            second = np.where(first == place[row], following, place[row])
        floor = FLAT * products.probe_square[row], FLAT * products.gallery_square
        out[row] = _row(centred, row, first, second, weight, floor)
    return out


def _centre(products: Products, gallery: FloatArray, person: IntArray, people: int) -> _Centred:
    """Move the origin to the mean of people; ``person`` is each gallery image's position."""
    share = np.zeros((people, len(person)))
    share[person, np.arange(len(person))] = 1 / np.bincount(person)[person]
    probes, images = products.cross @ share.T, gallery @ share.T
    means = share @ images
    probe_c, image_c, mean_c = probes.mean(axis=1), images.mean(axis=1), means.mean(axis=1)
    c_c = float(mean_c.mean())
    return _Centred(
        people=means - mean_c[:, None] - mean_c + c_c,
        probes=probes - probe_c[:, None] - mean_c + c_c,
        probe_square=products.probe_square - 2 * probe_c + c_c,
        gallery=images - image_c[:, None] - mean_c + c_c,
        gallery_square=products.gallery_square - 2 * image_c + c_c,
        cross=products.cross - probe_c[:, None] - image_c + c_c,
    )


def _row(
    at: _Centred,
    row: int,
    first: IntArray,
    second: IntArray,
    weight: float,
    floor: tuple[float, FloatArray],
) -> FloatArray:
    """Residual correlations of one probe with the gallery.

    ``first`` and ``second`` are the two people left out for each gallery image; v below is the
    sum of their means. Residuals whose square is not above ``floor`` count as nothing.
    """
    images = np.arange(len(first))
    a_v = at.probes[row, first] + at.probes[row, second]
    b_v = at.gallery[images, first] + at.gallery[images, second]
    v_v = at.people[first, first] + 2 * at.people[first, second] + at.people[second, second]
    shared = weight**2 * v_v
    product = at.cross[row] + weight * (a_v + b_v) + shared
    square_a = at.probe_square[row] + 2 * weight * a_v + shared
    square_b = at.gallery_square + 2 * weight * b_v + shared
    flat = (square_a <= floor[0]) | (square_b <= floor[1])
    scale = np.sqrt(np.where(flat, 1, square_a) * np.where(flat, 1, square_b))
    return np.clip(np.where(flat, 0, product / scale), -1, 1)
