"""Reading a wide table: a line for each scan, a column for each measurement."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from headrisk.dataset.bids_tables import facts_of
from headrisk.dataset.labels import path_label, plain_label
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError
from headrisk.io.tsv import Row, read_tsv, split_tsv
from headrisk.table.features import Dropped, FeatureTable, feature_table
from headrisk.table.folder import Streams, stats_folders, streams

# ----------------------------------------------------------------------
# Whether a path is a derived table rather than a data set of images.
# ----------------------------------------------------------------------


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


# ----------------------------------------------------------------------
# Reading a wide table: a line for each scan, a column for each measurement.
# ----------------------------------------------------------------------

SOFTWARE = ("software", "pipeline", "freesurfer_version", "fs_version", "software_version")
NOT_MEASURED = frozenset(  # what a person or a visit is, not what the brain measures
    [
        "participant_id",
        "session_id",
        "subject",
        "subject_id",
        "id",
        "index",
        "age",
        "age_years",
        "age_at_scan",
        "sex",
        "gender",
        "site",
        "site_id",
        "scanner",
        "scanner_id",
        "group",
        "diagnosis",
        "dx",
        "handedness",
        "education",
        "years_of_education",
        "iq",
        "weight",
        "height",
        "bmi",
        "date",
        "acq_date",
        "acq_time",
        "acquisition_date",
        "scan_date",
        "visit",
        "run",
        "wave",
        "timepoint",
        "family_id",
        "field_strength",
        "fieldstrength",
        "tr",
        "te",
        "ti",
        "manufacturer",
        "euler",
        "euler_number",
        "lhsurfaceholes",
        "rhsurfaceholes",
        "surfaceholes",
        "qc",
        "rating",
        "suffix",
        "path",
        "echo_time",
        "repetition_time",
        "interval_days",
        "birth_date",
        "race",
        "ethnicity",
        "ses",
        "mmse",
        "cdr",
        "updrs",
        "edss",
        "duration",
    ]
)
OF_THE_PERSON = frozenset(  # of these, what a person brings to every visit as it is, or nearly so
    [
        "group",
        "diagnosis",
        "dx",
        "handedness",
        "education",
        "years_of_education",
        "iq",
        "height",
        "family_id",
        "birth_date",
        "race",
        "ethnicity",
    ]
)
FEWEST_NUMBERS = 3  # columns of numbers from which a TSV is a table rather than a poor manifest
_TABLE2STATS = re.compile(r"measure:\w+|(?:lh|rh)\.\S+")  # first cell of asegstats2table's header


def is_wide_table(path: Path) -> bool:
    """Whether a file is a table of measurements rather than a manifest of images.

    Raises
    ------
    InputError
        The file is no table.
    """
    columns, _ = split_tsv(path, "replace")
    if "path" in columns:
        return False  # whatever single lines hold
    rows = read_tsv(path)
    names = set(rows[0].values) if rows else set()
    first = _label_column(names, rows)
    if not first:
        return False
    return len(_sort_columns(sorted(names - {first, ""}), rows)[1]) >= FEWEST_NUMBERS


def read_wide(path: Path, name: str) -> FeatureTable:
    """Read a TSV with ``participant_id``, ``session_id`` and a column for each measurement.

    Tables of asegstats2table and aparcstats2table are read too; their first column holds subject
    names, from which ``sub-`` and ``ses-`` are taken where they are there. Cells that mean "not
    known" are missing values, and so is text in a column of numbers. A column that mostly holds
    text is no measurement, and neither are facts about the person, such as age; of both, those
    that may be alike in two rows of a person are kept as text.

    Raises
    ------
    InputError
        Damaged table, no column that says who, a row without a person, or no measurement.
    """
    rows = read_tsv(path)
    first = _label_column(set(rows[0].values) if rows else set(), rows)
    if not first:
        raise _refusal(
            path,
            "no column participant_id" if rows else "no rows below the header",
            "a line for each scan with participant_id, session_id and its measurements",
        )
    columns = [c for c in rows[0].values if c and c not in (first, "session_id")]
    dropped, wanted = _sort_columns(columns, rows)
    stray = _stray(wanted, rows)
    if not wanted:
        raise _refusal(path, "no column of numbers", "regional volumes, areas or thickness")
    found = streams([row.values[first] for row in rows], str(path))
    rows = [row for row in rows if row.values[first] in found.kept]
    scans = [_scan(path, row, first, name, found) for row in rows]
    made = {row.first(*SOFTWARE) for row in rows} - {""}
    return feature_table(
        scans,
        [{c: _value(row.values[c]) for c in wanted} for row in rows],
        dropped=dropped,
        software=", ".join(sorted(made)),
        notes=(*found.notes, *_unsure(path, rows, first, found), *_said_of(path, stray)),
        texts=_texts(columns, wanted, rows, [scan.participant_id for scan in scans]),
    )


def _label_column(names: set[str], rows: Sequence[Row]) -> str:
    if "participant_id" in names:
        return "participant_id"
    first = next(iter(rows[0].values)) if rows else ""
    return first if _TABLE2STATS.fullmatch(first) else ""


def _sort_columns(columns: Sequence[str], rows: Sequence[Row]) -> tuple[list[Dropped], list[str]]:
    """Columns of numbers; and the others with why they are none.

    A column in which no more than half of what is there is text is one of numbers.
    """
    dropped, wanted = [], []
    for name in columns:
        if name in NOT_MEASURED or name in SOFTWARE:
            dropped.append(
                Dropped(name, "a fact about the person or the scan, no measurement", "fact")
            )
            continue
        filled = sum(bool(row.values[name]) for row in rows)
        text = _stray([name], rows)
        if 2 * len(text) > filled:
            dropped.append(Dropped(name, f"line {text[0]} holds text, no number", "text"))
        else:
            wanted.append(name)
    return dropped, wanted


def _stray(columns: Sequence[str], rows: Sequence[Row]) -> list[int]:
    """Lines of the cells that hold text."""
    return [
        row.line
        for name in columns
        for row in rows
        if row.values[name] and _value(row.values[name]) is _NAN
    ]


def _said_of(path: Path, stray: Sequence[int]) -> list[str]:
    if not stray:
        return []
    return [
        f"{path}: {len(stray)} cells that hold text in columns of numbers, the first in line "
        f"{min(stray)}, count as missing."
    ]


_WORD = re.compile(r"[^\W_]+")


def _texts(
    columns: Sequence[str], numbers: Sequence[str], rows: Sequence[Row], people: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Cells of the columns of text that may tell people apart, in one case, by column.

    Not those that write the person's label again, which an attacker would not have.
    """
    found = {}
    for name in columns:
        if name in numbers or (name in NOT_MEASURED and name not in OF_THE_PERSON):
            continue
        if name in SOFTWARE:
            continue
        cells = tuple(" ".join(row.values[name].casefold().split()) for row in rows)
        labelled = sum(
            person.casefold() in _WORD.findall(cell)
            for cell, person in zip(cells, people, strict=True)
        )
        if 2 * labelled <= len(rows):
            found[name] = cells
    return found


