"""What a twin's head is made of: skin, fat, muscle and skull around a phantom's brain."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from headrisk.brain.fields import sample, spread
from headrisk.heads.boxes import near_distance
from headrisk.heads.mesh import Mesh
from headrisk.heads.shapes import HeadShapes
from headrisk.synthetic.phantom import head
from headrisk.synthetic.phantom.acquisition import BRAIN_SIGNAL
from headrisk.synthetic.phantom.atlas import Atlas
from headrisk.synthetic.phantom.people import Person, tissue_fractions, warp_affine
from headrisk.synthetic.phantom.render import HEAD_SIGNAL
from headrisk.types import Float32Array, FloatArray

_SKIN_MM, _FAT_MM = 2.0, 5.0  # depth of their inner edge
_PAD_SIGNAL = 0.12


def with_full_mouth(mesh: Mesh, shapes: HeadShapes) -> Mesh:
    """The head without the hollow behind its lips, which tongue and gums fill in a closed mouth.

    The hollow's triangles give way to a fan across its rim.
    """
    inner = (shapes.regions["mouth_inside"] > 0.5)[mesh.triangles].all(axis=1)
    hollow, count = mesh.triangles[inner], len(mesh.vertices)
    edges = np.stack([hollow, np.roll(hollow, -1, axis=1)], axis=-1).reshape(-1, 2)
    there, back = edges @ np.array([count, 1]), edges @ np.array([1, count])
    rim = edges[~np.isin(back, there)]
    middle = mesh.vertices[rim[:, 0]].mean(axis=0, dtype=np.float64)
    fan = np.column_stack([rim, np.full(len(rim), count)])
    return Mesh(
        np.vstack([mesh.vertices, middle.astype(np.float32)]),
        np.concatenate([mesh.triangles[~inner], fan]).astype(np.int32),
    )


def tissue_signal(
    filled: Float32Array, to_template: FloatArray, atlas: Atlas, person: Person, contrast: str
) -> Float32Array:
    """Noise-free signal of the voxels that the head fills, wholly or in part.

    Parameters
    ----------
    filled
        (x, y, z) share of each voxel inside the skin.
    to_template
        4 x 4, voxel index to template mm.
    contrast
        T1w, T2w or FLAIR.
    """
    out = np.zeros(filled.size, dtype=np.float32)
    near = np.flatnonzero(filled > 0)
    depth = np.take(_depth_mm(filled, to_template), near)
    index = np.stack(np.unravel_index(near, filled.shape)).astype(np.float32)
    points = to_template[:3, :3].astype(np.float32) @ index
    points += to_template[:3, 3:].astype(np.float32)
    points += sample(person.warp, warp_affine(), points)
    hull = sample(atlas.hull, atlas.head, points)
    strength = np.asarray(HEAD_SIGNAL[contrast], dtype=np.float32)
    outer = ndimage.gaussian_filter(strength[_deep_labels(atlas)], 0.6)
    values = sample(outer, atlas.head, points)
    shallow = np.where(depth < _SKIN_MM, strength[head.SKIN], strength[head.FAT])
    cover = np.clip(_FAT_MM + 0.5 - depth, 0, 1) * np.clip(hull - head.FLUID_MM, 0, 1)
    values += cover * (shallow - values)
    inside = np.flatnonzero(hull < head.FLUID_MM)
    fractions = tissue_fractions(atlas, person, points[:, inside], growth=1.0, widening_mm=0.0)
    means = (np.array(BRAIN_SIGNAL[contrast]) * person.tissue).astype(np.float32)
    weight = np.clip(head.FLUID_MM - hull[inside], 0, 1)
    values[inside] += weight * (means @ fractions - values[inside])
    out[near] = values
    return out.reshape(filled.shape)


def _deep_labels(atlas: Atlas) -> head.Labels:
    """Labels of the phantom's head without its own air and skin outside: muscle goes on there."""
    labels = atlas.labels.copy()
    labels[(atlas.surface > -7) & (atlas.hull > head.FAT_MM)] = head.MUSCLE
    return labels


def _depth_mm(filled: Float32Array, to_template: FloatArray) -> Float32Array:
    """Depth under the skin in template mm, from a grid of about 2 mm; true as deep as fat lies."""
    step = np.linalg.norm(to_template[:3, :3], axis=0)
    stride = np.maximum(np.round(2 / step).astype(int), 1)
    i, j, k = (
        np.unique(np.r_[0 : n : int(s), n - 1]) for n, s in zip(filled.shape, stride, strict=True)
    )
    coarse = filled[np.ix_(i, j, k)] > 0.5
    most = _FAT_MM + 1 + float(np.linalg.norm(step * stride))  # of all that is mixed with fat
    distance = near_distance(~coarse, step * stride, most)
    return spread(
        (distance - 0.5).astype(np.float32), (filled.shape[0], filled.shape[1], filled.shape[2])
    )


def ear_pads(shape: tuple[int, int, int], to_template: FloatArray) -> Float32Array:
    """Faint signal of pads beside the ears, (x, y, z), as without the head."""
    x, y, z = np.ogrid[tuple(slice(0, n) for n in shape)]
    place = [
        row[0] * x + row[1] * y + row[2] * z + row[3] for row in to_template[:3].astype(np.float32)
    ]
    level = ((np.abs(place[0]) - 98) / 14) ** 2 + ((place[1] + 12) / 34) ** 2
    pads = _PAD_SIGNAL * (level + ((place[2] + 46) / 38) ** 2 < 1)
    return np.asarray(pads, dtype=np.float32)
