"""Progress: the stages of a run, what it tells about itself while it works, how it is shown.

The library never prints. A stage hands events to a *listener*, which is any function of one
event; the command line makes a listener that writes to a stream of its choice.

The stages of a run in words that a reader knows, and what each of them counts.

The code, the log and ``report-run.json`` know a stage by its name (``prepare``); whoever watches a
run reads its title ("align brains"). A stage of one de-identified data set is ``STAGE: NAME``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TextIO

from headrisk.durations import duration
from headrisk.errors import visible
from headrisk.run.provenance import CostLog

# ----------------------------------------------------------------------
# One stage of a run: its progress and its cost.
# ----------------------------------------------------------------------


@contextmanager
def stage(name: str, total: int | None, log: CostLog, listen: Listener) -> Iterator[Listener]:
    """Announce a stage, measure its cost, and say how it ended.

    Yields a listener for the stage's own ``Advanced`` events; what they say last is what the
    closing event reports. They count for this stage whatever name they come under: the same work
    is done in several stages.
    """
    last = {"done": total or 0, "failed": 0}

    def advanced(event: Event) -> None:
        if isinstance(event, Advanced):
            last.update(done=event.done, failed=event.failed)
            event = replace(event, stage=name)
        listen(event)

    listen(Started(name, total))
    begin = time.monotonic()
    with log.measure(name):
        yield advanced
    listen(Finished(name, last["done"], last["failed"], time.monotonic() - begin))


# ----------------------------------------------------------------------
# Progress: what a run tells about itself while it works, and the ways to show it.
# ----------------------------------------------------------------------


@dataclass(frozen=True)
class StageWords:
    """A stage's title and its unit, in the singular and the plural; no unit, nothing counted."""

    title: str
    one: str = ""
    many: str = ""

    def counted(self, number: int) -> str:
        """``1 image``, ``1,204 images``."""
        return f"{number:,} {self.one if number == 1 else self.many}".rstrip()


_IMAGE, _FILE, _PAIR = ("image", "images"), ("file", "files"), ("pair", "pairs")
STAGES: Mapping[str, StageWords] = {
    "index": StageWords("list the images", "data set", "data sets"),
    "examine images": StageWords("align brains and look at faces", *_IMAGE),
    "prepare": StageWords("align brains", *_IMAGE),
    "simulate": StageWords("simulate second scans", *_IMAGE),
    "compare": StageWords("compare brains", *_PAIR),
    "search": StageWords("search for similar brains", *_IMAGE),
    "examine": StageWords("compare similar images voxel by voxel", *_PAIR),
    "picture": StageWords("draw pairs of images", *_PAIR),
    "look for faces": StageWords("look for faces", *_IMAGE),
    "look at heads": StageWords("render faces from scans", *_IMAGE),
    "read photographs": StageWords("read photographs", "photograph", "photographs"),
    "match": StageWords("compare faces", *_PAIR),
    "tables": StageWords("read tables of measurements", "table", "tables"),
    "compare tables": StageWords("compare tables of measurements", *_PAIR),
    "read metadata": StageWords("read headers and sidecars", *_IMAGE),
    "compare metadata": StageWords("compare headers and sidecars", *_PAIR),
    "evaluate": StageWords("compute rates and intervals", "measure", "measures"),
    "assess": StageWords("estimate the risk"),
    "recall untreated": StageWords("recall the images before de-identification", *_IMAGE),
    "repair": StageWords("repair faces as an attacker would", *_IMAGE),
    "measure damage": StageWords("measure what de-identification cost", *_PAIR),
    "treat": StageWords("de-identify images", *_IMAGE),
    "look": StageWords("look for identifying metadata", *_FILE),
    "clean": StageWords("write the cleaned copy", *_FILE),
    "check": StageWords("check the cleaned copy", *_FILE),
    "make heads": StageWords("make synthetic people", "person", "people"),
}


def stage_words(name: str) -> StageWords:
    """How a stage is called to a reader; an unknown one keeps its name and counts items.

    >>> stage_words("repair: pydeface").title
    'repair faces as an attacker would (pydeface)'
    """
    stem, _, of = name.partition(": ")
    known = STAGES.get(stem, StageWords(stem, "item", "items"))
    return StageWords(f"{known.title} ({of})", known.one, known.many) if of else known


