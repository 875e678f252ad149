import numpy as np
import pytest
from score_sets import (
    cohort,
    make,
    naive_auc,
    naive_cmc,
    naive_eer,
    naive_pairs,
    naive_weights,
    random_scores,
)

from headrisk.statistics.baselines import chance_of_rank
from headrisk.statistics.rates import mate_ranks
from headrisk.statistics.strata import (
    Condition,
    _merge,
    by_bins,
    by_label_pair,
    by_probe,
    condition_rows,
    same_or_different,
)


def test_time_gap_strata_use_all_strangers_and_only_their_mates():
    rng = np.random.default_rng(0)
    scores = cohort(rng, 12, shift=2.0)
    gap = np.full((12, 12), np.nan)
    gap[np.arange(12), np.arange(12)] = np.r_[np.full(6, 0.5), np.full(6, 3.0)]
    condition = by_bins("time gap", gap, [1.0, 2.0], "years", strangers="all")
    rows = condition_rows(scores, condition)
    assert [row.stratum for row in rows] == ["under 1 years", "2 years or more"]
    mates = np.diag(scores.values)
    strangers = scores.values[scores.nonmated].tolist()
    assert rows[0].auc == pytest.approx(naive_auc(mates[:6].tolist(), strangers), abs=1e-12)
    assert rows[1].auc == pytest.approx(naive_auc(mates[6:].tolist(), strangers), abs=1e-12)
    assert [row.people for row in rows] == [6, 6]
    assert [row.gallery_size for row in rows] == [12, 12]


def test_bins_hold_their_lower_edge():
    codes = by_bins("x", np.array([[0.9, 1.0, 1.9, 2.0, np.nan]]), [1, 2], "mm", strangers="all")
    assert codes.codes.tolist() == [[0, 1, 1, 2, -1]]
    assert codes.names == ("under 1 mm", "1 to 2 mm", "2 mm or more")


def test_same_and_different_scanner_compare_within():
    scores = cohort(np.random.default_rng(1), 20, shift=1.0)
    probe = np.array(["a"] * 20)
    gallery = np.array(["a"] * 10 + ["b"] * 9 + [""])
    rows = condition_rows(scores, same_or_different("scanner", probe, gallery))
    assert [(r.stratum, r.people, r.gallery_size) for r in rows] == [
        ("same scanner", 10, 10),
        ("different scanner", 9, 9),
    ]
    values = scores.values[:, 10:19]
    off = np.arange(20)[:, None] != np.arange(10, 19)[None, :]
    weights = naive_weights(make(values, range(20), range(10, 19)))
    expected = naive_auc(np.diag(scores.values)[10:19].tolist(), values[off].tolist(), weights)
    assert rows[1].auc == pytest.approx(expected, abs=1e-12)


def test_label_pairs_are_unordered():
    probe, gallery = np.array(["T1w", "FLAIR", ""]), np.array(["FLAIR", "T1w"])
    condition = by_label_pair("contrast", probe, gallery)
    assert condition.names == ("FLAIR - FLAIR", "FLAIR - T1w", "T1w - T1w")
    assert condition.codes.tolist() == [[1, 2], [0, 1], [-1, -1]]


@pytest.mark.parametrize("ordered", [True, False])
def test_no_row_rests_on_fewer_than_five_people(ordered):
    rng = np.random.default_rng(2)
    for _ in range(100):
        people = int(rng.integers(1, 25))
        scores = cohort(rng, people, shift=1.0)
        codes = rng.choice([-1, 0, 1, 2, 3, 4], size=people, p=[0.1, 0.5, 0.2, 0.1, 0.05, 0.05])
        condition = by_probe("site", codes, list("abcde"), people)
        condition = Condition("site", condition.names, condition.codes, ordered, "all")
        rows = condition_rows(scores, condition)
        assert all(row.people >= 5 for row in rows)
        known = int(np.count_nonzero(codes >= 0))
        assert sum(row.people for row in rows) == (known if known >= 5 else 0)


def test_neighbours_merge_in_order_and_others_together():
    scores = cohort(np.random.default_rng(3), 16, shift=1.0)
    codes = np.repeat([0, 1, 2, 3], [2, 3, 9, 2])
    plain = by_probe("age", codes, list("abcd"), 16)
    ordered = Condition("age", plain.names, plain.codes, True, "all")
    assert [r.stratum for r in condition_rows(scores, ordered)] == ["a, b", "c, d"]
    assert [r.stratum for r in condition_rows(scores, plain)] == ["c", "a, b, d"]


def test_stratum_without_strangers_has_no_rank():
    scores = make(np.eye(6), range(6), range(6))
    codes = np.where(np.eye(6, dtype=bool), 0, 1)
    rows = condition_rows(scores, Condition("gap", ("near", "far"), codes))
    assert [row.stratum for row in rows] == ["near"]
    assert rows[0].rank1 is None
    assert rows[0].auc is None
    assert rows[0].nonmated_max is None


