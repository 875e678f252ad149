"""De-identification methods on synthetic people: the tables of docs/results-methods.md.

    python benchmarks/results_methods.py --work face-scans --out docs --people 8

The people, images and de-identified images are those of :mod:`results_face_scans` (seed 4031), and
the folder may be the same. Five photographs of each are searched for among the scans of the second
day: as they were, after each built-in method and after the face masks of pydeface and caideface,
as they are and with the face filled in, as an attacker would; and each is looked at for a face.
``--cost`` de-identifies all scans once more and measures what that does to the brain. Nothing was
chosen on these people. What was made before stays in the folder.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from kept import kept, write_between
from results_face import SHOWN, hits_of, interval, scores_of
from results_face_scans import PROBES, WITH_OTHERS, Condition, Task, heads_of, image_of, treated

from headrisk.attacks.face import Faces
from headrisk.dataset.scans import Scan
from headrisk.deidentify.damage import damage_between
from headrisk.deidentify.head import find_head
from headrisk.face.photo_table import Photo
from headrisk.face.photos import PhotoResult, PhotoTask, describe_photo
from headrisk.face.presence import FEWEST_SEEN
from headrisk.face.stored import PHOTOS
from headrisk.heads.identity import draw_identity
from headrisk.heads.shapes import load_shapes
from headrisk.io.digests import entry_key
from headrisk.io.nifti import load_volume
from headrisk.run.engine import mapper
from headrisk.run.store import Entry, open_store
from headrisk.statistics.intervals import share_of_people
from headrisk.synthetic.people.appearance import draw_appearance
from headrisk.synthetic.people.photo import photo_jpeg, take_photo
from headrisk.synthetic.people.photo_settings import PhotoSettings

PAGE = "results-methods.md"
PHOTOS_EACH = 5
ORIGINAL = PROBES[0]
METHODS = (*(one for one in PROBES if one.tool), *WITH_OTHERS)
VERSION = 1  # raise when what is made changes


@dataclass(frozen=True)
class Sitter:
    """One person's photographs."""

    person: int
    seed: int
    recognisers: tuple[str, ...]
    store: str

    def key(self, number: int) -> str:
        """Of a photograph's result in the store."""
        chosen = {"seed": self.seed, "person": self.person, "number": number}
        return entry_key("bench-methods", VERSION, {**chosen, "by": self.recognisers}, [])


def keep_photos(sitter: Sitter) -> None:
    """Photograph a person, look at the pictures, and keep what that gave."""
    store = open_store(Path(sitter.store))
    full, shapes = load_shapes(), load_shapes(1)
    own = np.random.default_rng((sitter.seed, sitter.person))
    identity = draw_identity(full, own)
    of_look, of_photos = np.random.default_rng((sitter.seed, sitter.person, 2)).spawn(2)
    settings = PhotoSettings()
    look = draw_appearance("F" if identity.sex == "F" else "M", identity.age, settings, of_look)
    for number in range(PHOTOS_EACH):
        picture = take_photo(shapes, identity, look, settings, of_photos)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "photo.jpg"
            path.write_bytes(photo_jpeg(picture, settings, of_photos))
            found = describe_photo(PhotoTask(str(path), sitter.recognisers))
        entry = PHOTOS.entry(found) or Entry({}, {"reason": found.reason, "seconds": found.seconds})
        store.write(sitter.key(number), entry)


def photos_of(options: argparse.Namespace) -> tuple[list[Photo], list[PhotoResult]]:
    """Everybody's photographs, from the folder where they were made before."""
    place, names = str(options.work / "store"), tuple(options.recognisers)
    store = open_store(Path(place))
    sitters = [Sitter(person, options.seed, names, place) for person in range(options.people)]

    def recalled(sitter: Sitter, number: int) -> Entry | None:
        return store.recall(sitter.key(number), on_damage=lambda error: None)

    missing = [one for one in sitters if recalled(one, PHOTOS_EACH - 1) is None]
    mapper(options.processes)(keep_photos, missing)
    photos, results = [], []
    for sitter in sitters:
        for number in range(PHOTOS_EACH):
            entry = recalled(sitter, number)
            assert entry is not None
            reason = entry.metadata.get("reason", "")
            photos.append(Photo(f"{sitter.person}", "", "", "failed" if reason else "ok", reason))
            if not reason:
                results.append(PHOTOS.restore(PhotoTask("", names), entry))
    return photos, results


