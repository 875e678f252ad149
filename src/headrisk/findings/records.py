"""What a report holds, whatever was compared: brains, faces or tables of numbers.

``Report`` is the public half: everything in it may leave the institution. ``Internal`` is the
other half: labels, paths, pictures and the score of each pair, which stay in ``OUT/internal``.
The two never mix: no function that writes a public file takes an ``Internal``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headrisk.dataset.description import DataSetName
from headrisk.dataset.inventory import InventoryCounts
from headrisk.findings.deidentified import Treatment
from headrisk.linkage.decide import NoThreshold
from headrisk.linkage.design import PeopleCounts
from headrisk.linkage.label_check import LabelCheck
from headrisk.run.provenance import Cost, Machine, Provenance
from headrisk.statistics.assessment import Assessment
from headrisk.statistics.choice import Choice
from headrisk.types import Estimate, PairScores, Status, Verdict

SCHEMA_VERSION = "1.3"
TITLE = "Re-identification risk of a set of head scans"

Value = str | int | float | bool | None
Few = Literal["false matches", "missed matches"]
Reading = Literal["links", "does not link", "unclear", "too little data"]


FILES = "files"
"""The table of how the files were looked at in which names, dates and free text are searched."""
TOGETHER = "together: "
"""Before an answer by all detectors and the skin, in the table ``presence``."""


class FileRow(StrEnum):
    """Rows of the tables ``files`` and ``unread`` from which follows what to say and to do."""

    ALL = "all"
    READ = "read as their own format"
    SEARCHED = "searched as bytes"
    UNREAD = "not read"
    TO_READ = "read, and to be read by a person"
    CLEAN = "called clean"
    SOURCE_FOLDERS = "folders of source data"
    IN_SOURCE = "files in folders of source data"
    IMAGES_IN_SOURCE = "images in folders of source data"


SOURCE_FOLDER = ("sourcedata", "Folder with source data")
"""Kinds of findings that are folders of source data; the second as earlier versions named it."""


class CopyRow(StrEnum):
    """Rows of the table ``copy`` from which follows what to do."""

    FINDINGS = "findings in the copy"
    REMAINING = "removed values that still stand in it"


class PeopleRow(StrEnum):
    """Rows of the table ``people`` from which follows what to do."""

    ALL = "people in the table"
    IN_SMALL = "in classes of fewer than 5"


@dataclass(frozen=True)
class Table:
    """The numbers of one figure or table of the report; written as ``tables/<name>.tsv``."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]

    def column(self, name: str) -> list[Any]:
        """One column, top to bottom."""
        index = self.columns.index(name)
        return [row[index] for row in self.rows]


def cells_of(estimate: Estimate | None) -> tuple[Value, Value, Value]:
    """Three cells of a table: a figure and the ends of its interval, or three missing ones."""
    return (estimate.value, estimate.low, estimate.high) if estimate else (None, None, None)


@dataclass(frozen=True)
class Counts:
    """How much was tested.

    Attributes
    ----------
    persons, scans, failed
        People and scans in the data set, and scans that could not be used.
    mated_pairs, nonmated_pairs
        Compared pairs of scans that show one person, and two.
    gallery_size
        People in the searched set.
    searched
        People that were searched for: the unit of the rank rates.
    unsearched
        People that should have been searched for but were not, because their scans failed.
    doubtful
        Usable scans whose preparation a person should look at.
    people
        Who was searched for and who was not, and why; None where that was not counted.
    """

    persons: int
    scans: int
    failed: int
    mated_pairs: int
    nonmated_pairs: int
    gallery_size: int
    searched: int = 0
    unsearched: int = 0
    doubtful: int = 0
    people: PeopleCounts | None = None


@dataclass(frozen=True)
class Threshold:
    """A score from which a pair is called one person, and its error rates on held-out people.

    ``missing`` says why there is no threshold or no test of one; ``few`` which rates rest on few
    errors; ``withheld`` that the value was taken out, as few people stand behind it.
    """

    value: float | None
    fmr: Estimate | None = None
    fnmr: Estimate | None = None
    missing: NoThreshold | None = None
    few: tuple[Few, ...] = ()
    withheld: bool = False


@dataclass(frozen=True)
class MeasureResult:
    """What one similarity measure reached. None stands for *too little data*.

    ``control`` is the mean rank-1 rate of the control attack (the same search with labels
    shuffled; its upper end is the 95th percentile of the shuffles) and ``chance`` the rank-1
    rate of guessing. ``reading`` says in a word what follows. ``extra`` holds further figures
    by name, written to ``report.json`` as they are. ``one_to_one`` is the share of people whom
    somebody finds who holds both sets whole and assigns people one to one.
    """

    name: str
    auc: Estimate | None = None
    eer: Estimate | None = None
    d_prime: Estimate | None = None
    rank1: Estimate | None = None
    rank5: Estimate | None = None
    mated_min: float | None = None
    nonmated_max: float | None = None
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)
    control: Estimate | None = None
    chance: float | None = None
    reading: Reading = "too little data"
    remark: str = ""
    extra: Mapping[str, Value] = field(default_factory=dict)
    one_to_one: Estimate | None = None

    @property
    def luck(self) -> float | None:
        """What an attack has to beat: the 95th percentile of its control, or guessing if higher."""
        known = [self.control.high if self.control else None, self.chance]
        return max((rate for rate in known if rate is not None), default=None)


@dataclass(frozen=True)
class Needs:
    """What else an attack takes than computer time, in words."""

    data: str = ""
    skill: str = ""
    hardware: str = ""


@dataclass(frozen=True)
class Condition:
    """The headline measure within one level of one condition, such as one site.

    ``persons`` is None, and the rates are withheld, where the level stands for several levels
    with fewer than five people each.
    """

    name: str
    level: str
    persons: int | None
    mated_pairs: int | None = None
    rank1: Estimate | None = None
    auc: float | None = None
    withheld: bool = False


