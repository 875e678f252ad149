"""What applying a treatment gave: a table with one row for each scan, and a summary in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headrisk.dataset.scans import Scan
from headrisk.deidentify.damage import Damage
from headrisk.deidentify.tools import Tool
from headrisk.deidentify.treat import TreatResult
from headrisk.face.presence import ANSWERS
from headrisk.heads.template_face import PARTS
from headrisk.report.model import Table, Value

_COST = (
    "brain_voxels", "brain_voxels_cut", "brain_cut_ml", "brain_voxels_changed", "mask_dice",
    "volume_before_ml", "volume_after_ml", "csf_change_ml", "gm_change_ml", "wm_change_ml",
    "mean_before", "mean_after", "sd_before", "sd_after", "alignment_shift_mm",
)  # fmt: skip


@dataclass(frozen=True)
class TreatmentReport:
    """One treatment of a data set: the scans in order, what each gave, and remarks."""

    tool: Tool
    scans: tuple[Scan, ...]
    results: tuple[TreatResult, ...]
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> int:
        """Scans that were not treated."""
        return sum(one.status == "failed" for one in self.results)

    @property
    def doubtful(self) -> int:
        """Treated scans that the custodian should look at."""
        return sum(bool(one.doubt) for one in self.results)


def treatment_table(report: TreatmentReport) -> Table:
    """A row for each scan: what was done, what face is left, what it cost. For the custodian."""
    names = sorted({name for one in report.results if one.presence for name in one.presence.seen})
    parts = tuple(f"skin_{part.replace(' ', '_')}" for part in PARTS)
    seen = tuple(f"seen_{name}" for name in names)
    columns = (
        "participant_id", "session_id", "suffix", "file", "status", "reason", "tool",
        "changed_share", "sidecar_fields_removed", "look_at", "face_left", "skin",
        *parts, *seen, *_COST,
    )  # fmt: skip
    rows = [
        _row(scan, one, report.tool, names)
        for scan, one in zip(report.scans, report.results, strict=True)
    ]
    return Table(columns, tuple(rows))


def _row(scan: Scan, one: TreatResult, tool: Tool, names: Sequence[str]) -> tuple[Value, ...]:
    first: tuple[Value, ...] = (
        f"sub-{scan.participant_id}", f"ses-{scan.session_id}" if scan.session_id else "",
        scan.suffix, one.image, one.status, one.reason, tool.name,
        round(one.changed_share, 4) if one.image else None,
        one.removed_fields if one.image else None, one.doubt,
    )  # fmt: skip
    left = one.presence.coverage if one.presence else None
    looked = one.presence is not None and not one.presence.skipped
    verdict = left.verdict if left else ("no skin" if looked else "not looked at")
    skin = tuple(round(left.parts[part], 3) if left else None for part in PARTS)
    seen = tuple(
        round(one.presence.seen[name], 3) if one.presence and name in one.presence.seen else None
        for name in names
    )
    answer = one.presence.answer if one.presence else None
    told = (answer or "not looked at", verdict) if one.image else ("", "")
    return (*first, *told, *skin, *seen, *_cost(one.damage))


def _cost(cost: Damage | None) -> tuple[Value, ...]:
    if cost is None:
        return (None,) * len(_COST)
    old, new = cost.tissues_before, cost.tissues_after
    numbers = (
        cost.cut_ml, cost.changed_voxels, cost.dice, cost.volume_before_ml, cost.volume_after_ml,
        new.csf_ml - old.csf_ml, new.gm_ml - old.gm_ml, new.wm_ml - old.wm_ml,
        cost.mean_before, cost.mean_after, cost.sd_before, cost.sd_after, cost.shift_mm,
    )  # fmt: skip
    return (cost.brain_voxels, cost.cut_voxels, *(round(float(n), 4) for n in numbers))


def summary_lines(report: TreatmentReport) -> list[str]:
    """What was done, in sentences."""
    done = [one for one in report.results if one.status == "ok"]
    lines = [
        f"{len(done)} of {len(report.results)} scans treated with {report.tool.name}: "
        f"{report.tool.what}"
    ]
    if report.failed:
        lines.append(
            f"{report.failed} could not be treated and were not written; the table says why."
        )
    if not done:
        return lines
    lines += [*_face_lines(done), *_cost_lines(done)]
    fields = sum(one.removed_fields for one in done)
    lines.append(f"{fields} identifying values were left out of sidecars.")
    if report.doubtful:
        lines.append(f"Look at {report.doubtful} scans before you share: column look_at says why.")
    return [*lines, *report.notes]


def _face_lines(done: Sequence[TreatResult]) -> list[str]:
    looked = [one.presence for one in done if one.presence is not None]
    skipped = next((one.skipped for one in looked if one.skipped), "")
    if skipped:
        return [f"Whether a face is left was not looked at: {skipped}"]
    if not looked:
        return ["Whether a face is left could not be looked at."]
    left = {answer: sum(one.answer == answer for one in looked) for answer in ANSWERS}
    by = {
        name: sum(name in one.seen_by for one in looked)
        for name in sorted({name for one in looked for name in one.seen})
    }
    told = ", ".join(f"{name} {count}" for name, count in by.items())
    return [
        f"A face is left in {left['yes']} of {len(looked)} scans, perhaps in "
        f"{left['unclear']} more (detectors and skin together).",
        f"Scans in which a detector sees a face in at least half of the renders: {told}. "
        "Detectors are no recognisers, and neither is a promise.",
    ]


def _cost_lines(done: Sequence[TreatResult]) -> list[str]:
    costs = [one.damage for one in done if one.damage is not None]
    if not costs:
        return ["The cost to the brain could not be measured."]
    cut = [cost for cost in costs if cost.cut_voxels]
    most = max(cost.cut_ml for cost in costs)
    dice = min(cost.dice for cost in costs)
    shift = float(np.median([cost.shift_mm for cost in costs]))
    return [
        f"Brain voxels were cut in {len(cut)} of {len(costs)} scans (most: {most:.2f} mL). "
        f"Brain masks before and after overlap by at least {dice:.4f} (Dice); "
        f"the alignment shifts by {shift:.2f} mm (median)."
    ]
