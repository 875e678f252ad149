"""What happens to a head's surface besides its modes: skull, ears, cheeks, eyelids, roughness."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from headrisk.heads.mesh import Mesh, vertex_normals
from headrisk.heads.shapes import HeadShapes
from headrisk.types import FloatArray

SLACK_MM = 2.5  # skin may come this much closer to the brain than in the mean head
_SOFT_MM = 2.0  # over which the skull's limit sets in
LID_MM = 0.7  # thickness of the lid over the eyeball
_BALL = 0.88  # radius of the eyeball relative to the control points that hold its place
_FORWARD_MM = 0.6  # of the eyeball's centre against theirs
ROUGH_SIGMA_MM = (15.0, 8.0, 4.0)
ROUGH_SHARE = (0.75, 0.55, 0.35)  # of the root mean square at these scales
_WAVES = 96


def fit_skull(shapes: HeadShapes, control: FloatArray) -> FloatArray:
    """Push the skull out where it would come too close to the template brain.

    Ears are carried by the skin around them.
    """
    arm = control - shapes.cover_centre
    radius = np.linalg.norm(arm, axis=1)
    ray = arm / radius[:, None]
    elevation = np.rad2deg(np.arcsin(np.clip(ray[:, 2], -1, 1)))
    azimuth = np.rad2deg(np.arctan2(ray[:, 0], ray[:, 1]))
    rows, columns = shapes.cover.shape
    index = [(elevation + 90) / 180 * (rows - 1), (azimuth + 180) / 360 * (columns - 1)]
    limit = ndimage.map_coordinates(shapes.cover, index, order=1, mode="nearest") - SLACK_MM
    lack = (limit - radius) / _SOFT_MM
    push = _SOFT_MM * np.logaddexp(0, np.clip(lack, -30, 30)) * shapes.control_regions["skull"]
    for side in (-1, 1):
        ear = (shapes.control_regions["ear"] > 0.3) & (side * control[:, 0] > 0)
        base = (shapes.control_regions["ear_base"] > 0.5) & (side * control[:, 0] > 0)
        push[ear] = push[base].mean()
    return np.asarray(control + push[:, None] * ray)


def press_ears(shapes: HeadShapes, control: FloatArray, amount: float) -> FloatArray:
    """Flatten the ears against the head."""
    out = control.copy()
    for side in (-1, 1):
        ear = (shapes.control_regions["ear"] > 0.02) & (side * control[:, 0] > 0)
        base = (shapes.control_regions["ear_base"] > 0.5) & (side * control[:, 0] > 0)
        level = np.abs(control[base, 0]).mean()
        beyond = np.maximum(np.abs(control[ear, 0]) - level - 2.0, 0)
        out[ear, 0] -= side * 0.65 * amount * beyond * shapes.control_regions["ear"][ear]
    return out


def sag(shapes: HeadShapes, control: FloatArray, amount_mm: float) -> FloatArray:
    """Let soft cheeks hang backwards and a little outwards."""
    soft = shapes.control_regions["cheek"][:, None]
    outward = np.sign(control[:, :1]) * np.array([0.35, 0.0, 0.0])
    return np.asarray(control + amount_mm * soft * (outward - [0.0, 1.0, 0.0]))


def eyeballs(
    shapes: HeadShapes, control: FloatArray, gaze_deg: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Vertices of the two eyeballs, turned to the person's right and up."""
    right, up = np.deg2rad(gaze_deg)
    c, s = np.cos(up), np.sin(up)
    lift = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    c, s = np.cos(-right), np.sin(-right)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ lift
    balls = []
    for rows in shapes.eye_rows:
        centre = control[rows].mean(axis=0)
        radius = _BALL * np.linalg.norm(control[rows] - centre, axis=1).mean()
        centre = centre + np.array([0.0, _FORWARD_MM, 0.0])
        balls.append(centre + radius * (shapes.ball @ turn.T))
    return balls[0], balls[1]


def lids_over_eyes(
    shapes: HeadShapes, skin: FloatArray, balls: tuple[FloatArray, FloatArray]
) -> FloatArray:
    """Move the two layers of the lids that lie inside an eyeball to just over it."""
    out = skin.copy()
    lid = np.clip(shapes.regions["eyelid"][: len(skin)], 0, 1)
    for ball in balls:
        centre = ball.mean(axis=0)
        radius = np.linalg.norm(ball - centre, axis=1).mean()
        arm = skin - centre
        distance = np.linalg.norm(arm, axis=1)
        wanted = radius + 0.05 + LID_MM * lid
        inside = (distance < wanted) & (arm[:, 1] > 0.1 * distance)
        out[inside] = centre + arm[inside] * (wanted / distance)[inside, None]
    return out


def rough(shapes: HeadShapes, mesh: Mesh, rms_mm: float, rng: np.random.Generator) -> Mesh:
    """Displace the skin along its normals by a smooth random field of several scales.

    Each scale is a sum of plane waves with Gaussian wave vectors, so its correlation is Gaussian.
    """
    points = shapes.reference
    level = np.zeros(len(points))
    for sigma, share in zip(ROUGH_SIGMA_MM, ROUGH_SHARE, strict=True):
        waves = rng.normal(0, 1 / sigma, (3, _WAVES)).astype(np.float32)
        phase = rng.uniform(0, 2 * np.pi, _WAVES).astype(np.float32)
        level += share * np.sqrt(2 / _WAVES) * np.cos(points @ waves + phase).sum(axis=1)
    level *= rms_mm / np.sqrt(np.square(ROUGH_SHARE).sum())
    still = ("mouth_inside", "socket", "eyeball", "eyelid")  # thin lids would tear from the eyes
    inner = np.sum([shapes.regions[name] for name in still], axis=0)
    level *= np.clip(1 - inner, 0, 1)
    moved = mesh.vertices + level.astype(np.float32)[:, None] * vertex_normals(mesh)
    return Mesh(moved.astype(np.float32), mesh.triangles)
