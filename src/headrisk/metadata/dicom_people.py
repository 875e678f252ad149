"""Whose a DICOM file is: people told apart by number, name and date of birth.

A patient number alone does not do: two hospitals both have a patient 1. Files with one number are
of one person unless name and date of birth say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from headrisk.errors import ScanError
from headrisk.metadata.dicom_elements import parse_file
from headrisk.metadata.people import folded, split_words

_NAME, _ID, _BIRTH, _STUDY = 0x00100010, 0x00100020, 0x00100030, 0x0020000D
# What de-identifiers write for everybody, which tells no two people apart.
_NOBODY = frozenset({"", "0", "none", "null", "n/a", "na", "unknown", "removed", "deleted",
                     "anonymous", "anonymized", "anonymised", "anon", "deidentified",
                     "de-identified", "xxx", "x", "patient", "subject", "test"})  # fmt: skip
_START = 256 * 1024


@dataclass(frozen=True)
class Patient:
    """What a header says of whom it is of, in a form fit to be compared.

    ``names`` are folded words; everything is empty where the header says nothing.
    """

    number: str
    names: frozenset[str]
    birth: str
    study: str


def patient_of(path: Path) -> Patient | None:
    """Read the patient of a DICOM file; None where it is damaged.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as handle:
        start = handle.read(_START)
        try:
            file = parse_file(start, last=_STUDY)
        except ScanError:
            try:
                file = parse_file(start + handle.read(), last=_STUDY)
            except ScanError:
                return None
    name, number = file.text(_NAME), file.text(_ID).strip().casefold()
    name = "" if name.strip(" ^").casefold() in _NOBODY else name
    return Patient(
        "" if number in _NOBODY else number,
        frozenset(word for word, _, _ in split_words(name)) or frozenset(folded(name).split()),
        file.text(_BIRTH).strip(),
        file.text(_STUDY).strip(),
    )


def same_person(one: Patient, other: Patient) -> bool:
    """Whether two headers with the same number are of one person.

    Equal dates of birth or equal names say so; names without a word in common, or different dates
    of birth, say no.
    """
    if one.birth and other.birth:
        return one.birth == other.birth or (one.names == other.names and bool(one.names))
    return not one.names or not other.names or not one.names.isdisjoint(other.names)


def tell_apart(patients: Mapping[int, Patient]) -> dict[int, str]:
    """A text for each file that is the same for files of one person, by the number of the file."""
    by_number: dict[str, list[Patient]] = {}
    for patient in dict.fromkeys(patients.values()):
        if patient.number:
            by_number.setdefault(patient.number, []).append(patient)
    named: dict[Patient, str] = {}
    for number, group in by_number.items():
        clusters = _clusters(sorted(group, key=_order))
        for cluster in clusters:
            more = "" if len(clusters) == 1 else f"|{_order(cluster[0])}"
            named |= dict.fromkeys(cluster, f"number {number}{more}")
    return {file: named.get(patient) or _unnumbered(patient) for file, patient in patients.items()}


def _order(patient: Patient) -> tuple[str, ...]:
    return (patient.birth, *sorted(patient.names))


def _clusters(group: list[Patient]) -> list[list[Patient]]:
    clusters: list[list[Patient]] = []
    for patient in group:
        near = [c for c in clusters if any(same_person(patient, other) for other in c)]
        clusters = [c for c in clusters if c not in near]
        clusters.append([*(p for c in near for p in c), patient])
    return clusters


def _unnumbered(patient: Patient) -> str:
    if patient.names:
        return f"name {' '.join(sorted(patient.names))}|{patient.birth}"
    return f"study {patient.study}" if patient.study else ""
