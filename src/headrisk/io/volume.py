"""The one form in which an image travels through headrisk once it has been read."""

from __future__ import annotations

from dataclasses import dataclass, field

from headrisk.io.geometry import voxel_sizes
from headrisk.types import Float32Array, FloatArray


@dataclass(frozen=True)
class Volume:
    """A three-dimensional image in RAS+ order: x to the right, y anterior, z superior.

    Attributes
    ----------
    data
        (x, y, z) float32, C-contiguous, finite, not constant. The axes are the closest to right,
        anterior, superior that a permutation and flips of the stored axes give; no resampling.
    affine
        4 x 4, voxel index to RAS+ mm.
    notes
        Every repair and warning that reading made, as sentences.

    Notes
    -----
    The affine is that of the NIfTI-1 standard (https://nifti.nimh.nih.gov/nifti-1), the
    orientation as nibabel calls it (https://nipy.org/nibabel/coordinate_systems.html).

    Examples
    --------
    >>> import numpy as np
    >>> from headrisk import Volume
    >>> ramp = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    >>> image = Volume(ramp, np.diag([1.0, 1.0, 2.5, 1.0]))
    >>> image.shape, image.voxel_mm
    ((2, 3, 4), (1.0, 1.0, 2.5))
    """

    data: Float32Array = field(repr=False)
    affine: FloatArray
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along x, y and z."""
        x, y, z = self.data.shape
        return x, y, z

    @property
    def voxel_mm(self) -> tuple[float, float, float]:
        """Voxel size along x, y and z in mm."""
        return voxel_sizes(self.affine)
