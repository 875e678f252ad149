"""What a run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from headrisk.dataset.gather import Source
from headrisk.run.events import Listener, ignore
from headrisk.settings import Settings


@dataclass(frozen=True)
class Job:
    """What to audit and where the results go.

    Attributes
    ----------
    sources
        The data sets; the first is the one to be shared, the others are what an attacker holds.
        With one alone, its own sessions are compared.
    out
        Output folder.
    processes
        Worker processes; changes how fast results come, never what they are.
    work_dir
        Where DICOM series are converted; ``out/work`` if None.
    participants, sessions
        Labels to restrict to; all if empty.
    listen
        Told about progress.
    """

    sources: tuple[Source, ...]
    out: Path
    settings: Settings = field(default_factory=Settings)
    processes: int = 1
    work_dir: Path | None = None
    participants: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    listen: Listener = ignore
