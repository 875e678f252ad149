"""The third network: known answers of its source, crops against scikit-image, whole images."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw
from skimage.transform import SimilarityTransform

from headrisk.errors import StoreError
from headrisk.face import weights
from headrisk.face.detect.face import Face
from headrisk.face.recognise import crop
from headrisk.face.recognise.crop import onto
from headrisk.face.recognise.mobilefacenet import PLACES, MobilefacenetRecogniser, embed

# Means over 12 neighbouring numbers of the descriptors of `drawings`, by the source in
# TensorFlow.js 4.22.0 (CPU backend); see tools/export_mobilefacenet.py.
KNOWN = np.array([
    0.8117, -4.4414, -3.5659, 3.7194, 3.6375, -0.3810, 4.9757, 1.0887,
    -8.9295, -16.5231, 0.0392, 7.0286, -8.3300, -3.3875, 6.3317, 18.2498,
    0.8622, -4.6080, -3.1128, 3.5300, 3.6379, -0.6822, 4.6801, 1.1587,
    -8.1279, -16.0229, -0.4193, 6.7250, -7.5702, -3.1340, 6.0905, 17.4756,
    0.6878, -4.6531, -2.8631, 3.4226, 3.5591, -0.8126, 4.7440, 1.1783,
    -8.0623, -15.9071, -0.2146, 6.7312, -7.5864, -2.8983, 6.0401, 17.6383,
]).reshape(3, 16)  # fmt: skip


def drawings() -> np.ndarray:
    """Three ovals with eyes and a mouth, of three widths and tints: (3, 112, 112, 3) uint8."""
    y, x = np.mgrid[:112, :112]

    def inside(across: int, down: int, width: float, height: float) -> np.ndarray:
        return ((x - across) / width) ** 2 + ((y - down) / height) ** 2 < 1

    pictures = []
    for wide, mouth, tint in ((44, 16, (1, 1, 1)), (37, 9, (1, 0.8, 0.6)), (52, 22, (0.5, 0.7, 1))):
        features = inside(38, 52, 8, 4) | inside(74, 52, 8, 4) | inside(56, 92, mouth, 4)
        oval = np.where(features, 40, np.where(inside(56, 64, wide, 58), 190 + x % 32, y // 2))
        pictures.append(oval[..., None] * np.array(tint))
    return np.stack(pictures).astype(np.uint8)


def test_descriptors_are_those_of_the_source() -> None:
    ours = embed(drawings())
    assert ours.shape == (3, 192)
    np.testing.assert_allclose(ours.reshape(3, 16, 12).mean(axis=-1), KNOWN, atol=5e-4)


def test_colours_are_not_swapped() -> None:
    swapped = embed(drawings()[:2, ..., ::-1]).reshape(2, 16, 12).mean(axis=-1)
    np.testing.assert_allclose(swapped[0], KNOWN[0], atol=5e-4)  # a grey picture
    assert np.abs(swapped[1] - KNOWN[1]).max() > 0.02


def test_embedding_does_not_depend_on_the_batch() -> None:
    together = embed(drawings())
    alone = np.concatenate([embed(one[None]) for one in drawings()])
    np.testing.assert_allclose(together, alone, atol=2e-3)  # of numbers up to 130


def test_an_altered_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    weights.network.cache_clear()
    monkeypatch.setitem(weights.DIGESTS, "mobilefacenet.onnx", "0" * 64)
    with pytest.raises(StoreError, match=r"mobilefacenet\.onnx: SHA-256"):
        embed(drawings())
    weights.network.cache_clear()


@pytest.mark.parametrize("turn", [0.0, 25.0, -40.0])
@pytest.mark.parametrize("scale", [0.7, 1.0, 4.0])
def test_landmarks_land_on_their_places(turn: float, scale: float) -> None:
    """Five dots, turned, scaled and shifted, come back to where the network expects them."""
    angle = np.radians(turn)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    landmarks = (PLACES - 56) @ rotation * scale + (150 * scale, 110 * scale)
    image = Image.new("L", (round(300 * scale), round(220 * scale)), 0)
    draw = ImageDraw.Draw(image)
    for x, y in landmarks:
        draw.ellipse((x - 3 * scale, y - 3 * scale, x + 3 * scale, y + 3 * scale), fill=255)
    cut = onto(np.asarray(image), landmarks, PLACES, 112)
    assert cut.shape == (112, 112, 3)
    for x, y in PLACES:
        near = cut[round(y) - 7 : round(y) + 8, round(x) - 7 : round(x) + 8, 0].astype(float)
        rows, columns = np.mgrid[round(y) - 7 : round(y) + 8, round(x) - 7 : round(x) + 8] + 0.5
        found = np.array([(columns * near).sum(), (rows * near).sum()]) / near.sum()
        np.testing.assert_allclose(found, [x, y], atol=1.0)


def test_the_fit_is_the_one_of_least_squares(monkeypatch: pytest.MonkeyPatch) -> None:
    """Landmarks of another face shape: turn, scale and shift as scikit-image estimates them."""
    rng = np.random.default_rng(3)
    landmarks = PLACES * 1.7 + np.array([40.0, 25.0]) + rng.normal(0, 4, PLACES.shape)
    oracle = SimilarityTransform.from_estimate(landmarks, PLACES)
    back = np.linalg.inv(oracle.params)
    given: list[np.ndarray] = []
    monkeypatch.setattr(
        crop,
        "_sampled",
        lambda image, corner, across, down, side: given.extend((corner, across, down)),
    )
    onto(np.zeros((300, 280), np.uint8), landmarks, PLACES, 112)
    np.testing.assert_allclose(given[0], back[:2, 2], atol=1e-9)
    np.testing.assert_allclose(given[1], back[:2, 0], atol=1e-9)
    np.testing.assert_allclose(given[2], back[:2, 1], atol=1e-9)


def test_each_image_gets_its_own_template(monkeypatch: pytest.MonkeyPatch) -> None:
    """An image without a face leaves a gap and shifts nobody's embedding."""
    images = [np.pad(one, ((10, 30), (20, 40), (0, 0))) for one in drawings()]
    seen = iter([True, False, True])

    def find(_: np.ndarray) -> Face | None:
        return Face((0, 0, 1, 1), 0.7, PLACES + np.array([20.0, 10.0])) if next(seen) else None

    monkeypatch.setattr(crop, "find", find)
    found = MobilefacenetRecogniser().describe(images)
    assert found[1] is None
    for template, drawing in zip((found[0], found[2]), (0, 2), strict=True):
        assert template is not None
        assert template.score == 0.7
        np.testing.assert_allclose(template.values, embed(drawings()[drawing][None])[0], atol=0.5)


def test_places_that_all_coincide_do_not_break_the_crop() -> None:
    cut = onto(np.full((50, 60), 9, np.uint8), np.full((5, 2), 25.0), PLACES, 112)
    assert cut.shape == (112, 112, 3)
