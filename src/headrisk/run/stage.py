"""One stage of a run: its progress and its cost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from headrisk.run.events import Advanced, Event, Finished, Listener, Started
from headrisk.run.provenance import CostLog


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
