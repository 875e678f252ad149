"""onnxruntime has threads of its own, which threadpoolctl cannot see: it is held to one as well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import headrisk

CODE = """
import os, sys, threading
import onnxruntime
from headrisk.io.weights import session, shipped_bytes
from headrisk.brain.strip import DIGESTS
content = shipped_bytes("headrisk.brain", "brain_small.onnx", DIGESTS)
before = len(os.listdir("/proc/self/task"))
if sys.argv[1] == "ours":
    held = session(content)
else:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 4
    held = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
print(len(os.listdir("/proc/self/task")) - before)
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc to count threads")
@pytest.mark.parametrize(("whose", "more"), [("ours", 0), ("four threads", 3)])
def test_a_network_adds_no_threads(whose: str, more: int) -> None:
    """The second case shows that the count would tell."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", CODE, whose],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert int(done.stdout) == more


def test_sessions_are_opened_in_one_place() -> None:
    root = Path(headrisk.__file__).parent
    opening = [
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if "InferenceSession(" in path.read_text("utf-8")
    ]
    assert opening == ["io/weights.py"]
