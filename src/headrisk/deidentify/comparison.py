"""De-identified copies brought in; risk and cost before and after, and what stays inside of it.

Everything about the original scans is what the attacks of the run prepared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from headrisk.attacks import brain, face_scans
from headrisk.attacks.attack import Context
from headrisk.attacks.face import FaceAttack, errors_of
from headrisk.attacks.face_panels import in_words
from headrisk.attacks.face_scans import FaceScansAttack
from headrisk.attacks.material import examine_scans
from headrisk.brain.cohort import Cohort, pick, prepare_scans
from headrisk.dataset.deidentified import match_by_name, named_suffix
from headrisk.dataset.people import number_people
from headrisk.dataset.scans import Scan
from headrisk.deidentify.comparison_brain import Copies, brain_effects, own_scan
from headrisk.deidentify.comparison_cost import FIGURES, CostResult, cost_figures, measure_costs
from headrisk.deidentify.comparison_cost import STAGE as COST_STAGE
from headrisk.deidentify.comparison_face import (
    Looks,
    Pictures,
    face_effects,
    face_left,
    repaired_heads,
    scan_effects,
    to_repair,
)
from headrisk.deidentify.matching import CopySet, Pairing, settle
from headrisk.errors import PluginError, StoreError
from headrisk.face.cohort import HEAD_STAGE, Run, look_at_heads
from headrisk.face.head import HeadResult
from headrisk.face.presence import face_left as presence_of
from headrisk.face.presence import seen_by
from headrisk.face.recognise.registry import failing, recognisers
from headrisk.findings.attacks import BEFORE_AFTER
from headrisk.findings.deidentified import Arrival, Attacker, Effect, Treatment
from headrisk.findings.linkage import scan_rows
from headrisk.findings.records import Internal, Table, Value
from headrisk.intake import Intake
from headrisk.job import Job, recorded, tell_damage, tell_failed, tell_sentences
from headrisk.report.words.deidentified import FOUND_FACE, UNCHANGED
from headrisk.run.events import Listener, ignore, stage
from headrisk.run.provenance import CostLog
from headrisk.run.store import Store

# ----------------------------------------------------------------------
# What stays inside of one method: each file's match, faces and cost; and the counts of it.
# ----------------------------------------------------------------------


@dataclass(frozen=True)
class Looked:
    """What looking at the matched scans gave, each list in the order of the pairs.

    ``own`` are the original scans that the pairs' positions refer to; ``heads`` is None where
    faces were not looked at; ``failed`` are errors of plug-ins.
    """

    own: tuple[Scan, ...]
    brains: Cohort
    costs: tuple[CostResult, ...]
    heads: Looks | None
    failed: tuple[str, ...] = ()


def arrival(found: CopySet, brains: Cohort, costs: Sequence[CostResult]) -> Arrival:
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


def internal_part(found: CopySet, looked: Looked) -> Internal:
    """Tables that name scans: ``treated-NAME``, ``-cost`` and, with faces, ``-faces``."""
    name = f"treated-{found.name}"
    tables = {name: _files(found, looked)}
    if looked.costs:
        tables[f"{name}-cost"] = _costs_of_scans(found.pairs, looked.costs)
    if looked.heads is not None:
        tables[f"{name}-faces"] = _faces(looked.heads, looked.costs)
    rows = scan_rows(looked.brains.scans, looked.brains.results)
    return Internal(scans=rows, tables=tables, notes=_notes(found, looked))


def _files(found: CopySet, looked: Looked) -> Table:
    """A row for every de-identified file, and one for every scan without one."""
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
        (looked.own[k].scan_id, None, "no de-identified file", "left out", "")
        for k in found.missing
    ]
    return Table(("scan", "treated_file", "match", "status", "remark"), tuple(rows))


def _costs_of_scans(pairs: Sequence[Pairing], costs: Sequence[CostResult]) -> Table:
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
        "scan",
        "face_before",
        "face_after",
        "seen_by",
        "found",
        "usable",
        "why_not",
        "usable_repaired",
        "repair",
    )
    return Table(columns, rows)


def _how(repaired: HeadResult) -> str:
    return "; ".join(filter(None, (repaired.reason, *repaired.notes[-1:])))


def found_face(head: HeadResult, cost: CostResult) -> str:
    """Was it done? What was found in one de-identified scan, in words."""
    if cost.unchanged:
        return UNCHANGED
    answer = presence_of(head)
    return FOUND_FACE["failed" if answer is None else answer]


def _notes(found: CopySet, looked: Looked) -> tuple[str, ...]:
    """Sentences for the custodian; labels and paths stand in the tables."""
    untouched = [
        pair.scan.path
        for pair, cost in zip(found.pairs, looked.costs, strict=True)
        if cost.unchanged
    ]
    notes = [
        f"{found.name}: not de-identified, every voxel as before: {path}" for path in untouched
    ]
    notes += [f"{found.name}: {pair.scan.path}: {pair.doubt}" for pair in found.pairs if pair.doubt]
    if found.missing or found.extra:
        notes.append(
            f"{found.name}: {len(found.missing)} scans have no de-identified file and "
            f"{len(found.extra)} files fit no scan; see treated-{found.name}.tsv"
        )
    return (*found.notes, *notes, *(f"{found.name}: {text}" for text in looked.failed))


# ----------------------------------------------------------------------
# Bring de-identified scans in, and compare risk and cost before and after.
# ----------------------------------------------------------------------


@dataclass(frozen=True)
class TreatmentsMeasured:
    """All treatments: what is public, and what stays inside of each."""

    treatments: tuple[Treatment, ...] = ()
    internal: tuple[Internal, ...] = ()


@dataclass(frozen=True)
class _Before:
    """The side before: every scan of the run, those of the audited data set, photographs.

    ``own`` are positions in ``everything``; ``heads`` are of the scans that came as images, which
    come first there, or None where faces are not searched by scans.
    """

    everything: Cohort
    own: tuple[int, ...]
    pictures: Pictures
    heads: face_scans.Looked | None = None
    looked: Mapping[str, HeadResult] = field(default_factory=dict)

    def cohort(self) -> Cohort:
        """The audited data set's scans."""
        return pick(self.everything, self.own)


