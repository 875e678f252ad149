"""Write the manifest of a published study from the folder as it was downloaded.

No image is dropped without a word: every image below the folder stands in the manifest or is
counted with the reason why not, and what the study should have and the folder lacks is named.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from headrisk.commands.studies import STUDIES, Layout, Study
from headrisk.dataset.bids_names import IMAGE_ENDINGS
from headrisk.dataset.labels import plain_label
from headrisk.errors import InputError, UsageError
from headrisk.face.photo_table import COLUMNS as PHOTO_COLUMNS
from headrisk.io.tsv import read_tsv, tsv_text
from headrisk.report.words.phrases import counted
from headrisk.run.scratch import write_private

IMAGES = (*IMAGE_ENDINGS, ".dcm", ".ima", ".zip", ".tar.gz")
PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
COLUMNS = ("participant_id", "session_id", "path", "suffix", "site", "scanner", "acq_date")
PAIRS = "pairs.tsv"
MOST_NAMED = 20  # people or scans that one line names
OTHER_LAYOUT = "a name or place that is not the study's"
OTHER_KIND = "another kind of image"


@dataclass(frozen=True)
class ImageRow:
    """One image of a study: whose it is, from when, and where."""

    participant: str
    session: str
    path: str
    suffix: str
    site: str = ""
    scanner: str = ""
    date: str = ""
    number: str = ""


@dataclass(frozen=True)
class Recipe:
    """What a folder held of a study.

    Attributes
    ----------
    study
        Which one.
    rows
        The images of the manifest.
    left_out
        Other images by the reason why they are not in it.
    lacks
        What should be there and is not, a sentence each; labels are named.
    photos
        Photographs as (participant, path).
    """

    study: Study
    rows: tuple[ImageRow, ...]
    left_out: dict[str, int]
    lacks: tuple[str, ...]
    photos: tuple[tuple[str, str], ...] = ()


def find_study(name: str) -> Study:
    """The study of a name.

    Raises
    ------
    UsageError
        There is none.
    """
    if name not in STUDIES:
        raise UsageError(
            f"headrisk recipes {name}",
            found="no such study",
            expected=f"one of {', '.join(STUDIES)}",
        )
    return STUDIES[name]


def read_folder(study: Study, folder: Path) -> Recipe:
    """List the images of a study below a folder.

    Raises
    ------
    InputError
        There is no such folder, or nothing in it lies as the study's images do.
    """
    if not folder.is_dir():
        raise InputError(
            str(folder),
            found="no such folder",
            expected=f"the folder of {study.title} as it was downloaded",
        )
    files = sorted(_files(folder))
    rows: list[ImageRow] = []
    left_out: Counter[str] = Counter()
    for path in files:
        if path.lower().endswith(IMAGES):
            row = _row(study, path)
            if isinstance(row, str):
                left_out[row] += 1
            else:
                rows.append(row)
    if not rows:
        shapes = " or ".join(layout.shape for layout in study.layouts)
        raise InputError(
            str(folder),
            found=f"{counted(left_out.total(), 'image')}, none of which lies as in {study.title}",
            expected=shapes,
            remedy=_hint(left_out, files),
        )
    numbers = {row.number for row in rows if row.number}
    lacks = list(_missing_numbers(study, numbers))
    if study.pairs and numbers:
        rows, more = _paired(rows, folder)
        lacks += more
    photos = tuple(_photographs(files)) if study.photos else ()
    lacks += _lacking(study, rows, folder, photos)
    return Recipe(study, tuple(rows), dict(left_out), tuple(lacks), photos)


def write_manifest(recipe: Recipe, folder: Path, out: Path) -> Path | None:
    """Write the manifest, and the table of photographs beside it where the study has some.

    Returns the path of the latter. Both hold labels and paths, and are the owner's alone.

    Raises
    ------
    UsageError
        The file is there already, or its folder is not.
    """
    photos = out.with_name(f"{out.stem}-photos.tsv") if recipe.study.photos else None
    for path in (out, photos):
        if path is None:
            continue
        if path.exists():
            raise UsageError(
                str(path),
                found="a file that is there already",
                expected="a new file",
                remedy="Give another name, or remove it.",
            )
        if not path.absolute().parent.is_dir():
            raise UsageError(str(path), found="no such folder to write in", expected="one that is")
    here = Path(os.path.relpath(folder.resolve(), out.absolute().parent.resolve()))
    rows = tuple(
        (
            row.participant,
            row.session,
            str(here / row.path),
            row.suffix,
            row.site,
            row.scanner,
            row.date,
        )
        for row in recipe.rows
    )
    write_private(out, tsv_text(COLUMNS, rows).encode())
    if photos is not None:
        seen = tuple((who, str(here / path), "", "") for who, path in recipe.photos)
        write_private(photos, tsv_text(PHOTO_COLUMNS, seen).encode())
    return photos


def recipe_lines(recipe: Recipe) -> Iterator[str]:
    """What was found and what lacks, in sentences."""
    people = {row.participant for row in recipe.rows}
    sessions = {(row.participant, row.session) for row in recipe.rows}
    total = len(recipe.rows) + sum(recipe.left_out.values())
    yield (
        f"{recipe.study.title}: {counted(total, 'image')} below the folder, {len(recipe.rows):,} "
        f"in the manifest: {counted(len(people), 'person', 'people')} in "
        f"{counted(len(sessions), 'session')}."
    )
    for reason, count in sorted(recipe.left_out.items()):
        yield f"  {counted(count, 'image')} left out: {reason}."
    yield from (f"  Lacking: {line}" for line in recipe.lacks)
    if not recipe.lacks:
        yield "  Nothing lacks that the folder itself could tell of."


def _files(folder: Path) -> Iterator[str]:
    """Paths of all files below a folder, relative to it, with forward slashes."""
    for place, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(place, name).relative_to(folder).as_posix()


def _row(study: Study, path: str) -> ImageRow | str:
    """The manifest's row of an image, or the reason why it is not in it."""
    if not path.isprintable():
        return "a name with signs that a table cannot hold"
    for layout in study.layouts:
        match = layout.pattern.fullmatch(path)
        if match is None:
            continue
        told = match.groupdict()
        suffix = _suffix(layout, told.get("kind") or "")
        if not suffix:
            return OTHER_KIND
        return ImageRow(
            told.get("participant") or "",
            _session(study, told),
            path,
            suffix,
            told.get("site") or _site(study, told),
            told.get("scanner") or "",
            told.get("date") or (told.get("session") or "" if study.name == "adni" else ""),
            told.get("number") or "",
        )
    return OTHER_LAYOUT


