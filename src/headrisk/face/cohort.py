"""Look at every head and every photograph of a run, once: from files to templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from headrisk.brain.cohort import input_digest
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError, StoreError
from headrisk.face.head import VERSION, HeadResult, HeadTask, look_at_head
from headrisk.face.photo_table import Photo
from headrisk.face.photos import PhotoResult, PhotoTask, describe_photo
from headrisk.face.recognise.registry import recognisers
from headrisk.face.stored import HEADS, PHOTOS
from headrisk.io.digests import entry_key
from headrisk.run.engine import Workers
from headrisk.run.events import Listener, Tally
from headrisk.run.store import Store, recall_or_run
from headrisk.settings import Settings

HEAD_STAGE, PHOTO_STAGE = "look at heads", "read photographs"


@dataclass(frozen=True)
class Run:
    """What looking at heads and photographs has in common.

    ``protocol`` takes the place of the settings' one where it is given. ``failed`` holds this run's
    results that a store does not keep, by key and path. ``lenders`` are, by the path of an image,
    others of its session that may tell where its head is.
    """

    settings: Settings
    weights: tuple[tuple[str, str], ...]
    store: Store
    processes: Workers
    on_damage: Callable[[StoreError], None]
    protocol: str = ""
    failed: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    lenders: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)

    @property
    def rendered(self) -> str:
        """Name of the protocol by which heads are rendered."""
        return self.protocol or self.settings.face_protocol

    def choices(self) -> dict[str, str]:
        """Each recogniser's model and digest of weights: part of the key of every result."""
        paths = {name: Path(path) for name, path in self.weights}
        asked = recognisers(self.settings.recognisers, paths)
        return {one.name: f"{one.model} {one.digest}" for one in asked}


@dataclass(frozen=True)
class Repairing:
    """How an attacker looks at heads whose face was removed.

    ``look`` repairs a head and then looks at it; ``version`` changes with its results. ``donors``
    has for each scan another image of the same person that still has the face, or None.
    """

    look: Callable[[HeadTask], HeadResult]
    version: int
    donors: tuple[Scan | None, ...]


def look_at_heads(
    scans: Sequence[Scan], run: Run, listen: Listener, repairing: Repairing | None = None
) -> tuple[HeadResult, ...]:
    """What every head gave, failures included, in the order of the scans."""
    asked = run.choices()
    donors = repairing.donors if repairing else (None,) * len(scans)
    version = repairing.version if repairing else 0
    known = [
        head_key(scan, run, asked, donor, version)
        for scan, donor in zip(scans, donors, strict=True)
    ]
    ready = [k for k, one in enumerate(known) if isinstance(one, str)]
    refused = sum(isinstance(one, HeadResult) for one in known)
    tally = Tally(HEAD_STAGE, listen, done=refused, failed=refused)
    tasks = [head_task(scans[k], run, donors[k]) for k in ready]
    keys = [one for one in known if isinstance(one, str)]
    found = iter(
        recall_or_run(
            repairing.look if repairing else look_at_head,
            tasks,
            keys,
            HEADS,
            run.store,
            processes=run.processes,
            on_results=lambda some: tally.add([one.status == "failed" for one in some]),
            on_damage=run.on_damage,
            known=[run.failed.get((key, task.path)) for key, task in zip(keys, tasks, strict=True)],
        )
    )
    return tuple(next(found) if isinstance(one, str) else one for one in known)


def head_task(scan: Scan, run: Run, donor: Scan | None = None) -> HeadTask:
    """What a worker needs to look at one head."""
    settings = run.settings
    return HeadTask(
        scan.scan_id,
        scan.path,
        scan.suffix,
        settings.accurate,
        run.rendered,
        settings.render_pixels,
        settings.seed,
        settings.recognisers,
        run.weights,
        None if donor is None else (donor.path, donor.suffix),
        run.lenders.get(scan.path, ()),
    )


def read_photos(photos: Sequence[Photo], run: Run, listen: Listener) -> tuple[PhotoResult, ...]:
    """Templates of photographs that may be used, in order."""
    choices, tally = run.choices(), Tally(PHOTO_STAGE, listen)
    tasks = [PhotoTask(photo.path, run.settings.recognisers, run.weights) for photo in photos]
    keys = [
        entry_key("face-photo", VERSION, {"recognisers": choices}, [_photo_digest(photo.path, run)])
        for photo in photos
    ]
    return tuple(
        recall_or_run(
            describe_photo,
            tasks,
            keys,
            PHOTOS,
            run.store,
            processes=run.processes,
            on_results=lambda some: tally.add([bool(one.reason) for one in some]),
            on_damage=run.on_damage,
        )
    )


def _photo_digest(path: str, run: Run) -> str:
    try:
        return run.store.file_digest(Path(path), on_damage=run.on_damage)
    except InputError:
        return ""


def head_key(
    scan: Scan, run: Run, asked: Mapping[str, str], donor: Scan | None = None, repaired: int = 0
) -> str | HeadResult:
    """Key of a scan's result, or the failed result where its file cannot be used."""
    if scan.status == "failed":
        return HeadResult(scan.scan_id, "failed", scan.reason, 0.0)
    try:
        digests = [input_digest(one, run.store, run.on_damage) for one in (scan, donor) if one]
        lenders = run.lenders.get(scan.path, ())
        digests += [
            run.store.file_digest(Path(path), on_damage=run.on_damage) for path, _ in lenders
        ]
    except InputError as error:
        return HeadResult(scan.scan_id, "failed", str(error), 0.0)
    choices = {
        "accurate": run.settings.accurate,
        "suffix": scan.suffix,
        "protocol": run.rendered,
        "pixels": run.settings.render_pixels,
        "seed": run.settings.seed if run.rendered == "nejm2019" else 0,
        "recognisers": asked,
        "lenders": [suffix for _, suffix in lenders],
    }
    if repaired:
        choices |= {"repaired": repaired, "donor": "" if donor is None else donor.suffix}
    return entry_key("face-head", VERSION, choices, digests)


def with_reason(photo: Photo, result: PhotoResult) -> Photo:
    """The photograph's row after reading it: failed where no face could be described."""
    return replace(photo, status="failed", reason=result.reason) if result.reason else photo
