from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm
from score_sets import cohort, make

from headrisk.errors import UsageError
from headrisk.linkage.pairs import among_people
from headrisk.statistics.forecast.hidden import small_gallery
from headrisk.statistics.forecast.openset import forecast_open_set
from headrisk.statistics.forecast.rank1 import forecast_rank1
from headrisk.statistics.forecast.resample import percentile_estimates
from headrisk.statistics.forecast.searches import searches_of
from headrisk.statistics.openset import fnir_at_fpir, largest_open_gallery
from headrisk.statistics.rates import cumulative_match, mate_ranks

SIZES = (10**3, 10**4, 10**5)


def true_rates(shift, spread, sizes, fpir=None):
    """Normal scores: rank-1, or success within a budget of false alarms, by quadrature."""
    x = np.linspace(shift - 12, shift + 12, 40001)
    density = norm.pdf(x, shift, np.sqrt(1 + spread**2))
    found = []
    for n in sizes:
        limit = -np.inf if fpir is None else norm.isf(-np.expm1(np.log1p(-fpir) / n))
        first = np.exp((n - 1) * norm.logcdf(x)) * (x >= limit)
        found.append(np.trapezoid(density * first, x))
    return np.array(found)


@pytest.fixture(scope="module")
def scores():
    return cohort(np.random.default_rng(0), 150, shift=4.0, mate_effect=0.7)


@pytest.fixture(scope="module")
def forecast(scores):
    return forecast_rank1(scores, np.random.default_rng(1), sizes=SIZES, repetitions=40)


def test_four_models_hold_the_truth_in_their_range(forecast):
    names = [model.model for model in forecast.models]
    assert names == ["binomial", "extreme-value", "pitman-yor", "log-linear"]
    for point, truth in zip(forecast.points, true_rates(4.0, 0.7, SIZES), strict=True):
        assert point.low <= truth <= point.high
        assert 0 <= point.floor <= point.low <= point.least <= point.most <= point.high <= 1
    near = dict(zip(names, (model.estimates[0].value for model in forecast.models), strict=True))
    assert near["extreme-value"] == pytest.approx(true_rates(4.0, 0.7, SIZES)[0], abs=0.1)


def test_observed_is_rank_one_and_forecasts_only_fall(forecast, scores):
    assert forecast.observed.value == pytest.approx(cumulative_match(mate_ranks(scores))[0])
    for model in forecast.models:
        values = [estimate.value for estimate in model.estimates]
        assert values == sorted(values, reverse=True)
        assert values[0] <= forecast.observed.high
        for estimate in model.estimates:
            assert estimate.low <= estimate.value <= estimate.high
            assert estimate.n == 150


def test_far_galleries_are_flagged_and_sizes_within_the_data_left_out(scores):
    found = forecast_rank1(
        scores, np.random.default_rng(2), sizes=(10, 150, 151, 15_000, 15_001), repetitions=10
    )
    assert [(p.size, p.beyond) for p in found.points] == [
        (151, False),
        (15_000, False),
        (15_001, True),
    ]
    # One person more than the data: every model must be close to what was measured.
    for model in found.models:
        assert model.estimates[0].value == pytest.approx(found.observed.value, abs=0.04)
    none = forecast_rank1(scores, np.random.default_rng(2), sizes=(50,), repetitions=10)
    assert none.points == ()
    assert "the data reach 150 people" in none.sentence
    rng = np.random.default_rng(2)
    open_set = forecast_open_set(scores, rng, fpir=0.1, sizes=(50,), repetitions=10)
    assert "people themselves" in open_set.sentence
    assert open_set.points == ()


def test_hidden_galleries_report_the_error_of_each_model(forecast, scores):
    for model in forecast.models:
        hidden = model.hidden
        assert (hidden.fitted_size, hidden.predicted_size) == (37, 150)
        assert hidden.error == pytest.approx(hidden.predicted - forecast.observed.value)
        assert hidden.rms >= abs(hidden.error)
        assert hidden.rms < 0.12
    searches = searches_of(scores)
    small = small_gallery(searches, 37, np.random.default_rng(3))
    np.testing.assert_array_equal(np.count_nonzero(small.comparable, axis=1), 36)
    np.testing.assert_array_equal(small.mate, searches.mate)
    for row in (0, 77):
        assert set(small.values[row]) <= set(searches.values[row]) | {-np.inf}


def test_same_seed_same_forecast_and_units_of_scores_do_not_matter(forecast, scores):
    again = forecast_rank1(scores, np.random.default_rng(1), sizes=SIZES, repetitions=40)
    assert again == forecast
    scaled = replace(scores, values=2.0 * scores.values + 64.0)
    moved = forecast_rank1(scaled, np.random.default_rng(1), sizes=SIZES, repetitions=40)
    for ours, theirs in zip(forecast.points, moved.points, strict=True):
        assert theirs.most == pytest.approx(ours.most, abs=1e-6)
        assert theirs.high == pytest.approx(ours.high, abs=1e-6)
    assert scores.values[0, 0] != scaled.values[0, 0]


