"""Brains of synthetic people under graded harm: the table between the marks of docs/results.md.

    python benchmarks/results_brain_graded.py --work brain-graded --out docs

People (30, seed 5021) are scanned as T1w at 2 mm, the gallery. Ten of them are scanned again, half
a year later, and what makes linking hard is raised step by step: years and atrophy, a growing
head, a resection, motion, noise, distortion as between field strengths, 7 T, MP2RAGE, thick slices,
another contrast, stripping with errors, a face removed with part of the brain. Told for each step
is the share of the ten found at rank 1 by single measures and by all together, and the first step
at which fewer than nine of ten are found. Nothing was chosen on these people. Images and results
stay in the folder, so that a broken-off run goes on; ``--only "7 T"`` asks for some conditions.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
from kept import kept, write_between
from scipy import ndimage
from scipy.spatial.transform import Rotation

from headrisk.attacks.attack import Context, search
from headrisk.attacks.brain import BrainAttack, fingerprints
from headrisk.brain.fields import sample
from headrisk.brain.template import load_template
from headrisk.dataset.gather import Source
from headrisk.intake import take_in
from headrisk.job import Job
from headrisk.linkage.fusion import NAME as TOGETHER
from headrisk.run.engine import mapper
from headrisk.run.provenance import CostLog
from headrisk.settings import Settings
from headrisk.statistics.intervals import share_of_people
from headrisk.statistics.rates import mate_ranks
from headrisk.synthetic.phantom.acquisition import draw_acquisition, head_to_scanner, install
from headrisk.synthetic.phantom.atlas import Atlas, build_atlas
from headrisk.synthetic.phantom.bids import write_image
from headrisk.synthetic.phantom.people import Person, draw_person
from headrisk.synthetic.phantom.render import render
from headrisk.synthetic.phantom.settings import PhantomSettings, Scanner
from headrisk.types import Estimate, Float32Array, FloatArray, PairScores

PAGE, MARK = "results.md", "brain-graded"
MEASURES = ("residual-correlation", "self-similarity", "ncc", "mutual-information")
FIRST, SECOND = (
    Scanner("A", "Phantom Works", "Gallery 3T", "1", (2.0, 2.0, 2.0)),
    Scanner("B", "Field and Sons", "Probe 3T", "2", (2.0, 2.0, 2.0), "LAS", 0.04),
)
HALF_A_YEAR = 0.5
PLAIN = PhantomSettings()

Harm = Callable[[Float32Array, FloatArray, Float32Array, np.random.Generator], Float32Array]
"""From an image, its affine, the signed distance of every voxel from the brain's hull (mm, negative
inside) and random numbers to the image as it is shared."""


@dataclass(frozen=True)
class Step:
    """One strength of one condition.

    ``years`` counts normal ageing, ``scale`` multiplies the head's size, ``settings`` replaces
    fields of the phantom's, ``voxel_mm`` and ``contrast`` are the second scan's, ``suffix`` is the
    name of its kind where that is not the contrast.
    """

    condition: str
    strength: str
    years: float = HALF_A_YEAR
    scale: float = 1.0
    settings: PhantomSettings = PLAIN
    voxel_mm: tuple[float, float, float] = (2.0, 2.0, 2.0)
    contrast: str = "T1w"
    suffix: str = ""
    harm: Harm | None = None

    @property
    def name(self) -> str:
        """For the folder."""
        return f"{self.condition} {self.strength}".replace(" ", "-").replace(",", "")


def resected(
    radius_mm: float,
    data: Float32Array,
    affine: FloatArray,
    depth: Float32Array,
    rng: np.random.Generator,
) -> Float32Array:
    """A ball of the brain given way to fluid, its middle anywhere 10 mm below the hull."""
    place = rng.choice(np.flatnonzero(np.abs(depth + 10) < 1))
    index = np.array(np.unravel_index(place, data.shape))
    step = np.linalg.norm(affine[:3, :3], axis=0)
    grid = np.ogrid[tuple(slice(0, n) for n in data.shape)]
    away = sum(((g - i) * s) ** 2 for g, i, s in zip(grid, index, step, strict=True))
    out = data.copy()
    hole = (away < radius_mm**2) & (depth < 0)
    out[hole] *= np.float32(0.25)
    return out


def moved(
    most_deg: float,
    data: Float32Array,
    affine: FloatArray,
    depth: Float32Array,
    rng: np.random.Generator,
) -> Float32Array:
    """A head that turned three times: lines of the Fourier transform come from four places."""
    del affine, depth
    middle = (np.array(data.shape) - 1) / 2
    lines = np.fft.fft(data, axis=1)
    order = np.abs(np.fft.fftfreq(data.shape[1]))
    for low in (0.06, 0.15, 0.3):  # of the sampling rate: what is scanned after each turn
        turn = Rotation.from_euler("xyz", rng.uniform(-most_deg, most_deg, 3), degrees=True)
        matrix = turn.as_matrix()
        shift = middle - matrix @ (middle + rng.uniform(-most_deg, most_deg, 3) / 2)
        there = ndimage.affine_transform(data, matrix, shift, order=1)
        late = order > low
        lines[:, late] = np.fft.fft(there, axis=1)[:, late]
    return np.abs(np.fft.ifft(lines, axis=1)).astype(np.float32)


def stripped(
    margin_mm: float,
    data: Float32Array,
    affine: FloatArray,
    depth: Float32Array,
    rng: np.random.Generator,
) -> Float32Array:
    """Only the brain is left, by a border that errs smoothly by so much."""
    del affine
    error = ndimage.gaussian_filter(rng.standard_normal(data.shape).astype(np.float32), 6.0)
    error *= np.float32(margin_mm / error.std())
    return np.where(depth < error, data, np.float32(0))


def cut(
    depth_mm: float,
    data: Float32Array,
    affine: FloatArray,
    depth: Float32Array,
    rng: np.random.Generator,
) -> Float32Array:
    """Everything before a plane removed, which takes so much of the brain's front away."""
    del rng
    index = np.stack(np.meshgrid(*map(np.arange, data.shape), indexing="ij")).reshape(3, -1)
    forward = (affine[1, :3] @ index + affine[1, 3]).reshape(data.shape)
    front = float(forward[depth < 0].max())
    return np.where(forward < front - depth_mm, data, np.float32(0))


