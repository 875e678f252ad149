"""Wrong labels planted in simulated scores are found, and clean scores give nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from headrisk.duplicates.pairs import (
    ENROLLED_AGAIN,
    KINDS,
    WRONGLY_FILED,
    LabelFinding,
    ScoredPairs,
    find_wrong_labels,
    fit_kinds,
    judge,
    labels_at_risk,
)
from headrisk.linkage.evidence import SHIPPED, fit_evidence
from headrisk.types import IntArray

MATED, NONMATED = (0.68, 0.09), (0.1, 0.035)


def simulated(person: Sequence[int], label: Sequence[int], seed: int) -> ScoredPairs:
    """Scores of scans that truly show ``person`` and are filed under ``label``."""
    rng = np.random.default_rng(seed)
    who = np.array(person)
    same = who[:, None] == who[None, :]
    score = np.where(same, rng.normal(*MATED, same.shape), rng.normal(*NONMATED, same.shape))
    score = np.triu(score, 1) + np.triu(score, 1).T
    kind = np.zeros(score.shape, np.int64)
    return ScoredPairs(np.array(label), score, kind, np.ones(len(who), bool))


def found_in(pairs: ScoredPairs, copies: Sequence[tuple[int, int]] = ()) -> list[LabelFinding]:
    ignored = np.zeros(pairs.score.shape, bool)
    for i, j in copies:
        ignored[i, j] = ignored[j, i] = True
    return find_wrong_labels(pairs, copies, fit_kinds(pairs, ignored))


def two_scans_each(people: int) -> IntArray:
    return np.repeat(np.arange(people), 2)


@pytest.mark.parametrize("people", [2, 5, 12, 60])
def test_clean_data_give_nothing(people: int) -> None:
    person = two_scans_each(people)
    for seed in range(12):
        assert found_in(simulated(person, person, seed)) == []


def test_many_people_give_no_false_alarm() -> None:
    """45,000 pairs of two persons: the prior and the bound must hold them all down."""
    person = np.arange(300)
    for seed in range(3):
        assert found_in(simulated(person, person, seed)) == []


@pytest.mark.parametrize("people", [2, 8, 60])
def test_one_person_under_two_ids(people: int) -> None:
    person = two_scans_each(people)
    label = person.copy()
    person[label == 1] = 0
    (found,) = found_in(simulated(person, label, 3))
    assert (found.what, found.first, found.second) == ("two-ids", (0, 1), (2, 3))
    assert found.probability > 0.9
    assert found.judgement in ("certain", "likely")
    assert found.measure == "residual-correlation"


def test_two_single_scans_of_one_person() -> None:
    (found,) = found_in(simulated([0, 1, 0], [0, 1, 2], 5))
    assert (found.what, found.shown) == ("two-ids", (0, 2))


def test_exchanged_scans_are_told_with_their_right_places() -> None:
    label = two_scans_each(20)
    person = label.copy()
    person[[1, 3]] = person[[3, 1]]
    found = found_in(simulated(person, label, 4))
    assert [f.what for f in found] == ["two-persons", "two-persons"]
    by_label = {int(label[f.first[0]]): f for f in found}
    for own, other in ((0, 1), (1, 0)):
        finding = by_label[own]
        assert finding.belongs_to is not None
        assert person[finding.belongs_to] == person[finding.first[0]]
        assert label[finding.belongs_to] == other
        assert finding.probability > 0.99


def test_a_scan_of_a_stranger_under_a_label() -> None:
    person = np.array([0, 0, 0, 1, 1, 2, 2, 99])
    label = np.array([0, 0, 0, 1, 1, 2, 2, 0])
    (found,) = found_in(simulated(person, label, 6))
    assert (found.what, found.first, found.second) == ("two-persons", (7,), (0, 1, 2))
    assert found.belongs_to is None


def test_one_scan_under_the_label_of_another_participant() -> None:
    """The odd scan is the finding; the two labels are not taken for one person."""
    label = two_scans_each(10)
    person = np.append(label, 4)
    label = np.append(label, 0)
    (found,) = found_in(simulated(person, label, 7))
    assert (found.what, found.first) == ("two-persons", (20,))
    assert found.belongs_to is not None
    assert person[found.belongs_to] == 4


def test_copies_across_labels_are_not_told_twice() -> None:
    label = np.append(two_scans_each(6), 6)
    person = np.append(two_scans_each(6), 0)
    pairs = simulated(person, label, 8)
    assert [f.what for f in found_in(pairs)] == ["two-ids"]
    assert found_in(pairs, [(0, 12)]) == []


def test_a_doubtful_scan_is_only_worth_a_look() -> None:
    pairs = simulated([0, 1, 0], [0, 1, 2], 5)
    doubtful = ScoredPairs(pairs.label, pairs.score, pairs.kind, np.array([True, True, False]))
    (found,) = found_in(doubtful)
    assert found.judgement == "look at it"


def test_order_of_scans_does_not_matter() -> None:
    label = two_scans_each(9)
    person = label.copy()
    person[label == 4] = 2
    pairs = simulated(person, label, 9)
    order = np.random.default_rng(0).permutation(label.size)
    block = np.ix_(order, order)
    turned = ScoredPairs(label[order], pairs.score[block], pairs.kind[block], pairs.trusted[order])
    (a,), (b,) = found_in(pairs), found_in(turned)
    assert a.probability == pytest.approx(b.probability)
    assert {*a.first, *a.second} == {int(order[k]) for k in (*b.first, *b.second)}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_next_to_nothing_is_no_finding(count: int) -> None:
    assert found_in(simulated(range(count), range(count), 0)) == []


def test_verdicts() -> None:
    assert judge(0.995, 1e-4, trusted=True) == "certain"
    assert judge(0.995, 1e-2, trusted=True) == "likely"
    assert judge(0.995, 0.2, trusted=True) == "look at it"
    assert judge(0.995, 1e-4, trusted=False) == "look at it"
    assert judge(0.3, 1e-4, trusted=True) == "look at it"
    assert judge(0.05, 1e-9, trusted=True) is None


T1 = SHIPPED["t1"]
EVIDENCE = {kind: SHIPPED[kind] for kind in KINDS}


def planted(label: Sequence[int], mates: Sequence[tuple[int, int, float]], **kinds: str):
    """Scores of strangers everywhere but for the given pairs; ``kinds`` by pair as "0-3"."""
    n = len(label)
    score = np.full((n, n), 0.1)
    kind = np.zeros((n, n), np.int64)
    for i, j, value in mates:
        score[i, j] = score[j, i] = value
    for pair, name in kinds.items():
        i, j = map(int, pair.strip("p").split("_"))
        kind[i, j] = kind[j, i] = KINDS.index(name)  # type: ignore[arg-type]
    return ScoredPairs(np.array(label), score, kind, np.ones(n, bool))


def ratio_of(score: float, kind: str = "t1") -> float:
    return float(SHIPPED[kind].log_ratio(np.array([score]))[0])  # type: ignore[index]


def test_two_labels_of_one_person_by_hand() -> None:
    """Mean evidence of all pairs, prior odds, and the bound over all pairs of two labels."""
    label = [0, 0, 1, 1, 2, 2]
    mates = [
        (0, 1, 0.6),
        (2, 3, 0.6),
        (4, 5, 0.6),
        (0, 2, 0.5),
        (0, 3, 0.52),
        (1, 2, 0.55),
        (1, 3, 0.61),
    ]
    pairs = planted(label, mates)
    (found,) = find_wrong_labels(pairs, [], EVIDENCE)
    mean = np.mean([ratio_of(score) for score in (0.5, 0.52, 0.55, 0.61)])
    prior = 2 / (ENROLLED_AGAIN * 2)
    odds = np.exp(mean) * prior / (1 - prior)
    assert found.probability == pytest.approx(min(0.9999, odds / (1 + odds)))
    assert (found.what, found.first, found.second) == ("two-ids", (0, 1), (2, 3))
    assert (found.shown, found.score, found.belongs_to) == ((1, 3), 0.61, None)
    assert found.measure == "residual-correlation"
    assert found.bound == pytest.approx(12 * T1.nonmated.chance_above(0.61))
    assert found.judgement == judge(found.probability, found.bound, trusted=True)


def test_one_poor_pair_lowers_the_evidence_of_two_labels() -> None:
    mates = [(0, 1, 0.6), (2, 3, 0.6), (0, 2, 0.4), (0, 3, 0.1), (1, 2, 0.1), (1, 3, 0.1)]
    pairs = planted([0, 0, 1, 1], mates)
    mean = np.mean([ratio_of(score) for score in (0.4, 0.1, 0.1, 0.1)])
    prior = 2 / ENROLLED_AGAIN
    odds = np.exp(mean) * prior / (1 - prior)
    assert odds / (1 + odds) < 0.1
    assert find_wrong_labels(pairs, [], EVIDENCE) == []


def test_each_kind_of_pair_has_its_own_evidence() -> None:
    pairs = planted(
        [0, 1, 2],
        [(0, 2, 0.5), (0, 1, 0.26), (1, 2, 0.26)],
        p0_2="crossed",
        p0_1="crossed",
        p1_2="crossed",
    )
    (found,) = find_wrong_labels(pairs, [], EVIDENCE)
    crossed = SHIPPED["crossed"]
    odds = np.exp(ratio_of(0.5, "crossed")) / 199
    assert found.probability == pytest.approx(min(0.9999, odds / (1 + odds)))
    assert found.bound == pytest.approx(3 * crossed.nonmated.chance_above(0.5))
    assert found.measure == "self-similarity"
    without = {"t1": SHIPPED["t1"], "alike": SHIPPED["alike"]}
    assert find_wrong_labels(pairs, [], without) == []


def test_findings_come_most_probable_first() -> None:
    label = [0, 1, 2, 3, 4]
    pairs = planted(label, [(0, 1, 0.4), (2, 3, 0.6)])
    found = find_wrong_labels(pairs, [], EVIDENCE)
    assert [(f.first, f.second) for f in found] == [((2,), (3,)), ((0,), (1,))]
    assert found[0].probability > found[1].probability


def stray_odds(block: list[float], elsewhere: list[list[float]], others: int) -> float:
    """Posterior odds that a group is somebody else's, unknown or one of the participants."""
    against = np.exp(-np.mean([ratio_of(s) for s in block]))
    known = sum(np.exp(np.mean([ratio_of(s) for s in column])) for column in elsewhere) / others
    return against * (0.5 + 0.5 * known) / (WRONGLY_FILED - 1)


