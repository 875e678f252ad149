"""The answer whether a face is left rests on no single detector and on no single level of skin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.face.presence import VERDICTS, judge_face, share_seen
from headrisk.heads.sightlines import FRONT, SkinLevels

NAMES = ("hog", "centerface", "mtcnn")


def skin(
    there: tuple[float, float, float] = (1.0, 1.0, 1.0),
    removed: tuple[float, float, float] = (0.0, 0.0, 0.0),
    outside: tuple[float, float, float] = (0.0, 0.0, 0.0),
    *,
    vouched: bool = True,
    emptied: float = 1.0,
    background: float = 0.1,
    wound: float = 0.8,
) -> SkinLevels:
    """Upper face, nose, mouth and chin."""
    parts = (there, removed, (emptied,) * 3, outside)
    named = [dict(zip(FRONT, values, strict=True)) for values in parts]
    good = (1.0, 2.0) if vouched else ()
    cut = dict.fromkeys(FRONT, wound)
    return SkinLevels(*named, 1.0 if vouched else 0.2, 1.0, cut, background, good, 1.0)


WHOLE = skin()
CUT = skin((0.5, 0.0, 0.1), (0.1, 1.0, 0.9))
NOSELESS = skin((1.0, 0.0, 1.0), (0.0, 1.0, 0.0))
DROPPED = skin((0.5, 0.0, 0.1), (0.1, 1.0, 0.9), emptied=0.4)
MASKED = skin((0.5, 0.0, 0.1), (0.1, 1.0, 0.9), background=1.0)
FADED = skin((0.5, 0.0, 0.1), (0.1, 1.0, 0.9), background=1.0, wound=0.1)
VOID = skin((1.0, 0.6, 0.3), (0.0, 0.0, 0.6), background=1.0)
CROPPED = skin((0.3, 0.0, 0.0), outside=(0.7, 1.0, 1.0))
BROWS = skin((0.9, 0.0, 0.0), outside=(0.2, 1.0, 1.0))
DIM = skin((0.0, 0.0, 0.0), vouched=False)
EYES = skin((0.95, 0.0, 0.0), (0.0, 1.0, 1.0))
CHIN = skin((0.4, 0.0, 0.3), (0.2, 1.0, 0.66))
BESIDE = replace(CUT, standing={"left eye": 0.9, "right eye": 0.0})
ONE_JAW = replace(CUT, standing={"left jaw": 0.6, "right jaw": 0.3})
BOTH_JAWS = replace(CUT, standing={"left jaw": 0.6, "right jaw": 0.6, "left side": 0.7})
DUSTY = replace(CUT, left_over={**dict.fromkeys(FRONT, 0.0), "nose": 0.6})
THIN = skin((0.9, 0.6, 0.6))


@pytest.mark.parametrize(
    ("shares", "found", "answer"),
    [
        ((1, 1, 1), WHOLE, "face"),
        ((0, 1, 1), WHOLE, "face"),
        ((0, 0, 0), WHOLE, "face"),  # the skin of a face is there, whatever detectors say
        ((0, 0, 0), CUT, "gone"),
        ((0.4, 0.4, 0.4), CUT, "gone"),  # a few views only
        ((1, 0, 0), CUT, "unclear"),
        ((1, 1, 1), CUT, "unclear"),
        ((0, 0, 0), EYES, "part"),  # brows and eyes stand where they were
        ((0, 0, 0), CHIN, "part"),
        ((0, 0, 0), BESIDE, "part"),  # a mask that lies beside the face
        ((1, 0, 0), BESIDE, "unclear"),
        ((0, 0, 0), ONE_JAW, "part"),
        ((0, 0, 0), BOTH_JAWS, "gone"),  # what lies behind the region that a tool removes
        ((0, 0, 0), DUSTY, "unclear"),  # something thin in the emptied place
        ((0, 0, 0), DROPPED, "unclear"),  # signal that drops out, not a face that was removed
        ((1, 1, 0), DROPPED, "unclear"),
        ((0, 0, 0), MASKED, "gone"),  # all air has one value, but the cut is seen
        ((0, 0, 0), FADED, "unclear"),  # all air has one value, and the head only fades out
        ((0, 0, 0), NOSELESS, "part"),
        ((1, 1, 0), NOSELESS, "face"),
        ((1, 1, 1), NOSELESS, "face"),
        ((0, 0, 0), CROPPED, "outside"),
        ((0, 0, 0), BROWS, "unclear"),  # brows and eyes are in the image
        ((1, 1, 0), MASKED, "unclear"),
        ((1, 1, 0), VOID, "face"),  # a void of the signal, in air of one value
        ((1, 0, 0), CROPPED, "unclear"),
        ((1, 1, 0), CROPPED, "face"),
        ((0, 0, 0), DIM, "unclear"),  # the scalp is not seen either
        ((1, 1, 0), DIM, "face"),
        ((0, 0, 0), THIN, "unclear"),  # not where a template has it is not removed
        ((1, 1, 0), THIN, "face"),
    ],
)
def test_the_answer_takes_detectors_and_skin(
    shares: tuple[float, float, float], found: SkinLevels, answer: str
) -> None:
    assert judge_face(found, dict(zip(NAMES, shares, strict=True))).verdict == answer


def test_what_cannot_fade_out_needs_no_cut() -> None:
    nobody = dict.fromkeys(NAMES, 0.0)
    assert judge_face(FADED, nobody, fades=False).verdict == "gone"
    assert judge_face(FADED, nobody).code == "background_emptied"


@pytest.mark.parametrize("found", [CUT, NOSELESS, MASKED])
def test_what_is_not_surely_a_head_has_lost_no_face(found: SkinLevels) -> None:
    sight = judge_face(found, dict.fromkeys(NAMES, 0.0), sure=False)
    assert (sight.verdict, sight.code) == ("unclear", "no_brain")


shares = st.tuples(*[st.floats(0, 1)] * 3)


@given(shares, shares, shares, shares, st.booleans())
def test_gone_takes_positive_evidence_of_everything(
    there: tuple[float, float, float],
    removed: tuple[float, float, float],
    outside: tuple[float, float, float],
    seen: tuple[float, float, float],
    vouched: bool,
) -> None:
    found = skin(there, removed if vouched else (0.0, 0.0, 0.0), outside, vouched=vouched)
    sight = judge_face(found, dict(zip(NAMES, seen, strict=True)))
    assert sight.verdict in VERDICTS
    if sight.verdict == "gone":
        assert vouched
        assert max(seen) < 0.5
        assert found.removed["nose"] >= 0.5 or found.removed["mouth and chin"] >= 0.5
        assert found.there["nose"] < 0.5 or found.outside["nose"] >= 0.5
    if not any(share >= 0.5 for share in found.removed.values()):
        assert sight.verdict not in ("gone", "part")


@given(shares, shares, shares)
def test_more_skin_never_makes_a_face_go(
    there: tuple[float, float, float],
    removed: tuple[float, float, float],
    more: tuple[float, float, float],
) -> None:
    none = dict.fromkeys(NAMES, 0.0)
    before = judge_face(skin(there, removed), none).verdict
    added = tuple(min(a + b, 1.0) for a, b in zip(there, more, strict=True))
    after = judge_face(skin((added[0], added[1], added[2]), removed), none).verdict
    assert not (before != "gone" and after == "gone")


def test_a_level_that_vouches_for_nothing_is_no_evidence() -> None:
    lost = replace(CUT, good=(), removed=dict.fromkeys(FRONT, 0.0))
    assert judge_face(lost, dict.fromkeys(NAMES, 0.0)).verdict == "unclear"


def test_share_counts_scores_at_the_threshold() -> None:
    assert share_seen(np.array([0.5, 0.49, 0.6, -np.inf]), 0.5) == 0.5
