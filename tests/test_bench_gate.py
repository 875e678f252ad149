"""The gate of ``make bench``: a chain slower by 20 % fails anywhere, and so does silence."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
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
    monkeypatch.setitem(sys.modules, "gate", module)  # where its dataclass looks
    spec.loader.exec_module(module)
    return module


HERE, THERE = "Zen 4", "Ice Lake"
ITSELF = "headrisk 4 mm over itself at abc"


def verdict_of(
    gate: ModuleType,
    recorded: dict[str, dict[str, float]],
    measured: dict[str, dict[str, float]],
    pairs: list[float] | None = None,
    processor: str = HERE,
) -> Any:
    """A verdict beside one record, that of `HERE`; ``pairs`` are of script a."""
    held = {"commit": "abc", "processors": {HERE: {"ratios": recorded}}}
    found: dict[str, dict[str, Any]] = {name: {"ratios": one} for name, one in measured.items()}
    if pairs is not None:
        found.setdefault("a", {"ratios": {}})["pairs"] = {ITSELF: pairs}
    return gate.judge(held, found, processor)


def test_on_one_processor_what_is_worse_by_more_than_a_fifth_fails(gate: ModuleType) -> None:
    recorded = {"a": {"same": 0.5, "better": 0.5, "worse": 0.5, "much": 0.5, "gone": 0.5}}
    measured = {"a": {"same": 0.5, "better": 0.01, "worse": 0.599, "much": 0.601, "new": 9.0}}
    verdict = verdict_of(gate, recorded, measured)
    assert verdict.slower == ["a: much: 0.601, recorded 0.5"]
    assert verdict.told == ["a: gone: not measured this time"]


def test_a_script_that_left_nothing_fails_and_so_does_not_a_number(gate: ModuleType) -> None:
    recorded = {"a": {"x": 1.0}, "b": {"x": 1.0}}
    verdict = verdict_of(gate, recorded, {"b": {"x": float("nan")}})
    assert verdict.slower == ["a: left no record", "b: x: nan, recorded 1"]
    elsewhere = verdict_of(gate, recorded, {"b": {"x": 1.0}}, [1.0] * 5, THERE)
    assert "a: left no record" in verdict_of(gate, recorded, {"b": {"x": 1.0}}, None, THERE).slower
    assert elsewhere.slower == []  # the pairs are script a's record


def test_a_slow_down_of_all_shows_before_each_ratio_is_worse_by_a_fifth(gate: ModuleType) -> None:
    recorded = {"a": {"one": 0.02, "two": 0.3, "three": 4.0}}
    measured = {"a": {name: 1.17 * ratio for name, ratio in recorded["a"].items()}}
    (line,) = verdict_of(gate, recorded, measured).slower
    assert line == "a: 3 ratios at 1.17 times the recorded ones (median)"


@pytest.mark.parametrize("processor", [HERE, THERE])
@pytest.mark.parametrize("seed", range(20))
def test_a_chain_slower_by_a_fifth_fails_on_any_processor(
    gate: ModuleType, processor: str, seed: int
) -> None:
    """Beside noise: rounds scatter by 4 %, and one is disturbed either way."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(1, 0.04, 5) * rng.permutation([1, 1, 1, 1, rng.choice([0.6, 1.6])])
    small = {"a": {f"kernel {k}": 0.1 for k in range(4)}}
    same = {"a": {name: ratio * rng.uniform(0.95, 1.05) for name, ratio in small["a"].items()}}
    slow = verdict_of(gate, small, same, [*(1.2 * noise)], processor)
    assert [line for line in slow.slower if line.startswith(ITSELF)]
    assert verdict_of(gate, small, same, [*noise], processor).slower == []


@pytest.mark.parametrize("seed", range(20))
def test_another_processor_only_warns(gate: ModuleType, seed: int) -> None:
    """Ratios of small kernels differ by up to 1.7 between processors: no fault of headrisk."""
    rng = np.random.default_rng(seed)
    recorded = {"a": {f"kernel {k}": float(rng.uniform(0.01, 10)) for k in range(6)}}
    measured = {"a": {k: r * 1.7 ** rng.uniform(-1, 1) for k, r in recorded["a"].items()}}
    found = verdict_of(gate, recorded, measured, [1.0] * 5, THERE)
    assert found.slower == []
    assert [line for line in found.told if "no record of this processor" in line]
    assert not [line for line in found.told if "on other processors" in line]
    measured["a"]["kernel 0"] = 1.8 * recorded["a"]["kernel 0"]
    found = verdict_of(gate, recorded, measured, [1.0] * 5, THERE)
    assert [line for line in found.told if "kernel 0" in line]
    assert found.slower == []


@pytest.mark.parametrize("pairs", [None, [1.0, 1.0]])
def test_nothing_that_could_be_compared_is_no_pass(
    gate: ModuleType, pairs: list[float] | None
) -> None:
    found = verdict_of(gate, {"a": {"x": 1.0}}, {"a": {"x": 1.0}}, pairs, THERE)
    assert len(found.slower) == 1
    assert "nothing could be compared" in found.slower[0]


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
    kept = tmp_path / "kept" / "recorded.json"
    kept.parent.mkdir()
    kept.write_text(json.dumps({"commit": "x", "processors": {"Pentium": {"ratios": {}}}}))
    monkeypatch.setattr(gate, "RECORDED", kept)
    monkeypatch.setattr(gate, "_commit", lambda: "abc")
    monkeypatch.setattr(sys, "argv", ["gate.py", "--folder", str(tmp_path), "--record"])
    assert gate.main() == 0
    assert json.loads(kept.read_text())["commit"] == "abc"
    assert len(json.loads(kept.read_text())["processors"]) == 2
    held["ratios"] = {"x over y": ratio}
    (tmp_path / "bench_a.json").write_text(json.dumps(held))
    monkeypatch.setattr(sys, "argv", ["gate.py", "--folder", str(tmp_path)])
    assert gate.main() == code
    assert ("SLOWER" in capsys.readouterr().out) == bool(code)
    monkeypatch.setattr(sys, "argv", ["gate.py", "--folder", str(tmp_path), "--record", "--only"])
    assert gate.main() == 0
    assert len(json.loads(kept.read_text())["processors"]) == 1


def test_what_is_recorded_is_what_make_bench_runs() -> None:
    text = (BENCHMARKS.parent / "Makefile").read_text().replace("\\\n", " ")
    (line,) = [one for one in text.splitlines() if one.startswith("BENCHMARKS :=")]
    scripts = line.split(":=")[1].split()
    assert all((BENCHMARKS / f"{name}.py").is_file() for name in scripts)
    recorded = json.loads((BENCHMARKS / "recorded.json").read_text())
    assert recorded["commit"]
    for one in recorded["processors"].values():
        assert one["ratios"].keys() <= set(scripts)
        assert all(0 < ratio < 100 for some in one["ratios"].values() for ratio in some.values())
