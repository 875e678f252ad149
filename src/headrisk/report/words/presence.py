"""Sentences about faces that are left in scans, and about scans that are called defaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from headrisk.report.words.phrases import counted

Found = Literal["whole", "part", "unclear", "replaced", "gone", "unknown"]
FOUND: dict[Found, str] = {
    "whole": "a whole face is there: not defaced",
    "part": "part of the face is there: half defaced",
    "unclear": "detectors and skin disagree: look at it",
    "replaced": "a face is there, said to be another one: one scan cannot tell",
    "gone": "no face found",
    "unknown": "could not be looked at",
}
COVERAGE = {
    "full": "whole face",
    "partial": "part of a face: the rest removed",
    "partly outside": "part of a face: the rest outside the image",
    "none": "no face: removed",
    "cropped": "no face: outside the image",
    "unknown": "no skin surface",
}
PANELS = {
    "presence": "Is there a face left?",
    "coverage": "How much skin of the face is left?",
    "claims": "Called defaced: was it done?",
}


def presence_answer(looked: int, seen: Sequence[tuple[str, str]], left: Mapping[str, str]) -> str:
    """Whether faces are left, over all scans that could be looked at.

    Parameters
    ----------
    looked
        Scans with a skin surface.
    seen
        Each detector and in how many scans it sees a face, as a range of counts.
    left
        Ranges of counts by ``yes``, ``no`` and ``unclear``: detectors and skin together.
    """
    if not looked:
        return "No scan has a skin surface to look at."
    told = ", ".join(f"{name} in {count}" for name, count in seen)
    return (
        f"Of {counted(looked, 'scan')} with a skin surface, a face is seen by {told}. Each "
        "detector answers for itself. Together, a face is left where two of them or more see it in "
        f"most renders and skin of a face is there: in {left['yes']}; it is gone in "
        f"{left['no']}, and {left['unclear']} are unclear, which is no "
        "protection."
    )


def coverage_answer(whole: str, scans: int) -> str:
    """How many scans keep a whole face's skin; ``whole`` is a range of counts."""
    return (
        f"{whole} of {counted(scans, 'scan')} still have the skin of a whole face where "
        "a template head has it. A face that was replaced by another counts as there."
    )


def claims_answer(claimed: int, scans: int, unkept: str, *, any_unkept: bool) -> str:
    """Of scans called defaced, in how many a face may be; ``unkept`` is a range of counts."""
    what = (
        ": do not share these before they are de-identified; the internal list names them."
        if any_unkept
        else "."
    )
    return (
        f"The data set says of {claimed} of {counted(scans, 'scan')} that the face was removed or "
        f"replaced. In {unkept} of them a face, or part of one, is or may be there{what}"
    )
