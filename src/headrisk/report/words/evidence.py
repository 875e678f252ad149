"""What an audit has to say to anybody, each once, in a sentence with its figures.

Boards ask in many words about the same few things. ``evidence`` says each of them once, under a
key that answers to boards and copy-ready paragraphs refer to. Everything is made from the public
report. What was not looked at is part of it, and counts against the release.
"""

from __future__ import annotations

from dataclasses import dataclass

from headrisk.findings.cost import attack_costs
from headrisk.findings.coverage import MAY_BE_LEFT, face_counts, scan_faces, standing_out, upper_end
from headrisk.findings.records import ModalitySection, Report, RunRecord
from headrisk.report.words import deidentified, inventory, phrases, presence, summary
from headrisk.report.words import risk as risk_words
from headrisk.report.words.attacks import ATTACKS
from headrisk.report.words.first_page import found_in_text, how_to_read, unmeasured_defacing
from headrisk.report.words.follows import stand_out
from headrisk.report.words.metadata import MISSED, NOT_READ
from headrisk.report.words.people import grouped
from headrisk.statistics.intervals import with_failures

REGULATORS_LINE = 0.09
_BESIDE = ("archive", "document", "link", "picture", "recording", "surface")


@dataclass(frozen=True)
class Fact:
    """One thing that an audit has to say.

    Attributes
    ----------
    key
        ``looked``, ``linked``, ``singled``, ``attackers``, ``larger``, ``faces``, ``metadata``,
        ``change`` or ``cost``.
    title
        In two or three words.
    text
        A sentence or two with the figures.
    short
        The gravest figure in a few words, for where the fact is referred to; "" where a figure
        alone would say too little.
    """

    key: str
    title: str
    text: str
    short: str = ""


def evidence(report: Report, run: RunRecord) -> tuple[Fact, ...]:
    """Every fact of an audit; those without anything to say are left out, gaps never are.

    Parameters
    ----------
    report
        A report from which small cells are withheld.
    run
        What the run cost.
    """
    texts = {
        "looked": ("What was looked at", looked_at(report)),
        "linked": ("People linked", linked(report)),
        "singled": ("People singled out", _singled(report)),
        "attackers": ("Named attackers", attackers(report)),
        "larger": ("Larger galleries", larger(report)),
        "faces": ("Faces left", faces_left(report)),
        "metadata": ("Names and dates", metadata(report)),
        "change": ("De-identification", change(report)),
        "cost": ("Cost of an attack", _cost(report, run)),
    }
    short = {
        "looked": _short_looked(report),
        "linked": _short_linked(report),
        "attackers": _short_attackers(report),
        "faces": _short_faces(report),
    }
    return tuple(
        Fact(key, title, text, short.get(key, "")) for key, (title, text) in texts.items() if text
    )


def gaps(report: Report) -> tuple[str, ...]:
    """What nothing can be said of, in a few words each; empty where nothing is missing.

    A board must not read a low figure as one of what is named here.
    """
    found = []
    counts = report.inventory
    if counts is None:
        found.append("the data set's other files, which were not listed")
    else:
        unseen = counts.failed + counts.left_out
        if unseen:
            found.append(f"{phrases.counted(unseen, 'image')} that nobody looked at")
        beside = sum(counts.other.get(kind, 0) for kind in _BESIDE)
        if beside:
            found.append(
                phrases.counted(
                    beside,
                    "archive, document or other file of a kind that was not looked into",
                    "archives, documents or other files of kinds that were not looked into",
                )
            )
        if counts.unread_folders:
            unread = phrases.counted(counts.unread_folders, "folder")
            found.append(f"{unread} that could not be read")
    if not _looked_for_faces(report):
        found.append("faces, which were not looked for")
    for section in report.modalities:
        if section.measures and not section.sufficient:
            found.append(f"linkage {_by(section)}: too few people")
        elif section.counts.unsearched:
            who = phrases.people(section.counts.unsearched)
            found.append(f"{who} who could not be searched for {_by(section)}")
    searched = {section.name for section in report.modalities if section.measures}
    missing = [ATTACKS[k].through for k in ("brain", "face", "metadata") if k not in searched]
    if missing:
        found.append(f"linkage {phrases.listed(missing)}, which was not tested")
    return tuple(found)


def looked_at(report: Report) -> str:
    """How many images there are and how many of them any figure is about."""
    counts = report.inventory
    if counts is None:
        return "The files of the data set were not listed, so what else it holds is not known."
    unseen = counts.failed + counts.left_out
    if not unseen:
        return inventory.totals(counts)
    what = "brains or faces" if _compares_headers(report) else "this report"
    text = (
        f"{inventory.totals(counts)} No figure of {what} says anything of the "
        f"{phrases.counted(unseen, 'image')} not looked at; count "
        f"{'it' if unseen == 1 else 'them'} as if faces and brains were there."
    )
    if not _compares_headers(report):
        return text
    return (
        f"{text} Headers, which also stand beside images, were compared wherever they could be "
        "read."
    )


