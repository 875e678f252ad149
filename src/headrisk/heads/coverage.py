"""How much of a face is left on the skin of a scan, beside a template head.

The nearest skin to each point of the mean head's face is sought in template space. A face that was
cut away leaves its wound tens of millimetres behind the template; people differ by much less.

The limits below were set on ten whole heads (IXI, T1w at 2 mm, largest distance of the 90th
percentile: eyes 10, nose 10, lips 17, chin 16 mm), two defaced heads (AOMIC, T1w at 1 mm, nose and
lips 48 to 56 mm), FLAIR, T1w and T2w with thick slices that were defaced and end above the mouth
(open-MS, one of them with a thinned forehead), and T1w in 6 mm slices that end above the mouth
(brain-tumor-progression); and checked on four of the IXI heads after cutting away a wedge from the
bridge of the nose to the neck (``none``), only the nose, the mouth or the eyes (``partial``), and
all slices below the nose. They hold for adults whose brain aligned well. What they
cannot tell: a face that was *replaced* by another, as re-facing tools do, counts as there, and so
does one that was blurred or shaved by less than the tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.spatial import cKDTree

from headrisk.heads.average import PARTS, face_of_template
from headrisk.heads.mesh import Mesh
from headrisk.heads.surface import Surface
from headrisk.heads.view import moved
from headrisk.types import BoolArray, Float32Array, FloatArray

CoverageVerdict = Literal["full", "partial", "none", "cropped"]
FRONT = PARTS[:3]
_WHOLE, _NOTHING = 0.9, 0.1  # a part is there from this share on, and gone below that one
_MOSTLY = 0.5  # a part is mostly there from this share on
_FEWEST_PARTS = 2  # of the three; with fewer mostly there the image ends before the face
_BORDER_VOXELS = 1.0  # skin this near to the image's border is a cut, not skin


@dataclass(frozen=True)
class Coverage:
    """What is left of a face.

    Attributes
    ----------
    parts
        Share of the template's skin that is there, 0 to 1, for each name of the template's
        :data:`~headrisk.heads.average.PARTS`.
    total
        The same for the whole face, from below the hairline to the chin and from ear to ear.
    outside
        Share of the whole face that is missing because the image ends before it.
    verdict
        ``full``; ``cropped`` where only the field of view ends too early and leaves less than two
        of upper face, nose, and mouth with chin; ``none`` where something was removed within the
        field of view, no nose is left and less than half of mouth and chin; else ``partial``.
    removed, cropped
        Parts of the front that are missing, in whole or part, within the field of view, and only
        because it ends before them.
    """

    parts: dict[str, float]
    total: float
    outside: float
    verdict: CoverageVerdict
    removed: tuple[str, ...] = ()
    cropped: tuple[str, ...] = ()

    @property
    def cut_off(self) -> bool:
        """Whether what is missing is missing only because the image ends before it."""
        return self.verdict != "full" and not self.removed

    @property
    def still_there(self) -> tuple[str, ...]:
        """Parts of the front that are whole."""
        return tuple(n for n in FRONT if n not in self.removed and n not in self.cropped)


def coverage(surface: Surface) -> Coverage:
    """Measure how much of the face region of a template head has skin of this scan near it.

    Parameters
    ----------
    surface
        From :func:`headrisk.heads.surface.head_surface`.

    Raises
    ------
    StoreError
        The shipped head model is damaged.
    """
    template = face_of_template()
    skin = _skin_points(surface)
    if len(skin):
        farthest = np.nextafter(template.tolerance.max(), np.inf)
        tree = cKDTree(skin, balanced_tree=False, compact_nodes=False)  # asked once
        nearest = tree.query(template.points, distance_upper_bound=farthest)[0]
        near = nearest <= template.tolerance
    else:
        near = np.zeros(len(template.points), bool)
    outside = ~near & ~_in_image(surface, template.points)

    def share(which: BoolArray, of: BoolArray) -> float:
        return float(template.area[which & of].sum() / template.area[of].sum())

    parts = {name: share(near, where) for name, where in template.parts.items()}
    beyond = {name: share(outside, where) for name, where in template.parts.items()}
    total, lost = share(near, template.face), share(outside, template.face)
    removed = tuple(name for name in FRONT if parts[name] + beyond[name] < _WHOLE)
    cropped = tuple(name for name in FRONT if parts[name] < _WHOLE and name not in removed)
    return Coverage(parts, total, lost, _judge(parts, removed, cropped), removed, cropped)


def _judge(
    parts: dict[str, float], removed: tuple[str, ...], cropped: tuple[str, ...]
) -> CoverageVerdict:
    """Verdict from the shares that are there, and the parts that are missing."""
    if not removed and not cropped:
        return "full"
    if not removed:
        hidden = sum(parts[name] >= _MOSTLY for name in FRONT) < _FEWEST_PARTS
        return "cropped" if hidden else "partial"
    gone = parts["nose"] < _NOTHING and parts["mouth and chin"] < _MOSTLY
    return "none" if gone else "partial"


def _skin_points(surface: Surface) -> Float32Array:
    """The surface's vertices in template space, without those on a cut by the image's border."""
    vertices = surface.mesh.vertices
    index = moved(_index_from_head(surface), vertices.astype(np.float64))
    kept = Mesh(vertices[_within(surface, index)], surface.mesh.triangles[:0])
    return kept.moved(surface.pose.template_from_head).vertices


def _in_image(surface: Surface, points: FloatArray) -> BoolArray:
    """Whether points of the template lie in the image, away from its border."""
    to_index = _index_from_head(surface) @ np.linalg.inv(surface.pose.template_from_head)
    return _within(surface, moved(np.asarray(to_index, np.float64), points))


def _within(surface: Surface, index: FloatArray) -> BoolArray:
    """Whether voxel indices (n, 3) lie in the image, away from its border."""
    low, high = _BORDER_VOXELS - 0.5, np.array(surface.image_shape) - 0.5 - _BORDER_VOXELS
    return np.asarray(((index > low) & (index < high)).all(axis=1), bool)


def _index_from_head(surface: Surface) -> FloatArray:
    to_scanner = np.linalg.inv(surface.pose.head_from_scanner)
    return np.asarray(np.linalg.inv(surface.scanner_from_index) @ to_scanner, np.float64)
