"""A linear support vector machine that learns the people of a gallery from their renders.

Mayo et al. (2024) found this the best of the open-source attacks: train one class per person on
the embeddings of that person's renders, then ask for the embeddings of photographs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from headrisk.errors import missing_extra
from headrisk.types import FloatArray, IntArray

COST = 1.0
FOLDS = 3
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Classified:
    """What the classifier says of every photograph.

    Attributes
    ----------
    decision
        (photographs, classes) signed distance to each class's hyperplane.
    confidence
        (photographs, classes) calibrated probabilities, rows sum to 1; None where a class has too
        few renders to calibrate on.
    """

    decision: FloatArray
    confidence: FloatArray | None


def classify(
    photos: FloatArray, renders: FloatArray, render_class: IntArray, *, cost: float = COST
) -> Classified:
    """Train on renders, ask for photographs.

    Confidence is Platt's sigmoid, fitted for each class on the decision values of renders that the
    machine was not trained on (Platt 1999), then normalised over classes. It is calibrated for
    further renders; photographs differ from renders, so it is over-confident for them.

    Parameters
    ----------
    photos
        (photographs, d) embeddings.
    renders, render_class
        (renders, d) embeddings and the class of each, 0 .. classes - 1, every class at least once.
    cost
        Penalty of a render on the wrong side, scikit-learn's ``C``.

    Raises
    ------
    MissingExtraError
        scikit-learn is not installed.
    """
    classes = int(render_class.max()) + 1 if render_class.size else 0
    if classes < 2 or not photos.size:
        nothing = np.zeros((photos.shape[0], classes))
        return Classified(nothing, None)
    if int(np.bincount(render_class).min()) < FOLDS:
        machine = _machine(cost).fit(renders, render_class)
        return Classified(_columns(machine.decision_function(photos)), None)
    calibrated = _calibrated(_machine(cost)).fit(renders, render_class)
    machine = calibrated.calibrated_classifiers_[0].estimator  # fitted on all renders
    confidence = np.asarray(calibrated.predict_proba(photos), dtype=np.float64)
    return Classified(_columns(machine.decision_function(photos)), confidence)


def _machine(cost: float) -> Any:
    try:
        from sklearn.svm import LinearSVC
    except ImportError as error:
        raise missing_extra("the support vector machine", "scikit-learn") from error
    return LinearSVC(C=cost, tol=_TOLERANCE, dual=False)


def _calibrated(machine: Any) -> Any:
    from sklearn.calibration import CalibratedClassifierCV

    return CalibratedClassifierCV(machine, method="sigmoid", cv=FOLDS, ensemble=False)


def _columns(decision: FloatArray) -> FloatArray:
    """One column for each class, also where there are two (scikit-learn then gives one)."""
    if decision.ndim == 1:
        decision = np.stack([-decision, decision], axis=1)
    return np.asarray(decision, dtype=np.float64)
