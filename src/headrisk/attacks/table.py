"""Derived tables: read, clean, bring together, compare, evaluate, describe.

Each function is one stage; it takes what the stages before it gave.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from headrisk.attacks.attack import Answer, Context, Lineup, Tested, lineup_of
from headrisk.attacks.rates import Scores
from headrisk.dataset.gather import name_sources
from headrisk.dataset.people import (
    read_same_people,
    relabelled,
    require_distinct_labels,
)
from headrisk.dataset.scans import Scan
from headrisk.findings.attacks import facts_of
from headrisk.findings.coarse import coarse_share, ranged
from headrisk.findings.records import Panel, ScanRow, Table, Value
from headrisk.intake import Intake
from headrisk.job import Job, recorded
from headrisk.linkage.design import Design, PeopleCounts, against, count_people, searchable, within
from headrisk.linkage.fusion import fuse
from headrisk.linkage.label_check import LabelCheck, check_labels
from headrisk.linkage.pairs import copies_first
from headrisk.linkage.whole_sets import locally_scaled
from headrisk.report.words import table as words
from headrisk.report.words.attacks import ATTACKS
from headrisk.report.words.table import (
    NAME,
    REFERENCES,
    compared_sentence,
    method_sentences,
    not_scanned,
)
from headrisk.run.events import stage
from headrisk.run.provenance import CostLog
from headrisk.statistics.facts import FactsAttacks, facts_attacks
from headrisk.table.agreement import AGREEMENT, agreement, codes
from headrisk.table.clean import (
    Shared,
    choose_rows,
    read_table,
    row_texts,
    share_columns,
    significant,
)
from headrisk.table.connectivity import matrix_logarithms, pairs_of_regions
from headrisk.table.features import FeatureTable
from headrisk.table.scale import (
    Matching,
    centre_and_spread,
    choose_matching,
    logarithms,
    match,
    scaled_within,
    without_size,
)
from headrisk.table.similarity import (
    FEWEST_ROWS,
    FEWEST_SHARED,
    SCALED,
    TANGENT,
    WITHOUT_LABELS,
    Sides,
    all_scores,
    mirrored,
    shared_columns,
    whitened_cosine,
)
from headrisk.types import FloatArray, IntArray, PairScores

# ----------------------------------------------------------------------
# What the table attack tells beside its rates: panels, column list, links.
# ----------------------------------------------------------------------


class Joined(Protocol):
    """The rows of one table or two: as read, without head size, and how they were matched."""

    @property
    def codes(self) -> IntArray: ...
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
            modality=NAME,
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
    panels = [_columns(tables, shared), _identifiers(rows.codes, shared, design)]
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
        left_out = Counter(words.LEFT_OUT.get(one.code, one.reason) for one in table.dropped)
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


def _identifiers(codes: IntArray, shared: Shared, design: Design) -> tuple[Panel, Table]:
    """Columns that are exactly equal in a person's rows and differ between people."""
    same = (design.probe_person[:, None] == design.gallery_person[None, :]) & design.usable
    left, right = np.nonzero(same)
    people = np.unique(design.probe_person[left]).size
    kinds = [*shared.probe.kinds, *["text"] * (codes.shape[1] - len(shared.probe.kinds))]
    found: Counter[str] = Counter()
    if people >= FEWEST_MATES:
        for k, kind in enumerate(kinds):
            one, other = codes[design.probes[left], k], codes[design.gallery[right], k]
            known = (one >= 0) & (other >= 0)
            many = np.unique(one[known]).size > people / 2
            if known.any() and many and np.array_equal(one[known], other[known]):
                found[kind] += 1
    total = sum(found.values())
    answer = words.identifiers_answer(total, len(kinds), enough=people >= FEWEST_MATES)
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


# ----------------------------------------------------------------------
# Derived tables: read, clean, bring together, compare, evaluate, describe.
# ----------------------------------------------------------------------


