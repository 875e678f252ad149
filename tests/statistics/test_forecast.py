from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student
from score_sets import cohort, make

from headrisk.errors import UsageError
from headrisk.linkage.pairs import among_people
from headrisk.report.words.phrases import listed
from headrisk.report.words.risk import basis_of_forecast
from headrisk.statistics.forecast.models import TAIL_MODELS
from headrisk.statistics.forecast.openset import forecast_open_set
from headrisk.statistics.forecast.rank1 import forecast_rank1, small_gallery
from headrisk.statistics.forecast.records import distribution_free_floor
from headrisk.statistics.forecast.searches import bounded, proven_floor, searches_of
from headrisk.statistics.openset import fnir_at_fpir, largest_open_gallery
from headrisk.statistics.rates import cumulative_match, mate_ranks
from headrisk.types import Estimate

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


def test_tail_models_hold_the_truth_in_their_range(forecast):
    names = [model.model for model in forecast.models]
    assert names == list(TAIL_MODELS)
    assert sum(model.weight for model in forecast.models) == pytest.approx(1.0)
    for point, truth in zip(forecast.points, true_rates(4.0, 0.7, SIZES), strict=True):
        assert point.low <= truth <= point.high
        assert 0 <= point.floor <= point.low <= point.least <= point.most <= point.high <= 1
        if point.said:
            assert point.least <= point.value <= point.most
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
    assert [p.size for p in found.points] == [151, 15_000, 15_001]
    for point in found.points:
        far = found.reach is not None and point.size > found.reach
        assert point.said != far
        assert point.beyond == (far or point.size > 100 * 150)
    assert not found.points[0].beyond
    # One person more than the data: every model must be close to what was measured.
    for model in found.models:
        assert model.estimates[0].value == pytest.approx(found.observed.value, abs=0.04)
    none = forecast_rank1(scores, np.random.default_rng(2), sizes=(50,), repetitions=10)
    assert none.points == ()
    assert (none.reason, none.gallery) == ("within the data", 150)
    rng = np.random.default_rng(2)
    open_set = forecast_open_set(scores, rng, fpir=0.1, sizes=(50,), repetitions=10)
    assert open_set.reason == "within the data"
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
        assert theirs.model == ours.model
        # Twice as many equal scores: a tail may begin at another place.
        assert theirs.estimates[0].value == pytest.approx(ours.estimates[0].value, abs=0.03)


@pytest.mark.parametrize("people", [0, 1, 3, 19])
def test_too_few_people_give_a_reason(people, scores):
    part = among_people(scores, np.arange(people))
    for found in (
        forecast_rank1(part, np.random.default_rng(0)),
        forecast_open_set(part, np.random.default_rng(0), fpir=0.1),
    ):
        assert found.points == ()
        assert found.models == ()
        assert found.reason == "few people"
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
    assert "may stay at 100 %" in basis_of_forecast(found)
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
    for place, point in enumerate(found.points):
        assert point.high <= found.observed.high
        assert not point.said
        lowest = min(model.estimates[place].value for model in found.models)
        assert lowest == pytest.approx(1 / point.size, abs=0.002)
    assert (found.reason, found.reach) == ("cannot be said beyond", 40)


def test_many_tied_scores_do_not_break_the_models():
    scores = cohort(np.random.default_rng(10), 40, shift=2.0)
    coarse = replace(scores, values=np.round(scores.values))
    found = forecast_rank1(coarse, np.random.default_rng(11), repetitions=20)
    assert found.models
    constant = replace(scores, values=np.zeros_like(scores.values))
    flat = forecast_rank1(constant, np.random.default_rng(11), sizes=(1000,), repetitions=20)
    assert [model.model for model in flat.models] == ["binomial", "pitman-yor", "log-linear"]
    assert flat.reach <= 400  # models of ranks alone are not trusted beyond ten times the data


def test_open_set_forecast_holds_the_truth(scores):
    found = forecast_open_set(
        scores, np.random.default_rng(12), fpir=0.05, sizes=SIZES, repetitions=30
    )
    assert {model.model for model in found.models} <= set(TAIL_MODELS)
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
    assert {model.model for model in strict.models} <= set(TAIL_MODELS)
    assert "cannot be tested with 150 people" in basis_of_forecast(strict)
    assert strict.few_errors
    for wrong in (0.0, 1.0, float("nan")):
        with pytest.raises(UsageError, match="between 0 and 1"):
            forecast_open_set(scores, np.random.default_rng(0), fpir=wrong)


def test_a_forecast_of_nothing_is_an_upper_bound() -> None:
    sizes, nothing = np.array([10**3, 10**6]), np.zeros(2)
    for found in bounded((nothing, nothing, nothing), nothing, 0.9, sizes, 25, "by hand"):
        assert found.value <= 1e-3
        assert found.low <= found.value
        assert found.high == pytest.approx(1 - 0.05 ** (1 / 25))
    ends = (nothing[:1], nothing[:1], nothing[:1])
    (capped,) = bounded(ends, nothing[:1], 0.05, sizes[:1], 25, "by hand")
    assert capped.high == 0.05


