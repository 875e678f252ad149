"""Whether a path is a derived table rather than a data set of images."""

from __future__ import annotations

from pathlib import Path

from headrisk.table.folder import stats_folders
from headrisk.table.wide import is_wide_table


def holds_table(path: Path) -> bool:
    """Whether a file is a wide table, or a folder holds FreeSurfer's stats and no BIDS images.

    Raises
    ------
    InputError
        A file that cannot be read as a table.
    """
    if path.is_file():
        return path.suffix.lower() in (".tsv", ".txt", ".dat") and is_wide_table(path)
    if not path.is_dir():
        return False
    images = (next(path.glob(where), None) for where in ("sub-*/anat", "sub-*/ses-*/anat"))
    return not any(images) and next(stats_folders(path), None) is not None
