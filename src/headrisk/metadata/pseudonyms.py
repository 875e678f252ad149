"""Pseudonyms and date shifts that stay the same over folders and runs, and the key to them.

A key is 32 secret bytes. From it and from what a hospital calls a person follow the person's
pseudonym, date shift and new UIDs; nobody without the key can follow that way back or forth. The
key file stays with the custodian. It lists the people it was used for as keyed digests, so that a
key of another data set is noticed, and the new labels that were given out.

New names for files and labels that identify, the same everywhere in a copy.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from headrisk.errors import InputError
from headrisk.metadata.findings import Hit
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.names import name_spans

FORMAT = "headrisk key to pseudonyms, version 1"
_SECRET = 32
_BODY, _CHECK = 12, 4  # characters of base 32
_FORM = re.compile(rf"HR([A-Z2-7]{{{_BODY}}})([A-Z2-7]{{{_CHECK}}})")
_LARGEST = 256 * 1024 * 1024


@dataclass(frozen=True)
class PseudonymKey:
    """The key to a copy's pseudonyms.

    Attributes
    ----------
    secret
        32 bytes.
    people
        Keyed digests of the people of all data sets it was used for.
    labels
        New labels by keyed digest of entity and old label.
    """

    secret: bytes = field(repr=False)
    people: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)

    def pseudonym(self, person: str) -> str:
        """The pseudonym of a person: ``HR`` and 16 letters and digits, the last four a check sum.

        >>> is_pseudonym(PseudonymKey(bytes(32)).pseudonym("12345"))
        True
        """
        body = _base32(self._digest("pseudonym", person))[:_BODY]
        return f"HR{body}{_check(body)}"

    def stream(self, person: str) -> np.random.Generator:
        """A person's own random numbers."""
        return np.random.default_rng(int.from_bytes(self._digest("stream", person), "big"))

    @property
    def uid_key(self) -> bytes:
        """Key of new UIDs."""
        return self._digest("uids", "")

    def mark(self, person: str) -> str:
        """What stands for a person or a label in the key file."""
        return self._digest("mark", person).hex()[:32]

    def _digest(self, use: str, text: str) -> bytes:
        data = text.encode("utf-8", "surrogateescape")
        person = f"hr {use}".encode()
        return hashlib.blake2b(data, key=self.secret, digest_size=32, person=person).digest()

    def to_bytes(self) -> bytes:
        """The key file's content."""
        return (
            json.dumps(
                {
                    "format": FORMAT,
                    "secret": self.secret.hex(),
                    "people": sorted(self.people),
                    "labels": dict(sorted(self.labels.items())),
                },
                indent=1,
            )
            + "\n"
        ).encode()


def new_key(rng: np.random.Generator | None = None) -> PseudonymKey:
    """A fresh key; from ``rng`` only where the copy must be repeatable."""
    return PseudonymKey(secrets.token_bytes(_SECRET) if rng is None else rng.bytes(_SECRET))


def is_pseudonym(text: str) -> bool:
    """Whether a text is a pseudonym that headrisk made."""
    match = _FORM.fullmatch(text.strip(" \0"))
    return match is not None and match[2] == _check(match[1])


def _check(body: str) -> str:
    digest = hashlib.blake2b(body.encode(), digest_size=8, person=b"hr pseudonym").digest()
    return _base32(digest)[:_CHECK]


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode()


