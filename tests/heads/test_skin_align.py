"""A template is fitted to a head's outline; a table beside a CT is no head."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from mean_head import LOW_MM, VOXEL_MM, image, layers
from scipy.spatial.transform import Rotation

from headrisk.heads.sightlines import template_lines
from headrisk.heads.skin_align import align_by_skin, head_of_ct
from headrisk.heads.view import moved
from headrisk.io.volume import Volume


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("faceless", [False, True])
def test_the_pose_is_recovered_with_and_without_a_face(seed: int, faceless: bool) -> None:
    rng = np.random.default_rng(seed)
    true = np.eye(4)
    true[:3, :3] = Rotation.from_rotvec(rng.uniform(-0.2, 0.2, 3)).as_matrix()
    true[:3, 3] = rng.uniform(-30, 30, 3)
    plain = image(0.3, faceless=faceless)
    placed = replace(plain, affine=true @ plain.affine)
    found = align_by_skin(placed, 0.15)
    assert found is not None
    points = template_lines().points
    off = np.linalg.norm(moved(found, points) - moved(true, points), axis=1)
    assert np.median(off) < 3.0


def test_noise_and_little_things_are_no_head() -> None:
    rng = np.random.default_rng(0)
    noise = Volume(rng.random((40, 40, 40)).astype(np.float32), np.diag([3.0, 3, 3, 1]))
    assert align_by_skin(noise, 2.0) is None
    ball = np.zeros((40, 40, 40), np.float32)
    ball[15:20, 15:20, 15:20] = 1
    assert align_by_skin(replace(noise, data=ball), 0.5) is None


def test_table_and_foam_of_a_ct_are_taken_away() -> None:
    head, _, places = layers()
    hu = np.where(head > 0.5, 40.0, -1000.0)
    table = (places[..., 1] < -128) & (places[..., 1] > -134)
    foam = (places[..., 1] < -100) & (head < 0.5) & ~table
    hu = np.where(table, -200.0, np.where(foam, -850.0, hu))
    affine = np.diag([VOXEL_MM, VOXEL_MM, VOXEL_MM, 1.0])
    affine[:3, 3] = LOW_MM
    cleaned = head_of_ct(Volume(hu.astype(np.float32), affine)).data
    assert (cleaned[table | foam] == -1000).mean() > 0.97
    assert (cleaned[head > 0.99] > 0).mean() > 0.98
