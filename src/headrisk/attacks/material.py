"""What the attacks of a run need of its images, computed together before any of them begins.

Brain, faces left, faces by photographs and faces scan to scan ask different things of the same
files. Each finds its results in the store afterwards, as if it had computed them itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from headrisk.attacks import face, face_scans
from headrisk.attacks.presence import (
    asked_images,
    lenders_of,
    missing_modules,
    not_converted,
    sight_task,
)
from headrisk.brain.cohort import BRAINS, Ready, identify
from headrisk.dataset.scans import Scan
from headrisk.errors import StoreError
from headrisk.face.cohort import Run, head_key, head_task
from headrisk.face.examine import Examined, ImageTask, examine
from headrisk.face.head import SightTask
from headrisk.face.sight import SIGHTS, sight_key
from headrisk.face.stored import HEADS
from headrisk.intake import Intake
from headrisk.job import Job, recorded, tell_damage
from headrisk.run.engine import WorkerLost, stream_tasks
from headrisk.run.events import Listener, Tally, stage
from headrisk.run.provenance import CostLog
from headrisk.run.store import Entry, Store, open_store

STAGE = "examine images"
FEWEST = 2  # questions about an image for which it pays to answer them together


@dataclass(frozen=True)
class _Asked:
    """An image, and under which key each answer is kept."""

    task: ImageTask
    keys: Mapping[str, str]


def examine_images(intake: Intake, job: Job, log: CostLog) -> Intake:
    """Answer all questions about every image of which more than one is asked.

    The answers go into the store; those that a store does not keep, such as failures, come back
    with the intake.
    """
    damage: list[StoreError] = []
    brains = intake.scans if "brain" in job.modalities else ()
    heads: tuple[Scan, ...] = ()
    run: Run | None = None
    if not missing_modules():
        if "face" in job.modalities:
            run = face.face_run(intake, job, damage)
            heads = face.own_scans(intake, job)
        if "face-scans" in job.modalities:
            run = face_scans.run_of(intake, job, damage)
            more, _ = face_scans.to_look_at(intake, job, run.store, damage)
            heads = more or heads
    look = job.faces_left and not missing_modules()
    images = asked_images(job, intake.pictured, intake.inventory) if look else ()
    lent = lenders_of(images)
    lost = not_converted(intake)
    sights = [sight_task(image, job, lent) for image in images if image.path not in lost]
    store = open_store(job.out / "store")
    asked = _wanted(brains, heads, sights, job, run, store, damage.append)
    intake = replace(intake, notes=(*intake.notes, *tell_damage(damage, job)))
    if not asked:
        return intake
    with stage(STAGE, len(asked), log, recorded(job)) as listen:
        failed = _answer(asked, store, job, listen)
    return replace(intake, failed={**intake.failed, **failed})


def examine_scans(scans: Sequence[Scan], run: Run, job: Job, listen: Listener) -> dict[Any, Any]:
    """Fingerprint and head of every scan together; gives what a store does not keep."""
    asked = _wanted(scans, scans, (), job, run, run.store, run.on_damage)
    return _answer(asked, run.store, job, listen)


def _wanted(
    brains: Sequence[Scan],
    heads: Sequence[Scan],
    sights: Sequence[SightTask],
    job: Job,
    run: Run | None,
    store: Store,
    on_damage: Callable[[StoreError], None],
) -> list[_Asked]:
    """Every image of which two or more answers are wanted that the store does not hold.

    A damaged answer is there too: the attack that reads it tells of it and makes it anew.
    """
    found: dict[str, _Asked] = {}

    def add(path: str, name: str, task: Any, key: str) -> None:
        last = found.get(path, _Asked(ImageTask(path), {}))
        if not store.holds(key):
            found[path] = _Asked(replace(last.task, **{name: task}), {**last.keys, name: key})

    for scan in brains:
        ready = identify(scan, job.settings, store, on_damage)
        if isinstance(ready, Ready):
            add(scan.path, "brain", ready.task, ready.key)
    if run is not None and heads:
        choices = run.choices()
        for scan in heads:
            key = head_key(scan, run, choices)
            if isinstance(key, str):
                add(scan.path, "head", head_task(scan, run), key)
    for task in sights:
        own = sight_key(task, store, on_damage)
        if isinstance(own, str):
            add(task.path, "sight", task, own)
    return [one for one in found.values() if one.task.questions >= FEWEST]


def _answer(
    asked: Sequence[_Asked], store: Store, job: Job, listen: Listener
) -> dict[tuple[str, str], Any]:
    """Examine the images and store the answers; those that are not stored are returned."""
    tally = Tally(STAGE, listen)
    unkept: dict[tuple[str, str], Any] = {}
    tasks = [one.task for one in asked]
    for index, answer in stream_tasks(examine, tasks, processes=job.processes):
        if isinstance(answer, WorkerLost):
            tally.add([True])
            continue  # each attack asks for its own again
        one = asked[index]
        for name, (result, entry) in _entries(answer).items():
            if name not in one.keys:
                continue
            if entry is None:
                unkept[one.keys[name], one.task.path] = result
            else:
                store.write(one.keys[name], entry)
        tally.add([answer.brain is not None and answer.brain.status == "failed"])
    return unkept


def _entries(answer: Examined) -> dict[str, tuple[Any, Entry | None]]:
    found: dict[str, tuple[Any, Entry | None]] = {}
    if answer.brain is not None:
        found["brain"] = answer.brain, BRAINS.entry(answer.brain)
    if answer.head is not None:
        found["head"] = answer.head, HEADS.entry(answer.head)
    if answer.sight is not None:
        found["sight"] = answer.sight, SIGHTS.entry(answer.sight)
    return found