@dataclass(frozen=True)
class Rows:
    """The usable rows of one table or of two, the first table's before the second's.

    ``plain`` are measurements as they were read, ``raw`` those without head size, ``values`` those
    brought onto one scale. ``codes`` are equal where cells of a column are, texts behind numbers.
    ``how`` is None for one table.
    """

    scans: tuple[Scan, ...]
    plain: FloatArray
    raw: FloatArray
    values: FloatArray
    codes: IntArray
    digests: tuple[str, ...]
    how: Matching | None


@dataclass(frozen=True)
class Tables:
    """Tables as they were read, the columns they share, and their usable rows on one scale."""

    tables: tuple[FeatureTable, ...]
    shared: Shared
    rows: Rows

    @property
    def everybody(self) -> tuple[Scan, ...]:
        """Every row of every table."""
        return tuple(scan for table in self.tables for scan in table.scans)


@dataclass(frozen=True)
class TableAttack:
    """Rows of a table are searched among those of other sessions, or of another table."""

    name: str = NAME
    assessed: bool = True

    def prepare(self, context: Context) -> Tables:
        """Read the tables and bring them together.

        Raises
        ------
        InputError
            A table cannot be used at all, or two tables have too few columns in common.
        """
        tables, shared = read(context.job, context.log)
        return Tables(tables, shared, bring_together(shared, context.job))

    def design(self, material: Tables, context: Context) -> Lineup[Design]:
        """Which rows are compared: those that share enough columns."""
        rows = material.rows
        design = _design(rows.scans, context.job)
        a, b = _sides(rows, design)
        if a.size and b.size:
            usable = design.usable & (shared_columns(a, b) >= FEWEST_SHARED)
            design = replace(design, given=usable)
        return lineup_of(rows.scans, design, design.verbatim(rows.digests))

    def score(
        self, material: Tables, lineup: Lineup[Design], context: Context
    ) -> tuple[Mapping[str, Scores], Mapping[str, int]]:
        """Scores of rows with rows; and which measures were left out.

        Rows that are copies of each other are compared like any others and score at least as high
        as any, so they teach the fusion too: whoever holds one of them finds the other.
        """
        design, job = lineup.plan, context.job
        pairs = int(np.count_nonzero(design.usable))
        if not pairs:
            return {}, {}
        verbatim = design.verbatim(material.rows.digests)
        people = (design.probe_person, design.gallery_person)
        keys = material.shared.probe.keys
        sides = Sides(
            *_sides(material.rows, design), *people, design.usable, verbatim, mirrored(keys)
        )
        rng = np.random.default_rng((job.settings.seed, *facts_of(NAME).stream, 1))
        for_ratio, for_fusion, for_agreement = rng.spawn(3)
        with stage("compare tables", pairs, context.log, recorded(job)):
            values, left_out = all_scores(sides, job.settings.folds, for_ratio)
            tangent = _tangent(material, design, sides)
            if tangent is not None:
                values[TANGENT] = whitened_cosine(tangent)
            same = material.rows.codes[design.probes], material.rows.codes[design.gallery]
            equal = agreement(*same, sides, job.settings.folds, for_agreement)
            if equal is not None:
                values[AGREEMENT] = equal
            for name in SCALED:
                if name in values:
                    values[f"{name}-scaled"] = locally_scaled(values[name], design.usable)
            scores = {
                name: copies_first(PairScores(name, one, design.usable, *people), verbatim)
                for name, one in values.items()
            }
            more = fuse(scores, for_fusion)
            if more is not None:
                scores[more.measure] = more
        return scores, left_out

    def find(
        self, material: Tables, lineup: Lineup[Design], tested: Tested, context: Context
    ) -> Answer:
        """The tables' part of the report; conditions are those of the strongest attack."""
        job, design, rows = context.job, lineup.plan, material.rows
        tables, shared, everybody = material.tables, material.shared, material.everybody
        for_ties = np.random.default_rng((job.settings.seed, *facts_of(NAME).stream, 2))
        wanted = searchable(everybody, _design(everybody, job))
        copies = 0 if lineup.verbatim is None else design.people_of(lineup.verbatim)
        facts = facts_attacks(tested.found.scores, lineup.probes, lineup.gallery, for_ties)
        return Answer(
            rows=table_rows(everybody),
            unsearched=len(wanted - searchable(rows.scans, design)),
            compared=compared_sentence(len(tables), copies, _same_session(rows.scans, design)),
            method=method_sentences(job.settings, len(shared.probe.keys), rows.how, tested.made),
            references=REFERENCES,
            needs=ATTACKS[NAME].needs,
            panels=table_panels(tables, shared, rows, design)
            | verbatim_panel(copies, len(wanted))
            | facts_panel(facts),
            voxels=([None] * len(lineup.probes), [None] * len(lineup.gallery)),
            notes=(*_said(tables, shared), *_strangers(context.intake, everybody)),
            tables={"columns": columns_table(tables, shared)},
            labels=_label_check(tested, job),
            digests=rows.digests,
        )


