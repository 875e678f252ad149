"""What the face attack tells beside its rates: panels, photograph tables, ranked candidates.

Among the panels is the question whether scans that their data set calls defaced show a face.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Protocol

import numpy as np

from headrisk.dataset.face_claims import claims_replacement
from headrisk.dataset.scans import Scan
from headrisk.face.detect.registry import detectors
from headrisk.face.head import HeadResult
from headrisk.face.photo_table import Photo
from headrisk.face.presence import (
    FEWEST_SEEN,
    VERDICTS,
    FaceVerdict,
    face_left,
    seen_by,
    share_seen,
)
from headrisk.face.recognise.protocol import Recogniser
from headrisk.face.scores import FaceScores
from headrisk.findings.coarse import ranged_parts, share_above
from headrisk.findings.linkage import scan_row
from headrisk.findings.records import (
    TOGETHER,
    Mosaic,
    Panel,
    ScanRow,
    Table,
    Value,
)
from headrisk.heads.average import PARTS
from headrisk.linkage.whole_sets import list_links
from headrisk.report.words import face as face_words
from headrisk.report.words import presence as words
from headrisk.statistics.rates import mate_ranks, person_means
from headrisk.types import PairScores, Verdict

NO_SURFACE = ("none", "cropped")  # nothing to render
DEPTH = 50  # candidates listed for each person, as the published service gave

UNKEPT: tuple[words.Found, ...] = ("whole", "part", "unclear", "unknown")


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
            in_words(head),
            0.0 if head.coverage is None else round(head.coverage.total, 4),
            _verdict(head),
            modality,
        )
        for scan, head in zip(scans, heads, strict=True)
    )


def in_words(head: HeadResult) -> HeadResult:
    """The same with what was seen of the head told in its reason and notes."""
    left, sight = head.coverage, head.sight
    if head.reason or sight is None:
        return head
    skin = "" if left is None else words.skin_sentence(left.removed, left.cropped, left.still_there)
    if head.status == "failed":
        lost = sight.verdict == "unclear" and left is not None and left.verdict in NO_SURFACE
        return replace(head, reason=words.unusable(sight.code, skin if lost else ""))
    reason = "" if head.templates else words.SAID[sight.code]
    told = left is not None and left.verdict != "full"
    return replace(head, reason=reason, notes=(*head.notes, skin) if told else head.notes)


def _verdict(head: HeadResult) -> Verdict:
    if head.status == "failed":
        return "failed"
    return "ok" if head.sight is not None and head.sight.verdict != "unclear" else "doubtful"


def portraits(
    scans: Sequence[Scan], heads: Sequence[HeadResult], modality: str = "face"
) -> tuple[Mosaic, ...]:
    """A picture of every head that was looked at."""
    rows = scan_rows(scans, heads, modality)
    return tuple(
        Mosaic(head.scan_id, row.verdict, row.quality or 0.0, head.picture, row.modality)
        for head, row in zip(heads, rows, strict=True)
        if head.picture is not None
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
                in_words(head).reason,
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
        rows.append((name, len(looked), seen, mean))
        said.append((name, seen))
    judged = [head for head in heads if head.sight is not None]
    together = Counter(face_left(head) for head in judged)
    left = {str(text): together[text] for text in VERDICTS}
    rows += [(f"{TOGETHER}{text}", len(judged), count, None) for text, count in left.items()]
    answer = words.presence_answer(len(looked), len(judged), said, left)
    columns = ("detector", "scans_looked_at", "scans_with_a_face", "share_of_renders")
    return Panel("presence", words.PANELS["presence"], answer), Table(columns, tuple(rows))


def _share_seen(head: HeadResult, name: str) -> float | None:
    """Share of the presence renders in which a detector saw a face at its own threshold."""
    if name not in head.seen:
        return None
    return share_seen(head.seen[name], detectors()[name].threshold)


def _coverage(heads: Sequence[HeadResult]) -> tuple[Panel, Table]:
    counted = Counter(_kind(head) for head in heads)
    known = [head.coverage for head in heads if head.coverage is not None]
    rows: list[tuple[Value, ...]] = [
        (text, counted[verdict], None) for verdict, text in words.COVERAGE.items()
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
    answer = words.coverage_answer(counted["full"], len(heads))
    return Panel("coverage", words.PANELS["coverage"], answer), Table(
        ("verdict", "scans", "share"), tuple(rows)
    )


def _kind(head: HeadResult) -> str:
    """The line of ``COVERAGE`` that a head counts in."""
    left = head.coverage
    if left is None:
        return "unknown"
    return "partly outside" if left.verdict == "partial" and left.cut_off else left.verdict


def _models(asked: Sequence[Recogniser]) -> tuple[Panel, Table]:
    rows = tuple((one.name, one.model, one.digest[:16] or "none", one.licence) for one in asked)
    columns = ("recogniser", "model", "weights_sha256", "licence")
    return Panel("recognisers", face_words.PANELS["recognisers"], face_words.MODELS), Table(
        columns, rows
    )


def _photographs(photos: Sequence[Photo]) -> tuple[Panel, Table]:
    counted: Counter[str] = Counter(photo.status for photo in photos)
    order = ("ok", "unknown person", "refused", "failed")
    shown = dict(zip(order, ranged_parts(tuple(counted[status] for status in order)), strict=True))
    rows = tuple(shown.items())
    answer = face_words.photographs_answer(len(photos), shown["ok"])
    return (
        Panel("photographs", face_words.PANELS["photographs"], answer),
        Table(("status", "photographs"), rows),
    )


def _agreement(networks: Sequence[PairScores]) -> tuple[Panel, Table]:
    """How many people each of two networks finds; disagreement is shown, not averaged away."""
    rows: list[tuple[Value, ...]] = []
    pairs: list[face_words.Agreement] = []
    for first, second in combinations(networks, 2):
        found = _found(first), _found(second)
        people = sorted(set(found[0]) & set(found[1]))
        cells = Counter((found[0][p] >= 0.5, found[1][p] >= 0.5) for p in people)
        order = ((True, True), (True, False), (False, True), (False, False))
        counts = ranged_parts(tuple(cells[cell] for cell in order))
        rows.append((first.measure, second.measure, *counts))
        pairs.append((first.measure, second.measure, len(people), tuple(counts)))
    answer = face_words.agreement_answer(pairs)
    return (
        Panel("agreement", face_words.PANELS["agreement"], answer),
        Table(
            ("first", "second", "found_by_both", "by_first_alone", "by_second_alone", "by_neither"),
            tuple(rows),
        ),
    )


def _found(scores: PairScores) -> dict[int, float]:
    ranks = mate_ranks(scores)
    people, means = person_means(ranks.within(1), ranks.person)[:2]
    return {int(p): float(m) for p, m in zip(people, means, strict=True)}


def what_is_there(scan: Scan, head: HeadResult) -> words.Found:
    """What was found in a scan that is called defaced or refaced."""
    answer = face_left(head)
    if answer is None or answer == "failed":
        return "unknown"
    if answer in ("gone", "outside"):
        return "gone"
    if claims_replacement(scan.face_claim):
        return "replaced"
    known: dict[FaceVerdict, words.Found] = {"face": "whole", "part": "part"}
    return known.get(answer, "unclear")


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
    answer = words.claims_answer(claimed, len(scans), unkept)
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (text, counted[found]) for found, text in words.FOUND.items()
    )
    panel = Panel("claims", words.PANELS["claims"], answer)
    return {panel: Table(("found", "scans"), rows)}


def claims_table(scans: Sequence[Scan], heads: Sequence[HeadResult]) -> dict[str, Table]:
    """The custodian's list: every scan that is called defaced and shows a face or part of one."""
    rows = tuple(
        (
            scan.scan_id,
            scan.path,
            scan.face_claim,
            words.FOUND[found],
            "" if head.sight is None else words.SAID[head.sight.code],
            ", ".join(name for name in head.seen if seen_by(head, name)) or "none",
        )
        for scan, head in zip(scans, heads, strict=True)
        if scan.face_claim and (found := what_is_there(scan, head)) not in ("gone", "replaced")
    )
    columns = ("scan_id", "path", "said", "found", "skin", "seen_by")
    return {"not-defaced": Table(columns, rows)} if rows else {}
