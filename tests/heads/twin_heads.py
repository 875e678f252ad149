"""Synthetic heads with a known surface and a known place in the scanner."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from headrisk.face.render.cast import open_scene
from headrisk.heads.identity import draw_identity, neutral, pose_head
from headrisk.heads.mesh import Mesh, vertex_normals
from headrisk.heads.shapes import load_shapes
from headrisk.heads.view import moved
from headrisk.io.volume import Volume
from headrisk.synthetic.people.volume import CENTRE_MM, PersonScanSettings, render_person
from headrisk.synthetic.phantom.settings import PhantomSettings
from headrisk.types import BoolArray, FloatArray

STILL = PersonScanSettings(voxel_mm=(2.0, 2.0, 2.0), rotation_deg=0.0, shift_mm=0.0)


@dataclass(frozen=True)
class TwinHead:
    """A scan, its true skin (scanner mm), its open face, and template to scanner mm.

    The open face are the vertices from which the way outward is free: not the inside of nostrils,
    lips and lids.
    """

    volume: Volume
    skin: Mesh
    face: BoolArray
    placed: FloatArray

    def places(self) -> FloatArray:
        """Template mm of every voxel, (x, y, z, 3)."""
        shape = self.volume.shape
        index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1).reshape(-1, 3)
        to_template = np.linalg.inv(self.placed) @ self.volume.affine
        return moved(to_template, index.astype(float)).reshape(*shape, 3)

    def without(self, gone: BoolArray) -> TwinHead:
        """The same scan with noise alone where ``gone``, as a defacing tool leaves it."""
        data = self.volume.data.copy()
        rng = np.random.default_rng(1)
        data[gone] = np.hypot(*rng.normal(0, 30, (2, int(gone.sum()))))
        return replace(self, volume=Volume(data, self.volume.affine))

    def cropped(self, axis: int, first: int = 0, last: int | None = None) -> TwinHead:
        """The same scan with a smaller field of view along an axis."""
        part: list[slice] = [slice(None)] * 3
        part[axis] = slice(first, last)
        affine = self.volume.affine.copy()
        affine[:3, 3] += first * affine[:3, axis]
        data = np.ascontiguousarray(self.volume.data[tuple(part)])
        return replace(self, volume=Volume(data, affine))


@cache
def twin_head(seed: int = 100, settings: PersonScanSettings = STILL) -> TwinHead:
    """Scan a twin; ``settings`` must neither turn nor shift the head."""
    shapes, rng = load_shapes(), np.random.default_rng(seed)
    identity = draw_identity(shapes, rng)
    data, affine = render_person(identity, shapes, settings, rng)
    placed = np.diag([*[PhantomSettings().head_scale] * 3, 1.0])
    placed[:3, 3] = -placed[:3, :3] @ np.array(CENTRE_MM)
    skin = pose_head(
        shapes,
        identity,
        expression=neutral(shapes, eyes_closed=1.0),
        ears_pressed=settings.ears_pressed,
        sag_mm=settings.sag_mm,
    )
    inner = sum(shapes.regions[name] > 0.5 for name in ("mouth_inside", "socket", "eyeball"))
    skin, normals = skin.moved(placed), vertex_normals(skin)
    starts = np.ascontiguousarray(skin.vertices + 0.3 * normals, np.float32)
    free = open_scene(skin).tree.run(starts, np.ascontiguousarray(normals, np.float32)) < 0
    face = (shapes.regions["face"] > 0.5) & (inner == 0) & free
    return TwinHead(Volume(data, affine), skin, face, placed)
