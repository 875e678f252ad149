"""Sections say what the rates and the scan table say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated_report import SETTINGS, random_scores, scan_rows, simulated_report

from headrisk.attacks.section import measure_result, modality_section
from headrisk.findings.linkage import candidate_links
from headrisk.findings.records import ScoreMatrix
from headrisk.statistics.summary import summarise
from headrisk.types import PairScores


def test_counts_come_from_scans_and_pairs() -> None:
    section = simulated_report()[0].modalities[0]
    counts = section.counts
    assert (counts.persons, counts.scans, counts.failed, counts.doubtful) == (42, 84, 2, 2)
    assert (counts.mated_pairs, counts.nonmated_pairs) == (40, 40 * 39)
    assert (counts.gallery_size, counts.searched, counts.unsearched) == (40, 40, 2)


def test_people_with_a_spare_scan_are_not_lost_to_a_failure() -> None:
    rows = scan_rows(["a", "b", "c"], failed=3)
    spare = replace(rows[0], session_id="3")
    section = modality_section("brain", (*rows, spare), [], [])
    assert section.counts.unsearched == 2
    assert section.counts.failed == 3
    assert section.too_little


def test_conditions_keep_people_and_rates() -> None:
    rows = simulated_report()[0].modalities[0].conditions
    assert [(c.name, c.level, c.persons) for c in rows[:3]] == [
        ("site", "North", 20),
        ("site", "South", 12),
        ("site", "Riverside", 8),
    ]
    assert all(c.rank1 is not None for c in rows)


@pytest.mark.parametrize(("separation", "reading"), [(4.0, "links"), (0.0, "does not link")])
def test_reading_follows_the_control(separation: float, reading: str) -> None:
    scores = random_scores(30, separation, "x", seed=3)
    result = measure_result(summarise(scores, settings=SETTINGS, rng=np.random.default_rng(0)))
    assert result.reading == reading
    assert result.chance == pytest.approx(1 / 30)
    assert result.control is not None
    assert result.control.low <= result.control.value <= result.control.high


def test_four_people_are_too_few_whatever_was_found() -> None:
    scores = random_scores(4, 9.0, "x")
    summary = summarise(scores, settings=SETTINGS, rng=np.random.default_rng(0))
    section = modality_section("brain", scan_rows(list("abcd")), [scores], [summary])
    assert section.measures[0].reading == "too little data"
    assert not section.sufficient
    assert section.measures[0].rank1 is None
    assert section.measures[0].nonmated_max is None
    assert not section.conditions
    assert not section.tables


def test_candidates_are_people_in_order_of_score() -> None:
    values = np.array([[0.1, 0.9, 0.4, 0.8], [0.5, 0.5, 0.2, 0.1]])
    usable = np.array([[True, True, True, True], [True, True, True, False]])
    scores = PairScores("x", values, usable, np.array([7, 8]), np.array([7, 8, 9, 8]))
    matrix = ScoreMatrix(scores, ("p0", "p1"), ("g0", "g1", "g2", "g3"))
    links = candidate_links(matrix, 0.45, depth=3)
    assert [(x.probe, x.gallery, x.rank, x.decision, x.mated) for x in links] == [
        ("p0", "g1", 1, "link", False),
        ("p0", "g2", 2, "no link", False),
        ("p0", "g0", 3, "no link", True),
        ("p1", "g0", 1, "link", False),
        ("p1", "g1", 1, "link", True),
        ("p1", "g2", 3, "no link", False),
    ]
    assert {x.decision for x in candidate_links(matrix, None)} == {"undecided"}
