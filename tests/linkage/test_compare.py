"""Comparing in blocks: assembly, symmetry, memory-mapped input, processes, refused input."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from headrisk.brain.similarity import PairFamily, Reference, select
from headrisk.errors import InputError, UsageError
from headrisk.linkage.compare import compare
from headrisk.settings import DEFAULT_MEASURES
from headrisk.types import Float32Array, FloatArray, Grid

NAMES = ("ncc", "mae", "rmse", "residual-correlation")
GRID = Grid(np.ones((3, 4, 5), bool), np.eye(4))


def images(seed: int, count: int) -> Float32Array:
    return np.random.default_rng(seed).standard_normal((count, GRID.size)).astype(np.float32)


def run(a: Float32Array, b: Float32Array, **options: Any) -> Any:
    usable = np.ones((len(a), len(b)), bool)
    names = options.pop("names", NAMES)
    return compare(
        a, b, np.arange(len(a)), np.arange(len(b)), usable, select(names), GRID, **options
    )


def test_scores_land_where_they_belong() -> None:
    a, b = images(0, 7), images(1, 11)
    result = run(a, b, block=3)
    assert list(result) == list(NAMES)
    expected = np.corrcoef(a, b)[:7, 7:]
    assert np.abs(result["ncc"].values - expected).max() < 1e-6
    expected = -np.abs(a[:, None] - b[None]).mean(axis=2)
    assert np.abs(result["mae"].values - expected).max() < 1e-6
    assert result["ncc"].measure == "ncc"
    assert result["ncc"].mated.sum() == 7


@settings(max_examples=12, deadline=None)
@given(st.integers(3, 9), st.integers(3, 9), st.integers(1, 10), st.integers(0, 99))
def test_block_size_does_not_change_scores(p: int, g: int, block: int, seed: int) -> None:
    a, b = images(seed, p), images(seed + 1, g)
    whole, cut = run(a, b), run(a, b, block=block)
    for name in NAMES:
        assert np.abs(whole[name].values - cut[name].values).max() < 1e-6


@settings(max_examples=12, deadline=None)
@given(st.permutations(range(6)), st.permutations(range(5)), st.integers(0, 99))
def test_permuted_input_permutes_output(p: list[int], g: list[int], seed: int) -> None:
    a, b = images(seed, 6), images(seed + 1, 5)
    usable = np.ones((6, 5), bool)
    measures = select(NAMES)
    plain = compare(a, b, np.arange(6), np.arange(5), usable, measures, GRID)
    mixed = compare(a[p], b[g], np.array(p), np.array(g), usable, measures, GRID, block=2)
    for name in NAMES:
        assert np.abs(plain[name].values[np.ix_(p, g)] - mixed[name].values).max() < 1e-6


def test_a_list_against_itself_equals_two_copies() -> None:
    a = images(0, 7)
    same, copies = run(a, a, block=3), run(a, a.copy(), block=3)
    for name in NAMES:
        assert np.abs(same[name].values - copies[name].values).max() < 1e-6


def test_upper_triangle_only_for_symmetric_measures() -> None:
    calls: list[tuple[int, int]] = []

    def count(a: Float32Array, b: Float32Array, names: object) -> dict[str, FloatArray]:
        calls.append((len(a), len(b)))
        return {"first": (a[:, :1] - b[:, 0]).astype(float)}

    def blocks(symmetric: bool) -> int:
        calls.clear()
        family = PairFamily(("first",), lambda vectors, grid: vectors, count, symmetric)
        a = images(0, 6)
        usable = np.ones((6, 6), bool)
        result = compare(a, a, np.arange(6), np.arange(6), usable, {"first": family}, GRID, block=2)
        if not symmetric:
            assert np.allclose(result["first"].values, a[:, :1] - a[:, 0])
        return len(calls)

    assert blocks(symmetric=True) == 6
    assert blocks(symmetric=False) == 9


def reference(voxels: int = GRID.size) -> Reference:
    brain = images(9, 1)[0, :voxels]
    return Reference(brain, brain[None] / np.linalg.norm(brain))


def test_notes_say_which_mean_was_removed() -> None:
    a = images(0, 5)
    assert "mean of the gallery" in run(a, a).notes["residual-correlation"]
    with_reference = run(a, a, reference=reference())
    assert "reference brain" in with_reference.notes["residual-correlation"]
    assert list(with_reference.notes) == ["residual-correlation"]


def in_processes(function: Any, tasks: Sequence[Any]) -> Iterable[Any]:
    assert all(not isinstance(task.probes, np.ndarray) for task in tasks)
    with ProcessPoolExecutor(2) as pool:
        yield from pool.map(function, tasks)


def test_memory_mapped_input_in_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headrisk.linkage.compare.SMALL_WORK", 0)
    a, b = images(0, 7), images(1, 11)
    np.save(tmp_path / "a.npy", a)
    np.save(tmp_path / "b.npy", b)
    mapped = [np.load(tmp_path / name, mmap_mode="r") for name in ("a.npy", "b.npy")]
    plain = run(a, b, names=DEFAULT_MEASURES)
    result = run(*mapped, block=3, run=in_processes, names=DEFAULT_MEASURES)
    part = run(mapped[0][2:], mapped[1], block=3)
    for name in DEFAULT_MEASURES:
        # Descriptors of so small a brain have nearly everything in common, which costs a digit.
        allowed = 1e-5 if name == "self-similarity" else 1e-6
        assert np.abs(plain[name].values - result[name].values).max() < allowed
    assert np.abs(plain["mae"].values[2:] - part["mae"].values).max() < 1e-6


def test_small_work_starts_no_processes() -> None:
    def refuse(function: Any, tasks: Sequence[Any]) -> Iterable[Any]:
        raise AssertionError("small work was handed out")

    a = images(0, 7)
    result = run(a, a, run=refuse)
    assert np.array_equal(result["mae"].values, run(a, a)["mae"].values)


def test_scores_do_not_depend_on_the_number_of_threads() -> None:
    grid = Grid(np.ones((30, 30, 30), bool), np.eye(4))
    a = np.random.default_rng(0).standard_normal((40, grid.size)).astype(np.float32)
    people = np.arange(40)
    usable, measures = np.ones((40, 40), bool), select(["ncc", "residual-correlation"])
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(compare(a, a, people, people, usable, measures, grid))
    for name in measures:
        assert np.array_equal(found[0][name].values, found[1][name].values)


def test_memory_order_of_the_input_does_not_matter() -> None:
    a, b = images(0, 4), images(1, 5)
    plain = run(a, b, names=DEFAULT_MEASURES)
    turned = run(np.asfortranarray(a), np.asfortranarray(b), names=DEFAULT_MEASURES)
    for name in DEFAULT_MEASURES:
        assert np.abs(plain[name].values - turned[name].values).max() < 1e-6


def test_refused_input() -> None:
    a, b = images(0, 4), images(1, 5)
    with pytest.raises(InputError, match=r"probes.*shape \(4, 59\).*shape \(4, 60\)"):
        run(a[:, :59], b)
    with pytest.raises(InputError, match=r"gallery.*float64.*float32"):
        run(a, b.astype(float))
    bad = b.copy()
    bad[3, 7] = np.nan
    with pytest.raises(InputError, match="gallery: fingerprint 3"):
        run(a, bad)
    with pytest.raises(InputError, match="usable"):
        compare(a, b, np.arange(4), np.arange(5), np.ones((5, 4), bool), select(NAMES), GRID)
    with pytest.raises(InputError, match="gallery: person numbers"):
        compare(a, b, np.arange(4), np.arange(4), np.ones((4, 5), bool), select(NAMES), GRID)
    with pytest.raises(InputError, match=r"reference.*shape \(1, 9\).*60"):
        run(a, b, reference=reference(voxels=9))
    with pytest.raises(UsageError, match="no measures"):
        run(a, b, names=())
    with pytest.raises(UsageError, match="block"):
        run(a, b, block=0)


def test_empty_lists_give_empty_scores() -> None:
    result = run(images(0, 0), images(1, 5), names=("ncc", "mae"))
    assert result["ncc"].values.shape == (0, 5)


def test_what_is_refused_is_said_in_full() -> None:
    a, b = images(0, 4), images(1, 5)
    grid = "All fingerprints of a comparison must come from the same grid."
    usable, numbers = np.ones((4, 5), bool), (np.arange(4), np.arange(5))
    measures = select(NAMES)
    bad = b.copy()
    bad[3, 7] = np.inf
    late = images(2, 70)
    late[66, 0] = np.nan
    cases: list[tuple[Any, str]] = [
        (
            lambda: run(a[:, :59], b),
            f"probes: an array of shape (4, 59); expected shape (4, 60). {grid}",
        ),
        (
            lambda: run(a, b[:, :59]),
            f"gallery: an array of shape (5, 59); expected shape (5, 60). {grid}",
        ),
        (
            lambda: run(a.astype(float), b),
            "probes: fingerprints of type float64; expected float32.",
        ),
        (
            lambda: run(a, bad),
            "gallery: fingerprint 3 holds values not finite; expected finite values. "
            "Prepare that scan again or leave it out.",
        ),
        (
            lambda: run(late, b),
            "probes: fingerprint 66 holds values not finite; expected finite values. "
            "Prepare that scan again or leave it out.",
        ),
        (
            lambda: compare(a, b, *numbers, usable.T, measures, GRID),
            f"usable: an array of shape (5, 4); expected shape (4, 5). {grid}",
        ),
        (
            lambda: compare(a, b, np.arange(3), np.arange(5), usable, measures, GRID),
            f"probes: person numbers: an array of shape (3,); expected shape (4,). {grid}",
        ),
        (
            lambda: compare(a, b, np.arange(4), np.arange(4), usable, measures, GRID),
            f"gallery: person numbers: an array of shape (4,); expected shape (5,). {grid}",
        ),
        (lambda: run(a, b, names=()), "compare: no measures; expected at least one measure."),
        (lambda: run(a, b, block=0), "compare: block: 0; expected 1 or more."),
    ]
    for call, sentence in cases:
        with pytest.raises((InputError, UsageError)) as caught:
            call()
        assert str(caught.value) == sentence
    assert run(a, b, block=1)["ncc"].values.shape == (4, 5)


def test_scores_keep_people_and_usable_pairs() -> None:
    a, b = images(0, 4), images(1, 5)
    usable = np.random.default_rng(0).random((4, 5)) < 0.5
    found = compare(
        a, b, np.arange(4) + 7, np.arange(5), usable, select(("mae", "residual-correlation")), GRID
    )
    for name, scores in found.items():
        assert scores.measure == name
        assert scores.usable is usable
        assert scores.probe_person.tolist() == [7, 8, 9, 10]
        assert scores.gallery_person.tolist() == [0, 1, 2, 3, 4]
    assert len(found.notes) == 1


def test_large_work_is_handed_out_and_small_work_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = images(0, 4), images(1, 5)
    asked: list[int] = []

    def count(function: Any, tasks: Sequence[Any]) -> Iterable[Any]:
        asked.append(len(tasks))
        return map(function, tasks)

    for limit, calls in ((4 * 5 * GRID.size, [4]), (4 * 5 * GRID.size + 1, [])):
        monkeypatch.setattr("headrisk.linkage.compare.SMALL_WORK", limit)
        asked.clear()
        run(a, b, run=count, names=("mae",), block=3)
        assert asked == calls
