"""MTCNN: three small networks in a row that propose, refine and confirm faces.

Zhang K. et al., "Joint face detection and alignment using multitask cascaded convolutional
networks", IEEE Signal Processing Letters 23:1499-1503, 2016. The networks ship with the package;
no extra is needed.

Boxes are held as the networks were trained on them: left, top, right, bottom, counted from 1, the
last pixel included.
"""

from __future__ import annotations

import numpy as np

from headrisk.face.detect.face import Face, Pixels, rgb, suppress
from headrisk.face.weights import network
from headrisk.types import Float32Array, FloatArray

LOWEST_SCORE = 0.3
PROPOSAL_LOWEST = 0.6  # of the first network
REFINED_LOWEST = 0.7  # of the second
PYRAMID_STEP = 0.709
CELL = 12  # pixels that one output of the first network sees
STRIDE = 2
SMALLEST_SHARE = 1 / 8  # smallest face looked for, of the image's shorter side
SMALLEST_FACE = 20  # pixels
FREE = (0.0, 0.0, 1.0, 1.0)  # from the last pixel included to the corner after it


def faces(
    image: Pixels, *, lowest: float = LOWEST_SCORE, smallest: float | None = None
) -> list[Face]:
    """Faces seen in a grey (h, w) or RGB (h, w, 3) image, surest first; scores lie in 0..1.

    Parameters
    ----------
    lowest
        Smallest score of the last network that is kept; the first two decide as published.
    smallest
        Side of the smallest face looked for, pixels; by default an eighth of the image's shorter
        side, but not below 20.

    Raises
    ------
    StoreError
        A shipped network is missing or altered.
    """
    pixels = rgb(image).astype(np.float32)
    if smallest is None:
        smallest = max(SMALLEST_FACE, SMALLEST_SHARE * min(image.shape[:2]))
    boxes = _proposed(pixels, smallest)
    if len(boxes):
        boxes = _refined(pixels, boxes)
    return _confirmed(pixels, boxes, lowest) if len(boxes) else []


def area_weights(start: float, stop: float, cells: int, pixels: int) -> Float32Array:
    """Weights (cells, pixels) that average an axis of an image over equal cells.

    The interval from ``start`` to ``stop``, in pixels from the corner of the first, is cut into
    ``cells``; a cell is the mean of what it covers, and what lies beyond the image counts as 0.
    """
    edges = np.linspace(start, stop, cells + 1)
    first = np.arange(pixels)
    low = np.maximum(edges[:-1, None], first[None, :])
    high = np.minimum(edges[1:, None], first[None, :] + 1)
    share = np.maximum(high - low, 0.0) * cells / (stop - start)
    return np.asarray(share, dtype=np.float32)


def _proposed(pixels: Float32Array, smallest: float) -> FloatArray:
    """Square boxes (n, 4) of the first network, run over a pyramid of scales."""
    scale, shorter = CELL / smallest, min(pixels.shape[:2])
    boxes, scores, shifts = [], [], []
    while shorter * scale >= CELL:
        at, score, shift = _proposed_at(pixels, scale)
        kept = suppress(at + FREE, score, 0.5, smaller=False)
        boxes.append(at[kept])
        scores.append(score[kept])
        shifts.append(shift[kept])
        scale *= PYRAMID_STEP
    if not boxes:
        return np.empty((0, 4))
    at, shift = np.concatenate(boxes), np.concatenate(shifts)
    kept = suppress(at + FREE, np.concatenate(scores), 0.7, smaller=False)
    at, shift = at[kept], shift[kept]
    sides = (at[:, 2:] - at[:, :2])[:, [0, 1, 0, 1]]
    return np.asarray(np.fix(_square(at + shift * sides)), dtype=np.float64)


