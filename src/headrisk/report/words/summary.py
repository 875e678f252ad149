"""The report's plain sentences. Every one is a function of figures, none is a promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor

from headrisk.findings.coarse import FEWEST_FOR_EXTREMES, interval
from headrisk.findings.cost import AttackCost
from headrisk.findings.records import Condition, Counts, MeasureResult, ModalitySection
from headrisk.linkage.decide import NoThreshold
from headrisk.linkage.design import PeopleCounts
from headrisk.linkage.label_check import LabelCheck
from headrisk.linkage.whole_sets import MOST_ASSIGNED
from headrisk.report.words.attacks import ATTACKS, title_of
from headrisk.report.words.phrases import (
    NARROW,
    capital,
    counted,
    listed,
    natural_frequency,
    people,
    percent,
    percentage,
    rate,
)
from headrisk.statistics.intervals import with_failures
from headrisk.statistics.risk import as_images_say
from headrisk.types import Estimate

SIMULATED_FOUND = "linked to a re-scan simulated from their own scan"
SIMULATED_WOULD = "linked to such a simulated re-scan"
SIMULATED_NOTICE = (
    "Simulated. Nobody's second scan was compared: a second scan of each person was made by a "
    "program from the first. True second scans differ in ways that the program does not know, "
    "and mostly more; read these figures as a warning, not as a measurement: they can be far too "
    "high."
)
RULE_NAMES = {
    "kde": "where the two density curves cross",
    "fmr_1e-2": "at most 1 of 100 different-person pairs accepted",
    "fmr_1e-3": "at most 1 of 1,000 different-person pairs accepted",
    "unsupervised": "as an outsider without labels would set it",
}
RESULTS = {  # of an attack: these words and no others, wherever a result is told
    "links": "links people",
    "unclear": "may link people",
    "does not link": "not shown to link",
    "too little data": "too few people",
}
OTHERS_NOT_TESTED = ("Other attackers, images or people; larger sets; later or stronger methods.",)
NEVER_TRIED = "inference, as of age or disease; relatives; people trying by hand."
GUESSING = 0.5  # area under the curve of scores that tell nothing
TOO_LITTLE = "Too few people."
SETTING_NOTES = {"contrasts": "of brains", "one_to_one": "in lists of links; attacks try both"}
NOTHING_COMPARED = "No pair of usable scans could be compared."
WITHHELD = f"thresholds are held back below {FEWEST_FOR_EXTREMES} people"
WHY_NO_THRESHOLD = {
    "no mated pairs": "no pair of scans of one person",
    "no non-mated pairs": "no pair of scans of different people",
    "nothing to tell apart": "no pairs of one person or of different people, or all scores are "
    "equal",
    "equal scores": "all scores are equal",
    "few probes": "an outsider's threshold needs 8 searched scans, 4 people to search among and "
    "scores that differ",
    "one group": "the best scores do not fall into two groups for an outsider to see",
    "few people": "fewer than four people",
    "not tested": "not tested on so many pairs",
    "never higher": "scores of one person are nowhere the likelier ones",
    "few pairs": "too few pairs of different people",
}
NEEDS = "Rates need at least five people with two comparable scans each."
MISSING_REASONS = {
    "scores": "Scores are drawn from 20 people upward, in bars of five people or more.",
    "cmc": "Ranks need people with two usable scans and at least one other person.",
    "det": "Error rates are drawn from 20 people upward, as scores are.",
    "measures": "Rates need people with two usable scans and at least one other person.",
    "conditions": "Conditions need a site, scanner, time gap or the like with at least five "
    "people on two levels; none is known.",
}


@dataclass(frozen=True)
class Sample:
    """How many people with two comparable scans there were, in a gallery of how many.

    ``smallest_risk`` is the smallest share that so many people would have shown (rule of three).
    """

    people: int
    gallery: int
    smallest_risk: float | None


def no_threshold(found: NoThreshold | None) -> str:
    """Why the data give no threshold, or no test of one; "" where they do."""
    if found is None:
        return ""
    text = WHY_NO_THRESHOLD.get(found.why, found.why)
    if found.why == "never higher":
        text = (
            f"if {percent(found.prior)} of the pairs were of one person, no score would make that "
            "the likelier reading"
        )
    elif found.why == "few pairs":
        text = f"a threshold needs {found.needed:,} pairs of different people"
        if found.have is not None:
            text += f", the data have {found.have:,}"
    return f"on the training people: {text}" if found.held_out else text


def sample_sentence(sample: Sample) -> str:
    """Why a sample carries no figure."""
    if sample.people == 0:
        return "Nobody has two comparable scans, so linkage was not tested."
    has = "person has" if sample.people == 1 else "people have"
    return (
        f"{sample.people:,} {has} two comparable scans in a gallery of {people(sample.gallery)}; "
        f"{_smallest(sample)}."
    )


def tested_sentence(sample: Sample) -> str:
    """How many people were tested, and what that can show."""
    return f"{people(sample.people)} were tested; {_smallest(sample)}."


def too_few_people(sample: Sample, forecast: int) -> str:
    """The same for a whole modality; ``forecast`` people are needed to forecast."""
    return (
        f"{sample_sentence(sample)} No forecast to larger galleries is made from fewer than "
        f"{people(forecast)}."
    )


def _smallest(sample: Sample) -> str:
    return f"the smallest risk this sample could have shown is {percent(sample.smallest_risk)}"


def failures_sentence(estimate: Estimate, counts: Counts) -> str:
    """What failed scans could change about a rate."""
    if counts.unsearched == 0:
        if counts.failed == 0:
            return "No scan failed, so failures cannot change this figure."
        return "Scans failed, but everyone with a scan to be searched for had a usable one."
    best, worst = failure_ends(estimate, counts.unsearched) or (0.0, 1.0)
    why = "scans failed" if counts.failed else "their scans gave nothing to compare"
    return (
        f"{people(counts.unsearched)} could not be searched for because {why}. If none of "
        f"them would have been found the figure is {percent(best)}; if all of them, "
        f"{percent(worst)}."
    )


def failure_ends(estimate: Estimate | None, lost: int) -> tuple[float, float] | None:
    """The rate if none, and if all, of the people who could not be searched for were found.

    Of a count that is a range, the best case is that of its lowest value, the worst that of its
    highest.

    >>> failure_ends(Estimate(1.0, 0.28, 1.0, 5, fewest=4, most=5), 1)
    (0.6666666666666666, 1.0)
    """
    low = estimate
    if estimate is not None and estimate.fewest is not None:
        low = replace(estimate, value=estimate.fewest / estimate.n)
    best, worst = with_failures(low, lost), with_failures(estimate, lost)
    return None if best is None or worst is None else (best[0], worst[1])


WHY_NOT_SEARCHED = {
    "one_session": "nothing else to be found is there",
    "copies": "all scans are copies of one image",
    "failed": "too few usable scans",
    "no_scan": "no image is of a kind that is compared",
}


def who_was_searched(counts: PeopleCounts) -> str:
    """How many people there are, were searched for and were not, and why: the counts add up."""
    return _who(counts, "was searched" if counts.searched == 1 else "were searched")


def who_can_be_searched(counts: PeopleCounts) -> str:
    """The same before a run, as far as labels and headers tell."""
    return _who(counts, "can be searched")


def _who(counts: PeopleCounts, searched: str) -> str:
    text = f"Of {people(counts.people)}, {counts.searched:,} {searched} for"
    found = {WHY_NOT_SEARCHED[code]: count for code, count in counts.not_searched.items()}
    why = [f"{text} ({count:,})" for text, count in found.items()] if len(found) > 1 else [*found]
    left = sum(found.values())
    return f"{text} and {left:,} not: {', '.join(why)}." if why else f"{text}."


def label_warning(section: ModalitySection) -> str:
    """The warning that labels and images of two data sets disagree, or ""."""
    check = section.labels
    if check is None or not check.in_doubt:
        return ""
    if check.code == "labels_unconfirmed":
        return _unconfirmed(check)
    measure = section.headline
    labelled = measure.rank1 if measure else None
    return (
        f"The labels of the two data sets do not name the same people. Of the "
        f"{people(check.people)} searched with, {check.clear:,} have a candidate that stands "
        f"clearly out, and {check.other_label:,} of these candidates bear another label. Linked at "
        f"rank 1 as the labels are: {rate(labelled)}; as the {_things(section)} say: "
        f"{rate(as_images_say(check))}. "
        "Read the figures below only if equal labels are the same person; a table given with "
        "--same-people settles it."
    )


def _things(section: ModalitySection) -> str:
    return "rows" if section.name == "table" else "images"


def _unconfirmed(check: LabelCheck) -> str:
    """The warning that people of one label do not look like one person."""
    borne_out = (
        f"the images bear out {check.confirmed:,} or a few more"
        if check.confirmed
        else "the images bear out few or none"
    )
    return (
        f"The images do not bear out that equal labels are one person. Of {people(check.labelled)} "
        f"whose label is in both data sets, {borne_out}; the others look like two people. "
        "Studies that number their people each on its own give one label to two. Then the figures "
        "below do not say how many can be found. If the labels are one key all the same, these "
        "images are compared too weakly to tell. A table given with --same-people settles it."
    )


def judged(measure: MeasureResult) -> tuple[float, float] | None:
    """The interval that is held against luck: that of the highest count where counts are ranges."""
    rate = measure.rank1
    if rate is None:
        return None
    return (rate.low, rate.high) if rate.most is None else interval(rate.most, rate.n)


def against_luck(measure: MeasureResult) -> str:
    """Luck, and the interval by which the result was judged, in words that follow a rate.

    >>> rate = Estimate(1.0, 0.28, 1.0, 5, fewest=4, most=5)
    >>> found = MeasureResult("mae", rank1=rate, chance=0.2, reading="links")
    >>> print(against_luck(found).replace("\u00a0", " "))
    highest count 54 to 100 %; luck 20 %
    """
    rate, luck, ends = measure.rank1, measure.luck, judged(measure)
    if rate is None or luck is None or ends is None:
        return ""
    said = f"luck {percent(luck)}"
    if rate.most is None:
        return said
    if measure.reading == "does not link":
        held = f"{_low(ends)} to {percent(ends[1], 1)}"
        return f"highest count, {percent(rate.most / rate.n)}, {held}; {said}"
    if measure.reading == "unclear" and ends[0] > luck:
        return f"lowest count {percent((rate.fewest or 0) / rate.n)}; {said}"
    low = _low(ends)
    if measure.reading == "links" and round(100 * luck) >= floor(100 * ends[0]):
        # both so exactly that the lower end is seen to be above
        scales = ((k, 10 ** (2 + k)) for k in range(1, 14))
        digits = next((k for k, by in scales if floor(ends[0] * by) > round(luck * by)), 13)
        low = f"{floor(ends[0] * 10 ** (2 + digits)) / 10**digits:.{digits}f}"
        said = f"luck {100 * luck:.{digits}f}{NARROW}%"
    return f"highest count {low} to {percent(ends[1], 1)}; {said}"


def _low(ends: tuple[float, float]) -> str:
    """The lower end of an interval, before its upper one."""
    return percent(ends[0], -1).removesuffix(f"{NARROW}%")


def labels_in_doubt(sections: Sequence[ModalitySection]) -> bool:
    """Whether the images of some attack contradict the labels that all attacks are measured by."""
    return any(one.labels is not None and one.labels.in_doubt for one in sections)


def headline(section: ModalitySection) -> str:
    """One sentence that says what the attack reached."""
    measure = section.headline
    if section.panels and not section.measures:
        return "Nobody was searched for."
    if measure is None or measure.rank1 is None or not section.sufficient:
        return "Too few people to say how many can be linked."
    if section.simulated:
        sentence = natural_frequency(measure.rank1, SIMULATED_FOUND, SIMULATED_WOULD)
        return f"Simulated re-scans, no true ones: {sentence}."
    found = ATTACKS[section.name].found if section.name in ATTACKS else "linked"
    return f"{capital(natural_frequency(measure.rank1, found))}."


def compared_scans(contrasts: Sequence[str], sources: int, copies: int) -> str:
    """Who was searched among whom; ``copies`` pairs of identical files were left out."""
    kinds = listed(contrasts) if contrasts else ""
    if sources == 1:
        text = f"Every {kinds} scan was searched among all scans of other sessions."
    else:
        text = f"Every {kinds} scan of the data set was searched among the scans of the others."
    return text + copies_left_out(copies)


def copies_left_out(copies: int) -> str:
    """That pairs of identical files say nothing; "" where there are none."""
    if not copies:
        return ""
    left_out = "pair of identical files was" if copies == 1 else "pairs of identical files were"
    return f" {copies:,} {left_out} left out."


COPIES_PANEL = "Which images link by being copies?"


def copies_answer(number: str, searched: int) -> str:
    """How many people have one image on both sides; ``number`` is a range of counts."""
    return (
        f"{number} of {people(searched)} have an image that stands on both sides, identical byte "
        "for byte or voxel for voxel. Whoever holds one of the two finds the other without "
        "comparing anything; they are counted as linked."
    )


def title(one: ModalitySection | AttackCost) -> str:
    """The title of a modality's section, or of its cost; says where mates were simulated."""
    name = title_of(one.name)
    return f"{name} (simulated re-scans)" if one.simulated else name


