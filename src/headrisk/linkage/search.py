"""Exact search of large galleries: the best matches of a probe without comparing it with all.

Every gallery vector's correlation with a probe is bounded from above by what the index holds of it
(see ``search_index``): coarsely for the whole gallery, finely where that leaves the matter open. A
vector whose bound lies below what the probe already has is passed over; the others are compared in
full. So nothing is ever lost, neither a match at or above the threshold nor a member of the first
k, and the answer is that of comparing with all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import threadpool_limits

from headrisk.errors import InputError, UsageError
from headrisk.linkage.search_index import (
    NIBBLE,
    SearchIndex,
    Vectors,
    Weights,
    code_products,
    code_weights,
    coordinates,
    exact_scores,
    row_norms,
    steps,
    sum_error,
    unit_rows,
)
from headrisk.types import Float32Array, FloatArray, IntArray

BOUND_BYTES = 512 << 20  # memory for the bounds of a group of probes
CHUNK = 8192  # gallery vectors given to a thread at a time
BLOCK_BYTES = 8 << 20  # memory for the vectors that are multiplied at a time
FEW_BYTES = 2 << 20  # the same for few probes, where reading them takes longer than multiplying
FEW = 4
SEEDS = 8  # vectors compared in full before the bounds are used, besides the k asked for
BATCH = 64  # vectors compared in full at a time

Rescore = Callable[[int, IntArray], FloatArray]


@dataclass(frozen=True)
class Found:
    """One probe's matches, best first; of equal scores the first in the gallery.

    ``compared`` counts gallery vectors compared in full; ``open_coarse`` and ``open_fine`` those
    that the coarse and the fine bounds left open.
    """

    rows: IntArray
    scores: FloatArray
    compared: int
    open_coarse: int
    open_fine: int


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

    ``units`` is (probes, values) with lengths 1, ``short`` the same in float32; ``weights``
    are their coordinates as ``code_weights`` gives them and ``centre`` 7.5 times the sum of the
    coordinates; ``inside`` and ``outside`` are the lengths of what lies in the cells' means and of
    the rest, rounded up.
    """

    first: int
    units: FloatArray
    short: Float32Array
    weights: Weights
    centre: Float32Array
    inside: Float32Array
    outside: Float32Array
    best: list[_Best]

    def cutoffs(self) -> Float32Array:
        """(probes, 1) what another vector must reach, rounded down."""
        exact = np.array([best.cutoff for best in self.best], np.float64)
        cutoff: Float32Array = np.nextafter(exact.astype(np.float32), np.float32(-np.inf))
        return cutoff[:, None]


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
    return Found(best.rows, best.scores, *(len(everything),) * 3)


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
    numbers, outside = coordinates(index, units)
    inside = np.sqrt(np.vecdot(numbers, numbers))
    return _Group(
        first,
        units,
        units.astype(np.float32),
        code_weights(numbers),
        (NIBBLE / 2 * numbers.sum(axis=1)).astype(np.float32),
        (inside * (1 + 1e-6)).astype(np.float32),
        (outside * (1 + 1e-6)).astype(np.float32),
        [_Best(k, least) for _ in units],
    )


def _search_group(
    index: SearchIndex,
    group: _Group,
    rescore: Rescore | None,
    slack: float,
    pool: ThreadPoolExecutor,
) -> list[Found]:
    """Coarse bounds of everything, a few seeds in full, fine bounds, then what is left in full."""
    chunks = list(steps(len(index.vectors), CHUNK))
    places = range(len(group.units))
    bounds = np.empty((len(group.units), len(index.vectors)), np.float32)

    def compare(place: int, rows: IntArray) -> None:
        scores = (
            exact_scores(index, group.units[place], rows)
            if rescore is None
            else rescore(group.first + place, rows)
        )
        group.best[place].add(rows, scores)

    seeds = SEEDS + (group.best[0].k or 0)
    each = -(-seeds // len(chunks))
    tops = list(
        pool.map(lambda rows: _coarse_bounds(index, group, bounds, rows, slack, each), chunks)
    )
    where, value = (np.concatenate(part, axis=1) for part in zip(*tops, strict=True))
    order = np.argsort(-value, axis=1, kind="stable")[:, :seeds]
    list(pool.map(lambda place: compare(place, where[place, order[place]]), places))
    counts = list(pool.map(lambda rows: _fine_bounds(index, group, bounds, rows, slack), chunks))
    coarse, fine = np.sum(counts, axis=0)

    def finish(place: int) -> Found:
        best = group.best[place]
        for rows in _in_order(bounds[place], best):
            compare(place, rows)
        left = int(coarse[place]), int(fine[place])
        return Found(best.rows, best.scores, len(best.seen), *left)

    return list(pool.map(finish, places))


def _block(probes: int, width: int) -> int:
    """Gallery vectors of this width that are multiplied with so many probes at a time."""
    return max(1, (FEW_BYTES if probes <= FEW else BLOCK_BYTES) // (4 * width))


def _coarse_bounds(
    index: SearchIndex,
    group: _Group,
    bounds: Float32Array,
    rows: slice,
    slack: float,
    each: int,
) -> tuple[IntArray, Float32Array]:
    """Write a chunk's coarse bounds; also each probe's most promising rows and their estimates."""
    coarse, half = index.coarse, index.coarse.codes.shape[1]
    part = bounds[:, rows]
    step = _block(len(part), half)
    wide, room = np.empty((step, half), np.float32), np.empty((step, half), np.uint8)
    for block in steps(part.shape[1], step):
        codes = coarse.codes[rows.start + block.start : rows.start + block.stop]
        part[:, block] = code_products(group.weights, codes, wide, room)
    part -= group.centre[:, None]
    part *= coarse.step[rows]
    each = min(each, part.shape[1])
    top = np.argpartition(part, part.shape[1] - each, axis=1)[:, part.shape[1] - each :]
    top.sort(axis=1)
    value = np.take_along_axis(part, top, axis=1)
    part += np.float32(slack + 2e-6)
    for length, lost in ((group.inside, coarse.leak[rows]), (group.outside, coarse.rest[rows])):
        for place, one in enumerate(length):
            part[place] += one * lost
    return top + rows.start, value


def _fine_bounds(
    index: SearchIndex, group: _Group, bounds: Float32Array, rows: slice, slack: float
) -> tuple[IntArray, IntArray]:
    """Replace a chunk's bounds by fine ones where they are still open; the others are closed.

    A row that cannot match any more gets minus infinity. Returns how many stay open for each
    probe, after the coarse and after the fine bounds.
    """
    part, cutoff, fine = bounds[:, rows], group.cutoffs(), index.fine
    live = part >= cutoff
    coarse = np.count_nonzero(live, axis=1)
    part[~live] = -np.inf
    asking, needed = np.flatnonzero(live.any(axis=1)), np.flatnonzero(live.any(axis=0))
    if not asking.size:
        return coarse, coarse
    probes, off = group.short[asking], sum_error(group.short.shape[1])
    step = _block(len(asking), group.short.shape[1])
    for block in steps(len(needed), step):
        here = needed[block]
        places = here + rows.start
        scores = probes @ fine.codes[places].astype(np.float32).T
        scores *= fine.step[places]
        scores += fine.error[places] * np.float32(1 + off) + np.float32(off + slack + 2e-6)
        open_ = live[np.ix_(asking, here)]
        part[np.ix_(asking, here)] = np.where(open_, scores, np.float32(-np.inf))
    return coarse, np.count_nonzero(part >= cutoff, axis=1)


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
