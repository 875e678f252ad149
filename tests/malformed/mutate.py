"""Mutations of image files, and what may come of them.

A mutated image is refused by name, or its voxels are those that an independent reading of the
bytes by ``struct`` and NumPy gives, with every repair in the notes. Where only bytes without
influence on voxels and place were changed, it must load as before.
"""

from __future__ import annotations

import gzip
import struct
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
from images import AFFINE, mgh, nifti, pair, voxels
from numpy.typing import NDArray

from headrisk.errors import ScanError
from headrisk.io.nifti import Stored, read_stored, to_volume

_NIFTI = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}
_MGH = {0: "u1", 1: "i4", 3: "f4", 4: "i2", 10: "u2"}
# Bytes of a NIfTI-1 header that say nothing of voxels or place (nifti1.h), sform being coded.
NEUTRAL = ((4, 40), (56, 70), (74, 76), (92, 108), (120, 123), (124, 252), (328, 344), (348, 352))
_ODD = (0, 1, 2, 3, 4, 7, 8, 16, 127, 128, 255)
_FLOATS = (0.0, -1.0, 1.0, 1e-30, 1e30, float("nan"), float("inf"), 352.0, 0.5)


@dataclass(frozen=True)
class Base:
    """A sound image: its files (the first is read and mutated) and length of its header."""

    files: dict[str, bytes]
    header: int
    nifti1: bool = True


def _bases() -> tuple[Base, ...]:
    big = nib.Nifti1Image(voxels().astype(">i2"), AFFINE, nib.Nifti1Header(endianness=">"))
    scaled = bytearray(nifti())
    struct.pack_into("<2f", scaled, 112, 0.5, 3.0)
    head, body = pair()
    return (
        Base({"a.nii": nifti()}, 352),
        Base({"a.nii": bytes(scaled)}, 352),
        Base({"a.nii": nifti(voxels("f4"))}, 352),
        Base({"a.nii": bytes(big.to_bytes())}, 352),
        Base({"a.nii": nifti(version=2)}, 544, False),
        Base({"a.hdr": head, "a.img": body}, 348),
        Base({"a.mgh": mgh(voxels("f4"))}, 284, False),
    )


BASES = _bases()


def mutated(blob: bytes, header: int, rng: np.random.Generator) -> bytes:
    """One to three changes below ``header``: bits, bytes, numbers, copies, cuts and insertions."""
    out = bytearray(blob)
    for _ in range(int(rng.integers(1, 4))):
        place = int(rng.integers(0, min(header, len(out)) - 8))
        kind = int(rng.integers(0, 12))
        if kind < 3:
            out[place] ^= 1 << int(rng.integers(0, 8))
        elif kind < 6:
            out[place] = int(rng.choice(_ODD)) if kind < 5 else int(rng.integers(0, 256))
        elif kind < 8:
            struct.pack_into("<h" if kind == 6 else ">h", out, place & ~1, int(rng.choice(_ODD)))
        elif kind == 8:
            order = "<>"[int(rng.integers(0, 2))]
            struct.pack_into(f"{order}f", out, place & ~3, float(rng.choice(_FLOATS)))
        elif kind == 9:
            start = int(rng.integers(0, header - 8))
            out[place : place + 8] = out[start : start + 8]
        elif kind == 10:
            del out[place : place + int(rng.integers(1, 5))]
        else:
            out[place:place] = rng.bytes(int(rng.integers(1, 5)))
    return bytes(out)


def mutated_gzip(packed: bytes, rng: np.random.Generator) -> bytes:
    """Compressed bytes with changed, lost, repeated or added stretches."""
    out = bytearray(packed)
    place = int(rng.integers(0, len(out)))
    length = int(rng.integers(1, 40))
    kind = int(rng.integers(0, 7))
    if kind < 3:
        for spot in rng.integers(0, len(out), kind + 1):
            out[spot] = int(rng.integers(0, 256))
    elif kind == 3:
        del out[place:]
    elif kind == 4:
        del out[place : place + length]
    elif kind == 5:
        out[place:place] = out[max(place - length, 0) : place]
    else:
        out += rng.bytes(length)
    return bytes(out)


