"""Results come from the store where it has them, whatever order and state they are in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from headrisk.errors import StoreError
from headrisk.io.digests import entry_key
from headrisk.run.engine import WorkerLost
from headrisk.run.store import Entry, Kept, Store, open_store, recall_or_run


@dataclass(frozen=True)
class Square:
    number: int
    value: int | None
    computed: bool = True


def square(number: int) -> Square:
    return Square(number, None if number < 0 else number * number)


def explode(number: int) -> Square:
    raise AssertionError(f"{number} was computed again")


KEPT = Kept[int, Square](
    entry=lambda r: None if r.value is None else Entry({"v": np.array([r.value])}, {}),
    restore=lambda task, entry: Square(task, int(entry.arrays["v"][0]), computed=False),
    lost=lambda task, lost: Square(task, None),
)


def keys(numbers: Sequence[int]) -> list[str]:
    return [entry_key("square", 1, {"n": n}, []) for n in numbers]


def ask(store: Store, numbers: list[int], function=square, damage=None):  # type: ignore[no-untyped-def]
    seen: list[list[int]] = []
    found = recall_or_run(
        function,
        numbers,
        keys(numbers),
        KEPT,
        store,
        processes=1,
        on_results=lambda results: seen.append([r.number for r in results]),
        on_damage=[].append if damage is None else damage.append,
    )
    return found, seen


def test_new_results_are_computed_in_order_and_kept(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    found, seen = ask(store, [3, 1, 2])
    assert [r.value for r in found] == [9, 1, 4]
    assert seen == [[], [3], [1], [2]]
    again, seen = ask(store, [2, 3], explode)
    assert [(r.value, r.computed) for r in again] == [(4, False), (9, False)]
    assert seen == [[2, 3]]


def test_stored_and_missing_results_mix_in_the_order_asked_for(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    ask(store, [5, 7])
    found, seen = ask(store, [6, 5, 8, 7])
    assert [(r.value, r.computed) for r in found] == [
        (36, True),
        (25, False),
        (64, True),
        (49, False),
    ]
    assert seen == [[5, 7], [6], [8]]


def test_results_without_an_entry_are_not_kept(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    assert ask(store, [-2])[0] == [Square(-2, None)]
    with pytest.raises(AssertionError, match="-2 was computed again"):
        ask(store, [-2], explode)


def test_a_damaged_entry_is_reported_and_computed_again(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    ask(store, [4])
    next(tmp_path.rglob("v.npy")).write_bytes(b"junk")
    damage: list[StoreError] = []
    found, _ = ask(store, [4], damage=damage)
    assert (found[0].value, found[0].computed, len(damage)) == (16, True, 1)
    assert ask(store, [4], explode)[0][0].value == 16


def test_a_lost_worker_costs_its_own_task_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_second(function, tasks, *, processes, on_done):  # type: ignore[no-untyped-def]
        for index, task in enumerate(tasks):
            on_done(index, WorkerLost(index) if index == 1 else function(task))

    monkeypatch.setattr("headrisk.run.store.run_tasks", lose_second)
    found, _ = ask(open_store(tmp_path), [1, 2, 3])
    assert [r.value for r in found] == [1, None, 9]
