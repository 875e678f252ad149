"""Scans found by other scans of the same face: the tables between the marks of results-face.md.

    python benchmarks/results_face_scans.py --work face-scans --out docs

Makes synthetic people (8, seed 4031) whose T1w of one day is searched for the person of another
day's image: T1w, T2w, FLAIR, thick slices, CT, PET, and de-identified T1w as it is and with its
face filled in. Between the days the person gained or lost weight, the cheeks hang otherwise, the
ears are pressed otherwise, the face is held otherwise, and the surface has another error
(``OTHER_DAY``). Nothing was chosen on these people. What was made before stays in the folder, so
that a broken-off run goes on.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
from kept import write_between
from masks_of_others import OTHERS, write_masked

from headrisk.deidentify.comparison_face import look_at_repaired
from headrisk.deidentify.treat import TreatTask, treat_file, treated_files
from headrisk.face.head import HeadResult, HeadTask, look_at_head
from headrisk.face.recognise.registry import recognisers
from headrisk.face.render.protocols import SCANS
from headrisk.face.scores import scan_scores
from headrisk.face.stored import HEADS
from headrisk.heads.identity import draw_identity
from headrisk.heads.shapes import load_shapes
from headrisk.io.digests import entry_key
from headrisk.run.engine import mapper
from headrisk.run.store import open_store
from headrisk.statistics.intervals import share_of_people
from headrisk.statistics.rates import mate_ranks
from headrisk.synthetic.people.kinds import KINDS, Kind, render_kind
from headrisk.synthetic.people.session import OTHER_DAY, draw_visit
from headrisk.types import Estimate, PairScores

PAGE, MARK = "results-face.md", "face-scans"
_SAG_MM, _EARS = 2.0, 0.7
_VOXEL = (1.25, 1.25, 1.25)
VERSION = 2  # raise when what is made changes


@dataclass(frozen=True)
class Condition:
    """An image of one day: how it is made, and what is done to it."""

    name: str
    kind: Kind
    suffix: str
    tool: str = ""
    repaired: bool = False


_T1W = Kind("T1w", _VOXEL)
GALLERY = Condition("T1w of the first day", _T1W, "T1w")
PROBES = (
    Condition("T1w", _T1W, "T1w"),
    Condition("T2w", Kind("T2w", _VOXEL), "T2w"),
    Condition("FLAIR", Kind("FLAIR", _VOXEL), "FLAIR"),
    Condition("T1w, slices of 5 mm", Kind("T1w", (0.9, 0.9, 5.0)), "T1w"),
    Condition("CT", KINDS["CT"], "CT"),
    Condition("FDG-PET", KINDS["fdg"], "pet"),
    Condition("amyloid PET", KINDS["amyloid"], "pet"),
    Condition("T1w after `template`", _T1W, "T1w", "template"),
    Condition("T1w after `template`, filled in", _T1W, "T1w", "template", repaired=True),
    Condition("T1w after `reface`", _T1W, "T1w", "reface"),
    Condition("T1w after `quickshear`", _T1W, "T1w", "quickshear"),
    Condition("T1w after `quickshear`, filled in", _T1W, "T1w", "quickshear", repaired=True),
)


WITH_OTHERS = tuple(
    Condition(f"T1w after {tool}'s mask{words}", _T1W, "T1w", tool, repaired)
    for tool in OTHERS
    for repaired, words in ((False, ""), (True, ", filled in"))
)


@dataclass(frozen=True)
class Task:
    """One person's image of one condition."""

    person: int
    day: int
    condition: Condition
    seed: int
    recognisers: tuple[str, ...]
    store: str

    @property
    def key(self) -> str:
        """Of the result in the store."""
        chosen = {
            "person": self.person,
            "day": self.day,
            "condition": repr(self.condition),
            "seed": self.seed,
            "recognisers": self.recognisers,
        }
        return entry_key("bench-face-scans", VERSION, chosen, [])


def image_of(task: Task, folder: Path) -> Path:
    """Make the image of a condition, before any tool."""
    shapes, c = load_shapes(), task.condition
    identity = draw_identity(shapes, np.random.default_rng((task.seed, task.person)))
    of_visit, of_scan = np.random.default_rng((task.seed, task.person, task.day)).spawn(2)
    visit = draw_visit(shapes, identity, _SAG_MM, _EARS, OTHER_DAY, of_visit)
    data, affine = render_kind(identity, shapes, c.kind, of_scan, visit)
    path = folder / f"image_{c.suffix}.nii"
    nibabel.save(nibabel.Nifti1Image(np.round(data).astype(np.int16), affine), path)
    return path


