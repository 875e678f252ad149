"""Summaries of blocks against the matrix of all scores, whatever the blocks and their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headrisk.brain.similarity import PairFamily, select
from headrisk.errors import InputError, UsageError
from headrisk.linkage import large
from headrisk.linkage.compare import (
    MappedRows,
    block_tasks,
    compare,
    compare_large,
    images_in_block,
    score_block,
)
from headrisk.linkage.large import (
    BINS,
    Histogram,
    PairSummary,
    Sides,
    count_pairs,
    meet,
    person_blocks,
    summarise_pairs,
)
from headrisk.linkage.whole_sets import list_links
from headrisk.run.engine import WorkerLost
from headrisk.types import Float32Array, FloatArray, Grid, IntArray, PairScores

GRID = Grid(np.ones((3, 4, 5), bool), np.eye(4))
NAMES = ("mae", "ncc")


def images(seed: int, count: int) -> Float32Array:
    return np.random.default_rng(seed).standard_normal((count, GRID.size)).astype(np.float32)


def in_turn(function: Callable[[Any], Any], tasks: Iterator[Any]) -> Iterator[tuple[int, Any]]:
    yield from enumerate(map(function, tasks))


def last_first(function: Callable[[Any], Any], tasks: Iterator[Any]) -> Iterator[tuple[int, Any]]:
    yield from reversed(list(in_turn(function, tasks)))


def people(seed: int, probes: int, gallery: int) -> tuple[IntArray, IntArray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 7, probes), rng.integers(0, 7, gallery)


def naive_ranks(scores: PairScores) -> list[tuple[int, int, int, int]]:
    found = []
    for i, person in enumerate(scores.probe_person.tolist()):
        best: dict[int, float] = {}
        for j, other in enumerate(scores.gallery_person.tolist()):
            if scores.usable[i, j]:
                best[other] = max(best.get(other, -np.inf), scores.values[i, j])
        if person in best:
            mate = best.pop(person)
            above = sum(value > mate for value in best.values())
            tied = sum(value == mate for value in best.values())
            found.append((i, above, tied, len(best) + 1))
    return found


def check(found: PairSummary, scores: PairScores, exact: bool = True) -> None:
    mated, others = scores.values[scores.mated], scores.values[scores.nonmated]
    within = 0.0 if exact else 1e-6
    np.testing.assert_allclose(np.sort(found.mated), np.sort(mated), atol=within)
    pairs = sorted(zip(found.mated_probe.tolist(), found.mated.tolist(), strict=True))
    rows = np.nonzero(scores.mated)[0].tolist()
    np.testing.assert_allclose(pairs, sorted(zip(rows, mated.tolist(), strict=True)), atol=within)
    assert (found.total, found.histogram.sum()) == (others.size, others.size)
    assert found.mean == pytest.approx(others.mean())
    assert found.variance == pytest.approx(others.var(ddof=1))
    assert found.lowest == pytest.approx(others.min(), abs=within)
    assert found.highest == pytest.approx(others.max(), abs=within)
    if not exact:
        return
    assert [tuple(one) for one in found.ranked.T.tolist()] == naive_ranks(scores)
    places = np.unique(mated)
    between = [int((others < places[0]).sum())]
    for low, high in zip(places, [*places[1:], np.inf], strict=True):
        between += [int((others == low).sum()), int(((others > low) & (others < high)).sum())]
    assert found.places.tolist() == between
    links = list_links(scores, None, 5)
    for probe in range(len(scores.probe_person)):
        mine = links.probe == probe
        kept = found.top[probe][found.top[probe] >= 0]
        assert kept.tolist() == links.gallery[mine].tolist()
        assert (found.top_scores[probe][kept.size :] == -np.inf).all()
        assert found.top_scores[probe][: kept.size].tolist() == links.score[mine].tolist()


@pytest.mark.parametrize("step", [1, 3, 100])
@pytest.mark.parametrize("stream", [in_turn, last_first])
@pytest.mark.parametrize("itself", [False, True])
def test_blocks_give_what_the_matrix_gives(
    step: int, stream: Callable[..., Any], itself: bool, tmp_path: Path
) -> None:
    a = images(0, 13)
    b = a if itself else images(1, 17)
    own, other = people(3, len(a), len(b))
    other = own if itself else other
    usable = np.random.default_rng(4).random((len(a), len(b))) < 0.8
    usable = usable & usable.T if itself else usable
    sides = Sides(own, other, lambda r, c: usable[np.ix_(r, c)])
    measures = select(NAMES)
    found, notes = compare_large(
        a, b, sides, measures, GRID, folder=tmp_path / "new", stream=stream, step=step
    )  # type: ignore[arg-type]
    expected = compare(a, b, own, other, usable, measures, GRID)
    assert list(found) == list(NAMES)
    for name in NAMES:
        assert found[name].measure == name
        assert found[name].sides is sides
        check(found[name], expected[name], exact=False)
    assert notes == {}


@dataclass(frozen=True)
class Table:
    """A measure of the whole gallery that looks scores up in a table."""

    scores: FloatArray
    asked: list[tuple[Any, ...]]
    note: str = "from a table"

    def blocks(self, *given: Any) -> Table:
        self.asked.append(given)
        assert given[-1].is_dir()
        return self

    def score(self, rows: IntArray, columns: IntArray) -> FloatArray:
        return self.scores[np.ix_(rows, columns)].astype(np.float32)


def table_run(
    scores: PairScores, step: int, tmp_path: Path, folds: IntArray | None = None
) -> tuple[PairSummary, Table]:
    sides = Sides(
        scores.probe_person, scores.gallery_person, lambda r, c: scores.usable[np.ix_(r, c)]
    )
    table = Table(scores.values, [])
    a, b = images(0, len(scores.probe_person)), images(1, len(scores.gallery_person))
    found, notes = compare_large(
        a,
        b,
        sides,
        {"t": table},
        GRID,
        folder=tmp_path,
        stream=in_turn,
        step=step,
        reference="r",
        folds={"t": folds},
    )
    assert notes == {"t": "from a table"}
    (given,) = table.asked
    assert given[0] is a
    assert given[1] is b
    assert given[2] is scores.probe_person
    assert given[3] is scores.gallery_person
    assert given[4:6] == (GRID, "r")
    assert given[6].parent == tmp_path
    assert not given[6].exists()
    return found["t"], table


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("step", [1, 4])
def test_summaries_of_scores_with_ties_are_exact(seed: int, step: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    own, other = people(seed, 12, 19)
    values = np.round(rng.normal(size=(12, 19)), 0 if seed % 2 else 1)
    values = values.astype(np.float32).astype(float)
    usable = rng.random(values.shape) < 0.8
    scores = PairScores("t", values, usable, own, other)
    fold = rng.integers(0, 3, 7)
    fold[:3] = [0, 1, 2]
    found, _ = table_run(scores, step, tmp_path, fold)
    check(found, scores)
    assert found.counts.shape == (3, 3, BINS)
    for one in range(3):
        for two in range(3):
            inside = scores.nonmated & (fold[own] == one)[:, None] & (fold[other] == two)
            assert found.counts[one, two].sum() == inside.sum()
            naive = np.histogram(values[inside], found.edges)[0]
            gap = np.cumsum(naive) - np.cumsum(found.counts[one, two])
            assert np.abs(gap).max() <= inside.sum() * 0.34
    assert found.bin_width == pytest.approx(found.edges[1] - found.edges[0])
    people_, mated, pairs = set(), set(), set()
    for i, p in enumerate(own.tolist()):
        for j, g in enumerate(other.tolist()):
            if usable[i, j]:
                people_ |= {p, g}
                if p == g:
                    mated.add(p)
                else:
                    pairs.add(frozenset((p, g)))
    counts = count_pairs(found.sides, step)
    assert counts.people.tolist() == sorted(people_)
    assert counts.with_mate.tolist() == sorted(mated)
    assert counts.person_pairs == len(pairs)


def test_a_measure_without_blocks_is_refused(tmp_path: Path) -> None:
    class Whole:
        blocks = None

    a, b = images(0, 3), images(1, 4)
    sides = Sides(np.arange(3), np.arange(4), lambda r, c: np.ones((len(r), len(c)), bool))
    with pytest.raises(UsageError) as caught:
        compare_large(a, b, sides, {"slow": Whole()}, GRID, folder=tmp_path / "x", stream=in_turn)
    assert str(caught.value) == (
        "measure slow: 3 x 4 scans, more than fit; expected a measure that can be computed in "
        "blocks. Leave it out, or raise the setting most_pairs."
    )


def test_a_lost_worker_ends_the_comparison(tmp_path: Path) -> None:
    def lost(function: Any, tasks: Iterator[Any]) -> Iterator[tuple[int, Any]]:
        yield 0, WorkerLost(0, "the worker died")

    a = images(0, 3)
    sides = Sides(np.arange(3), np.arange(3), lambda r, c: np.ones((len(r), len(c)), bool))
    with pytest.raises(UsageError) as caught:
        compare_large(a, a, sides, select(["ncc"]), GRID, folder=tmp_path, stream=lost)  # type: ignore[arg-type]
    assert str(caught.value) == "compare: the worker died. Give the run more memory."


def test_usable_scores_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    values = np.zeros((3, 4))
    values[1, 2] = np.nan
    scores = PairScores("t", values, np.ones((3, 4), bool), np.arange(3), np.arange(4))
    with pytest.raises(InputError) as caught:
        table_run(scores, 2, tmp_path)
    assert str(caught.value) == (
        "scores of t: usable pairs without a finite number; expected a finite number for every "
        "usable pair of so many. Leave this measure out, or raise the setting most_pairs."
    )
    scores.usable[1, 2] = False
    assert table_run(scores, 2, tmp_path)[0].total == 8


def test_symmetric_measures_are_scored_once_for_each_two_blocks(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []

    def count(a: Float32Array, b: Float32Array, names: object) -> dict[str, FloatArray]:
        calls.append((len(a), len(b)))
        return {"first": np.add.outer(a[:, 0], b[:, 0]).astype(float)}

    a, own = images(0, 8), np.repeat(np.arange(4), 2)
    sides = Sides(own, own, lambda r, c: r[:, None] != c)
    for symmetric, b, expected in ((True, a, 10), (False, a, 16), (True, a.copy(), 16)):
        calls.clear()
        family = PairFamily(("first",), lambda vectors, grid: vectors, count, symmetric)
        found, notes = compare_large(
            a, b, sides, {"first": family}, GRID, folder=tmp_path, stream=in_turn, step=2
        )
        assert calls == [(2, 2)] * expected
        values = np.add.outer(a[:, 0], b[:, 0]).astype(float)
        check(found["first"], PairScores("first", values, ~np.eye(8, dtype=bool), own, own))
        assert notes == {}


def test_a_family_that_needs_memory_gets_small_blocks(tmp_path: Path) -> None:
    sizes: set[int] = set()

    def count(a: Float32Array, b: Float32Array, names: object) -> dict[str, FloatArray]:
        sizes.update((len(a), len(b)))
        return {"first": np.zeros((len(a), len(b)))}

    voxel = (192 << 20) // (3 * GRID.size)
    family = PairFamily(("first",), lambda vectors, grid: vectors, count, True, voxel)
    assert images_in_block(family, GRID) == 3
    for each, images_fit in ((1, 512), (0, 512), (1 << 40, 1), (192 << 20, 1)):
        wide = PairFamily(("first",), lambda vectors, grid: vectors, count, True, each)
        assert images_in_block(wide, GRID) == images_fit
    a = images(0, 9)
    sides = Sides(np.arange(9), np.arange(9), lambda r, c: r[:, None] != c)
    for step, largest in ((512, 3), (2, 2)):
        sizes.clear()
        compare_large(
            a, a, sides, {"first": family}, GRID, folder=tmp_path, stream=in_turn, step=step
        )
        assert max(sizes) == largest


def test_tasks_of_a_list_against_itself_and_another(tmp_path: Path) -> None:
    def family(symmetric: bool, each: int, *names: str) -> PairFamily:
        return PairFamily(names, lambda vectors, grid: vectors, None, symmetric, each)  # type: ignore[arg-type]

    small, wide = family(False, 4, "one", "two"), family(True, 9, "three")
    measures = {"one": small, "three": wide, "two": small}
    a, b = images(0, 5), images(1, 3)
    tasks = list(block_tasks(a, a, measures, GRID, 2))
    spans = [(0, 2), (2, 4), (4, 5)]
    places = [
        (t.family, (t.rows.start, t.rows.stop), (t.columns.start, t.columns.stop)) for t in tasks
    ]
    upper = [(wide, r, c) for k, r in enumerate(spans) for c in spans[k:]]
    every = [(small, r, c) for r in spans for c in spans]
    assert places == upper + every  # the family that keeps most comes first
    for task in tasks:
        assert task.names == ({"three"} if task.family is wide else {"one", "two"})
        assert task.grid is GRID
        np.testing.assert_array_equal(task.probes, a[task.rows])
        if task.rows == task.columns:
            assert task.gallery is None
        else:
            np.testing.assert_array_equal(task.gallery, a[task.columns])
    tasks = list(block_tasks(a, b, measures, GRID, 2))
    assert len(tasks) == 2 * 3 * 2
    assert all(task.gallery is not None for task in tasks)
    (whole,) = block_tasks(a, a, {"three": wide}, GRID, None)
    assert (whole.rows, whole.columns) == (slice(0, 5), slice(0, 5))
    np.save(tmp_path / "a.npy", a)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    for task in block_tasks(mapped, mapped, measures, GRID, 2):
        assert isinstance(task.probes, MappedRows)
        assert task.probes.path == tmp_path / "a.npy"
        np.testing.assert_array_equal(task.probes.read(), a[task.rows])
        if task.rows != task.columns:
            np.testing.assert_array_equal(task.gallery.read(), a[task.columns])
    part = mapped[1:4]
    (task,) = block_tasks(part, part, {"three": wide}, GRID, 9)
    np.testing.assert_array_equal(task.probes, a[1:4])


def test_a_task_prepares_each_side_once() -> None:
    prepared: list[Any] = []

    def prepare(vectors: Float32Array, grid: Grid) -> Float32Array:
        assert grid is GRID
        assert vectors.flags.c_contiguous
        prepared.append(vectors)
        return 2 * vectors

    def block(a: Float32Array, b: Float32Array, names: object) -> dict[str, FloatArray]:
        assert names == {"x"}
        return {"x": a[:, :1] - b[:, 0]}

    family = PairFamily(("x",), prepare, block, False)
    a, b = images(0, 4), images(1, 3)
    for other in (a, b):
        prepared.clear()
        (task,) = block_tasks(
            np.asfortranarray(a) if other is b else a, other, {"x": family}, GRID, None
        )
        found = score_block(task)["x"]
        np.testing.assert_array_equal(found, 2 * a[:, :1] - 2 * other[:, 0])
        assert len(prepared) == (1 if other is a else 2)


def test_blocks_of_people_are_as_long_as_asked_for() -> None:
    person = np.array([5, 1, 1, 3, 5, 3, 9, 0])
    cuts = [part.tolist() for part in person_blocks(person, 2)]
    assert cuts == [[7, 1, 2], [3, 5], [0, 4], [6]]
    assert [part.tolist() for part in person_blocks(person, 1)] == [
        [7],
        [1, 2],
        [3, 5],
        [0, 4],
        [6],
    ]
    assert [part.tolist() for part in person_blocks(person, 3)] == [[7, 1, 2], [3, 5, 0, 4], [6]]
    assert len(person_blocks(person, 99)) == 1
    assert person_blocks(np.zeros(0, np.int64), 2) == []


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([1, 2], [2, 3], True),
        ([2, 3], [1, 2], True),
        ([1, 3], [2, 2], False),
        ([1], [2], False),
        ([2], [1], False),
        ([1, 4], [2, 4], True),
        ([3], [3], True),
    ],
)
def test_blocks_meet_where_they_share_a_person(
    one: list[int], other: list[int], expected: bool
) -> None:
    sides = Sides(np.array(one), np.array(other), lambda r, c: np.ones((len(r), len(c)), bool))
    found = meet(np.arange(len(one)), np.arange(len(other)), sides)
    assert found is expected


def test_first_values_lie_in_the_middle_of_a_range_twice_as_wide() -> None:
    histogram = Histogram(1)
    histogram.add(np.zeros(0), np.zeros(0, np.int64))
    assert histogram.width == 0.0
    histogram.add(np.array([1.0, 3.0, 3.0]), np.zeros(3, np.int64))
    assert histogram.edges[[0, -1]].tolist() == [0.0, 4.0]
    assert histogram.edges.size == BINS + 1
    filled = np.flatnonzero(histogram.counts[0])
    assert filled.tolist() == [BINS // 4, 3 * BINS // 4]
    assert histogram.counts[0, filled].tolist() == [1, 2]
    # A value at the upper end doubles the range upwards, one below the lower end downwards.
    histogram.add(np.array([4.0]), np.zeros(1, np.int64))
    assert histogram.edges[[0, -1]].tolist() == [0.0, 8.0]
    assert np.flatnonzero(histogram.counts[0]).tolist() == [BINS // 8, 3 * BINS // 8, BINS // 2]
    histogram.add(np.array([-0.5]), np.zeros(1, np.int64))
    assert histogram.edges[[0, -1]].tolist() == [-8.0, 8.0]
    places = [int((value + 8) / 16 * BINS) for value in (-0.5, 1.0, 3.0, 4.0)]
    assert np.flatnonzero(histogram.counts[0]).tolist() == places
    assert histogram.counts[0, places].tolist() == [1, 1, 2, 1]


def test_equal_first_values_get_a_width_of_their_size() -> None:
    for value, width in ((5.0, 5e-9), (-5.0, 5e-9), (0.0, 1e-18)):
        histogram = Histogram(2)
        histogram.add(np.full(4, value), np.array([0, 1, 1, 1]))
        ends = histogram.edges[[0, -1]]
        np.testing.assert_allclose(ends[1] - ends[0], 2 * width, rtol=1e-6)
        assert ends[0] < value < ends[1]
        assert histogram.counts.sum(axis=1).tolist() == [1, 3]


def test_pairs_of_many_people_are_counted_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 512 people, so that the table is turned piece by piece."""
    rng = np.random.default_rng(0)
    own, other = rng.permutation(530), rng.permutation(530)
    usable = rng.random((530, 530)) < 0.004
    sides = Sides(own, other, lambda r, c: usable[np.ix_(r, c)])
    pairs = {frozenset((int(own[i]), int(other[j]))) for i, j in np.argwhere(usable)}
    counts = count_pairs(sides, 100)
    assert counts.person_pairs == sum(len(pair) == 2 for pair in pairs)
    assert counts.with_mate.tolist() == sorted(min(p) for p in pairs if len(p) == 1)
    assert counts.people.tolist() == sorted(set().union(*pairs))
    assert count_pairs(sides).person_pairs == counts.person_pairs


def test_only_as_many_people_are_kept_as_asked_for() -> None:
    values = np.random.default_rng(1).normal(size=(4, 6))
    sides = Sides(np.arange(4), np.arange(6), lambda r, c: np.ones((len(r), len(c)), bool))
    block = [(np.arange(4), np.arange(6), {"t": values})]
    for k, kept in ((2, 2), (9, 6)):
        found = summarise_pairs(["t"], sides, block, [], k=k)["t"]
        assert found.top.shape == (4, k)
        np.testing.assert_array_equal(found.top[:, :kept], np.argsort(-values, axis=1)[:, :kept])
    assert summarise_pairs(["t"], sides, block, [])["t"].top.shape == (4, 5)
    assert found.counts.shape[-1] == large.BINS
    nothing = summarise_pairs(["t"], sides, [], [])["t"]
    assert (nothing.total, nothing.variance, nothing.mated.size) == (0, 0.0, 0)
