"""Find wrong labels and copies in a data set: prepare, compare all scans, look closely, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from headrisk import __version__
from headrisk.attacks.account import inventory_of_scans
from headrisk.attacks.brain import prepare_and_check
from headrisk.brain.cohort import Cohort, prepare_task
from headrisk.brain.mirror import MirrorCheck, MirroredPair
from headrisk.brain.prepare import T1_LIKE
from headrisk.brain.reference import reference
from headrisk.brain.similarity import select
from headrisk.brain.template import template_grid
from headrisk.dataset.description import name_data_set
from headrisk.dataset.inventory import counted, images_table
from headrisk.dataset.people import number_people, number_sessions
from headrisk.dataset.scans import Scan
from headrisk.duplicates.copies import (
    CopyFinding,
    PairLook,
    PairTask,
    copy_finding,
    look_at,
    same_bytes,
    to_examine,
)
from headrisk.duplicates.pairs import (
    KINDS,
    LabelFinding,
    MirrorFinding,
    ScoredPairs,
    find_wrong_labels,
    fit_kinds,
    mirror_finding,
)
from headrisk.duplicates.suspicions import caveats, model_rows, prior_sentences, suspicions
from headrisk.findings.duplicates import DuplicatesReport
from headrisk.findings.linkage import scan_rows
from headrisk.findings.records import Table
from headrisk.intake import take_in
from headrisk.job import Job, recorded
from headrisk.linkage.compare import compare
from headrisk.linkage.evidence import SHIPPED, Evidence, Kind
from headrisk.report.duplicates import write_duplicates
from headrisk.report.words.inventory import REASONS
from headrisk.run.engine import WorkerLost, run_tasks
from headrisk.run.events import Advanced, stage
from headrisk.run.provenance import CostLog
from headrisk.settings import Settings
from headrisk.types import BoolArray, FloatArray, IntArray

MOST_PICTURES = 200
Places = tuple[int, int]


def find_duplicates(job: Job) -> tuple[Path, DuplicatesReport]:
    """Look for one person under two IDs, two persons under one, copies and mirrored scans.

    Returns the path of the internal page and what stands on it. All pairs of scans take part, those
    of one session too.

    Raises
    ------
    UsageError
        The output folder cannot be used.
    InputError
        The data set cannot be used at all. Scans that cannot be used do not end the run.
    """
    log = CostLog()
    intake = take_in(job, log)
    checked = prepare_and_check(intake, job, log)
    cohort = checked.cohort
    usable = [k for k, result in enumerate(cohort.results) if result.status == "ok"]
    with stage("compare", None, log, recorded(job)):
        pairs = score_pairs(cohort.usable(), job.settings)
    copies, looks, examined = find_copies(cohort, usable, pairs, job, log)
    place = {k: i for i, k in enumerate(usable)}
    known = [
        (place[c.first], place[c.second]) for c in copies if c.first in place and c.second in place
    ]
    pairs = as_if_unmirrored(pairs, checked.pairs, place)
    evidence = fit_kinds(pairs, _ignored(cohort.usable().scans, known))
    wrong = find_wrong_labels(pairs, known, evidence)
    turned = find_mirrored(checked, evidence)
    shown = [_shown(f, usable) for f in wrong] + [(f.first, f.second) for f in turned]
    looks |= _pictures(cohort, shown, looks, job, log)
    rows = scan_rows(cohort.scans, cohort.results)
    inventory = inventory_of_scans(intake, cohort.scans, cohort.results, job)
    report = DuplicatesReport(
        suspicions=suspicions(copies, wrong, turned, usable, cohort.scans, rows, looks),
        scans=rows,
        compared=len(usable) * (len(usable) - 1) // 2,
        examined=examined,
        models=model_rows(evidence),
        priors=prior_sentences(),
        notes=(
            *intake.notes,
            *checked.notes,
            *caveats(evidence, job.settings.resolution_mm, job.settings.alignment),
        ),
        settings=job.settings.as_dict(),
        version=__version__,
        title=job.title,
        inventory=counted(inventory) if inventory else None,
        images=Table(*images_table(inventory, REASONS)) if inventory else None,
        data=name_data_set(job.sources[0].path) if job.sources else None,
    )
    return write_duplicates(report, job.out), report


def as_if_unmirrored(
    pairs: ScoredPairs, found: Sequence[MirroredPair], place: Mapping[int, int]
) -> ScoredPairs:
    """The scores as they would be without mirrored scans: those are no evidence of two persons."""
    score = pairs.score.copy()
    for pair in found:
        i, j = place[pair.first], place[pair.second]
        score[i, j] = score[j, i] = pair.mirrored
    return replace(pairs, score=score)


def find_mirrored(checked: MirrorCheck, evidence: Mapping[Kind, Evidence]) -> list[MirrorFinding]:
    """Pairs of scans of which one seems to be mirrored, most probable first."""
    if "t1" not in evidence:
        return []
    scans = checked.cohort.scans
    usable = checked.cohort.usable().scans
    count = sum(scan.suffix in T1_LIKE for scan in usable)
    findings = [
        mirror_finding(
            (pair.first, pair.second),
            pair.likely,
            (pair.score, pair.mirrored),
            evidence["t1"],
            same_label=scans[pair.first].participant_id == scans[pair.second].participant_id,
            labels=len({scan.participant_id for scan in usable}),
            compared=count * (count - 1) // 2,
        )
        for pair in checked.pairs
    ]
    return sorted((f for f in findings if f is not None), key=lambda f: -f.probability)


def score_pairs(cohort: Cohort, settings: Settings) -> ScoredPairs:
    """Every scan against every other one, under the measure that suits the two contrasts."""
    suffix = np.array([scan.suffix for scan in cohort.scans], dtype=np.str_)
    t1 = np.isin(suffix, T1_LIKE)
    kind = np.where(suffix[:, None] == suffix[None, :], KINDS.index("alike"), 0)
    kind[suffix[:, None] != suffix[None, :]] = KINDS.index("crossed")
    kind[t1[:, None] & t1[None, :]] = KINDS.index("t1")
    score = np.zeros(kind.shape)
    people = number_people(scan.participant_id for scan in cohort.scans)
    rest: tuple[Kind, ...] = () if t1.all() else ("alike", "crossed")
    steps: tuple[tuple[IntArray, tuple[Kind, ...]], ...] = (
        (np.flatnonzero(t1), ("t1",)),
        (np.arange(t1.size), rest),
    )
    for measured, kinds in steps:
        if measured.size > 1 and kinds:
            block = np.ix_(measured, measured)
            name = SHIPPED[kinds[0]].measure
            wanted = np.isin(kind[block], [KINDS.index(k) for k in kinds])
            score[block] = np.where(
                wanted, _scores(cohort, measured.tolist(), name, people, settings), score[block]
            )
    trusted = np.array([result.verdict == "ok" for result in cohort.results], dtype=bool)
    return ScoredPairs(people, score, kind, trusted)


def _scores(
    cohort: Cohort, chosen: list[int], name: str, people: IntArray, settings: Settings
) -> FloatArray:
    vectors = np.array([cohort.results[k].vector for k in chosen], dtype=np.float32)
    person = people[chosen]
    found = compare(
        vectors,
        vectors,
        person,
        person,
        ~np.eye(len(chosen), dtype=bool),
        select((name,)),
        template_grid(settings.resolution_mm),
        reference=reference(settings.resolution_mm),
    )
    values = found[name].values
    return np.asarray((values + values.T) / 2, dtype=np.float64)


def find_copies(
    cohort: Cohort, usable: list[int], pairs: ScoredPairs, job: Job, log: CostLog
) -> tuple[list[CopyFinding], dict[Places, PairLook], int]:
    """Images stored twice; what looking at pairs gave; and how many pairs were examined."""
    found = same_bytes(cohort.digests)
    known = {(c.first, c.second) for c in found}
    alike = pairs.kind != KINDS.index("crossed")
    near = [(usable[i], usable[j]) for i, j in to_examine(pairs.score, alike)]
    near = [pair for pair in near if pair not in known]
    looks = _look(cohort, near, job, log, compare_noise=True)
    for (i, j), look in looks.items():
        if look.detail is not None:
            copy = copy_finding(
                i,
                j,
                rewritten=look.rewritten,
                detail=look.detail,
                strength=look.strength,
                examined=len(near),
            )
            found += [copy] if copy else []
    twice = [(c.first, c.second) for c in found]
    looks |= _pictures(cohort, twice, looks, job, log)
    return found, looks, len(near)


def _pictures(
    cohort: Cohort,
    wanted: Sequence[Places],
    looks: dict[Places, PairLook],
    job: Job,
    log: CostLog,
) -> dict[Places, PairLook]:
    usable = {k for k, result in enumerate(cohort.results) if result.status == "ok"}
    missing = [p for p in dict.fromkeys(wanted) if p not in looks and usable.issuperset(p)]
    return _look(cohort, missing[:MOST_PICTURES], job, log, compare_noise=False)


def _look(
    cohort: Cohort, pairs: Sequence[Places], job: Job, log: CostLog, *, compare_noise: bool
) -> dict[Places, PairLook]:
    if not pairs:
        return {}
    asked = [prepare_task(scan, job.settings) for scan in cohort.scans]
    tasks = [PairTask(asked[i], asked[j], compare_noise) for i, j in pairs]
    name = "examine" if compare_noise else "picture"
    done = 0
    with stage(name, len(tasks), log, recorded(job)) as listen:

        def on_done(index: int, result: PairLook | WorkerLost) -> None:
            nonlocal done
            done += 1
            listen(Advanced(name, done, 0))

        results = run_tasks(look_at, tasks, processes=job.processes, on_done=on_done)
    return {
        pair: PairLook(problem=result.reason) if isinstance(result, WorkerLost) else result
        for pair, result in zip(pairs, results, strict=True)
    }


def _ignored(scans: Sequence[Scan], copies: Sequence[Places]) -> BoolArray:
    """Pairs that teach nothing about scores: copies, and images of one session."""
    session = number_sessions(scans)
    labelled = np.array([scan.session_id != "" for scan in scans], dtype=bool)
    ignored = (session[:, None] == session[None, :]) & labelled[:, None]
    for i, j in copies:
        ignored[i, j] = ignored[j, i] = True
    return np.asarray(ignored, dtype=bool)


def _shown(finding: LabelFinding, usable: list[int]) -> Places:
    i, j = finding.shown
    return usable[i], usable[j]
