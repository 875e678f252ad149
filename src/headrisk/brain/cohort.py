"""Prepare every scan of a run, once: from the scan table to fingerprints.

Of a stored cohort that part is taken which a run asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from headrisk.brain.prepare import T1_LIKE, VERSION, PrepareTask, prepare
from headrisk.brain.rescan import STRENGTHS
from headrisk.dataset.labels import plain_label
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError, StoreError
from headrisk.io.digests import entry_key
from headrisk.run.engine import Workers
from headrisk.run.events import Listener, Tally
from headrisk.run.store import Entry, Kept, Store, recall_or_run
from headrisk.settings import Settings
from headrisk.types import Float32Array, ScanResult


def choose(
    cohort: Cohort,
    path: Path,
    contrasts: tuple[str, ...],
    participants: tuple[str, ...],
    sessions: tuple[str, ...],
) -> Cohort:
    """Scans of these contrasts, participants and sessions.

    Parameters
    ----------
    cohort
        Fingerprints of an earlier run.
    path
        The folder they were read from, for errors.
    contrasts
        BIDS suffixes wanted.
    participants, sessions
        Labels with or without ``sub-`` and ``ses-``; empty for all.

    Raises
    ------
    InputError
        A label is not there, or no scan is left.
    """
    people = {plain_label(label, "sub") for label in participants}
    visits = {plain_label(label, "ses") for label in sessions}
    missing = people - {scan.participant_id for scan in cohort.scans}
    missing |= visits - {scan.session_id for scan in cohort.scans}
    if missing:
        raise InputError(
            str(path),
            found=f"no fingerprint of {', '.join(sorted(missing))}",
            expected="labels of the earlier run",
            remedy="Correct the label or leave it out.",
        )
    kept = [
        k
        for k, scan in enumerate(cohort.scans)
        if scan.suffix in contrasts
        and (not people or scan.participant_id in people)
        and (not visits or scan.session_id in visits)
    ]
    if not kept:
        suffixes = sorted({scan.suffix for scan in cohort.scans})
        raise InputError(
            str(path),
            found=f"no fingerprint of {' or '.join(contrasts)} (found: {', '.join(suffixes)})",
            expected="contrasts that the earlier run prepared",
            remedy="Name another contrast, or run that audit with this one.",
        )
    return pick(cohort, kept)


def pick(cohort: Cohort, kept: Sequence[int]) -> Cohort:
    """The scans at these positions."""
    return Cohort(
        tuple(cohort.scans[k] for k in kept),
        tuple(cohort.results[k] for k in kept),
        tuple(cohort.digests[k] for k in kept),
        tuple(cohort.keys[k] for k in kept),
    )


STAGE = "prepare"


@dataclass(frozen=True)
class Cohort:
    """All scans of a run, what preparing each gave, and under which key it is stored.

    ``digests`` are those of the input files ("" where a file could not be read); ``keys`` are ""
    where there is no fingerprint.
    """

    scans: tuple[Scan, ...]
    results: tuple[ScanResult, ...]
    digests: tuple[str, ...]
    keys: tuple[str, ...]

    def __add__(self, other: Cohort) -> Cohort:
        return Cohort(
            self.scans + other.scans,
            self.results + other.results,
            self.digests + other.digests,
            self.keys + other.keys,
        )

    def usable(self) -> Cohort:
        """The scans that can be compared."""
        kept = [k for k, result in enumerate(self.results) if result.status == "ok"]
        return Cohort(
            tuple(self.scans[k] for k in kept),
            tuple(self.results[k] for k in kept),
            tuple(self.digests[k] for k in kept),
            tuple(self.keys[k] for k in kept),
        )

    def vectors(self) -> Float32Array:
        """Fingerprints one below the other, (scans, voxels); of a cohort of usable scans."""
        return np.array([result.vector for result in self.results], dtype=np.float32)


def prepare_scans(
    scans: Sequence[Scan],
    settings: Settings,
    store: Store,
    *,
    processes: Workers,
    listen: Listener,
    on_damage: Callable[[StoreError], None],
    rescan: bool = False,
    failed: Mapping[tuple[str, str], Any] = MappingProxyType({}),
) -> Cohort:
    """Fingerprints of all scans, from the store where it has them.

    With ``rescan``, a re-scan of each is simulated and prepared in its place. ``failed`` holds this
    run's results that a store does not keep, by key and path.

    A scan that cannot be used has status ``failed`` and a reason; the others are not affected.
    """
    known = [identify(scan, settings, store, on_damage, rescan=rescan) for scan in scans]
    ready = [one for one in known if isinstance(one, Ready)]
    refused = sum(isinstance(one, ScanResult) for one in known)
    tally = Tally(STAGE, listen, done=refused, failed=refused)
    found = iter(
        recall_or_run(
            prepare,
            [one.task for one in ready],
            [one.key for one in ready],
            BRAINS,
            store,
            processes=processes,
            on_results=lambda some: tally.add([one.status == "failed" for one in some]),
            on_damage=on_damage,
            known=[failed.get((one.key, one.task.path)) for one in ready],
        )
    )
    results = tuple(
        _doubted(scan, next(found)) if isinstance(one, Ready) else one
        for scan, one in zip(scans, known, strict=True)
    )
    digests = tuple(one.digest if isinstance(one, Ready) else "" for one in known)
    keys = tuple(
        one.key if isinstance(one, Ready) and result.vector is not None else ""
        for one, result in zip(known, results, strict=True)
    )
    return Cohort(tuple(scans), results, digests, keys)


def input_digest(scan: Scan, store: Store, on_damage: Callable[[StoreError], None]) -> str:
    """SHA-256 of a scan's file; for a header and image pair, of both."""
    path = Path(scan.path)
    digest = store.file_digest(path, on_damage=on_damage)
    other = _partner(path)
    if other is None:
        return digest
    return entry_key("pair", 1, {}, [digest, store.file_digest(other, on_damage=on_damage)])


