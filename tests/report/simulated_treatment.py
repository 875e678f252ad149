"""Treatments with made-up rates, for tests of the report."""

from __future__ import annotations

from headrisk.findings.deidentified import (
    Arrival,
    Change,
    CostFigure,
    Effect,
    FaceLeft,
    OwnScan,
    Treatment,
)
from headrisk.types import Estimate


def share(value: float, n: int = 40) -> Estimate:
    """A rate with an interval of ten points to each side."""
    return Estimate(value, max(value - 0.1, 0.0), min(value + 0.1, 1.0), n, "Wilson")


def effect(modality: str, attacker: str, after: float, people: int = 40) -> Effect:
    """One attack before and after; 90 % were found before."""
    change = Change(
        share(0.9, people), share(after, people), share(0.9 - after, people), 12, 2, 0.01
    )
    return Effect(
        modality,
        "headrisk",
        attacker,
        people,
        people,
        3,
        share(3 / 43, 43),
        change,  # type: ignore[arg-type]
        {5: change},
        change,
        0.03,
        share(0.88, people),
        share(after, people),
        (0.1, 0.3),
        1 / people,
    )


def treatment(name: str, people: int = 40) -> Treatment:
    """Helps against faces, not against brains."""
    return Treatment(
        name,
        Arrival(44, 40, 0, 3, 1, 2, 0, 5, 4, 0, 1, 0),
        (
            effect("brain", "naive", 0.89, people),
            effect("face", "naive", 0.1, people),
            effect("face", "adaptive", 0.35, people),
        ),
        OwnScan("residual-correlation", share(1.0, people), people, 1 / people),
        FaceLeft(43, {"face": 2, "gone": 41}, {"hog": (43, 4), "mtcnn": (43, 9)}),
        (
            CostFigure("brain voxels cut", "share", share(0.01, people), 0.2),
            CostFigure("overlap of brain masks", "Dice", Estimate(0.99, 0.98, 0.995, people), 0.9),
        ),
    )
