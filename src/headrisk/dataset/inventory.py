"""What a data set holds: a row for every file, and for every image what became of it.

An audit speaks of the images it looked at. This table says which others are there: other
contrasts, derivatives, source data, backups, hidden folders, misspelt names, images in archives.
Only the first bytes of each file are read, so that 100,000 files take seconds.

The status of an image is ``looked_at``, ``failed`` or ``left_out``; the three add up to the images
that are there. Reasons have a code of a closed list (``REASONS``), since reasons themselves hold
paths and labels and stay inside. What a code says stands in ``headrisk.report.words.inventory``.
"""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from headrisk.dataset.archives import list_archive
from headrisk.dataset.bids_names import (
    DATATYPES,
    SUFFIX_TYPES,
    guessed_suffix,
    is_folder,
    known_suffix,
)
from headrisk.dataset.contrast import guess_suffix
from headrisk.dataset.dicom_series import is_cut_off, is_image, read_tags
from headrisk.dataset.labels import (
    WRITTEN,
    folder_label,
    name_label,
    one_spelling,
    path_label,
    plain_label,
)
from headrisk.dataset.magic import HEAD_BYTES, Kind, Told, ending_of, header_of_body, is_image_name
from headrisk.dataset.magic import tell as tell_bytes
from headrisk.dataset.manifest import read_manifest
from headrisk.dataset.scans import Scan
from headrisk.dataset.sidecar import read_sidecar
from headrisk.errors import not_there
from headrisk.io.tsv import describing_fault

State = Literal["", "looked_at", "failed", "left_out"]
Where = Literal["raw", "derivatives", "sourcedata", "code", "hidden", "non-BIDS"]

REASONS = (
    "archive",
    "body",
    "code",
    "contrast",
    "damaged",
    "derivatives",
    "empty",
    "folder",
    "format",
    "hidden",
    "history",
    "label",
    "line",
    "link",
    "missing",
    "name",
    "no_check",
    "person",
    "pointer",
    "sourcedata",
    "special",
    "unreadable",
    "unusable",
)
_FAILED = (
    "damaged",
    "empty",
    "folder",
    "label",
    "link",
    "missing",
    "pointer",
    "special",
    "unreadable",
)
NOT_USED = ("damaged", "empty", "link", "no_key", "pointer", "unreadable")  # of tables, sidecars
USED_IN_PART = ("columns", "lines")
_KEYS = {
    "participants.tsv": "participant_id",
    "sessions.tsv": "session_id",
    "scans.tsv": "filename",
}
_PLACES: tuple[Where, ...] = ("derivatives", "sourcedata", "code")
_HEADERS = (".hdr", ".hdr.gz", ".par", ".head")
_SYSTEM = ("/dev", "/proc", "/sys")  # what lies there is made when it is read, without an end
_MOST_VISITS = 4  # of one folder, by different links
_BIDS_NAME = re.compile(
    rf"{WRITTEN['sub']}(?:_{WRITTEN['ses']})?(?:_[a-zA-Z]+-[A-Za-z0-9+.]+)*_([A-Za-z0-9]+)"
)


@dataclass(frozen=True)
class FileRow:
    """A file of a data set, or several that are one image (a DICOM series, a header and voxels).

    Attributes
    ----------
    path
        Relative to the data set; ``archive.zip!/name`` inside an archive.
    kind, form
        What it is, by content and name; the format in words.
    datatype, suffix
        Of BIDS; guessed where the name is not of BIDS, "" where nothing tells.
    participant_id, session_id
        As folders and names say, without ``sub-`` and ``ses-``.
    where
        Part of the data set in which it lies.
    files, bytes
        How many files it stands for, and the size of the first.
    checks
        Names of the checks that looked at it or tried to.
    status, code, reason
        What became of an image, why as a word of ``REASONS``, and what more is known of that, in
        words; "" where the code says it all.
    copy_of
        Path of an image with the same bytes or the same voxels, or "".
    face
        What was found of a face, or "".
    compared, apart
        The attacks that compared the image; why none did, as a word of ``REASONS``, or "".
    series
        Series instance UID of a DICOM image.
    """

    path: str
    kind: Kind
    form: str = ""
    datatype: str = ""
    suffix: str = ""
    participant_id: str = ""
    session_id: str = ""
    where: Where = "raw"
    files: int = 1
    bytes: int = 0
    checks: tuple[str, ...] = ()
    status: State = ""
    code: str = ""
    reason: str = ""
    copy_of: str = ""
    face: str = ""
    compared: tuple[str, ...] = ()
    apart: str = ""
    series: str = ""


