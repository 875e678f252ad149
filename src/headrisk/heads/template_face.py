"""The face of a template head: its parts, and how far from it the skin of people lies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from headrisk.heads.identity import template_face
from headrisk.heads.mesh import Mesh
from headrisk.heads.shapes import load_shapes
from headrisk.types import BoolArray, FloatArray

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
