"""New names for files and labels that identify, the same everywhere in a copy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from headrisk.metadata.findings import Hit
from headrisk.metadata.known import KnownIdentifiers
from headrisk.metadata.names import name_spans
from headrisk.metadata.pseudonyms import PseudonymKey

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
