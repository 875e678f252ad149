"""Exact search of large galleries: the best matches of a probe without comparing it with all.

Every gallery vector's correlation with a probe is bounded from above by what the index holds of it
(see ``search_index``). A vector whose bound lies below what the probe already has is passed over;
the others are compared in full. So nothing is ever lost, neither a match at or above the threshold
nor a member of the first k, and the answer is that of comparing with all. How many are passed over
depends on the data: where vectors share no directions, none are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import threadpool_limits

from headrisk.errors import InputError, UsageError
from headrisk.linkage.search_index import (
    SCALE,
    Codes,
    SearchIndex,
    Vectors,
    exact_scores,
    row_norms,
    steps,
    unit_rows,
)
from headrisk.types import BoolArray, Float32Array, FloatArray, IntArray

BOUND_BYTES = 256 << 20  # memory for the bounds of a group of probes
CHUNK = 8192  # gallery vectors bounded at a time
DENSE = 0.1  # share of a chunk from which on the next level is computed for all of it
SEEDS = 8  # vectors compared in full before the bounds are used, besides the k asked for
BATCH = 64  # vectors compared in full at a time

Rescore = Callable[[int, IntArray], FloatArray]


@dataclass(frozen=True)
class Found:
    """One probe's matches, best first; of equal scores the first in the gallery.

    ``compared`` counts gallery vectors compared in full, ``passed`` those left after each level.
    """

    rows: IntArray
    scores: FloatArray
    compared: int
    passed: tuple[int, ...]


@dataclass
class _Best:
    """What a probe has found so far; ``cutoff`` is what another vector must reach."""

    k: int | None
    least: float
    cutoff: float = field(init=False)
    rows: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    scores: FloatArray = field(default_factory=lambda: np.zeros(0))
    seen: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.cutoff = self.least

    def add(self, rows: IntArray, scores: FloatArray) -> None:
        self.seen.update(rows.tolist())
        keep = (scores >= self.least) & (scores > -np.inf)
        rows = np.concatenate([self.rows, rows[keep]])
        scores = np.concatenate([self.scores, scores[keep]])
        order = np.lexsort((rows, -scores))[: self.k]
        self.rows, self.scores = rows[order], scores[order]
        if self.k is not None and len(order) == self.k:
            self.cutoff = float(self.scores[-1])


@dataclass(frozen=True)
class _Group:
    """Probes searched together.

    ``numbers`` is (probes, numbers) float32 over ``SCALE``; ``inside`` and ``outside`` are
    (levels, probes) lengths of what lies in the basis and of the rest.
    """

    first: int
    units: FloatArray
    numbers: Float32Array
    inside: Float32Array
    outside: Float32Array
    best: list[_Best]


def search(
    index: SearchIndex,
    probes: Vectors,
    *,
    k: int | None = None,
    at_least: float = -np.inf,
    rescore: Rescore | None = None,
    slack: float = 0.0,
    threads: int = 1,
) -> list[Found]:
    """The first ``k`` gallery vectors of every probe among those that reach ``at_least``.

    Parameters
    ----------
    index
        The gallery.
    probes
        (probes, values), as the gallery's vectors; a vector of zeros scores 0 with everything.
    k
        At most this many for each probe; all that reach ``at_least`` if None.
    at_least
        Smallest score that counts as a match; that score itself does.
    rescore
        ``rescore(probe, rows)`` gives the scores that count in place of correlations; minus
        infinity for pairs that must not be compared. It must never exceed the correlation by
        more than ``slack``.
    slack
        See ``rescore``.
    threads
        Threads that share the work; they do not change the result.

    Raises
    ------
    UsageError
        Neither ``k`` nor ``at_least`` limits the answer, or one is out of range.
    InputError
        The probes' shape does not fit or values are not finite.
    """
    _check(index, probes, k, at_least, slack, threads)
    size = max(1, BOUND_BYTES // (4 * len(index.vectors)))
    found: list[Found] = []
    with threadpool_limits(limits=1), ThreadPoolExecutor(threads) as pool:
        for part in steps(len(probes), size):
            group = _group(index, probes[part], part.start, k, at_least)
            found += _search_group(index, group, rescore, slack, pool)
    return found


def compare_all(
    index: SearchIndex, probe: Vectors, *, k: int | None = None, at_least: float = -np.inf
) -> Found:
    """The answer of :func:`search` for one probe, by comparing it with everything."""
    unit = unit_rows(probe[None], row_norms(probe[None]))[0]
    best = _Best(k, at_least)
    everything = np.arange(len(index.vectors))
    best.add(everything, exact_scores(index, unit, everything))
    return Found(best.rows, best.scores, len(everything), ())


def _check(
    index: SearchIndex, probes: Vectors, k: int | None, at_least: float, slack: float, threads: int
) -> None:
    unlimited = k is None and at_least == -np.inf
    if unlimited or np.isnan(at_least) or (k is not None and k < 1) or slack < 0 or threads < 1:
        raise UsageError(
            "search",
            found=f"k={k}, at_least={at_least:g}, slack={slack:g}, threads={threads}",
            expected="k of 1 or more, or a threshold; slack of 0 or more; 1 thread or more",
        )
    values = index.vectors.shape[1]
    if probes.ndim != 2 or probes.shape[1] != values:
        raise InputError(
            "search: probes", found=f"shape {probes.shape}", expected=f"(probes, {values})"
        )
    if not all(np.isfinite(probes[part]).all() for part in steps(len(probes))):
        raise InputError(
            "search: probes", found="values that are not finite", expected="finite values"
        )


def _group(index: SearchIndex, probes: Vectors, first: int, k: int | None, least: float) -> _Group:
    units = unit_rows(probes, row_norms(probes))
    exact = units @ index.basis.T.astype(np.float64)
    inside = np.stack([np.sqrt(np.vecdot(exact[:, :n], exact[:, :n])) for n in index.numbers])
    square = np.vecdot(units, units) - inside**2 * (1 - index.skew) + 1e-9
    return _Group(
        first,
        units,
        (exact / SCALE).astype(np.float32),
        (inside * (1 + 1e-6)).astype(np.float32),
        (np.sqrt(np.maximum(square, 0)) * (1 + 1e-6)).astype(np.float32),
        [_Best(k, least) for _ in units],
    )


def _search_group(
    index: SearchIndex,
    group: _Group,
    rescore: Rescore | None,
    slack: float,
    pool: ThreadPoolExecutor,
) -> list[Found]:
    """First level for everything, a few seeds in full, finer levels, then what is left in full."""
    chunks = list(steps(len(index.vectors), CHUNK))
    bounds = np.empty((len(group.units), len(index.vectors)), np.float32)
    tops = list(pool.map(lambda rows: _first_level(index, group, bounds, rows), chunks))

    def compare(place: int, rows: IntArray) -> None:
        scores = (
            exact_scores(index, group.units[place], rows)
            if rescore is None
            else rescore(group.first + place, rows)
        )
        group.best[place].add(rows, scores)

    where, value = (np.stack(part, axis=1) for part in zip(*tops, strict=True))
    list(
        pool.map(lambda p: compare(p, _seeds(where[p], value[p], group.best[p])), range(len(where)))
    )
    left = np.array(
        list(pool.map(lambda rows: _finer_levels(index, group, bounds, rows, slack), chunks))
    ).sum(axis=0)

    def finish(place: int) -> Found:
        best = group.best[place]
        for rows in _in_order(bounds[place], best):
            compare(place, rows)
        passed = tuple(int(n) for n in left[:, place])
        return Found(best.rows, best.scores, len(best.seen), passed)

    return list(pool.map(finish, range(len(group.units))))


def _first_level(
    index: SearchIndex, group: _Group, bounds: Float32Array, rows: slice
) -> tuple[IntArray, Float32Array]:
    """Write the first level's inner products; also each probe's best row and its product."""
    codes = index.levels[0].codes[rows].astype(np.float32)
    part = bounds[:, rows]
    np.matmul(group.numbers[:, : codes.shape[1]], codes.T, out=part)
    top = part.argmax(axis=1)
    return top + rows.start, part[np.arange(len(part)), top]


def _seeds(where: IntArray, value: Float32Array, best: _Best) -> IntArray:
    """The most promising rows, one of each chunk."""
    count = SEEDS + (best.k or 0)
    seeds: IntArray = where[np.argsort(-value, kind="stable")[:count]]
    return seeds


def _finer_levels(
    index: SearchIndex, group: _Group, bounds: Float32Array, rows: slice, slack: float
) -> IntArray:
    """Turn a chunk's inner products into bounds, level by level where it is still open.

    A row that cannot match any more gets minus infinity. Returns (levels, probes) what is left.
    """
    products = bounds[:, rows]
    exact = np.array([best.cutoff for best in group.best])
    cutoff = np.nextafter(exact.astype(np.float32), np.float32(-np.inf))
    start, counts = 0, np.zeros((len(index.levels), len(products)), np.int64)
    live: BoolArray = np.ones(products.shape, np.bool_)
    for place, level in enumerate(index.levels):
        stop = start + level.codes.shape[1]
        if place:
            _add_level(level.codes[rows], group.numbers[:, start:stop], products, live)
        margin = np.float32(level.margin + slack + 2e-6)
        bound = products + group.inside[place][:, None] * level.leak[rows]
        bound += group.outside[place][:, None] * level.rest[rows]
        bound += margin
        live &= bound >= cutoff[:, None]
        counts[place] = np.count_nonzero(live, axis=1)
        start = stop
        if not counts[place].any():
            break
    products[:] = np.where(live, bound, np.float32(-np.inf))
    return counts


def _add_level(
    codes: Codes, numbers: Float32Array, products: Float32Array, live: BoolArray
) -> None:
    """Add the products of finer coordinates, for all pairs or for those that are still open."""
    if np.count_nonzero(live) > DENSE * live.size:
        products += numbers @ codes.astype(np.float32).T
        return
    for probe in np.flatnonzero(live.any(axis=1)):
        columns = np.flatnonzero(live[probe])
        products[probe, columns] += codes[columns].astype(np.float32) @ numbers[probe]


def _in_order(bounds: Float32Array, best: _Best) -> Iterator[IntArray]:
    """Rows to compare in full, the highest bound first, until none can match any more."""
    rows = np.flatnonzero(bounds >= best.cutoff)
    order = rows[np.argsort(-bounds[rows], kind="stable")]
    at, size = 0, BATCH
    while at < len(order) and bounds[order[at]] >= best.cutoff:
        batch = order[at : at + size]
        at, size = at + size, min(2 * size, 4096)
        batch = batch[bounds[batch] >= best.cutoff]
        fresh = np.array([row for row in batch.tolist() if row not in best.seen], np.int64)
        if fresh.size:
            yield np.sort(fresh)
