"""The annex of the public page: its parts by number, and the sentences that stand in it once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headrisk.findings.records import ModalitySection, Report
from headrisk.report.words import summary
from headrisk.report.words.people import rated
from headrisk.report.words.phrases import percent, rate
from headrisk.types import Estimate

CONTENTS = "Annex: contents"
BESIDE = "Files named here lie in the custodian's folder."
WENT_IN = (
    "Pairs are of scans; two scans searched for each other count twice. Scans are those that the "
    "attack was given: their number may differ from the images above."
)
FAILED = "A scan that failed here protects nobody: others may succeed with it."
TWICE_MORE = (
    "Each rate is therefore given twice more: as if none, and as if all, of the people with failed "
    "scans had been found."
)
TOO_FEW = (
    "Figures and tables are left out, since a figure from so few people would say more about "
    "chance than about risk."
)
METHODS = (
    "How each attack was made, step by step, is in `methods.md`, with references and what names of "
    "measures mean."
)
BOARDS = (
    "What each asks, what here speaks to it, and what is missing are in texts.html, with the "
    "paragraphs to copy: {askers}."
)
MADE_BY = (
    "Made by headrisk {version}. Figures {digest}: the first digits of the SHA-256 of "
    "`report.json`. Settings are in `settings.toml`, versions in `report-run.json`, the numbers of "
    "every table and figure in `tables/`."
)
READING = (
    "Intervals are taken over people, not over pairs: pairs that share a person are not "
    "independent.",
    "The strongest way of comparing was chosen on one half of the people, and its rate counted in "
    "the other half, many times over, so that the choice does not flatter it. The control made the "
    "same choice. Rates of single ways lack this correction, so they bear no result of their own. "
    "The way by-contrast-pair takes the strongest measure for each pair of kinds.",
    "Where nobody was linked, the risk may be higher than zero; where everybody was, it may be "
    "lower: read both ends. An attack that does not beat its control proves no absence.",
    "Thresholds were set on some people and tested on others, so their errors may exceed the EER.",
    "Rates may fall among more people (how far is often not known) and rise with better methods.",
    "Counts of people found are ranges of up to four values, and rates are taken at the end that "
    "means more risk, so that no arithmetic and no second report tells whether one person was "
    "found. Counts of images, scans and files are exact. The exact figures are in the internal "
    "report.",
    "Rank 1: the best candidate is the right person. AUC: chance that a same-person pair scores "
    "above a different-person pair (0.5 is guessing). EER: error rate where false and missed "
    "matches are equal. d\u2032: distance of the two means in standard deviations. FMR, FNMR: "
    "false and missed matches. FPIR: searches for absent people that return a name. FNIR: searches "
    "for present people that miss. A dash: too little data, or held back.",
)


@dataclass(frozen=True)
class Part:
    """One part of the annex: its number, by which paper finds it, its anchor and its title."""

    number: int
    anchor: str
    title: str

    @property
    def heading(self) -> str:
        """``4. Brains``."""
        return f"{self.number}. {self.title}"


@dataclass(frozen=True)
class Annex:
    """The parts of a page's annex in their order."""

    parts: tuple[Part, ...]

    def heading(self, anchor: str) -> str:
        """The heading of the part of that anchor."""
        return next(part.heading for part in self.parts if part.anchor == anchor)

    def number(self, target: str) -> int | None:
        """The number of the part that an anchor of the page, or one within a part, belongs to."""
        inside = {"larger": "people", "treatment": "treatments"}
        for part in sorted(self.parts, key=lambda one: -len(one.anchor)):
            if target == part.anchor or target.startswith(f"{part.anchor}-"):
                return part.number
        for start, anchor in inside.items():
            if target.startswith(start):
                return next((one.number for one in self.parts if one.anchor == anchor), None)
        return None


def annex(report: Report, *, follows: bool) -> Annex:
    """The annex of a report; ``follows`` where a rule applies to it."""
    told = [("reasons", "What follows: the reasons")] if follows else []
    told.append(("data", "Data and failures"))
    if report.faces_left:
        told.append(("faces-left", "Faces left"))
    told += [(one.name, summary.title(one)) for one in report.modalities]
    if rated(report.modalities):
        told.append(("people", "What the figures mean for people"))
    if report.treatments:
        told.append(("treatments", "De-identification methods"))
    told += [
        ("reading", "How to read the figures"),
        ("boards", "Questions of boards, text to copy"),
        ("methods", "Methods, settings and cost"),
    ]
    return Annex(tuple(Part(k, anchor, title) for k, (anchor, title) in enumerate(told, 1)))


@dataclass(frozen=True)
class Failures:
    """One rate, told as measured and with the people who could not be searched for."""

    title: str
    searched: int | None
    lost: int
    measured: str
    best: str
    worst: str


def failures(sections: Sequence[ModalitySection]) -> tuple[Failures, ...]:
    """Rates of attacks that could not search for everybody, in their best and worst case."""
    rows = []
    for section in sections:
        lost = section.counts.unsearched
        if not (section.sufficient and lost):
            continue
        for label, found in summary.rank_rates(section.headline):
            rows.append(
                Failures(
                    f"{summary.title(section)}, {label}",
                    None if found is None else found.n,
                    lost,
                    rate(found),
                    *_cases(found, lost),
                )
            )
    return tuple(rows)


def _cases(found: Estimate | None, lost: int) -> tuple[str, str]:
    ends = summary.failure_ends(found, lost)
    return ("–", "–") if ends is None else (percent(ends[0], -1), percent(ends[1], 1))
