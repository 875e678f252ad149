"""A synthetic cohort as a BIDS data set on disk, with the truth beside it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import nibabel as nib
import numpy as np
from scipy import ndimage

from headrisk.errors import UsageError
from headrisk.imaging.phantom.anatomy import Atlas, TissueMaps, build_atlas, draw_person
from headrisk.imaging.phantom.plan import Copy, PersonPlan, Plants, Visit, plan_cohort
from headrisk.imaging.phantom.scanner import draw_acquisition, render, reorder
from headrisk.imaging.phantom.settings import PhantomSettings
from headrisk.types import Float32Array, FloatArray

TRUTH_COLUMNS = ("participant_id", "session_id", "suffix", "person", "planted", "path")
_COPY_MM = 2.0


@dataclass(frozen=True)
class Written:
    """One image on disk and the person it truly shows."""

    participant: str
    session: str
    suffix: str
    person: int
    planted: str
    path: str
    acq_time: str
    age: float
    sex: str


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
    if out.exists() and any(out.iterdir()):
        raise UsageError(
            str(out),
            found="a folder that is not empty",
            expected="a new or empty folder",
            remedy="Name another folder.",
        )
    common, cohort = rng.spawn(2)
    plans = plan_cohort(people, sessions, settings, plants or Plants(), cohort)
    atlas = build_atlas(template, common)
    out.mkdir(parents=True, exist_ok=True)
    written = [
        record
        for records in mapper(partial(write_person, out, atlas, settings), plans)
        for record in records
    ]
    _write_tables(out, sorted(written, key=lambda record: record.path), cohort)
    return out


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
            _write_image(out / path, scan, affine)
            _write_sidecar(out / path, visit)
            records.append(_record(path, visit.participant, visit.session, visit.planted, about))
            if visit.copy is not None:
                path = _image_path(visit.copy.participant, visit.copy.session, suffix)
                _write_image(out / path, *_altered(volume, affine, visit.copy))
                _write_sidecar(out / path, visit)
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


def _altered(volume: Float32Array, affine: FloatArray, copy: Copy) -> tuple[np.ndarray, FloatArray]:
    """The image as another program might have stored it."""
    if copy.kind == "rewritten":
        axes = "".join(nib.aff2axcodes(affine))
        flipped = axes.translate(str.maketrans("RLAPSI", "LRPAIS"))
        canonical = nib.as_closest_canonical(nib.Nifti1Image(volume, affine))
        turned, matrix = reorder(np.asarray(canonical.dataobj), canonical.affine, flipped)
        return (0.25 * turned).astype(np.float32), matrix
    zoom = nib.affines.voxel_sizes(affine) / _COPY_MM
    shape = tuple(int(n * z) for n, z in zip(volume.shape, zoom, strict=True))
    coarse = ndimage.affine_transform(volume, 1 / zoom, output_shape=shape, order=1)
    matrix = affine.copy()
    matrix[:3, :3] = affine[:3, :3] / zoom
    return np.round(coarse).astype(np.int16), matrix


def _write_image(path: Path, volume: np.ndarray, affine: FloatArray) -> None:
    """NIfTI-1, gzip without time and name, so that equal images are equal bytes."""
    image = nib.Nifti1Image(volume, affine)
    image.header.set_xyzt_units("mm", "sec")
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(image.to_bytes(), compresslevel=1, mtime=0))


def _write_sidecar(image: Path, visit: Visit) -> None:
    scanner = visit.scanner
    values = {
        "Modality": "MR",
        "Manufacturer": scanner.manufacturer,
        "ManufacturersModelName": scanner.model,
        "DeviceSerialNumber": scanner.serial,
        "InstitutionName": f"Site {scanner.site}",
    }
    _write_json(image.with_name(image.name.removesuffix(".nii.gz") + ".json"), values)


def _write_tables(out: Path, written: list[Written], rng: np.random.Generator) -> None:
    _write_json(
        out / "dataset_description.json",
        {
            "Name": "Synthetic heads of headrisk",
            "BIDSVersion": "1.9.0",
            "DatasetType": "raw",
            "GeneratedBy": [{"Name": "headrisk"}],
        },
    )
    (out / "README").write_text(
        "Synthetic heads. No image shows a real person. Dates are invented.\n", "utf-8"
    )
    people = {record.participant: record for record in reversed(written)}
    rows = [
        (f"sub-{label}", f"{people[label].age:.1f}", people[label].sex, "ABC"[rng.integers(3)])
        for label in sorted(people)
    ]
    _write_tsv(out / "participants.tsv", ("participant_id", "age", "sex", "site"), rows)
    for participant, session in sorted({(r.participant, r.session) for r in written}):
        own = [r for r in written if (r.participant, r.session) == (participant, session)]
        folder = out / f"sub-{participant}" / f"ses-{session}"
        name = f"sub-{participant}_ses-{session}_scans.tsv"
        scans = [(f"anat/{Path(r.path).name}", r.acq_time) for r in own]
        _write_tsv(folder / name, ("filename", "acq_time"), scans)
    truth = [
        (f"sub-{r.participant}", f"ses-{r.session}", r.suffix, str(r.person), r.planted, r.path)
        for r in written
    ]
    _write_tsv(out / "sourcedata" / "truth.tsv", TRUTH_COLUMNS, truth)


def _write_tsv(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(cell or "n/a" for cell in row) for row in (columns, *rows)]
    path.write_bytes(("\n".join(lines) + "\n").encode())


def _write_json(path: Path, values: dict[str, object]) -> None:
    path.write_bytes((json.dumps(values, indent=2) + "\n").encode())
