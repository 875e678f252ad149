"""JSON sidecars: which apply to an image, and what they say of it, of site, scanner and date."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrisk.dataset.bids_names import BidsName, applicable, listing, parse_name, sidecar_files
from headrisk.io.values import LARGEST_JSON, known, parse_age, parse_date, parse_json, parse_sex

# ----------------------------------------------------------------------
# Everything that sidecars say of one image, by BIDS' inheritance principle.
# ----------------------------------------------------------------------

Levels = dict[Path, list[tuple[BidsName, Path]]]


def image_values(image: Path, root: Path, levels: Levels) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Values of all sidecars that apply to an image, the nearest overriding, and remarks.

    Parameters
    ----------
    image
        The image's path.
    root
        Folder of the data set; sidecars above it do not apply. Where the image lies elsewhere
        (a manifest), or ``root`` is no folder, only sidecars beside it count.
    levels
        Sidecars of folders that were listed already; added to.
    """
    folders = [image.parent]
    if image.is_relative_to(root) and root.is_dir():
        while folders[0] != root:
            folders.insert(0, folders[0].parent)
    name = parse_name(image.name)
    values: dict[str, Any] = {}
    notes: list[str] = []
    for folder in folders:
        if folder not in levels:
            levels[folder] = sidecar_files(listing(folder)[0])
        for path in applicable(name, levels[folder]):
            found, note = read_sidecar(path)
            values |= found
            notes += [note] if note else []
    return values, tuple(notes)


# ----------------------------------------------------------------------
# JSON sidecars: what they say of site, scanner and date, and which of them apply to an image.
# ----------------------------------------------------------------------

_DATE_KEYS = ("AcquisitionDateTime", "AcquisitionDate", "SeriesDate", "StudyDate", "ContentDate")


@dataclass(frozen=True)
class SidecarFields:
    """The fields of a sidecar that the scan table holds; "" or None where it does not say."""

    site: str = ""
    scanner: str = ""
    acq_date: str = ""
    age: float | None = None
    sex: str = ""


def read_sidecar(path: Path) -> tuple[dict[str, Any], str]:
    """A sidecar's values and a remark; values are empty and the remark says why if it is unusable.

    A sidecar only describes: an image stays usable without it, so a damaged one is no error.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_JSON:
            return {}, f"{path}: not a file of at most {LARGEST_JSON} bytes, not read"
        values, problem = parse_json(path.read_bytes())
    except OSError as error:
        return {}, f"{path}: cannot be read ({error.strerror or error})"
    if problem:
        return {}, f"{path}: {problem}, not used"
    if not isinstance(values, dict):
        return {}, f"{path}: not a JSON object, not used"
    return values, ""


def sidecar_fields(values: Mapping[str, Any]) -> SidecarFields:
    """Site, scanner, date, age and sex from the names BIDS and dcm2niix use.

    The scanner is manufacturer and model; the site is the institution.
    """
    acq_date = next((d for key in _DATE_KEYS if (d := parse_date(known(values.get(key))))), "")
    parts = (known(values.get("Manufacturer")), known(values.get("ManufacturersModelName")))
    return SidecarFields(
        site=known(values.get("InstitutionName")),
        scanner=" ".join(part for part in parts if part),
        acq_date=acq_date,
        age=_age(values, acq_date),
        sex=parse_sex(known(values.get("PatientSex"))),
    )


def _age(values: Mapping[str, Any], acq_date: str) -> float | None:
    stated = parse_age(known(values.get("PatientAge")))
    born = parse_date(known(values.get("PatientBirthDate")))
    if stated is not None or not (born and acq_date):
        return stated
    years = int(acq_date[:4]) - int(born[:4]) + (int(acq_date[5:7]) - int(born[5:7])) / 12
    return years if 0 <= years <= 130 else None
