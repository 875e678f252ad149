"""All pairs of large data sets without storing all pairs.

Scores are made block by block and only this is kept of them: every mated score, the first few
gallery people of every probe, the exact rank of every mate, the number of non-mated scores between
any two mated ones, and a fine histogram of non-mated scores. AUC, EER, d' and every rank follow
exactly; a false match rate at an edge of the histogram is exact, and at any other threshold it
lies between those at the two edges around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from headrisk.errors import InputError
from headrisk.types import BoolArray, FloatArray, IntArray

BINS = 1 << 15
Usable = Callable[[IntArray, IntArray], BoolArray]
BlockScores = Iterable[tuple[IntArray, IntArray, Mapping[str, FloatArray]]]


@dataclass(frozen=True)
class Sides:
    """The scans on both sides, and which pairs may be compared.

    ``usable(rows, columns)`` is True for each pair of these positions that may be compared.
    """

    probe_person: IntArray
    gallery_person: IntArray
    usable: Usable


@dataclass(frozen=True)
class PairSummary:
    """What is kept of the scores of all pairs under one measure.

    Attributes
    ----------
    measure, sides
        The measure, and what was compared.
    mated, mated_probe
        Score of every mated pair, and its probe.
    ranked
        (4, n) for each probe with a mate: probe, other people with a higher score than the mate,
        with an equal one, and all people it was compared with.
    top, top_scores
        (probes, k) the best scan of the first k people, -1 and minus infinity where there are
        fewer.
    places
        Non-mated scores below, at and between the distinct mated scores u_0 < u_1 < ...: entry
        2i + 1 equals u_i, entry 2i lies below it and above u_(i-1).
    edges, counts
        (bins + 1,) and (folds, folds, bins): histogram of non-mated scores by the folds of the two
        people; one fold where none were dealt.
    total, mean, variance, lowest, highest
        Of the non-mated scores.
    """

    measure: str
    sides: Sides
    mated: FloatArray
    mated_probe: IntArray
    ranked: IntArray
    top: IntArray
    top_scores: FloatArray
    places: IntArray
    edges: FloatArray
    counts: IntArray
    total: int
    mean: float
    variance: float
    lowest: float
    highest: float

    @property
    def bin_width(self) -> float:
        """Width of a bin, within which scores are not told apart."""
        return float(self.edges[1] - self.edges[0])

    @property
    def histogram(self) -> IntArray:
        """(bins,) non-mated scores of all people."""
        whole: IntArray = self.counts.sum(axis=(0, 1))
        return whole


@dataclass
class Histogram:
    """Counts in bins of equal width; the range doubles, and bins merge in pairs, when needed."""

    cells: int
    low: float = 0.0
    width: float = 0.0
    counts: IntArray = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros((self.cells, BINS), np.int64)

    @property
    def edges(self) -> FloatArray:
        """(bins + 1,) edges of the bins."""
        return np.asarray(self.low + self.width * np.arange(BINS + 1), np.float64)

    def add(self, values: FloatArray, cell: IntArray) -> None:
        """Count finite values, each in its cell's histogram."""
        if not values.size:
            return
        low, high = float(values.min()), float(values.max())
        if not self.width:
            span = max(high - low, 1e-9 * max(abs(low), abs(high), 1e-9))
            self.low, self.width = low - span / 2, 2 * span / BINS
        while low < self.low:
            self.low -= self.width * BINS
            self._merge(upper=True)
        while high >= self.low + self.width * BINS:
            self._merge(upper=False)
        place = np.clip(((values - self.low) / self.width).astype(np.int64), 0, BINS - 1)
        flat = np.bincount(cell * BINS + place, minlength=self.counts.size)
        self.counts += flat.reshape(self.counts.shape)

    def _merge(self, *, upper: bool) -> None:
        half = BINS // 2
        merged = self.counts.reshape(self.cells, half, 2).sum(axis=2)
        self.counts = np.zeros_like(self.counts)
        self.counts[:, half if upper else 0 :][:, :half] = merged
        self.width *= 2


def person_blocks(person: IntArray, step: int) -> list[IntArray]:
    """Positions in order of person, cut into blocks of about ``step`` that split nobody."""
    order = np.argsort(person, kind="stable")
    starts: list[int] = np.flatnonzero(np.diff(person[order], prepend=-1)).tolist()
    cuts: list[int] = []
    for start in starts:
        if start - (cuts[-1] if cuts else 0) >= step:
            cuts.append(start)
    return [part for part in np.split(order, cuts) if part.size]


def meet(rows: IntArray, columns: IntArray, sides: Sides) -> bool:
    """Whether two blocks share a person; all mated pairs lie in such blocks."""
    a, b = sides.probe_person[rows], sides.gallery_person[columns]
    return bool(a[0] <= b[-1] and b[0] <= a[-1] and np.intersect1d(a, b).size)


