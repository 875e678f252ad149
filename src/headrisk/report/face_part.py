"""The parts of a report that come from faces: panels, photograph tables, ranked candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Protocol

import numpy as np

from headrisk.dataset.scans import Scan
from headrisk.face.detect.registry import detectors
from headrisk.face.head import HeadResult
from headrisk.face.photo_table import Photo
from headrisk.face.presence import ANSWERS, FEWEST_SEEN, share_seen
from headrisk.face.recognise.protocol import Recogniser
from headrisk.face.scores import FaceScores
from headrisk.heads.template_face import PARTS
from headrisk.linkage.assign import list_links
from headrisk.report.assemble import candidate_links
from headrisk.report.claims_part import face_left
from headrisk.report.coarse import ranged as small
from headrisk.report.coarse import ranged_parts, share_above
from headrisk.report.linkage_part import scan_row
from headrisk.report.model import Internal, Link, Mosaic, Panel, ScanRow, ScoreMatrix, Table, Value
from headrisk.statistics.rates import mate_ranks, person_means
from headrisk.statistics.summary import MeasureSummary
from headrisk.types import PairScores, Verdict

DEPTH = 50  # candidates listed for each person, as the published service gave
VERDICTS = {
    "full": "whole face",
    "partial": "part of a face: the rest removed",
    "partly outside": "part of a face: the rest outside the image",
    "none": "no face: removed",
    "cropped": "no face: outside the image",
    "unknown": "no skin surface",
}


class Searched(Protocol):
    """Who was searched for among which scans."""

    @property
    def sets(self) -> tuple[str, ...]: ...
    @property
    def gallery(self) -> tuple[int, ...]: ...


def scan_rows(
    scans: Sequence[Scan], heads: Sequence[HeadResult], modality: str = "face"
) -> tuple[ScanRow, ...]:
    """Rows of ``internal/scans.tsv``; quality is the share of the face that is left."""
    return tuple(
        scan_row(
            scan,
            head,
            0.0 if head.coverage is None else round(head.coverage.total, 4),
            _verdict(head),
            modality,
        )
        for scan, head in zip(scans, heads, strict=True)
    )


def _verdict(head: HeadResult) -> Verdict:
    if head.status == "failed":
        return "failed"
    return "ok" if head.coverage is not None and head.coverage.verdict == "full" else "doubtful"


def internal_part(
    rows: tuple[ScanRow, ...],
    heads: Sequence[HeadResult],
    gallery: tuple[str, ...],
    sets: tuple[str, ...],
    scores: Mapping[str, PairScores],
    summaries: Sequence[MeasureSummary],
    *,
    notes: tuple[str, ...],
    tables: Mapping[str, Table],
) -> Internal:
    """Everything that names a person or a scan: candidates, matrices, renders, photographs."""
    probes = tuple(f"photographs of {label}" for label in sets)
    return scans_internal(
        rows, heads, probes, gallery, scores, summaries, notes=notes, tables=tables, depth=DEPTH
    )


def scans_internal(
    rows: tuple[ScanRow, ...],
    heads: Sequence[HeadResult],
    probes: tuple[str, ...],
    gallery: tuple[str, ...],
    scores: Mapping[str, PairScores],
    summaries: Sequence[MeasureSummary],
    *,
    notes: tuple[str, ...],
    tables: Mapping[str, Table],
    depth: int = 5,
) -> Internal:
    """The same for any probes; ``depth`` candidates of each are listed under the first measure."""
    matrices = tuple(ScoreMatrix(one, probes, gallery) for one in scores.values())
    links: list[Link] = []
    for place, (matrix, summary) in enumerate(zip(matrices, summaries, strict=True)):
        rule = summary.thresholds.get("kde")
        listed = depth if place == 0 else 1
        links += candidate_links(matrix, rule.value if rule else None, depth=listed)
    pictures = tuple(
        Mosaic(head.scan_id, row.verdict, row.quality or 0.0, head.picture, row.modality)
        for head, row in zip(heads, rows, strict=True)
        if head.picture is not None
    )
    return Internal(
        scans=rows,
        links=tuple(links),
        mosaics=pictures,
        matrices=matrices,
        notes=notes,
        tables=tables,
    )


def face_tables(
    scans: Sequence[Scan],
    heads: Sequence[HeadResult],
    photos: Sequence[Photo],
    search: Searched,
    scores: Mapping[str, PairScores],
    found: Mapping[str, FaceScores],
) -> dict[str, Table]:
    """Internal tables: every photograph, every head, and the ranked candidates of each person."""
    names = list(detectors())
    faces = Table(
        (
            "scan_id",
            "status",
            "reason",
            "coverage",
            *(f"seen_by_{name}" for name in names),
            "face_left",
        ),
        tuple(
            (
                scan.scan_id,
                head.status,
                head.reason,
                None if head.coverage is None else head.coverage.verdict,
                *(_share_seen(head, name) for name in names),
                face_left(head),
            )
            for scan, head in zip(scans, heads, strict=True)
        ),
    )
    tables = {"faces": faces}
    if photos:
        rows = tuple((p.participant_id, p.path, p.consent_id, p.status, p.reason) for p in photos)
        columns = ("participant_id", "path", "consent_id", "status", "reason")
        tables["photographs"] = Table(columns, rows)
    if scores:
        name = next(iter(scores))
        tables["candidates"] = _candidates(scans, search, scores[name], found[name])
    return tables


def _candidates(
    scans: Sequence[Scan], search: Searched, scores: PairScores, found: FaceScores
) -> Table:
    """The first candidates for every person's photographs, with confidence."""
    links = list_links(scores, None, DEPTH)
    rows: list[tuple[Value, ...]] = []
    for probe, column, score, rank in zip(
        links.probe, links.gallery, links.score, links.rank, strict=True
    ):
        sure = None if found.confidence is None else float(found.confidence[probe, column])
        scan = scans[search.gallery[column]]
        rows.append((search.sets[probe], scan.scan_id, int(rank), float(score), sure))
    return Table(("participant_id", "candidate", "rank", "score", "confidence"), tuple(rows))