Style = Literal["auto", "bars", "lines", "json", "none"]
NARROW = 60  # columns below which a bar leaves no room for the name of a stage


@dataclass(frozen=True)
class Started:
    """A stage begins. ``total`` is its number of items, None where that is not known."""

    stage: str
    total: int | None = None


@dataclass(frozen=True)
class Advanced:
    """So many items of a stage are done, ``failed`` of them without a usable result."""

    stage: str
    done: int
    failed: int = 0


@dataclass(frozen=True)
class Finished:
    """A stage has ended after so many seconds."""

    stage: str
    done: int
    failed: int
    seconds: float


@dataclass(frozen=True)
class Noted:
    """A sentence the user should read, without labels; no result depends on it."""

    text: str


Event = Started | Advanced | Finished | Noted
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener for callers that want no progress."""


@dataclass
class Tally:
    """Counts what a stage has done, and tells a listener after every addition."""

    stage: str
    listen: Listener
    done: int = 0
    failed: int = 0

    def add(self, failures: Sequence[bool]) -> None:
        """Add items that are done; True for each without a usable result."""
        self.done += len(failures)
        self.failed += sum(failures)
        self.listen(Advanced(self.stage, self.done, self.failed))


@dataclass
class Pace:
    """How fast one stage goes, for a guess of the time that it still takes.

    The guess rests on what was done since the first news of the stage: results that an earlier run
    left come first and all at once, and would make the rest look quick.
    """

    total: int | None
    since: float
    first: tuple[int, float] | None = field(default=None)

    def left(self, done: int, now: float) -> float | None:
        """Seconds that the rest will take, None where nothing tells."""
        if self.first is None:
            self.first = (done, now)
            return None
        before, then = self.first
        if self.total is None or not before < done < self.total:
            return None
        return (now - then) * (self.total - done) / (done - before)


@contextmanager
def show_progress(stream: TextIO, style: Style = "auto") -> Iterator[Listener]:
    """A listener that shows progress on ``stream``.

    ``auto`` draws bars on a terminal that can move its cursor and writes lines elsewhere; ``none``
    writes the notes alone, which are no progress but something to know.
    """
    if style == "auto":
        style = "bars" if _can_draw(stream) else "lines"
    if style == "bars":
        with show_bars(stream) as listener:
            yield listener
    else:
        makers = {"lines": progress_lines, "json": progress_json, "none": only_notes}
        yield makers[style](stream)


def _can_draw(stream: TextIO) -> bool:
    """Whether a terminal can move its cursor; rich is not imported where there is none."""
    if not stream.isatty():
        return False
    from rich.console import Console

    return not Console(file=stream).is_dumb_terminal


def only_notes(stream: TextIO) -> Listener:
    """A listener that writes the notes and nothing else."""

    def listen(event: Event) -> None:
        if isinstance(event, Noted):
            stream.write(visible(event.text) + "\n")
            stream.flush()

    return listen


def progress_lines(
    stream: TextIO, *, every: float = 30.0, clock: Callable[[], float] = time.monotonic
) -> Listener:
    """A listener that writes a line when a stage starts and ends, and between at most every 30 s.

    Parameters
    ----------
    stream
        Where the lines go; it is flushed after each.
    every
        Least time between two lines of one stage, in seconds.
    clock
        Gives the time in seconds.
    """
    paces: dict[str, Pace] = {}
    written: dict[str, float] = {}

    def listen(event: Event) -> None:
        if isinstance(event, Noted):
            stream.write(visible(event.text) + "\n")
            stream.flush()
            return
        now, left = clock(), None
        if isinstance(event, Started):
            paces[event.stage] = Pace(event.total, now)
        pace = paces.setdefault(event.stage, Pace(None, now))
        if isinstance(event, Advanced):
            left = pace.left(event.done, now)
            if now - written.get(event.stage, now) < every:
                return
        written[event.stage] = now
        stream.write(progress_text(event, total=pace.total, left=left) + "\n")
        stream.flush()

    return listen


def progress_json(
    stream: TextIO, *, every: float = 1.0, clock: Callable[[], float] = time.monotonic
) -> Listener:
    """A listener that writes one JSON object a line, for programs that follow a run.

    Every object has ``event``: ``start``, ``progress``, ``end`` or ``note``. The first three name
    the ``stage`` (fixed), its ``title`` (for people), the ``unit`` of what is counted, ``done``,
    ``failed``, ``total`` (null where not known), ``seconds`` since the start and ``seconds_left``
    (null where nothing tells). A note has its ``text``. Of one stage at most one ``progress`` comes
    in ``every`` seconds.
    """
    paces: dict[str, Pace] = {}
    written: dict[str, float] = {}

    def listen(event: Event) -> None:
        now = clock()
        if isinstance(event, Noted):
            write_json_line(stream, {"event": "note", "text": event.text})
            return
        if isinstance(event, Started):
            paces[event.stage] = Pace(event.total, now)
        pace = paces.setdefault(event.stage, Pace(None, now))
        kind, done, failed, left = "start", 0, 0, None
        if isinstance(event, Advanced):
            kind, done, failed = "progress", event.done, event.failed
            left = pace.left(event.done, now)
            if now - written.get(event.stage, now - every) < every:
                return
            written[event.stage] = now
        elif isinstance(event, Finished):
            kind, done, failed, left = "end", event.done, event.failed, 0.0
        words = stage_words(event.stage)
        write_json_line(
            stream,
            {
                "event": kind,
                "stage": event.stage,
                "title": words.title,
                "unit": words.many,
                "done": int(done),
                "failed": int(failed),
                "total": None if pace.total is None else int(pace.total),
                "seconds": round(now - pace.since, 3),
                "seconds_left": None if left is None else round(left, 3),
            },
        )

    return listen


def write_json_line(stream: TextIO, content: dict[str, Any]) -> None:
    """Write one object on a line of its own, in ASCII, and flush."""
    stream.write(json.dumps(content, allow_nan=False) + "\n")
    stream.flush()


def progress_text(
    event: Started | Advanced | Finished, *, total: int | None, left: float | None = None
) -> str:
    """One line on an event.

    Parameters
    ----------
    event
        What happened.
    total
        Number of items of the stage, None where that is not known.
    left
        Seconds that the rest will take, None where nothing tells.
    """
    words = stage_words(event.stage)
    if isinstance(event, Started):
        many = "" if event.total is None or not words.many else f", {words.counted(event.total)}"
        return f"{words.title}: started{many}"
    failed = f", {event.failed:,} failed" if event.failed else ""
    if isinstance(event, Finished):
        short = total is not None and event.done < total
        of = f"{event.done:,} of {words.counted(total)}" if short and total is not None else ""
        done = of or (words.counted(event.done) if event.done and words.many else "")
        said = f", {done}{failed}" if done else failed
        return f"{words.title}: finished{said}, {duration(event.seconds)}"
    if total is None:
        return f"{words.title}: {words.counted(event.done)} done{failed}"
    rest = f", about {duration(left)} left" if left is not None else ""
    return f"{words.title}: {event.done:,} of {words.counted(total)}{failed}{rest}"


@contextmanager
def show_bars(stream: TextIO) -> Iterator[Listener]:
    """A listener that draws one bar for each stage on the terminal behind ``stream``.

    On a narrow terminal the counts stand alone, so that the names of the stages are whole.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining
    from rich.table import Column

    console = Console(file=stream)
    name = TextColumn(
        "{task.description}", markup=False, table_column=Column(overflow="fold", ratio=1)
    )
    counts = (MofNCompleteColumn(), TextColumn("{task.fields[note]}"))
    columns: tuple[ProgressColumn, ...] = (name, *counts)
    if console.width >= NARROW:
        wide = TextColumn("{task.description}", markup=False)
        columns = (wide, BarColumn(), *counts, Remaining(elapsed_when_finished=True))
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, Any] = {}

        def listen(event: Event) -> None:
            if isinstance(event, Noted):
                bars.console.print(
                    visible(event.text), markup=False, highlight=False, soft_wrap=True
                )
                return
            if isinstance(event, Started) or event.stage not in tasks:
                total = event.total if isinstance(event, Started) else None
                title = stage_words(event.stage).title
                tasks[event.stage] = bars.add_task(title, total=total, note="")
            if isinstance(event, Started):
                return
            note = f"{event.failed} failed" if event.failed else ""
            task = tasks[event.stage]
            if isinstance(event, Finished):
                bars.update(task, total=event.done, completed=event.done, note=note)
            else:
                bars.update(task, completed=event.done, note=note)

        yield listen
