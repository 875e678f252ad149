"""How somebody wears hair and beard in one photograph, and where they grow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.synthetic.people import zones
from headrisk.synthetic.people.appearance import Appearance
from headrisk.synthetic.people.noise import smoothstep
from headrisk.types import Float32Array


@dataclass(frozen=True)
class Cut:
    """The hair of one photograph.

    Attributes
    ----------
    hair_mm, end_mm
        Thickness of the hair, and height of the lower end of hanging hair.
    hairline_mm
        Added to the person's hairline: how the hair is combed.
    opening_deg
        Where hanging hair begins, degrees from the front.
    beard, beard_mm
        Kind and length of the beard.
    parting_mm
        Place of the parting, to the person's right.
    """

    hair_mm: float
    end_mm: float
    hairline_mm: float
    opening_deg: float
    beard: str
    beard_mm: float
    parting_mm: float


def draw_cut(look: Appearance, rng: np.random.Generator) -> Cut:
    """Draw how a person wears the hair in one photograph."""
    parting = np.random.default_rng(look.seed).choice([-28.0, 28.0])
    end = {"long": rng.uniform(-190, -70), "parted": rng.uniform(-90, -25)}
    worn_long = look.hair_style == "long" or (look.hair_style == "parted" and look.sex == "F")
    shaved = look.beard != "none" and rng.random() < 0.2
    grown = look.beard == "none" and look.sex == "M" and rng.random() < 0.05
    kind = "none" if shaved else ("stubble" if grown else look.beard)
    return Cut(
        hair_mm=look.hair_mm * float(np.exp(np.clip(rng.normal(0, 0.25), -0.5, 0.5))),
        end_mm=float(end.get(look.hair_style, -60.0)) if worn_long else 0.0,
        hairline_mm=float(rng.normal(0, 3)),
        opening_deg=float(rng.choice([66.0, 72.0, 100.0]) + rng.uniform(-3, 3)),
        beard=kind,
        beard_mm=float({"full": rng.uniform(2, 9), "goatee": 3, "moustache": 3}.get(kind, 0.4)),
        parting_mm=float(parting + rng.normal(0, 4)),
    )


def growth(
    places: Float32Array, look: Appearance, cut: Cut, strength: float
) -> tuple[Float32Array, Float32Array]:
    """How surely hair of the head and beard grow at places, each 0 to 1, 0.5 at the edge."""
    none = np.zeros(len(places), np.float32)
    if strength == 0:
        return none, none
    raised: float | Float32Array = look.hairline_mm + cut.hairline_mm
    if look.hair_style == "fringe":
        x = places[:, 0]
        raised = np.asarray(raised - 40 + 6 * np.sin(x / 25 + cut.parting_mm) ** 2, np.float32)
    elif look.hair_style == "parted":
        away = np.abs(places[:, 0] - cut.parting_mm)
        raised = np.asarray(raised - 14 * smoothstep(-10, 45, away), np.float32)
    line = zones.scalp(places, look, raised)
    if look.hair_style == "bald":
        ring = smoothstep(58, 72, zones.azimuth(places)) * smoothstep(60, 40, places[:, 2])
        line = np.minimum(line, 16 * ring - 8)
    head = smoothstep(-8, 8, line) * (1 - zones.ears(places))
    return head, zones.beard(places, cut.beard) if cut.beard != "none" else none
