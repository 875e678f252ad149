"""The region of a scan that defacing removes, clear of the brain."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from headrisk.treatment.average import load_average_face
from headrisk.treatment.head import Head, brain_distance
from headrisk.treatment.skin import on_scan
from headrisk.types import Float32Array, FloatArray

BRAIN_MM = 3.0  # kept around the brain that was found in the scan


@dataclass(frozen=True)
class Region:
    """Distances in mm on a grid of the scan, (x, y, z) each.

    Attributes
    ----------
    cut
        From the border of face and ears as the average head has them, positive in them; no nearer
        to the scan's own brain than 3 mm.
    brain
        From the brain.
    skin
        From the skin of the average head, negative inside.
    """

    cut: Float32Array = field(repr=False)
    brain: Float32Array = field(repr=False)
    skin: Float32Array = field(repr=False)


def face_region(
    head: Head,
    shape: tuple[int, int, int],
    affine: FloatArray,
    skin: Float32Array | None = None,
) -> Region:
    """Where the face of a scan is, clear of its brain.

    Parameters
    ----------
    shape, affine
        Of the grid wanted, whose axes are the image's.
    skin
        Distance from the average head's skin on that grid, where it is known already.
    """
    average = load_average_face()
    alignment = head.alignment.affine
    cut = on_scan(average.cut, average, alignment, affine, shape)
    brain = brain_distance(head, shape, affine)
    if skin is None:
        skin = on_scan(average.skin, average, alignment, affine, shape)
    return Region(np.minimum(cut, brain - np.float32(BRAIN_MM)), brain, skin)
