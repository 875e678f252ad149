"""The files of a synthetic BIDS data set."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from headrisk.io.tsv import tsv_text
from headrisk.synthetic.phantom.settings import Scanner
from headrisk.types import FloatArray

TRUTH_COLUMNS = ("participant_id", "session_id", "suffix", "person", "planted", "path")


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


def write_image(path: Path, volume: NDArray[Any], affine: FloatArray) -> None:
    """Write NIfTI-1, gzip without time and name, so that equal images are equal bytes."""
    make_image: Any = nib.Nifti1Image  # nibabel carries no types
    image = make_image(volume, affine)
    image.header.set_xyzt_units("mm", "sec")
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(image.to_bytes(), compresslevel=1, mtime=0))


def write_sidecar(image: Path, scanner: Scanner) -> None:
    """Name the scanner in the image's JSON file."""
    values = {
        "Modality": "MR",
        "Manufacturer": scanner.manufacturer,
        "ManufacturersModelName": scanner.model,
        "DeviceSerialNumber": scanner.serial,
        "InstitutionName": f"Site {scanner.site}",
    }
    _write_json(image.with_name(image.name.removesuffix(".nii.gz") + ".json"), values)


def write_tables(out: Path, written: list[Written], rng: np.random.Generator) -> None:
    """Write the description, participants, scans of each session, and the truth.

    The site in participants.tsv is where a person was recruited; it has no effect on the images.
    """
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
    path.write_bytes(tsv_text(columns, rows).encode())


def _write_json(path: Path, values: Mapping[str, object]) -> None:
    path.write_bytes((json.dumps(values, indent=2) + "\n").encode())