def _suffix(layout: Layout, kind: str) -> str:
    fits = (suffix for name, suffix in layout.contrasts.items() if re.fullmatch(name, kind, re.I))
    return next(fits, "")


def _session(study: Study, told: dict[str, str | None]) -> str:
    session = told.get("session") or ""
    if study.name == "hcp":
        return "retest" if "retest" in session.lower() else "test"
    if study.name == "adni-repeat":
        return f"{told['date']}T{told['time']}".replace("-", "").replace("_", "")
    return session.replace("-", "") if study.name == "adni" else session


def _site(study: Study, told: dict[str, str | None]) -> str:
    """ADNI's labels begin with the number of the site."""
    return (told.get("participant") or "")[:3] if study.name.startswith("adni") else ""


def _missing_numbers(study: Study, numbers: set[str]) -> Iterator[str]:
    if study.numbered and numbers:
        wanted = {f"{number:02d}" for number in range(1, study.numbered + 1)}
        if wanted - numbers:
            yield f"scans numbered {_named(sorted(wanted - numbers))}."
        if numbers - wanted:
            yield f"a place in the study for scans numbered {_named(sorted(numbers - wanted))}."


def _paired(rows: Sequence[ImageRow], folder: Path) -> tuple[list[ImageRow], list[str]]:
    """The rows with people and sessions as ``pairs.tsv`` gives them, and what it leaves open.

    Raises
    ------
    InputError
        There is no such table, it cannot be read, or it gives one scan to two people.
    """
    table = folder / PAIRS
    if not table.is_file():
        raise InputError(
            str(table),
            found="no such file",
            expected="a table with the columns participant_id and scan (1 to 42): which scans are "
            "of one person",
            remedy="Write it from the table that the archive gives with the images: a line of the "
            "two column names, then one for each scan, such as A, a tab, 1 and A, a tab, 25 where "
            "scans 1 and 25 are of one person, whom you may call A.",
        )
    listed: dict[str, list[str]] = {}
    owner: dict[str, str] = {}
    for line in read_tsv(table):
        who, number = line.values.get("participant_id", ""), line.values.get("scan", "")
        if not who or not number.isdigit():
            raise InputError(
                str(table),
                found=f"line {line.line} without a participant_id or a number of a scan",
                expected="columns participant_id and scan",
            )
        scan = f"{int(number):02d}"
        if owner.setdefault(scan, who) != who:
            raise InputError(
                str(table),
                found=f"scan {scan} of {owner[scan]} and of {who}",
                expected="one person for each scan",
            )
        if scan not in listed.setdefault(who, []):
            listed[who].append(scan)
    # Sessions in the order of the table, the same for every contrast of a scan.
    place = {scan: str(k) for scans in listed.values() for k, scan in enumerate(scans, start=1)}
    known = [
        replace(row, participant=owner[row.number], session=place[row.number])
        for row in rows
        if row.number in owner
    ]
    unknown = sorted({row.number for row in rows} - owner.keys())
    lacks = [f"a line of {PAIRS} for scans {_named(unknown)}, so they are left out."]
    return known, lacks if unknown else []