def test_a_stray_scan_of_somebody_unknown_by_hand() -> None:
    mates = [(0, 1, 0.6), (0, 2, 0.65), (1, 2, 0.6), (3, 4, 0.6), (0, 5, 0.12), (1, 5, 0.15)]
    pairs = planted([0, 0, 0, 1, 1, 0], mates)
    (found,) = find_wrong_labels(pairs, [], EVIDENCE)
    odds = stray_odds([0.12, 0.15, 0.1], [[0.1], [0.1]], 2)
    assert found.probability == pytest.approx(min(0.9999, odds / (1 + odds)))
    assert (found.what, found.first, found.second) == ("two-persons", (5,), (0, 1, 2))
    assert (found.shown, found.score, found.belongs_to) == ((5, 1), 0.15, None)
    # Six pairs of label 0 and one of label 1 could have shown so low a score.
    assert found.bound == pytest.approx(7 * T1.mated.chance_below(0.15))
    assert found.measure == "residual-correlation"
    assert found.judgement == judge(found.probability, found.bound, trusted=True)


def test_a_stray_scan_with_a_match_under_another_label_by_hand() -> None:
    mates = [(0, 1, 0.6), (2, 3, 0.6), (4, 5, 0.6), (6, 0, 0.16), (6, 2, 0.5), (6, 3, 0.45)]
    pairs = planted([0, 0, 1, 1, 2, 2, 0], mates)
    (found,) = find_wrong_labels(pairs, [], EVIDENCE)
    odds = stray_odds([0.16, 0.1], [[0.5], [0.45], [0.1], [0.1]], 4)
    assert found.probability == pytest.approx(min(0.9999, odds / (1 + odds)))
    assert (found.first, found.second, found.belongs_to) == ((6,), (0, 1), 2)
    assert (found.shown, found.score) == ((6, 0), 0.16)
    below = 5 * T1.mated.chance_below(0.16)
    above = 3 * 4 * T1.nonmated.chance_above(0.5)
    assert found.bound == pytest.approx(min(1, below, above))
    assert above < below


