"""What a detector returns, and the images that it takes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from headrisk.types import FloatArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Face:
    """A face in an image; x runs right and y down from the corner of the first pixel.

    Attributes
    ----------
    box
        Left, top, right, bottom in pixels; may reach beyond the image.
    score
        How sure the detector is; larger is surer, on the detector's own scale.
    landmarks
        (5, 2) x and y of the eye at the image's left, the other eye, the nose, and the left and
        the right corner of the mouth; None where the detector gives none.
    """

    box: tuple[float, float, float, float]
    score: float
    landmarks: FloatArray | None = field(default=None, repr=False)

    @property
    def width(self) -> float:
        """Width of the box in pixels."""
        return self.box[2] - self.box[0]

    @property
    def area(self) -> float:
        """Area of the box in square pixels."""
        return self.width * (self.box[3] - self.box[1])


def rgb(image: Pixels) -> Pixels:
    """The image with three channels: grey (h, w) is repeated, RGB (h, w, 3) is returned as it is.

    Raises
    ------
    ValueError
        Another shape or another type of pixel.
    """
    if image.dtype != np.uint8:
        raise ValueError(f"an image of {image.dtype}, not of 8-bit pixels")
    if image.ndim == 2:
        return np.repeat(image[:, :, None], 3, axis=2)
    if image.ndim == 3 and image.shape[2] == 3:
        return image
    raise ValueError(f"an image of shape {image.shape}, neither grey nor RGB")


def suppress(boxes: FloatArray, scores: FloatArray, limit: float, *, smaller: bool) -> list[int]:
    """Non-maximum suppression: the best box, then the best that overlaps none kept too much.

    Parameters
    ----------
    boxes
        (n, 4) left, top, right, bottom, pixels.
    scores
        (n,) larger is better.
    limit
        A box is dropped if its overlap with a better one is above this.
    smaller
        Overlap is the intersection over the smaller area if True, over the union if False.

    Returns
    -------
    list[int]
        Indices of the boxes kept, best first.
    """
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    left = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while left.size:
        best, others = left[0], left[1:]
        kept.append(int(best))
        low = np.maximum(boxes[best, :2], boxes[others, :2])
        high = np.minimum(boxes[best, 2:], boxes[others, 2:])
        shared = np.prod(np.maximum(high - low, 0.0), axis=1)
        least = np.minimum(area[best], area[others])
        whole = least if smaller else area[best] + area[others] - shared
        left = others[shared <= limit * np.maximum(whole, 1e-12)]
    return kept