def _photographs(files: Sequence[str]) -> Iterator[tuple[str, str]]:
    for path in files:
        match = re.fullmatch(r"(?:.*/)?photos/([A-Za-z0-9-]+?)(?:_[A-Za-z0-9-]+)?\.\w+", path)
        if match is not None and path.lower().endswith(PICTURES) and path.isprintable():
            yield match[1], path


def _lacking(
    study: Study, rows: Sequence[ImageRow], folder: Path, photos: Sequence[tuple[str, str]]
) -> Iterator[str]:
    """What the folder itself shows to be lacking."""
    sessions: dict[str, set[str]] = {}
    for row in rows:
        if row.suffix == "T1w":
            sessions.setdefault(row.participant, set()).add(row.session)
    people = {row.participant for row in rows}
    without = sorted(people - sessions.keys())
    if without:
        yield f"a T1w image of {_named(without)}."
    few = sorted(who for who, seen in sessions.items() if len(seen) < study.sessions)
    if few:
        what = "T1w images of a second session" if study.sessions == 2 else "sessions"
        yield f"{what} of {_named(few)}; they cannot be searched for."
    every = set().union(*sessions.values()) if sessions else set()
    if study.all_sessions:
        for session in sorted(every):
            gone = sorted(who for who, seen in sessions.items() if session not in seen)
            if gone:
                yield f"a T1w image in session {session} of {_named(gone)}."
    listed = _participants(folder)
    if listed - people:
        yield f"any image of {_named(sorted(listed - people))}, whom participants.tsv lists."
    if study.photos:
        shown = {who for who, _ in photos}
        if people - shown:
            yield f"a photograph of {_named(sorted(people - shown))}."
        if shown - people:
            yield (
                f"a scan of {_named(sorted(shown - people))}, of whom there are photographs: they "
                "are searched for as people who are not in the data set."
            )


def _participants(folder: Path) -> set[str]:
    """People listed by a BIDS data set; a table that cannot be read lists nobody.

    ds005664 as published separates its columns by commas.
    """
    table = folder / "participants.tsv"
    try:
        lines = table.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return set()
    if not lines or re.split(r"[\t,]", lines[0])[0] != "participant_id":
        return set()
    labels = (plain_label(re.split(r"[\t,]", line)[0], "sub") for line in lines[1:])
    return {label for label in labels if label}


def _hint(left_out: Counter[str], files: Sequence[str]) -> str:
    if any(path.lower().endswith((".zip", ".tar.gz", ".tar.bz2", ".tar")) for path in files):
        return "Unpack the archives first."
    if any(path.lower().endswith((".dcm", ".ima")) for path in files):
        return "Download NIfTI, or audit the folder of DICOM series as it is."
    if left_out[OTHER_KIND]:
        return "Download the T1w images too."
    return "Name the folder that the archive's own tool made."


def _named(labels: Sequence[str]) -> str:
    shown = ", ".join(labels[:MOST_NAMED])
    rest = len(labels) - MOST_NAMED
    return f"{shown} and {rest:,} more" if rest > 0 else shown
