"""The frozen records that travel between the stages.

Coordinates are RAS+ millimetres everywhere. Scores are oriented so that a larger value means
more similar, whatever the measure's own sign.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

Status = Literal["ok", "failed"]
Verdict = Literal["ok", "doubtful", "failed"]


@dataclass(frozen=True)
class Grid:
    """A regular voxel grid in template space and the voxels of it that a fingerprint keeps.

    ``mask`` is (x, y, z) boolean; ``affine`` is 4 x 4, voxel index to RAS+ mm.
    A fingerprint is ``volume[mask]`` in C order.
    """

    mask: BoolArray
    affine: FloatArray

    @property
    def size(self) -> int:
        """Number of voxels in a fingerprint."""
        return int(np.count_nonzero(self.mask))

    def volume(self, vector: Float32Array) -> Float32Array:
        """Put a fingerprint (or a block of them, last axis voxels) back into its volume."""
        out = np.zeros((*vector.shape[:-1], *self.mask.shape), dtype=np.float32)
        out[..., self.mask] = vector
        return out


@dataclass(frozen=True)
class PairScores:
    """Similarity of every probe to every gallery scan under one measure.

    ``values`` is (probes, gallery), larger is more similar. ``usable`` is False where two scans
    must not be compared (the same image, or two images of one session). People are numbered; the
    same number in both lists is the same person.
    """

    measure: str
    values: FloatArray
    usable: BoolArray
    probe_person: IntArray
    gallery_person: IntArray

    @property
    def mated(self) -> BoolArray:
        """(probes, gallery): the pair shows one person and is usable."""
        same: BoolArray = self.probe_person[:, None] == self.gallery_person[None, :]
        return same & self.usable

    @property
    def nonmated(self) -> BoolArray:
        """(probes, gallery): the pair shows two persons and is usable."""
        differ: BoolArray = self.probe_person[:, None] != self.gallery_person[None, :]
        return differ & self.usable


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval and the number of people (or pairs) behind it.

    ``fewest`` and ``most`` are the people among whom the count lies, where the exact one is
    withheld from what is public.
    """

    value: float
    low: float
    high: float
    n: int
    method: str = ""
    fewest: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class ScanResult:
    """What preparing one scan gave, usable or not. Arrays are None where the scan failed."""

    scan_id: str
    status: Status
    reason: str
    seconds: float
    verdict: Verdict
    quality: float
    notes: tuple[str, ...] = ()
    voxel_mm: tuple[float, float, float] | None = None
    vector: Float32Array | None = field(default=None, repr=False)
    mosaic: NDArray[np.uint8] | None = field(default=None, repr=False)
