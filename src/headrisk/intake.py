"""What a run takes in: images to prepare, and fingerprints of earlier runs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from headrisk.brain.cohort import Cohort, choose, pick
from headrisk.brain.stored import is_fingerprint_folder, read_fingerprints
from headrisk.dataset.deidentified import list_deidentified
from headrisk.dataset.dicom import images_within
from headrisk.dataset.gather import gather
from headrisk.dataset.index import is_bids
from headrisk.dataset.inventory import FileRow, Inventory, first_bytes, take_inventory
from headrisk.dataset.labels import path_label
from headrisk.dataset.people import (
    case_conflicts,
    number_conflicts,
    read_same_people,
    relabelled,
    require_distinct_labels,
)
from headrisk.dataset.scans import Scan
from headrisk.errors import ScanError, UsageError
from headrisk.io.headers import header_summary
from headrisk.job import Job, begin, clear_leftovers, recorded, require_out
from headrisk.run.events import stage
from headrisk.run.provenance import CostLog
from headrisk.settings import Settings

FACE_SUFFIXES = (  # of images that show a skin; series of blurred volumes do not
    "T1w",
    "T2w",
    "FLAIR",
    "PDw",
    "T2starw",
    "UNIT1",
    "T1rho",
    "inplaneT1",
    "inplaneT2",
    "angio",
    "CT",
    "ct",
    "pet",
)

BRAIN_SUFFIXES = (  # of single volumes by which brains can be compared where no T1w image is there
    "T2w",
    "FLAIR",
    "PDw",
    "UNIT1",
    "MPRAGE",
    "T2starw",
    "inplaneT1",
    "inplaneT2",
    "PDT2w",
)


@dataclass(frozen=True)
class Intake:
    """Scans that come as images, fingerprints of earlier runs, and what indexing had to say.

    ``deidentified`` holds the files of each de-identified copy, by the method's name; ``inventory``
    every file of the first data set, None where that is no folder of images; ``others`` those of
    the data sets beside it (``--against``, ``--deidentified``), by name; ``failed`` what examining
    images gave that a store does not keep, by key and path; ``series`` the images of other
    contrasts that the first data set's manifest or DICOM series hold, in which a face may be.
    """

    scans: tuple[Scan, ...]
    earlier: Cohort
    notes: tuple[str, ...]
    deidentified: Mapping[str, tuple[Scan, ...]] = field(default_factory=dict)
    inventory: Inventory | None = None
    others: Mapping[str, Inventory] = field(default_factory=dict)
    failed: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    beside: tuple[Scan, ...] = ()
    series: tuple[Scan, ...] = ()

    @property
    def pictured(self) -> tuple[Scan, ...]:
        """Every image that indexing found, compared or not: each may show a face."""
        return (*self.scans, *self.series)


def take_in(job: Job, log: CostLog) -> Intake:
    """List everything that takes part, and open the output folder.

    Raises
    ------
    UsageError
        The output folder cannot be used.
    InputError
        A data set cannot be used at all.
    """
    require_out(job)
    clear_leftovers(job)
    with stage("index", len(job.sources), log, recorded(job)):
        inventory = list_files(job)
        scans, series, notes = index_all(job, inventory)
        job = settled(job, scans)
        earlier = recall(job)
        scans = with_one_key(scans, job)
        earlier = replace(earlier, scans=with_one_key(earlier.scans, job))
        labels = (s.participant_id for s in (*scans, *earlier.scans) if s.status == "ok")
        require_distinct_labels(labels, "the data sets together")
        copied, said = index_deidentified(job)
        begin(job, len(scans) + len(earlier.scans))
        notes += inventory.notes if inventory else ()
        series = with_one_key((*series, *dicom_within(job, inventory)), job)
        beside = images_beside(job, scans, series) if "face-scans" in job.modalities else ()
    others = list_others(job)
    used = [*scans, *beside, *(scan for copies in copied.values() for scan in copies)]
    notes += tuple(filter(None, (beyond(name, listed, used) for name, listed in others.items())))
    return Intake(
        scans, earlier, notes + said, copied, inventory, others, beside=beside, series=series
    )


def dicom_within(job: Job, inventory: Inventory | None) -> tuple[Scan, ...]:
    """The images of DICOM series that lie in a BIDS data set, where faces are looked for."""
    if inventory is None or not job.faces_left or not is_bids(inventory.root):
        return ()
    rows = [
        row
        for row in inventory.images
        if row.form == "DICOM" and row.status != "failed" and "!/" not in row.path
    ]
    folders = {
        (inventory.root / row.path).parent: (path_label(row.path, "sub"), row.session_id)
        for row in rows
    }
    found = images_within(folders, job.work_dir or job.out / "work") if folders else []
    return tuple(replace(scan, dataset=job.sources[0].name) for scan in found)


def images_beside(job: Job, scans: Sequence[Scan], series: Sequence[Scan] = ()) -> tuple[Scan, ...]:
    """Images of people's heads of every other kind that shows a skin, where files tell which."""
    more = listed_beside(job, scans, series, FACE_SUFFIXES)
    return tuple(scan for scan in map(_present, more) if scan.status == "ok")


