"""A measured modality from all scores and from their summary, without any image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headrisk.attacks import brain
from headrisk.attacks.attack import Context, Measured, run_attack
from headrisk.brain.cohort import Cohort
from headrisk.brain.reference import reference
from headrisk.brain.similarity import select
from headrisk.brain.template import template_grid
from headrisk.commands import search as gallery_search
from headrisk.dataset.gather import Source
from headrisk.dataset.scans import Scan
from headrisk.job import Job
from headrisk.linkage.compare import compare
from headrisk.run.provenance import CostLog
from headrisk.settings import Settings
from headrisk.types import ScanResult

PEOPLE = 22


@pytest.fixture
def cohort(monkeypatch: pytest.MonkeyPatch) -> Cohort:
    """Two scans each of some people as random fingerprints, the second ones in data set B."""
    rng = np.random.default_rng(0)
    size = template_grid(4).size
    face = rng.standard_normal((PEOPLE, size))
    scans, results = [], []
    for person in range(PEOPLE):
        for session in "AB":
            name = f"{person:02d}{session}"
            vector = (0.4 * face[person] + rng.standard_normal(size)).astype(np.float32)
            scans.append(
                Scan(name, f"{person:02d}", "", suffix="T1w", session_id=session, dataset=session)
            )
            results.append(ScanResult(name, "ok", "", 1.0, "ok", 1.0, vector=vector))
    made = Cohort(tuple(scans), tuple(results), tuple(s.scan_id for s in scans), ("",) * len(scans))
    monkeypatch.setattr(brain, "prepare", lambda *_: (made, ()))
    monkeypatch.setattr(brain, "prepared_here", lambda *_: Cohort((), (), (), ()))
    return made


def job(out: Path, sources: str = "A", **settings: int) -> Job:
    measures = ("residual-correlation", "ncc")
    named = tuple(Source(out, name) for name in sources)
    return Job(named, out, Settings(measures=measures, bootstrap=100, **settings))  # type: ignore[arg-type]


def test_a_summary_gives_the_figures_of_all_scores(cohort: Cohort, tmp_path: Path) -> None:
    found: list[Measured] = []
    for most in (10**8, 0):
        context = Context(None, job(tmp_path, most_pairs=most), CostLog())  # type: ignore[arg-type]
        one = run_attack(brain.BrainAttack(), context)
        assert one is not None
        found.append(one)
    full, large = (one.section for one in found)
    assert large.counts == full.counts
    assert "scores were not kept" in large.compared
    kept = [one for one in full.measures if one.name != "fusion"]  # it needs all scores at once
    for mine, theirs in zip(large.measures, kept, strict=True):
        assert mine.rank1 == theirs.rank1
        assert mine.rank5 == theirs.rank5
        for name in ("auc", "eer", "d_prime"):
            a, b = getattr(mine, name), getattr(theirs, name)
            assert a.value == pytest.approx(b.value, rel=1e-5)
        assert mine.nonmated_max == pytest.approx(theirs.nonmated_max, abs=1e-5)
        for rule in ("kde", "fmr_1e-2", "unsupervised"):
            assert mine.thresholds[rule].value == pytest.approx(
                theirs.thresholds[rule].value, abs=1e-3
            )
    pairs = [
        {(x.measure, x.probe, x.gallery, x.rank) for x in one.internal.links if x.rank == 1}
        for one in found
    ]
    assert pairs[1]
    assert pairs[1] <= pairs[0]
    assert not found[1].internal.matrices


@pytest.mark.parametrize("most", [10**8, 0])
def test_labels_that_were_not_checked_against_images_are_told(
    cohort: Cohort, tmp_path: Path, most: int
) -> None:
    context = Context(None, job(tmp_path, "AB", most_pairs=most), CostLog())  # type: ignore[arg-type]
    one = run_attack(brain.BrainAttack(), context)
    assert one is not None
    assert (one.section.labels is None) == (not most)
    assert ("nobody checked that against the images" in one.section.compared) == (not most)


def test_a_search_gives_the_best_of_the_full_matrix(cohort: Cohort, tmp_path: Path) -> None:
    task = job(tmp_path, "AB")
    design = brain.plan(cohort, task)
    found = gallery_search._search(cohort, design, task, 3, -np.inf)
    vectors = cohort.vectors()
    full = compare(
        vectors[design.probes],
        vectors[design.gallery],
        design.probe_person,
        design.gallery_person,
        design.usable,
        select(["residual-correlation"]),
        template_grid(4),
        reference=reference(4),
    )["residual-correlation"].values
    for row, one in enumerate(found):
        np.testing.assert_allclose(one.scores, np.sort(full[row])[::-1][:3], atol=1e-5)
        assert one.rows[0] == row
    links = gallery_search._links(found, cohort, design)
    assert [(x.probe, x.gallery, x.rank) for x in links[:1]] == [("00A", "00B", 1)]
