"""The combined answer whether a face is left rests on no single detector."""

from __future__ import annotations

import numpy as np
import pytest

from headrisk.face.presence import presence, share_seen
from headrisk.heads.coverage import Coverage, CoverageVerdict

THRESHOLDS = {"hog": 0.0, "centerface": 0.5, "mtcnn": 0.9}


def left(verdict: CoverageVerdict, nose: float = 1.0) -> Coverage:
    parts = {"upper face": 1.0, "nose": nose, "mouth and chin": 1.0, "ears": 1.0}
    return Coverage(parts, 0.8, 0.0, verdict, "said")


def seen(*shares: float) -> dict[str, np.ndarray]:
    """Nine renders for each detector, of which this share reach the threshold."""
    out = {}
    for (name, limit), share in zip(THRESHOLDS.items(), shares, strict=True):
        scores = np.full(9, -np.inf)
        scores[: round(9 * share)] = limit
        out[name] = scores
    return out


@pytest.mark.parametrize(
    ("shares", "coverage", "answer"),
    [
        ((1, 1, 1), left("full"), "yes"),
        ((0, 1, 1), left("full"), "yes"),
        ((0.6, 0.6, 0), left("partial"), "yes"),
        ((1, 0, 0), left("none", 0.0), "no"),  # one detector alone, on a defaced head
        ((0, 0, 0), left("none", 0.0), "no"),
        ((0, 0, 0), left("cropped", 0.2), "no"),
        ((0, 1, 0), left("partial", 0.05), "no"),
        ((0, 1, 0), left("partial"), "unclear"),
        ((0.4, 0.4, 0.4), left("full"), "unclear"),  # a few views only
        ((0, 0, 0), left("full"), "unclear"),  # skin without a face that is seen
        ((1, 1, 0), left("none", 0.0), "unclear"),
    ],
)
def test_the_answer_takes_two_detectors_and_skin(
    shares: tuple[float, float, float], coverage: Coverage, answer: str
) -> None:
    assert presence(seen(*shares), THRESHOLDS, coverage) == answer


def test_without_one_detector_the_other_two_must_agree() -> None:
    two = {name: scores for name, scores in seen(1, 1, 1).items() if name != "hog"}
    assert presence(two, THRESHOLDS, left("full")) == "yes"
    two["mtcnn"] = np.full(9, 0.1)
    assert presence(two, THRESHOLDS, left("full")) == "unclear"


def test_share_counts_scores_at_the_threshold() -> None:
    assert share_seen(np.array([0.5, 0.49, 0.6, -np.inf]), 0.5) == 0.5
