"""ORB and SIFT: key points of one image that are found again in another.

Rublee E. et al., "ORB: An efficient alternative to SIFT or SURF", ICCV 2011; Lowe D.G.,
"Distinctive image features from scale-invariant keypoints", IJCV 60:91-110, 2004. They know
nothing of faces and are the control: where they find people, two images share more than a face.
Needs the extra ``faces``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from headrisk.errors import missing_extra
from headrisk.face.detect.face import Pixels, rgb
from headrisk.face.recognise.nearest import count_found_again
from headrisk.face.recognise.protocol import FaceTemplate
from headrisk.types import FloatArray

RATIO = 0.75  # of the distances to the best and the second-best descriptor (Lowe 2004)
LARGEST_SIDE = 256  # pixels; larger images are made smaller, so that key points have like scales
MOST_POINTS = 300
OPENCV_LICENCE = "Apache-2.0 (code of OpenCV; no weights)"


@cache
def opencv() -> Any:
    """The package cv2, held to one thread.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise missing_extra("ORB and SIFT", "opencv-python-headless") from error
    cv2.setNumThreads(1)
    return cv2


@dataclass(frozen=True)
class FeatureRecogniser:
    """Counts key points of one image whose match in the other is clearly the best."""

    name: str  # "orb" or "sift"
    model: str
    digest: str = ""
    licence: str = OPENCV_LICENCE
    embedding: bool = False

    def describe(self, images: Sequence[Pixels]) -> list[FaceTemplate | None]:
        """Descriptors of the key points of whole images; None where there are none.

        Raises
        ------
        MissingExtraError
            OpenCV is not installed.
        """
        cv2 = opencv()
        finder = (
            cv2.ORB_create(nfeatures=MOST_POINTS)
            if self.name == "orb"
            else cv2.SIFT_create(nfeatures=MOST_POINTS)
        )
        return [_describe(finder, image) for image in images]

    def similarity(
        self, photos: Sequence[FaceTemplate], renders: Sequence[FaceTemplate]
    ) -> FloatArray:
        """Number of key points of the photo that are found in the render, (photos, renders)."""
        if self.name == "orb":
            left, right = (
                [np.unpackbits(one.values.astype(np.uint8), axis=1) for one in side]
                for side in (photos, renders)
            )
        else:
            left, right = ([one.values for one in side] for side in (photos, renders))
        return count_found_again(
            [one.astype(np.float32) for one in left],
            [one.astype(np.float32) for one in right],
            RATIO,
            2 if self.name == "orb" else 1,
        )


def orb() -> FeatureRecogniser:
    """ORB of the OpenCV that is installed."""
    return FeatureRecogniser("orb", f"ORB of OpenCV {opencv().__version__}")


def sift() -> FeatureRecogniser:
    """SIFT of the OpenCV that is installed."""
    return FeatureRecogniser("sift", f"SIFT of OpenCV {opencv().__version__}")


def _describe(finder: Any, image: Pixels) -> FaceTemplate | None:
    picture = Image.fromarray(rgb(image)).convert("L")
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.LANCZOS)
    points, descriptors = finder.detectAndCompute(np.array(picture), None)
    if descriptors is None or not len(descriptors):
        return None
    scale = max(image.shape[:2]) / max(picture.size)
    places = np.array([point.pt for point in points]) * scale
    return FaceTemplate(np.asarray(descriptors), points=places)
