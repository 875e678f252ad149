"""What a synthetic person looks like beside the shape of the head: skin, eyes, hair, glasses.

All of it is drawn without regard to the shape, so no photograph tells more about a scan than the
shape does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from headrisk.synthetic.people.photo_settings import PhotoSettings

Sex = Literal["F", "M"]
HairStyle = Literal["bald", "shaved", "short", "parted", "fringe", "long", "curly"]

_HAIR = np.array(
    [
        [0.012, 0.009, 0.008],  # black
        [0.030, 0.018, 0.012],  # dark brown
        [0.085, 0.048, 0.026],  # brown
        [0.300, 0.190, 0.090],  # fair
        [0.190, 0.070, 0.028],  # red
    ]
)
_GREY_HAIR = np.array([0.42, 0.42, 0.41])
_IRIS = np.array([[0.06, 0.03, 0.015], [0.13, 0.09, 0.04], [0.10, 0.14, 0.10], [0.14, 0.22, 0.30]])


@dataclass(frozen=True)
class Appearance:
    """One person's constant looks. Colours are linear RGB albedo, 0..1.

    Attributes
    ----------
    seed
        Of the patterns of skin, hair and clothes that stay with the person.
    age
        Years: wrinkles and grey hair.
    melanin, redness
        Skin tone, 0 fair to 1 dark; and share of blood in it, 0..1.
    freckles, moles, wrinkles, uneven
        Strengths, 0..1, and number of moles.
    lip, cheek
        How much redder than the skin they are.
    brow_height, brow_thickness, brow_arch, brow_length, brow_density
        Shape of the brows, mm beside the average, and how well they cover the skin.
    hair_style, hair_colour, hairline_mm, hair_mm
        Style; colour; height of the hairline beside the average; thickness of the hair.
    beard
        ``none``, ``stubble``, ``moustache``, ``goatee`` or ``full``.
    beard_growth
        How dark the beard's shadow is, 0..1.
    glasses
        Index of the person's frame, or -1.
    """

    seed: int
    sex: Sex
    age: float
    melanin: float
    redness: float
    freckles: float
    moles: int
    wrinkles: float
    uneven: float
    lip: float
    cheek: float
    iris: tuple[float, float, float]
    brow_height: float
    brow_thickness: float
    brow_arch: float
    brow_length: float
    brow_density: float
    hair_style: HairStyle
    hair_colour: tuple[float, float, float]
    hairline_mm: float
    hair_mm: float
    beard: str
    beard_growth: float
    glasses: int


def draw_appearance(
    sex: Sex, age: float, settings: PhotoSettings, rng: np.random.Generator
) -> Appearance:
    """Draw one person's looks.

    Parameters
    ----------
    sex, age
        Only for what depends on them in life: beards, make-up, hair styles, wrinkles, grey hair.
    settings
        ``tone`` and ``glasses`` are used here, the other strengths when a photograph is taken.
    """
    male = sex == "M"
    melanin = 0.35 + settings.tone * (rng.beta(1.1, 2.0) - 0.35)
    dark = melanin + rng.normal(0, 0.15)
    old = float(np.clip((age - 25) / 55, 0, 1))
    hair = _HAIR[0 if dark > 0.5 else rng.choice(5, p=[0.15, 0.3, 0.3, 0.17, 0.08])]
    grey = np.clip(2.2 * (old - 0.4) + rng.normal(0, 0.15), 0, 1)
    hair = (1 - grey) * hair * np.exp(rng.normal(0, 0.15)) + grey * _GREY_HAIR
    iris = _IRIS[0 if dark > 0.4 else rng.integers(4)] * np.exp(rng.normal(0, 0.2))
    bald = male and rng.random() < 0.1 + 0.35 * old
    beard_p = [0.4, 0.25, 0.08, 0.09, 0.18]
    kinds = ["none", "stubble", "moustache", "goatee", "full"]
    return Appearance(
        seed=int(rng.integers(2**31)),
        sex=sex,
        age=age,
        melanin=float(np.clip(melanin, 0, 1)),
        redness=float(rng.uniform(0.2, 0.8)),
        freckles=float(max(rng.normal(0, 0.5), 0) * (1 - melanin)),
        moles=int(rng.poisson(5)),
        wrinkles=float(np.clip(old + rng.normal(0, 0.1), 0, 1)),
        uneven=float(rng.uniform(0.5, 1.5)),
        lip=float(rng.uniform(0.5, 1.2)),
        cheek=float(rng.uniform(0.2, 1.2)),
        iris=(float(iris[0]), float(iris[1]), float(iris[2])),
        brow_height=float(rng.normal(0, 1.5)),
        brow_thickness=float(rng.normal(6.5 if male else 5.0, 1.2)),
        brow_arch=float(rng.normal(2.0 if male else 3.5, 1.5)),
        brow_length=float(rng.normal(0, 3)),
        brow_density=float(np.clip(rng.normal(0.8, 0.15), 0.35, 1)),
        hair_style="bald" if bald else _style(male, rng),
        hair_colour=(float(hair[0]), float(hair[1]), float(hair[2])),
        hairline_mm=float(rng.normal(0, 5) + (8 * old if male else 0)),
        hair_mm=float(rng.uniform(5, 14)),
        beard=str(rng.choice(kinds, p=beard_p)) if male else "none",
        beard_growth=float(rng.uniform(0.2, 1)) if male else 0.0,
        glasses=int(rng.integers(1000)) if rng.random() < settings.glasses else -1,
    )


def _style(male: bool, rng: np.random.Generator) -> HairStyle:
    styles: tuple[HairStyle, ...] = ("shaved", "short", "parted", "fringe", "long", "curly")
    share = (0.2, 0.4, 0.22, 0.06, 0.04, 0.08) if male else (0.02, 0.1, 0.15, 0.18, 0.4, 0.15)
    return styles[rng.choice(6, p=share)]