def listed_beside(
    job: Job, scans: Sequence[Scan], series: Sequence[Scan], suffixes: Sequence[str]
) -> tuple[Scan, ...]:
    """Images of these kinds that are not among ``scans``, whether their content is here or not.

    Who is who, and in which session, is told by a BIDS folder, a manifest, or the headers behind
    ``series`` of the first data set. What cannot be listed is told by the inventory; of DICOM
    folders beside the first the images are those of the contrasts asked for.
    """
    known = {scan.path for scan in scans if scan.status == "ok"}
    found = tuple(scan for scan in series if scan.suffix in suffixes)
    for source, people, sessions in (
        *((one, job.participants, job.sessions) for one in job.sources[:1]),
        *((one, (), ()) for one in job.sources[1:]),
    ):
        if is_fingerprint_folder(source.path) or not _names_its_images(source.path):
            continue
        found += gather(
            [source],
            contrasts=tuple(suffixes),
            work_dir=None,
            participants=people,
            sessions=sessions,
            may_be_none=True,
        )[0]
    once = {scan.path: scan for scan in found if scan.path not in known}
    return with_one_key(tuple(once.values()), job)


def _names_its_images(path: Path) -> bool:
    """Whether a data set is a BIDS folder or a manifest."""
    return path.is_file() or is_bids(path)


def list_files(job: Job) -> Inventory | None:
    """Every file of the first data set, the one to be shared.

    Raises
    ------
    InputError
        There is no such data set.
    """
    if not job.sources or is_fingerprint_folder(job.sources[0].path):
        return None
    return take_inventory(job.sources[0].path)


def listed_as_fingerprints(scans: Sequence[Scan], root: Path) -> Inventory:
    """The images of an earlier run whose fingerprints there are, as far as those tell."""
    rows = tuple(
        FileRow(
            scan.path,
            "image",
            suffix=scan.suffix,
            participant_id=scan.participant_id,
            session_id=scan.session_id,
            status="left_out",
            code="no_check",
            series=scan.series,
        )
        for scan in scans
    )
    return Inventory(root, rows, listed=False)


def list_others(job: Job) -> dict[str, Inventory]:
    """Every file of the data sets beside the first, by name; not of fingerprints.

    Raises
    ------
    InputError
        One of them is not there.
    """
    sources = (*job.sources[1:], *job.deidentified)
    return {
        source.name: take_inventory(source.path)
        for source in sources
        if not is_fingerprint_folder(source.path)
    }


def beyond(name: str, inventory: Inventory, scans: Sequence[Scan]) -> str:
    """One sentence on the images of another data set that no check looks at; "" where all are.

    Only what is compared is looked at in these; their metadata are not asked about.
    """
    used = {scan.path for scan in scans if scan.dataset == name}
    series = {scan.series for scan in scans if scan.dataset == name} - {""}
    rest = [
        row
        for row in inventory.images
        if str(inventory.root / row.path) not in used and row.series not in series
    ]
    if not rest:
        return ""
    return (
        f"{name}: {len(inventory.images)} images are in this data set, {len(rest)} of them "
        "compared with nothing and looked at by no check"
    )


