"""CTs are known by their values, or by their name where the values are shifted."""

from __future__ import annotations

import numpy as np
import pytest

from headrisk.brain.prepare import CT_NOT_COMPARED, PrepareTask, refuse_ct
from headrisk.errors import ScanError
from headrisk.heads.threshold import hounsfield, is_ct
from headrisk.io.volume import Volume


def ball(air: float, tissue: float) -> Volume:
    """A ball of soft tissue in air, with a core of bone."""
    x, y, z = np.ogrid[-14:15, -16:17, -18:19]
    radius = np.sqrt(x**2 + y**2 + z**2)
    data = np.where(radius < 12, tissue, air) + np.where(radius < 4, 0.9 * (tissue - air), 0)
    noise = np.random.default_rng(0).normal(0, 5, data.shape)
    return Volume((data + noise).astype(np.float32), np.diag([4.0, 4.0, 4.0, 1.0]))


def test_hounsfield_units_are_kept() -> None:
    volume = ball(-1000, 40)
    assert hounsfield(volume, "T1w", "x") is volume


@pytest.mark.parametrize("air", [0.0, 24.0, -400.0])
def test_a_ct_without_its_intercept_is_moved(air: float) -> None:
    found = hounsfield(ball(air, air + 1040), "CT", "x")
    assert found is not None
    assert float(np.median(found.data[0])) == pytest.approx(-1000, abs=5)
    assert "moved to -1000 HU" in found.notes[-1]


def test_other_scales_and_other_kinds_are_read_as_any_image() -> None:
    assert hounsfield(ball(0, 130), "CT", "x") is None  # a window of 8 bits
    assert hounsfield(ball(0, 1040), "T1w", "x") is None


@pytest.mark.parametrize("suffix", ["CT", "ct", "CTAC"])
def test_names_of_a_ct(suffix: str) -> None:
    assert is_ct(suffix)
    assert not is_ct(f"x{suffix}")


@pytest.mark.parametrize(("volume", "suffix"), [(ball(-1000, 40), "T1w"), (ball(0, 500), "ct")])
def test_a_ct_is_not_compared_by_its_brain(volume: Volume, suffix: str) -> None:
    with pytest.raises(ScanError, match=CT_NOT_COMPARED):
        refuse_ct(volume, PrepareTask("x", "", suffix, 4, "affine", accurate=False))
    refuse_ct(ball(0, 500), PrepareTask("x", "", "T2w", 4, "affine", accurate=False))
