"""Photographs of people: which may be used, how they are read, and the face in them."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from headrisk.dataset.tsv import Row, read_tsv
from headrisk.errors import InputError, ScanError
from headrisk.face.detect import centerface
from headrisk.face.detect.face import Face, Pixels

PhotoStatus = Literal["ok", "refused", "failed", "unknown person"]

COLUMNS = ("participant_id", "path", "consent_id", "expires")
FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF", "JPEG2000", "PPM")
LARGEST_BYTES = 128 * 1024 * 1024
LARGEST_PIXELS = 100_000_000
SMALLEST_SIDE = 16  # pixels
LONGEST_SIDE = 1024  # pixels
MARGIN = 0.4  # of the face's longer side, added to it
LOWEST_SCORE = 0.5  # of CenterFace
CLEARLY_LARGER = 2.0  # ratio of areas
_TIFF_BITS, _TIFF_SAMPLE_FORMAT = 258, 339  # tags


@dataclass(frozen=True)
class Photo:
    """One row of the table of photographs, and whether it may be used.

    Attributes
    ----------
    participant_id
        Without ``sub-``.
    path
        Absolute path of the image.
    status
        ``refused`` without valid consent, ``failed`` where there is no such file or no face,
        ``unknown person`` for a usable photograph of somebody who is not in the data set.
    reason
        Why the status is not ``ok``; "" if it is.
    """

    participant_id: str
    path: str
    consent_id: str
    status: PhotoStatus
    reason: str = ""

    @property
    def usable(self) -> bool:
        """Whether it may be asked for; a stranger's has no mate."""
        return self.status in ("ok", "unknown person")


def list_photos(table: Path, people: frozenset[str], today: date) -> tuple[Photo, ...]:
    """Read the table of photographs and decide which may be used; no row is dropped.

    Parameters
    ----------
    table
        Tab-separated, with columns ``participant_id``, ``path`` (absolute, or relative to the
        table), ``consent_id`` and ``expires`` (YYYY-MM-DD, the last day of consent).
    people
        The people of the data set, with or without ``sub-``.
    today
        The day to which consent must hold.

    Raises
    ------
    InputError
        The table cannot be read or lacks a column.
    """
    rows = read_tsv(table)
    absent = [name for name in COLUMNS if rows and name not in rows[0].values]
    if absent or not rows:
        raise InputError(
            str(table),
            found=f"no column {', '.join(absent)}" if absent else "no photographs",
            expected=f"columns {', '.join(COLUMNS)} and a line for each photograph",
            remedy="Correct the file and run again.",
        )
    known = frozenset(_bare(person) for person in people)
    folder = table.absolute().parent
    places = [str((folder / row.values["path"]).resolve()) for row in rows]
    owners = {
        (place, _bare(row.values["participant_id"]))
        for row, place in zip(rows, places, strict=True)
    }
    shared = Counter(place for place, _ in owners)
    seen: set[str] = set()
    found = []
    for row, place in zip(rows, places, strict=True):
        status, reason = _judge(row, place, known, today, shared[place] > 1, place in seen)
        seen.add(place)
        person = _bare(row.values["participant_id"])
        found.append(Photo(person, place, row.values["consent_id"], status, reason))
    return tuple(found)


def _bare(participant: str) -> str:
    return participant.strip().removeprefix("sub-")


def _judge(
    row: Row, place: str, known: frozenset[str], today: date, shared: bool, repeated: bool
) -> tuple[PhotoStatus, str]:
    person = _bare(row.values["participant_id"])
    if not person:
        return "refused", f"no participant_id in line {row.line}"
    if not row.values["path"]:
        return "failed", f"no path in line {row.line}"
    refusal = _consent_refusal(row, today)
    if refusal:
        return "refused", refusal
    if shared:
        return "refused", "the same file is listed for two people"
    if repeated:
        return "refused", "the same file is listed twice"
    try:
        if not Path(place).is_file():
            return "failed", "no such file"
    except OSError as error:
        return "failed", error.strerror or str(error)
    except ValueError as error:
        return "failed", str(error)
    if person not in known:
        return "unknown person", "nobody of this name in the data set"
    return "ok", ""


def _consent_refusal(row: Row, today: date) -> str:
    """Why the row's consent does not hold on the day; "" if it does."""
    if not row.values["consent_id"]:
        return "no consent_id"
    if not row.values["expires"]:
        return "no day until which consent holds"
    try:
        last = date.fromisoformat(row.values["expires"])
    except ValueError:
        return f"'{row.values['expires']}' is not a day (YYYY-MM-DD)"
    return f"consent expired on {last}" if last < today else ""


