"""Results: kept part by part, so that a broken-off run can go on, and written into a page."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def kept(folder: Path | None, name: str, make: Callable[[], Any]) -> Any:
    """What ``make`` gives, from ``folder`` if it was made before; made afresh without a folder."""
    if folder is None:
        return make()
    path = folder / (re.sub(r"[^A-Za-z0-9.-]+", "_", name) + ".json")
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    found = make()
    folder.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(f".{os.getpid()}.tmp")
    half.write_text(json.dumps(found), encoding="utf-8")
    half.replace(path)
    return found


def write_between(page: Path, mark: str, lines: Sequence[str]) -> None:
    """Put lines in the place of those that stand between the marks of a table in a page."""
    first, last = f"<!-- begin {mark} -->", f"<!-- end {mark} -->"
    before, rest = page.read_text("utf-8").split(first, 1)
    after = rest.split(last, 1)[1]
    page.write_text("\n".join([before + first, "", *lines, last]) + after, "utf-8")
