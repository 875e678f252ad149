"""Findings about duplicates in words and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headrisk.dataset.scans import Scan
from headrisk.duplicates.copies import STORED_AGAIN, CopyFinding
from headrisk.duplicates.mirrored import MIRRORED, MirrorFinding
from headrisk.duplicates.pairs import ENROLLED_AGAIN, WRONGLY_FILED, LabelFinding
from headrisk.duplicates.same_image import PairLook
from headrisk.linkage.evidence import Evidence, Kind
from headrisk.report.duplicates import TITLES, Suspicion, evidence_picture
from headrisk.report.model import ScanRow

KIND_NAMES: Mapping[Kind, str] = {
    "t1": "T1w with T1w",
    "alike": "another contrast with itself",
    "crossed": "two contrasts",
}
_HOW = {
    "same bytes": "The two files are identical byte for byte.",
    "same voxels": "The two files hold the same voxels; header, voxel type, brightness scale or "
    "storage order may differ.",
    "resampled": "After registration the two images share their noise, which separate scans do "
    "not: one seems to be a shifted, rotated or resampled copy of the other, or both come from a "
    "third image.",
}
Looks = Mapping[tuple[int, int], PairLook]


def suspicions(
    copies: Sequence[CopyFinding],
    wrong: Sequence[LabelFinding],
    mirrored: Sequence[MirrorFinding],
    usable: Sequence[int],
    scans: Sequence[Scan],
    rows: Sequence[ScanRow],
    looks: Looks,
) -> tuple[Suspicion, ...]:
    """All findings by kind, most probable first.

    Parameters
    ----------
    usable
        Positions among ``scans`` of those that label findings refer to.
    rows
        Report rows of all scans.
    looks
        What looking at two scans gave, by their positions among ``scans``.
    """
    found = [_of_copy(copy, scans, rows, looks) for copy in copies]
    found += [_of_labels(finding, usable, scans, rows, looks) for finding in wrong]
    found += [_of_mirrored(finding, scans, rows, looks) for finding in mirrored]
    order = list(TITLES)
    return tuple(sorted(found, key=lambda s: (order.index(s.what), -s.probability, s.shown)))


def _of_copy(
    copy: CopyFinding, scans: Sequence[Scan], rows: Sequence[ScanRow], looks: Looks
) -> Suspicion:
    first, second = scans[copy.first], scans[copy.second]
    text = _HOW[copy.how]
    if first.participant_id != second.participant_id:
        text += " They stand under two IDs: one of the labels is wrong."
    elif first.session_id != second.session_id:
        text += " They stand under two sessions of one ID."
    measure = "SHA-256 of the files" if copy.how == "same bytes" else "correlation of noise"
    return _of_pair("same-image", copy, measure, text, scans, rows, looks)


def _of_labels(
    finding: LabelFinding,
    usable: Sequence[int],
    scans: Sequence[Scan],
    rows: Sequence[ScanRow],
    looks: Looks,
) -> Suspicion:
    first, second = ([usable[k] for k in side] for side in (finding.first, finding.second))
    shown = usable[finding.shown[0]], usable[finding.shown[1]]
    match = None if finding.belongs_to is None else scans[usable[finding.belongs_to]]
    label, other = scans[first[0]].participant_id, scans[second[0]].participant_id
    if finding.what == "two-ids":
        text = f"The scans under {label} and those under {other} match like scans of one person."
        families = {scans[k].family_id for k in (*first, *second)}
        if len(families) == 1 and "" not in families:
            text += " The data set says that they belong to one family."
    else:
        text = (
            f"{_name(scans[shown[0]])} and {_name(scans[shown[1]])} stand under one ID but look "
            "like scans of two persons."
        )
        if match is not None:
            text += (
                f" The first matches {_name(match)}: scans may have been exchanged between the two"
                " IDs, or this one filed under the wrong ID."
            )
        elif len(first) == len(second):
            text += " Which of them is wrong cannot be told from the images."
    return Suspicion(
        what=finding.what,
        judgement=finding.judgement,
        probability=finding.probability,
        bound=finding.bound,
        measure=finding.measure,
        score=finding.score,
        first=tuple(rows[k] for k in first),
        second=tuple(rows[k] for k in second),
        belongs_to=match.scan_id if match else "",
        explanation=text,
        shown=(scans[shown[0]].scan_id, scans[shown[1]].scan_id),
        names=(_name(scans[shown[0]]), _name(scans[shown[1]])),
        **_picture(looks, shown),
    )


def _of_mirrored(
    finding: MirrorFinding, scans: Sequence[Scan], rows: Sequence[ScanRow], looks: Looks
) -> Suspicion:
    first, second = scans[finding.first], scans[finding.second]
    text = (
        f"The mirror image of {_name(first)} matches {_name(second)}, and the scan itself does "
        "not: one of the two shows left and right exchanged."
    )
    if finding.likely is not None:
        text += f" By the asymmetry of its halves it is rather {_name(scans[finding.likely])}."
    if first.participant_id != second.participant_id:
        text += " They stand under two IDs: one of the labels is wrong too."
    measure = "residual-correlation, one scan mirrored"
    return _of_pair("mirrored", finding, measure, text, scans, rows, looks)


def _of_pair(
    what: str,
    finding: CopyFinding | MirrorFinding,
    measure: str,
    text: str,
    scans: Sequence[Scan],
    rows: Sequence[ScanRow],
    looks: Looks,
) -> Suspicion:
    """A finding about two scans, whatever it is that they were found for."""
    pair = finding.first, finding.second
    first, second = (scans[k] for k in pair)
    return Suspicion(
        what=what,
        judgement=finding.judgement,
        probability=finding.probability,
        bound=finding.bound,
        measure=measure,
        score=finding.score,
        first=(rows[finding.first],),
        second=(rows[finding.second],),
        belongs_to="",
        explanation=text,
        shown=(first.scan_id, second.scan_id),
        names=(_name(first), _name(second)),
        **_picture(looks, pair),
    )


def _name(scan: Scan) -> str:
    session = f", session {scan.session_id}" if scan.session_id else ""
    return f"{scan.participant_id}{session} ({scan.suffix})"


def _picture(looks: Looks, pair: tuple[int, int]) -> dict[str, Any]:
    look = looks.get(pair) or looks.get((pair[1], pair[0]))
    if look is None:
        return {"problem": "one of the scans could not be prepared, or there are too many findings"}
    if not look.slices:
        return {"problem": look.problem}
    swapped = pair not in looks
    first, second = look.slices[::-1] if swapped else look.slices
    return {"picture": evidence_picture(first, second)}


def model_rows(evidence: Mapping[Kind, Evidence]) -> tuple[tuple[str, ...], ...]:
    """The score distributions used, as rows of text."""
    return tuple(
        (
            KIND_NAMES[kind],
            one.measure,
            f"{one.mated.location:.2f} ± {one.mated.scale:.2f}",
            one.mated_source,
            f"{one.nonmated.location:.2f} ± {one.nonmated.scale:.2f}",
            one.nonmated_source,
        )
        for kind, one in evidence.items()
    )


def prior_sentences() -> tuple[str, ...]:
    """What was assumed before any image was looked at."""
    return (
        f"One person in {ENROLLED_AGAIN} is enrolled again under another ID. The more IDs, the "
        "less probable is it for a given two of them.",
        f"One ID in {WRONGLY_FILED} holds a scan of somebody else, who is as probably another "
        "participant as a stranger.",
        f"One in {STORED_AGAIN} of the pairs similar enough to be compared voxel by voxel is one "
        "image stored twice.",
        f"One scan in {MIRRORED} is mirrored.",
        "These priors are assumptions; where your records suggest others, weigh the findings "
        "accordingly.",
    )


def caveats(
    evidence: Mapping[Kind, Evidence], resolution_mm: int, alignment: str
) -> tuple[str, ...]:
    """What limits the probabilities in this run."""
    shipped = [one for one in evidence.values() if "shipped" in one.mated_source]
    if shipped and (resolution_mm != 4 or alignment != "affine"):
        return (
            "Probabilities rest on shipped values that were measured at 4 mm after affine "
            f"alignment; this run used {resolution_mm} mm and {alignment} alignment, so take them "
            "as rough.",
        )
    return ()
