"""The template-space grids on which fingerprints live."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import ndimage

from headrisk.brain.template import load_template
from headrisk.types import Grid


@cache
def template_grid(resolution_mm: int) -> Grid:
    """Voxels of the template brain at 2, 3 or 4 mm, in MNI RAS+ mm.

    The grid starts at the template's corner. Its size in voxels is 242,000 at 2 mm, 71,000 at 3 mm
    and 30,000 at 4 mm.
    """
    template = load_template()
    ratio = resolution_mm / 2.0
    shape = tuple(int(n / ratio) + (n % ratio > 0) for n in template.mask.shape)
    share = ndimage.gaussian_filter(template.mask.astype(np.float32), ratio / 2.355)
    inside = ndimage.affine_transform(share, np.full(3, ratio), output_shape=shape, order=1)
    affine = template.affine.copy()
    affine[:3, :3] *= ratio
    return Grid(mask=inside > 0.5, affine=affine)
