"""An audit that is killed in the middle goes on where it was, and shows nothing half-written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from headrisk.cli.main import main
from headrisk.run.store import open_store

DRIVER = """
import sys
from pathlib import Path
from headrisk.brain import cohort
from headrisk.cli.main import main
prepare, log = cohort.prepare, Path(sys.argv[1])
def logged(task):
    with log.open("a") as stream:
        stream.write(task.scan_id + "\\n")
    return prepare(task)
cohort.prepare = logged
sys.exit(main(sys.argv[2:]))
"""
PEOPLE = "sub-00[12]"
SCANS = 4


def start(log: Path, words: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(log), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def whole(out: Path, report: bytes) -> None:
    """Whatever can be seen is complete: every entry of the store, and the report if it is there."""
    store = open_store(out / "store")
    for record in out.glob("store/??/*/entry.json"):
        assert store.read(record.parent.name) is not None
    if (out / "report.json").exists():
        assert (out / "report.json").read_bytes() == report
        for name in ("report.html", "tables", "internal/links.tsv", "internal/scans.tsv"):
            assert (out / name).exists()


@pytest.fixture
def small(cohort: Path, tmp_path: Path) -> Path:
    data = tmp_path / "data"
    for folder in cohort.glob(PEOPLE):
        shutil.copytree(folder, data / folder.name)
    shutil.copy(cohort / "dataset_description.json", data)
    return data


def kill_and_go_on(small: Path, quick: str, tmp_path: Path, points: int) -> None:
    log, out = tmp_path / "log", tmp_path / "out"
    words = ["audit", str(small), str(out), "--no-faces", "--settings", quick, "--nprocs", "1"]
    begin = time.monotonic()
    assert start(tmp_path / "first", [*words[:2], str(tmp_path / "whole"), *words[3:]]).wait() == 0
    lasted = time.monotonic() - begin
    report = (tmp_path / "whole" / "report.json").read_bytes()
    assert json.loads(report)["modalities"]["brain"]["counts"]["scans"] == SCANS
    rng = np.random.default_rng(points)
    kills = 0
    for delay in rng.uniform(0.2, 1.0, points) * lasted:
        run = start(log, words)
        try:
            run.wait(timeout=delay)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            kills += 1
        whole(out, report)
    assert kills
    assert start(log, words).wait() == 0
    assert (out / "report.json").read_bytes() == report
    whole(out, report)
    assert not [path for path in out.iterdir() if path.name.startswith(".report-") and not kills]
    started = log.read_text().splitlines()
    assert set(started) == {scan for scan in started if scan}
    assert SCANS <= len(started) <= SCANS + kills  # only what was under way is done again


@pytest.mark.slow
def test_killed_at_three_points(small: Path, quick: str, tmp_path: Path) -> None:
    kill_and_go_on(small, quick, tmp_path, 3)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_killed_at_twenty_points(small: Path, quick: str, tmp_path: Path) -> None:
    kill_and_go_on(small, quick, tmp_path, 20)


@pytest.mark.slow
def test_two_runs_on_one_store_give_one_result(small: Path, quick: str, tmp_path: Path) -> None:
    """Started together with one output folder: both end well, and the report is the same."""
    out = tmp_path / "out"
    words = ["audit", str(small), str(out), "--no-faces", "--settings", quick, "--nprocs", "1"]
    both = [start(tmp_path / f"log-{n}", words) for n in range(2)]
    assert [run.wait() for run in both] == [0, 0]
    report = (out / "report.json").read_bytes()
    whole(out, report)
    alone = tmp_path / "alone"
    assert (
        main(["audit", str(small), str(alone), "--no-faces", "--settings", quick, "--nprocs", "1"])
        == 0
    )
    assert (alone / "report.json").read_bytes() == report


def test_a_store_on_a_full_disk_is_a_clear_error(
    small: Path,
    quick: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file system that takes a few kilobytes and no more."""
    import errno

    from headrisk.run import store as store_module

    def full(path: Path, array: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(store_module, "_write_array", full)
    out = tmp_path / "out"
    words = ["audit", str(small), str(out), "--no-faces", "--settings", quick, "--nprocs", "1"]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert "the disk is full or the quota is used up" in said
    assert not (out / "report.json").exists()
    assert not list((out / "store" / "tmp").iterdir())
    monkeypatch.undo()
    assert main(words) == 0
