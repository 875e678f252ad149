"""Make ``src/headrisk/brain/data/template.npz`` from the maps that nilearn's wheel carries.

Usage: ``python tools/make_template.py [NILEARN_DATA_DIR]``, in an environment that has nilearn
(0.14.1 was used) or with the path of its ``datasets/data`` folder.

The three 1 mm maps (skull-stripped T1, grey and white matter probability; ICBM 152 nonlinear
symmetric 2009a) are smoothed with the binomial kernel 1-2-1 along each axis, sampled at the even
millimetres of MNI space, cropped to the brain with a margin, and stored as uint8.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from shipped_archive import write_archive

OUT = Path(__file__).resolve().parent.parent / "src" / "headrisk" / "brain" / "data"
NAMES = {"t1": "t1", "gm": "gm", "wm": "wm"}
LOW_MM = (-80, -116, -80)
HIGH_MM = (80, 82, 92)  # both ends are kept: 81 x 100 x 87 voxels of 2 mm
STEP_MM = 2


def read_map(folder: Path, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One map as float in 0..1 and its affine, with the orientation checked to be RAS+."""
    image = nib.load(folder / f"mni_icbm152_{name}_tal_nlin_sym_09a_converted.nii.gz")
    affine = np.asarray(image.affine, dtype=np.float64)
    if nib.aff2axcodes(affine) != ("R", "A", "S") or not np.allclose(affine[:3, :3], np.eye(3)):
        raise SystemExit(f"{name}: expected a 1 mm RAS+ grid, found {affine.tolist()}")
    return np.asarray(image.dataobj, dtype=np.float64) / 255.0, affine


def halve(volume: NDArray[np.float64], affine: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Smooth, then sample at LOW_MM, LOW_MM + 2, ..., HIGH_MM. Outside the volume is 0."""
    for axis in range(3):
        volume = ndimage.convolve1d(volume, [0.25, 0.5, 0.25], axis=axis, mode="constant")
    first = [round(low - affine[i, 3]) for i, low in enumerate(LOW_MM)]
    last = [round(high - affine[i, 3]) for i, high in enumerate(HIGH_MM)]
    before = [max(0, -f) for f in first]
    after = [max(0, h + 1 - n) for h, n in zip(last, volume.shape, strict=True)]
    padded = np.pad(volume, list(zip(before, after, strict=True)))
    cut = tuple(
        slice(f + b, h + b + 1, STEP_MM) for f, h, b in zip(first, last, before, strict=True)
    )
    return np.round(255 * np.clip(padded[cut], 0, 1)).astype(np.uint8)


def main() -> None:
    """Write the archive and the file with its SHA-256."""
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
    else:
        spec = importlib.util.find_spec("nilearn")
        if spec is None or spec.origin is None:
            raise SystemExit("nilearn is not installed; give the path of its datasets/data folder")
        folder = Path(spec.origin).parent / "datasets" / "data"
    arrays: dict[str, NDArray[np.generic]] = {}
    for key, name in NAMES.items():
        arrays[key] = halve(*read_map(folder, name))
    arrays["affine"] = np.diag([STEP_MM, STEP_MM, STEP_MM, 1]).astype(np.float64)
    arrays["affine"][:3, 3] = LOW_MM
    digest, size = write_archive(OUT, "template.npz", arrays)
    sys.stdout.write(f"{digest}  {size} bytes, shape {arrays['t1'].shape}\n")


if __name__ == "__main__":
    main()
