"""Earlier reports of an output folder, kept when another question is asked there.

Before a report is replaced by one that says something else, all of it is kept in
``OUT/earlier/<date>-<run>/``: public files, ``internal/``, the log as it stood, and the digests
that seal them, so that it can be read, compared and verified like any other report. The folder
belongs to the owner alone, as ``internal/`` does. The same question asked again on the same data
gives the same figures, and then nothing is kept.

Files are linked, not copied, where the file system can do that: a report is never changed in
place, only replaced. The folder appears by one rename, before anything of the report in its place
is touched, so a run that is killed at any point leaves the earlier report whole in one of the two
places.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

from headrisk.errors import InputError
from headrisk.run.audit import LOG
from headrisk.run.scratch import UNFINISHED, scratch_folder, taking_turns
from headrisk.run.seal import EARLIER, INTERNAL_RUN, SEAL, Seal, read_seal, require_one_run

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def keep_earlier(out: Path, report_json: bytes) -> Path | None:
    """Keep the report in ``out`` where it says something else than ``report_json``.

    A report that is damaged, that was edited, or whose files are of two runs (what a kill during
    its replacement leaves) is not kept: nothing could vouch for it.

    Parameters
    ----------
    out
        Output folder.
    report_json
        Content of the ``report.json`` that will take its place.

    Returns
    -------
    Path or None
        Where the report is kept; None where there is none, it says the same, or it is damaged.
    """
    seal = _whole(out)
    if seal is None or (out / "report.json").read_bytes() == report_json:
        return None
    place = out / EARLIER / f"{_date(out)}-{seal.run[:8]}"
    with taking_turns(out), scratch_folder(out, UNFINISHED) as scratch:
        if place.exists():  # a run was killed after this step
            return place
        stage = scratch / "report"
        stage.mkdir(mode=0o700)
        for name in (*seal.files, SEAL):
            if (out / name).is_file():
                _link(out / name, stage / name)
        if (out / LOG).is_file():  # copied, since it is written on in place
            shutil.copy2(out / LOG, stage / LOG)
        if _same_run(out, seal):
            for folder, _, names in os.walk(out / "internal"):
                for name in names:
                    path = Path(folder) / name
                    _link(path, stage / path.relative_to(out))
        place.parent.mkdir(mode=0o700, exist_ok=True)
        stage.rename(place)
    return place


def _whole(out: Path) -> Seal | None:
    """The seal of a report whose figures are as its run wrote them, else None."""
    try:
        seal = read_seal(out)
        require_one_run(out)
    except (InputError, OSError):
        return None
    return seal if (out / "report.json").is_file() else None


def _same_run(out: Path, seal: Seal) -> bool:
    """Whether ``internal/`` is of the run that wrote the public files."""
    try:
        told = json.loads((out / "internal" / INTERNAL_RUN).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and told.get("run") == seal.run


def _date(out: Path) -> str:
    """The day on which the report's run started, as ``report-run.json`` tells it."""
    try:
        started = str(json.loads((out / "report-run.json").read_bytes()).get("started", ""))
    except (OSError, ValueError, AttributeError):
        started = ""
    found = _DATE.match(started)
    return found[0] if found else "undated"


def _link(source: Path, target: Path) -> None:
    """A second name for a file, or a copy where the file system has no links."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target)