def attacker(sections: Sequence[ModalitySection]) -> tuple[str, ...]:
    """Who is assumed to attack, one sentence for each modality that was searched."""
    return tuple(
        ATTACKS[section.name].attacker
        for section in sections
        if section.name in ATTACKS and section.measures
    )


def not_tested(sections: Sequence[ModalitySection], *, defacing: bool = False) -> tuple[str, ...]:
    """What an audit of these modalities says nothing about; ``defacing`` where it was compared."""
    searched = {section.name for section in sections if section.measures}
    missing = [one.untested for name, one in ATTACKS.items() if name not in searched]
    tried = (f"Attacks not tried: {'; '.join(missing)}.",) if missing else ()
    never = NEVER_TRIED if defacing or not searched else f"defacing; {NEVER_TRIED}"
    return (*tried, f"Not measured: {never}", *OTHERS_NOT_TESTED)


def shortage(section: ModalitySection) -> str:
    """Why a modality has no rates, in two words: it was not searched, or people are too few."""
    presence_only = bool(section.panels) and not section.measures
    return "No search" if presence_only else "Too few people"


def how_chosen(section: ModalitySection) -> str:
    """Which attack speaks, among how many, and why choosing does not flatter it."""
    choice = section.choice
    if choice is None or choice.candidates < 2:
        return ""
    if choice.how == "too few people":
        return f"The attack is {choice.measure}: too few people to choose among attacks."
    by_assigning = choice.attack == "assignment"
    ways = f"{choice.candidates} ways of comparing"
    if any(one.one_to_one is not None for one in section.measures):
        ways += " (each measure, by searching and by assigning all people one to one)"
    if choice.pairs:
        across = across_kinds(section)
        assigned = ", and used by assigning all people one to one" if by_assigning else ""
        return (
            f"The result is that of the strongest of {ways}. The measure was chosen for each pair "
            f"of kinds{assigned}.{f' Across kinds, {across}.' if across else ''}"
        )
    way = ", by assigning all people one to one" if by_assigning else ""
    return f"The result is that of the strongest of {ways}: {choice.measure}{way}."


