"""Contract tests for plug-ins: what a similarity measure, recogniser or method must keep to.

Call the one that fits from a test of your own package. Each raises ``AssertionError`` with a
sentence that says what was found and what is expected.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headrisk.deidentify.method import DeidentificationMethod
from headrisk.face.recognise.protocol import FaceTemplate, Recogniser
from headrisk.io.volume import Volume

SHAPE = (7, 8, 9)  # unequal, so that swapped axes show


def check_similarity(function: Callable[[Any, Any], Any]) -> None:
    """Whether a function is a similarity measure of fingerprints.

    It must give an (n, m) matrix of finite numbers, the same for the same input, score each pair
    whatever stands beside it in a block, and rank a noisy copy above other people.

    Examples
    --------
    >>> from headrisk.testing import check_similarity
    >>> check_similarity(lambda a, b: a @ b.T)
    >>> check_similarity(lambda a, b: b @ a.T)
    Traceback (most recent call last):
    ...
    AssertionError: 5 by 6 fingerprints gave an array of shape (6, 5), expected (5, 6)
    """
    rng = np.random.default_rng(0)
    gallery = rng.normal(size=(6, 504)).astype(np.float32)
    probes = (gallery[:5] + 0.2 * rng.normal(size=(5, 504))).astype(np.float32)
    kept = probes.copy(), gallery.copy()
    scores = np.asarray(function(probes, gallery))
    _hold(
        scores.shape == (5, 6),
        f"5 by 6 fingerprints gave an array of shape {scores.shape}, expected (5, 6)",
    )
    _hold(bool(np.isfinite(scores).all()), "some scores are not finite")
    _hold(
        np.array_equal(kept[0], probes) and np.array_equal(kept[1], gallery),
        "the fingerprints were changed; they must be left as they are",
    )
    _hold(
        np.array_equal(scores, np.asarray(function(probes, gallery))),
        "the same fingerprints gave other scores the second time",
    )
    part = np.asarray(function(probes[1:3], gallery[2:6]))
    _hold(
        part.shape == (2, 4) and bool(np.allclose(part, scores[1:3, 2:6], rtol=1e-5, atol=1e-8)),
        "a pair's score depends on what stands beside it in the block",
    )
    _hold(
        bool((scores.argmax(axis=1) == np.arange(5)).all()),
        "a noisy copy of a fingerprint was not ranked first; larger must mean more similar",
    )


def check_recogniser(recogniser: object) -> None:
    """Whether an object is a recogniser of faces.

    It must have the fields of :class:`headrisk.Recogniser`, answer each image with a template or
    None, and give a (photographs, renders) matrix of finite numbers that is largest for the same
    picture. Pictures without a face (noise) may give None.
    """
    _hold(
        isinstance(recogniser, Recogniser),
        f"{type(recogniser).__name__} lacks name, model, digest, licence, embedding, describe() "
        "or similarity()",
    )
    assert isinstance(recogniser, Recogniser)  # noqa: S101 - for the type checker
    for field in ("name", "model", "digest", "licence"):
        value = getattr(recogniser, field)
        _hold(isinstance(value, str), f"{field} is {value!r}, expected text")
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, shape, dtype=np.uint8) for shape in ((96, 128), (128, 96, 3))]
    found = recogniser.describe(images)
    _hold(len(found) == 2, f"2 images gave {len(found)} answers")
    templates = [one for one in found if one is not None]
    _hold(
        all(isinstance(one, FaceTemplate) for one in templates),
        "an answer is neither a FaceTemplate nor None",
    )
    _hold(recogniser.describe([]) == [], "no images must give no answers")
    if templates:
        scores = np.asarray(recogniser.similarity(templates, templates))
        _hold(
            scores.shape == (len(templates),) * 2,
            f"{len(templates)} by {len(templates)} templates gave an array of shape {scores.shape}",
        )
        _hold(bool(np.isfinite(scores).all()), "some scores are not finite")
        _hold(
            bool((scores.argmax(axis=1) == np.arange(len(templates))).all()),
            "a picture is not most similar to itself; larger must mean more similar",
        )


def check_deidentification(method: object) -> None:
    """Whether an object is a de-identification method.

    It must keep the image's shape and the given arrays, return finite voxels, leave the brain as
    it is, and draw only from the generator it is given.
    """
    _hold(
        isinstance(method, DeidentificationMethod),
        f"{type(method).__name__} lacks name, what, replaces or deidentify()",
    )
    assert isinstance(method, DeidentificationMethod)  # noqa: S101 - for the type checker
    rng = np.random.default_rng(0)
    data = rng.uniform(1, 100, SHAPE).astype(np.float32)
    brain = np.zeros(SHAPE, bool)
    brain[2:5, 1:4, 3:7] = True
    affine = np.diag([2.0, 2.5, 3.0, 1.0])
    kept = data.copy(), brain.copy()
    out = [
        np.asarray(method.deidentify(Volume(data, affine), brain, np.random.default_rng(1)))
        for _ in range(2)
    ]
    _hold(out[0].shape == SHAPE, f"an image of shape {SHAPE} became one of shape {out[0].shape}")
    _hold(bool(np.isfinite(out[0]).all()), "some voxels are not finite")
    _hold(
        np.array_equal(kept[0], data) and np.array_equal(kept[1], brain),
        "the arrays that were given were changed; they must be left as they are",
    )
    _hold(
        np.array_equal(out[0], out[1]),
        "the same image and seed gave another result the second time",
    )
    _hold(np.array_equal(out[0][brain], data[brain]), "voxels of the brain were changed")


def _hold(true: bool, otherwise: str) -> None:
    if not true:
        raise AssertionError(otherwise)
