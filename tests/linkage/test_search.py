"""Exact search against comparing with everything, also on data where nothing can be passed over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from headrisk.errors import InputError, UsageError
from headrisk.linkage import search as search_module
from headrisk.linkage.search import compare_all, search
from headrisk.linkage.search_index import (
    build_index,
    coarse_cells,
    code_products,
    code_weights,
    row_norms,
    unit_rows,
)
from headrisk.types import Float32Array, Grid


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
    index = build_index(gallery)
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
    cells = rng.integers(rng.integers(1, values + 1), size=values)
    index = build_index(gallery, cells=np.unique(cells, return_inverse=True)[1])
    for probe, found in zip(probes, search(index, probes, k=k, at_least=least), strict=True):
        full = compare_all(index, probe, k=k, at_least=least)
        assert np.array_equal(found.rows, full.rows)
        assert np.array_equal(found.scores, full.scores)


def smooth(rng: np.random.Generator, count: int, values: int, width: float) -> Float32Array:
    """Vectors whose neighbouring values are alike."""
    noise = rng.standard_normal((count, values))
    return ndimage.gaussian_filter1d(noise, width, axis=1, mode="wrap").astype(np.float32)


@pytest.mark.parametrize("width", [0.01, 1.0, 30.0])
@pytest.mark.parametrize("spikes", [False, True])
def test_bounds_hold_and_are_not_idle(width: float, spikes: bool) -> None:
    """No score lies above its bounds; the fine bound is close whatever the data."""
    rng = np.random.default_rng(5)
    gallery, probes = smooth(rng, 200, 90, width), smooth(rng, 50, 90, width)
    if spikes:
        gallery[::2, 7] = 1e4
    probes = np.concatenate([probes, gallery[:9]])
    index = build_index(gallery, cells=np.arange(90) // 7)
    unit = unit_rows(probes, row_norms(probes))
    true = unit @ unit_rows(gallery, index.norms).T
    group = search_module._group(index, probes, 0, None, -1.0)
    bounds = np.empty(true.shape, np.float32)
    search_module._coarse_bounds(index, group, bounds, slice(0, 200), 0.0, 1)
    assert (bounds >= true).all()
    loose = bounds.copy()
    search_module._fine_bounds(index, group, bounds, slice(0, 200), 0.0)
    open_ = loose >= -1
    assert (bounds[open_] >= true[open_]).all()
    assert np.abs(bounds - true)[open_].max() < 0.02
    if width == 30:
        assert np.median(loose - true) < 0.2


def test_rounding_is_bounded_also_where_it_is_worst() -> None:
    """Vectors that lie right between two steps, and probes in the direction of what is lost."""
    gallery = np.tile(np.array([127, 0.5, -0.5, 1.5, -1.5, 0.5], np.float32), (4, 40))
    gallery *= np.float32([[1], [1e-12], [1e12], [-1]])
    index = build_index(gallery)
    units = unit_rows(gallery, index.norms)
    lost = units - index.fine.codes * index.fine.step[:, None].astype(np.float64)
    length = np.linalg.norm(lost, axis=1)
    assert (index.fine.error >= length).all()
    assert (index.fine.error <= 1.01 * length + 1e-4).all()
    for probe, found in zip(lost, search(index, lost, k=2), strict=True):
        full = compare_all(index, probe, k=2)
        assert np.array_equal(found.rows, full.rows)


def test_most_of_a_gallery_is_passed_over() -> None:
    """Smooth vectors by their coarse bounds, vectors without structure by their fine ones."""
    rng = np.random.default_rng(0)
    for width, coarse, fine in ((12.0, 100, 3), (0.01, 3000, 3)):
        gallery = smooth(rng, 3000, 240, width)
        probes = gallery[::500] + 0.3 * smooth(rng, 6, 240, width)
        found = search(build_index(gallery), probes, k=1)
        assert [one.rows[0] for one in found] == list(range(0, 3000, 500))
        assert np.mean([one.open_coarse for one in found]) <= coarse
        assert np.mean([one.open_fine for one in found]) <= fine
        assert np.mean([one.compared for one in found]) <= fine + 12


def test_products_with_the_two_numbers_of_every_byte() -> None:
    codes = np.arange(256, dtype=np.uint8).reshape(8, 32)
    numbers = np.random.default_rng(5).standard_normal((3, 64))
    room = np.empty((9, 32), np.float32), np.empty((9, 32), np.uint8)
    found = code_products(code_weights(numbers), codes, *room)
    naive = [
        [sum(p * (c % 16) + r * (c // 16) for p, r, c in zip(n[:32], n[32:], row, strict=True))
         for row in codes.tolist()]
        for n in numbers
    ]  # fmt: skip
    assert found == pytest.approx(np.array(naive), abs=1e-3)


def test_cells_of_a_grid() -> None:
    mask = np.zeros((7, 8, 9), bool)
    mask[1:6, 2:7, 3:9] = True
    cells = coarse_cells(Grid(mask, np.eye(4)))
    volume = np.full(mask.shape, -1)
    volume[mask] = cells
    assert sorted(set(cells.tolist())) == list(range(cells.max() + 1))
    for i, j, k in np.argwhere(mask):
        block = volume[i // 2 * 2 :, j // 2 * 2 :, k // 2 * 2 :][:2, :2, :2]
        assert set(block[block >= 0].tolist()) == {volume[i, j, k]}


@pytest.mark.parametrize("threads", [1, 3])
def test_groups_chunks_and_threads_do_not_matter(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    gallery, probes = decaying(rng, 400, 50, 1.0), decaying(rng, 9, 50, 1.0)
    index = build_index(gallery)
    whole = search(index, probes, k=4)
    monkeypatch.setattr(search_module, "BOUND_BYTES", 4 * 400 * 2)
    monkeypatch.setattr(search_module, "CHUNK", 33)
    monkeypatch.setattr(search_module, "BLOCK_BYTES", 4 * 50 * 5)
    monkeypatch.setattr(search_module, "FEW", 1)
    for one, other in zip(whole, search(index, probes, k=4, threads=threads), strict=True):
        assert np.array_equal(one.rows, other.rows)
        assert np.array_equal(one.scores, other.scores)


def test_equal_scores_come_in_the_order_of_the_gallery() -> None:
    gallery = np.ones((30, 4), np.float32)
    (found,) = search(build_index(gallery), gallery[:1], k=7)
    assert found.rows.tolist() == list(range(7))
    (found,) = search(build_index(gallery), np.zeros((1, 4), np.float32), k=3)
    assert found.rows.tolist() == [0, 1, 2]
    assert found.scores.tolist() == [0, 0, 0]


def test_a_gallery_on_disk_gives_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    gallery, probes = decaying(rng, 300, 40, 1.0), decaying(rng, 5, 40, 1.0)
    np.save(tmp_path / "gallery.npy", gallery)
    mapped = np.load(tmp_path / "gallery.npy", mmap_mode="r")
    there = build_index(mapped, folder=tmp_path, threads=2)
    here = build_index(gallery)
    assert (tmp_path / "fine.npy").is_file()
    for one, other in zip(search(here, probes, k=3), search(there, probes, k=3), strict=True):
        assert np.array_equal(one.rows, other.rows)
        assert np.array_equal(one.scores, other.scores)


def test_scores_of_the_caller_count_and_pairs_can_be_barred() -> None:
    rng = np.random.default_rng(6)
    gallery, probes = decaying(rng, 200, 30, 1.0), decaying(rng, 4, 30, 1.0)
    index = build_index(gallery)
    shift = rng.uniform(-0.1, 0.1, (4, 200))
    cosine = unit_rows(probes, np.linalg.norm(probes, axis=1)) @ unit_rows(gallery, index.norms).T
    wanted = cosine + shift
    wanted[:, ::3] = -np.inf
    found = search(index, probes, k=5, rescore=lambda p, rows: wanted[p, rows], slack=0.1)
    for probe, one in enumerate(found):
        assert one.rows.tolist() == np.argsort(-wanted[probe])[:5].tolist()


def test_what_cannot_be_searched_is_refused() -> None:
    gallery = np.eye(4, dtype=np.float32)
    index = build_index(gallery)
    with pytest.raises(UsageError, match="a threshold"):
        search(index, gallery)
    with pytest.raises(UsageError, match="k of 1 or more"):
        search(index, gallery, k=0)
    with pytest.raises(InputError, match=r"expected \(probes, 4\)"):
        search(index, gallery[:, :3], k=1)
    with pytest.raises(InputError, match="numbered from 0"):
        build_index(gallery, cells=np.arange(3))
    with pytest.raises(InputError, match="float32 or float16"):
        build_index(gallery.astype(np.float64))
    broken = gallery.copy()
    broken[2, 1] = np.nan
    with pytest.raises(InputError, match="not finite"):
        build_index(broken)
    with pytest.raises(InputError, match="not finite"):
        search(index, broken, k=1)
