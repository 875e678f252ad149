"""The average head in template space: its skin, its face, and the region that defacing removes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import numpy as np

from headrisk.heads.boxes import linear
from headrisk.heads.identity import template_face
from headrisk.heads.mesh import Mesh
from headrisk.heads.shapes import load_shapes
from headrisk.io.weights import Arrays, read_archive
from headrisk.types import BoolArray, Float32Array, FloatArray

_PACKAGE = "headrisk.heads"
_ZERO = np.float32(128)
_SLAB = 8  # planes that are resampled at once: they stay in the processor's cache


@dataclass(frozen=True)
class AverageFace:
    """Two maps around the face, in template mm; beyond them the values at their border hold.

    Attributes
    ----------
    skin
        (x, y, z) signed distance in mm from the skin of the average head, eyes closed, negative
        inside; true within about 25 mm of it, clipped beyond.
    cut
        (x, y, z) signed distance in mm from the border of the region to be removed: face and ears,
        8 mm away from the template brain's hull. Positive in the region; clipped at 12.7 mm.
    affine
        4 x 4, index to template RAS+ mm.
    """

    skin: Float32Array = field(repr=False)
    cut: Float32Array = field(repr=False)
    affine: FloatArray = field(repr=False)


@cache
def load_average_face() -> AverageFace:
    """Read the shipped maps. They are read-only, and later calls return the same ones.

    Raises
    ------
    StoreError
        The file is missing, or its SHA-256 is not the recorded one.
    """
    return read_average_face(resources.files(_PACKAGE) / "data")


def read_average_face(folder: Traversable) -> AverageFace:
    """Read ``average_face.npz`` of a folder after comparing it with its ``.sha256`` file.

    Raises
    ------
    StoreError
        A file is missing, or the SHA-256 of the archive is not the recorded one.
    """
    return read_archive(folder, "average_face.npz", _PACKAGE, "face", _build)


def _build(stored: Arrays) -> AverageFace:
    steps = stored["steps_mm"].astype(np.float32)
    skin = (stored["skin"].astype(np.float32) - _ZERO) * steps[0]
    cut = (stored["cut"].astype(np.float32) - _ZERO) * steps[1]
    affine = stored["affine"].astype(np.float64)
    for array in (skin, cut, affine):
        array.flags.writeable = False
    return AverageFace(skin, cut, affine)


def on_grid(image: Float32Array, to_image: FloatArray, shape: tuple[int, ...]) -> Float32Array:
    """Trilinear values of a map on another grid; the map's border outside.

    Parameters
    ----------
    to_image
        4 x 4, index of the grid to index of the map.
    shape
        Of the grid.
    """
    out = np.empty(shape, np.float32)
    y, z = np.ogrid[: shape[1], : shape[2]]
    for first in range(0, shape[0], _SLAB):
        x = np.arange(first, min(first + _SLAB, shape[0]))[:, None, None]
        places = [row[0] * x + row[1] * y + (row[2] * z + row[3]) for row in to_image[:3]]
        out[first : first + _SLAB] = linear(image, places)
    return out


# ----------------------------------------------------------------------
# The face of a template head: its parts, and how far from it the skin of people lies.
# ----------------------------------------------------------------------

PARTS = ("upper face", "nose", "mouth and chin", "ears")
_TOLERANCE_MM = {"upper face": 15.0, "nose": 15.0, "mouth and chin": 21.0, "ears": 13.0}
_CHEEK_MM = 21.0
_EYES_Z, _MOUTH_Z, _MOUTH_X = -56.0, -94.0, 35.0  # template mm: below lids and nose; half width


@dataclass(frozen=True)
class TemplateFace:
    """Points of the mean head's skin.

    Attributes
    ----------
    points
        (n, 3) template mm.
    area
        (n,) mm2 of skin around each.
    tolerance
        (n,) how far from it the skin of a whole face may lie, mm.
    parts
        Which points belong to each name of :data:`PARTS`.
    face
        Which points are face; the ears are not.
    """

    points: FloatArray
    area: FloatArray
    tolerance: FloatArray
    parts: dict[str, BoolArray]
    face: BoolArray


@cache
def face_of_template() -> TemplateFace:
    """The mean head's face, made once."""
    mesh, face = template_face()
    regions = load_shapes().regions
    inner = (regions["mouth_inside"] > 0.5) | (regions["socket"] > 0.5) | (regions["eyeball"] > 0.5)
    skin = (face > 0.5) & ~inner
    height = mesh.vertices[:, 2]
    nose = skin & (regions["nose"] > 0.5)
    parts = {
        "upper face": skin & ~nose & (height > _EYES_Z),
        "nose": nose,
        "mouth and chin": skin & (height < _MOUTH_Z) & (np.abs(mesh.vertices[:, 0]) < _MOUTH_X),
        "ears": (regions["ear"] > 0.5) & ~skin & ~inner,
    }
    kept = skin | parts["ears"]
    tolerance = np.full(len(face), _CHEEK_MM)
    for name, where in parts.items():
        tolerance[where] = _TOLERANCE_MM[name]
    return TemplateFace(
        mesh.vertices[kept].astype(np.float64),
        _vertex_area(mesh)[kept],
        tolerance[kept],
        {name: where[kept] for name, where in parts.items()},
        skin[kept],
    )


def _vertex_area(mesh: Mesh) -> FloatArray:
    """A third of the area of the triangles around each vertex, mm2."""
    a, b, c = (mesh.vertices[mesh.triangles[:, k]].astype(np.float64) for k in range(3))
    third = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
    corners = mesh.triangles.ravel()
    total = np.bincount(corners, np.repeat(third, 3), minlength=len(mesh.vertices))
    return np.asarray(total, np.float64)