def test_two_labels_told_by_a_stray_are_not_told_again() -> None:
    """Scan 6 of label 0 fits label 1: that is the finding, not that 0 and 1 are one person."""
    mates = [
        (0, 1, 0.6),
        (2, 3, 0.6),
        (4, 5, 0.6),
        (6, 2, 0.6),
        (6, 3, 0.6),
        (0, 2, 0.4),
        (0, 3, 0.4),
        (1, 2, 0.4),
        (1, 3, 0.4),
    ]
    found = find_wrong_labels(planted([0, 0, 1, 1, 2, 2, 0], mates), [], EVIDENCE)
    assert [f.what for f in found] == ["two-persons"]
    without = find_wrong_labels(planted([0, 0, 1, 1, 2, 2, 3], mates), [], EVIDENCE)
    assert {f.what for f in without} == {"two-ids"}
    assert {(f.first, f.second) for f in without} == {((2, 3), (6,)), ((0, 1), (2, 3))}


def test_a_doubtful_stray_or_a_wholly_doubtful_rest_is_only_worth_a_look() -> None:
    mates = [(0, 1, 0.6), (0, 2, 0.65), (1, 2, 0.6), (3, 4, 0.6), (5, 3, 0.7), (5, 4, 0.7)]
    pairs = planted([0, 0, 0, 1, 1, 0], mates)
    (sure,) = find_wrong_labels(pairs, [], EVIDENCE)
    assert sure.judgement == "certain"
    for doubtful, expected in (([5], "look at it"), ([0, 1, 2], "look at it"), ([0], "certain")):
        trusted = np.ones(6, bool)
        trusted[doubtful] = False
        (found,) = find_wrong_labels(
            ScoredPairs(pairs.label, pairs.score, pairs.kind, trusted), [], EVIDENCE
        )
        assert found.judgement == expected


