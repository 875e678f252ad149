"""One scan from file to file: read, find the brain, treat, write, read again and check."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from headrisk import __version__
from headrisk.deidentify.damage import Damage, damage_between
from headrisk.deidentify.deface import NOTHING_LEFT
from headrisk.deidentify.head import Head, find_head
from headrisk.deidentify.presence import Presence, face_presence
from headrisk.deidentify.sidecar import mask_sidecar, source_sidecar, treated_sidecar
from headrisk.deidentify.tools import tool_of
from headrisk.deidentify.write import changed_image, treated_image
from headrisk.errors import ScanError
from headrisk.io.nifti import load_volume, read_stored, to_volume
from headrisk.metadata.sidecars import json_bytes
from headrisk.run.scratch import put_in_place
from headrisk.types import Status


@dataclass(frozen=True)
class TreatTask:
    """What a worker needs to treat one scan.

    Attributes
    ----------
    path, root
        The source image; the BIDS data set it belongs to, "" if none.
    out, stem
        The treated data set, and the place in it without suffix and ending.
    seed
        Of the noise that a tool may draw; the scan's own.
    """

    scan_id: str
    path: str
    root: str
    suffix: str
    out: str
    stem: str
    tool: str
    accurate: bool
    seed: tuple[int, int]


@dataclass(frozen=True)
class TreatResult:
    """What became of one scan.

    Attributes
    ----------
    status, reason
        ``failed`` where nothing was written, and why.
    image
        Path of the treated image in the treated data set; "" where there is none.
    changed_share
        Share of the image's voxels that were changed.
    removed_fields
        Identifying values left out of the sidecar.
    seconds
        CPU time of the treatment, from reading to writing; the check is not in it.
    presence, damage
        The check of the file that was written; None where it could not be checked.
    problem
        Why the written file could not be checked; "" if it was.
    """

    scan_id: str
    status: Status
    reason: str
    image: str = ""
    changed_share: float = 0.0
    removed_fields: int = 0
    seconds: float = 0.0
    presence: Presence | None = None
    damage: Damage | None = None
    problem: str = ""
    notes: tuple[str, ...] = ()


def treated_files(task: TreatTask) -> tuple[Path, ...]:
    """The files that a scan gets: mask and its sidecar, sidecar, and last the image."""
    stem = Path(task.out) / task.stem
    mask = f"{stem.name}_mod-{task.suffix}_defacemask"
    image = f"{stem.name}_{task.suffix}"
    names = (f"{mask}.nii.gz", f"{mask}.json", f"{image}.json", f"{image}.nii.gz")
    return tuple(stem.with_name(name) for name in names)


def treat(task: TreatTask) -> TreatResult:
    """Treat one scan; what cannot be treated leaves no file, and says why."""
    try:
        head, written = treat_file(task)
    except ScanError as error:
        return TreatResult(task.scan_id, "failed", str(error))
    except OSError as error:
        said = f"{task.stem}: cannot be written ({error.strerror or error})."
        return TreatResult(task.scan_id, "failed", f"{said} Check the folder and its disk.")
    return _checked(task, head, written)


def treat_file(task: TreatTask) -> tuple[Head, TreatResult]:
    """Read, treat and write one scan, without the check of what was written.

    Raises
    ------
    ScanError
        The scan cannot be treated.
    OSError
        The result cannot be written; nothing of it is left.
    """
    begin = time.process_time()
    tool = tool_of(task.tool)
    path = Path(task.path)
    stored = read_stored(path)
    volume = to_volume(stored, task.scan_id)
    head = find_head(volume, task.scan_id, suffix=task.suffix, accurate=task.accurate)
    treated = tool.apply(head, task.scan_id, np.random.default_rng(task.seed))
    done = tool.what if treated.changed.any() else NOTHING_LEFT
    method = f"headrisk {__version__}, tool {tool.name}: {done}"
    values, notes = source_sidecar(path, Path(task.root) if task.root else None)
    stripped = head.stripped or tool.name == "skullstrip"
    sidecar, removed = treated_sidecar(values, method, stripped=stripped)
    mask, mask_json, image_json, image = treated_files(task)
    put_in_place(
        {
            mask: changed_image(stored, treated),
            mask_json: json_bytes(mask_sidecar(method)),
            image_json: json_bytes(sidecar),
            image: treated_image(stored, treated),
        },
        Path(task.out),
    )
    return head, TreatResult(
        task.scan_id,
        "ok",
        "",
        image.relative_to(task.out).as_posix(),
        float(treated.changed.mean()),
        removed,
        time.process_time() - begin,
        notes=(*treated.volume.notes, *head.notes, *notes),
    )


def _checked(task: TreatTask, before: Head, result: TreatResult) -> TreatResult:
    """The result with what the written file shows."""
    try:
        volume = load_volume(Path(task.out) / result.image)
        after = find_head(volume, task.scan_id, suffix=task.suffix, accurate=task.accurate)
    except ScanError as error:
        return replace(result, problem=str(error))
    presence = face_presence(after, task.scan_id)
    damage = damage_between(before, after)
    return replace(result, presence=presence, damage=damage)
