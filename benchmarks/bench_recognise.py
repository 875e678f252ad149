"""Time of the face route of one scan, of its network beside dlib, and of key points, in one run.

    OMP_NUM_THREADS=1 python benchmarks/bench_recognise.py [HEAD.nii.gz] [--repeats 3]
        [--dlib-weights dlib_face_recognition_resnet_model_v1.dat]

Without a path a synthetic head of 1 mm is scanned on the spot. The route runs with the 81 renders
of the ``mayo2024`` protocol: reading, alignment, surface, renders, detection, alignment of faces,
embedding. The network runs on the faces of those renders: in onnxruntime in batches and one by one,
and in dlib itself where its file of weights is given or the package ``face_recognition_models`` is
installed (it is not among the requirements). Key points are counted pair by pair with OpenCV's
matcher and all at once. Times are medians of CPU seconds after one warm-up, on one thread.
"""

from __future__ import annotations

import argparse
import importlib.util
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import nibabel
import numpy as np
from measuring import machine, record
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from headrisk.brain.prepare import PrepareTask, align_head
from headrisk.face.detect.hog import dlib_module
from headrisk.face.recognise.dlib_resnet import aligned, find, layers
from headrisk.face.recognise.features import RATIO, FeatureRecogniser, orb, sift
from headrisk.face.recognise.protocol import FaceTemplate
from headrisk.face.render.protocols import mayo2024_protocol, render_scene, scene_of
from headrisk.heads.identity import draw_identity
from headrisk.heads.shapes import load_shapes
from headrisk.heads.surface import head_surface
from headrisk.io.nifti import load_volume
from headrisk.synthetic.people.volume import PersonScanSettings, render_person

TARGET_SECONDS = 8.0
PEOPLE, PHOTOS, RENDERS = 84, 5, 81  # for which key points are extrapolated
DAT = "dlib_face_recognition_resnet_model_v1.dat"
Stage = Callable[[], object]


def make_scan(path: Path) -> None:
    """A synthetic head, T1w, 1 mm."""
    shapes, rng = load_shapes(), np.random.default_rng(0)
    data, affine = render_person(draw_identity(shapes, rng), shapes, PersonScanSettings(), rng)
    nibabel.save(nibabel.Nifti1Image(np.round(data).astype(np.int16), affine), path)


def route(path: Path, left: dict[str, Any]) -> dict[str, Stage]:
    """The stages of the face route; each uses what the one before it left."""

    def skin() -> None:
        alignment, stripped = left["head"].alignment.affine, left["head"].stripped
        left["surface"] = head_surface(left["volume"], alignment, stripped=stripped, subject="scan")

    def draw() -> None:
        surface = left["surface"]
        centre = surface.pose.face_centre
        left["renders"] = render_scene(scene_of(surface), mayo2024_protocol(), face_centre=centre)

    def cut() -> None:
        pairs = zip(left["renders"], left["faces"], strict=True)
        left["chips"] = np.stack([aligned(image, face) for image, face in pairs if face])

    task = PrepareTask("scan", str(path), "T1w", 4, "affine", False)
    return {
        "read": lambda: left.update(volume=load_volume(path)),
        "align": lambda: left.update(head=align_head(left["volume"], task)),
        "surface": skin,
        "render": draw,
        "detect": lambda: left.update(faces=[find(image) for image in left["renders"]]),
        "cut faces": cut,
        "embed": lambda: left.update(vectors=layers(left["chips"])[0]),
    }


def seconds(work: Stage, repeats: int) -> float:
    """Median CPU seconds after one warm-up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return float(np.median(times))


def time_route(path: Path, repeats: int) -> tuple[dict[str, Any], float]:
    """Print the stages' medians; returns what they left, and the median of their sums."""
    left: dict[str, Any] = {}
    times: dict[str, list[float]] = {}
    for repeat in range(repeats + 1):
        for name, work in route(path, left).items():
            start = time.process_time()
            work()
            if repeat:
                times.setdefault(name, []).append(time.process_time() - start)
    total = float(np.median(np.sum(list(times.values()), axis=0)))
    triangles = len(left["surface"].mesh.triangles)
    print(f"\nface route of one scan {left['volume'].shape}, {triangles:,} triangles, CPU s")
    for name, found in times.items():
        print(f"  {name:12}{np.median(found):8.2f}")
    met = "met" if total <= TARGET_SECONDS else "MISSED"
    print(f"  {'total':12}{total:8.2f}   target: at most {TARGET_SECONDS:g} s: {met}")
    print(f"  faces found in {len(left['chips'])} of {len(left['renders'])} renders")
    return left, total


