"""CenterFace: a small convolutional network that marks the centres of faces.

Xu Y. et al., "CenterFace: Joint face detection and alignment using face as point",
arXiv:1911.03599. The network ships with the package; no extra is needed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headrisk.face.detect.face import Face, Pixels, rgb, suppress
from headrisk.face.weights import network
from headrisk.types import Float32Array

LOWEST_SCORE = 0.05
STRIDE = 4  # pixels of the image for one cell of the network's output
MULTIPLE = 32  # sides that the network takes
OVERLAP = 0.3


def faces(image: Pixels, *, lowest: float = LOWEST_SCORE) -> list[Face]:
    """Faces seen in a grey (h, w) or RGB (h, w, 3) image, surest first; scores lie in 0..1.

    The image is extended by black to sides that the network takes, so its scale is kept.

    Raises
    ------
    StoreError
        The shipped network is missing or altered.
    """
    height, width = image.shape[:2]
    rows, columns = (-(-side // MULTIPLE) * MULTIPLE for side in (height, width))
    canvas = np.zeros((1, 3, rows, columns), dtype=np.float32)
    canvas[0, :, :height, :width] = rgb(image).transpose(2, 0, 1)
    outputs = network("centerface.onnx").run(["537", "538", "539", "540"], {"input.1": canvas})
    return decode(*(array[0] for array in outputs), size=(height, width), lowest=lowest)


def decode(
    heat: Float32Array,
    scale: Float32Array,
    offset: Float32Array,
    points: Float32Array,
    *,
    size: tuple[int, int],
    lowest: float,
) -> list[Face]:
    """Turn the network's maps into faces.

    Parameters
    ----------
    heat
        (1, r, c) how sure a cell is the centre of a face.
    scale
        (2, r, c) logarithm of the face's height and width in cells.
    offset
        (2, r, c) where in the cell the centre lies, down and across.
    points
        (10, r, c) five landmarks, down and across, from the box's corner, in box sides.
    size
        Height and width of the image; boxes are cut at its border.
    lowest
        Smallest value of ``heat`` that makes a face.
    """
    down, across = np.nonzero(heat[0] > lowest)
    if not down.size:
        return []
    scores = heat[0, down, across].astype(np.float64)
    sides = np.exp(scale[:, down, across].astype(np.float64).T) * STRIDE
    cells = np.stack([down, across], axis=1)
    centres = (cells + offset[:, down, across].T.astype(np.float64) + 0.5) * STRIDE
    limit = np.array(size, dtype=np.float64)
    corner = np.clip(centres - sides / 2, 0.0, limit)
    end = np.minimum(corner + sides, limit)
    boxes = np.concatenate([corner[:, ::-1], end[:, ::-1]], axis=1)
    relative = points[:, down, across].T.reshape(-1, 5, 2).astype(np.float64)
    landmarks = (relative * sides[:, None, :] + corner[:, None, :])[:, :, ::-1]
    return [
        Face(_box(boxes[k]), float(scores[k]), np.ascontiguousarray(landmarks[k]))
        for k in suppress(boxes, scores, OVERLAP, smaller=False)
    ]


def _box(values: NDArray[np.float64]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(value) for value in values)
    return left, top, right, bottom
