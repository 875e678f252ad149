"""What changes in a person's head between two scans: another day, another pose of the flesh.

Somebody who comes back lies otherwise on the table, has gained or lost weight, holds the face
otherwise, and is segmented with another error of the surface. Draws are made for each session.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from headrisk.heads.identity import Expression, Identity, draw_expression, neutral
from headrisk.heads.shapes import HeadShapes

_SOFT = ("head-fat", "neck-double", "l-cheek-volume", "r-cheek-volume")  # local shapes of flesh


@dataclass(frozen=True)
class SessionChange:
    """How much one session may differ from the next; 0 everywhere changes nothing.

    Attributes
    ----------
    weight
        Standard deviation of what is gained or lost under the skin of cheeks, jaw and neck, where
        1 is the full strength of the shape data's own shapes for it: 0.2 moves a cheek by 2 mm.
    expression
        Strength of the face that is held, relative to one made for a photograph.
    sag
        Standard deviation of the change in how far cheeks hang back, relative to the scan's.
    ears
        Largest change in how far ears are pressed to the head, of 0..1.
    surface_error_mm
        Root mean square of a smooth random displacement of the skin.
    """

    weight: float = 0.0
    expression: float = 0.0
    sag: float = 0.0
    ears: float = 0.0
    surface_error_mm: float = 0.0


# A second visit after months. Chosen before anything was measured, not fitted to real people.
OTHER_DAY = SessionChange(weight=0.2, expression=0.3, sag=0.7, ears=0.3, surface_error_mm=1.0)


@dataclass(frozen=True)
class Visit:
    """A person as he or she lies in the scanner on one day."""

    identity: Identity | None
    expression: Expression
    sag_mm: float
    ears_pressed: float
    surface_error_mm: float = 0.0


def draw_visit(
    shapes: HeadShapes,
    identity: Identity,
    sag_mm: float,
    ears_pressed: float,
    change: SessionChange,
    rng: np.random.Generator,
) -> Visit:
    """One session of somebody whose cheeks hang by ``sag_mm`` and whose ears are pressed so far.

    Parameters
    ----------
    change
        What differs from session to session.
    rng
        Of this person's sessions; every call draws anew.
    """
    weight, hang = rng.normal(0.0, 1.0, 2)
    pressed = ears_pressed + change.ears * rng.uniform(-1, 1)
    held = draw_expression(shapes, rng, change.expression)
    return Visit(
        heavier(shapes, identity, change.weight * float(weight)),
        replace(held, eyes_closed=1.0, gaze_deg=(0.0, 0.0)),
        max(sag_mm * (1 + change.sag * float(hang)), 0.0),
        float(np.clip(pressed, 0.0, 1.0)),
        change.surface_error_mm,
    )


def heavier(shapes: HeadShapes, identity: Identity, change: float) -> Identity:
    """The same person after gaining (above 0) or losing weight.

    Parameters
    ----------
    change
        Share of the full strength of the shapes for flesh under the skin, -1..1.
    """
    place = {name: k for k, name in enumerate(shapes.names)}
    coefficients = identity.coefficients.copy()
    for part in _SOFT:
        coefficients[place[f"{part}-{'incr' if change > 0 else 'decr'}"]] += abs(change)
    return replace(identity, coefficients=coefficients)


def at_rest(
    shapes: HeadShapes, identity: Identity | None, sag_mm: float, ears_pressed: float
) -> Visit:
    """A session in which the face is still and nothing has changed."""
    return Visit(identity, neutral(shapes, eyes_closed=1.0), sag_mm, ears_pressed)
