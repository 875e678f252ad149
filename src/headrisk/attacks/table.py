"""Derived tables: read, clean, bring together, compare, evaluate, describe.

Each function is one stage; it takes what the stages before it gave.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from headrisk.attacks.measured import (
    STREAMS,
    Measured,
    assess_people,
    evaluate,
    led_by_headline,
    strongest_attack,
)
from headrisk.attacks.section import modality_section
from headrisk.attacks.table_panels import (
    columns_table,
    facts_panel,
    internal_part,
    table_panels,
    table_rows,
    verbatim_panel,
)
from headrisk.dataset.gather import name_sources
from headrisk.dataset.people import require_distinct_labels
from headrisk.dataset.scans import Scan
from headrisk.findings.records import ModalitySection, ScanRow
from headrisk.intake import Intake
from headrisk.job import Job, recorded
from headrisk.linkage.design import Design, against, within
from headrisk.linkage.fusion import fuse
from headrisk.linkage.mates import PeopleCounts, count_people, searchable
from headrisk.linkage.pairs import copies_first
from headrisk.linkage.whole_sets import locally_scaled
from headrisk.report.words.cost import NEEDS
from headrisk.report.words.table import (
    NAME,
    REFERENCES,
    compared_sentence,
    method_sentences,
    not_scanned,
)
from headrisk.run.provenance import CostLog
from headrisk.run.stage import stage
from headrisk.statistics.assessment import Assessment
from headrisk.statistics.choice import Evaluated
from headrisk.statistics.conditions import known_conditions
from headrisk.statistics.facts import facts_attacks
from headrisk.statistics.summary import strata
from headrisk.table.clean import Shared, choose_rows, read_table, row_texts, share_columns
from headrisk.table.features import FeatureTable
from headrisk.table.scale import (
    Matching,
    centre_and_spread,
    choose_matching,
    match,
    scaled,
    without_size,
)
from headrisk.table.similarity import (
    FEWEST_SHARED,
    SCALED,
    Sides,
    all_scores,
    mirrored,
    shared_columns,
)
from headrisk.types import BoolArray, FloatArray, PairScores


@dataclass(frozen=True)
class Rows:
    """The usable rows of one table or of two, the first table's before the second's.

    ``plain`` are measurements as they were read, ``raw`` those without head size, ``values`` those
    brought onto one scale. ``how`` is None for one table.
    """

    scans: tuple[Scan, ...]
    plain: FloatArray
    raw: FloatArray
    values: FloatArray
    digests: tuple[str, ...]
    how: Matching | None


def measure(intake: Intake, job: Job, log: CostLog) -> Measured:
    """Measure how well rows of derived tables link people."""
    tables, shared = read(job, log)
    rows = bring_together(shared, job)
    design, scores, left_out = link(rows, shared.probe.keys, job, log)
    everybody = tuple(scan for table in tables for scan in table.scans)
    listed = table_rows(everybody)
    probes, gallery = ([rows.scans[k] for k in side] for side in (design.probes, design.gallery))
    found = evaluate(NAME, scores, probes, gallery, job, log)
    risk, exposed = assess_people(NAME, found, probes, gallery, job, log)
    internal = internal_part(
        listed,
        rows.scans,
        design,
        *led_by_headline(scores, found),
        one_to_one=job.settings.one_to_one,
        notes=(*_said(tables, shared), *_strangers(intake, everybody)),
        tables={"columns": columns_table(tables, shared), **exposed},
    )
    section = describe(
        listed, everybody, tables, shared, rows, design, scores, found, left_out, risk, job
    )
    attack = strongest_attack(found, probes, gallery)
    return Measured(section, internal, rows.digests, attack=attack)


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
    """The same, with nothing said and nothing logged."""
    tables = tuple(read_table(one.path, one.name) for one in name_sources(job.tables))
    chosen = choose_rows(tables[0], job.tables[0], job.participants, job.sessions)
    tables = (chosen, *tables[1:])
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
        values = scaled(a, *centre_and_spread(a))
        plain = first.values[first.usable]
        return Rows(scans, plain, a, values, _digests(scans, plain), None)
    b = without_size(second.values[second.usable], second.kinds, second.keys, size)
    how = choose_matching(job.settings.table_match, first.software, second.software)
    scans += tuple(second.scans[k] for k in second.usable)
    plain = np.concatenate([first.values[first.usable], second.values[second.usable]])
    matched = np.concatenate(match(a, b, how))
    return Rows(scans, plain, np.concatenate([a, b]), matched, _digests(scans, plain), how)


def _digests(scans: Sequence[Scan], values: FloatArray) -> tuple[str, ...]:
    return tuple(hashlib.sha256(text).hexdigest() for text in row_texts(scans, values))


def link(
    rows: Rows, keys: Sequence[str], job: Job, log: CostLog
) -> tuple[Design, dict[str, PairScores], dict[str, int]]:
    """Score all pairs of rows under every measure; also why a measure was left out.

    Rows that are copies of each other are compared like any others and score at least as high as
    any: whoever holds one of them finds the other.
    """
    design = _design(rows.scans, job)
    a = rows.values[design.probes]
    b = a if design.probes is design.gallery else rows.values[design.gallery]
    if a.size and b.size:
        usable = design.usable & (shared_columns(a, b) >= FEWEST_SHARED)
        design = replace(design, given=usable)
    pairs = int(np.count_nonzero(design.usable))
    if not pairs:
        return design, {}, {}
    verbatim = design.verbatim(rows.digests)
    sides = Sides(
        a, b, design.probe_person, design.gallery_person, design.usable, verbatim, mirrored(keys)
    )
    for_ratio, for_fusion = np.random.default_rng((job.settings.seed, *STREAMS[NAME], 1)).spawn(2)
    with stage("compare tables", pairs, log, recorded(job)):
        values, left_out = all_scores(sides, job.settings.folds, for_ratio)
        for name in SCALED:
            if name in values:
                values[f"{name}-scaled"] = locally_scaled(values[name], design.usable)
        scores = {name: _as_scores(name, one, verbatim, design) for name, one in values.items()}
        fused = fuse(scores, for_fusion)
        if fused is not None:
            scores[fused.measure] = _as_scores(fused.measure, fused.values, verbatim, design)
    return design, scores, left_out


def _as_scores(name: str, values: FloatArray, verbatim: BoolArray, design: Design) -> PairScores:
    scores = PairScores(name, values, design.usable, design.probe_person, design.gallery_person)
    return copies_first(scores, verbatim)


def _verbatim_people(rows: Rows, design: Design) -> int:
    """People who have a row on either side that is a copy of the other."""
    return design.people_of(design.verbatim(rows.digests))


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


def describe(
    listed: tuple[ScanRow, ...],
    everybody: tuple[Scan, ...],
    tables: tuple[FeatureTable, ...],
    shared: Shared,
    rows: Rows,
    design: Design,
    scores: dict[str, PairScores],
    found: Evaluated,
    left_out: Mapping[str, int],
    risk: Assessment | None,
    job: Job,
) -> ModalitySection:
    """The tables' section of the report; conditions are those of the strongest attack."""
    for_ties = np.random.default_rng((job.settings.seed, *STREAMS[NAME], 2))
    wanted = searchable(everybody, _design(everybody, job))
    probes, gallery = ([rows.scans[k] for k in side] for side in (design.probes, design.gallery))
    unknown: list[tuple[float, float, float] | None] = [None]
    conditions = known_conditions(probes, gallery, unknown * len(probes), unknown * len(gallery))
    return modality_section(
        NAME,
        listed,
        list(scores.values()),
        found.summaries,
        strata(found.scores, conditions) if found.scores else (),
        unsearched=len(wanted - searchable(rows.scans, design)),
        compared=compared_sentence(
            len(tables), _verbatim_people(rows, design), _same_session(rows.scans, design)
        ),
        method=method_sentences(job.settings, len(shared.probe.keys), rows.how, left_out),
        references=REFERENCES,
        needs=NEEDS[NAME],
        risk=risk,
        found=found,
        panels=table_panels(tables, shared, rows, design)
        | verbatim_panel(_verbatim_people(rows, design), len(wanted))
        | facts_panel(facts_attacks(found.scores, probes, gallery, for_ties)),
    )


def _same_session(scans: Sequence[Scan], design: Design) -> int:
    """Mated pairs of two tables whose rows carry one session label."""
    if design.probes is design.gallery:
        return 0
    session = np.array([scan.session_id for scan in scans], dtype=np.str_)
    same = design.probe_person[:, None] == design.gallery_person[None, :]
    same &= session[design.probes][:, None] == session[design.gallery][None, :]
    return int(np.count_nonzero(same & design.usable))


def _said(tables: tuple[FeatureTable, ...], shared: Shared) -> tuple[str, ...]:
    return (*(note for table in tables for note in table.notes), *shared.notes)


def _strangers(intake: Intake, everybody: tuple[Scan, ...]) -> tuple[str, ...]:
    """A remark where the tables hold people of whom there is no scan."""
    known = {scan.participant_id for scan in (*intake.scans, *intake.earlier.scans)}
    strangers = {scan.participant_id for scan in everybody} - known
    if not known or not strangers:
        return ()
    return (not_scanned(len(strangers)),)
