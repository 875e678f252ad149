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
from headrisk.face.recognise.protocol import FaceTemplate
from headrisk.types import BoolArray, Float32Array, FloatArray

# ----------------------------------------------------------------------
# Key points found again, counted for many pairs of images at once.
#
# Lowe's ratio test needs the nearest and the second-nearest descriptor of every key point in every
# render: for some hundred thousand pairs of images that is most of a run. Here the descriptors of
# all photographs are compared with a render's in one matrix product, first in the few directions in
# which descriptors vary most. What fails the test clearly there is dropped; the others are compared
# in full. So no match is counted that the full comparison would not count, and about one in a
# hundred is missed.
# ----------------------------------------------------------------------

DIRECTIONS = 64  # of the first, coarse comparison
SLACK = 0.05  # added to the ratio of distances there
_BLOCK = 4096  # key points of photographs at once, so that the distances stay in the cache
_SAMPLE = 20_000  # descriptors from which the directions are taken


def count_found_again(
    photos: Sequence[Float32Array], renders: Sequence[Float32Array], ratio: float, power: int
) -> FloatArray:
    """Number of key points of each photograph that a render has clearly once, (photos, renders).

    A key point counts where its nearest descriptor in the render is nearer than ``ratio`` times
    the second-nearest.

    Parameters
    ----------
    photos, renders
        Descriptors of each image, (key points, d); whole numbers, so that float32 is exact.
    power
        1 where the distance is Euclidean, 2 where it is its square: that of descriptors of zeros
        and ones is the number of bits that differ (Hamming).
    """
    counts = np.zeros((len(photos), len(renders)))
    if not len(photos) or not len(renders):
        return counts
    left = np.concatenate(photos)
    starts = np.cumsum([0, *(len(one) for one in photos[:-1])])
    basis = _directions(renders)
    coarse = left @ basis
    exact, likely = (value ** (3 - power) for value in (ratio, ratio + SLACK))
    for column, render in enumerate(renders):
        if len(render) < 2:
            continue
        there = render @ basis
        good = np.zeros(len(left), np.bool_)
        for first in range(0, len(left), _BLOCK):
            block = slice(first, first + _BLOCK)
            rows = first + np.flatnonzero(_clear(coarse[block], there, likely))
            good[rows] = _clear(left[rows], render, exact)
        counts[:, column] = np.add.reduceat(good.astype(np.int64), starts)
    return counts


def _directions(renders: Sequence[Float32Array]) -> Float32Array:
    """Orthonormal columns (d, at most 64) along which the renders' descriptors vary most."""
    every = np.concatenate(renders)
    sample = every[:: max(len(every) // _SAMPLE, 1)].astype(np.float64)
    sample -= sample.mean(axis=0)
    _, axes = np.linalg.eigh(sample.T @ sample)
    return np.ascontiguousarray(axes[:, ::-1][:, :DIRECTIONS], dtype=np.float32)


def _clear(left: Float32Array, right: Float32Array, share: float) -> BoolArray:
    """For each row of ``left``: is the least squared distance below ``share`` times the next?"""
    if not len(left):
        return np.zeros(0, np.bool_)
    away = right @ (np.float32(-2) * left.T)
    away += (right * right).sum(axis=1)[:, None]
    nearest = np.minimum(away[0], away[1])
    second = np.maximum(away[0], away[1])
    behind = np.empty_like(nearest)
    for row in away[2:]:  # quicker than a search along the other axis
        np.maximum(nearest, row, out=behind)
        np.minimum(second, behind, out=second)
        np.minimum(nearest, row, out=nearest)
    own = (left * left).sum(axis=1)
    return np.asarray(nearest + own < share * (second + own).astype(np.float64), dtype=np.bool_)


# ----------------------------------------------------------------------
# ORB and SIFT: key points of one image that are found again in another.
# ----------------------------------------------------------------------

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
