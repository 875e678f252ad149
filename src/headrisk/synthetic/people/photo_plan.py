"""Which photographs are taken of whom, what they are called, and which are planted mistakes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from headrisk.errors import UsageError

EXPIRES, EXPIRED = "2100-01-01", "2001-01-01"
PHOTO_COLUMNS = ("participant_id", "path", "consent_id", "expires")
TRUTH_COLUMNS = ("path", "participant_id", "person", "planted")

Planted = Literal["", "no-face", "expired", "no-consent", "stranger", "single"]


@dataclass(frozen=True)
class PhotoPlants:
    """How many mistakes of each kind the photographs hold; each falls on a person of its own.

    Attributes
    ----------
    no_face
        People of whom one photograph, the last, shows nobody.
    expired, no_consent
        People whose last photograph has an expired consent, or none.
    single
        People with one photograph only.
    stranger
        People who are photographed but not scanned.
    """

    no_face: int = 0
    expired: int = 0
    no_consent: int = 0
    single: int = 0
    stranger: int = 0

    @property
    def people(self) -> int:
        """How many scanned people the mistakes need."""
        return self.no_face + self.expired + self.no_consent + self.single


@dataclass(frozen=True)
class PlannedPhoto:
    """One photograph: name of the file, what is wrong with it, consent."""

    name: str
    planted: Planted
    consent: str
    expires: str


@dataclass(frozen=True)
class PersonPlan:
    """One true person, the person's generator and photographs, and whether there are scans."""

    person: int
    scanned: bool
    photos: tuple[PlannedPhoto, ...]
    rng: np.random.Generator = field(repr=False)


def plan_photos(
    people: int,
    photos: int,
    plants: PhotoPlants,
    own: Sequence[np.random.Generator],
    rng: np.random.Generator,
) -> list[PersonPlan]:
    """Plan the photographs of everybody.

    Parameters
    ----------
    people
        How many are scanned.
    photos
        Photographs of each, but for those of whom a mistake wants one only.
    own
        The generators of the scanned people, then of the strangers.
    rng
        Draws the order in which files are numbered.

    Raises
    ------
    UsageError
        Too few people or photographs for what was asked.
    """
    _check(people, photos, plants)
    shares: tuple[tuple[Planted, int], ...] = (
        ("no-face", plants.no_face),
        ("expired", plants.expired),
        ("no-consent", plants.no_consent),
        ("single", plants.single),
        ("", people - plants.people),
        ("stranger", plants.stranger),
    )
    kinds = [kind for kind, count in shares for _ in range(count)]
    counts = [1 if kind == "single" else photos for kind in kinds]
    numbers = iter((rng.permutation(sum(counts)) + 1).tolist())
    return [
        PersonPlan(
            person,
            kind != "stranger",
            tuple(_photo(next(numbers), person, kind, last=k == count - 1) for k in range(count)),
            own[person],
        )
        for person, (kind, count) in enumerate(zip(kinds, counts, strict=True))
    ]


def _photo(number: int, person: int, kind: Planted, *, last: bool) -> PlannedPhoto:
    marked = kind if last or kind in ("single", "stranger") else ""
    return PlannedPhoto(
        name=f"photo-{number:04d}.jpg",
        planted=marked,
        consent="" if marked == "no-consent" else f"SYNTHETIC-{label(person)}",
        expires=EXPIRED if marked == "expired" else EXPIRES,
    )


def label(person: int) -> str:
    """Participant label, without ``sub-``, of the person of this number."""
    return f"{person + 1:03d}"


def write_photo_tables(data: Path, photos: Path, plans: Sequence[PersonPlan]) -> Path:
    """Write ``photos.tsv`` and, into the data set, the truth; returns the former.

    The table names everybody by their participant label, strangers included.
    """
    shown = [
        (f"sub-{label(plan.person)}", photo.name, photo.consent, photo.expires)
        for plan in plans
        for photo in plan.photos
    ]
    truth = [
        (photo.name, f"sub-{label(plan.person)}", str(plan.person), photo.planted or "n/a")
        for plan in plans
        for photo in plan.photos
    ]
    _write_tsv(data / "sourcedata" / "photographs.tsv", TRUTH_COLUMNS, sorted(truth))
    table = photos / "photos.tsv"
    _write_tsv(table, PHOTO_COLUMNS, shown)
    return table


def _write_tsv(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(row) for row in (columns, *rows)]
    path.write_bytes(("\n".join(lines) + "\n").encode())


def _check(people: int, photos: int, plants: PhotoPlants) -> None:
    for subject, value, least in (
        ("number of people", people, max(1, plants.people)),
        ("number of photographs", photos, 1 if plants.people + plants.stranger else 0),
    ):
        if value < least:
            raise UsageError(
                f"twins, {subject}",
                found=str(value),
                expected=f"at least {least} with the planted mistakes {plants}",
                remedy="Ask for more, or plant fewer mistakes.",
            )
