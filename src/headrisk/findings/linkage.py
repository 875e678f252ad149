"""The parts of a report that come from one linkage attack: scan rows, links, pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from headrisk.dataset.scans import Scan
from headrisk.findings.records import Internal, Link, Mosaic, ScanRow, ScoreMatrix, Table
from headrisk.linkage.whole_sets import assign_one_to_one, list_links
from headrisk.statistics.large import SummedScores
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


def mosaics(results: Sequence[ScanResult]) -> tuple[Mosaic, ...]:
    """A picture of every brain that was prepared."""
    return tuple(
        Mosaic(result.scan_id, result.verdict, result.quality, result.mosaic)
        for result in results
        if result.mosaic is not None
    )


def internal_part(
    rows: tuple[ScanRow, ...],
    probes: tuple[str, ...],
    gallery: tuple[str, ...],
    scores: Mapping[str, PairScores | SummedScores],
    summaries: Sequence[MeasureSummary],
    *,
    one_to_one: bool,
    attack: str = "",
    depth: int = 5,
    pictures: tuple[Mosaic, ...] = (),
    notes: tuple[str, ...] = (),
    tables: Mapping[str, Table] | None = None,
) -> Internal:
    """Everything that names a scan: links, score matrices, pictures.

    Parameters
    ----------
    rows
        Rows of all scans, failed ones included.
    probes, gallery
        Names of the rows and columns of the scores.
    one_to_one
        Accept only pairs that the one-to-one assignment of people joins.
    attack
        Name of the attack.
    depth
        Candidates listed for each probe under the first measure; one under the others.
    """
    matrices: list[ScoreMatrix] = []
    links: list[Link] = []
    for place, (one, summary) in enumerate(zip(scores.values(), summaries, strict=True)):
        rule = summary.thresholds.get("kde")
        threshold, listed = None if rule is None else rule.value, depth if place == 0 else 1
        if not isinstance(one, PairScores):
            links += summed_links(one, probes, gallery, threshold, listed)
            continue
        matrix = ScoreMatrix(one, probes, gallery)
        matrices.append(matrix)
        found = candidate_links(matrix, threshold, depth=listed)
        if one_to_one and threshold is not None:
            found = _joined_only(found, matrix, threshold)
        links += found
    return Internal(
        scans=rows,
        links=tuple(replace(link, attack=attack) for link in links),
        mosaics=pictures,
        matrices=tuple(matrices),
        notes=notes,
        tables=tables or {},
    )


def summed_links(
    scores: SummedScores,
    probes: tuple[str, ...],
    gallery: tuple[str, ...],
    threshold: float | None,
    depth: int,
) -> tuple[Link, ...]:
    """The same as :func:`candidate_links` from the best candidates that a summary keeps."""
    pairs, sides = scores.pairs, scores.pairs.sides
    links = []
    for row, (top, values) in enumerate(zip(pairs.top, pairs.top_scores, strict=True)):
        for column, score in zip(top[:depth], values[:depth], strict=True):
            if column < 0:
                break
            accepted = threshold is not None and score >= threshold
            links.append(
                Link(
                    probes[row],
                    gallery[column],
                    scores.measure,
                    float(score),
                    1 + int(np.count_nonzero(values > score)),
                    "undecided" if threshold is None else "link" if accepted else "no link",
                    bool(sides.probe_person[row] == sides.gallery_person[column]),
                )
            )
    return tuple(links)


def candidate_links(
    matrix: ScoreMatrix, threshold: float | None, depth: int = 5
) -> tuple[Link, ...]:
    """The first candidate people of every searched scan, with the decision at a threshold.

    The candidate scan is the person's most similar one; tied people share the better rank. The
    decision is ``link``, ``no link``, or ``undecided`` where there is no threshold.
    """
    scores = matrix.scores
    found = list_links(scores, threshold, depth)
    return tuple(
        Link(
            matrix.probe_ids[row],
            matrix.gallery_ids[column],
            scores.measure,
            float(score),
            int(rank),
            "undecided" if threshold is None else "link" if accepted else "no link",
            bool(scores.probe_person[row] == scores.gallery_person[column]),
        )
        for row, column, score, rank, accepted in zip(
            found.probe, found.gallery, found.score, found.rank, found.accepted, strict=True
        )
    )


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
