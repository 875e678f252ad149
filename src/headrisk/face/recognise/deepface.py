"""DeepFace: the networks of the package deepface, with weights that the user keeps.

Serengil S. and Ozpinar A., "LightFace: A hybrid deep face recognition framework", ASYU 2020. The
package carries no weights and fetches what it misses. Here it fetches nothing: the weights are one
local file, under the name that DeepFace gives it, and while a network is built every way to the
network is closed. Needs the extra ``deepface``.

How a face reaches a network follows deepface 0.0.103, ``deepface/modules/representation.py`` with
its default normalisation: blue, green, red, divided by 255.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module, metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as onnx
from PIL import Image

from headrisk.errors import UsageError, missing_extra
from headrisk.face.detect.face import Pixels
from headrisk.face.recognise.crop import templates, upright
from headrisk.face.recognise.protocol import FaceTemplate, cosine
from headrisk.io.weights import session
from headrisk.offline import prepare_deepface
from headrisk.types import Float32Array, FloatArray

EXTRA = "deepface"
SPREAD = 2.8  # side of the crop in distances from eyes to mouth: hairline to chin
MODELS: Mapping[str, str] = {  # by the stem of the file, as DeepFace names it
    "VGGFace2_DeepFace_weights_val-0.9034": "DeepFace",
    "arcface_weights": "ArcFace",
    "deepid_keras_weights": "DeepID",
    "deepid_weights": "DeepID",
    "face_recognition_sface_2021dec": "SFace",
    "facenet512_weights": "Facenet512",
    "facenet_weights": "Facenet",
    "ghostfacenet_v1": "GhostFaceNet",
    "openface_weights": "OpenFace",
    "vgg_face_weights": "VGG-Face",
}
ENGINES: Mapping[str, str] = {".h5": "tensorflow", ".onnx": "onnx"}
_ONNX_ERRORS = (  # they share no base but Exception
    onnx.Fail,
    onnx.InvalidArgument,
    onnx.InvalidGraph,
    onnx.InvalidProtobuf,
    onnx.NotImplemented,
    onnx.RuntimeException,
)
_STARTS = {".h5": b"\x89HDF\r\n\x1a\n", ".onnx": b""}


@dataclass(frozen=True)
class DeepfaceRecogniser:
    """Recogniser of one network of DeepFace; see the module."""

    model: str
    digest: str
    network: Any
    name: str = "deepface"
    licence: str = "of the weights that were given: see DeepFace's list of its models' licences"
    embedding: bool = True

    def describe(self, images: Sequence[Pixels]) -> list[FaceTemplate | None]:
        """Embeddings of the surest face of each image; None where CenterFace sees none."""
        return self.describe_views([image[None] for image in images])

    def describe_views(self, views: Sequence[NDArray[np.uint8]]) -> list[FaceTemplate | None]:
        """Embeddings of pictures (lamps, h, w) of each view, whose face is found once."""
        width, height = self.network.input_shape
        cut = partial(upright, side=max(width, height), spread=SPREAD)
        return templates(views, cut, partial(embed, self.network))

    def similarity(
        self, photos: Sequence[FaceTemplate], renders: Sequence[FaceTemplate]
    ) -> FloatArray:
        """Cosine of the angle between embeddings, (photos, renders)."""
        return cosine(photos, renders)


def deepface(path: Path) -> DeepfaceRecogniser:
    """The recogniser of the weights in a file; later calls for the same file return the same.

    Parameters
    ----------
    path
        A file with a name that DeepFace gives its weights, such as ``facenet512_weights.h5``.

    Raises
    ------
    UsageError
        The file is missing, has another name, or does not hold the weights of its network.
    MissingExtraError
        deepface, or the package that runs this kind of weights, is not installed.
    """
    model_of(path)
    try:
        found = path.stat()
    except OSError as error:
        raise _unfit(path, f"cannot be read: {error.strerror}") from error
    return _opened(path, found.st_mtime_ns, found.st_size)


def model_of(path: Path) -> str:
    """DeepFace's name of the network whose weights a file holds, told by the file's name.

    Raises
    ------
    UsageError
        No network of DeepFace has weights of this name.
    """
    if path.suffix not in ENGINES or path.stem not in MODELS:
        raise _unfit(
            path,
            "a name that DeepFace gives none of its weights",
            f"one of {', '.join(MODELS)}, with the ending {' or '.join(ENGINES)}",
            "Give the file the name under which DeepFace publishes it.",
        )
    return MODELS[path.stem]


def embed(network: Any, crops: NDArray[np.uint8]) -> Float32Array:
    """Embeddings (n, d) of square crops (n, side, side, 3) by a network of DeepFace."""
    width, height = network.input_shape
    if crops.shape[1:3] != (height, width):
        sized = [Image.fromarray(crop).resize((width, height)) for crop in crops]
        crops = np.stack([np.asarray(one) for one in sized])
    fed = np.ascontiguousarray(crops[..., ::-1]).astype(np.float32) / np.float32(255)
    return np.atleast_2d(np.asarray(network.forward(fed), dtype=np.float32))


@cache
def _opened(path: Path, changed: int, size: int) -> DeepfaceRecogniser:
    """The recogniser; time and size of the file tell it from what stood there before."""
    del changed, size
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unfit(path, f"cannot be read: {error.strerror}") from error
    if not content or not content.startswith(_STARTS[path.suffix]):
        raise _unfit(path, f"{len(content)} bytes that are no {path.suffix[1:]} file")
    model = model_of(path)
    network = _network(path, model)
    if ENGINES[path.suffix] == "onnx":  # for one thread, as every network here
        network.model = _session(path, content, model)
    version = metadata.version("deepface")
    return DeepfaceRecogniser(
        f"{model} of deepface {version}", hashlib.sha256(content).hexdigest(), network
    )


def _network(path: Path, model: str) -> Any:
    prepare_deepface()
    try:
        modeling = import_module("deepface.modules.modeling")
        loader = import_module("deepface.commons.weight_utils")
    except ImportError as error:
        raise missing_extra("the recogniser deepface", "deepface", EXTRA) from error
    engine = ENGINES[path.suffix]
    known = getattr(modeling, "AVAILABLE_MODELS", {}).get("facial_recognition", {})
    sources = known.get(model, {})
    place = sources.get(engine) or (sources.get("any") if engine == "onnx" else None)
    if place is None:
        raise _unfit(
            path,
            f"{model} has no weights for {engine} in the installed deepface",
            "weights of the other kind, or another release of deepface",
            f'Give other weights, or: pip install -U "headrisk[{EXTRA}]"',
        )
    if engine == "tensorflow":
        _hold_tensorflow()
    module, _, name = place.rpartition(".")
    asked: list[str] = []
    with _offline(loader, path, asked):
        try:
            network = getattr(import_module(module), name)()
        except (ImportError, OSError, TypeError, ValueError) as error:
            why = error.__cause__ or error  # DeepFace's own words advise a download
            raise _unfit(path, f"the network {model} cannot be made of it ({why})") from error
    if not asked:
        raise _unfit(path, f"the installed deepface does not ask for the weights of {model}")
    return network


def _session(path: Path, content: bytes, model: str) -> onnxruntime.InferenceSession:
    try:
        return session(content)
    except _ONNX_ERRORS as error:
        raise _unfit(path, f"the network {model} cannot be opened ({error})") from error


@contextmanager
def _offline(loader: Any, path: Path, asked: list[str]) -> Iterator[None]:
    """Give DeepFace this file for any weights that it asks for, and no way to fetch others."""

    def given(file_name: str, *_: object, **__: object) -> str:
        asked.append(file_name)
        return str(path)

    def refuse(*_: object, **__: object) -> None:
        raise OSError("deepface tried to fetch a file")

    closed = SimpleNamespace(download=refuse, get=refuse, head=refuse)
    changed = {"download_weights_if_necessary": given, "gdown": closed, "requests": closed}
    before = {name: getattr(loader, name, None) for name in changed}
    for name, value in changed.items():
        setattr(loader, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(loader, name, value)


@cache
def _hold_tensorflow() -> None:
    """Keep TensorFlow to one thread of the CPU, so that the same input gives the same bytes."""
    try:
        tensorflow = import_module("tensorflow")
    except ImportError as error:
        raise missing_extra("weights of DeepFace that end in .h5", "tensorflow", EXTRA) from error
    tensorflow.config.set_visible_devices([], "GPU")
    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)


def _unfit(path: Path, found: str, expected: str = "", remedy: str = "") -> UsageError:
    return UsageError(
        str(path),
        found=found,
        expected=expected or "a file of weights that DeepFace publishes, whole",
        remedy=remedy or "Check the file given as --weights deepface=PATH.",
    )
