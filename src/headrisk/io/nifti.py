"""Guarded reading of one image: every fault becomes a ``ScanError``, every repair a note.

Reads NIfTI-1 and NIfTI-2 (.nii, .hdr/.img), and MGH, each plain or gzip. Complex numbers are read
as their magnitude, colours as the brightest of their channels: what any of them shows is seen.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrisk.errors import ScanError
from headrisk.io.geometry import ImageLayout, field_note, to_ras
from headrisk.io.headers import open_image
from headrisk.io.stream import ByteStream
from headrisk.io.volume import Volume
from headrisk.types import Float32Array

DEFAULT_MAX_BYTES = 1024**3
MOST_NOT_FINITE = 0.01
_PADDING_BYTES = 64 * 1024
_BOMB_BYTES = 64 * 1024 * 1024
_BOMB_RATIO = 400
_BLOCK = 32
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Stored:
    """An image as it lies in its file.

    Attributes
    ----------
    layout
        The checked header.
    voxels
        (i, j, k) in stored order and type, unscaled.
    notes
        Repairs and warnings made while reading.
    """

    layout: ImageLayout
    voxels: NDArray[Any] = field(repr=False)
    notes: tuple[str, ...] = ()


def load_volume(path: Path, max_bytes: int = DEFAULT_MAX_BYTES) -> Volume:
    """Read an image into float32, RAS+ order, every byte of the file accounted for.

    A compressed file is decoded to its very end, so its checksum is verified before a voxel is
    used. Sizes are checked from the header before memory is taken. At most the stored voxels and
    their float32 copy are held at once.

    Parameters
    ----------
    path
        Image file; for a pair, either of the two.
    max_bytes
        Most bytes that the stored voxels, or their float32 copy, may take.

    Raises
    ------
    ScanError
        The scan cannot be used: missing, damaged, cut off, too large, not one 3-D grey-value
        image, without usable geometry, constant, or with more than 1 % of voxels not finite.
        No other exception is raised, whatever the bytes.
    """
    return to_volume(read_stored(path, max_bytes), str(path))


def load_first_volume(path: Path, max_bytes: int = DEFAULT_MAX_BYTES) -> Volume:
    """As :func:`load_volume`, of a series (func, dwi, perf, dynamic PET) the first volume.

    What follows the first volume is neither read nor checked.

    Raises
    ------
    ScanError
        As for :func:`load_volume`, but for the number of volumes.
    """
    with open_image(path, series=True) as (layout, stream):
        _check_size(layout, stream, max_bytes)
        raw = _voxels(layout, stream)
        notes = (*layout.notes, *stream.notes)
    return to_volume(Stored(layout, _shaped(raw, layout), notes), str(path))


def load_brightest(path: Path, max_bytes: int = DEFAULT_MAX_BYTES) -> tuple[Volume, int]:
    """What is brightest at each place in any volume of a series, and how many volumes there are.

    The volumes are read one after another, so that no more than two are held at once.

    Raises
    ------
    ScanError
        As for :func:`load_volume`, but for the number of volumes; also where the file ends within
        a volume.
    """

    def brighter(most: Float32Array, one: Float32Array) -> None:
        np.fmax(most, one, out=most)

    return _over_volumes(path, brighter, max_bytes)


def load_mean(path: Path, max_bytes: int = DEFAULT_MAX_BYTES) -> tuple[Volume, int]:
    """The mean over the volumes of a series, and how many there are; one volume as it is.

    The first volume of a dynamic PET shows noise, and that of any series may be empty. In a series
    voxels that are not finite in a volume count as zero there.

    Raises
    ------
    ScanError
        As for :func:`load_brightest`.
    """

    def add(total: Float32Array, one: Float32Array) -> None:
        for volume in (total, one):
            np.nan_to_num(volume, copy=False, nan=0, posinf=0, neginf=0)
        np.add(total, one, out=total)

    volume, count = _over_volumes(path, add, max_bytes)
    if count == 1:
        return volume, count
    return replace(volume, data=volume.data / np.float32(count)), count


def _over_volumes(
    path: Path, put_together: Callable[[Float32Array, Float32Array], None], max_bytes: int
) -> tuple[Volume, int]:
    """What all volumes of a series come to, read one after another, and how many there are.

    ``put_together`` changes its first argument by a further volume.
    """
    with open_image(path, series=True) as (layout, stream):
        _check_size(layout, stream, max_bytes)
        most = _as_float32(_shaped(_voxels(layout, stream), layout), layout)
        count, raw = 1, np.empty(layout.data_bytes, dtype=np.uint8)
        while (found := stream.readinto(raw.data)) == raw.size:
            put_together(most, _as_float32(_shaped(raw, layout), layout))
            count += 1
        if found and count > 1 and raw[:found].any():
            raise ScanError(
                stream.subject,
                found=f"{found} bytes of volume {count + 1}",
                expected=f"{raw.size} bytes for each volume",
                remedy="The file is cut off or its header damaged: copy it again from its source.",
            )
        notes = (*layout.notes, *stream.notes)
    plain = replace(layout, slope=1.0, intercept=0.0)
    return to_volume(Stored(plain, most, notes), str(path)), count


def bytes_beside(path: Path, volumes: int) -> int:
    """How many bytes a file holds beside its header and volumes, zeros at the end left out.

    Header extensions count, and what follows the last volume but for the tags of the format.

    Raises
    ------
    ScanError
        As for :func:`load_first_volume`.
    """
    with open_image(path, series=True) as (layout, stream):
        extension = layout.offset - stream.position
        stream.skip(extension + volumes * layout.data_bytes)
        last, end = 0, 0
        while part := stream.read(_CHUNK_BYTES):
            kept = len(part.rstrip(b"\0"))
            last = end + kept if kept else last
            end += len(part)
    return max(extension, 0) + max(last - layout.tail_bytes, 0)


def _shaped(raw: NDArray[np.uint8], layout: ImageLayout) -> NDArray[Any]:
    return raw.view(layout.dtype).reshape(layout.shape, order="F")


def read_stored(path: Path, max_bytes: int = DEFAULT_MAX_BYTES) -> Stored:
    """Read an image's voxels as they are stored; parameters and errors as ``load_volume``."""
    with open_image(path) as (layout, stream):
        _check_size(layout, stream, max_bytes)
        raw = _voxels(layout, stream)
        tail_note = _finish(layout, stream)
        notes = (*layout.notes, *stream.notes, *tail_note)
    return Stored(layout, _shaped(raw, layout), notes)