def test_only_the_pair_shown_must_be_trusted() -> None:
    label = [0, 0, 1]
    mates = [(0, 1, 0.6), (0, 2, 0.6), (1, 2, 0.65)]
    for doubtful, expected in ((0, "certain"), (1, "look at it"), (2, "look at it")):
        pairs = planted(label, mates)
        pairs.trusted[doubtful] = False
        (found,) = find_wrong_labels(pairs, [], EVIDENCE)
        assert (found.shown, found.judgement) == ((1, 2), expected)


def test_copied_scans_are_no_evidence_but_the_others_are() -> None:
    label = [0, 0, 1, 1]
    mates = [(0, 1, 0.6), (2, 3, 0.6), (0, 2, 1.0), (0, 3, 0.6), (1, 2, 0.6), (1, 3, 0.65)]
    (found,) = find_wrong_labels(planted(label, mates), [(0, 2)], EVIDENCE)
    assert (found.first, found.second, found.shown) == ((1,), (3,), (1, 3))
    assert find_wrong_labels(planted(label, mates), [(0, 2), (3, 1)], EVIDENCE) == []


def test_labels_at_risk_have_two_scans() -> None:
    assert labels_at_risk(planted([0, 0, 1, 2, 2, 2], [])) == 2
    assert labels_at_risk(planted([0, 1], [])) == 0


def test_evidence_is_fitted_by_kind_from_pairs_that_are_not_ignored() -> None:
    label = np.repeat(np.arange(12), 2)
    pairs = simulated(label, label, 2)
    pairs.kind[:6, :6] = 1
    ignored = np.zeros(pairs.score.shape, bool)
    ignored[0, :] = ignored[:, 0] = True
    found = fit_kinds(pairs, ignored)
    assert list(found) == ["t1", "alike"]
    for number, kind in enumerate(("t1", "alike")):
        kept = [
            (i, j) for i in range(1, 24) for j in range(i + 1, 24) if pairs.kind[i, j] == number
        ]
        first, second = np.array(kept).T
        expected = fit_evidence(kind, pairs.score[first, second], label[first], label[second])
        assert found[kind] == expected


@pytest.mark.parametrize(
    ("probability", "bound", "verdict"),
    [
        (0.99, 1e-3, "certain"),
        (0.9899, 1e-3, "likely"),
        (0.99, 1.01e-3, "likely"),
        (0.5, 0.05, "likely"),
        (0.4999, 0.05, "look at it"),
        (0.5, 0.0501, "look at it"),
        (0.1, 1.0, "look at it"),
        (0.0999, 0.0, None),
    ],
)
def test_verdicts_at_their_limits(probability: float, bound: float, verdict: str | None) -> None:
    assert judge(probability, bound, trusted=True) == verdict
    assert judge(probability, bound, trusted=False) == (verdict and "look at it")


def test_a_single_label_can_hold_two_persons() -> None:
    """Nobody else is there to be taken for the stray, so only somebody unknown can be."""
    pairs = planted([0, 0, 0], [(0, 1, 0.6), (0, 2, 0.13), (1, 2, 0.15)])
    (found,) = find_wrong_labels(pairs, [], EVIDENCE)
    odds = np.exp(-np.mean([ratio_of(0.13), ratio_of(0.15)])) * 0.5 / (WRONGLY_FILED - 1)
    assert found.probability == pytest.approx(min(0.9999, odds / (1 + odds)))
    assert (found.what, found.first, found.second) == ("two-persons", (2,), (0, 1))
    assert (found.shown, found.score, found.belongs_to) == ((2, 1), 0.15, None)
    assert found.bound == pytest.approx(3 * T1.mated.chance_below(0.15))


def test_scores_on_the_diagonal_do_not_count() -> None:
    label = two_scans_each(6)
    person = label.copy()
    person[label == 1] = 0
    pairs = simulated(person, label, 3)
    for value in (-5.0, 5.0, np.nan):
        np.fill_diagonal(pairs.score, value)
        (found,) = find_wrong_labels(pairs, [], EVIDENCE)
        assert (found.what, found.first, found.second) == ("two-ids", (0, 1), (2, 3))
