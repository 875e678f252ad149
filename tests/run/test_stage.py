"""One stage: what it announces and what it records, in success and in failure."""

from __future__ import annotations

import pytest

from headrisk.errors import InputError
from headrisk.run.events import Advanced, Event, Finished, Started, stage
from headrisk.run.provenance import CostLog


def test_a_stage_tells_its_start_its_progress_and_its_end() -> None:
    heard: list[Event] = []
    log = CostLog()
    with stage("prepare", 5, log, heard.append) as listen:
        listen(Advanced("prepare", 2, 1))
        listen(Advanced("prepare", 4, 2))
        assert log.costs == []
    assert heard[:3] == [
        Started("prepare", 5),
        Advanced("prepare", 2, 1),
        Advanced("prepare", 4, 2),
    ]
    (last,) = heard[3:]
    assert isinstance(last, Finished)
    assert (last.stage, last.done, last.failed) == ("prepare", 4, 2)
    (cost,) = log.costs
    assert cost.stage == "prepare"
    assert 0 <= last.seconds <= cost.wall_seconds + 0.5


@pytest.mark.parametrize(("total", "done"), [(3, 3), (0, 0), (None, 0)])
def test_a_stage_that_says_nothing_did_everything(total: int | None, done: int) -> None:
    heard: list[Event] = []
    with stage("index", total, CostLog(), heard.append):
        pass
    assert heard[0] == Started("index", total)
    last = heard[-1]
    assert isinstance(last, Finished)
    assert (last.done, last.failed) == (done, 0)


def test_a_stage_that_fails_still_costs_and_never_finishes() -> None:
    heard: list[Event] = []
    log = CostLog()

    def fail() -> None:
        with stage("index", 2, log, heard.append) as listen:
            listen(Advanced("index", 1))
            raise InputError("index", found="no scans")

    with pytest.raises(InputError, match="no scans"):
        fail()
    assert [cost.stage for cost in log.costs] == ["index"]
    assert heard == [Started("index", 2), Advanced("index", 1)]


def test_stages_follow_one_another_in_the_log() -> None:
    log = CostLog()
    for name in ("index", "prepare", "compare"):
        with stage(name, None, log, lambda event: None):
            sum(range(200_000))
    assert [cost.stage for cost in log.costs] == ["index", "prepare", "compare"]
    assert all(cost.cpu_seconds > 0 and cost.peak_mb > 1 for cost in log.costs)
