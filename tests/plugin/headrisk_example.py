"""One of each: a similarity measure, a recogniser and a de-identification method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headrisk import FaceTemplate, Volume


def cosine(a: Any, b: Any) -> Any:
    """Cosine of the angle between fingerprints."""
    a = a / np.maximum(np.linalg.norm(a, axis=1, keepdims=True), 1e-12)
    return a @ (b / np.maximum(np.linalg.norm(b, axis=1, keepdims=True), 1e-12)).T


def fails(a: Any, b: Any) -> Any:
    """What no measure should do."""
    return len(a) / 0


class BlockRecogniser:
    """Mean brightness of 8 by 8 blocks of the picture, compared by correlation."""

    name = "blocks"
    model = "block means 1"
    digest = ""
    licence = "CC0"
    embedding = True

    def describe(self, images: Sequence[Any]) -> list[FaceTemplate | None]:
        return [FaceTemplate(self._means(np.asarray(image, np.float32))) for image in images]

    def similarity(self, photos: Sequence[FaceTemplate], renders: Sequence[FaceTemplate]) -> Any:
        left, right = (np.stack([one.values for one in side]) for side in (photos, renders))
        return left @ right.T

    @staticmethod
    def _means(image: Any) -> Any:
        grey = image.mean(axis=2) if image.ndim == 3 else image
        rows, columns = (np.linspace(0, n, 9).astype(int) for n in grey.shape)
        sums = np.add.reduceat(np.add.reduceat(grey, rows[:-1], 0), columns[:-1], 1)
        means = (sums / np.outer(np.diff(rows), np.diff(columns))).ravel()
        means = means - means.mean()
        return (means / max(float(np.linalg.norm(means)), 1e-12)).astype(np.float32)


class FrontRemoved:
    """Empties the front third of the image, but for the brain."""

    name = "mytool"
    what = "The front third of the image emptied, but for the brain."
    replaces = False

    def deidentify(self, image: Volume, brain: Any, rng: np.random.Generator) -> Any:
        data = image.data.copy()
        data[:, 2 * data.shape[1] // 3 :] = data.min()
        return np.where(brain, image.data, data)
