"""A cohort of synthetic people: scans as a BIDS data set, photographs beside it, and the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from headrisk.errors import UsageError
from headrisk.heads.identity import Identity, draw_identity
from headrisk.heads.shapes import load_shapes
from headrisk.synthetic.people.anthropometry import draw_published
from headrisk.synthetic.people.appearance import Appearance, draw_appearance
from headrisk.synthetic.people.photo import (
    PersonPlan,
    PhotoPlants,
    empty_photo,
    label,
    photo_jpeg,
    plan_photos,
    take_photo,
    write_photo_tables,
)
from headrisk.synthetic.people.photo_settings import PhotoSettings
from headrisk.synthetic.people.session import SessionChange, draw_visit
from headrisk.synthetic.people.volume import PersonScanSettings, people_atlas, render_person
from headrisk.synthetic.phantom.bids import Written, write_image, write_sidecar, write_tables
from headrisk.synthetic.phantom.cohort import require_empty
from headrisk.synthetic.phantom.people import draw_person
from headrisk.synthetic.phantom.settings import PhantomSettings, Scanner

_SCANNER = Scanner("T", "Phantom Works", "Twin 3T", "3001")
_PHOTO_LEVELS = 1  # subdivision steps of photographed heads


@dataclass(frozen=True)
class PeopleSettings:
    """How a cohort of synthetic people is made.

    Attributes
    ----------
    sessions, photos
        Scanning sessions and photographs of each person.
    contrasts
        Suffixes written for each session: T1w, T2w, FLAIR.
    identity
        Spread of head shapes and brains; 0 gives everybody the same.
    published
        Whether head shapes differ as published surveys of adults found, times ``identity``; else
        by the shape model's own spread, which was set by eye.
    scan, photo
        Strength of everything that differs between scans, and between scan and photograph.
    plants
        Photographs that an audit must refuse or count as failed; none by default.
    change
        What differs in the person from session to session; nothing by default.
    """

    sessions: int = 1
    photos: int = 5
    contrasts: tuple[str, ...] = ("T1w",)
    identity: float = 1.0
    published: bool = False
    scan: PersonScanSettings = field(default_factory=PersonScanSettings)
    photo: PhotoSettings = field(default_factory=PhotoSettings)
    plants: PhotoPlants = field(default_factory=PhotoPlants)
    change: SessionChange | None = None

    def __post_init__(self) -> None:
        for name, value in (("sessions", self.sessions), ("photos", self.photos)):
            if value < (1 if name == "sessions" else 0):
                raise UsageError(
                    f"twins, {name}",
                    found=str(value),
                    expected="1 or more" if name == "sessions" else "0 or more",
                    remedy="Correct the number.",
                )


class Mapper(Protocol):
    """``map`` or an executor's ``map``: results in the order of the items."""

    def __call__(
        self, function: Callable[[PersonPlan], list[Written]], plans: Iterable[PersonPlan], /
    ) -> Iterable[list[Written]]: ...


def write_people(
    data: Path,
    photos: Path,
    people: int,
    settings: PeopleSettings,
    rng: np.random.Generator,
    *,
    mapper: Mapper = map,
) -> Path:
    """Make synthetic people, scan and photograph them; returns the table of photographs.

    The same generator state gives the same bytes, whatever the mapper. Who is who stands in
    ``sourcedata/truth.tsv`` and ``sourcedata/photographs.tsv`` of the data set, which no audit
    reads. The names of photographs tell nothing: they are numbered in a random order.

    Parameters
    ----------
    data
        Folder of the BIDS data set, absent or empty.
    photos
        Folder of the photographs and of ``photos.tsv``, absent or empty.
    people
        How many are scanned.
    mapper
        Runs one person after another, or several at once.

    Raises
    ------
    UsageError
        A folder holds something, or there are too few people for the planted photographs.
    MissingExtraError
        The package embreex is not installed.
    """
    for folder in (data, photos):
        require_empty(folder)
    tables, names, *own = rng.spawn(people + settings.plants.stranger + 2)
    plans = plan_photos(people, settings.photos, settings.plants, own, names)
    for folder in (data, photos):
        folder.mkdir(parents=True, exist_ok=True)
    written = [
        record
        for records in mapper(partial(write_person, data, photos, settings), plans)
        for record in records
    ]
    write_tables(data, sorted(written, key=lambda record: record.path), tables)
    return write_photo_tables(data, photos, plans)


def draw_looks(
    rng: np.random.Generator, spread: float, photo: PhotoSettings, *, published: bool = False
) -> tuple[Identity, Appearance]:
    """One person's shape, and everything else that stays from photograph to photograph."""
    draw = draw_published if published else draw_identity
    identity = draw(load_shapes(), rng, spread)
    return identity, draw_appearance("F" if identity.sex == "F" else "M", identity.age, photo, rng)


def write_person(
    data: Path, photos: Path, settings: PeopleSettings, plan: PersonPlan
) -> list[Written]:
    """Write all scans and photographs of one person."""
    of_shape, of_brain, of_scans, of_photos, of_visits = plan.rng.spawn(5)
    identity, look = draw_looks(
        of_shape, settings.identity, settings.photo, published=settings.published
    )
    shapes = load_shapes(_PHOTO_LEVELS)
    for photo in plan.photos:
        picture = (
            empty_photo(settings.photo, of_photos)
            if photo.planted == "no-face"
            else take_photo(shapes, identity, look, settings.photo, of_photos)
        )
        content = photo_jpeg(picture, settings.photo, of_photos)
        (photos / photo.name).write_bytes(content)
    if not plan.scanned:
        return []
    return _scan(data, settings, plan, identity, of_brain, of_scans, of_visits)


def _scan(
    data: Path,
    settings: PeopleSettings,
    plan: PersonPlan,
    identity: Identity,
    of_brain: np.random.Generator,
    of_scans: np.random.Generator,
    of_visits: np.random.Generator,
) -> list[Written]:
    atlas, records, participant = people_atlas(), [], label(plan.person)
    person = draw_person(atlas, PhantomSettings(identity=settings.identity), of_brain)
    shapes, base = load_shapes(), settings.scan
    for session in range(1, settings.sessions + 1):
        visit = None
        if settings.change is not None:
            visit = draw_visit(
                shapes, identity, base.sag_mm, base.ears_pressed, settings.change, of_visits
            )
        for suffix in settings.contrasts:
            scan = replace(settings.scan, contrast=suffix)
            volume, affine = render_person(
                identity, shapes, scan, of_scans, atlas=atlas, person=person, visit=visit
            )
            name = f"sub-{participant}_ses-{session}_{suffix}.nii.gz"
            path = f"sub-{participant}/ses-{session}/anat/{name}"
            write_image(data / path, np.round(volume).astype(np.int16), affine)
            write_sidecar(data / path, _SCANNER)
            records.append(
                Written(
                    participant=participant,
                    session=str(session),
                    suffix=suffix,
                    person=plan.person,
                    planted="",
                    path=path,
                    acq_time=f"{1900 + session}-01-01T00:00:00",
                    age=identity.age,
                    sex=identity.sex,
                )
            )
    return records