def face_panels(
    heads: Sequence[HeadResult],
    photos: Sequence[Photo],
    asked: Sequence[Recogniser],
    scores: Mapping[str, PairScores],
) -> dict[Panel, Table]:
    """The questions beside the rates: is a face left, who recognised, do networks agree."""
    panels = [_presence(heads), _coverage(heads), _models(asked)]
    if photos:
        panels.append(_photographs(photos))
    networks = [f"{one.name}-svm" for one in asked if f"{one.name}-svm" in scores]
    if len(networks) > 1:
        panels.append(_agreement([scores[name] for name in networks]))
    return dict(panels)


def _presence(heads: Sequence[HeadResult]) -> tuple[Panel, Table]:
    rows: list[tuple[Value, ...]] = []
    said = []
    looked = [head for head in heads if head.seen]
    for name in detectors():
        shares = [_share_seen(head, name) for head in looked]
        seen = sum(share is not None and share >= FEWEST_SEEN for share in shares)
        known = [share for share in shares if share is not None]
        mean = float(np.mean(known)) if known else None
        mean = None if mean is None else share_above(mean, len(known))
        rows.append((name, len(looked), small(seen, len(looked)), mean))
        said.append(f"{name} in {small(seen, len(looked))}")
    together = Counter(face_left(head) for head in looked)
    order = tuple(reversed(ANSWERS))
    ranges = ranged_parts(tuple(together[text] for text in (*order, None)))
    shown = dict(zip(order, ranges, strict=False))
    rows += [(f"together: {text}", len(looked), shown[text], None) for text in ANSWERS]
    answer = (
        f"Of {len(looked)} scans with a skin surface, a face is seen by {', '.join(said)}. Each "
        "detector answers for itself. Together, a face is left where two of them or more see it in "
        f"most renders and skin of a face is there: in {shown['yes']}; it is gone in "
        f"{shown['no']}, and {shown['unclear']} are unclear, which is no "
        "protection."
        if looked
        else "No scan has a skin surface to look at."
    )
    columns = ("detector", "scans_looked_at", "scans_with_a_face", "share_of_renders")
    return Panel("presence", "Is there a face left?", answer), Table(columns, tuple(rows))


