"""How much of a face is left, on synthetic heads of which parts were taken away."""

from __future__ import annotations

import numpy as np
import pytest
from twin_heads import TwinHead, twin_head

from headrisk.errors import ScanError
from headrisk.heads.average import PARTS
from headrisk.heads.coverage import Coverage, coverage
from headrisk.heads.surface import head_surface


def left_of(head: TwinHead) -> Coverage:
    surface = head_surface(head.volume, head.placed, stripped=False, subject="twin")
    return coverage(surface)


def axis_at(head: TwinHead, axis: int, mm: float) -> int:
    """First voxel of an axis that lies beyond a template coordinate."""
    line = head.places()[..., axis].mean(axis=tuple(k for k in range(3) if k != axis))
    return int(np.searchsorted(line, mm))


def below(head: TwinHead, front: tuple[float, float], back: tuple[float, float]) -> np.ndarray:
    """Voxels under the plane through two points (y, z) of the template, as a wedge cut takes."""
    _, y, z = np.moveaxis(head.places(), -1, 0)
    slope = (front[1] - back[1]) / (front[0] - back[0])
    return np.asarray((z < back[1] + slope * (y - back[0])) & (y > back[0]))


def test_a_whole_head_has_its_whole_face() -> None:
    left = left_of(twin_head())
    assert (left.verdict, left.cut_off) == ("full", False)
    assert set(left.parts) == set(PARTS)
    assert min(left.parts.values()) > 0.9
    assert left.total > 0.95


@pytest.mark.parametrize(
    "plane",
    [
        pytest.param(((80, -40), (0, -150)), marks=pytest.mark.slow),
        ((75, -35), (-20, -130)),
    ],
)
def test_a_wedge_cut_leaves_no_face(
    plane: tuple[tuple[float, float], tuple[float, float]],
) -> None:
    head = twin_head()
    left = left_of(head.without(below(head, *plane)))
    assert (left.verdict, left.cut_off) == ("none", False)
    assert left.parts["upper face"] > 0.8
    assert "nose" in left.removed


def test_a_face_cut_off_by_a_plane_is_gone() -> None:
    head = twin_head()
    _, y, z = np.moveaxis(head.places(), -1, 0)
    left = left_of(head.without((y > 45) & (z < 20)))
    assert left.verdict == "none"


def test_a_removed_mouth_leaves_a_part() -> None:
    head = twin_head()
    x, y, z = np.moveaxis(head.places(), -1, 0)
    left = left_of(head.without((y > 35) & (z < -95) & (np.abs(x) < 60)))
    assert (left.verdict, left.cut_off) == ("partial", False)
    assert "mouth and chin" in left.removed


@pytest.mark.parametrize(
    ("lowest", "verdict"),
    [
        (-100.0, "partial"),  # eyes and nose are there
        (-45.0, "cropped"),
    ],
)
def test_slices_that_end_early(lowest: float, verdict: str) -> None:
    head = twin_head()
    left = left_of(head.cropped(2, axis_at(head, 2, lowest)))
    assert (left.verdict, left.cut_off) == (verdict, True)
    assert left.outside > 0.1
    assert left.cropped


def test_a_field_of_view_that_ends_before_the_nose_is_no_removal() -> None:
    head = twin_head()
    left = left_of(head.cropped(1, 0, axis_at(head, 1, 70.0)))
    assert left.verdict in ("partial", "cropped")
    assert left.cut_off
    assert left.parts["nose"] < 0.5


def test_a_bare_brain_is_no_head() -> None:
    head = twin_head()
    with pytest.raises(ScanError, match="already skull-stripped"):
        head_surface(head.volume, head.placed, stripped=True, subject="twin")
