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

MAD_TO_SD = 1.4826  # of a normal distribution, from the median absolute deviation

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

    Attributes
    ----------
    measure
        Its name.
    values
        (probes, gallery) float64, larger is more similar, in the measure's own unit.
    usable
        (probes, gallery), False where two scans must not be compared: the same image, or two
        images of one session.
    probe_person, gallery_person
        (probes,) and (gallery,) int64. People are numbered; the same number in both is the same
        person. :func:`headrisk.pair_scores` numbers labels of any kind.

    Notes
    -----
    *Probe*, *gallery* and *mated* are the terms of ISO/IEC 19795-1:2021.

    Examples
    --------
    >>> import numpy as np
    >>> from headrisk import PairScores
    >>> people = np.array([0, 1])
    >>> scores = PairScores("own", np.eye(2), np.ones((2, 2), bool), people, people)
    >>> scores.values[scores.mated], scores.values[scores.nonmated]
    (array([1., 1.]), array([0., 0.]))
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

    Attributes
    ----------
    value
        The figure: a share of people in 0..1, or what the field that holds it says.
    low, high
        Ends of the interval.
    n
        People whom the interval is over; pairs of scans where ``method`` says so.
    method
        How the interval was made, such as ``Wilson``; "" where it is not told.
    fewest, most
        The people among whom the count lies, where the exact one is withheld from what is public.

    Notes
    -----
    Shares of people have Wilson's interval (Wilson 1927, J Am Stat Assoc 22:209-212), those with
    fewer than five people on one side that of Clopper and Pearson (1934, Biometrika 26:404-413),
    widened where searches share people; see :mod:`headrisk.statistics.intervals`.

    Examples
    --------
    >>> from headrisk import Estimate
    >>> rank1 = Estimate(value=0.5, low=0.25, high=0.75, n=12, method="Wilson")
    >>> f"{rank1.value * rank1.n:.0f} of {rank1.n} people"
    '6 of 12 people'
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
