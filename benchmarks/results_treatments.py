"""De-identification methods on synthetic people: the tables of docs/results-methods.md.

    python benchmarks/results_treatments.py --work results-treatments --out docs

Makes 84 twins (seed 7) with five photographs each, scanned at 1 mm as T1w, treats every scan by
each built-in tool, and compares untreated and treated scans as ``headrisk audit --treated`` does.
Nothing was tuned on these people. A second call with the same folder takes what is there, and the
folder may be one of ``results_face.py``. Tables go between the marks of the page; what stands
outside of them stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from results_face import EMBEDDINGS, SEED, Cohort, cohort_parser, interval, make_cohort, shown

from headrisk import __version__
from headrisk.attacks.attack import Context
from headrisk.dataset.gather import Source
from headrisk.deidentify import comparison as treated
from headrisk.deidentify.comparison_cost import CUT
from headrisk.deidentify.sidecar import dataset_files, stems
from headrisk.deidentify.tools import tools
from headrisk.deidentify.treat import TreatTask, treat_file, treated_files
from headrisk.findings.deidentified import Effect, Treatment
from headrisk.findings.records import Internal
from headrisk.intake import index, take_in
from headrisk.job import Job
from headrisk.run.engine import mapper
from headrisk.run.provenance import CostLog
from headrisk.run.scratch import put_in_place
from headrisk.settings import Settings
from headrisk.statistics.intervals import share_of_people
from headrisk.types import Estimate, FloatArray

PAGE = "results-methods.md"
SETTINGS = Settings(recognisers=EMBEDDINGS, contrasts=("T1w",))
DICE = "overlap of brain masks"
Labels = tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """One treatment: the public figures, and cost by scan in the order of the internal table."""

    treatment: Treatment
    cut: FloatArray
    dice: FloatArray

    @property
    def name(self) -> str:
        """Of the tool."""
        return self.treatment.name


def treat_all(data: Path, out: Path, tool: str, people: Labels, processes: int) -> None:
    """Treat every scan that has no result yet."""
    scans = index(Job((Source(data),), out, SETTINGS, participants=people))[0]
    put_in_place({out / name: raw for name, raw in dataset_files(tool, __version__).items()}, out)
    tasks = [
        TreatTask(
            scan.scan_id,
            scan.path,
            str(data.resolve()),
            scan.suffix,
            str(out),
            stem,
            tool,
            False,
            (SETTINGS.seed, number),
        )
        for number, (scan, stem) in enumerate(zip(scans, stems(scans), strict=True))
    ]
    missing = [task for task in tasks if not treated_files(task)[-1].exists()]
    mapper(processes)(_treat, missing)


def _treat(task: TreatTask) -> float:
    return treat_file(task)[1].seconds


def measure(cohort: Cohort, work: Path, tool: str, people: Labels, processes: int) -> Result:
    """Treat the scans and compare them with the untreated ones."""
    treat_all(cohort.thin, work / tool, tool, people, processes)
    job = Job(
        (Source(cohort.thin),),
        work / "out",
        SETTINGS,
        processes=processes,
        participants=people,
        modalities=("face",),
        photos=cohort.photos,
        deidentified=(Source(work / tool, tool),),
    )
    log = CostLog()
    found = treated.measure(Context(take_in(job, log), job, log))
    inside = found.internal[0]
    return Result(found.treatments[0], column(inside, tool, CUT), column(inside, tool, DICE))


def column(inside: Internal, tool: str, name: str) -> FloatArray:
    """A column of the custodian's table of costs, without scans that have no figure."""
    table = inside.tables[f"treated-{tool}-cost"]
    place = table.columns.index(name.replace(" ", "_"))
    return np.array([row[place] for row in table.rows if row[place] is not None], np.float64)


def head(*names: str) -> list[str]:
    """Head of a table."""
    return ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]


def line(*cells: object) -> str:
    """A row of a table."""
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def of_faces(results: Sequence[Result]) -> Iterable[str]:
    """Photographs against scans, before and after."""
    yield from head(
        "treatment",
        "attacker",
        "measure",
        "untreated",
        "after, of all people",
        "FTA",
        "after, of those with a face to compare",
        "paired change",
        "guessing",
    )
    for result in results:
        for effect in result.treatment.effects:
            if effect.modality == "face" and shown(effect.measure):
                yield line(result.name, effect.attacker, f"`{effect.measure}`", *_rates(effect))


