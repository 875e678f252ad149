"""What of a table can be compared: rows, columns, and the columns that two tables share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from headrisk.dataset.labels import plain_label
from headrisk.dataset.people import require_distinct_labels
from headrisk.dataset.scans import Scan
from headrisk.errors import InputError
from headrisk.table.features import Dropped, FeatureTable
from headrisk.table.folder import read_folder
from headrisk.table.wide import read_wide
from headrisk.types import BoolArray, FloatArray

FEWEST_COLUMNS = 3
LARGEST_MISSING = 0.5  # share of values a row or column may lack
_FOREIGN_UNIT = 100.0  # a row this many times off the others' level was written in another unit
_UNIT_STEPS = {"volume": 1000.0, "size": 1000.0, "area": 100.0, "thickness": 10.0}


@dataclass(frozen=True)
class Shared:
    """Two tables (or one, twice) with the same columns in the same order."""

    probe: FeatureTable
    gallery: FeatureTable
    notes: tuple[str, ...] = ()


def read_table(path: Path, name: str = "") -> FeatureTable:
    """Read a folder of FreeSurfer stats, or a wide TSV, and leave out what cannot be compared.

    Raises
    ------
    InputError
        The table cannot be used at all: damaged, no person, no measurement, two unlike rows of
        one session, or labels that differ only in case.
    """
    path = path.absolute()
    table = read_folder(path, name) if path.is_dir() else read_wide(path, name)
    require_distinct_labels((scan.participant_id for scan in table.scans), str(path))
    return clean(_unique_rows(table, path), path)


def choose_rows(
    table: FeatureTable, path: Path, participants: Sequence[str], sessions: Sequence[str]
) -> FeatureTable:
    """The rows of these people and sessions; all where none are named.

    Raises
    ------
    InputError
        A label is not in the table.
    """
    for wanted, entity, what in (
        (participants, "sub", "participant_id"),
        (sessions, "ses", "session_id"),
    ):
        labels = [plain_label(label, entity) for label in wanted]
        there = {getattr(scan, what) for scan in table.scans}
        missing = [label for label in labels if label not in there]
        if missing:
            raise InputError(
                str(path),
                found=f"no row with {what} {', '.join(missing)}",
                expected="labels of this table",
                remedy="Correct the label or leave it out.",
            )
        if labels:
            kept = [k for k, scan in enumerate(table.scans) if getattr(scan, what) in labels]
            table = table.take_rows(kept)
    return table


def clean(table: FeatureTable, path: Path) -> FeatureTable:
    """Mark rows that cannot be used as failed, and drop columns that say nothing.

    Values that no measurement can have (negative; a thickness or head size of 0) count as missing.

    Raises
    ------
    InputError
        Fewer than three columns are left.
    """
    table, impossible = _without_impossible(table)
    table = _check_rows(_drop_columns(table))
    table = _drop_columns(table)
    if len(table.keys) < FEWEST_COLUMNS:
        reasons = "; ".join(f"{one.name}: {one.reason}" for one in table.dropped[:3])
        raise InputError(
            str(path),
            found=f"{len(table.keys)} usable columns of measurements ({reasons or 'no others'})",
            expected=f"at least {FEWEST_COLUMNS}",
            remedy="Name a table of regional volumes, areas or thickness.",
        )
    if impossible:
        note = f"{path}: {impossible} values below zero, or zero thickness, count as missing."
        table = replace(table, notes=(*table.notes, note))
    return table


def share_columns(probe: FeatureTable, gallery: FeatureTable) -> Shared:
    """Both tables with the columns they have in common, in the probe's order and units.

    Raises
    ------
    InputError
        Fewer than three columns are in both.
    """
    if probe is gallery:
        return Shared(probe, gallery)
    there = {key: k for k, key in enumerate(gallery.keys)}
    common = [k for k, key in enumerate(probe.keys) if key in there]
    if len(common) < FEWEST_COLUMNS:
        raise InputError(
            "the two tables",
            found=f"{len(common)} columns in common; the first has {', '.join(probe.spellings[:4])}"
            f" ..., the second {', '.join(gallery.spellings[:4])} ...",
            expected=f"at least {FEWEST_COLUMNS} measurements that are in both",
            remedy="Name the columns of one table as in the other.",
        )
    keys = {probe.keys[k] for k in common}
    first = probe.take_columns(common, _alone(probe, keys, "not in the second table"))
    order = [there[key] for key in first.keys]
    second = gallery.take_columns(order, _alone(gallery, keys, "not in the first table"))
    second, notes = _same_units(first, replace(second, kinds=first.kinds))
    return Shared(first, second, notes)


def _alone(table: FeatureTable, keys: set[str], reason: str) -> list[Dropped]:
    return [
        Dropped(spelling, reason, "alone")
        for key, spelling in zip(table.keys, table.spellings, strict=True)
        if key not in keys
    ]


def _unique_rows(table: FeatureTable, path: Path) -> FeatureTable:
    """Drop rows that repeat another one; refuse rows of one session that differ."""
    first: dict[tuple[str, str], int] = {}
    kept: list[int] = []
    for k, scan in enumerate(table.scans):
        key = (scan.participant_id, scan.session_id)
        if key not in first:
            first[key] = k
            kept.append(k)
        elif not np.array_equal(table.values[first[key]], table.values[k], equal_nan=True):
            of = "in one session" if scan.session_id else "with no session_id"
            raise InputError(
                str(path),
                found=f"two unlike rows of one person {of} "  # a log travels: no label
                f"({table.scans[first[key]].path}; {scan.path})",
                expected="one row for each session of a person",
                remedy="Give each row its session_id, or remove one.",
            )
    if len(kept) == len(table.scans):
        return table
    note = f"{path}: {len(table.scans) - len(kept)} rows that repeat another one were left out."
    return replace(table.take_rows(kept), notes=(*table.notes, note))


def _without_impossible(table: FeatureTable) -> tuple[FeatureTable, int]:
    kinds = np.array(table.kinds, dtype=np.str_)
    never_negative = np.isin(kinds, ("volume", "area", "thickness", "size"))
    never_zero = np.isin(kinds, ("thickness", "size"))
    wrong = (table.values < 0) & never_negative | (table.values == 0) & never_zero
    return replace(table, values=np.where(wrong, np.nan, table.values)), int(wrong.sum())


def _drop_columns(table: FeatureTable) -> FeatureTable:
    values = table.values[table.usable]
    kept, dropped = [], []
    for k, name in enumerate(table.spellings):
        known = values[np.isfinite(values[:, k]), k]
        if known.size < (1 - LARGEST_MISSING) * len(values) or not known.size:
            dropped.append(Dropped(name, f"missing in {len(values) - known.size} rows", "missing"))
        elif len(values) > 1 and np.ptp(known) == 0:
            dropped.append(Dropped(name, "the same in every row", "constant"))
        else:
            kept.append(k)
    return table.take_columns(kept, dropped)


def _check_rows(table: FeatureTable) -> FeatureTable:
    """Mark rows that lack most measurements, or whose values are in another unit, as failed."""
    scans = list(table.scans)
    level = _levels(table)
    for k in table.usable:
        known = int(np.isfinite(table.values[k]).sum())
        if known < (1 - LARGEST_MISSING) * len(table.keys):
            reason = f"{known} of {len(table.keys)} measurements are there"
        elif not 1 / _FOREIGN_UNIT < level[k] < _FOREIGN_UNIT:
            reason = (
                f"its volumes are about {level[k]:.2g} times those of the other rows: "
                "written in another unit"
            )
        else:
            continue
        scans[k] = replace(scans[k], status="failed", reason=reason)
    return replace(table, scans=tuple(scans))


def _levels(table: FeatureTable) -> FloatArray:
    """How many times larger a row's volumes are than those of the middle row; 1 if unknown."""
    volumes = [k for k, kind in enumerate(table.kinds) if kind in ("volume", "area", "size")]
    values = np.where(table.values > 0, table.values, np.nan)[:, volumes]
    level = np.ones(len(values))
    if not volumes or len(table.usable) < 3:
        return level
    known: BoolArray = np.isfinite(values)
    enough = known[table.usable].any(axis=0)
    if not enough.any():
        return level
    middle = np.nanmedian(values[table.usable][:, enough], axis=0)
    for k in table.usable:
        if known[k, enough].any():
            level[k] = np.nanmedian(values[k, enough] / middle)
    return level


