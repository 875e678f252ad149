"""What became of every file of the data set, and of every person, after all checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from headrisk.attacks.attack import Measured
from headrisk.attacks.presence import Sought, why_failed
from headrisk.dataset.inventory import (
    Inventory,
    Looked,
    OtherCounts,
    counted,
    explained,
    judged,
    looked_by,
)
from headrisk.dataset.scans import Scan
from headrisk.findings.records import ScanRow
from headrisk.intake import Intake, listed_as_fingerprints
from headrisk.io.image_copies import with_copies
from headrisk.job import Job
from headrisk.linkage.design import with_absent
from headrisk.report.words.brain import NAME
from headrisk.types import ScanResult


def account(
    intake: Intake, measured: Sequence[Measured], sought: Sought | None, job: Job
) -> Inventory | None:
    """Which checks looked at each file, and why none did; None where no folder was listed.

    ``sought`` holds the images in which a face was looked for, if that was asked.
    """
    listed = _listed(intake, job)
    if listed is None:
        return None
    first = job.sources[0].name
    known = (*intake.pictured, *intake.beside, *intake.earlier.scans)
    own = {scan.path: scan.series for scan in known if scan.dataset == first}
    paths = {str(listed.root / row.path) for row in listed.rows}
    looked = [
        Looked(
            row.modality,
            row.path,
            own.get(row.path, ""),
            row.reason if row.status == "failed" else "",
        )
        for one in measured
        for row in one.internal.scans
        if row.path in own or row.path in paths
    ]
    if sought is not None:
        looked += [
            Looked(
                "faces",
                image.path,
                own.get(image.path, ""),
                why_failed(result.sight),
                result.sight.verdict,
            )
            for image, result in zip(sought.images, sought.results, strict=True)
        ]
    inventory = judged(listed, looked)
    return explained(inventory, job.settings.contrasts, job.participants, job.sessions)


def _listed(intake: Intake, job: Job) -> Inventory | None:
    """The first data set's images, as far as fingerprints tell where it comes as those."""
    if intake.inventory is not None:
        return with_copies(intake.inventory)
    earlier = [s for s in intake.earlier.scans if job.sources and s.dataset == job.sources[0].name]
    return listed_as_fingerprints(earlier, job.sources[0].path) if earlier else None


def account_others(intake: Intake, rows: Sequence[ScanRow], job: Job) -> tuple[OtherCounts, ...]:
    """What became of the images of every data set beside the first, in the order they were named.

    Parameters
    ----------
    rows
        Scans as each attack, and each comparison with a de-identified copy, saw them.
    """
    treated = {scan.path: scan.series for own in intake.deidentified.values() for scan in own}
    series = {scan.path: scan.series for scan in (*intake.pictured, *intake.beside)} | treated
    looked = [
        Looked(row.modality, row.path, series.get(row.path, ""), _problem(row)) for row in rows
    ]
    made: list[OtherCounts] = []
    for source in (*job.sources[1:], *job.deidentified):
        held = OtherCounts("against")
        if source in job.deidentified:
            held = OtherCounts("deidentified", source.name)
        listed = intake.others.get(source.name)
        if listed is None:
            made.append(replace(held, listed=False))
            continue
        own = {str(listed.root / row.path) for row in listed.rows}
        here = {row.series for row in listed.rows} - {""}
        inventory = judged(listed, [o for o in looked if o.path in own or o.series in here])
        counts = counted(explained(inventory, job.settings.contrasts))
        made.append(
            replace(
                held,
                images=counts.images,
                looked_at=counts.looked_at,
                failed=counts.failed,
                left_out=counts.left_out,
                kinds=counts.kinds,
            )
        )
    return tuple(made)


def _problem(row: ScanRow) -> str:
    return (row.reason or "not usable") if row.status == "failed" else ""


def inventory_of_scans(
    intake: Intake, scans: Sequence[Scan], results: Sequence[ScanResult], job: Job
) -> Inventory | None:
    """The same where brains alone were looked at; ``results`` in the order of the ``scans``."""
    listed = _listed(intake, job)
    if listed is None:
        return None
    problems = (one.reason if one.status == "failed" else "" for one in results)
    looked = looked_by("brain", scans, problems, job.sources[0].name)
    inventory = judged(listed, looked)
    return explained(inventory, job.settings.contrasts, job.participants, job.sessions)


def absent_people(inventory: Inventory, scans: Sequence[Scan], others: Sequence[Scan] = ()) -> int:
    """Number of people of whom images are there, but none that is compared.

    A name or place outside BIDS (``Sub-06``, ``anat/run1``) hides nobody: these are people too.
    ``others`` are images of other contrasts that a manifest or DICOM series hold; their headers
    tell whom a DICOM series shows.
    """
    raw = {
        row.participant_id
        for row in inventory.images
        if row.where == "raw" or (row.where == "non-BIDS" and row.form != "DICOM")
    }
    raw = (raw | {scan.participant_id for scan in others}) - {""}
    chosen = {row.participant_id for row in inventory.images if row.code == "person"}
    return len(raw - chosen - {scan.participant_id for scan in scans})


def with_people(measured: Measured, intake: Intake, inventory: Inventory) -> Measured:
    """The brain's section with the people counted of whom nothing was there to compare."""
    counts = measured.section.counts
    if counts.people is None or measured.section.name != NAME:
        return measured
    compared = (*intake.scans, *intake.earlier.scans)
    absent = absent_people(inventory, compared, intake.series)
    counts = replace(counts, people=with_absent(counts.people, absent))
    return replace(measured, section=replace(measured.section, counts=counts))
