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
from collections.abc import Sequence
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

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

PYDICOM_DOWNLOADS = "pydicom.data.download"
"""What fetches pydicom's example files."""

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
    if not any(isinstance(one, NoDownloads) for one in sys.meta_path):
        sys.meta_path.insert(0, NoDownloads())
    late = "onnxruntime" in sys.modules and os.environ.get("ORT_DISABLE_TELEMETRY") != "1"
    os.environ.update(TELEMETRY)
    if late:
        warnings.warn(
            "onnxruntime was imported before headrisk, with its telemetry on: import headrisk "
            "first, or set ORT_DISABLE_TELEMETRY=1 before Python starts",
            RuntimeWarning,
            stacklevel=3,
        )


class NoDownloads(MetaPathFinder):
    """Imports pydicom's downloader of example files as if ``requests`` were not installed.

    headrisk never asks it for anything. But importing requests imports urllib3, which opens a
    socket to see whether the machine has IPv6. A program that imported requests itself keeps it.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the downloader where Python does, with a loader that hides requests from it."""
        if fullname != PYDICOM_DOWNLOADS:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _WithoutRequests(spec.loader)
        return spec


class _WithoutRequests(Loader):
    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        hidden = "requests" not in sys.modules
        if hidden:
            sys.modules["requests"] = None  # type: ignore[assignment]  # an import then fails
        try:
            self.loader.exec_module(module)
        finally:
            if hidden:
                del sys.modules["requests"]


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
