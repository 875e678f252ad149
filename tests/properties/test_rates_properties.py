"""Properties that hold for every score matrix: monotony, invariance, consistent decisions."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from headrisk.linkage.decide import cross_validate, fixed_fmr_threshold, threshold_rules
from headrisk.linkage.pairs import among_people, best_per_person, pair_sample
from headrisk.statistics.rates import (
    area_under_curve,
    cumulative_match,
    det_curve,
    equal_error_rate,
    mate_ranks,
)
from headrisk.statistics.risk import linkability
from headrisk.types import PairScores


@st.composite
def score_sets(draw) -> PairScores:
    probes, gallery = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    whole = st.integers(-4, 4).map(float)
    return PairScores(
        "any",
        draw(hnp.arrays(np.float64, (probes, gallery), elements=whole)),
        draw(hnp.arrays(np.bool_, (probes, gallery))),
        draw(hnp.arrays(np.int64, probes, elements=st.integers(0, 5))),
        draw(hnp.arrays(np.int64, gallery, elements=st.integers(0, 5))),
    )


@given(score_sets())
def test_cmc_rises_to_one_and_det_runs_from_corner_to_corner(scores):
    cmc = cumulative_match(mate_ranks(scores))
    assert (np.diff(cmc) >= -1e-12).all()
    assert not cmc.size or abs(cmc[-1] - 1) < 1e-12
    sample = pair_sample(scores)
    det = det_curve(sample.mated, sample.nonmated)
    if det is not None:
        assert (np.diff(det.fmr) <= 0).all()
        assert (np.diff(det.fnmr) >= 0).all()
        assert det.fmr[0] == 1
        assert det.fnmr[0] == 0


@given(score_sets())
def test_rates_do_not_change_under_a_rising_transform(scores):
    raised = replace(scores, values=np.exp(scores.values / 2) - 7)
    one, two = pair_sample(scores), pair_sample(raised)
    assert area_under_curve(one.mated, one.nonmated) == area_under_curve(two.mated, two.nonmated)
    assert equal_error_rate(one.mated, one.nonmated) == equal_error_rate(two.mated, two.nonmated)
    np.testing.assert_array_equal(
        cumulative_match(mate_ranks(scores)), cumulative_match(mate_ranks(raised))
    )


@given(score_sets(), st.permutations(range(6)))
def test_rates_do_not_change_when_people_are_renumbered(scores, numbers):
    name = np.array(numbers)
    renamed = replace(
        scores,
        probe_person=name[scores.probe_person],
        gallery_person=name[scores.gallery_person],
    )
    one, two = pair_sample(scores), pair_sample(renamed)
    np.testing.assert_array_equal(one.mated, two.mated)
    np.testing.assert_array_equal(one.nonmated, two.nonmated)
    assert one.person_pairs == two.person_pairs
    np.testing.assert_allclose(
        cumulative_match(mate_ranks(scores)), cumulative_match(mate_ranks(renamed)), atol=1e-12
    )


@given(score_sets())
def test_swapping_mated_and_nonmated_turns_the_auc_round(scores):
    sample = pair_sample(scores)
    forth = area_under_curve(sample.mated, sample.nonmated)
    back = area_under_curve(sample.nonmated, sample.mated)
    assert (forth is None) == (back is None)
    if forth is not None:
        assert abs(forth + back - 1) < 1e-12


@given(score_sets(), st.sampled_from([0.5, 0.34, 0.2]))
def test_a_fixed_rate_is_never_exceeded_on_its_own_data(scores, fmr):
    threshold = fixed_fmr_threshold(scores, fmr=fmr).value
    if threshold is not None:
        accepted = scores.usable & (scores.values >= threshold)
        by_people = {}  # every two people weigh the same, however often they were scanned
        for i, j in np.argwhere(scores.nonmated):
            pair = frozenset((scores.probe_person[i], scores.gallery_person[j]))
            by_people.setdefault(pair, []).append(accepted[i, j])
        assert np.mean([np.mean(one) for one in by_people.values()]) <= fmr + 1e-9


@given(score_sets())
def test_linkability_falls_with_the_gallery(scores):
    found = [e.value for e in linkability(scores, range(1, 7)).values() if e is not None]
    assert all(a >= b - 1e-12 for a, b in pairwise(found))


@given(score_sets(), st.sets(st.integers(0, 5)))
def test_people_left_out_leave_no_trace(scores, kept):
    part = among_people(scores, np.array(sorted(kept), dtype=np.int64))
    sample = pair_sample(part)
    assert set(sample.people.tolist()) <= kept
    whole = pair_sample(scores)
    inside = np.isin(whole.people[whole.mated_person], list(kept))
    np.testing.assert_array_equal(sample.mated, whole.mated[inside])


@given(score_sets())
def test_best_per_person_is_the_maximum_over_scans(scores):
    best = best_per_person(scores)
    for i in range(scores.probe_person.size):
        for k, person in enumerate(best.people):
            of_person = scores.usable[i] & (scores.gallery_person == person)
            assert best.comparable[i, k] == of_person.any()
            if of_person.any():
                assert best.values[i, k] == scores.values[i, of_person].max()


@settings(max_examples=40, deadline=None)
@given(score_sets(), st.integers(0, 10))
def test_cross_validation_tests_each_pair_at_most_once(scores, seed):
    for tested in cross_validate(
        scores, threshold_rules(), 5, np.random.default_rng(seed)
    ).values():
        assert tested.false_nonmatch.size <= scores.mated.sum()
        assert tested.false_match.size <= scores.nonmated.sum()
        assert bool(tested.reason) == (tested.folds == 0)