def index(job: Job, inventory: Inventory | None = None) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    """List the scans of all data sets that come as images, and what indexing had to say."""
    scans, _, notes = index_all(job, inventory)
    return scans, notes


def index_all(
    job: Job, inventory: Inventory | None = None
) -> tuple[tuple[Scan, ...], tuple[Scan, ...], tuple[str, ...]]:
    """The same, and between them the images of other contrasts of the first data set.

    Those are the ones that its manifest or DICOM series hold; a BIDS folder's are found by name.

    Where the first data set holds images, but none of the contrast that is compared by default,
    that is no error: brains are compared by the kind of image that most people have twice
    (:func:`settled`), and other checks may look at all of them. Nor is it where it holds no image
    at all, but files whose metadata are asked about.
    """
    lenient = (
        inventory is not None
        and bool(inventory.images or ("metadata" in job.modalities and inventory.rows))
        and (job.settings.contrasts == Settings().contrasts or "brain" not in job.modalities)
        and not job.participants
        and not job.sessions
        and len(job.sources) == 1
    )
    scans: tuple[Scan, ...] = ()
    series: tuple[Scan, ...] = ()
    notes: tuple[str, ...] = ()
    for sources, people, sessions in (
        (job.sources[:1], job.participants, job.sessions),
        (job.sources[1:], (), ()),
    ):
        found, said = gather(
            [source for source in sources if not is_fingerprint_folder(source.path)],
            contrasts=job.settings.contrasts,
            work_dir=job.work_dir or job.out / "work",
            participants=people,
            sessions=sessions,
            may_be_none=lenient,
            every=sources == job.sources[:1],
        )
        wanted = tuple(scan for scan in found if scan.suffix in job.settings.contrasts)
        series += tuple(scan for scan in found if scan.suffix not in job.settings.contrasts)
        scans, notes = scans + wanted, notes + said
    if lenient and not scans and "brain" in job.modalities:
        scans, series, said = _at_hand(job, series)
        notes = (*notes[:-1], *said) if said else notes  # the last said that there is no image
    notes += _look_alike((*scans, *series))
    return tuple(map(_present, scans)), tuple(map(_present, series)), notes


def _at_hand(
    job: Job, series: tuple[Scan, ...]
) -> tuple[tuple[Scan, ...], tuple[Scan, ...], tuple[str, ...]]:
    """Images of the kind by which most people can be searched for, all others, and a remark."""
    found = series
    if not found:
        found, _ = gather(
            job.sources[:1],
            contrasts=BRAIN_SUFFIXES,
            work_dir=None,
            participants=(),
            sessions=(),
            may_be_none=True,
        )
    best = max(BRAIN_SUFFIXES, key=lambda suffix: _searchable(found, suffix))
    if not any(scan.suffix == best for scan in found):
        return (), series, ()
    said = (
        f"{job.sources[0].path}: no {' or '.join(job.settings.contrasts)} image is here, so brains "
        f"are compared by {best} images; ask for other kinds with --contrasts"
    )
    rest = tuple(scan for scan in series if scan.suffix != best)
    return tuple(scan for scan in found if scan.suffix == best), rest, (said,)


def _searchable(scans: Sequence[Scan], suffix: str) -> tuple[int, int]:
    """How many people have images of a kind from two visits, and how many images there are."""
    visits = {
        (scan.participant_id, scan.session_id or scan.path)
        for scan in scans
        if scan.suffix == suffix
    }
    people = Counter(person for person, _ in visits)
    return sum(count > 1 for count in people.values()), len(visits)


def settled(job: Job, scans: Sequence[Scan]) -> Job:
    """The job with the kind of image that is compared, where none of the default kind is there."""
    kinds = tuple(dict.fromkeys(scan.suffix for scan in scans))
    if not kinds or set(kinds) & set(job.settings.contrasts):
        return job
    return replace(job, settings=replace(job.settings, contrasts=kinds))


