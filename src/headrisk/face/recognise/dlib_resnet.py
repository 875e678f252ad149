"""dlib's face recognition network: a 29-layer ResNet that turns a face into 128 numbers.

The 128 numbers were trained to be the same whatever the light, the expression and the camera, on
photographs. Of a render they keep little that tells it from the next. The grid of an inner layer
keeps more, and is given beside them: Yosinski J. et al., "How transferable are features in deep
neural networks?", NeurIPS 2014, found the first layers general and the last ones bound to their
task and data.

King D.E., "Dlib-ml: A machine learning toolkit", JMLR 10:1755-1758, 2009; the network follows He
K. et al., "Deep residual learning for image recognition", CVPR 2016. Finding and aligning the face
needs the extra ``faces``; the network itself ships with the package and runs in onnxruntime.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrisk.face.detect import hog
from headrisk.face.detect.face import Face, Pixels, rgb
from headrisk.face.recognise import crop
from headrisk.face.recognise.protocol import FaceTemplate, cosine
from headrisk.face.weights import DIGESTS, network
from headrisk.io.weights import shipped_bytes
from headrisk.types import Float32Array, FloatArray

SIDE = 150  # pixels of the aligned face
PADDING = 0.25  # of the face's size on each side, as the network was trained
BATCH = 32
HOG_LOWEST = -0.5
FALLBACK_NOTE = "face found by CenterFace, not by the HOG detector"


@dataclass(frozen=True)
class DlibRecogniser:
    """Recogniser of 128 numbers; see the module."""

    name: str = "dlib"
    model: str = "dlib_face_recognition_resnet_model_v1"
    digest: str = DIGESTS["dlib_resnet.onnx"]
    licence: str = "CC0-1.0 (public domain)"
    embedding: bool = True

    def describe(self, images: Sequence[Pixels]) -> list[FaceTemplate | None]:
        """Embeddings of the surest face of each image; None where no face was found.

        Raises
        ------
        MissingExtraError
            dlib is not installed.
        StoreError
            A shipped file is missing or altered.
        """
        return self.describe_views([image[None] for image in images])

    def describe_views(self, views: Sequence[NDArray[np.uint8]]) -> list[FaceTemplate | None]:
        """Embeddings of pictures (lamps, h, w) of each view, whose face is found once."""
        found: list[Face | None] = []
        chips = []
        for view in views:
            seen = _seen(view)
            found += [None if seen is None else seen[1]] * len(view)
            if seen is not None:
                places = landmarks(*seen)
                chips += [chip(picture, places) for picture in view]
        vectors = iter(zip(*layers(np.stack(chips)), strict=True) if chips else ())
        return [_template(*next(vectors), face) if face else None for face in found]

    def similarity(
        self, photos: Sequence[FaceTemplate], renders: Sequence[FaceTemplate]
    ) -> FloatArray:
        """Cosine of the angle between embeddings, (photos, renders)."""
        return cosine(photos, renders)


def find(image: Pixels) -> Face | None:
    """The surest face for the landmark model, in boxes as dlib's detector draws them.

    Where that detector sees nothing, CenterFace's landmarks give the box, and the face carries
    them.
    """
    seen = hog.faces(image, lowest=HOG_LOWEST)
    if seen:
        return seen[0]
    other = crop.find(image)
    if other is None or other.landmarks is None:
        return None
    return Face(box_like_hog(other.landmarks), other.score, other.landmarks)


def _seen(view: NDArray[np.uint8]) -> tuple[Pixels, Face] | None:
    """The face of a view's pictures, and the one it was found in."""
    if len(view) > 1:
        return crop.find_in_view(view, find)
    face = find(view[0])
    return None if face is None else (view[0], face)


def box_like_hog(landmarks: FloatArray) -> tuple[float, float, float, float]:
    """A square box where dlib's detector would draw it, from landmarks (5, 2) of `Face`.

    Centre and side are medians over 300 renders of ten heads that both detectors saw.
    """
    eyes, mouth = landmarks[:2].mean(axis=0), landmarks[3:].mean(axis=0)
    centre = eyes + 0.49 * (mouth - eyes)
    half = 1.24 * float(np.linalg.norm(mouth - eyes))
    x, y = float(centre[0]), float(centre[1])
    return x - half, y - half, x + half, y + half


def aligned(image: Pixels, face: Face) -> NDArray[np.uint8]:
    """The face upright and to scale, (150, 150, 3), by the corners of the eyes and the nose."""
    return chip(image, landmarks(image, face))


def landmarks(image: Pixels, face: Face) -> Any:
    """dlib's five landmarks of a face: corners of the eyes and the nose."""
    left, top, right, bottom = (round(value) for value in face.box)
    box = hog.dlib_module().rectangle(left, top, right - 1, bottom - 1)
    return _landmark_model()(np.ascontiguousarray(rgb(image)), box)


def chip(image: Pixels, places: Any) -> NDArray[np.uint8]:
    """The face with these landmarks upright and to scale, (150, 150, 3)."""
    colour = np.ascontiguousarray(rgb(image))
    cut = hog.dlib_module().get_face_chip(colour, places, SIDE, PADDING)
    return np.asarray(cut, dtype=np.uint8)


def layers(chips: NDArray[np.uint8]) -> tuple[Float32Array, NDArray[np.float16]]:
    """Descriptors (n, 128) of aligned faces (n, 150, 150, 3), and their inner layer (n, 4096).

    The inner layer is what the first block with 256 channels gives on its grid of 4 x 4: channels,
    rows, columns.
    """
    net = network("dlib_resnet.onnx")
    parts = [
        net.run(["descriptor", "inner"], {"image": chips[start : start + BATCH]})
        for start in range(0, len(chips), BATCH)
    ]
    descriptors, inner = zip(*parts, strict=True)
    return np.concatenate(descriptors), np.concatenate(inner).astype(np.float16)


def _template(vector: Float32Array, inner: NDArray[np.float16], face: Face) -> FaceTemplate:
    notes = (FALLBACK_NOTE,) if face.landmarks is not None else ()
    return FaceTemplate(vector, face.score, inner=inner, notes=notes)


@cache
def _landmark_model() -> Any:
    shipped_bytes("headrisk.face", "dlib_landmarks5.dat", DIGESTS)
    place = resources.files("headrisk.face") / "data" / "dlib_landmarks5.dat"
    with resources.as_file(place) as path:
        return hog.dlib_module().shape_predictor(str(path))
