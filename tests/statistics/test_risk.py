from itertools import combinations
from math import comb

import numpy as np
import pytest
from scipy.special import betaln
from scipy.stats import hypergeom
from score_sets import cohort, make, random_scores

from headrisk.linkage.density import DensityCurves, density_curves, kernels
from headrisk.linkage.pairs import pair_sample
from headrisk.statistics.intervals import clopper_pearson, share_of_people
from headrisk.statistics.openset import search_variance
from headrisk.statistics.rates import (
    area_under_curve,
    cumulative_match,
    mate_ranks,
    survival_of_draws,
)
from headrisk.statistics.risk import (
    linkability,
    person_risk,
    singling_out,
    system_unlinkability,
    without_people,
)


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
    assert (found.needed, found.others) == (40, 29)


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


def naive_fires_once(target, records, limit, size):
    """Share of draws of ``size`` - 1 records in which exactly one, target included, is above."""
    draws = list(combinations(records, size - 1))
    ones = [sum(value > limit for value in (target, *drawn)) == 1 for drawn in draws]
    return float(np.mean(ones))


@pytest.mark.parametrize(("size", "weight"), [(2, 0.5), (2, 0.25), (3, 1 / 3), (1, 0.5), (4, 0.3)])
def test_singling_out_equals_loops_over_the_same_splits(size, weight):
    rng = np.random.default_rng(20)
    values = rng.normal(size=(24, 15)) + 1.2 * np.repeat(np.eye(12, 15), 2, axis=0)
    hidden = rng.random(values.shape) < 0.07
    hidden[np.arange(24), np.repeat(np.arange(12), 2)] = np.arange(24) % 7 == 0
    scores = make(values, np.repeat(np.arange(12), 2), range(15), ~hidden)
    found = singling_out(scores, size, np.random.default_rng(5), weight=weight, splits=3)
    assert (found.size, found.weight) == (size, weight)
    assert found.baseline == pytest.approx(size * weight * (1 - weight) ** (size - 1))
    splits, rates = np.random.default_rng(5), {}
    for i in range(24):
        person = i // 2
        if hidden[i, person]:
            continue
        others = values[i, [j for j in range(15) if j != person and not hidden[i, j]]]
        each = []
        for _ in range(3):
            order = splits.permutation(others)
            held, records = order[: others.size // 2], order[others.size // 2 :]
            # With k of h held-out scores above it, a stranger exceeds it with chance k / (h + 1).
            k = max(int(np.floor(weight * (held.size + 1) + 1e-9)), 1)
            limit = sorted(held, reverse=True)[k - 1]
            each.append(naive_fires_once(values[i, person], records, limit, size))
        rates.setdefault(person, []).append(np.mean(each))
    expected = share_of_people(
        np.array([np.mean(rates[p]) for p in sorted(rates)]), sum(map(len, rates.values()))
    )
    assert found.rate.value == pytest.approx(expected.value)
    assert found.rate.low == pytest.approx(expected.low)
    assert found.rate.high == pytest.approx(expected.high)
    assert (found.rate.n, found.needed) == (12, 0)


def test_singling_out_takes_twenty_splits_and_the_weight_of_its_size():
    scores = cohort(np.random.default_rng(9), 13, shift=1.0)
    found = singling_out(scores, 6, np.random.default_rng(1))
    assert found.weight == 1 / 6
    assert found == singling_out(scores, 6, np.random.default_rng(1), weight=1 / 6, splits=20)


@pytest.mark.parametrize(
    ("size", "weight", "needed"), [(7, None, 14), (2, 0.1, 20), (9, 0.5, 16), (2, 0.15, 14)]
)
def test_both_halves_must_hold_enough_people(size, weight, needed):
    enough = cohort(np.random.default_rng(9), needed + 1, shift=1.0)
    options = {"weight": weight, "splits": 1}
    assert singling_out(enough, size, np.random.default_rng(0), **options).rate is not None
    few = cohort(np.random.default_rng(9), needed, shift=1.0)
    found = singling_out(few, size, np.random.default_rng(0), **options)
    assert found.rate is None
    assert (found.size, found.weight) == (size, 1 / size if weight is None else weight)
    assert found.baseline > 0
    assert (found.needed, found.others) == (needed, needed - 1)
    nobody = singling_out(make([[1.0]], [0], [1]), 2, np.random.default_rng(0))
    assert (nobody.needed, nobody.others) == (4, 0)


def test_d_sys_by_hand():
    """Two boxes: mated 0.75 and 0.25 of the range, non-mated the other way round."""
    x = np.linspace(0, 2, 2001)
    mated, nonmated = np.where(x < 1, 0.25, 0.75), np.where(x < 1, 0.75, 0.25)
    curves = DensityCurves(x, mated, nonmated, 1, 1)
    # Above 1 the ratio is 3: 2 * 3 / 4 - 1 = 0.5, weighed with 0.75.
    assert system_unlinkability(curves) == pytest.approx(0.375, abs=1e-3)
    # Ratios 1 and 9: 0 and 0.8; then 0.5 and 5 / 4.5 ...
    assert system_unlinkability(curves, 3.0) == pytest.approx(0.6, abs=1e-3)
    assert system_unlinkability(curves, 6.0) == pytest.approx(
        0.25 / 3 + 0.75 * (2 * 18 / 19 - 1), abs=1e-3
    )
    nothing = DensityCurves(x, np.zeros_like(x), nonmated, 1, 1)
    assert system_unlinkability(nothing) == 0.0
    gap = DensityCurves(x, np.where(x > 1.5, 2.0, 0.0), np.where(x < 0.5, 2.0, 0.0), 1, 1)
    assert system_unlinkability(gap) == 1.0
    unscaled = DensityCurves(x, 4 * mated, 4 * nonmated, 1, 1)
    assert system_unlinkability(unscaled) == pytest.approx(0.375, abs=1e-3)


def test_risk_of_people_with_ragged_data_equals_loops():
    rng, compared = np.random.default_rng(22), 0
    while compared < 40:
        scores = random_scores(rng)
        found = person_risk(scores, level=0.4)
        ranks = mate_ranks(scores)
        if not ranks.probe.size:
            assert found is None
            continue
        size = int(ranks.gallery.min())
        risks, margins = {}, {}
        for probe in ranks.probe:
            best = {}
            for j, person in enumerate(scores.gallery_person.tolist()):
                if scores.usable[probe, j]:
                    value = scores.values[probe, j]
                    best[person] = max(best.get(person, -np.inf), value)
            person = int(scores.probe_person[probe])
            mate, rest = best.pop(person), list(best.values())
            draws = [
                0.0 if max(d, default=-np.inf) > mate else 1 / (1 + sum(v == mate for v in d))
                for d in combinations(rest, size - 1)
            ]
            risks.setdefault(person, []).append(np.mean(draws))
            spread = np.std(rest, ddof=1) if len(rest) > 1 else 0.0
            margins.setdefault(person, []).append(
                (mate - max(rest)) / spread if spread > 0 else 0.0
            )
        risk = {person: np.mean(found) for person, found in risks.items()}
        margin = {person: np.mean(found) for person, found in margins.items()}
        assert set(found.people.tolist()) == set(risk)
        np.testing.assert_allclose(found.risk, [risk[p] for p in found.people], atol=1e-12)
        np.testing.assert_allclose(found.margin, [margin[p] for p in found.people], atol=1e-9)
        order = list(zip(np.round(-found.risk, 9), np.round(-found.margin, 7), strict=True))
        assert order == sorted(order)
        assert found.mean == share_of_people(
            np.array([risk[p] for p in sorted(risk)]), ranks.probe.size
        ) or found.mean.value == pytest.approx(np.mean(list(risk.values())), abs=1e-12)
        assert found.highest == pytest.approx(max(risk.values()))
        above = sum(value > 0.4 for value in risk.values())
        assert (found.level, found.share_above) == (0.4, clopper_pearson(above, len(risk)))
        compared += 1


def test_risk_in_galleries_larger_than_the_data_or_of_nobody():
    scores = cohort(np.random.default_rng(23), 8, shift=0.5)
    whole = person_risk(scores)
    for size in (8, 9, 1000):
        np.testing.assert_array_equal(person_risk(scores, size=size).risk, whole.risk)
    for size in (1, 0, -4):
        assert (person_risk(scores, size=size).risk == 1.0).all()
    assert person_risk(scores, size=2).mean.value > whole.mean.value
    at = person_risk(scores, level=float(whole.risk[0]))
    assert at.share_above.value == np.mean(whole.risk > whole.risk[0])


def test_linkability_of_ragged_data_counts_people_once():
    rng = np.random.default_rng(24)
    for _ in range(20):
        scores = random_scores(rng)
        ranks = mate_ranks(scores)
        if not ranks.probe.size:
            assert linkability(scores, [1, 2]) == {1: None, 2: None}
            continue
        most = int(ranks.gallery.min())
        found = linkability(scores, [most, 1, most + 1, 0])
        assert list(found) == list(dict.fromkeys([most, 1, most + 1, 0]))
        assert found[most + 1] is None
        assert found[0] is None
        risk = person_risk(scores)
        assert found[most] == share_of_people(
            risk.risk[np.argsort(risk.people)], ranks.probe.size, search_variance(scores, most)
        )
