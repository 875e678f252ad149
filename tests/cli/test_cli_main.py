"""Parsing, help, exit codes and the last guard."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from headrisk import __version__
from headrisk.cli.main import COMMANDS, main

PROGRAM = [sys.executable, "-c", "from headrisk.cli.main import run; run()"]
WRITTEN = sorted(
    name for name in COMMANDS if (Path(main.__code__.co_filename).parent / f"{name}.py").is_file()
)


def test_every_command_is_written() -> None:
    assert set(COMMANDS) == set(WRITTEN)


@pytest.mark.parametrize("words", [["--version"], ["audit", "--version"], ["-v", "--version"]])
def test_version(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"headrisk {__version__}\n"


@pytest.mark.parametrize("command", WRITTEN)
def test_help_of_every_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    shown = capsys.readouterr().out
    assert stop.value.code == 0
    assert shown.startswith(f"usage: headrisk {command}")


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    shown = capsys.readouterr().out
    assert stop.value.code == 0
    assert all(f"  {name} " in shown for name in COMMANDS)


def test_no_command_gives_short_help_and_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    said = capsys.readouterr().out
    assert "headrisk help" in said
    assert said.count("\n") < 12


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["frob"], "invalid choice: 'frob'"),
        (["audit"], "required: DATASET, OUT"),
        (["audit", "a", "b", "third"], "invalid choice: 'third'"),
        (["audit", "a", "b", "--no-such-option"], "--no-such-option"),
        (["audit", "a", "b", "--nprocs", "-1"], "'-1' is not a whole number from 0 upward"),
        (["audit", "a", "b", "--nprocs", "two"], "'two' is not a whole number"),
        (["audit", "a", "b", "--mem-gb", "0.1"], "at least 0.6 GB"),
        (["audit", "a", "b", "--mem-gb", "nan"], "at least 0.6 GB"),
        (["audit", "a", "b", "--fail-above", "2"], "not a rate between 0 and 1"),
        (["audit", "a", "b", "--fail-above", "nan"], "not a rate between 0 and 1"),
        (["audit", "a", "b", "--resolution", "5"], "invalid choice: 5"),
        (["demo", "--people", "0"], "'0' is not a whole number from 1 upward"),
    ],
)
def test_usage_errors_are_one_sentence(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    shown = capsys.readouterr()
    assert stop.value.code == 2
    assert shown.out == ""
    assert said in shown.err
    assert shown.err.count("\n") == 1
    assert "--help" in shown.err


def test_underscores_are_accepted_in_options_but_values_stay(
    broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = broken.rename(tmp_path / "under_scored")
    words = ["audit", str(data), str(tmp_path / "out_put"), "--dry_run"]
    assert main([*words, "--participant_label", "01", "--session_id=a", "--mem_gb", "2"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("sub-01/ses-a/anat/sub-01_ses-a_T1w\tT1w\tfailed\t")
    assert sum("\t" in line for line in said) == 1


def test_the_command_may_follow_its_options(
    broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-v", "--dry-run", "audit", str(broken), str(tmp_path / "out")]) == 0
    assert sum("\t" in line for line in capsys.readouterr().out.splitlines()) == 6


def test_verbose_adds_the_details_of_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["audit", str(tmp_path / "nowhere"), str(tmp_path / "out")]
    assert main(words) == 3
    assert "Traceback" not in capsys.readouterr().err
    assert main([*words, "-v"]) == 3
    assert "Traceback" in capsys.readouterr().err


def test_an_internal_error_is_a_sentence_and_exit_code_1(
    broken: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fault(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr("headrisk.job.begin", fault)
    monkeypatch.setattr("headrisk.intake.begin", fault)
    assert main(["audit", str(broken), str(tmp_path / "out")]) == 1
    shown = capsys.readouterr().err
    assert "internal error (RuntimeError: planted). Run again with -v" in shown
    assert "Traceback" not in shown


@pytest.mark.skipif(os.geteuid() == 0, reason="everything may be read by root")
@pytest.mark.parametrize(
    "words",
    [
        ["audit", "closed/data", "o"],
        ["audit", "closed/scans.tsv", "o"],
        ["audit", "closed", "o"],
        ["doctor", "--verify", "closed/out"],
    ],
)
def test_what_may_not_be_entered_is_refused_by_name(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("closed").mkdir(mode=0)
    assert main(words) == 3
    shown = capsys.readouterr().err
    assert "closed" in shown
    assert "Check the permissions" in shown


def test_an_operation_that_is_not_permitted_is_a_refusal(
    broken: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def closed(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/closed/copy")

    monkeypatch.setattr("headrisk.job.begin", closed)
    monkeypatch.setattr("headrisk.intake.begin", closed)
    assert main(["audit", str(broken), str(tmp_path / "out")]) == 3
    assert "/closed/copy: may not be read, entered or written" in capsys.readouterr().err


def test_help_imports_nothing_heavy() -> None:
    """What the program can do is said at once: no dependency is imported for it."""
    code = (
        "import sys, headrisk.cli.main as m\n"
        "try: m.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "headrisk" in loaded
    dependencies = {
        "PIL",
        "cv2",
        "dask",
        "dcm2niix",
        "distributed",
        "jinja2",
        "matplotlib",
        "nibabel",
        "numpy",
        "onnxruntime",
        "pyarrow",
        "rich",
        "scipy",
        "skimage",
        "sklearn",
        "threadpoolctl",
    }
    assert not loaded & dependencies


def test_a_reader_that_leaves_early_is_no_error(broken: Path, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = ["audit", str(broken), str(tmp_path / "out"), "--dry-run"]
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run([*PROGRAM, *words], stdout=pipe, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


GATE = "import sys; from headrisk.cli import main, audit; audit.run = lambda _: {body}; main.run()"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("length", [1, 99_999])
def test_a_reader_that_leaves_early_changes_no_exit_code(length: int, unbuffered: str) -> None:
    """The answer to ``--fail-above`` is kept, however much nobody has read."""
    reading, writing = os.pipe()
    os.close(reading)
    body = f"[print('x' * {length}) for _ in range(9)] and 5"
    program = [sys.executable, "-c", GATE.format(body=body), "audit", "a", "b"]
    variables = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            program, stdout=pipe, stderr=subprocess.PIPE, check=False, env=variables
        )
    assert (done.returncode, done.stderr) == (5, b"")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS])
def test_a_full_disk_is_no_internal_error(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: object) -> int:
        raise OSError(number, os.strerror(number), "out/report.html")

    monkeypatch.setattr("headrisk.cli.audit.run", run)
    assert main(["audit", "a", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("headrisk audit: out/report.html: cannot be written (")
    assert "internal error" not in said


def test_a_full_standard_output_is_told_and_no_success() -> None:
    program = [sys.executable, "-c", GATE.format(body="print('x') or 0"), "audit", "a", "b"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert b"cannot be written" in done.stderr
    assert b"internal error" not in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_program_without_standard_streams(closed: str, broken: Path, tmp_path: Path) -> None:
    """And no file that is written takes their numbers."""
    words = ["audit", str(broken), str(tmp_path / "out"), "--dry-run"]
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *PROGRAM, *words], check=False
    )
    assert done.returncode == 0
