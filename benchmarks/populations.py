"""Simulated populations of similarity scores whose rates in any gallery are known.

A population draws the scores of some probes with a gallery in which each has its mate; the mate of
probe i is gallery person i. The true rank-1 rate in a large gallery is the mean over many probes
of the exact expectation over random galleries (hypergeometric), from one large gallery.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import gammaln

from headrisk.types import FloatArray, IntArray, PairScores

Draw = Callable[[np.random.Generator, int, int], FloatArray]
Mates = Callable[[np.random.Generator, int], FloatArray]
Strangers = Callable[[np.random.Generator, tuple[int, int]], FloatArray]
BLOCK = 250


@dataclass(frozen=True)
class Population:
    """``draw(rng, probes, gallery)`` gives (probes, gallery) scores.

    ``kin`` is True where person i and person i ^ 1 are relatives, in every gallery: they do not
    become more as the gallery grows.
    """

    name: str
    draw: Draw
    kin: bool = False

    def cohort(self, rng: np.random.Generator, people: int) -> PairScores:
        """One probe and one gallery scan of each person."""
        values = self.draw(rng, people, people)
        person = np.arange(people)
        return PairScores("simulated", values, np.ones(values.shape, np.bool_), person, person)

    def truth(self, rng: np.random.Generator, sizes: IntArray, probes: int) -> FloatArray:
        """(sizes,) rank-1 rate, from ``probes`` searches in galleries of the largest size."""
        total, most = np.zeros(len(sizes)), int(max(sizes))
        for begin in range(0, probes, BLOCK):
            number = min(BLOCK, probes - begin)
            values = self.draw(rng, number, most)
            row = np.arange(number)
            mate = values[row, row][:, None]
            better = np.count_nonzero(values > mate, axis=1).astype(np.float64)
            alone = np.ones(number)
            if self.kin:
                above = values[row, row ^ 1] > mate[:, 0]
                better, alone = better - above, 1.0 - above
            for place, size in enumerate(sizes):
                total[place] += float(alone @ _first(better, most - 1, int(size) - 1))
        return total / probes


def _first(better: FloatArray, others: int, drawn: int) -> FloatArray:
    """Probability that none of ``drawn`` of ``others`` people is one of the better."""
    room = others - better - drawn + 1
    log = (
        gammaln(others - better + 1)
        - gammaln(np.maximum(room, 1e-9))
        - gammaln(others + 1)
        + gammaln(others - drawn + 1)
    )
    return np.where(room > 0, np.exp(np.minimum(log, 0.0)), 0.0)


def plain(
    strangers: Strangers,
    mates: Mates,
) -> Draw:
    """Scores of two people alike and independent."""

    def draw(rng: np.random.Generator, probes: int, gallery: int) -> FloatArray:
        values = strangers(rng, (probes, gallery))
        values[np.arange(probes), np.arange(probes)] = mates(rng, probes)
        return values

    return draw


def siblings(lift: float, mate: float) -> Draw:
    """Every person has a sibling in every gallery who scores higher than a stranger."""

    def draw(rng: np.random.Generator, probes: int, gallery: int) -> FloatArray:
        values = rng.normal(size=(probes, gallery))
        person = np.arange(probes)
        there = (person ^ 1) < gallery
        values[person[there], (person ^ 1)[there]] += lift
        values[person, person] = mate + 1.2 * rng.normal(size=probes)
        return values

    return draw


def clusters(number: int, lift: float, mate: float) -> Draw:
    """People of one cluster (a site, a scanner, an ancestry) score higher with each other."""

    def draw(rng: np.random.Generator, probes: int, gallery: int) -> FloatArray:
        of = rng.integers(0, number, gallery)
        values = rng.normal(size=(probes, gallery)) + lift * (of[:probes, None] == of)
        values[np.arange(probes), np.arange(probes)] = mate + 1.2 * rng.normal(size=probes)
        return values

    return draw


def effects(spread: float, mate: float) -> Draw:
    """Each person shifts all his or her scores: hubs who resemble many, and loners."""

    def draw(rng: np.random.Generator, probes: int, gallery: int) -> FloatArray:
        own = spread * rng.normal(size=gallery)
        values = rng.normal(size=(probes, gallery)) + own[:probes, None] + own
        person = np.arange(probes)
        values[person, person] += mate + 0.7 * rng.normal(size=probes)
        return values

    return draw


def embedding(
    identity: FloatArray, within: FloatArray, cosine: bool, freedom: float | None = None
) -> Draw:
    """Scans as points: ``identity`` (dimensions, k) and ``within`` map normal numbers to them.

    Scores are cosines or minus squared distances. ``freedom`` makes people heavy-tailed.
    """

    def draw(rng: np.random.Generator, probes: int, gallery: int) -> FloatArray:
        person = rng.normal(size=(gallery, identity.shape[1])) @ identity.T
        if freedom is not None:
            person /= np.sqrt(rng.chisquare(freedom, (gallery, 1)) / freedom)
        scans = [
            person[:number] + rng.normal(size=(number, within.shape[1])) @ within.T
            for number in (probes, gallery)
        ]
        if cosine:
            scans = [part / np.linalg.norm(part, axis=1, keepdims=True) for part in scans]
        one, other = scans
        if cosine:
            return np.asarray(one @ other.T)
        square = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)
        return np.asarray(2 * one @ other.T - square)

    return draw


def families(dimensions: int, shared: float, noise: float) -> Draw:
    """Scans as points, scored by cosine; persons i and i ^ 1 share a part of what tells people."""

    def draw(rng: np.random.Generator, probes: int, gallery: int) -> FloatArray:
        family = np.repeat(rng.normal(size=(gallery // 2 + 1, dimensions)), 2, axis=0)[:gallery]
        own = rng.normal(size=(gallery, dimensions))
        person = np.sqrt(shared) * family + np.sqrt(1 - shared) * own
        scans = [
            person[:number] + noise * rng.normal(size=(number, dimensions))
            for number in (probes, gallery)
        ]
        one, other = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in scans)
        return np.asarray(one @ other.T)

    return draw


def uneven(dimensions: int, noise: float, spread: float) -> Draw:
    """Scans as points, scored by distance; people differ in how noisy their scans are."""

    def draw(rng: np.random.Generator, probes: int, gallery: int) -> FloatArray:
        person = rng.normal(size=(gallery, dimensions))
        own = noise * np.exp(spread * rng.normal(size=(gallery, 1)))
        one, other = (
            person[:number] + own[:number] * rng.normal(size=(number, dimensions))
            for number in (probes, gallery)
        )
        square = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)
        return np.asarray(2 * one @ other.T - square)

    return draw


def sites(number: int, dimensions: int, apart: float, noise: float) -> Draw:
    """Scans as points about the centres of a few sites, scored by distance."""

    def draw(rng: np.random.Generator, probes: int, gallery: int) -> FloatArray:
        centre = apart * rng.normal(size=(number, dimensions))
        person = centre[rng.integers(0, number, gallery)] + rng.normal(size=(gallery, dimensions))
        one, other = (
            person[:count] + noise * rng.normal(size=(count, dimensions))
            for count in (probes, gallery)
        )
        square = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)
        return np.asarray(2 * one @ other.T - square)

    return draw


def from_table(path: Path) -> Draw:
    """People like those of a table with two visits, scored by correlation.

    Differences between people and between visits are drawn from normal distributions with the
    covariance of the table, of a rank below its number of people.
    """
    with path.open(newline="", encoding="utf-8") as file:
        _, *rows = csv.reader(file, delimiter="\t")
    values = np.array([[float(cell) for cell in row[2:]] for row in rows])
    visit = np.array([row[1] for row in rows])
    order = np.argsort([row[0] for row in rows], kind="stable")
    values, visit = values[order], visit[order]
    first, last = (values[visit == name] for name in sorted(set(visit)))
    values = np.concatenate([first, last])
    scale = values.std(axis=0)
    first, last = (
        (part - values.mean(axis=0))[:, scale > 0] / scale[scale > 0] for part in (first, last)
    )
    people = first.shape[0]
    middle, half = (first + last) / 2, (first - last) / np.sqrt(2.0)
    identity = (middle - middle.mean(axis=0)).T / np.sqrt(people - 1)
    within = half.T / np.sqrt(people)
    basis = np.concatenate([identity, within], axis=1)
    basis = basis - basis.mean(axis=0)
    _, size, turn = np.linalg.svd(basis, full_matrices=False)
    small = size[:, None] * turn  # the same dot products in as many dimensions as the rank
    return embedding(small[:, :people], small[:, people:], True)


def normal_mates(middle: float, spread: float) -> Mates:
    """Mated scores, normal."""
    return lambda rng, number: middle + spread * rng.normal(size=number)


def goats(
    share: float, low: float, high: float
) -> Callable[[np.random.Generator, int], FloatArray]:
    """Mated scores, a share of people (goats) far below the others (Doddington 1998)."""

    def draw(rng: np.random.Generator, number: int) -> FloatArray:
        return np.where(rng.random(number) < share, low, high) + rng.normal(size=number)

    return draw


def _normal(rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    return rng.normal(size=shape)


def _t(freedom: int) -> Strangers:
    return lambda rng, shape: rng.standard_t(freedom, size=shape)


def _look_alikes(rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    return rng.normal(size=shape) + 2.2 * (rng.random(shape) < 1 / 200)


def _two_widths(rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    """One pair in ten has twice the spread."""
    return rng.normal(size=shape) * np.where(rng.random(shape) < 0.1, 2.0, 1.0)


def _gamma(rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    """Skewed to the right."""
    return (rng.gamma(4.0, size=shape) - 4.0) / 2.0


def _points(dimensions: int, noise: float, *, cosine: bool, freedom: float | None = None) -> Draw:
    eye = np.eye(dimensions)
    return embedding(eye, noise * eye, cosine, freedom)


def forecast_populations(tables: Path | None = None) -> list[Population]:
    """The populations that docs/calibration.md quotes; others served to choose settings too."""
    found = [
        Population("normal", plain(_normal, normal_mates(4.4, 1.3))),
        Population("normal, weak", plain(_normal, normal_mates(3.2, 1.2))),
        Population("t3 tails", plain(_t(3), normal_mates(9.0, 2.0))),
        Population("t4 tails", plain(_t(4), normal_mates(8.0, 1.5))),
        Population("t8 tails", plain(_t(8), normal_mates(5.6, 1.2))),
        Population("look-alikes", plain(_look_alikes, normal_mates(4.4, 1.2))),
        Population("two widths", plain(_two_widths, normal_mates(6.0, 1.3))),
        Population("goats", plain(_normal, goats(0.2, 2.0, 5.5))),
        Population("siblings", siblings(2.2, 4.8), kin=True),
        Population("clusters", clusters(4, 1.3, 5.0)),
        Population("person effects", effects(0.5, 4.3)),
        Population("8 dimensions", _points(8, 0.3, cosine=False)),
        Population("12 dimensions, t6", _points(12, 0.4, cosine=False, freedom=6)),
        Population("16 dimensions", _points(16, 0.5, cosine=True)),
        Population("24 dimensions", _points(24, 0.6, cosine=True)),
        Population("32 dimensions", _points(32, 0.72, cosine=True)),
        *unseen_populations(),
    ]
    if tables is not None:
        found += [
            Population(f"table: {path.stem}", from_table(path))
            for path in sorted(tables.glob("*.tsv"))
        ]
    return found


def unseen_populations() -> list[Population]:
    """Populations of which no run was looked at while settings of the forecast were chosen."""
    return [
        Population("gamma", plain(_gamma, normal_mates(5.5, 1.4))),
        Population("families, 20 dimensions", families(20, 0.5, 0.55), kin=True),
        Population("uneven noise, 14 dimensions", uneven(14, 0.4, 0.35)),
        Population("sites, 24 dimensions", sites(3, 24, 0.5, 0.6)),
    ]


def named(name: str, tables: Path | None = None) -> Population:
    """One population by its name."""
    return next(one for one in forecast_populations(tables) if one.name == name)
