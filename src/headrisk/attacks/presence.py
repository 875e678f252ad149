"""Are faces left? Every image of the data set is looked at, whatever its contrast or datatype."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

from headrisk.dataset.contrast import is_phase_type, kind_by_modality
from headrisk.dataset.dcm2niix_run import sidecar_of
from headrisk.dataset.dicom import BESIDE
from headrisk.dataset.head_images import SUFFIXES, HeadImage, is_image, list_head_images
from headrisk.dataset.inventory import Inventory
from headrisk.dataset.labels import plain_label
from headrisk.dataset.magic import ending_of
from headrisk.dataset.scans import Scan
from headrisk.dataset.sidecar import read_sidecar
from headrisk.errors import StoreError
from headrisk.face.head import PET, PHASE, SightTask
from headrisk.face.presence import VERDICTS, Sight
from headrisk.face.sight import STAGE, SightResult, SightRun, look_at_images
from headrisk.findings.records import FacesLeft, Table
from headrisk.intake import Intake
from headrisk.job import Job, recorded, tell_damage
from headrisk.report.words.presence import SAID
from headrisk.run.events import stage
from headrisk.run.provenance import CostLog
from headrisk.run.store import open_store

_KINDS = {"ct": "CT", "pet": PET}  # BIDS datatypes whose images are read as one kind
_PHASES = frozenset(["phase", "phase1", "phase2", "phasediff", "fieldmap"])
MOST_LENDERS = 2
TABLE = "faces-left"  # in internal/
MODULES = ("dlib", "embreex", "cv2", "skimage")  # of the extra without which nothing is looked at


@dataclass(frozen=True)
class Sought:
    """Every image with what was seen in it; the counts that leave; notes for inside."""

    images: tuple[HeadImage, ...]
    results: tuple[SightResult, ...]
    left: FacesLeft
    notes: tuple[str, ...] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)


def missing_modules() -> tuple[str, ...]:
    """Packages of the extra ``faces`` that are not installed."""
    return tuple(name for name in MODULES if find_spec(name) is None)


def asked_images(
    job: Job, scans: Sequence[Scan], listed: Inventory | None = None
) -> tuple[HeadImage, ...]:
    """Images of the first data set in which a face is looked for: of those who were asked for.

    ``scans`` are those that indexing found, of any data set; ``listed`` is the first one's
    inventory.
    """
    source = job.sources[0]
    people = {plain_label(label, "sub") for label in job.participants}
    visits = {plain_label(label, "ses") for label in job.sessions}
    own = [scan for scan in scans if scan.dataset == source.name]
    return tuple(
        one
        for one in list_head_images(source.path, own, listed)
        if (not people or one.participant_id in people) and (not visits or one.session_id in visits)
    )


def kind_of(image: HeadImage) -> str:
    """The suffix an image is read by: ``CT``, ``pet`` and ``phase`` where anything says so.

    The sidecar's modality and image type speak, as dcm2niix writes them, whatever the image is
    called; where nothing speaks the values of the image decide.
    """
    told = _KINDS.get(image.datatype)
    if told is None:
        stem = image.path[: len(image.path) - len(ending_of(image.path))]
        beside = sidecar_of(Path(f"{stem}.nii"))
        values = read_sidecar(beside)[0] if beside.is_file() else {}
        told = kind_by_modality(values)
        if not told and (is_phase_type(values) or _names_a_phase(image)):
            told = PHASE
    return told or image.suffix


def _names_a_phase(image: HeadImage) -> bool:
    return image.suffix in _PHASES or "_part-phase_" in Path(image.name).name


def sight_task(
    image: HeadImage, job: Job, lent: Mapping[str, tuple[tuple[str, str], ...]]
) -> SightTask:
    """What a worker needs to look for a face in an image."""
    lenders = lent.get(image.path, ())
    return SightTask(image.name, image.path, kind_of(image), job.settings.accurate, lenders)


def lenders_of(images: Sequence[HeadImage]) -> dict[str, tuple[tuple[str, str], ...]]:
    """For each PET the other images of its session, path and suffix: CT first, then anatomical.

    What was scanned in one session with a PET may lie in its frame; whether it does is checked.
    """
    order = {"CT": 0, "T1w": 1, "T2w": 2, "FLAIR": 3}
    own: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for image in images:
        suffix = kind_of(image)
        if suffix in order and image.participant_id:
            own.setdefault((image.participant_id, image.session_id), []).append(
                (image.path, suffix)
            )
    return {
        image.path: tuple(
            sorted(
                own.get((image.participant_id, image.session_id), ()),
                key=lambda one: (order[one[1]], one[0]),
            )[:MOST_LENDERS]
        )
        for image in images
        if kind_of(image) == PET
    }


def not_converted(intake: Intake) -> dict[str, str]:
    """What dcm2niix made no image of: path and reason."""
    return {
        scan.path: scan.reason
        for scan in intake.pictured
        if scan.status == "failed" and not is_image(scan.path)
    }


def seek(intake: Intake, job: Job, log: CostLog) -> Sought:
    """Look for a face in every image of the first data set.

    Without the extra ``faces`` no image is looked at, and the counts say so.
    """
    images = asked_images(job, intake.pictured, intake.inventory)
    if missing_modules():
        sight = Sight("failed", "not_installed", reason=SAID["not_installed"])
        results = tuple(SightResult(sight, 0.0) for _ in images)
        left = replace(counted(images, results), looked=False)
        return Sought(images, results, left, tables={TABLE: images_table(images, results)})
    damage: list[StoreError] = []
    run = SightRun(open_store(job.out / "store"), job.processes, damage.append, intake.failed)
    lent = lenders_of(images)
    lost = not_converted(intake)
    tasks = [sight_task(one, job, lent) for one in images if one.path not in lost]
    with stage(STAGE, len(tasks), log, recorded(job)) as listen:
        seen = iter(look_at_images(tasks, run, listen))
    more = {scan.path for scan in intake.pictured if BESIDE in scan.reason}
    results = tuple(
        SightResult(Sight("failed", "unreadable", reason=lost[one.path]), 0.0)
        if one.path in lost
        else doubted(next(seen), more=one.path in more)
        for one in images
    )
    log.recalled(sum(one.seconds for one in results))
    return Sought(
        images,
        results,
        counted(images, results),
        tell_damage(damage, job),
        {TABLE: images_table(images, results)},
    )


def doubted(result: SightResult, *, more: bool) -> SightResult:
    """The result; unclear where a face is not there, but headers hold pictures of the series."""
    if not more or result.sight.verdict not in ("part", "gone", "outside"):
        return result
    return replace(result, sight=replace(result.sight, verdict="unclear", code="more_bytes"))


def why_failed(sight: Sight) -> str:
    """Why an image could not be looked at; "" where it was."""
    return (sight.reason or SAID[sight.code]) if sight.verdict == "failed" else ""


def _reason(sight: Sight) -> str:
    """Why an image is judged as it is, and what of a series was looked at."""
    said = sight.reason or SAID[sight.code]
    return f"{said}; looked at in the mean of its volumes" if sight.mean else said


def counted(images: tuple[HeadImage, ...], results: tuple[SightResult, ...]) -> FacesLeft:
    """How many images show what, over all and by suffix."""
    groups: dict[str, Counter[str]] = {}
    for image, result in zip(images, results, strict=True):
        suffix = image.suffix if image.suffix in SUFFIXES else ""
        groups.setdefault(suffix, Counter())[result.sight.verdict] += 1
    total = sum(groups.values(), Counter())
    return FacesLeft(
        True,
        images=len(images),
        counts={verdict: total[verdict] for verdict in VERDICTS},
        by_suffix={
            suffix: {verdict: groups[suffix][verdict] for verdict in VERDICTS}
            for suffix in sorted(groups)
        },
        codes=dict(sorted(Counter(one.sight.code for one in results).items())),
    )


def images_table(images: tuple[HeadImage, ...], results: tuple[SightResult, ...]) -> Table:
    """The custodian's list: every image, the answer, why, and what was measured."""
    rows = tuple(
        (
            image.name,
            image.datatype,
            image.suffix,
            image.participant_id,
            image.session_id,
            result.sight.verdict,
            result.sight.code,
            _reason(result.sight),
            ", ".join(name for name, share in result.sight.seen.items() if share >= 0.5) or "none",
            round(result.seconds, 3),
        )
        for image, result in zip(images, results, strict=True)
    )
    columns = (
        "path",
        "datatype",
        "suffix",
        "participant_id",
        "session_id",
        "face",
        "code",
        "reason",
        "seen_by",
        "seconds",
    )
    return Table(columns, rows)
