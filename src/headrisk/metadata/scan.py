"""Looking through a whole data set: findings with masked values, and what could not be read."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from headrisk.dataset.bids_names import ONE_IMAGE
from headrisk.dataset.labels import folder_label, path_label
from headrisk.errors import InputError
from headrisk.metadata.anonymity import Anonymity, PeopleTable, joined
from headrisk.metadata.findings import SEVERITIES, SEVERITY, Finding, Hit, mask
from headrisk.metadata.known import NOBODY, KnownIdentifiers
from headrisk.metadata.leftovers import is_history_text
from headrisk.metadata.look import (
    READ,
    SEARCHED,
    UNREAD,
    Look,
    State,
    look_into,
    look_into_leftover,
)
from headrisk.metadata.names import name_spans, shown_name
from headrisk.metadata.open_texts import OpenText, open_in_names, shared_words, still_open
from headrisk.metadata.roles import leftover_kind
from headrisk.metadata.text import text_spans
from headrisk.metadata.walk import Entry, walk

_IMAGES = (*ONE_IMAGE, ".dcm", ".ima")
_LONGEST_FIELD = 160
_MOST_PLACES = 5
# Of the people of all tables, not of a file; and numbers of the scanner, which name nobody.
_NO_BAR = frozenset({"rare-combination", "session-setting"})
_FIELD_SKIPS = frozenset({"acquisition-time", "phone", "patient-id", "long-number", "uid"})


@dataclass(frozen=True)
class Problem:
    """A file that was not read as its own format, or not as a whole, and why.

    ``file`` and ``number`` as findings; ``state`` is ``unread``, or ``searched`` where its bytes
    were searched for text; ``files`` is how many stand behind it, which is more than one for a
    version history.
    """

    file: str
    number: int
    reason: str
    state: State = UNREAD
    files: int = 1


@dataclass(frozen=True)
class ToRead:
    """A file that was read and holds texts which only a person can judge.

    ``file`` and ``number`` as findings; ``places`` are some of where they stand, masked.
    """

    file: str
    number: int
    places: tuple[str, ...]


@dataclass(frozen=True)
class MetadataScan:
    """What a data set's metadata give away.

    Attributes
    ----------
    findings
        By severity, then by file.
    problems
        Files that were not read as their own format, or not as a whole.
    files, folders
        How many were walked.
    people, images, images_unread
        Folders of people, image files, and those of them that were not read.
    classes
        Class sizes of the people of all tables, joined by participant.
    to_read
        Files that were read and hold texts which only a person can judge.
    open, clean
        Paths of the files that are to be read, and of those that are called clean: read as their
        own format, nothing but notices found in file and path, every text in a closed form. How
        many people share their details is a fact of the set and told apart. Never written where
        a name identifies.
    source_files, source_images
        Files below folders of source data, and images among them; they are searched like others.
    """

    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    files: int
    folders: int
    classes: tuple[Anonymity, ...] = ()
    people: int = 0
    images: int = 0
    images_unread: int = 0
    to_read: tuple[ToRead, ...] = ()
    clean: frozenset[str] = dataclasses.field(default=frozenset(), repr=False)
    open: frozenset[str] = dataclasses.field(default=frozenset(), repr=False)
    source_files: int = 0
    source_images: int = 0

    def count(self, state: State) -> int:
        """Files of one state: ``read`` as their own format, ``searched`` as bytes, ``unread``."""
        if state == READ:
            return self.files - self.count(SEARCHED) - self.count(UNREAD)
        files = {p.number: p.files for p in self.problems if p.state == state and p.files}
        return sum(files.values())


@dataclass
class _Gathering:
    findings: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    names: dict[tuple[str, str], list[tuple[str, int]]] = field(default_factory=dict)
    people: list[tuple[PeopleTable, str, int]] = field(default_factory=list)
    histories: dict[tuple[tuple[str, ...], State], list[int]] = field(default_factory=dict)
    texts: dict[int, tuple[OpenText, ...]] = field(default_factory=dict)  # of files that were read
    named: set[int] = field(default_factory=set)  # files with something identifying in their path


def scan_metadata(
    root: Path,
    known: KnownIdentifiers = NOBODY,
    *,
    on_done: Callable[[int, int], None] | None = None,
) -> MetadataScan:
    """Look through every file and name of a data set.

    Parameters
    ----------
    root
        The data set's folder. Nothing outside of it is read.
    known
        The custodian's list.
    on_done
        Told after each file: how many are done, how many of them were not read.

    Raises
    ------
    InputError
        ``root`` is no folder, or cannot be read.
    """
    entries = list_entries(root)
    out = _Gathering()
    files = folders = 0
    for number, entry in enumerate(entries, start=1):
        shown = shown_path(entry.parts, known)
        _note_names(entry, number, shown, known, out)
        if entry.state == "folder":
            folders += 1
            _note_folder(entry, number, shown, out)
            continue
        files += 1
        _note_file(entry, number, shown, known, out)
        if on_done is not None:
            on_done(files, len(out.problems))
    out.findings.extend(_name_findings(out.names))
    classes = _classes(out)
    for (parts, state), (number, count) in out.histories.items():
        reason = f"{count:,} files of a version history, {'not read' if state == UNREAD else state}"
        out.problems.append(Problem(shown_path(parts, known), number, reason, state, count))
    to_read, clean = _judged(entries, out, known)
    open_paths = frozenset("/".join(entries[one.number - 1].parts) for one in to_read)
    order = {severity: place for place, severity in enumerate(SEVERITIES)}
    out.findings.sort(key=lambda f: (order[f.severity], f.kind, f.number, f.field))
    unread = {problem.number for problem in out.problems}
    images = [n for n, e in enumerate(entries, start=1) if e.state != "folder" and _is_image(e)]
    source = [
        entry
        for entry in entries
        if entry.state != "folder" and leftover_kind(entry.parts[:-1], folder=True) == "sourcedata"
    ]
    return MetadataScan(
        tuple(out.findings),
        tuple(out.problems),
        files,
        folders,
        classes,
        people=len({folder_label(e.parts[0], "sub") for e in entries if e.parts} - {""}),
        images=len(images),
        images_unread=sum(number in unread for number in images),
        to_read=to_read,
        clean=clean,
        open=open_paths,
        source_files=len(source),
        source_images=sum(map(_is_image, source)),
    )


def _judged(
    entries: Sequence[Entry], out: _Gathering, known: KnownIdentifiers
) -> tuple[tuple[ToRead, ...], frozenset[str]]:
    """Files that a person has to read, and paths of those that are called clean."""
    people = [_person(entry) for entry in entries]
    named = (
        (people[n], text)
        for n, entry in enumerate(entries)
        if entry.state != "folder"
        for text in open_in_names(entry.parts)
    )
    inside = ((people[n - 1], text) for n, texts in out.texts.items() for text in texts)
    shared = shared_words((*named, *inside))
    found = {
        f.number for f in out.findings if f.severity != "notice" and f.kind not in _NO_BAR
    } | out.named
    to_read, clean = [], set()
    for number, texts in out.texts.items():
        entry = entries[number - 1]
        if left := still_open(texts, shared):
            places = tuple(_shown_field(text.place, known) for text in left[:_MOST_PLACES])
            to_read.append(ToRead(shown_path(entry.parts, known), number, places))
        elif number not in found:
            clean.add("/".join(entry.parts))
    return tuple(to_read), frozenset(clean)


def _untold(look: Look) -> Iterator[OpenText]:
    """Open texts in whose field nothing was found, so that it does not count as found already."""
    told = {hit.field for hit in look.hits if SEVERITY[hit.kind] != "notice"}
    return (text for text in look.open if text.place.removeprefix("cells of ") not in told)


def _person(entry: Entry) -> str:
    return path_label("/".join(entry.parts), "sub")


def _is_image(entry: Entry) -> bool:
    return entry.parts[-1].lower().endswith(_IMAGES)


def list_entries(root: Path) -> list[Entry]:
    """Everything in a data set, in the order that numbers files.

    Raises
    ------
    InputError
        ``root`` is no folder, or cannot be read.
    """
    if not root.is_dir():
        raise InputError(
            f"data set {root}",
            found="no such folder" if not root.exists() else "not a folder",
            expected="the folder of a data set",
            remedy="Check the path.",
        )
    entries = list(walk(root))
    if entries and entries[0].parts == ():
        raise InputError(
            f"data set {root}", found=entries[0].reason, expected="a folder that can be listed"
        )
    return entries


def shown_path(parts: Iterable[str], known: KnownIdentifiers) -> str:
    """A path with the identifying parts of its names masked."""
    return "/".join(shown_name(part, name_spans(part, known)) for part in parts)


def judge_entry(entry: Entry, known: KnownIdentifiers) -> tuple[str, Look]:
    """The kind of leftover that a file is ("" if none), and what looking into it gave."""
    kind = leftover_kind(entry.parts, folder=False)
    if entry.state != "file":
        return kind, Look("", problem=entry.reason)
    try:
        if kind == "version-history" and not is_history_text(entry.parts):
            return kind, Look("binary", problem="packed or binary part of a version history")
        if kind and kind != "sourcedata":
            return kind, look_into_leftover(entry.path, entry.parts, entry.size, kind, known)
        return kind, look_into(entry.path, entry.parts[-1], entry.size, known)
    except OSError as error:
        return kind, Look("", problem=f"cannot be read ({error.strerror})")
    except InputError as error:
        return kind, Look("", problem=error.found)


def _note_folder(entry: Entry, number: int, shown: str, out: _Gathering) -> None:
    kind = leftover_kind(entry.parts, folder=True)
    if kind and not leftover_kind(entry.parts[:-1], folder=True):  # the topmost folder only
        out.findings.append(Finding(kind, shown, number, "folder", ""))


def _note_file(
    entry: Entry, number: int, shown: str, known: KnownIdentifiers, out: _Gathering
) -> None:
    kind, look = judge_entry(entry, known)
    if entry.state == "outside":
        out.findings.append(
            Finding("link-outside", shown, number, "link target", mask(entry.target))
        )
    if kind and not leftover_kind(entry.parts[:-1], folder=True):
        out.findings.append(Finding(kind, shown, number, "file", f"{entry.size:,} bytes"))
    out.findings.extend(hit_findings(look.hits, shown, number, known))
    if look.state != READ and kind == "version-history":
        top = next(
            i for i in range(1, len(entry.parts)) if leftover_kind(entry.parts[:i], folder=True)
        )
        out.histories.setdefault((entry.parts[:top], look.state), [number, 0])[1] += 1
    elif look.state != READ:
        out.problems.append(Problem(shown, number, look.problem or look.searched, look.state))
    else:
        out.texts[number] = (*open_in_names(entry.parts), *_untold(look))
        if kind or any(name_spans(part, known) for part in entry.parts):
            out.named.add(number)
    if look.people is not None:
        out.people.append((look.people, shown, number))


def _classes(out: _Gathering) -> tuple[Anonymity, ...]:
    """Classes of people over all tables, and the finding that some are rare."""
    classes = joined(table for table, _, _ in out.people)
    if classes is None:
        return ()
    if classes.in_small:
        _, shown, number = next((one for one in out.people if one[0].main), out.people[0])
        out.findings.append(rare_finding(classes, shown, number))
    return (classes,)


def rare_finding(classes: Anonymity, shown: str, number: int) -> Finding:
    """The finding that a table holds people with rare combinations."""
    columns = ", ".join(classes.columns)
    note = (
        f"{classes.in_small} of {classes.people} people in classes of fewer than 5, "
        f"{classes.alone} alone"
    )
    return Finding("rare-combination", shown, number, columns[:_LONGEST_FIELD], note)


def hit_findings(
    hits: Iterable[Hit], shown: str, number: int, known: KnownIdentifiers
) -> Iterator[Finding]:
    """Findings of a file: hits of one kind in one field make one finding."""
    grouped: dict[tuple[str, str], list[Hit]] = {}
    for hit in hits:
        grouped.setdefault((hit.kind, hit.field), []).append(hit)
    for (kind, name), group in grouped.items():
        first = group[0]
        masked = first.note or mask(first.value)
        if len(group) > 1:
            masked += f" and {len(group) - 1:,} more"
        where = f"{_shown_field(name, known)}{', ' + first.place if first.place else ''}"
        values = frozenset(hash(hit.value) for hit in group)
        yield Finding(kind, shown, number, where, masked, values)


def _shown_field(name: str, known: KnownIdentifiers) -> str:
    """A field's name, which may itself hold something identifying, fit to be shown."""
    shown = shown_name(name, text_spans(name, known, _FIELD_SKIPS))
    shown = "".join(char if char.isprintable() else " " for char in shown)
    return shown if len(shown) <= _LONGEST_FIELD else shown[: _LONGEST_FIELD - 1] + "…"


