"""Running the dcm2niix program that its wheel installs."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import dcm2niix

TIMEOUT_SECONDS = 1800.0


@dataclass(frozen=True)
class Conversion:
    """Images that dcm2niix wrote, and what it said where it wrote none or stopped early."""

    images: tuple[Path, ...]
    problem: str


def convert(source: Path, target: Path, timeout_seconds: float = TIMEOUT_SECONDS) -> Conversion:
    """Convert every DICOM series below a folder to NIfTI with sidecars.

    Patient id, dates and sex are kept in the sidecars, because they tell which scans belong
    together: ``target`` must be a private work folder. It is emptied first. Settings in the user's
    own dcm2niix defaults file are ignored.

    Parameters
    ----------
    source
        Folder with DICOM files, searched nine levels deep.
    target
        Folder of this conversion alone.
    timeout_seconds
        Longest time it may take.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True, mode=0o700)
    options = ["-g", "i", "-b", "y", "-ba", "n", "-z", "n", "-d", "9", "-f", "%s_%t"]
    command = [str(dcm2niix.bin), *options, "-o", str(target), str(source)]
    log = target / "dcm2niix.log"
    with log.open("wb") as output:
        try:
            done = subprocess.run(  # noqa: S603  a fixed program, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=timeout_seconds,
                check=False,
            )
            problem = "" if done.returncode == 0 else f"exit code {done.returncode}"
        except subprocess.TimeoutExpired:
            problem = f"stopped after {timeout_seconds:.0f} s"
        except OSError as error:
            problem = f"cannot be run ({error.strerror or error})"
    images = tuple(sorted(target.glob("*.nii")))
    if problem or not images:
        problem = f"dcm2niix: {problem or 'no image'}; {_last_line(log)}"
    return Conversion(images, problem)


def _last_line(log: Path) -> str:
    """The last line that speaks of an error or warning, else the last line."""
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line] or ["no message"]
    telling = [line for line in lines if "error" in line.lower() or "warning" in line.lower()]
    return (telling or lines)[-1][:300]