def _same_units(first: FeatureTable, second: FeatureTable) -> tuple[FeatureTable, tuple[str, ...]]:
    """The second table in the first one's units, where a whole kind of columns is off by a step."""
    values, notes = second.values.copy(), []
    for kind, step in _UNIT_STEPS.items():
        places = [k for k, one in enumerate(first.kinds) if one == kind]
        ratios = [_middle(first, k) / _middle(second, k) for k in places if _middle(second, k) > 0]
        ratio = float(np.median(ratios)) if ratios else 1.0
        for factor in (step, 1 / step):
            if 0.5 < ratio / factor < 2:
                values[:, places] *= factor
                notes.append(
                    f"Columns of kind {kind} are in another unit in the second table; they were "
                    f"multiplied by {factor:g}."
                )
    return replace(second, values=values), tuple(notes)


def _middle(table: FeatureTable, k: int) -> float:
    values = table.values[table.usable, k]
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else 0.0


def significant(values: FloatArray) -> FloatArray:
    """Values to twelve significant digits, whatever their unit: equal where they stand as equal."""
    mantissa, exponent = np.frexp(np.where(np.isfinite(values), values, np.nan) + 0.0)
    return np.asarray(np.ldexp(np.round(mantissa, 12), exponent))


def row_texts(scans: Sequence[Scan], values: FloatArray) -> list[bytes]:
    """The bytes of every row's values: equal where two rows are copies of each other."""
    plain = significant(values) + 0.0
    return [row.tobytes() for row in plain] if len(scans) else []
