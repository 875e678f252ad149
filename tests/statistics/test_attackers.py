from dataclasses import replace

import numpy as np
import pytest
from score_sets import cohort

from headrisk.errors import UsageError
from headrisk.linkage.pairs import among_people
from headrisk.statistics.attackers import (
    CLINICAL_INSIDER,
    NAMED_ATTACKERS,
    VETTED_RESEARCHER,
    Attacker,
    evaluate_attackers,
    parse_attackers,
)
from headrisk.statistics.forecast.openset import forecast_open_set
from headrisk.statistics.forecast.rank1 import forecast_rank1
from headrisk.statistics.openset import fnir_at_fpir, precision_at_prior
from headrisk.statistics.risk import linkability

OWN = """
[attackers.neighbour]
title = "a neighbour with a family album"
knowledge = ["photos", "metadata"]
gallery_size = 40
prior = 0.5
false_match_budget = 0.1

[attackers.clinical-insider]
gallery_size = 5000
"""


@pytest.fixture(scope="module")
def scores():
    return cohort(np.random.default_rng(0), 120, shift=4.0)


def evaluate(scores, attacker):
    return evaluate_attackers(scores, (attacker,), np.random.default_rng(1), repetitions=20)[0]


def test_own_attackers_are_read_and_named_ones_changed():
    neighbour, insider = parse_attackers(OWN, "attackers.toml")
    assert neighbour == Attacker(
        "neighbour", "a neighbour with a family album", ("photos", "metadata"), 40, 0.5, 0.1
    )
    assert insider == replace(CLINICAL_INSIDER, gallery_size=5000)
    assert len({attacker.name for attacker in NAMED_ATTACKERS}) == 3


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"knowledge": ("metadata",)}, "something to compare"),
        ({"knowledge": ("scans", "membership")}, "a prior of 1"),
        ({"prior": 1.0}, "membership to be known"),
        ({"knowledge": ("scans", "membership"), "prior": 1.0}, "Remove false_match_budget"),
        ({"knowledge": ("scans", "diary")}, "knowledge = .*diary"),
        ({"gallery_size": 1}, "gallery_size = 1.*2 or more"),
        ({"prior": 0.0}, "prior = 0.0.*above 0"),
        ({"prior": float("nan")}, "above 0"),
        ({"false_match_budget": 1.0}, "between 0 and 1"),
        ({"title": " "}, "title = .*some text"),
    ],
)
def test_contradictions_and_values_out_of_range_are_refused(change, words):
    with pytest.raises(UsageError, match=words) as caught:
        replace(VETTED_RESEARCHER, **change)
    assert "vetted-researcher" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[attackers.x", "expected TOML"),
        ("", "tables none"),
        ("attackers = 3", "a table"),
        ("[attackers]", "a table"),
        ("[attackers]\nx = 3", "attackers.x: 3"),
        ("[attackers.x]\ntitle = 'a'", "no gallery_size"),
        (OWN + "\n[other]\na = 1", "nothing else"),
        (OWN + "colour = 1", "unknown entry 'colour'"),
        (OWN + "prior = '1'", "expected a number"),
        (OWN + "prior = true", "expected a number"),
        (OWN + "knowledge = 'scans'", "a list of texts"),
        (OWN.replace("5000", "5e3"), "a whole number"),
        (OWN + "prior = 0.5", "membership with a prior of 0.5"),
        (OWN.replace("40", "-40"), "gallery_size = -40"),
    ],
)
def test_bad_toml_gives_a_sentence_that_names_the_file_or_attacker(text, words):
    with pytest.raises(UsageError, match="attacker") as caught:
        parse_attackers(text, "attackers.toml")
    assert words in str(caught.value)


def test_measured_success_is_the_prior_times_the_open_set_rate(scores):
    (neighbour, _) = parse_attackers(OWN, "attackers.toml")
    found = evaluate(scores, neighbour)
    rates = fnir_at_fpir(scores, 0.1, 40)
    assert found.success.value == pytest.approx(0.5 * (1 - rates.fnir.value))
    assert found.success.low == pytest.approx(0.5 * (1 - rates.fnir.high))
    assert found.precision == pytest.approx(precision_at_prior(rates, 0.5))
    assert found.measured
    assert not found.beyond


