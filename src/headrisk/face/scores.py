"""All measures by the face: photographs with renders, and renders with renders.

A render differs from a photograph of the same face in ways that all faces share: no hair, no
colour, other light. Both clouds of embeddings are therefore centred, each on its own mean.

Whose pictures are used: the mean of renders comes from the gallery, which an attacker holds. The
mean of photographs comes from the other people's photographs, never from the set that is asked for;
an attacker would take photographs of strangers instead. No label that links a photograph to a scan
is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from headrisk.errors import PluginError, missing_extra
from headrisk.face.head import HeadResult
from headrisk.face.likelihood import likelihood_ratios
from headrisk.face.match import Grouping, aggregate, group_means, set_scores, unit
from headrisk.face.packed import unpack
from headrisk.face.photos import PhotoResult
from headrisk.face.recognise.protocol import FaceTemplate, Recogniser
from headrisk.types import BoolArray, FloatArray, IntArray

# ----------------------------------------------------------------------
# A linear support vector machine that learns the people of a gallery from their renders.
#
# Mayo et al. (2024) found this the best of the open-source attacks: train one class per person on
# the embeddings of that person's renders, then ask for the embeddings of photographs.
# ----------------------------------------------------------------------

COST = 1.0
FOLDS = 3
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Classified:
    """What the classifier says of every photograph.

    Attributes
    ----------
    decision
        (photographs, classes) signed distance to each class's hyperplane.
    confidence
        (photographs, classes) calibrated probabilities, rows sum to 1; None where a class has too
        few renders to calibrate on.
    """

    decision: FloatArray
    confidence: FloatArray | None


def classify(
    photos: FloatArray, renders: FloatArray, render_class: IntArray, *, cost: float = COST
) -> Classified:
    """Train on renders, ask for photographs.

    Confidence is Platt's sigmoid, fitted for each class on the decision values of renders that the
    machine was not trained on (Platt 1999), then normalised over classes. It is calibrated for
    further renders; photographs differ from renders, so it is over-confident for them.

    Parameters
    ----------
    photos
        (photographs, d) embeddings.
    renders, render_class
        (renders, d) embeddings and the class of each, 0 .. classes - 1, every class at least once.
    cost
        Penalty of a render on the wrong side, scikit-learn's ``C``.

    Raises
    ------
    MissingExtraError
        scikit-learn is not installed.
    """
    classes = int(render_class.max()) + 1 if render_class.size else 0
    if classes < 2 or not photos.size:
        nothing = np.zeros((photos.shape[0], classes))
        return Classified(nothing, None)
    if int(np.bincount(render_class).min()) < FOLDS:
        machine = _support_vectors(cost).fit(renders, render_class)
        return Classified(_columns(machine.decision_function(photos)), None)
    calibrated = _calibrated(_support_vectors(cost)).fit(renders, render_class)
    machine = calibrated.calibrated_classifiers_[0].estimator  # fitted on all renders
    confidence = np.asarray(calibrated.predict_proba(photos), dtype=np.float64)
    return Classified(_columns(machine.decision_function(photos)), confidence)


def _support_vectors(cost: float) -> Any:
    try:
        from sklearn.svm import LinearSVC
    except ImportError as error:
        raise missing_extra("the support vector machine", "scikit-learn") from error
    return LinearSVC(C=cost, tol=_TOLERANCE, dual=False)


def _calibrated(machine: Any) -> Any:
    from sklearn.calibration import CalibratedClassifierCV

    return CalibratedClassifierCV(machine, method="sigmoid", cv=FOLDS, ensemble=False)


def _columns(decision: FloatArray) -> FloatArray:
    """One column for each class, also where there are two (scikit-learn then gives one)."""
    if decision.ndim == 1:
        decision = np.stack([-decision, decision], axis=1)
    return np.asarray(decision, dtype=np.float64)


# ----------------------------------------------------------------------
# All measures of the face modality: every recogniser under every way of matching.
# ----------------------------------------------------------------------


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


HEADLINE = "headrisk"
# An inner layer counts as much as two embeddings: chosen on 84 synthetic people for development
# (seed 1101) by their photographs taken one, two, three and five at a time.
INNER_WEIGHT = 2.0


@dataclass(frozen=True)
class FaceScores:
    """Scores of photograph sets (rows) and scans (columns) under one measure.

    ``usable`` is False where the recogniser found no face on either side. ``confidence`` are
    calibrated probabilities that the scan is the set's, where the measure gives them.
    """

    values: FloatArray
    usable: BoolArray
    confidence: FloatArray | None = None


@dataclass(frozen=True)
class Side:
    """Templates of one recogniser with the set or scan of each, numbered without gaps."""

    templates: list[FaceTemplate]
    group: IntArray
    members: IntArray  # which set or scan each number stands for


def all_scores(
    heads: Sequence[HeadResult],
    scan_person: IntArray,
    photos: Sequence[PhotoResult],
    photo_set: IntArray,
    sets: int,
    asked: Sequence[Recogniser],
    failed: dict[str, PluginError],
) -> Mapping[str, FaceScores]:
    """Every measure, the headline first.

    Parameters
    ----------
    heads, scan_person
        Usable heads and the person of each: renders of one person train one class.
    photos, photo_set, sets
        Usable photographs, the set of each, and the number of sets.
    asked
        The recognisers; those whose templates are vectors also get a classifier.
    failed
        Receives the errors of plug-ins that could not compare; their embeddings are compared
        all the same.
    """
    found: dict[str, FaceScores] = {}
    likelier: list[FaceScores] = []
    weights: list[float] = []
    for recogniser in asked:
        left = _photo_side(recogniser, photos, photo_set)
        right = render_side(recogniser, heads)
        if not left.templates or not right.templates:
            continue
        groups = Grouping(left.group, right.group)
        place = Placer(left.members, right.members, sets, len(heads))
        try:
            similarity = recogniser.similarity(left.templates, right.templates)
        except PluginError as error:
            failed[recogniser.name] = error
        else:
            for how, values in aggregate(similarity, groups).items():
                found[f"{recogniser.name}-{how}"] = place.scores(values)
        if recogniser.embedding:
            person = scan_person[right.members]
            raw, centred = _machines(left, right, person)
            found[f"{recogniser.name}-svm-raw"] = place.scores(*raw)
            found[f"{recogniser.name}-svm"] = place.scores(*centred)
            likelier.append(place.scores(_likelier(left, right), centred[1]))
            weights.append(1.0)
            if all(one.inner is not None for one in (*left.templates, *right.templates)):
                inner = likelihood_ratios(
                    inner_layers(left), left.group, inner_layers(right), right.group
                )
                likelier.append(place.scores(inner, centred[1]))
                weights.append(INNER_WEIGHT)
    if likelier:
        found = {HEADLINE: fuse(likelier, weights), **found}
    return found


def fuse(parts: Sequence[FaceScores], weights: Sequence[float]) -> FaceScores:
    """Weighted mean of several scores, each set's row brought to mean 0 and deviation 1 first.

    A pair that only some of them can judge takes the mean of those.
    """
    if len(parts) == 1:
        return parts[0]
    total = np.zeros(parts[0].values.shape)
    weight = np.zeros(parts[0].values.shape)
    for part, share in zip(parts, weights, strict=True):
        values = np.where(part.usable, part.values, np.nan)
        count = np.maximum(part.usable.sum(axis=1, keepdims=True), 1)
        mean = np.nansum(values, axis=1, keepdims=True) / count
        spread = np.sqrt(np.nansum((values - mean) ** 2, axis=1, keepdims=True) / count)
        deviation = (part.values - mean) / np.maximum(spread, 1e-12)
        total += np.where(part.usable, share * deviation, 0.0)
        weight += share * part.usable
    known = [part.confidence for part in parts if part.confidence is not None]
    confidence = np.mean(known, axis=0) if len(known) == len(parts) else None
    return FaceScores(total / np.where(weight > 0, weight, 1.0), weight > 0, confidence)


_Said = tuple[FloatArray, FloatArray | None]  # decision and confidence, (sets, scans)


def _machines(left: Side, right: Side, person: IntArray) -> tuple[_Said, _Said]:
    """The classifier on embeddings as they are, and on centred ones."""
    photos, renders = vectors(left), vectors(right)
    both = centre(photos, left.group, renders)
    return (
        _machine(photos, renders, left, right, person),
        _machine(both.photos, both.renders, left, right, person),
    )


def _machine(
    photos: FloatArray, renders: FloatArray, left: Side, right: Side, person: IntArray
) -> _Said:
    """Decision and confidence of the classifier for (sets, scans), a person's scans alike."""
    _, number = np.unique(person, return_inverse=True)
    said = classify(photos, renders, number[right.group])
    groups = Grouping(left.group, right.group)
    decision = set_scores(said.decision, groups, "mean")[:, number]
    if said.confidence is None:
        return decision, None
    return decision, set_scores(said.confidence, groups, "mean")[:, number]


