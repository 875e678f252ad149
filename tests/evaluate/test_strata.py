import numpy as np
import pytest
from score_sets import cohort, make, naive_auc

from headrisk.evaluate.strata import (
    Condition,
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
    expected = naive_auc(np.diag(scores.values)[10:19].tolist(), values[off].tolist())
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
