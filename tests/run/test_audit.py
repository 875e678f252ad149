"""The audit log: every change of it must show."""

from __future__ import annotations

import hashlib
import json
import os
import resource
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrisk.errors import StoreError
from headrisk.run.audit import append_audit, verify_audit

WHEN = datetime(2026, 3, 1, 12, 0, 5, 999, tzinfo=UTC)


def make_log(folder: Path, lines: int) -> tuple[Path, str]:
    path = folder / "audit.jsonl"
    last = "0" * 64
    for n in range(lines):
        last = append_audit(path, "stage", {"number": n, "name": "prepare"}, when=WHEN)
    return path, last


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path, _ = make_log(tmp_path_factory.mktemp("audit"), 5)
    return path.read_bytes()


def test_a_log_is_a_chain_anyone_can_check(tmp_path: Path) -> None:
    path, last = make_log(tmp_path, 3)
    check = verify_audit(path)
    assert (check.intact, check.lines, check.last) == (True, 3, last)
    assert path.stat().st_mode & 0o777 == 0o600
    previous = "0" * 64
    for n, line in enumerate(path.read_text("ascii").splitlines()):
        content = json.loads(line)
        assert content["previous"] == previous
        assert content["detail"]["number"] == n
        assert content["time"] == "2026-03-01T12:00:05+00:00"
        previous = content.pop("sha256")
        plain = json.dumps(content, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(plain.encode()).hexdigest() == previous


def test_time_is_written_in_utc(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    there = WHEN.astimezone(timezone(timedelta(hours=5, minutes=30)))
    append_audit(path, "start", {}, when=there)
    assert '"time":"2026-03-01T12:00:05+00:00"' in path.read_text()


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_a_changed_byte_is_found(
    tmp_path_factory: pytest.TempPathFactory, intact: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(intact) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != intact[place]))
    path = tmp_path_factory.mktemp("changed") / "audit.jsonl"
    path.write_bytes(intact[:place] + bytes([byte]) + intact[place + 1 :])
    assert not verify_audit(path).intact


@settings(max_examples=150, deadline=None)
@given(picks=st.lists(st.integers(0, 4), max_size=8).filter(lambda p: p != [0, 1, 2, 3, 4]))
def test_removed_repeated_and_reordered_lines_are_found(
    tmp_path_factory: pytest.TempPathFactory, intact: bytes, picks: list[int]
) -> None:
    lines = intact.splitlines(keepends=True)
    path = tmp_path_factory.mktemp("picked") / "audit.jsonl"
    path.write_bytes(b"".join(lines[pick] for pick in picks))
    check = verify_audit(path)
    if picks == list(range(len(picks))):  # cut off at the end: only the kept digest tells
        assert check.intact
        assert check.last != json.loads(lines[-1])["sha256"]
    else:
        assert not check.intact


def test_a_line_with_a_new_digest_breaks_the_chain(tmp_path: Path) -> None:
    path, last = make_log(tmp_path, 3)
    lines = path.read_bytes().splitlines(keepends=True)
    content = json.loads(lines[1])
    content["detail"]["number"] = 99
    del content["sha256"]
    plain = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    content["sha256"] = hashlib.sha256(plain).hexdigest()
    forged = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    path.write_bytes(lines[0] + forged + b"\n" + lines[2])
    check = verify_audit(path)
    assert check.faults == (
        "line 3: does not follow the line before; lines were removed, inserted or changed",
    )
    assert check.last == last


def test_blanks_between_words_are_a_change(tmp_path: Path, intact: bytes) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(intact.replace(b'"stage"', b' "stage"', 1))
    assert verify_audit(path).faults == ("line 1: changed after it was written",)


def test_a_torn_line_is_kept_reported_and_followed(tmp_path: Path) -> None:
    path, _ = make_log(tmp_path, 3)
    path.write_bytes(path.read_bytes()[:-20])
    assert verify_audit(path).faults == ("the last line is incomplete",)
    append_audit(path, "resume", {}, when=WHEN)
    check = verify_audit(path)
    assert check.lines == 4
    assert check.faults == ("line 3: not a line that headrisk wrote",)


def test_runs_at_the_same_time_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    children = []
    for child_number in range(3):
        child = os.fork()
        if child == 0:
            for n in range(15):
                append_audit(path, "stage", {"child": child_number, "n": n}, when=WHEN)
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    check = verify_audit(path)
    assert (check.intact, check.lines) == (True, 45)


def test_a_line_that_does_not_fit_the_disk_leaves_the_log_whole(tmp_path: Path) -> None:
    path, last = make_log(tmp_path, 3)
    size = path.stat().st_size
    child = os.fork()
    if child == 0:
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 30, size + 30))
            with pytest.raises(StoreError, match="cannot be written: File too large"):
                append_audit(path, "stage", {}, when=WHEN)
            code = 0
        finally:
            os._exit(code)
    assert os.waitpid(child, 0)[1] == 0
    check = verify_audit(path)
    assert (check.intact, check.lines, check.last) == (True, 3, last)


def test_a_log_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        verify_audit(tmp_path / "audit.jsonl")
    with pytest.raises(StoreError, match="cannot be written"):
        append_audit(tmp_path / "absent" / "audit.jsonl", "start", {}, when=WHEN)