@dataclass(frozen=True)
class Inventory:
    """Every file of a data set, and remarks on it as a whole.

    ``root`` is the data set's folder, or that of the manifest. Where the data set comes as
    fingerprints of an earlier run it was not ``listed``: the rows are what that run compared.
    """

    root: Path
    rows: tuple[FileRow, ...]
    notes: tuple[str, ...] = ()
    listed: bool = True

    @property
    def images(self) -> tuple[FileRow, ...]:
        """The rows that are images."""
        return tuple(row for row in self.rows if row.kind == "image")


@dataclass(frozen=True)
class KindRow:
    """The images of one datatype and suffix, and what became of them.

    Attributes
    ----------
    datatype, suffix
        Of BIDS; "" where nothing tells.
    images, looked_at, failed, left_out
        How many there are: the sum of the other three.
    reasons
        Images that nothing looked at, by a word of ``REASONS``; they add up.
    compared
        Images by the attack that compared them: one image may be in several.
    apart
        Images that no attack compared, by a word of ``REASONS``, those of ``reasons`` included.
    faces
        Images by what was found of a face.
    """

    datatype: str
    suffix: str
    images: int
    looked_at: int
    failed: int
    left_out: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    compared: Mapping[str, int] = field(default_factory=dict)
    apart: Mapping[str, int] = field(default_factory=dict)
    faces: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class InventoryCounts:
    """An inventory in numbers: nothing in it names a file or a person.

    ``images`` is the sum of the next three. ``kinds`` add up to them. ``other`` counts what is
    there beside images, by kind; ``copies`` the images that are copies of others. ``unused``
    counts the tables and sidecars that could not be used, or in part alone, by kind and by a word
    of ``NOT_USED`` or ``USED_IN_PART``. ``others`` are the data sets beside the first. ``listed``
    as of :class:`Inventory`.
    """

    images: int
    looked_at: int
    failed: int
    left_out: int
    kinds: tuple[KindRow, ...]
    other: Mapping[str, int] = field(default_factory=dict)
    copies: int = 0
    unread_folders: int = 0
    unused: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    others: tuple[OtherCounts, ...] = ()
    listed: bool = True


@dataclass(frozen=True)
class OtherCounts:
    """The images of a data set beside the first, and what became of them.

    ``role`` is ``against`` or ``deidentified``; ``name`` that of the de-identification method, and
    "" for data sets that the first is compared with, which come in their order. One that comes as
    fingerprints of an earlier run was not ``listed``: its images are counted in that run's report.
    """

    role: Literal["against", "deidentified"]
    name: str = ""
    listed: bool = True
    images: int = 0
    looked_at: int = 0
    failed: int = 0
    left_out: int = 0
    kinds: tuple[KindRow, ...] = ()


@dataclass
class _Walk:
    """What is gathered on the way through the folders."""

    root: Path
    real: str
    base: Where
    rows: list[FileRow] = field(default_factory=list)
    visits: Counter[str] = field(default_factory=Counter)
    linked: set[str] = field(default_factory=set)  # files of the data set that links lead to
    outside: int = 0
    dicom: dict[tuple[str, str, str], list[FileRow]] = field(default_factory=dict)