def transmitted(
    lost: float,
    data: Float32Array,
    affine: FloatArray,
    depth: Float32Array,
    rng: np.random.Generator,
) -> Float32Array:
    """Signal as a transmit field of 7 T leaves it: bright in the middle of the brain, with so much
    of it lost at the lower temporal lobes and the cerebellum (Vaughan et al. 2001).

    The middle lies a little beside the brain's, which side is drawn.
    """
    index = np.stack(np.meshgrid(*map(np.arange, data.shape), indexing="ij")).reshape(3, -1)
    place = (affine[:3, :3] @ index + affine[:3, 3:]).astype(np.float32)
    inside = place[:, depth.ravel() < 0]
    middle = inside.mean(axis=1) + np.array([rng.choice([-10.0, 10.0]), 0.0, 10.0])
    radius = np.ptp(inside, axis=1) / 2
    away = np.linalg.norm((place - middle[:, None]) / radius[:, None], axis=0)
    field = 1 - np.float32(lost) * np.clip(away, 0, 1.3) ** 2 / 1.69
    return data * field.reshape(data.shape).astype(np.float32)


def uniform(
    doubt: float,
    data: Float32Array,
    affine: FloatArray,
    depth: Float32Array,
    rng: np.random.Generator,
) -> Float32Array:
    """MP2RAGE's uniform image, 0 to 4095 (Marques et al. 2010), without shading.

    Where there is no signal any value stands; where it is ``doubt`` of the brightest, half of what
    stands there is noise.
    """
    del affine
    level = np.float32(np.quantile(data[depth < 0], 0.98))
    shade = ndimage.gaussian_filter(np.where(depth < 0, data, np.float32(0)), 12.0)
    share = ndimage.gaussian_filter((depth < 0).astype(np.float32), 12.0)
    flat = data / np.maximum(shade / np.maximum(share, np.float32(1e-3)), np.float32(0.2) * level)
    value = np.clip(flat / np.float32(1.6), 0, 1)
    ratio = np.float32(doubt) * level / np.maximum(data, np.float32(1e-6))
    trust = 1 / (1 + np.square(np.square(ratio)))
    noise = rng.uniform(0, 1, data.shape).astype(np.float32)
    return np.float32(4095) * (trust * value + (1 - trust) * noise)


def seven_uniform(
    lost: float,
    doubt: float,
    data: Float32Array,
    affine: FloatArray,
    depth: Float32Array,
    rng: np.random.Generator,
) -> Float32Array:
    """The uniform image of a scan at 7 T: shading goes, but noise is left where signal was lost."""
    return uniform(doubt, transmitted(lost, data, affine, depth, rng), affine, depth, rng)


