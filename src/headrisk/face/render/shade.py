"""Light on what a camera sees.

Skin is shaded by a wrapped diffuse term, which also stands for a light that is not a point (the
terminator is soft), a second, wider one for light that travels below the skin before it leaves
(after the wrap approximation in GPU Gems, chapter 16, 2004), a weak Blinn-Phong highlight with
Schlick's Fresnel factor, light from the sky dimmed by ambient occlusion, and a rim light. All sums
are linear in radiance, so those of several lights may be added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrisk.face.render.cast import GBuffer
from headrisk.heads.view import direction
from headrisk.types import Float32Array


@dataclass(frozen=True)
class Light:
    """A lamp far from the head, and the light that comes from everywhere.

    Attributes
    ----------
    azimuth, elevation
        Where the lamp stands, degrees in the head's frame: 0, 0 is in front of the face, positive
        azimuth is on the person's right, positive elevation above.
    strength
        Radiance of white skin that faces the lamp.
    softness
        0 for a point-like lamp, towards 1 for one that spans half the sky.
    ambient
        Radiance of white skin under the light from everywhere, more from above than from below.
    rim
        Radiance of white skin seen edge-on, from lamps behind the head.
    """

    azimuth: float = 0.0
    elevation: float = 40.0
    strength: float = 0.75
    softness: float = 0.25
    ambient: float = 0.25
    rim: float = 0.0


@dataclass(frozen=True)
class Skin:
    """How skin answers to light.

    Attributes
    ----------
    albedo
        Share of light that leaves the skin again, where no albedo is given point by point.
    scatter
        Widening of the terminator by light below the skin, for red, green and blue. A grey picture
        takes their mean.
    specular
        Strength of the highlight.
    shininess
        Exponent of the highlight; larger is smaller and sharper.
    """

    albedo: float = 0.7
    scatter: tuple[float, float, float] = (0.25, 0.12, 0.08)
    specular: float = 0.12
    shininess: float = 18.0


DEFAULT_SKIN = Skin()


def radiance(
    seen: GBuffer,
    light: Light,
    albedo: Float32Array | None = None,
    skin: Skin = DEFAULT_SKIN,
    lit: Float32Array | None = None,
) -> Float32Array:
    """Linear radiance at each fine pixel that hits the surface.

    Parameters
    ----------
    seen
        From :func:`headrisk.face.render.cast.cast`.
    light
        One light. Add the radiances of several.
    albedo
        (n,) for grey or (n, 3) for red, green and blue, at the hits: see
        :func:`headrisk.face.render.cast.interpolate`. By default ``skin.albedo``.
    skin
        How the skin answers.
    lit
        (n,) share of the lamp that each hit sees, 0 in full shadow; see
        :func:`headrisk.synthetic.people.paint.lit_share`. By default 1, no cast shadows.

    Returns
    -------
    Float32Array
        (n,), or (n, 3) where the albedo has three channels.
    """
    lamp = direction(light.azimuth, light.elevation).astype(np.float32)
    facing = seen.normal @ lamp
    direct = np.sqrt(seen.occlusion)  # a cavity loses less of one lamp than of the whole sky
    direct *= np.float32(light.strength)
    if lit is not None:
        direct *= lit
    sky = np.float32(light.ambient / 1.5) * seen.occlusion
    sky *= 1 + np.float32(0.5) * seen.normal[:, 2]
    gloss = _gloss(seen, light, skin, lamp, facing, direct)
    if albedo is None or albedo.ndim == 1:
        body = _body(facing, direct, light.softness, sum(skin.scatter) / 3) + sky
        body *= np.float32(skin.albedo) if albedo is None else albedo
        return body + gloss
    out = np.empty((len(facing), 3), np.float32)
    for channel, scatter in enumerate(skin.scatter):
        body = _body(facing, direct, light.softness, scatter) + sky
        out[:, channel] = body * albedo[:, channel] + gloss
    return out


def _body(
    facing: Float32Array, direct: Float32Array, softness: float, scatter: float
) -> Float32Array:
    """Light of the lamp that leaves the skin in all directions: half of it from below."""
    above, below = softness, min(softness + 2 * scatter, 1.0)
    lifted: Float32Array = np.maximum(facing + np.float32(above), 0) * np.float32(0.5 / (1 + above))
    lifted += np.maximum(facing + np.float32(below), 0) * np.float32(0.5 / (1 + below))
    lifted *= direct
    return lifted


def _gloss(
    seen: GBuffer,
    light: Light,
    skin: Skin,
    lamp: Float32Array,
    facing: Float32Array,
    direct: Float32Array,
) -> Float32Array:
    """Light that is mirrored at the surface: the highlight and the rim."""
    toward, edge = seen.toward, seen.edge
    between = np.sqrt(np.maximum(2 + 2 * (seen.sight @ lamp), np.float32(1e-6)))
    peak: Float32Array = np.maximum((facing + toward) / between, 0) ** np.float32(skin.shininess)
    peak *= np.float32(skin.specular) * (1 + 4 * edge) * (facing > 0)
    peak *= direct
    if light.rim:
        peak += np.float32(light.rim) * edge * seen.occlusion
    return peak


def box_mean(seen: GBuffer, values: Float32Array, background: float = 0.0) -> Float32Array:
    """Picture of values at the hits: the mean over each pixel's rays.

    ``values`` is (n,) or (n, k). Returns (rows, columns) or (rows, columns, k); rays that miss
    count as ``background``.
    """
    k, more = seen.supersample, values.shape[1:]
    fine = np.full((seen.rows * k * seen.columns * k, *more), background, np.float32)
    fine[seen.index] = values
    fine = fine.reshape(seen.rows, k, seen.columns, k, *more)
    total = np.zeros((seen.rows, seen.columns, *more), np.float32)
    for i in range(k):
        for j in range(k):
            total += fine[:, i, :, j]
    total *= np.float32(1 / k**2)
    return total


def alpha(seen: GBuffer) -> Float32Array:
    """Share of each pixel that the surface fills, (rows, columns)."""
    return box_mean(seen, np.ones(len(seen.index), np.float32))


def to_grey(linear: Float32Array, gamma: float = 2.2) -> NDArray[np.uint8]:
    """Linear radiance, 0 to 1, as 8-bit grey levels of a screen; brighter is cut off at white."""
    return (255 * np.clip(linear, 0, 1) ** np.float32(1 / gamma) + 0.5).astype(np.uint8)


def shade(
    seen: GBuffer,
    light: Light,
    *,
    skin: Skin = DEFAULT_SKIN,
    background: float = 0.0,
    gamma: float = 2.2,
    lit: Float32Array | None = None,
) -> NDArray[np.uint8]:
    """Grey picture (rows, columns) of what a camera sees under one light.

    ``background`` is a linear radiance; the other parameters are those of :func:`radiance`.
    """
    return to_grey(box_mean(seen, radiance(seen, light, None, skin, lit), background), gamma)
