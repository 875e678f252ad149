"""What applying a treatment gave: a table with one row for each scan, and a summary in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headrisk.dataset.scans import Scan
from headrisk.deidentify.damage import Damage
from headrisk.deidentify.tools import Tool
from headrisk.deidentify.treat import TreatResult
from headrisk.findings.records import Table, Value
from headrisk.heads.sightlines import FRONT
from headrisk.report.words import deidentified as words
from headrisk.report.words.presence import SAID

_COST = (
    "brain_voxels",
    "brain_voxels_cut",
    "brain_cut_ml",
    "brain_voxels_changed",
    "mask_dice",
    "volume_before_ml",
    "volume_after_ml",
    "csf_change_ml",
    "gm_change_ml",
    "wm_change_ml",
    "mean_before",
    "mean_after",
    "sd_before",
    "sd_after",
    "alignment_shift_mm",
)


@dataclass(frozen=True)
class TreatmentReport:
    """One treatment of a data set: the scans in order, what each gave, and remarks.

    ``images`` are all that the data set holds, ``left_behind`` those of them not in the copy.
    """

    tool: Tool
    scans: tuple[Scan, ...]
    results: tuple[TreatResult, ...]
    notes: tuple[str, ...] = ()
    images: int = 0
    left_behind: int = 0

    @property
    def failed(self) -> int:
        """Scans that were not treated."""
        return sum(one.status == "failed" for one in self.results)

    @property
    def doubtful(self) -> int:
        """Treated scans that the custodian should look at."""
        return sum(bool(doubt(self.tool, one)) for one in self.results)


def doubt(tool: Tool, one: TreatResult) -> str:
    """What the custodian should look at in a file that was written; "" if nothing."""
    if one.problem:
        return words.not_analysed(one.problem)
    if one.presence is None or one.damage is None:
        return ""
    left = one.presence.answer
    said = "" if one.presence.sight is None else SAID[one.presence.sight.code]
    found = words.faces_doubt(left, said, one.presence.seen_by, replaces=tool.replaces)
    cut = words.cut_doubt(one.damage.cut_voxels, one.damage.cut_ml)
    return "; ".join(text for text in (found, cut) if text)


def treatment_table(report: TreatmentReport) -> Table:
    """A row for each scan: what was done, what face is left, what it cost. For the custodian."""
    names = sorted({name for one in report.results if one.presence for name in one.presence.seen})
    parts = tuple(f"skin_{part.replace(' ', '_')}" for part in FRONT)
    seen = tuple(f"seen_{name}" for name in names)
    columns = (
        "participant_id",
        "session_id",
        "suffix",
        "file",
        "status",
        "reason",
        "tool",
        "changed_share",
        "sidecar_fields_removed",
        "look_at",
        "face_left",
        "skin",
        *parts,
        *seen,
        *_COST,
    )
    rows = [
        _row(scan, one, report.tool, names)
        for scan, one in zip(report.scans, report.results, strict=True)
    ]
    return Table(columns, tuple(rows))


def _row(scan: Scan, one: TreatResult, tool: Tool, names: Sequence[str]) -> tuple[Value, ...]:
    first: tuple[Value, ...] = (
        f"sub-{scan.participant_id}",
        f"ses-{scan.session_id}" if scan.session_id else "",
        scan.suffix,
        one.image,
        one.status,
        one.reason,
        tool.name,
        round(one.changed_share, 4) if one.image else None,
        one.removed_fields if one.image else None,
        doubt(tool, one),
    )
    left = one.presence.sight if one.presence else None
    verdict = left.code if left else "not looked at"
    skin = tuple(round(left.there[part], 3) if left and left.there else None for part in FRONT)
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
        cost.cut_ml,
        cost.changed_voxels,
        cost.dice,
        cost.volume_before_ml,
        cost.volume_after_ml,
        new.csf_ml - old.csf_ml,
        new.gm_ml - old.gm_ml,
        new.wm_ml - old.wm_ml,
        cost.mean_before,
        cost.mean_after,
        cost.sd_before,
        cost.sd_after,
        cost.shift_mm,
    )
    return (cost.brain_voxels, cost.cut_voxels, *(round(float(n), 4) for n in numbers))


def summary_lines(report: TreatmentReport) -> list[str]:
    """What was done, in sentences."""
    done = [one for one in report.results if one.status == "ok"]
    lines = words.applied(
        len(done), len(report.results), report.tool.name, report.tool.what, report.failed
    )
    if report.left_behind:
        lines.append(words.left_behind(report.left_behind, report.images))
    if not done:
        return lines
    lines += _face_lines(done, replaces=report.tool.replaces)
    lines.append(words.cost_line(_damage(done)))
    lines.append(words.sidecar_line(sum(one.removed_fields for one in done)))
    if report.doubtful:
        lines.append(words.look_line(report.doubtful))
    return [*lines, *report.notes]


def _face_lines(done: Sequence[TreatResult], *, replaces: bool) -> list[str]:
    looked = [one.presence for one in done if one.presence is not None]
    skipped = next((one.skipped for one in looked if one.skipped), "")
    if skipped or not looked:
        return [words.face_not_looked_at(skipped)]
    left = Counter(one.answer for one in looked)
    names = sorted({name for one in looked for name in one.seen})
    return words.face_lines(
        {str(name): count for name, count in left.items()},
        len(looked),
        {name: sum(name in one.seen_by for one in looked) for name in names},
        replaces=replaces,
    )


def _damage(done: Sequence[TreatResult]) -> words.BrainCost | None:
    costs = [one.damage for one in done if one.damage is not None]
    if not costs:
        return None
    return words.BrainCost(
        cut=sum(bool(cost.cut_voxels) for cost in costs),
        scans=len(costs),
        most_ml=max(cost.cut_ml for cost in costs),
        least_overlap=min(cost.dice for cost in costs),
        shift_mm=float(np.median([cost.shift_mm for cost in costs])),
    )
