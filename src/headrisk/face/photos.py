"""Photographs of people: how they are read, and the face in them."""

from __future__ import annotations

import struct
import time
import warnings
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from headrisk.errors import ScanError
from headrisk.face.detect import centerface
from headrisk.face.detect.face import Face, Pixels
from headrisk.face.packed import Packed
from headrisk.face.recognise.registry import describe_by_each, recognisers

# ----------------------------------------------------------------------
# From a photograph to what recognisers make of its face.
# ----------------------------------------------------------------------


@dataclass(frozen=True)
class PhotoTask:
    """What a worker needs to describe one photograph."""

    path: str
    recognisers: tuple[str, ...]
    weights: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PhotoResult:
    """Templates of one photograph by recogniser, or why there are none.

    ``failed`` are the errors of plug-ins that could not describe it.
    """

    reason: str
    seconds: float
    templates: Mapping[str, Packed] = field(default_factory=dict, repr=False)
    failed: tuple[str, ...] = ()


def describe_photo(task: PhotoTask) -> PhotoResult:
    """Read, crop and describe one photograph."""
    begin = time.process_time()
    try:
        face = crop_face(read_photo(Path(task.path)))
    except ScanError as error:
        return PhotoResult(error.found, time.process_time() - begin)
    paths = {name: Path(path) for name, path in task.weights}
    asked = recognisers(task.recognisers, paths)
    made = describe_by_each(asked, lambda one: one.describe([face]))
    reason = "" if made.found else " ".join(made.failed) or "no recogniser found the face"
    return PhotoResult(reason, time.process_time() - begin, made.templates, made.failed)


FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF", "JPEG2000", "PPM")
LARGEST_BYTES = 128 * 1024 * 1024
LARGEST_PIXELS = 100_000_000
_LARGE_PIXELS = 16_000_000
_MOST_PIXELS_PER_BYTE = 100  # above _LARGE_PIXELS; a photograph has more detail
SMALLEST_SIDE = 16  # pixels
LONGEST_SIDE = 1024  # pixels
MARGIN = 0.4  # of the face's longer side, added to it
LOWEST_SCORE = 0.5  # of CenterFace
CLEARLY_LARGER = 2.0  # ratio of areas
_TIFF_BITS, _TIFF_SAMPLE_FORMAT = 258, 339  # tags


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
                _check_size(subject, image.size, path.stat().st_size)
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
    AssertionError,
    struct.error,
    zlib.error,
)


def _check_size(subject: str, size: tuple[int, int], file_bytes: int) -> None:
    width, height = size
    if width * height > LARGEST_PIXELS:
        raise _unusable(subject, f"an image of {width} x {height} pixels, above 100 million")
    if width * height > max(_LARGE_PIXELS, _MOST_PIXELS_PER_BYTE * file_bytes):
        raise _unusable(subject, f"{file_bytes} bytes that expand to {width} x {height} pixels")
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
