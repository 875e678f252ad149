"""Self-similarity against a plain loop, and what it must not depend on."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from headrisk.brain.similarity import GalleryMeasure, Reference, select
from headrisk.brain.similarity.self_similarity import describe, self_similarity
from headrisk.errors import InputError
from headrisk.types import Float32Array, FloatArray, Grid

SHAPE = (7, 8, 9)


def lopsided_grid(shape: tuple[int, int, int] = SHAPE) -> Grid:
    """Most of the field of view, without a corner, with one voxel missing inside."""
    mask = np.zeros(shape, bool)
    mask[1:, :-1, 1:] = True
    mask[4:, 4:, 5:] = False
    mask[2, 3, 4] = False
    return Grid(mask, np.diag([4.0, 4, 4, 1]))


def images(seed: int, count: int, grid: Grid, shared: float = 0.7) -> Float32Array:
    common = np.random.default_rng(1234).standard_normal(grid.mask.shape)
    own = np.random.default_rng(seed).standard_normal((count, *grid.mask.shape))
    smooth = ndimage.gaussian_filter(shared * common + own, (0, 0.8, 0.8, 0.8))[:, grid.mask]
    return (smooth / smooth.std(axis=1, keepdims=True)).astype(np.float32)


def descriptor_by_loops(vector: Float32Array, grid: Grid) -> FloatArray:
    """(6, voxels): each voxel's exp(-distance / local mean), relative to its best neighbour."""
    image = grid.volume(vector).astype(float)
    weights = [np.exp(-0.5 * (k / 0.6) ** 2) for k in range(-2, 3)]
    weights = [weight / sum(weights) for weight in weights]
    window = [(w, k - 2) for k, w in enumerate(weights)]

    def value(x: int, y: int, z: int) -> float:
        inside = all(0 <= at < size for at, size in zip((x, y, z), image.shape, strict=True))
        return float(image[x, y, z]) if inside else 0.0

    def distance(x: int, y: int, z: int, axis: int, step: int) -> float:
        total = 0.0
        ahead = [step * (axis == k) for k in range(3)]
        for wx, dx in window:
            for wy, dy in window:
                for wz, dz in window:
                    at = (x + dx, y + dy, z + dz)
                    there = (at[0] + ahead[0], at[1] + ahead[1], at[2] + ahead[2])
                    total += wx * wy * wz * (value(*at) - value(*there)) ** 2
        return total

    centres = [tuple(int(n) for n in place) for place in np.argwhere(grid.mask)]
    sides = [(axis, step) for axis in range(3) for step in (1, -1)]
    found = np.array([[distance(*c, *side) for c in centres] for side in sides])
    whole = [
        value(*c) != 0 and all(value(*(np.add(c, s * np.eye(3, dtype=int)[a]))) for a, s in sides)
        for c in centres
    ]
    local = found.mean(axis=0) + 0.05 * found[:, whole].mean()
    raw = np.exp(-found / local)
    return np.where(whole, raw / raw.max(axis=0), 0.0)


def test_descriptor_against_plain_loops() -> None:
    grid = lopsided_grid()
    vector = images(0, 1, grid)
    got = describe(vector, grid)
    assert got.shape == (1, 6 * grid.size)
    expected = descriptor_by_loops(vector[0], grid)
    assert 0 < np.count_nonzero(expected) < expected.size
    assert np.abs(got[0].reshape(6, -1) - expected).max() < 1e-5


def score(a: Float32Array, b: Float32Array, grid: Grid, **options: object) -> FloatArray:
    people = np.arange(len(a)), np.arange(len(b))
    values, _ = self_similarity(a, b, *people, grid, **options)  # type: ignore[arg-type]
    return values


def test_scores_are_correlations_without_the_reference() -> None:
    grid = lopsided_grid((10, 9, 11))
    a, b, brain = images(0, 3, grid), images(1, 4, grid), images(2, 1, grid)
    reference = Reference(brain[0], brain / np.linalg.norm(brain))
    shared = describe(brain, grid)[0].astype(float)
    fit = np.column_stack([np.ones(shared.size), shared])
    left = [
        x - fit @ np.linalg.lstsq(fit, x)[0]
        for x in describe(np.vstack([a, b]), grid).astype(float)
    ]
    expected = np.corrcoef(left)[:3, 3:]
    assert np.abs(score(a, b, grid, reference=reference) - expected).max() < 1e-5


