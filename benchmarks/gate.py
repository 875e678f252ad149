"""Compare the ratios of this run with the recorded ones; a slower one by more than 20 % fails.

    python benchmarks/gate.py [--record]

``make bench`` runs this last. ``benchmarks/recorded.json`` holds, for every script, headrisk's cost
over another tool's for the same work in the same run (smaller is better), which depends far less on
the machine than seconds do. A ratio that is missing from this run is said and does not fail, since
tools are optional; a script that left no record does fail. ``--record`` takes this run as the
record.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from measuring import RECORDS, machine

RECORDED = Path(__file__).with_name("recorded.json")
WORSE = 1.2


def compare(
    recorded: dict[str, dict[str, float]], measured: dict[str, dict[str, float]]
) -> tuple[list[str], list[str]]:
    """What got slower, and what could not be compared; both as lines to print.

    Parameters
    ----------
    recorded, measured
        Script to name of ratio to ratio.
    """
    slower, missing = [], []
    for script, ratios in recorded.items():
        if script not in measured:
            slower.append(f"{script}: left no record")
            continue
        for name, old in ratios.items():
            new = measured[script].get(name)
            if new is None:
                missing.append(f"{script}: {name}: not measured this time")
            elif not new <= WORSE * old:
                slower.append(f"{script}: {name}: {new:.3g}, recorded {old:.3g}")
    return slower, missing


def read(folder: Path) -> dict[str, dict[str, Any]]:
    """The records of a run, by script."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def main() -> int:
    """Compare or record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="take this run as the record")
    parser.add_argument("--folder", type=Path, default=RECORDS, help="records of this run")
    arguments = parser.parse_args()
    found = read(arguments.folder)
    measured = {script: one["ratios"] for script, one in found.items()}
    if arguments.record:
        held = {"machine": machine(), "ratios": measured}
        RECORDED.write_text(json.dumps(held, indent=2, sort_keys=True) + "\n")
        print(f"recorded {sum(map(len, measured.values()))} ratios")
        return 0
    recorded = json.loads(RECORDED.read_text())["ratios"]
    slower, missing = compare(recorded, measured)
    for line in missing:
        print(line)
    for line in slower:
        print(f"SLOWER  {line}")
    total = sum(map(len, recorded.values()))
    print(f"{total} recorded ratios, {len(slower)} worse by more than {100 * (WORSE - 1):.0f} %")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
