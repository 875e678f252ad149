import numpy as np
from score_sets import cohort, make

from headrisk.statistics.joined import joined_rates


def test_joining_finds_people_that_lose_at_rank_one():
    # Both probes like gallery person 1 best; joined one to one both are right.
    scores = make([[0.8, 0.9], [0.1, 0.95]], [0, 1], [0, 1])
    found = joined_rates(scores, 0.5)
    assert found.joins == 2
    assert found.found.value == 1.0
    assert found.right.value == 1.0


def test_people_without_mate_can_only_be_joined_wrongly():
    scores = make(np.full((3, 3), 0.9), [5, 6, 7], [0, 1, 2])
    found = joined_rates(scores, 0.5)
    assert found.found is None
    assert (found.joins, found.right.value) == (3, 0.0)
    assert joined_rates(scores, 0.95).right is None


def test_counts_add_up_on_a_noisy_cohort():
    scores = cohort(np.random.default_rng(0), 40, shift=2.0)
    found = joined_rates(scores, 1.5)
    assert round(found.right.value * found.joins) == round(found.found.value * 40)
    assert 0.3 < found.found.value < 1.0
