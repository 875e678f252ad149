"""MobileFaceNet: a small network with a margin loss, which turns a face into 192 numbers.

Chen S., Liu Y., Gao X., Han Z., "MobileFaceNets: efficient CNNs for accurate real-time face
verification on mobile devices", arXiv:1804.07573, 2018. The weights are those that the repository
sirius-ai/MobileFaceNet_TF publishes under the Apache licence, trained on MS-Celeb-1M as cleaned by
the authors of ArcFace: other images than those of dlib's network and of FaceRes, and another loss.
The network ships with the package; no extra is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from headrisk.face.detect.face import Pixels
from headrisk.face.recognise.crop import onto, templates
from headrisk.face.recognise.protocol import FaceTemplate, cosine
from headrisk.face.weights import DIGESTS, network
from headrisk.types import Float32Array, FloatArray

SIDE = 112  # pixels of the crop
# Where the network's training images have the left and right eye as seen, the tip of the nose and
# the corners of the mouth: the five points of ArcFace, Deng et al. 2019, arXiv:1801.07698.
PLACES = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655],
     [70.7299, 92.2041]]
)  # fmt: skip


@dataclass(frozen=True)
class MobilefacenetRecogniser:
    """Recogniser of 192 numbers; see the module."""

    name: str = "mobilefacenet"
    model: str = "MobileFaceNet (sirius-ai/MobileFaceNet_TF, MS-Celeb-1M)"
    digest: str = DIGESTS["mobilefacenet.onnx"]
    licence: str = "Apache-2.0"
    embedding: bool = True

    def describe(self, images: Sequence[Pixels]) -> list[FaceTemplate | None]:
        """Embeddings of the surest face of each image; None where CenterFace sees none.

        Raises
        ------
        StoreError
            A shipped network is missing or altered.
        """
        return templates(images, partial(onto, places=PLACES, side=SIDE), embed)

    def similarity(
        self, photos: Sequence[FaceTemplate], renders: Sequence[FaceTemplate]
    ) -> FloatArray:
        """Cosine of the angle between embeddings, (photos, renders)."""
        return cosine(photos, renders)


def embed(crops: NDArray[np.uint8]) -> Float32Array:
    """Descriptors (n, 192) of faces (n, 112, 112, 3)."""
    found = network("mobilefacenet.onnx").run(["descriptor"], {"image": crops})[0]
    return np.asarray(found, dtype=np.float32)
