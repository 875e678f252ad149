"""Score histograms in which no bar stands for fewer than five people.

``score_histogram`` is exact and for the custodian; ``public_curves`` may leave.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from headrisk.findings.coarse import SMALLEST_CELL, counts_of, rung
from headrisk.findings.records import Table, Value
from headrisk.types import BoolArray, FloatArray, IntArray, PairScores

BIN_COUNT = 40
PUBLIC_STEPS = 20
FEWEST_DRAWN = 20
PUBLIC_COLUMNS = ("kind", "low", "high", "people", "density")
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


def public_curves(scores: PairScores) -> dict[str, Table]:
    """Bars and error rates at round scores, from running counts of people put in bins.

    A person's share of scores below an edge is 0 to 1, so their sum over people is published as a
    rate is (see ``coarse``), and bars and error rates are made from those sums alone: neither
    holds more than they do. An edge is kept where at least five people more lie below it, whatever
    the sums are within their bins. The outermost bars take in what lies beyond them.

    Returns
    -------
    dict
        ``scores`` and ``det``; empty with fewer than 20 people of either kind.
    """
    finite = scores.usable & np.isfinite(scores.values)
    kinds = {"mated": scores.mated & finite, "nonmated": scores.nonmated & finite}
    owners = {kind: scores.probe_person[np.nonzero(chosen)[0]] for kind, chosen in kinds.items()}
    people = {kind: np.unique(owner).size for kind, owner in owners.items()}
    if min(people.values()) < FEWEST_DRAWN:
        return {}
    values = {kind: scores.values[chosen] for kind, chosen in kinds.items()}
    edges = _round_edges(values["mated"], values["nonmated"])
    below = {kind: _people_below(values[kind], owners[kind], edges) for kind in kinds}
    bins = {kind: [counts_of(x, people[kind]) for x in below[kind]] for kind in kinds}
    rows: list[tuple[Value, ...]] = []
    for kind in kinds:
        rows += _public_bars(kind, bins[kind], edges, people[kind])
    points = dict.fromkeys(
        (1.0 - other[1] / people["nonmated"], own[0] / people["mated"])
        for own, other in zip(bins["mated"], bins["nonmated"], strict=True)
    )
    return {
        "scores": Table(PUBLIC_COLUMNS, tuple(rows)),
        "det": Table(("fmr", "fnmr"), tuple(points)),
    }


def _round_edges(mated: FloatArray, nonmated: FloatArray) -> FloatArray:
    """Multiples of a round step that reach beyond all scores; some 20 where most scores lie."""
    low = min(float(np.quantile(part, 0.1)) for part in (mated, nonmated))
    high = max(float(np.quantile(part, 0.9)) for part in (mated, nonmated))
    step = rung((high - low) / PUBLIC_STEPS, up=True) or 1.0
    first = np.floor(min(mated.min(), nonmated.min()) / step)
    last = np.floor(max(mated.max(), nonmated.max()) / step) + 1
    return np.asarray(np.round(np.arange(first, last + 1) * step, 12), dtype=np.float64)


def _people_below(values: FloatArray, owner: IntArray, edges: FloatArray) -> FloatArray:
    """(edges,) sum over people of the share of each one's scores below an edge."""
    _, place, size = np.unique(owner, return_inverse=True, return_counts=True)
    order = np.argsort(values, kind="stable")
    running = np.concatenate([[0.0], np.cumsum((1.0 / size[place])[order])])
    return np.asarray(running[np.searchsorted(values[order], edges)], dtype=np.float64)


def _public_bars(
    kind: str, bins: list[tuple[int, int]], edges: FloatArray, people: int
) -> list[tuple[Value, ...]]:
    first = max(k for k, part in enumerate(bins) if part == bins[0])
    last = min(k for k, part in enumerate(bins) if part == bins[-1])
    cuts, ends = [first], [0]
    for k in range(first + 1, last):
        if bins[k][0] - ends[-1] >= SMALLEST_CELL and people - bins[k][1] >= SMALLEST_CELL:
            cuts.append(k)
            ends.append(bins[k][1])
    cuts, ends = [*cuts, max(last, first + 1)], [*ends, people]
    return [
        (
            kind,
            float(edges[a]),
            float(edges[b]),
            more - less,
            (more - less) / (people * float(edges[b] - edges[a])),
        )
        for (a, b), (less, more) in zip(pairwise(cuts), pairwise(ends), strict=True)
    ]
