"""The parts of a report that come from one linkage attack."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from headrisk.dataset.scans import Scan
from headrisk.findings.linkage import internal_part, mosaics, scan_rows
from headrisk.findings.records import Internal
from headrisk.linkage.design import Design, against, within
from headrisk.report.words.summary import compared_scans
from headrisk.settings import Settings
from headrisk.statistics.summary import MeasureSummary, summarise
from headrisk.types import PairScores, ScanResult

PEOPLE = 6
SETTINGS = Settings(bootstrap=100)


def cohort() -> tuple[list[Scan], list[ScanResult]]:
    """Six people, two sessions each, and a scan that failed."""
    scans = [
        Scan(f"{k:02d}/{session}", f"{k:02d}", f"/d/{k}{session}.nii", session_id=session)
        for session in "ab"
        for k in range(PEOPLE)
    ]
    results = [
        ScanResult(one.scan_id, "ok", "", 0.12345, "ok", 0.8, mosaic=np.full((2, 3), k, np.uint8))
        for k, one in enumerate(scans)
    ]
    scans.append(Scan("99/a", "99", "/d/99.nii", session_id="a"))
    failed = ScanResult("99/a", "failed", "no brain", 0.5, "failed", 0.0, ("was 5 mm thick",))
    return scans, [*results, failed]


def scored(design: Design, measure: str, seed: int, mates: float = 0.6) -> PairScores:
    """Mates at ``mates`` and strangers near 0.2; person 1's scans look like person 0's."""
    rng = np.random.default_rng(seed)
    same = design.probe_person[:, None] == design.gallery_person
    values = np.where(same, mates, 0.2) + rng.normal(0, 0.03, same.shape)
    confused = (design.probe_person == 1)[:, None] & (design.gallery_person == 0)
    values[confused] = mates + 0.15
    return PairScores(measure, values, design.usable, design.probe_person, design.gallery_person)


def built(
    one_to_one: bool, measures: Sequence[str] = ("first", "second")
) -> tuple[Internal, Design, dict[str, PairScores]]:
    scans, results = cohort()
    usable = scans[:-1]
    design = within(usable, [str(k) for k in range(len(usable))])
    scores = {name: scored(design, name, seed) for seed, name in enumerate(measures)}
    summaries: list[MeasureSummary] = [
        summarise(one, settings=SETTINGS, rng=np.random.default_rng(0)) for one in scores.values()
    ]
    part = internal_part(
        scan_rows(scans, results),
        tuple(usable[k].scan_id for k in design.probes),
        tuple(usable[k].scan_id for k in design.gallery),
        scores,
        summaries,
        one_to_one=one_to_one,
        pictures=mosaics(results),
        notes=("a remark",),
    )
    return part, design, scores


def test_rows_say_what_became_of_each_scan() -> None:
    scans, results = cohort()
    rows = scan_rows(scans, results)
    assert [row.scan_id for row in rows] == [scan.scan_id for scan in scans]
    assert rows[0].reason == ""
    assert rows[0].seconds == 0.123
    last = rows[-1]
    assert (last.status, last.verdict, last.participant_id) == ("failed", "failed", "99")
    assert last.reason == "no brain; was 5 mm thick"
    with pytest.raises(ValueError, match="zip"):
        scan_rows(scans, results[:-1])


def test_the_internal_part_holds_all_scans_and_pictures_of_those_that_have_one() -> None:
    part, design, _ = built(one_to_one=False)
    assert len(part.scans) == 2 * PEOPLE + 1
    assert len(part.mosaics) == 2 * PEOPLE
    assert "99/a" not in {mosaic.scan_id for mosaic in part.mosaics}
    assert part.notes == ("a remark",)
    assert [matrix.scores.measure for matrix in part.matrices] == ["first", "second"]
    assert part.matrices[0].probe_ids == tuple(f"{k:02d}/{s}" for s in "ab" for k in range(PEOPLE))
    assert design.usable.shape == (2 * PEOPLE,) * 2


def test_candidates_are_the_best_people_in_order() -> None:
    part, _, scores = built(one_to_one=False)
    first = [link for link in part.links if link.measure == "first"]
    second = [link for link in part.links if link.measure == "second"]
    assert len(first) == 2 * PEOPLE * 5
    assert len(second) == 2 * PEOPLE
    ids = part.matrices[0].probe_ids
    values = np.where(scores["first"].usable, scores["first"].values, -np.inf)
    for row, name in enumerate(ids):
        found = [link for link in first if link.probe == name]
        best = sorted(
            (max(values[row, c] for c in (k, k + PEOPLE)) for k in range(PEOPLE)), reverse=True
        )
        assert [link.score for link in found] == best[:5]
        assert [link.rank for link in found] == [1, 2, 3, 4, 5]
        for link in found:
            assert link.mated == (link.probe[:2] == link.gallery[:2])
            assert link.score == values[row, ids.index(link.gallery)]


def links_of(part: Internal, probe: str) -> dict[str, str]:
    return {
        link.gallery[:2]: link.decision
        for link in part.links
        if link.probe == probe and link.measure == "first"
    }


def test_one_to_one_takes_a_person_only_once() -> None:
    """Person 1 resembles person 0 more than themselves; assignment gives person 0 to person 0."""
    open_links, joined = (links_of(built(one_to_one=flag)[0], "01/a") for flag in (False, True))
    assert open_links["00"] == open_links["01"] == "link"
    assert joined["00"] == "no link"
    assert joined["01"] == "link"
    part = built(one_to_one=True)[0]
    accepted = {(k.probe[:2], k.gallery[:2]) for k in part.links if k.decision == "link"}
    assert accepted == {(f"{k:02d}", f"{k:02d}") for k in range(PEOPLE)}


def test_one_to_one_adds_no_link() -> None:
    before, after = (built(one_to_one=flag)[0].links for flag in (False, True))
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        assert (old.probe, old.gallery, old.score, old.rank) == (
            new.probe,
            new.gallery,
            new.score,
            new.rank,
        )
        assert new.decision == old.decision or (old.decision, new.decision) == ("link", "no link")


def test_nothing_compared_leaves_rows_and_pictures() -> None:
    scans, results = cohort()
    rows = scan_rows(scans, results)
    part = internal_part(rows, ("x",), ("x",), {}, (), one_to_one=True, pictures=mosaics(results))
    assert part.links == part.matrices == ()
    assert len(part.mosaics) == 2 * PEOPLE
    assert part.scans == rows


@pytest.mark.parametrize(
    ("same", "said"),
    [(0, None), (1, "1 pair of identical files was"), (2, "3 pairs of identical files were")],
)
def test_the_sentence_on_who_was_compared(same: int, said: str | None) -> None:
    scans, _ = cohort()
    digests = ["x" if k <= same else str(k) for k in range(len(scans))]
    text = compared_scans(["T1w", "T2w"], 1, within(scans, digests).copies)
    assert text.startswith("Every T1w and T2w scan was searched among all scans of other sessions.")
    if said is None:
        assert "identical" not in text
    else:
        assert f" {said} left out." in text


def test_the_sentence_for_two_data_sets() -> None:
    scans = [Scan("A/1", "1", "/1", "A"), Scan("B/1", "1", "/2", "B")]
    text = compared_scans(["T1w"], 2, against(scans, ["x", "x"], "A").copies)
    assert text.startswith("Every T1w scan of the data set was searched among the scans of the oth")
    assert "left out" not in text  # whoever holds one of the files finds the other