def time_network(chips: NDArray[np.uint8], weights: Path | None, repeats: int) -> dict[str, float]:
    """Print the time of one embedding in onnxruntime and in dlib; returns ratios."""
    each = 1000 / len(chips)
    batched = seconds(lambda: layers(chips), repeats) * each
    single = seconds(lambda: [layers(chip[None]) for chip in chips], repeats) * each
    print("\nembedding of one face, ms, and ratio to batches in onnxruntime")
    print(f"  {'onnxruntime, in batches':32}{batched:8.1f}{1:8.1f}")
    print(f"  {'onnxruntime, one by one':32}{single:8.1f}{single / batched:8.1f}")
    ratios = {"embedding in batches over one by one": batched / single}
    if weights is None:
        print("  dlib: skipped, its file of weights is not here (--dlib-weights)")
        return ratios
    network = dlib_module().face_recognition_model_v1(str(weights))
    known: list[Any] = []

    def ask() -> None:
        known[:] = network.compute_face_descriptor(list(chips))

    own = seconds(ask, repeats) * each
    print(f"  {'dlib, in batches':32}{own:8.1f}{own / batched:8.1f}")
    away = np.abs(layers(chips)[0] - np.array(known)).max()
    print(f"  largest difference of any of the 128 numbers to dlib's: {away:.1e}")
    return {**ratios, "embedding in batches over dlib": batched / own}


def find_weights(given: Path | None) -> Path | None:
    """dlib's own file of weights, if it is here."""
    if given is not None:
        return given
    spec = importlib.util.find_spec("face_recognition_models")
    places = [] if spec is None else list(spec.submodule_search_locations or [])
    found = [Path(place) / "models" / DAT for place in places]
    return next((path for path in found if path.is_file()), None)


def pair_by_pair(
    recogniser: FeatureRecogniser, photos: list[FaceTemplate], renders: list[FaceTemplate]
) -> NDArray[np.float64]:
    """OpenCV's matcher and Lowe's test for each pair of images."""
    hamming = recogniser.name == "orb"
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING if hamming else cv2.NORM_L2)
    kind = np.uint8 if hamming else np.float32
    counts = np.zeros((len(photos), len(renders)))
    for row, photo in enumerate(photos):
        for column, render in enumerate(renders):
            pairs = matcher.knnMatch(photo.values.astype(kind), render.values.astype(kind), k=2)
            counts[row, column] = sum(
                len(pair) == 2 and pair[0].distance < RATIO * pair[1].distance for pair in pairs
            )
    return counts


def time_key_points(renders: NDArray[np.uint8], repeats: int) -> dict[str, float]:
    """Print the time of a pair of images, and what a whole study would take; returns ratios."""
    ratios = {}
    rng = np.random.default_rng(0)
    noisy = renders[::4].astype(float) + rng.normal(0, 8, renders[::4].shape)
    photos = np.clip(noisy, 0, 255).astype(np.uint8)
    pairs = PEOPLE * PHOTOS * PEOPLE * RENDERS
    print("\nkey points, ms for a pair of images; minutes for 84 people, 5 photos, 81 renders")
    for recogniser in (orb(), sift()):
        left, right = (
            [one for one in recogniser.describe(list(side)) if one is not None]
            for side in (photos, renders)
        )
        many = left * (100 // len(left) + 1)  # as many photographs as a small study
        slow_counts = pair_by_pair(recogniser, left, right)
        start = time.process_time()
        pair_by_pair(recogniser, left, right)
        slow = (time.process_time() - start) * 1000 / len(left) / len(right)
        quick = seconds(lambda r=recogniser, m=many, o=right: r.similarity(m, o), repeats)  # type: ignore[misc]
        quick *= 1000 / len(many) / len(right)
        ratios[f"key points ({recogniser.name}) over OpenCV"] = quick / slow
        kept = recogniser.similarity(left, right).sum() / slow_counts.sum()
        points = [np.mean([len(one.values) for one in side]) for side in (left, right)]
        print(
            f"  {recogniser.name:5} {points[0]:.0f} x {points[1]:.0f} points: one by one "
            f"{slow:.3f} ms, all at once {quick:.3f} ms, {slow / quick:.1f} times as fast; "
            f"{slow * pairs / 6e4:.0f} and {quick * pairs / 6e4:.0f} min; "
            f"{100 * kept:.1f} % of matches kept"
        )
    return ratios


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("head", type=Path, nargs="?", help="T1w head; made on the spot if absent")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--dlib-weights", type=Path)
    arguments = parser.parse_args()
    print(", ".join(machine().values()))
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        head = arguments.head
        if head is None:
            head = Path(name) / "head.nii.gz"
            make_scan(head)
        left, total = time_route(head, arguments.repeats)
        weights = find_weights(arguments.dlib_weights)
        ratios = time_network(left["chips"], weights, arguments.repeats)
        ratios |= time_key_points(left["renders"], arguments.repeats)
    record(__file__, ratios, {"face route of one scan, CPU s": total})


if __name__ == "__main__":
    main()