def _partner(path: Path) -> Path | None:
    """The other file of a NIfTI or Analyze pair, if there is one."""
    for ours, theirs in ((".hdr", ".img"), (".img", ".hdr")):
        for suffix in ("", ".gz"):
            if path.name.lower().endswith(ours + suffix):
                stem = path.name[: -len(ours + suffix)]
                options = [path.with_name(stem + theirs + s) for s in ("", ".gz")]
                return next((option for option in options if option.is_file()), None)
    return None


def prepare_task(scan: Scan, settings: Settings) -> PrepareTask:
    """What a worker needs to prepare a scan under these settings."""
    return PrepareTask(
        scan_id=scan.scan_id,
        path=scan.path,
        suffix=scan.suffix,
        resolution_mm=settings.resolution_mm,
        alignment=settings.alignment,
        accurate=settings.accurate,
        mutual_information=settings.mutual_information and scan.suffix not in T1_LIKE,
    )


@dataclass(frozen=True)
class Ready:
    """A scan that can be prepared: what a worker needs, its file's digest, its result's key."""

    task: PrepareTask
    digest: str
    key: str


def identify(
    scan: Scan,
    settings: Settings,
    store: Store,
    on_damage: Callable[[StoreError], None],
    *,
    rescan: bool = False,
) -> Ready | ScanResult:
    """Digest and key of a scan, or the failed result where its file cannot be used."""
    if scan.status == "failed":
        return _unusable(scan.scan_id, scan.reason)
    try:
        digest = input_digest(scan, store, on_damage)
    except InputError as error:
        return _unusable(scan.scan_id, str(error))
    task = prepare_task(scan, settings)
    choices: dict[str, Any] = {
        "resolution_mm": task.resolution_mm,
        "alignment": task.alignment,
        "accurate": task.accurate,
        "t1_like": scan.suffix in T1_LIKE,
        "mutual_information": task.mutual_information,
    }
    if rescan:
        seed = (settings.seed, int(digest[:12], 16))
        task = replace(task, rescan=settings.rescan_strength, rescan_seed=seed)
        how = vars(STRENGTHS[settings.rescan_strength])
        choices |= {"rescan": dict(how), "seed": settings.seed, "suffix": scan.suffix}
    return Ready(task, digest, entry_key("brain-fingerprint", VERSION, choices, [digest]))


def restore(scan_id: str, entry: Entry) -> ScanResult:
    """A result as it was stored, under the id that the scan has in this run."""
    kept = dict(entry.metadata)
    voxel = kept.pop("voxel_mm")
    return ScanResult(
        scan_id=scan_id,
        notes=tuple(kept.pop("notes")),
        voxel_mm=None if voxel is None else (voxel[0], voxel[1], voxel[2]),
        vector=np.asarray(entry.arrays["vector"], np.float32),
        mosaic=np.asarray(entry.arrays["mosaic"], np.uint8),
        **kept,
    )


def _entry(result: ScanResult) -> Entry | None:
    if result.vector is None or result.mosaic is None:
        return None
    return Entry(
        {"vector": result.vector, "mosaic": result.mosaic},
        {
            "status": result.status,
            "reason": result.reason,
            "seconds": result.seconds,
            "verdict": result.verdict,
            "quality": result.quality,
            "notes": list(result.notes),
            "voxel_mm": None if result.voxel_mm is None else list(result.voxel_mm),
        },
    )


def _unusable(scan_id: str, reason: str) -> ScanResult:
    return ScanResult(scan_id, "failed", reason, 0.0, "failed", 0.0)


def _doubted(scan: Scan, result: ScanResult) -> ScanResult:
    """The result with what indexing had to say against a scan, such as missing slices."""
    if scan.status == "failed" or not scan.reason:
        return result
    reason = "; ".join(text for text in (scan.reason, result.reason) if text)
    verdict = "doubtful" if result.verdict == "ok" else result.verdict
    return replace(result, reason=reason, verdict=verdict)


BRAINS = Kept[PrepareTask, ScanResult](
    entry=_entry,
    restore=lambda task, entry: restore(task.scan_id, entry),
    lost=lambda task, lost: _unusable(task.scan_id, lost.reason),
)
