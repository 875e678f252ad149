"""Clustered variances against double loops over pairs that share a person."""

import numpy as np
import pytest
from scipy.stats import t

from headrisk.statistics.clustered import mated_rate, nonmated_rate
from headrisk.statistics.intervals import wilson


def test_mated_rate_is_wilson_with_the_effective_number_of_pairs():
    rng = np.random.default_rng(0)
    for _ in range(20):
        pairs = rng.integers(0, 6, 15).astype(float)
        events = rng.binomial(pairs.astype(int), 0.4).astype(float)
        people, total, rate = np.count_nonzero(pairs), pairs.sum(), events.sum() / pairs.sum()
        variance = sum((e - rate * p) ** 2 for e, p in zip(events, pairs, strict=True)) / total**2
        variance *= people / (people - 1)
        fewest = total**2 / sum(p * p for p in pairs)
        number = min(max(rate * (1 - rate) / variance, fewest), total)
        expected = wilson(rate * number, number, quantile=t.ppf(0.975, people - 1))
        found = mated_rate(events, pairs)
        assert (found.value, found.n) == (pytest.approx(rate), people)
        assert (found.low, found.high) == (
            pytest.approx(expected.low),
            pytest.approx(expected.high),
        )
        assert found.method == "Wilson, clustered by person"


def test_nonmated_rate_is_wilson_with_the_dyadic_variance():
    rng = np.random.default_rng(1)
    for _ in range(10):
        n = 9
        pairs = rng.integers(0, 3, (n, n)).astype(float)
        np.fill_diagonal(pairs, 0)
        pairs[7, :] = pairs[:, 7] = 0  # somebody who took no part
        events = rng.binomial(pairs.astype(int), 0.3).astype(float)
        both, hits = pairs + pairs.T, events + events.T
        dyads = [(i, j) for i in range(n) for j in range(i)]
        total = sum(both[d] for d in dyads)
        rate = sum(hits[d] for d in dyads) / total
        gap = {d: hits[d] - rate * both[d] for d in dyads}
        variance = sum(gap[a] * gap[b] for a in dyads for b in dyads if set(a) & set(b)) / total**2
        people = int(np.count_nonzero(both.sum(axis=0)))
        variance *= people / (people - 2)
        lean = np.array([sum(gap[d] for d in dyads if i in d) for i in range(n)]) ** 2
        variance *= 1 + max(lean.max() / lean.sum() - 2 * np.log(people) / people, 0)
        distinct = sum(both[d] > 0 for d in dyads)
        wanted = rate * (1 - rate) / variance if variance > 0 else distinct
        number = min(max(wanted, people / 2), distinct)
        expected = wilson(rate * number, number, quantile=t.ppf(0.975, people / 2 - 1))
        found = nonmated_rate(events, pairs)
        assert (found.value, found.n) == (pytest.approx(rate), people)
        assert (found.low, found.high) == (
            pytest.approx(expected.low),
            pytest.approx(expected.high),
        )
        assert found.method == "Wilson, clustered by person"


@pytest.mark.parametrize("all_wrong", [False, True])
def test_nothing_or_everything_wrong_is_a_bound_on_people(all_wrong):
    pairs = 1.0 - np.eye(9)
    events = pairs if all_wrong else np.zeros((9, 9))
    for found, number, people in (
        (mated_rate(events[0, 1:], pairs[0, 1:]), 8, 8),
        (nonmated_rate(events, pairs), 4, 9),  # so many disjoint pairs
    ):
        bound = 1 - 0.05 ** (1 / number)
        assert found.value == float(all_wrong)
        ends = (1 - bound, 1.0) if all_wrong else (0.0, bound)
        assert (found.low, found.high) == (pytest.approx(ends[0]), pytest.approx(ends[1]))
        assert (found.n, found.method) == (people, "rule of three on people")


def test_no_pairs_have_no_rate():
    assert mated_rate(np.zeros(3), np.zeros(3)) is None
    assert nonmated_rate(np.zeros((3, 3)), np.zeros((3, 3))) is None


def test_people_who_all_err_alike_count_by_their_pairs():
    """No variance between people at all: every pair counts."""
    found = mated_rate(np.full(4, 1.0), np.full(4, 2.0))
    expected = wilson(4, 8, quantile=t.ppf(0.975, 3))
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))
    one = mated_rate(np.array([1.0]), np.array([4.0]))
    expected = wilson(1, 4, quantile=t.ppf(0.975, 1))
    assert (one.low, one.high, one.n) == (
        pytest.approx(expected.low),
        pytest.approx(expected.high),
        1,
    )
