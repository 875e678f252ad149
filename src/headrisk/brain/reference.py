"""What all brains share, from the shipped template: the part that identifies nobody."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import ndimage

from headrisk.brain.align import Alignment, Brain
from headrisk.brain.prepare import AlignedBrain, fingerprint
from headrisk.brain.similarity.registry import Reference
from headrisk.brain.template import load_template, template_grid
from headrisk.types import Float32Array, FloatArray


@cache
def reference_brain(resolution_mm: int) -> Float32Array:
    """The template's own fingerprint, (voxels,) float32."""
    template = load_template()
    data = (template.t1 * template.mask).astype(np.float32)
    brain = Brain(data=data, mask=template.mask, affine=template.affine)
    aligned = AlignedBrain(brain, brain, Alignment(np.eye(4), 1.0), 0.0, ())
    return fingerprint(aligned, resolution_mm)


@cache
def reference_basis(resolution_mm: int) -> Float32Array:
    """Orthonormal directions in which scans differ without saying who the person is.

    Returns
    -------
    (k, voxels) float32: a constant; the template's fingerprint; its change under the twelve
    parameters of an affine, because alignment is never exact; and its second derivatives and a
    blurred copy, because scanners differ in resolution along each axis. Two scans of one scanner
    share these by accident, and removing them lowers such non-mated scores.
    """
    grid = template_grid(resolution_mm)
    image = grid.volume(reference_brain(resolution_mm)).astype(np.float64)
    where = np.argwhere(grid.mask) @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    moments = np.column_stack([where / 80.0, np.ones(len(where))])  # 80 mm: a brain's half length
    directions: list[FloatArray] = [np.ones(grid.size), image[grid.mask]]
    for axis in range(3):
        slope = np.gradient(image, axis=axis)
        directions += list((slope[grid.mask][:, None] * moments).T)
    for axis in range(3):
        bend = np.gradient(np.gradient(image, axis=axis), axis=axis)
        directions.append(bend[grid.mask])
    directions.append(ndimage.gaussian_filter(image, 1.0)[grid.mask])
    stacked = np.array(directions)
    stacked /= np.linalg.norm(stacked, axis=1, keepdims=True)
    basis, _ = np.linalg.qr(stacked.T)
    return np.ascontiguousarray(basis.T, np.float32)


@cache
def reference(resolution_mm: int) -> Reference:
    """The shipped reference for removing what all brains share."""
    return Reference(reference_brain(resolution_mm), reference_basis(resolution_mm))