def strangers_of(kind, rng, shape):
    return rng.standard_t(3, size=shape) if kind == "t3" else rng.normal(size=shape)


@pytest.mark.parametrize(("kind", "shift"), [("t3", 8.0), ("normal", 4.0)])
def test_heavy_tails_are_recognised(kind, shift):
    """With t3 strangers next to nobody is left among 10,000; what cannot be said is not said."""
    rng, n, held = np.random.default_rng(20), 100, 0
    x = np.linspace(shift - 14, shift + 14, 20001)
    tail = student.logcdf(x, 3) if kind == "t3" else norm.logcdf(x)
    for _ in range(6):
        values = strangers_of(kind, rng, (n, n))
        values[np.arange(n), np.arange(n)] = shift + np.sqrt(2.0) * rng.normal(size=n)
        found = forecast_rank1(
            make(values, range(n), range(n)), rng, sizes=(1000, 10_000), repetitions=40
        )
        for point in found.points:
            density = norm.pdf(x, shift, np.sqrt(2.0)) * np.exp((point.size - 1) * tail)
            held += point.low - 1e-9 <= np.trapezoid(density, x) <= point.high
        if kind == "t3":
            assert not found.points[1].said
            assert found.reason == "cannot be said beyond"
            assert found.reach < 10_000
            far = f"more than {found.reach:,} people" if found.reach > n else "larger than that"
            assert f"{far} cannot be said" in basis_of_forecast(found)
        else:
            assert found.points[0].said
            assert found.points[0].high <= 1.5 * found.points[0].value
    assert held >= 10


def test_people_far_from_all_others_are_not_understated():
    """Distances with heavy tails: every model promises too little, which hidden galleries show."""
    rng, n = np.random.default_rng(23), 100
    above = 0
    for _ in range(6):
        place = rng.normal(size=(n, 12)) / np.sqrt(rng.chisquare(6, (n, 1)) / 6)
        one, other = (place + 0.4 * rng.normal(size=(n, 12)) for _ in range(2))
        values = -((one[:, None] - other[None]) ** 2).sum(axis=2)
        found = forecast_rank1(make(values, range(n), range(n)), rng, sizes=(1000,), repetitions=30)
        above += found.points[0].high < 0.811  # of 6,000 searches in galleries of 1,000
    assert above == 0


def test_beyond_the_reach_stands_the_end_of_the_forecast():
    scores = cohort(np.random.default_rng(21), 60, shift=2.2)
    found = forecast_rank1(
        scores, np.random.default_rng(0), sizes=(100, 10**4, 10**6), repetitions=30
    )
    assert found.reason == "cannot be said beyond"
    far = [point for point in found.points if point.size > found.reach]
    near = [point for point in found.points if point.size <= found.reach]
    assert far
    for point in far:
        assert (point.said, point.value, point.beyond) == (False, None, True)
        assert point.low == point.least == point.floor
        assert point.high == point.most
        assert all(point.high <= other.high for other in near)
        assert point.high <= found.observed.high


def test_a_model_that_hidden_galleries_refute_is_left_out():
    """Distances in few dimensions: the bulk of a search says nothing of its nearest strangers."""
    rng, n = np.random.default_rng(22), 100
    place = rng.normal(size=(n, 8))
    one, other = (place + 0.3 * rng.normal(size=(n, 8)) for _ in range(2))
    values = -((one[:, None] - other[None]) ** 2).sum(axis=2)
    found = forecast_rank1(make(values, range(n), range(n)), rng, sizes=(1000,), repetitions=30)
    assert "extreme-value per search" in found.refuted
    assert "extreme-value per search" not in [model.model for model in found.models]
    named = listed(found.refuted)
    assert f"Left out, as they failed there: {named}." in basis_of_forecast(found)
    beaten = np.zeros(n)
    strangers = rng.normal(size=(8000, 8)) * np.sqrt(1 + 0.3**2)
    mate = np.diag(values)
    for row in range(n):
        beaten[row] = np.mean(-((one[row] - strangers) ** 2).sum(axis=1) > mate[row])
    truth = np.mean((1 - beaten) ** 999)
    assert found.points[0].low <= truth <= found.points[0].high


def test_the_floor_of_the_curve_holds_for_every_mixture_of_chances():
    rng = np.random.default_rng(23)
    sizes = np.array([200, 1000, 10_000])
    for _ in range(30):
        chance = rng.beta(rng.uniform(0.05, 1), rng.uniform(5, 200), size=400)
        rate = {n: np.mean((1 - chance) ** (n - 1)) for n in (50, 100, *sizes.tolist())}
        observed = Estimate(rate[100], rate[100], rate[100], 400)
        draws = (np.full(5, rate[50]), np.full(5, rate[100]))
        floor = proven_floor(observed, 100, *draws, sizes)
        jensen = [distribution_free_floor(rate[100], 100, int(n)) for n in sizes]
        assert (floor >= np.array(jensen) - 1e-12).all()
        for low, n in zip(floor, sizes, strict=True):
            assert low <= rate[int(n)] + 1e-9
