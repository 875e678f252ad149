"""An attacker who never looks at an image: scans compared by their headers and sidecars alone.

Two scans are the more alike the more fields agree and the rarer the values are on which they do:
the score is the sum of the negative logarithms of the values' frequencies in the gallery. This is
the agreement part of the weights of probabilistic record linkage (Fellegi and Sunter 1969,
doi:10.1080/01621459.1969.10501049), with value-specific frequencies and no disagreement weights.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from headrisk.dataset.bids_names import parse_name
from headrisk.dataset.labels import one_spelling
from headrisk.dataset.scans import Scan
from headrisk.dataset.sidecar import Levels, image_values
from headrisk.errors import ScanError
from headrisk.io.digests import open_regular
from headrisk.io.geometry import ImageLayout, voxel_sizes
from headrisk.io.gzip_members import gzip_header
from headrisk.io.headers import open_image
from headrisk.io.nifti_header import TEXT_PLACES, header_kind
from headrisk.io.stream import open_stream
from headrisk.metadata.fields import kind_of_field, plain_name
from headrisk.metadata.text import printable_text
from headrisk.types import BoolArray, FloatArray, IntArray, Status

ALL = "all-fields"
GROUPS = ("person-fields", "device-fields", "session-fields", "geometry-fields", "protocol-fields")
_PERSON, _DEVICE, _SESSION, _GEOMETRY, _PROTOCOL = GROUPS
_KINDS = {
    "person-name": _PERSON,
    "patient-id": _PERSON,
    "birth-date": _PERSON,
    "address": _PERSON,
    "body-measure": _PERSON,
    "demographic": _PERSON,
    "free-text": _PERSON,
    "accession-number": _SESSION,
    "date": _SESSION,
    "acquisition-time": _SESSION,
    "uid": _SESSION,
    "session-setting": _SESSION,
    "staff-name": _SESSION,
    "serial-number": _DEVICE,
    "station-name": _DEVICE,
    "institution": _DEVICE,
}
_DEVICE_NAMES = frozenset(
    """manufacturer manufacturersmodelname softwareversions receivecoilname coilstring
        magneticfieldstrength conversionsoftware conversionsoftwareversion
        consistencyinfo""".split()  # noqa: SIM905
)
_SESSION_NAMES = frozenset(
    """imagingfrequency prescanreusestring sar seriesnumber acquisitionnumber gziptime
    acqtime""".split()  # noqa: SIM905
)
# They hold paths with labels, or say what was done after the scan.
_LEFT_OUT = frozenset(
    {
        "intendedfor",
        "sources",
        "rawsources",
        "bidsguess",
        "b0fieldsource",
        "b0fieldidentifier",
        "deidentificationmethod",
        "deidentificationmethodcodesequence",
    }
)
_OF_PERSON_OR_SESSION = (_PERSON, _DEVICE, _SESSION)
_OF = "\n"  # between a field and the kind of image that it is of
_LONGEST = 4096
_DEEPEST = 8
_START = 64 * 1024


@dataclass(frozen=True)
class ScanFields:
    """What headers and sidecars say of one scan: field name to a canonical text."""

    scan_id: str
    status: Status
    reason: str
    values: Mapping[str, str]
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    voxel_mm: tuple[float, float, float] | None = None


def scan_fields(scan: Scan, root: Path, levels: Levels) -> ScanFields:
    """Read header and sidecars of a scan; voxels are not read.

    Where the image itself cannot be read, such as a link to content that was not fetched, its
    sidecars still link the person, and are used alone.

    Values that repeat the scan's own label are left out: an attacker knows other labels, and in a
    test of one data set against itself they would give the answer away.

    Parameters
    ----------
    scan
        A row of the scan table.
    root
        Folder of its data set.
    levels
        Listed folders, see ``image_values``.
    """
    path = Path(scan.path)
    found, notes = image_values(path, root, levels)
    values = dict(_flat(found, "", 0))
    voxel_mm = None
    try:
        with open_image(path) as (layout, _):
            if scan.status != "ok":  # the image can be read: what is wrong is its place or label
                return ScanFields(scan.scan_id, "failed", scan.reason, {})
            values |= _layout_values(layout)
            voxel_mm = voxel_sizes(layout.affine)
        values |= _stored_values(path)
    except ScanError as error:
        notes = (*notes, f"header not used: {error.found}")
    if scan.acq_date:
        values["AcquisitionDate"] = scan.acq_date
    own = {scan.participant_id.lower(), f"sub-{scan.participant_id}".lower()}
    values = {key: text for key, text in values.items() if not _tells_label(text, own)}
    if not values:
        return ScanFields(scan.scan_id, "failed", "neither header nor sidecar", {}, notes)
    return ScanFields(scan.scan_id, "ok", "", values, notes, voxel_mm=voxel_mm)


def _flat(value: Any, name: str, depth: int) -> Iterable[tuple[str, str]]:
    """Leaves of nested objects by their path; lists count as one value."""
    if isinstance(value, dict) and depth < _DEEPEST:
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key), depth + 1)
        return
    plain = plain_name(name.rpartition(".")[2])
    if plain in _LEFT_OUT or value in (None, "", "n/a", []):
        return
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    if len(text) <= _LONGEST:
        yield name, text.strip()


def _layout_values(layout: ImageLayout) -> dict[str, str]:
    sizes = voxel_sizes(layout.affine)
    turned = layout.affine[:3, :3] / np.array(sizes)
    return {
        "header.shape": " ".join(map(str, layout.shape)),
        "header.type": layout.dtype.str,
        "header.voxel_size": _numbers(sizes),
        "header.orientation": _numbers(turned.ravel()),
        "header.position": _numbers(layout.affine[:3, 3]),
        "header.slope": _numbers([layout.slope]),
        "header.intercept": _numbers([layout.intercept]),
    }


def _numbers(values: Iterable[float]) -> str:
    """Six significant digits, as single precision carries; zero has one sign."""
    return " ".join(f"{float(value) + 0.0:.6g}" for value in values)


def _stored_values(path: Path) -> dict[str, str]:
    """Text fields of a NIfTI header, and the time in a gzip header."""
    values = {}
    with open_regular(path) as handle:
        packed = gzip_header(handle.read(_START))
    if packed is not None and packed.time:
        values["gzip.time"] = str(packed.time)
    with open_stream(path) as stream:
        start = stream.read(540)
    kind = header_kind(start)
    if kind is not None:
        fields = TEXT_PLACES[kind[0]]
        texts = {name: printable_text(start[a:b]) for name, (a, b) in fields.items()}
        values |= {f"header.{name}": text for name, text in texts.items() if text}
    return values


def _tells_label(text: str, own: set[str]) -> bool:
    lower = one_spelling(text).lower()
    return lower in own or any(label in lower for label in own if label.startswith("sub-"))


def kind_of_image(path: str) -> str:
    """What a file's name says beside person and session: images of one kind are set side by side.

    >>> kind_of_image("/data/sub-1/ses-2/func/sub-1_ses-2_task-rest_run-1_bold.nii.gz")
    'task-rest_run-1_bold'
    """
    name = Path(path).name
    parts = name[: len(name) - len(parse_name(name).ending)].split("_")
    return "_".join(part for part in parts if not part.startswith(("sub-", "ses-")))


def field_of(field: str) -> tuple[str, str]:
    """A field's own name, and the kind of image that it is of, "" for those of the scan itself."""
    name, _, kind = field.partition(_OF)
    return name, kind


