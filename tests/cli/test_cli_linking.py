"""What a run says at its end, and the exit code it ends with."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headrisk.cli.main import main

PROGRAM = [sys.executable, "-c", "from headrisk.cli.main import run; run()"]


def test_a_risk_above_the_limit(
    cohort: Path, warm: Path, quick: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["audit", str(cohort), str(warm), "--no-faces", "--settings", quick, "--nprocs", "1"]
    assert main([*words, "--fail-above", "0.5"]) == 5
    said = capsys.readouterr().out
    assert said.startswith(
        "Not asked: faces.\nBrains: At least 3 of the 6 people searched for were linked to "
    )
    assert said.endswith("The measured risk is above --fail-above 0.5.\n")


def test_some_scans_broken(
    cohort: Path, warm: Path, quick: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run ends with 4, not 5, and says what the failure could change."""
    data = tmp_path / "data"
    shutil.copytree(cohort, data)
    next(data.glob("sub-002/ses-1/anat/*.nii.gz")).write_bytes(b"no image")
    words = ["audit", str(data), str(warm), "--no-faces", "--settings", quick, "--nprocs", "1"]
    assert main([*words, "--fail-above", "1"]) == 4
    said = capsys.readouterr().out
    assert said.startswith("Not asked: faces.\nBrains: At least 4 of the 5 people searched for")
    assert "1 of 12 images could be compared by no attack; internal/scans.tsv" in said
    assert "1 person could not be searched for because scans failed" in said
    assert "sub-002" not in said


@pytest.mark.slow
def test_an_interrupted_run_goes_on_where_it_was(
    cohort: Path, audited: Path, tmp_path: Path
) -> None:
    """And its report has the bytes of a run in one process that nobody interrupted."""
    out = tmp_path / "out"
    words = ["audit", str(cohort), str(out), "--no-faces", "--nprocs", "2"]
    with subprocess.Popen([*PROGRAM, *words], stderr=subprocess.PIPE, text=True) as run:
        while not prepared(out) and run.poll() is None:
            time.sleep(0.05)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "interrupted; finished scans are kept" in said
    assert "Traceback" not in said
    assert not (out / "report.json").exists()
    done = prepared(out)
    assert 1 <= len(done) < 12
    assert main(words) == 0
    assert len(prepared(out)) == 12
    assert done.items() <= prepared(out).items()
    assert (out / "report.json").read_bytes() == (audited / "report.json").read_bytes()


def prepared(out: Path) -> dict[str, int]:
    """Stored fingerprints, and when each was written."""
    found = out.glob("store/??/*/vector.npy")
    return {path.parent.name: path.stat().st_mtime_ns for path in found}


def test_names_are_escaped_where_the_terminal_cannot_show_them(
    broken: Path, tmp_path: Path
) -> None:
    folder = broken / "sub-01" / "ses-a" / "anat"
    (folder / "sub-01_ses-a_acq-Grün_T1w.nii.gz").write_bytes(b"no image")
    done = subprocess.run(
        [*PROGRAM, "audit", str(broken), str(tmp_path / "out"), "--dry-run"],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert done.returncode == 0
    assert sum(b"\t" in line for line in done.stdout.splitlines()) == 7
    assert rb"acq-Gr\xfcn_T1w" in done.stdout
