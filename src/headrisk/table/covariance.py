"""What is learnt from other people: a whitening, and how people and sessions vary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.types import FloatArray, IntArray

_FLOOR = 1e-6  # smallest eigenvalue kept, relative to the mean one


def ledoit_wolf(rows: FloatArray) -> FloatArray:
    """Covariance (columns, columns) of centred rows, shrunk towards a multiple of the identity.

    The amount of shrinkage is that of Ledoit and Wolf (2004), J Multivariate Analysis 88:365-411,
    which needs no setting and works with fewer rows than columns.
    """
    n, p = rows.shape
    sample = rows.T @ rows / n
    mean = float(np.trace(sample)) / p
    spread = float(((rows**2).sum(axis=1) ** 2).sum() / n - (sample**2).sum())
    distance = float((sample**2).sum() - p * mean**2)
    shrink = 1.0 if distance <= 0 else min(max(spread / n / distance, 0.0), 1.0)
    return np.asarray((1 - shrink) * sample + shrink * mean * np.eye(p))


def power(covariance: FloatArray, exponent: float) -> FloatArray:
    """A power of a symmetric matrix, its smallest eigenvalues lifted to a floor."""
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, _FLOOR * max(float(values.mean()), np.finfo(float).tiny))
    return np.asarray(vectors * values**exponent @ vectors.T)


@dataclass(frozen=True)
class Whitening:
    """Centre and matrix after which other people's rows have no correlated columns."""

    centre: FloatArray
    matrix: FloatArray

    def apply(self, rows: FloatArray) -> FloatArray:
        return np.asarray((rows - self.centre) @ self.matrix)


def fit_whitening(rows: FloatArray) -> Whitening:
    """Learn from (rows, columns) without missing values."""
    centre = rows.mean(axis=0)
    return Whitening(centre, power(ledoit_wolf(rows - centre), -0.5))


@dataclass(frozen=True)
class TwoCovariances:
    """How people differ, and how one person's rows differ, as learnt from other people.

    The log likelihood ratio of a pair is x'Qx + y'Qy + 2 x'Py + constant (the two-covariance
    model of Bruemmer and de Villiers 2010, Odyssey: The Speaker Recognition Workshop).
    """

    centre: FloatArray
    own: FloatArray
    cross: FloatArray
    constant: float

    def score(self, probes: FloatArray, gallery: FloatArray) -> FloatArray:
        """(probes, gallery) log likelihood ratios, natural logarithm."""
        x, y = probes - self.centre, gallery - self.centre
        own_x = np.einsum("ij,jk,ik->i", x, self.own, x, optimize=True)
        own_y = np.einsum("ij,jk,ik->i", y, self.own, y, optimize=True)
        both = own_x[:, None] + own_y[None, :] + 2 * (x @ self.cross @ y.T)
        return np.asarray(both + self.constant)


def fit_two_covariances(rows: FloatArray, person: IntArray) -> TwoCovariances:
    """Learn from rows of people of whom some have two rows or more.

    ``person`` numbers the rows' people. The spread within people is that of the deviations from
    each person's mean; the spread between people is what is left of the total.
    """
    centre = rows.mean(axis=0)
    total = ledoit_wolf(rows - centre)
    within = ledoit_wolf(within_deviations(rows, person))
    within = power(within, 1.0)
    values, vectors = np.linalg.eigh(total - within)
    between = vectors * np.maximum(values, 0) @ vectors.T
    return two_covariances(centre, between, within)


def two_covariances(centre: FloatArray, between: FloatArray, within: FloatArray) -> TwoCovariances:
    """The model of given covariances between and within people."""
    total = between + within
    inverse = np.linalg.inv(total)
    plus = inverse - np.linalg.inv(total + between)
    minus = inverse - np.linalg.inv(within)
    determinants = [np.linalg.slogdet(one)[1] for one in (total, total + between, within)]
    constant = 0.5 * float(2 * determinants[0] - determinants[1] - determinants[2])
    return TwoCovariances(centre, (plus + minus) / 4, (plus - minus) / 4, constant)


def within_deviations(rows: FloatArray, person: IntArray) -> FloatArray:
    """Rows less their person's mean, of people with several rows, scaled to be unbiased."""
    found = []
    for number in np.unique(person):
        own = rows[person == number]
        if len(own) > 1:
            found.append((own - own.mean(axis=0)) * np.sqrt(len(own) / (len(own) - 1)))
    return np.concatenate(found)
