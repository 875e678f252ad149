"""What attacks and report both have to know of each attack, in one record; a new one adds a line.

What an attack does stands in its file of ``headrisk.attacks``, how it is told in that of
``headrisk.report.words``. Of an attack without a record here :func:`facts_of` makes one up that
holds, so that it is measured and told all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from headrisk.statistics.attackers import Knowledge


@dataclass(frozen=True)
class AttackFacts:
    """One attack.

    Attributes
    ----------
    seen
        What an attacker must hold for it; None where its parts say so.
    stream
        Sets the random numbers of its rates and of its choice apart from those of the others.
    risk_stream
        The same for what it means for people.
    on_images
        Whether it compares images, so that each that it did not compare is to be told.
    code
        How the codes of what follows from it begin; ``attack`` where they name it beside.
    drawn
        Its place in the figures of before and after.
    """

    seen: Knowledge | None
    stream: tuple[int, ...]
    risk_stream: int
    on_images: bool = False
    code: str = "attack"
    drawn: int = 9


FACTS: Mapping[str, AttackFacts] = {
    "brain": AttackFacts("scans", (), 1000, on_images=True, code="brains", drawn=2),
    "face": AttackFacts("photos", (1,), 1001, on_images=True, code="photographs", drawn=0),
    "face-scans": AttackFacts("scans", (6,), 1003, on_images=True, code="face_scans", drawn=1),
    "table": AttackFacts("tables", (4,), 1002, code="tables"),
    "metadata": AttackFacts("metadata", (3,), 1004, code="metadata"),
    "combined": AttackFacts(None, (5,), 999, code="together"),
}
CODES = (*(one.code for one in FACTS.values()), "attack")
"""How the codes of what follows from attacks begin."""
BEFORE_AFTER = (2,)
"""Stream of the comparison before and after, which is none of the attacks'."""


def facts_of(name: str) -> AttackFacts:
    """An attack's record; of one that has none, that of an attack on scans.

    >>> facts_of("brain").code, facts_of("gait").code
    ('brains', 'attack')
    """
    if name in FACTS:
        return FACTS[name]
    drawn_from = hashlib.sha256(name.encode()).digest()
    first, second = (int.from_bytes(drawn_from[k : k + 6], "big") for k in (0, 6))
    return AttackFacts("scans", (first,), second)


def drawn(names: Iterable[str]) -> list[str]:
    """Each attack once, in the order of the figures of before and after.

    >>> drawn(["brain", "gait", "face", "brain"])
    ['face', 'brain', 'gait']
    """
    return sorted(dict.fromkeys(names), key=lambda name: facts_of(name).drawn)
