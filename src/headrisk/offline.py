"""What packages that headrisk uses would send or leave behind, switched off.

The switches of native libraries are environment variables that are read when the library is loaded,
so they must stand before its first import. ``headrisk/__init__.py`` calls `silence`, and Python
runs that file before any module of the package: also in worker processes, in Dask workers, and
where a program imports a submodule first. Every switch is listed here and nowhere else.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path

TELEMETRY = {
    # From 1.29 on, onnxruntime's official Linux builds send events to Microsoft, and keep a device
    # id and a queue in the home folder. Its disable_telemetry_events() does not stop all of that.
    "ORT_DISABLE_TELEMETRY": "1",
}
"""Variables and values that keep packages from sending anything."""

TENSORFLOW = {
    "NO_GCE_CHECK": "true",  # else it may ask for the metadata of a machine in Google's cloud
    "CUDA_CACHE_DISABLE": "1",  # else CUDA keeps compiled kernels below the home folder
}
"""The same for TensorFlow; only where headrisk imports it, since other programs may want these."""

HOMES = ("MPLCONFIGDIR", "KERAS_HOME", "DEEPFACE_HOME")
"""Variables that name folders which Matplotlib, Keras and DeepFace else make in the home folder."""

ONNXRUNTIME_TRACE = Path(".cache", "Microsoft", "DeveloperTools", ".onnxruntime")
"""Where, below the home folder, onnxruntime's telemetry keeps a device id and what it will send."""


def silence() -> None:
    """Switch telemetry off for this process and for those it starts.

    Warns
    -----
    RuntimeWarning
        onnxruntime was imported earlier without the switch, so its telemetry runs already.
    """
    late = "onnxruntime" in sys.modules and os.environ.get("ORT_DISABLE_TELEMETRY") != "1"
    os.environ.update(TELEMETRY)
    if late:
        warnings.warn(
            "onnxruntime was imported before headrisk, with its telemetry on: import headrisk "
            "first, or set ORT_DISABLE_TELEMETRY=1 before Python starts",
            RuntimeWarning,
            stacklevel=3,
        )


def leave_home_alone() -> None:
    """Give packages that write into the home folder a folder of their own instead.

    It is private and goes when the process ends. A folder that the user named stays in force. For
    programs: a library must not take the settings of Matplotlib from the session that imports it.
    """
    for name in HOMES:
        os.environ.setdefault(name, _folder())


def prepare_deepface() -> None:
    """Switch off what DeepFace, Keras and TensorFlow would send or leave; before their import."""
    os.environ.update(TENSORFLOW)
    leave_home_alone()


@cache
def _folder() -> str:
    folder = tempfile.mkdtemp(prefix="headrisk-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def telemetry_state() -> dict[str, str]:
    """What the switches stand at now, and what telemetry of earlier programs left, for people.

    Returns
    -------
    dict
        Name of a switch to ``off``, or to what is wrong with it; ``left behind`` to a folder, only
        where there is one.
    """
    state = {
        name: "off" if os.environ.get(name) == value else f"not {value}: changed by a program"
        for name, value in TELEMETRY.items()
    }
    trace = Path.home() / ONNXRUNTIME_TRACE
    if trace.exists():
        state["left behind"] = f"{trace}, by onnxruntime without the switch; it may be deleted"
    return state