def read_key(path: Path) -> PseudonymKey:
    """Read a key file.

    Raises
    ------
    InputError
        There is none, or it is no key of headrisk's.
    """
    subject, wanted = f"key {path}", "the key.json of an earlier run with --fix"
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            raise InputError(
                subject,
                found="no such file" if not path.exists() else "no regular file",
                expected=wanted,
                remedy="Give the file that stands in OUT/internal, or leave --key out.",
            )
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(
            subject, found=f"cannot be read ({error.strerror})", expected=wanted
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(subject, found="not JSON", expected=wanted) from error
    try:
        if content["format"] != FORMAT:
            raise ValueError
        key = PseudonymKey(
            bytes.fromhex(content["secret"]),
            frozenset(str(mark) for mark in content["people"]),
            {str(mark): str(label) for mark, label in content["labels"].items()},
        )
        if len(key.secret) != _SECRET:
            raise ValueError
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(subject, found="a file that is no such key", expected=wanted) from error
    return key


def require_same_people(key: PseudonymKey, people: Iterable[str], path: Path) -> None:
    """Refuse the key of another data set.

    Raises
    ------
    InputError
        Key and data set both name people, and have none in common.
    """
    marks = {key.mark(person) for person in people}
    if marks and key.people and marks.isdisjoint(key.people):
        raise InputError(
            f"key {path}",
            found=f"the key of another data set: none of the {len(marks)} people here is among "
            f"the {len(key.people)} it was used for",
            expected="the key of this data set",
            remedy="Give the right key, or leave --key out for a new one. "
            "To take in new people, clean them together with one it knows.",
        )


_ENTITY = re.compile(r"(?<![^_/])([a-z]+)-([^_/]*?)(?=_|/|$|\.[A-Za-z])")


@dataclass(frozen=True)
class Renaming:
    """Which labels and stretches of names are replaced, and by what.

    Attributes
    ----------
    labels
        New label by entity and old label: ``("sub", "JohnDoe")`` to ``p0001``.
    words
        New word by old stretch, for names that are no BIDS entities.
    """

    labels: dict[tuple[str, str], str]
    words: dict[str, str]

    def name(self, name: str) -> str:
        """The new name of a file or folder."""

        def label(match: re.Match[str]) -> str:
            new = self.labels.get((match[1], match[2]))
            return match[0] if new is None else f"{match[1]}-{new}"

        out = _ENTITY.sub(label, name)
        for old in sorted(self.words, key=len, reverse=True):
            out = out.replace(old, self.words[old])
        return out

    def text(self, text: str) -> str:
        """A text with the labels that were renamed, alone or with their entity."""
        for (entity, old), new in self.labels.items():
            if text == old and entity in ("sub", "ses"):
                return new
            if old in text:
                pattern = rf"(?<![A-Za-z0-9]){entity}-{re.escape(old)}(?![A-Za-z0-9])"
                text = re.sub(pattern, f"{entity}-{new}", text)
        return text


def plan_renaming(
    names: Iterable[str],
    known: KnownIdentifiers,
    rng: np.random.Generator,
    removed: list[Hit],
    key: PseudonymKey,
) -> Renaming:
    """Look for names that identify and choose new ones.

    People get numbers in random order, since the order of names tells something too; sessions
    keep their order.

    Parameters
    ----------
    names
        Names of all files and folders of the copy.
    known
        The custodian's list.
    rng
        Source of the order.
    removed
        What went is added to it.
    key
        Labels that it gave out before are given again.
    """
    found: set[tuple[str, str]] = set()
    words: dict[str, str] = {}
    taken: set[tuple[str, str]] = set()
    for name in sorted(set(names)):
        spans = name_spans(name, known)
        entities = [(m[1], m[2], m.start(2), m.end(2)) for m in _ENTITY.finditer(name)]
        taken.update((entity, label) for entity, label, _, _ in entities)
        for kind, start, end in spans:
            removed.append(Hit(kind, "file or folder name", name[start:end]))
            inside = [(e, label) for e, label, a, b in entities if start < b and a < end]
            found.update(inside)
            if not inside:
                words.setdefault(name[start:end], f"removed{len(words) + 1}")
    before = {
        (entity, old): key.labels[mark]
        for entity, old in found
        if (mark := label_mark(key, entity, old)) in key.labels
    }
    taken |= {(entity, new) for entity, _ in found for new in key.labels.values()}
    return Renaming(before | _new_labels(found - before.keys(), taken, rng), words)


def label_mark(key: PseudonymKey, entity: str, old: str) -> str:
    """What stands for an old label in the key file."""
    return key.mark(f"label {entity}-{old}")


def _new_labels(
    found: set[tuple[str, str]], taken: set[tuple[str, str]], rng: np.random.Generator
) -> dict[tuple[str, str], str]:
    labels: dict[tuple[str, str], str] = {}
    for entity in sorted({entity for entity, _ in found}):
        old = sorted(label for e, label in found if e == entity)
        if entity == "sub":
            old = [old[i] for i in rng.permutation(len(old))]
        letter = {"sub": "p", "ses": "s"}.get(entity, "x")
        number = 0
        for label in old:
            number += 1
            while (entity, f"{letter}{number:04d}") in taken:
                number += 1
            labels[entity, label] = f"{letter}{number:04d}"
    return labels
