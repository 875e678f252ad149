"""What stays inside of a treatment: each file's match, faces and cost; and the counts of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from headrisk.attacks.face_panels import in_words
from headrisk.brain.cohort import Cohort
from headrisk.dataset.scans import Scan
from headrisk.deidentify.comparison_cost import FIGURES, CostResult
from headrisk.deidentify.comparison_face import Looks
from headrisk.deidentify.matching import Pairing, TreatedSet
from headrisk.face.head import HeadResult
from headrisk.face.presence import face_left as presence_of
from headrisk.face.presence import seen_by
from headrisk.findings.deidentified import Arrival
from headrisk.findings.linkage import scan_rows
from headrisk.findings.records import Internal, Table, Value
from headrisk.report.words.deidentified import FOUND_FACE, UNCHANGED


@dataclass(frozen=True)
class Looked:
    """What looking at the matched scans gave, each list in the order of the pairs.

    ``own`` are the untreated scans that the pairs' positions refer to; ``heads`` is None where
    faces were not looked at.
    """

    own: tuple[Scan, ...]
    brains: Cohort
    costs: tuple[CostResult, ...]
    heads: Looks | None


def arrival(found: TreatedSet, brains: Cohort, costs: Sequence[CostResult]) -> Arrival:
    """Counts of scans: how they were matched, and what is peculiar about them."""
    how = Counter(pair.how for pair in found.pairs)
    return Arrival(
        scans=len(found.pairs) + len(found.extra),
        by_entities=how["BIDS entities"],
        by_name=how["file name"],
        by_image=how["image"],
        missing=len(found.missing),
        extra=len(found.extra),
        doubtful=sum(bool(pair.doubt) for pair in found.pairs),
        reoriented=sum(pair.form.reoriented for pair in found.pairs),
        resampled=sum(pair.form.resampled for pair in found.pairs),
        cropped=sum(pair.form.cropped for pair in found.pairs),
        unchanged=sum(cost.unchanged for cost in costs),
        failed=sum(result.status == "failed" for result in brains.results),
    )


def internal_part(found: TreatedSet, looked: Looked) -> Internal:
    """Tables that name scans: ``treated-NAME``, ``-cost`` and, with faces, ``-faces``."""
    name = f"treated-{found.name}"
    tables = {name: _files(found, looked)}
    if looked.costs:
        tables[f"{name}-cost"] = _costs(found.pairs, looked.costs)
    if looked.heads is not None:
        tables[f"{name}-faces"] = _faces(looked.heads, looked.costs)
    rows = scan_rows(looked.brains.scans, looked.brains.results)
    return Internal(scans=rows, tables=tables, notes=_notes(found, looked))


def _files(found: TreatedSet, looked: Looked) -> Table:
    """A row for every treated file, and one for every scan without one."""
    rows: list[tuple[Value, ...]] = []
    for pair, result in zip(found.pairs, looked.brains.results, strict=True):
        remarks = [*pair.form.sentences, pair.doubt, result.reason]
        rows.append(
            (
                looked.own[pair.of].scan_id,
                pair.scan.path,
                f"matched by {pair.how}",
                result.status,
                "; ".join(text for text in remarks if text),
            )
        )
    rows += [(None, scan.path, "not matched", "left out", why) for scan, why in found.extra]
    rows += [
        (looked.own[k].scan_id, None, "no treated file", "left out", "") for k in found.missing
    ]
    return Table(("scan", "treated_file", "match", "status", "remark"), tuple(rows))


def _costs(pairs: Sequence[Pairing], costs: Sequence[CostResult]) -> Table:
    columns = ("scan", *(name.replace(" ", "_") for name in FIGURES), "unchanged", "problem")
    rows = tuple(
        (
            pair.scan.scan_id,
            *(cost.values.get(name) for name in FIGURES),
            "yes" if cost.unchanged else "no",
            cost.problem,
        )
        for pair, cost in zip(pairs, costs, strict=True)
    )
    return Table(columns, rows)


def _faces(heads: Looks, costs: Sequence[CostResult]) -> Table:
    """What is left of each face, and whether an attacker gets anything to recognise."""
    repaired: Sequence[HeadResult | None] = heads.adaptive or [None] * len(heads.scans)
    rows = tuple(
        (
            scan.scan_id,
            None if old.coverage is None else old.coverage.verdict,
            None if new.coverage is None else new.coverage.verdict,
            ", ".join(name for name in new.seen if seen_by(new, name)) or "none",
            found_face(new, cost),
            new.status,
            in_words(new).reason,
            None if again is None else again.status,
            None if again is None else _how(in_words(again)),
        )
        for scan, old, new, again, cost in zip(
            heads.scans, heads.before, heads.after, repaired, costs, strict=True
        )
    )
    columns = (
        "scan", "face_before", "face_after", "seen_by", "found", "usable", "why_not",
        "usable_repaired", "repair",
    )  # fmt: skip
    return Table(columns, rows)


def _how(repaired: HeadResult) -> str:
    return "; ".join((repaired.reason, *repaired.notes[-1:])).strip("; ")


def found_face(head: HeadResult, cost: CostResult) -> str:
    """Was it done? What was found in one treated scan, in words."""
    if cost.unchanged:
        return UNCHANGED
    answer = presence_of(head)
    return FOUND_FACE["failed" if answer is None else answer]


def _notes(found: TreatedSet, looked: Looked) -> tuple[str, ...]:
    """Sentences for the custodian; labels and paths stand in the tables."""
    untouched = [
        pair.scan.path
        for pair, cost in zip(found.pairs, looked.costs, strict=True)
        if cost.unchanged
    ]
    notes = [f"{found.name}: not treated, every voxel as before: {path}" for path in untouched]
    notes += [f"{found.name}: {pair.scan.path}: {pair.doubt}" for pair in found.pairs if pair.doubt]
    if found.missing or found.extra:
        notes.append(
            f"{found.name}: {len(found.missing)} scans have no de-identified file and "
            f"{len(found.extra)} files fit no scan; see treated-{found.name}.tsv"
        )
    return (*found.notes, *notes)
