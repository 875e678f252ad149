"""Is a face left in an image? One place decides, from the skin at every level and all detectors.

No detector is trusted alone: one that looks for gradients saw a face on defaced heads in some
views, and a network that marks centres of faces saw one on heads without a nose. No level of
intensity is trusted alone either: see :mod:`headrisk.heads.sightlines`. The answers:

``face``
    Skin of a face is there at some level, or two detectors see one where nothing was removed.
``part``
    A part of the face was removed, on positive evidence, and another is there.
``gone``
    What was found is surely a head, its scalp vouches for alignment and level, nose and mouth are
    air at every good level with the wound deep behind, somebody emptied them, eyes, cheeks and jaw
    of either side are no longer where a face has them, and no detector sees a face at any level; or
    the image holds nothing but a brain.
``outside``
    Nothing was removed, but the image ends before the face, brows and eyes included.
``unclear``
    Anything else: what was not found is not gone. An image of two values is never gone or outside:
    without intensities nothing vouches for level or alignment, and a shell of skin shows a face.
``failed``
    The image could not be looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from headrisk.errors import MissingExtraError, ScanError
from headrisk.face.detect.face import Pixels
from headrisk.face.detect.registry import detectors
from headrisk.face.render.protocols import GLANCE, render_scene, scene_of
from headrisk.heads.boxes import block_affine, block_mean
from headrisk.heads.sightlines import FRONT, SkinLevels, skin_levels
from headrisk.heads.surface import head_surface
from headrisk.io.volume import Volume
from headrisk.types import Float32Array, FloatArray

FaceVerdict = Literal["face", "part", "gone", "unclear", "outside", "failed"]
VERDICTS: tuple[FaceVerdict, ...] = get_args(FaceVerdict)
Code = Literal[
    "skin_and_detectors",
    "detectors",
    "skin",
    "partly_removed",
    "removed",
    "brain_only",
    "out_of_view",
    "mask",
    "phase",
    "detectors_disagree",
    "no_skin",
    "elsewhere",
    "not_emptied",
    "left_over",
    "brows_left",
    "side_left",
    "beside_brain",
    "wrapped",
    "more_bytes",
    "background_emptied",
    "no_brain",
    "other_volumes",
    "cut_off",
    "not_found",
    "unreadable",
    "not_installed",
]
FEWEST_SEEN = 0.5  # share of the presence renders in which a detector must see a face
FEWEST_DETECTORS = 2
_THERE, _MOSTLY, _REMOVED, _HIDDEN = 0.85, 0.5, 0.5, 0.5
_EMPTIED = 0.9  # share of one value in the air where a face was; noise of air stays below
_CUT = 0.5  # share of the mouth's lines with tissue cut open, which heads that fade out do not have
_FEWEST_PARTS = 2  # with fewer of the three in the image it ends before the face
_BROWS = 0.9  # more of the upper face than a removed face leaves: brows and eyes were not removed
_LEFT_OVER = 0.25  # share of the lines in emptied air that meet something there
_RADIANS, _FEWEST_PHASES, _UNEVEN = 0.02, 200, 0.1  # of a phase image
_NOSE_GONE, _MOUTH_GONE = 0.15, 0.2
_PIXELS, _SUPERSAMPLE = 224, 1
_STEP_MM = 2.0  # a glance follows the skin in voxels of this size


@dataclass(frozen=True)
class Sight:
    """What was seen of a face.

    Attributes
    ----------
    verdict, code
        The answer, and why.
    there, removed, outside
        Share of each part of the face, 0 to 1; see :class:`headrisk.heads.sightlines.SkinLevels`.
    seen
        By detector the largest share, over levels, of the renders in which it saw a face.
    reason
        Why an image failed, in a sentence; it may name the file.
    mean
        The mean of a series was looked at, not its first volume.
    """

    verdict: FaceVerdict
    code: Code
    there: Mapping[str, float] = field(default_factory=dict)
    removed: Mapping[str, float] = field(default_factory=dict)
    outside: Mapping[str, float] = field(default_factory=dict)
    seen: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    mean: bool = False


class Looked(Protocol):
    """A head that was looked at: best scores by detector, and what was seen of a face."""

    @property
    def seen(self) -> Mapping[str, FloatArray]: ...
    @property
    def sight(self) -> Sight | None: ...


def best_scores(images: Iterable[Pixels]) -> dict[str, FloatArray]:
    """For each detector its best score in each picture, minus infinity where it saw nothing.

    Raises
    ------
    MissingExtraError
        The extra ``faces`` is not installed.
    """
    pictures = list(images)
    return {
        name: np.array(
            [max((face.score for face in one.faces(image)), default=-np.inf) for image in pictures]
        )
        for name, one in detectors().items()
    }


def share_seen(scores: FloatArray, threshold: float) -> float:
    """Share of renders in which a detector's best score reaches its threshold."""
    return float(np.mean(scores >= threshold))


