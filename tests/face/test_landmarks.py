"""Detectors against a synthetic head whose eyes, nose and mouth lie at known pixels."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from headrisk.face.detect import centerface, mtcnn
from headrisk.face.detect.mtcnn import area_weights
from headrisk.face.render.cast import cast, open_scene
from headrisk.face.render.shade import Light, shade
from headrisk.heads.identity import template_face
from headrisk.heads.shapes import load_shapes
from headrisk.heads.view import Camera, project
from headrisk.types import FloatArray

SIZE = 224


def seen_from(azimuth: float) -> tuple[NDArray[np.uint8], FloatArray]:
    """A render, and where eyes (2), tip of the nose and middle of the mouth lie in it: x, y."""
    mesh, _ = template_face()
    regions = load_shapes().regions
    ball = regions["eyeball"] > 0.5
    right = mesh.vertices[:, 0] > 0
    nose = mesh.vertices[regions["nose"] > 0.5]
    inner = mesh.vertices[regions["mouth_inside"] > 0.5]
    points = np.stack(
        [
            mesh.vertices[ball & right].mean(axis=0),
            mesh.vertices[ball & ~right].mean(axis=0),
            nose[nose[:, 1].argmax()],
            inner[inner[:, 1] > np.quantile(inner[:, 1], 0.98)].mean(axis=0),
        ]
    ).astype(np.float32)
    camera = Camera(azimuth=azimuth)
    picture = shade(cast(open_scene(mesh), camera, SIZE, 2), Light(azimuth))
    return picture, project(camera, points, SIZE, SIZE)[:, ::-1]


@pytest.mark.parametrize("detector", [mtcnn, centerface])
@pytest.mark.parametrize("azimuth", [-15.0, 0.0, 15.0])
def test_landmarks_lie_where_the_head_has_them(detector: object, azimuth: float) -> None:
    picture, truth = seen_from(azimuth)
    best = detector.faces(picture)[0]  # type: ignore[attr-defined]
    assert best.landmarks is not None
    eyes, nose, mouth = best.landmarks[:2], best.landmarks[2], best.landmarks[3:].mean(axis=0)
    across = float(np.linalg.norm(truth[0] - truth[1]))
    expected = truth[:2][np.argsort(truth[:2, 0])]  # the one at the picture's left first
    found = np.vstack([eyes, nose, mouth])
    away = np.linalg.norm(found - np.vstack([expected, truth[2:]]), axis=1)
    assert away.max() < 0.3 * across
    assert away[:2].max() < 0.2 * across
    left, top, right, bottom = best.box
    assert (truth > [left, top]).all()
    assert (truth < [right, bottom]).all()


def test_mtcnn_follows_a_face_that_moves_and_grows() -> None:
    """Twice as large and shifted: the landmarks follow."""
    picture, _ = seen_from(0.0)
    small = mtcnn.faces(picture)[0]
    wide = np.zeros((600, 640), np.uint8)
    wide[90 : 90 + 2 * SIZE, 130 : 130 + 2 * SIZE] = np.kron(picture, np.ones((2, 2), np.uint8))
    large = mtcnn.faces(wide)[0]
    assert small.landmarks is not None
    assert large.landmarks is not None
    moved = 2 * small.landmarks + [130, 90]
    scale = np.linalg.norm(moved[0] - moved[1])
    assert np.linalg.norm(large.landmarks - moved, axis=1).max() < 0.12 * scale
    assert large.width == pytest.approx(2 * small.width, rel=0.25)


@pytest.mark.parametrize(("start", "stop", "cells", "pixels"), [(0, 7, 3, 7), (-2.5, 9.5, 5, 8)])
def test_area_weights_equal_sums_over_a_fine_grid(
    start: float, stop: float, cells: int, pixels: int
) -> None:
    fine = 20_000
    found = np.zeros((cells, pixels))
    for k in range(fine):
        place = start + (k + 0.5) / fine * (stop - start)
        if 0 <= place < pixels:
            found[k * cells // fine, int(place)] += cells / fine
    np.testing.assert_allclose(area_weights(start, stop, cells, pixels), found, atol=2e-3)