def _compares_headers(report: Report) -> bool:
    return any(one.name == "metadata" and one.measures for one in report.modalities)


def linked(report: Report) -> str:
    """The strongest attack of each kind in a few words, with interval and control."""
    return f"{phrases.capital(_who_is_linked(report))}. {how_to_read(report)}"


def linked_in_text(report: Report) -> str:
    """The same within a paragraph: ``Linked: by the brain ...``."""
    return f"Linked: {_who_is_linked(report)}. {how_to_read(report)}"


def _who_is_linked(report: Report) -> str:
    said = [_linked(section) for section in report.modalities if section.measures]
    return "; ".join(said) or "nobody was searched for"


def against_line(report: Report, line: float) -> str:
    """How the measured risk of people stands to a line that somebody drew.

    It is said to be over the line where even a lower end is; that it is not over it only where
    every upper end, and the most exposed person, are not, and nothing was left untested.
    """
    rated = [one for one in report.modalities if upper_end(one) is not None]
    if not rated:
        return (
            f"No figure to hold against {line:g}: too few people, or nobody, could be searched for."
        )
    ends = {one.name: (_low(one), upper_end(one) or 0.0) for one in rated}
    over = [one for one in rated if ends[one.name][0] > line]
    few = max(
        (one.headline.rank1.n for one in rated if one.headline and one.headline.rank1), default=0
    )
    guessing = min((one.headline.chance or 0.0 for one in rated if one.headline), default=0.0)
    if guessing > line:
        return (
            f"With {phrases.people(few)} even guessing exceeds {line:g}: the line cannot be "
            "applied, and nothing here keeps to it."
        )
    if over:
        which = phrases.listed(
            [
                f"at least {phrases.percent(ends[one.name][0], -1)} {_by(one)}{_simulated(one)}"
                for one in over
            ]
        )
        rest = [
            f"up to {phrases.percent(ends[one.name][1], 1)} {_by(one)}{_simulated(one)}"
            for one in rated
            if one not in over
        ]
        also = f" Not shown to keep to it either: {phrases.listed(rest)}." if rest else ""
        return f"Over {line:g}: {which}.{also}"
    highest = max((one.risk.exposure.highest for one in rated if one.risk), default=1.0)
    worst = max(high for _, high in ends.values())
    if max(worst, highest) > line:
        return (
            f"Not shown to keep to {line:g}: the average may be up to "
            f"{phrases.percent(worst, 1)}, and the risk of the most exposed person up to "
            f"{phrases.percent(highest, 1)}."
        )
    kept = (
        f"In what was tested, the average is at most {phrases.percent(worst, 1)} and the most "
        f"exposed person's risk at most {phrases.percent(highest, 1)}."
    )
    missing = gaps(report)
    if any(one.simulated for one in rated):
        missing = (*missing, "true second scans: these were simulated")
    if missing:
        return f"Not shown to keep to {line:g}. {kept} Not in it: {'; '.join(missing)}."
    return f"{kept} It holds for these attacks and a gallery of this size alone."


def faces_left(report: Report) -> str:
    """In how many images a face is or may be left, or that nobody looked."""
    if report.faces_left is not None:
        return presence.faces_by_kind(report)
    told = _presence(report)
    if told:
        return told
    return "Whether faces are left in the images was not asked."


def metadata(report: Report) -> str:
    """What was found in headers, sidecars and tables, or that nobody looked."""
    for section in report.modalities:
        for panel in section.panels:
            if section.name == "metadata" and panel.name == "kinds":
                return f"{found_in_text(section)} {MISSED} {NOT_READ}"
    return (
        "Whether names, dates and numbers are in headers, sidecars, tables and names of files "
        "was not asked here; headrisk metadata does."
    )


def _presence(report: Report) -> str:
    """What the search with photographs found of faces in the images, as ranges of counts."""
    seen = scan_faces(report)
    if seen is None:
        return ""
    return f"Of {seen.scans} scans, {seen.face} show a face and {seen.part} a part of one."


def _short_looked(report: Report) -> str:
    counts = report.inventory
    return "" if counts is None else f"{counts.looked_at:,} of {counts.images:,} images"


def _short_linked(report: Report) -> str:
    """The attack with the largest upper end."""
    ends = [(end, one) for one in report.modalities if (end := upper_end(one)) is not None]
    if not ends:
        return "too few people"
    end, section = max(ends, key=lambda pair: pair[0])
    return f"up to {phrases.percent(end, 1)} {_by(section)}"


