"""Faces of synthetic people by photographs: the tables between the marks of docs/results-face.md.

    python benchmarks/results_face.py --work results-face --out docs

Makes 84 people of each of three seeds with five photographs each, scans them as T1w at 1 mm, and
asks every recogniser by every way of matching. The first people of the first seed are scanned as
T2w and FLAIR, with slices of 3 and 5 mm, as CT and as PET too, and rendered by the published
protocols. Nothing was chosen on these people. What was made of a person stays in the folder, so
that a broken-off run goes on; ``--tables`` asks for some of the tables alone.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from kept import write_between

from headrisk.attacks.face import Faces, match, plan
from headrisk.dataset.gather import Source
from headrisk.dataset.scans import Scan
from headrisk.face.head import HeadTask, look_at_head
from headrisk.face.packed import Packed
from headrisk.face.photo_table import Photo
from headrisk.face.photos import PhotoTask, describe_photo
from headrisk.face.recognise.registry import recognisers
from headrisk.face.render.protocols import HEADRISK_CAMERAS, HEADRISK_LIGHTS
from headrisk.face.stored import HEADS, PHOTOS
from headrisk.heads.shapes import load_shapes
from headrisk.io.digests import entry_key
from headrisk.job import Job
from headrisk.run.engine import mapper
from headrisk.run.provenance import CostLog
from headrisk.run.store import Entry, open_store
from headrisk.settings import FaceProtocol, Settings
from headrisk.statistics.intervals import share_of_people
from headrisk.statistics.rates import mate_ranks
from headrisk.synthetic.people.cohort import PeopleSettings, draw_looks, write_person
from headrisk.synthetic.people.kinds import KINDS, render_kind
from headrisk.synthetic.people.photo import PersonPlan, PhotoPlants, plan_photos
from headrisk.synthetic.people.volume import PersonScanSettings
from headrisk.synthetic.phantom.bids import write_image
from headrisk.types import Estimate, PairScores

PEOPLE, PHOTOS_EACH = 84, 5
PROTOCOLS: tuple[FaceProtocol, ...] = ("headrisk", "nejm2019", "mayo2024")
EMBEDDINGS = ("dlib", "faceres", "sface")
THIN, THICK = (1.0, 1.0, 1.0), (1.0, 1.0, 5.0)
VERSION = 1  # raise when what is made of a person changes
PAGE, MARK = "results-face.md", "photographs"
SHOWN = ("headrisk", "dlib-sum", "dlib-svm", "faceres-sum", "faceres-svm", "sface-sum", "sface-svm")


@dataclass(frozen=True)
class Condition:
    """How a person is scanned."""

    name: str
    contrast: str = "T1w"
    voxel_mm: tuple[float, float, float] = THIN
    kind: str = field(default="", repr=False)  # of KINDS, where no MR is made; the name tells it


T1W = Condition("T1w, 1 mm")
CONDITIONS = (
    T1W,
    Condition("T2w, 1 mm", "T2w"),
    Condition("FLAIR, 1 mm", "FLAIR"),
    Condition("T1w, slices of 3 mm", voxel_mm=(1.0, 1.0, 3.0)),
    Condition("T1w, slices of 5 mm", voxel_mm=THICK),
    Condition("CT, 0.9 by 0.9 by 1.5 mm", "CT", kind="CT"),
    Condition("FDG-PET, blurred by 5 mm", "pet", kind="fdg"),
    Condition("amyloid PET, blurred by 5 mm", "pet", kind="amyloid"),
)


@dataclass(frozen=True)
class Task:
    """One person under one condition; the photographs where there is none.

    ``published`` is the spread of shapes in times that of published surveys, 0 for the shape
    model's own; ``weights`` are files of weights by recogniser.
    """

    seed: int
    person: int
    condition: Condition | None
    protocol: FaceProtocol
    store: str
    recognisers: tuple[str, ...] = EMBEDDINGS
    weights: tuple[tuple[str, str], ...] = ()
    published: float = 0.0

    @property
    def keys(self) -> list[str]:
        """Of the results in the store: the head's, or the photographs'."""
        chosen: dict[str, object] = {
            "seed": self.seed,
            "person": self.person,
            "condition": repr(self.condition),
            "protocol": "" if self.condition is None else self.protocol,
            "recognisers": self.recognisers,
        }
        if self.published:
            chosen["published"] = self.published
        count = PHOTOS_EACH if self.condition is None else 1
        return [entry_key("bench-face", VERSION, {**chosen, "number": k}, []) for k in range(count)]


def person_plan(seed: int, person: int) -> PersonPlan:
    """The plan that ``write_people`` has for a person, however many people there are."""
    _, names, *own = np.random.default_rng(seed).spawn(person + 3)
    return plan_photos(person + 1, PHOTOS_EACH, PhotoPlants(), own, names)[person]


def keep(task: Task) -> None:
    """Make a person's scan or photographs, look at them, and keep what that gave."""
    own, c = person_plan(task.seed, task.person), task.condition
    store = open_store(Path(task.store))
    spread = {"identity": task.published, "published": True} if task.published else {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if c is None:
            settings = PeopleSettings(photos=PHOTOS_EACH, contrasts=(), **spread)
            write_person(folder, folder, settings, own)
            found = [
                describe_photo(PhotoTask(str(folder / one.name), task.recognisers, task.weights))
                for one in own.photos
            ]
            entries = [
                PHOTOS.entry(one) or Entry({}, {"reason": one.reason, "seconds": one.seconds})
                for one in found
            ]
        else:
            scan = PersonScanSettings(voxel_mm=c.voxel_mm)
            settings = PeopleSettings(photos=0, contrasts=(c.contrast,), scan=scan, **spread)
            if c.kind:
                path = write_kind(folder, settings, own, c)
            else:
                written = write_person(folder, folder, settings, replace(own, photos=()))
                path = folder / written[0].path
            head = look_at_head(_head_task(task, str(path)))
            entry = HEADS.entry(head)
            if entry is None:
                raise SystemExit(f"person {task.person} of seed {task.seed}: {head.reason}")
            entries = [entry]
    for key, one in zip(task.keys, entries, strict=True):
        store.write(key, one)


def write_kind(
    folder: Path, settings: PeopleSettings, own: PersonPlan, condition: Condition
) -> Path:
    """Write the CT or PET of the person whom ``write_person`` would scan and photograph."""
    of_shape, _, of_scans, *_ = own.rng.spawn(5)
    identity, _ = draw_looks(
        of_shape, settings.identity, settings.photo, published=settings.published
    )
    data, affine = render_kind(identity, load_shapes(), KINDS[condition.kind], of_scans)
    path = folder / f"image_{condition.contrast}.nii.gz"
    write_image(path, np.round(data).astype(np.int16), affine)
    return path


def _head_task(task: Task, path: str) -> HeadTask:
    c = task.condition or T1W
    return HeadTask(
        _label(task),
        path,
        c.contrast,
        False,
        task.protocol,
        224,
        0,
        task.recognisers,
        task.weights,
    )


def _label(task: Task) -> str:
    return f"{task.person:03d}"


def faces_of(
    condition: Condition, protocol: FaceProtocol, seed: int, options: argparse.Namespace
) -> Faces:
    """Heads and photographs of a seed's people; what is missing is made."""
    place = str(options.work / "store")
    return faces_by(Task(seed, 0, condition, protocol, place), options)


def faces_by(like: Task, options: argparse.Namespace) -> Faces:
    """Heads and photographs of people who are made and looked at as one of them is."""
    store, condition = open_store(Path(like.store)), like.condition or T1W
    both = [
        [replace(like, person=person, condition=one) for person in range(options.people)]
        for one in (None, condition)
    ]

    def recalled(key: str) -> Entry | None:
        return store.recall(key, on_damage=lambda error: None)

    missing = [t for tasks in both for t in tasks if any(recalled(k) is None for k in t.keys)]
    for _ in mapper(options.processes)(keep, missing):
        pass
    photos, results, scans, heads = [], [], [], []
    for of_photos, of_head in zip(*both, strict=True):
        entry = recalled(of_head.keys[0])
        assert entry is not None
        heads.append(HEADS.restore(_head_task(of_head, ""), entry))
        scans.append(Scan(_label(of_head), _label(of_head), "", suffix=condition.contrast))
        for key in of_photos.keys:
            entry = recalled(key)
            assert entry is not None
            reason = entry.metadata.get("reason", "")
            photos.append(Photo(_label(of_photos), "", "", "failed" if reason else "ok", reason))
            if not reason:
                results.append(PHOTOS.restore(PhotoTask("", like.recognisers), entry))
    return Faces(tuple(scans), tuple(heads), tuple(photos), tuple(results))


def scores_of(
    faces: Faces, names: tuple[str, ...] = EMBEDDINGS, weights: tuple[tuple[str, str], ...] = ()
) -> Mapping[str, PairScores]:
    """Scores of every measure."""
    asked = recognisers(names, {name: Path(path) for name, path in weights})
    with tempfile.TemporaryDirectory() as place:  # for the record of the job
        settings = Settings(recognisers=names)
        job = Job((Source(Path()),), Path(place), settings, modalities=("face",))
        return match(faces, plan(faces), asked, job, CostLog())[0]


def table_head(*names: str) -> list[str]:
    """Head of a table with these first columns and the shown measures."""
    columns = [*names, *(f"`{name}`" for name in SHOWN)]
    return ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]