def of_session(
    own: Mapping[str, str], others: Sequence[tuple[str, Mapping[str, str]]]
) -> dict[str, str]:
    """The fields of a scan together with those of the other images of its session.

    An attacker holds a session whole: a serial number in the sidecar of a functional image tells
    as much as one beside the T1w image. What others say of person, device or session counts under
    the field's own name where they agree and the scan says nothing; all else, also how an image
    was taken, counts with the kind of image, and is compared with the same kind alone.

    Parameters
    ----------
    own
        Fields of the scan.
    others
        Kind of image (:func:`kind_of_image`) and fields of each other image.

    >>> of_session({"EchoTime": "3"}, [("bold", {"EchoTime": "30", "PatientWeight": "70"})])
    {'EchoTime': '3', 'PatientWeight': '70', 'EchoTime\\nbold': '30'}
    """
    said: dict[str, set[str]] = {}
    for _, values in others:
        for name, text in values.items():
            said.setdefault(name, set()).add(text)
    shared = {
        name: next(iter(texts))
        for name, texts in said.items()
        if name not in own and len(texts) == 1 and group_of(name) in _OF_PERSON_OR_SESSION
    }
    plain = {**own, **shared}
    of_kind = {
        f"{name}{_OF}{kind}": text
        for kind, values in others
        for name, text in values.items()
        if group_of(name) not in _OF_PERSON_OR_SESSION or plain.get(name) != text
    }
    return plain | of_kind


