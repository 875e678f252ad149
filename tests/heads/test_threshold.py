"""Images without air and tissue are refused with a reason."""

from __future__ import annotations

import numpy as np
import pytest

from headrisk.errors import ScanError
from headrisk.heads.surface import head_surface
from headrisk.heads.threshold import positive
from headrisk.io.volume import Volume


@pytest.mark.parametrize("spots", [1, 40])
def test_an_almost_constant_image_is_a_failed_scan(spots: int) -> None:
    """So few bright voxels that the clipped histogram has a single class."""
    data = np.zeros((60, 70, 80), np.float32)
    data.ravel()[np.random.default_rng(0).choice(data.size, spots, replace=False)] = 100.0
    with pytest.raises(ScanError, match="head-7"):
        head_surface(Volume(data, np.eye(4)), np.eye(4), stripped=False, subject="head-7")


def test_an_mr_that_is_stored_from_minus_1024_on_is_no_ct() -> None:
    """Air near -1000 alone makes no CT: its tissue must lie where Hounsfield units have it."""
    rng = np.random.default_rng(3)
    head = np.zeros((48, 48, 48), np.float32)
    head[10:38, 10:38, 10:38] = rng.normal(600, 150, (28, 28, 28))
    assert not positive(head - 1024)[1]
    head[10:38, 10:38, 10:38] = rng.normal(1060, 60, (28, 28, 28))
    assert positive(head - 1024)[1]
