"""How far the heads and faces of adults differ by published surveys, and people who differ so.

The shape model's own strengths (:data:`headrisk.heads.identity.LOCAL_SD`) were set by eye. Here
nine distances between landmarks are given the standard deviations that surveys of adults found, in
relation to their means, the surveys' correlations where they are at hand, and the surveys'
difference between the sexes. What no distance tells is widened by as much as the distances are on
average. The mean head stays the shape model's.

Sources: Gordon et al., "2012 Anthropometric Survey of U.S. Army Personnel", NATICK/TR-15/007, 2014
(4,082 men and 1,986 women; head, cheekbones, face, eyes, with correlations from its public data),
and Gordon et al., "1988 Anthropometric Survey of U.S. Army Personnel", NATICK/TR-89/044, 1989
(1,774 men and 2,208 women; nose and lips, for which the model's own correlations are kept).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy import linalg

from headrisk.heads.identity import Identity, draw_identity
from headrisk.heads.shapes import HeadShapes, load_shapes
from headrisk.types import BoolArray, FloatArray, IntArray

# Mean and standard deviation in mm: men, women. The men's nose protrusion was not at hand: it has
# the women's ratio of deviation to mean, and takes no part in the difference between the sexes.
PUBLISHED: Mapping[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "head breadth": ((154.3, 5.53), (147.8, 5.19)),
    "head length": ((199.5, 7.02), (189.8, 7.45)),
    "bizygomatic breadth": ((142.6, 6.22), (133.8, 5.56)),
    "menton to sellion": ((122.6, 6.67), (113.1, 6.09)),
    "between the pupils": ((64.0, 3.42), (61.7, 3.62)),
    "subnasale to sellion": ((50.5, 3.7), (48.2, 3.6)),
    "nose breadth": ((36.5, 4.6), (34.5, 4.7)),
    "nose protrusion": ((18.2, 2.3), (18.2, 2.3)),
    "lip length": ((56.1, 4.3), (55.0, 4.2)),
}
# Of the first five, in order; mean of men's and women's.
CORRELATIONS = (
    (1.000, 0.198, 0.631, 0.170, 0.295),
    (0.198, 1.000, 0.174, 0.304, 0.306),
    (0.631, 0.174, 1.000, 0.203, 0.456),
    (0.170, 0.304, 0.203, 1.000, 0.194),
    (0.295, 0.306, 0.456, 0.194, 1.000),
)
_DRAWS = 1000  # people from whom the shape model's own spread is taken
_SEXES = ("M", "F")


@dataclass(frozen=True)
class Landmarks:
    """Pairs (9, 2) of points between which the distances of :data:`PUBLISHED` lie.

    ``mean`` (p, 3) are the points of the mean head, ``modes`` (k, 3 p) how the shapes of identity
    move them.
    """

    pairs: IntArray
    mean: FloatArray
    modes: FloatArray

    def distances(self, coefficients: FloatArray) -> FloatArray:
        """The nine distances (9,) of a head, mm in the template's space."""
        points = self.mean + (coefficients @ self.modes).reshape(-1, 3)
        first, second = points[self.pairs].transpose(1, 0, 2)
        return np.asarray(np.linalg.norm(first - second, axis=1))


@cache
def landmarks() -> Landmarks:
    """The landmarks of the shape model, found on its mean head by what each is defined as."""
    shapes = load_shapes()
    c, part = shapes.control, shapes.control_regions
    eyes = [c[rows].mean(axis=0) for rows in shapes.eye_rows]
    level = eyes[0][2]
    ears = (part["ear"] > 0.02) | (part["ear_base"] > 0.3)
    hidden = (part["mouth_inside"] > 0.1) | (part["socket"] > 0.1)
    middle = (np.abs(c[:, 0]) < 0.5) & (c[:, 1] > 40) & (part["mouth_inside"] < 0.3)

    def most(value: FloatArray, among: BoolArray) -> int:
        rows = np.flatnonzero(among)
        return int(rows[np.argmax(value[rows])])

    def both_sides(among: BoolArray) -> tuple[int, int]:
        right = most(c[:, 0], among)
        return right, int(np.argmin(np.linalg.norm(c - c[right] * [-1, 1, 1], axis=1)))

    y, z = c[:, 1], c[:, 2]
    tip = most(y, middle)
    sellion = most(-y, middle & (z > z[tip] + 15) & (z < level + 15))
    glabella = most(y, middle & (z > z[sellion]) & (z < z[sellion] + 40))
    lips = z[(part["lips"] > 0.5) & middle].max()
    subnasale = most(-y, middle & (z < z[tip] - 5) & (z > lips))
    menton = most(-z, middle & (part["chin"] > 0.85))
    cheek = (part["face"] > 0.3) & ~ears & ~hidden & (z > z[tip]) & (z < level) & (y > 5)
    found = (
        both_sides((part["skull"] > 0.5) & ~ears),
        (glabella, most(-y, part["skull"] > 0.5)),
        both_sides(cheek),
        (menton, sellion),
        (len(c), len(c) + 1),  # the eyes' middles, put behind the control points
        (subnasale, sellion),
        both_sides(part["nose"] > 0.3),
        (subnasale, tip),
        both_sides(part["lips"] > 0.3),
    )
    rows, pairs = np.unique(np.array(found), return_inverse=True)
    count = shapes.expression.start
    modes = shapes.modes[:count].toarray().reshape(count, -1, 3)
    moves = [modes[:, one].mean(axis=1) for one in shapes.eye_rows]
    points = np.concatenate([c, eyes])[rows]
    modes = np.concatenate([modes, np.stack(moves, axis=1)], axis=1)[:, rows]
    return Landmarks(pairs.reshape(-1, 2), points, modes.reshape(count, -1))


