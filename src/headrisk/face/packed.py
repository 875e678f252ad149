"""The templates of many images in one array, as they lie in the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrisk.face.recognise.protocol import FaceTemplate
from headrisk.types import IntArray


@dataclass(frozen=True)
class Packed:
    """Templates of images in order, one below the other.

    Attributes
    ----------
    rows
        (sum of counts, d): an embedding has one row, key points have one row each.
    counts
        (images,) rows of each image; -1 where no face was found.
    inner
        (images with a face, k) float16 inner layers; None where the recogniser gives none.
    """

    rows: NDArray[Any] = field(repr=False)
    counts: IntArray = field(repr=False)
    inner: NDArray[np.float16] | None = field(default=None, repr=False)

    @property
    def found(self) -> IntArray:
        """Positions of the images in which a face was found."""
        return np.flatnonzero(self.counts >= 0)


def pack(templates: Sequence[FaceTemplate | None]) -> Packed:
    """Put templates one below the other."""
    rows = [np.atleast_2d(one.values) for one in templates if one is not None]
    counts = [-1 if one is None else len(np.atleast_2d(one.values)) for one in templates]
    stacked = np.concatenate(rows) if rows else np.zeros((0, 0), np.float32)
    inner = [one.inner for one in templates if one is not None and one.inner is not None]
    return Packed(stacked, np.array(counts, dtype=np.int64), np.stack(inner) if inner else None)


def unpack(packed: Packed, *, embedding: bool) -> list[FaceTemplate]:
    """The templates of the images in which a face was found, in order."""
    counts = packed.counts[packed.found]
    ends = np.cumsum(counts)
    parts = [packed.rows[end - count : end] for end, count in zip(ends, counts, strict=True)]
    inner = packed.inner if packed.inner is not None else [None] * len(parts)
    return [
        FaceTemplate(part[0] if embedding else part, inner=layer)
        for part, layer in zip(parts, inner, strict=True)
    ]
