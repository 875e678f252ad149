"""What is learnt from rows of a table: a whitening, and how two rows of one person go together.

Tables may have far more columns than rows (a connectivity matrix of 78 regions has 3,003). All
rows then lie in a space of as many dimensions as there are rows, and outside it a covariance that
is shrunk towards a multiple of the identity says nothing about them. So rows are turned into that
space first (:func:`compact`), which changes no score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.types import FloatArray, IntArray

_FLOOR = 1e-6  # smallest eigenvalue kept, relative to the mean one


def shrinkage(rows: FloatArray, columns: int | None = None) -> tuple[float, float]:
    """Weight and level of the identity in the covariance of centred rows.

    The weight is that of Ledoit and Wolf (2004), J Multivariate Analysis 88:365-411, which needs
    no setting and works with fewer rows than columns; the level is the mean variance.

    Parameters
    ----------
    rows
        (rows, any) centred rows, perhaps turned into fewer columns by :func:`compact`.
    columns
        How many columns the table has; those of ``rows`` if None.
    """
    n, p = rows.shape[0], rows.shape[1] if columns is None else columns
    sample = rows.T @ rows / n if n >= rows.shape[1] else rows @ rows.T / n
    squared = float((sample**2).sum())
    mean = float(np.trace(sample)) / p
    spread = float(((rows**2).sum(axis=1) ** 2).sum() / n - squared)
    distance = squared - p * mean**2
    return (1.0 if distance <= 0 else min(max(spread / n / distance, 0.0), 1.0)), mean


def ledoit_wolf(rows: FloatArray, columns: int | None = None) -> FloatArray:
    """Covariance of centred rows, shrunk towards a multiple of the identity.

    See :func:`shrinkage` for the parameters.
    """
    weight, mean = shrinkage(rows, columns)
    sample = rows.T @ rows / rows.shape[0]
    return np.asarray((1 - weight) * sample + weight * mean * np.eye(rows.shape[1]))


def power(covariance: FloatArray, exponent: float) -> FloatArray:
    """A power of a symmetric matrix, its smallest eigenvalues lifted to a floor."""
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, _FLOOR * max(float(values.mean()), np.finfo(float).tiny))
    return np.asarray(vectors * values**exponent @ vectors.T)


def compact(rows: FloatArray) -> FloatArray:
    """(rows, at most rows) the same rows in coordinates of the space that they span."""
    if rows.shape[0] >= rows.shape[1]:
        return rows
    left, size, _ = np.linalg.svd(rows, full_matrices=False)
    return np.asarray(left * size)


def whitened(rows: FloatArray, columns: int | None = None) -> FloatArray:
    """The rows with the covariance of all of them taken out.

    Nobody's label is used, so the rows that are searched for may be among those that are learnt
    from: somebody who holds a table can always do this. ``columns`` as in :func:`shrinkage`.
    """
    centred = rows - rows.mean(axis=0)
    return np.asarray(centred @ power(ledoit_wolf(centred, columns), -0.5))


@dataclass(frozen=True)
class JointGaussian:
    """How two rows of one person go together: the log likelihood ratio of a pair.

    It is x'Ax + y'By + 2 x'Cy + constant, the ratio of the density of (x, y) as a pair of one
    person to that of two independent rows, all of them normal.
    """

    first_centre: FloatArray
    second_centre: FloatArray
    first: FloatArray
    second: FloatArray
    cross: FloatArray
    constant: float

    def score(self, probes: FloatArray, gallery: FloatArray) -> FloatArray:
        """(probes, gallery) log likelihood ratios, natural logarithm."""
        x, y = probes - self.first_centre, gallery - self.second_centre
        own_x = np.einsum("ij,ij->i", x @ self.first, x)
        own_y = np.einsum("ij,ij->i", y @ self.second, y)
        both = own_x[:, None] + own_y[None, :] + 2 * (x @ self.cross @ y.T)
        return np.asarray(both + self.constant)


def fit_joint(
    first: FloatArray,
    second: FloatArray,
    weight: FloatArray | None = None,
    *,
    mirror: IntArray | None = None,
    columns: int | None = None,
) -> JointGaussian:
    """Learn from pairs of rows that show one person each.

    Parameters
    ----------
    first, second
        (pairs, columns) rows of the searched for and of the searched table.
    weight
        (pairs,) how much each pair counts, so that a person with many pairs counts once.
    mirror
        (columns,) for each column, the one that measures the same on the other side of the head.
        Brains are nearly symmetric, so a pair with its sides exchanged is another pair to learn
        from, which halves what there is to be estimated.
    columns
        See :func:`shrinkage`; of one table.
    """
    weight = np.ones(len(first)) if weight is None else weight
    share = weight / weight.sum()
    centres = share @ first, share @ second
    left, right = first - centres[0], second - centres[1]
    if mirror is not None:
        left = np.concatenate([left, left[:, mirror]])
        right = np.concatenate([right, right[:, mirror]])
        share = np.concatenate([share, share]) / 2
    joint = np.hstack([left, right]) * np.sqrt(share * len(left))[:, None]
    known = None if columns is None else 2 * columns
    return joint_gaussian(*centres, power(ledoit_wolf(joint, known), 1.0))


def fit_two_covariances(
    first: FloatArray,
    second: FloatArray,
    weight: FloatArray,
    total: FloatArray,
    *,
    mirror: IntArray | None = None,
    columns: int | None = None,
) -> JointGaussian:
    """Learn how rows vary about a person; how all rows vary is known.

    Half as many numbers are to be learnt as by :func:`fit_joint`, which pays with few people, as
    long as both tables' columns vary alike. What is left of ``total``, (columns, columns), is how
    people vary. The other parameters are those of :func:`fit_joint`.
    """
    share = weight / weight.sum()
    centres = share @ first, share @ second
    apart = (first - centres[0] - second + centres[1]) / np.sqrt(2)
    if mirror is not None:
        apart = np.concatenate([apart, apart[:, mirror]])
        share = np.concatenate([share, share]) / 2
    within = ledoit_wolf(apart * np.sqrt(share * len(apart))[:, None], columns)
    least = _FLOOR * max(float(np.trace(total)) / len(total), np.finfo(float).tiny)
    within += least * np.eye(len(total))  # rows of a person may all be copies
    between = power(total - within, 1.0)
    whole = between + within
    return joint_gaussian(*centres, np.block([[whole, between], [between, whole]]))


def joint_gaussian(
    first_centre: FloatArray, second_centre: FloatArray, covariance: FloatArray
) -> JointGaussian:
    """The model of a given covariance (2 columns, 2 columns) of pairs of one person."""
    p = first_centre.size
    parts = covariance, covariance[:p, :p], covariance[p:, p:]
    both, x, y = (np.linalg.inv(part) for part in parts)
    determinants = [float(np.linalg.slogdet(part)[1]) for part in parts]
    return JointGaussian(
        first_centre,
        second_centre,
        (x - both[:p, :p]) / 2,
        (y - both[p:, p:]) / 2,
        -both[:p, p:] / 2,
        0.5 * (determinants[1] + determinants[2] - determinants[0]),
    )


def two_covariances(centre: FloatArray, between: FloatArray, within: FloatArray) -> JointGaussian:
    """The model of people who vary around a centre, and of rows that vary around a person.

    The two-covariance model of Brümmer and de Villiers (2010), Odyssey: The Speaker Recognition
    Workshop.
    """
    total = between + within
    return joint_gaussian(centre, centre, np.block([[total, between], [between, total]]))
