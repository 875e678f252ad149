"""The region of a scan that defacing removes, clear of the brain."""

from __future__ import annotations

import numpy as np

from headrisk.treatment.average import load_average_face
from headrisk.treatment.head import Head, brain_distance
from headrisk.treatment.skin import on_scan
from headrisk.types import Float32Array, FloatArray

BRAIN_MM = 3.0  # kept around the brain that was found in the scan


def face_region(
    head: Head, shape: tuple[int, int, int], affine: FloatArray
) -> tuple[Float32Array, Float32Array]:
    """Face and ears of the average head in a scan, without the scan's own brain.

    Parameters
    ----------
    shape, affine
        Of the grid wanted, whose axes are the image's.

    Returns
    -------
    region
        (x, y, z) distance in mm from the border of the region, positive in it.
    brain
        (x, y, z) distance in mm from the brain.
    """
    average = load_average_face()
    cut = on_scan(average.cut, average, head.alignment.affine, affine, shape)
    brain = brain_distance(head, shape, affine)
    return np.minimum(cut, brain - np.float32(BRAIN_MM)), brain
