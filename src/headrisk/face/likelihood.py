"""How much more likely photographs and renders are if they show one person than if they show two.

A render differs from a photograph of the same face in ways that all faces share, and the pictures
of one person differ among themselves (view, light, expression, glasses, beard). Both are learnt,
and the means of a person's photographs and of a scan's renders are compared under the
two-covariance model of speaker recognition (Bruemmer and de Villiers 2010, "The speaker
partitioning problem", Odyssey; for faces Prince and Elder 2007, ICCV): what tells people apart
varies with one covariance, what makes pictures of one person differ with another. Of the first,
photographs and renders have only a share in common.

Whose pictures are used: centre and spread of renders come from the gallery, which an attacker
holds. Those of photographs come from other people's photographs, never from the set that is asked
for; an attacker would take photographs of strangers instead. No label that links a photograph to a
scan is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.face.match import group_means, unit
from headrisk.table.covariance import two_covariances
from headrisk.types import BoolArray, FloatArray, IntArray

# Chosen together on 124 synthetic people for development (seeds 1007 and 1101).
FOLDS = 10
DIRECTIONS = 128  # at most, of those in which people differ most
SHRINKAGE = 0.7  # of each covariance towards its mean variance
COMMON = 0.5  # share of what tells people apart that renders and photographs have in common
NOISE = 0.3  # of the spread of single pictures, what is left in the mean of several


@dataclass(frozen=True)
class _Side:
    """Means of groups about a centre, and the spread of the single pictures about their mean.

    Both are in units in which the mean variance of ``means`` is 1.
    """

    means: FloatArray  # (groups, d)
    rests: FloatArray  # (pictures, d)
    freedom: int

    @property
    def between(self) -> FloatArray:
        """Covariance (d, d) of the means."""
        return self.means.T @ self.means / max(len(self.means) - 1, 1)

    @property
    def within(self) -> FloatArray:
        """Pooled covariance (d, d) of the pictures about the mean of their group."""
        return self.rests.T @ self.rests / max(self.freedom, 1)

    def along(self, axes: FloatArray) -> _Side:
        """The same in the coordinates of orthonormal axes (d, k)."""
        return _Side(self.means @ axes, self.rests @ axes, self.freedom)


def likelihood_ratios(
    photos: FloatArray, photo_set: IntArray, renders: FloatArray, render_scan: IntArray
) -> FloatArray:
    """Log likelihood ratios (sets, scans), natural logarithm.

    Sets are taken in folds: what is learnt of photographs comes from the sets in the other folds.

    Parameters
    ----------
    photos, photo_set
        (photographs, d) embeddings and the set of each, numbered without gaps.
    renders, render_scan
        (renders, d) embeddings and the scan of each, numbered without gaps.
    """
    photos, renders = unit(photos), unit(renders)
    gallery, as_renders = _side(renders, render_scan)
    ratios = np.empty((int(photo_set.max()) + 1, len(gallery.means)))
    for own in _folds(photo_set):
        learnt, units = _side(photos[~own], _numbered(photo_set[~own]), as_renders)
        axes = _axes(gallery, learnt)
        probes = units.of(group_means(photos[own], _numbered(photo_set[own])))
        ratios[np.unique(photo_set[own])] = _ratios(
            probes @ axes, gallery.along(axes), learnt.along(axes)
        )
    return ratios


def _ratios(probes: FloatArray, gallery: _Side, photos: _Side) -> FloatArray:
    """Log likelihood ratios (probes, scans) where ``photos`` are other people's."""
    sides = [side.between for side in (gallery, photos) if len(side.means) > 1]
    size = gallery.means.shape[1]
    between = _shrunk(np.mean(sides, axis=0) if sides else np.eye(size))
    total = between + NOISE * _shrunk(gallery.within + photos.within)
    common = COMMON * between
    model = two_covariances(np.zeros(size), common, total - common)
    return model.score(probes, gallery.means)


@dataclass(frozen=True)
class _Units:
    """Subtracts a centre (d,) and divides by a scale."""

    centre: FloatArray
    scale: float

    def of(self, rows: FloatArray) -> FloatArray:
        """Rows (n, d) in these units."""
        return np.asarray((rows - self.centre) / self.scale)


def _side(vectors: FloatArray, group: IntArray, like: _Units | None = None) -> tuple[_Side, _Units]:
    """A side's means and rests, and its units; what too few groups leave open is as ``like``."""
    means = group_means(vectors, group)
    centre = means.mean(axis=0) if len(means) else np.zeros(vectors.shape[1])
    variance = float(((means - centre) ** 2).sum()) / max(len(means) - 1, 1) / vectors.shape[1]
    scale = float(np.sqrt(variance))
    if like is not None and len(means) < 2:
        centre, scale = centre if len(means) else like.centre, like.scale
    units = _Units(centre, scale if scale > 1e-9 else 1.0)
    rests = (vectors - means[group]) / units.scale
    return _Side(units.of(means), rests, len(vectors) - len(means)), units


def _axes(gallery: _Side, photos: _Side) -> FloatArray:
    """Orthonormal axes (d, k) along which scans and other people's photographs differ most."""
    size = gallery.means.shape[1]
    if size <= DIRECTIONS:
        return np.eye(size)
    both = np.concatenate([gallery.means, photos.means])
    return np.asarray(np.linalg.svd(both, full_matrices=False)[2][:DIRECTIONS].T)


def _shrunk(covariance: FloatArray) -> FloatArray:
    """The covariance drawn towards its mean variance, which is never less than a trifle."""
    level = max(float(np.trace(covariance)) / len(covariance), 1e-6)
    return (1 - SHRINKAGE) * covariance + SHRINKAGE * level * np.eye(len(covariance))


def _folds(group: IntArray) -> list[BoolArray]:
    """Masks of the rows of each fold; the rows of one group stay together."""
    fold = group % FOLDS
    return [fold == number for number in np.unique(fold)]


def _numbered(group: IntArray) -> IntArray:
    """The same groups numbered without gaps, in order."""
    return np.unique(group, return_inverse=True)[1].astype(np.int64)