def group_of(field: str) -> str:
    """The group of a field, by what its name says."""
    field, _ = field_of(field)
    if field.startswith("header."):
        return _PROTOCOL if field == "header.descrip" else _GEOMETRY
    last = field.rpartition(".")[2]
    plain = plain_name(field if field.startswith("gzip.") else last)
    if plain in _SESSION_NAMES:
        return _SESSION
    if plain in _DEVICE_NAMES:
        return _DEVICE
    return _KINDS.get(kind_of_field(last), _PROTOCOL)


@dataclass(frozen=True)
class CodedField:
    """One field of all scans: a number for each value, -1 where a scan lacks the field.

    ``weight`` is (values,): minus the natural logarithm of a value's share among the gallery
    scans that have the field; 0 for values that no gallery scan has.
    """

    name: str
    codes: IntArray
    weight: FloatArray

    def equal(self, probes: IntArray, gallery: IntArray) -> BoolArray:
        """(probes, gallery): both scans have the field and agree."""
        known = (self.codes[probes] >= 0)[:, None]
        same: BoolArray = (self.codes[probes][:, None] == self.codes[gallery][None, :]) & known
        return same


def coded_fields(scans: Sequence[Mapping[str, str]], gallery: IntArray) -> tuple[CodedField, ...]:
    """Number the values of every field that tells at least two scans apart.

    Parameters
    ----------
    scans
        Fields of each scan.
    gallery
        Positions of the scans on which frequencies are counted.
    """
    names = sorted({name for values in scans for name in values})
    coded = (_coded(name, [values.get(name) for values in scans], gallery) for name in names)
    return tuple(field for field in coded if field is not None)


def _coded(name: str, values: Sequence[str | None], gallery: IntArray) -> CodedField | None:
    numbers = {text: k for k, text in enumerate(sorted({v for v in values if v is not None}))}
    if len(numbers) < 2:
        return None
    codes = np.array([-1 if v is None else numbers[v] for v in values], dtype=np.int64)
    seen = codes[gallery]
    counts = np.bincount(seen[seen >= 0], minlength=len(numbers)).astype(np.float64)
    weight = np.zeros(len(numbers))
    weight[counts > 0] = -np.log(counts[counts > 0] / counts.sum())
    return CodedField(name, codes, weight)


def agreement(fields: Sequence[CodedField], probes: IntArray, gallery: IntArray) -> FloatArray:
    """(probes, gallery): sum of the weights of the fields on which two scans agree."""
    total = np.zeros((probes.size, gallery.size))
    for field in fields:
        row_weight = np.where(field.codes[probes] >= 0, field.weight[field.codes[probes]], 0.0)
        total += field.equal(probes, gallery) * row_weight[:, None]
    return total
