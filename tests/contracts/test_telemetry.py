"""Telemetry is off before a library that has some is imported, in every way to get there."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import headrisk
from headrisk import offline
from headrisk.cli.main import main
from headrisk.run.cluster import Cluster
from headrisk.run.engine import run_tasks

PACKAGE = Path(headrisk.__file__).parent
ROOT = PACKAGE.parents[1]
# Says at the moment of the import, to whatever file LOG names, how the switch stands.
WATCH = """
import os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime":
            with open(os.environ["LOG"], "a") as file:
                file.write(os.environ.get("ORT_DISABLE_TELEMETRY", "on") + "\\n")
sys.meta_path.insert(0, Watch())
"""


def importers() -> list[str]:
    """Modules of the package that import onnxruntime themselves."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [str(node.module)]
            if any(name.split(".")[0] == "onnxruntime" for name in names):
                parts = ("headrisk", *path.relative_to(PACKAGE).with_suffix("").parts)
                found.append(".".join(parts).removesuffix(".__init__"))
    return sorted(set(found))


def python(code: str, log: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Another Python, with nothing switched off by its environment, that notes the import."""
    kept = {k: v for k, v in os.environ.items() if k not in {"ORT_DISABLE_TELEMETRY", "CI"}}
    return subprocess.run(
        [sys.executable, "-c", WATCH + code],
        env={**kept, "LOG": str(log), **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )


@pytest.mark.parametrize("module", importers())
@pytest.mark.parametrize("before", [{}, {"ORT_DISABLE_TELEMETRY": "0"}], ids=["unset", "on"])
def test_the_switch_stands_before_the_import(
    module: str, before: dict[str, str], tmp_path: Path
) -> None:
    python(f"import {module}", tmp_path / "log", **before)
    assert set((tmp_path / "log").read_text().split()) == {"1"}


def test_there_is_something_to_test() -> None:
    assert "headrisk.io.weights" in importers()


def switch(_: int) -> str:
    return os.environ.get("ORT_DISABLE_TELEMETRY", "on")


@pytest.mark.slow
def test_worker_processes_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the parent's was taken away: a worker imports the package anew."""
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY")
    assert run_tasks(switch, range(2), processes=2) == ["1", "1"]


@pytest.mark.slow
@pytest.mark.allow_hosts(["127.0.0.1", "::1"])
def test_dask_workers_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY")
    assert run_tasks(switch, range(2), processes=Cluster(2)) == ["1", "1"]


def test_containers_and_make_have_it() -> None:
    assert "ORT_DISABLE_TELEMETRY=1" in (ROOT / "Dockerfile").read_text()
    assert "ORT_DISABLE_TELEMETRY=1" in (ROOT / "Apptainer.def").read_text()
    assert "export ORT_DISABLE_TELEMETRY := 1" in (ROOT / "Makefile").read_text()


def test_too_late_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", object())  # type: ignore[arg-type]
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    with pytest.warns(RuntimeWarning, match="imported before headrisk"):
        offline.silence()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        offline.silence()


def test_programs_leave_the_home_folder_alone_and_clean_up(tmp_path: Path) -> None:
    code = (
        "import os; from headrisk.offline import HOMES, leave_home_alone\n"
        "leave_home_alone(); print(*(os.environ[name] for name in HOMES), sep='\\n')\n"
        "import matplotlib.font_manager; print(os.stat(os.environ['MPLCONFIGDIR']).st_mode & 0o777)"
    )
    given = {"KERAS_HOME": "/elsewhere", "TMPDIR": str(tmp_path), "HOME": str(tmp_path / "none")}
    first, keras, deepface, mode = python(code, tmp_path / "log", **given).stdout.split()
    assert first == deepface != keras == "/elsewhere"  # what the user named stays
    assert Path(first).parent == tmp_path
    assert int(mode) == 0o700
    assert list(tmp_path.iterdir()) == []


def test_deepface_is_prepared_before_its_import(tmp_path: Path) -> None:
    """With packages of these names that say what they find, as the real ones are not installed."""
    names = [*offline.HOMES[1:], *offline.TENSORFLOW]
    (tmp_path / "deepface" / "modules").mkdir(parents=True)
    (tmp_path / "deepface" / "__init__.py").write_text(
        f"import os\nprint([os.environ.get(name) for name in {names}])\nraise ImportError('seen')"
    )
    code = (
        "from pathlib import Path\nfrom headrisk.errors import HeadriskError\n"
        "from headrisk.face.recognise.deepface import deepface\n"
        "try: deepface(Path('facenet512_weights.h5'))\nexcept HeadriskError: pass"
    )
    (tmp_path / "facenet512_weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(64))
    path = os.pathsep.join([str(tmp_path), str(PACKAGE.parent)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    keras, home, *others = ast.literal_eval(done.stdout)
    assert keras == home != str(Path.home())
    assert "headrisk-" in keras
    assert others == list(offline.TENSORFLOW.values())


def test_the_doctor_says_what_is_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "ORT_DISABLE_TELEMETRY: off" in said
    assert "no connection leaves this machine" in said
    assert "left behind" not in said
    (tmp_path / offline.ONNXRUNTIME_TRACE).mkdir(parents=True)
    monkeypatch.setenv("ORT_DISABLE_TELEMETRY", "0")
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "ORT_DISABLE_TELEMETRY: not 1" in said
    assert f"left behind: {tmp_path}" in said


REQUESTS = """
import sys, types
fake = types.ModuleType("requests")
class Finder:
    def find_spec(self, name, path, target=None):
        if name == "requests":
            raise AssertionError("requests was imported")
sys.meta_path.insert(0, Finder())
import headrisk.{first}
import pydicom.data.download as downloads
assert downloads.HAVE_REQUESTS is False
assert "requests" not in sys.modules
"""


@pytest.mark.parametrize("first", ["errors", "metadata.words", "brain.prepare"])
def test_pydicom_is_imported_as_if_requests_were_not_there(first: str) -> None:
    """Importing requests opens a socket, to see whether the machine has IPv6."""
    subprocess.run([sys.executable, "-c", REQUESTS.format(first=first)], check=True, timeout=60)


def test_a_program_that_imported_requests_keeps_it() -> None:
    code = """
import sys, types
sys.modules["requests"] = own = types.ModuleType("requests")
import headrisk.errors
import pydicom.data.download as downloads
assert downloads.HAVE_REQUESTS and sys.modules["requests"] is own
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
