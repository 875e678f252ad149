"""Bring several data sets into one list of scans."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from headrisk.dataset.index import index_dataset
from headrisk.dataset.people import without_conflicts
from headrisk.dataset.scans import Scan, scan_rows, table_notes
from headrisk.errors import UsageError


@dataclass(frozen=True)
class Source:
    """A data set and the short name it goes by in this run.

    Attributes
    ----------
    path
        A BIDS folder, a folder of DICOM series, or a manifest (TSV).
    name
        Letters and digits that tell it from the others; "" where there is only one.

    Examples
    --------
    >>> from pathlib import Path
    >>> from headrisk import Source
    >>> released, earlier = Source(Path("study"), "study"), Source(Path("wave1"), "wave1")
    >>> released.name
    'study'
    """

    path: Path
    name: str = ""


def name_sources(paths: Sequence[Path]) -> tuple[Source, ...]:
    """Give each data set a name: its folder's, with a number where two are alike.

    Raises
    ------
    UsageError
        The same path is named twice.
    """
    resolved = [_resolved(path) for path in paths]
    twice = [path for path, count in Counter(resolved).items() if count > 1]
    if twice:
        raise UsageError(
            str(twice[0]),
            found="named twice",
            expected="different data sets",
            remedy="Leave out --against to compare the sessions within one data set.",
        )
    if len(paths) == 1:
        return (Source(resolved[0]),)
    plain = [path.name.split(".")[0] or "dataset" for path in resolved]
    names = [name if plain.count(name) == 1 else "" for name in plain]
    for place, name in enumerate(plain):
        number = 0
        while not names[place]:
            number += 1
            if f"{name}-{number}" not in names:
                names[place] = f"{name}-{number}"
    return tuple(Source(path, name) for path, name in zip(resolved, names, strict=True))


def _resolved(path: Path) -> Path:
    """The path without links; one that links to itself stays, to be refused when it is read."""
    return Path(os.path.realpath(path))


def name_deidentified(
    given: Sequence[tuple[str, Path]], sources: Sequence[Source]
) -> tuple[Source, ...]:
    """Treated data sets under the names that were given to their treatments.

    Raises
    ------
    UsageError
        A name is given twice or is that of a data set, or a path is named twice.
    """
    names = [source.name.casefold() for source in sources if source.name]
    paths = {source.path: "as a data set" for source in sources}
    for name, path in given:
        if name.casefold() in names:
            raise UsageError(
                f"--deidentified {name}",
                found="a name that is taken",
                expected="a name of its own for each de-identification method",
                remedy="Give another name before the equals sign.",
            )
        place = _resolved(path)
        if place in paths:
            raise UsageError(
                f"--deidentified {name}",
                found=f"{path}, which is already named {paths[place]}",
                expected="the de-identified copies alone, in a data set of their own",
                remedy="Give the folder with the treatment's output.",
            )
        names.append(name.casefold())
        paths[place] = f"as {name}"
    return tuple(Source(_resolved(path), name) for name, path in given)


def gather(
    sources: Sequence[Source],
    *,
    contrasts: tuple[str, ...],
    work_dir: Path | None,
    participants: tuple[str, ...],
    sessions: tuple[str, ...],
    may_be_none: bool = False,
    every: bool = False,
) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    """Scans of all data sets, first one first, and what indexing had to say.

    With ``every`` also the images of other contrasts that a manifest or DICOM series hold.

    Raises
    ------
    InputError
        A data set cannot be used.
    """
    scans: list[Scan] = []
    notes: list[str] = []
    for source in sources:
        table = index_dataset(
            source.path,
            name=source.name,
            contrasts=contrasts,
            work_dir=None if work_dir is None else work_dir / (source.name or "dicom"),
            participants=participants,
            sessions=sessions,
            may_be_none=may_be_none,
            every=every,
        )
        scans += scan_rows(table)
        notes += table_notes(table)
    return tuple(without_conflicts(scans)), tuple(notes)
