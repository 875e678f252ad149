"""Shadows that one part of the face casts on another."""

from __future__ import annotations

import numpy as np

from headrisk.face.render.cast import GBuffer, Scene
from headrisk.face.render.shade import Light
from headrisk.heads.view import Camera, direction, pixel_rays
from headrisk.types import Float32Array

_LIFT_MM = 0.6  # off the surface along its normal, so that a point does not shade itself


def lit_share(
    scene: Scene, camera: Camera, seen: GBuffer, light: Light, rays: int, rng: np.random.Generator
) -> Float32Array:
    """Share of the lamp that each hit sees, (n,), 1 where nothing stands between.

    Parameters
    ----------
    scene, camera, seen
        The surface, the camera, and what :func:`headrisk.face.render.cast.cast` gave for both.
    light
        Its softness sets how wide the lamp is: the sine of its half angle is half the softness.
    rays
        Rays per hit, each to another place on the lamp; one costs as much as a cast.
    rng
        Where on the lamp each ray goes; with one seed the same shadows come out.
    """
    if not len(seen.index):
        return np.zeros(0, np.float32)
    k = seen.supersample
    sight = pixel_rays(camera, seen.rows * k, seen.columns * k, seen.index)
    starts = camera.position() + sight * seen.depth[:, None] + _LIFT_MM * seen.normal
    starts = np.ascontiguousarray(starts, np.float32)
    lamp = direction(light.azimuth, light.elevation)
    side = np.cross(lamp, np.eye(3)[np.argmin(np.abs(lamp))])
    side /= np.linalg.norm(side)
    other = np.cross(lamp, side)
    share = np.zeros(len(starts), np.float32)
    for _ in range(rays):
        radius = light.softness / 2 * np.sqrt(rng.random(len(starts)))
        turn = 2 * np.pi * rng.random(len(starts))
        ways = lamp + (radius * np.cos(turn))[:, None] * side
        ways += (radius * np.sin(turn))[:, None] * other
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
        share += scene.tree.run(starts, ways.astype(np.float32)) < 0
    return share / np.float32(rays)
