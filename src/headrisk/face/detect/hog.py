"""dlib's frontal face detector: histograms of oriented gradients and a linear classifier.

Dalal N. and Triggs B., "Histograms of oriented gradients for human detection", CVPR 2005; King
D.E., "Max-margin object detection", arXiv:1502.00046. Needs the extra ``faces``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from headrisk.errors import missing_extra
from headrisk.face.detect.face import Face, Pixels

LOWEST_SCORE = -1.0  # below this, patches of noise come up
SMALLEST_FACE = 80  # pixels that the detector's window is wide


@cache
def dlib_module() -> Any:
    """The package dlib.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        import dlib
    except ImportError as error:
        raise missing_extra("dlib's detector and landmarks", "dlib-bin") from error
    return dlib


@cache
def _detector() -> Any:
    return dlib_module().get_frontal_face_detector()


def faces(
    image: Pixels, *, lowest: float = LOWEST_SCORE, doublings: int | None = None
) -> list[Face]:
    """Faces seen in a grey (h, w) or RGB (h, w, 3) image, surest first.

    Parameters
    ----------
    lowest
        Smallest score kept: 0 is the detector's own limit, about -1 a hint of a face.
    doublings
        How often the image is doubled first, to find faces narrower than 80 pixels; by default
        once if its shorter side is below 160 pixels.

    Raises
    ------
    MissingExtraError
        dlib is not installed.
    """
    if doublings is None:
        doublings = 1 if min(image.shape[:2]) < 2 * SMALLEST_FACE else 0
    boxes, scores, _ = _detector().run(np.ascontiguousarray(image), doublings, lowest)
    found = [
        Face((box.left(), box.top(), box.right() + 1.0, box.bottom() + 1.0), float(score))
        for box, score in zip(boxes, scores, strict=True)
    ]
    return sorted(found, key=lambda face: -face.score)
