"""The classifier learns separable people, in the order of its classes, and says how sure it is."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from headrisk.errors import MissingExtraError
from headrisk.face.scores import classify
from headrisk.types import FloatArray, IntArray


def people(
    classes: int, renders: int, spread: float, seed: int
) -> tuple[FloatArray, IntArray, FloatArray]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, 12))
    labels = np.repeat(np.arange(classes), renders)
    cloud = centres[labels] + spread * rng.normal(size=(labels.size, 12))
    return cloud, labels, centres


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_each_photograph_goes_to_its_own_class(classes: int) -> None:
    renders, labels, centres = people(classes, 6, 0.2, classes)
    found = classify(centres, renders, labels)
    assert found.decision.shape == (classes, classes)
    assert found.decision.argmax(axis=1).tolist() == list(range(classes))
    assert found.confidence is not None
    assert found.confidence.argmax(axis=1).tolist() == list(range(classes))
    np.testing.assert_allclose(found.confidence.sum(axis=1), 1.0)


def test_decisions_are_those_of_one_machine_against_the_rest() -> None:
    renders, labels, centres = people(4, 8, 0.5, 1)
    found = classify(centres, renders, labels, cost=0.3)
    for k in range(4):
        alone = LinearSVC(C=0.3, tol=1e-6, random_state=0, max_iter=50_000)
        alone.fit(renders, labels == k)
        np.testing.assert_allclose(
            found.decision[:, k], alone.decision_function(centres), atol=0.02
        )


def test_confidence_falls_where_people_overlap() -> None:
    sharp, blurred = (
        classify(c, r, y).confidence for r, y, c in (people(5, 30, s, 3) for s in (0.1, 2.0))
    )
    assert sharp is not None
    assert blurred is not None
    assert np.diag(sharp).mean() > np.diag(blurred).mean() + 0.2


def test_too_few_renders_to_calibrate_give_no_confidence() -> None:
    renders, labels, centres = people(3, 2, 0.1, 4)
    assert classify(centres, renders, labels).confidence is None


@pytest.mark.parametrize("photos", [0, 3])
def test_one_class_or_no_photograph_decides_nothing(photos: int) -> None:
    renders, labels, _ = people(1, 5, 0.1, 5)
    found = classify(np.zeros((photos, 12)), renders, labels)
    assert (found.decision.shape, found.confidence) == ((photos, 1), None)


def test_a_missing_package_is_named_with_its_install_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.svm", None)
    renders, labels, centres = people(2, 3, 0.1, 6)
    with pytest.raises(MissingExtraError, match=r"headrisk\[faces\]"):
        classify(centres, renders, labels)
