"""Images of synthetic people of every kind: other MRI contrasts, series, CT and PET.

What matters here is what the skin looks like: dim beside a bright brain, suppressed fat, a
background of noise (the uniform image of MP2RAGE, Marques et al., NeuroImage 49:1271, 2010), thick
slices, Hounsfield units with a table and a head rest, or the blurred uptake of PET. Signals are
rough: they order tissues as the method does, no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import ndimage

from headrisk.heads.identity import Identity
from headrisk.heads.shapes import HeadShapes
from headrisk.synthetic.people.session import Visit
from headrisk.synthetic.people.volume import Filled, PersonScanSettings, fill_head, render_person
from headrisk.synthetic.phantom.render import average_slices
from headrisk.types import BoolArray, Float32Array, FloatArray

Finish = Literal["magnitude", "uniform", "ct", "pet"]
_OUTSIDE_HU = -1024.0  # beyond the circle that a CT reconstructs
_METAL_MM = (20.0, 62.0, -98.0)  # dental filling, template mm
_TABLE_HU, _REST_HU, _SHELL_HU = -600.0, -850.0, -250.0
_PET_FWHM_MM = 5.0


@dataclass(frozen=True)
class Kind:
    """How one kind of image is made.

    Attributes
    ----------
    contrast
        Key of ``BRAIN_SIGNAL``.
    voxel_mm, noise, bias
        As in :class:`PersonScanSettings`.
    finish
        What the scanner makes of the signal.
    """

    contrast: str
    voxel_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    noise: float = 0.02
    bias: float = 0.4
    finish: Finish = "magnitude"


KINDS: dict[str, Kind] = {
    "T1w": Kind("T1w"),
    "T2w": Kind("T2w"),
    "FLAIR": Kind("FLAIR"),
    "FLAIR-thick": Kind("FLAIR", (0.9, 0.9, 5.0)),
    "T1w-thick": Kind("T1w", (0.9, 0.9, 6.5)),
    "T2w-coronal": Kind("T2w", (0.9, 3.0, 0.9)),
    "PDw": Kind("PDw", (1.0, 1.0, 3.0)),
    "T2starw": Kind("T2starw", (1.0, 1.0, 2.0)),
    "fatsat": Kind("fatsat"),
    "UNIT1": Kind("T1w", noise=0.03, finish="uniform"),
    "angio": Kind("angio", (0.8, 0.8, 0.8)),
    "bold": Kind("bold", (3.0, 3.0, 3.0), noise=0.01),
    "dwi": Kind("bold", (2.0, 2.0, 2.0), noise=0.015),
    "asl": Kind("asl", (3.5, 3.5, 5.0), noise=0.01),
    "fdg": Kind("fdg", (2.0, 2.0, 2.0), noise=0.02, bias=0.0, finish="pet"),
    "amyloid": Kind("amyloid", (2.0, 2.0, 2.0), noise=0.02, bias=0.0, finish="pet"),
    "CT": Kind("CT", (0.9, 0.9, 1.5), noise=8.0, bias=0.0, finish="ct"),
}


def render_kind(
    identity: Identity | None,
    shapes: HeadShapes,
    kind: Kind,
    rng: np.random.Generator,
    visit: Visit | None = None,
) -> tuple[Float32Array, FloatArray]:
    """One image of a synthetic person's head, (x, y, z) float32, and its affine.

    Parameters
    ----------
    identity
        None for the mean head.
    kind
        One of ``KINDS``, or another.
    visit
        How the person lies there on the day; at rest and unchanged if not given.
    """
    settings = PersonScanSettings(kind.contrast, kind.voxel_mm, kind.noise, kind.bias)
    if kind.finish in ("magnitude", "uniform"):
        data, affine = render_person(identity, shapes, settings, rng, visit=visit)
        return (_uniform(data, rng) if kind.finish == "uniform" else data), affine
    filled = fill_head(identity, shapes, settings, rng, visit=visit)
    data = _ct(filled, kind, rng) if kind.finish == "ct" else _pet(filled, kind, rng)
    return data, filled.affine


def _uniform(data: Float32Array, rng: np.random.Generator) -> Float32Array:
    """As MP2RAGE's uniform image: -0.5 to 0.5, where there is no signal any value of it."""
    level = np.float32(np.quantile(data, 0.98))
    value = np.clip(data / level, 0, 1) - np.float32(0.5)
    trust = 1 / (1 + np.square(np.float32(0.07) * level / np.maximum(data, np.float32(1e-6))) ** 2)
    noise = rng.uniform(-0.5, 0.5, data.shape).astype(np.float32)
    return np.asarray(trust * value + (1 - trust) * noise, np.float32)


