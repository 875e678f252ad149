"""Grids cover the template's brain, at every resolution."""

from __future__ import annotations

import numpy as np
import pytest

from headrisk.brain.template import load_template, template_grid


@pytest.mark.parametrize("mm", [2, 3, 4])
def test_grid_holds_the_template_brain(mm: int) -> None:
    grid, template = template_grid(mm), load_template()
    np.testing.assert_allclose(np.diag(grid.affine), [mm, mm, mm, 1])
    litres = grid.size * mm**3 / 1e6
    assert litres == pytest.approx(np.count_nonzero(template.mask) * 8 / 1e6, rel=0.03)
    points = np.argwhere(grid.mask) * mm + grid.affine[:3, 3]
    index = np.round((points - template.affine[:3, 3]) / 2).astype(int)
    index = np.minimum(index, np.array(template.mask.shape) - 1)
    assert template.mask[tuple(index.T)].mean() > 0.96
