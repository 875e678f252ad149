"""What may import what, and what the library must never do."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

import headrisk

ROOT = Path(__file__).parents[2]
PACKAGE = Path(headrisk.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "joblib", "socket", "urllib", "http", "ssl"}
FORBIDDEN_CALLS = {"print", "input", "eval", "exec", "exit", "quit", "breakpoint", "__import__"}
FORBIDDEN_NAMES = {
    "os.environ",
    "os.getenv",
    "sys.exit",
    "os.system",
    "os.popen",
    "np.random.seed",
    "os.execv",
    "os.execvp",
    "os.spawnv",
    "os.spawnl",
    "os.startfile",
    "tempfile.mktemp",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
}
FORBIDDEN_ENDINGS = (".extractall", ".extract", ".read_pickle", ".to_pickle")
HEAVY = ("torch", "sklearn", "skimage", "pandas", "tensorflow", "dask", "vtk", "SimpleITK")


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imported_roots(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def used_names(tree: ast.AST) -> set[str]:
    """Calls by bare name, and every dotted name."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            names.add(node.func.id)
        elif isinstance(node, ast.Attribute):
            names.add(ast.unparse(node))
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_imports_run_downward_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(cache_dir=None) == EXIT_STATUS_SUCCESS


def test_every_module_imports_without_the_heavy_packages() -> None:
    """Tools for tests, benchmarks and extras must not slip into the package itself."""
    modules = [
        ".".join(("headrisk", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
            ".__init__"
        )
        for path in FILES
        if path.name != "__main__.py"
    ]
    code = (
        "import importlib, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stderr == ""
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_library_keeps_its_hands_off(path: Path) -> None:
    """No printing, exiting, environment, sockets, pickle, eval or shell."""
    tree = ast.parse(path.read_text("utf-8"))
    names = used_names(tree)
    assert imported_roots(tree) & FORBIDDEN_MODULES == set()
    in_cli = relative(path).startswith("cli/") or path.name == "__main__.py"
    allowed = {"print", "sys.exit"} if in_cli else set()
    if relative(path) == "offline.py":  # the one place that sets variables for other libraries
        allowed = {"os.environ"}
    assert names & (FORBIDDEN_CALLS | FORBIDDEN_NAMES) <= allowed
    assert not [name for name in names if name.endswith(FORBIDDEN_ENDINGS)]
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in {"shell", "allow_pickle"}:
            assert ast.unparse(node.value) == "False", f"line {node.lineno}: {node.arg}"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_each_package_stays_with_its_tools(path: Path) -> None:
    roots = imported_roots(ast.parse(path.read_text("utf-8")))
    package = relative(path).split("/")[0]
    if package != "io" and relative(path) != "synthetic/phantom/bids.py":
        assert "nibabel" not in roots
    if package == "statistics":
        third_party = roots - sys.stdlib_module_names - {"headrisk"}
        assert third_party <= {"numpy", "scipy"}
        assert roots & {"pathlib", "os", "io", "shutil", "tempfile"} == set()


def test_the_rules_above_can_fail() -> None:
    tree = ast.parse("import pickle.x\nfrom socket import socket\nprint(os.environ['A'])\n")
    assert imported_roots(tree) == {"pickle", "socket"}
    assert {"print", "os.environ"} <= used_names(tree)
    assert used_names(ast.parse("from os import system")) == {"os.system"}