def take_inventory(path: Path) -> Inventory:
    """List every file of a data set; images that cannot be looked at are failed, others left out.

    Parameters
    ----------
    path
        A folder of any layout, or a manifest TSV, whose listed files are then the data set.

    Raises
    ------
    InputError
        There is no such folder, or the manifest is damaged.
    """
    path = path.absolute()
    if path.is_file():
        return _of_manifest(path)
    if not path.is_dir():
        raise not_there(str(path))
    walk = _Walk(path, os.path.realpath(path), _base(path))
    _folders(walk)
    rows = [row for row in walk.rows if _is_own(walk, row)]
    rows += [_one_series(files) for files in walk.dicom.values()]
    rows = [_described(_placed(row, walk), path) for row in _pairs(rows)]
    notes = []
    if walk.outside:
        links = "1 link leads" if walk.outside == 1 else f"{walk.outside} links lead"
        notes.append(
            f"{links} to files or folders outside the data set: whoever copies it with its links "
            "followed shares those too"
        )
    unread = [row.path for row in rows if row.kind == "folder" and row.status == "failed"]
    notes += [f"{name}: folder cannot be read, so what it holds is not known" for name in unread]
    return Inventory(path, tuple(sorted(rows, key=lambda row: row.path)), tuple(notes))


def counted(inventory: Inventory) -> InventoryCounts:
    """The inventory's images by datatype and suffix.

    Suffixes that are none of BIDS are "", since a name could stand there.
    """
    groups: dict[tuple[str, str], list[FileRow]] = {}
    for row in inventory.images:
        groups.setdefault((row.datatype, row.suffix), []).append(row)
    kinds = tuple(_kind_row(*key, groups[key]) for key in sorted(groups))
    other = Counter(row.kind for row in inventory.rows if row.kind not in ("image", "folder"))
    return InventoryCounts(
        images=sum(kind.images for kind in kinds),
        looked_at=sum(kind.looked_at for kind in kinds),
        failed=sum(kind.failed for kind in kinds),
        left_out=sum(kind.left_out for kind in kinds),
        kinds=kinds,
        other={str(kind): other[kind] for kind in sorted(other)},
        copies=sum(bool(row.copy_of) for row in inventory.images),
        unread_folders=sum(
            row.kind == "folder" and row.status == "failed" for row in inventory.rows
        ),
        unused=_unused(inventory),
        listed=inventory.listed,
    )


def _unused(inventory: Inventory) -> dict[str, dict[str, int]]:
    """Tables and sidecars that could not be used in whole, by kind and code."""
    found = Counter(
        (str(row.kind), row.code)
        for row in inventory.rows
        if row.kind in ("table", "sidecar") and row.code in (*NOT_USED, *USED_IN_PART)
    )
    return {
        kind: {code: count for (own, code), count in sorted(found.items()) if own == kind}
        for kind in sorted({kind for kind, _ in found})
    }


def _kind_row(datatype: str, suffix: str, rows: list[FileRow]) -> KindRow:
    states = Counter(row.status for row in rows)
    return KindRow(
        datatype,
        suffix,
        len(rows),
        states["looked_at"],
        states["failed"],
        len(rows) - states["looked_at"] - states["failed"],
        _tally(row.code for row in rows if row.status != "looked_at"),
        _tally(attack for row in rows for attack in row.compared),
        _tally(row.apart or row.code for row in rows if not row.compared),
        _tally(row.face for row in rows if row.face),
    )


def _tally(codes: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(codes).items()))


MOST_FACE_FIRST = ("face", "part", "unclear", "failed", "outside", "gone")


@dataclass(frozen=True)
class Looked:
    """What one check came to on one image: its path, or its series; why it failed, or ""."""

    check: str
    path: str
    series: str = ""
    problem: str = ""
    face: str = ""


def looked_by(
    check: str, scans: Iterable[Scan], problems: Iterable[str], dataset: str
) -> list[Looked]:
    """What one check came to on one data set's scans; ``problems`` are "" where it succeeded."""
    return [
        Looked(check, scan.path, scan.series, problem)
        for scan, problem in zip(scans, problems, strict=True)
        if scan.dataset == dataset
    ]


