"""Images without air and tissue are refused with a reason."""

from __future__ import annotations

import numpy as np
import pytest

from headrisk.errors import ScanError
from headrisk.heads.surface import head_surface
from headrisk.io.volume import Volume


@pytest.mark.parametrize("spots", [1, 40])
def test_an_almost_constant_image_is_a_failed_scan(spots: int) -> None:
    """So few bright voxels that the clipped histogram has a single class."""
    data = np.zeros((60, 70, 80), np.float32)
    data.ravel()[np.random.default_rng(0).choice(data.size, spots, replace=False)] = 100.0
    with pytest.raises(ScanError, match="head-7"):
        head_surface(Volume(data, np.eye(4)), np.eye(4), stripped=False, subject="head-7")
