"""The mean head as a small image of layers: skin, brain, air; quick to make, exact to place."""

from __future__ import annotations

from functools import cache

import numpy as np

from headrisk.heads.identity import template_face
from headrisk.heads.shapes import load_shapes
from headrisk.heads.view import moved
from headrisk.io.volume import Volume
from headrisk.synthetic.people.volume import occupancy, with_full_mouth

VOXEL_MM = 3.0
SHAPE = (72, 88, 96)
LOW_MM = np.array([-108.0, -140.0, -170.0])


@cache
def layers() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share of head and of brain in each voxel, and the voxels' template mm."""
    affine = np.diag([VOXEL_MM, VOXEL_MM, VOXEL_MM, 1.0])
    affine[:3, 3] = LOW_MM
    mesh = with_full_mouth(template_face()[0], load_shapes())
    head = occupancy(mesh, SHAPE, affine)
    index = np.indices(SHAPE).reshape(3, -1).T
    places = moved(affine, index.astype(float)).reshape(*SHAPE, 3)
    inside = ((places - [0, -18, 8]) / [66, 84, 62]) ** 2
    return head, (inside.sum(axis=-1) < 1).astype(np.float32), places


def image(
    skin: float = 0.5,
    brain: float = 1.0,
    noise: float = 0.002,
    *,
    faceless: bool = False,
    bare: bool = False,
    lost: bool = False,
    seed: int = 0,
) -> Volume:
    """The mean head; without a face everything before and below a plane is air.

    That was emptied after the scan, or its signal was ``lost`` in the scanner, which leaves noise.
    """
    head, inner, places = layers()
    data = head * skin * (not bare) + inner * (brain - skin * (not bare))
    cut = (places[..., 1] > 40) & (places[..., 2] < -20) & (inner == 0) & faceless
    rng = np.random.default_rng(seed)
    data = np.where(cut, 0, data) + noise * rng.standard_normal(data.shape)
    if not lost:
        data = np.where(cut, 0, data)
    affine = np.diag([VOXEL_MM, VOXEL_MM, VOXEL_MM, 1.0])
    affine[:3, 3] = LOW_MM
    return Volume(data.astype(np.float32), affine)
