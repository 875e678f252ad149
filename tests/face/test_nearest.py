"""Key points counted many images at once against OpenCV's matcher, pair by pair."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from headrisk.face.recognise.features import RATIO, count_found_again, orb, sift
from headrisk.face.recognise.protocol import FaceTemplate
from headrisk.face.render.cast import cast, open_scene
from headrisk.face.render.shade import Light, shade
from headrisk.heads.identity import template_face
from headrisk.heads.view import Camera
from headrisk.types import FloatArray


def pair_by_pair(
    photos: list[FaceTemplate], renders: list[FaceTemplate], kind: type, norm: int
) -> FloatArray:
    matcher = cv2.BFMatcher(norm)
    counts = np.zeros((len(photos), len(renders)))
    for row, photo in enumerate(photos):
        for column, render in enumerate(renders):
            pairs = matcher.knnMatch(photo.values.astype(kind), render.values.astype(kind), k=2)
            counts[row, column] = sum(
                len(pair) == 2 and pair[0].distance < RATIO * pair[1].distance for pair in pairs
            )
    return counts


@pytest.fixture(scope="module")
def pictures() -> list[NDArray[np.uint8]]:
    """A head under several lights from several sides, some of them noisy."""
    scene = open_scene(template_face()[0])
    rng = np.random.default_rng(0)
    found = []
    for azimuth in (-20, 0, 20):
        seen = cast(scene, Camera(azimuth), 224, 1)
        for turn in (-40, 0, 40):
            picture = shade(seen, Light(azimuth + turn)).astype(float)
            picture += rng.normal(0, 6, picture.shape)
            found.append(np.clip(picture, 0, 255).astype(np.uint8))
    return found


@pytest.mark.parametrize(
    ("make", "kind", "norm"),
    [(orb, np.uint8, cv2.NORM_HAMMING), (sift, np.float32, cv2.NORM_L2)],
)
def test_counts_are_those_of_the_slow_way(
    make: object, kind: type, norm: int, pictures: list[NDArray[np.uint8]]
) -> None:
    recogniser = make()  # type: ignore[operator]
    templates = [one for one in recogniser.describe(pictures) if one is not None]
    assert len(templates) == len(pictures)
    photos, renders = templates[::2], templates
    slow = pair_by_pair(photos, renders, kind, norm)
    quick = recogniser.similarity(photos, renders)
    assert slow.sum() > 200
    assert (quick <= slow).all()  # nothing is counted that the slow way does not count
    assert quick.sum() > 0.98 * slow.sum()
    assert np.abs(quick - slow).max() <= max(2, 0.02 * slow.max())


def test_in_the_full_space_nothing_is_missed() -> None:
    """Where descriptors have no more numbers than directions are kept, counts are exact."""
    rng = np.random.default_rng(1)
    points = [rng.integers(0, 60, (n, 6)).astype(np.float32) for n in (40, 7, 1, 25)]
    near = [one + rng.integers(-1, 2, one.shape).astype(np.float32) for one in points]
    expected = np.zeros((4, 4))
    for i, one in enumerate(points):
        for j, other in enumerate(near):
            for row in one:
                away = sorted(float(np.linalg.norm(row - each)) for each in other)
                expected[i, j] += len(away) > 1 and away[0] < 0.75 * away[1]
    np.testing.assert_array_equal(count_found_again(points, near, 0.75, 1), expected)


def test_nothing_to_compare_gives_an_empty_table() -> None:
    some = [np.ones((3, 4), np.float32)]
    assert count_found_again([], some, 0.75, 1).shape == (0, 1)
    assert count_found_again(some, [], 0.75, 1).shape == (1, 0)
    assert count_found_again(some, some, 0.75, 1).tolist() == [[0.0]]