def _rates(effect: Effect) -> Iterable[str]:
    change = effect.rank1
    yield interval(effect.untreated)
    yield interval(effect.found)
    yield interval(effect.failure_share)
    yield f"{interval(change.after)} of {effect.people}" if change else "nobody"
    yield signed(change.difference) if change else "-"
    yield f"{effect.chance:.3f}" if effect.chance else "-"


def signed(difference: Estimate) -> str:
    """A drop of a rate as a change with its sign, and its interval."""
    return f"{-difference.value:+.3f} ({-difference.high:+.3f} to {-difference.low:+.3f})"


def of_presence(results: Sequence[Result]) -> Iterable[str]:
    """Is a face left?"""
    names = list(next(r.treatment.face_left.seen for r in results if r.treatment.face_left))
    yield from head(
        "treatment",
        "scans with skin",
        "face left: yes",
        "unclear",
        "no",
        *(f"seen by {name} (before)" for name in names),
    )
    for result in results:
        left = result.treatment.face_left
        if left is None:
            continue
        verdicts = [left.verdicts.get(answer, 0) for answer in ("yes", "unclear", "no")]
        seen = [f"{left.seen[name][1]} ({left.seen[name][0]})" for name in names]
        yield line(result.name, left.scans, *verdicts, *seen)


def of_cost(results: Sequence[Result]) -> Iterable[str]:
    """What it costs the brain."""
    yield from head(
        "treatment",
        "scans",
        "no brain voxel cut",
        "largest loss, share of the brain",
        "Dice of the masks, mean",
        "Dice, least",
        "brain volume, mean change",
        "shift of the alignment, mean, mm",
    )
    for result in results:
        whole = share_of_people((result.cut == 0).astype(np.float64))
        volume = result.treatment.figure("brain volume")
        shift = result.treatment.figure("shift of the alignment")
        yield line(
            result.name,
            result.cut.size,
            interval(whole),
            f"{result.cut.max():.2e}",
            f"{result.dice.mean():.4f}",
            f"{result.dice.min():.4f}",
            f"{volume.mean.value:+.4f}" if volume and volume.mean else "-",
            f"{shift.mean.value:.3f}" if shift and shift.mean else "-",
        )


def of_brains(results: Sequence[Result]) -> Iterable[str]:
    """Does the brain still lead to the untreated scan?"""
    yield from head(
        "treatment", "treated scan finds the scan it was made from", "among", "guessing"
    )
    for result in results:
        own = result.treatment.own_scan
        if own is not None:
            chance = f"{own.chance:.3f}" if own.chance else "-"
            yield line(result.name, interval(own.found), own.gallery, chance)


SECTIONS: tuple[tuple[str, str, Callable[[Sequence[Result]], Iterable[str]]], ...] = (
    ("faces", "Photographs against scans", of_faces),
    ("presence", "Is a face left?", of_presence),
    ("cost", "Cost to the brain", of_cost),
    ("brains", "The brain still leads to the untreated scan", of_brains),
)


def written(page: str, results: Sequence[Result]) -> str:
    """The page with each table between its marks; a section that it lacks is added."""
    for name, title, lines in SECTIONS:
        first, last = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        if first not in page:
            page += f"\n## {title}\n\n{first}\n{last}\n"
        before, rest = page.split(first, 1)
        after = rest.split(last, 1)[1]
        page = "\n".join([before + first, "", *lines(results), "", last]) + after
    return page


def main() -> None:
    parser = cohort_parser(__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--tools", nargs="+", choices=list(tools()), default=list(tools()))
    parser.add_argument("--first", type=int, help="only so many of the people")
    arguments = parser.parse_args()
    work, page = arguments.work, arguments.out / PAGE
    cohort = make_cohort(work, arguments.people, arguments.seed, arguments.processes)
    scans = index(Job((Source(cohort.thin),), work / "out", SETTINGS))[0]
    people = tuple(scan.participant_id for scan in scans)[: arguments.first]
    run = partial(measure, cohort, work, people=people, processes=arguments.processes)
    results: list[Result] = []
    for tool in arguments.tools:
        results.append(run(tool))
        text = page.read_text("utf-8") if page.exists() else "# Treatments of synthetic twins\n"
        page.write_text(written(text, results), encoding="utf-8")
        print(tool, "done", flush=True)


if __name__ == "__main__":
    main()