def judged(inventory: Inventory, looked: Iterable[Looked]) -> Inventory:
    """The inventory after the checks: looked at where one succeeded, failed where none did.

    Images that a check knows and the inventory does not (a link followed elsewhere) are added.

    Parameters
    ----------
    inventory
        As :func:`take_inventory` lists it.
    looked
        What the checks came to, in any order.
    """
    by_path = {_place(str(inventory.root / row.path)): k for k, row in enumerate(inventory.rows)}
    by_series = {row.series: k for k, row in enumerate(inventory.rows) if row.series}
    rows = list(inventory.rows)
    known: dict[int, list[Looked]] = {}
    for one in looked:
        path = _place(one.path)
        place = by_series.get(one.series) if one.series else by_path.get(path)
        if place is None:
            place = by_path[path] = len(rows)
            rows.append(_unlisted(one, inventory.root))
        known.setdefault(place, []).append(one)
    for place, found in known.items():
        rows[place] = _judged(rows[place], found)
    return replace(inventory, rows=tuple(rows))


def _place(path: str) -> str:
    """A path as scans bear it too: without ``./``, and escaped where it is not UTF-8."""
    return os.path.normpath(path).encode("utf-8", "backslashreplace").decode()


def explained(
    inventory: Inventory,
    contrasts: tuple[str, ...],
    participants: tuple[str, ...] = (),
    sessions: tuple[str, ...] = (),
) -> Inventory:
    """The same with the reason why images were left out that nothing else stood against.

    They are of a person or session that was not asked for, or of another contrast.
    """
    people = {plain_label(label, "sub") for label in participants}
    visits = {plain_label(label, "ses") for label in sessions}

    def known(code: str, row: FileRow) -> str:
        if code != "no_check":
            return code
        if (people and row.participant_id not in people) or (
            visits and row.session_id not in visits
        ):
            return "person"
        return "contrast" if row.suffix not in contrasts else code

    return replace(
        inventory,
        rows=tuple(
            replace(row, code=known(row.code, row), apart=known(row.apart, row))
            for row in inventory.rows
        ),
    )


IMAGE_COLUMNS = (
    "path",
    "datatype",
    "suffix",
    "participant_id",
    "session_id",
    "checks",
    "status",
    "reason",
    "face",
    "where",
    "format",
    "files",
    "copy_of",
)


def images_table(
    inventory: Inventory, said: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[tuple[str | int, ...], ...]]:
    """Columns and rows of ``images.tsv``: every image, and what became of it.

    ``said`` is what each of ``REASONS`` says, for images of which no more is known.
    """
    rows = tuple(
        (
            row.path,
            row.datatype,
            row.suffix,
            row.participant_id,
            row.session_id,
            " ".join(row.checks),
            row.status,
            row.reason or said.get(row.code, ""),
            row.face,
            row.where,
            row.form,
            row.files,
            row.copy_of,
        )
        for row in inventory.images
    )
    return IMAGE_COLUMNS, rows


FILE_COLUMNS = (
    "path",
    "kind",
    "format",
    "where",
    "datatype",
    "suffix",
    "participant_id",
    "session_id",
    "files",
    "bytes",
    "checks",
    "status",
    "reason",
)


def files_table(
    inventory: Inventory, said: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[tuple[str | int, ...], ...]]:
    """Columns and rows of ``files.tsv``: every file of the data set, whatever it is.

    What lies in an archive has rows too, as far as the archive can be listed.
    """
    rows = tuple(
        (
            row.path,
            row.kind,
            row.form,
            row.where,
            row.datatype,
            row.suffix,
            row.participant_id,
            row.session_id,
            row.files,
            row.bytes,
            " ".join(row.checks),
            row.status,
            row.reason or said.get(row.code, ""),
        )
        for row in inventory.rows
    )
    return FILE_COLUMNS, rows


