"""Running the dcm2niix program that its wheel installs."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import dcm2niix

_EQUAL = re.compile(r"_Eq(?:_\d+)?$")
_CONVERTED = re.compile(r"Convert \d+ DICOM as (.+) \([\dx]+\)")
_HARMLESS = re.compile(r"Patient Position|[Ss]lice timing|order is not spatial|Defaults|issue 642")
_AFTERWARDS = re.compile(r"Unable to rotate|not equidistant|Saving|slice timing", re.IGNORECASE)
TIMEOUT_SECONDS = 1800.0


@dataclass(frozen=True)
class Conversion:
    """Images that dcm2niix wrote, and what it said.

    Attributes
    ----------
    images
        One for each series and volume. Where slices are missing and dcm2niix wrote the volume
        again with equal distances (``_Eq_``), that one stands in the place of the first.
    problem
        Why it wrote none or stopped early, or "".
    warnings
        What it warned of, by the stem of the image; for ``_Eq_`` volumes by that of the first.
    """

    images: tuple[Path, ...]
    problem: str
    warnings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def said_of(self, image: Path) -> tuple[str, ...]:
        """Warnings about an image."""
        return self.warnings.get(sidecar_of(image).stem, ())


def convert(
    source: Path, target: Path, timeout_seconds: float = TIMEOUT_SECONDS, *, below: bool = True
) -> Conversion:
    """Convert every DICOM series below a folder to NIfTI with sidecars.

    Patient id, dates and sex are kept in the sidecars, because they tell which scans belong
    together: ``target`` must be a private work folder. It is emptied first. Settings in the user's
    own dcm2niix defaults file are ignored.

    Parameters
    ----------
    source
        Folder with DICOM files.
    target
        Folder of this conversion alone.
    timeout_seconds
        Longest time it may take.
    below
        Whether folders in it are searched too, nine levels deep.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True, mode=0o700)
    options = [
        "-g",
        "i",
        "-b",
        "y",
        "-ba",
        "n",
        "-z",
        "n",
        "-d",
        "9" if below else "0",
        "-f",
        "%s_%t",
    ]
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
    images = tuple(_equalised(sorted(target.glob("*.nii"))))
    if problem or not images:
        problem = f"dcm2niix: {problem or 'no image'}; {_last_line(log)}"
    return Conversion(images, problem, _warnings(log))


def sidecar_of(image: Path) -> Path:
    """The sidecar of an image, for a volume of equalised slices that of the volume as stored."""
    return image.with_name(f"{_EQUAL.sub('', image.stem)}.json")


def _equalised(images: list[Path]) -> Iterator[Path]:
    """Images without those of which a volume of equalised slices is there."""
    better = {sidecar_of(image).stem for image in images if _EQUAL.search(image.stem)}
    return (image for image in images if image.stem not in better)


def _warnings(log: Path) -> dict[str, tuple[str, ...]]:
    """Warnings by image: they stand before the line that names it, a few right after it."""
    found: dict[str, list[str]] = defaultdict(list)
    waiting: list[str] = []
    last = ""
    for line in log.read_text("utf-8", "replace").splitlines():
        converted = _CONVERTED.match(line)
        if converted:
            last = Path(converted[1]).name
            found[last] += waiting
            waiting = []
        elif line.startswith(("Warning:", "Error:")) and not _HARMLESS.search(line):
            text = line.partition(":")[2].strip()[:200]
            if last and _AFTERWARDS.search(line):
                found[last].append(text)
            else:
                waiting.append(text)
    if last:
        found[last] += waiting
    return {name: tuple(dict.fromkeys(texts)) for name, texts in found.items() if texts}


def _last_line(log: Path) -> str:
    """The last line that speaks of an error or warning, else the last line."""
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line] or ["no message"]
    telling = [line for line in lines if "error" in line.lower() or "warning" in line.lower()]
    return (telling or lines)[-1][:300]
