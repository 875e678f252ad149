"""Read a TensorFlow.js graph as published, and run it in TensorFlow.js to compare with.

A model is two files: ``NAME.json`` lists nodes and arrays, ``NAME.bin`` holds the arrays one behind
the other.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# argv are the folder and name of the model, the node asked for, a file of float32 images, how many
# there are and their side.
RUN_IN_TFJS = """
const tf = require('@tensorflow/tfjs'), fs = require('fs');
const [folder, name, node, file, count, side] = process.argv.slice(1);
const model = JSON.parse(fs.readFileSync(`${folder}/${name}.json`));
const bytes = fs.readFileSync(`${folder}/${name}.bin`);
const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
const weightSpecs = model.weightsManifest.flatMap((group) => group.weights);
const images = fs.readFileSync(file);
(async () => {
  await tf.setBackend('cpu');
  const net = await tf.loadGraphModel({load: async () => (
    {modelTopology: model.modelTopology, format: model.format, weightSpecs, weightData})});
  const values = new Float32Array(images.buffer, images.byteOffset, images.length / 4);
  const input = tf.tensor(values, [Number(count), Number(side), Number(side), 3]);
  const output = net.execute(input, node);
  fs.writeFileSync(file + '.out', Buffer.from((await output.data()).buffer));
})();
"""


def read_topology(folder: Path, name: str) -> dict[str, Any]:
    """The nodes of the source and the list of its arrays."""
    content: dict[str, Any] = json.loads((folder / f"{name}.json").read_text("utf-8"))
    return content


def read_arrays(folder: Path, name: str, topology: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """The arrays of the source by name, as they are stored."""
    content = (folder / f"{name}.bin").read_bytes()
    arrays: dict[str, NDArray[Any]] = {}
    at = 0
    for one in [one for group in topology["weightsManifest"] for one in group["weights"]]:
        kind = one.get("quantization", {}).get("dtype", one["dtype"])
        size = int(np.prod(one["shape"], dtype=np.int64))
        values = np.frombuffer(content, f"<{np.dtype(kind).str[1:]}", size, at)
        arrays[one["name"]] = values.reshape(one["shape"])
        at += values.nbytes
    if at != len(content):
        raise SystemExit(f"{name}.bin: {len(content)} bytes, the arrays take {at}")
    return arrays


def run_source(
    folder: Path, name: str, node: str, tfjs: Path, images: NDArray[np.float32]
) -> NDArray[np.float32]:
    """One node's output (n, length) of the source in TensorFlow.js, for images (n, side, side, 3).

    ``tfjs`` is a folder with ``node_modules``.
    """
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "images"
        file.write_bytes(images.astype("<f4").tobytes())
        count, side = str(len(images)), str(images.shape[1])
        words = [str(folder.resolve()), name, node, str(file), count, side]
        command = ["node", "-e", RUN_IN_TFJS, *words]
        subprocess.run(command, cwd=tfjs, check=True)
        said = np.frombuffer(Path(f"{file}.out").read_bytes(), "<f4")
        return said.reshape(len(images), -1)


def synthetic_images(side: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Noise, coloured blocks and waves, (6, side, side, 3); ``side`` a multiple of 7."""
    y, x = np.mgrid[:side, :side]
    noise = rng.integers(0, 256, (2, side, side, 3))
    step = side // 7
    blocks = np.kron(rng.integers(0, 256, (2, 7, 7, 3)), np.ones((1, step, step, 1), dtype=int))
    waves = [
        np.stack([127 + 120 * np.sin(x / (9.0 + k)) * np.cos(y / long - k) for k in range(3)], -1)
        for long in (13.0, 5.0)
    ]
    return np.concatenate([noise, blocks, np.stack(waves)]).astype(np.uint8)


def print_digests(paths: list[Path]) -> None:
    """The SHA-256 of files, as the list of digests in the package has them."""
    for path in paths:
        print(f'    "{path.name}": "{hashlib.sha256(path.read_bytes()).hexdigest()}",')
