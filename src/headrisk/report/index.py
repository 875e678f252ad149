"""The index of the internal page: every person and scan, its states, and what to look at first.

A scan has a line, however many attacks looked at it; so has every image of the data set that none
of them did. States are words of a closed list (``STATES``), by which the page filters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from headrisk.dataset.bids_names import known_suffix
from headrisk.findings.records import Internal, Link, ScanRow, Table
from headrisk.report.words.attacks import title_of
from headrisk.report.words.internal import STATES

FIRST = 25  # rows of each list of what to look at first
_LEFT = ("face", "part", "unclear")


@dataclass(frozen=True)
class Seen:
    """A scan, or an image that no attack looked at.

    ``states`` are keys of ``STATES``; ``lines`` say why, one for each check that had something to
    say; ``score`` is that of its best link, None without one.
    """

    name: str
    person: str
    session: str
    states: tuple[str, ...]
    lines: tuple[str, ...]
    score: float | None = None


@dataclass(frozen=True)
class Person:
    """One person's scans, and every state that one of them has."""

    label: str
    scans: tuple[Seen, ...]
    states: tuple[str, ...]


@dataclass(frozen=True)
class First:
    """What to look at first, for one reason: the first rows, and how many there are."""

    state: str
    scans: tuple[Seen, ...]
    total: int


@dataclass
class _Draft:
    """A scan while its states are gathered."""

    name: str
    person: str
    session: str
    states: set[str]
    lines: list[str]
    score: float | None = None


def index_people(
    internal: Internal,
    measures: Iterable[tuple[str, str]],
    sure: Iterable[tuple[str, str]] | None = None,
) -> tuple[Person, ...]:
    """Every person with all scans and images, in the order of labels.

    Parameters
    ----------
    internal
        The half of a report that stays inside.
    measures
        Headline measures with their attacks, whose links count.
    sure
        Those of them with enough people for a threshold that may speak against a label; all by
        default.
    """
    drafts: dict[str, _Draft] = {}
    places: dict[str, str] = {}
    for scan in internal.scans:
        draft = drafts.setdefault(
            scan.scan_id, _Draft(scan.scan_id, scan.participant_id, scan.session_id, set(), [])
        )
        places[scan.path] = scan.scan_id
        _scan(draft, scan)
    _images(drafts, places, internal.tables.get("images"))
    _faces(drafts, internal.tables.get("faces"))
    measures = frozenset(measures)
    _links(drafts, internal.links, measures, measures if sure is None else frozenset(sure))
    people: dict[str, list[Seen]] = {}
    for draft in drafts.values():
        people.setdefault(draft.person, []).append(_seen(draft))
    return tuple(_person(label, people[label]) for label in sorted(people))


def look_first(people: Sequence[Person]) -> tuple[First, ...]:
    """What a person should look at first, the gravest reason first; empty ones are left out."""
    found = []
    for state in STATES:
        scans = [scan for one in people for scan in one.scans if state in scan.states]
        if state == "linked":
            scans.sort(key=lambda scan: -(scan.score or 0.0))
        if scans:
            found.append(First(state, tuple(scans[:FIRST]), len(scans)))
    return tuple(found)


def state_counts(people: Sequence[Person]) -> Mapping[str, int]:
    """How many scans have each state, for the labels of the filters."""
    return {
        state: sum(state in scan.states for one in people for scan in one.scans) for state in STATES
    }


def _scan(draft: _Draft, scan: ScanRow) -> None:
    if scan.status == "failed":
        draft.states.add("failed")
    elif scan.verdict != "ok":
        draft.states.add("doubtful")
    if scan.reason and (scan.status == "failed" or scan.verdict != "ok"):
        reason = scan.reason.removeprefix(f"{scan.path}: ")
        draft.lines.append(f"{title_of(scan.modality).lower()}: {reason}")


