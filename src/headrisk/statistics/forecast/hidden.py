"""Hide the larger galleries, so that a model's forecast of them can be compared with the data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from headrisk.statistics.forecast.records import HiddenGallery
from headrisk.statistics.forecast.searches import Searches
from headrisk.types import FloatArray

HIDDEN_DRAWS = 10
SMALLEST_FITTED = 10


def fitted_size(gallery: int) -> int:
    """Size of the small galleries: a quarter of the data, or half; 0 where that is under 10."""
    fitted = gallery // 4 if gallery // 4 >= SMALLEST_FITTED else gallery // 2
    return fitted if fitted >= SMALLEST_FITTED else 0


def hidden_gallery(
    fitted: int, gallery: int, predicted: FloatArray, observed: float
) -> HiddenGallery:
    """Compare predictions from several small galleries with what was observed."""
    gap = predicted - observed
    return HiddenGallery(
        fitted,
        gallery,
        float(predicted.mean()),
        observed,
        float(gap.mean()),
        float(np.sqrt((gap**2).mean())),
    )


def small_gallery(searches: Searches, size: int, rng: np.random.Generator) -> Searches:
    """Each probe's mate and a random ``size`` - 1 of its own other people.

    One random order of the people serves all probes; a probe passes over people it cannot be
    compared with.
    """
    order = rng.permutation(searches.column.size)
    place = np.cumsum(searches.comparable[:, order], axis=1)
    keep = np.zeros(searches.values.shape, dtype=bool)
    keep[:, order] = place <= size - 1
    values = np.where(keep, searches.values, -np.inf)
    return replace(searches, values=values).only_columns(np.flatnonzero(keep.any(axis=0)))
