"""Verdicts follow from volume, score, agreement and stretch; the picture shows the brain."""

from __future__ import annotations

import numpy as np
import pytest
from heads import brain, pose

from headrisk.brain.align import Alignment
from headrisk.brain.quality import judge, mosaic


@pytest.mark.parametrize(
    ("volume_ml", "score", "within", "stretch", "verdict", "says"),
    [
        (1400, 0.85, 0.5, 0.95, "ok", ""),
        (800, 0.85, 0.5, 0.95, "doubtful", "brain volume 800 mL"),
        (300, 0.85, 0.5, 0.95, "doubtful", "brain volume 300 mL"),
        (300, 0.62, 0.5, 0.95, "failed", "brain volume 300 mL"),
        (300, 0.85, 0.10, 0.95, "failed", "brain volume 300 mL"),
        (60, 0.85, 0.5, 0.95, "failed", "brain volume 60 mL"),
        (300, 0.85, 0.5, 0.55, "failed", "stretch"),
        (1400, 0.60, 0.5, 0.95, "doubtful", "alignment score 0.60"),
        (1400, 0.30, 0.5, 0.95, "failed", "alignment score 0.30"),
        (1400, 0.85, 0.10, 0.95, "doubtful", "hardly a brain"),
        (1400, 0.85, 0.0, 0.95, "failed", "hardly a brain"),
        (1400, 0.85, 0.5, 0.7, "doubtful", "stretch"),
        (1400, 0.85, 0.5, 1.7, "failed", "stretch"),
    ],
)
def test_verdict(
    volume_ml: float, score: float, within: float, stretch: float, verdict: str, says: str
) -> None:
    found = judge(volume_ml, Alignment(np.diag([stretch, 1, 1, 1.0]), score, within))
    assert found.verdict == verdict
    assert found.value == score
    assert says in "; ".join(found.reasons)
    assert bool(found.reasons) == (verdict != "ok")


def test_contrast_is_judged_by_the_label() -> None:
    dark = Alignment(np.eye(4), 0.85, 0.5, contrast=-0.4)
    assert judge(1400, dark, t1_like=False).verdict == "ok"
    found = judge(1400, dark)
    assert found.verdict == "doubtful"
    assert "not that of T1w" in found.reasons[0]


def test_mosaic_shows_the_brain_inside_its_outline() -> None:
    truth = pose((0, 0, 0))
    picture = mosaic(brain(truth), truth)
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    outline = (picture == np.array([230, 159, 0])).all(axis=2)
    grey = picture.max(axis=2) * ~outline
    assert 2000 < np.count_nonzero(outline) < 12000
    bright = np.count_nonzero(grey > 60)
    moved = mosaic(brain(truth), pose((0, 0, 0), (200, 0, 0)))
    assert bright > 50_000
    assert np.count_nonzero(moved.max(axis=2) > 60) < bright / 5


def test_mosaic_puts_superior_up_and_anterior_right() -> None:
    truth = pose((0, 0, 0))
    one = brain(truth)
    index = np.indices(one.mask.shape).reshape(3, -1)
    world = (one.affine[:3, :3] @ index + one.affine[:3, 3:]).reshape(3, *one.mask.shape)
    for axis, edge in ((2, "rows"), (1, "columns")):
        half = type(one)(
            np.where(one.mask & (world[axis] > 0), np.float32(1), np.float32(0)),
            one.mask,
            one.affine,
        )
        sagittal = mosaic(half, truth)[:170, :199].max(axis=2) > 240
        rows, columns = np.nonzero(sagittal)
        if edge == "rows":
            assert rows.max() < 120
        else:
            assert columns.min() > 90


def test_a_newborn_that_aligns_well_is_doubtful_at_most() -> None:
    newborn = Alignment(np.diag([0.6, 0.58, 0.61, 1.0]), 0.9, 0.5)
    assert judge(420, newborn).verdict == "doubtful"
    assert judge(420, Alignment(newborn.affine, 0.5, 0.5)).verdict == "failed"
