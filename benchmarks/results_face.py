"""Faces of synthetic twins: the tables of docs/results-face.md.

    python benchmarks/results_face.py --work results-face --out docs

Makes 84 twins (seed 7) with five photographs each, scans them at 1 mm as T1w, T2w and FLAIR and
with slices of 5 mm as T1w, and asks every recogniser under every protocol and way of matching.
Nothing was tuned on these people: cohorts for development had seeds of 1000 and above. A second
call with the same folder takes what is there.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from headrisk.attacks.face import Faces, look, match, plan
from headrisk.dataset.gather import Source
from headrisk.face.packed import Packed
from headrisk.face.recognise.registry import recognisers
from headrisk.face.render.protocols import HEADRISK_CAMERAS, HEADRISK_LIGHTS
from headrisk.intake import take_in
from headrisk.job import Job
from headrisk.run.engine import mapper
from headrisk.run.provenance import CostLog
from headrisk.settings import FaceProtocol, Settings
from headrisk.statistics.rates import cumulative_match, mate_ranks
from headrisk.statistics.summary import MeasureSummary, summarise
from headrisk.synthetic.people.cohort import TwinSettings, write_twins
from headrisk.synthetic.people.volume import TwinScanSettings
from headrisk.types import Estimate, PairScores

PEOPLE, SEED, PHOTOS = 84, 7, 5
PROTOCOLS: tuple[FaceProtocol, ...] = ("headrisk", "nejm2019", "mayo2024")
EMBEDDINGS = ("dlib", "faceres")
KEY_POINTS = ("orb", "sift")
THIN, THICK = (1.0, 1.0, 1.0), (1.0, 1.0, 5.0)


@dataclass(frozen=True)
class Cohort:
    """Folders of the twins: thin slices with photographs, thick slices without."""

    thin: Path
    thick: Path
    photos: Path


def make_cohort(work: Path, people: int, seed: int, processes: int) -> Cohort:
    """Write the twins, or take those that are there."""
    cohort = Cohort(work / "thin", work / "thick", work / "photos" / "photos.tsv")
    shared = TwinSettings(sessions=1, photos=PHOTOS, contrasts=("T1w", "T2w", "FLAIR"))
    thin = replace(shared, scan=TwinScanSettings(voxel_mm=THIN))
    thick = replace(shared, scan=TwinScanSettings(voxel_mm=THICK), contrasts=("T1w",), photos=0)
    run = mapper(processes)
    for folder, photos, settings in (
        (cohort.thin, work / "photos", thin),
        (cohort.thick, work / "no-photos", thick),
    ):
        if not (folder / "participants.tsv").exists():
            write_twins(folder, photos, people, settings, np.random.default_rng(seed), mapper=run)
    return cohort


def look_at(data: Path, work: Path, photos: Path, settings: Settings, processes: int) -> Faces:
    """Heads and photographs of one condition; results are kept in ``work``."""
    job = Job(
        (Source(data),),
        work,
        settings,
        processes=processes,
        modalities=("face",),
        photos=photos,
    )
    log = CostLog()
    return look(take_in(job, log), job, log)


def scores_of(faces: Faces, settings: Settings, work: Path) -> Mapping[str, PairScores]:
    """Scores of every measure."""
    job = Job((Source(work),), work, settings, modalities=("face",))
    return match(faces, plan(faces), recognisers(settings.recognisers, {}), job, CostLog())[0]


def rates(scores: PairScores) -> tuple[MeasureSummary, float]:
    """Summary with person-level intervals, and the share of people within the first five."""
    found = summarise(scores, settings=Settings(bootstrap=1000), rng=np.random.default_rng(0))
    ranks = cumulative_match(mate_ranks(scores))
    return found, float(ranks[min(5, len(ranks)) - 1])


def row(cells: Sequence[str], scores: PairScores) -> str:
    """One line of a table: rank-1 and its interval, top five, AUC, and the control attack."""
    found, five = rates(scores)
    shuffled = found.shuffled
    control = "-" if shuffled is None else f"{shuffled.rank1:.3f} ({shuffled.rank1_high:.3f})"
    figures = [interval(found.rank1), f"{five:.3f}", number(found.auc), control]
    return "| " + " | ".join([*cells, *figures]) + " |"


def header(*names: str) -> list[str]:
    """Head of a table with these first columns."""
    columns = [*names, "rank 1 (95 %)", "top 5", "AUC", "labels shuffled, rank 1 (95 % below)"]
    return ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]


def interval(rate: Estimate | None) -> str:
    """A rate with its interval."""
    return (
        "too little data" if rate is None else f"{rate.value:.3f} ({rate.low:.3f}-{rate.high:.3f})"
    )


def number(estimate: Estimate | None) -> str:
    """A figure without its interval."""
    return "-" if estimate is None else f"{estimate.value:.3f}"


def some_renders(faces: Faces, keep: np.ndarray) -> Faces:
    """The same heads as if only these renders had been made."""
    heads = tuple(
        replace(head, templates={name: _cut(one, keep) for name, one in head.templates.items()})
        for head in faces.heads
    )
    return replace(faces, heads=heads)


def _cut(packed: Packed, keep: np.ndarray) -> Packed:
    """Templates of the images to keep, in order."""
    length = np.maximum(packed.counts, 0)
    rows = np.repeat(keep, length)
    inner = None if packed.inner is None else packed.inner[keep[packed.found]]
    return Packed(packed.rows[rows], packed.counts[keep], inner)


def some_photos(faces: Faces, count: int) -> Faces:
    """The same people as if only their first photographs had been given."""
    taken: dict[str, int] = {}
    photos, results, place = [], [], 0
    for photo in faces.photos:
        if not photo.usable:
            photos.append(photo)
            continue
        number_of = taken.get(photo.participant_id, 0)
        taken[photo.participant_id] = number_of + 1
        if number_of < count:
            photos.append(photo)
            results.append(faces.results[place])
        place += 1
    return replace(faces, photos=tuple(photos), results=tuple(results))


def render_subsets() -> Iterable[tuple[str, np.ndarray]]:
    """Which renders of the headrisk protocol to keep, with words for it."""
    camera = np.repeat(np.arange(len(HEADRISK_CAMERAS)), len(HEADRISK_LIGHTS))
    light = np.tile(np.arange(len(HEADRISK_LIGHTS)), len(HEADRISK_CAMERAS))
    azimuth = np.array([one[0] for one in HEADRISK_CAMERAS])[camera]
    elevation = np.array([one[1] for one in HEADRISK_CAMERAS])[camera]
    front = (azimuth == 0) & (elevation == 0)
    yield f"all {camera.size}", np.ones(camera.size, bool)
    yield "1: front, light from the middle", front & (light == 0)
    yield "3: front, three lights", front
    yield f"{len(HEADRISK_CAMERAS)}: all views, light from the middle", light == 0
    yield f"{len(HEADRISK_CAMERAS)}: all views, light from one side", light == 1
    turned = np.abs(azimuth) >= 30
    yield f"{int(turned.sum())}: turned by 30 degrees or more only", turned
    yield f"{int((~turned).sum())}: without those", ~turned


def sections(
    work: Path, people: int, seed: int, processes: int
) -> Iterable[tuple[str, Sequence[str]]]:
    """Title and lines of every table."""
    cohort = make_cohort(work, people, seed, processes)
    out, networks = work / "out", Settings(recognisers=EMBEDDINGS)
    base = look_at(cohort.thin, out, cohort.photos, asked(PROTOCOLS[0]), processes)
    yield title(PROTOCOLS[0]), list(by_measure(base, PROTOCOLS[0], out))
    yield "Contrast and slices", list(contrasts(cohort, base, networks, out, processes))
    yield "Number of photographs", list(by_photos(base, networks, out))
    yield "Renders", list(by_renders(base, networks, out))
    for protocol in PROTOCOLS[1:]:
        faces = look_at(cohort.thin, out, cohort.photos, asked(protocol), processes)
        yield title(protocol), list(by_measure(faces, protocol, out))


def title(protocol: FaceProtocol) -> str:
    """Heading of a protocol's table."""
    return f"Protocol `{protocol}`: all recognisers and ways of matching"


