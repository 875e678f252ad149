"""Fingerprints as small volumes, and sums over cubic windows in them.

A volume is laid out as one long vector with ``radius`` zeros after each row, ``radius`` rows of
zeros after each plane, and enough zeros at both ends. Neighbours along x, y and z then sit at fixed
distances in that vector, windows that reach over the edge find zeros, and a sum over a window
along one axis is a few additions of the shifted vector to itself (doubling the width each time).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrisk.types import BoolArray, Float32Array, Grid, IntArray

# ----------------------------------------------------------------------
# Fingerprints as small volumes: the mask's bounding box, with zeros outside the mask.
# ----------------------------------------------------------------------


def mask_box(grid: Grid) -> BoolArray:
    """The mask cut to its bounding box."""
    spans = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        filled = np.flatnonzero(grid.mask.any(axis=others))
        spans.append(slice(int(filled[0]), int(filled[-1]) + 1))
    return grid.mask[tuple(spans)]


def box_volumes(vectors: Float32Array, mask: BoolArray) -> Float32Array:
    """(n, voxels) fingerprints to (n, x, y, z) volumes of the box ``mask``."""
    volumes = np.zeros((len(vectors), mask.size), np.float32)
    volumes[:, np.flatnonzero(mask)] = vectors
    return volumes.reshape(len(vectors), *mask.shape)


# ----------------------------------------------------------------------
# Sums over cubic windows, fast enough to be taken anew for each pair of images.
# ----------------------------------------------------------------------

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class WindowLayout:
    """Where the voxels of a box stand in the long vector.

    Attributes
    ----------
    mask
        (x, y, z) voxels at which windows are centred.
    width
        Edge of the window in voxels, odd, at least 3.
    """

    mask: BoolArray
    width: int
    _buffers: dict[tuple[int, str], list[Floats]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @cached_property
    def radius(self) -> int:
        """Voxels from the window's centre to its edge."""
        return self.width // 2

    @cached_property
    def strides(self) -> tuple[int, int, int]:
        """Distance in the long vector between neighbours along x, y and z."""
        _, column, row = self._padded
        return row * column, row, 1

    @cached_property
    def core(self) -> int:
        """Length of the part that holds the box; the ends of zeros lie around it."""
        return int(self.mask.shape[0]) * self.strides[0]

    @cached_property
    def end(self) -> int:
        """Zeros at each end of the long vector."""
        return self.radius * max(self.strides)

    @cached_property
    def inside(self) -> IntArray:
        """Positions in a work vector of the voxels of the mask, in C order."""
        position = np.ravel_multi_index(np.nonzero(self.mask), self._padded)
        return np.asarray(position, dtype=np.int64) + self.end

    @cached_property
    def _padded(self) -> tuple[int, int, int]:
        x, y, z = (int(size) for size in self.mask.shape)
        return x, y + self.radius, z + self.radius

    def lay_out(self, volumes: Floats) -> Floats:
        """(n, x, y, z) volumes to (n, core) with the zeros in place."""
        out = np.zeros((len(volumes), *self._padded), volumes.dtype)
        out[:, :, : self.mask.shape[1], : self.mask.shape[2]] = volumes
        return out.reshape(len(volumes), self.core)

    def window_sums(self, first: Floats, second: Floats) -> Floats:
        """Sums over the window of ``first * second``, at the voxels of the mask.

        Both are (n, core) or (core,) as `lay_out` gives them; the result is (n, mask voxels).
        """
        count = max(len(np.atleast_2d(first)), len(np.atleast_2d(second)))
        one, two, *scratch = self._buffers_for(count, first.dtype)
        core = slice(self.end, self.end + self.core)
        np.multiply(first, second, out=one[:, core])
        x, y, z = self.strides
        self._sum_along(one, two, z, scratch)
        self._sum_along(two, one, y, scratch)
        self._sum_along(one, two, x, scratch)
        return np.take(two, self.inside, axis=1, mode="clip")

    def _sum_along(
        self, source: Floats, target: Floats, stride: int, scratch: list[Floats]
    ) -> None:
        """Write the window sums along one axis into the core of ``target``."""
        start = self.end - self.radius * stride
        out = target[:, self.end : self.end + self.core]
        current = source[:, start : start + self.core + (self.width - 1) * stride]
        size, offset, left = 1, 0, self.width
        head: Floats | None = None
        while left:
            if left & 1:
                term = current[:, offset * stride : offset * stride + self.core]
                if head is None:
                    head = term
                else:
                    np.add(head, term, out=out)
                    head = out
                offset += size
            left >>= 1
            if left:
                length = current.shape[1] - size * stride
                wider = scratch[size.bit_length() % 2][:, :length]
                np.add(current[:, :length], current[:, size * stride :], out=wider)
                current, size = wider, 2 * size

    def _buffers_for(self, count: int, dtype: np.dtype[Any]) -> list[Floats]:
        """Four work vectors for each of ``count`` images; their ends stay zero."""
        key = (count, dtype.str)
        if key not in self._buffers:
            length = self.core + 2 * self.end
            self._buffers[key] = [np.zeros((count, length), dtype) for _ in range(4)]
        return self._buffers[key]
