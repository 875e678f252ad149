"""What facts add to a search."""

from __future__ import annotations

import numpy as np
import pytest

from headrisk.dataset.scans import Scan
from headrisk.statistics.facts import WRONG, fact_evidence, facts_attacks
from headrisk.types import PairScores


def people(facts):
    return [
        Scan(f"s{k}", f"{k}", "", site=site, sex=sex, age=age)
        for k, (site, sex, age) in enumerate(facts)
    ]


def test_agreeing_counts_by_how_rare_it_is_and_one_error_is_forgiven():
    first = people([("A", "F", 30.0), ("B", "M", 50.0)])
    second = people([("A", "F", 30.9), ("A", "M", 31.5), ("", "", None)])
    usable = np.ones((2, 3), dtype=bool)
    found, told = fact_evidence(first, second, usable)
    assert told == ("site", "sex", "age")
    site, sex, age = 2 / 4, 2 / 4, 1 / 4
    yes = [np.log((1 - WRONG) / chance) for chance in (site, sex, age)]
    no = [np.log(WRONG / (1 - chance)) for chance in (site, sex, age)]
    assert found[0, 0] == pytest.approx(sum(yes))
    assert found[0, 1] == pytest.approx(yes[0] + no[1] + no[2])
    assert found[1, 0] == pytest.approx(sum(no))
    assert (found[:, 2] == 0).all()


def test_facts_that_all_share_say_nothing():
    same = people([("A", "F", 30.0), ("A", "F", 30.0)])
    found, told = fact_evidence(same, same, np.ones((2, 2), dtype=bool))
    assert told == ()
    assert (found == 0).all()


def test_ages_of_a_later_visit_are_expected_to_be_higher():
    """Sixty people seen three years apart: who knows that finds nearly all by age alone."""
    rng = np.random.default_rng(0)
    ages = rng.uniform(18, 80, 60)
    first, second = (people([("", "", float(age)) for age in ages + by]) for by in (0.0, 3.0))
    who = np.arange(60)
    scores = PairScores("noise", rng.normal(size=(60, 60)), np.ones((60, 60), bool), who, who)
    found = facts_attacks(scores, first, second, rng)
    assert found is not None
    years = np.abs((ages[:, None] - ages[None, :]) - 3.0)  # from the first to the second visit
    alike = np.abs(years - 3.0) <= 1.0
    assert found.alone.value == pytest.approx(np.mean(1 / alike.sum(axis=1)))
