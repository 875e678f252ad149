"""CPU time of everything that an audit asks of one image, over that of its fingerprint alone.

    OMP_NUM_THREADS=1 python benchmarks/bench_audit.py [HEAD.nii.gz] [--repeats 3]

Brain, faces left and metadata; then the renders of the three recognisers as well, by the protocols
``scans`` (9 renders), ``headrisk`` (21) and ``mayo2024`` (81). One process and thread, after a
warm-up; medians of CPU seconds. Without a path, a synthetic head is made on the spot.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
from measuring import machine, record
from threadpoolctl import threadpool_limits

from headrisk.brain.prepare import PrepareTask, prepare
from headrisk.face.examine import ImageTask, examine
from headrisk.face.head import HeadTask, SightTask, look_at_head
from headrisk.face.sight import look_at_image
from headrisk.metadata.scan import scan_metadata
from headrisk.synthetic.people.volume import PersonScanSettings, render_person

RECOGNISERS = ("dlib", "faceres", "sface")


def make_head(folder: Path) -> Path:
    """A data set of one synthetic head at 1 mm; returns the image's path."""
    from headrisk.heads.shapes import load_shapes

    settings = PersonScanSettings(voxel_mm=(1.0, 1.0, 1.0))
    data, affine = render_person(None, load_shapes(), settings, np.random.default_rng(0))
    path = folder / "sub-01" / "anat" / "sub-01_T1w.nii.gz"
    path.parent.mkdir(parents=True)
    nibabel.save(nibabel.Nifti1Image(np.round(data).astype(np.int16), affine), path)
    return path


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    """Median CPU seconds after one warm-up."""
    times = []
    for repeat in range(repeats + 1):
        start = time.process_time()
        work()
        if repeat:
            times.append(time.process_time() - start)
    return float(np.median(times))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("head", type=Path, nargs="?", help="T1w head; made on the spot if absent")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    print(", ".join(machine().values()))
    with tempfile.TemporaryDirectory() as name, threadpool_limits(1):
        path = str(arguments.head or make_head(Path(name)))
        brain = PrepareTask("head", path, "T1w", 4, "affine", accurate=False)
        sight = SightTask("head", path, "T1w")

        def head(protocol: str) -> HeadTask:
            return HeadTask("head", path, "T1w", False, protocol, 224, 0, RECOGNISERS)

        works: dict[str, Callable[[], object]] = {
            "fingerprint alone": lambda: prepare(brain),
            "face left alone": lambda: look_at_image(sight),
            "brain and face left": lambda: examine(ImageTask(path, brain, sight)),
            "brain, face left, 9 renders": lambda: examine(
                ImageTask(path, brain, sight, head("scans"))
            ),
            "brain, face left, 21 renders": lambda: examine(
                ImageTask(path, brain, sight, head("headrisk"))
            ),
            "brain, face left, 81 renders": lambda: examine(
                ImageTask(path, brain, sight, head("mayo2024"))
            ),
            "9 renders alone": lambda: look_at_head(head("scans")),
            "81 renders alone": lambda: look_at_head(head("mayo2024")),
        }
        if arguments.head is None:
            works["metadata"] = lambda: scan_metadata(Path(name))
        found = {what: median_seconds(work, arguments.repeats) for what, work in works.items()}
    base = found["fingerprint alone"]
    for what, seconds in found.items():
        print(f"{what:30} {seconds:6.2f} s {seconds / base:6.2f} x the fingerprint alone")
    whole = (found["brain and face left"] + found.get("metadata", 0.0)) / base
    print(f"{'brain, face left, metadata':30} {'':8} {whole:6.2f} x the fingerprint alone")
    ratios = {f"{what} over the fingerprint alone": s / base for what, s in found.items()}
    record(__file__, {}, {f"{k} (ratio)": v for k, v in ratios.items()})


if __name__ == "__main__":
    main()
