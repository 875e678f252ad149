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

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from headrisk.face.match import unit
from headrisk.table.covariance import two_covariances
from headrisk.types import BoolArray, FloatArray, IntArray

# Chosen together on 124 synthetic people for development (seeds 1007 and 1101).
FOLDS = 10
DIRECTIONS = 128  # at most, of those in which people differ most
SHRINKAGE = 0.7  # of each covariance towards its mean variance
COMMON = 0.5  # share of what tells people apart that renders and photographs have in common
BLOCK = 2048  # pictures taken at a time
NOISE = 0.3  # of the spread of single pictures, what is left in the mean of several


@dataclass(frozen=True)
class _Units:
    """Subtracts a centre (d,) and divides by a scale."""

    centre: FloatArray
    scale: float

    def of(self, rows: FloatArray) -> FloatArray:
        """Rows (n, d) in these units."""
        return np.asarray((rows - self.centre) / self.scale)


@dataclass(frozen=True)
class _Side:
    """Pictures of one kind and the mean (groups, d) of each group, of mean variance 1 in ``units``.

    Pictures (n, d) stay as they came; rows are scaled to length 1 where they are used.
    """

    means: FloatArray
    units: _Units
    pictures: FloatArray
    group: IntArray

    def along(self, axes: FloatArray) -> _Spread:
        """Means and deviations in the coordinates of orthonormal axes (d, k)."""
        means = self.means @ axes
        rests = [
            (unit(block) - self.units.centre) @ axes / self.units.scale - means[group]
            for block, group in _blocks(self.pictures, self.group)
        ]
        freedom = len(self.group) - len(means)
        return _Spread(means, np.concatenate(rests) if rests else means[:0], freedom)


@dataclass(frozen=True)
class _Spread:
    """How the means (groups, k) of a side differ, and its pictures from the mean of their group."""

    means: FloatArray
    rests: FloatArray
    freedom: int

    @property
    def between(self) -> FloatArray:
        """Covariance (k, k) of the means."""
        return self.means.T @ self.means / max(len(self.means) - 1, 1)

    @property
    def within(self) -> FloatArray:
        """Pooled covariance (k, k) of the pictures about the mean of their group."""
        return self.rests.T @ self.rests / max(self.freedom, 1)


def likelihood_ratios(
    photos: FloatArray, photo_set: IntArray, renders: FloatArray, render_scan: IntArray
) -> FloatArray:
    """Log likelihood ratios (sets, scans), natural logarithm.

    Sets are taken in folds: what is learnt of photographs comes from the sets in the other folds.

    Parameters
    ----------
    photos, photo_set
        (photographs, d) embeddings of any length, and the set of each, numbered without gaps.
    renders, render_scan
        (renders, d) embeddings and the scan of each, numbered without gaps.
    """
    gallery, as_renders = _side(renders, render_scan)
    ratios = np.empty((int(photo_set.max()) + 1, len(gallery.means)))
    for own in _folds(photo_set):
        learnt, units = _side(photos[~own], _numbered(photo_set[~own]), as_renders)
        axes = _axes(gallery.means, learnt.means)
        probes = units.of(_means(photos[own], _numbered(photo_set[own])))
        ratios[np.unique(photo_set[own])] = _ratios(
            probes @ axes, gallery.along(axes), learnt.along(axes)
        )
    return ratios


def _ratios(probes: FloatArray, gallery: _Spread, photos: _Spread) -> FloatArray:
    """Log likelihood ratios (probes, scans) where ``photos`` are other people's."""
    sides = [side.between for side in (gallery, photos) if len(side.means) > 1]
    size = gallery.means.shape[1]
    between = _shrunk(np.mean(sides, axis=0) if sides else np.eye(size))
    total = between + NOISE * _shrunk(gallery.within + photos.within)
    common = COMMON * between
    model = two_covariances(np.zeros(size), common, total - common)
    return model.score(probes, gallery.means)


def _side(
    pictures: FloatArray, group: IntArray, like: _Units | None = None
) -> tuple[_Side, _Units]:
    """A side in its own units; what too few groups leave open is as ``like``."""
    means = _means(pictures, group)
    centre = means.mean(axis=0) if len(means) else np.zeros(pictures.shape[1])
    variance = float(((means - centre) ** 2).sum()) / max(len(means) - 1, 1) / pictures.shape[1]
    scale = float(np.sqrt(variance))
    if like is not None and len(means) < 2:
        centre, scale = centre if len(means) else like.centre, like.scale
    units = _Units(centre, scale if scale > 1e-9 else 1.0)
    return _Side(units.of(means), units, pictures, group), units


def _means(pictures: FloatArray, group: IntArray) -> FloatArray:
    """Means (groups, d) of each group's rows, which are scaled to length 1 first."""
    totals = np.zeros((int(group.max()) + 1 if group.size else 0, pictures.shape[1]))
    for block, own in _blocks(pictures, group):
        np.add.at(totals, own, unit(block))
    return np.asarray(totals / np.maximum(np.bincount(group, minlength=len(totals)), 1)[:, None])


def _blocks(pictures: FloatArray, group: IntArray) -> Iterator[tuple[FloatArray, IntArray]]:
    """Rows and their groups, a few at a time: a large cohort's fit no memory as 64-bit floats."""
    for start in range(0, len(group), BLOCK):
        yield (
            pictures[start : start + BLOCK].astype(np.float64),
            group[start : start + BLOCK],
        )


def _axes(gallery: FloatArray, photos: FloatArray) -> FloatArray:
    """Orthonormal axes (d, k) along which means of scans and of other people's sets differ most.

    They come from the products of the means with one another, which are fewer than ``d``.
    """
    size = gallery.shape[1]
    if size <= DIRECTIONS:
        return np.eye(size)
    both = np.concatenate([gallery, photos])
    last = len(both) - 1
    values, vectors = eigh(both @ both.T, subset_by_index=[max(last - DIRECTIONS + 1, 0), last])
    kept = values > 1e-10 * max(float(values[-1]), 1e-300)
    if not kept.any():
        return np.eye(size, 1)
    axes, _ = np.linalg.qr(both.T @ vectors[:, kept])
    return np.asarray(axes)


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