def across_kinds(section: ModalitySection) -> str:
    """What is found where a scan is searched among scans of another kind, "" where unknown.

    No sentence yet: it takes no capital and no stop.
    """
    said = []
    for one in section.conditions:
        ends = [end.strip() for end in one.level.split(" - ")]
        if one.name != "contrast" or one.rank1 is None or len(ends) != 2 or ends[0] == ends[1]:
            continue
        said.append(f"{ends[0]} to {ends[1]}: {rate(one.rank1)}")
    return "; ".join(said)


def same_for_all(section: ModalitySection) -> str:
    """Conditions of which everybody bears one level, in words; "" where there are none."""
    said = [f"{one.name}, {one.level}" for one in section.conditions if of_everybody(one, section)]
    return f"only one level holds enough people: {'; '.join(said)}." if said else ""


def of_everybody(condition: Condition, section: ModalitySection) -> bool:
    """Whether a level stands for all people, so that its rate is that of the whole data set."""
    first = section.headline
    alone = sum(one.name == condition.name for one in section.conditions) == 1
    known = first is not None and first.rank1 is not None and condition.rank1 is not None
    return alone and known and condition.persons == first.rank1.n  # type: ignore[union-attr]


def not_assigned(section: ModalitySection) -> str:
    """That assigning people one to one was not among the attacks, where it was not."""
    if section.choice is None or section.choice.how == "too few people":
        return ""
    if any(one.one_to_one is not None for one in section.measures):
        return ""
    return (
        f"Not tried: assigning people one to one, which is done up to {MOST_ASSIGNED:,} people and "
        "where the scores of all pairs are kept. Somebody who holds both sets whole may find more."
    )