@pytest.mark.parametrize("referenced", [False, True])
def test_gain_and_reversed_contrast_change_nothing(referenced: bool) -> None:
    grid = lopsided_grid((10, 9, 11))
    a, b, brain = images(0, 5, grid), images(1, 5, grid), images(2, 1, grid)
    reference = Reference(brain[0], brain / np.linalg.norm(brain)) if referenced else None
    plain = score(a, b, grid, reference=reference)
    assert np.ptp(plain) > 0.1
    assert np.abs(score(a, -b, grid, reference=reference) - plain).max() < 1e-5
    assert np.abs(score(a, 3 * b, grid, reference=reference) - plain).max() < 1e-5


def test_same_image_scores_one_and_pairs_are_symmetric() -> None:
    grid = lopsided_grid((10, 9, 11))
    vectors, people = images(0, 6, grid), np.array([0, 0, 1, 2, 3, 4])
    got, _ = self_similarity(vectors, vectors, people, people, grid)
    assert np.abs(got - got.T).max() < 1e-6
    assert np.all(got.diagonal() > 1 - 1e-5)
    assert np.all(got <= 1)
    copies, _ = self_similarity(vectors, vectors.copy(), people, people, grid)
    assert np.abs(got - copies).max() < 1e-5


@pytest.mark.parametrize("step", [1, 2, 4])
@pytest.mark.parametrize("itself", [False, True])
def test_blocks_change_nothing(step: int, itself: bool) -> None:
    grid = lopsided_grid((10, 9, 11))
    a = images(0, 7, grid)
    b = a if itself else images(1, 5, grid)
    assert np.abs(score(a, b, grid, block=step) - score(a, b, grid)).max() < 1e-5


def test_the_field_of_view_around_the_mask_does_not_matter() -> None:
    grid = lopsided_grid()
    wider = Grid(np.pad(grid.mask, ((3, 0), (0, 6), (2, 1))), grid.affine)
    vectors = images(0, 2, grid)
    assert np.array_equal(describe(vectors, grid), describe(vectors, wider))


def test_no_identity_stays_at_chance() -> None:
    """Scans that share nothing but the common brain: mated and non-mated scores are alike."""
    grid = lopsided_grid()
    people = np.arange(8)
    areas = []
    for seed in range(40):
        a, b = images(seed, 8, grid), images(1000 + seed, 8, grid)
        got, _ = self_similarity(a, b, people, people, grid)
        mated, nonmated = got.diagonal(), got[~np.eye(8, dtype=bool)]
        areas.append((mated[:, None] > nonmated).mean() - 0.5)
    assert abs(np.mean(areas)) < 4 * np.std(areas, ddof=1) / np.sqrt(len(areas))


def test_identity_is_seen_through_another_contrast() -> None:
    """The same structure, once bright on dark and once dark on bright with another slope."""
    grid = lopsided_grid((12, 11, 13))
    people = np.arange(6)
    first = images(0, 6, grid)
    second = np.where(first > 0, -1.5 * first, -0.7 * first).astype(np.float32)
    got, _ = self_similarity(first, second, people, people, grid)
    others = np.where(np.eye(6, dtype=bool), -1, got).max(axis=1)
    assert np.all(got.diagonal() > others + 0.3)


def test_empty_and_constant_images_score_zero() -> None:
    grid = lopsided_grid()
    vectors = np.concatenate([np.zeros((1, grid.size), np.float32), images(0, 4, grid)])
    got = score(vectors, vectors, grid)
    assert np.isfinite(got).all()
    flat = np.full((1, grid.size), 3.3, np.float32)
    assert np.isfinite(describe(flat, grid)).all()


def test_a_reference_of_another_grid_is_refused() -> None:
    grid = lopsided_grid()
    vectors = images(0, 4, grid)
    wrong = Reference(vectors[0, :-1], vectors[:1])
    with pytest.raises(InputError, match=rf"reference brain.*{grid.size - 1}.*{grid.size} voxels"):
        score(vectors, vectors, grid, reference=wrong)


def test_it_is_a_measure_of_the_whole_gallery_and_says_what_it_removed() -> None:
    found = select(["self-similarity"])["self-similarity"]
    assert isinstance(found, GalleryMeasure)
    grid = lopsided_grid()
    vectors, people = images(0, 4, grid), np.arange(4)
    notes = [
        found.scores(vectors, vectors, people, people, grid, reference, None)[1]
        for reference in (None, Reference(vectors[0], vectors[:1]))
    ]
    assert "mean of the gallery (4 people" in notes[0]
    assert notes[1].startswith("shipped reference brain (4 gallery people")
    assert all(a != b for a, b in pairwise(notes))
