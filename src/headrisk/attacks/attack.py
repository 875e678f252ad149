"""What every attack is made of, and how one is run.

An attack brings material, says who is searched for among whom, scores pairs, and says what was
found. What lies between is the same for all of them and stands here once: fusion of measures,
rates with their intervals, the choice of the strongest measure, what it means for people, and the
section of findings with its tables, links and pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar

import pyarrow as pa

from headrisk.attacks.rates import Scores, assess_people, evaluate, fused, led_by_headline
from headrisk.attacks.section import modality_section
from headrisk.dataset.scans import Scan
from headrisk.findings.linkage import internal_part
from headrisk.findings.records import (
    Internal,
    ModalitySection,
    Mosaic,
    Needs,
    Panel,
    ScanRow,
    Table,
)
from headrisk.intake import Intake
from headrisk.job import Job
from headrisk.linkage.design import Design, PeopleCounts
from headrisk.linkage.label_check import LabelCheck
from headrisk.report.words.attacks import NO_NEEDS
from headrisk.run.provenance import CostLog
from headrisk.statistics.assessment import Assessment
from headrisk.statistics.choice import Evaluated
from headrisk.statistics.strata import VoxelSizes, known_conditions
from headrisk.statistics.summary import strata
from headrisk.types import BoolArray, PairScores

Material = TypeVar("Material")
Plan = TypeVar("Plan")


@dataclass(frozen=True)
class Context:
    """What the attacks of one run share.

    Attributes
    ----------
    intake, job, log
        Scans of the run, what was asked, and the log of costs.
    prepared
        Material by attack, as far as it was prepared: what one needs that another has.
    measured
        What the attacks before this one came to.
    """

    intake: Intake
    job: Job
    log: CostLog
    prepared: dict[str, Any] = field(default_factory=dict)
    measured: list[Measured] = field(default_factory=list)

    def material(self, attack: Attack[Material, Any]) -> Material | None:
        """What an attack compares, prepared once."""
        if attack.name not in self.prepared:
            self.prepared[attack.name] = attack.prepare(self)
        found: Material | None = self.prepared[attack.name]
        return found


@dataclass(frozen=True)
class Lineup(Generic[Plan]):
    """Who is searched for among whom.

    Attributes
    ----------
    plan
        The attack's own, by positions in its material.
    probes, gallery
        Scans, or what stands for them, behind the rows and columns of the scores.
    verbatim
        (probes, gallery) pairs of one and the same image: they find one another by themselves.
    parts
        Modalities that were combined.
    """

    plan: Plan
    probes: tuple[Scan, ...]
    gallery: tuple[Scan, ...]
    verbatim: BoolArray | None = None
    parts: tuple[str, ...] = ()


def lineup_of(
    scans: Sequence[Scan], design: Design, verbatim: BoolArray | None = None
) -> Lineup[Design]:
    """The scans on either side of a design; its positions are those of ``scans``."""
    probes, gallery = (tuple(scans[k] for k in side) for side in (design.probes, design.gallery))
    return Lineup(design, probes, gallery, verbatim)


@dataclass(frozen=True)
class Tested:
    """What pairs were scored, and what that came to.

    ``made`` is what scoring had to say beside the scores.
    """

    scores: Mapping[str, Scores]
    found: Evaluated
    made: Any


@dataclass(frozen=True)
class Answer:
    """What an attack says beside its rates.

    Attributes
    ----------
    rows
        Scans of the section, failed ones included; ``listed`` takes their place inside.
    unsearched
        People that failures kept out of the search.
    compared, method, references, needs, too_little, offer
        In words; see :func:`headrisk.attacks.section.modality_section`.
    contrasts
        Kinds of images that were compared, by suffix.
    panels
        Questions beside the rates.
    voxels
        Voxel sizes of probes and gallery; None where no conditions are told apart.
    people, labels
        Who was searched for, and what the images say of labels.
    simulated
        Mates were simulated: what is found is no measurement, and is not combined with others.
    notes, tables, pictures, depth
        What stays inside; ``depth`` candidates of each probe are listed for the strongest measure.
    digests, parquet, photos_unused
        Of what was read; tables for ``internal/`` by file name; photographs of no use.
    """

    rows: tuple[ScanRow, ...]
    unsearched: int
    compared: str
    method: tuple[str, ...]
    references: tuple[str, ...] = ()
    needs: Needs = NO_NEEDS
    contrasts: tuple[str, ...] = ()
    too_little: str = ""
    offer: str = ""
    panels: Mapping[Panel, Table] = field(default_factory=dict)
    voxels: tuple[VoxelSizes, VoxelSizes] | None = None
    people: PeopleCounts | None = None
    labels: LabelCheck | None = None
    simulated: bool = False
    listed: tuple[ScanRow, ...] | None = None
    notes: tuple[str, ...] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    pictures: tuple[Mosaic, ...] = ()
    depth: int = 5
    digests: tuple[str, ...] = ()
    parquet: Mapping[str, pa.Table] = field(default_factory=dict)
    photos_unused: int = 0


class Attack(Protocol[Material, Plan]):
    """A way to find people."""

    @property
    def name(self) -> str:
        """Name of the modality, which its section bears."""

    @property
    def assessed(self) -> bool:
        """Whether it is worked out what the strongest measure means for people.

        Not for metadata alone: they are what the other attacks are compared with.
        """

    def prepare(self, context: Context) -> Material | None:
        """What is compared, from the files of the run; None where there is nothing to ask."""

    def design(self, material: Material, context: Context) -> Lineup[Plan]:
        """Who is searched for among whom."""

    def score(
        self, material: Material, lineup: Lineup[Plan], context: Context
    ) -> tuple[Mapping[str, Scores], Any]:
        """Scores of all pairs by measure, or summaries of them; and what there is to say of it."""

    def find(
        self, material: Material, lineup: Lineup[Plan], tested: Tested, context: Context
    ) -> Answer | None:
        """What is said beside the rates; None where nothing is told after all."""


@dataclass(frozen=True)
class Brought:
    """Scores of the strongest attack, and the labels of the people behind rows and columns."""

    scores: PairScores
    probes: tuple[str, ...]
    gallery: tuple[str, ...]


@dataclass(frozen=True)
class Measured:
    """One modality: its public section, what stays inside, and the digests of what it read.

    ``attack`` is what it brings where modalities are combined. ``tables`` are Parquet tables for
    ``internal/``, by file name. ``photos_unused`` counts listed photographs that were refused,
    could not be read or show no single face.
    """

    section: ModalitySection
    internal: Internal
    digests: tuple[str, ...]
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    photos_unused: int = 0
    attack: Brought | None = None


def run_attack(attack: Attack[Any, Any], context: Context) -> Measured | None:
    """Measure how well an attack finds people; None where it has nothing to tell."""
    material = context.material(attack)
    if material is None:
        return None
    lineup, scores, made = search(attack, material, context)
    sides = (lineup.probes, lineup.gallery)
    found = evaluate(attack.name, scores, *sides, context.job, context.log)
    risk, exposed = (
        assess_people(attack.name, found, *sides, context.job, context.log, lineup.parts)
        if attack.assessed
        else (None, {})
    )
    answer = attack.find(material, lineup, Tested(scores, found, made), context)
    if answer is None:
        return None
    internal = internal_part(
        answer.rows if answer.listed is None else answer.listed,
        tuple(scan.scan_id for scan in lineup.probes),
        tuple(scan.scan_id for scan in lineup.gallery),
        *led_by_headline(scores, found),
        attack=attack.name,
        depth=answer.depth,
        one_to_one=context.job.settings.one_to_one,
        pictures=answer.pictures,
        notes=answer.notes,
        tables={**answer.tables, **exposed},
    )
    return Measured(
        _section(attack.name, lineup, scores, found, risk, answer),
        internal,
        answer.digests,
        answer.parquet,
        answer.photos_unused,
        None if answer.simulated else _brought(found, lineup),
    )


def search(
    attack: Attack[Material, Plan], material: Material, context: Context
) -> tuple[Lineup[Plan], dict[str, Scores], Any]:
    """Who is searched for among whom, all scores with their fusion, and what there is to say."""
    lineup = attack.design(material, context)
    scored, made = attack.score(material, lineup, context)
    return lineup, fused(attack.name, scored, lineup.verbatim, context.job), made


def _section(
    name: str,
    lineup: Lineup[Any],
    scores: Mapping[str, Scores],
    found: Evaluated,
    risk: Assessment | None,
    answer: Answer,
) -> ModalitySection:
    conditions = (
        known_conditions(lineup.probes, lineup.gallery, *answer.voxels)
        if answer.voxels is not None and found.scores is not None
        else ()
    )
    section = modality_section(
        name,
        answer.rows,
        [one if isinstance(one, PairScores) else None for one in scores.values()],
        found.summaries,
        strata(found.scores, conditions) if found.scores is not None else (),
        unsearched=answer.unsearched,
        compared=answer.compared,
        contrasts=answer.contrasts,
        method=answer.method,
        references=answer.references,
        needs=answer.needs,
        panels=answer.panels,
        too_little=answer.too_little,
        offer=answer.offer,
        simulated=answer.simulated,
        risk=risk,
        found=found,
    )
    counts = section.counts
    if answer.people is not None:
        counts = replace(counts, people=answer.people)
    return replace(section, counts=counts, labels=answer.labels)


def _brought(found: Evaluated, lineup: Lineup[Any]) -> Brought | None:
    if found.scores is None:
        return None
    sides = (tuple(scan.participant_id for scan in s) for s in (lineup.probes, lineup.gallery))
    return Brought(found.scores, *sides)
