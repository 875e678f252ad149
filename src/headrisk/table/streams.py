"""FreeSurfer's longitudinal stream, told from the names of its results.

``TP.long.BASE`` is the session TP processed with the template BASE, which was made from all
sessions of one person; TP alone is the same session processed on its own, and BASE the template
(https://surfer.nmr.mgh.harvard.edu/fswiki/LongitudinalProcessing). So these names also say which
sessions are one person's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LONG = ".long."


@dataclass(frozen=True)
class Streams:
    """Which results take part, and which sessions the template names join.

    ``kept`` are the names that take part. ``base`` maps a session to its person's template.
    """

    kept: frozenset[str]
    base: dict[str, str]
    notes: tuple[str, ...]

    def person(self, name: str) -> tuple[str, str]:
        """Person and session of a result whose name says neither: template and session name."""
        session = session_of(name)
        base = self.base.get(session)
        return (base, session) if base else (session, "")


def session_of(name: str) -> str:
    """``TP`` of ``TP.long.BASE``, and any other name as it is."""
    return name.split(_LONG, 1)[0]


def streams(names: Sequence[str], subject: str) -> Streams:
    """Leave out templates, and longitudinal results of sessions that have an independent one.

    The longitudinal result shares a template with the person's other sessions, so it would link
    them by more than the brain.
    """
    there = set(names)
    base = {session_of(name): name.split(_LONG, 1)[1] for name in there if _LONG in name}
    kept = {
        name
        for name in there - set(base.values())
        if _LONG not in name or session_of(name) not in there
    }
    notes = []
    if len(kept) < len(there):
        notes.append(
            f"{subject}: {len(there) - len(kept)} longitudinal results and person templates were "
            "left out, as independent results are there."
        )
    if any(_LONG in name for name in kept):
        notes.append(
            f"{subject}: results of the longitudinal stream share a template within a person; they "
            "link people more easily than independent results."
        )
    return Streams(frozenset(kept), base, tuple(notes))
