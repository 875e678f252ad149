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
    picture = Image.fromarray(image)
    if step > COARSEST:
        small = [max(round(length / step), 1) for length in picture.size]
        scale = np.array(small) / picture.size
        picture = picture.resize((small[0], small[1]), Image.Resampling.BOX)
        centre, step = centre * scale, step * float(scale.mean())
    across, down = step * right, step * np.array([-right[1], right[0]])
    corner = centre - side / 2 * (across + down)
    cut = picture.transform(
        (side, side),
        Image.Transform.AFFINE,
        (across[0], down[0], corner[0], across[1], down[1], corner[1]),
        Image.Resampling.BILINEAR,
    )
    return rgb(np.asarray(cut, dtype=np.uint8))


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


def of_all_lamps(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mean of pictures (lamps, h, w) of one view: the face as if all lamps shone on it."""
    return np.asarray(np.round(pictures.mean(axis=0)), dtype=np.uint8)


def find_in_view(
    pictures: NDArray[np.uint8], look: Callable[[Pixels], Face | None]
) -> tuple[Pixels, Face] | None:
    """The face of pictures (lamps, h, w) of one view, and the picture that it was found in.

    That is their mean, or, where the mean shows none, the picture in which it is surest.

    Parameters
    ----------
    look
        From a picture to the surest face in it.
    """
    mean = of_all_lamps(pictures)
    face = look(mean)
    if face is not None:
        return mean, face
    seen = [(picture, face) for picture in pictures if (face := look(picture)) is not None]
    return max(seen, key=lambda one: one[1].score, default=None)


def templates(
    views: Sequence[Sequence[Pixels] | NDArray[np.uint8]],
    cut: Callable[[Pixels, FloatArray], NDArray[np.uint8]],
    embed: Callable[[NDArray[np.uint8]], Float32Array],
) -> list[FaceTemplate | None]:
    """Embeddings of the surest face of each picture; None where no face was found.

    Parameters
    ----------
    views
        Pictures in which the face lies in one place; of one picture each where nothing is known.
    cut
        From an image and landmarks to the crop that the network takes.
    embed
        From crops (n, side, side, 3) to embeddings (n, d). It is asked for one at a time: more at
        once leave the processor's cache, and take these small networks longer.
    """
    out: list[FaceTemplate | None] = []
    for view in views:
        if len(view) == 1:
            face = find(view[0])
        else:
            seen = find_in_view(np.asarray(view), find)
            face = None if seen is None else seen[1]
        for picture in view:
            if face is None or face.landmarks is None:
                out.append(None)
                continue
            crop = cut(picture, face.landmarks)
            out.append(FaceTemplate(embed(crop[None])[0], face.score))
    return out