def _proposed_at(pixels: Float32Array, scale: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    height, width = pixels.shape[:2]
    rows, columns = int(np.ceil(height * scale)), int(np.ceil(width * scale))
    down = area_weights(0.0, height, rows, height)
    across = area_weights(0.0, width, columns, width)
    small = np.rint(_averaged(pixels, down, across))
    shift, chance = network("mtcnn_pnet.onnx").run(
        ["conv2d_4", "softmax"], {"input_1": _normal(small[None])}
    )
    cells = np.argwhere(chance[0, :, :, 1] >= PROPOSAL_LOWEST)  # across, down
    score = chance[0, cells[:, 0], cells[:, 1], 1].astype(np.float64)
    corner = np.fix((STRIDE * cells + 1) / scale)
    end = np.fix((STRIDE * cells + CELL) / scale)
    at = np.concatenate([corner, end], axis=1)
    return at, score, shift[0, cells[:, 0], cells[:, 1]].astype(np.float64)


def _refined(pixels: Float32Array, boxes: FloatArray) -> FloatArray:
    """Boxes that the second network keeps, moved as it says, square."""
    shift, chance = network("mtcnn_rnet.onnx").run(
        ["dense_2", "softmax_1"], {"input_2": _crops(pixels, boxes, 24)}
    )
    sure = chance[:, 1] > REFINED_LOWEST
    boxes, shift, score = boxes[sure], shift[sure], chance[sure, 1].astype(np.float64)
    kept = suppress(boxes + FREE, score, 0.7, smaller=False)
    return np.asarray(np.fix(_square(_moved(boxes[kept], shift[kept]))), dtype=np.float64)


def _confirmed(pixels: Float32Array, boxes: FloatArray, lowest: float) -> list[Face]:
    shift, points, chance = network("mtcnn_onet.onnx").run(
        ["dense_5", "dense_6", "softmax_2"], {"input_3": _crops(pixels, boxes, 48)}
    )
    sure = chance[:, 1] > lowest
    boxes, score = boxes[sure], chance[sure, 1].astype(np.float64)
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    relative = points[sure].reshape(-1, 2, 5).transpose(0, 2, 1).astype(np.float64)
    landmarks = relative * sides[:, None, :] + boxes[:, None, :2] - 0.5
    moved = _moved(boxes, shift[sure])
    found = []
    for k in suppress(moved + FREE, score, 0.7, smaller=True):
        left, top, right, bottom = (float(value) for value in moved[k])
        found.append(Face((left - 1, top - 1, right, bottom), float(score[k]), landmarks[k]))
    return found


def _crops(pixels: Float32Array, boxes: FloatArray, side: int) -> Float32Array:
    """Each box averaged to a square (n, side, side, 3), as the networks take it."""
    crops = np.empty((len(boxes), side, side, 3), dtype=np.float32)
    for k, (left, top, right, bottom) in enumerate(boxes):
        first_row, first_column = max(int(top) - 1, 0), max(int(left) - 1, 0)
        part = pixels[first_row : int(bottom), first_column : int(right)]
        down = area_weights(top - 1 - first_row, bottom - first_row, side, part.shape[0])
        across = area_weights(left - 1 - first_column, right - first_column, side, part.shape[1])
        crops[k] = _averaged(part, down, across)
    return _normal(crops)


def _averaged(pixels: Float32Array, down: Float32Array, across: Float32Array) -> Float32Array:
    rows = np.tensordot(down, pixels, axes=(1, 0))
    return np.ascontiguousarray(np.tensordot(rows, across, axes=(1, 1)).transpose(0, 2, 1))


def _normal(images: Float32Array) -> Float32Array:
    """Grey values to -1..1 and columns before rows, as the networks were trained."""
    return np.ascontiguousarray((images.transpose(0, 2, 1, 3) - 127.5) / 128, dtype=np.float32)


def _moved(boxes: FloatArray, shift: FloatArray) -> FloatArray:
    sides = (boxes[:, 2:] - boxes[:, :2] + 1)[:, [0, 1, 0, 1]]
    return np.asarray(boxes + shift * sides, dtype=np.float64)


def _square(boxes: FloatArray) -> FloatArray:
    """Boxes with the same centre and both sides as long as the longer."""
    sides = boxes[:, 2:] - boxes[:, :2]
    longer = sides.max(axis=1, keepdims=True)
    corner = boxes[:, :2] + sides * 0.5 - longer * 0.5
    return np.concatenate([corner, corner + longer], axis=1)