def _short_attackers(report: Report) -> str:
    ends = [
        outcome.success.high
        for section in report.modalities
        if section.risk is not None
        for outcome in section.risk.attackers
        if outcome.success is not None
    ]
    return f"up to {phrases.percent(max(ends), 1)} correctly identified" if ends else ""


def _short_faces(report: Report) -> str:
    left = report.faces_left
    if left is not None:
        seen = face_counts(report)
        if seen is None:
            return "nobody looked"
        there = sum(seen.counts.get(name, 0) for name in ("face", "part"))
        perhaps = sum(seen.counts.get(name, 0) for name in MAY_BE_LEFT) - there
        more = f", {perhaps} more not excluded" if perhaps else ""
        return f"{there} of {phrases.counted(seen.images, 'image')}{more}"
    rendered = scan_faces(report)
    return f"{rendered.face} of {rendered.scans} scans" if rendered else "not asked"


def _looked_for_faces(report: Report) -> bool:
    left = report.faces_left
    return bool(_presence(report)) if left is None else left.looked and bool(left.images)


def _by(section: ModalitySection) -> str:
    own = ATTACKS.get(section.name)
    return own.through if own else f"by {section.name}"


def _simulated(section: ModalitySection) -> str:
    return " (simulated re-scans)" if section.simulated else ""


def _linked(section: ModalitySection) -> str:
    by = f"{_by(section)}{_simulated(section)}"
    first = section.headline
    if first is None or first.rank1 is None or not section.sufficient:
        return f"{by} too few people to say"
    luck = summary.against_luck(first)
    more = [*([luck] if luck else []), summary.RESULTS[first.reading]]
    text = f"{by} {phrases.rate_of_people(first.rank1, *more)}"
    lost = section.counts.unsearched
    if lost:
        _, worst = with_failures(first.rank1, lost) or (0.0, 1.0)
        text += (
            f", and {phrases.percent(max(worst, first.rank1.value))} if the "
            f"{phrases.people(lost)} who could not be searched for "
            f"{'counts' if lost == 1 else 'count'} as found"
        )
    return text


def _low(section: ModalitySection) -> float:
    first = section.headline
    return first.rank1.low if first is not None and first.rank1 is not None else 0.0


def _singled(report: Report) -> str:
    said = []
    for section in report.modalities:
        rated = [one for one in section.risk.singling_out if one.rate] if section.risk else []
        if rated:
            last = rated[-1]
            said.append(
                f"{_by(section)}, one {'row' if section.name == 'table' else 'scan'} of a person "
                f"picks out that person and nobody else among "
                f"{last.size} in {phrases.percentage(last.rate)} of the cases (luck "
                f"{phrases.percent(last.baseline)}{risk_words.above_luck(last, ', ')})"
            )
            if section.headline is not None and section.headline.reading == "links":
                said[-1] += ", and the full search links people"
    text = phrases.capital("; ".join(said)) + "." if said else ""
    people = standing_out(report)
    return text if people is None else f"{text} {stand_out(*people)}".strip()


def attackers(report: Report) -> str:
    """The attacker who may name most, by the upper end of the interval; "" without a figure."""
    outcomes = [
        (section, outcome)
        for section in report.modalities
        if section.risk is not None
        for outcome in section.risk.attackers
    ]
    rated = [(s, o, o.success.high) for s, o in outcomes if o.success is not None]
    if not rated:
        return ""
    section, outcome, high = max(rated, key=lambda one: one[2])
    if outcome.bound_only and high >= 1:
        return (
            f"Worst case: {outcome.attacker.title} may identify everybody, {_by(section)}; the "
            "data give no lower limit."
        )
    return (
        f"Of the named attackers the highest figure has {outcome.attacker.title}, {_by(section)}. "
        f"{risk_words.of_attacker(outcome)}"
    )


def larger(report: Report) -> str:
    """What is forecast of larger galleries, one sentence for each attack."""
    return " ".join(
        grouped(
            (_by(section), risk_words.forecast_short(section.risk.forecast))
            for section in report.modalities
            if section.risk is not None
        )
    )


def change(report: Report) -> str:
    """Before and after each de-identification method, or what was not measured of it."""
    if not report.treatments:
        tried = any(one.measures for one in report.modalities)
        return f"De-identification was not measured. {unmeasured_defacing(report)}" if tried else ""
    return " ".join(f"{one.name}: {deidentified.brief(one)}" for one in report.treatments)


def _seconds(seconds: float) -> str:
    if seconds < 1:
        return "under 1 second"
    return phrases.counted(round(seconds), "second")


def _cost(report: Report, run: RunRecord) -> str:
    said = [
        f"{summary.title(one).lower()}, {_seconds(one.cpu_seconds)} of processor time for "
        f"{phrases.counted(one.scans, 'scan')} on {one.needs.hardware or 'this machine'}"
        for one in attack_costs(report, run)
    ]
    return phrases.capital("; ".join(said)) + "." if said else ""
