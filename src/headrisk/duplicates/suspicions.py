"""Findings about duplicates for the custodian: each with its explanation and its picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrisk.dataset.scans import Scan
from headrisk.duplicates.copies import STORED_AGAIN, CopyFinding, PairLook
from headrisk.duplicates.pairs import (
    ENROLLED_AGAIN,
    MIRRORED,
    WRONGLY_FILED,
    LabelFinding,
    MirrorFinding,
)
from headrisk.findings.duplicates import Suspicion
from headrisk.findings.records import ScanRow
from headrisk.linkage.evidence import Evidence, Kind
from headrisk.report.words import duplicates as words
from headrisk.types import Float32Array

_SQUARE = 24  # pixels of a checkerboard field
_GAP = 6
_EQUAL, _BRIGHTER, _DARKER = (
    np.array(colour, float) for colour in ((48, 48, 48), (255, 170, 60), (80, 160, 255))
)
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
    order = list(words.TITLES)
    return tuple(sorted(found, key=lambda s: (order.index(s.what), -s.probability, s.shown)))


def _of_copy(
    copy: CopyFinding, scans: Sequence[Scan], rows: Sequence[ScanRow], looks: Looks
) -> Suspicion:
    first, second = scans[copy.first], scans[copy.second]
    text = words.copy_explanation(
        copy.how,
        two_ids=first.participant_id != second.participant_id,
        two_sessions=first.session_id != second.session_id,
    )
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
        families = {scans[k].family_id for k in (*first, *second)}
        related = len(families) == 1 and "" not in families
        text = words.two_ids_explanation(label, other, related=related)
    else:
        text = words.two_persons_explanation(
            (_name(scans[shown[0]]), _name(scans[shown[1]])),
            None if match is None else _name(match),
            even=len(first) == len(second),
        )
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
    text = words.mirrored_explanation(
        (_name(first), _name(second)),
        None if finding.likely is None else _name(scans[finding.likely]),
        two_ids=first.participant_id != second.participant_id,
    )
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
    return words.scan_name(scan.participant_id, scan.session_id, scan.suffix)


def _picture(looks: Looks, pair: tuple[int, int]) -> dict[str, Any]:
    look = looks.get(pair) or looks.get((pair[1], pair[0]))
    if look is None:
        return {"problem": words.NO_PICTURE}
    if not look.slices:
        return {"problem": look.problem}
    swapped = pair not in looks
    first, second = look.slices[::-1] if swapped else look.slices
    return {"picture": evidence_picture(first, second)}


def model_rows(evidence: Mapping[Kind, Evidence]) -> tuple[tuple[str, ...], ...]:
    """The score distributions used, as rows of text."""
    return tuple(
        (
            words.KIND_NAMES[kind],
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
    return words.priors(ENROLLED_AGAIN, WRONGLY_FILED, STORED_AGAIN, MIRRORED)


def caveats(
    evidence: Mapping[Kind, Evidence], resolution_mm: int, alignment: str
) -> tuple[str, ...]:
    """What limits the probabilities in this run."""
    shipped = [one for one in evidence.values() if "shipped" in one.mated_source]
    if shipped and (resolution_mm != 4 or alignment != "affine"):
        return (words.shipped_caveat(resolution_mm, alignment),)
    return ()


def evidence_picture(
    first: tuple[Float32Array, ...], second: tuple[Float32Array, ...]
) -> NDArray[np.uint8]:
    """Aligned slices: first, second, both as a checkerboard, and their difference.

    Each argument holds pictures 0..1 of the same planes. One row for each plane. The second scan
    is brought to the first one's mean and spread before the two are joined. In the difference,
    dark grey is equal, blue is darker and orange is brighter in the second.
    """
    inside = [(a > 0) & (b > 0) for a, b in zip(first, second, strict=True)]
    values_a, values_b = (
        np.concatenate([image[mask] for image, mask in zip(images, inside, strict=True)])
        for images in (first, second)
    )
    gain, offset = 1.0, 0.0
    if values_a.size and values_b.std() > 0:
        gain = float(values_a.std() / values_b.std())
        offset = float(values_a.mean() - gain * values_b.mean())
    width = max(image.shape[1] for image in first) + _GAP
    rows = []
    for a, b in zip(first, second, strict=True):
        matched = np.where(b > 0, np.clip(gain * b + offset, 0, 1), 0).astype(np.float32)
        tiles = [_grey(a), _grey(matched), _checkerboard(a, matched), _difference(a, matched)]
        rows.append(np.concatenate([_centred(tile, width) for tile in tiles], axis=1))
    return np.concatenate(rows, axis=0)


def _centred(tile: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    spare = width - tile.shape[1]
    return np.pad(tile, ((0, _GAP), (spare // 2, spare - spare // 2), (0, 0)))


def _grey(image: Float32Array) -> NDArray[np.uint8]:
    return np.repeat((255 * image).astype(np.uint8)[:, :, None], 3, axis=2)


def _checkerboard(a: Float32Array, b: Float32Array) -> NDArray[np.uint8]:
    row, column = np.indices(a.shape)
    odd = (row // _SQUARE + column // _SQUARE) % 2 == 1
    return _grey(np.where(odd, b, a))


def _difference(a: Float32Array, b: Float32Array) -> NDArray[np.uint8]:
    part = np.clip(2 * (b - a), -1, 1)[:, :, None]
    colour = np.where(part > 0, _BRIGHTER, _DARKER)
    mixed = _EQUAL + np.abs(part) * (colour - _EQUAL)
    brain = ((a > 0) | (b > 0))[:, :, None]
    return np.where(brain, mixed, 0).astype(np.uint8)