def to_volume(stored: Stored, subject: str) -> Volume:
    """The same image in float32 and RAS+ order.

    Raises
    ------
    ScanError
        The image is constant, or more than 1 % of its voxels are not finite.
    """
    view, affine = to_ras(stored.voxels, stored.layout.affine)
    data = _as_float32(view, stored.layout)
    notes = [*stored.notes, *_what_is_shown(stored.layout), *_check_values(data, subject)]
    small = field_note(affine, (data.shape[0], data.shape[1], data.shape[2]))
    if small:
        notes.append(small)
    return Volume(data=data, affine=affine, notes=tuple(notes))


def _what_is_shown(layout: ImageLayout) -> list[str]:
    """A remark where the values are not those that are stored."""
    if layout.dtype.names:
        return ["colours: the brightest channel is looked at"]
    return ["complex numbers: their magnitude is looked at"] if layout.dtype.kind == "c" else []


def _check_size(layout: ImageLayout, stream: ByteStream, max_bytes: int) -> None:
    """Refuse from header and file size alone, before any memory is taken."""
    size = " x ".join(str(n) for n in layout.shape)
    needed = max(layout.data_bytes, 4 * layout.voxels)
    if needed > max_bytes:
        raise ScanError(
            stream.subject,
            found=f"size {size}, {needed / 1e6:.0f} MB in memory",
            expected=f"at most {max_bytes / 1e6:.0f} MB",
            remedy="Resample the scan, or the header is damaged: export it again.",
        )
    if layout.offset + layout.data_bytes > stream.size_bound:
        raise ScanError(
            stream.subject,
            found=f"{stream.file_bytes} bytes on disk",
            expected=f"{layout.offset + layout.data_bytes} bytes for size {size}",
            remedy="The file is cut off or its header damaged: copy it again from its source.",
        )
    if layout.data_bytes > max(_BOMB_BYTES, _BOMB_RATIO * stream.file_bytes):
        raise ScanError(
            stream.subject,
            found=f"{stream.file_bytes} bytes that claim to expand to {layout.data_bytes}",
            expected=f"an image that compresses less than {_BOMB_RATIO}-fold",
            remedy="The file holds no scan; remove it from the data set.",
        )


