"""Face masks of other packages, laid over a scan: what their tools remove, without their programs.

pydeface places its mask by FSL's FLIRT, caideface by BRAINSFit of 3D Slicer after HD-BET; no
package registry has those programs, and HD-BET fetches its weights. So the masks that the wheels
carry are placed by headrisk's own alignment of the brain. pydeface's lies on a mean head, which is
aligned like a scan; caideface's lies in the MNI space of the template, and caideface keeps the
brain with 14 mm around it too. Both wheels are found where they are installed, without what they
need:

    pip install --no-deps pydeface==2.1.0 caideface==0.4.0
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import nibabel
import numpy as np
from scipy import ndimage

from headrisk.deidentify.deface import Treated, emptied
from headrisk.deidentify.head import Head, brain_mask, find_head
from headrisk.io.nifti import load_volume
from headrisk.io.volume import Volume
from headrisk.types import BoolArray, FloatArray

OTHERS = ("pydeface", "caideface")
_KEPT_MM = 14.0  # caideface's own: edge of the box by which it grows the brain


def write_masked(path: Path, out: Path, suffix: str, tool: str) -> None:
    """Write a scan without what a package's mask covers, its voxels there 0."""
    head = find_head(load_volume(path), path.name, suffix=suffix)
    data = masked(head, tool).volume.data
    out.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(np.round(data).astype(np.int16), head.volume.affine), out)


def masked(head: Head, tool: str) -> Treated:
    """A head without what the mask of ``pydeface`` or ``caideface`` covers."""
    kept = _on_scan(head, *(_pydeface() if tool == "pydeface" else _caideface()))
    if tool == "caideface":
        edge = np.maximum(np.round(_KEPT_MM / np.array(head.volume.voxel_mm)), 1).astype(int)
        kept |= ndimage.maximum_filter(brain_mask(head).astype(np.uint8), tuple(edge)) > 0
    return emptied(head.volume, ~kept)


def _on_scan(head: Head, mask: Volume, to_mask: FloatArray) -> BoolArray:
    """Where the mask keeps a voxel; ``to_mask`` is 4 x 4, template mm to the mask's RAS+ mm."""
    scan = head.volume
    index = np.linalg.inv(mask.affine) @ to_mask @ np.linalg.inv(head.alignment.affine)
    index = index @ scan.affine
    values = ndimage.affine_transform(
        mask.data, index[:3, :3], index[:3, 3], scan.shape, order=1, mode="nearest"
    )
    kept: BoolArray = np.asarray(values > 0.5, np.bool_)
    return kept


@cache
def _pydeface() -> tuple[Volume, FloatArray]:
    """pydeface's mask, and the template's place in the mean head on which it lies."""
    folder = _data("pydeface")
    mean = load_volume(folder / "mean_reg2mean.nii.gz")
    mask = load_volume(folder / "facemask.nii.gz")
    return mask, find_head(mean, "pydeface's mean head", suffix="T1w").alignment.affine


@cache
def _caideface() -> tuple[Volume, FloatArray]:
    return load_volume(_data("caideface") / "t1_mask.nii.gz"), np.eye(4)


def _data(package: str) -> Path:
    found = find_spec(package)
    if found is None or found.origin is None:
        raise SystemExit(f"{package} is not installed: pip install --no-deps {package}")
    return Path(found.origin).parent / "data"