def steps() -> Iterable[Step]:
    """All conditions, each from mild to strong."""
    yield Step("another day", "half a year")
    for years in (10, 30):
        yield Step("years apart", f"{years} years", years=float(years))
    for times in (2, 4):
        yield Step(
            "atrophy",
            f"20 years at {times} times the rate",
            20.0,
            settings=replace(PLAIN, ageing=float(times)),
        )
    for percent in (4, 8, 12, 25):
        yield Step(
            "growth",
            f"head {percent} % larger",
            scale=1 + percent / 100,
            settings=replace(PLAIN, session_warp_mm=1.2 + percent / 8),
        )
    for radius in (15, 25, 40, 60):
        yield Step("resection", f"ball of {radius} mm", harm=partial(resected, float(radius)))
    for degrees in (2, 5, 10, 20):
        yield Step("motion", f"up to {degrees} degrees", harm=partial(moved, float(degrees)))
    for noise in (0.1, 0.3, 0.6, 1.0):
        yield Step("noise", f"{noise} of white matter", settings=replace(PLAIN, noise=noise))
    for warp in (2.5, 4.0, 6.0):
        yield Step("distortion", f"{warp} mm", settings=replace(PLAIN, session_warp_mm=warp))
    for bias, grey, lost, warp in (
        (0.8, 0.08, 0.4, 1.6),
        (1.2, 0.12, 0.6, 2.5),
        (1.6, 0.2, 0.8, 4),
    ):
        yield Step(
            "7 T",
            f"shading {bias}, {lost} lost below, {warp} mm",
            settings=replace(PLAIN, bias=bias, contrast_sd=grey, session_warp_mm=warp),
            harm=partial(transmitted, lost),
        )
    for doubt in (0.07, 0.2, 0.4):
        yield Step(
            "MP2RAGE",
            f"half noise at {doubt} of the brightest",
            suffix="UNIT1",
            harm=partial(uniform, doubt),
        )
    for doubt in (0.07, 0.2):
        yield Step(
            "MP2RAGE at 7 T",
            f"half noise at {doubt} of the brightest",
            suffix="UNIT1",
            settings=replace(PLAIN, contrast_sd=0.12, session_warp_mm=2.5),
            harm=partial(seven_uniform, 0.6, doubt),
        )
    for thick in (5, 10, 15, 20):
        yield Step("thick slices", f"{thick} mm", voxel_mm=(2.0, 2.0, float(thick)))
    for contrast, size in (("FLAIR", 2.0), ("T2w", 2.0), ("T2starw", 2.0), ("bold", 3.0)):
        yield Step("another contrast", contrast, voxel_mm=(size,) * 3, contrast=contrast)
    for margin in (2, 5, 10):
        yield Step("stripped with errors", f"{margin} mm", harm=partial(stripped, float(margin)))
    for depth in (10, 30, 60):
        yield Step("cut into the brain", f"{depth} mm", harm=partial(cut, float(depth)))


@cache
def anatomy() -> Atlas:
    """The anatomy that all people share."""
    return build_atlas(load_template(), np.random.default_rng(0))


def person_of(seed: int, number: int) -> Person:
    """One person, the same in every condition."""
    return draw_person(anatomy(), PhantomSettings(), np.random.default_rng((seed, number)))


def write_scan(seed: int, folder: Path, step: Step | None, number: int) -> Path:
    """Scan a person for the gallery, or a second time under a step."""
    contrast = "T1w" if step is None else step.contrast
    suffix = contrast if step is None else step.suffix or contrast
    path = folder / f"sub-{number:03d}_{suffix}.nii.gz"
    if path.exists():
        return path
    person, atlas = person_of(seed, number), anatomy()
    settings, scanner, years = PhantomSettings(), FIRST, 0.0
    if step is not None:
        settings, years = step.settings, step.years
        scanner = replace(SECOND, voxel_mm=step.voxel_mm)
        person = replace(person, scale=person.scale * step.scale)
    visit = 1 if step is None else 2
    rng = np.random.default_rng((seed, number, visit))
    installed = install(scanner, np.random.default_rng((seed, 10_000 + visit)))
    acquisition = draw_acquisition(settings, installed, contrast, years, rng)
    data, affine = render(atlas, person, acquisition, settings, rng)
    if step is not None and step.harm is not None:
        to_template = np.linalg.inv(head_to_scanner(person, acquisition)) @ affine
        index = np.stack(np.meshgrid(*map(np.arange, data.shape), indexing="ij")).reshape(3, -1)
        places = (to_template[:3, :3] @ index + to_template[:3, 3:]).astype(np.float32)
        depth = sample(atlas.hull, atlas.head, places).reshape(data.shape)
        data = step.harm(data, affine, depth, rng)
    write_image(path, np.round(data).astype(np.int16), affine)
    return path