def test_every_figure_of_a_row_equals_a_loop():
    rng = np.random.default_rng(10)
    for strangers in ("all", "within"):
        for _ in range(25):
            scores = random_scores(rng)
            codes = rng.integers(-1, 2, scores.values.shape)
            condition = Condition("place", ("here", "there"), codes, False, strangers)
            for row in condition_rows(scores, condition, fewest=1):
                code = ("here", "there").index(row.stratum)
                inside = codes == code
                keep = scores.usable & (inside | (scores.nonmated if strangers == "all" else False))
                part = make(scores.values, scores.probe_person, scores.gallery_person, keep)
                mated, others = naive_pairs(part)
                cmc, ranks = naive_cmc(part), mate_ranks(part)
                assert row.condition == "place"
                people = {int(p) for i, p in enumerate(part.probe_person) if part.mated[i].any()}
                assert row.people == len(people)
                assert (row.mated_pairs, row.nonmated_pairs) == (len(mated), len(others))
                assert row.mated_min == min(mated)
                assert row.nonmated_max == (max(others) if others else None)
                size = int(ranks.gallery.max())
                assert row.gallery_size == size
                if others:
                    weights = naive_weights(part)
                    area = naive_auc(mated, others, weights)
                    assert row.auc == pytest.approx(area, abs=1e-12)
                    assert row.eer == pytest.approx(naive_eer(mated, others, weights), abs=1e-12)
                else:
                    assert (row.auc, row.eer) == (None, None)
                if size > 1:
                    assert row.rank1.value == pytest.approx(cmc[0], abs=1e-12)
                    assert row.rank1.n == len(people)
                    assert row.chance_rank1 == chance_of_rank(ranks, 1)
                else:
                    assert (row.rank1, row.chance_rank1) == (None, None)


def people_in(*numbers):
    """Strata of so many people each, nobody in two."""
    starts = np.cumsum([0, *numbers])
    return [set(range(a, a + n)) for a, n in zip(starts, numbers, strict=False)]


@pytest.mark.parametrize(
    ("people", "groups"),
    [
        ((5, 9), [(0,), (1,)]),
        ((5, 0, 9), [(0,), (2,)]),
        ((4, 1, 9), [(2,), (0, 1)]),
        ((4, 9, 7), [(1,), (0, 2)]),
        ((9, 4, 7, 0), [(0,), (1, 2)]),
        ((7, 4, 7), [(2,), (0, 1)]),
        ((2, 2), []),
        ((), []),
        ((0, 0), []),
        ((3, 1, 0, 1), [(0, 1, 3)]),
    ],
)
def test_small_strata_join_one_another_or_the_smallest_large_one(people, groups):
    assert _merge(people_in(*people), ordered=False, fewest=5) == groups


@pytest.mark.parametrize(
    ("people", "groups"),
    [
        ((5, 9), [(0,), (1,)]),
        ((4, 1, 9), [(0, 1), (2,)]),
        ((4, 0, 1, 9), [(0, 2), (3,)]),
        ((9, 4), [(0, 1)]),
        ((9, 4, 1), [(0,), (1, 2)]),
        ((0, 9, 0), [(1,)]),
        ((2, 2), []),
        ((), []),
        ((2, 9, 2, 2), [(0, 1, 2, 3)]),
    ],
)
def test_small_neighbours_join_in_order(people, groups):
    assert _merge(people_in(*people), ordered=True, fewest=5) == groups


def test_one_person_in_two_strata_counts_once():
    shared = [{1, 2, 3}, {3, 4}, {1, 2, 3, 4}]
    assert _merge(shared, ordered=True, fewest=5) == []
    assert _merge(shared, ordered=False, fewest=5) == []
    assert _merge([{1, 2, 3}, {3, 4, 5}], ordered=True, fewest=5) == [(0, 1)]


def test_without_edges_everything_known_is_one_stratum():
    values = np.array([[1.0, np.nan, np.inf]])
    found = by_bins("gap", values, [], "days", strangers="all")
    assert (found.name, found.names, found.ordered, found.strangers) == (
        "gap",
        ("any days",),
        True,
        "all",
    )
    assert found.codes.tolist() == [[0, -1, -1]]
    within = by_bins("gap", values, [0.5], "days", strangers="within")
    assert (within.name, within.names) == ("gap", ("under 0.5 days", "0.5 days or more"))
    assert (within.ordered, within.strangers) == (True, "within")
    assert within.codes.tolist() == [[1, -1, -1]]
    for one in (found, within):
        assert one.codes.dtype == np.int64


def test_kinds_of_condition_in_full():
    probe, gallery = np.array(["a", "b", ""]), np.array(["a", ""])
    same = same_or_different("site", probe, gallery)
    assert (same.name, same.names) == ("site", ("same site", "different site"))
    assert (same.ordered, same.strangers) == (False, "within")
    assert same.codes.tolist() == [[0, -1], [1, -1], [-1, -1]]
    pairs = by_label_pair("contrast", probe, gallery)
    assert (pairs.name, pairs.names) == ("contrast", ("a - a", "a - b"))
    assert (pairs.ordered, pairs.strangers) == (False, "within")
    assert pairs.codes.tolist() == [[0, -1], [1, -1], [-1, -1]]
    three = by_label_pair("contrast", np.array(["c", "a"]), np.array(["b", "c", "a"]))
    assert three.names == ("a - a", "a - b", "a - c", "b - c", "c - c")
    assert three.codes.tolist() == [[3, 4, 2], [1, 2, 0]]
    age = by_probe("age", np.array([1, -1]), ["old", "young"], 3)
    assert (age.name, age.names) == ("age", ("old", "young"))
    assert age.codes.tolist() == [[1, 1, 1], [-1, -1, -1]]
    for one in (same, pairs, three, age):
        assert one.codes.dtype == np.int64


def test_nobody_is_in_no_stratum():
    nobody = make(np.zeros((0, 3)), [], range(3))
    assert condition_rows(nobody, Condition("x", ("a",), np.zeros((0, 3), np.int64))) == ()