def test_certain_membership_without_budget_is_linkability(scores):
    found = evaluate(scores, replace(CLINICAL_INSIDER, gallery_size=60))
    expected = linkability(scores, [60])[60]
    assert found.success.value == pytest.approx(expected.value)
    assert found.precision == pytest.approx(expected.value)


@pytest.mark.slow
def test_large_galleries_take_the_forecast_and_its_upper_end(scores):
    insider = evaluate(scores, CLINICAL_INSIDER)
    point = forecast_rank1(
        scores, np.random.default_rng(1).spawn(1)[0], sizes=(100_000,), repetitions=20
    ).points[0]
    assert (insider.success.value, insider.success.low, insider.success.high) == (
        point.most,
        point.low,
        point.high,
    )
    assert not insider.measured
    assert insider.beyond
    researcher = evaluate(scores, VETTED_RESEARCHER)
    point = forecast_open_set(
        scores, np.random.default_rng(1).spawn(1)[0], fpir=0.01, sizes=(1000,), repetitions=20
    ).points[0]
    assert researcher.success.high == pytest.approx(0.1 * point.high)
    assert not researcher.beyond
    assert insider.success.value > researcher.success.value


def test_too_few_people_give_a_bound_and_untestable_budgets_no_figure(scores):
    few = among_people(scores, np.arange(3))
    three = evaluate(few, CLINICAL_INSIDER)
    assert three.bound_only
    assert (three.success.low, three.success.high) == (0.0, linkability(few, [3])[3].high)
    assert three.success.method == "rank-1 rate of a smaller gallery"
    strict = evaluate(scores, replace(VETTED_RESEARCHER, gallery_size=50, false_match_budget=1e-3))
    assert strict.success is None
    assert (strict.reason, strict.people) == ("budget", 120)


def test_certain_success_is_a_bound():
    found = evaluate(cohort(np.random.default_rng(2), 40, shift=30.0), CLINICAL_INSIDER)
    assert found.bound_only
    assert found.success.high == 1.0
    assert found.success.low < 0.01


def test_attackers_share_forecasts_and_take_one_that_is_there(scores):
    asked = (CLINICAL_INSIDER, replace(CLINICAL_INSIDER, name="other", gallery_size=5000))
    sizes = [one.gallery_size for one in asked]
    ready = forecast_rank1(scores, np.random.default_rng(5), sizes=sizes, repetitions=20)
    found = evaluate_attackers(scores, asked, np.random.default_rng(1), rank1=ready)
    by_size = {point.size: point for point in ready.points}
    assert [one.success.high for one in found] == [by_size[size].high for size in sizes]


def test_a_measured_budget_has_the_interval_of_its_misses_turned_over(scores):
    attacker = replace(VETTED_RESEARCHER, gallery_size=40, false_match_budget=0.1, prior=0.5)
    missed = fnir_at_fpir(scores, 0.1, 40).fnir
    found = evaluate(scores, attacker)
    assert found.measured
    assert 0 < missed.low < missed.value < missed.high < 1
    ends = (found.success.low, found.success.value, found.success.high)
    assert ends == pytest.approx(
        [0.5 * (1 - one) for one in (missed.high, missed.value, missed.low)]
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"title": " "}, "title = ' '; expected some text. Correct the value."),
        (
            {"knowledge": ("diary",)},
            "knowledge = ('diary',); expected membership, metadata, photos, scans, tables. "
            "Correct the value.",
        ),
        ({"gallery_size": 1}, "gallery_size = 1; expected 2 or more. Correct the value."),
        ({"prior": 0.0}, "prior = 0.0; expected above 0 and at most 1. Correct the value."),
        ({"prior": 1.01}, "prior = 1.01; expected above 0 and at most 1. Correct the value."),
        (
            {"false_match_budget": 0.0},
            "false_match_budget = 0.0; expected between 0 and 1, or no such line. "
            "Correct the value.",
        ),
        (
            {"false_match_budget": 1.0},
            "false_match_budget = 1.0; expected between 0 and 1, or no such line. "
            "Correct the value.",
        ),
        (
            {"knowledge": ("metadata", "membership"), "gallery_size": 7},
            "a gallery of 7 people without scans, photos or tables; expected something to compare "
            'the data with. Add "scans", "photos" or "tables" to knowledge.',
        ),
        (
            {"knowledge": ("tables", "membership"), "prior": 0.25},
            "knowledge of membership with a prior of 0.25; expected a prior of 1, as the person is "
            'known to be in the gallery. Set prior = 1, or leave "membership" out.',
        ),
        (
            {"prior": 1.0},
            "a prior of 1 without knowledge of membership; expected membership to be known where "
            'it is certain. Add "membership" to knowledge, or lower the prior.',
        ),
        (
            {"knowledge": ("photos", "membership"), "prior": 1.0, "false_match_budget": 0.05},
            "a false-match budget of 0.05 where nobody sought is absent; expected no budget, as an "
            "absent person is never searched for. Remove false_match_budget, or leave "
            '"membership" out.',
        ),
    ],
)
def test_what_is_wrong_with_an_attacker_is_said_in_full(change, sentence):
    with pytest.raises(UsageError) as caught:
        replace(VETTED_RESEARCHER, **change)
    assert str(caught.value) == f"attacker 'vetted-researcher': {sentence}"


