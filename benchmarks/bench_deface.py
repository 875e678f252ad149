"""CPU time of treating one 1 mm head, from reading the file to writing the treated one.

    python benchmarks/bench_deface.py [IMAGE]

Without an image a synthetic head of 190 x 240 x 250 voxels is made. Each tool is run three times in
one process on one thread, once before to load the networks; the least time counts. The check of the
result is not in it. The line "quickshear alone" is the package's own function, given a brain mask.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from measuring import record
from quickshear import quickshear
from threadpoolctl import threadpool_limits

from headrisk.deidentify.deface import Plain
from headrisk.deidentify.head import brain_mask, find_head
from headrisk.deidentify.tools import tools
from headrisk.deidentify.treat import TreatTask, treat_file
from headrisk.heads.identity import draw_identity
from headrisk.heads.shapes import load_shapes
from headrisk.io.nifti import load_volume
from headrisk.synthetic.people.volume import PersonScanSettings, render_person
from headrisk.synthetic.phantom.bids import write_image

REPEATS = 3


def main() -> None:
    with tempfile.TemporaryDirectory() as place, threadpool_limits(1):
        folder = Path(place)
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else make_head(folder)
        volume = load_volume(path)
        size = " x ".join(str(n) for n in volume.shape)
        print(f"{size} voxels; CPU seconds, least of {REPEATS}")
        times = {}
        for name in tools():
            task = TreatTask("head", str(path), "", "T1w", place, name, name, False, (0, 0))
            times[name] = least(lambda task=task: treat_file(task))
            print(f"{name:<20}{times[name]:8.2f}", flush=True)
        print(f"{'reading':<20}{least(lambda: load_volume(path)):8.2f}")
        print(f"{'finding the brain':<20}{least(lambda: find_head(volume, 'head')):8.2f}")
        mask = brain_mask(find_head(volume, "head")).astype(np.uint8)
        lack = max(mask.shape[2] - mask.shape[1], 0)
        mask = np.pad(mask, ((0, 0), (lack, 0), (0, 0)))
        head = np.pad(volume.data, ((0, 0), (lack, 0), (0, 0)))
        images = Plain(head, volume.affine), Plain(mask, volume.affine)
        alone = least(lambda: quickshear(*images))
        print(f"{'quickshear alone':<20}{alone:8.2f}")
    ratios = {
        f"{name}, file to file, over quickshear alone": t / alone for name, t in times.items()
    }
    record(__file__, ratios, {f"{name}, CPU s": t for name, t in times.items()})


def make_head(folder: Path) -> Path:
    rng = np.random.default_rng(1000)
    identity = draw_identity(load_shapes(), rng)
    volume, affine = render_person(identity, load_shapes(), PersonScanSettings(), rng)
    path = folder / "head.nii.gz"
    write_image(path, np.round(volume).astype(np.int16), affine)
    return path


def least(run: Callable[[], object]) -> float:
    run()
    times = []
    for _ in range(REPEATS):
        begin = time.process_time()
        run()
        times.append(time.process_time() - begin)
    return min(times)


if __name__ == "__main__":
    main()
