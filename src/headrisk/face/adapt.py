"""Bring photographs and renders into one space, without touching the photographs asked for.

A render differs from a photograph of the same face in ways that all faces share: no hair, no
colour, other light. Both clouds of embeddings are therefore centred, each on its own mean, and the
directions in which the pictures of *one* person vary (view, light, expression) are scaled down.

Whose pictures are used: the mean and the spread of renders come from the gallery, which an attacker
holds. The mean of photographs comes from the other people's photographs, never from the set that is
asked for; an attacker would take any photographs of strangers instead. No label that links a
photograph to a scan is used.

Within-class scaling follows Hatch, Kajarekar and Stolcke (2006), within-class covariance
normalisation, with the shrinkage of the covariance towards its mean variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.face.match import unit
from headrisk.types import FloatArray, IntArray


@dataclass(frozen=True)
class Adapted:
    """Embeddings in the common space, rows of length 1: (photographs, d) and (renders, d)."""

    photos: FloatArray
    renders: FloatArray


def adapt(
    photos: FloatArray,
    photo_set: IntArray,
    renders: FloatArray,
    render_scan: IntArray,
    *,
    shrinkage: float = 0.5,
) -> Adapted:
    """Centre both clouds and scale down what varies within people.

    Parameters
    ----------
    photos, photo_set
        (photographs, d) embeddings and the set of each.
    renders, render_scan
        (renders, d) embeddings and the scan of each.
    shrinkage
        0 takes the measured covariance, 1 none at all (centring alone).
    """
    photos, renders = unit(photos), unit(renders)
    centred_renders = renders - renders.mean(axis=0)
    centred_photos = photos - mean_of_others(photos, photo_set)
    within = within_scatter(renders, render_scan)
    scale = whitening(within, shrinkage)
    return Adapted(unit(centred_photos @ scale), unit(centred_renders @ scale))


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