def test_an_attacker_without_a_name_is_refused():
    with pytest.raises(UsageError) as caught:
        replace(VETTED_RESEARCHER, name="\t")
    expected = "attacker '\\t': name = '\\t'; expected some text. Correct the value."
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"gallery_size": 2},
        {"prior": 1e-9},
        {"false_match_budget": 1e-9},
        {"false_match_budget": 1 - 1e-9},
        {"false_match_budget": None},
        {"knowledge": ("photos",)},
        {"knowledge": ("scans", "membership"), "prior": 1.0, "false_match_budget": None},
    ],
)
def test_values_at_the_edge_of_what_is_allowed(change):
    made = replace(VETTED_RESEARCHER, **change)
    assert {name: getattr(made, name) for name in change} == change


FIELDS = "false_match_budget, gallery_size, knowledge, prior, title"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[defenders.x]\n[others]",
            "own.toml: tables defenders, others; expected a table [attackers.NAME] for each "
            "attacker and nothing else.",
        ),
        (
            "",
            "own.toml: tables none; expected a table [attackers.NAME] for each attacker and "
            "nothing else.",
        ),
        ("[attackers]\nx = 3", "own.toml, attackers.x: 3; expected a table."),
        (
            OWN + "hue = 1\ncolour = 1",
            f"own.toml, attackers.clinical-insider: unknown entry 'colour'; expected one of "
            f"{FIELDS}. Correct the name or remove the line.",
        ),
        (
            "[attackers.x]\nprior = 0.5\ntitle = 'a'",
            "own.toml, attackers.x: no gallery_size; expected title, knowledge, gallery_size and "
            "prior. Add the missing line.",
        ),
        (
            OWN + "title = 3",
            "own.toml, attackers.clinical-insider: title = 3; expected a text. Correct the value.",
        ),
        (
            OWN + "knowledge = ['scans', 3]",
            "own.toml, attackers.clinical-insider: knowledge = ['scans', 3]; expected a list of "
            "texts. Correct the value.",
        ),
        (
            OWN.replace("5000", "true"),
            "own.toml, attackers.clinical-insider: gallery_size = True; expected a whole number. "
            "Correct the value.",
        ),
        (
            OWN + "prior = '1'",
            "own.toml, attackers.clinical-insider: prior = '1'; expected a number. "
            "Correct the value.",
        ),
        (
            OWN + "name = 'x'",
            f"own.toml, attackers.clinical-insider: unknown entry 'name'; expected one of "
            f"{FIELDS}. Correct the name or remove the line.",
        ),
    ],
)
def test_what_is_wrong_with_a_file_of_attackers_is_said_in_full(text, sentence):
    with pytest.raises(UsageError) as caught:
        parse_attackers(text, "own.toml")
    assert str(caught.value) == sentence


def test_text_that_is_no_toml_is_refused_with_the_parsers_words():
    for text in ("[attackers.x", "x = " + "[" * 10_000):
        with pytest.raises(UsageError) as caught:
            parse_attackers(text, "own.toml")
        words = str(caught.value.__cause__)
        assert words
        assert str(caught.value) == f"own.toml: {words}; expected TOML."


def test_whole_numbers_are_numbers_and_the_budget_may_be_left_out():
    (found,) = parse_attackers(
        "[attackers.a]\ntitle='t'\nknowledge=['scans','membership']\ngallery_size=9\nprior=1",
        "own.toml",
    )
    assert found == Attacker("a", "t", ("scans", "membership"), 9, 1)