def _ct(filled: Filled, kind: Kind, rng: np.random.Generator) -> Float32Array:
    """Hounsfield units, with a table, a head rest, a dental filling and the circle's outside."""
    air = np.float32(-1000)
    signal = air + filled.share * (filled.signal - air)
    place = _template_places(filled)
    for where, level in (
        (_rest(place), _REST_HU),
        (_shell(place), _SHELL_HU),
        (_table(place), _TABLE_HU),
    ):
        signal = np.where(where & (filled.share < 0.5), np.float32(level), signal)
    metal = sum((p - c) ** 2 for p, c in zip(place, _METAL_MM, strict=True)) < 16
    signal = np.where(metal, np.float32(3000), signal)
    signal = average_slices(np.asarray(signal, np.float32), filled.parts)
    signal += kind.noise * rng.standard_normal(signal.shape, dtype=np.float32)
    x, y = (np.linspace(-1, 1, n)[:, None] for n in signal.shape[:2])
    signal[(x**2 + y.T**2) > 1] = np.float32(_OUTSIDE_HU)
    return np.clip(np.round(signal), -1024, 3071).astype(np.float32)


def _template_places(filled: Filled) -> list[Float32Array]:
    """Template mm of every voxel of the fine grid, one broadcast array for each axis."""
    x, y, z = np.ogrid[tuple(slice(0, n) for n in filled.share.shape)]
    rows = filled.to_template[:3].astype(np.float32)
    return [row[0] * x + row[1] * y + row[2] * z + row[3] for row in rows]


def _rest(place: list[Float32Array]) -> BoolArray:
    """Foam under the back of the head."""
    round_head = (place[0] / 112) ** 2 + ((place[1] + 20) / 130) ** 2
    return np.asarray((place[1] < -60) & (round_head < 1) & (place[2] > -110) & (place[2] < 70))


def _shell(place: list[Float32Array]) -> BoolArray:
    """The hard shell of the head rest, 4 mm thick."""
    radius = np.sqrt((place[0] / 112) ** 2 + ((place[1] + 20) / 130) ** 2)
    return np.asarray(
        (place[1] < -60) & (radius > 1) & (radius < 1.035) & (place[2] > -110) & (place[2] < 70)
    )


def _table(place: list[Float32Array]) -> BoolArray:
    """A flat board below the head rest."""
    return np.asarray((place[1] < -152) & (place[1] > -162) & (np.abs(place[0]) < 150))


def _pet(filled: Filled, kind: Kind, rng: np.random.Generator) -> Float32Array:
    """Uptake blurred to 5 mm; counts make noise, and smoothing correlates it."""
    signal = average_slices(filled.signal * filled.share, filled.parts)
    sigma = _PET_FWHM_MM / 2.355 / np.array(kind.voxel_mm)
    signal = ndimage.gaussian_filter(signal, sigma)
    noise = rng.standard_normal(signal.shape).astype(np.float32)
    noise = ndimage.gaussian_filter(noise, 0.6 * sigma)
    noise *= np.float32(kind.noise) / noise.std()
    counts = np.maximum(signal + noise * np.sqrt(np.maximum(signal, 0.005)), 0)
    return np.asarray(counts * np.float32(20000), np.float32)
