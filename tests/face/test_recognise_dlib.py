"""dlib's network in onnxruntime: known answers of dlib's own, and the way to an aligned face."""

from __future__ import annotations

import numpy as np
import pytest

from headrisk.errors import StoreError
from headrisk.face import weights
from headrisk.face.recognise.dlib_resnet import embed

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
    ours = embed(drawings())[:, ::8].astype(np.float64)
    np.testing.assert_allclose(ours, KNOWN, atol=3e-4)
    cosine = np.sum(ours * KNOWN, axis=1)
    cosine /= np.linalg.norm(ours, axis=1) * np.linalg.norm(KNOWN, axis=1)
    assert np.all(1 - cosine < 1e-5)


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
    together = embed(chips)
    alone = np.concatenate([embed(chips[k : k + 1]) for k in (0, 31, 32, 34)])
    np.testing.assert_allclose(together[[0, 31, 32, 34]], alone, atol=1e-5)
    assert together.shape == (35, 128)
