"""Several networks: their scores joined, and their disagreement told pair by pair."""

from __future__ import annotations

import numpy as np

from headrisk.attacks.face_panels import face_panels
from headrisk.face.recognise.protocol import Recogniser
from headrisk.face.recognise.registry import recognisers
from headrisk.face.scores import FaceScores, fuse
from headrisk.types import PairScores

PEOPLE = 30


def scores(name: str, found: np.ndarray) -> PairScores:
    """Everybody searched for once; those in ``found`` at rank 1, the others last."""
    values = np.zeros((PEOPLE, PEOPLE))
    np.fill_diagonal(values, np.where(found, 1.0, -1.0))
    people = np.arange(PEOPLE)
    return PairScores(name, values, np.ones(values.shape, dtype=np.bool_), people, people)


def test_disagreement_is_told_for_every_pair_of_networks() -> None:
    asked: list[Recogniser] = list(recognisers(("dlib", "faceres", "orb"), {}))
    k = np.arange(PEOPLE)
    told = {
        "dlib-svm": scores("dlib-svm", k < 20),
        "faceres-svm": scores("faceres-svm", (k >= 8) & (k < 26)),
        "orb-best": scores("orb-best", k < 2),
    }
    panels = {p.name: (p, table) for p, table in face_panels((), (), asked, told).items()}
    panel, table = panels["agreement"]
    assert panel.title == "Do two networks find the same people?"
    assert table.rows == (("dlib-svm", "faceres-svm", "12 to 14", "4 to 8", "4 to 8", "4 to 6"),)
    assert "12 to 14 are found by both, 4 to 8 by the first alone" in panel.answer
    rows = panels["recognisers"][1].rows
    assert [row[0] for row in rows] == ["dlib", "faceres", "orb"]
    assert [len(str(row[2])) for row in rows] == [16, 16, len("none")]


def test_one_network_has_nobody_to_disagree_with() -> None:
    asked: list[Recogniser] = list(recognisers(("dlib", "orb"), {}))
    everybody = np.ones(PEOPLE, dtype=np.bool_)
    told = {name: scores(name, everybody) for name in ("dlib-svm", "orb-best")}
    assert "agreement" not in {panel.name for panel in face_panels((), (), asked, told)}


def test_three_networks_make_three_pairs() -> None:
    asked = [
        type("One", (), {"name": n, "model": n, "digest": "", "licence": "x"})() for n in "abc"
    ]
    told = {f"{n}-svm": scores(f"{n}-svm", np.arange(PEOPLE) < 10) for n in "abc"}
    table = {p.name: t for p, t in face_panels((), (), asked, told).items()}["agreement"]
    assert [row[:2] for row in table.rows] == [
        ("a-svm", "b-svm"),
        ("a-svm", "c-svm"),
        ("b-svm", "c-svm"),
    ]
    assert {row[2:] for row in table.rows} == {("9 to 11", "0 to 2", "0 to 2", "19 to 21")}


def test_joined_scores_find_more_than_either() -> None:
    """Two noisy networks with errors of their own: the mean ranks more mates first than each."""
    rng = np.random.default_rng(0)
    usable = np.ones((200, 200), dtype=np.bool_)
    parts = [
        FaceScores(scale * (3.0 * np.eye(200) + rng.normal(size=(200, 200))) + shift, usable)
        for scale, shift in ((1.0, 0.0), (40.0, 7.0))
    ]

    def rank_one(one: FaceScores) -> float:
        return float(np.mean(one.values.argmax(axis=1) == np.arange(200)))

    assert rank_one(fuse(parts, [1, 1])) > 0.1 + max(rank_one(one) for one in parts)


def test_a_pair_that_one_network_cannot_judge_takes_the_others_word() -> None:
    rng = np.random.default_rng(1)
    blind = np.ones((6, 5), dtype=np.bool_)
    blind[2], blind[:, 4] = False, False
    nobody = np.zeros((6, 5), dtype=np.bool_)
    seeing = FaceScores(rng.normal(size=(6, 5)), np.ones((6, 5), dtype=np.bool_))
    joined = fuse([FaceScores(rng.normal(size=(6, 5)), blind), seeing], [1, 1])
    assert joined.usable.all()
    row = seeing.values[2]
    np.testing.assert_allclose(joined.values[2], (row - row.mean()) / row.std())
    assert not fuse([FaceScores(np.zeros((6, 5)), nobody)] * 2, [1, 1]).usable.any()
