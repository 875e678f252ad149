"""The parts of a report that come from one linkage attack: scan rows, links, pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from headrisk.dataset.scans import Scan
from headrisk.linkage.assign import assign_one_to_one
from headrisk.linkage.design import Design
from headrisk.report.assemble import candidate_links
from headrisk.report.model import Internal, Link, Mosaic, ScanRow, ScoreMatrix, Table
from headrisk.statistics.summary import MeasureSummary
from headrisk.types import PairScores, ScanResult, Status, Verdict


def scan_rows(scans: Sequence[Scan], results: Sequence[ScanResult]) -> tuple[ScanRow, ...]:
    """Rows of ``internal/scans.tsv``, in the order of the scan table."""
    return tuple(
        scan_row(scan, result, result.quality, result.verdict)
        for scan, result in zip(scans, results, strict=True)
    )


class Prepared(Protocol):
    """What every modality's result tells of a scan."""

    @property
    def status(self) -> Status: ...
    @property
    def reason(self) -> str: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def seconds(self) -> float: ...


def scan_row(
    scan: Scan, result: Prepared, quality: float, verdict: Verdict, modality: str = "brain"
) -> ScanRow:
    """One row of ``internal/scans.tsv``."""
    return ScanRow(
        scan_id=scan.scan_id,
        participant_id=scan.participant_id,
        session_id=scan.session_id,
        path=scan.path,
        status=result.status,
        reason="; ".join(text for text in (result.reason, *result.notes) if text),
        seconds=round(result.seconds, 3),
        quality=quality,
        verdict=verdict,
        modality=modality,
    )


def internal_part(
    rows: tuple[ScanRow, ...],
    usable: Sequence[Scan],
    results: Sequence[ScanResult],
    design: Design | None,
    scores: Mapping[str, PairScores],
    summaries: Sequence[MeasureSummary],
    *,
    one_to_one: bool,
    notes: tuple[str, ...],
    tables: Mapping[str, Table] | None = None,
) -> Internal:
    """Everything that names a scan: links, score matrices, pictures.

    Parameters
    ----------
    rows
        Rows of all scans, failed ones included.
    usable, results
        The compared scans, to which the design's positions refer, and all results with pictures.
    one_to_one
        Accept only pairs that the one-to-one assignment of people joins.
    """
    matrices = () if design is None else _matrices(usable, design, scores)
    links: list[Link] = []
    for place, (matrix, summary) in enumerate(zip(matrices, summaries, strict=True)):
        rule = summary.thresholds.get("kde")
        threshold = None if rule is None else rule.value
        found = candidate_links(matrix, threshold, depth=5 if place == 0 else 1)
        if one_to_one and threshold is not None:
            found = _joined_only(found, matrix, threshold)
        links += found
    pictures = tuple(
        Mosaic(result.scan_id, result.verdict, result.quality, result.mosaic)
        for result in results
        if result.mosaic is not None
    )
    return Internal(
        scans=rows,
        links=tuple(links),
        mosaics=pictures,
        matrices=matrices,
        notes=notes,
        tables=tables or {},
    )


def compared_sentence(design: Design, contrasts: Sequence[str], sources: int) -> str:
    """Who was searched among whom, in words."""
    kinds = ", ".join(contrasts)
    if sources == 1:
        text = f"Every {kinds} scan was searched among all scans of other sessions."
    else:
        text = f"Every {kinds} scan of the data set was searched among the scans of the others."
    if design.copies:
        left_out = (
            "pair of identical files was" if design.copies == 1 else "pairs of identical files were"
        )
        text += f" {design.copies} {left_out} left out."
    return text


def _matrices(
    usable: Sequence[Scan], design: Design, scores: Mapping[str, PairScores]
) -> tuple[ScoreMatrix, ...]:
    probes = tuple(usable[k].scan_id for k in design.probes)
    gallery = tuple(usable[k].scan_id for k in design.gallery)
    return tuple(ScoreMatrix(one, probes, gallery) for one in scores.values())


def _joined_only(
    links: tuple[Link, ...], matrix: ScoreMatrix, threshold: float
) -> tuple[Link, ...]:
    joined = assign_one_to_one(matrix.scores, threshold)
    pairs = set(zip(joined.probe_person.tolist(), joined.gallery_person.tolist(), strict=True))
    probe = dict(zip(matrix.probe_ids, matrix.scores.probe_person.tolist(), strict=True))
    found = dict(zip(matrix.gallery_ids, matrix.scores.gallery_person.tolist(), strict=True))
    return tuple(
        replace(link, decision="no link")
        if link.decision == "link" and (probe[link.probe], found[link.gallery]) not in pairs
        else link
        for link in links
    )
