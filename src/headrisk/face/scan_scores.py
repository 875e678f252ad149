"""Measures of scans against scans by the face: renders of one head with renders of another.

Both sides are pictures of one kind, so neither hair nor colour nor lens stands between them. What
tells one visit of a person from the next is the pose of the flesh, the surface that was found, and
the contrast of the image. No classifier is trained: people of a gallery with one scan each would
be learnt from the very scan that is searched for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from headrisk.face.head import HeadResult
from headrisk.face.likelihood import likelihood_ratios
from headrisk.face.match import group_means, unit
from headrisk.face.recognise.protocol import Recogniser
from headrisk.face.scores import (
    HEADLINE,
    INNER_WEIGHT,
    FaceScores,
    Placer,
    Side,
    fuse,
    inner_layers,
    render_side,
    vectors,
)
from headrisk.types import BoolArray, FloatArray

SCANS_NAME = "face-scans"


def scan_scores(
    probes: Sequence[HeadResult],
    gallery: Sequence[HeadResult],
    usable: BoolArray,
    asked: Sequence[Recogniser],
) -> Mapping[str, FaceScores]:
    """Every measure, the headline first.

    ``NAME-mean`` is the mean cosine over all pairs of renders, ``NAME-centred`` the cosine of the
    mean templates after the mean of each side is taken off, and ``headrisk`` the log likelihood
    ratio of one person against two, of embeddings and of inner layers, as for photographs.

    Parameters
    ----------
    probes, gallery
        Heads of which some recogniser could use a render.
    usable
        (probes, gallery), False for pairs that must not be compared, such as a scan with itself.
    asked
        Recognisers whose templates are vectors.
    """
    found: dict[str, FaceScores] = {}
    likelier: list[FaceScores] = []
    weights: list[float] = []
    for recogniser in asked:
        left, right = (render_side(recogniser, heads) for heads in (probes, gallery))
        if not recogniser.embedding or not left.templates or not right.templates:
            continue
        place = Placer(left.members, right.members, len(probes), len(gallery))
        raw, centred = _cosines(left, right)
        found[f"{recogniser.name}-mean"] = _among(place.scores(raw), usable)
        found[f"{recogniser.name}-centred"] = _among(place.scores(centred), usable)
        ratios = likelihood_ratios(vectors(left), left.group, vectors(right), right.group)
        likelier.append(_among(place.scores(ratios), usable))
        weights.append(1.0)
        if all(one.inner is not None for one in (*left.templates, *right.templates)):
            inner = likelihood_ratios(
                inner_layers(left), left.group, inner_layers(right), right.group
            )
            likelier.append(_among(place.scores(inner), usable))
            weights.append(INNER_WEIGHT)
    return {HEADLINE: fuse(likelier, weights), **found} if likelier else found


def _cosines(left: Side, right: Side) -> tuple[FloatArray, FloatArray]:
    """Of (probes, gallery): the mean over pairs of renders, and that of centred mean templates."""
    means = [group_means(unit(vectors(side)), side.group) for side in (left, right)]
    away = [unit(rows - rows.mean(axis=0)) if len(rows) > 1 else unit(rows) for rows in means]
    return np.asarray(means[0] @ means[1].T), np.asarray(away[0] @ away[1].T)


def _among(scores: FaceScores, usable: BoolArray) -> FaceScores:
    return replace(scores, usable=scores.usable & usable)
