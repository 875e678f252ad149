"""A synthetic cohort as a BIDS data set on disk, with the truth beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from headrisk.errors import UsageError
from headrisk.io.geometry import to_ras, voxel_sizes
from headrisk.synthetic.phantom.acquisition import draw_acquisition
from headrisk.synthetic.phantom.atlas import Atlas, TissueMaps, build_atlas
from headrisk.synthetic.phantom.bids import Written, write_image, write_sidecar, write_tables
from headrisk.synthetic.phantom.people import draw_person
from headrisk.synthetic.phantom.plan import Copy, PersonPlan, Plants, Visit, plan_cohort
from headrisk.synthetic.phantom.render import render, reorder
from headrisk.synthetic.phantom.settings import PhantomSettings
from headrisk.types import Float32Array, FloatArray

_COPY_MM = 2.0


class Mapper(Protocol):
    """``map`` or an executor's ``map``: results in the order of the items."""

    def __call__(
        self, function: Callable[[PersonPlan], list[Written]], plans: Iterable[PersonPlan], /
    ) -> Iterable[list[Written]]: ...


def write_cohort(
    out: Path,
    people: int,
    sessions: int,
    settings: PhantomSettings,
    rng: np.random.Generator,
    template: TissueMaps,
    *,
    plants: Plants | None = None,
    mapper: Mapper = map,
) -> Path:
    """Make synthetic people, scan them, and write a BIDS data set.

    The same generator state gives the same bytes, whatever the mapper. Who is who stands in
    ``sourcedata/truth.tsv``, which no audit reads.

    Parameters
    ----------
    out
        Folder to make; it must be absent or empty.
    people, sessions
        True persons, and sessions of each.
    template
        Tissue maps in MNI space, such as ``headrisk.brain.template.load_template()``.
    plants
        Mistakes to plant; none by default.
    mapper
        Runs one person after another, or several at once.

    Returns
    -------
    Path
        ``out``.

    Raises
    ------
    UsageError
        ``out`` holds something, or there are too few people or sessions.
    """
    require_empty(out)
    common, cohort = rng.spawn(2)
    plans = plan_cohort(people, sessions, settings, plants or Plants(), cohort)
    atlas = build_atlas(template, common)
    out.mkdir(parents=True, exist_ok=True)
    written = [
        record
        for records in mapper(partial(write_person, out, atlas, settings), plans)
        for record in records
    ]
    write_tables(out, sorted(written, key=lambda record: record.path), cohort)
    return out


def require_empty(folder: Path) -> None:
    """Refuse to write into a folder that holds something.

    Raises
    ------
    UsageError
        It does.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(
            str(folder),
            found="a folder that is not empty",
            expected="a new or empty folder",
            remedy="Name another folder.",
        )


def write_person(
    out: Path, atlas: Atlas, settings: PhantomSettings, plan: PersonPlan
) -> list[Written]:
    """Draw one person and write all images of the plan."""
    person = draw_person(atlas, settings, plan.rng)
    records = []
    for visit in plan.visits:
        for suffix in settings.contrasts:
            acquisition = draw_acquisition(settings, visit.scanner, suffix, visit.years, visit.rng)
            volume, affine = render(atlas, person, acquisition, settings, visit.rng)
            scan = np.round(volume).astype(np.int16)
            about = (plan.person, visit, suffix, person.age, person.sex)
            path = _image_path(visit.participant, visit.session, suffix)
            write_image(out / path, scan, affine)
            write_sidecar(out / path, visit.scanner.scanner)
            records.append(_record(path, visit.participant, visit.session, visit.planted, about))
            if visit.copy is not None:
                path = _image_path(visit.copy.participant, visit.copy.session, suffix)
                write_image(out / path, *_altered(volume, affine, visit.copy))
                write_sidecar(out / path, visit.scanner.scanner)
                kind = f"copy-{visit.copy.kind}"
                records.append(
                    _record(path, visit.copy.participant, visit.copy.session, kind, about)
                )
    return records


def _record(
    path: str,
    participant: str,
    session: str,
    planted: str,
    about: tuple[int, Visit, str, float, str],
) -> Written:
    person, visit, suffix, age, sex = about
    return Written(
        participant, session, suffix, person, planted, path, f"{visit.date}T00:00:00", age, sex
    )


def _image_path(participant: str, session: str, suffix: str) -> str:
    name = f"sub-{participant}_ses-{session}_{suffix}.nii.gz"
    return f"sub-{participant}/ses-{session}/anat/{name}"


def _altered(
    volume: Float32Array, affine: FloatArray, copy: Copy
) -> tuple[NDArray[Any], FloatArray]:
    """The image as another program might have stored it."""
    if copy.kind == "rewritten":
        turned, matrix = reorder(*to_ras(volume, affine), "LPI")
        return (0.25 * turned).astype(np.float32), matrix
    zoom = np.array(voxel_sizes(affine)) / _COPY_MM
    shape = tuple(int(n * z) for n, z in zip(volume.shape, zoom, strict=True))
    coarse = ndimage.affine_transform(volume, 1 / zoom, output_shape=shape, order=1)
    matrix = affine.copy()
    matrix[:3, :3] = affine[:3, :3] / zoom
    return np.round(coarse).astype(np.int16), matrix
