"""The doctor: what is installed, and whether a run's log and report are as they were."""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from headrisk.cli import doctor
from headrisk.cli.main import main


def test_everything_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert said.count("intact") == 3
    assert "numpy" in said
    assert "absent" not in said


@pytest.mark.parametrize(("found", "code"), [("3.0.0", 1), ("3.0.1", 0), ("", 0)])
def test_a_package_that_downloads_when_imported(
    found: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def version(name: str) -> str:
        assert name == "pydicom"
        if not found:
            raise PackageNotFoundError(name)
        return found

    monkeypatch.setattr(doctor, "version", version)
    assert main(["doctor"]) == code
    assert ("3.0.0 asks github.com" in capsys.readouterr().out) == bool(code)


@pytest.fixture
def out(audited: Path, tmp_path: Path) -> Path:
    """A run's output folder, to be changed."""
    return Path(shutil.copytree(audited, tmp_path / "out", ignore=shutil.ignore_patterns("store")))


def test_an_untouched_run(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--verify", str(out)]) == 0
    assert "12 lines, none changed" in capsys.readouterr().out


def test_a_changed_line(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = out / "audit.jsonl"
    log.write_text(log.read_text().replace('"done":12', '"done":11', 1))
    assert main(["doctor", "--verify", str(out)]) == 1
    assert capsys.readouterr().out == "line 3: changed after it was written\n"


def test_a_removed_line(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = out / "audit.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:2] + lines[3:]))
    assert main(["doctor", "--verify", str(out)]) == 1
    assert "line 3: does not follow the line before" in capsys.readouterr().out


def test_another_report_than_the_logged_one(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = out / "report.json"
    report.write_text(report.read_text().replace("links", "does not link"))
    assert main(["doctor", "--verify", str(out)]) == 1
    assert "report.json is not the one" in capsys.readouterr().out
    report.unlink()
    assert main(["doctor", "--verify", str(out)]) == 1
    assert "report.json: missing" in capsys.readouterr().out


def test_no_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--verify", str(tmp_path)]) == 3
    assert "no such file; expected the log of an earlier run" in capsys.readouterr().err