def treated(condition: Condition, path: Path, seed: int, folder: Path) -> Path:
    """The image after the condition's tool, or as it is where there is none."""
    tool, suffix = condition.tool, condition.suffix
    if not tool:
        return path
    if tool in OTHERS:
        out = folder / "out" / path.name
        write_masked(path, out, suffix, tool)
        return out
    work = TreatTask("x", str(path), "", suffix, str(folder), "out", tool, False, (seed, 0))
    treat_file(work)
    return treated_files(work)[-1]


def look(task: Task) -> HeadResult:
    """Make the image, treat it where asked, and look at its head."""
    c = task.condition
    with tempfile.TemporaryDirectory() as name:
        path = treated(c, image_of(task, Path(name)), task.seed, Path(name))
        label = f"person {task.person}"
        head = HeadTask(label, str(path), c.suffix, False, SCANS.name, 224, 0, task.recognisers)
        return look_at_repaired(head) if c.repaired else look_at_head(head)


def heads_of(condition: Condition, day: int, options: argparse.Namespace) -> list[HeadResult]:
    """What looking at every person's image gave, from the folder where it was made before."""
    store = open_store(options.work / "store")
    tasks = [
        Task(person, day, condition, options.seed, tuple(options.recognisers), str(options.work))
        for person in range(options.people)
    ]
    missing = [t for t in tasks if store.recall(t.key, on_damage=lambda error: None) is None]
    made = dict(
        zip((t.key for t in missing), mapper(options.processes)(_kept, missing), strict=True)
    )
    found = []
    for task in tasks:
        entry = store.recall(task.key, on_damage=lambda error: None)
        head = HeadTask(f"person {task.person}", "", condition.suffix, False, "", 0, 0, ())
        found.append(made[task.key] if entry is None else HEADS.restore(head, entry))
    return found


def _kept(task: Task) -> HeadResult:
    result = look(task)
    entry = HEADS.entry(result)
    if entry is not None:
        open_store(Path(task.store) / "store").write(task.key, entry)
    return result


def found_at_rank_1(
    probes: Sequence[HeadResult], gallery: Sequence[HeadResult], names: Sequence[str]
) -> dict[str, Estimate]:
    """Share of all people found under every measure; whose image shows no face is not found."""
    searched = [k for k, head in enumerate(probes) if head.searchable]
    present = [k for k, head in enumerate(gallery) if head.searchable]
    if not searched:
        return {}
    scores = scan_scores(
        [probes[k] for k in searched],
        [gallery[k] for k in present],
        np.ones((len(searched), len(present)), np.bool_),
        recognisers(tuple(names), {}),
    )
    out = {}
    for name, one in scores.items():
        pairs = PairScores(name, one.values, one.usable, np.array(searched), np.array(present))
        ranks = mate_ranks(pairs)
        hits = np.zeros(len(probes))
        hits[ranks.person] = ranks.within(1)
        estimate = share_of_people(hits)
        if estimate is not None:
            out[name] = estimate
    return out


def table(options: argparse.Namespace) -> list[str]:
    """The page's rows: one a condition, with every measure."""
    gallery = heads_of(GALLERY, 0, options)
    rows: list[tuple[Condition, int, dict[str, Estimate]]] = []
    for condition in (*PROBES, *(WITH_OTHERS if options.others else ())):
        if options.only and not any(word in condition.name for word in options.only):
            continue
        probes = heads_of(condition, 1, options)
        lost = sum(not head.searchable for head in probes)
        rows.append((condition, lost, found_at_rank_1(probes, gallery, options.recognisers)))
        print(condition.name, "done", flush=True)
    names = list(dict.fromkeys(name for _, _, found in rows for name in found))
    nobody = share_of_people(np.zeros(options.people))
    lines = [
        f"| image of the other day | shows no face | {' | '.join(f'`{name}`' for name in names)} |",
        "|" + "---|" * (len(names) + 2),
    ]
    for condition, lost, found in rows:
        cells = [
            "-" if e is None else f"{e.value:.3f} ({e.low:.3f}-{e.high:.3f})"
            for e in (found.get(name, nobody) for name in names)
        ]
        lines.append(f"| {condition.name} | {lost} of {options.people} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Make what is missing, and write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("face-scans"))
    parser.add_argument("--out", type=Path, help="folder of the page; printed if not given")
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--seed", type=int, default=4031)
    parser.add_argument("--recognisers", nargs="+", default=["dlib", "faceres", "sface"])
    parser.add_argument("--only", nargs="+", help="conditions with one of these words alone")
    parser.add_argument("--others", action="store_true", help="the masks of other packages too")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    text = "\n".join(table(options))
    if options.out is None:
        print(text)
        return
    write_between(options.out / PAGE, MARK, [text, ""])


if __name__ == "__main__":
    main()
