"""What is no regular file is a failed row with a reason, and never waited for."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headrisk.cli.main import main
from headrisk.dataset.index import index_dataset
from headrisk.errors import InputError
from headrisk.io.digests import sha256_of_file

KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (os.mkfifo, "a named pipe"),
    "socket": (lambda path: os.mknod(path, stat.S_IFSOCK | 0o600), "a socket"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "a character device"),
    "folder": (lambda path: (path / "inside").mkdir(parents=True), "a folder"),
}


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A data set of nothing but odd files, one person and two sessions for each kind."""
    data = tmp_path / "data"
    for name, (make, _) in KINDS.items():
        for session in "ab":
            stem = f"sub-{name}/ses-{session}/anat/sub-{name}_ses-{session}_T1w"
            (data / stem).parent.mkdir(parents=True)
            for ending in (".nii.gz", ".json"):
                make(data / f"{stem}{ending}")
        (data / f"sub-{name}" / "dwi").mkdir()
        make(data / f"sub-{name}" / "dwi" / f"sub-{name}_dwi.bval")
        make(data / f"{name}.dcm")
        (tmp_path / "photos").mkdir(exist_ok=True)
        make(tmp_path / "photos" / f"{name}.jpg")
    (data / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.9.0"}')
    rows = [f"{name}\tphotos/{name}.jpg\tc\t2999-01-01" for name in KINDS]
    head = "participant_id\tpath\tconsent_id\texpires"
    (tmp_path / "photos.tsv").write_text("\n".join([head, *rows]) + "\n")
    rows = [
        f"{name}\t{s}\tdata/sub-{name}/ses-{s}/anat/sub-{name}_ses-{s}_T1w.nii.gz"
        for name in KINDS
        for s in "ab"
    ]
    (tmp_path / "list.tsv").write_text("\n".join(["participant_id\tsession_id\tpath", *rows]))
    return data


@pytest.mark.parametrize("form", ["data", "list.tsv"])
def test_each_is_a_failed_row_within_a_second(odd: Path, form: str) -> None:
    begin = time.monotonic()
    rows = index_dataset(odd.parent / form).to_pylist()
    assert time.monotonic() - begin < 1
    assert len(rows) == 2 * len(KINDS)
    for row in rows:
        assert row["status"] == "failed"
        assert KINDS[row["participant_id"]][1] in row["reason"]


@pytest.mark.parametrize("kind", KINDS)
def test_none_is_digested(kind: str, tmp_path: Path) -> None:
    make, words = KINDS[kind]
    make(tmp_path / "a")
    with pytest.raises(InputError, match=f"{words}, not a regular file"):
        sha256_of_file(tmp_path / "a")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("audit", "data"), marks=pytest.mark.slow),
        pytest.param(("faces", "data", "--photos", "photos.tsv"), marks=pytest.mark.slow),
        pytest.param(("link", "data", "list.tsv"), marks=pytest.mark.slow),
        ("deface", "data", "--tool", "quickshear"),
        ("duplicates", "data"),
        ("metadata", "data", "--fix", "copy"),
    ],
    ids=lambda words: words[0],
)
def test_no_command_waits(
    odd: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(odd.parent)
    places = 2 if words[0] == "link" else 1
    assert main([*words[: 1 + places], "out", *words[1 + places :]]) == 4


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that a user without privileges can enter."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o777)
    yield place
    for path in (place, *place.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o777)
    shutil.rmtree(place)


def closed(place: Path) -> Path:
    (place / "closed").mkdir()
    (place / "closed").chmod(0)
    return place / "closed" / "below" / "out"


def dangling(place: Path) -> Path:
    (place / "link").symlink_to("nowhere")
    return place / "link"


def loop(place: Path) -> Path:
    (place / "loop").symlink_to("loop")
    return place / "loop"


def a_file(place: Path) -> Path:
    (place / "file").touch()
    return place / "file" / "out"


def pipe(place: Path) -> Path:
    os.mkfifo(place / "pipe")
    return place / "pipe"


@pytest.mark.parametrize("make", [closed, dangling, loop, a_file, pipe, lambda p: p / ("x" * 300)])
@pytest.mark.parametrize("command", ["audit", "metadata", "deface"])
def test_an_output_folder_that_cannot_be_is_a_sentence(
    command: str, make: Callable[[Path], Path], reachable: Path
) -> None:
    data = reachable / "data"
    data.mkdir()
    (data / "dataset_description.json").write_text(json.dumps({"Name": "x", "BIDSVersion": "1"}))
    out = make(reachable)
    said = reachable / "said"
    for name in ("commands.deface", "commands.metadata", "pipeline", f"cli.{command}"):
        importlib.import_module(f"headrisk.{name}")
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:  # what is imported later may not be readable for this user
            os.setgid(65534)
            os.setuid(65534)
        sys.stderr = said.open("w", buffering=1)
        os._exit(main([command, str(data), str(out), *(["--tool=template"] * (command[0] == "d"))]))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == 2, said.read_text()
    assert f"headrisk {command}: output folder" in said.read_text()