def test_two_probes_a_person_count_as_one_person():
    scores = cohort(np.random.default_rng(4), 60, shift=3.0, probes=2)
    found = forecast_rank1(scores, np.random.default_rng(5), sizes=(600,), repetitions=20)
    assert found.people == 60
    doubled = make(
        np.repeat(scores.values, 2, axis=0), np.repeat(scores.probe_person, 2), range(60)
    )
    same = forecast_rank1(doubled, np.random.default_rng(5), sizes=(600,), repetitions=20)
    for ours, theirs in zip(found.models, same.models, strict=True):
        # The tail is longer in the doubled matrix, so only the others must agree.
        if ours.model != "extreme-value":
            assert theirs.estimates[0].value == pytest.approx(ours.estimates[0].value, abs=1e-4)


@pytest.mark.parametrize("people", [0, 1, 3, 19])
def test_too_few_people_give_a_sentence(people, scores):
    part = among_people(scores, np.arange(people))
    for found in (
        forecast_rank1(part, np.random.default_rng(0)),
        forecast_open_set(part, np.random.default_rng(0), fpir=0.1),
    ):
        assert found.points == ()
        assert found.models == ()
        assert found.sentence.startswith("No forecast: ")
        assert "at least 20" in found.sentence
    assert forecast_rank1(among_people(scores, np.arange(1)), np.random.default_rng(0)).people <= 1


def test_no_forecast_from_certainty_but_a_bound():
    scores = cohort(np.random.default_rng(6), 50, shift=30.0)
    found = forecast_rank1(scores, np.random.default_rng(7), sizes=(100, 1000))
    assert found.bound_only
    assert found.models == ()
    lower = 0.05 ** (1 / 50)
    for point in found.points:
        assert point.low == point.floor == pytest.approx(lower ** ((point.size - 1) / 49))
        assert point.high == 1.0
    assert "may stay at 100 %" in found.sentence
    open_set = forecast_open_set(scores, np.random.default_rng(7), fpir=0.05, sizes=(1000,))
    assert open_set.bound_only
    assert (open_set.points[0].low, open_set.points[0].high) == (0.0, 1.0)


def test_nobody_ever_linked_gives_chance_or_little_more():
    rng = np.random.default_rng(8)
    values = rng.normal(size=(40, 40))
    values[np.arange(40), np.arange(40)] = -20.0
    found = forecast_rank1(
        make(values, range(40), range(40)), np.random.default_rng(9), repetitions=20
    )
    assert found.observed.value == 0.0
    for point in found.points:
        assert point.most <= 0.02
        assert point.high <= found.observed.high
    for place, point in enumerate(found.points):
        lowest = min(model.estimates[place].value for model in found.models)
        assert lowest == pytest.approx(1 / point.size)


def test_many_tied_scores_do_not_break_the_models():
    scores = cohort(np.random.default_rng(10), 40, shift=2.0)
    coarse = replace(scores, values=np.round(scores.values))
    found = forecast_rank1(coarse, np.random.default_rng(11), repetitions=20)
    assert len(found.models) >= 3
    constant = replace(scores, values=np.zeros_like(scores.values))
    flat = forecast_rank1(constant, np.random.default_rng(11), sizes=(1000,), repetitions=20)
    assert "extreme-value" not in [model.model for model in flat.models]
    assert flat.points[0].most < 0.1


def test_open_set_forecast_holds_the_truth(scores):
    found = forecast_open_set(
        scores, np.random.default_rng(12), fpir=0.05, sizes=SIZES, repetitions=30
    )
    assert [model.model for model in found.models] == ["extreme-value", "log-linear"]
    measured = fnir_at_fpir(scores, 0.05, largest_open_gallery(scores))
    assert found.observed.value == pytest.approx(1 - measured.fnir.value)
    for point, truth in zip(found.points, true_rates(4.0, 0.7, SIZES, 0.05), strict=True):
        assert point.low <= truth <= point.high


def test_smaller_budget_finds_fewer_and_untestable_budget_is_said(scores):
    loose, strict = (
        forecast_open_set(
            scores, np.random.default_rng(13), fpir=fpir, sizes=(1000,), repetitions=10
        )
        for fpir in (0.3, 0.001)
    )
    assert strict.models[0].estimates[0].value < loose.models[0].estimates[0].value
    assert strict.observed is None
    assert [model.model for model in strict.models] == ["extreme-value"]
    assert "cannot be tested with 150 people" in strict.sentence
    assert strict.few_errors
    for wrong in (0.0, 1.0, float("nan")):
        with pytest.raises(UsageError, match="between 0 and 1"):
            forecast_open_set(scores, np.random.default_rng(0), fpir=wrong)


def test_a_forecast_of_nothing_is_an_upper_bound() -> None:
    values, draws = np.zeros(2), np.zeros((50, 2))
    for found in percentile_estimates(values, draws, 0.9, np.array([10**3, 10**6]), 25):
        assert (found.value, found.low) == (0.0, 0.0)
        assert found.high == pytest.approx(1 - 0.05 ** (1 / 25))
    (capped,) = percentile_estimates(values[:1], draws[:, :1], 0.05, np.array([10**3]), 25)
    assert capped.high == 0.05