def _judged(row: FileRow, found: list[Looked]) -> FileRow:
    """One image after its checks; metadata alone are no look at an image."""
    checks = tuple(dict.fromkeys((*row.checks, *(one.check for one in found))))
    faces = {one.face for one in found}  # several images may have been made of one series
    face = next((worst for worst in MOST_FACE_FIRST if worst in faces), row.face)
    looks = [one for one in found if one.check != "metadata"]
    problems = tuple(dict.fromkeys(f"{one.check}: {one.problem}" for one in looks if one.problem))
    if not looks:
        return replace(row, checks=checks, face=face)
    tried = [one.check for one in looks if one.check != "faces"]
    compared = tuple(
        dict.fromkeys(one.check for one in looks if one.check in tried and not one.problem)
    )
    if all(one.problem for one in looks):
        code = row.code if row.status == "failed" else "unusable"
        reason = row.reason if row.status == "failed" else "; ".join(problems)
        return replace(
            row, kind="image", checks=checks, face=face, status="failed", code=code, reason=reason
        )
    apart = "" if compared else "unusable" if tried else row.code
    return replace(
        row,
        kind="image",
        checks=checks,
        face=face,
        status="looked_at",
        code="",
        reason="; ".join(problems),
        compared=compared,
        apart=apart,
    )


def _unlisted(one: Looked, root: Path) -> FileRow:
    shown = os.path.relpath(one.path, root) if one.path.startswith(str(root)) else one.path
    return _named(FileRow(shown, "image", status="left_out", code="no_check"))


def first_bytes(path: Path) -> Told:
    """What a single file is; ``problem`` says why it cannot be read as an image."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return Told("other", "", "not a regular file (a pipe, socket or device)", "special")
        with path.open("rb") as handle:
            return tell_bytes(path.name, handle.read(HEAD_BYTES), status.st_size)
    except OSError as error:
        return Told("other", "", f"cannot be read ({error.strerror or error})", "unreadable")


def _folders(walk: _Walk) -> None:
    """Visit every folder, links to folders included, without going in circles."""
    waiting: list[tuple[str, tuple[str, ...]]] = [("", ())]
    while waiting:
        relative, above = waiting.pop()
        place = os.path.realpath(walk.root / relative)
        walk.visits[place] += 1
        try:
            with os.scandir(walk.root / relative) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            walk.rows.append(_unread(relative or ".", error))
            continue
        inner = []
        for entry in entries:
            path = f"{relative}/{entry.name}" if relative else entry.name
            if not is_folder(entry):
                walk.rows += _file(walk, entry, path)
                continue
            if is_image_name(entry.name):
                walk.rows.append(_failed(path, "folder", "a folder named like an image"))
            if entry.name == ".git":
                inner += _history(walk, path, (*above, place))
                continue
            if entry.is_symlink():
                target = os.path.realpath(entry.path)
                walk.outside += not (_within(target, walk.real) or _within(walk.real, target))
            if entry.is_symlink() and not _followed(walk, entry, (*above, place)):
                walk.rows.append(_folder_link(walk, entry, path))
            else:
                inner.append((path, (*above, place)))
        waiting += reversed(inner)


def _followed(walk: _Walk, entry: os.DirEntry[str], above: tuple[str, ...]) -> bool:
    """Whether a link to a folder is followed: not in circles, not to anything outside.

    Outside the data set only people, sessions and datatypes are followed, as an audit follows them.
    """
    target = os.path.realpath(entry.path)
    if target in above or walk.visits[target] >= _MOST_VISITS:
        return False
    if _within(target, walk.real):
        return True
    person = any(folder_label(entry.name, entity) for entity in ("sub", "ses"))
    named = person or entry.name in DATATYPES
    system = any(_within(target, place) for place in _SYSTEM)
    return named and not system and not _within(walk.real, target)


def _within(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies below it; both without links."""
    return os.path.commonpath([path, folder]) == folder


def _folder_link(walk: _Walk, entry: os.DirEntry[str], path: str) -> FileRow:
    target = os.path.realpath(entry.path)
    reason = (
        "a link to a folder that is listed already, or that leads in a circle"
        if _within(target, walk.real) or _within(walk.real, target)
        else "a link to a folder outside the data set, whose files are not listed"
    )
    return FileRow(path, "link", status="left_out", code="link", reason=reason)