def _note_names(
    entry: Entry, number: int, shown: str, known: KnownIdentifiers, out: _Gathering
) -> None:
    if not entry.parts or leftover_kind(entry.parts[:-1], folder=True) == "version-history":
        return
    name = entry.parts[-1]
    for kind, start, end in name_spans(name, known):
        out.names.setdefault((kind, name[start:end]), []).append((shown, number))
    if name != name.encode("utf-8", "replace").decode():
        files = 0 if entry.state == "folder" else 1
        out.problems.append(Problem(shown, number, "the name is not UTF-8", files=files))


def _name_findings(names: dict[tuple[str, str], list[tuple[str, int]]]) -> Iterator[Finding]:
    """One finding for each identifying part of names, however many names bear it."""
    for (kind, value), places in names.items():
        shown, number = places[0]
        more = f" in {len(places):,} names" if len(places) > 1 else ""
        yield Finding(kind, shown, number, "file or folder name", mask(value) + more)


def count_by_kind(findings: Iterable[Finding]) -> dict[str, dict[str, int]]:
    """For each kind that was found: findings, and files they stand in."""
    all_findings = list(findings)
    counts = Counter(finding.kind for finding in all_findings)
    files = Counter(kind for kind, _ in {(f.kind, f.number) for f in all_findings})
    return {
        kind: {"findings": counts[kind], "files": files[kind]} for kind in SEVERITY if counts[kind]
    }
