"""The few elements of a DICOM header that say whose it is, of which series, and what it shows."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom import Dataset

_TAGS = (
    "SOPClassUID",
    "Modality",
    "PatientID",
    "PatientName",
    "SeriesInstanceUID",
    "SeriesDescription",
    "ProtocolName",
    "Units",
    "RescaleType",
    "ImageType",
    "Rows",
)
_ICON = "IconImageSequence"
_OVERLAYS = tuple((0x6000 + 2 * k) << 16 | 0x3000 for k in range(16))  # (60xx,3000) Overlay Data
_READ = (*_TAGS, _ICON, *(f"{tag:08X}" for tag in _OVERLAYS))
_LEAST_ICON = 16 * 16  # pixels


DIRECTORY = "1.2.840.10008.1.3.10"  # Media Storage Directory Storage


@dataclass(frozen=True)
class SeriesTags:
    """What a header says; ``patient`` is the ``patient_id``, else the ``name``.

    ``units`` are those of a PET (0054,1001), ``rescale_type`` those of its values (0028,1054).
    ``of_image`` says that its SOP class is one of images, whatever else is there. ``beside`` names
    pictures in the header, beside the pixels.
    """

    series: str = ""
    modality: str = ""
    patient: str = ""
    description: str = ""
    image_type: tuple[str, ...] = ()
    rows: int = 0
    units: str = ""
    rescale_type: str = ""
    of_image: bool = False
    beside: tuple[str, ...] = ()
    patient_id: str = ""
    name: str = ""
    problem: str = ""

    def values(self) -> dict[str, Any]:
        """What tells the kind of image, under the names that sidecars use."""
        return {
            "Modality": self.modality,
            "Units": self.units,
            "RescaleType": self.rescale_type,
            "ImageType": list(self.image_type),
            "SeriesDescription": self.description,
        }


@lru_cache(maxsize=200_000)
def read_tags(path: Path) -> SeriesTags:
    """Read the elements from a file with or without preamble; ``problem`` says why it cannot."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd values are read as they are
            found = pydicom.dcmread(
                path, stop_before_pixels=True, force=True, specific_tags=list(_READ)
            )
            text = {name: str(found.get(name, "")).strip() for name in _TAGS[:-2]}
            image_type = found.get("ImageType", ())
            rows = found.get("Rows", 0)
            beside = _pictures_beside(found)
    except (
        InvalidDicomError,
        OSError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        EOFError,
        NotImplementedError,
        OverflowError,
    ) as error:
        return SeriesTags(problem=f"header cannot be read ({type(error).__name__})")
    if not any(text.values()):
        if _is_directory(found):
            return SeriesTags(modality="DICOMDIR")
        return SeriesTags(problem="a header without any known element")
    words = (image_type,) if isinstance(image_type, str) else tuple(image_type or ())
    return SeriesTags(
        series=text["SeriesInstanceUID"],
        modality=text["Modality"].upper(),
        patient=text["PatientID"] or text["PatientName"],
        description=f"{text['SeriesDescription']} {text['ProtocolName']}".strip(),
        image_type=tuple(str(word).upper() for word in words),
        rows=int(rows) if isinstance(rows, int) else 0,
        units=text["Units"],
        rescale_type=text["RescaleType"],
        of_image="Image Storage" in pydicom.uid.UID(text["SOPClassUID"]).name,
        beside=beside,
        patient_id=text["PatientID"],
        name=text["PatientName"],
    )


def _pictures_beside(found: Dataset) -> tuple[str, ...]:
    """Thumbnails and overlays that are not empty."""
    said = []
    for icon in found.get(_ICON) or ():
        size = int(icon.get("Rows") or 0) * int(icon.get("Columns") or 0)
        if size >= _LEAST_ICON and len(set(bytes(icon.get("PixelData") or b""))) > 1:
            said.append("thumbnails")
    if any(any(bytes(found[tag].value or b"")) for tag in _OVERLAYS if tag in found):
        said.append("overlays")
    return tuple(dict.fromkeys(said))


def _is_directory(found: Dataset) -> bool:
    """Whether a file lists others (a DICOMDIR, whatever it is called)."""
    meta = getattr(found, "file_meta", None)
    return meta is not None and str(meta.get("MediaStorageSOPClassUID", "")) == DIRECTORY


def is_image(tags: SeriesTags) -> bool:
    """Whether a header has pixels: reports, presentation states and directories have none."""
    return tags.rows > 0


def is_cut_off(tags: SeriesTags) -> bool:
    """Whether a header is one of an image and ends before it says how large that is."""
    return tags.of_image and not tags.rows and not tags.problem