def _share_seen(head: HeadResult, name: str) -> float | None:
    """Share of the presence renders in which a detector saw a face at its own threshold."""
    if name not in head.seen:
        return None
    return share_seen(head.seen[name], detectors()[name].threshold)


def _coverage(heads: Sequence[HeadResult]) -> tuple[Panel, Table]:
    counted = Counter(_kind(head) for head in heads)
    known = [head.coverage for head in heads if head.coverage is not None]
    shown = dict(
        zip(VERDICTS, ranged_parts(tuple(counted[verdict] for verdict in VERDICTS)), strict=True)
    )
    rows: list[tuple[Value, ...]] = [
        (text, shown[verdict], None) for verdict, text in VERDICTS.items()
    ]
    rows += [
        (
            f"mean share left: {part}",
            None,
            share_above(float(np.mean([c.parts[part] for c in known])), len(known)),
        )
        for part in PARTS
        if known
    ]
    answer = (
        f"{shown['full']} of {len(heads)} scans still have the skin of a whole face where "
        "a template head has it. A face that was replaced by another counts as there."
    )
    title = "How much skin of the face is left?"
    return Panel("coverage", title, answer), Table(("verdict", "scans", "share"), tuple(rows))


def _kind(head: HeadResult) -> str:
    """The line of :data:`VERDICTS` that a head counts in."""
    left = head.coverage
    if left is None:
        return "unknown"
    return "partly outside" if left.verdict == "partial" and left.cut_off else left.verdict


def _models(asked: Sequence[Recogniser]) -> tuple[Panel, Table]:
    rows = tuple((one.name, one.model, one.digest[:16] or "none", one.licence) for one in asked)
    answer = (
        "Results hold for these models; a stronger one may find more people. The methods give each "
        "digest in full."
    )
    columns = ("recogniser", "model", "weights_sha256", "licence")
    return Panel("recognisers", "Which recognisers were asked?", answer), Table(columns, rows)


def _photographs(photos: Sequence[Photo]) -> tuple[Panel, Table]:
    counted: Counter[str] = Counter(photo.status for photo in photos)
    order = ("ok", "unknown person", "refused", "failed")
    shown = dict(zip(order, ranged_parts(tuple(counted[status] for status in order)), strict=True))
    rows = tuple(shown.items())
    answer = (
        f"{len(photos)} photographs were listed; {shown['ok']} could be used. Photographs "
        "without a valid consent are refused; one in which no face is found is a failure to "
        "acquire, not a failed match."
    )
    return (
        Panel("photographs", "What became of the photographs?", answer),
        Table(("status", "photographs"), rows),
    )


def _agreement(networks: Sequence[PairScores]) -> tuple[Panel, Table]:
    """How many people each of two networks finds; disagreement is shown, not averaged away."""
    rows: list[tuple[Value, ...]] = []
    said = []
    for first, second in combinations(networks, 2):
        found = _found(first), _found(second)
        people = sorted(set(found[0]) & set(found[1]))
        cells = Counter((found[0][p] >= 0.5, found[1][p] >= 0.5) for p in people)
        order = ((True, True), (True, False), (False, True), (False, False))
        both, one, other, neither = ranged_parts(tuple(cells[cell] for cell in order))
        rows.append((first.measure, second.measure, both, one, other, neither))
        said.append(
            f"Of {len(people)} people searched for by both {first.measure} and {second.measure}, "
            f"{both} are found by both, {one} by the first alone, {other} by the second alone and "
            f"{neither} by neither."
        )
    answer = f"{' '.join(said)} Protection against one network is none against another."
    return (
        Panel("agreement", "Do two networks find the same people?", answer),
        Table(
            ("first", "second", "found_by_both", "by_first_alone", "by_second_alone", "by_neither"),
            tuple(rows),
        ),
    )


def _found(scores: PairScores) -> dict[int, float]:
    ranks = mate_ranks(scores)
    people, means = person_means(ranks.within(1), ranks.person)[:2]
    return {int(p): float(m) for p, m in zip(people, means, strict=True)}
