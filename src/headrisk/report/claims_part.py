"""Was it done? Scans that their data set calls defaced, beside the face that is still in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from headrisk.dataset.face_claims import claims_replacement
from headrisk.dataset.scans import Scan
from headrisk.face import presence as rule
from headrisk.face.detect.registry import detectors
from headrisk.face.head import HeadResult
from headrisk.face.presence import Presence
from headrisk.report.coarse import ranged, ranged_parts
from headrisk.report.model import Panel, Table, Value

Found = Literal["whole", "part", "unclear", "replaced", "gone", "unknown"]
FOUND: dict[Found, str] = {
    "whole": "a whole face is there: not defaced",
    "part": "part of the face is there: half defaced",
    "unclear": "detectors and skin disagree: look at it",
    "replaced": "a face is there, said to be another one: one scan cannot tell",
    "gone": "no face found",
    "unknown": "could not be looked at",
}
UNKEPT: tuple[Found, ...] = ("whole", "part", "unclear")


def sees(head: HeadResult, detector: str) -> bool:
    """Whether a detector sees a face in at least half of a head's presence renders."""
    scores = head.seen.get(detector)
    if scores is None:
        return False
    return rule.sees(scores, detectors()[detector].threshold)


def face_left(head: HeadResult) -> Presence | None:
    """The answer of detectors and skin together; None where there is no surface to look at."""
    if head.coverage is None:
        return None
    thresholds = {name: one.threshold for name, one in detectors().items()}
    return rule.presence(head.seen, thresholds, head.coverage)


def what_is_there(scan: Scan, head: HeadResult) -> Found:
    """What was found in a scan that is called defaced or refaced."""
    answer = face_left(head)
    if answer is None or head.coverage is None:
        return "unknown"
    if answer == "no":
        return "gone"
    if claims_replacement(scan.face_claim):
        return "replaced"
    if head.coverage.verdict == "full":
        return "whole"
    return "part" if answer == "yes" else "unclear"


def claims_panel(scans: Sequence[Scan], heads: Sequence[HeadResult]) -> dict[Panel, Table]:
    """The public answer, in counts; nothing where no scan is called defaced."""
    counted = Counter(
        what_is_there(scan, head)
        for scan, head in zip(scans, heads, strict=True)
        if scan.face_claim
    )
    claimed = sum(counted.values())
    if not claimed:
        return {}
    unkept = sum(counted[found] for found in UNKEPT)
    answer = (
        f"The data set says of {claimed} of {len(scans)} scans that the face was removed or "
        f"replaced. In {ranged(unkept, claimed)} of them a face, or part of one, is or may be there"
        + (": do not share these before they are treated; the internal list names them." if unkept
           else ".")
    )  # fmt: skip
    shown = ranged_parts(tuple(counted[found] for found in FOUND))
    rows: tuple[tuple[Value, ...], ...] = tuple(zip(FOUND.values(), shown, strict=True))
    panel = Panel("claims", "Called defaced: was it done?", answer)
    return {panel: Table(("found", "scans"), rows)}


def claims_table(scans: Sequence[Scan], heads: Sequence[HeadResult]) -> dict[str, Table]:
    """The custodian's list: every scan that is called defaced and shows a face or part of one."""
    rows = tuple(
        (
            scan.scan_id,
            scan.path,
            scan.face_claim,
            FOUND[found],
            "" if head.coverage is None else head.coverage.reason,
            ", ".join(name for name in head.seen if sees(head, name)) or "none",
        )
        for scan, head in zip(scans, heads, strict=True)
        if scan.face_claim and (found := what_is_there(scan, head)) not in ("gone", "replaced")
    )
    columns = ("scan_id", "path", "said", "found", "skin", "seen_by")
    return {"not-defaced": Table(columns, rows)} if rows else {}
