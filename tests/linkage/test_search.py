"""Exact search against comparing with everything, also on data where nothing can be passed over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrisk.errors import InputError, UsageError
from headrisk.linkage import search as search_module
from headrisk.linkage.search import compare_all, search
from headrisk.linkage.search_index import SCALE, build_index, coordinates, unit_rows
from headrisk.types import Float32Array


def decaying(rng: np.random.Generator, count: int, values: int, power: float) -> Float32Array:
    """Vectors whose variance falls along the axes, in a random orientation."""
    scale = np.arange(1, values + 1) ** -power
    turn = np.linalg.qr(rng.standard_normal((values, values)))[0]
    return ((rng.standard_normal((count, values)) * scale) @ turn).astype(np.float32)


def brute(
    gallery: Float32Array, probe: Float32Array, k: int | None, least: float
) -> tuple[list[int], list[float]]:
    """The naive answer: every correlation, sorted; of equal ones the first row first."""
    scores = []
    for row in gallery.astype(np.float64):
        size = np.sqrt(row @ row) * np.sqrt(float(probe.astype(np.float64) @ probe))
        scores.append(float(row @ probe.astype(np.float64)) / size if size > 0 else 0.0)
    order = sorted(range(len(scores)), key=lambda n: (-scores[n], n))
    order = [n for n in order if scores[n] >= least][:k]
    return order, [scores[n] for n in order]


CASES = [(1, -np.inf), (5, -np.inf), (3, 0.3), (None, 0.2), (10_000, -np.inf), (2, -0.05)]


@pytest.mark.parametrize("power", [0.0, 0.6, 1.5], ids=["isotropic", "realistic", "steep"])
@pytest.mark.parametrize(("k", "least"), CASES)
def test_the_answer_is_that_of_comparing_with_everything(
    power: float, k: int | None, least: float
) -> None:
    rng = np.random.default_rng(3)
    gallery = decaying(rng, 300, 90, power)
    probes = np.concatenate([gallery[:6] + 0.5 * decaying(rng, 6, 90, power), gallery[8:10]])
    index = build_index(gallery, numbers=(7, 30))
    for probe, found in zip(probes, search(index, probes, k=k, at_least=least), strict=True):
        full = compare_all(index, probe, k=k, at_least=least)
        assert np.array_equal(found.rows, full.rows)
        assert np.array_equal(found.scores, full.scores)
        rows, scores = brute(gallery, probe, k, least)
        np.testing.assert_allclose(found.scores, scores, atol=1e-12)
        assert set(found.rows.tolist()) == set(rows)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.tuples(st.integers(1, 40), st.integers(1, 20), st.integers(1, 5)),
    k=st.one_of(st.none(), st.integers(1, 60)),
    least=st.floats(-1.1, 1.1),
    copies=st.integers(0, 10),
    zeros=st.integers(0, 3),
    scale=st.sampled_from([1e-18, 1.0, 1e15]),
    half=st.booleans(),
)
def test_nothing_is_lost_on_any_data(
    seed: int,
    size: tuple[int, int, int],
    k: int | None,
    least: float,
    copies: int,
    zeros: int,
    scale: float,
    half: bool,
) -> None:
    """Copies, vectors that differ in the last digit, zeros, small integers, extreme lengths."""
    rng = np.random.default_rng(seed)
    count, values, many = size
    gallery = rng.integers(-2, 3, (count, values)).astype(np.float32)
    gallery[rng.random(count) < 0.5] += rng.standard_normal(values).astype(np.float32)
    for _ in range(copies):
        gallery[rng.integers(count)] = np.nextafter(gallery[rng.integers(count)], np.float32(9))
    gallery[rng.integers(count, size=zeros)] = 0
    gallery = gallery.astype(np.float16) if half else gallery * np.float32(scale)
    probes = gallery[rng.integers(count, size=many)].astype(np.float32)
    probes[rng.random(many) < 0.5] += rng.standard_normal(values).astype(np.float32)
    index = build_index(gallery, numbers=(1, 4, 9))
    for probe, found in zip(probes, search(index, probes, k=k, at_least=least), strict=True):
        full = compare_all(index, probe, k=k, at_least=least)
        assert np.array_equal(found.rows, full.rows)
        assert np.array_equal(found.scores, full.scores)


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_bounds_hold_and_are_not_idle(power: float) -> None:
    """No score lies above its bound at any level; with all directions the bound is close."""
    rng = np.random.default_rng(5)
    gallery, probes = decaying(rng, 200, 60, power), decaying(rng, 50, 60, power)
    index = build_index(gallery, numbers=(8, 24, 60))
    unit = unit_rows(probes, np.linalg.norm(probes.astype(np.float64), axis=1))
    true = unit @ unit_rows(gallery, index.norms).T
    start = 0
    known = np.zeros_like(true)
    for level, stop in zip(index.levels, index.numbers, strict=True):
        numbers = unit @ index.basis[:stop].T.astype(np.float64)
        known += numbers[:, start:] @ (level.codes / SCALE).T
        rest = np.sqrt(np.maximum(1 - np.vecdot(numbers, numbers), 0))
        bound = known + np.outer(np.linalg.norm(numbers, axis=1), level.leak)
        bound += np.outer(rest, level.rest)
        assert (bound + level.margin >= true).all()
        start = stop
    assert np.abs(bound - true).max() < 0.02


def test_most_of_a_gallery_with_structure_is_passed_over() -> None:
    rng = np.random.default_rng(0)
    gallery = decaying(rng, 5000, 120, 1.5)
    probes = gallery[::500] + 0.3 * decaying(rng, 10, 120, 1.5)
    found = search(build_index(gallery, numbers=(16, 48)), probes, k=1)
    assert [one.rows[0] for one in found] == list(range(0, 5000, 500))
    assert np.mean([one.compared for one in found]) < 50
    assert all(one.passed[0] >= one.passed[1] for one in found)


@pytest.mark.parametrize("threads", [1, 3])
def test_groups_chunks_and_threads_do_not_matter(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    gallery, probes = decaying(rng, 400, 50, 1.0), decaying(rng, 9, 50, 1.0)
    index = build_index(gallery, numbers=(6, 20))
    whole = search(index, probes, k=4)
    monkeypatch.setattr(search_module, "BOUND_BYTES", 4 * 400 * 2)
    monkeypatch.setattr(search_module, "CHUNK", 33)
    monkeypatch.setattr(search_module, "DENSE", 0.7)
    for one, other in zip(whole, search(index, probes, k=4, threads=threads), strict=True):
        assert np.array_equal(one.rows, other.rows)
        assert np.array_equal(one.scores, other.scores)


def test_equal_scores_come_in_the_order_of_the_gallery() -> None:
    gallery = np.ones((30, 4), np.float32)
    (found,) = search(build_index(gallery, numbers=(2,)), gallery[:1], k=7)
    assert found.rows.tolist() == list(range(7))
    (found,) = search(build_index(gallery, numbers=(2,)), np.zeros((1, 4), np.float32), k=3)
    assert found.rows.tolist() == [0, 1, 2]
    assert found.scores.tolist() == [0, 0, 0]


def test_a_gallery_on_disk_gives_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    gallery, probes = decaying(rng, 300, 40, 1.0), decaying(rng, 5, 40, 1.0)
    np.save(tmp_path / "gallery.npy", gallery)
    mapped = np.load(tmp_path / "gallery.npy", mmap_mode="r")
    there = build_index(mapped, numbers=(5, 15), folder=tmp_path)
    here = build_index(gallery, numbers=(5, 15))
    assert (tmp_path / "level-1.npy").is_file()
    for one, other in zip(search(here, probes, k=3), search(there, probes, k=3), strict=True):
        assert np.array_equal(one.rows, other.rows)
        assert np.array_equal(one.scores, other.scores)


def test_scores_of_the_caller_count_and_pairs_can_be_barred() -> None:
    rng = np.random.default_rng(6)
    gallery, probes = decaying(rng, 200, 30, 1.0), decaying(rng, 4, 30, 1.0)
    index = build_index(gallery, numbers=(5, 15))
    shift = rng.uniform(-0.1, 0.1, (4, 200))
    cosine = unit_rows(probes, np.linalg.norm(probes, axis=1)) @ unit_rows(gallery, index.norms).T
    wanted = cosine + shift
    wanted[:, ::3] = -np.inf
    found = search(index, probes, k=5, rescore=lambda p, rows: wanted[p, rows], slack=0.1)
    for probe, one in enumerate(found):
        assert one.rows.tolist() == np.argsort(-wanted[probe])[:5].tolist()


def test_coordinates_keep_their_error_bound() -> None:
    rng = np.random.default_rng(7)
    rows = rng.standard_normal((20, 3000))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    basis = np.linalg.qr(rng.standard_normal((3000, 9)))[0].T.astype(np.float32)
    found, error = coordinates(rows, np.ascontiguousarray(basis))
    exact = rows @ basis.T.astype(np.float64)
    assert 0 < np.abs(found - exact).max() <= error


def test_what_cannot_be_searched_is_refused() -> None:
    gallery = np.eye(4, dtype=np.float32)
    index = build_index(gallery)
    with pytest.raises(UsageError, match="a threshold"):
        search(index, gallery)
    with pytest.raises(UsageError, match="k of 1 or more"):
        search(index, gallery, k=0)
    with pytest.raises(InputError, match=r"expected \(probes, 4\)"):
        search(index, gallery[:, :3], k=1)
    with pytest.raises(UsageError, match="rise from 1"):
        build_index(gallery, numbers=(8, 8))
    with pytest.raises(InputError, match="float32 or float16"):
        build_index(gallery.astype(np.float64))
    broken = gallery.copy()
    broken[2, 1] = np.nan
    with pytest.raises(InputError, match="not finite"):
        build_index(broken)
    with pytest.raises(InputError, match="not finite"):
        search(index, broken, k=1)