def _history(walk: _Walk, path: str, above: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """Version history: git-annex' objects are files like others, all the rest is one row."""
    annex = f"{path}/annex/objects"
    own = _count(walk.root / path) - _count(walk.root / annex)
    walk.rows.append(
        FileRow(
            path,
            "other",
            "Git history",
            files=own,
            where="hidden",
            status="left_out",
            code="hidden",
            reason="packed objects of the version history are not looked into",
        )
    )
    return [(annex, above)] if (walk.root / annex).is_dir() else []


def _count(folder: Path) -> int:
    return sum(len(names) for _, _, names in os.walk(folder))


def _file(walk: _Walk, entry: os.DirEntry[str], path: str) -> Iterator[FileRow]:
    """The rows of one file: itself, and the images in it where it is an archive."""
    named_image = is_image_name(entry.name)
    try:
        status = entry.stat()
    except OSError as error:
        yield _no_target(entry, path, error)
        return
    if entry.is_symlink():
        target = os.path.realpath(entry.path)
        inside = target.startswith(f"{walk.real}/")
        walk.linked |= {target} if inside else set()
        walk.outside += not inside
    if not stat.S_ISREG(status.st_mode):
        kind: Kind = "image" if named_image else "other"
        yield _failed(path, "special", "not a regular file (a pipe, socket or device)", kind)
        return
    try:
        with Path(entry.path).open("rb") as handle:
            head = handle.read(HEAD_BYTES)
    except OSError as error:
        what = f"cannot be read ({error.strerror or error})"
        yield _failed(path, "unreadable", what, "image" if named_image else "other")
        return
    told = tell_bytes(entry.name, head, status.st_size)
    row = _row(path, told, status.st_size)
    if told.form == "DICOM":
        _add_dicom(walk, row)
        return
    if told.kind == "archive" and not told.problem:
        yield from _archive(walk, row)
        return
    yield row


def _row(path: str, told: Told, size: int) -> FileRow:
    row = FileRow(path, told.kind, told.form, bytes=size)
    if told.problem:
        state: State = "failed" if told.code in _FAILED else "left_out"
        return replace(row, status=state, code=told.code, reason=told.problem)
    if told.kind == "image":
        return replace(row, status="left_out", code="no_check")
    return row


def _failed(path: str, code: str, reason: str, kind: Kind = "image") -> FileRow:
    return FileRow(path, kind, status="failed", code=code, reason=reason)


def _unread(path: str, error: OSError) -> FileRow:
    return _failed(path, "folder", f"folder cannot be read ({error.strerror or error})", "folder")


def _no_target(entry: os.DirEntry[str], path: str, error: OSError) -> FileRow:
    kind = tell_bytes(entry.name, b"", 0).kind
    try:
        target = str(Path(entry.path).readlink())
    except OSError:
        return _failed(path, "unreadable", f"cannot be read ({error.strerror or error})", kind)
    if "annex/objects" in target:
        reason = (
            "a link of git-annex whose content is not here: fetch it (datalad get) and run again"
        )
        return _failed(path, "pointer", reason, kind)
    return _failed(path, "link", "a link whose target is not here: fetch the file", kind)


def _add_dicom(walk: _Walk, row: FileRow) -> None:
    """Put a DICOM file with the others of its series in its folder."""
    tags = read_tags(walk.root / row.path)
    if tags.problem:
        walk.rows.append(
            replace(row, status="failed", code="damaged", reason=f"DICOM: {tags.problem}")
        )
        return
    if is_cut_off(tags):
        reason = "DICOM: a header of an image that ends before its size: the file is cut off"
        walk.rows.append(replace(row, status="failed", code="damaged", reason=reason))
        return
    if not is_image(tags):
        walk.rows.append(FileRow(row.path, "document", "DICOM without an image", bytes=row.bytes))
        return
    told, why = guess_suffix(tags.values())
    suffix = told or guessed_suffix(tags.description)
    if not told:
        row = replace(row, code="contrast", reason=why)
    folder = str(PurePosixPath(row.path).parent)
    walk.dicom.setdefault((folder, tags.series, tags.patient), []).append(
        replace(
            row,
            datatype=SUFFIX_TYPES.get(suffix, ""),
            suffix=suffix,
            participant_id=path_label(row.path, "sub") or tags.patient,
            series=tags.series,
        )
    )


def _one_series(files: list[FileRow]) -> FileRow:
    return replace(files[0], files=len(files))


def _archive(walk: _Walk, row: FileRow) -> Iterator[FileRow]:
    listing = list_archive(walk.root / row.path)
    images = sum(member.told.kind == "image" for member in listing.members)
    archives = sum(member.told.kind == "archive" for member in listing.members)
    said = f"{images} images inside, not looked at"
    if listing.problem:
        said = f"{said}, maybe more" if images else "what it holds is not known"
    if archives:
        said += f"; {archives} archives inside, whose files are not listed"
    reason = f"{said}; {listing.problem}" if listing.problem else said
    yield replace(row, status="left_out", code="archive", reason=reason)
    for member in listing.members:
        yield FileRow(
            f"{row.path}!/{member.path}",
            member.told.kind,
            member.told.form,
            files=member.files,
            status="left_out",
            code="archive",
            reason="inside an archive: unpack it to have it looked at"
            if member.told.kind == "image"
            else "an archive in an archive: what it holds is not listed",
        )


def _is_own(walk: _Walk, row: FileRow) -> bool:
    """Whether a row is a file of its own, and no object of git-annex that a link leads to."""
    if "/annex/objects/" not in row.path:
        return True
    return os.path.realpath(walk.root / row.path) not in walk.linked


def _pairs(rows: list[FileRow]) -> list[FileRow]:
    """Headers and the voxels beside them as one image each."""
    places = {row.path.lower(): k for k, row in enumerate(rows)}
    taken: set[int] = set()
    extra: Counter[int] = Counter()
    for k, row in enumerate(rows):
        ending = ending_of(row.path)
        header = header_of_body(ending)
        if not header:
            continue
        stem = row.path.lower()[: -len(ending)]
        head = next(
            (p for gz in ("", ".gz") if (p := places.get(stem + header + gz)) is not None), None
        )
        if head is not None and (row.kind != "image" or not row.form):
            taken.add(k)
            extra[head] += 1
    return [
        _with_body(row, extra[k]) if ending_of(row.path) in _HEADERS else row
        for k, row in enumerate(rows)
        if k not in taken
    ]


def _with_body(row: FileRow, bodies: int) -> FileRow:
    """A header together with its voxels; a failed image where those are not there."""
    if row.kind != "image" or bodies or row.status == "failed":
        return replace(row, files=row.files + bodies)
    return replace(
        row, status="failed", code="damaged", reason="a header without the file of its voxels"
    )


def _described(row: FileRow, root: Path) -> FileRow:
    """A table or sidecar that describes the data set, with what keeps it from being used."""
    name = row.path.rsplit("/", 1)[-1].rsplit("_", 1)[-1]
    if row.where not in ("raw", "non-BIDS") or "!/" in row.path or row.code in NOT_USED:
        return row
    if row.kind == "table" and name in _KEYS:
        fault = describing_fault(root / row.path, _KEYS[name])
    elif row.kind == "sidecar" and row.path.endswith(".json"):
        fault = "damaged" if read_sidecar(root / row.path)[1] else ""
    else:
        fault = "empty" if row.kind == "table" and not row.bytes else ""
    if not fault:
        return row
    status: State = "failed" if fault in NOT_USED else "left_out"
    return replace(row, status=status, code=fault)


def _base(root: Path) -> Where:
    """``derivatives`` where the data set says that it is nothing else."""
    description = root / "dataset_description.json"
    said = read_sidecar(description)[0] if description.exists() else {}
    return "derivatives" if said.get("DatasetType") == "derivative" else "raw"


def _placed(row: FileRow, walk: _Walk) -> FileRow:
    """The row with where it lies, and what follows from that."""
    row = _named(row)
    where = _where(row, walk.base)
    row = replace(row, where=where)
    if row.kind != "image" or row.code != "no_check":
        return row
    code = {"non-BIDS": "name", "raw": "no_check"}.get(where, where)
    if row.form == "DICOM" and code == "name":
        return row
    code = "history" if "/annex/objects/" in row.path else code
    return replace(row, code=code)


def _named(row: FileRow) -> FileRow:
    """The row with what its path says: person, session, datatype, suffix."""
    path = row.path.split("!/")[-1] if "!/" in row.path else row.path
    parts = PurePosixPath(path).parts
    stem = parts[-1][: len(parts[-1]) - len(ending_of(parts[-1]))] if parts else ""
    suffix = row.suffix
    if row.kind in ("image", "sidecar") and not suffix:
        suffix = known_suffix(stem.rsplit("_", 1)[-1]) or guessed_suffix(stem)
    folder = next((part for part in reversed(parts[:-1]) if part in DATATYPES), "")
    row = replace(
        row,
        suffix=suffix,
        datatype=row.datatype or folder or SUFFIX_TYPES.get(suffix, ""),
        participant_id=row.participant_id or path_label(row.path, "sub"),
        session_id=row.session_id or path_label(row.path, "ses"),
    )
    told = name_label(parts[-1], "sub") if parts else ""
    mine = row.kind != "image" or one_spelling(parts[-1]).startswith(f"sub-{row.participant_id}_")
    if told and told != row.participant_id and not mine and not row.reason:
        return replace(row, reason=f"the name says sub-{told}, the folder sub-{row.participant_id}")
    return row


def _where(row: FileRow, base: Where) -> Where:
    parts = PurePosixPath(row.path).parts
    if any(part.startswith(".") and part != "." for part in parts):
        return "hidden"
    for where in _PLACES:
        if where in parts[:-1]:
            return where
    if row.kind != "image" or _is_bids(row, parts):
        return base
    return "non-BIDS"


def _is_bids(row: FileRow, parts: tuple[str, ...]) -> bool:
    """Whether an image has a name and place as BIDS wants them for raw data."""
    name = one_spelling(parts[-1])
    match = _BIDS_NAME.fullmatch(name[: len(name) - len(ending_of(name))])
    if match is None or match[1] not in SUFFIX_TYPES or "!/" in row.path:
        return False
    person, session = name_label(name, "sub"), name_label(name, "ses")
    wanted = [f"sub-{person}", *([f"ses-{session}"] if session else [])]
    return [*map(one_spelling, parts[:-2])] == wanted and parts[-2] in DATATYPES


def _of_manifest(path: Path) -> Inventory:
    """The files that a manifest lists; what else lies beside them is not the data set."""
    folder = path.parent
    rows = []
    for line in read_manifest(path):
        values = {**line.row.values, "participant_id": line.somebody}
        row = _listed(os.path.normpath(line.path), folder, line.row.first("suffix"), values)
        if line.problem and not line.row.values.get("path"):
            row = replace(row, status="failed", code="line", reason=line.problem)
        rows.append(row)
    return Inventory(folder, tuple({row.path: row for row in rows}.values()))


def _listed(place: str, folder: Path, suffix: str, values: Mapping[str, str]) -> FileRow:
    shown = os.path.relpath(place, folder) if place.startswith(f"{folder}/") else place
    try:
        status = Path(place).stat()
        if not stat.S_ISREG(status.st_mode):
            row = _failed(shown, "special", "not a regular file")
        else:
            with Path(place).open("rb") as handle:
                told = tell_bytes(place, handle.read(HEAD_BYTES), status.st_size)
            row = _row(shown, told, status.st_size)
            row = row if row.kind == "image" else _failed(shown, "damaged", "no image")
    except OSError as error:
        gone = isinstance(error, FileNotFoundError) and not Path(place).is_symlink()
        row = _failed(shown, "missing" if gone else "link", error.strerror or str(error))
    row = _named(replace(row, suffix=known_suffix(suffix)))
    return replace(
        row,
        participant_id=plain_label(values.get("participant_id", ""), "sub") or row.participant_id,
        session_id=plain_label(values.get("session_id", ""), "ses") or row.session_id,
    )
