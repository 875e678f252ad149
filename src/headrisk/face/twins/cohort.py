"""A cohort of synthetic twins: scans as a BIDS data set, photographs beside it, and the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from headrisk.errors import UsageError
from headrisk.face.twins.appearance import Appearance, draw_appearance
from headrisk.face.twins.identity import Identity, draw_identity
from headrisk.face.twins.photo import photo_jpeg, take_photo
from headrisk.face.twins.photo_settings import PhotoSettings
from headrisk.face.twins.shapes import load_shapes
from headrisk.face.twins.volume import TwinScanSettings, render_twin, twin_atlas
from headrisk.imaging.phantom.bids import Written, write_image, write_sidecar, write_tables
from headrisk.imaging.phantom.people import draw_person
from headrisk.imaging.phantom.settings import PhantomSettings, Scanner

EXPIRES = "2100-01-01"
PHOTO_COLUMNS = ("participant_id", "path", "consent_id", "expires")


@dataclass(frozen=True)
class TwinSettings:
    """How a cohort of twins is made.

    Attributes
    ----------
    sessions, photos
        Scanning sessions and photographs of each person.
    contrasts
        Suffixes written for each session: T1w, T2w, FLAIR.
    identity
        Spread of head shapes and brains; 0 gives everybody the same.
    scan, photo
        Strength of everything that differs between scans, and between scan and photograph.
    """

    sessions: int = 1
    photos: int = 5
    contrasts: tuple[str, ...] = ("T1w",)
    identity: float = 1.0
    scan: TwinScanSettings = field(default_factory=TwinScanSettings)
    photo: PhotoSettings = field(default_factory=PhotoSettings)


@dataclass(frozen=True)
class _Plan:
    """One person: number, and the generators of shape, scans and photographs."""

    person: int
    rngs: tuple[np.random.Generator, ...]


class Mapper(Protocol):
    """``map`` or an executor's ``map``: results in the order of the items."""

    def __call__(
        self, function: Callable[[_Plan], list[Written]], plans: Iterable[_Plan], /
    ) -> Iterable[list[Written]]: ...


def write_twins(
    data: Path,
    photos: Path,
    people: int,
    settings: TwinSettings,
    rng: np.random.Generator,
    *,
    mapper: Mapper = map,
) -> Path:
    """Make twins, scan and photograph them; returns the table of photographs.

    The same generator state gives the same bytes, whatever the mapper. Who is who stands in
    ``sourcedata/truth.tsv`` of the data set, which no audit reads.

    Parameters
    ----------
    data
        Folder of the BIDS data set, absent or empty.
    photos
        Folder of the photographs and of ``photos.tsv``.
    people
        How many.
    mapper
        Runs one person after another, or several at once.

    Raises
    ------
    UsageError
        ``data`` holds something.
    MissingExtraError
        The package embreex is not installed.
    """
    if data.exists() and any(data.iterdir()):
        raise UsageError(
            str(data),
            found="a folder that is not empty",
            expected="a new or empty folder",
            remedy="Name another folder.",
        )
    data.mkdir(parents=True, exist_ok=True)
    photos.mkdir(parents=True, exist_ok=True)
    tables, *own = rng.spawn(people + 1)
    plans = [_Plan(number, tuple(one.spawn(4))) for number, one in enumerate(own)]
    written = [
        record
        for records in mapper(partial(_write_person, data, photos, settings), plans)
        for record in records
    ]
    write_tables(data, sorted(written, key=lambda record: record.path), tables)
    rows = [
        (f"sub-{_label(n)}", _photo_name(n, k), f"SYNTHETIC-{_label(n)}", EXPIRES)
        for n in range(people)
        for k in range(settings.photos)
    ]
    lines = ["\t".join(row) for row in (PHOTO_COLUMNS, *rows)]
    table = photos / "photos.tsv"
    table.write_bytes(("\n".join(lines) + "\n").encode())
    return table


def draw_twin(
    rng: np.random.Generator, spread: float, photo: PhotoSettings
) -> tuple[Identity, Appearance]:
    """One person's shape, and everything else that stays from photograph to photograph."""
    identity = draw_identity(load_shapes(), rng, spread)
    return identity, draw_appearance("F" if identity.sex == "F" else "M", identity.age, photo, rng)


def _write_person(data: Path, photos: Path, settings: TwinSettings, plan: _Plan) -> list[Written]:
    """Write all scans and photographs of one person."""
    of_shape, of_brain, of_scans, of_photos = plan.rngs
    shapes, atlas = load_shapes(), twin_atlas()
    identity, look = draw_twin(of_shape, settings.identity, settings.photo)
    person = draw_person(atlas, PhantomSettings(identity=settings.identity), of_brain)
    label, records = _label(plan.person), []
    for session in range(1, settings.sessions + 1):
        for suffix in settings.contrasts:
            scan = replace(settings.scan, contrast=suffix)
            volume, affine = render_twin(
                identity, shapes, scan, of_scans, atlas=atlas, person=person
            )
            path = f"sub-{label}/ses-{session}/anat/sub-{label}_ses-{session}_{suffix}.nii.gz"
            write_image(data / path, np.round(volume).astype(np.int16), affine)
            write_sidecar(data / path, _SCANNER)
            day = f"{1900 + session}-01-01T00:00:00"
            records.append(
                Written(
                    label, str(session), suffix, plan.person, "", path, day, identity.age,
                    identity.sex,
                )
            )  # fmt: skip
    for number in range(settings.photos):
        picture = take_photo(shapes, identity, look, settings.photo, of_photos)
        content = photo_jpeg(picture, settings.photo, of_photos)
        (photos / _photo_name(plan.person, number)).write_bytes(content)
    return records


def _label(person: int) -> str:
    return f"{person + 1:03d}"


def _photo_name(person: int, number: int) -> str:
    return f"photo-{_label(person)}-{number + 1}.jpg"


_SCANNER = Scanner("T", "Phantom Works", "Twin 3T", "3001")
