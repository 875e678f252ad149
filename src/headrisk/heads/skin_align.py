"""A template head fitted to the skin of a scan whose brain gives no alignment: CT, PET and others.

The signed distance from the outline of the head, looked up at the template's scalp, temples, neck
and forehead, is made small by a robust least-squares fit of position, turn and size. The face takes
no part: a removed one would draw the template backward. The head must lie within about 30 degrees
of upright, as in a scanner.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from headrisk.heads.boxes import block_affine, block_mean, grown, largest_part, linear
from headrisk.heads.sightlines import template_lines
from headrisk.heads.view import moved
from headrisk.io.volume import Volume
from headrisk.types import BoolArray, Float32Array, FloatArray

_BLOCK_MM = 4.0
_EVERY = 2  # lines of the template that take part
_FOREHEAD_Z = -25.0  # template mm; below it a face may have been removed
_SIZE = np.array([0.92, 0.92, 0.92])  # of a head beside the template, at the start
_LOSS_MM = 6.0
_FAR_MM = 40.0
_DIFF = 1e-3  # relative step of derivatives: distances are in single precision
_SIZE_SD, _SHEAR_MM = 0.08, 12.0
HEAD_HU = -250.0  # level of skin in a CT
AIR_HU, _TOP_HU = -1000.0, 200.0
_EROSION, _GROWTH, _FRONT_GROWTH = 2, 6, 20  # blocks of 2 mm: thinner things than 8 mm are no head


def head_of_ct(volume: Volume) -> Volume:
    """A CT without table and head rest: air where the largest solid thing is not.

    Bone is cut off at 200 HU. What is thinner than 8 mm (a table's shell, a tube) falls away when
    the solid part is eroded; the head grows back over what it is joined to, farther in front, where
    a nose of thin walls is and no table.
    """
    size = np.maximum(np.round(2.0 / np.array(volume.voxel_mm)), 1).astype(int)
    solid = block_mean(volume.data, size) > HEAD_HU
    core = largest_part(~grown(~solid, _EROSION))
    head = core
    front = np.zeros(core.shape, bool)
    if core.any():
        front[:, int(np.argwhere(core.any(axis=(0, 2))).mean()) :] = True
    for step in range(_FRONT_GROWTH):
        head |= grown(head, 1) & solid & (front | (step < _GROWTH))
    head = grown(head, 1)
    kept = head
    for axis, (width, count) in enumerate(zip(size, volume.shape, strict=True)):
        kept = np.repeat(kept, width, axis=axis)
        kept = kept[(slice(None),) * axis + (slice(count),)]
    data = np.clip(volume.data, AIR_HU, _TOP_HU)
    data = np.where(kept, data, np.float32(AIR_HU))
    return Volume(data, volume.affine, (*volume.notes, "read as Hounsfield units"))


def align_by_skin(volume: Volume, level: float) -> FloatArray | None:
    """Template mm to scanner mm (4 x 4) from the outline of the head at a level; None if none.

    Parameters
    ----------
    volume
        The whole head.
    level
        Intensity that parts air from the head.
    """
    size = np.maximum(np.round(_BLOCK_MM / np.array(volume.voxel_mm)), 1).astype(int)
    blocks = block_mean(volume.data, size)
    affine = block_affine(volume.affine, size)
    head = _filled(largest_part(blocks > level))
    if np.count_nonzero(head) * abs(np.linalg.det(affine[:3, :3])) < 1e6:  # less than a litre
        return None
    edge = np.linalg.norm(affine[:3, :3], axis=0)
    away = ndimage.distance_transform_edt(~head, sampling=edge)
    away -= ndimage.distance_transform_edt(head, sampling=edge)
    distance = np.clip(away, -_FAR_MM, _FAR_MM).astype(np.float32)
    return _fitted(distance, head, affine)


def _filled(head: BoolArray) -> BoolArray:
    """Holes filled slice by slice, as the brain and the airways are."""
    return np.stack(
        [ndimage.binary_fill_holes(head[:, :, k]) for k in range(head.shape[2])], axis=2
    )


def _fitted(distance: Float32Array, head: BoolArray, affine: FloatArray) -> FloatArray | None:
    lines = template_lines()
    forehead = lines.parts["upper face"] & (lines.points[:, 2] > _FOREHEAD_Z)
    wanted = lines.parts["scalp"] | lines.parts["sides"] | forehead
    points = lines.points[wanted][::_EVERY]
    to_index = np.linalg.inv(affine)
    places = moved(affine, np.argwhere(head).astype(np.float64))
    top = float(np.quantile(places[:, 2], 0.999))
    upper = places[places[:, 2] > top - 110]
    centre = np.array([*((upper.min(axis=0) + upper.max(axis=0)) / 2)[:2], top])
    crown = np.array([0.0, -18.0, 94.0])  # template mm: above the middle of the head
    shape = np.array(head.shape)

    def matrix(p: FloatArray) -> FloatArray:
        out = np.eye(4)
        out[:3, :3] = Rotation.from_rotvec(p[3:6]).as_matrix() @ np.diag(_SIZE * np.exp(p[6:9]))
        out[:3, 3] = centre + 10 * p[:3] - out[:3, :3] @ crown
        return out

    def cost(p: FloatArray) -> FloatArray:
        index = moved(to_index @ matrix(p), points)
        within = ((index > -0.5) & (index < shape - 0.5)).all(axis=1)
        off = np.where(within, linear(distance, list(index.T)), 0.0)
        held = np.concatenate([p[3:6] / 0.3, p[6:9] / _SIZE_SD, [(p[6] - p[7]) / 0.05]])
        return np.concatenate([off / _LOSS_MM, held])

    best = None
    for pitch in (0.0, -0.3, 0.3):
        start = np.zeros(9)
        start[3] = pitch
        found = least_squares(cost, start, loss="soft_l1", max_nfev=50, diff_step=np.full(9, _DIFF))
        if best is None or found.cost < best.cost:
            best = found
    return None if best is None else matrix(best.x)