def _claimed(head: bytes, body: bytes | None) -> tuple[NDArray[np.generic], float, float]:
    """The voxels (i, j, k), slope and intercept that the bytes of a file claim."""
    if head[:4] == b"\0\0\0\1":
        *shape, frames, code = struct.unpack(">5i", head[4:24])
        assert frames == 1
        return _array(head, shape, ">" + _MGH[code], 284), 1.0, 0.0
    order = "<" if struct.unpack("<i", head[:4])[0] in (348, 540) else ">"
    if struct.unpack(f"{order}i", head[:4])[0] == 348:
        dims = struct.unpack(f"{order}8h", head[40:56])
        (code,) = struct.unpack(f"{order}h", head[70:72])
        offset, slope, inter = struct.unpack(f"{order}3f", head[108:120])
        single = head[344:348] == b"n+1\0"
    else:
        (code,) = struct.unpack(f"{order}h", head[12:14])
        dims = struct.unpack(f"{order}8q", head[16:80])
        offset, slope, inter = struct.unpack(f"{order}q2d", head[168:192])
        single = head[4:8] == b"n+2\0"
    assert 3 <= dims[0] <= 7
    assert all(size == 1 for size in dims[4 : dims[0] + 1])
    if single and not offset:
        offset = 352 if head[344:348] == b"n+1\0" else 544
    if slope == 0 or np.isnan(slope):
        slope, inter = 1.0, 0.0
    source = head if single else body
    assert source is not None
    return _array(source, dims[1:4], order + _NIFTI[code], int(offset)), slope, inter


def _array(blob: bytes, shape: object, dtype: str, offset: int) -> NDArray[np.generic]:
    i, j, k = (int(size) for size in shape)  # type: ignore[attr-defined]
    flat = np.frombuffer(blob, dtype=dtype, count=i * j * k, offset=offset)
    return flat.reshape((i, j, k), order="F")


def check(path: Path, base: Base, changed: bytes) -> bool:
    """Read a mutated file; whether it was usable. Anything but a name or true voxels fails."""
    path.write_bytes(changed)
    neutral = base.nifti1 and _only_neutral(next(iter(base.files.values())), changed)
    try:
        stored = read_stored(path)
        volume = to_volume(stored, str(path))
    except ScanError as error:
        refusal = error
    else:
        refusal = None
    if refusal is not None:
        assert refusal.found
        assert not neutral, f"refused for a change that means nothing: {refusal}"
        return False
    others = list(base.files.values())[1:]
    plain = gzip.decompress(changed) if changed[:2] == b"\x1f\x8b" else changed
    raw, slope, inter = _claimed(plain, others[0] if others else None)
    assert raw.tobytes() == stored.voxels.tobytes()
    with np.errstate(all="ignore"):
        values = (raw.astype(np.float64) * slope + inter).astype(np.float32)
    if not np.isfinite(values).all():
        assert any("not finite set to 0" in note for note in volume.notes)
        values[~np.isfinite(values)] = 0
    _check_place(stored, values, volume.data, volume.affine)
    if neutral:
        np.testing.assert_allclose(stored.layout.affine, AFFINE, atol=1e-6)
    return True


def _check_place(
    stored: Stored, values: NDArray[np.float32], data: NDArray[np.float32], affine: object
) -> None:
    """Every voxel of the RAS+ volume lies in mm where its stored voxel lies, with its value."""
    grid = np.indices(data.shape).reshape(3, -1)
    step = np.linalg.solve(stored.layout.affine, np.asarray(affine))
    there = np.rint(step[:3, :3]) @ grid + np.rint(step[:3, 3:])
    np.testing.assert_allclose(step, np.rint(step), atol=1e-3)
    i, j, k = there.astype(int)
    np.testing.assert_array_equal(data.reshape(-1), values[i, j, k])


def _only_neutral(before: bytes, after: bytes) -> bool:
    if len(before) != len(after):
        return False
    places = np.flatnonzero(np.frombuffer(before, "u1") != np.frombuffer(after, "u1"))
    return all(any(start <= p < end for start, end in NEUTRAL) for p in places)
