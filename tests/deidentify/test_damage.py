"""The cost of a treatment, against what was done on purpose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from headrisk.brain.align import Brain
from headrisk.deidentify.damage import alignment_shift, damage, damage_between, tissue_volumes
from headrisk.deidentify.head import Head, brain_distance, brain_mask, coarse_grid
from headrisk.deidentify.tools import tool_of
from headrisk.io.volume import Volume


def with_data(head: Head, data: np.ndarray) -> Head:
    return replace(head, volume=replace(head.volume, data=data))


def test_a_scan_that_was_not_treated_costs_nothing(head: Head) -> None:
    cost = damage_between(head, head)
    assert (cost.cut_voxels, cost.changed_voxels, cost.dice, cost.shift_mm) == (0, 0, 1.0, 0.0)
    assert cost.volume_change == 0
    assert cost.tissues_before == cost.tissues_after
    assert cost.mean_before == cost.mean_after
    assert cost.brain_voxels == np.count_nonzero(brain_mask(head))


def test_voxels_cut_from_the_brain_are_counted(head: Head) -> None:
    mask = brain_mask(head)
    x, y, z = (int(v) for v in np.argwhere(mask).mean(axis=0))
    data = head.volume.data.copy()
    block = np.s_[x - 3 : x + 4, y - 4 : y + 4, z - 4 : z + 5]  # 7 x 8 x 9
    data[block] = 0
    lit = head.volume.data[block] >= 0.02 * head.volume.data[mask].mean()
    cost = damage_between(head, with_data(head, data))
    assert cost.cut_voxels == np.count_nonzero(lit & mask[block]) > 400
    assert np.isclose(cost.cut_ml, cost.cut_voxels * 0.008)
    assert cost.mean_after < cost.mean_before


def test_defacing_the_head_hardly_touches_its_brain(head: Head) -> None:
    treated = tool_of("template").apply(head, "twin", np.random.default_rng(0))
    cost = damage(head.volume, treated.volume, subject="twin")
    assert cost.cut_voxels == 0
    assert cost.dice > 0.99
    assert cost.shift_mm < 1.0
    assert cost.same_grid


def test_a_treated_scan_on_another_grid_is_brought_back(head: Head) -> None:
    volume = head.volume
    cropped = Volume(volume.data[:, 1:, :-1].copy(), volume.affine.copy())
    cropped.affine[:3, 3] += volume.affine[:3, 1]
    cost = damage_between(head, replace(head, volume=cropped))
    assert not cost.same_grid
    assert cost.cut_voxels == 0
    assert cost.dice > 0.999


@given(st.lists(st.floats(-50, 50), min_size=3, max_size=3))
@settings(max_examples=10, deadline=None)
def test_the_shift_of_a_translation_is_its_length(shift: list[float]) -> None:
    first = np.diag([0.9, 1.1, 1.0, 1.0])
    second = first.copy()
    second[:3, 3] += shift
    assert np.isclose(alignment_shift(first, second), np.linalg.norm(shift), atol=1e-9)


def test_tissues_of_three_known_classes() -> None:
    rng = np.random.default_rng(0)
    data = np.full((7, 8, 9), 0.3, np.float32)
    data[2:5] = 0.9
    data[5:] = 1.3
    data += 0.03 * rng.standard_normal(data.shape).astype(np.float32)
    brain = Brain(data, np.ones(data.shape, bool), np.diag([2.0, 2.0, 3.0, 1.0]))
    found = tissue_volumes(brain, white_bright=True)
    unit = 8 * 9 * 12 / 1000
    assert np.allclose((found.csf_ml, found.gm_ml, found.wm_ml), (2 * unit, 3 * unit, 2 * unit))
    other = tissue_volumes(brain, white_bright=False)
    assert (other.csf_ml, other.wm_ml) == (found.wm_ml, found.csf_ml)


def test_distance_from_the_brain_is_true_near_it(head: Head) -> None:
    shape, affine = coarse_grid(head.volume)
    distance = brain_distance(head, shape, affine)
    mask = brain_mask(head)  # 2 mm voxels: the coarse grid is the image's own
    np.testing.assert_array_equal(distance == 0, mask)
    expected = ndimage.distance_transform_edt(~mask, sampling=2.0)
    near = expected < 8
    np.testing.assert_allclose(distance[near], expected[near], atol=1e-3)
    assert distance[~near].min() >= 8 - 1e-3
