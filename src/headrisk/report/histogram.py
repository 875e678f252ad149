"""Score histograms in which no bar stands for fewer than five people."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from headrisk.report.model import Table, Value
from headrisk.report.withhold import SMALLEST_CELL
from headrisk.types import BoolArray, FloatArray, PairScores

BIN_COUNT = 40
HISTOGRAM_COLUMNS = ("kind", "low", "high", "pairs", "people", "density")


def score_histogram(scores: PairScores, bins: int = BIN_COUNT) -> Table | None:
    """Histogram of mated and of non-mated scores with no bar for fewer than five people.

    Neighbouring bars of a common fine grid are merged until at least five different people
    (searched people, for different-person pairs) stand behind each. A kind of pair with fewer
    than five people has no bars at all; None when that holds for both.
    """
    finite = scores.usable & np.isfinite(scores.values)
    if not finite.any():
        return None
    values = scores.values[finite]
    edges = np.linspace(values.min(), values.max() + 1e-9 * max(1.0, np.ptp(values)), bins + 1)
    rows: list[tuple[Value, ...]] = []
    for kind, chosen in (("mated", scores.mated), ("nonmated", scores.nonmated)):
        rows += _merged_bars(kind, scores, chosen & finite, edges)
    return Table(HISTOGRAM_COLUMNS, tuple(rows)) if rows else None


def _merged_bars(
    kind: str, scores: PairScores, chosen: BoolArray, edges: FloatArray
) -> list[tuple[Value, ...]]:
    probe, column = np.nonzero(chosen)
    values = scores.values[probe, column]
    people, owner = np.unique(scores.probe_person[probe], return_inverse=True)
    if people.size < SMALLEST_CELL:
        return []
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, edges.size - 2)
    shape = (edges.size - 1, people.size)
    counts = np.bincount(place * people.size + owner, minlength=shape[0] * shape[1]).reshape(shape)
    rows: list[tuple[Value, ...]] = []
    for start, stop in pairwise(_cuts(counts > 0)):
        bar = counts[start:stop].sum(axis=0)
        pairs, low, high = int(bar.sum()), float(edges[start]), float(edges[stop])
        density = pairs / (values.size * (high - low))
        rows.append((kind, low, high, pairs, int(np.count_nonzero(bar)), density))
    return rows


def _cuts(present: BoolArray) -> list[int]:
    """Bins at which merged bars begin and end, from (bins, people) who is in which bin."""
    filled = np.nonzero(present.any(axis=1))[0]
    stop = int(filled[-1]) + 1
    cuts = [int(filled[0])]
    for edge in range(cuts[0] + 1, stop):
        left = np.count_nonzero(present[cuts[-1] : edge].any(axis=0))
        right = np.count_nonzero(present[edge:].any(axis=0))
        if left >= SMALLEST_CELL and right >= SMALLEST_CELL:
            cuts.append(edge)
    return [*cuts, stop]
