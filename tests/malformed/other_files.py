"""Malformed files that are no scans, built by code: tables, sidecars, settings, photographs, DICOM.

``OTHERS`` maps a name to the bytes, the reader they are for, and words of the refusal ("" where
the file must be usable).
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image

from headrisk.io.values import LARGEST_JSON

EITHER = "usable or refused, as the decoder decides"
TABLE_HEAD = b"participant_id\tsession_id\tpath\n"


@dataclass(frozen=True)
class Other:
    """Content, kind of reader (``table``, ``sidecar``, ``settings``, ``photo``), words to find."""

    content: bytes
    reader: str
    words: str = ""


def photo(kind: str = "PNG", mode: str = "RGB", **options: object) -> bytes:
    """A sound picture of 24 x 20 pixels."""
    pixels = np.random.default_rng(5).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG with its checksum."""
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def png(width: int, height: int, data: bytes, colour: int = 2, *more: bytes) -> bytes:
    """A PNG from its parts, sound or not."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
    body = b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + body


def _pixel_bomb(side: int) -> bytes:
    """Rows of zeros, truncated early: the size is believed before the rows are read."""
    return png(side, side, zlib.compress(bytes(1_000_000), 9))


def _exif(content: bytes) -> bytes:
    return photo("JPEG", exif=b"Exif\0\0" + content)


def _tables() -> dict[str, Other]:
    row = b"a\t1\tx.nii\n"
    marked = b"\xef\xbb\xbf" + (TABLE_HEAD + row).replace(b"\n", b"\r\n")
    wide = b"\t".join(b"c%d" % k for k in range(100_000)) + b"\n"
    cases = {
        "table, sound": (TABLE_HEAD + row, ""),
        "table, Windows ends and mark": (marked, ""),
        "table, empty": (b"", "no header line"),
        "table, blank lines": (b"\n \n\t\n", "no header line"),
        "table, header alone": (TABLE_HEAD, "no rows"),
        "table, commas": (TABLE_HEAD.replace(b"\t", b","), "no tab"),
        "table, UTF-16": ((TABLE_HEAD + row).decode().encode("utf-16"), "UTF-16"),
        "table, Latin-1": (TABLE_HEAD + b"M\xfcller\t1\tx.nii\n", "line 2 is not UTF-8"),
        "table, NUL": (TABLE_HEAD + b"a\t1\tx\0.nii\n", "binary"),
        "table, ragged": (TABLE_HEAD + b"a\t1\n", "line 2 has 2 cells"),
        "table, column twice": (TABLE_HEAD.replace(b"session_id", b"path"), "more than once"),
        "table, column missing": (b"participant_id\tpath\na\tx.nii\n", "no column session_id"),
        "table, file twice": (TABLE_HEAD + row + row, ""),  # its rows fail, not the table
        "table, nobody": (TABLE_HEAD + b"\t1\tx.nii\n", "no participant_id"),
        "table, 100,000 columns": (wide, "no rows"),
        "table, name of 5,000 letters": (TABLE_HEAD + b"a\t1\t" + b"x" * 5000 + b"\n", ""),
        "table, label of 1 MB": (TABLE_HEAD + b"a" * 1_000_000 + b"\t1\tx.nii\n", ""),
        "table, picture": (photo(), "binary"),
    }
    return {name: Other(content, "table", words) for name, (content, words) in cases.items()}


def _sidecars() -> dict[str, Other]:
    cases = {
        "sidecar, sound": (b'{"EchoTime": 0.003}', ""),
        "sidecar, empty": (b"", "not JSON"),
        "sidecar, cut off": (b'{"EchoTime": 0.0', "not JSON"),
        "sidecar, list": (b"[1, 2]", "not a JSON object"),
        "sidecar, deep": (b'{"a":' * 100_000, "nested too deeply"),
        "sidecar, deep lists": (b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested"),
        "sidecar, number of 5,000 digits": (b'{"EchoTime": ' + b"9" * 5000 + b"}", "not JSON"),
        "sidecar, infinite": (b'{"PatientAge": 1e999, "EchoTime": NaN}', ""),
        "sidecar, lone surrogate": (b'{"InstitutionName": "\\ud800"}', ""),
        "sidecar, Latin-1": (b'{"InstitutionName": "M\xfcller"}', "not UTF-8 text"),
        "sidecar, impossible dates": (b'{"StudyDate": "00000000", "PatientBirthDate": []}', ""),
        "sidecar, wrong kinds": (b'{"Manufacturer": {"a": [1]}, "PatientSex": true}', ""),
        "sidecar, NUL in a text": (b'{"Manufacturer": "a\\u0000b"}', ""),
        "sidecar, key 100,000 times": (b"{" + b'"a": 1,' * 100_000 + b'"a": 2}', ""),
        "sidecar, over the limit": (b" " * (LARGEST_JSON + 1), "not read"),
    }
    return {name: Other(content, "sidecar", words) for name, (content, words) in cases.items()}


def _settings() -> dict[str, Other]:
    cases = {
        "settings, sound": (b"seed = 3\n", ""),
        "settings, deep": (b"seed = " + b"[" * 100_000, "TOML"),
        "settings, number of 5,000 digits": (b"seed = " + b"9" * 5000, "TOML"),
        "settings, not UTF-8": (b"seed = \xff", "TOML"),
        "settings, infinite": (b"bootstrap = inf", "whole number"),
        "settings, date": (b"seed = 2020-01-01", "whole number"),
        "settings, key twice": (b"seed = 1\nseed = 2", "TOML"),
    }
    return {name: Other(content, "settings", words) for name, (content, words) in cases.items()}


def _photos() -> dict[str, Other]:
    sound, jpeg = photo(), photo("JPEG")
    text_bomb = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80_000_000), 9))
    circle = _exif(b"II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08" + bytes(7))
    rows = zlib.compress((b"\0" + bytes(range(72))) * 24)
    cases = {
        "PNG, sound": (sound, ""),
        "PNG, cut off": (sound[: len(sound) // 2], "damaged"),
        "PNG, signature alone": (sound[:8], "photograph"),
        "PNG, impossible chunk name": (sound[:40] + b"\xff" + sound[41:], "photograph"),
        "PNG, side of zero": (png(0, 24, rows), "photograph"),
        "PNG, no rows": (png(24, 24, b""), "damaged"),
        "PNG, too few rows": (png(24, 500, rows), EITHER),
        "PNG, unknown colour type": (png(24, 24, rows, 5), "photograph"),
        "PNG, palette missing": (png(24, 24, rows, 3), EITHER),
        "PNG, huge sides": (_pixel_bomb(2**31 - 1), "pixel"),
        "PNG, 9,900 pixels a side of nothing": (_pixel_bomb(9900), "expand"),
        "PNG, bomb in a text": (png(24, 24, rows, 2, text_bomb), "photograph"),
        "PNG, rows that are no zlib": (png(24, 24, b"rubbish" * 9), "damaged"),
        "JPEG, sound": (jpeg, ""),
        "JPEG, cut off": (jpeg[: len(jpeg) // 2], "damaged"),
        "JPEG, start alone": (jpeg[:4], "photograph"),
        "JPEG, damaged Exif": (_exif(b"II*\0\xff\xff\xff\xff"), ""),
        "JPEG, Exif cut off": (_exif(b"MM\0*\0\0\0\x08\0\x09\x01\x12"), ""),
        "JPEG, Exif that points to itself": (circle, ""),
        "JPEG, no tables": (b"\xff\xd8" + jpeg[jpeg.index(b"\xff\xda") :], "photograph"),
        "TIFF, cut off": (photo("TIFF")[:-900], "photograph"),
        "GIF, cut off": (photo("GIF")[:40], "photograph"),
        "WebP, cut off": (photo("WEBP")[:60], "photograph"),
        "photograph, empty": (b"", "photograph"),
        "photograph, text": (b"no picture\n" * 50, "known type"),
    }
    return {name: Other(content, "photo", words) for name, (content, words) in cases.items()}


OTHERS: dict[str, Other] = {**_tables(), **_sidecars(), **_settings(), **_photos()}
