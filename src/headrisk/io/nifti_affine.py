"""Where a NIfTI image lies: sform, qform or a guess, and what to do when they disagree.

Field meanings follow the NIfTI-1 C header (nifti1.h), methods 1 to 3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from headrisk.errors import ScanError
from headrisk.io.geometry import (
    Shape,
    affine_problem,
    corner_displacement,
    format_mm,
    voxel_sizes,
)
from headrisk.types import FloatArray

CONFLICT_MM = 0.5
_UNITS = {0: ("unknown", 1.0), 1: ("metre", 1000.0), 2: ("mm", 1.0), 3: ("micrometre", 0.001)}


def choose_affine(fields: Any, shape: Shape, subject: str) -> tuple[FloatArray, tuple[str, ...]]:
    """The affine to use: a sound sform, else a sound qform, else a guess where neither is coded.

    Differences of more than 0.5 mm between a sound sform and qform are reported in the notes, in
    mm at the corner that moves most. Units other than mm are converted where that gives voxel
    sizes a head image can have.

    Raises
    ------
    ScanError
        An orientation is coded but none is usable, or the voxel sizes are not plausible.
    """
    coded = {}
    if int(fields["sform_code"]) > 0:
        coded["sform"] = _sform(fields)
    if int(fields["qform_code"]) > 0:
        coded["qform"] = _qform(fields)
    guessed = not coded
    if guessed:
        coded["pixdim"] = _from_sizes(fields, shape)
    unit, stated_factor = _UNITS.get(int(fields["xyzt_units"]) & 7, _UNITS[0])
    for factor in dict.fromkeys((stated_factor, 1.0)):
        scaled = {key: _in_mm(affine, factor) for key, affine in coded.items()}
        problems = {key: affine_problem(affine, shape) for key, affine in scaled.items()}
        sound = {key: scaled[key] for key, problem in problems.items() if not problem}
        if sound:
            break
    else:
        raise ScanError(
            subject,
            found="no usable geometry: "
            + "; ".join(f"{key}: {problem}" for key, problem in problems.items()),
            expected="a finite affine with voxels of 0.1 to 20 mm and a field of view up to 1 m",
            remedy="Correct the header's geometry, or convert the scan again from its source.",
        )
    chosen, affine = next(iter(sound.items()))
    notes = _unit_notes(unit, stated_factor, factor)
    if guessed:
        notes.append("neither qform nor sform is set: orientation guessed from storage order")
    notes += [f"{key} unusable ({problem})" for key, problem in problems.items() if problem]
    if len(sound) == 2:
        gap = corner_displacement(sound["sform"], sound["qform"], shape)
        if gap > CONFLICT_MM:
            notes.append(f"qform and sform differ by {gap:.1f} mm: sform used")
    if chosen == "sform":
        notes += _size_notes(fields, affine, factor)
    return affine, tuple(notes)


def _unit_notes(unit: str, stated_factor: float, factor: float) -> list[str]:
    if factor != 1.0:
        return [f"unit is {unit}: converted to mm"]
    if stated_factor != 1.0:
        return [f"unit is given as {unit} but the sizes are in mm: mm used"]
    return []


def _size_notes(fields: Any, affine: FloatArray, factor: float) -> list[str]:
    stated = np.abs(np.asarray(fields["pixdim"][1:4], dtype=np.float64)) * factor
    used = np.array(voxel_sizes(affine))
    if np.allclose(stated, used, rtol=0.02, atol=0.0):
        return []
    return [f"pixdim says {format_mm(stated)} mm, sform {format_mm(used)} mm: sform used"]


def _in_mm(affine: FloatArray, factor: float) -> FloatArray:
    scaled = affine.copy()
    with np.errstate(all="ignore"):
        scaled[:3] *= factor
    return scaled


def _sform(fields: Any) -> FloatArray:
    affine = np.eye(4)
    for row, name in enumerate(("srow_x", "srow_y", "srow_z")):
        affine[row] = fields[name]
    return affine


def _qform(fields: Any) -> FloatArray:
    """Rotation from the unit quaternion (a, b, c, d), a >= 0; NIfTI-1 method 2.

    A quaternion longer than 1 by more than rounding gives an affine of NaN.
    """
    b, c, d = (float(fields[f"quatern_{letter}"]) for letter in "bcd")
    sizes = np.array(fields["pixdim"][:4], dtype=np.float64)
    affine = np.eye(4)
    with np.errstate(all="ignore"):
        length = b * b + c * c + d * d
        if not length <= 1.0 + 1e-4:
            return np.full((4, 4), np.nan)
        a = np.sqrt(max(0.0, 1.0 - length))
        rotation = np.array(
            [
                [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
                [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
                [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
            ]
        )
        sizes[3] *= -1.0 if sizes[0] < 0 else 1.0
        affine[:3, :3] = rotation * sizes[1:]
    affine[:3, 3] = [float(fields[f"qoffset_{letter}"]) for letter in "xyz"]
    return affine


def _from_sizes(fields: Any, shape: Shape) -> FloatArray:
    """Voxel sizes only, x running to the left, the origin in the centre, as nibabel and FSL do."""
    sizes = np.abs(np.asarray(fields["pixdim"][1:4], dtype=np.float64)) * (-1, 1, 1)
    affine = np.diag([*sizes, 1.0])
    with np.errstate(all="ignore"):
        affine[:3, 3] = -(np.array(shape) - 1) / 2 * sizes
    return affine