def _label_check(tested: Tested, job: Job) -> LabelCheck | None:
    """Whether rows of two tables link to other labels than their own, unless a table says who.

    Measures that learn from the labels cannot tell. Few columns are no reason to doubt that equal
    labels are one person, so labels that the rows only do not bear out raise no warning.
    """
    if len(job.tables) < 2 or job.same_people is not None:
        return None
    found = check_labels(
        one
        for name, one in tested.scores.items()
        if isinstance(one, PairScores) and name in (*WITHOUT_LABELS, TANGENT)
    )
    return found if found is not None and found.code == "labels_disagree" else None


def _tangent(material: Tables, design: Design, sides: Sides) -> Sides | None:
    """Rows as logarithms of correlation matrices; None where they are no such matrices.

    The measurements are those that were read, not what became of them on one scale.
    """
    regions = pairs_of_regions(material.shared.probe.spellings)
    if regions is None:
        return None
    every = matrix_logarithms(material.rows.plain, regions)
    if every is None or min(len(sides.probes), len(sides.gallery)) < FEWEST_ROWS:
        return None
    a = every[design.probes]
    b = a if design.probes is design.gallery else every[design.gallery]
    return replace(sides, probes=a, gallery=b)


def _sides(rows: Rows, design: Design) -> tuple[FloatArray, FloatArray]:
    """Values of the rows on either side, one and the same object for a table within itself."""
    a = rows.values[design.probes]
    return a, a if design.probes is design.gallery else rows.values[design.gallery]


def read(job: Job, log: CostLog) -> tuple[tuple[FeatureTable, ...], Shared]:
    """Read one table or two, and find the columns they share.

    Raises
    ------
    InputError
        A table cannot be used at all, or two tables have too few columns in common.
    """
    with stage("tables", len(job.tables), log, recorded(job)):
        return read_tables(job)


def read_tables(job: Job) -> tuple[tuple[FeatureTable, ...], Shared]:
    """The same, with nothing said and nothing logged.

    Rows of the second table bear the first one's labels where a table says who is who.
    """
    tables = tuple(read_table(one.path, one.name) for one in name_sources(job.tables))
    chosen = choose_rows(tables[0], job.tables[0], job.participants, job.sessions)
    first = name_sources(job.tables)[0].name
    same = read_same_people(job.same_people) if job.same_people and len(tables) > 1 else None
    tables = (
        chosen,
        *(replace(one, scans=relabelled(one.scans, first, same)) for one in tables[1:]),
    )
    labels = (scan.participant_id for table in tables for scan in table.scans)
    require_distinct_labels(labels, "the tables together")
    return tables, share_columns(tables[0], tables[-1])


