"""From similarities of single photographs and renders to one score for each person and scan.

The published studies ask for each person's photographs together: which scan is it? (Schwarz et al.
2019, NEJM 381:1684; Mayo et al. 2024). A row of the result is one person's set of photographs, a
column one scan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from headrisk.types import Float32Array, FloatArray, IntArray


@dataclass(frozen=True)
class Grouping:
    """Which photograph belongs to which set, and which render to which scan.

    Attributes
    ----------
    photo_set
        (photographs,) index of the set, ascending; every index below ``sets`` occurs.
    render_scan
        (renders,) index of the scan, ascending; every index below ``scans`` occurs.
    """

    photo_set: IntArray
    render_scan: IntArray

    @property
    def sets(self) -> int:
        """Number of photograph sets."""
        return int(self.photo_set.max()) + 1 if self.photo_set.size else 0

    @property
    def scans(self) -> int:
        """Number of scans."""
        return int(self.render_scan.max()) + 1 if self.render_scan.size else 0


def unit(vectors: Float32Array | FloatArray) -> FloatArray:
    """Rows scaled to length 1; a row of zeros stays."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), dtype=np.float64)


def group_means(vectors: FloatArray, group: IntArray) -> FloatArray:
    """Means (groups, d) of the rows of each group; groups are numbered without gaps."""
    groups = int(group.max()) + 1 if group.size else 0
    totals = np.zeros((groups, vectors.shape[1]))
    np.add.at(totals, group, vectors)
    counts = np.bincount(group, minlength=groups)
    return np.asarray(totals / np.maximum(counts, 1)[:, None], dtype=np.float64)


def scan_scores(similarity: FloatArray, grouping: Grouping, how: str) -> FloatArray:
    """Reduce (photographs, renders) to (photographs, scans): the best render, or their mean."""
    if not similarity.size:
        return np.zeros((grouping.photo_set.size, grouping.scans))
    starts = np.searchsorted(grouping.render_scan, np.arange(grouping.scans))
    if how == "best":
        return np.asarray(np.maximum.reduceat(similarity, starts, axis=1), dtype=np.float64)
    totals = np.add.reduceat(similarity, starts, axis=1)
    counts = np.bincount(grouping.render_scan, minlength=grouping.scans)
    return np.asarray(totals / counts, dtype=np.float64)


def set_scores(per_photo: FloatArray, grouping: Grouping, how: str) -> FloatArray:
    """Reduce (photographs, scans) to (sets, scans): best photograph, mean, or sum."""
    if not per_photo.size:
        return np.zeros((grouping.sets, per_photo.shape[1]))
    starts = np.searchsorted(grouping.photo_set, np.arange(grouping.sets))
    if how == "best":
        return np.asarray(np.maximum.reduceat(per_photo, starts, axis=0), dtype=np.float64)
    totals = np.add.reduceat(per_photo, starts, axis=0)
    if how == "sum":
        return np.asarray(totals, dtype=np.float64)
    counts = np.bincount(grouping.photo_set, minlength=grouping.sets)
    return np.asarray(totals / counts[:, None], dtype=np.float64)


def aggregate(similarity: FloatArray, grouping: Grouping) -> Mapping[str, FloatArray]:
    """Scores of photograph sets and scans, (sets, scans), under the published aggregations.

    ``best`` is the most similar photograph and render, ``mean`` the mean over all of them, ``sum``
    the sum over a person's photographs of the most similar render.

    Parameters
    ----------
    similarity
        (photographs, renders), larger is more alike.
    """
    best = scan_scores(similarity, grouping, "best")
    mean = scan_scores(similarity, grouping, "mean")
    return {
        "best": set_scores(best, grouping, "best"),
        "mean": set_scores(mean, grouping, "mean"),
        "sum": set_scores(best, grouping, "sum"),
    }
