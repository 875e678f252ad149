"""Rates from a summary of all pairs against the same rates from all scores."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from score_sets import cohort, make, random_scores

from headrisk.evaluate.large import folds_of, summarise_large
from headrisk.evaluate.rates import error_rates
from headrisk.evaluate.summary import MeasureSummary, summarise
from headrisk.linkage.assign import list_links
from headrisk.linkage.large import (
    BINS,
    Histogram,
    PairSummary,
    Sides,
    count_pairs,
    meet,
    person_blocks,
    summarise_pairs,
)
from headrisk.linkage.pairs import pair_sample
from headrisk.settings import Settings
from headrisk.types import FloatArray, IntArray, PairScores

SETTINGS = Settings(bootstrap=300)
Block = tuple[IntArray, IntArray, dict[str, FloatArray]]


def blocks(scores: PairScores, sides: Sides, step: int) -> tuple[list[Block], Iterator[Block]]:
    meeting, others = [], []
    for rows in person_blocks(scores.probe_person, step):
        for columns in person_blocks(scores.gallery_person, step):
            block = (rows, columns, {"test": scores.values[np.ix_(rows, columns)]})
            (meeting if meet(rows, columns, sides) else others).append(block)
    return meeting, iter(others[::-1])


def both(
    scores: PairScores, step: int = 5, settings: Settings = SETTINGS
) -> tuple[MeasureSummary, MeasureSummary, PairSummary]:
    """The summary from all scores, that from the blocks, and what was kept of the pairs."""
    sides = Sides(
        scores.probe_person, scores.gallery_person, lambda r, c: scores.usable[np.ix_(r, c)]
    )
    counts = count_pairs(sides, step)
    most = 1 + int(max(scores.probe_person.max(), scores.gallery_person.max()))
    fold = folds_of(counts, settings, np.random.default_rng(3), most)
    kept = summarise_pairs(["test"], sides, *blocks(scores, sides, step), folds={"test": fold})
    pairs = kept["test"]
    large = summarise_large(pairs, counts, fold, settings=settings, rng=np.random.default_rng(3))
    full = summarise(scores, settings=settings, rng=np.random.default_rng(3))
    return full, large, pairs


def close(a: float | None, b: float | None, within: float = 1e-9) -> bool:
    return (a is None and b is None) or (a is not None and b is not None and abs(a - b) <= within)


@pytest.mark.parametrize("seed", range(25))
def test_what_is_exact_equals_the_full_computation(seed: int) -> None:
    scores = random_scores(np.random.default_rng(seed))
    full, large, pairs = both(scores, step=1 + seed % 4)
    assert large.counts == full.counts
    assert large.verdict == full.verdict
    np.testing.assert_allclose(large.cmc, full.cmc)
    for name in ("mated_min", "nonmated_max", "chance_rank1", "chance_rank5"):
        assert close(getattr(large, name), getattr(full, name)), name
    for name in ("rank1", "rank5"):
        assert getattr(large, name) == getattr(full, name)
    sample = pair_sample(scores)
    assert sorted(pairs.mated) == sorted(sample.mated)
    if sample.mated.size and sample.nonmated.size:
        assert large.auc is not None
        assert large.eer is not None
        if full.auc is not None and full.eer is not None:
            assert close(large.auc.value, full.auc.value)
            assert close(large.eer.value, full.eer.value)
        if full.d_prime is not None and large.d_prime is not None:
            assert close(large.d_prime.value, full.d_prime.value, 1e-6)


@pytest.mark.parametrize("seed", range(10))
def test_the_first_people_of_every_probe_are_kept(seed: int) -> None:
    scores = random_scores(np.random.default_rng(seed))
    _, _, pairs = both(scores, step=2)
    links = list_links(scores, None, 5)
    for probe in range(len(scores.probe_person)):
        mine = links.probe == probe
        found = pairs.top[probe][pairs.top[probe] >= 0]
        assert found.tolist() == links.gallery[mine].tolist()
        np.testing.assert_array_equal(pairs.top_scores[probe][: found.size], links.score[mine])


def test_rates_at_thresholds_agree_within_one_bin() -> None:
    scores = cohort(np.random.default_rng(1), 60, shift=2.5, probes=2, mate_effect=0.5)
    full, large, pairs = both(scores, step=16)
    sample = pair_sample(scores)
    assert large.det is not None
    fmr, fnmr = error_rates(sample.mated, sample.nonmated, large.det.threshold)
    np.testing.assert_allclose(large.det.fmr, fmr, atol=2 / sample.nonmated.size)
    np.testing.assert_array_equal(large.det.fnmr, fnmr)
    assert pairs.bin_width < 0.001
    for name in ("fmr_1e-2", "fmr_1e-3", "kde"):
        mine, theirs = large.thresholds[name], full.thresholds[name]
        assert close(mine.value, theirs.value, 2 * pairs.bin_width if name != "kde" else 0.02)
        assert mine.nonmated_tested == theirs.nonmated_tested
        assert mine.mated_tested == theirs.mated_tested
        near = 3 if name != "kde" else 0.02 * theirs.nonmated_tested
        assert abs(mine.false_matches - theirs.false_matches) <= near
        assert abs(mine.false_nonmatches - theirs.false_nonmatches) <= 2
    assert large.thresholds["unsupervised"].value == full.thresholds["unsupervised"].value
    assert close(large.d_sys, full.d_sys, 0.01)
    assert large.shuffled is not None
    assert full.shuffled is not None
    assert large.shuffled.rank1 == pytest.approx(full.shuffled.rank1)
    assert large.shuffled.p_value == full.shuffled.p_value


def test_intervals_are_not_narrower_than_a_tenth_less() -> None:
    """The intervals are simpler; they must not promise more than the full ones do."""
    scores = cohort(np.random.default_rng(2), 80, shift=2.0, probes=2, mate_effect=1.0)
    full, large, _ = both(scores, step=30)
    for name in ("auc", "eer", "d_prime"):
        mine, theirs = getattr(large, name), getattr(full, name)
        assert mine.low <= mine.value <= mine.high
        assert mine.high - mine.low > 0.9 * (theirs.high - theirs.low), name
    mine, theirs = (s.thresholds["fmr_1e-2"].fmr for s in (large, full))
    assert mine is not None
    assert theirs is not None
    assert mine.high > 0.9 * theirs.high


def test_a_histogram_grows_without_losing_a_count() -> None:
    rng = np.random.default_rng(0)
    histogram = Histogram(2)
    parts = [rng.normal(m, s, 500) for m, s in ((0, 0.01), (5, 1), (-80, 3), (1e4, 1))]
    for part in parts:
        histogram.add(part, rng.integers(0, 2, part.size))
    values = np.concatenate(parts)
    assert histogram.counts.sum() == values.size
    found = histogram.counts.sum(axis=0)
    assert found.size == BINS
    naive = np.histogram(values, histogram.edges)[0]
    assert np.abs(np.cumsum(found) - np.cumsum(naive)).max() <= 1
    assert histogram.edges[0] <= values.min() <= values.max() <= histogram.edges[-1]


def test_blocks_split_nobody_and_hold_everybody() -> None:
    person = np.random.default_rng(1).integers(0, 9, 40)
    parts = person_blocks(person, 6)
    assert sorted(np.concatenate(parts).tolist()) == list(range(40))
    seen = [set(person[part].tolist()) for part in parts]
    assert sum(len(one) for one in seen) == len(set().union(*seen))


def test_nobody_and_nothing() -> None:
    scores = make(np.zeros((3, 2)), [0, 1, 2], [7, 8], np.zeros((3, 2), bool))
    full, large, _ = both(scores)
    assert large.counts == full.counts
    assert large.auc is None
    assert large.rank1 is None
    assert {name: t.value for name, t in large.thresholds.items()} == dict.fromkeys(full.thresholds)
