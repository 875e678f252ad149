"""Which recognisers can be asked for, what is said where one cannot, and what stands in reports."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from headrisk.errors import MissingExtraError, UsageError, missing_extra
from headrisk.face import weights
from headrisk.face.detect import hog
from headrisk.face.detect.registry import all_detectors
from headrisk.face.recognise import features
from headrisk.face.recognise.registry import NAMES, installed, recognisers
from headrisk.face.render.cast import open_scene
from headrisk.face.scores import classify
from headrisk.heads.mesh import Mesh
from headrisk.report.words.face import method_sentences
from headrisk.settings import Settings


def test_recognisers_come_in_order_and_once() -> None:
    found = recognisers(("faceres", "sift", "dlib", "faceres", "sface"), {})
    assert [one.name for one in found] == ["faceres", "sift", "dlib", "sface"]
    assert [one.embedding for one in found] == [True, False, True, True]


def test_every_recogniser_says_what_it_is() -> None:
    for one in recognisers(("dlib", "faceres", "sface", "orb", "sift"), {}):
        assert one.model
        assert one.licence
        assert len(one.digest) == (64 if one.embedding else 0)


@pytest.mark.parametrize(
    ("names", "given", "said"),
    [
        (
            ("eigenfaces",),
            {},
            "'eigenfaces'; expected one of dlib, faceres, sface, orb, sift, deepface",
        ),
        (("deepface",), {}, "recogniser deepface: no weights.*none is downloaded"),
        (("dlib",), {"dlib": Path("x")}, "a file for 'dlib', which takes none"),
        (("dlib",), {"fisher": Path("x")}, "a file for 'fisher', an unknown name"),
        (("dlib",), {"deepface": Path("x.h5")}, "a file for 'deepface', which is not asked for"),
    ],
)
def test_what_cannot_be_asked_for(
    names: tuple[str, ...], given: dict[str, Path], said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        recognisers(names, given)
    assert caught.value.remedy


def test_methods_name_model_weights_and_licence() -> None:
    asked = recognisers(("dlib", "faceres", "orb"), {})
    text = " ".join(method_sentences(Settings(), asked, searched=True))
    for one in asked:
        assert all(part in text for part in (one.name, one.model, one.digest, one.licence))
    assert "no weights" in text
    assert "Recognisers" not in " ".join(method_sentences(Settings(), asked, searched=False))


def test_the_installed_parts_are_listed() -> None:
    parts = {part.name: part for part in installed()}
    assert parts.keys() == {
        *(f"detector {one.name}" for one in all_detectors()),
        *(f"recogniser {name}" for name in NAMES),
    }
    assert parts["recogniser faceres"].digest == weights.DIGESTS["faceres.onnx"]
    assert parts["recogniser orb"].model.startswith("ORB of OpenCV")
    assert all(part.licence and part.state for part in parts.values())
    assert not any(part.damaged for part in parts.values())


def test_an_altered_network_is_listed_as_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    weights.network.cache_clear()
    monkeypatch.setitem(weights.DIGESTS, "faceres.onnx", "0" * 64)
    found = {part.name: part for part in installed() if part.damaged}
    weights.network.cache_clear()
    assert list(found) == ["recogniser faceres"]
    assert "install headrisk again" in found["recogniser faceres"].state


def _scene() -> object:
    corners = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    return open_scene(Mesh(corners, np.array([[0, 1, 2]])))


def _machine() -> object:
    rng = np.random.default_rng(0)
    return classify(rng.normal(size=(2, 4)), rng.normal(size=(4, 4)), np.array([0, 0, 1, 1]))


@pytest.mark.parametrize(
    ("module", "use", "package"),
    [
        ("dlib", hog.dlib_module, "dlib-bin"),
        ("cv2", features.opencv, "opencv-python-headless"),
        ("embreex.mesh_construction", _scene, "embreex"),
        ("sklearn.svm", _machine, "scikit-learn"),
    ],
)
def test_an_absent_package_is_named_with_the_line_that_installs_it(
    module: str, use: Callable[[], object], package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    importlib.import_module(module)
    for cached in (hog.dlib_module, features.opencv):
        cached.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError) as caught:
        use()
    assert caught.value.found == f"the package {package} is not installed"
    assert caught.value.remedy == 'Install it with: pip install "headrisk[faces]"'
    assert str(caught.value) == str(missing_extra(caught.value.subject, package))
    assert caught.value.exit_code == 2
