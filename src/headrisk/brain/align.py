"""Affine alignment of a brain to the template by robust inverse-compositional Gauss-Newton.

The image is modelled at template points x as

    I(A x)  ~  sum_k  c_k B_k(x)

with a constant and one or more template maps B_k. For T1-like contrast the map is the template's
T1; for any other contrast the maps are grey matter, white matter and brain, so that no contrast has
to be assumed. Coefficients c are refitted at each step, outliers (lesions, resected tissue, mask
errors) are weighed down by Cauchy weights, and because the derivatives are taken on the template
they are computed once (Baker & Matthews, Int J Comput Vision 56:221, 2004).

Starts: the mask's centroid and volume, and rotations that cover SO(3), scored by how much of the
image's variance the template maps explain. So any axis-aligned wrong orientation and any tilt is
within reach of a start. Affines map template RAS+ mm to scanner RAS+ mm.

A mirrored head cannot be told: the template is symmetric, and both orders of left and right fit
equally well (scores 0.853 and 0.850 on one head). Its fingerprint then correlates with the right
one at about 0.5 only, so a header with left and right exchanged hides a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from headrisk.brain.descent import (
    T1_MAPS,
    TISSUE_MAPS,
    Field,
    Level,
    descend,
    explained,
    explained_each,
    smoothed,
    template_level,
)
from headrisk.brain.template import load_template
from headrisk.settings import Alignment as Freedom
from headrisk.types import BoolArray, Float32Array, FloatArray

_TRIED = 10  # best starting rotations that are followed by a few steps


@dataclass(frozen=True)
class Brain:
    """A brain cut out of its head: intensity inside the mask, 0 outside.

    ``data`` and ``mask`` are (x, y, z); ``affine`` is voxel index to scanner RAS+ mm.
    """

    data: Float32Array
    mask: BoolArray
    affine: FloatArray

    @property
    def voxel_mm(self) -> FloatArray:
        """Voxel edge lengths in mm."""
        lengths: FloatArray = np.linalg.norm(self.affine[:3, :3], axis=0)
        return lengths


@dataclass(frozen=True)
class Alignment:
    """Where the template's points lie in the scanner, and how well the two agree.

    ``affine`` maps template RAS+ mm to scanner RAS+ mm. ``score`` is the share of the image's
    variance (0..1) that the template explains at 4 mm, in the brain and 8 mm around it; much of it
    comes from the brain's outline. ``within`` is the correlation (-1..1) of image and template
    inside the brain only, so it tells a brain from another thing of its shape. ``contrast`` is the
    difference of white and grey matter in standard deviations, positive for T1-like images.
    """

    affine: FloatArray
    score: float
    within: float = 1.0
    contrast: float = 1.0


def align(brain: Brain, *, t1_like: bool = True, freedom: Freedom = "affine") -> Alignment:
    """Align a stripped brain to the template.

    Parameters
    ----------
    brain
        Stripped and bias-flattened brain at about 2 mm.
    t1_like
        Use the template's T1; otherwise its tissue maps, for any contrast.
    freedom
        ``affine`` for 12 parameters, ``rigid`` for 6 (head size is kept). A rigid alignment
        starts from the affine one, whose scores it carries: heads of another size than the
        template's fit it badly in the right pose too, so a rigid fit cannot judge itself.
    """
    names = T1_MAPS if t1_like else TISSUE_MAPS
    fields = {mm: smoothed(brain.data, brain.affine, mm) for mm in (8.0, 4.0, 2.0)}
    affine = _pyramid(fields, names, _first_guess(brain, fields[8.0], names), "affine")
    level = template_level(4.0, 6, names)
    score = explained(fields[4.0], level, affine)
    within, contrast = _agreement_within(fields[4.0], level, affine)
    if freedom == "rigid":
        affine = _pyramid(fields, names, _unstretched(affine), "rigid")
    return Alignment(affine, score, within, contrast)


def _pyramid(
    fields: dict[float, Field], names: tuple[str, ...], start: FloatArray, freedom: Freedom
) -> FloatArray:
    """Descend at 8, 4 and 2 mm of smoothness."""
    affine = descend(fields[8.0], template_level(8.0, 8, names), start, freedom, steps=12)
    affine = descend(fields[4.0], template_level(4.0, 6, names), affine, freedom, steps=12)
    return descend(fields[2.0], template_level(2.0, 4, names), affine, freedom, steps=8)


def _unstretched(affine: FloatArray) -> FloatArray:
    """The affine's rotation alone, with the template's centre at the same place in the scanner."""
    template = load_template()
    centre = np.append(_centroid(template.mask, template.affine), 1.0)
    left, _, right = np.linalg.svd(affine[:3, :3])
    rigid = np.eye(4)
    rigid[:3, :3] = left @ right
    rigid[:3, 3] = (affine @ centre)[:3] - rigid[:3, :3] @ centre[:3]
    return rigid


def _agreement_within(field: Field, level: Level, affine: FloatArray) -> tuple[float, float]:
    """Correlation with the template (or its best mix of tissues) inside the brain, and contrast."""
    values = field.at(affine, level.points[level.inner])
    maps = level.maps[level.inner]
    seen = values > 0
    values, maps, tissue = values[seen], maps[seen], level.tissue[level.inner][seen]
    spread = float(values.std()) if len(values) > 100 else 0.0
    if spread < 1e-6 or min(np.count_nonzero(tissue == k) for k in (1, 2)) < 20:
        return 0.0, 0.0
    contrast = float(np.median(values[tissue == 2]) - np.median(values[tissue == 1])) / spread
    fitted = maps[:, 1]
    if maps.shape[1] > 2:
        fitted = maps @ np.linalg.lstsq(maps, values, rcond=None)[0]
    if float(fitted.std()) < 1e-6:
        return 0.0, contrast
    return float(np.corrcoef(values, fitted)[0, 1]), contrast


@cache
def _rotations() -> FloatArray:
    """Rotations that cover SO(3): the 24 of the cube times tilts of 30 degrees."""
    cube = Rotation.create_group("O").as_matrix()
    tilts = [np.zeros(3)]
    tilts += [sign * np.radians(30) * axis for axis in np.eye(3) for sign in (-1, 1)]
    corners = np.array([(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)])
    tilts += [np.radians(40) * corner / np.sqrt(3) for corner in corners]
    tilted = Rotation.from_rotvec(np.array(tilts)).as_matrix()
    covered: FloatArray = np.einsum("aij,bjk->abik", cube, tilted).reshape(-1, 3, 3)
    return covered


def _first_guess(brain: Brain, field: Field, names: tuple[str, ...]) -> FloatArray:
    template = load_template()
    centre = _centroid(template.mask, template.affine)
    target = _centroid(brain.mask, brain.affine)
    volumes = [
        np.count_nonzero(mask) * abs(np.linalg.det(affine[:3, :3]))
        for mask, affine in ((brain.mask, brain.affine), (template.mask, template.affine))
    ]
    scale = float(np.clip(np.cbrt(volumes[0] / volumes[1]), 0.6, 1.5))
    sparse, coarse = template_level(8.0, 16, names), template_level(8.0, 12, names)
    rotations = _rotations()
    starts: FloatArray = np.tile(np.eye(4), (len(rotations), 1, 1))
    starts[:, :3, :3] = scale * rotations
    starts[:, :3, 3] = target - starts[:, :3, :3] @ centre
    order = np.argsort(-explained_each(field, sparse, starts), kind="stable")
    best: tuple[float, FloatArray] = (-1.0, starts[order[0]])
    for start in starts[order[:_TRIED]]:
        moved = descend(field, coarse, start, "affine", steps=6)
        best = max(best, (explained(field, coarse, moved), moved), key=lambda pair: pair[0])
    return best[1]


def _centroid(mask: BoolArray, affine: FloatArray) -> FloatArray:
    centre = np.array(ndimage.center_of_mass(mask))
    moved: FloatArray = affine[:3, :3] @ centre + affine[:3, 3]
    return moved