def _voxels(layout: ImageLayout, stream: ByteStream) -> NDArray[np.uint8]:
    stream.skip(layout.offset - stream.position)
    raw = np.empty(layout.data_bytes, dtype=np.uint8)
    found = stream.readinto(raw.data)
    if found < raw.size:
        raise ScanError(
            stream.subject,
            found=f"{found} bytes of voxels",
            expected=f"{raw.size} bytes",
            remedy="The file is cut off or its header damaged: copy it again from its source.",
        )
    return raw


def _finish(layout: ImageLayout, stream: ByteStream) -> list[str]:
    """Read the rest; what follows the voxels must be tags or a little padding of zeros."""
    count, blank = stream.finish(most=layout.tail_bytes or _PADDING_BYTES)
    if layout.tail_bytes or not count:
        return []
    if not blank:
        raise ScanError(
            stream.subject,
            found=f"{count} bytes of unknown data after the voxels",
            expected="a file as long as its header says",
            remedy="Header and data do not belong together: export the scan again.",
        )
    return [f"{count} zero bytes after the voxels ignored"]


def _as_float32(view: NDArray[Any], layout: ImageLayout) -> Float32Array:
    """Scaled values in C order: magnitudes of complex numbers, the brightest channel of colours.

    Files are stored first axis fastest, so this transposes; it goes block by block to stay in the
    cache. Scaling is done in float64 and rounded once; NIfTI has none for colours.
    """
    plain = layout.slope == 1.0 and layout.intercept == 0.0
    channels = _shown_channels(view)
    data = np.empty(view.shape, dtype=np.float32)
    starts = (range(0, length, _BLOCK) for length in view.shape)
    with np.errstate(all="ignore"):
        for x, y, z in itertools.product(*starts):
            part = np.s_[x : x + _BLOCK, y : y + _BLOCK, z : z + _BLOCK]
            stored = view[part]
            if channels:
                data[part] = np.maximum.reduce([stored[channel] for channel in channels])
            elif np.iscomplexobj(stored):
                data[part] = np.abs(stored * layout.slope + layout.intercept)
            elif plain:
                data[part] = stored
            else:
                data[part] = stored.astype(np.float64) * layout.slope + layout.intercept
    return data


def _shown_channels(view: NDArray[Any]) -> tuple[str, ...]:
    """Channels of colours; opacity is one where it differs from place to place."""
    names = view.dtype.names or ()
    if "A" in names and np.ptp(view["A"]) == 0:
        return tuple(name for name in names if name != "A")
    return names


def _is_background(finite: NDArray[np.bool_]) -> bool:
    """Whether what is not finite surrounds the rest: nearly all of the sides, but not the whole."""
    sides = [finite.take(k, axis) for axis in range(3) for k in (0, -1)]
    on_sides = sum(int(np.count_nonzero(side)) for side in sides)
    return on_sides <= 0.1 * sum(side.size for side in sides) and finite.mean() > 0.01


def _check_values(data: Float32Array, subject: str) -> list[str]:
    """Refuse data without a picture; set a few values that are not finite to zero."""
    notes: list[str] = []
    low, high = float(data.min()), float(data.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        finite = np.isfinite(data)
        bad = int(data.size - np.count_nonzero(finite))
        overflown = bool(np.isinf(data).any())  # no background: values beyond float32
        if bad > MOST_NOT_FINITE * data.size and (overflown or not _is_background(finite)):
            raise ScanError(
                subject,
                found=f"{100 * bad / data.size:.1f} % of the voxels are not finite",
                expected=f"at most {100 * MOST_NOT_FINITE:.0f} %",
                remedy="Repair the image (for example NaN to 0), or export it again.",
            )
        data[~finite] = 0.0
        notes.append(f"{bad} voxels that were not finite set to 0")
        low, high = float(data.min()), float(data.max())
    if low == high:
        raise ScanError(
            subject,
            found=f"every voxel is {low:.6g}",
            expected="an image",
            remedy="Export the scan again from its source.",
        )
    return notes
