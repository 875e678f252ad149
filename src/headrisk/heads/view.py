"""Pinhole cameras around a head, and how the head lies in the scanner.

Directions are given in the head's frame: +x the person's right, +y anterior, +z superior, mm.
Azimuth 0 and elevation 0 is straight in front of the face; positive azimuth goes to the person's
right, positive elevation up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.types import Float32Array, FloatArray

FACE_CENTRE = (0.0, 75.0, -55.0)  # between the eyes and the upper lip, template mm


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks at a point of the head.

    Attributes
    ----------
    azimuth, elevation
        Where the camera stands as seen from ``look_at``, degrees.
    roll
        Turn of the camera about its line of sight, degrees, so that the picture turns
        counter-clockwise.
    distance_mm
        From the camera to ``look_at``.
    field_of_view
        Of the picture's height, degrees.
    look_at
        The point in the middle of the picture, mm.
    """

    azimuth: float = 0.0
    elevation: float = 0.0
    roll: float = 0.0
    distance_mm: float = 900.0
    field_of_view: float = 17.0
    look_at: tuple[float, float, float] = FACE_CENTRE

    def position(self) -> FloatArray:
        """The pinhole, (3,) mm."""
        where: FloatArray = np.array(self.look_at) + self.distance_mm * direction(
            self.azimuth, self.elevation
        )
        return where

    def axes(self) -> FloatArray:
        """Unit vectors (3, 3), in rows: to the right in the picture, up in it, line of sight."""
        away = direction(self.azimuth, self.elevation)
        right = np.array([-np.cos(np.radians(self.azimuth)), np.sin(np.radians(self.azimuth)), 0.0])
        up = np.cross(right, -away)
        turn = np.radians(self.roll)
        return np.stack(
            [
                np.cos(turn) * right - np.sin(turn) * up,
                np.sin(turn) * right + np.cos(turn) * up,
                -away,
            ]
        )


def direction(azimuth: float, elevation: float) -> FloatArray:
    """Unit vector (3,) from the head towards that azimuth and elevation, degrees."""
    a, e = np.radians(azimuth), np.radians(elevation)
    return np.array([np.sin(a) * np.cos(e), np.cos(a) * np.cos(e), np.sin(e)])


def pixel_rays(camera: Camera, rows: int, columns: int, index: np.ndarray) -> Float32Array:
    """Directions (n, 3) through the centres of these pixels, with a unit step along the sight.

    Parameters
    ----------
    camera
        Square pixels; the field of view is that of all ``rows``.
    rows, columns
        Size of the picture.
    index
        (n,) of pixels, row by row.
    """
    right, up, ahead = camera.axes()
    step = 2 * np.tan(np.radians(camera.field_of_view) / 2) / rows
    row, column = np.divmod(index, columns)
    across = (column + 0.5 - columns / 2) * step
    upward = (rows / 2 - row - 0.5) * step
    rays: FloatArray = across[:, None] * right + upward[:, None] * up + ahead
    return rays.astype(np.float32)


def project(camera: Camera, points: Float32Array, rows: int, columns: int) -> FloatArray:
    """Row and column (n, 2), in pixels, where points in front of the camera are seen.

    The centre of the first pixel is at (0.5, 0.5). Points behind the camera become NaN.
    """
    right, up, ahead = camera.axes()
    step = 2 * np.tan(np.radians(camera.field_of_view) / 2) / rows
    seen = (points - camera.position()) @ np.stack([right, up, ahead]).T
    depth = np.where(seen[:, 2] > 0, seen[:, 2], np.nan) * step
    return np.stack([rows / 2 - seen[:, 1] / depth, columns / 2 + seen[:, 0] / depth], axis=1)


# ----------------------------------------------------------------------
# How a head lies in the scanner, from the alignment of its brain to the template.
#
# Three frames, all RAS+ mm. *Scanner*: the image's own. *Template*: MNI, where every head has about
# the same size. *Head*: upright like the template, origin at the template's, but in true mm; meshes
# and cameras live here, so that a face keeps its size and proportions.
# ----------------------------------------------------------------------

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
