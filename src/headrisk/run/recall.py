"""Results of many tasks: from the store where it has them, computed and stored where not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from headrisk.errors import StoreError
from headrisk.run.engine import WorkerLost, Workers, run_tasks
from headrisk.run.entry import Entry
from headrisk.run.store import Store

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Kept(Generic[T, R]):
    """How a result goes into the store and comes back.

    ``entry`` gives None for a result that is not to be kept, such as a failure that another
    machine may not have. ``lost`` makes the result of a task whose worker died.
    """

    entry: Callable[[R], Entry | None]
    restore: Callable[[T, Entry], R]
    lost: Callable[[T, WorkerLost], R]


def recall_or_run(
    function: Callable[[T], R],
    tasks: Sequence[T],
    keys: Sequence[str],
    kept: Kept[T, R],
    store: Store,
    *,
    processes: Workers,
    on_results: Callable[[Sequence[R]], None],
    on_damage: Callable[[StoreError], None],
    known: Sequence[R | None] = (),
) -> list[R]:
    """One result per task, in the order of the tasks.

    Parameters
    ----------
    function
        As for :func:`headrisk.run.engine.run_tasks`.
    tasks, keys
        What to compute, and the store key of each result.
    on_results
        Called once with all stored results, then with each new one as it comes.
    on_damage
        Told of every damaged entry, which is then computed again.
    known
        For each task its result where this run has it already, though a store keeps none.

    Raises
    ------
    StoreError
        A result cannot be stored.
    """
    found = {place: one for place, one in enumerate(known) if one is not None}
    for place, (task, key) in enumerate(zip(tasks, keys, strict=True)):
        entry = None if place in found else store.recall(key, on_damage=on_damage)
        if entry is not None:
            found[place] = kept.restore(task, entry)
    on_results(list(found.values()))
    missing = [place for place in range(len(tasks)) if place not in found]

    def done(index: int, result: R | WorkerLost) -> None:
        place = missing[index]
        if isinstance(result, WorkerLost):
            result = kept.lost(tasks[place], result)
        entry = kept.entry(result)
        if entry is not None:
            store.write(keys[place], entry)
        found[place] = result
        on_results([result])

    run_tasks(function, [tasks[place] for place in missing], processes=processes, on_done=done)
    return [found[place] for place in range(len(tasks))]
