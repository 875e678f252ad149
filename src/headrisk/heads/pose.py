"""How a head lies in the scanner, from the alignment of its brain to the template.

Three frames, all RAS+ mm. *Scanner*: the image's own. *Template*: MNI, where every head has about
the same size. *Head*: upright like the template, origin at the template's, but in true mm; meshes
and cameras live here, so that a face keeps its size and proportions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.heads.view import FACE_CENTRE
from headrisk.types import FloatArray

# The part of a head that a camera in front can see: face, ears, forehead and upper neck.
FACE_BOX = ((-110.0, 110.0), (-65.0, 145.0), (-185.0, 115.0))  # x, y, z in template mm


@dataclass(frozen=True)
class HeadPose:
    """Transforms between the frames, 4 x 4 each.

    Attributes
    ----------
    head_from_scanner
        Rigid.
    template_from_head
        Affine: what is left of the alignment after its rotation.
    """

    head_from_scanner: FloatArray
    template_from_head: FloatArray

    @property
    def face_centre(self) -> tuple[float, float, float]:
        """Where this head has the template's face centre, head mm."""
        back = np.asarray(np.linalg.inv(self.template_from_head), np.float64)
        x, y, z = moved(back, np.array([FACE_CENTRE]))[0]
        return float(x), float(y), float(z)


def head_pose(alignment: FloatArray) -> HeadPose:
    """Split an alignment, 4 x 4 from template mm to scanner mm, into pose and size."""
    left, _, right = np.linalg.svd(alignment[:3, :3])
    turn = left @ np.diag([1.0, 1.0, np.sign(np.linalg.det(left @ right))]) @ right
    head_from_scanner = np.eye(4)
    head_from_scanner[:3, :3] = turn.T
    head_from_scanner[:3, 3] = -turn.T @ alignment[:3, 3]
    template_from_head = np.asarray(np.linalg.inv(head_from_scanner @ alignment), np.float64)
    return HeadPose(head_from_scanner, template_from_head)


def moved(affine: FloatArray, points: FloatArray) -> FloatArray:
    """Points (n, 3) after a 4 x 4 transform."""
    out: FloatArray = points @ affine[:3, :3].T + affine[:3, 3]
    return out