_NAN = math.nan


def _value(text: str) -> float:
    """The number, or the very object ``_NAN`` where there is none."""
    try:
        value = float(text)
    except ValueError:
        return _NAN
    return value if math.isfinite(value) else _NAN


def _unsure(path: Path, rows: Sequence[Row], first: str, found: Streams) -> list[str]:
    """What is said of a table2stats table whose names do not tell whose the sessions are."""
    named = any(path_label(row.values[first], "sub") for row in rows)
    if first == "participant_id" or found.base or named:
        return []
    return [
        f"{path}: no subject is named sub-*, so each row was taken for a person. Where a person "
        "has several, rename the first column participant_id and add a column session_id."
    ]


def _scan(path: Path, row: Row, first: str, name: str, found: Streams) -> Scan:
    label, session = row.values[first], row.first("session_id")
    person, visit = path_label(label, "sub"), path_label(label, "ses")
    if person and (first != "participant_id" or visit):
        label, session = person, session or visit
    elif first != "participant_id" and not session:
        label, session = found.person(label)
    label, session = plain_label(label, "sub"), plain_label(session, "ses")
    if not label:
        raise _refusal(path, f"line {row.line} has no {first}", "a person in every line")
    facts = facts_of(row)
    where = f"{label}/{session}" if session else label
    return Scan(
        scan_id=f"{name}/{where}" if name else where,
        participant_id=label,
        session_id=session,
        path=f"{path}, line {row.line}",
        dataset=name,
        suffix="table",
        site=facts.site,
        scanner=facts.scanner,
        age=facts.age,
        sex=facts.sex,
        acq_date=facts.acq_date,
        family_id=facts.family_id,
    )


def _refusal(path: Path, found: str, expected: str) -> InputError:
    return InputError(
        str(path), found=found, expected=expected, remedy="Correct the table and run again."
    )
