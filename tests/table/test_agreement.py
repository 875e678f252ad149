"""Equal cells: whom somebody finds who joins two tables on the columns that they share."""

from pathlib import Path

import numpy as np
import pytest

from headrisk.table.agreement import agreement, codes
from headrisk.table.clean import row_texts, significant
from headrisk.table.features import FeatureTable
from headrisk.table.scale import logarithms
from headrisk.table.similarity import Sides
from headrisk.table.wide import read_wide

PEOPLE = 60


def _found(first: np.ndarray, second: np.ndarray, seed: int = 0) -> float | None:
    """Share of people found first, ties as by chance; None where no column has a say."""
    who = np.arange(len(first))
    both = codes(np.concatenate([first, second]), [])
    sides = Sides(first, second, who, who)
    scores = agreement(both[: who.size], both[who.size :], sides, 5, np.random.default_rng(seed))
    if scores is None:
        return None
    above = (scores > np.diag(scores)[:, None] + 1e-9).sum(axis=1)
    tied = (np.abs(scores - np.diag(scores)[:, None]) <= 1e-9).sum(axis=1)
    return float(np.mean((above == 0) / tied))


def test_codes_that_are_unique_only_together_find_nearly_everybody() -> None:
    rng = np.random.default_rng(1)
    code = rng.integers(0, 20, (PEOPLE, 3)).astype(float)
    noise = rng.standard_normal((2, PEOPLE, 25)).round(2)
    found = _found(*(np.hstack([part, code]) for part in noise))
    assert found is not None
    assert found > 0.9


@pytest.mark.parametrize("seed", range(8))
def test_noise_agrees_by_chance_and_is_no_attack(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 9, (2, PEOPLE, 12)).astype(float)
    assert _found(first, second, seed) is None


def test_a_column_that_disagrees_now_and_then_counts_less() -> None:
    """One code right in 95 of 100 people, the other in 40: where they differ the first decides."""
    rng = np.random.default_rng(3)
    code = rng.permutation(200).astype(float)
    first = np.column_stack([code, code])
    second = first.copy()
    for column, wrong in ((0, 10), (1, 120)):
        who = rng.choice(200, wrong, replace=False)
        second[who, column] = rng.permutation(second[who, column])
    alone = float(np.mean(first[:, 0] == second[:, 0]))
    found = _found(first, second)
    assert found is not None
    assert found >= alone


def test_missing_cells_say_nothing() -> None:
    found = codes(np.array([[1.0, np.nan], [1.0, np.nan]]), [["", "x"]])
    assert found.tolist() == [[0, -1, -1], [0, -1, 0]]


@pytest.mark.parametrize("unit", [1e-300, 1e-12, 1.0, 1e12, 1e300])
def test_rows_are_copies_in_every_unit_or_in_none(unit: float) -> None:
    rows = unit * np.array([[2.5, 0.1], [2.5, 0.1000001], [2.5, 0.1]])
    texts = row_texts(["a", "b", "c"], rows)  # type: ignore[list-item]
    assert texts[0] == texts[2] != texts[1]


def test_a_change_of_unit_leaves_values_equal() -> None:
    rng = np.random.default_rng(0)
    values = rng.lognormal(0, 5, 200)
    np.testing.assert_array_equal(significant(values * 1000.0 / 1000.0), significant(values))


def _table(path: Path, cells: dict[str, list[str]], people: int) -> FeatureTable:
    names = ["participant_id", "session_id", *cells]
    lines = ["\t".join(names)]
    lines += [
        "\t".join([f"sub-{k:03d}", "1", *(column[k] for column in cells.values())])
        for k in range(people)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_wide(path, "t")


def test_text_in_a_cell_costs_the_cell_and_not_the_column(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    cells = {f"m{k}": [f"{x:.3f}" for x in rng.standard_normal(20)] for k in range(9)}
    for k, odd in enumerate(["ERR", "#DIV/0!", "<0.5", "inf", "-", "NULL", "?", "1,234.5"]):
        cells[f"m{k}"][2 * k] = odd
    found = _table(tmp_path / "t.tsv", cells, 20)
    assert len(found.keys) == 9
    assert np.isfinite(found.values[:, -1]).all()
    assert [int(np.isfinite(column).sum()) for column in found.values.T[:8]] == [19] * 8
    assert any("hold text in columns of numbers" in note for note in found.notes)


def test_columns_of_text_that_write_the_label_again_are_no_attack(tmp_path: Path) -> None:
    people = 12
    cells = {f"m{k}": [f"{k + i / 7:.3f}" for i in range(people)] for k in range(3)}
    cells["born"] = [f"19{40 + i}-03-0{1 + i % 9}" for i in range(people)]
    cells["Grade"] = ["High ", "low"] * (people // 2)
    cells["file"] = [f"sub-{i:03d}_T1w.nii" for i in range(people)]
    cells["scanner"] = ["A"] * people
    cells["handedness"] = ["left"] * people
    found = _table(tmp_path / "t.tsv", cells, people)
    assert set(found.texts) == {"born", "grade", "handedness"}
    assert found.texts["grade"][:2] == ("high", "low")
    half = found.take_rows([3, 1])
    assert half.texts["grade"] == ("low", "low")


@pytest.mark.parametrize("seed", range(5))
def test_columns_that_vary_by_factors_are_compared_by_logarithms(seed: int) -> None:
    rng = np.random.default_rng(seed)
    normal = 2.5 + 0.2 * rng.standard_normal((80, 2))
    factors = np.exp(rng.standard_normal((80, 2)))
    shifted = factors - 5.0  # below zero: there is no logarithm
    first = np.hstack([normal, factors, shifted])
    found, other = logarithms(first, first * 3.0)
    np.testing.assert_array_equal(found[:, [0, 1, 4, 5]], first[:, [0, 1, 4, 5]])
    np.testing.assert_allclose(np.exp(found[:, 2:4]), factors)
    np.testing.assert_allclose(other[:, 2:4] - found[:, 2:4], np.log(3.0))