def row(cells: Sequence[str], scores: Mapping[str, PairScores], people: int) -> str:
    """One line of a table: the share of people found at rank 1 by each shown measure."""
    found = (share_of_people(hits_of(scores[name], people)) for name in SHOWN)
    return "| " + " | ".join([*cells, *(interval(one) for one in found)]) + " |"


def interval(rate: Estimate | None) -> str:
    """A rate with its interval."""
    return (
        "too little data" if rate is None else f"{rate.value:.3f} ({rate.low:.3f}-{rate.high:.3f})"
    )


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


def by_seed(seeds: Sequence[int], options: argparse.Namespace) -> Iterable[str]:
    """Everybody by five photographs: each seed, and all of them together."""
    found = [scores_of(faces_of(T1W, PROTOCOLS[0], seed, options)) for seed in seeds]
    yield "| measure | " + " | ".join(f"seed {seed}" for seed in seeds) + " | all (95 %) |"
    yield "|" + "---|" * (len(seeds) + 2)
    for name in found[0]:
        hits = [hits_of(scores[name], options.people) for scores in found]
        each = [f"{int(one.sum())} of {one.size}" for one in hits]
        together = share_of_people(np.concatenate(hits))
        yield "| " + " | ".join([f"`{name}`", *each, interval(together)]) + " |"


