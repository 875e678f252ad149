"""Residual correlation in blocks against the same scores made all at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headrisk.brain.similarity import Reference, select
from headrisk.brain.similarity.residual_blocks import ResidualBlocks, residual_blocks
from headrisk.errors import InputError
from headrisk.linkage.compare import compare_large
from headrisk.linkage.large import Sides
from headrisk.linkage.search import search
from headrisk.linkage.search_index import build_index
from headrisk.types import Float32Array, FloatArray, Grid, IntArray

GRID = Grid(np.ones((7, 8, 9), dtype=bool), np.eye(4))
Sample = tuple[Float32Array, Float32Array, IntArray, IntArray]


def sample(people: int, *, within: bool, seed: int = 0) -> Sample:
    """Several scans of some people, an image of zeros; probes overlap the gallery's people."""
    rng = np.random.default_rng(seed)
    owner = rng.integers(0, people, 60)
    face = rng.standard_normal((people + 15, GRID.size))
    gallery = (face[owner] + rng.standard_normal((60, GRID.size)) + 3).astype(np.float32)
    gallery[3] = 0
    if within:
        return gallery, gallery, owner, owner
    other = rng.integers(people - 5, people + 15, 20)
    probes = (face[other] + rng.standard_normal((20, GRID.size)) + 3).astype(np.float32)
    return probes, gallery, other, owner


def shared() -> Reference:
    basis = np.linalg.qr(np.random.default_rng(9).standard_normal((GRID.size, 3)))[0]
    return Reference(np.ones(GRID.size, np.float32), np.ascontiguousarray(basis.T, np.float32))


@pytest.mark.parametrize("name", ["residual-correlation", "self-similarity"])
@pytest.mark.parametrize("within", [True, False])
@pytest.mark.parametrize(("people", "reference"), [(25, None), (25, shared()), (8, shared())])
def test_blocks_hold_the_scores_of_the_whole(
    name: str, within: bool, people: int, reference: Reference | None, tmp_path: Path
) -> None:
    sides = sample(people, within=within)
    measure = select([name])[name]
    full, note = measure.scores(*sides, GRID, reference, None)  # type: ignore[union-attr]
    blocks = measure.blocks(*sides, GRID, reference, tmp_path)  # type: ignore[union-attr, misc]
    assert blocks.note == note
    rows, columns = np.array([5, 2, 9]), np.array([3, 50, 7, 8, 0])
    found = blocks.score(rows, columns)
    np.testing.assert_allclose(found, full[np.ix_(rows, columns)], atol=1e-5)
    everything = blocks.score(np.arange(len(sides[0])), np.arange(60))
    np.testing.assert_allclose(everything, full, atol=1e-5)


def test_few_people_need_a_reference(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no reference brain"):
        residual_blocks(*sample(8, within=False), GRID, None, tmp_path)


def plain(blocks: ResidualBlocks) -> FloatArray:
    a, b = blocks.probes.astype(np.float64), blocks.gallery.astype(np.float64)
    norms = np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=1)
    return np.divide(a @ b.T, norms, out=np.zeros_like(norms), where=norms > 0)


@pytest.mark.parametrize("people", [25, 40])
def test_scores_stay_within_the_slack_of_the_plain_correlation(people: int, tmp_path: Path) -> None:
    sides = sample(people, within=False)
    sides[1][3] = sides[1][4]  # an image of zeros leaves no slack that says anything
    blocks = residual_blocks(*sides, GRID, None, tmp_path)
    scores = blocks.score(np.arange(20), np.arange(60))
    assert blocks.slack() < 0.5
    assert np.abs(scores - plain(blocks)).max() <= blocks.slack()


@pytest.mark.parametrize("within", [True, False])
def test_a_search_finds_the_best_of_the_whole_matrix(within: bool, tmp_path: Path) -> None:
    sides = sample(25, within=within)
    full, _ = select(["residual-correlation"])["residual-correlation"].scores(  # type: ignore[union-attr]
        *sides, GRID, None, None
    )
    blocks = residual_blocks(*sides, GRID, None, tmp_path)
    found = search(
        build_index(blocks.gallery),
        blocks.probes,
        k=3,
        rescore=lambda probe, rows: blocks.score(np.array([probe]), rows)[0],
        slack=blocks.slack(),
    )
    for row, one in enumerate(found):
        np.testing.assert_allclose(one.scores, np.sort(full[row])[::-1][:3], atol=1e-5)


def test_measures_are_summarised_from_workers_and_from_blocks(tmp_path: Path) -> None:
    """Families mirrored from half the blocks, and measures of the whole gallery, side by side."""
    gallery, _, owner, _ = sample(25, within=True)
    usable = ~np.eye(60, dtype=bool)
    measures = select(["residual-correlation", "ncc", "mae", "rmse"])

    def stream(function, tasks):  # type: ignore[no-untyped-def]
        return ((index, function(task)) for index, task in enumerate(tasks))

    sides = Sides(owner, owner, lambda rows, columns: usable[np.ix_(rows, columns)])
    pairs, notes = compare_large(
        gallery, gallery, sides, measures, GRID, folder=tmp_path / "work", stream=stream, step=9
    )
    assert list(pairs) == list(measures)
    assert list(notes) == ["residual-correlation"]
    assert not list((tmp_path / "work").iterdir())
    mae = np.abs(gallery[:, None].astype(np.float64) - gallery[None]).mean(axis=2)
    best = np.where(usable, -mae, -np.inf).max(axis=1)
    np.testing.assert_allclose(pairs["mae"].top_scores[:, 0], best, atol=1e-5)
    same = (owner[:, None] == owner) & usable
    for one in pairs.values():
        assert one.mated.size == np.count_nonzero(same)
        assert one.total == np.count_nonzero(~same & usable)
        assert one.histogram.sum() == one.places.sum() == one.total