def summarise_pairs(
    names: Iterable[str],
    sides: Sides,
    meeting: BlockScores,
    others: BlockScores,
    *,
    folds: Mapping[str, IntArray | None] | None = None,
    k: int = 5,
) -> dict[str, PairSummary]:
    """Reduce the scores of all pairs under some measures to a summary of each.

    Parameters
    ----------
    meeting, others
        (rows, columns, scores by name) of every block of `person_blocks` that shares a person with
        its partner, and of every other one. The former are held until the last of them has come.
    folds
        By measure, (largest person number + 1,) fold of each person for cross-validation, or None.
    k
        People to keep for each probe.

    Raises
    ------
    InputError
        A usable score is not a finite number.
    """
    dealt = folds or {}
    keepers = {name: _Keeper(name, sides, dealt.get(name), k) for name in names}
    held = list(meeting)
    for rows, columns, scores in held:
        for name, keeper in keepers.items():
            keeper.add_mated(rows, columns, scores[name])
    for keeper in keepers.values():
        keeper.know_mates()
    for part in (held, others):
        for rows, columns, scores in part:
            for name, keeper in keepers.items():
                keeper.add(rows, columns, scores[name])
    return {name: keeper.summary() for name, keeper in keepers.items()}


class _Keeper:
    """What is known so far; mated scores come first, as ranks are counted against them."""

    def __init__(self, measure: str, sides: Sides, fold: IntArray | None, k: int) -> None:
        probes = len(sides.probe_person)
        self.measure, self.sides, self.k = measure, sides, k
        most = max(int(p.max(initial=0)) for p in (sides.probe_person, sides.gallery_person))
        self.fold = np.zeros(most + 1, np.int64) if fold is None else fold
        self.folds = int(self.fold.max(initial=0)) + 1
        self.mated: list[FloatArray] = [np.zeros(0)]
        self.mated_probe: list[IntArray] = [np.zeros(0, np.int64)]
        self.mate = np.full(probes, -np.inf)
        self.better, self.tied, self.met = np.zeros((3, probes), np.int64)
        self.top = np.full((probes, k), -1, np.int64)
        self.top_scores = np.full((probes, k), -np.inf)
        self.histogram = Histogram(self.folds**2)
        self.total, self.mean, self.square = 0, 0.0, 0.0
        self.lowest, self.highest = np.inf, -np.inf

    def add_mated(self, rows: IntArray, columns: IntArray, scores: FloatArray) -> None:
        same = self.sides.probe_person[rows][:, None] == self.sides.gallery_person[columns]
        same &= self._usable(rows, columns, scores)
        self.mated.append(scores[same])
        self.mated_probe.append(rows[np.nonzero(same)[0]])
        best = np.where(same, scores, -np.inf).max(axis=1, initial=-np.inf)
        self.mate[rows] = np.maximum(self.mate[rows], best)

    def know_mates(self) -> None:
        self.distinct = np.unique(np.concatenate(self.mated))
        self.places = np.zeros(2 * self.distinct.size + 1, np.int64)

    def add(self, rows: IntArray, columns: IntArray, scores: FloatArray) -> None:
        usable = self._usable(rows, columns, scores)
        person = self.sides.gallery_person[columns]
        differ = self.sides.probe_person[rows][:, None] != person
        self._count(rows, columns, scores, usable & differ)
        starts = np.flatnonzero(np.diff(person, prepend=person[0] - 1))
        masked = np.where(usable, scores, -np.inf)
        best = np.maximum.reduceat(masked, starts, axis=1)
        there = best > -np.inf
        stranger = there & differ[:, starts]
        self.better[rows] += np.count_nonzero(stranger & (best > self.mate[rows, None]), axis=1)
        self.tied[rows] += np.count_nonzero(stranger & (best == self.mate[rows, None]), axis=1)
        self.met[rows] += np.count_nonzero(there, axis=1)
        self._keep_top(rows, columns, masked, best, starts)

    def _usable(self, rows: IntArray, columns: IntArray, scores: FloatArray) -> BoolArray:
        usable = self.sides.usable(rows, columns)
        if not np.isfinite(scores[usable]).all():
            raise InputError(
                f"scores of {self.measure}",
                found="usable pairs without a finite number",
                expected="a finite number for every usable pair of so many",
                remedy="Leave this measure out, or raise the setting most_pairs.",
            )
        return usable

    def _count(
        self, rows: IntArray, columns: IntArray, scores: FloatArray, chosen: BoolArray
    ) -> None:
        values = scores[chosen]
        if not values.size:
            return
        first = self.fold[self.sides.probe_person[rows]]
        second = self.fold[self.sides.gallery_person[columns]]
        cell = (first[:, None] * self.folds + second)[chosen]
        self.histogram.add(values, cell)
        place = np.searchsorted(self.distinct, values, "left")
        place += np.searchsorted(self.distinct, values, "right")
        self.places += np.bincount(place, minlength=self.places.size)
        mean, count = float(values.mean()), self.total + values.size
        gap = mean - self.mean
        self.square += float(((values - mean) ** 2).sum())
        self.square += gap**2 * self.total * values.size / count
        self.mean += gap * values.size / count
        self.total = count
        self.lowest = min(self.lowest, float(values.min()))
        self.highest = max(self.highest, float(values.max()))

    def _keep_top(
        self,
        rows: IntArray,
        columns: IntArray,
        masked: FloatArray,
        best: FloatArray,
        starts: IntArray,
    ) -> None:
        """Merge a block's best people with those kept; of equal scores the lower person."""
        order = np.argsort(-best, axis=1, kind="stable")[:, : self.k]
        scores = np.take_along_axis(best, order, axis=1)
        stops = np.append(starts[1:], len(columns))
        single = len(starts) == len(columns)
        found = columns[order]
        if not single:
            for i, j in np.ndindex(order.shape):
                part = slice(starts[order[i, j]], stops[order[i, j]])
                found[i, j] = columns[part][int(np.argmax(masked[i, part]))]
        found = np.where(scores > -np.inf, found, -1)
        every = np.concatenate([self.top[rows], found], axis=1)
        values = np.concatenate([self.top_scores[rows], scores], axis=1)
        people = np.where(every >= 0, self.sides.gallery_person[every], np.iinfo(np.int64).max)
        chosen = np.lexsort((people, -values), axis=1)[:, : self.k]
        self.top[rows] = np.take_along_axis(every, chosen, axis=1)
        self.top_scores[rows] = np.take_along_axis(values, chosen, axis=1)

    def summary(self) -> PairSummary:
        with_mate = np.flatnonzero(self.mate > -np.inf)
        ranked = np.stack([with_mate, *(a[with_mate] for a in (self.better, self.tied, self.met))])
        shape = (self.folds, self.folds, BINS)
        return PairSummary(
            self.measure,
            self.sides,
            np.concatenate(self.mated),
            np.concatenate(self.mated_probe),
            ranked.astype(np.int64),
            self.top,
            self.top_scores,
            self.places,
            self.histogram.edges,
            self.histogram.counts.reshape(shape),
            self.total,
            self.mean,
            self.square / max(self.total - 1, 1),
            self.lowest,
            self.highest,
        )


