"""Count the modules of headrisk that a run passes through.

    python tools/modules_passed.py audit DATASET OUT --no-faces --only brain --nprocs 1
    python tools/modules_passed.py scan IMAGE

A module counts where one of its functions is called after the imports. An audit is counted at its
second run, when everything is stored; ``scan`` prepares one image, from file to fingerprint.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import headrisk


def passed(work: Callable[[], object]) -> Counter[str]:
    """Functions called, by module."""
    seen: set[tuple[str, str]] = set()

    def note(frame: FrameType, event: str, arg: object) -> None:
        module = frame.f_globals.get("__name__", "")
        if event == "call" and module.startswith("headrisk") and frame.f_code.co_name != "<module>":
            seen.add((module, frame.f_code.co_qualname if sys.version_info >= (3, 11) else ""))

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return Counter(module for module, _ in seen)


def main(words: list[str]) -> None:
    for one in pkgutil.walk_packages(headrisk.__path__, "headrisk."):
        importlib.import_module(one.name)
    if words[0] == "scan":
        from headrisk.brain.prepare import PrepareTask, prepare

        task = PrepareTask("scan", str(Path(words[1])), "T1w", 4, "affine", False)
        found = passed(lambda: prepare(task))
    else:
        from headrisk.cli.main import main as run

        run(words)
        found = passed(lambda: run([*words, "--replace"] if "--replace" in words else words))
    for module, count in sorted(found.items()):
        print(f"{count:4d}  {module}")
    print(f"{len(found)} modules, {found.total()} functions")


if __name__ == "__main__":
    main(sys.argv[1:])