def manifest(path: Path, images: list[Path], session: str) -> Path:
    """A list of scans."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter="\t")
        writer.writerow(("participant_id", "session_id", "path", "suffix"))
        for image in images:
            name, suffix = image.name.removesuffix(".nii.gz").split("_")
            writer.writerow((name.removeprefix("sub-"), session, image.resolve(), suffix))
    return path


def found(step: Step, options: argparse.Namespace, gallery: Path) -> dict[str, Estimate]:
    """Share of the searched people found at rank 1, by measure."""
    place = options.work / f"kept-{options.seed}-{options.people}-{options.searched}"
    hits = kept(place, step.name, lambda: hits_of(step, options, gallery))
    shares = {name: share_of_people(np.array(one)) for name, one in hits.items()}
    return {name: share for name, share in shares.items() if share is not None}


def hits_of(step: Step, options: argparse.Namespace, gallery: Path) -> dict[str, list[float]]:
    """1 for each searched person found at rank 1, else 0, by measure."""
    folder: Path = options.work / step.name
    make = partial(write_scan, options.seed, folder, step)
    images = list(mapper(options.processes)(make, list(range(options.searched))))
    second = manifest(options.work / f"{step.name}.tsv", images, "2")
    second_contrast = step.suffix or step.contrast
    settings = Settings(measures=MEASURES, contrasts=tuple(dict.fromkeys(("T1w", second_contrast))))
    job = Job(
        (Source(gallery, "first"), Source(second, "second")),
        options.work / "out",
        settings,
        processes=options.processes,
    )
    context = Context(take_in(job, CostLog()), job, CostLog())
    _, scores, _ = search(BrainAttack(), fingerprints(context), context)
    out = {}
    for name, one in scores.items():
        if not isinstance(one, PairScores):
            continue
        hits = np.zeros(options.searched)
        own = np.asarray(mate_ranks(one).within(1), dtype=np.float64)
        hits[: own.size] = own  # who could not be compared is not found
        out[name] = hits.tolist()
    return out


def table(options: argparse.Namespace) -> list[str]:
    """One row a step, and where each condition breaks the link."""
    options.work.mkdir(parents=True, exist_ok=True)
    make = partial(write_scan, options.seed, options.work / "gallery", None)
    images = list(mapper(options.processes)(make, list(range(options.people))))
    gallery = manifest(options.work / "gallery.tsv", images, "1")
    names = (*MEASURES, TOGETHER)
    lines = [
        "| condition | strength | " + " | ".join(f"`{name}`" for name in names) + " |",
        "|" + "---|" * (len(names) + 2),
    ]
    breaks: dict[str, str] = {}
    asked = [one for one in steps() if not options.only or one.condition in options.only]
    for step in asked:
        shares = found(step, options, gallery)
        cells = [
            f"{e.value:.2f} ({e.low:.2f}-{e.high:.2f})" if (e := shares.get(name)) else "-"
            for name in names
        ]
        lines.append(f"| {step.condition} | {step.strength} | " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
        if max((e.value for e in shares.values()), default=0.0) < 0.9:
            breaks.setdefault(step.condition, step.strength)
    told = [
        f"{name}: {breaks.get(name, 'not at any strength tried')}"
        for name in dict.fromkeys(step.condition for step in asked)
    ]
    return [
        *lines,
        "",
        "First strength at which no measure finds nine of ten: " + "; ".join(told) + ".",
    ]


def main() -> None:
    """Make what is missing, and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("brain-graded"))
    parser.add_argument("--out", type=Path, help="folder of the page; printed if not given")
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--searched", type=int, default=10)
    parser.add_argument("--seed", type=int, default=5021)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=[], help="conditions to ask for; all if none")
    options = parser.parse_args()
    text = "\n".join(table(options))
    if options.out is None:
        print(text)
        return
    write_between(options.out / PAGE, MARK, [text, ""])


if __name__ == "__main__":
    main()
