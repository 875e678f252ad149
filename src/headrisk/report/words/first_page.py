"""The two pages to decide by: which data, one line for each attack, what is left in the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from headrisk.dataset.inventory import InventoryCounts
from headrisk.findings.coverage import (
    IMAGE_ATTACKS,
    apart,
    by_kind,
    face_counts,
    told,
    tried_images,
)
from headrisk.findings.deidentified import Treatment
from headrisk.findings.records import ModalitySection, Report, RunRecord
from headrisk.report.words import inventory, metadata, summary
from headrisk.report.words.follows import UNSEEN, Point
from headrisk.report.words.people import grouped
from headrisk.report.words.phrases import capital, counted, listed, people, percent, share
from headrisk.report.words.presence import faces_by_kind
from headrisk.report.words.risk import headline_point
from headrisk.statistics.assessment import Assessment
from headrisk.statistics.forecast.records import FEWEST_PEOPLE
from headrisk.types import Estimate

LABELS_IN_DOUBT = "labels in doubt"
FOUND = {
    "brain": "linked to their other scan",
    "face": "found",
    "face-scans": "linked to their other scan",
    "metadata": "linked by notes stored with images (headers, sidecar files)",
    "table": "linked to their other row",
    "combined": "linked by everything together",
}
TEXTS = (
    "texts.html: data protection impact assessment (DPIA), ethics board, consent form, access "
    "committee."
)
CHECK = (
    "The custodian, who ran the audit, by the folder internal beside this page; headrisk doctor "
    "--verify OUT (this folder) names files changed since the audit."
)
SYNTHETIC = "Synthetic heads of headrisk"  # what headrisk's own made-up data sets are called
MADE_UP = "Made-up heads: no evidence about real data."
FEW = 30  # people; below it the legend says that intervals are wide


MOST_WORDS = 694  # on two printed pages
FIXED_WORDS = 80  # headings, fields, and the line on what stands in the annex
WARNING = 3  # the weight of a point that is no step
MOST_KINDS = 3  # of images, named on the first page
MOST_REASONS = 3  # why images were not looked at
MOST_APART = 4  # why no attack compared images
MOST_METHODS = 2  # de-identification methods on the first pages


@dataclass(frozen=True)
class Answer:
    """One line of the first page.

    ``verdict`` is a word or two; ``alarm`` says that it speaks against the release. ``rate`` and
    ``control`` are drawn as a bar; ``target`` is where the annex says more.
    """

    title: str
    verdict: str
    text: str
    target: str = ""
    alarm: bool = False
    rate: Estimate | None = None
    control: Estimate | None = None


def which_data(report: Report, run: RunRecord, digest: str) -> list[tuple[str, str]]:
    """Name, release, date, images, people, and who can check it; what is not known is said."""
    data = report.data
    rows = [("Data set", (data.name if data else "") or "not named")]
    if is_synthetic(report):
        rows[0] = ("Data set", f"{rows[0][1]}. {MADE_UP}")
    release = data.release if data else ""
    rows.append(
        ("Release", f"{release}, date not stated by the data set")
        if release
        else ("Release, date", "not stated by the data set")
    )
    if data and any(data.against):
        rows.append(("Compared with", listed([name for name in data.against if name])))
    version = f"headrisk {report.version}, fingerprint of report.json {digest}"
    rows.append(("Audited", f"{run.started[:10]}, {version}" if run.started else version))
    rows += coverage(report)
    if report.modalities:
        who, number = searched(report), how_many_people(report)
        same = len(who) == 1 and who[0].startswith(f"Of {number[:-1]} ")
        rows.append(("People", " ".join(who if same else (number, *who))))
    rows.append(("Who can check", CHECK))
    if report.inventory is not None or any(one.measures for one in report.modalities):
        rows.append(("Text to copy", TEXTS))
    return rows


def how_many_people(report: Report) -> str:
    """How many people the data hold, as far as labels of what was compared tell."""
    most = max(
        max(one.counts.persons, one.counts.people.people if one.counts.people else 0)
        for one in report.modalities
    )
    missed = report.inventory is not None and tried_images(report) and apart(report.inventory)
    return f"{'At least ' if missed else ''}{most:,}."


def coverage(report: Report) -> list[tuple[str, str]]:
    """The images there by kind; of them, those looked at, and those that attacks compared."""
    counts = report.inventory
    if counts is None:
        return []
    if not counts.images:
        return [("Images", "No image was found.")]
    rows = [("Images", f"{_kinds(counts)}."), _looked_at(report, counts)]
    said = compared(report)
    if said:
        rows.append(("Compared", said))
    if counts.others:
        total = sum(one.images for one in counts.others)
        unseen = sum(one.failed + one.left_out for one in counts.others)
        rows.append(("Other data sets", f"{total:,} images, {unseen:,} of them not looked at."))
    return rows


def _kinds(counts: InventoryCounts) -> str:
    """``26: 14 T1w (T1-weighted MRI) and 12 FLAIR (...)``, the most frequent first."""
    found = by_kind(counts.kinds)
    if len(found) == 1:
        every = ", all" if counts.images > 1 else ","
        return f"{counts.images:,}{every} {inventory.explained(found[0].suffix)}"
    said = [f"{row.images:,} {inventory.explained(row.suffix)}" for row in found[:MOST_KINDS]]
    rest = sum(row.images for row in found[MOST_KINDS:])
    if rest:
        said.append(f"{rest:,} of other kinds")
    return f"{counts.images:,}: {listed(said)}"


def _looked_at(report: Report, counts: InventoryCounts) -> tuple[str, str]:
    """How many images were looked at, why others were not, and of how many no face was judged."""
    seen = face_counts(report)
    text = f"{counts.looked_at:,} of {counts.images:,}."
    why = inventory.together(
        ((inventory.kind(row.suffix), row.reasons) for row in told(report)), MOST_REASONS
    )
    if why:
        text += f" Not: {why}."
    if seen is not None and seen.images == counts.images:
        judged = counts.images - seen.counts["failed"]
        if judged < counts.looked_at:
            more = counts.looked_at - judged
            text += f" In {more:,} of those looked at, no face could be judged."
    return ("Looked at", text)


def _compared(report: Report) -> list[ModalitySection]:
    """The attacks that compared images, or what stands beside them."""
    return [
        one for one in report.modalities if one.measures and one.name not in ("table", "combined")
    ]


def compared(report: Report) -> str:
    """How many images each attack compared, of which kinds, and how many none did, and why."""
    said = []
    for one in _compared(report):
        what = {"face": "searched for in ", "metadata": "stored with "}.get(one.name, "")
        kinds = f" ({', '.join(one.contrasts)})" if one.contrasts else ""
        count, everywhere = _images_compared(report, one)
        said.append(
            f"{capital(_lower(one))}: {what}{counted(count, 'image')}{kinds}"
            f"{' of all data sets' if everywhere else ''}."
        )
    counts = report.inventory
    if said and counts is not None and tried_images(report) and apart(counts):
        said.append(_by_none(report, counts))
    return " ".join(said)


def _images_compared(report: Report, section: ModalitySection) -> tuple[int, bool]:
    """How many images of the data set an attack compared; True where other sets are in it too."""
    counts = report.inventory
    if counts is not None and tried_images(report) and section.name in IMAGE_ATTACKS:
        return sum(row.compared.get(section.name, 0) for row in counts.kinds), False
    several = counts is not None and any(one.role == "against" for one in counts.others)
    return section.counts.scans - section.counts.failed, several


def _by_none(report: Report, counts: InventoryCounts) -> str:
    rows = told(report)
    why = inventory.together(
        (
            (inventory.kind(row.suffix), dict(Counter(row.apart) - Counter(row.reasons)))
            for row in rows
        ),
        MOST_APART,
    )
    unseen = any(set(row.apart) & set(row.reasons) for row in rows)
    why = "; ".join(filter(None, ("those not looked at" if unseen else "", why)))
    return f"No image attack compared {apart(counts):,} of {counts.images:,}: {why}."


def not_compared(report: Report) -> tuple[str, ...]:
    """Kinds of images that an attack did not compare, in one line; nothing where there are none."""
    if report.inventory is None:
        return ()
    kinds = [row.suffix for row in by_kind(report.inventory.kinds)]
    missed: dict[tuple[str, ...], list[str]] = {}
    for one in _compared(report):
        rest = tuple(kind for kind in kinds if kind not in one.contrasts)
        if one.contrasts and rest:
            missed.setdefault(rest, []).append(_lower(one))
    said = []
    for rest, names in missed.items():
        named = [inventory.kind(kind) for kind in rest[:MOST_KINDS]]
        if len(rest) > MOST_KINDS:
            named.append(f"{counted(len(rest) - MOST_KINDS, 'more kind')}")
        said.append(f"{listed(named)} by {listed(names)}")
    return (f"Kinds not compared: {'; '.join(said)}.",) if said else ()


def untested(report: Report) -> tuple[str, ...]:
    """What the audit says nothing about: attacks, kinds of images, what text was not read."""
    said = [
        *(report.not_tested or summary.not_tested(report.modalities)),
        *not_compared(report),
    ]
    if any("kinds" in one.tables for one in report.modalities):
        said.append(metadata.NOT_READ)
    return tuple(said)


def searched(report: Report) -> list[str]:
    """How many people were searched for, and by which attack where attacks differ."""
    sections = [one for one in report.modalities if one.measures or one.counts.people]
    whole = next((one.counts.people for one in sections if one.counts.people), None)
    said = []
    for one in sections:
        counts = one.counts.people
        all_searched = whole is not None and not whole.not_searched and not one.counts.unsearched
        if counts is None and whole and all_searched and one.counts.searched == whole.people:
            counts = whole
        if counts is not None:
            said.append((_lower(one), summary.who_was_searched(counts)))
            continue
        text = f"{counted(one.counts.searched, 'person was', 'people were')} searched for"
        if one.counts.unsearched:
            text += f", {one.counts.unsearched:,} could not be"
        said.append((_lower(one), f"{text}."))
    texts = dict.fromkeys(text for _, text in said)
    if not any(one.counts.people for one in sections):
        return []
    if len(texts) == 1:
        return list(texts)
    return grouped((name, text[0].lower() + text[1:]) for name, text in said)


def _lower(section: ModalitySection) -> str:
    return summary.title_of(section.name).lower()


def is_synthetic(report: Report) -> bool:
    """Whether the data set is one that headrisk made up, by its name."""
    return report.data is not None and report.data.name == SYNTHETIC


def legend(report: Report) -> str:
    """How to read the lines of the first page, with an example of this report."""
    rates = [
        one.headline.rank1
        for one in report.modalities
        if one.sufficient and one.headline and one.headline.rank1
    ]
    text = (
        "Links people: the interval of the highest count lies above guessing and 1-in-20 luck "
        "(shuffled names; green in bars). May link: only the rate does. Brackets: 95 % interval, "
        "widened to protect people"
    )
    few = rates and min(rate.n for rate in rates) < FEW
    text += "; wide with few." if few else "."
    example = next((rate for rate in rates if rate.fewest is not None), None)
    if example is not None:
        text += f" {example.fewest:,} to {example.most:,} hides the exact count; "
        text += "bars (shaded: interval, dark: value) and annex go by its upper end."
    else:
        text += " Bars: shaded the interval, dark the value."
    return text


def answers(report: Report) -> tuple[Answer, ...]:
    """One line for each attack, then what is left in the files, then before and after."""
    doubt = summary.labels_in_doubt(report.modalities)
    said = [_attack(one, doubt) for one in report.modalities if one.measures or not one.panels]
    if not report.modalities:
        said.append(Answer("Attacks", "not tested", "No attack could be tried."))
    said += [_larger(report), _faces(report)]
    said.append(_metadata(report))
    said += [
        Answer("Before and after", one.name, brief(one), f"treatment-{one.name}")
        for one in report.treatments[:MOST_METHODS]
    ]
    rest = len(report.treatments) - MOST_METHODS
    if rest > 0:
        more = counted(rest, "more method is", "more methods are")
        said.append(Answer("Before and after", "", f"{more} told in the annex.", "treatments"))
    return tuple(one for one in said if one.text)


def that_fit(
    rows: Sequence[Point],
    facts: Sequence[tuple[str, str]],
    found: Sequence[Answer],
    report: Report,
) -> tuple[list[Point], int]:
    """The points of what follows, those for the first pages in front, and how many these are.

    What decides and what was not read always stands there. Of other steps and of warnings those
    for which no room is left stand in the annex alone, the order kept.
    ``rows``, ``facts`` and ``found`` are what :func:`points`, :func:`which_data` and
    :func:`answers` give.
    """
    texts = [legend(report), *report.notes, *(f"{name} {text}" for name, text in facts)]
    texts += [f"{one.title} {one.verdict} {one.text}" for one in found]
    texts += [*untested(report), *([] if report.treatments else [summary.NO_COPY])]
    texts += [summary.label_warning(section) for section in report.modalities]
    room = MOST_WORDS - FIXED_WORDS - sum(map(_length, texts))
    shown: list[Point] = []
    for row in rows:
        words = _length(row.brief)
        if words <= room or row.weight == 0 or set(row.codes) & set(UNSEEN):
            shown.append(row)
            room -= words
    return [*shown, *(row for row in rows if row not in shown)], len(shown)


def left_to_annex(rows: Sequence[Point]) -> str:
    """How many points, and on what, the first pages have no room for; "" without any."""
    if not rows:
        return ""
    steps = sum(row.weight < WARNING for row in rows)
    numbers = [counted(steps, "further step")] if steps else []
    if steps < len(rows):
        numbers.append(counted(len(rows) - steps, "warning"))
    subjects = listed(list(dict.fromkeys(row.subject for row in rows)))
    return f", {listed(numbers)} ({subjects})"


def _length(text: str) -> int:
    """How many words a reader sees; a sign alone, such as that for per cent, is none."""
    return sum(any(char.isalnum() for char in word) for word in text.split())


def _attack(section: ModalitySection, labels_in_doubt: bool) -> Answer:
    title = summary.title_of(section.name)
    if section.simulated:
        title += " (simulated)"
    first = section.headline
    if not section.sufficient or first is None or first.rank1 is None:
        why = section.too_little or summary.NEEDS
        return Answer(title, summary.RESULTS["too little data"], why, section.name)
    found = FOUND.get(section.name, "linked")
    if section.simulated:
        found = summary.SIMULATED_FOUND
    text = f"{capital(share(first.rank1))} were {found}.{_control(first.control, first.chance)}"
    if section.simulated:
        text = f"Simulated re-scans, no true ones: {text}"
    if labels_in_doubt and first.reading != "links":
        text = f"By labels that the images contradict: {text}"
        return Answer(title, LABELS_IN_DOUBT, text, section.name, True, first.rank1, first.control)
    return Answer(
        title,
        summary.RESULTS[first.reading],
        text,
        section.name,
        first.reading in ("links", "unclear"),
        first.rank1,
        first.control,
    )


def _control(control: Estimate | None, chance: float | None) -> str:
    said = []
    if control is not None:
        said.append(
            f"by luck about {percent(control.value)}, 1 time in 20 more than "
            f"{percent(control.high)}"
        )
    if chance is not None:
        said.append(f"by guessing {percent(chance)}")
    return f" {capital('; '.join(said))}." if said else ""


def brief(one: Treatment) -> str:
    """What is still found after a de-identification method, by the stronger attacker."""
    said = []
    faces = [e for e in (one.effect("face"), one.effect("face", "adaptive")) if e and e.found]
    worst = max(faces, key=lambda e: e.found.value if e.found else 0.0, default=None)
    if worst is not None and worst.found is not None:
        filled = " once the face is filled in" if worst.attacker == "adaptive" else ""
        said.append(f"photographs still find {share(worst.found)}{filled}")
    brain = one.effect("brain")
    if brain is not None and brain.rank1 is not None:
        said.append(f"brains still link {share(brain.rank1.after)}")
    return f"{capital('; '.join(said) or 'too few people for a rate')}."


def _larger(report: Report) -> Answer:
    """What is known of more people, for all attacks in one line."""
    said = grouped(
        (summary.title_of(one.name).lower(), larger(one.risk))
        for one in report.modalities
        if one.risk is not None and one.sufficient
    )
    missing = [
        summary.title_of(one.name).lower()
        for one in report.modalities
        if one.risk is None and one.measures and one.sufficient
    ]
    if said and missing:
        said.append(f"{capital(listed(missing))}: never forecast.")
    return Answer("More people", "", " ".join(said), "people")


def larger(risk: Assessment) -> str:
    """What is known of larger sets of people, in words that follow a colon."""
    forecast = risk.forecast
    point = headline_point(forecast)
    if point is None:
        if forecast.reason == "few people":
            here = f"; {forecast.gallery:,} are here" if forecast.gallery < FEWEST_PEOPLE else ""
            return f"no forecast below {FEWEST_PEOPLE} people{here}. Do not read that as few."
        return f"beyond {people(forecast.gallery)} no forecast. Do not read that as few."
    if forecast.bound_only:
        return f"among {people(point.size)} it may be all of them."
    end = "" if point.said else "; how many fewer cannot be said"
    return f"among {people(point.size)} up to {percent(point.high, 1)} (forecast){end}."


def _faces(report: Report) -> Answer:
    left = report.faces_left
    if left is not None:
        alarm = any(left.counts.get(name) for name in ("face", "part", "unclear", "failed"))
        text = faces_by_kind(report)
        return Answer("Faces left", "see text", text, "", alarm or not left.looked)
    section = next((one for one in report.modalities if "presence" in one.tables), None)
    if section is not None:
        counts = {str(row[0]): row for row in section.tables["presence"].rows}
        row = counts.get("together: face")
        if row is not None and row[1]:
            text = (
                f"A face is left in {_plain(row[2])} of {_plain(row[1])} scans that were looked at."
            )
            return Answer("Faces left", "see text", text, f"{section.name}-presence", True)
    if not report.modalities and report.inventory is None:
        return Answer("Faces left", "", "")
    return Answer("Faces left", "not looked for", "No image was looked at for a face.", "")


def _plain(cell: object) -> str:
    return f"{cell:,.0f}" if isinstance(cell, int | float) else str(cell)


def _metadata(report: Report) -> Answer:
    section = next((one for one in report.modalities if "kinds" in one.tables), None)
    if section is None:
        if report.inventory is None:
            return Answer("Text left", "", "")
        text = "Nobody looked for names, dates or free text in the files."
        return Answer("Text left", "not looked for", text)
    panel = next(one for one in section.panels if one.name == "kinds")
    alarm = bool(section.tables["kinds"].rows)
    text = f"{panel.answer} {metadata.MORE}"
    return Answer("Text left", "see text", text, f"{section.name}-kinds", alarm)


@dataclass(frozen=True)
class KindsTable:
    """Images by kind, and what became of them; each row is a kind and its counts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int | None, ...]], ...]


