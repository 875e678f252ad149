"""Residual correlation: what is left of the correlation once the mean brain is removed.

All brains look alike, and the plain correlation measures mostly that. Subtracting a mean brain
leaves what is particular to a person. A probe must not enter the mean that is subtracted from
it, or it would be compared with itself; and if only the probe's own person were left out, the
mate would be the one gallery image absent from the mean, which raises mated scores by about
1 / people even where the images carry no identity at all. So the mean used for a pair leaves out
**both people of the pair**, which treats mated and non-mated pairs alike and makes the score
symmetric. Each person has one weight in the mean, however many scans they have.

With c the mean of all G people (one mean vector m_k for each), images and people centred at c,
the mean without people k and j is ``-(m_k + m_j) / n`` with n the number left. Every inner
product of the pair's residuals then follows from four matrix products of the block, so no mean
is ever recomputed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.brain.similarity.correlation import FLAT, moments, ncc
from headrisk.brain.similarity.registry import gallery_measure
from headrisk.errors import UsageError
from headrisk.types import BoolArray, Float32Array, FloatArray, IntArray

ENOUGH_PEOPLE = 20  # gallery people from which on the gallery's own mean is used
FEWEST_PEOPLE = 3  # two may be left out of the mean, so one is left
BLOCK_BYTES = 48 << 20


@gallery_measure("residual-correlation")
def residual_correlation(
    probes: Float32Array,
    gallery: Float32Array,
    probe_person: IntArray,
    gallery_person: IntArray,
    reference_mean: Float32Array | None = None,
    block: int | None = None,
) -> tuple[FloatArray, str]:
    """Correlate every pair after removing a mean brain.

    Parameters
    ----------
    probes, gallery
        (p, voxels) and (g, voxels) fingerprints.
    probe_person, gallery_person
        Person numbers, shared by both lists.
    reference_mean
        (voxels,) mean brain of other people. Used when the gallery has fewer than
        ``ENOUGH_PEOPLE`` people; without it the gallery's own mean is used from
        ``FEWEST_PEOPLE`` people on.
    block
        Images in a block; by default as many as fit ``BLOCK_BYTES``.

    Returns
    -------
    scores, note
        (p, g) correlations in [-1, 1], 0 where an image equals the mean; and which mean it was.

    Raises
    ------
    UsageError
        The gallery has too few people and no reference mean was given.
    """
    people = np.unique(gallery_person)
    step = block or max(1, min(512, BLOCK_BYTES // (4 * probes.shape[1])))
    if len(people) < ENOUGH_PEOPLE and reference_mean is not None:
        note = f"reference mean brain ({len(people)} gallery people are fewer than {ENOUGH_PEOPLE})"
        return _against_reference(probes, gallery, reference_mean, step), note
    if len(people) < FEWEST_PEOPLE:
        raise UsageError(
            "residual-correlation",
            found=f"{len(people)} people in the gallery and no reference mean brain",
            expected=f"a reference mean brain or at least {FEWEST_PEOPLE} people",
            remedy="Give a reference mean brain or leave this measure out.",
        )
    note = f"gallery mean brain ({len(people)} people, without the two people of each pair)"
    mean = _mean_of_people(gallery, gallery_person, people)
    itself = probes is gallery
    out = np.empty((len(probes), len(gallery)))
    for i in range(0, len(probes), step):
        rows = slice(i, i + step)
        a = _side(probes[rows], probe_person[rows], gallery, gallery_person, mean)
        for j in range(i if itself else 0, len(gallery), step):
            columns = slice(j, j + step)
            b = _side(gallery[columns], gallery_person[columns], gallery, gallery_person, mean)
            out[rows, columns] = _block(a, b, len(people))
            if itself:
                out[columns, rows] = out[rows, columns].T
    return out, note


@dataclass(frozen=True)
class _Side:
    """One side of a block; everything centred at the mean of people and at 0 over voxels."""

    image: Float32Array  # (n, voxels)
    own: Float32Array  # (n, voxels) mean of the gallery scans of the image's person, or 0
    present: BoolArray  # (n,) whether that person has gallery scans
    person: IntArray  # (n,)
    image_image: FloatArray  # (n,) inner products of each image with itself,
    image_own: FloatArray  # with its person's mean,
    own_own: FloatArray  # and of that mean with itself


def _side(
    images: Float32Array,
    person: IntArray,
    gallery: Float32Array,
    gallery_person: IntArray,
    mean: Float32Array,
) -> _Side:
    image = _centred(images - mean)
    own = np.zeros_like(image)
    present = np.isin(person, gallery_person)
    for number in np.unique(person[present]):
        scans = np.asarray(gallery[gallery_person == number], dtype=np.float32)
        own[person == number] = _centred(scans.mean(axis=0) - mean)
    return _Side(
        image,
        own,
        present,
        person,
        np.vecdot(image, image).astype(np.float64),
        np.vecdot(image, own).astype(np.float64),
        np.vecdot(own, own).astype(np.float64),
    )


def _block(a: _Side, b: _Side, people: int) -> FloatArray:
    """Residual correlation of every pair of a block, each with its own two people left out."""
    other = a.person[:, None] != b.person[None, :]
    left = people - a.present[:, None].astype(np.float64) - (b.present[None, :] & other)
    weight = 1 / left
    # v = m_k + m_j, where a person who is both probe and gallery counts once.
    a_v = a.image_own[:, None] + other * (a.image @ b.own.T)
    b_v = a.own @ b.image.T + other * b.image_own[None, :]
    v_v = a.own_own[:, None] + other * (2.0 * (a.own @ b.own.T) + b.own_own[None, :])
    shared = weight**2 * v_v
    product = a.image @ b.image.T + weight * (a_v + b_v) + shared
    square_a = a.image_image[:, None] + 2 * weight * a_v + shared
    square_b = b.image_image[None, :] + 2 * weight * b_v + shared
    flat_a = square_a <= FLAT * a.image_image[:, None]
    flat_b = square_b <= FLAT * b.image_image[None, :]
    flat = flat_a | flat_b
    scale = np.sqrt(np.where(flat, 1, square_a) * np.where(flat, 1, square_b))
    return np.clip(np.where(flat, 0, product / scale), -1, 1)


def _against_reference(
    probes: Float32Array, gallery: Float32Array, mean: Float32Array, step: int
) -> FloatArray:
    out = np.empty((len(probes), len(gallery)))
    for i in range(0, len(probes), step):
        a = moments(_centred(probes[i : i + step] - mean))
        for j in range(0, len(gallery), step):
            b = moments(_centred(gallery[j : j + step] - mean))
            out[i : i + step, j : j + step] = ncc(a, b)
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
