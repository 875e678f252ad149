"""Is a face left in a scan? One answer from several detectors and the skin.

No detector is trusted alone: one that looks for gradients saw a face on defaced heads in some
views, and a network that marks centres of faces saw one on heads without a nose. So a face counts
as left where at least two detectors see it in most of the presence renders (which stand for three
cameras, so that is in two views at least) and skin of a face is there. Where detectors and skin
disagree the answer is ``unclear``, which is no protection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np

from headrisk.face.detect.face import Pixels
from headrisk.face.detect.registry import detectors
from headrisk.heads.coverage import Coverage
from headrisk.types import FloatArray

Presence = Literal["yes", "unclear", "no"]
ANSWERS: tuple[Presence, ...] = ("yes", "unclear", "no")
FEWEST_SEEN = 0.5  # share of the presence renders in which a detector must see a face
FEWEST_DETECTORS = 2


def best_scores(images: Iterable[Pixels]) -> dict[str, FloatArray]:
    """For each detector its best score in each picture, minus infinity where it saw nothing.

    Raises
    ------
    MissingExtraError
        The extra ``faces`` is not installed.
    """
    pictures = list(images)
    return {
        name: np.array(
            [max((face.score for face in one.faces(image)), default=-np.inf) for image in pictures]
        )
        for name, one in detectors().items()
    }


def share_seen(scores: FloatArray, threshold: float) -> float:
    """Share of renders in which a detector's best score reaches its threshold."""
    return float(np.mean(scores >= threshold))


def sees(scores: FloatArray, threshold: float) -> bool:
    """Whether a detector sees a face: in at least half of a head's presence renders."""
    return share_seen(scores, threshold) >= FEWEST_SEEN


def presence(
    seen: Mapping[str, FloatArray], thresholds: Mapping[str, float], left: Coverage
) -> Presence:
    """Whether a face is left.

    Parameters
    ----------
    seen
        For each detector its best score in each presence render.
    thresholds
        For each detector the score from which a face counts as seen.
    left
        Skin left in the face region.

    Returns
    -------
    ``yes`` where two detectors or more see a face and the skin is not gone; ``no`` where at most
    one does and the nose is gone, or the whole face; else ``unclear``.
    """
    detectors = sum(sees(one, thresholds[name]) for name, one in seen.items())
    gone = left.verdict in ("none", "cropped")
    if detectors >= FEWEST_DETECTORS and not gone:
        return "yes"
    if detectors < FEWEST_DETECTORS and (gone or left.noseless):
        return "no"
    return "unclear"