def every_image(report: Report) -> KindsTable:
    """What became of every image of each kind, and of all: looked at, or by whom compared."""
    counts = report.inventory
    if counts is None or not counts.images:
        return KindsTable((), ())
    kinds = told(report)
    asked = [one.name for one in report.modalities if one.name in IMAGE_ATTACKS]
    compared = asked if tried_images(report) else []
    notes = next((one for one in _compared(report) if one.name == metadata.NAME), None)
    columns = ["Images", "Looked at", "Failed", "Left out"]
    columns += [f"Compared: {summary.title_of(name).lower()}" for name in compared]
    columns += ["By no image attack"] if compared else []
    columns += [f"Compared: {summary.title_of(metadata.NAME).lower()}"] if notes else []
    rows: list[tuple[str, tuple[int | None, ...]]] = [
        (
            inventory.kind(row.suffix),
            (
                row.images, row.looked_at, row.failed, row.left_out,
                *(row.compared.get(name, 0) for name in compared),
                *([sum(row.apart.values())] if compared else []),
                *([_notes_of(report, notes, row.suffix, len(kinds))] if notes else []),
            ),
        )
        for row in kinds
    ]  # fmt: skip
    if len(rows) > 1:
        every = [
            sum(cell or 0 for cell in column)
            for column in zip(*(cells for _, cells in rows), strict=True)
        ]
        if notes:
            every[-1] = _images_compared(report, notes)[0]
        rows.append(("All", tuple(every)))
    return KindsTable(tuple(columns), tuple(rows))


def _notes_of(report: Report, notes: ModalitySection, suffix: str, kinds: int) -> int | None:
    """Of how many images of a kind headers were compared; None where only their sum is known."""
    if notes.contrasts and suffix not in notes.contrasts:
        return 0
    count, everywhere = _images_compared(report, notes)
    return count if not everywhere and 1 in (kinds, len(notes.contrasts)) else None


def not_looked_at(report: Report) -> tuple[str, ...]:
    """Images that nobody looked at or no attack compared, by kind, and tables not used."""
    counts = report.inventory
    if counts is None:
        return ()
    none = tried_images(report)
    kinds = [(inventory.kind(row.suffix), row) for row in told(report)]
    unseen = inventory.together((name, row.reasons) for name, row in kinds)
    alone = inventory.together((name, row.apart) for name, row in kinds)
    lines = [f"Not looked at: {unseen}."] if unseen else []
    if none and alone:
        lines.append(f"Compared by no image attack, those not looked at included: {alone}.")
    unused = inventory.unused(counts)
    others = inventory.others(counts, whole=False)
    return (*lines, *filter(None, (unused,)), *others)
