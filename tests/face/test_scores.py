"""All measures of the face modality from templates, without any network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from headrisk.face.head import HeadResult
from headrisk.face.likelihood import likelihood_ratios
from headrisk.face.packed import pack
from headrisk.face.photos import PhotoResult
from headrisk.face.recognise.dlib_resnet import DlibRecogniser
from headrisk.face.recognise.faceres import FaceresRecogniser
from headrisk.face.recognise.protocol import FaceTemplate, Recogniser
from headrisk.face.scores import INNER_WEIGHT, FaceScores, all_scores

PEOPLE, PHOTOS, RENDERS = 25, 3, 4
Vectors = Mapping[str, np.ndarray]


def cohort(
    rng: np.random.Generator, shown: Mapping[str, float]
) -> tuple[list[HeadResult], list[PhotoResult], dict[str, Vectors]]:
    """Heads and photographs of 25 people; ``shown`` is how far each part tells people apart.

    Parts are dlib's embedding, its inner layer, and the embedding of faceres.
    """
    vectors: dict[str, dict[str, np.ndarray]] = {"photo": {}, "render": {}}
    for part, strength in shown.items():
        person = strength * rng.normal(size=(PEOPLE, 1, 20))
        for side, count in (("photo", PHOTOS), ("render", RENDERS)):
            vectors[side][part] = person + rng.normal(size=(PEOPLE, count, 20))
    heads = [
        HeadResult(f"s{k}", "ok", "", 0.0, templates=packed(vectors["render"], k))
        for k in range(PEOPLE)
    ]
    photos = [
        PhotoResult("", 0.0, packed(vectors["photo"], k, slice(n, n + 1)))
        for k in range(PEOPLE)
        for n in range(PHOTOS)
    ]
    return heads, photos, {side: dict(parts) for side, parts in vectors.items()}


def packed(parts: Vectors, person: int, images: slice = slice(None)) -> dict[str, object]:
    """Templates of one person's images by recogniser."""
    own = {part: rows[person][images] for part, rows in parts.items()}
    inner = own["inner"].astype(np.float16) if "inner" in own else [None] * len(own["dlib"])
    dlib = [FaceTemplate(v, inner=i) for v, i in zip(own["dlib"], inner, strict=True)]
    return {"dlib": pack(dlib), "faceres": pack([FaceTemplate(v) for v in own["faceres"]])}


def scored(heads: list[HeadResult], photos: list[PhotoResult]) -> Mapping[str, FaceScores]:
    asked: list[Recogniser] = [DlibRecogniser(), FaceresRecogniser()]
    sets = np.repeat(np.arange(PEOPLE), PHOTOS)
    return all_scores(heads, np.arange(PEOPLE), photos, sets, PEOPLE, asked, {})


def rank_one(values: np.ndarray) -> float:
    return float(np.mean(values.argmax(axis=1) == np.arange(PEOPLE)))


def test_the_headline_weighs_an_inner_layer_twice() -> None:
    """Against the definition: row by row to mean 0 and deviation 1, then 1, 2 and 1 parts."""
    heads, photos, vectors = cohort(
        np.random.default_rng(0), {"dlib": 0.5, "inner": 0.7, "faceres": 0.5}
    )
    sets, scans = np.repeat(np.arange(PEOPLE), PHOTOS), np.repeat(np.arange(PEOPLE), RENDERS)
    total = np.zeros((PEOPLE, PEOPLE))
    for part, weight in (("dlib", 1.0), ("inner", INNER_WEIGHT), ("faceres", 1.0)):
        one, two = (vectors[side][part].reshape(-1, 20) for side in ("photo", "render"))
        if part == "inner":
            one, two = one.astype(np.float16), two.astype(np.float16)
        ratios = likelihood_ratios(one, sets, two, scans)
        for row in range(PEOPLE):
            total[row] += weight * (ratios[row] - ratios[row].mean()) / ratios[row].std()
    found = scored(heads, photos)
    assert next(iter(found)) == "headrisk"
    np.testing.assert_allclose(found["headrisk"].values, total / (2 + INNER_WEIGHT), atol=1e-9)


def test_an_inner_layer_finds_whom_the_embeddings_do_not_tell_apart() -> None:
    shown = {"dlib": 0.0, "inner": 2.0, "faceres": 0.0}
    heads, photos, _ = cohort(np.random.default_rng(1), shown)
    found = scored(heads, photos)
    assert rank_one(found["headrisk"].values) > 0.8
    for name in ("dlib-sum", "dlib-svm", "faceres-mean"):
        assert rank_one(found[name].values) < 0.3


def test_without_an_inner_layer_the_embeddings_decide() -> None:
    heads, photos, vectors = cohort(np.random.default_rng(2), {"dlib": 1.0, "faceres": 1.0})
    assert "inner" not in vectors["photo"]
    assert rank_one(scored(heads, photos)["headrisk"].values) > 0.8
