"""An image that stands in two data sets links, whatever its file is called or packed like."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from headrisk.attacks.attack import Context, search
from headrisk.attacks.brain import BrainAttack, Brains, image_digests
from headrisk.attacks.rates import copies_panel
from headrisk.brain.cohort import Cohort
from headrisk.brain.template import template_grid
from headrisk.dataset.gather import Source
from headrisk.dataset.scans import Scan
from headrisk.job import Job
from headrisk.run.provenance import CostLog
from headrisk.settings import Settings
from headrisk.statistics.rates import mate_ranks
from headrisk.types import ScanResult

PEOPLE, COPIED = 8, 6


def held_twice() -> Cohort:
    """Eight people in two data sets under one session label; six by one and the same image.

    Half of the copies have the bytes of the original, half its voxels in another file.
    """
    rng = np.random.default_rng(3)
    voxels = int(template_grid(4).mask.sum())
    scans, results, digests = [], [], []
    first = rng.standard_normal((PEOPLE, voxels)).astype(np.float32)
    for name in ("A", "B"):
        for k in range(PEOPLE):
            other = name == "B" and k >= COPIED
            vector = rng.standard_normal(voxels).astype(np.float32) if other else first[k]
            scan = Scan(f"{name}/{k}", f"sub-{k}", f"/{name}/{k}.nii", name, "1", "T1w")
            scans.append(scan)
            results.append(ScanResult(scan.scan_id, "ok", "", 0.0, "good", 1.0, vector=vector))
            digests.append(f"{k}" if k < COPIED // 2 else f"{name}{k}")
    return Cohort(tuple(scans), tuple(results), tuple(digests), ("",) * len(scans))


def test_copies_in_two_data_sets_are_found_and_told(tmp_path: Path) -> None:
    cohort = held_twice()
    sources = (Source(tmp_path, "A"), Source(tmp_path, "B"))
    quick = Settings(resolution_mm=4, bootstrap=100, measures=("residual-correlation", "ncc"))
    job = Job(sources, tmp_path, settings=quick)
    context = Context(None, job, CostLog())  # type: ignore[arg-type]
    lineup, scores, _ = search(BrainAttack(), Brains(cohort), context)
    design = lineup.plan
    assert design.usable.all()
    verbatim = design.verbatim(image_digests(cohort))
    assert np.array_equal(verbatim, np.diag([True] * COPIED + [False] * (PEOPLE - COPIED)))
    for one in scores.values():
        assert (one.values[verbatim] == one.values.max()).all()
        ranks = mate_ranks(one)
        assert set(ranks.person[(ranks.better + ranks.tied) == 0]) >= set(range(COPIED))
    ((panel, table),) = copies_panel(design, verbatim, PEOPLE).items()
    assert panel.answer.startswith("4 to 6 of 8 people have an image that stands on both sides")
    assert table.rows == (("images that are equal", "4 to 6"),)
    assert copies_panel(design, np.zeros_like(verbatim), PEOPLE) == {}
