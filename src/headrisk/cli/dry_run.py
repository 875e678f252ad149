"""What a command would do: the scans, what would be looked at, who can be searched for, the cost.

Headers are opened, so that empty files and pointers show. This is the one place where a run names
scans on standard output.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from headrisk.errors import visible

if TYPE_CHECKING:
    from headrisk.commands.costs import Work
    from headrisk.dataset.inventory import Inventory
    from headrisk.dataset.scans import Scan
    from headrisk.face.photo_table import Photo
    from headrisk.job import Job
    from headrisk.linkage.design import Design

NO_LIST = (
    "The first data set comes as fingerprints of an earlier run: which of its images were looked "
    "at stands in that run's report."
)


def list_scans(job: Job, *, searches: bool = True, deidentifies: bool = False) -> int:
    """Write every scan with its status, the totals and the cost to standard output, and stop.

    Parameters
    ----------
    job
        What would be done.
    searches
        Whether people would be searched for by their brains or faces.
    deidentifies
        Whether a de-identified copy of every scan would be made.
    """
    from headrisk.intake import (
        index_all,
        index_deidentified,
        list_files,
        recall,
        settled,
        with_headers,
        with_one_key,
    )
    from headrisk.job import require_out

    require_out(job)
    inventory = list_files(job)
    scans, series, notes = index_all(job, inventory)
    job = settled(job, scans)
    treated, said = index_deidentified(job)
    notes += said + (inventory.notes if inventory else ())
    files = [scan for own in treated.values() for scan in own]
    scans = with_headers(with_one_key(scans, job))
    earlier = with_one_key(recall(job).scans, job)
    for scan in (*scans, *earlier, *with_headers(files)):
        state = (scan.reason,) if scan.reason else ()
        cells = (scan.scan_id, scan.suffix, scan.status, *state)
        sys.stdout.write("\t".join(map(visible, cells)) + "\n")
    everybody = (*scans, *earlier)
    lines = [*_images(job, inventory, everybody, series)]
    work = _work(job, everybody, len(files), deidentifies=deidentifies)
    sighted = len(_sighted(job, (*everybody, *series), inventory))
    work = replace(work, sighted=sighted, aligned=max(work.aligned, sighted))
    if searches and job.sources and {"brain", "face-scans", "metadata"} & {*job.modalities}:
        lines += _searched(job, inventory, everybody, series)
    if job.photos is not None:
        lines += _photographs(job, everybody)
    elif job.modalities == ("face",):
        lines.append("Nobody is searched for without --photos.")
    lines += _tables(job)
    for line in (*lines, cost_line(work)):
        sys.stdout.write(line + "\n")
    for note in notes:
        sys.stderr.write(visible(note) + "\n")
    return 0


def cost_line(work: Work) -> str:
    """What the work takes, from usual times."""
    from headrisk.commands.costs import typical_seconds
    from headrisk.durations import duration

    faces = f", {duration(work.face_seconds)} of it for faces" if work.face_seconds else ""
    return (
        f"A run takes about {duration(typical_seconds(work))} of CPU time on a usual core{faces}; "
        "headrisk doctor --plan N measures it on this machine."
    )


def inventory_lines(
    job: Job, inventory: Inventory, scans: Sequence[Scan], others: Sequence[Scan] = ()
) -> Iterator[str]:
    """The images there are, and what would become of them; ``others`` are of other contrasts."""
    from headrisk.dataset.index import is_bids
    from headrisk.dataset.inventory import Looked, counted, explained, judged, looked_by
    from headrisk.report.words.inventory import beside, not_looked_at, totals, unused

    problems = (scan.reason if scan.status == "failed" else "" for scan in scans)
    looked = looked_by("brain", scans, problems, job.sources[0].name)
    pictured = (*scans, *others)
    series = {scan.path: scan.series for scan in pictured}
    wrong = {scan.path: scan.reason for scan in pictured if scan.status == "failed"}
    sighted = _sighted(job, pictured, inventory)
    looked += [Looked("faces", path, series.get(path, ""), wrong.get(path, "")) for path in sighted]
    if sighted and is_bids(inventory.root):  # DICOM series within it are converted for that
        looked += [
            Looked("faces", str(inventory.root / row.path), row.series)
            for row in inventory.images
            if row.form == "DICOM"
        ]
    known = _still_failed(inventory, judged(inventory, looked))
    counts = counted(explained(known, job.settings.contrasts, job.participants, job.sessions))
    yield totals(counts, planned=True)
    yield from (f"  {line}" for line in not_looked_at(counts))
    yield from filter(None, (beside(counts), unused(counts)))


def _still_failed(listed: Inventory, planned: Inventory) -> Inventory:
    """What failed when it was listed (an empty file, a pointer) will not be looked at after all."""
    first = [
        one if one.status == "failed" else other
        for one, other in zip(listed.rows, planned.rows, strict=False)
    ]
    return replace(planned, rows=(*first, *planned.rows[len(first) :]))


def _images(
    job: Job, inventory: Inventory | None, scans: Sequence[Scan], others: Sequence[Scan]
) -> Iterator[str]:
    if inventory is not None:
        yield from inventory_lines(job, inventory, scans, others)
    elif job.sources:
        yield NO_LIST


def _sighted(job: Job, scans: Sequence[Scan], inventory: Inventory | None) -> list[str]:
    """Images in which a face would be looked for, with a detector at hand."""
    from headrisk.attacks.presence import asked_images, missing_modules

    if not job.faces_left or missing_modules():
        return []
    return [one.path for one in asked_images(job, scans, inventory)]


def _searched(
    job: Job, inventory: Inventory | None, scans: Sequence[Scan], others: Sequence[Scan]
) -> Iterator[str]:
    from headrisk.attacks.account import absent_people
    from headrisk.linkage.design import count_people, with_absent
    from headrisk.report.words.summary import who_can_be_searched

    usable = [scan for scan in scans if scan.status == "ok"]
    counts = count_people(scans, _design(job, scans), usable, _design(job, usable))
    if inventory is not None:
        counts = with_absent(counts, absent_people(inventory, scans, others))
    yield who_can_be_searched(counts)


def _design(job: Job, scans: Sequence[Scan]) -> Design:
    from headrisk.linkage.design import against, within

    digests = [""] * len(scans)
    if len(job.sources) == 1:
        return within(scans, digests)
    return against(scans, digests, job.sources[0].name)


def _photographs(job: Job, scans: Sequence[Scan]) -> Iterator[str]:
    """Who can be searched for by a photograph, and why others cannot."""
    from headrisk.report.words.phrases import counted, people

    listed = _listed_photos(job, scans)
    first = job.sources[0].name
    own = {scan.participant_id for scan in scans if scan.dataset == first}
    seen = {s.participant_id for s in scans if s.dataset == first and s.status == "ok"}
    shown = {photo.participant_id for photo in listed if photo.usable}
    searched, blind = own & seen & shown, own & shown - seen
    why = [
        (len(own - shown), "no photograph of theirs may be used"),
        (len(blind), "their scans could not be used"),
    ]
    left = [f"{number:,} because {text}" for number, text in why if number]
    rest = f" and {len(own - searched):,} not: {', '.join(left)}" if left else ""
    yield f"By photographs: of {people(len(own))}, {len(searched):,} can be searched for{rest}."
    refused = [photo for photo in listed if not photo.usable]
    if refused:
        yield f"{counted(len(refused), 'photograph')} of {len(listed):,} cannot be used."


def _listed_photos(job: Job, scans: Sequence[Scan]) -> Sequence[Photo]:
    from headrisk.face.photo_table import list_photos

    if job.photos is None:
        return ()
    first = job.sources[0].name
    own = frozenset(scan.participant_id for scan in scans if scan.dataset == first)
    return list_photos(job.photos, own, job.today)


def _tables(job: Job) -> Iterator[str]:
    """People and rows of the derived tables, and who can be searched for in them."""
    if not job.tables:
        return
    from headrisk.attacks.table import people_counts, read_tables
    from headrisk.report.words.phrases import counted
    from headrisk.report.words.summary import who_can_be_searched

    tables, shared = read_tables(job)
    for table in tables:
        failed = len(table.scans) - len(table.usable)
        yield (
            f"A table of {counted(len(table.scans), 'row')}: {len(table.usable):,} to be compared, "
            f"{failed:,} failed, in {counted(len(shared.probe.keys), 'column')} that are there in "
            "each."
        )
    yield f"By tables: {who_can_be_searched(people_counts(tables, job))}"


def _work(job: Job, scans: Sequence[Scan], treated: int, *, deidentifies: bool) -> Work:
    """How much there is to do of each kind of work."""
    import numpy as np

    from headrisk.commands.costs import Work
    from headrisk.face.render.protocols import SCANS, protocol_of

    usable = [scan for scan in scans if scan.status == "ok"]
    design = _design(job, usable) if job.sources and usable else None
    pairs = int(design.pairs) if design is not None else 0
    mates = pairs > 0 and _has_mates(job, usable)
    heads = len(usable) + treated if "face" in job.modalities else 0
    few = len(usable) if "face-scans" in job.modalities and mates and not heads else 0
    protocol = job.settings.face_protocol if heads else SCANS.name
    views = protocol_of(protocol, np.random.default_rng(0)).count
    photos = sum(photo.usable for photo in _listed_photos(job, scans)) if job.photos else 0
    brains = "brain" in job.modalities
    return Work(
        aligned=len(usable) if brains or deidentifies or heads or few else 0,
        compared=pairs * len(job.settings.measures) if brains else 0,
        rendered=heads + few,
        renders=(heads + few) * views,
        photographs=photos,
        rewritten=len(usable) if deidentifies else 0,
        treated=treated,
    )


def _has_mates(job: Job, usable: Sequence[Scan]) -> bool:
    from headrisk.linkage.design import searchable

    return bool(searchable(usable, _design(job, usable)))
