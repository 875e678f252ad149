"""Bring photographs and renders to common ground, without touching the photographs asked for.

A render differs from a photograph of the same face in ways that all faces share: no hair, no
colour, other light. Both clouds of embeddings are therefore centred, each on its own mean.

Whose pictures are used: the mean of renders comes from the gallery, which an attacker holds. The
mean of photographs comes from the other people's photographs, never from the set that is asked for;
an attacker would take photographs of strangers instead. No label that links a photograph to a scan
is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headrisk.face.match import group_means, unit
from headrisk.types import FloatArray, IntArray


@dataclass(frozen=True)
class Centred:
    """Embeddings about their means, rows of length 1: (photographs, d) and (renders, d)."""

    photos: FloatArray
    renders: FloatArray


def centre(photos: FloatArray, photo_set: IntArray, renders: FloatArray) -> Centred:
    """Centre renders on their mean, and photographs on the mean of other people's.

    Parameters
    ----------
    photos, photo_set
        (photographs, d) embeddings and the set of each.
    renders
        (renders, d) embeddings.
    """
    photos, renders = unit(photos), unit(renders)
    return Centred(
        unit(photos - mean_of_others(photos, photo_set)), unit(renders - renders.mean(axis=0))
    )


def mean_of_others(vectors: FloatArray, group: IntArray) -> FloatArray:
    """For each row the mean over all rows of other groups; the whole mean where there is none.

    Groups count equally, however many rows they have.
    """
    groups = int(group.max()) + 1 if group.size else 0
    means = group_means(vectors, group)
    if groups < 2:
        return np.zeros_like(vectors)
    others = (means.sum(axis=0) - means) / (groups - 1)
    return np.asarray(others[group], dtype=np.float64)
