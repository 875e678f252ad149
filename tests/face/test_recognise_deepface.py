"""DeepFace with local weights: what is refused, and that nothing is ever fetched.

The package deepface is played by modules of the same names and the same few functions.
"""

from __future__ import annotations

import hashlib
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from headrisk.errors import MissingExtraError, UsageError
from headrisk.face.detect.face import Face
from headrisk.face.recognise import crop, sface
from headrisk.face.recognise import deepface as module
from headrisk.face.recognise.crop import upright
from headrisk.face.recognise.deepface import deepface, embed, model_of
from headrisk.face.recognise.registry import recognisers
from headrisk.face.weights import DIGESTS
from headrisk.io.weights import shipped_bytes

HDF = b"\x89HDF\r\n\x1a\n"
LANDMARKS = np.array([[80.0, 80], [120, 80], [100, 100], [85, 120], [115, 120]])


class Network:
    """A network of DeepFace whose embedding is the mean colour, blue first."""

    input_shape = (47, 55)  # width, height, as DeepFace gives them

    def __init__(self) -> None:
        loader = sys.modules["deepface.commons.weight_utils"]
        self.path = loader.download_weights_if_necessary("facenet512_weights.h5", ["https://x"])
        content = Path(self.path).read_bytes()
        if b"broken" in content:
            raise ValueError("unable to open file (truncated file)")
        self.fed: list[np.ndarray] = []

    def forward(self, images: np.ndarray) -> Any:
        """A list for one image, a list of lists for several, as DeepFace answers."""
        self.fed.append(images)
        found = images.mean(axis=(1, 2)).tolist()
        return found[0] if len(found) == 1 else found


class Fetching(Network):
    """A network that goes around the loader, as a later DeepFace might."""

    def __init__(self) -> None:
        sys.modules["deepface.commons.weight_utils"].gdown.download("https://x", "y")


class Silent(Network):
    """A network that asks for no weights at all."""

    def __init__(self) -> None:
        pass


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A stand-in for deepface; what it fetched stands under ``fetched``."""
    fetched: list[str] = []

    def download(url: str, *_: object, **__: object) -> None:
        fetched.append(url)

    loader = ModuleType("deepface.commons.weight_utils")
    loader.__dict__["gdown"] = SimpleNamespace(download=download)
    loader.__dict__["requests"] = SimpleNamespace(head=download, get=download)
    loader.__dict__["download_weights_if_necessary"] = lambda name, url: download(url)
    networks = ModuleType("deepface.models.networks")
    networks.__dict__.update(Network=Network, Fetching=Fetching, Silent=Silent)
    place = "deepface.models.networks."
    modeling = ModuleType("deepface.modules.modeling")
    modeling.__dict__["AVAILABLE_MODELS"] = {
        "facial_recognition": {
            "Facenet512": {"tensorflow": f"{place}Network", "onnx": f"{place}Network"},
            "ArcFace": {"tensorflow": f"{place}Fetching"},
            "OpenFace": {"tensorflow": f"{place}Silent"},
            "VGG-Face": {"tensorflow": "deepface.models.absent.Client"},
            "SFace": {"any": f"{place}Network"},
        }
    }
    held: list[tuple[str, object]] = []
    tensorflow = ModuleType("tensorflow")
    tensorflow.__dict__["config"] = SimpleNamespace(
        set_visible_devices=lambda devices, kind: held.append((kind, devices)),
        threading=SimpleNamespace(
            set_intra_op_parallelism_threads=lambda n: held.append(("intra", n)),
            set_inter_op_parallelism_threads=lambda n: held.append(("inter", n)),
        ),
    )
    parts = (loader, networks, modeling, tensorflow)
    names = ("deepface", "deepface.commons", "deepface.modules", "deepface.models")
    for one in (*(ModuleType(name) for name in names), *parts):
        monkeypatch.setitem(sys.modules, one.__name__, one)
    known = metadata.version
    monkeypatch.setattr(metadata, "version", lambda n: "0.0.103" if n == "deepface" else known(n))
    module._hold_tensorflow.cache_clear()
    return {"fetched": fetched, "loader": loader, "held": held}


def weights(folder: Path, name: str = "facenet512_weights.h5", content: bytes = HDF) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_the_network_gets_the_file_and_nothing_is_fetched(
    package: dict[str, Any], tmp_path: Path
) -> None:
    path = weights(tmp_path)
    before = dict(vars(package["loader"]))
    one = deepface(path)
    assert one.model == "Facenet512 of deepface 0.0.103"
    assert one.digest == hashlib.sha256(HDF).hexdigest()
    assert one.network.path == str(path)
    assert package["fetched"] == []
    assert dict(vars(package["loader"])) == before  # and is as it was
    assert package["held"] == [("GPU", []), ("intra", 1), ("inter", 1)]
    assert deepface(path) is one


def test_changed_weights_are_read_again(package: dict[str, Any], tmp_path: Path) -> None:
    del package
    first = deepface(weights(tmp_path))
    assert deepface(weights(tmp_path, content=HDF + b"other")).digest != first.digest


def test_every_way_around_the_file_is_closed(package: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="tried to fetch a file"):
        deepface(weights(tmp_path, "arcface_weights.h5"))
    with pytest.raises(UsageError, match="does not ask for the weights of OpenFace"):
        deepface(weights(tmp_path, "openface_weights.h5"))
    assert package["fetched"] == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("facenet512_weights.h5", HDF + b"broken", "cannot be made of it.*truncated"),
        ("facenet512_weights.h5", b"<html>Not Found</html>", "22 bytes that are no h5 file"),
        ("facenet512_weights.h5", b"", "0 bytes that are no h5 file"),
        ("facenet512_weights.onnx", b"no network", "the network Facenet512 cannot be opened"),
        ("my_weights.h5", HDF, "a name that DeepFace gives none.*facenet512_weights"),
        ("facenet512_weights.pth", HDF, r"a name that DeepFace gives none.*\.h5 or \.onnx"),
        ("vgg_face_weights.h5", HDF, "cannot be made of it"),
        ("face_recognition_sface_2021dec.h5", HDF, "SFace has no weights for tensorflow"),
        ("arcface_weights.onnx", b"x", "ArcFace has no weights for onnx"),
    ],
)
def test_unfit_weights_are_refused(
    name: str, content: bytes, said: str, package: dict[str, Any], tmp_path: Path
) -> None:
    path = weights(tmp_path, name, content)
    with pytest.raises(UsageError, match=said) as caught:
        deepface(path)
    assert str(path) in str(caught.value)
    assert caught.value.expected
    assert caught.value.remedy
    assert package["fetched"] == []


def test_missing_weights_are_refused(package: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        deepface(tmp_path / "facenet512_weights.h5")
    (tmp_path / "facenet512_weights.h5").mkdir()
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        deepface(tmp_path / "facenet512_weights.h5")
    assert package["fetched"] == []


def test_absent_packages_come_with_the_install_line(
    package: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del package
    line = r'pip install "headrisk\[deepface\]"'
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(MissingExtraError, match=f"package tensorflow is not installed.*{line}"):
        deepface(weights(tmp_path))
    monkeypatch.setitem(sys.modules, "deepface.modules.modeling", None)
    with pytest.raises(MissingExtraError, match=f"package deepface is not installed.*{line}"):
        deepface(weights(tmp_path, "facenet_weights.h5"))


def test_faces_reach_the_network_as_deepface_feeds_them(
    package: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blue first, from 0 to 1, in the network's own shape; one image or several."""
    del package
    one = deepface(weights(tmp_path))
    monkeypatch.setattr(crop, "find", lambda image: Face((60, 60, 140, 140), 0.8, LANDMARKS))
    image = np.empty((200, 200, 3), np.uint8)
    image[:] = (255, 102, 0)
    for count in (1, 2, 5):
        found = one.describe([image] * count)
        for template in found:
            assert template is not None
            np.testing.assert_allclose(template.values, [0.0, 0.4, 1.0], atol=1e-4)
    assert {fed.shape[1:] for fed in one.network.fed} == {(55, 47, 3)}
    assert one.network.fed[0].dtype == np.float32
    similar = one.similarity([t for t in found if t], [t for t in found if t])
    np.testing.assert_allclose(similar, 1.0)


