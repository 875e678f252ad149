"""A face cut out upright and to scale, for networks that bring no alignment of their own."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headrisk.face.detect import centerface
from headrisk.face.detect.face import Face, Pixels, rgb
from headrisk.face.recognise.protocol import FaceTemplate
from headrisk.types import Float32Array, FloatArray

CENTERFACE_LOWEST = 0.3
BATCH = 4
REMEMBERED = 256  # pictures whose face is remembered: all renders of a head, with room to spare
CENTRE = 0.3  # from the eyes' midpoint towards the mouth's: the middle of hairline and chin
COARSEST = 1.5  # source pixels for each pixel of the crop, above which the image is averaged first


def upright(image: Pixels, landmarks: FloatArray, side: int, spread: float) -> NDArray[np.uint8]:
    """A square with level eyes, (side, side, 3); black beyond the image.

    Parameters
    ----------
    image
        Grey (h, w) or RGB (h, w, 3).
    landmarks
        (5, 2) of :class:`headrisk.face.detect.face.Face`, in pixels of the image.
    side
        Of the crop, pixels.
    spread
        Side of the crop in distances from the eyes' midpoint to the mouth's. That distance hardly
        changes when the head turns, unlike the one between the eyes.
    """
    eyes, mouth = landmarks[:2].mean(axis=0), landmarks[3:].mean(axis=0)
    centre = eyes + CENTRE * (mouth - eyes)
    right = landmarks[1] - landmarks[0]
    right = right / max(float(np.linalg.norm(right)), 1e-9)
    step = spread * float(np.linalg.norm(mouth - eyes)) / side
    picture = Image.fromarray(rgb(image))
    if step > COARSEST:
        small = [max(round(length / step), 1) for length in picture.size]
        scale = np.array(small) / picture.size
        picture = picture.resize((small[0], small[1]), Image.Resampling.BOX)
        centre, step = centre * scale, step * float(scale.mean())
    across, down = step * right, step * np.array([-right[1], right[0]])
    corner = centre - side / 2 * (across + down)
    return np.asarray(
        picture.transform(
            (side, side),
            Image.Transform.AFFINE,
            (across[0], down[0], corner[0], across[1], down[1], corner[1]),
            Image.Resampling.BILINEAR,
        ),
        dtype=np.uint8,
    )


_found: OrderedDict[bytes, Face | None] = OrderedDict()


def find(image: Pixels) -> Face | None:
    """The surest face that CenterFace sees, with its landmarks.

    Several recognisers ask for the same pictures one after the other, and finding a face takes
    longer than embedding it, so the answer is remembered by the picture's content.
    """
    key = hashlib.sha256(repr((image.shape, image.dtype)).encode() + image.tobytes()).digest()
    if key not in _found:
        seen = centerface.faces(image, lowest=CENTERFACE_LOWEST)
        _found[key] = seen[0] if seen else None
        if len(_found) > REMEMBERED:
            _found.popitem(last=False)
    return _found[key]


def templates(
    images: Sequence[Pixels],
    cut: Callable[[Pixels, FloatArray], NDArray[np.uint8]],
    embed: Callable[[NDArray[np.uint8]], Float32Array],
) -> list[FaceTemplate | None]:
    """Embeddings of the surest face of each image; None where no face was found.

    Parameters
    ----------
    cut
        From an image and landmarks to the crop that the network takes.
    embed
        From a batch of crops to embeddings (n, d).
    """
    found = [find(image) for image in images]
    crops = [
        cut(image, face.landmarks)
        for image, face in zip(images, found, strict=True)
        if face is not None and face.landmarks is not None
    ]
    parts = [embed(np.stack(crops[k : k + BATCH])) for k in range(0, len(crops), BATCH)]
    vectors = iter(vector for part in parts for vector in part)
    return [FaceTemplate(next(vectors), face.score) if face else None for face in found]
