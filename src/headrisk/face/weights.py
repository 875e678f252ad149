"""The networks and the landmark model of the face route, with their digests and licences."""

from __future__ import annotations

from functools import cache

import onnxruntime

from headrisk.io.weights import session, shipped_bytes

DIGESTS = {
    "centerface.onnx": "a39382b836b44002fdd7b6383ba186c4c74115ed50e721b1d8a8bb4250a2caca",
    "dlib_landmarks5.dat": "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
    "dlib_resnet.onnx": "2277cea6f1f35bf464bb4e74913ab2281e3ec5c7f187cbb1811542cb2eb38ef4",
    "faceres.onnx": "02d067e6ae3bb498781321ae291ee6186711f1d2786c0975b8cfafa293ab3e8c",
    "mtcnn_onet.onnx": "d80f19b44f72e45dd2b7d01384d56994220f60d9417b2a7fbba9041ef1d75e52",
    "mtcnn_pnet.onnx": "07a69013008e612c4d2ad31b09645038911dfec67411cd68ccd0da55ca291a35",
    "mtcnn_rnet.onnx": "de0f837f02b57e1e85959c3ae5c46bcd16162e6e95be5db8794e3c7c85a89004",
    "sface.onnx": "9fc1745d2a7c14e036e40d0ad8348e09664f2cc8dcb896eaf212ac7841c2d052",
}


@cache
def network(name: str) -> onnxruntime.InferenceSession:
    """Open a shipped network for one thread of a CPU; later calls return the same session.

    Raises
    ------
    StoreError
        The file is missing or its SHA-256 is not the recorded one.
    """
    return session(shipped_bytes("headrisk.face", name, DIGESTS))