def asked(protocol: FaceProtocol) -> Settings:
    """Everybody is asked under a protocol."""
    return Settings(recognisers=(*EMBEDDINGS, *KEY_POINTS), face_protocol=protocol)


def by_measure(faces: Faces, protocol: FaceProtocol, out: Path) -> Iterable[str]:
    """Lines of every measure (T1w, 1 mm, five photographs)."""
    yield from header("measure")
    for name, one in scores_of(faces, asked(protocol), out).items():
        yield row((f"`{name}`",), one)


def contrasts(
    cohort: Cohort, base: Faces, settings: Settings, out: Path, processes: int
) -> Iterable[str]:
    """Lines by contrast and slice thickness."""
    yield from header("scan", "heads that failed", "measure")
    for label, data, suffix in (
        ("T1w, 1 mm", cohort.thin, "T1w"),
        ("T2w, 1 mm", cohort.thin, "T2w"),
        ("FLAIR, 1 mm", cohort.thin, "FLAIR"),
        ("T1w, slices of 5 mm", cohort.thick, "T1w"),
    ):
        chosen = replace(asked(PROTOCOLS[0]), contrasts=(suffix,))
        faces = (
            base if label == "T1w, 1 mm" else look_at(data, out, cohort.photos, chosen, processes)
        )
        failed = sum(head.status == "failed" for head in faces.heads)
        for name, one in scores_of(faces, settings, out).items():
            if shown(name):
                yield row((label, f"{failed} of {len(faces.heads)}", f"`{name}`"), one)


def by_photos(base: Faces, settings: Settings, out: Path) -> Iterable[str]:
    """Lines by the number of photographs of each person."""
    yield from header("photographs", "measure")
    for count in range(1, PHOTOS + 1):
        for name, one in scores_of(some_photos(base, count), settings, out).items():
            if shown(name):
                yield row((str(count), f"`{name}`"), one)


def by_renders(base: Faces, settings: Settings, out: Path) -> Iterable[str]:
    """Lines by the views and lights of the renders."""
    yield from header("renders", "measure")
    for label, keep in render_subsets():
        for name, one in scores_of(some_renders(base, keep), settings, out).items():
            if shown(name):
                yield row((label, f"`{name}`"), one)


def shown(name: str) -> bool:
    """Whether a measure stands in the tables of effects."""
    return name == "headrisk" or name.endswith(("-svm", "-sum"))


def cohort_parser(description: str | None) -> argparse.ArgumentParser:
    """Words of the command line that every table of these twins takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--processes", type=int, default=2)
    return parser


def main() -> None:
    arguments = cohort_parser(__doc__).parse_args()
    text = []
    plan_of = (arguments.people, arguments.seed, arguments.processes)
    for heading, lines in sections(arguments.work, *plan_of):
        print(f"\n### {heading}\n", *lines, sep="\n", flush=True)
        text += [f"### {heading}", "", *lines, ""]
        (arguments.out / "results-face-tables.md").write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
