"""The strongest attack speaks, and choosing it does not flatter it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from score_sets import make

from headrisk.statistics.choice import choose, evidence, nested_choice
from headrisk.statistics.intervals import share_of_people
from headrisk.statistics.rates import mate_ranks, person_means
from headrisk.types import FloatArray, PairScores


def cohort(
    rng: np.random.Generator, people: int, ahead: list[float]
) -> tuple[FloatArray, FloatArray]:
    """Successes and places of measures whose mates stand ``ahead`` of standard normal scores."""
    values = rng.standard_normal((len(ahead), people, people))
    at = np.arange(people)
    values[:, at, at] += np.array(ahead)[:, None]
    better = (values > values[:, at, at][:, :, None]).sum(axis=2)
    return (better == 0).astype(float), 1 - better / (people - 1)


@pytest.mark.parametrize("people", [8, 40, 150])
def test_thirteen_measures_of_noise_are_at_chance(people: int) -> None:
    rng = np.random.default_rng(people)
    cohorts, above, values = 200, 0, []
    for _ in range(cohorts):
        found = nested_choice(*_between(cohort(rng, people, [0.0] * 13), rng))
        rate = share_of_people(found.per_person)
        assert rate is not None
        above += not rate.low <= 1 / people <= rate.high
        values.append(found.value)
    assert above <= 0.05 * cohorts + 4  # two standard errors of 5 % are 3
    error = np.std(values) / np.sqrt(cohorts)
    assert np.mean(values) == pytest.approx(1 / people, abs=4 * error)


@pytest.mark.parametrize("people", [10, 60])
def test_one_good_measure_among_noise_gives_its_own_rate(people: int) -> None:
    rng = np.random.default_rng(people)
    ahead = [0.0] * 6 + [2.5] + [0.0] * 6
    truth = np.mean([cohort(rng, people, [2.5])[0].mean() for _ in range(300)])
    held = 0
    for _ in range(100):
        found = nested_choice(*_between(cohort(rng, people, ahead), rng))
        rate = share_of_people(found.per_person)
        assert rate is not None
        held += rate.low <= truth <= rate.high
    assert held >= 90


def _between(
    parts: tuple[FloatArray, FloatArray], rng: np.random.Generator
) -> tuple[FloatArray, np.random.Generator, FloatArray]:
    return parts[0], rng, parts[1]


def test_the_rate_is_that_of_a_loop_over_halves() -> None:
    rng = np.random.default_rng(3)
    outcomes = (rng.random((5, 9)) < np.linspace(0.1, 0.6, 5)[:, None]).astype(float)
    found = nested_choice(outcomes, np.random.default_rng(7), splits=6)
    again, total = np.random.default_rng(7), np.zeros(9)
    for _ in range(6):
        half = again.permutation(9) % 2 == 1
        for counted in range(9):
            others = [k for k in range(9) if half[k] != half[counted]]
            sums = [sum(row[k] for k in others) for row in outcomes]
            total[counted] += outcomes[sums.index(max(sums)), counted]
    np.testing.assert_allclose(found.per_person, total / 6)
    assert found.value == pytest.approx(total.mean() / 6)
    assert int(found.best[0]) == int(np.argmax(outcomes.sum(axis=1)))


def test_whom_the_chosen_attack_cannot_search_for_the_next_one_is_asked() -> None:
    outcomes = np.array([[np.nan] + [1.0] * 9, [1.0] + [0.0] * 9])
    found = nested_choice(outcomes, np.random.default_rng(0))
    assert found.value == 1.0


def mates(rng: np.random.Generator, people: int, ahead: float) -> PairScores:
    values = rng.standard_normal((people, people)) + ahead * np.eye(people)
    return make(values, np.arange(people), np.arange(people))


def test_the_strongest_speaks_with_its_scores_and_its_control() -> None:
    rng = np.random.default_rng(5)
    scores = {f"noise-{k}": mates(rng, 40, 0.0) for k in range(12)} | {"good": mates(rng, 40, 4.0)}
    found = choose(scores, np.random.default_rng(1))
    choice = found.choice
    assert choice.measure == "good"
    assert choice.candidates == 26
    assert choice.how == "halves of people"
    assert choice.rank1 is not None
    assert choice.rank1.value > 0.85
    assert choice.control == pytest.approx(1 / 40, abs=0.02)
    assert choice.p_value == pytest.approx(1 / 101)
    ranks = mate_ranks(found.scores)
    assert person_means(ranks.within(1), ranks.person)[1].mean() == pytest.approx(
        choice.rank1.value, abs=0.03
    )
    assert set(found.one_to_one) == set(scores)


def test_noise_alone_is_not_read_as_a_link() -> None:
    links = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        found = choose({f"m{k}": mates(rng, 12, 0.0) for k in range(13)}, rng, shuffles=40)
        rate, high = found.choice.rank1, found.choice.control_high
        assert rate is not None
        assert high is not None
        links += rate.low > max(high, 1 / 12)
    assert links <= 2


def test_each_pair_of_contrasts_has_its_own_attack() -> None:
    """One measure sees pairs of one contrast, the other pairs of two; neither sees both."""
    rng = np.random.default_rng(2)
    people = 24
    probe, gallery = np.arange(people), np.tile(np.arange(people), 2)
    contrast = np.repeat([0, 1], people)
    codes = np.tile(contrast, (people, 1))
    usable = codes == (np.arange(people) % 2)[:, None]  # each person has one mate in one contrast
    own = probe[:, None] == gallery[None, :]
    scores = {}
    for number, name in enumerate(("alike", "crossed")):
        values = rng.standard_normal(codes.shape) + 5.0 * (own & (codes == number))
        scores[name] = make(values, probe, gallery, usable)
    found = choose(scores, rng, pairs=(("T1w - T1w", "T1w - T2w"), codes))
    assert found.choice.how == "halves, by contrast pair"
    assert {(one.pair, one.measure) for one in found.choice.pairs} == {
        ("T1w - T1w", "alike"),
        ("T1w - T2w", "crossed"),
    }
    assert found.choice.rank1 is not None
    assert found.choice.rank1.value > 0.9
    single = max(mate_ranks(one).within(1).mean() for one in scores.values())
    assert single < 0.75


def test_evidence_of_scores_that_say_nothing_is_nothing() -> None:
    against = make(np.array([[0.0, 1.0], [1.0, 0.0]]), [0, 1], [0, 1])
    assert (evidence(against) == 0).all()


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 100_000))
def test_small_and_odd_designs_never_fail(seed: int) -> None:
    """Gaps, ties, several scans, nobody with a mate, one person with nearly all scans."""
    rng = np.random.default_rng(seed)
    people = int(rng.integers(1, 8))
    probe = rng.integers(0, people, int(rng.integers(0, 9)))
    gallery = rng.integers(int(rng.integers(0, 3)), people + 2, int(rng.integers(0, 9)))
    usable = rng.random((probe.size, gallery.size)) < rng.choice([0.0, 0.5, 1.0])
    scores = {
        f"m{k}": make(
            np.round(rng.normal(size=usable.shape), int(rng.integers(0, 3))),
            probe,
            gallery,
            usable & (rng.random(usable.shape) < rng.choice([0.7, 1.0])),
        )
        for k in range(int(rng.integers(1, 4)))
    }
    found = choose(scores, rng, shuffles=5)
    rate = found.choice.rank1
    assert np.isfinite(found.scores.values).all()
    searched = np.unique(
        np.concatenate([one.probe_person[one.mated.any(axis=1)] for one in scores.values()])
    )
    if not searched.size:
        assert rate is None
    elif rate is not None:
        assert rate.n == searched.size
        assert 0 <= rate.low <= rate.value <= rate.high <= 1
