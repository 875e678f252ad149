"""The tables of a BIDS folder: participants, sessions, scans."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from headrisk.dataset.labels import one_spelling, plain_label
from headrisk.io.tsv import Row, read_describing_tsv
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


def person_facts(path: Path) -> tuple[dict[str, PersonFacts], tuple[str, ...]]:
    """Facts by participant label from ``participants.tsv``, and remarks; empty if it is not there.

    A table with a ``session_id`` column may list a participant once for each session; the first
    line is taken. Where a participant is listed twice otherwise, facts that differ are not used.
    """
    if not path.is_symlink() and not path.exists():
        return {}, ()
    return _by_label(path, "participant_id", "sub")


def session_facts(
    path: Path, person: PersonFacts
) -> tuple[dict[str, PersonFacts], tuple[str, ...]]:
    """Facts by session label from ``sub-*_sessions.tsv``, the person's where it does not say."""
    found, notes = _by_label(path, "session_id", "ses")
    return {key: _over(person, own) for key, own in found.items()}, notes


def scan_dates(path: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """ISO date by file name from ``*_scans.tsv``, and remarks."""
    rows, notes = read_describing_tsv(path)
    if rows and "filename" not in rows[0].values:
        return {}, (*notes, f"{path}: no column filename, not used")
    names = [one_spelling(PurePosixPath(row.values["filename"]).name) for row in rows]
    return {
        name: parse_date(row.first(*_DATE)) for name, row in zip(names, rows, strict=True)
    }, notes


def _by_label(
    path: Path, column: str, entity: str
) -> tuple[dict[str, PersonFacts], tuple[str, ...]]:
    rows, said = read_describing_tsv(path)
    notes = list(said)
    if rows and column not in rows[0].values:
        return {}, (*notes, f"{path}: no column {column}, not used")
    lines: dict[str, int] = {}
    facts: dict[str, PersonFacts] = {}
    for row in rows:
        label = plain_label(row.values[column], entity)
        if label not in lines:
            lines[label] = row.line
            facts[label] = facts_of(row)
        elif column != "participant_id" or "session_id" not in row.values:
            notes.append(
                f"{path}: {column} {label!r} on lines {lines[label]} and {row.line}; what differs "
                "is not used"
            )
            facts[label] = _shared(facts[label], facts_of(row))
    return facts, tuple(notes)


def _shared(one: PersonFacts, other: PersonFacts) -> PersonFacts:
    """The facts on which both agree."""
    alike = {k: v for k, v in vars(one).items() if vars(other)[k] == v}
    return PersonFacts(**alike)


def _over(person: PersonFacts, own: PersonFacts) -> PersonFacts:
    said = {key: value for key, value in vars(own).items() if value not in ("", None)}
    return replace(person, **said)
