"""Make src/headrisk/heads/data/average_face.npz from the shapes and the template brain shipped.

    python tools/make_average_face.py [OUT_FOLDER]

Two maps around the face of the template head, on a 2 mm grid in template mm: the signed distance
from the average head's skin, and that from the border of the region that defacing removes. Both are
rounded to a fixed step and clipped, so the archive stays small. Takes about a minute.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree
from shipped_archive import write_archive

from headrisk.brain.template import load_template
from headrisk.heads.boxes import outside_air
from headrisk.heads.identity import neutral, pose_head
from headrisk.heads.mesh import vertex_normals
from headrisk.heads.shapes import load_shapes
from headrisk.heads.view import FACE_BOX
from headrisk.synthetic.people.volume import occupancy
from headrisk.synthetic.phantom.head import head_affine, hull_distance

Array = NDArray[np.float64]

STEP_MM = 2.0
SKIN_STEP_MM, CUT_STEP_MM = 0.2, 0.1  # of the stored distances
BRAIN_MARGIN_MM = 8.0  # the region keeps away from the template brain's hull
BRIDGE_MM = 4.0  # half of the widest opening (lips, nostrils) behind which the head is solid
EAR_MM = 14.0  # around the ears' skin
EAR_X_MM = 60.0  # and no nearer to the middle than this
# Border of the face's region in side view (y, z): over the brows, below the frontal lobes, before
# the temporal lobes and through the throat. Removed is what lies in front.
BORDER = np.array(
    [
        [150.0, 45.0],
        [95.0, 14.0],
        [76.0, -8.0],
        [56.0, -34.0],
        [40.0, -56.0],
        [24.0, -90.0],
        [0.0, -140.0],
        [-10.0, -190.0],
        [-10.0, -400.0],
    ]
)


def main() -> None:
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "src/headrisk/heads/data")
    low, high = np.array(FACE_BOX).T
    shape = tuple(int(n) for n in (high - low) / STEP_MM + 1)
    affine = np.diag([STEP_MM, STEP_MM, STEP_MM, 1.0])
    affine[:3, 3] = low
    points = np.moveaxis(np.indices(shape), 0, -1).reshape(-1, 3) * STEP_MM + low
    skin, ears = skin_distance(points, low, high)
    template = load_template()
    hull = hull_distance(template.mask, template.affine)
    to_hull = (points - head_affine()[:3, 3]) / head_affine()[0, 0]
    clear = ndimage.map_coordinates(hull, to_hull.T, order=1, mode="nearest") - BRAIN_MARGIN_MM
    beside = np.minimum(EAR_MM - ears, np.abs(points[:, 0]) - EAR_X_MM)
    cut = np.minimum(np.maximum(in_front(points[:, 1:]), beside), clear)
    write(
        out,
        {
            "skin": quantised(skin, SKIN_STEP_MM).reshape(shape),
            "cut": quantised(cut, CUT_STEP_MM).reshape(shape),
            "steps_mm": np.array([SKIN_STEP_MM, CUT_STEP_MM]),
            "affine": affine,
        },
    )


def skin_distance(points: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Signed distance from the average head's outer skin, and distance from its ears."""
    shapes = load_shapes()
    closed = neutral(shapes, eyes_closed=1.0)
    mesh = pose_head(shapes, None, expression=closed, ears_pressed=0.5, sag_mm=1.0)
    affine = np.eye(4)
    affine[:3, 3] = low - 20
    shape = tuple(int(n) for n in high - low + 40)
    inside = occupancy(mesh, (shape[0], shape[1], shape[2]), affine) > 0.5
    open_air = outside_air(ndimage.distance_transform_edt(~inside) > BRIDGE_MM)
    solid = inside | (ndimage.distance_transform_edt(~open_air) > BRIDGE_MM + 2)
    rough = ndimage.distance_transform_edt(~solid) - ndimage.distance_transform_edt(solid)
    at = ndimage.map_coordinates(rough, mesh.vertices.T - affine[:3, 3:], order=1, mode="nearest")
    outer = np.abs(at) < 1.8
    vertices, normals = mesh.vertices[outer].astype(float), vertex_normals(mesh)[outer]
    signed = ndimage.map_coordinates(
        rough, points.T - affine[:3, 3:], order=1, mode="nearest", output=np.float64
    )
    close = np.flatnonzero(np.abs(signed) < 3)
    distance, nearest = cKDTree(vertices).query(points[close])
    along = ((points[close] - vertices[nearest]) * normals[nearest]).sum(axis=1)
    size = np.where(distance < 3, np.abs(along), distance)
    sure = np.abs(signed[close]) >= 1.2
    signed[close] = np.where(sure, np.sign(signed[close]) * size, along)
    every = [
        pose_head(shapes, None, expression=closed, ears_pressed=pressed).vertices[
            shapes.regions["ear"] > 0.5
        ]
        for pressed in (0.0, 0.5, 1.0)
    ]
    tree = cKDTree(np.concatenate(every)[::4])
    return signed, tree.query(points, distance_upper_bound=EAR_MM + 3)[0]


def in_front(places: Array) -> Array:
    """Signed distance (n,) of points (y, z) from the border, positive in front of it and below."""
    best = np.full(len(places), np.inf)
    for start, end in itertools.pairwise(BORDER):
        along = end - start
        share = np.clip((places - start) @ along / (along @ along), 0, 1)
        best = np.minimum(best, np.linalg.norm(places - start - share[:, None] * along, axis=1))
    order = np.argsort(BORDER[:, 1])
    behind = np.interp(places[:, 1], BORDER[order, 1], BORDER[order, 0])
    inside = (places[:, 0] > behind) & (places[:, 1] < BORDER[0, 1])
    return np.where(inside, best, -best)


def quantised(values: Array, step: float) -> NDArray[np.uint8]:
    return np.clip(np.round(values / step) + 128, 0, 255).astype(np.uint8)


def write(out: Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    _, written = write_archive(out, "average_face.npz", arrays)
    size = {name: array.shape for name, array in arrays.items()}
    print(json.dumps({"bytes": written, **size}, indent=1))


if __name__ == "__main__":
    main()
