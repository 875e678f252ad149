"""What the table attack tells beside its rates: panels, column list, links."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from headrisk.dataset.scans import Scan
from headrisk.findings.coarse import coarse_share, ranged
from headrisk.findings.records import Panel, ScanRow, Table, Value
from headrisk.linkage.design import Design
from headrisk.report.words import table as words
from headrisk.statistics.facts import FactsAttacks
from headrisk.table.clean import Shared
from headrisk.table.features import FeatureTable
from headrisk.table.scale import Matching, centre_and_spread
from headrisk.types import FloatArray


class Joined(Protocol):
    """The rows of one table or two: as read, without head size, and how they were matched."""

    @property
    def plain(self) -> FloatArray: ...
    @property
    def raw(self) -> FloatArray: ...
    @property
    def how(self) -> Matching | None: ...


FEWEST_MATES = 5  # people with two rows before a column can be called an identifier


def table_rows(scans: Sequence[Scan]) -> tuple[ScanRow, ...]:
    """Rows of ``internal/scans.tsv``: one for each row of the tables."""
    return tuple(
        ScanRow(
            scan_id=scan.scan_id,
            participant_id=scan.participant_id,
            session_id=scan.session_id,
            path=scan.path,
            status="ok" if scan.status == "ok" else "failed",
            reason=scan.reason,
            verdict="ok" if scan.status == "ok" else "failed",
        )
        for scan in scans
    )


def columns_table(tables: Sequence[FeatureTable], shared: Shared) -> Table:
    """Every column with what became of it; internal, as its name may hold anything."""
    second = shared.gallery.spellings if len(tables) > 1 else ("",) * len(shared.probe.keys)
    rows: list[tuple[Value, ...]] = [
        (one, other, kind, "compared", "")
        for one, other, kind in zip(shared.probe.spellings, second, shared.probe.kinds, strict=True)
    ]
    rows += [(one.name, "", "", "left out", one.reason) for one in shared.probe.dropped]
    if len(tables) > 1:
        rows += [("", one.name, "", "left out", one.reason) for one in shared.gallery.dropped]
    return Table(("first_table", "second_table", "kind", "status", "reason"), tuple(rows))


def table_panels(
    tables: Sequence[FeatureTable],
    shared: Shared,
    rows: Joined,
    design: Design,
) -> dict[Panel, Table]:
    """The questions beside the rates: which columns took part, how two tables were matched."""
    panels = [_columns(tables, shared), _identifiers(rows.plain, shared, design)]
    if rows.how is not None:
        panels.append(_matching(shared, rows.raw, rows.how, design))
    return dict(panels)


def verbatim_panel(people: int, searched: int) -> dict[Panel, Table]:
    """Rows that stand on both sides verbatim; nothing where there are none."""
    if not people:
        return {}
    number = ranged(people, searched)
    answer = words.verbatim_answer(number, searched)
    return {
        Panel("verbatim", words.PANELS["verbatim"], answer): Table(
            ("what", "people"), (("rows that are equal", number),)
        )
    }


def facts_panel(found: FactsAttacks | None) -> dict[Panel, Table]:
    """What facts add that the attacker may know; nothing where the tables tell none."""
    if found is None:
        return {}
    alone, together = coarse_share(found.alone), coarse_share(found.together)
    if alone is None or together is None:
        return {}
    rows = [("facts alone", alone), ("the strongest attack and the facts", together)]
    one_to_one = coarse_share(found.one_to_one)
    if one_to_one is not None:
        rows.append(("the same, people assigned one to one", one_to_one))
    answer = words.facts_answer(found.facts, together, alone)
    table = tuple((name, one.value, one.low, one.high, one.n) for name, one in rows)
    return {
        Panel("facts", words.PANELS["facts"], answer): Table(
            ("attack", "rate", "rate_low", "rate_high", "people"), table
        )
    }


def _columns(tables: Sequence[FeatureTable], shared: Shared) -> tuple[Panel, Table]:
    compared = Counter(shared.probe.kinds)
    rows: list[tuple[Value, ...]] = [
        ("compared", kind, count) for kind, count in sorted(compared.items())
    ]
    sides = (shared.probe,) if len(tables) == 1 else (shared.probe, shared.gallery)
    for side, table in zip(("first", "second"), sides, strict=False):
        left_out = Counter(_reason(one.reason) for one in table.dropped)
        where = f"left out of the {side} table" if len(tables) > 1 else "left out"
        rows += [(where, reason, count) for reason, count in sorted(left_out.items())]
    spellings = zip(shared.probe.spellings, shared.gallery.spellings, strict=True)
    renamed = sum(one != other for one, other in spellings)
    answer = words.columns_answer(
        len(shared.probe.keys),
        renamed if len(tables) > 1 else None,
        [table.software for table in tables],
    )
    return (
        Panel("columns", words.PANELS["columns"], answer),
        Table(("what", "kind_or_reason", "columns"), tuple(rows)),
    )


def _reason(text: str) -> str:
    """The reason without what differs from column to column."""
    if text.startswith("missing in"):
        return "missing in most rows"
    if text.startswith("another spelling"):
        return "another spelling of a column"
    return "text, no number" if text.startswith("line ") else text


def _identifiers(plain: FloatArray, shared: Shared, design: Design) -> tuple[Panel, Table]:
    """Columns that are exactly equal in a person's rows and differ between people."""
    same = (design.probe_person[:, None] == design.gallery_person[None, :]) & design.usable
    left, right = np.nonzero(same)
    people = np.unique(design.probe_person[left]).size
    found: Counter[str] = Counter()
    if people >= FEWEST_MATES:
        for k, kind in enumerate(shared.probe.kinds):
            one, other = plain[design.probes[left], k], plain[design.gallery[right], k]
            known = np.isfinite(one) & np.isfinite(other)
            many = np.unique(one[known]).size > people / 2
            if known.any() and many and np.array_equal(one[known], other[known]):
                found[kind] += 1
    total = sum(found.values())
    answer = words.identifiers_answer(total, len(shared.probe.keys), enough=people >= FEWEST_MATES)
    rows = tuple((kind, count) for kind, count in sorted(found.items()))
    return Panel("identifiers", words.PANELS["identifiers"], answer), Table(
        ("kind", "columns"), rows
    )


def _matching(
    shared: Shared, raw: FloatArray, how: Matching, design: Design
) -> tuple[Panel, Table]:
    """How far apart the two tables' columns were before they were matched."""
    first, second = raw[design.probes], raw[design.gallery]
    (centre_a, spread_a), (centre_b, spread_b) = centre_and_spread(first), centre_and_spread(second)
    shift = np.abs(centre_a - centre_b) / spread_b
    stretch = spread_a / spread_b
    kinds = np.array(shared.probe.kinds, dtype=np.str_)
    rows = tuple(
        (
            str(kind),
            int(np.count_nonzero(kinds == kind)),
            float(np.median(shift[kinds == kind])),
            float(shift[kinds == kind].max()),
            float(np.median(stretch[kinds == kind])),
        )
        for kind in np.unique(kinds)
    )
    answer = words.matching_answer(how, float(np.median(shift)), float(shift.max()))
    columns = ("kind", "columns", "median_shift_sd", "largest_shift_sd", "median_spread_ratio")
    return Panel("matching", words.PANELS["matching"], answer), Table(columns, rows)
