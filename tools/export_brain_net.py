"""Convert the brain-extraction networks of deepbet to ONNX.

Run once, by hand, in an environment with torch and onnx; what it writes is committed and shipped.

    pip download --no-deps deepbet==1.0.2 && unzip deepbet-1.0.2-*.whl -d deepbet
    python tools/export_brain_net.py deepbet/data/models src/headrisk/brain/data

The networks are by Fisch et al. (deepbet, Comput Biol Med 179:108845, 2024, MIT licence). They end
in a softmax over two channels, background and brain, which takes half of the run time on a CPU.
Brain is where the difference of the two inputs of the softmax is positive, so the last transposed
convolution is replaced by the difference of its two output channels and the softmax is dropped.
The input size of the large network is fixed so that the run-time can plan its memory; the small one
takes any size that is a multiple of 32, as it also looks on a coarser grid.

The first convolution of the small network, 7 x 7 x 7 with stride 2 on one channel, took more than
half of the rest. It is rewritten as a two-dimensional convolution over seven neighbouring planes,
for which run-times have a direct kernel; the numbers are the same up to rounding (on heads,
1e-4 in logits that range over +-70; no voxel of the mask changes).
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper

NETWORKS = {"bbox_model.pt": ("brain_small.onnx", 128), "model.pt": ("brain_large.onnx", 256)}
BY_PLANES = ("brain_small.onnx",)  # at 256 planes the copies would cost more memory than they save


def export(source: Path, target: Path, size: int) -> str:
    """Write one network as ONNX and return its SHA-256."""
    network = torch.jit.load(str(source), map_location="cpu").eval()
    example = torch.zeros(1, 1, size, size, size)
    torch.onnx.export(
        network,
        (example,),
        str(target),
        input_names=["image"],
        output_names=["probability"],
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(str(target))
    difference_of_channels(model)
    if target.name in BY_PLANES:
        first_convolution_by_planes(model)
        any_size(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(target))
    return hashlib.sha256(target.read_bytes()).hexdigest()


def difference_of_channels(model: onnx.ModelProto) -> None:
    """Let the model return brain minus background logits, named ``logit``."""
    graph = model.graph
    softmax = next(node for node in graph.node if node.op_type == "Softmax")
    last = next(node for node in graph.node if softmax.input[0] in node.output)
    if last.op_type != "ConvTranspose" or graph.node[-1] is not softmax:
        raise SystemExit(f"unexpected end of the network: {last.op_type}, {graph.node[-1].op_type}")
    for name in last.input[1:]:
        index, tensor = next((i, t) for i, t in enumerate(graph.initializer) if t.name == name)
        values = numpy_helper.to_array(tensor)
        axis = 1 if values.ndim > 1 else 0
        one = np.take(values, [1], axis) - np.take(values, [0], axis)
        graph.initializer[index].CopyFrom(numpy_helper.from_array(one, name))
    graph.node.remove(softmax)
    last.output[0] = "logit"
    output = graph.output[0]
    output.name = "logit"
    output.type.tensor_type.shape.dim[1].dim_value = 1


def any_size(model: onnx.ModelProto) -> None:
    """Let the image and the evidence have any number of voxels along each axis."""
    graph = model.graph
    for place in (graph.input[0], graph.output[0]):
        for dim, name in zip(place.type.tensor_type.shape.dim[2:], "xyz", strict=True):
            dim.ClearField("dim_value")
            dim.dim_param = name
    del graph.value_info[:]


def first_convolution_by_planes(model: onnx.ModelProto) -> None:
    """Replace the 7 x 7 x 7 convolution with stride 2 by one over planes, plane pairs as channels.

    Output plane d needs input planes 2d - 3 to 2d + 3. With three empty planes added at each end,
    these are the pairs d to d + 2 and the first plane of pair d + 3.
    """
    graph = model.graph
    node = graph.node[0]
    kernel = next(t for t in graph.initializer if t.name == node.input[1])
    weights = numpy_helper.to_array(kernel)
    if node.op_type != "Conv" or weights.shape[1:] != (1, 7, 7, 7) or len(node.input) != 2:
        raise SystemExit(f"unexpected start of the network: {node.op_type}, {weights.shape}")
    constants: dict[str, NDArray[Any]] = {
        "planes_weight": np.ascontiguousarray(weights[:, 0]),
        "planes_pads": np.array([0, 0, 3, 0, 0, 0, 0, 3, 0, 0]),
        "planes_pairs": np.array([0, -1, 2, 0, 0]),  # 0: as in the image
        "planes_axis": np.array([0]),
        "planes_axes": np.array([1, 2]),
        **{f"planes_from_{k}": np.array([k, 0]) for k in range(4)},
        **{
            f"planes_to_{k}": np.array([k - 3, 2] if k < 3 else [np.iinfo(np.int64).max, 1])
            for k in range(4)
        },
    }
    make = helper.make_node
    parts = [f"planes_part_{k}" for k in range(4)]
    nodes = [
        make("Pad", [node.input[0], "planes_pads"], ["planes_padded"]),
        make("Reshape", ["planes_padded", "planes_pairs"], ["planes_paired"]),
        *(
            make(
                "Slice",
                ["planes_paired", f"planes_from_{k}", f"planes_to_{k}", "planes_axes"],
                [part],
            )
            for k, part in enumerate(parts)
        ),
        make("Concat", parts, ["planes_stacked"], axis=2),
        make("Squeeze", ["planes_stacked", "planes_axis"], ["planes_rows"]),
        make(
            "Conv",
            ["planes_rows", "planes_weight"],
            ["planes_result"],
            kernel_shape=[7, 7],
            strides=[2, 2],
            pads=[3, 3, 3, 3],
        ),
        make("Transpose", ["planes_result"], ["planes_turned"], perm=[1, 0, 2, 3]),
        make("Unsqueeze", ["planes_turned", "planes_axis"], [node.output[0]]),
    ]
    graph.node.remove(node)
    for place, new in enumerate(nodes):
        graph.node.insert(place, new)
    graph.initializer.remove(kernel)
    graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in constants.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    for name, (target, size) in NETWORKS.items():
        digest = export(arguments.models / name, arguments.out / target, size)
        print(f"{digest}  {target}")


if __name__ == "__main__":
    main()
