"""Progress as lines, as bars and as JSON."""

from __future__ import annotations

import ast
import io
import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import headrisk
from headrisk.durations import duration
from headrisk.run.events import (
    STAGES,
    Advanced,
    Event,
    Finished,
    Noted,
    Started,
    progress_json,
    progress_lines,
    progress_text,
    show_progress,
    stage,
    stage_words,
)
from headrisk.run.provenance import CostLog

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "contrib" / "progress.schema.json").read_text("utf-8")
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
        "align brains: started, 100 images",
        "align brains: 30 of 100 images, about 70 seconds left",
        "align brains: 60 of 100 images, 1 failed, about 40 seconds left",
        "align brains: 90 of 100 images, 1 failed, about 10 seconds left",
        "align brains: finished, 100 images, 2 failed, 100 seconds",
    ]


def test_what_an_earlier_run_left_makes_no_hurry() -> None:
    """90 of 100 come at once from the store; the other ten take 10 s each."""
    stream, now = io.StringIO(), [0.0]
    listen = progress_json(stream, clock=lambda: now[0])
    listen(Started("prepare", 100))
    for k in range(6):
        now[0] = 0.1 + 10 * k
        listen(Advanced("prepare", 90 + k))
    told = [json.loads(line) for line in stream.getvalue().splitlines()][1:]
    assert told[0]["seconds_left"] is None
    assert [one["seconds_left"] for one in told[1:]] == [90, 80, 70, 60, 50]


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
        "list the images: started",
        "compare brains: started, 4 pairs",
        "list the images: 7 data sets done",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0.4 seconds"),
        (9.96, "10 seconds"),
        (119.4, "119 seconds"),
        (120, "2.0 minutes"),
        (7199, "120.0 minutes"),
        (100_000, "27.8 hours"),
        (200_000, "2.3 days"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
    line = progress_text(Finished("compare", 3, 0, seconds), total=3)
    assert line == f"compare brains: finished, 3 pairs, {text}"


@pytest.mark.parametrize(("done", "total"), [(0, 5), (5, 5), (6, 5), (1, None)])
def test_no_guess_without_grounds(done: int, total: int | None) -> None:
    stream, now = io.StringIO(), [0.0]
    listen = progress_json(stream, every=0, clock=lambda: now[0])
    listen(Started("compare", total))
    listen(Advanced("compare", 0))
    now[0] = 60.0
    listen(Advanced("compare", done))
    assert json.loads(stream.getvalue().splitlines()[-1])["seconds_left"] is None


def test_a_stage_that_did_less_than_it_began_with_says_so() -> None:
    line = progress_text(Finished("treat", 3, 1, 2.0), total=30)
    assert line == "de-identify images: finished, 3 of 30 images, 1 failed, 2.0 seconds"


def test_work_of_another_name_counts_for_its_stage() -> None:
    """A repair looks at heads; the stage of looking at heads must not hear of it."""
    heard: list[Event] = []
    with stage("repair: mine", 3, CostLog(), heard.append) as listen:
        listen(Advanced("look at heads", 3, 1))
    assert [one.stage for one in heard if not isinstance(one, Noted)] == ["repair: mine"] * 3
    assert isinstance(heard[-1], Finished)
    assert (heard[-1].done, heard[-1].failed) == (3, 1)


def test_every_stage_of_the_code_has_words() -> None:
    """Names are gathered from the calls of ``stage`` and from the STAGE constants."""
    names: set[str] = set()
    for path in Path(headrisk.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                targets = [t.id for t in node.targets if isinstance(t, ast.Name)]
                if any(t == "STAGE" or t.endswith("_STAGE") for t in targets):
                    names.add(str(node.value.value))
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id != "stage" or not node.args:
                continue
            first = node.args[0]
            if isinstance(first, ast.JoinedStr):
                first = first.values[0]
            if isinstance(first, ast.Constant):
                names.add(str(first.value).removesuffix(": "))
    assert len(names) > 15
    assert names <= STAGES.keys()
    assert stage_words("prepare: quick: er").title == "align brains (quick: er)"


EVENTS = st.one_of(
    st.builds(Started, st.sampled_from([*STAGES, "own", "repair: x"]), st.none() | st.integers(0)),
    st.builds(Advanced, st.sampled_from([*STAGES]), st.integers(0), st.integers(0)),
    st.builds(
        Finished,
        st.sampled_from([*STAGES, "own"]),
        st.integers(0),
        st.integers(0),
        st.floats(0, 1e7),
    ),
    st.builds(Noted, st.text()),
)


@given(st.lists(st.tuples(EVENTS, st.floats(0, 1e4)), max_size=12))
def test_json_lines_follow_their_schema(events: list[tuple[Event, float]]) -> None:
    stream, now = io.StringIO(), [0.0]
    listen = progress_json(stream, clock=lambda: now[0])
    for event, seconds in events:
        now[0] += seconds
        listen(event)
    text = stream.getvalue()
    assert text.isascii()
    for line in text.splitlines():
        jsonschema.validate(json.loads(line), SCHEMA)


def test_the_schema_refuses_what_is_not_told() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"event": "progress", "stage": "prepare"}, SCHEMA)


@pytest.mark.parametrize("columns", ["20", "40", "59", "60", "120"])
def test_a_terminal_gets_bars(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with show_progress(stream) as listen:
        listen(Started("prepare", 3))
        listen(Advanced("prepare", 2, failed=1))
        listen(Started("index"))
        listen(Advanced("index", 2))
        listen(Finished("index", 2, 0, 1.0))
        listen(Finished("prepare", 3, 1, 1.0))
    text = stream.getvalue()
    if int(columns) >= 40:
        assert "align brains" in text
        assert "1 failed" in text
    assert "3/3" in text
    assert "2/2" in text


def test_no_colour_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with show_progress(stream) as listen:
        listen(Started("prepare", 3))
        listen(Finished("prepare", 3, 0, 1.0))
    assert "align brains" in stream.getvalue()
    assert "\x1b[3" not in stream.getvalue()  # the codes of colours begin so


@pytest.mark.parametrize("terminal", ["dumb", "unknown"])
def test_a_terminal_without_a_cursor_gets_lines(
    terminal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", terminal)
    stream = Terminal()
    with show_progress(stream) as listen:
        listen(Started("prepare", 3))
    assert stream.getvalue() == "align brains: started, 3 images\n"


def test_a_file_gets_lines() -> None:
    stream = io.StringIO()
    with show_progress(stream) as listen:
        listen(Started("prepare", 3))
    assert stream.getvalue() == "align brains: started, 3 images\n"


def test_quiet_keeps_what_one_should_know() -> None:
    stream = io.StringIO()
    with show_progress(stream, "none") as listen:
        listen(Started("prepare", 3))
        listen(Noted("2 entries were damaged."))
        listen(Finished("prepare", 3, 0, 1.0))
    assert stream.getvalue() == "2 entries were damaged.\n"


def test_markup_in_a_stage_name_stays_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with show_progress(stream) as listen:
        listen(Started("compare: [red]A[/red]", 3))
    assert "[red]A[/red]" in stream.getvalue()
