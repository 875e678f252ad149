"""Listing a data set that was treated elsewhere: every image in it, whatever it is called.

Tools name their outputs each in their own way (``sub-01_T1w_defaced``, ``desc-defaced_T1w``,
``T1_deFaced``, ``T1.reface``, a folder with the old names), so nothing but the file's kind is asked
for here. What a file belongs to is decided by ``headrisk.dataset.treated_names``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from headrisk.dataset.bids_names import IMAGE_ENDINGS
from headrisk.dataset.gather import Source, gather
from headrisk.dataset.labels import path_label
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError

_LEFT_OUT = ("derivatives", "sourcedata", "code", "stimuli")
_DEEPEST = 8  # folders below the data set
_MASK = re.compile(r"(?:^|[_.-])(?:(?:de)?face)?_?(?:mask|dseg|probseg|seg)(?:[_.-]|$)", re.I)


def list_treated(
    source: Source, contrasts: tuple[str, ...], work_dir: Path
) -> tuple[tuple[Scan, ...], tuple[str, ...]]:
    """Every image of a treated data set, and what there was to say of files left out.

    Parameters
    ----------
    source
        A folder of images, a manifest TSV, or a folder of DICOM series; its name is the
        treatment's.
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
            remedy="Give the folder with the treatment's output.",
        )
    return found, notes


def stem_of(path: str) -> str:
    """File name without folders and image ending."""
    name = Path(path).name
    ending = next((e for e in IMAGE_ENDINGS if name.lower().endswith(e)), "")
    return name[: len(name) - len(ending)]


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
        imitating = [name for name in inner if name.lower().endswith(IMAGE_ENDINGS)]
        inner[:] = [name for name in inner if name not in imitating]
        for name in (*names, *imitating):  # a folder named as an image is listed, and fails
            if not name.startswith(".") and name.lower().endswith(IMAGE_ENDINGS):
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
    name = path.name.lower()
    place = next(k for k, ending in enumerate(IMAGE_ENDINGS) if name.endswith(ending))
    return place, str(path)


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