def measure(context: Context) -> TreatmentsMeasured:
    """Measure every method of a job; nothing where it has none."""
    intake, job, log = context.intake, context.job, context.log
    if not job.deidentified:
        return TreatmentsMeasured()
    damaged: list[StoreError] = []
    run = face_scans.run_of(intake, job, damaged)
    before = _before(context)
    seeds = np.random.default_rng((job.settings.seed, *BEFORE_AFTER)).spawn(len(job.deidentified))
    parts = [
        _one(source.name, intake, before, run, job, log, rng)
        for source, rng in zip(job.deidentified, seeds, strict=True)
    ]
    notes = Internal(notes=tell_damage(damaged, job))
    return TreatmentsMeasured(
        tuple(public for public, _ in parts), (*(internal for _, internal in parts), notes)
    )


def _before(context: Context) -> _Before:
    """The side before, as the attacks prepared it."""
    job = context.job
    cohort = brain.fingerprints(context).cohort
    scans = context.intake.scans
    own = tuple(k for k, scan in enumerate(scans) if _is_own(scan, job))
    faces = context.material(FaceAttack()) if "face" in job.modalities else None
    heads = context.material(FaceScansAttack()) if "face-scans" in job.modalities else None
    pictures = Pictures((), ())
    looked: dict[str, HeadResult] = {}
    if heads is not None:
        looked |= dict(zip((scan.scan_id for scan in heads.scans), heads.heads, strict=True))
    if faces is not None:
        pictures = Pictures(tuple(faces.photos[k] for k in faces.readable), faces.results)
        looked |= dict(zip((scan.scan_id for scan in faces.scans), faces.heads, strict=True))
    return _Before(cohort, own, pictures, heads, looked)


def _is_own(scan: Scan, job: Job) -> bool:
    return scan.dataset == job.sources[0].name


def _prepare(scans: Sequence[Scan], run: Run, job: Job, listen: Listener) -> Cohort:
    return prepare_scans(
        scans,
        job.settings,
        run.store,
        processes=job.processes,
        listen=listen,
        on_damage=run.on_damage,
        failed=run.failed,
    )


