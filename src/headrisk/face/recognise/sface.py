"""SFace: a MobileNet of OpenCV's model zoo, which turns a face into 128 numbers.

Zhong Y., Deng W., Hu J., Zhao D., Li X., Wen D., "SFace: Sigmoid-constrained hypersphere loss for
robust face recognition", IEEE Transactions on Image Processing 30:2587-2598, 2021. It was trained
by others than the networks of dlib and FaceRes, with a loss that bends less to wrongly labelled
faces, so it errs on other faces than they do. As in OpenCV's ``FaceRecognizerSF`` the face is
turned and scaled until its five landmarks lie nearest to five fixed places (a similarity that
least squares give: Umeyama S., IEEE TPAMI 13:376-380, 1991), and templates are compared by the
cosine. The network ships with the package; how the file was made stands in tools/export_sface.py.
No extra is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from headrisk.face.detect.face import Pixels, rgb
from headrisk.face.recognise.crop import COARSEST, templates
from headrisk.face.recognise.protocol import FaceTemplate, cosine
from headrisk.face.weights import DIGESTS, network
from headrisk.types import Float32Array, FloatArray

SIDE = 112  # pixels of the aligned face
# Where eyes, tip of the nose and corners of the mouth are brought, pixels: the places that the
# network was trained on, as FaceRecognizerSF has them.
PLACES = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)


@dataclass(frozen=True)
class SfaceRecogniser:
    """Recogniser of 128 numbers; see the module."""

    name: str = "sface"
    model: str = "SFace (MobileNet), face_recognition_sface_2021dec_int8bq of OpenCV Zoo"
    digest: str = DIGESTS["sface.onnx"]
    licence: str = "Apache-2.0"
    embedding: bool = True

    def describe(self, images: Sequence[Pixels]) -> list[FaceTemplate | None]:
        """Embeddings of the surest face of each image; None where CenterFace sees none.

        Raises
        ------
        StoreError
            A shipped network is missing or altered.
        """
        return self.describe_views([image[None] for image in images])

    def describe_views(self, views: Sequence[NDArray[np.uint8]]) -> list[FaceTemplate | None]:
        """Embeddings of pictures (lamps, h, w) of each view, whose face is found once."""
        return templates(views, aligned, embed)

    def similarity(
        self, photos: Sequence[FaceTemplate], renders: Sequence[FaceTemplate]
    ) -> FloatArray:
        """Cosine of the angle between embeddings, (photos, renders)."""
        return cosine(photos, renders)


def aligned(image: Pixels, landmarks: FloatArray) -> NDArray[np.uint8]:
    """The face with its landmarks at :data:`PLACES`, (112, 112, 3) RGB; black beyond the image.

    Parameters
    ----------
    image
        Grey (h, w) or RGB (h, w, 3).
    landmarks
        (5, 2) of :class:`headrisk.face.detect.face.Face`, in pixels of the image.
    """
    picture = Image.fromarray(image)
    back = to_image(landmarks)
    step = float(np.hypot(back[0, 0], back[1, 0]))  # pixels of the image for one of the crop
    if step > COARSEST:
        small = [max(round(length / step), 1) for length in picture.size]
        scale = np.array(small) / picture.size
        picture = picture.resize((small[0], small[1]), Image.Resampling.BOX)
        back = scale[:, None] * back
        back[:, 2] += 0.5 * (scale - 1)  # whole numbers are centres of pixels
    # Pillow counts from the corners of pixels, the landmarks' places from their centres.
    back[:, 2] += 0.5 - 0.5 * back[:, :2].sum(axis=1)
    cut = picture.transform(
        (SIDE, SIDE), Image.Transform.AFFINE, tuple(back.ravel()), Image.Resampling.BILINEAR
    )
    return rgb(np.asarray(cut, dtype=np.uint8))


def to_image(landmarks: FloatArray) -> FloatArray:
    """From pixels of the crop to pixels of the image, (2, 3): turn, one scale and shift.

    Of all similarities it is the one whose inverse brings the landmarks nearest to
    :data:`PLACES` by the sum of squares.
    """
    here, there = np.asarray(landmarks, dtype=np.float64), PLACES
    x, y = (here - here.mean(axis=0)).T
    u, v = (there - there.mean(axis=0)).T
    size = max(float(x @ x + y @ y), 1e-9)
    along, across = float(x @ u + y @ v) / size, float(x @ v - y @ u) / size
    forward = np.array([[along, -across], [across, along]])
    if abs(along) + abs(across) < 1e-9:
        forward = np.eye(2)  # five landmarks in one place: nothing can be turned
    matrix = np.linalg.inv(forward)
    shift = here.mean(axis=0) - matrix @ there.mean(axis=0)
    return np.column_stack([matrix, shift])


def embed(crops: NDArray[np.uint8]) -> Float32Array:
    """Descriptors (n, 128) of aligned faces (n, 112, 112, 3) RGB."""
    fed = np.ascontiguousarray(crops.transpose(0, 3, 1, 2), dtype=np.float32)
    found = network("sface.onnx").run(["fc1"], {"data": fed})[0]
    return np.asarray(found, dtype=np.float32)