@dataclass(frozen=True)
class Panel:
    """A question that a modality answers beside the linkage rates.

    ``answer`` is one or two sentences; the numbers stand in the section's table of the same
    ``name``. Whoever makes a panel merges cells that stand for fewer than five people.
    """

    name: str
    title: str
    answer: str


@dataclass(frozen=True)
class ModalitySection:
    """One modality's results.

    ``strongest`` are the rates of the strongest attack, ``choice`` says how it was chosen; where
    none was chosen the first measure is the headline.

    ``tables`` holds the numbers behind the figures: ``scores-<measure>``,
    ``density-<measure>``, ``det-<measure>`` and ``cmc-<measure>``; a missing one means that
    there was too little data to draw it. Each of ``panels`` has a table of its own name there.
    ``contrasts`` are the kinds of images that were compared, by suffix; empty for tables.
    ``too_little`` is empty, or the sentence that replaces the figures; what could be counted
    stands in ``counts`` all the same. ``simulated`` says that no true second scan was compared:
    mates were simulated from the scans themselves. ``needs`` says what the attack takes.
    ``risk`` is what the headline measure means for people,
    with its tables ``linkability``, ``open-set``, ``forecast`` and ``attackers``. ``labels`` is
    what the images say of the labels of two data sets; None where there is one, or a table of who
    is who.
    """

    name: str
    counts: Counts
    measures: tuple[MeasureResult, ...] = ()
    conditions: tuple[Condition, ...] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    compared: str = ""
    contrasts: tuple[str, ...] = ()
    method: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    too_little: str = ""
    panels: tuple[Panel, ...] = ()
    simulated: bool = False
    needs: Needs = Needs()
    risk: Assessment | None = None
    labels: LabelCheck | None = None
    strongest: MeasureResult | None = None
    choice: Choice | None = None

    @property
    def headline(self) -> MeasureResult | None:
        """The attack that the first page quotes."""
        return self.strongest or (self.measures[0] if self.measures else None)

    @property
    def sufficient(self) -> bool:
        """Whether the data carry a figure for the first page."""
        return self.headline is not None and self.headline.rank1 is not None and not self.too_little


@dataclass(frozen=True)
class FacesLeft:
    """In how many images a face was found, a part of one, none, or nothing certain.

    Attributes
    ----------
    looked
        Whether images were looked at; without the extra ``faces`` none is.
    images
        How many there are.
    counts, by_suffix
        Images by answer (``face``, ``part``, ``gone``, ``unclear``, ``outside``, ``failed``), over
        all and for each suffix.
    codes
        Images by the reason of the answer, a key of :data:`headrisk.report.words.presence.SAID`.
    """

    looked: bool
    images: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    by_suffix: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """The public half of an audit.

    ``settings`` are plain values as in ``settings.toml``. ``not_tested`` lists, in plain words,
    what this audit says nothing about; ``not_asked`` the questions that ``--only`` left out.
    ``faces_left`` is None where that was not asked. ``inventory`` counts every image of the data
    set by what became of it; None where nothing but tables or stored fingerprints was read.
    ``data`` names the data set; None where nothing of it may be told.
    """

    modalities: tuple[ModalitySection, ...]
    settings: Mapping[str, Any]
    version: str
    title: str = TITLE
    attacker: str = ""
    not_tested: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    treatments: tuple[Treatment, ...] = ()
    faces_left: FacesLeft | None = None
    not_asked: tuple[str, ...] = ()
    inventory: InventoryCounts | None = None
    data: DataSetName | None = None


@dataclass(frozen=True)
class RunRecord:
    """What differs from run to run: time, versions, cost. No user, host or path."""

    started: str = ""
    provenance: Provenance | None = None
    cost: tuple[Cost, ...] = ()
    machine: Machine | None = None


@dataclass(frozen=True)
class ScanRow:
    """A row of ``internal/scans.tsv``: one scan as one modality saw it."""

    scan_id: str
    participant_id: str
    session_id: str
    path: str
    status: Status
    reason: str = ""
    seconds: float = 0.0
    quality: float | None = None
    verdict: Verdict = "ok"
    modality: str = "brain"


@dataclass(frozen=True)
class Link:
    """A row of ``internal/links.tsv``: one searched scan, one found scan.

    ``mated`` says whether both show one person, where that is known; the page shows it.
    ``attack`` is the one whose measure it is.
    """

    probe: str
    gallery: str
    measure: str
    score: float
    rank: int
    decision: str
    mated: bool | None = None
    attack: str = ""


@dataclass(frozen=True)
class Mosaic:
    """How a scan was prepared: grey (y, x) or RGB (y, x, 3).

    For brains slices with the template's outline, for faces a render.
    """

    scan_id: str
    verdict: Verdict
    quality: float
    image: NDArray[np.uint8] = field(repr=False)
    modality: str = "brain"


@dataclass(frozen=True)
class ScoreMatrix:
    """One measure's scores with the scan ids of its rows (probes) and columns (gallery)."""

    scores: PairScores
    probe_ids: tuple[str, ...]
    gallery_ids: tuple[str, ...]


@dataclass(frozen=True)
class Internal:
    """The half of an audit that stays in the institution.

    ``tables`` are further tables by name, such as the photographs with their status.
    ``input_key`` is the key of the input's digest, in hexadecimal.
    """

    scans: tuple[ScanRow, ...] = ()
    links: tuple[Link, ...] = ()
    mosaics: tuple[Mosaic, ...] = ()
    matrices: tuple[ScoreMatrix, ...] = ()
    notes: tuple[str, ...] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    input_key: str = ""