def _images(drafts: dict[str, _Draft], places: Mapping[str, str], images: Table | None) -> None:
    """Add the images of the inventory; those that a scan was made from join its line."""
    if images is None:
        return
    known: dict[str, str] = {}
    for path, scan_id in places.items():
        parts = PurePosixPath(path).parts
        known |= {"/".join(parts[k:]): scan_id for k in range(len(parts))}
    for row in _rows(images):
        draft = drafts.get(known.get(row["path"], ""))
        if draft is None:
            own = (row["path"], row["participant_id"], row["session_id"])
            draft = drafts[row["path"]] = _Draft(*own, set(), [])
        if row["status"] == "failed":
            draft.states.add("failed")
        if row["status"] == "left_out":
            draft.states.add("unseen")
        if row["status"] in ("failed", "left_out") and row["reason"] and not draft.lines:
            draft.lines.append(row["reason"])
        if row["face"] in _LEFT:
            draft.states.add("face")


def _faces(drafts: Mapping[str, _Draft], faces: Table | None) -> None:
    if faces is None or not {"scan_id", "face_left"} <= set(faces.columns):
        return
    for row in _rows(faces):
        draft = drafts.get(row["scan_id"])
        if draft is None or row["face_left"] not in _LEFT:
            continue
        draft.states.add("face")
        draft.lines.append(f"face: {row['face_left']}")


def _links(
    drafts: Mapping[str, _Draft],
    links: Iterable[Link],
    measures: frozenset[tuple[str, str]],
    sure: frozenset[tuple[str, str]],
) -> None:
    for link in links:
        if link.rank != 1 or link.decision != "link" or measure_of(link) not in measures:
            continue
        kinds = kinds_of(link)
        by = f"{title_of(link.attack).lower()}, " if link.attack else ""
        by += f"{link.measure} {link.score:.3g}"
        by += f", {' and '.join(kinds)}" if len(kinds) > 1 else ""
        draft, other = drafts.get(link.probe), drafts.get(link.gallery)
        if link.mated is False:
            if measure_of(link) not in sure:
                continue
            pairs = ((draft, link.gallery), (other, link.probe))
            for one, alike in pairs:
                if one is not None:
                    one.states.add("label")
                    one.lines.append(f"looks like {alike} ({by})")
            continue
        found = draft or other  # photographs are no scans, so what they find bears the mark
        if found is not None:
            to = link.gallery if found is draft else link.probe
            found.states.add("linked")
            found.score = max(link.score, found.score or link.score)
            found.lines.append(f"linked to {to} ({by})")


def measure_of(link: Link) -> tuple[str, str]:
    """The attack and the measure of a link; measures of two attacks may bear one name."""
    return link.attack, link.measure


def kinds_of(link: Link) -> tuple[str, ...]:
    """The kinds of image that a link joins, by their suffixes: one, two, or none that is known.

    >>> kinds_of(Link("a_T1w", "b_FLAIR", "m", 0.5, 1, "link"))
    ('T1w', 'FLAIR')
    """
    names = (PurePosixPath(name).name.split(".")[0] for name in (link.probe, link.gallery))
    found = (name.rpartition("_")[2] for name in names)
    return tuple(dict.fromkeys(kind for kind in found if known_suffix(kind)))


def _rows(table: Table) -> Iterator[dict[str, str]]:
    for row in table.rows:
        cells = ("" if cell is None else str(cell) for cell in row)
        yield dict(zip(table.columns, cells, strict=True))


def _seen(draft: _Draft) -> Seen:
    return Seen(
        draft.name,
        draft.person,
        draft.session,
        tuple(state for state in STATES if state in draft.states),
        tuple(dict.fromkeys(draft.lines)),
        draft.score,
    )


def _person(label: str, scans: Sequence[Seen]) -> Person:
    held = {state for scan in scans for state in scan.states}
    ordered = sorted(scans, key=lambda scan: (scan.session, scan.name))
    return Person(label, tuple(ordered), tuple(state for state in STATES if state in held))