def sees(scores: FloatArray, threshold: float) -> bool:
    """Whether a detector sees a face: in at least half of a head's presence renders."""
    return share_seen(scores, threshold) >= FEWEST_SEEN


def shares_seen(scores: Mapping[str, FloatArray]) -> dict[str, float]:
    """For each detector the share of the renders in which it sees a face."""
    known = detectors()
    return {name: share_seen(scores[name], known[name].threshold) for name in scores}


def judge_face(
    skin: SkinLevels, seen: Mapping[str, float], *, sure: bool = True, fades: bool = True
) -> Sight:
    """The answer from the skin at every level and from what detectors see.

    Parameters
    ----------
    skin
        What the lines of a template show.
    seen
        For each detector the largest share, over levels, of renders in which it sees a face.
    sure
        What was found is surely a head.
    fades
        The signal of a face may be lost in such an image though nobody removed it, as it cannot be
        in a CT.
    """
    seeing = sum(share >= FEWEST_SEEN for share in seen.values())
    verdict, code = _judged(skin, seeing)
    if code in ("removed", "partly_removed", "brows_left", "side_left"):
        doubt = _doubt(skin, sure, fades)
        if fades and skin.background >= _EMPTIED and seeing >= FEWEST_DETECTORS:
            verdict, code = "face", "detectors"  # a void of the signal, in air of one value
        elif doubt:
            verdict, code = "unclear", doubt
    elif verdict == "outside" and not sure:
        verdict, code = "unclear", "no_brain"
    return Sight(verdict, code, skin.there, skin.removed, skin.outside, seen)


def _doubt(skin: SkinLevels, sure: bool, fades: bool) -> Code | None:
    """Why air in the place of a face does not say that somebody removed it."""
    if not sure:
        return "no_brain"
    air = [name for name in _in_view(skin) if skin.removed[name] >= _REMOVED]
    if min(skin.emptied[name] for name in air) < _EMPTIED:
        return "not_emptied"
    if max(skin.left_over[name] for name in air) >= _LEFT_OVER:
        return "left_over"
    if fades and skin.background >= _EMPTIED and skin.wound["mouth and chin"] < _CUT:
        return "background_emptied"
    return None


def _judged(skin: SkinLevels, detectors_seeing: int) -> tuple[FaceVerdict, Code]:
    in_view = _in_view(skin)
    there = [name for name in in_view if skin.there[name] >= _MOSTLY]
    removed = [name for name in in_view if skin.removed[name] >= _REMOVED]
    certain = detectors_seeing >= FEWEST_DETECTORS
    if not removed:
        whole = all(skin.there[name] >= _THERE for name in in_view)
        if certain:
            return "face", "skin_and_detectors" if whole else "detectors"
        if len(in_view) < _FEWEST_PARTS and not detectors_seeing and skin.vouched:
            return ("unclear", "cut_off") if there else ("outside", "out_of_view")
        if skin.vouched and whole and len(in_view) >= _FEWEST_PARTS:
            return "face", "skin"
        return "unclear", "elsewhere" if skin.vouched else "no_skin"
    nose = "nose" not in in_view or skin.there["nose"] < _NOSE_GONE
    mouth = "mouth and chin" not in in_view or skin.there["mouth and chin"] < _MOUTH_GONE
    if nose and mouth and ("nose" in removed or "mouth and chin" in removed):
        if detectors_seeing:
            return "unclear", "detectors_disagree"
        brows = "upper face" in in_view and skin.there["upper face"] >= _BROWS
        if brows:
            return "part", "brows_left"
        return ("part", "side_left") if skin.side_left else ("gone", "removed")
    rest = all(skin.there[name] >= _THERE for name in in_view if name not in removed)
    if certain and len(removed) == 1 and (rest or detectors_seeing > FEWEST_DETECTORS):
        return "face", "detectors"  # a flat or a replaced nose: all else is where it belongs
    if certain and not there:
        return "unclear", "detectors_disagree"
    return "part", "partly_removed"


def _in_view(skin: SkinLevels) -> list[str]:
    return [name for name in FRONT if skin.outside[name] < _HIDDEN]


@dataclass(frozen=True)
class Look:
    """A sight, one picture of the head from the front, and how sure detectors were.

    ``scores`` has for each detector its best score in each render, at the level at which it saw
    most; minus infinity where it saw nothing.
    """

    sight: Sight
    picture: NDArray[np.uint8] | None = field(default=None, repr=False)
    scores: Mapping[str, FloatArray] = field(default_factory=dict, repr=False)


