"""Bring photographs and renders into one space, without touching the photographs asked for.

A render differs from a photograph of the same face in ways that all faces share: no hair, no
colour, other light. Both clouds of embeddings are therefore centred, each on its own mean, and the
directions in which the pictures of *one* person vary (view, light, expression, glasses, beard) are
scaled down.

Whose pictures are used: the mean and the spread of renders come from the gallery, which an attacker
holds. The mean and the spread of photographs come from the other people's photographs, never from
the set that is asked for; an attacker would take photographs of strangers instead. No label that
links a photograph to a scan is used.

Within-class scaling follows Hatch, Kajarekar and Stolcke (2006), within-class covariance
normalisation, with the shrinkage of the covariance towards its mean variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.face.match import unit
from headrisk.types import BoolArray, FloatArray, IntArray

FOLDS = 10
SHRINKAGE = 0.5


@dataclass(frozen=True)
class Centred:
    """Embeddings about their means, rows of length 1: (photographs, d) and (renders, d)."""

    photos: FloatArray
    renders: FloatArray


def centre(photos: FloatArray, photo_set: IntArray, renders: FloatArray) -> Centred:
    """Centre renders on their mean, and photographs on the mean of other people's.

    Parameters
    ----------
    photos, photo_set
        (photographs, d) embeddings and the set of each.
    renders
        (renders, d) embeddings.
    """
    photos, renders = unit(photos), unit(renders)
    return Centred(
        unit(photos - mean_of_others(photos, photo_set)), unit(renders - renders.mean(axis=0))
    )


def adapted_similarity(
    photos: FloatArray,
    photo_set: IntArray,
    renders: FloatArray,
    render_scan: IntArray,
    *,
    shrinkage: float = SHRINKAGE,
) -> FloatArray:
    """Cosines (photographs, renders) in a space where pictures of one person vary alike.

    Sets are taken in folds: the spread of photographs is that of the sets in the other folds.

    Parameters
    ----------
    photos, photo_set
        (photographs, d) embeddings and the set of each, numbered without gaps.
    renders, render_scan
        (renders, d) embeddings and the scan of each, numbered without gaps.
    shrinkage
        0 takes the measured covariance, 1 none at all (centring alone).
    """
    photos, renders = unit(photos), unit(renders)
    shifted = photos - mean_of_others(photos, photo_set)
    centred = renders - renders.mean(axis=0)
    of_renders = _share(within_scatter(renders, render_scan))
    cosine = np.empty((len(photos), len(renders)))
    for own in _folds(photo_set):
        others = np.unique(photo_set[~own], return_inverse=True)[1].astype(np.int64)
        scatter = of_renders + _share(within_scatter(photos[~own], others))
        scale = whitening(scatter, shrinkage)
        cosine[own] = unit(shifted[own] @ scale) @ unit(centred @ scale).T
    return cosine


def _folds(group: IntArray) -> list[BoolArray]:
    """Masks of the rows of each fold; the rows of one group stay together."""
    fold = group % FOLDS
    return [fold == number for number in np.unique(fold)]


def _share(covariance: FloatArray) -> FloatArray:
    """The covariance over its trace, so that two of them can be added; zeros stay."""
    return covariance / max(float(np.trace(covariance)), 1e-12)


def mean_of_others(vectors: FloatArray, group: IntArray) -> FloatArray:
    """For each row the mean over all rows of other groups; the whole mean where there is none.

    Groups count equally, however many rows they have.
    """
    groups = int(group.max()) + 1 if group.size else 0
    means = _group_means(vectors, group, groups)
    if groups < 2:
        return np.zeros_like(vectors)
    others = (means.sum(axis=0) - means) / (groups - 1)
    return np.asarray(others[group], dtype=np.float64)


def within_scatter(vectors: FloatArray, group: IntArray) -> FloatArray:
    """Pooled covariance (d, d) of the rows about the mean of their group."""
    groups = int(group.max()) + 1 if group.size else 0
    rest = vectors - _group_means(vectors, group, groups)[group]
    return np.asarray(rest.T @ rest / max(len(vectors) - groups, 1), dtype=np.float64)


def whitening(covariance: FloatArray, shrinkage: float) -> FloatArray:
    """The symmetric (d, d) matrix W for which W C W is the identity, C the shrunk covariance."""
    size = covariance.shape[0]
    level = float(np.trace(covariance)) / max(size, 1)
    if level <= 0:
        return np.eye(size)
    shrunk = (1 - shrinkage) * covariance + shrinkage * level * np.eye(size)
    values, axes = np.linalg.eigh(shrunk / level)
    return np.asarray(axes @ np.diag(1 / np.sqrt(np.maximum(values, 1e-9))) @ axes.T)


def _group_means(vectors: FloatArray, group: IntArray, groups: int) -> FloatArray:
    totals = np.zeros((groups, vectors.shape[1]))
    np.add.at(totals, group, vectors)
    counts = np.bincount(group, minlength=groups)
    return np.asarray(totals / np.maximum(counts, 1)[:, None], dtype=np.float64)