def strongest_first(section: ModalitySection) -> list[MeasureResult]:
    """The measures in order of how many people they find, the most first."""
    return sorted(section.measures, key=lambda m: -(m.rank1.value if m.rank1 else -1.0))


def strongest(section: ModalitySection) -> MeasureResult | None:
    """The measure with the highest rank-1 rate; the headline where none is higher."""
    rated = [measure for measure in section.measures if measure.rank1 is not None]
    return max(rated, key=lambda m: m.rank1.value if m.rank1 else 0.0, default=None)


def threshold_remarks(measure: MeasureResult) -> tuple[str, ...]:
    """What the thresholds of a measure rest on, each remark once."""
    rules = measure.thresholds.values()
    said = [no_threshold(one.missing) for one in rules]
    said += [
        f"{rates} at the thresholds rest on fewer than 30 errors"
        for one in rules
        for rates in one.few
    ]
    said += [WITHHELD for one in rules if one.withheld]
    return tuple(dict.fromkeys(filter(None, said)))


def rank_rates(measure: MeasureResult | None) -> list[tuple[str, Estimate | None]]:
    """The rates that failures can change, with their names."""
    if measure is None:
        return []
    return [("found at rank 1", measure.rank1), ("found within 5", measure.rank5)]


def figure_tables(name: str, section: ModalitySection) -> list[str]:
    """Names of the tables that hold a figure's numbers."""
    first = section.headline
    if name == "open-set":
        return [f"{section.name}-open-set"]
    if name == "forecast":
        there = [kind for kind in ("linkability", "forecast") if kind in section.tables]
        return [f"{section.name}-{kind}" for kind in there]
    if name in ("measures", "conditions") or first is None:
        return [f"{section.name}-{name}"]
    wanted = (name,)
    return [
        f"{section.name}-{kind}-{first.name}"
        for kind in wanted
        if f"{kind}-{first.name}" in section.tables
    ]


