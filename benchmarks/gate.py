"""Judge the ratios of this run; exit code 1 where headrisk got slower.

    python benchmarks/gate.py [--record [--only]]

``make bench`` runs this last. Three things are compared, all smaller-is-better ratios of two costs
measured in one run:

*pairs*, the chain over itself at the recorded commit, round by round. Both sides ran on the same
processor within minutes, so this holds anywhere: a median over rounds above ``CHAIN_WORSE`` fails.

*ratios*, headrisk over another tool for the same work. Two programs do not gain alike from another
processor: ratios of small kernels differed by up to ``BETWEEN_PROCESSORS``. They fail only beside
a record of the same processor: one above ``WORSE`` times the recorded one, or the median change of
a script's ratios (three or more) above ``SCRIPT_WORSE``, which a slow-down of all shows before
each one. Elsewhere those beyond the spread between processors are told as warnings.

*silence*: a script that left no record fails, and so does a run in which neither the pairs nor a
record of this processor could be compared. A single ratio that is missing is said and does not
fail, since the other tools are optional.

``--record`` takes this run as the record of this processor, and the present commit as the one to
compare the chain with. Records of other processors stay; ``--only`` drops them, after a change that
is meant to cost more.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measuring import RECORDED, RECORDS, git, machine

WORSE = 1.2
SCRIPT_WORSE = 1.15
CHAIN_WORSE = 1.1
BETWEEN_PROCESSORS = 1.7
FEWEST_ROUNDS = 3

Ratios = dict[str, dict[str, float]]
"""Script to name of ratio to ratio."""


@dataclass
class Verdict:
    """Lines to print: what fails the run, what is only told, and how many figures were compared."""

    slower: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    compared: int = 0


def judge_ratios(recorded: Ratios, measured: Ratios, verdict: Verdict) -> None:
    """Compare with a record of the same processor."""
    for script, ratios in recorded.items():
        if script not in measured:
            verdict.slower.append(f"{script}: left no record")
            continue
        changes = []
        for name, old in ratios.items():
            new = measured[script].get(name)
            if new is None:
                verdict.told.append(f"{script}: {name}: not measured this time")
                continue
            changes.append(new / old)
            if not new <= WORSE * old:
                verdict.slower.append(f"{script}: {name}: {new:.3g}, recorded {old:.3g}")
        verdict.compared += len(changes)
        if len(changes) > 2 and not statistics.median(changes) <= SCRIPT_WORSE:
            verdict.slower.append(
                f"{script}: {len(changes)} ratios at {statistics.median(changes):.2f} times the "
                "recorded ones (median)"
            )


def judge_elsewhere(others: list[Ratios], measured: Ratios, verdict: Verdict) -> None:
    """Warn of what is beyond the spread between processors; only silence fails."""
    for script in sorted({name for one in others for name in one}):
        if script not in measured:
            verdict.slower.append(f"{script}: left no record")
            continue
        for name, new in measured[script].items():
            known = [one[script][name] for one in others if name in one.get(script, {})]
            if known and not new <= BETWEEN_PROCESSORS * max(known):
                verdict.told.append(
                    f"{script}: {name}: {new:.3g}, at most {max(known):.3g} on other processors"
                )


def judge_pairs(pairs: dict[str, list[float]], verdict: Verdict) -> None:
    """The chain over itself at the recorded commit; holds on any processor."""
    for name, ratios in pairs.items():
        if len(ratios) < FEWEST_ROUNDS:
            verdict.told.append(f"{name}: only {len(ratios)} rounds, not judged")
            continue
        middle = statistics.median(ratios)
        verdict.compared += 1
        line = f"{name}: {middle:.3f} (median of {len(ratios)} rounds)"
        (verdict.told if middle <= CHAIN_WORSE else verdict.slower).append(line)


def judge(recorded: dict[str, Any], found: dict[str, dict[str, Any]], processor: str) -> Verdict:
    """What a run says beside the records.

    Parameters
    ----------
    recorded
        Content of ``recorded.json``.
    found
        Records of this run, by script.
    processor
        That of this machine, as `measuring.machine` names it.
    """
    verdict = Verdict()
    measured = {script: one["ratios"] for script, one in found.items()}
    for one in found.values():
        judge_pairs(one.get("pairs", {}), verdict)
    known = recorded["processors"]
    if processor in known:
        judge_ratios(known[processor]["ratios"], measured, verdict)
    else:
        verdict.told.append(f"no record of this processor ({processor}): ratios only warn")
        judge_elsewhere([one["ratios"] for one in known.values()], measured, verdict)
    if not verdict.compared:
        verdict.slower.append(
            f"nothing could be compared: expected git with commit {recorded['commit']}, or a "
            "record of this processor (gate.py --record)"
        )
    return verdict


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """The records of a run, by script."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def keep(recorded: dict[str, Any], found: dict[str, dict[str, Any]], commit: str) -> dict[str, Any]:
    """The records with this run as that of its processor."""
    ratios = {script: one["ratios"] for script, one in found.items()}
    own = {"commit": commit, "machine": machine(), "ratios": ratios}
    known = {**recorded.get("processors", {}), machine()["processor"]: own}
    return {"commit": commit, "processors": known}


def main() -> int:
    """Compare or record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="take this run as the record")
    parser.add_argument("--only", action="store_true", help="with --record: drop the other records")
    parser.add_argument("--folder", type=Path, default=RECORDS, help="records of this run")
    arguments = parser.parse_args()
    found = read(arguments.folder)
    recorded = json.loads(RECORDED.read_text()) if RECORDED.is_file() else {}
    if arguments.record:
        held = keep({} if arguments.only else recorded, found, _commit())
        RECORDED.write_text(json.dumps(held, indent=2, sort_keys=True) + "\n")
        print(f"recorded {sum(len(one['ratios']) for one in found.values())} ratios")
        return 0
    verdict = judge(recorded, found, machine()["processor"])
    for line in verdict.told:
        print(line)
    for line in verdict.slower:
        print(f"SLOWER  {line}")
    print(f"{verdict.compared} figures compared, {len(verdict.slower)} faults")
    return 1 if verdict.slower else 0


def _commit() -> str:
    """The commit that stands here, by which the chain of later runs is measured."""
    found = git("rev-parse", "--short=12", "HEAD")
    if found is None:
        raise SystemExit("recording needs a git checkout: the record names the commit")
    return found.decode().strip()


if __name__ == "__main__":
    sys.exit(main())
