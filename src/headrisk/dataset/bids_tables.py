"""The tables of a BIDS folder: participants, sessions, scans."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from headrisk.dataset.people import plain_label
from headrisk.errors import InputError
from headrisk.io.tsv import Row, read_tsv
from headrisk.io.values import parse_age, parse_date, parse_sex

_AGE = ("age", "age_years", "age_at_scan", "age_at_session", "ageatscan", "patientage")
_SEX = ("sex", "gender", "patientsex")
_SITE = ("site", "site_id", "siteid", "site_name", "center", "centre", "institution")
_SCANNER = ("scanner", "scanner_model", "scanner_type", "scanner_id")
_FAMILY = ("family_id", "familyid", "family", "fam_id")
_DATE = ("acq_time", "acq_date", "acquisition_date", "scan_date", "session_date", "date")


@dataclass(frozen=True)
class PersonFacts:
    """What the tables say of a person, or of a person in one session."""

    age: float | None = None
    sex: str = ""
    site: str = ""
    scanner: str = ""
    family_id: str = ""
    acq_date: str = ""


def facts_of(row: Row) -> PersonFacts:
    """The facts a row holds under their usual column names, upper or lower case."""
    maker = f"{row.first('manufacturer')} {row.first('manufacturersmodelname', 'model')}"
    return PersonFacts(
        age=parse_age(row.first(*_AGE)),
        sex=parse_sex(row.first(*_SEX)),
        site=row.first(*_SITE),
        scanner=row.first(*_SCANNER) or maker.strip(),
        family_id=row.first(*_FAMILY),
        acq_date=parse_date(row.first(*_DATE)),
    )


def person_facts(path: Path) -> dict[str, PersonFacts]:
    """Facts by participant label from ``participants.tsv``; empty if there is no such file.

    A table with a ``session_id`` column may list a participant once for each session; the first
    line is taken.

    Raises
    ------
    InputError
        The table is damaged, lacks ``participant_id`` or lists a participant twice.
    """
    return _by_label(path, "participant_id", "sub") if path.exists() else {}


def session_facts(path: Path, person: PersonFacts) -> dict[str, PersonFacts]:
    """Facts by session label from ``sub-*_sessions.tsv``, the person's where it does not say."""
    return {key: _over(person, own) for key, own in _by_label(path, "session_id", "ses").items()}


def scan_dates(path: Path) -> dict[str, str]:
    """ISO date by file name from ``*_scans.tsv``."""
    rows = read_tsv(path)
    _require_column(path, rows, "filename")
    return {
        PurePosixPath(row.values["filename"]).name: parse_date(row.first(*_DATE)) for row in rows
    }


def _by_label(path: Path, column: str, entity: str) -> dict[str, PersonFacts]:
    rows = read_tsv(path)
    _require_column(path, rows, column)
    lines: dict[str, int] = {}
    facts: dict[str, PersonFacts] = {}
    for row in rows:
        label = plain_label(row.values[column], entity)
        if label in lines and column == "participant_id" and "session_id" in row.values:
            continue
        if label in lines:
            raise InputError(
                str(path),
                found=f"{column} {label!r} on lines {lines[label]} and {row.line}",
                expected="one line for each",
                remedy="Remove one of the lines.",
            )
        lines[label] = row.line
        facts[label] = facts_of(row)
    return facts


def _require_column(path: Path, rows: list[Row], column: str) -> None:
    if rows and column not in rows[0].values:
        raise InputError(
            str(path),
            found=f"no column {column}",
            expected=f"a table with a column {column}",
            remedy="Add the column or remove the table.",
        )


def _over(person: PersonFacts, own: PersonFacts) -> PersonFacts:
    said = {key: value for key, value in vars(own).items() if value not in ("", None)}
    return replace(person, **said)
