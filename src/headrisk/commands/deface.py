"""Apply a treatment to a data set: list, treat scan by scan, check what was written, tell."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from headrisk import __version__
from headrisk.dataset.inventory import counted, judged, looked_by
from headrisk.dataset.scans import Scan
from headrisk.deidentify.outcome import TreatmentReport, summary_lines, treatment_table
from headrisk.deidentify.sidecar import dataset_files, stems, written_by_deface
from headrisk.deidentify.tools import Tool
from headrisk.deidentify.treat import TreatResult, TreatTask, treat, treated_files
from headrisk.errors import InputError, UsageError
from headrisk.intake import index, list_files
from headrisk.job import Job, begin, clear_leftovers, recorded, require_out
from headrisk.report.columns import COLUMNS_FILE, columns_text
from headrisk.report.tsv import table_text
from headrisk.run.audit import LOG
from headrisk.run.engine import WorkerLost, run_tasks
from headrisk.run.events import Tally, stage
from headrisk.run.provenance import CostLog
from headrisk.run.scratch import put_in_place, scratch_folder, sweep, sweep_output

STAGE = "treat"
ANATOMICAL = (
    "T1w",
    "T2w",
    "FLAIR",
    "PDw",
    "T2starw",
    "PDT2w",
    "UNIT1",
    "inplaneT1",
    "inplaneT2",
    "angio",
    "MPRAGE",
    "T1rho",
    "T1wCE",
)


def deface(job: Job, tool: Tool) -> TreatmentReport:
    """Treat every scan of the data set and write the results as a BIDS derivative to ``job.out``.

    Raises
    ------
    UsageError
        The output folder cannot be used.
    InputError
        The data set cannot be used at all. Scans that cannot be treated do not end the run.
    """
    clear_leftovers(job)
    _require_room(job, tool)
    log = CostLog()
    with converted(job) as inner:
        with stage("index", 1, log, inner.listen):
            scans, notes = index(inner)
        if not scans:
            raise InputError(
                str(job.sources[0].path),
                found="no image of a head",
                expected=f"images with a suffix of {', '.join(job.settings.contrasts)}",
                remedy="Name a BIDS folder, a folder of DICOM series, or a table of images.",
            )
        begin(inner, len(scans))
        put_in_place(
            {
                job.out / name: raw
                for name, raw in dataset_files(
                    tool.name, __version__, inner.sources[0].path
                ).items()
            },
            job.out,
        )
        results = _treat_all(scans, inner, tool, log)
    report = TreatmentReport(tool, scans, results, notes, *_images(job, scans, results))
    table = treatment_table(report)
    put_in_place(
        {
            job.out / "tables" / COLUMNS_FILE: columns_text(
                {"treatment.tsv": table.columns}, "tables"
            ).encode(),
            job.out / "summary.txt": ("\n".join(summary_lines(report)) + "\n").encode(),
        },
        job.out,
    )
    # Scan by scan, with labels: for the custodian alone.
    place = job.out / "tables" / "treatment.tsv"
    put_in_place({place: table_text(table).encode()}, job.out, mode=0o600)
    return report


def _images(job: Job, scans: Sequence[Scan], results: Sequence[TreatResult]) -> tuple[int, int]:
    """How many images the data set holds, and how many of them are not in the copy.

    Copies under other names, hidden folders and archives count: a face is left in each of them.
    """
    listed = list_files(job)
    if listed is None:
        return 0, 0
    problems = ((one.reason or "not written") if one.status == "failed" else "" for one in results)
    looked = looked_by("deface", scans, problems, job.sources[0].name)
    counts = counted(judged(listed, looked))
    return counts.images, counts.images - counts.looked_at


@contextmanager
def converted(job: Job) -> Iterator[Job]:
    """The job with a place outside the output for converted DICOM, which is not treated yet."""
    if job.work_dir is not None:
        yield job
        return
    parent, prefix = Path(tempfile.gettempdir()), "headrisk-"
    sweep(parent, prefix, marked_only=True)
    with scratch_folder(parent, prefix) as place:
        yield replace(job, work_dir=place / "work")


def _treat_all(
    scans: Sequence[Scan], job: Job, tool: Tool, log: CostLog
) -> tuple[TreatResult, ...]:
    """A result for every scan, in order."""
    source = job.sources[0].path
    root = str(source.resolve()) if source.is_dir() else ""
    tasks = [
        TreatTask(
            scan.scan_id,
            scan.path,
            root,
            scan.suffix,
            str(job.out),
            stem,
            tool.name,
            job.settings.accurate,
            (job.settings.seed, number),
        )
        for number, (scan, stem) in enumerate(zip(scans, stems(scans), strict=True))
    ]
    usable = [k for k, scan in enumerate(scans) if scan.status == "ok"]
    found: dict[int, TreatResult] = {
        k: TreatResult(scan.scan_id, "failed", scan.reason)
        for k, scan in enumerate(scans)
        if scan.status != "ok"
    }
    with stage(STAGE, len(scans), log, recorded(job)) as listen:
        tally = Tally(STAGE, listen, done=len(found), failed=len(found))

        def on_done(place: int, result: TreatResult | WorkerLost) -> None:
            k = usable[place]
            if isinstance(result, WorkerLost):
                _tidy(tasks[k])
                sweep_output(job.out)
                result = TreatResult(tasks[k].scan_id, "failed", result.reason)
            elif result.status == "failed":
                _tidy(tasks[k])
            found[k] = result
            tally.add([result.status == "failed"])

        run_tasks(treat, [tasks[k] for k in usable], processes=job.processes, on_done=on_done)
    return tuple(found[k] for k in range(len(scans)))


def _tidy(task: TreatTask) -> None:
    """Nothing stays of a scan that was not treated: no half-written file, no earlier result."""
    for path in treated_files(task):
        path.unlink(missing_ok=True)
        path.with_name(f".{path.name}.part").unlink(missing_ok=True)  # of an earlier version


def _require_room(job: Job, tool: Tool) -> None:
    """Refuse an output folder that holds something else than the same treatment's results."""
    out = job.out
    if written_by_deface(out):
        before = (out / "dataset_description.json").read_text("utf-8")
        if f"deface --tool {tool.name}" in before:
            return
        found = "the output of another tool"
    else:
        require_out(job)
        if not out.is_dir() or {path.name for path in out.iterdir()} <= {LOG}:  # killed early
            return
        found = "a folder that holds something"
    raise UsageError(
        f"output folder {out}",
        found=found,
        expected="a new or empty folder, or an earlier output of the same tool",
        remedy="Give another output folder.",
    )