def of_faces(options: argparse.Namespace) -> Iterable[str]:
    """How many people their photographs find among scans of each kind."""
    photos, results = photos_of(options)
    yield "| scans | no face to compare | " + " | ".join(f"`{name}`" for name in SHOWN) + " |"
    yield "|" + "---|" * (len(SHOWN) + 2)
    for condition in (ORIGINAL, *METHODS):
        heads = heads_of(condition, 1, options)
        scans = [Scan(f"{k}", f"{k}", "", suffix="T1w") for k in range(len(heads))]
        lost = sum(not head.searchable for head in heads)
        found = {name: np.zeros(options.people) for name in SHOWN}
        if lost < len(heads):
            faces = Faces(tuple(scans), tuple(heads), tuple(photos), tuple(results))
            scores = scores_of(faces, tuple(options.recognisers))
            found = {name: hits_of(scores[name], options.people) for name in SHOWN}
        cells = " | ".join(interval(share_of_people(found[name])) for name in SHOWN)
        yield f"| {words(condition)} | {lost} of {len(heads)} | {cells} |"


def words(condition: Condition) -> str:
    """A condition as a row of a table."""
    return condition.name.removeprefix("T1w ") if condition.tool else "original"


def of_presence(options: argparse.Namespace) -> Iterable[str]:
    """Whether a face is left, and who sees one."""
    detectors = ("hog", "centerface", "mtcnn")
    answers = ("face", "part", "gone", "unclear")
    seen = " | ".join(f"seen by {name}" for name in detectors)
    yield f"| scans | {' | '.join(answers)} | {seen} |"
    yield "|" + "---|" * (1 + len(answers) + len(detectors))
    for condition in (ORIGINAL, *(one for one in METHODS if not one.repaired)):
        sights = [head.sight for head in heads_of(condition, 1, options) if head.sight is not None]
        counts = [sum(one.verdict == answer for one in sights) for answer in answers]
        counts += [
            sum(one.seen.get(name, 0.0) >= FEWEST_SEEN for one in sights) for name in detectors
        ]
        yield f"| {words(condition)} | " + " | ".join(f"{count}" for count in counts) + " |"


def cost(task: Task) -> dict[str, float]:
    """What de-identifying one scan does to its brain."""
    with tempfile.TemporaryDirectory() as name:
        before = image_of(task, Path(name))
        after = treated(task.condition, before, task.seed, Path(name))
        suffix = task.condition.suffix
        heads = [find_head(load_volume(path), path.name, suffix=suffix) for path in (before, after)]
    found = damage_between(heads[0], heads[1])
    return {
        "cut": found.cut_voxels / found.brain_voxels,
        "dice": found.dice,
        "volume": found.volume_after_ml / found.volume_before_ml - 1,
        "shift": found.shift_mm,
    }


def of_cost(options: argparse.Namespace) -> Iterable[str]:
    """What each method does to the brain."""
    yield (
        "| scans | no brain voxel cut | largest loss, share of the brain | Dice of the masks, mean "
        "| Dice, least | brain volume, mean change | shift of the alignment, mean, mm |"
    )
    yield "|" + "---|" * 7
    for condition in METHODS:
        if condition.repaired:
            continue
        tasks = [
            Task(k, 1, condition, options.seed, tuple(options.recognisers), str(options.work))
            for k in range(options.people)
        ]
        place = options.work / "cost"
        each = [kept(place, task.key, partial(cost, task)) for task in tasks]
        of = {name: np.array([one[name] for one in each]) for name in each[0]}
        whole = share_of_people((of["cut"] == 0).astype(np.float64))
        yield (
            f"| {words(condition)} | {interval(whole)} | {of['cut'].max():.2e} | "
            f"{of['dice'].mean():.4f} | {of['dice'].min():.4f} | {of['volume'].mean():+.4f} | "
            f"{of['shift'].mean():.3f} |"
        )


def main() -> None:
    """Make what is missing, and write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("face-scans"))
    parser.add_argument("--out", type=Path, help="folder of the page; printed if not given")
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--seed", type=int, default=4031)
    parser.add_argument("--recognisers", nargs="+", default=["dlib", "faceres", "sface"])
    parser.add_argument("--cost", action="store_true", help="what it costs the brain too")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    parts = {"presence": of_presence, "faces": of_faces}
    if options.cost:
        parts["cost"] = of_cost
    for mark, lines in parts.items():
        text = list(lines(options))
        print(*text, "", sep="\n", flush=True)
        if options.out is not None:
            write_between(options.out / PAGE, mark, [*text, ""])


if __name__ == "__main__":
    main()
