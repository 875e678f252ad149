"""Convert the brain-extraction networks of deepbet to ONNX.

Run once, by hand, in an environment with torch and onnx; what it writes is committed and shipped.

    pip download --no-deps deepbet==1.0.2 && unzip deepbet-1.0.2-*.whl -d deepbet
    python tools/export_brain_net.py deepbet/data/models src/headrisk/brain/data

The networks are by Fisch et al. (deepbet, Comput Biol Med 179:108845, 2024, MIT licence). They end in a
softmax over two channels, background and brain, which takes half of the run time on a CPU. Brain is
where the difference of the two inputs of the softmax is positive, so the last transposed
convolution is replaced by the difference of its two output channels and the softmax is dropped.
The input size is fixed so that the run-time can plan its memory.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

NETWORKS = {"bbox_model.pt": ("brain_small.onnx", 128), "model.pt": ("brain_large.onnx", 256)}


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
