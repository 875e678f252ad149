"""The table of photographs: whose they are, and which may be used."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from headrisk.dataset.labels import plain_label
from headrisk.errors import InputError
from headrisk.io.tsv import Row, read_tsv

PhotoStatus = Literal["ok", "refused", "failed", "unknown person"]

COLUMNS = ("participant_id", "path", "consent_id", "expires")


@dataclass(frozen=True)
class Photo:
    """One row of the table of photographs, and whether it may be used.

    Attributes
    ----------
    participant_id
        Without ``sub-``.
    path
        Absolute path of the image.
    status
        ``refused`` without valid consent, ``failed`` where there is no such file or no face,
        ``unknown person`` for a usable photograph of somebody who is not in the data set.
    reason
        Why the status is not ``ok``; "" if it is.
    """

    participant_id: str
    path: str
    consent_id: str
    status: PhotoStatus
    reason: str = ""

    @property
    def usable(self) -> bool:
        """Whether it may be asked for; a stranger's has no mate."""
        return self.status in ("ok", "unknown person")


def list_photos(table: Path, people: frozenset[str], today: date) -> tuple[Photo, ...]:
    """Read the table of photographs and decide which may be used; no row is dropped.

    Parameters
    ----------
    table
        Tab-separated, with columns ``participant_id``, ``path`` (absolute, or relative to the
        table), ``consent_id`` and ``expires`` (YYYY-MM-DD, the last day of consent).
    people
        The people of the data set, with or without ``sub-``.
    today
        The day to which consent must hold.

    Raises
    ------
    InputError
        The table cannot be read or lacks a column.
    """
    rows = read_tsv(table)
    absent = [name for name in COLUMNS if rows and name not in rows[0].values]
    if absent or not rows:
        raise InputError(
            str(table),
            found=f"no column {', '.join(absent)}" if absent else "no photographs",
            expected=f"columns {', '.join(COLUMNS)} and a line for each photograph",
            remedy="Correct the file and run again.",
        )
    known = frozenset(plain_label(person, "sub") for person in people)
    folder = table.absolute().parent
    places = [os.path.realpath(folder / row.values["path"]) for row in rows]
    owners = {
        (place, plain_label(row.values["participant_id"], "sub"))
        for row, place in zip(rows, places, strict=True)
    }
    shared = Counter(place for place, _ in owners)
    seen: set[str] = set()
    found = []
    for row, place in zip(rows, places, strict=True):
        status, reason = _judge(row, place, known, today, shared[place] > 1, place in seen)
        seen.add(place)
        person = plain_label(row.values["participant_id"], "sub")
        found.append(Photo(person, place, row.values["consent_id"], status, reason))
    return tuple(found)


def _judge(
    row: Row, place: str, known: frozenset[str], today: date, shared: bool, repeated: bool
) -> tuple[PhotoStatus, str]:
    person = plain_label(row.values["participant_id"], "sub")
    if not person:
        return "refused", f"no participant_id in line {row.line}"
    if not row.values["path"]:
        return "failed", f"no path in line {row.line}"
    refusal = _consent_refusal(row, today)
    if refusal:
        return "refused", refusal
    if shared:
        return "refused", "the same file is listed for two people"
    if repeated:
        return "refused", "the same file is listed twice"
    try:
        if not Path(place).is_file():
            return "failed", "no such file"
    except OSError as error:
        return "failed", error.strerror or str(error)
    except ValueError as error:
        return "failed", str(error)
    if person not in known:
        return "unknown person", "nobody of this name in the data set"
    return "ok", ""


def _consent_refusal(row: Row, today: date) -> str:
    """Why the row's consent does not hold on the day; "" if it does."""
    if not row.values["consent_id"]:
        return "no consent_id"
    if not row.values["expires"]:
        return "no day until which consent holds"
    try:
        last = date.fromisoformat(row.values["expires"])
    except ValueError:
        return f"'{row.values['expires']}' is not a day (YYYY-MM-DD)"
    return f"consent expired on {last}" if last < today else ""
