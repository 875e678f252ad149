"""Correlation, residual correlation and difference measures against plain NumPy and skimage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.metrics import peak_signal_noise_ratio

from headrisk.brain.similarity import Reference, select
from headrisk.brain.similarity.residual import residual_correlation
from headrisk.errors import UsageError
from headrisk.types import Float32Array, FloatArray, Grid, IntArray


def grid_of(voxels: int) -> Grid:
    return Grid(np.ones((1, 1, voxels), bool), np.eye(4))


def block(name: str, a: Float32Array, b: Float32Array) -> FloatArray:
    family = select([name])[name]
    grid = grid_of(a.shape[1])
    return family.block(family.prepare(a, grid), family.prepare(b, grid), {name})[name]


def images(seed: int, count: int, voxels: int = 5000) -> Float32Array:
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal(voxels)
    noise = rng.standard_normal((count, voxels))
    return np.clip(0.8 * shared + 0.6 * noise, -4, 4).astype(np.float32)


def residual(
    probes: Float32Array,
    gallery: Float32Array,
    probe_person: IntArray,
    gallery_person: IntArray,
    directions: Float32Array | None = None,
    step: int | None = None,
) -> tuple[FloatArray, str]:
    shared = None if directions is None else Reference(directions[0], directions)
    grid = grid_of(probes.shape[1])
    return residual_correlation(probes, gallery, probe_person, gallery_person, grid, shared, step)


def directions_of(vectors: Float32Array) -> Float32Array:
    """Orthonormal rows that span the vectors."""
    return np.linalg.qr(vectors.T.astype(float))[0].T.astype(np.float32)


def regressed(vectors: Float32Array, directions: Float32Array) -> FloatArray:
    """What a least-squares fit of the directions leaves of each vector."""
    x, y = directions.T.astype(float), vectors.T.astype(float)
    return (y - x @ np.linalg.lstsq(x, y)[0]).T


def naive_residual(
    probes: FloatArray, gallery: FloatArray, probe_person: IntArray, gallery_person: IntArray
) -> FloatArray:
    """Recompute the mean brain for every pair, always without two people of the gallery."""
    people = sorted(set(gallery_person.tolist()))
    out = np.zeros((len(probes), len(gallery)))
    for i, probe in enumerate(probes):
        for j, image in enumerate(gallery):
            second = probe_person[i]
            if second == gallery_person[j] or second not in people:
                second = people[(people.index(gallery_person[j]) + 1) % len(people)]
            others = [k for k in people if k not in (second, gallery_person[j])]
            mean = np.mean([gallery[gallery_person == k].mean(axis=0) for k in others], axis=0)
            out[i, j] = np.corrcoef(probe - mean, image - mean)[0, 1]
    return out


def test_ncc_is_the_pearson_correlation() -> None:
    a, b = images(0, 6), images(1, 4)
    expected = np.corrcoef(a.astype(float), b.astype(float))[:6, 6:]
    assert np.abs(block("ncc", a, b) - expected).max() < 1e-6


@pytest.mark.parametrize("offset", [0.3, 3.0, 300.0])
def test_ncc_ignores_gain_and_offset(offset: float) -> None:
    a, b = images(0, 3), images(1, 4)
    changed = (2.5 * b + offset).astype(np.float32)
    assert np.abs(block("ncc", a, changed) - block("ncc", a, b)).max() < 1e-5


def test_differences_against_numpy_and_skimage() -> None:
    a, b = images(0, 5), images(1, 7)
    delta = a[:, None].astype(float) - b[None]
    assert np.abs(block("mae", a, b) + np.abs(delta).mean(axis=2)).max() < 1e-6
    assert np.abs(block("rmse", a, b) + np.sqrt((delta**2).mean(axis=2))).max() < 1e-6
    psnr = [[peak_signal_noise_ratio(x, y, data_range=8) for y in b] for x in a]
    assert np.abs(block("psnr", a, b) - psnr).max() < 1e-5


def test_identical_images_reach_the_stated_bounds() -> None:
    a = images(0, 2)
    assert block("psnr", a, a)[0, 0] == pytest.approx(100)
    assert block("rmse", a, a)[0, 0] == 0
    assert block("ncc", a, a)[0, 0] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("name", ["ncc", "mae", "rmse", "psnr"])
def test_constant_images_give_finite_scores(name: str) -> None:
    flat = np.stack([np.zeros(50), np.full(50, 3.3)]).astype(np.float32)
    a = np.concatenate([flat, images(0, 2, 50)])
    assert np.isfinite(block(name, a, a)).all()
    if name == "ncc":
        assert np.all(block(name, a, a)[:2] == 0)


PEOPLE = st.lists(st.integers(0, 6), min_size=3, max_size=9)


@settings(max_examples=60, deadline=None)
@given(PEOPLE, PEOPLE, st.integers(0, 10**6), st.sampled_from([None, 1, 2, 5]))
def test_residual_equals_a_mean_recomputed_for_every_pair(
    probe_people: list[int], gallery_people: list[int], seed: int, step: int | None
) -> None:
    gallery_person = np.array([*gallery_people, 20, 4, 22])
    probe_person = np.array(probe_people)
    probes, gallery = images(seed, len(probe_person), 60), images(seed + 1, len(gallery_person), 60)
    got, note = residual(probes, gallery, probe_person, gallery_person, None, step)
    expected = naive_residual(
        probes.astype(float), gallery.astype(float), probe_person, gallery_person
    )
    assert np.abs(got - expected).max() < 2e-5
    assert note.startswith("mean of the gallery (")


def test_residual_of_a_list_with_itself_leaves_the_probe_out() -> None:
    person = np.array([0, 0, 1, 2, 3, 3, 3, 4])
    vectors = images(5, len(person), 400)
    got, _ = residual(vectors, vectors, person, person)
    expected = naive_residual(vectors.astype(float), vectors.astype(float), person, person)
    assert np.abs(got - expected).max() < 1e-5
    assert np.abs(got - got.T).max() < 1e-6
    cut, _ = residual(vectors, vectors, person, person, None, 3)
    assert np.abs(got - cut).max() < 1e-6


@pytest.mark.parametrize("people", [5, 20])
@pytest.mark.parametrize("itself", [False, True])
def test_residual_without_identity_stays_at_chance(people: int, itself: bool) -> None:
    """Scans that carry no identity: mated and non-mated scores have one mean, AUC is 0.5."""
    number = np.arange(people)
    differences, areas = [], []
    for seed in range(400 // people):
        probes, gallery = images(seed, people, 300), images(1000 + seed, people, 300)
        same = np.eye(people, dtype=bool)
        if itself:
            probes = gallery = images(seed, 2 * people, 300)
            number = np.tile(np.arange(people), 2)
            same = number[:, None] == number
        got, _ = residual(probes, gallery, number, number)
        mated, nonmated = got[same & (got < 0.999)], got[~same]
        differences.append(mated.mean() - nonmated.mean())
        areas.append((mated[:, None] > nonmated).mean() - 0.5)
    for found in (np.array(differences), np.array(areas)):
        assert abs(found.mean()) < 4 * found.std(ddof=1) / np.sqrt(len(found))


@pytest.mark.parametrize("itself", [False, True])
def test_residual_of_a_small_gallery_removes_the_reference(itself: bool) -> None:
    probes, gallery = images(0, 3), images(1, 4)
    probes = gallery if itself else probes
    directions = directions_of(images(2, 5))
    people = np.arange(4)
    got, note = residual(probes, gallery, people[: len(probes)], people, directions)
    left = regressed(probes, directions), regressed(gallery, directions)
    expected = np.corrcoef(*left)[: len(probes), len(probes) :]
    assert np.abs(got - expected).max() < 1e-6
    assert note == "shipped reference brain (4 gallery people are fewer than 20)"


@pytest.mark.parametrize("step", [None, 7])
def test_residual_of_a_large_gallery_removes_the_reference_and_the_mean(step: int | None) -> None:
    probes, gallery = images(0, 3), images(1, 20)
    directions, people = directions_of(images(2, 5)), np.arange(20)
    got, note = residual(probes, gallery, people[:3], people, directions, step)
    left = regressed(probes, directions), regressed(gallery, directions)
    assert np.abs(got - naive_residual(*left, people[:3], people)).max() < 1e-5
    assert note.startswith("shipped reference brain and mean of the gallery (20 people")
    assert np.abs(got - residual(probes, gallery, people[:3], people)[0]).max() > 1e-3


def test_residual_of_images_that_are_the_reference_is_zero() -> None:
    directions = directions_of(images(2, 5))
    mixtures = (np.random.default_rng(0).standard_normal((4, 5)) @ directions).astype(np.float32)
    vectors = np.concatenate([mixtures, images(3, 2)])
    got, _ = residual(vectors, vectors, np.arange(6), np.arange(6), directions)
    assert np.all(got[:4] == 0)
    assert np.all(got[:, :4] == 0)
    assert got[4, 4] == pytest.approx(1, abs=1e-6)


def test_residual_needs_three_people_or_a_reference() -> None:
    vectors = images(0, 4)
    with pytest.raises(UsageError, match="2 people in the gallery"):
        residual(vectors, vectors, np.arange(4) // 2, np.arange(4) // 2)


def test_residual_of_images_that_equal_the_mean_is_zero() -> None:
    vectors = np.tile(images(0, 1), (4, 1))
    got, _ = residual(vectors, vectors, np.arange(4), np.arange(4))
    assert np.all(got == 0)


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(np.float32, (5, 30), elements=st.floats(-4, 4, width=32)),
    st.sampled_from(["ncc", "mae", "rmse", "psnr"]),
)
def test_symmetry_and_self_is_the_maximum(vectors: Float32Array, name: str) -> None:
    scores = block(name, vectors, vectors)
    assert np.abs(scores - scores.T).max() < 1e-6
    assert np.all(scores <= scores.diagonal()[:, None] + 1e-6)


def test_unknown_measures_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"unknown measure 'nccc'.*ncc"):
        select(["ncc", "nccc"])
