"""Progress: what a run tells about itself while it works, and two ways to show it.

The library never prints. A stage hands events to a *listener*, which is any function of one
event; the command line makes a listener that writes to a stream of its choice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO


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


@contextmanager
def show_progress(stream: TextIO) -> Iterator[Listener]:
    """A listener that shows progress on ``stream``: bars on a terminal, lines elsewhere."""
    if stream.isatty():
        with show_bars(stream) as listener:
            yield listener
    else:
        yield progress_lines(stream)


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
    started: dict[str, tuple[float, int | None]] = {}
    written: dict[str, float] = {}

    def listen(event: Event) -> None:
        now = clock()
        if isinstance(event, Noted):
            stream.write(event.text + "\n")
            stream.flush()
            return
        if isinstance(event, Started):
            started[event.stage] = (now, event.total)
        elif isinstance(event, Advanced) and now - written.get(event.stage, now) < every:
            return
        written[event.stage] = now
        since, total = started.get(event.stage, (now, None))
        stream.write(progress_text(event, total=total, seconds=now - since) + "\n")
        stream.flush()

    return listen


def progress_text(
    event: Started | Advanced | Finished, *, total: int | None, seconds: float
) -> str:
    """One line on an event.

    Parameters
    ----------
    event
        What happened.
    total
        Number of items of the stage, None where that is not known.
    seconds
        Time since the stage started; the remaining time is estimated from it.
    """
    if isinstance(event, Started):
        return f"{event.stage}: started" + ("" if event.total is None else f", {event.total} items")
    failed = f", {event.failed} failed" if event.failed else ""
    if isinstance(event, Finished):
        return f"{event.stage}: finished, {event.done} items{failed}, {_duration(event.seconds)}"
    if total is None:
        return f"{event.stage}: {event.done} done{failed}"
    left = ""
    if 0 < event.done < total:
        left = f", about {_duration(seconds * (total - event.done) / event.done)} left"
    return f"{event.stage}: {event.done} of {total}{failed}{left}"


@contextmanager
def show_bars(stream: TextIO) -> Iterator[Listener]:
    """A listener that draws one bar for each stage on the terminal behind ``stream``."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        Remaining(elapsed_when_finished=True),
    )
    with Progress(*columns, console=Console(file=stream)) as bars:
        tasks = {}

        def listen(event: Event) -> None:
            if isinstance(event, Noted):
                bars.console.print(event.text, markup=False, highlight=False, soft_wrap=True)
                return
            if isinstance(event, Started):
                tasks[event.stage] = bars.add_task(event.stage, total=event.total, note="")
                return
            note = f"{event.failed} failed" if event.failed else ""
            if isinstance(event, Finished):
                bars.update(tasks[event.stage], total=event.done, completed=event.done, note=note)
            else:
                bars.update(tasks[event.stage], completed=event.done, note=note)

        yield listen


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
