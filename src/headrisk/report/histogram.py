"""Score histograms in which no bar stands for fewer than five people."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from headrisk.report.model import Table, Value
from headrisk.report.withhold import SMALLEST_CELL
from headrisk.types import BoolArray, FloatArray, IntArray, PairScores

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
    person = scores.probe_person[probe]
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, edges.size - 2)
    if np.unique(person).size < SMALLEST_CELL:
        return []
    cuts = _cuts(place, person, edges.size - 1)
    rows: list[tuple[Value, ...]] = []
    for start, stop in pairwise(cuts):
        inside = (place >= start) & (place < stop)
        pairs, low, high = int(inside.sum()), float(edges[start]), float(edges[stop])
        density = pairs / (values.size * (high - low))
        rows.append((kind, low, high, pairs, int(np.unique(person[inside]).size), density))
    return rows


def _cuts(place: IntArray, person: IntArray, bins: int) -> list[int]:
    """Bin numbers at which merged bars begin and end; empty bins at either end are dropped."""
    start, stop = int(place.min()), int(place.max()) + 1
    cuts = [start]
    for edge in range(start + 1, stop):
        left = np.unique(person[(place >= cuts[-1]) & (place < edge)]).size
        right = np.unique(person[place >= edge]).size
        if left >= SMALLEST_CELL and right >= SMALLEST_CELL:
            cuts.append(edge)
    return [*cuts, min(stop, bins)]