@dataclass(frozen=True)
class _Fit:
    """What turns the shape model's people into those of the surveys; index 0 for men."""

    coefficients: FloatArray  # (2, k) mean of each sex
    distances: FloatArray  # (2, 9) mean of each sex
    shift: FloatArray  # (2, 9) to the surveys' difference between the sexes
    stretch: FloatArray  # (9, 9) of a person's departure from the mean of the sex
    shapes: FloatArray  # (k, 9) shapes that go with a departure
    rest: float  # factor of what no distance tells


@cache
def _fit() -> _Fit:
    shapes, marks, rng = load_shapes(), landmarks(), np.random.default_rng(0)
    people = [draw_identity(shapes, rng) for _ in range(_DRAWS)]
    sex = np.array([_SEXES.index(one.sex) for one in people])
    coefficients = np.stack([one.coefficients for one in people])
    distances = np.stack([marks.distances(one) for one in coefficients])
    c_mean, d_mean = (
        np.stack([values[sex == k].mean(axis=0) for k in range(2)])
        for values in (coefficients, distances)
    )
    c, d = coefficients - c_mean[sex], distances - d_mean[sex]
    own = d.T @ d / len(d)
    table = np.array(list(PUBLISHED.values()))  # (9, sex, mean and deviation)
    middle = d_mean.mean(axis=0)
    deviation = middle * np.sqrt(np.square(table[..., 1] / table[..., 0]).mean(axis=1))
    wanted = np.outer(deviation, deviation) * _correlations(own)
    share = (table[:, 0, 0] - table[:, 1, 0]) / table[..., 0].mean(axis=1)
    half = 0.5 * middle * share
    shift = np.stack([middle + half, middle - half]) - d_mean
    shift[:, list(PUBLISHED).index("nose protrusion")] = 0
    root = np.real(linalg.sqrtm(own))
    inverse = np.linalg.inv(root)
    stretch = inverse @ np.real(linalg.sqrtm(root @ wanted @ root)) @ inverse
    gain = np.linalg.solve(own, d.T @ c / len(d)).T
    rest = float(np.exp(np.log(deviation / np.sqrt(np.diag(own))).mean()))
    return _Fit(c_mean, d_mean, shift, stretch, gain, rest)


def _correlations(own: FloatArray) -> FloatArray:
    """The model's correlations with the published ones in their place, made consistent."""
    scale = np.sqrt(np.diag(own))
    mixed = own / np.outer(scale, scale)
    mixed[: len(CORRELATIONS), : len(CORRELATIONS)] = CORRELATIONS
    values, vectors = np.linalg.eigh(mixed)
    mixed = (vectors * np.maximum(values, 0.02)) @ vectors.T
    scale = np.sqrt(np.diag(mixed))
    return np.asarray(mixed / np.outer(scale, scale))


def as_published(identity: Identity, spread: float = 1.0) -> Identity:
    """The same person in a population that differs as the surveys found.

    A person keeps the place in the population: the departure from the mean of the sex is stretched
    by the map between the two normal distributions that moves people least (Olkin and Pukelsheim
    1982).

    Parameters
    ----------
    identity
        Drawn with the shape model's own spread.
    spread
        Multiplies every departure from the mean head; 1 is as published.
    """
    fit, sex = _fit(), _SEXES.index(identity.sex)
    own = identity.coefficients - fit.coefficients[sex]
    away = landmarks().distances(identity.coefficients) - fit.distances[sex]
    left = own - fit.shapes @ away
    told = fit.shapes @ (fit.stretch @ away + fit.shift[sex])
    moved = fit.coefficients[sex] + told + fit.rest * left
    return replace(identity, coefficients=spread * moved)


def draw_published(shapes: HeadShapes, rng: np.random.Generator, spread: float = 1.0) -> Identity:
    """Draw an adult from the population of the surveys; as :func:`draw_identity` otherwise."""
    return as_published(draw_identity(shapes, rng), spread)
