"""Findings of a search for duplicates, made up, for tests of what is written."""

from __future__ import annotations

import numpy as np

from headrisk.duplicates.suspicions import evidence_picture
from headrisk.findings.duplicates import DuplicatesReport, Suspicion
from headrisk.findings.records import ScanRow


def row(person: str, session: str, status: str = "ok") -> ScanRow:
    """One scan of a person whose label and path hold a name."""
    return ScanRow(
        scan_id=f"sub-{person}_ses-{session}_T1w",
        participant_id=person,
        session_id=session,
        path=f"/secret/<b>{person}</b>/{session}.nii.gz",
        status=status,
        reason="" if status == "ok" else "cut off",
        seconds=1.0,
        quality=0.8,
        verdict="ok" if status == "ok" else "failed",
    )


def slices(seed: int) -> tuple[np.ndarray, ...]:
    """Three noisy slices of a brain."""
    rng = np.random.default_rng(seed)
    shapes = ((30, 50), (30, 40), (50, 40))
    return tuple(rng.uniform(0.1, 1, shape).astype(np.float32) for shape in shapes)


def suspicion(what: str = "two-ids", judgement: str = "certain") -> Suspicion:
    """Two scans that seem to show one brain."""
    one, other = row("Miller-1960", "1"), row("Jones-1971", "2")
    return Suspicion(
        what,
        judgement,
        0.9951,
        2e-7,
        "residual-correlation",
        0.71,
        (one,),
        (other,),
        "",
        "They match.",
        (one.scan_id, other.scan_id),
        ("Miller-1960", "Jones-1971"),
        evidence_picture(slices(0), slices(1)),
    )


def report(*found: Suspicion, compared: int = 3) -> DuplicatesReport:
    """A search that found this."""
    rows = (row("Miller-1960", "1"), row("Jones-1971", "2"), row("Lee-1980", "1", "failed"))
    model = ("T1w with T1w", "residual-correlation", "0.69", "here", "0.12", "there")
    return DuplicatesReport(
        found, rows, compared, 1, (model,), ("One in 200.",), (), {"seed": 0}, "0.1.0"
    )
