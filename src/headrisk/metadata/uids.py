"""DICOM unique identifiers: which tell nothing, and new ones that a later look knows again.

A UID is the same in every copy of a scan, whatever its root: archives give out UIDs under 2.25 too
(PS3.5, B.2), made of random numbers, of a clock and a network address, or of a number of their own.
None of them is harmless for its root alone. Harmless are those that the standard gives out, and
those that headrisk made: the last 32 bits of their number are a check sum of the others.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from functools import lru_cache

_STANDARD = "1.2.840.10008."
_ROOT = "2.25."
_CHECK = 4  # bytes


def harmless_uid(uid: str) -> bool:
    """Whether a UID is of the standard itself, or one that headrisk made.

    >>> harmless_uid("1.2.840.10008.1.2.1"), harmless_uid("2.25.19610502")
    (True, False)
    >>> harmless_uid(NewUids(bytes(32)).replace("1.2.3"))
    True
    """
    plain = uid.strip(" \0")
    if plain.startswith(_STANDARD):
        return True
    digits = plain[len(_ROOT) :]
    if not plain.startswith(_ROOT) or not digits.isdigit() or len(digits) > 39:
        return False
    raw = int(digits).to_bytes(17, "big")[1:]
    return raw[-_CHECK:] == _check(raw[:-_CHECK])


@dataclass(frozen=True)
class NewUids:
    """New UIDs for old ones: the same for the same under one key, and not to be traced back.

    ``key`` is 32 secret bytes. New UIDs are random ones under 2.25 (PS3.5, B.2).
    """

    key: bytes

    def replace(self, uid: str) -> str:
        """The new UID; UIDs that the standard gives out or that are new already stay."""
        return uid if not uid or harmless_uid(uid) else _new(self.key, uid)


@lru_cache(maxsize=65536)
def _new(key: bytes, uid: str) -> str:
    digest = hashlib.blake2b(uid.encode("utf-8", "surrogateescape"), key=key, digest_size=16)
    raw = uuid.UUID(bytes=digest.digest(), version=4).bytes[:-_CHECK]
    return f"{_ROOT}{int.from_bytes(raw + _check(raw), 'big')}"


def _check(raw: bytes) -> bytes:
    return hashlib.blake2b(raw, digest_size=_CHECK, person=b"headrisk uid").digest()
