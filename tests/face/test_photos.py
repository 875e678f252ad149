"""The table of photographs, consent, and images of every kind that comes from people's phones."""

from __future__ import annotations

import io
import struct
import zlib
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from headrisk.errors import InputError, ScanError
from headrisk.face.photo_table import list_photos
from headrisk.face.photos import crop_face, read_photo

TODAY = date(2026, 3, 1)
HEADER = "participant_id\tpath\tconsent_id\texpires\n"


def picture(height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    rng = np.random.default_rng(height * width)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def save(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)  # type: ignore[arg-type]
    return path


def table(folder: Path, *rows: str) -> Path:
    path = folder / "photos.tsv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("row", "status", "said"),
    [
        ("sub-01\ta.png\tC1\t2030-01-01", "ok", ""),
        ("01\ta.png\tC1\t2026-03-01", "ok", ""),  # the last day still holds
        ("01\ta.png\tC1\t2026-02-28", "refused", "expired on 2026-02-28"),
        ("01\ta.png\t\t2030-01-01", "refused", "no consent_id"),
        ("01\ta.png\tn/a\t2030-01-01", "refused", "no consent_id"),
        ("01\ta.png\tC1\t", "refused", "no day"),
        ("01\ta.png\tC1\t31.12.2030", "refused", "is not a day"),
        ("01\tgone.png\tC1\t2030-01-01", "failed", "no such file"),
        ("09\ta.png\tC1\t2030-01-01", "unknown person", "nobody of this name"),
        ("\ta.png\tC1\t2030-01-01", "refused", "no participant_id"),
        ("01\t\tC1\t2030-01-01", "failed", "no path"),
    ],
)
def test_each_row_gets_a_status_and_a_reason(
    row: str, status: str, said: str, tmp_path: Path
) -> None:
    save(tmp_path / "a.png", Image.fromarray(picture()))
    (photo,) = list_photos(table(tmp_path, row), frozenset({"01", "02"}), TODAY)
    assert photo.status == status
    assert said in photo.reason
    assert bool(photo.reason) == (status != "ok")


def test_one_file_under_two_people_or_twice_is_refused(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        save(tmp_path / name, Image.fromarray(picture()))
    rows = (
        "01\ta.png\tC1\t2030-01-01",
        "02\ta.png\tC2\t2030-01-01",
        "01\tb.png\tC1\t2030-01-01",
        "01\t./b.png\tC1\t2030-01-01",
    )
    found = list_photos(table(tmp_path, *rows), frozenset({"01", "02"}), TODAY)
    assert [photo.status for photo in found] == ["refused", "refused", "ok", "refused"]


@pytest.mark.parametrize("text", ["", HEADER, "participant_id\tpath\n01\ta.png\n", "a,b\n1,2\n"])
def test_a_table_without_rows_or_columns_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "photos.tsv"
    path.write_text(text)
    with pytest.raises(InputError, match=r"photos\.tsv"):
        list_photos(path, frozenset({"01"}), TODAY)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_turned_upright(orientation: int, tmp_path: Path) -> None:
    upright = picture(40, 56)
    turns = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    stored = np.ascontiguousarray(turns[orientation](upright))
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "turned.png", Image.fromarray(stored), exif=exif)
    luma = np.rint(upright @ np.array([0.299, 0.587, 0.114]))
    assert np.abs(read_photo(path).astype(float) - luma).max() <= 1


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK", "I;16", "YCbCr"])
def test_every_kind_of_pixel_is_read(mode: str, tmp_path: Path) -> None:
    image = Image.fromarray(picture())
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    else:
        image = image.convert(mode)
    suffix = "jpg" if mode in ("CMYK", "YCbCr") else "png"
    found = read_photo(save(tmp_path / f"a.{suffix}", image))
    assert (found.shape, found.dtype) == ((48, 64), np.uint8)
    assert found.std() > 10


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm", "jp2"])
@pytest.mark.parametrize("brightest", [200, 60_000])
def test_sixteen_bits_are_read_by_the_depth_of_the_file(
    suffix: str, brightest: int, tmp_path: Path
) -> None:
    """A dark photograph stays dark, even where all of its values would fit into 8 bits."""
    deep = np.random.default_rng(3).integers(0, brightest, (40, 56)).astype(np.uint16)
    found = read_photo(save(tmp_path / f"deep.{suffix}", Image.fromarray(deep)))
    np.testing.assert_allclose(found, deep / 257, atol=0.51)


def test_real_numbers_up_to_1_are_scaled_by_their_range(tmp_path: Path) -> None:
    values = np.random.default_rng(4).random((40, 56)).astype(np.float32)
    found = read_photo(save(tmp_path / "real.tif", Image.fromarray(values)))
    np.testing.assert_allclose(found, 255 * values, atol=0.51)


def test_transparent_pixels_are_white_and_long_sides_shrink(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (20, 30), (0, 0, 0, 0))
    assert (read_photo(save(tmp_path / "clear.png", clear)) == 255).all()
    long = read_photo(save(tmp_path / "long.png", Image.new("L", (3000, 150), 77)))
    assert long.shape == (51, 1024)
    assert (long == 77).all()


def _chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def _png_of(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = _chunk(b"IDAT", zlib.compress(b"\0" * 64))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + rows + _chunk(b"IEND", b"")


def _jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture()).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", ""),
        (b"\0" * 400, ""),
        (b"not an image", ""),
        (b"%PDF-1.7 ", ""),
        (_jpeg()[:200], ""),
        (_jpeg()[:-300], ""),
        (b"\xff\xd8\xff\xe0" + b"\0" * 60, ""),
        (_png_of(100_000, 100_000), "pixel"),
        (_png_of(60_000, 30_000), "pixel"),
        (_png_of(0, 10), ""),
        (_png_of(3, 3), ""),
        (_png_of(64, 64)[:40], ""),
        (b"GIF89a" + b"\xff" * 30, ""),
        (b"BM" + b"\xff" * 60, ""),
        (b"II*\0" + b"\xff" * 60, ""),
    ],
)
def test_damaged_and_monstrous_images_are_refused(
    content: bytes, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.jpg"
    path.write_bytes(content)
    with pytest.raises(ScanError) as caught:
        read_photo(path)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


def test_no_face_is_a_failure_of_its_own() -> None:
    with pytest.raises(ScanError, match="no face found"):
        crop_face(np.full((120, 90), 128, np.uint8))
