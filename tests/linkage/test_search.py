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
from headrisk.linkage.search import Found, _Best, _in_order, compare_all, search
from headrisk.linkage.search_index import (
    NIBBLE,
    build_index,
    coarse_cells,
    code_products,
    code_weights,
    coordinates,
    exact_scores,
    row_norms,
    steps,
    sum_error,
    unit_rows,
)
from headrisk.types import Float32Array, FloatArray, Grid


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
        [
            sum(p * (c % 16) + r * (c // 16) for p, r, c in zip(n[:32], n[32:], row, strict=True))
            for row in codes.tolist()
        ]
        for n in numbers
    ]
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


def test_what_cannot_be_searched_is_said_in_full() -> None:
    gallery = np.eye(4, dtype=np.float32)
    index = build_index(gallery)
    expected = "expected k of 1 or more, or a threshold; slack of 0 or more; 1 thread or more."
    for options, found in (
        ({}, "k=None, at_least=-inf, slack=0, threads=1"),
        ({"k": 0}, "k=0, at_least=-inf, slack=0, threads=1"),
        ({"at_least": np.nan}, "k=None, at_least=nan, slack=0, threads=1"),
        ({"k": 1, "slack": -0.5}, "k=1, at_least=-inf, slack=-0.5, threads=1"),
        ({"k": 1, "threads": 0}, "k=1, at_least=-inf, slack=0, threads=0"),
    ):
        with pytest.raises(UsageError) as caught:
            search(index, gallery, **options)  # type: ignore[arg-type]
        assert str(caught.value) == f"search: {found}; {expected}"
    for probes in (gallery[:, :3], gallery[0]):
        with pytest.raises(InputError) as wrong:
            search(index, probes, k=1)
        assert str(wrong.value) == (f"search: probes: shape {probes.shape}; expected (probes, 4).")
    broken = np.ones((2100, 4), np.float32)
    broken[2099, 1] = np.inf
    with pytest.raises(InputError) as wrong:
        search(index, broken, k=1)
    assert str(wrong.value) == (
        "search: probes: values that are not finite; expected finite values."
    )
    with pytest.raises(InputError) as wrong:
        build_index(broken)
    assert str(wrong.value) == (
        "search: gallery: values that are not finite; expected finite values. "
        "Prepare those scans again or leave them out."
    )
    shape = "expected (scans, values) of float32 or float16, with at least one of each."
    for array in (gallery[0], gallery.astype(np.float64), gallery[:0], gallery[:, :0]):
        with pytest.raises(InputError) as wrong:
            build_index(array, cells=np.zeros(array.shape[-1], np.int64))
        kind = f"an array of shape {array.shape}, {array.dtype}"
        assert str(wrong.value) == f"search: gallery: {kind}; {shape}"
    for cells, smallest in ((np.arange(3), 0), (np.array([0, -1, 2, 1]), -1)):
        with pytest.raises(InputError) as wrong:
            build_index(gallery, cells=cells)
        assert str(wrong.value) == (
            f"search: cells: shape {cells.shape}, smallest {smallest}; "
            "expected (4,), numbered from 0."
        )
    assert search(index, gallery, k=1, slack=0.0, threads=1)
    assert search(index, gallery, at_least=0.0)[0].rows.tolist() == [0, 1, 2, 3]


def test_the_best_so_far_and_what_another_must_reach() -> None:
    best = _Best(2, 0.1)
    assert best.cutoff == 0.1
    best.add(np.array([4, 9]), np.array([0.5, 0.05]))
    assert (best.rows.tolist(), best.scores.tolist(), best.cutoff) == ([4], [0.5], 0.1)
    best.add(np.array([7, 2]), np.array([0.1, 0.5]))
    assert (best.rows.tolist(), best.scores.tolist(), best.cutoff) == ([2, 4], [0.5, 0.5], 0.5)
    assert best.seen == {2, 4, 7, 9}
    every = _Best(None, -np.inf)
    every.add(np.array([3, 1, 2]), np.array([0.2, -np.inf, 0.3]))
    assert (every.rows.tolist(), every.cutoff) == ([2, 3], -np.inf)


def test_open_rows_come_by_falling_bound_in_growing_batches() -> None:
    bounds = np.linspace(1, 0, 1000, dtype=np.float32)[np.random.default_rng(0).permutation(1000)]
    best = _Best(None, 0.25)
    best.seen.update(np.argsort(-bounds)[:10].tolist())
    order = np.argsort(-bounds, kind="stable")
    wanted = [row for row in order.tolist() if bounds[row] >= 0.25]
    parts = [part.tolist() for part in _in_order(bounds, best)]
    assert parts == [
        sorted(wanted[10:64]),
        sorted(wanted[64:192]),
        sorted(wanted[192:448]),
        sorted(wanted[448:]),
    ]
    lazy, found = _Best(1, -np.inf), []
    for part in _in_order(bounds, lazy):
        found.append(part.size)
        lazy.add(part, bounds[part].astype(float))
    assert found == [64]  # the first of them is better than any other bound
    seen = _Best(None, 0.25)
    seen.seen.update(range(1000))
    assert list(_in_order(bounds, seen)) == []


def test_comparing_with_everything_counts_everything() -> None:
    gallery = np.array([[3, 4], [0, 2], [-1, 0], [0, 0]], np.float32)
    found = compare_all(build_index(gallery), np.array([0, 5], np.float32), at_least=0.0)
    assert isinstance(found, Found)
    assert found.rows.tolist() == [1, 0, 2, 3]
    assert found.scores.tolist() == pytest.approx([1.0, 0.8, 0.0, 0.0])
    assert (found.compared, found.open_coarse, found.open_fine) == (4, 4, 4)
    assert compare_all(build_index(gallery), gallery[0], k=1).rows.tolist() == [0]


def test_steps_cover_all_rows_once() -> None:
    assert list(steps(7, 3)) == [slice(0, 3), slice(3, 6), slice(6, 7)]
    assert list(steps(6, 3)) == [slice(0, 3), slice(3, 6)]
    assert list(steps(0, 3)) == []
    assert list(steps(2049)) == [slice(0, 2048), slice(2048, 2049)]


def test_error_of_a_sum_is_highams_bound() -> None:
    for terms in (1, 1000, 28_000):
        share = (terms + 8) * 2.0**-24
        assert sum_error(terms) == pytest.approx(share / (1 - share), rel=1e-12)


def test_coordinates_are_sums_over_cells_and_their_rest() -> None:
    cells = np.array([0, 2, 1, 0, 2, 2, 0])
    rng = np.random.default_rng(7)
    index = build_index(rng.normal(size=(3, 7)).astype(np.float32), cells=cells)
    units = unit_rows(rng.normal(size=(5, 7)), np.full(5, 1.0))
    units /= np.linalg.norm(units, axis=1)[:, None]
    inside, rest = coordinates(index, units)
    assert inside.shape == (5, 4)  # three cells, and a row of zeros beside them
    for unit, place, left in zip(units, inside, rest, strict=True):
        for cell in range(3):
            own = cells == cell
            assert place[cell] == pytest.approx(unit[own].sum() / np.sqrt(own.sum()))
        assert place[3] == 0.0
        mean = np.array([unit[cells == cell].mean() for cell in cells])
        assert left == pytest.approx(np.linalg.norm(unit - mean), abs=1e-4)
        assert left >= np.linalg.norm(unit - mean)
    assert (coordinates(index, np.zeros((1, 7)))[1] < 1e-4).all()


def test_lengths_and_unit_rows() -> None:
    rows = np.array([[3, 4], [0, 0], [-6, 8]], np.float32)
    assert row_norms(rows).tolist() == [5.0, 0.0, 10.0]
    assert row_norms(rows).dtype == np.float64
    units = unit_rows(rows, row_norms(rows))
    np.testing.assert_allclose(units, [[0.6, 0.8], [0, 0], [-0.6, 0.8]])
    assert units.dtype == np.float64


def test_every_part_of_a_description() -> None:
    """Codes, steps and the lengths of what they leave out, close above the truth."""
    rng = np.random.default_rng(8)
    gallery = (rng.normal(size=(40, 33)) * rng.uniform(0.1, 9, (40, 1))).astype(np.float32)
    gallery[5] = 0
    cells = np.arange(33) // 3
    index = build_index(gallery, cells=cells)
    np.testing.assert_allclose(index.norms, np.linalg.norm(gallery.astype(float), axis=1))
    units = gallery.astype(float) / np.where(index.norms > 0, index.norms, 1)[:, None]
    inside, rest = coordinates(index, units)
    coarse, fine = index.coarse, index.fine
    assert coarse.codes.shape == (40, 6)
    numbers = np.concatenate([coarse.codes % 16, coarse.codes // 16], axis=1)
    size = np.sqrt((inside**2).mean(axis=1))
    np.testing.assert_allclose(coarse.step, 0.335 * size, rtol=1e-5)
    scaled = inside / np.where(size > 0, 0.335 * size, 1)[:, None] + NIBBLE / 2
    assert np.abs(numbers - np.clip(scaled, 0, 15)).max() <= 0.5 + 1e-5
    lost = inside - coarse.step[:, None].astype(float) * (numbers - NIBBLE / 2)
    length = np.linalg.norm(lost, axis=1)
    for bound, true in ((coarse.leak, length), (coarse.rest, rest)):
        assert (bound >= true).all()
        assert (bound <= true + 1e-4).all()
    largest = np.abs(units).max(axis=1)
    np.testing.assert_allclose(fine.step, largest / 127, rtol=1e-5)
    assert np.abs(fine.codes[index.norms > 0]).max(axis=1).tolist() == [127] * 39
    lost = units - fine.codes * fine.step[:, None].astype(float)
    length = np.linalg.norm(lost, axis=1)
    assert (fine.error >= length).all()
    assert (fine.error <= length + 2e-5).all()
    assert np.abs(lost).max() <= 0.51 * fine.step.max()
    assert (coarse.step[5], fine.step[5]) == (0, 0)
    for part in (coarse.step, coarse.leak, coarse.rest, fine.step, fine.error):
        assert (part.shape, part.dtype) == ((40,), np.float32)
    assert (coarse.codes.dtype, fine.codes.dtype) == (np.uint8, np.int8)


def test_runs_of_eight_values_are_the_cells_unless_given() -> None:
    gallery = np.random.default_rng(9).normal(size=(4, 20)).astype(np.float32)
    here, there = build_index(gallery), build_index(gallery, cells=np.arange(20) // 8)
    assert np.array_equal(here.means.toarray(), there.means.toarray())
    assert np.array_equal(here.coarse.codes, there.coarse.codes)


def test_exact_scores_do_not_depend_on_what_else_is_asked_for() -> None:
    rng = np.random.default_rng(10)
    gallery = rng.normal(size=(50, 30)).astype(np.float32)
    gallery[3] = 0
    index = build_index(gallery)
    probe = unit_rows(gallery[:1], index.norms[:1])[0]
    rows = rng.permutation(50)[:37]
    found = exact_scores(index, probe, rows)
    for row, score in zip(rows, found, strict=True):
        assert exact_scores(index, probe, np.array([row]))[0] == score
        norm = np.linalg.norm(gallery[row].astype(float))
        expected = gallery[row].astype(float) @ probe / norm if norm else 0.0
        assert score == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("slack", [0.0, 0.25])
@pytest.mark.parametrize("probes", [3, 9])
def test_bounds_are_close_and_leave_room_for_the_slack(
    slack: float, probes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a chunk begins in the middle and blocks are small."""
    monkeypatch.setattr(search_module, "BLOCK_BYTES", 4 * 90 * 7)
    monkeypatch.setattr(search_module, "FEW_BYTES", 4 * 90 * 4)
    rng = np.random.default_rng(11)
    gallery, wanted = smooth(rng, 120, 90, 1.5), smooth(rng, probes, 90, 1.5)
    index = build_index(gallery)
    unit = unit_rows(wanted, row_norms(wanted))
    true = unit @ unit_rows(gallery, index.norms).T
    group = search_module._group(index, wanted, 5, 4, -1.0)
    assert group.first == 5
    assert [(best.k, best.least) for best in group.best] == [(4, -1.0)] * probes
    bounds, rows = np.full(true.shape, -9, np.float32), slice(30, 101)
    where, value = search_module._coarse_bounds(index, group, bounds, rows, slack, 6)
    coarse, part = bounds[:, rows].copy(), true[:, rows]
    assert (bounds[:, :30] == -9).all()
    assert (bounds[:, 101:] == -9).all()
    assert (coarse >= part + slack).all()
    numbers, outside = coordinates(index, unit)
    codes = np.concatenate([index.coarse.codes % 16, index.coarse.codes // 16], axis=1)[rows]
    centred = (codes - NIBBLE / 2) * index.coarse.step[rows][:, None].astype(float)
    estimate = numbers @ centred.T
    inside = np.linalg.norm(numbers, axis=1)
    loose = estimate + slack + inside[:, None] * index.coarse.leak[rows]
    loose += outside[:, None] * index.coarse.rest[rows]
    np.testing.assert_allclose(coarse, loose, atol=2e-5)
    assert where.shape == value.shape == (probes, 6)
    for place in range(probes):
        top = np.sort(np.argsort(-estimate[place])[:6]) + 30
        assert where[place].tolist() == top.tolist()
        np.testing.assert_allclose(value[place], estimate[place, top - 30], atol=1e-5)
    limit = float(np.median(coarse))
    for best in group.best:
        best.cutoff = limit
    open_coarse, open_fine = search_module._fine_bounds(index, group, bounds, rows, slack)
    found = bounds[:, rows]
    live = coarse >= limit
    assert open_coarse.tolist() == live.sum(axis=1).tolist()
    assert (found[~live] == -np.inf).all()
    assert (found[live] >= part[live] + slack).all()
    assert (found[live] <= part[live] + slack + 0.02).all()
    kept = found >= np.nextafter(np.float32(limit), np.float32(-9))
    assert open_fine.tolist() == kept.sum(axis=1).tolist()
    for best in group.best:
        best.cutoff = 99.0
    nothing = search_module._fine_bounds(index, group, bounds, rows, slack)
    assert [part.tolist() for part in nothing] == [[0] * probes] * 2
    assert (bounds[:, rows] == -np.inf).all()


def test_what_another_vector_must_reach_is_rounded_down() -> None:
    gallery = np.eye(3, dtype=np.float32)
    group = search_module._group(build_index(gallery), gallery, 0, None, 0.1)
    group.best[1].cutoff = 1 / 3
    found = group.cutoffs()
    assert (found.shape, found.dtype) == ((3, 1), np.float32)
    for limit, exact in zip(found[:, 0], (0.1, 1 / 3, 0.1), strict=True):
        assert float(limit) < exact < float(limit) + 1e-7


def test_counts_of_a_search_say_what_was_done() -> None:
    rng = np.random.default_rng(12)
    gallery = smooth(rng, 300, 90, 3.0)
    asked: dict[int, list[int]] = {}
    index = build_index(gallery)

    def rescore(probe: int, rows: object) -> FloatArray:
        asked.setdefault(probe, []).extend(rows.tolist())  # type: ignore[attr-defined]
        return exact_scores(index, units[probe], rows)  # type: ignore[arg-type]

    probes = smooth(rng, 5, 90, 3.0)
    units = unit_rows(probes, row_norms(probes))
    found = search(index, probes, k=3, rescore=rescore)
    for probe, one in enumerate(found):
        assert sorted(asked[probe]) == sorted(set(asked[probe]))
        assert one.compared == len(asked[probe]) >= 8 + 3
        assert one.open_fine <= one.open_coarse <= 300
        full = compare_all(index, probes[probe], k=3)
        assert one.rows.tolist() == full.rows.tolist()
