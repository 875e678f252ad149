"""Synthetic people whose heads differ as published surveys of adults found."""

from __future__ import annotations

import numpy as np
import pytest

from headrisk.heads.identity import Identity, draw_identity
from headrisk.heads.shapes import load_shapes
from headrisk.synthetic.people.anthropometry import (
    CORRELATIONS,
    PUBLISHED,
    as_published,
    draw_published,
    landmarks,
)
from headrisk.types import FloatArray

PEOPLE = 600


@pytest.fixture(scope="module")
def drawn() -> list[Identity]:
    shapes, rng = load_shapes(0), np.random.default_rng(77)  # not the seed of the module's own
    return [draw_identity(shapes, rng) for _ in range(PEOPLE)]


def measured(people: list[Identity], sex: str) -> FloatArray:
    return np.stack([landmarks().distances(p.coefficients) for p in people if p.sex == sex])


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.5, 1.0])
def test_distances_differ_as_the_surveys_found(drawn: list[Identity], spread: float) -> None:
    people = [as_published(one, spread) for one in drawn]
    men, women = measured(people, "M"), measured(people, "F")
    for k, (name, of) in enumerate(PUBLISHED.items()):
        own = [one[:, k].std() / one[:, k].mean() for one in (men, women)]
        wanted = [deviation / mean for mean, deviation in of]
        pooled = np.sqrt(np.square(own).mean() / np.square(wanted).mean())
        assert pooled == pytest.approx(spread, rel=0.12), name


@pytest.mark.slow
def test_sexes_and_correlations_are_those_of_the_surveys(drawn: list[Identity]) -> None:
    people = [as_published(one) for one in drawn]
    men, women = measured(people, "M"), measured(people, "F")
    for k, ((man, _), (woman, _)) in enumerate(PUBLISHED.values()):
        if man != woman:
            assert women[:, k].mean() / men[:, k].mean() == pytest.approx(woman / man, abs=0.02)
    away = np.concatenate([one - one.mean(axis=0) for one in (men, women)])
    found = np.corrcoef(away.T)[: len(CORRELATIONS), : len(CORRELATIONS)]
    np.testing.assert_allclose(found, CORRELATIONS, atol=0.12)


@pytest.mark.slow
def test_a_person_keeps_age_and_side_of_the_mean(drawn: list[Identity]) -> None:
    moved = [as_published(one) for one in drawn]
    assert [(p.age, p.sex, p.seed) for p in moved] == [(p.age, p.sex, p.seed) for p in drawn]
    for sex in "MF":
        before, after = measured(drawn, sex), measured(moved, sex)
        for k in range(len(PUBLISHED)):
            assert np.corrcoef(before[:, k], after[:, k])[0, 1] > 0.85


@pytest.mark.slow
def test_no_spread_gives_everybody_the_mean_head() -> None:
    one = draw_published(load_shapes(0), np.random.default_rng(3), 0.0)
    assert not one.coefficients.any()