def test_square_networks_get_the_crop_untouched() -> None:
    network = SimpleNamespace(input_shape=(8, 8), forward=lambda fed: fed[:, 0, 0].tolist())
    crops = np.arange(2 * 8 * 8 * 3, dtype=np.uint8).reshape(2, 8, 8, 3)
    np.testing.assert_allclose(embed(network, crops), crops[:, 0, 0, ::-1] / np.float32(255))


def test_the_registry_hands_the_weights_over(package: dict[str, Any], tmp_path: Path) -> None:
    del package
    path = weights(tmp_path)
    first, second = recognisers(("faceres", "deepface"), {"deepface": path})
    assert (first.name, second.name) == ("faceres", "deepface")
    assert second.model.startswith("Facenet512")
    assert model_of(path) == "Facenet512"


@pytest.mark.slow
def test_real_weights_through_the_real_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SFace through DeepFace itself gives what headrisk's own SFace gives of the same crops."""
    pytest.importorskip("deepface", reason="the package deepface is not installed")
    given = tmp_path / "face_recognition_sface_2021dec.onnx"
    given.write_bytes(shipped_bytes("headrisk.face", "sface.onnx", DIGESTS))
    one = recognisers(("deepface",), {"deepface": given})[0]
    assert one.digest == DIGESTS["sface.onnx"]
    assert one.model.startswith("SFace of deepface")
    rng = np.random.default_rng(0)
    images = [
        np.asarray(Image.fromarray(rng.integers(0, 256, (20, 20, 3), np.uint8)).resize((200, 200)))
        for _ in range(3)
    ]
    face = Face((60, 60, 140, 140), 0.9, LANDMARKS)
    monkeypatch.setattr(crop, "find", lambda image: face)
    found = one.describe(images)
    crops = np.stack([upright(image, LANDMARKS, 112, module.SPREAD) for image in images])
    for template, expected in zip(found, sface.embed(crops), strict=True):
        assert template is not None
        away = template.values / np.linalg.norm(template.values)
        away = away @ (expected / np.linalg.norm(expected))
        assert away > 0.99  # DeepFace cuts 255 times a fraction to whole numbers on the way
