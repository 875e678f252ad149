"""Progress as lines and as bars."""

from __future__ import annotations

import io

import pytest

from headrisk.run.events import (
    Advanced,
    Finished,
    Started,
    progress_lines,
    progress_text,
    show_progress,
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_at_start_and_end_and_every_half_minute() -> None:
    stream, now = io.StringIO(), [0.0]
    listen = progress_lines(stream, clock=lambda: now[0])
    listen(Started("prepare", 100))
    for done in range(1, 101):
        now[0] = done * 1.0
        listen(Advanced("prepare", done, failed=done // 50))
    listen(Finished("prepare", 100, 2, 100.0))
    assert stream.getvalue().splitlines() == [
        "prepare: started, 100 items",
        "prepare: 30 of 100, about 1 min 10 s left",
        "prepare: 60 of 100, 1 failed, about 40 s left",
        "prepare: 90 of 100, 1 failed, about 10 s left",
        "prepare: finished, 100 items, 2 failed, 1 min 40 s",
    ]


def test_two_stages_do_not_silence_each_other() -> None:
    stream, now = io.StringIO(), [0.0]
    listen = progress_lines(stream, every=10, clock=lambda: now[0])
    listen(Started("index"))
    now[0] = 8.0
    listen(Started("compare", 4))
    now[0] = 11.0
    listen(Advanced("index", 7))
    listen(Advanced("compare", 1))
    assert stream.getvalue().splitlines() == [
        "index: started",
        "compare: started, 4 items",
        "index: 7 done",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (3599.6, "1 h 0 min"),
        (100_000, "27 h 46 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    event = Finished("compare", 3, 0, seconds)
    line = progress_text(event, total=3, seconds=0)
    assert line == f"compare: finished, 3 items, {text}"


@pytest.mark.parametrize(("done", "total"), [(0, 5), (5, 5), (6, 5)])
def test_no_guess_without_grounds(done: int, total: int) -> None:
    line = progress_text(Advanced("compare", done), total=total, seconds=60)
    assert line == f"compare: {done} of {total}"


def test_a_terminal_gets_bars() -> None:
    stream = Terminal()
    with show_progress(stream) as listen:
        listen(Started("prepare", 3))
        listen(Advanced("prepare", 2, failed=1))
        listen(Started("index"))
        listen(Advanced("index", 2))
        listen(Finished("index", 2, 0, 1.0))
        listen(Finished("prepare", 3, 1, 1.0))
    text = stream.getvalue()
    assert "prepare" in text
    assert "3/3" in text
    assert "1 failed" in text
    assert "2/2" in text


def test_a_file_gets_lines() -> None:
    stream = io.StringIO()
    with show_progress(stream) as listen:
        listen(Started("prepare", 3))
    assert stream.getvalue() == "prepare: started, 3 items\n"


def test_markup_in_a_stage_name_stays_text() -> None:
    stream = Terminal()
    with show_progress(stream) as listen:
        listen(Started("compare [red]A[/red]", 3))
    assert "[red]A[/red]" in stream.getvalue()
