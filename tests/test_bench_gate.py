"""The gate of ``make bench``: a ratio worse by more than 20 % fails, and so does silence."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module; benchmarks are no package."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location("gate", BENCHMARKS / "gate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_only_what_is_worse_by_more_than_a_fifth_fails(gate: ModuleType) -> None:
    recorded = {"a": {"same": 0.5, "better": 0.5, "worse": 0.5, "much": 0.5, "gone": 0.5}}
    measured = {"a": {"same": 0.5, "better": 0.01, "worse": 0.599, "much": 0.601, "new": 9.0}}
    slower, missing = gate.compare(recorded, measured)
    assert slower == ["a: much: 0.601, recorded 0.5"]
    assert missing == ["a: gone: not measured this time"]


def test_a_script_that_left_nothing_fails_and_so_does_not_a_number(gate: ModuleType) -> None:
    recorded = {"a": {"x": 1.0}, "b": {"x": 1.0}}
    slower, _ = gate.compare(recorded, {"b": {"x": float("nan")}})
    assert slower == ["a: left no record", "b: x: nan, recorded 1"]


@pytest.mark.parametrize(("ratio", "code"), [(1.1, 0), (1.3, 1)])
def test_the_exit_code(
    gate: ModuleType,
    ratio: float,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    held = {"machine": {}, "figures": {}, "ratios": {"x over y": 1.0}}
    (tmp_path / "bench_a.json").write_text(json.dumps(held))
    monkeypatch.setattr(gate, "RECORDED", tmp_path / "kept" / "recorded.json")
    (tmp_path / "kept").mkdir()
    monkeypatch.setattr(sys, "argv", ["gate.py", "--folder", str(tmp_path), "--record"])
    assert gate.main() == 0
    held["ratios"] = {"x over y": ratio}
    (tmp_path / "bench_a.json").write_text(json.dumps(held))
    monkeypatch.setattr(sys, "argv", ["gate.py", "--folder", str(tmp_path)])
    assert gate.main() == code
    assert ("SLOWER" in capsys.readouterr().out) == bool(code)


def test_what_is_recorded_is_what_make_bench_runs() -> None:
    text = (BENCHMARKS.parent / "Makefile").read_text().replace("\\\n", " ")
    (line,) = [one for one in text.splitlines() if one.startswith("BENCHMARKS :=")]
    scripts = line.split(":=")[1].split()
    assert all((BENCHMARKS / f"{name}.py").is_file() for name in scripts)
    recorded = json.loads((BENCHMARKS / "recorded.json").read_text())["ratios"]
    assert recorded.keys() <= set(scripts)
    assert all(0 < ratio < 100 for one in recorded.values() for ratio in one.values())
