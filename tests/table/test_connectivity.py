"""Connectivity tables: columns that are pairs of regions, and logarithms of their matrices."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.linalg import logm

from headrisk.table.connectivity import matrix_logarithms, pairs_of_regions
from headrisk.table.features import column
from headrisk.table.similarity import Sides, correlation, whitened_cosine

NAMED = ["lh_insula", "rh_insula", "lh_cuneus", "brain_stem", "rh_cuneus", "vermis"]
SPELLINGS = {
    "numbers": [f"{i}_{j}" for i, j in itertools.combinations(range(1, 13), 2)],
    "padded": [f"c{i:02d}_{j:02d}" for i, j in itertools.combinations(range(1, 8), 2)],
    "regions": [f"fc~{one}~{two}" for one, two in itertools.combinations(NAMED, 2)],
    "hyphens": [f"{one}-{two}" for one, two in itertools.combinations(NAMED, 2)],
    "other triangle": [f"r{j}.r{i}" for i, j in itertools.combinations(range(9), 2)],
    "underscores within": [
        f"{one}_{two}"
        for one, two in itertools.combinations([name.replace("_", "") + "_x" for name in NAMED], 2)
    ],
}


@pytest.mark.parametrize("kind", SPELLINGS)
def test_pairs_of_regions_are_recognised(kind):
    names = SPELLINGS[kind]
    found = pairs_of_regions(names)
    assert found.number * (found.number - 1) // 2 == len(names)
    pairs = {frozenset(pair) for pair in zip(found.first, found.second, strict=True)}
    assert len(pairs) == len(names)


def test_edges_in_order_are_an_upper_triangle():
    found = pairs_of_regions([f"edge{k}" for k in range(1, 22)])
    row, column_ = np.triu_indices(7, 1)
    assert found.first.tolist() == row.tolist()
    assert found.second.tolist() == column_.tolist()


@pytest.mark.parametrize(
    "names",
    [
        [f"lh_{k}_thickness" for k in range(21)],
        [f"volume{k}" for k in range(20)],
        [f"r{i}_r{j}" for i in range(6) for j in range(6)],
        ["a_b"] * 15,
        ["age", "sex"],
        [],
    ],
)
def test_other_columns_are_not(names):
    assert pairs_of_regions(names) is None


def test_a_few_lost_pairs_do_not_hide_a_matrix():
    names = [f"c{i}_{j}" for i, j in itertools.combinations(range(20), 2)]
    assert pairs_of_regions(names[:50] + names[56:]).number == 20


def test_logarithms_against_scipy():
    rng, regions = np.random.default_rng(1), pairs_of_regions(SPELLINGS["padded"])
    series = rng.normal(size=(3, 7, 40))
    rows = np.array([np.corrcoef(one)[regions.first, regions.second] for one in series])
    found = matrix_logarithms(np.arctanh(rows) * 1.0, regions)
    if np.abs(np.arctanh(rows)).max() <= 1:  # such small values are taken as they stand
        rows = np.arctanh(rows)
    for one, row in zip(found, rows, strict=True):
        matrix = 2.0 * np.eye(7)
        matrix[regions.first, regions.second] = matrix[regions.second, regions.first] = row
        expected = logm(matrix)
        assert np.linalg.norm(one) == pytest.approx(np.linalg.norm(expected))
        upper = expected[np.triu_indices(7)]
        assert one[[0, 7, 27]] == pytest.approx(upper[[0, 7, 27]])


@pytest.mark.parametrize(
    "values",
    [np.zeros((4, 21)), np.full((4, 21), 50.0), np.full((4, 21), np.nan), np.ones((4, 21))],
)
def test_values_that_are_no_correlations_are_left_alone(values):
    assert matrix_logarithms(values, pairs_of_regions(SPELLINGS["padded"])) is None


def test_few_time_points_hide_fewer_people_from_logarithms():
    """Correlations of short series: whitened logarithms find more than plain correlation."""
    rng, people, size = np.random.default_rng(2), 25, 15
    names = [f"{i}_{j}" for i, j in itertools.combinations(range(size), 2)]
    regions = pairs_of_regions(names)
    base, plain, tangent = rng.normal(size=(size, size)), 0, 0
    for _ in range(2):
        sides = []
        own = base + 0.35 * rng.normal(size=(people, size, size))
        for _ in range(2):
            series = own @ rng.normal(size=(people, size, 40))
            rows = [np.corrcoef(one)[regions.first, regions.second] for one in series]
            sides.append(np.arctanh(np.array(rows)))
        who = np.arange(people)
        plain += (correlation(*sides).argmax(axis=1) == who).sum()
        logs = [matrix_logarithms(side, regions) for side in sides]
        found = whitened_cosine(Sides(*logs, who, who))
        tangent += (found.argmax(axis=1) == who).sum()
    assert tangent > plain + 3


def test_numbers_of_regions_are_not_run_together():
    assert column("c1_12").key != column("c11_2").key
    assert column("Brain_Stem").key == column("BrainStem").key