def _look_alike(scans: Sequence[Scan]) -> tuple[str, ...]:
    """Remarks on labels that are taken for different, though they are one number or one word."""
    people = number_conflicts({scan.participant_id for scan in scans})
    visits: dict[tuple[str, str], set[str]] = defaultdict(set)
    for scan in scans:
        visits[scan.dataset, scan.participant_id].add(scan.session_id)
    whose: Counter[tuple[str, ...]] = Counter()
    for labels in visits.values():
        whose.update({*number_conflicts(labels), *case_conflicts(labels)})
    return (
        *(
            f"labels {' and '.join(group)} are taken for different people, though they are one "
            "number: rename them if they are one person"
            for group in people
        ),
        *(
            f"sessions {' and '.join(group)} of {_people(count)} are taken for different sessions, "
            "though they differ only in zeros or in case: rename them if they are one session"
            for group, count in sorted(whose.items())
        ),
    )


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _present(scan: Scan) -> Scan:
    """The scan, failed where its first bytes say that its content is not there."""
    if scan.status == "failed":
        return scan
    told = first_bytes(Path(scan.path))
    if told.code not in ("empty", "pointer", "special"):
        return scan
    return replace(scan, status="failed", reason=told.problem)


def with_headers(scans: Sequence[Scan]) -> tuple[Scan, ...]:
    """The scans with those failed whose headers show that they cannot be read.

    Voxels are not read: a scan that is cut off may pass.
    """
    return tuple(_checked(scan) for scan in scans)


def _checked(scan: Scan) -> Scan:
    if scan.status == "failed":
        return scan
    try:
        head = first_bytes(Path(scan.path))
        if head.problem:
            return replace(scan, status="failed", reason=head.problem)
        header_summary(Path(scan.path))
    except ScanError as error:
        return replace(scan, status="failed", reason=str(error))
    return scan


def with_one_key(scans: Sequence[Scan], job: Job) -> tuple[Scan, ...]:
    """Scans with the first data set's labels where a table says who is who.

    Raises
    ------
    InputError
        The table is damaged.
    """
    same = read_same_people(job.same_people) if job.same_people and job.sources else None
    return relabelled(scans, job.sources[0].name, same) if same is not None else tuple(scans)


def index_deidentified(job: Job) -> tuple[dict[str, tuple[Scan, ...]], tuple[str, ...]]:
    """List the files of the de-identified data sets, and what there was to say of them.

    Raises
    ------
    UsageError
        The first data set comes as fingerprints, so that there are no images to compare with.
    InputError
        A de-identified data set holds no image.
    """
    copied: dict[str, tuple[Scan, ...]] = {}
    notes: tuple[str, ...] = ()
    if job.deidentified and is_fingerprint_folder(job.sources[0].path):
        raise UsageError(
            str(job.sources[0].path),
            found="fingerprints of an earlier run",
            expected="the original images, to compare the de-identified ones with",
            remedy="Name the data set itself, or leave out --deidentified.",
        )
    for source in job.deidentified:
        work = (job.work_dir or job.out / "work") / "treated"
        copied[source.name], said = list_deidentified(source, job.settings.contrasts, work)
        notes += said
    return copied, notes


def recall(job: Job) -> Cohort:
    """Fingerprints of the data sets that come as outputs of earlier runs."""
    cohort = Cohort((), (), (), ())
    for source in job.sources:
        if is_fingerprint_folder(source.path):
            people, sessions = (
                (job.participants, job.sessions) if source is job.sources[0] else ((), ())
            )
            found = read_fingerprints(source.path, source.name, job.settings)
            cohort += choose(found, source.path, job.settings.contrasts, people, sessions)
    return cohort


def prepared_here(cohort: Cohort, job: Job) -> Cohort:
    """The part of a run's cohort whose fingerprints lie in the run's own store."""
    elsewhere = {source.name for source in job.sources if is_fingerprint_folder(source.path)}
    kept = [k for k, scan in enumerate(cohort.scans) if scan.dataset not in elsewhere]
    return pick(cohort, kept)
