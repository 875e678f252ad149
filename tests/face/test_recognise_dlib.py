"""dlib's network in onnxruntime: known answers of dlib's own, and the way to an aligned face."""

from __future__ import annotations

import numpy as np
import pytest

from headrisk.errors import StoreError
from headrisk.face import weights
from headrisk.face.recognise.dlib_resnet import layers

# Every eighth number of dlib.face_recognition_model_v1(...).compute_face_descriptor for the three
# images of `drawings`, by dlib-bin 20.0.1 on dlib's own file.
KNOWN = np.array(
    [
        [
            -0.076937,
            0.097896,
            -0.153168,
            -0.092939,
            -0.105811,
            -0.175194,
            0.040526,
            0.004634,
            0.216995,
            -0.118152,
            -0.068802,
            0.191998,
            -0.08649,
            -0.176275,
            0.242221,
            0.009677,
        ],
        [
            -0.034963,
            0.073918,
            -0.101393,
            -0.041028,
            -0.208513,
            -0.193648,
            0.045309,
            0.036613,
            0.223692,
            -0.057462,
            -0.101487,
            0.238263,
            -0.08625,
            -0.200564,
            0.187414,
            -0.012209,
        ],
        [
            -0.031218,
            0.080315,
            -0.137947,
            -0.115209,
            -0.130029,
            -0.18154,
            0.033474,
            0.033131,
            0.192686,
            -0.110875,
            -0.075322,
            0.188569,
            -0.057994,
            -0.125801,
            0.231524,
            -0.031312,
        ],
    ]
)


# Means over channels of the inner layer of the same images, by inner_by_hand of
# tools/export_face_nets.py in NumPy, with dlib's own weights.
KNOWN_INNER = np.array(
    [
        [
            0.81459,
            0.85038,
            0.94235,
            0.49557,
            0.61557,
            0.76093,
            0.83891,
            0.49636,
            0.73396,
            0.82043,
            0.83208,
            0.50988,
            0.44832,
            0.4069,
            0.43978,
            0.57336,
        ],
        [
            0.75435,
            0.80232,
            0.85165,
            0.44779,
            0.57491,
            0.6691,
            0.72578,
            0.46083,
            0.67781,
            0.76966,
            0.69848,
            0.45777,
            0.49096,
            0.44672,
            0.4777,
            0.53185,
        ],
        [
            0.81214,
            0.87289,
            0.92638,
            0.45195,
            0.63278,
            0.79681,
            0.83452,
            0.4916,
            0.69644,
            0.80305,
            0.81639,
            0.4969,
            0.44828,
            0.40818,
            0.43117,
            0.54657,
        ],
    ]
)


def drawings() -> np.ndarray:
    """Coloured waves, an oval with eyes and a mouth, coloured blocks: (3, 150, 150, 3) uint8."""
    y, x = np.mgrid[:150, :150]
    waves = [127 + 120 * np.sin(x / 9.0 + k) * np.cos(y / 13.0 - k) for k in range(3)]

    def inside(across: int, down: int, width: float, height: float) -> np.ndarray:
        return ((x - across) / width) ** 2 + ((y - down) / height) ** 2 < 1

    features = inside(55, 62, 9, 5) | inside(95, 62, 9, 5) | inside(75, 105, 16, 4)
    oval = np.where(features, 40, np.where(inside(75, 75, 45, 60), 190, 25))
    blocks = np.kron(np.arange(36).reshape(6, 6) * 7 % 256, np.ones((25, 25)))
    coloured = blocks[..., None] * np.array([1, 0.8, 0.6])
    pictures = [np.stack(waves, -1), oval[..., None].repeat(3, -1), coloured]
    return np.stack(pictures).astype(np.uint8)


def test_descriptors_are_those_of_dlib() -> None:
    ours = layers(drawings())[0][:, ::8].astype(np.float64)
    np.testing.assert_allclose(ours, KNOWN, atol=3e-4)
    cosine = np.sum(ours * KNOWN, axis=1)
    cosine /= np.linalg.norm(ours, axis=1) * np.linalg.norm(KNOWN, axis=1)
    assert np.all(1 - cosine < 1e-5)


def test_the_inner_layer_is_the_one_computed_by_hand() -> None:
    inner = layers(drawings())[1]
    assert inner.dtype == np.float16
    means = inner.astype(np.float64).reshape(3, 256, 16).mean(axis=1)
    np.testing.assert_allclose(means, KNOWN_INNER, atol=5e-4)


@pytest.mark.parametrize("name", [name for name in weights.DIGESTS if name.endswith(".onnx")])
def test_every_recorded_network_opens(name: str) -> None:
    assert weights.network(name) is weights.network(name)


def test_altered_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    weights.network.cache_clear()
    monkeypatch.setitem(weights.DIGESTS, "mtcnn_pnet.onnx", "0" * 64)
    with pytest.raises(StoreError, match="SHA-256"):
        weights.network("mtcnn_pnet.onnx")


def test_embedding_does_not_depend_on_the_batch() -> None:
    rng = np.random.default_rng(1)
    chips = rng.integers(0, 256, (35, 150, 150, 3)).astype(np.uint8)
    together, inner = layers(chips)
    assert (together.shape, inner.shape) == ((35, 128), (35, 4096))
    for place in (0, 31, 32, 34):
        alone, own = layers(chips[place : place + 1])
        np.testing.assert_allclose(together[place], alone[0], atol=1e-5)
        np.testing.assert_allclose(inner[place].astype(float), own[0].astype(float), atol=5e-3)
