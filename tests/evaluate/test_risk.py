from itertools import combinations
from math import comb

import numpy as np
import pytest
from scipy.special import betaln
from scipy.stats import hypergeom
from score_sets import cohort, make

from headrisk.evaluate.rates import area_under_curve, cumulative_match, mate_ranks
from headrisk.evaluate.risk import (
    linkability,
    person_risk,
    singling_out,
    survival_of_draws,
    system_unlinkability,
    without_people,
)
from headrisk.linkage.density import DensityCurves, density_curves, kernels
from headrisk.linkage.pairs import pair_sample


def test_survival_is_the_hypergeometric_ratio():
    for others, drawn in ((0, 0), (1, 1), (9, 0), (9, 4), (9, 9), (300, 77)):
        expected = [comb(others - b, drawn) / comb(others, drawn) for b in range(others + 1)]
        np.testing.assert_allclose(survival_of_draws(others, drawn), expected, rtol=1e-12)
    big = survival_of_draws(5000, 1200)
    np.testing.assert_allclose(big[:40], hypergeom.pmf(0, 5000, np.arange(40), 1200), rtol=1e-9)


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_linkability_equals_the_mean_over_all_galleries_with_ties(size):
    rng = np.random.default_rng(1)
    for _ in range(20):
        values = np.round(rng.normal(size=(6, 6)) + 0.5 * np.eye(6), 0)
        total = 0.0
        for i in range(6):
            draws = list(combinations([j for j in range(6) if j != i], size - 1))
            for drawn in draws:
                rest = [values[i, j] for j in drawn]
                if not any(v > values[i, i] for v in rest):
                    total += 1 / (1 + sum(v == values[i, i] for v in rest)) / len(draws) / 6
        ours = linkability(make(values, range(6), range(6)), [size])[size]
        assert ours.value == pytest.approx(total, abs=1e-12)


def test_linkability_ends_at_rank_one_and_at_certainty_and_stops_at_the_data():
    scores = cohort(np.random.default_rng(2), 50, shift=2.0, probes=2)
    found = linkability(scores, [1, 2, 10, 50, 51, 0])
    assert found[50].value == pytest.approx(cumulative_match(mate_ranks(scores))[0], abs=1e-12)
    assert found[1].value == 1.0
    assert found[51] is None
    assert found[0] is None
    # Two people: the share of strangers that the mate beats.
    assert 1 > found[2].value > found[10].value > found[50].value


def test_linkability_of_two_is_the_auc_within_probes():
    scores = cohort(np.random.default_rng(3), 40, shift=1.0)
    per_probe = [
        area_under_curve(row[[i]], np.delete(row, i)) for i, row in enumerate(scores.values)
    ]
    assert linkability(scores, [2])[2].value == pytest.approx(np.mean(per_probe), abs=1e-12)


def test_singling_out_of_a_blind_attack_stays_below_its_baseline():
    """Exact: with 1 of 199 held out above the limit, the weight is Beta(2, 198)."""
    scores = cohort(np.random.default_rng(4), 400, shift=0.0)
    found = singling_out(scores, 100, np.random.default_rng(0), splits=5)
    assert found.baseline == pytest.approx(0.99**99)
    expected = 100 * np.exp(betaln(3, 297) - betaln(2, 198))
    assert found.rate.value == pytest.approx(expected, abs=0.02)
    assert found.rate.value < found.baseline


def test_singling_out_of_a_perfect_attack_with_a_narrow_predicate():
    scores = cohort(np.random.default_rng(5), 420, shift=50.0)
    wide = singling_out(scores, 20, np.random.default_rng(0), splits=5)
    narrow = singling_out(scores, 20, np.random.default_rng(0), weight=0.005, splits=5)
    assert wide.rate.value == pytest.approx(np.exp(-1), abs=0.04)  # a stranger fires too often
    assert narrow.rate.value > 0.85
    assert narrow.baseline == pytest.approx(20 * 0.005 * 0.995**19)


def test_singling_out_says_what_it_needs():
    found = singling_out(
        cohort(np.random.default_rng(6), 30, shift=1.0), 20, np.random.default_rng()
    )
    assert found.rate is None
    assert found.reason == "needs 40 other people in the gallery, the data have 29"


def test_d_sys_is_zero_for_equal_and_one_for_separated_densities():
    x = np.linspace(-5, 25, 3001)
    one = np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi)
    far = np.exp(-0.5 * (x - 20) ** 2) / np.sqrt(2 * np.pi)
    assert system_unlinkability(DensityCurves(x, one, one, 1, 1)) == 0.0
    assert system_unlinkability(DensityCurves(x, far, one, 1, 1)) == pytest.approx(1.0)


def test_d_sys_equals_a_direct_integral():
    rng = np.random.default_rng(7)
    pair = kernels(rng.normal(1.5, 1, 300), rng.normal(0, 1, 3000))
    curves = density_curves(pair, 4001)
    ratio = 2.0 * curves.mated / curves.nonmated
    local = np.where(ratio > 1, 2 * ratio / (1 + ratio) - 1, 0)
    direct = np.sum(local * curves.mated) * (curves.x[1] - curves.x[0])
    assert system_unlinkability(curves, 2.0) == pytest.approx(direct, abs=1e-3)


def test_person_risk_orders_people_and_counts_those_above_the_level():
    values = np.array([[9.0, 1, 2, 3], [1, 0.5, 2, 3], [1, 2, 9, 3], [5, 1, 2, 4]])
    found = person_risk(make(values, range(4), range(4)), size=2, level=0.09)
    assert found.people[:2].tolist() == [0, 2]
    np.testing.assert_allclose(found.risk, [1, 1, 2 / 3, 0], atol=1e-12)
    assert found.highest == 1.0
    assert found.share_above.value == 0.75
    assert found.mean.value == pytest.approx(np.mean([1, 1, 2 / 3, 0]))
    assert person_risk(make(values, range(4), range(4))).share_above is None


def test_among_people_of_equal_risk_the_clearer_match_comes_first():
    values = np.array([[5.0, 1, 2, 3], [3, 9, 2, 1], [1, 2, 7, 3], [5, 1, 2, 4]])
    found = person_risk(make(values, range(4), range(4)))
    assert found.people.tolist() == [1, 2, 0, 3]
    strangers = [[1, 2, 3], [3, 2, 1], [1, 2, 3], [5, 1, 2]]
    mates = [5, 9, 7, 4]
    expected = [(mates[i] - max(strangers[i])) / np.std(strangers[i], ddof=1) for i in found.people]
    np.testing.assert_allclose(found.margin, expected)


def test_rates_without_the_most_exposed():
    scores = cohort(np.random.default_rng(8), 20, shift=1.5)
    exposed = person_risk(scores).people[:5]
    rest = without_people(scores, exposed)
    sample = pair_sample(rest)
    assert sample.people.size == 15
    assert not set(sample.people) & set(exposed)
    assert person_risk(make([[1.0]], [0], [1])) is None