def hits_of(scores: PairScores, people: int) -> np.ndarray:
    """1 for each person found at rank 1, else 0, also where nothing shows the person's face."""
    hits = np.zeros(people)
    found = np.asarray(mate_ranks(scores).within(1), dtype=np.float64)
    hits[: found.size] = found
    return hits


def first_people(options: argparse.Namespace) -> argparse.Namespace:
    """The same words of the command line for the first people alone."""
    return argparse.Namespace(**{**vars(options), "people": min(options.first, options.people)})


def by_protocol(seed: int, options: argparse.Namespace) -> Iterable[str]:
    """Lines of every measure under each protocol (T1w, 1 mm, five photographs)."""
    options = first_people(options)
    found, columns = [], []
    for protocol in PROTOCOLS:
        faces = faces_of(T1W, protocol, seed, options)
        renders = max(len(one.counts) for head in faces.heads for one in head.templates.values())
        columns.append(f"`{protocol}`, {renders} renders")
        found.append(scores_of(faces))
    yield "| measure | " + " | ".join(columns) + " |"
    yield "|" + "---|" * (len(columns) + 1)
    for name in found[0]:
        shares = (share_of_people(hits_of(one[name], options.people)) for one in found)
        yield "| " + " | ".join([f"`{name}`", *(interval(one) for one in shares)]) + " |"


def contrasts(seed: int, options: argparse.Namespace) -> Iterable[str]:
    """Lines by contrast and slice thickness."""
    options = first_people(options)
    yield from table_head("scan", "heads that failed")
    for condition in CONDITIONS:
        faces = faces_of(condition, PROTOCOLS[0], seed, options)
        failed = sum(not head.searchable for head in faces.heads)
        cells = (condition.name, f"{failed} of {len(faces.heads)}")
        yield row(cells, scores_of(faces), options.people)


def by_photos(seed: int, options: argparse.Namespace) -> Iterable[str]:
    """Lines by the number of photographs of each person."""
    base = faces_of(T1W, PROTOCOLS[0], seed, options)
    yield from table_head("photographs")
    for count in range(1, PHOTOS_EACH + 1):
        yield row((str(count),), scores_of(some_photos(base, count)), options.people)


def by_renders(seed: int, options: argparse.Namespace) -> Iterable[str]:
    """Lines by the views and lights of the renders."""
    base = faces_of(T1W, PROTOCOLS[0], seed, options)
    yield from table_head("renders")
    for label, kept in render_subsets():
        yield row((label,), scores_of(some_renders(base, kept)), options.people)


def cohort_parser(description: str | None) -> argparse.ArgumentParser:
    """Words of the command line that every table of these people takes."""
    parser = argparse.ArgumentParser(description=(description or "").splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="folder of the page; printed if not given")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--processes", type=int, default=2)
    return parser


TABLES = {
    "protocols": ("Protocols of renders, all measures", by_protocol),
    "contrasts": ("Contrast and slices", contrasts),
    "photographs": ("Number of photographs", by_photos),
    "renders": ("Views, lights and number of renders", by_renders),
}


def main() -> None:
    parser = cohort_parser(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[5021, 5023, 5027])
    parser.add_argument("--first", type=int, default=12, help="people under other conditions")
    parser.add_argument("--tables", nargs="*", choices=list(TABLES), default=list(TABLES))
    options = parser.parse_args()
    text = ["### Five photographs, protocol `headrisk`, T1w at 1 mm", ""]
    text += [*by_seed(options.seeds, options), ""]
    print(*text, sep="\n", flush=True)
    for name in options.tables:
        heading, lines = TABLES[name]
        part = [f"### {heading} (seed {options.seeds[0]})", "", *lines(options.seeds[0], options)]
        print(*part, "", sep="\n", flush=True)
        text += [*part, ""]
    if options.out is not None:
        write_between(options.out / PAGE, MARK, text)


if __name__ == "__main__":
    main()
