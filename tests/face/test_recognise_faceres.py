"""The second network: known answers of its source, crops against geometry, whole images."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from headrisk.errors import StoreError
from headrisk.face import weights
from headrisk.face.detect.face import Face
from headrisk.face.recognise import crop
from headrisk.face.recognise.crop import upright
from headrisk.face.recognise.faceres import FaceresRecogniser, embed

# Means over 64 neighbouring numbers of the descriptors of `drawings`, by the source, faceres.json
# and faceres.bin, in TensorFlow.js 4.22.0 (CPU backend); see tools/export_faceres.py.
KNOWN = np.array(
    [
        0.02512,
        0.02417,
        0.04942,
        0.03063,
        0.04908,
        0.04503,
        0.03495,
        0.03785,
        0.02409,
        0.05121,
        0.03292,
        0.05734,
        0.03846,
        0.05508,
        0.06778,
        0.04776,
        0.01798,
        0.01104,
        0.02101,
        0.03032,
        0.0333,
        0.0338,
        0.0386,
        0.02114,
        0.01679,
        0.03931,
        0.02945,
        0.04888,
        0.02923,
        0.04653,
        0.04211,
        0.02737,
        0.05481,
        0.03631,
        0.05705,
        0.05378,
        0.05868,
        0.04739,
        0.06206,
        0.06438,
        0.04939,
        0.08411,
        0.05316,
        0.08154,
        0.03854,
        0.06689,
        0.05974,
        0.05596,
    ]
).reshape(3, 16)


def drawings() -> np.ndarray:
    """Three ovals with eyes and a mouth, of three widths and tints: (3, 224, 224, 3) uint8."""
    y, x = np.mgrid[:224, :224]

    def inside(across: int, down: int, width: float, height: float) -> np.ndarray:
        return ((x - across) / width) ** 2 + ((y - down) / height) ** 2 < 1

    pictures = []
    for wide, mouth, tint in (
        (67, 24, (1, 1, 1)),
        (58, 14, (1, 0.8, 0.6)),
        (80, 34, (0.5, 0.7, 1)),
    ):
        features = inside(82, 92, 13, 7) | inside(142, 92, 13, 7) | inside(112, 157, mouth, 6)
        oval = np.where(features, 40, np.where(inside(112, 112, wide, 90), 190 + x % 32, y // 4))
        pictures.append(oval[..., None] * np.array(tint))
    return np.stack(pictures).astype(np.uint8)


def test_descriptors_are_those_of_the_source() -> None:
    ours = embed(drawings())
    assert ours.shape == (3, 1024)
    np.testing.assert_allclose(ours.reshape(3, 16, 64).mean(axis=-1), KNOWN, atol=2e-5)


def test_colours_are_not_swapped() -> None:
    """The known answers hold for red, green, blue in this order, and would not for another."""
    swapped = embed(drawings()[:2, ..., ::-1]).reshape(2, 16, 64).mean(axis=-1)
    np.testing.assert_allclose(swapped[0], KNOWN[0], atol=2e-5)  # a grey picture
    assert np.abs(swapped[1] - KNOWN[1]).max() > 1e-3


def test_embedding_does_not_depend_on_the_batch() -> None:
    together = embed(drawings())
    alone = np.concatenate([embed(one[None]) for one in drawings()])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_an_altered_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    weights.network.cache_clear()
    monkeypatch.setitem(weights.DIGESTS, "faceres.onnx", "0" * 64)
    with pytest.raises(StoreError, match=r"faceres\.onnx: SHA-256"):
        embed(drawings())
    weights.network.cache_clear()


def dotted(turn: float, scale: float, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Five white dots where a turned and scaled face has its landmarks, and their places."""
    places = np.array([[-30.0, 0], [30, 0], [0, 35], [-22, 60], [22, 60]]) * scale
    angle = np.radians(turn)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    places = places @ rotation + np.array([width / 2, height / 2.5])
    image = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(image)
    radius = 4 * scale
    for x, y in places:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(image), places


@pytest.mark.parametrize("turn", [0.0, 25.0, -40.0])
@pytest.mark.parametrize("scale", [0.7, 1.0, 4.0])
def test_crops_are_level_and_to_scale(turn: float, scale: float) -> None:
    """Each landmark lands where the definition of the crop puts it, whatever turn and size."""
    image, places = dotted(turn, scale, round(300 * max(scale, 1)), round(340 * max(scale, 1)))
    cut = upright(image, places, side=224, spread=3.5)
    assert cut.shape == (224, 224, 3)
    unit = 224 / 3.5  # pixels of the crop for the distance from eyes to mouth
    across = np.array([-0.5, 0.5, 0.0, -22 / 60, 22 / 60]) * unit + 112
    down = (np.array([0.0, 0.0, 35 / 60, 1.0, 1.0]) - crop.CENTRE) * unit + 112
    for x, y in zip(across, down, strict=True):
        near = cut[round(y) - 9 : round(y) + 10, round(x) - 9 : round(x) + 10, 0].astype(float)
        rows, columns = np.mgrid[round(y) - 9 : round(y) + 10, round(x) - 9 : round(x) + 10] + 0.5
        found = np.array([(columns * near).sum(), (rows * near).sum()]) / near.sum()
        np.testing.assert_allclose(found, [x, y], atol=1.0)


def test_a_face_at_the_edge_is_filled_with_black() -> None:
    image = np.full((60, 50), 200, np.uint8)
    places = np.array([[5.0, 5], [25, 5], [15, 15], [8, 25], [22, 25]])
    cut = upright(image, places, side=96, spread=4.0)
    assert cut[:10].max() == 0
    assert (cut[48, 48] == 200).all()


def drawn_face() -> np.ndarray:
    return np.full((120, 120), 128, np.uint8)


def test_only_images_with_a_face_get_a_template(monkeypatch: pytest.MonkeyPatch) -> None:
    places = np.array([[40.0, 40], [80, 40], [60, 60], [45, 80], [75, 80]])
    faces = iter([None, Face((20, 20, 100, 100), 0.9, places), None, *[None] * 2])
    monkeypatch.setattr(crop, "find", lambda image: next(faces))
    found = FaceresRecogniser().describe([drawn_face()] * 5)
    assert [one is not None for one in found] == [False, True, False, False, False]
    template = found[1]
    assert template is not None
    assert template.values.shape == (1024,)
    assert template.score == 0.9


def test_no_image_and_no_face() -> None:
    one = FaceresRecogniser()
    assert one.describe([]) == []
    assert one.describe([drawn_face()]) == [None]
    assert one.similarity([], []).shape == (0, 0)