def _one(
    name: str,
    intake: Intake,
    before: _Before,
    run: Run,
    job: Job,
    log: CostLog,
    rng: np.random.Generator,
) -> tuple[Treatment, Internal]:
    """One method, from its files to its figures."""
    for_brain, for_face, for_scans = rng.spawn(3)
    found, cohort, run = _bring_in(name, intake, before, run, job, log)
    own = before.cohort()
    pairs = [(own.scans[pair.of], pair.scan) for pair in found.pairs]
    copies = Copies(cohort, tuple(before.own[pair.of] for pair in found.pairs))
    effects: list[Effect] = []
    failed: dict[str, PluginError] = {}
    own_found = None
    if pairs:
        with stage(f"compare: {name}", len(pairs), log, recorded(job)):
            design = brain.plan(before.everything, job)
            effects += brain_effects(
                before.everything, design, copies, job.settings, for_brain, job.processes, failed
            )
            own_found = own_scan(before.everything, copies, job.settings, job.processes, failed)
        tell_failed(failed, job)
    errors: tuple[str, ...] = ()
    faces = {"face", "face-scans"} & set(job.modalities)
    looks = _look(found, before, run, job, log) if pairs and faces else None
    if looks is not None:
        asked = recognisers(job.settings.recognisers, job.weights)
        heads = [*looks.before, *looks.after, *(looks.adaptive or ())]
        heads += () if before.heads is None else before.heads.heads
        errors = errors_of([*heads, *before.pictures.results])
        tell_sentences(errors_of([*looks.after, *(looks.adaptive or ())]), job)
        broken = failing(asked, errors)
        asked = tuple(one for one in asked if one.name not in broken)
        effects += face_effects(looks, before.pictures, asked, job, log, for_face, broken)
        if before.heads is not None and before.heads.scans:
            sides: dict[Attacker, Sequence[HeadResult]] = {"naive": looks.after}
            sides |= {} if looks.adaptive is None else {"adaptive": looks.adaptive}
            effects += scan_effects(before.heads, copies.of, sides, asked, job, for_scans, broken)
    costs = _costs(pairs, run.store, run, job, log)
    person = number_people(scan.participant_id for _, scan in pairs)
    looked = Looked(own.scans, cohort, costs, looks, (*map(str, failed.values()), *errors))
    public = Treatment(
        name,
        arrival(found, cohort, costs),
        tuple(effects),
        own_found,
        None if looks is None else face_left(looks.before, looks.after),
        cost_figures(costs, person),
    )
    return public, internal_part(found, looked)


def _bring_in(
    name: str, intake: Intake, before: _Before, run: Run, job: Job, log: CostLog
) -> tuple[CopySet, Cohort, Run]:
    """Match a de-identified data set's files; also their fingerprints, in the order of the pairs.

    The run that comes back knows what examining the files gave.
    """
    files, own = intake.deidentified[name], before.cohort()
    names = match_by_name(own.scans, files)
    of = {match.copy: match.original for match in names.matches}
    asked = []
    for k, scan in enumerate(files):
        if k in names.refused:
            asked.append(replace(scan, status="failed", reason=names.refused[k]))
        else:
            known = own.scans[of[k]].suffix if k in of else named_suffix(scan.path)
            asked.append(replace(scan, suffix=known or job.settings.contrasts[0]))
    title = f"prepare: {name}"
    with stage(title, len(files) - len(names.refused), log, recorded(job)) as listen:
        if {"face", "face-scans"} & set(job.modalities):
            run = replace(run, failed={**run.failed, **examine_scans(asked, run, job, ignore)})
        cohort = _prepare(asked, run, job, listen)
        found = settle(name, own, cohort, names, (), job)
        # Once more under the final labels: from the store, but where the contrast was another one.
        return found, _prepare([pair.scan for pair in found.pairs], run, job, ignore), run


def _look(found: CopySet, before: _Before, run: Run, job: Job, log: CostLog) -> Looks:
    """Heads before, after, and after an attacker's repair."""
    own = before.cohort()
    scans = tuple(pair.scan for pair in found.pairs)
    title = f"{HEAD_STAGE}: {found.name}"
    with stage(title, len(scans), log, recorded(job)) as listen:
        original = [own.scans[pair.of] for pair in found.pairs]
        unseen = [scan for scan in original if scan.scan_id not in before.looked]
        seen = dict(before.looked)
        for scan, head in zip(unseen, look_at_heads(unseen, run, ignore), strict=True):
            seen[scan.scan_id] = head
        old = tuple(seen[scan.scan_id] for scan in original)
        new = look_at_heads(scans, run, listen)
    repaired: tuple[HeadResult, ...] | None = None
    if before.pictures.results or (before.heads is not None and before.heads.scans):
        broken = len(to_repair(new))
        with stage(f"repair: {found.name}", broken, log, recorded(job)) as listen:
            repaired = repaired_heads(scans, new, run, listen)
    return Looks(scans, old, new, repaired)


def _costs(
    pairs: Sequence[tuple[Scan, Scan]], store: Store, run: Run, job: Job, log: CostLog
) -> tuple[CostResult, ...]:
    with stage(COST_STAGE, len(pairs), log, recorded(job)) as listen:
        return measure_costs(
            pairs,
            store,
            accurate=job.settings.accurate,
            processes=job.processes,
            listen=listen,
            on_damage=run.on_damage,
        )
