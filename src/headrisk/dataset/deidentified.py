"""Listing a data set that was de-identified elsewhere: every image in it, whatever it is called.

Tools name their outputs each in their own way (``sub-01_T1w_defaced``, ``desc-defaced_T1w``,
``T1_deFaced``, ``T1.reface``, a folder with the old names), so nothing but the file's kind is asked
for here. What a file belongs to is decided by ``headrisk.dataset.deidentified``.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Literal, Protocol

from headrisk.dataset.bids_names import IMAGE_ENDINGS, image_ending, parse_name
from headrisk.dataset.gather import Source, gather
from headrisk.dataset.labels import path_label
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError

# ----------------------------------------------------------------------
# Which de-identified file belongs to which scan, told from names: BIDS entities, then file names.
# ----------------------------------------------------------------------

How = Literal["BIDS entities", "file name", "image"]

# What tools, and people who call them, add to a name: pydeface writes NAME_defaced, mri_reface
# NAME_deFaced, afni_refacer_run NAME.deface, NAME.reface and NAME.reface_plus.
_WORD = (
    r"(?:(?:py|fsl|mri|mi|afni|quick)?[_-]?(?:de|re)[_-]?fac(?:e|ed|er|ing)(?:[_-]?plus)?"
    r"|mideface|maskface|face[_-]?masked|quickshear(?:ed)?|sheared"
    r"|(?:skull)?[_-]?stripp?(?:ed)?|skullstripped|noskull|brain(?:[_-]?extracted)?|bet"
    r"|anon(?:ymi[sz]ed)?|deid(?:entified)?|masked|treated)"
)
_AT_END = re.compile(rf"[_.-]{_WORD}$", re.IGNORECASE)
_AT_START = re.compile(rf"^{_WORD}[_.-]", re.IGNORECASE)
_NOT_COMPARED = ("sub", "ses", "desc", "space", "res", "proc")
_ANAT = frozenset(
    [
        "T1w",
        "T2w",
        "FLAIR",
        "PDw",
        "PDT2",
        "T2star",
        "T2starw",
        "UNIT1",
        "inplaneT1",
        "inplaneT2",
        "angio",
        "T1map",
        "T2map",
        "MTw",
        "SWI",
        "T1rho",
        "MPRAGE",
        "T1wCE",
    ]
)
_FOLDERS = 3  # how many names, from the file upward, tell two files apart


@dataclass(frozen=True)
class Match:
    """A de-identified file and the scan it was made from, as positions in their lists."""

    copy: int
    original: int
    how: How


@dataclass(frozen=True)
class NameMatches:
    """What names tell: matches, and for every other de-identified file why it has none.

    ``open`` are de-identified files of which names say nothing; they may be told by their image.
    """

    matches: tuple[Match, ...]
    refused: dict[int, str]
    open: tuple[int, ...]


def plain_stem(path: str) -> str:
    """A file name without folders, ending and the words that tools add."""
    stem = stem_of(path)
    while True:
        shorter = _AT_START.sub("", _AT_END.sub("", stem))
        if shorter in ("", stem):
            return stem
        stem = shorter


def named_suffix(path: str) -> str:
    """The contrast a file's name tells as a BIDS suffix, or ""."""
    name = parse_name(plain_stem(path))
    return name.suffix if name.suffix in _ANAT else ""


def match_by_name(originals: Sequence[Scan], copies: Sequence[Scan]) -> NameMatches:
    """Match de-identified files to scans by what their names say, each scan at most once.

    First by participant, session, contrast and the other BIDS entities but for those that name a
    processing step; then without session and entities where that leaves one candidate; then by
    file name without the words that tools add, with up to two folder names where file names repeat.
    A name counts only where it is unique on both sides; of several de-identified files with one
    scan's entities the first is taken and the others are refused, with the reason.
    """
    wanted = {scan.suffix for scan in originals}
    refused = {}
    for k, scan in enumerate(copies):
        said = scan.suffix or named_suffix(scan.path)
        if said and said not in wanted:
            refused[k] = f"shows another contrast ({said}) than the audit"
    state = _State(originals, copies, {}, refused)
    _exact(state)
    _join(state, "BIDS entities", _person_and_contrast)
    for folders in range(1, _FOLDERS + 1):
        _join(state, "file name", partial(_tail, count=folders))
    taken = {m.copy for m in state.found.values()}
    left = tuple(k for k in range(len(copies)) if k not in taken and k not in refused)
    ordered = tuple(sorted(state.found.values(), key=lambda match: match.original))
    return NameMatches(ordered, refused, left)


@dataclass(frozen=True)
class _State:
    """Both lists, the matches so far by scan, and refusals by de-identified file."""

    originals: Sequence[Scan]
    copies: Sequence[Scan]
    found: dict[int, Match]
    refused: dict[int, str]

    def free(self) -> list[int]:
        """De-identified files without a match or refusal."""
        taken = {match.copy for match in self.found.values()}
        return [k for k in range(len(self.copies)) if k not in taken and k not in self.refused]


def _exact(state: _State) -> None:
    """By all entities. A second file of one scan is refused: one method, one file."""
    places: dict[Hashable, list[int]] = defaultdict(list)
    for k, scan in enumerate(state.originals):
        places[_entities(scan)].append(k)
    for k in state.free():
        key = _entities(state.copies[k])
        if key is None or len(places.get(key, ())) != 1:
            continue
        place = places[key][0]
        if place in state.found:
            state.refused[k] = "a second file of one scan: give each method a data set of its own"
        else:
            state.found[place] = Match(k, place, "BIDS entities")


