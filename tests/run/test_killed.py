"""Ended at any change of a file: nothing stays behind, and the next run gives the whole result."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from killer import Ended, Run, killer, points

LABELS = (b"sub-001", b"sub-002", b"ses-1")
CODES = {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 128 + signal.SIGTERM}
BOTH = pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["KILL", "TERM"])


@pytest.fixture(scope="module")
def data(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, two sessions, with a sidecar each and a table."""
    place = tmp_path_factory.mktemp("two") / "data"
    for folder in cohort.glob("sub-00[12]"):
        shutil.copytree(folder, place / folder.name)
    for image in place.rglob("*_T1w.nii.gz"):
        sidecar = image.with_name(image.name.replace(".nii.gz", ".json"))
        sidecar.write_text('{"PatientName": "Doe^Jane", "AcquisitionDate": "20110203"}')
    shutil.copy(cohort / "dataset_description.json", place)
    (place / "participants.tsv").write_text("participant_id\tage\nsub-001\t31\nsub-002\t46\n")
    return place


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    modules = ("headrisk.commands.metadata", "headrisk.pipeline", "headrisk.commands.deface")
    with killer(tmp_path_factory.mktemp("killer"), *modules) as start:
        yield start


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def nothing_left(out: Path) -> None:
    """No scratch folder anywhere, and no label outside what only the owner can enter."""
    hidden = [p.name for p in (*out.rglob(".*"), *out.parent.glob(".*")) if p.name != ".bidsignore"]
    assert not hidden
    assert not list(out.glob("store/tmp/*"))
    if (out / "report.json").exists():
        for name, content in files(out).items():
            if name.split("/")[0] not in ("internal", "store"):
                assert not [label for label in LABELS if label in content], name


def ended(run: Run, words: list[str | Path], point: int, number: int) -> Ended:
    one = run(words, point, number)
    assert one.code == CODES[signal.Signals(number)], (point, one.said)
    if number == signal.SIGTERM:
        assert "interrupted; finished scans are kept" in one.said
    return one


def end_everywhere(
    run: Run,
    words: Callable[[Path], list[str | Path]],
    where: Path,
    number: int,
    count: int,
    result: Callable[[Path], object],
) -> None:
    """End a run at ``count`` points, each from nothing, and go on."""
    whole = where / "whole" / "out"
    whole.parent.mkdir()
    first = run(words(whole))
    assert first.code in (0, 4), first.said
    wanted = result(whole)
    swept = 0
    for point in points(first.changes, count):
        out = where / str(point) / "out"
        out.parent.mkdir()
        ended(run, words(out), point, number)
        done = (out.parent / "copy").exists()  # the last thing that a cleaning does
        again = run(words(out))
        assert again.code == (2 if done else first.code), (point, again.said)
        swept += "killed run left" in again.said
        assert result(out) == wanted, point
        nothing_left(out)
        shutil.rmtree(out.parent)
    assert number != signal.SIGKILL or swept


def metadata(data: Path) -> Callable[[Path], list[str | Path]]:
    return lambda out: ["metadata", data, out, "--fix", out.parent / "copy", "--seed", "3"]


def metadata_result(out: Path) -> object:
    return (out / "report.json").read_bytes(), files(out.parent / "copy")


@BOTH
def test_metadata_ended_at_a_few_points(run: Run, data: Path, tmp_path: Path, number: int) -> None:
    end_everywhere(run, metadata(data), tmp_path, number, 4, metadata_result)


@pytest.mark.slow
@BOTH
def test_metadata_ended_at_twenty_points(run: Run, data: Path, tmp_path: Path, number: int) -> None:
    end_everywhere(run, metadata(data), tmp_path, number, 20, metadata_result)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@BOTH
def test_audit_ended_at_twenty_points(
    run: Run, data: Path, quick: str, tmp_path: Path, number: int
) -> None:
    def words(out: Path) -> list[str | Path]:
        return ["audit", data, out, "--no-faces", "--settings", quick, "--nprocs", "1"]

    end_everywhere(run, words, tmp_path, number, 20, lambda out: (out / "report.json").read_bytes())


@pytest.mark.slow
@pytest.mark.timeout(1800)
@BOTH
def test_deface_ended_at_twenty_points(run: Run, data: Path, tmp_path: Path, number: int) -> None:
    def words(out: Path) -> list[str | Path]:
        return ["deface", data, out, "--tool", "quickshear", "--nprocs", "1"]

    def images(out: Path) -> object:
        return {name: raw for name, raw in files(out).items() if name.startswith("sub-")}

    end_everywhere(run, words, tmp_path, number, 20, images)
