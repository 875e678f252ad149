"""Pictures of one view under several lamps, in which the face is found once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from headrisk.face.detect.face import Face, Pixels
from headrisk.face.recognise import crop, dlib_resnet
from headrisk.face.recognise.dlib_resnet import DlibRecogniser
from headrisk.face.recognise.faceres import FaceresRecogniser
from headrisk.face.recognise.protocol import FaceTemplate, Recogniser, templates_of_views
from headrisk.face.recognise.sface import SfaceRecogniser

PLACES = np.array([[45.0, 45], [80, 45], [62, 62], [48, 85], [78, 85]])
NETWORKS = (DlibRecogniser(), FaceresRecogniser(), SfaceRecogniser())
BRIGHT = 40  # mean level from which the false detector sees a face


def pictures(levels: Sequence[float]) -> NDArray[np.uint8]:
    """A blurred random picture under lamps of these strengths, (lamps, 120, 120)."""
    coarse = np.random.default_rng(5).uniform(0, 255, (12, 12))
    scene = np.kron(coarse, np.ones((10, 10)))
    return np.stack([scene * level for level in levels]).astype(np.uint8)


def seen(image: Pixels) -> Face | None:
    """A face where the picture is bright, the surer the brighter."""
    mean = float(image.mean())
    return Face((20.0, 20.0, 100.0, 105.0), mean / 255, PLACES) if mean > BRIGHT else None


def _given(template: FaceTemplate | None) -> FaceTemplate:
    assert template is not None
    return template


@pytest.fixture(autouse=True)
def _false_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crop, "find", seen)
    monkeypatch.setattr(dlib_resnet, "find", seen)


@pytest.mark.parametrize("one", NETWORKS, ids=lambda one: one.name)
def test_a_face_that_one_lamp_or_all_together_show_is_described_under_every_lamp(
    one: Recogniser,
) -> None:
    lit = pictures([1.0, 0.9, 0.8])
    alone = one.describe(list(lit))
    dark = np.concatenate([pictures([0.9]), pictures([0.0] * 5)])  # too dark in the mean
    found = templates_of_views(one, [lit, dark, pictures([0.1])])
    assert [template is not None for template in found] == [True] * 9 + [False]
    for k, other in enumerate(alone):  # the place is nearly the same: dlib looks for corners in it
        alike = one.similarity([_given(found[k])], [_given(other)])[0, 0]
        assert alike > (0.95 if one.name == "dlib" else 1 - 1e-5)
    by_mean, by_best = _given(found[0]), _given(found[3])
    assert by_mean.score == pytest.approx(lit.mean() / 255, abs=0.01)
    assert by_best.score == pytest.approx(dark[0].mean() / 255, abs=0.01)


def test_a_recogniser_without_views_is_asked_picture_by_picture() -> None:
    class Plain:
        name, model, digest, licence, embedding = "plain", "none", "", "none", True

        def describe(self, images: Sequence[Pixels]) -> list[FaceTemplate | None]:
            return [FaceTemplate(np.array([image.mean()])) for image in images]

        def similarity(
            self, photos: Sequence[FaceTemplate], renders: Sequence[FaceTemplate]
        ) -> NDArray[np.float64]:
            return np.zeros((len(photos), len(renders)))

    views = [pictures([0.2, 0.4]), pictures([0.6])]
    found = templates_of_views(Plain(), views)
    means = [float(one.values[0]) for one in found if one is not None]
    assert means == [picture.mean() for view in views for picture in view]