def bring_together(shared: Shared, job: Job) -> Rows:
    """Take head size out and put all rows on one scale."""
    first, second = shared.probe, shared.gallery
    size = job.settings.table_size
    a = without_size(first.values[first.usable], first.kinds, first.keys, size)
    scans = tuple(first.scans[k] for k in first.usable)
    if first is second:
        level = logarithms(a)[0]
        values = scaled_within(level, [scan.session_id for scan in scans])
        plain = first.values[first.usable]
        same = codes(significant(plain), _common_texts([first]))
        return Rows(scans, plain, a, values, same, _digests(scans, plain), None)
    b = without_size(second.values[second.usable], second.kinds, second.keys, size)
    how = choose_matching(job.settings.table_match, first.software, second.software)
    scans += tuple(second.scans[k] for k in second.usable)
    plain = np.concatenate([first.values[first.usable], second.values[second.usable]])
    level_a, level_b = logarithms(a, b)
    matched = np.concatenate(match(level_a, level_b, how))
    same = codes(significant(plain), _common_texts([first, second]))
    raw = np.concatenate([a, b])
    return Rows(scans, plain, raw, matched, same, _digests(scans, plain), how)


def _common_texts(tables: Sequence[FeatureTable]) -> list[list[str]]:
    """Cells of the usable rows, one table's after the other's, of columns of text that all have."""
    names = [key for key in tables[0].texts if all(key in table.texts for table in tables)]
    return [[table.texts[key][k] for table in tables for k in table.usable] for key in names]


def _digests(scans: Sequence[Scan], values: FloatArray) -> tuple[str, ...]:
    return tuple(hashlib.sha256(text).hexdigest() for text in row_texts(scans, values))


def people_counts(tables: tuple[FeatureTable, ...], job: Job) -> PeopleCounts:
    """Who can be searched for in the tables, and why others cannot, as far as labels tell."""
    everybody = tuple(scan for table in tables for scan in table.scans)
    usable = tuple(table.scans[k] for table in tables for k in table.usable)
    return count_people(everybody, _design(everybody, job), usable, _design(usable, job))


def _design(scans: Sequence[Scan], job: Job) -> Design:
    """Rows of one session label are not searched among each other where all have one.

    The attacker then holds another session than the one that is shared.
    """
    unknown = [""] * len(scans)
    if len(job.tables) > 1:
        return against(scans, unknown, name_sources(job.tables)[0].name)
    design = within(scans, unknown)
    session = np.array([scan.session_id for scan in scans], dtype=np.str_)
    people = {(scan.session_id, scan.participant_id) for scan in scans}
    labels = {label for label, _ in people}
    shared = 1 < len(labels) <= len(people) / 2
    if (session == "").any() or not shared:
        return design
    return replace(design, given=design.usable & (session[:, None] != session[None, :]))


def _same_session(scans: Sequence[Scan], design: Design) -> int:
    """Mated pairs of two tables whose rows carry one session label."""
    if design.probes is design.gallery:
        return 0
    session = np.array([scan.session_id for scan in scans], dtype=np.str_)
    same = design.probe_person[:, None] == design.gallery_person[None, :]
    same &= session[design.probes][:, None] == session[design.gallery][None, :]
    return int(np.count_nonzero(same & design.usable))


def _said(tables: tuple[FeatureTable, ...], shared: Shared) -> tuple[str, ...]:
    labels = [{scan.participant_id for scan in table.scans} for table in tables]
    apart = len(labels) > 1 and not labels[0] & labels[1]
    return (
        *(note for table in tables for note in table.notes),
        *shared.notes,
        *((words.NO_COMMON_LABEL,) if apart else ()),
    )


def _strangers(intake: Intake, everybody: tuple[Scan, ...]) -> tuple[str, ...]:
    """A remark where the tables hold people of whom there is no scan."""
    known = {scan.participant_id for scan in (*intake.scans, *intake.earlier.scans)}
    strangers = {scan.participant_id for scan in everybody} - known
    if not known or not strangers:
        return ()
    return (not_scanned(len(strangers)),)