def read_photo(path: Path) -> NDArray[np.uint8]:
    """Read a photograph as grey (h, w), upright, its longer side at most 1024 pixels.

    Grey is luma of ITU-R BT.601. Transparent pixels are laid on white.

    Raises
    ------
    ScanError
        Missing, too large, damaged, cut short, or not an image.
    """
    subject = str(path)
    try:
        if not path.is_file():
            raise _unusable(subject, "no such file")
        if path.stat().st_size > LARGEST_BYTES:
            raise _unusable(subject, "a file of more than 128 MB")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged tags; large images are refused below
            with Image.open(path, formats=FORMATS) as image:
                _check_size(subject, image.size)
                image.draft("RGB", (2 * LONGEST_SIDE, 2 * LONGEST_SIDE))
                image.load()
                grey = _grey(ImageOps.exif_transpose(image), _full_scale(image))
    except Image.DecompressionBombError as error:
        raise _unusable(subject, "an image of too many pixels") from error
    except UnidentifiedImageError as error:
        raise _unusable(subject, "not an image of a known type") from error
    except _DAMAGE as error:
        raise _unusable(subject, f"a damaged image ({error})") from error
    grey.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    return np.array(grey, dtype=np.uint8)


# What Pillow's decoders raise on bytes that are not what they claim to be.
_DAMAGE: tuple[type[Exception], ...] = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    OverflowError,
    MemoryError,
    ZeroDivisionError,
    NotImplementedError,
    AttributeError,
)


def _check_size(subject: str, size: tuple[int, int]) -> None:
    width, height = size
    if width * height > LARGEST_PIXELS:
        raise _unusable(subject, f"an image of {width} x {height} pixels, above 100 million")
    if min(size) < SMALLEST_SIDE:
        raise _unusable(subject, f"an image of {width} x {height} pixels, too small for a face")


def _unusable(subject: str, found: str) -> ScanError:
    return ScanError(subject, found=found, expected="a photograph of one face")


def _full_scale(image: Image.Image) -> float | None:
    """The value that stands for white, by the file's bit depth; None where the file has none.

    Integers of more than 16 bits and real numbers have no agreed white.
    """
    tags = getattr(image, "tag_v2", None)
    if tags is None:
        deep = image.mode.startswith("I;16") or image.format in ("PNG", "PPM")
        return 65535.0 if deep else None
    bits = tags.get(_TIFF_BITS, (8,))[0]
    kind = tags.get(_TIFF_SAMPLE_FORMAT, (1,))[0]
    if kind not in (1, 2) or bits > 16:
        return None
    return float(2 ** (bits - (kind == 2)) - 1)  # a signed integer spends a bit on its sign


def _grey(image: Image.Image, full: float | None) -> Image.Image:
    """An image of any mode as 8-bit grey; ``full`` is white where pixels have more than 8 bits."""
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_deep_to_grey(np.asarray(image, dtype=np.float64), full))
    if image.mode == "LAB":
        return image.getchannel(0)
    if image.mode in ("LA", "PA", "La", "RGBA", "RGBa") or "transparency" in image.info:
        colour = image.convert("RGBA")
        ground = Image.new("RGBA", colour.size, "white")
        return Image.alpha_composite(ground, colour).convert("RGB").convert("L")
    if image.mode in ("L", "1"):
        return image.convert("L")
    return image.convert("RGB").convert("L")


def _deep_to_grey(values: NDArray[np.float64], full: float | None) -> NDArray[np.uint8]:
    """Grey of more than 8 bits, scaled by white or else by the range that the values imply."""
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    if full is None:
        largest = float(values.max())
        full = next((top for top in (1.0, 255.0, 65535.0) if largest <= top), largest)
    return np.asarray(np.rint(np.clip(values / full, 0.0, 1.0) * 255.0), dtype=np.uint8)


def crop_face(image: Pixels) -> NDArray[np.uint8]:
    """Loose square around the face: CenterFace's box grown by 40 %, black beyond the image.

    Of several faces the largest is taken if it has more than twice the area of the next.

    Raises
    ------
    ScanError
        "no face found" or "two faces".
    """
    seen = sorted(centerface.faces(image, lowest=LOWEST_SCORE), key=lambda face: -face.area)
    if not seen:
        raise _unusable("photograph", "no face found")
    if len(seen) > 1 and seen[0].area <= CLEARLY_LARGER * seen[1].area:
        raise _unusable("photograph", "two faces")
    return _square(image, seen[0])


def _square(image: Pixels, face: Face) -> NDArray[np.uint8]:
    left, top, right, bottom = face.box
    side = max(round((1.0 + MARGIN) * max(right - left, bottom - top)), 1)
    first_row = round((top + bottom - side) / 2)
    first_column = round((left + right - side) / 2)
    crop = np.zeros((side, side, *image.shape[2:]), dtype=np.uint8)
    height, width = image.shape[:2]
    rows = slice(max(first_row, 0), min(first_row + side, height))
    columns = slice(max(first_column, 0), min(first_column + side, width))
    crop[
        rows.start - first_row : rows.stop - first_row,
        columns.start - first_column : columns.stop - first_column,
    ] = image[rows, columns]
    return crop