class _Key(Protocol):
    def __call__(self, scan: Scan, *, copied: bool) -> Hashable: ...


def _join(state: _State, how: How, key: _Key) -> None:
    """Match what is unique on both sides under a key; None matches nothing."""
    sides = []
    for scans, copied in ((state.originals, False), (state.copies, True)):
        places: dict[Hashable, list[int]] = defaultdict(list)
        for k, scan in enumerate(scans):
            places[key(scan, copied=copied)].append(k)
        sides.append(places)
    free = set(state.free())
    for name, ours in sides[0].items():
        theirs = [k for k in sides[1].get(name, ()) if k not in state.refused]
        if name is None or len(ours) != 1 or len(theirs) != 1:
            continue
        if ours[0] not in state.found and theirs[0] in free:
            state.found[ours[0]] = Match(theirs[0], ours[0], how)


def _entities(scan: Scan) -> Hashable:
    """Participant, session, other entities and contrast; None where the name does not tell them."""
    suffix = scan.suffix or named_suffix(scan.path)
    if not scan.participant_id or not suffix:
        return None
    kept = frozenset(
        (key, value)
        for key, value in parse_name(plain_stem(scan.path)).entities.items()
        if key not in _NOT_COMPARED and not _is_tool(value)
    )
    return scan.participant_id, scan.session_id, kept, suffix


def _person_and_contrast(scan: Scan, *, copied: bool) -> Hashable:
    """Participant and contrast. A copy that names a session belongs to that one alone."""
    suffix = scan.suffix or named_suffix(scan.path)
    if not scan.participant_id or not suffix or (copied and scan.session_id):
        return None
    return scan.participant_id, suffix


def _is_tool(value: str) -> bool:
    return re.fullmatch(_WORD, value, re.IGNORECASE) is not None


def _tail(scan: Scan, *, copied: bool, count: int) -> Hashable:
    """The last names of a path, from the file upward, without what tools add, lower case."""
    del copied
    folders = [plain_stem(part).lower() for part in PurePath(scan.path).parts[:-1]]
    return (*folders[len(folders) - count + 1 :], plain_stem(scan.path).lower())


_LEFT_OUT = ("derivatives", "sourcedata", "code", "stimuli")
_DEEPEST = 8  # folders below the data set
_MASK = re.compile(r"(?:^|[_.-])(?:(?:de)?face)?_?(?:mask|dseg|probseg|seg)(?:[_.-]|$)", re.I)


def list_deidentified(
    source: Source, contrasts: tuple[str, ...], work_dir: Path
) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    """Every image of a de-identified data set, and what there was to say of files left out.

    Parameters
    ----------
    source
        A folder of images, a manifest TSV, or a folder of DICOM series; its name is the
        method's.
    contrasts
        BIDS suffixes of the audit; needed for DICOM and manifests.
    work_dir
        Where DICOM series are converted to.

    Raises
    ------
    InputError
        Nothing there that could be an image.
    """
    if source.path.is_dir():
        files = sorted(_images(source.path))
        if files:
            return _from_files(source, files)
    found, notes = gather(
        (source,), contrasts=contrasts, work_dir=work_dir, participants=(), sessions=()
    )
    if not found:
        raise InputError(
            str(source.path),
            found="no image",
            expected="de-identified scans",
            remedy="Give the folder with the method's output.",
        )
    return found, notes


def stem_of(path: str) -> str:
    """File name without folders and image ending."""
    name = Path(path).name
    return name[: len(name) - len(image_ending(name))]


def _images(root: Path) -> Iterator[Path]:
    """Image files below a folder, hidden ones and links to folders left alone."""
    for folder, inner, names in os.walk(root):
        depth = len(Path(folder).relative_to(root).parts)
        left_out = _LEFT_OUT if depth == 0 else ()
        inner[:] = sorted(
            name
            for name in inner
            if not name.startswith(".") and name not in left_out and depth < _DEEPEST
        )
        imitating = [name for name in inner if image_ending(name)]
        inner[:] = [name for name in inner if name not in imitating]
        for name in (*names, *imitating):  # a folder named as an image is listed, and fails
            if not name.startswith(".") and image_ending(name):
                yield Path(folder) / name


def _from_files(source: Source, files: list[Path]) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    masks = [path for path in files if _MASK.search(stem_of(path.name))]
    kept: dict[str, Path] = {}
    for path in sorted(set(files) - set(masks), key=_preference):
        kept.setdefault(str(path.with_name(stem_of(path.name))), path)
    notes = [f"{source.name}: {len(masks)} masks left out"] if masks else []
    again = len(files) - len(masks) - len(kept)
    if again:
        notes.append(f"{source.name}: {again} files left out, stored in another format too")
    rows = [_row(source, path) for path in sorted(kept.values())]
    return tuple(rows), tuple(notes)


def _preference(path: Path) -> tuple[int, str]:
    return IMAGE_ENDINGS.index(image_ending(path.name)), str(path)


def _row(source: Source, path: Path) -> Scan:
    """A scan as its name tells of it; person and session are empty where it does not."""
    relative = path.relative_to(source.path)
    text = relative.as_posix()
    missing = path.is_symlink() and not path.exists()
    return Scan(
        scan_id=f"{source.name}/{relative.with_name(stem_of(path.name)).as_posix()}",
        participant_id=path_label(text, "sub"),
        session_id=path_label(text, "ses"),
        suffix="",
        path=str(path),
        dataset=source.name,
        status="failed" if missing else "ok",
        reason="a link whose target is not here: fetch the file" if missing else "",
    )
