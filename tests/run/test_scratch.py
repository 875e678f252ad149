"""Scratch folders: a dead writer's is swept, a living one's and somebody else's never."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from headrisk.errors import StoreError
from headrisk.job import Job, tell_damage
from headrisk.run.events import Event, Noted
from headrisk.run.scratch import (
    UNFINISHED,
    put_in_place,
    scratch_elsewhere,
    scratch_folder,
    sweep,
    sweep_output,
    uninterrupted,
)


def killed(work: Callable[[], object]) -> None:
    """Do something, which ends with SIGKILL, in a child."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


def leave(parent: Path, prefix: str) -> None:
    with scratch_folder(parent, prefix) as place:
        (place / "new" / "internal").mkdir(parents=True)
        (place / "new" / "internal" / "links.tsv").write_text("sub-01")
        os.kill(os.getpid(), signal.SIGKILL)


def test_the_dead_are_swept_and_the_living_are_not(tmp_path: Path) -> None:
    killed(lambda: leave(tmp_path, ".copy-"))
    (dead,) = tmp_path.iterdir()
    assert (dead.stat().st_mode & 0o777) == 0o700
    with scratch_folder(tmp_path, ".copy-") as living:
        (living / "file").write_text("x")
        assert sweep(tmp_path, ".copy-", marked_only=True) == 1
        assert (living / "file").exists()
    assert not list(tmp_path.iterdir())


def test_a_users_folder_of_such_a_name_stays(tmp_path: Path) -> None:
    for name in (".copy-20240101", ".copy-backups_"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "theirs").write_text("x")
    (tmp_path / ".copy-emptyone").mkdir()
    (tmp_path / ".copy-linklink").symlink_to(tmp_path / ".copy-backups_")
    assert sweep(tmp_path, ".copy-", marked_only=True) == 0
    assert sweep_output(tmp_path) == 0
    assert len(list(tmp_path.rglob("theirs"))) == 2


def test_work_elsewhere_is_found_from_the_output_folder(tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    out.mkdir()
    other.mkdir()
    (out / "audit.jsonl").touch()

    def work() -> None:
        with scratch_elsewhere(out, other, ".copy-") as place:
            (place / "copy").mkdir()
            os.kill(os.getpid(), signal.SIGKILL)

    killed(work)
    assert list(other.iterdir())
    assert sweep_output(out) == 1
    assert not list(other.iterdir())
    assert [path.name for path in out.iterdir()] == ["audit.jsonl"]


def test_what_an_earlier_version_left_is_swept(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").touch()
    for name in (".report-abcd1234", "internal/.table-abcd1234", "store/tmp/tmpabcd1234"):
        (tmp_path / name / "internal").mkdir(parents=True)
        (tmp_path / name / "internal" / "links.tsv").write_text("sub-01")
    (tmp_path / "internal" / ".new-abcd1234").write_text("sub-01")
    assert sweep_output(tmp_path) == 4
    assert not list(tmp_path.rglob("*abcd1234"))


def test_interruptions_wait_for_renames_that_belong_together() -> None:
    after = []
    before = signal.getsignal(signal.SIGINT)  # ignored where a shell started the tests behind it
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def renames() -> None:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            after.append("done")

    try:
        with pytest.raises(KeyboardInterrupt):
            renames()
    finally:
        signal.signal(signal.SIGINT, before)
    assert after == ["done"]


def test_files_bear_the_mode_asked_for_and_leave_no_scratch(tmp_path: Path) -> None:
    put_in_place({tmp_path / "a": b"1", tmp_path / "deep" / "b": b"2"}, tmp_path, mode=0o600)
    assert {p.name: p.stat().st_mode & 0o777 for p in tmp_path.rglob("?")} == {
        "a": 0o600,
        "b": 0o600,
    }
    assert not list(tmp_path.glob(f"{UNFINISHED}*"))


def test_damaged_entries_are_told_without_their_paths(tmp_path: Path) -> None:
    heard: list[Event] = []
    job = Job((), tmp_path, listen=heard.append)
    assert tell_damage([], job) == ()
    assert not heard
    notes = tell_damage([StoreError("/data/sub-01", found="damaged entry")] * 2, job)
    assert "/data/sub-01" in notes[0]
    (event,) = heard
    assert isinstance(event, Noted)
    assert "2 entries of the store were damaged" in event.text
    assert "sub-01" not in event.text
    line = json.loads((tmp_path / "audit.jsonl").read_text())
    assert (line["action"], line["detail"]) == ("repair", {"damaged_entries": 2})