@dataclass(frozen=True)
class PairCounts:
    """People with a usable pair, people with a mated one, and distinct pairs of people."""

    people: IntArray
    with_mate: IntArray
    person_pairs: int


def count_pairs(sides: Sides, step: int = 512) -> PairCounts:
    """Count people and pairs of people without any score; one bit for each two people."""
    everybody = np.unique(np.concatenate([sides.probe_person, sides.gallery_person]))
    involved, mated = np.zeros((2, everybody.size), np.bool_)
    table = np.zeros((everybody.size, -(-everybody.size // 8)), np.uint8)
    for rows in person_blocks(sides.probe_person, step):
        first = np.searchsorted(everybody, sides.probe_person[rows])
        met = np.zeros((first[-1] - first[0] + 1, everybody.size), np.bool_)
        for columns in person_blocks(sides.gallery_person, step):
            second = np.searchsorted(everybody, sides.gallery_person[columns])
            i, j = np.nonzero(sides.usable(rows, columns))
            met[first[i] - first[0], second[j]] = True
        own = np.arange(first[0], first[-1] + 1)
        involved[own] |= met.any(axis=1)
        involved |= met.any(axis=0)
        mated[own] |= met[own - first[0], own]
        met[own - first[0], own] = False
        table[own] |= np.packbits(met, axis=1)
    return PairCounts(everybody[involved], everybody[mated], _unordered(table))


def _unordered(table: np.ndarray) -> int:
    """Pairs {i, j} with (i, j) or (j, i) in a bit table."""
    people, count = len(table), 0
    for start in range(0, people, 512):
        stop = min(start + 512, people)
        forth = np.unpackbits(table[start:stop], axis=1, count=people).astype(np.bool_)
        first, last = start // 8, -(-stop // 8)
        unpacked = np.unpackbits(table[:, first:last], axis=1)[:, start - 8 * first :]
        back = unpacked[:, : stop - start].astype(np.bool_).T
        count += int(np.count_nonzero(np.triu(forth | back, k=start + 1)))
    return count
