"""Detectors and feature recognisers on pictures that are drawn here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from headrisk.errors import UsageError
from headrisk.face.detect.face import rgb, suppress
from headrisk.face.detect.registry import all_detectors, detectors
from headrisk.face.packed import pack, unpack
from headrisk.face.recognise.features import orb, sift
from headrisk.face.recognise.protocol import FaceTemplate, cosine
from headrisk.face.recognise.registry import installed, recognisers
from headrisk.face.render.cast import cast, open_scene
from headrisk.face.render.shade import Light, shade
from headrisk.heads.identity import template_face
from headrisk.heads.view import Camera


@pytest.fixture(scope="module")
def rendered() -> NDArray[np.uint8]:
    """The mean synthetic head from the front, (224, 224)."""
    scene = open_scene(template_face()[0])
    return shade(cast(scene, Camera(), 224, 2), Light())


@pytest.mark.parametrize("name", ["hog", "centerface", "mtcnn"])
def test_each_detector_sees_one_face_where_it_is_and_none_in_noise(
    name: str, rendered: NDArray[np.uint8]
) -> None:
    detector = detectors()[name]
    wide = np.zeros((300, 420), np.uint8)
    wide[50:274, 150:374] = rendered
    seen = [face for face in detector.faces(wide) if face.score >= detector.threshold]
    assert len(seen) == 1
    left, top, right, bottom = seen[0].box
    assert 200 < (left + right) / 2 < 320
    assert 90 < (top + bottom) / 2 < 240
    assert 50 < right - left < 200
    noise = np.random.default_rng(0).integers(0, 255, (160, 200), dtype=np.uint8)
    assert all(face.score < detector.threshold for face in detector.faces(noise))


def test_suppression_equals_a_naive_loop() -> None:
    rng = np.random.default_rng(1)
    corner = rng.uniform(0, 60, (40, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(5, 40, (40, 2))], axis=1)
    scores = rng.random(40)
    kept: list[int] = []
    for k in np.argsort(-scores):
        clear = True
        for j in kept:
            width = min(boxes[k, 2], boxes[j, 2]) - max(boxes[k, 0], boxes[j, 0])
            height = min(boxes[k, 3], boxes[j, 3]) - max(boxes[k, 1], boxes[j, 1])
            shared = max(width, 0) * max(height, 0)
            areas = [(boxes[i, 2] - boxes[i, 0]) * (boxes[i, 3] - boxes[i, 1]) for i in (j, k)]
            clear = clear and shared <= 0.4 * (sum(areas) - shared)
        if clear:
            kept.append(int(k))
    assert suppress(boxes, scores, 0.4, smaller=False) == kept


@pytest.mark.parametrize("bad", [np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8)])
def test_pictures_of_another_kind_are_refused(bad: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="an image of"):
        rgb(bad)


@pytest.mark.parametrize("make", [orb, sift])
def test_features_find_a_turned_copy_and_not_another_picture(make: object) -> None:
    recogniser = make()  # type: ignore[operator]
    rng = np.random.default_rng(2)
    coarse = [np.kron(rng.integers(0, 255, (16, 16)), np.ones((12, 12))) for _ in range(2)]
    one, other = (picture.astype(np.uint8) for picture in coarse)
    described = recogniser.describe([one, np.rot90(one).copy(), other])
    found = recogniser.similarity(described[:1], described[1:])
    assert found.shape == (1, 2)
    assert found[0, 0] > 10 * max(found[0, 1], 1)
    assert recogniser.describe([np.full((90, 90), 7, np.uint8)]) == [None]


def test_cosine_and_packing_round_trip() -> None:
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(3, 5)).astype(np.float32)
    templates = [FaceTemplate(vectors[0]), None, FaceTemplate(vectors[1]), FaceTemplate(vectors[2])]
    again = unpack(pack(templates), embedding=True)
    assert pack(templates).found.tolist() == [0, 2, 3]
    similarity = cosine(again, again)
    expected = [
        [float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for b in vectors] for a in vectors
    ]
    np.testing.assert_allclose(similarity, expected, atol=1e-6)
    points = [FaceTemplate(rng.normal(size=(n, 4))) for n in (3, 1)]
    for before, after in zip(points, unpack(pack(points), embedding=False), strict=True):
        np.testing.assert_array_equal(before.values, after.values)
    assert unpack(pack([None, None]), embedding=True) == []


def test_inner_layers_stay_with_their_image() -> None:
    rng = np.random.default_rng(4)
    inner = rng.normal(size=(2, 7)).astype(np.float16)
    first, second = (FaceTemplate(rng.normal(size=5), inner=layer) for layer in inner)
    packed = pack([None, first, None, second])
    again = unpack(packed, embedding=True)
    for before, after in zip((first, second), again, strict=True):
        np.testing.assert_array_equal(before.values, after.values)
        np.testing.assert_array_equal(before.inner, after.inner)
    assert pack([None, FaceTemplate(inner[0])]).inner is None
    assert unpack(pack([FaceTemplate(inner[0])]), embedding=True)[0].inner is None


def test_recognisers_are_named_with_digest_and_licence() -> None:
    found = recognisers(("dlib", "orb"), {})
    assert [one.name for one in found] == ["dlib", "orb"]
    assert len(found[0].digest) == 64
    assert all(one.licence and one.model for one in found)
    assert len(installed()) >= 3
    assert {one.name for one in all_detectors()} == {"hog", "centerface", "mtcnn"}
    with pytest.raises(UsageError, match="dlib"):
        recognisers(("eigenfaces",), {"eigenfaces": Path("x")})
