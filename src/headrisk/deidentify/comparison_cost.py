"""What a treatment costs, scan by scan: each treated scan beside the one it was made from."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from headrisk.brain.cohort import input_digest
from headrisk.dataset.scans import Scan
from headrisk.deidentify.damage import Damage, damage
from headrisk.errors import InputError, ScanError, StoreError
from headrisk.findings.deidentified import CostFigure
from headrisk.io.digests import entry_key
from headrisk.io.nifti import load_volume
from headrisk.io.volume import Volume
from headrisk.run.engine import Workers
from headrisk.run.events import Listener, Tally
from headrisk.run.store import Entry, Kept, Store, recall_or_run
from headrisk.statistics.intervals import FEWEST_PEOPLE, mean_of_people, share_of_people
from headrisk.statistics.rates import person_means
from headrisk.types import Estimate, FloatArray, IntArray

VERSION = 2  # raise when any result of this module changes: stored results are then renewed
STAGE = "measure damage"
CUT = "brain voxels cut"
# Figure, unit, and which of a scan's values is the worst one.
FIGURES: dict[str, tuple[str, Callable[[FloatArray], float]]] = {
    CUT: ("share", lambda v: float(v.max())),
    "brain voxels changed": ("share", lambda v: float(v.max())),
    "overlap of brain masks": ("Dice", lambda v: float(v.min())),
    "brain volume": ("relative change", lambda v: float(v[np.argmax(np.abs(v))])),
    "grey matter volume": ("relative change", lambda v: float(v[np.argmax(np.abs(v))])),
    "white matter volume": ("relative change", lambda v: float(v[np.argmax(np.abs(v))])),
    "fluid volume": ("relative change", lambda v: float(v[np.argmax(np.abs(v))])),
    "mean intensity in the brain": ("relative change", lambda v: float(v[np.argmax(np.abs(v))])),
    "spread of intensity in the brain": (
        "relative change",
        lambda v: float(v[np.argmax(np.abs(v))]),
    ),
    "shift of the alignment": ("mm", lambda v: float(v.max())),
}


@dataclass(frozen=True)
class CostTask:
    """A treated scan and the one it was made from."""

    scan_id: str
    before: str
    after: str
    suffix: str
    accurate: bool


@dataclass(frozen=True)
class CostResult:
    """One scan's figures by the names of :data:`FIGURES`, or why there are none.

    ``unchanged`` says that not one voxel differs.
    """

    problem: str
    seconds: float
    unchanged: bool = False
    values: Mapping[str, float] = field(default_factory=dict)


def scan_cost(task: CostTask) -> CostResult:
    """Compare two images; one that cannot be used gives a problem."""
    begin = time.process_time()
    unchanged = False
    try:
        before, after = (load_volume(Path(path)) for path in (task.before, task.after))
        unchanged = _equal(before, after)
        found = damage(
            before, after, subject=task.scan_id, suffix=task.suffix, accurate=task.accurate
        )
    except ScanError as error:
        return CostResult(str(error), time.process_time() - begin, unchanged)
    return CostResult("", time.process_time() - begin, unchanged, _values(found))


def measure_costs(
    pairs: Sequence[tuple[Scan, Scan]],
    store: Store,
    *,
    accurate: bool,
    processes: Workers,
    listen: Listener,
    on_damage: Callable[[StoreError], None],
) -> tuple[CostResult, ...]:
    """Cost of each (untreated, treated) pair, from the store where it has it."""
    tasks = [
        CostTask(after.scan_id, before.path, after.path, before.suffix, accurate)
        for before, after in pairs
    ]
    keys = []
    for before, after in pairs:
        try:
            digests = [input_digest(scan, store, on_damage) for scan in (before, after)]
        except InputError:
            digests = [before.path, after.path]
        choices = {"accurate": accurate, "suffix": before.suffix}
        keys.append(entry_key("treatment-cost", VERSION, choices, digests))
    tally = Tally(STAGE, listen)
    return tuple(
        recall_or_run(
            scan_cost,
            tasks,
            keys,
            _KEPT,
            store,
            processes=processes,
            on_results=lambda some: tally.add([bool(one.problem) for one in some]),
            on_damage=on_damage,
        )
    )


def cost_figures(costs: Sequence[CostResult], person: IntArray) -> tuple[CostFigure, ...]:
    """Mean of each figure over people, and the worst scan's value."""
    known = [k for k, cost in enumerate(costs) if cost.values]
    if not known:
        return ()
    figures = []
    for name, (unit, worst) in FIGURES.items():
        values = np.array([costs[k].values[name] for k in known])
        means = person_means(values, person[known])[1]
        figures.append(
            CostFigure(
                name,
                unit,
                _within(mean_of_people(means), unit),
                worst(values) if means.size >= FEWEST_PEOPLE else None,
            )
        )
        if name == CUT:
            hit = person_means((values > 0).astype(np.float64), person[known])[1] > 0
            share = share_of_people(hit.astype(np.float64))
            figures.append(CostFigure("people with any brain voxel cut", "share", share, None))
    return tuple(figures)


def _within(mean: Estimate | None, unit: str) -> Estimate | None:
    """A share's or overlap's interval cut to what it can be."""
    if mean is None or unit not in ("share", "Dice"):
        return mean
    return replace(mean, low=max(mean.low, 0.0), high=min(mean.high, 1.0))


def _equal(before: Volume, after: Volume) -> bool:
    return before.shape == after.shape and bool(np.array_equal(before.data, after.data))


def _values(found: Damage) -> dict[str, float]:
    old, new = found.tissues_before, found.tissues_after
    numbers = (
        found.cut_share,
        found.changed_voxels / max(found.brain_voxels, 1),
        found.dice,
        found.volume_change,
        _relative(old.gm_ml, new.gm_ml),
        _relative(old.wm_ml, new.wm_ml),
        _relative(old.csf_ml, new.csf_ml),
        _relative(found.mean_before, found.mean_after),
        _relative(found.sd_before, found.sd_after),
        found.shift_mm,
    )
    return dict(zip(FIGURES, map(float, numbers), strict=True))


def _relative(before: float, after: float) -> float:
    return after / before - 1 if before else 0.0


def _entry(result: CostResult) -> Entry | None:
    if result.problem:
        return None
    return Entry(
        {},
        {
            "seconds": result.seconds,
            "unchanged": result.unchanged,
            "values": dict(result.values),
        },
    )


_KEPT = Kept[CostTask, CostResult](
    entry=_entry,
    restore=lambda task, entry: CostResult("", **entry.metadata),
    lost=lambda task, lost: CostResult(lost.reason, 0.0),
)
