"""The template brain that the package ships, and the grids on which fingerprints live."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import numpy as np
from scipy import ndimage

from headrisk.io.weights import Arrays, damaged, read_archive
from headrisk.types import BoolArray, Float32Array, FloatArray, Grid

# ----------------------------------------------------------------------
# The template-space grids on which fingerprints live.
# ----------------------------------------------------------------------


@cache
def template_grid(resolution_mm: int) -> Grid:
    """Voxels of the template brain at 2, 3 or 4 mm, in MNI RAS+ mm.

    The grid starts at the template's corner. Its size in voxels is 242,000 at 2 mm, 71,000 at 3 mm
    and 30,000 at 4 mm.
    """
    template = load_template()
    ratio = resolution_mm / 2.0
    shape = tuple(int(n / ratio) + (n % ratio > 0) for n in template.mask.shape)
    share = ndimage.gaussian_filter(template.mask.astype(np.float32), ratio / 2.355)
    inside = ndimage.affine_transform(share, np.full(3, ratio), output_shape=shape, order=1)
    affine = template.affine.copy()
    affine[:3, :3] *= ratio
    return Grid(mask=inside > 0.5, affine=affine)


# ----------------------------------------------------------------------
# The template brain that the package ships: ICBM 152 nonlinear symmetric 2009a at 2 mm.
# ----------------------------------------------------------------------

_BRAIN_LEVEL = 0.1  # of the T1 maximum; the skull-stripped T1 is 0 outside the brain

_PACKAGE = "headrisk.brain"


@dataclass(frozen=True)
class Template:
    """T1 and tissue maps of one average brain in MNI space.

    Attributes
    ----------
    t1
        Skull-stripped T1-weighted intensity, (x, y, z), 0..1.
    gm, wm
        Probability of grey and white matter, (x, y, z), 0..1.
    mask
        The brain: ventricles and the fluid of the sulci included, holes filled.
    affine
        Voxel index to RAS+ MNI mm, 4 x 4; 2 mm steps with a voxel centre on x = 0.
    """

    t1: Float32Array
    gm: Float32Array
    wm: Float32Array
    mask: BoolArray
    affine: FloatArray


@cache
def load_template() -> Template:
    """Read the shipped template. Its arrays are read-only, and later calls return the same ones.

    Returns
    -------
    Template
        81 x 100 x 87 voxels of 2 mm. See ``data/NOTICE-template.txt`` for source and licence.

    Raises
    ------
    StoreError
        The file is missing, or its SHA-256 is not the recorded one.
    """
    return read_template(resources.files("headrisk.brain") / "data")


def read_template(folder: Traversable) -> Template:
    """Read ``template.npz`` of a folder after comparing it with ``template.npz.sha256``.

    Raises
    ------
    StoreError
        A file is missing, or the SHA-256 of the archive is not the recorded one.
    """
    return read_archive(folder, "template.npz", _PACKAGE, "template", _build)


def _build(stored: Arrays) -> Template:
    maps = {k: stored[k].astype(np.float32) / np.float32(255) for k in ("t1", "gm", "wm")}
    affine = stored["affine"].astype(np.float64)
    mask = _brain_mask(maps["t1"])
    for array in (*maps.values(), mask, affine):
        array.flags.writeable = False
    return Template(t1=maps["t1"], gm=maps["gm"], wm=maps["wm"], mask=mask, affine=affine)


def _brain_mask(t1: Float32Array) -> BoolArray:
    labels, count = ndimage.label(t1 > _BRAIN_LEVEL * float(t1.max()))
    if count == 0:
        raise damaged(f"template.npz of {_PACKAGE}", "an empty T1 map")
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    filled: BoolArray = ndimage.binary_fill_holes(labels == sizes.argmax())
    return filled
