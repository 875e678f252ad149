"""The third network: OpenCV's FaceRecognizerSF as an oracle for alignment and descriptor."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from headrisk.errors import StoreError
from headrisk.face import weights
from headrisk.face.detect.face import Face
from headrisk.face.recognise import crop
from headrisk.face.recognise.sface import PLACES, SIDE, SfaceRecogniser, aligned, embed, to_image

cv2: Any = pytest.importorskip("cv2")


SHIPPED = str(resources.files("headrisk.face") / "data" / "sface.onnx")


@cache
def opencv() -> Any:
    """OpenCV's own recogniser of the shipped file."""
    return cv2.FaceRecognizerSF.create(SHIPPED, "")


def picture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A smooth coloured picture: what bilinear sampling by two programs agrees on."""
    small = rng.integers(0, 256, (max(height // 12, 2), max(width // 12, 2), 3), dtype=np.uint8)
    sized = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(sized)


def placed(turn: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    """The network's places turned, scaled and shifted: landmarks of a face in a picture."""
    angle = np.radians(turn)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * (PLACES - SIDE / 2) @ rotation.T + np.array(shift)


def as_opencv(landmarks: np.ndarray) -> np.ndarray:
    """A row of OpenCV's face detector: box, ten coordinates, score."""
    return np.array([[0, 0, 1, 1, *landmarks.ravel(), 1]], dtype=np.float32)


@settings(max_examples=25, deadline=None)
@given(
    st.floats(-45, 45),
    st.floats(0.6, 1.4),
    st.integers(0, 2**31),
    st.floats(0, 4),
)
def test_faces_are_aligned_as_by_opencv(
    turn: float, scale: float, seed: int, wobble: float
) -> None:
    rng = np.random.default_rng(seed)
    image = picture(rng, 260, 240)
    landmarks = placed(turn, scale, (115.0, 130.0)) + rng.normal(0, wobble, (5, 2))
    theirs = opencv().alignCrop(image[..., ::-1].copy(), as_opencv(landmarks))[..., ::-1]
    away = np.abs(aligned(image, landmarks).astype(int) - theirs.astype(int))
    assert np.quantile(away, 0.99) <= 3  # OpenCV samples between pixels in steps of 1/32
    assert away[4:-4, 4:-4].mean() < 1


def test_descriptors_are_those_of_opencv() -> None:
    rng = np.random.default_rng(3)
    crops = np.stack([picture(rng, SIDE, SIDE) for _ in range(3)])
    theirs = np.concatenate([opencv().feature(one[..., ::-1].copy()) for one in crops])
    np.testing.assert_allclose(embed(crops), theirs, atol=2e-4)
    swapped = embed(crops[..., ::-1])
    assert np.abs(swapped - theirs).max() > 0.05  # another order of colours is told apart


def test_embedding_does_not_depend_on_the_batch() -> None:
    rng = np.random.default_rng(4)
    crops = np.stack([picture(rng, SIDE, SIDE) for _ in range(3)])
    alone = np.concatenate([embed(one[None]) for one in crops])
    np.testing.assert_allclose(embed(crops), alone, atol=1e-4)


@given(st.floats(-180, 180), st.floats(0.05, 30), st.floats(-500, 500), st.floats(-500, 500))
def test_a_similarity_is_undone_exactly(turn: float, scale: float, x: float, y: float) -> None:
    matrix = to_image(placed(turn, scale, (x, y)))
    back = PLACES @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(back, placed(turn, scale, (x, y)), atol=1e-6 * max(scale, 1) * 100)


def test_a_large_picture_gives_the_crop_of_a_small_one() -> None:
    """A photograph of many pixels is averaged first, not sampled with gaps."""
    rng = np.random.default_rng(5)
    small = picture(rng, 240, 240)
    large = np.kron(small, np.ones((4, 4, 1), dtype=np.uint8))
    landmarks = placed(12.0, 1.3, (118.0, 121.0))
    away = np.abs(
        aligned(small, landmarks).astype(int) - aligned(large, 4 * landmarks + 1.5).astype(int)
    )
    assert away.mean() < 2


def test_landmarks_in_one_place_are_no_error() -> None:
    cut = aligned(np.full((50, 50), 90, np.uint8), np.full((5, 2), 25.0))
    assert cut.shape == (SIDE, SIDE, 3)


def test_an_altered_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    weights.network.cache_clear()
    monkeypatch.setitem(weights.DIGESTS, "sface.onnx", "0" * 64)
    with pytest.raises(StoreError, match=r"sface\.onnx: SHA-256"):
        embed(np.zeros((1, SIDE, SIDE, 3), np.uint8))
    weights.network.cache_clear()


def test_only_images_with_a_face_get_a_template(monkeypatch: pytest.MonkeyPatch) -> None:
    faces = iter([None, Face((20, 20, 100, 100), 0.9, placed(0.0, 0.7, (60, 60)))])
    monkeypatch.setattr(crop, "find", lambda image: next(faces))
    rng = np.random.default_rng(6)
    found = SfaceRecogniser().describe([picture(rng, 120, 120) for _ in range(2)])
    assert found[0] is None
    assert found[1] is not None
    assert found[1].values.shape == (128,)
    assert found[1].score == 0.9


def test_a_picture_is_searched_for_a_face_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(crop.centerface, "faces", lambda image, **_: asked.append(image) or [])
    rng = np.random.default_rng(7)
    images = [picture(rng, 64, 64) for _ in range(2)]
    assert [crop.find(one) for one in (*images, images[0].copy())] == [None] * 3
    assert len(asked) == 2
    crop._found.clear()