def why_missing(name: str, section: ModalitySection) -> str:
    """Why a figure could not be drawn."""
    return section.too_little or MISSING_REASONS[name]


def alternative(name: str, section: ModalitySection) -> str:
    """What a reader who cannot see the figure needs to know."""
    first = section.headline
    if first is None:
        return ""
    if name == "scores":
        area = percent(first.auc.value if first.auc else None)
        return f"Area under the curve of {first.name}: {area}."
    if name == "det":
        return (
            f"Equal error rate of {first.name}: {percent(first.eer.value if first.eer else None)}."
        )
    if name == "forecast" and section.risk is not None:
        rows = (f"{people(p.size)} {rate(p.rate)}" for p in section.risk.linkability)
        return f"Linked at rank 1 in galleries of {'; '.join(rows)}."
    if name == "open-set" and section.risk is not None:
        point = section.risk.open_set.strictest
        budget = section.risk.open_set.budget
        if point is None or budget is None:
            return "Curves of false-positive and missed identifications against the threshold."
        return (
            f"With false-positive identifications in at most {percent(budget)} of searches for "
            f"absent people (FPIR), {percentage(point.fnir)} of searches for present people are "
            f"missed (FNIR), and {percent(point.precision)} of the names returned are right."
        )
    if name == "measures":
        rows = (f"{m.name} {percent(m.rank1.value)}" for m in section.measures if m.rank1)
        return f"Rank-1 rates: {', '.join(rows)}."
    if name == "conditions":
        rows = (
            f"{c.name} {c.level} {percent(c.rank1.value)}" for c in section.conditions if c.rank1
        )
        return f"Rank-1 rates: {', '.join(rows)}."
    return f"{first.name}: {rate(first.rank1)} at rank 1, {rate(first.rank5)} within 5."


def tested(section: ModalitySection) -> str:
    """What was compared, in numbers."""
    counts = section.counts
    what = ATTACKS[section.name].compared if section.name in ATTACKS else section.name
    unit = "row" if section.name == "table" else "scan"
    things = "photograph sets and scans" if section.name == "face" else f"{unit}s"
    pairs = (
        f"{counted(counts.mated_pairs, 'pair')} of {things} of "
        f"one person and {counts.nonmated_pairs:,} of two"
    )
    usable = counts.scans - counts.failed
    compared = f"compared by {what}: {pairs}" if section.measures else f"looked at for {what}"
    return (
        f"{counted(counts.scans, unit)} of {people(counts.persons)} ({usable:,} usable, "
        f"{counts.failed:,} failed), {compared}."
    )


def against_control(measure: MeasureResult) -> str:
    """Whether the attack beats its control and chance."""
    if measure.rank1 is None or measure.chance is None:
        return "Too few people to compare the attack with luck."
    floor = measure.luck or 0.0
    if measure.rank1.low > floor or measure.reading == "links":
        return "The attack finds more people than its control and than guessing would."
    if measure.rank1.value > floor:
        return (
            "The attack may link people: it finds more than its control and than guessing would, "
            "but too few people were searched for to be sure."
        )
    below = (
        " Over all pairs, scores lie below guessing: scans of one person were less alike here than "
        "those of two. Whoever knows that may use it the other way round, which was not tried."
        if measure.auc is not None and measure.auc.value < GUESSING
        else ""
    )
    return (
        "The attack was not shown to link people here. That is no proof that it cannot: look at "
        f"the upper end of the interval.{below}"
    )