def _likelier(left: Side, right: Side) -> FloatArray:
    """Log likelihood ratios of (sets, scans)."""
    return likelihood_ratios(vectors(left), left.group, vectors(right), right.group)


def vectors(side: Side) -> FloatArray:
    return np.stack([one.values for one in side.templates]).astype(np.float64)


def inner_layers(side: Side) -> FloatArray:
    """Inner layers (pictures, k), as they are stored: the largest arrays of a run."""
    return np.stack([one.inner for one in side.templates if one.inner is not None])


@dataclass(frozen=True)
class Placer:
    """Puts a recogniser's table into the table of all sets and scans."""

    rows: IntArray
    columns: IntArray
    sets: int
    scans: int

    def scores(self, values: FloatArray, confidence: FloatArray | None = None) -> FaceScores:
        usable = np.zeros((self.sets, self.scans), dtype=np.bool_)
        usable[np.ix_(self.rows, self.columns)] = True
        return FaceScores(
            self._spread(values), usable, None if confidence is None else self._spread(confidence)
        )

    def _spread(self, values: FloatArray) -> FloatArray:
        table = np.zeros((self.sets, self.scans))
        table[np.ix_(self.rows, self.columns)] = values
        return table


def _photo_side(recogniser: Recogniser, photos: Sequence[PhotoResult], photo_set: IntArray) -> Side:
    templates: list[FaceTemplate] = []
    group: list[int] = []
    for photo, number in zip(photos, photo_set, strict=True):
        packed = photo.templates.get(recogniser.name)
        if packed is not None and packed.found.size:
            templates += unpack(packed, embedding=recogniser.embedding)
            group.append(int(number))
    return _numbered(templates, np.array(group, dtype=np.int64))


def render_side(recogniser: Recogniser, heads: Sequence[HeadResult]) -> Side:
    templates: list[FaceTemplate] = []
    group: list[int] = []
    for number, head in enumerate(heads):
        packed = head.templates.get(recogniser.name)
        if packed is not None:
            own = unpack(packed, embedding=recogniser.embedding)
            templates += own
            group += [number] * len(own)
    return _numbered(templates, np.array(group, dtype=np.int64))


def _numbered(templates: list[FaceTemplate], group: IntArray) -> Side:
    order = np.argsort(group, kind="stable")
    members, index = np.unique(group[order], return_inverse=True)
    return Side([templates[k] for k in order], index.astype(np.int64), members.astype(np.int64))


# ----------------------------------------------------------------------
# Measures of scans against scans by the face: renders of one head with renders of another.
#
# Both sides are pictures of one kind, so neither hair nor colour nor lens stands between them. What
# tells one visit of a person from the next is the pose of the flesh, the surface that was found,
# and
# the contrast of the image. No classifier is trained: people of a gallery with one scan each would
# be learnt from the very scan that is searched for.
# ----------------------------------------------------------------------

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