def look_for_face(
    volume: Volume,
    alignment: FloatArray,
    skin: SkinLevels | None,
    subject: str,
    *,
    stripped: bool = False,
    hounsfield: bool = False,
    sure: bool = True,
) -> Look:
    """Look for a face at every level that may show one, until detectors agree that one is there.

    Parameters
    ----------
    volume, alignment
        The image with air near zero (or in Hounsfield units), template mm to scanner mm.
    skin
        From :func:`headrisk.heads.sightlines.skin_levels`; measured here if None.
    stripped
        The image holds nothing but a brain.
    hounsfield
        The image is in Hounsfield units: the skin's level is known.
    sure
        What was found is surely a head, or surely a brain where nothing else is there.

    Raises
    ------
    MissingExtraError
        The extra ``faces`` is not installed.
    """
    if stripped:
        nobody = dict.fromkeys(detectors(), 0.0)
        if not sure:
            return Look(Sight("unclear", "no_brain", seen=nobody))
        return Look(Sight("gone", "brain_only", seen=nobody))
    skin = skin or skin_levels(volume, alignment)
    most = dict.fromkeys(detectors(), 0.0)
    kept: dict[str, FloatArray] = {}
    picture: NDArray[np.uint8] | None = None
    coarse = _coarse(volume)
    for level in _looks(skin, first=not hounsfield):
        if sum(share >= FEWEST_SEEN for share in most.values()) >= FEWEST_DETECTORS:
            break
        renders = _renders(coarse, alignment, level, subject)
        if renders is None:
            continue
        picture = renders[0] if picture is None else picture
        scores = best_scores(renders)
        for name, share in shares_seen(scores).items():
            if name not in kept or share > most[name]:
                most[name], kept[name] = share, scores[name]
    sight = judge_face(skin, most, sure=sure, fades=not hounsfield)
    if sight.verdict in ("gone", "outside") and is_mask(volume.data):
        sight = replace(sight, verdict="unclear", code="mask")
    return Look(sight, picture, kept)


def is_mask(data: Float32Array) -> bool:
    """Whether an image has two values at most, so that its outline is all that it can show."""
    low, high = data.min(initial=0), data.max(initial=0)
    return bool(((data == low) | (data == high)).all())


def is_phase(data: Float32Array) -> bool:
    """Whether the values are those of a phase image: radians, or evenly spread where there is air.

    Without a signal every phase is as likely as any other (Gudbjartsson & Patz, Magn Reson Med
    34:910, 1995), so the values at the border fill the whole range evenly.
    """
    low, high = float(data.min(initial=0)), float(data.max(initial=0))
    if abs(low + np.pi) < _RADIANS and abs(high - np.pi) < _RADIANS:
        return True
    sides = [np.ravel(data.take(k, axis)) for axis in range(3) for k in (0, -1)]
    border = np.sort(np.concatenate(sides))
    if high <= low or len(np.unique(border)) < _FEWEST_PHASES:
        return False
    even = (np.arange(len(border)) + 0.5) / len(border)
    return float(np.abs((border - low) / (high - low) - even).max()) < _UNEVEN


def _looks(skin: SkinLevels, *, first: bool) -> list[tuple[float, float] | None]:
    """Levels to look at: the local one, then the lowest good one or that which shows most."""
    out: list[tuple[float, float] | None] = [None] if first else []
    removed = sum(skin.removed[name] >= _REMOVED for name in FRONT)
    level = skin.good[0] if removed and skin.good else skin.best
    return [*out, (skin.air, level)] if np.isfinite(level) else out


def _coarse(volume: Volume) -> Volume:
    """The image in blocks of about 2 mm."""
    size = np.maximum(np.round(_STEP_MM / np.array(volume.voxel_mm)), 1).astype(np.int64)
    return Volume(block_mean(volume.data, size), block_affine(volume.affine, size))


def _renders(
    volume: Volume, alignment: FloatArray, level: tuple[float, float] | None, subject: str
) -> NDArray[np.uint8] | None:
    try:
        surface = head_surface(
            volume, alignment, stripped=False, subject=subject, level=level, step_mm=_STEP_MM
        )
        scene = scene_of(surface)
    except MissingExtraError:
        raise
    except ScanError:
        return None
    return render_scene(scene, GLANCE, _PIXELS, _SUPERSAMPLE, surface.pose.face_centre)


def seen_by(head: Looked, detector: str) -> bool:
    """Whether a detector sees a face in at least half of a head's presence renders."""
    scores = head.seen.get(detector)
    return scores is not None and sees(scores, detectors()[detector].threshold)


def face_left(head: Looked) -> FaceVerdict | None:
    """Whether a face is left; None where the scan could not be looked at."""
    return None if head.sight is None else head.sight.verdict
