"""The two pages to decide by: which data, one line for each attack, what is left in the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from headrisk.dataset.inventory import InventoryCounts
from headrisk.findings.attacks import facts_of
from headrisk.findings.coarse import Count, added
from headrisk.findings.coarse import most as most_of
from headrisk.findings.coverage import (
    apart,
    by_kind,
    dates_compared,
    face_counts,
    face_may_be_left,
    scan_faces,
    told,
    tried_images,
)
from headrisk.findings.deidentified import Treatment
from headrisk.findings.records import (
    FILES,
    SOURCE_FOLDER,
    FileRow,
    ModalitySection,
    Report,
    RunRecord,
    Value,
)
from headrisk.linkage.design import PeopleCounts
from headrisk.report.words import inventory, metadata, summary
from headrisk.report.words.attacks import ATTACKS, title_of
from headrisk.report.words.follows import AGAIN, UNSEEN, Point
from headrisk.report.words.metadata_kinds import title as kind_title
from headrisk.report.words.people import by_text, grouped, rated
from headrisk.report.words.phrases import (
    capital,
    count_of,
    counted,
    interval,
    listed,
    people,
    percent,
    share,
)
from headrisk.report.words.presence import faces_by_kind
from headrisk.report.words.risk import headline_point
from headrisk.statistics.assessment import Assessment
from headrisk.statistics.forecast.records import FEWEST_PEOPLE
from headrisk.types import Estimate

LABELS_IN_DOUBT = "labels in doubt"
TEXTS = "texts.html: impact assessment (DPIA), ethics board, consent form, access committee."
CHECK = (
    "The custodian (who ran it), by the folder internal; headrisk doctor --verify OUT, on the "
    "whole folder, finds changed report files, not changed data."
)
NOT_FEW = "which does not mean few"
SYNTHETIC = "Synthetic heads of headrisk"  # what headrisk's own made-up data sets are called
TEXT = "Identifying text"
SEE_TEXT = "see text"  # a verdict that no word or two would be
MADE_UP = "Made-up: no evidence about real data."
ALL_SEARCHED = "all"
FACES = ("face", "face-scans")  # attacks that compare faces
NO_PHOTOGRAPH = "No photograph was compared."


MOST_WORDS = 699  # on two printed pages
FIXED_WORDS = 31  # headings, fields, and that reasons and commands stand in the annex
WARNING = 3  # the weight of a point that is no step
MOST_FOUND = 2  # kinds of identifying text, named on the first page
MOST_KINDS = 3  # of images, named on the first page
MOST_REASONS = 3  # why images were not looked at
MOST_APART = 4  # why no attack compared images
MOST_METHODS = 2  # de-identification methods on the first pages


@dataclass(frozen=True)
class Answer:
    """One line of the first page.

    ``verdict`` is a word or two; ``alarm`` says that it speaks against the release. ``rate``,
    ``luck`` and ``judged``, the interval that is held against luck, are drawn as a bar; ``target``
    is where the annex says more.
    """

    title: str
    verdict: str
    text: str
    target: str = ""
    alarm: bool = False
    rate: Estimate | None = None
    luck: float | None = None
    judged: tuple[float, float] | None = None


def which_data(report: Report, run: RunRecord, digest: str) -> list[tuple[str, str]]:
    """Name, release, date, images, people, and who can check it; what is not known is said."""
    data = report.data
    release = (
        f"release {data.release}, date not stated"
        if data and data.release
        else "release and date not stated"
    )
    name = f"{(data.name if data else '') or 'Not named'} ({release})."
    rows = [("Data set", f"{name} {MADE_UP}" if is_synthetic(report) else name)]
    if data and any(data.against):
        rows.append(("Compared with", listed([name for name in data.against if name])))
    rows.append(("Audited", audited(report, run, digest)))
    rows += coverage(report)
    if report.modalities:
        rows.append(("People", " ".join((how_many_people(report), *searched(report)))))
    rows.append(("Who can check", CHECK))
    if report.inventory is not None or any(one.measures for one in report.modalities):
        rows.append(("Text to copy", TEXTS))
    return rows


def audited(report: Report, run: RunRecord, digest: str) -> str:
    """When, by which version, and the fingerprints by which figures and data are known."""
    when = f"{run.started[:10]}, " if run.started else ""
    prints = [f"{digest} (figures)"]
    if run.provenance is not None and run.provenance.input_digest:
        prints.append(f"{run.provenance.input_digest[:12]} (files compared)")
    plural = "s" if len(prints) > 1 else ""
    return f"{when}headrisk {report.version}. Fingerprint{plural}: {', '.join(prints)}."


def how_many_people(report: Report) -> str:
    """How many people the data hold, as far as labels of what was compared tell."""
    most = max(
        max(one.counts.persons, one.counts.people.people if one.counts.people else 0)
        for one in report.modalities
    )
    counts = report.inventory
    if counts is not None and tried_images(report) and apart(counts):
        return f"At least {most:,}: images not compared may show others."
    if counts is not None and counts.failed + counts.left_out:
        return f"At least {most:,}: images not looked at may show others."
    return f"{most:,}."


def coverage(report: Report) -> list[tuple[str, str]]:
    """The images there by kind; of them, those looked at, and those that attacks compared."""
    counts = report.inventory
    if counts is None:
        return _rows_of_tables(report)
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


def _rows_of_tables(report: Report) -> list[tuple[str, str]]:
    """That no image was given, and how many rows were compared, where tables came alone."""
    section = next((one for one in report.modalities if one.name == "table"), None)
    if section is None or len(report.modalities) > 1:
        return []
    rows, failed = section.counts.scans, section.counts.failed
    return [
        ("Images", "None was given: tables came alone."),
        ("Looked at", f"{counted(rows - failed, 'row')} of {rows:,} in tables."),
    ]


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
    said = [
        f"{title_of(one.name)}: {_what_was_compared(report, one)}." for one in _compared(report)
    ]
    counts = report.inventory
    if said and counts is not None and tried_images(report) and apart(counts):
        said.append(_by_none(report, counts))
    return " ".join(said)


def _what_was_compared(report: Report, section: ModalitySection) -> str:
    """``11 T1w and 11 FLAIR`` where counts by kind are known, else ``48 images (T1w, FLAIR)``."""
    counts, kinds = report.inventory, section.contrasts
    own = facts_of(section.name).on_images and counts is not None and tried_images(report)
    if own and counts is not None and len(kinds) <= MOST_KINDS:
        found = [
            f"{row.compared[section.name]:,} {inventory.kind(row.suffix)}"
            for row in by_kind(counts.kinds)
            if row.compared.get(section.name)
        ]
        if found:
            return listed(found)
    count, everywhere = _images_compared(report, section)
    if len(kinds) == 1 and not everywhere:
        return f"{count:,} {inventory.kind(kinds[0])}"
    named = f" ({', '.join(kinds)})" if kinds else ""
    return f"{counted(count, 'image')}{named}{' of all data sets' if everywhere else ''}"


def _images_compared(report: Report, section: ModalitySection) -> tuple[int, bool]:
    """How many images of the data set an attack compared; True where other sets are in it too."""
    counts = report.inventory
    if counts is not None and tried_images(report) and facts_of(section.name).on_images:
        return sum(row.compared.get(section.name, 0) for row in counts.kinds), False
    several = counts is not None and any(one.role == "against" for one in counts.others)
    return section.counts.scans - section.counts.failed, several


def _by_none(report: Report, counts: InventoryCounts) -> str:
    """Images that were looked at and that no attack compared, and why."""
    rows = told(report)
    rest = [dict(Counter(row.apart) - Counter(row.reasons)) for row in rows]
    unseen = sum(sum(row.reasons.values()) for row in rows)
    left = sum(sum(one.values()) for one in rest)
    start = "No image attack compared"
    if unseen + left != apart(counts):  # an image may bear one cause here and another there
        return f"{start} {apart(counts):,} of {counts.images:,}, those not looked at included."
    if not left:
        return f"{start} the {unseen:,} not looked at."
    why = inventory.together(
        ((inventory.kind(row.suffix), one) for row, one in zip(rows, rest, strict=True)),
        MOST_APART,
    )
    return f"{start} {left:,} {'more' if unseen else f'of {counts.images:,}'}: {why}."


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
    return (f"Not compared: {'; '.join(said)}.",) if said else ()


def unmeasured_defacing(report: Report) -> str:
    """What taking faces out would change for each attack, where no copy was compared."""
    names = [one.name for one in report.modalities if one.measures]
    stay = [_title(name) for name in names if name in ("brain", "table")]
    faces = [_title(name) for name in names if name in ("face", "face-scans")]
    images = any(name != "table" for name in names)
    said = ["No copy without faces was given."] if images else []
    text = any("kinds" in one.tables or one.name == metadata.NAME for one in report.modalities)
    stay += ["headers", "text"] if text else []
    if stay:
        named = [f"{name} (from studies)" if name == "brains" else name for name in stay]
        said.append(f"Defacing leaves {listed(named)} as they are.")
    if faces:
        said.append(f"How far {listed(faces)} still link is not known.")
    return " ".join(said)


def _title(name: str) -> str:
    return title_of(name).lower()


def untested(report: Report) -> tuple[str, ...]:
    """What the audit says nothing about: attacks, kinds of images, what text was not read."""
    said = [
        *(
            report.not_tested
            or summary.not_tested(report.modalities, defacing=True)  # has a line of its own
        ),
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
            said.append((_lower(one), _searched_of(counts)))
            continue
        lost = one.counts.unsearched
        held = one.counts.persons if whole is None else whole.people
        if not lost and one.counts.searched == held:
            said.append((_lower(one), ALL_SEARCHED))
            continue
        text = f"{counted(one.counts.searched, 'person was', 'people were')} searched for"
        said.append((_lower(one), f"{text}, {lost:,} could not be." if lost else f"{text}."))
    texts = dict.fromkeys(text for _, text in said)
    if len(texts) == 1:
        return [
            f"{capital(text)} were searched for." if text == ALL_SEARCHED else capital(text)
            for text in texts
        ]
    return [
        f"{who}: {text}{'.' if text == ALL_SEARCHED else ''}" for text, who in by_text(said).items()
    ]


def _searched_of(counts: PeopleCounts) -> str:
    if counts.searched == counts.people and not counts.not_searched:
        return ALL_SEARCHED
    lost = sum(counts.not_searched.values())
    why = [summary.WHY_NOT_SEARCHED[code] for code in counts.not_searched]
    text = f"{counts.searched:,} {'was' if counts.searched == 1 else 'were'} searched for"
    if len(why) == 1:
        return f"{text}, {lost:,} {'was' if lost == 1 else 'were'} not ({why[0]})."
    told = [
        f"{name} {count:,}" for name, count in zip(why, counts.not_searched.values(), strict=True)
    ]
    return f"{text}, {lost:,} were not ({', '.join(told)})."


def _lower(section: ModalitySection) -> str:
    return title_of(section.name).lower()


def is_synthetic(report: Report) -> bool:
    """Whether the data set is one that headrisk made up, by its name."""
    return report.data is not None and report.data.name == SYNTHETIC


def how_to_read(report: Report) -> str:
    """The legend as text that is copied without the bars; "" where nothing was measured."""
    if not any(one.sufficient for one in report.modalities):
        return ""
    return legend(report, bars=False)


def legend(report: Report, *, bars: bool = True) -> str:
    """How to read the lines of the first page, in the words that this report uses."""
    shown = [
        one.headline
        for one in report.modalities
        if one.sufficient and one.headline and one.headline.rank1
    ]
    ranges = any(one.rank1 and one.rank1.fewest is not None for one in shown)
    drawn = bool(shown) and bars
    said = ["Brackets: 95 % interval."]
    if ranges:
        said = [
            "Ranges hide single people. Brackets: 95 % interval of the range, then of its highest "
            f"count{' (dark)' if drawn else ''}."
        ]
    said.append(
        f"Luck{' (black)' if drawn else ''}: exceeded with shuffled names once in 20 tries, or "
        "guessing if higher."
    )
    whose = "every count and the interval of the highest" if ranges else "the interval"
    lies = "lie above luck" if ranges else "lies above luck"
    reached = "the interval takes in luck"
    if ranges:
        reached = "luck reaches the lowest count or the interval of the highest"
    top = "the highest count" if ranges else "the rate"
    means = {
        "links": f"links people\u201d: {whose} {lies}",
        "unclear": f"may link people\u201d: {reached}",
        "does not link": f"not shown to link\u201d: {top} is not above luck, which proves nothing",
    }
    readings = {one.reading for one in shown}
    told = [text for reading, text in means.items() if reading in readings]
    if told:
        said.append("\u201c" + capital("; \u201c".join(told)) + ".")
    return " ".join(said)


def answers(report: Report) -> tuple[Answer, ...]:
    """One line for each attack, then what is left in the files, then before and after."""
    doubt = summary.labels_in_doubt(report.modalities)
    said = [
        _attack(one, doubt, _limits(report, one))
        for one in report.modalities
        if one.measures or not one.panels
    ]
    if not report.modalities:
        said.append(Answer("Attacks", "not tested", "No attack could be tried."))
    if report.modalities and report.inventory is not None and not _photographs_tried(report):
        said.append(Answer("Photographs", "not tested", NO_PHOTOGRAPH))
    said += [_larger(report), _faces(report)]
    said.append(_metadata(report))
    if not report.treatments and any(one.measures for one in report.modalities):
        said.append(Answer("Defacing", "not measured", unmeasured_defacing(report)))
    said += [
        Answer("Before and after", one.name, brief(one, report), f"treatment-{one.name}")
        for one in report.treatments[:MOST_METHODS]
    ]
    rest = len(report.treatments) - MOST_METHODS
    if rest > 0:
        more = counted(rest, "more method is", "more methods are")
        said.append(Answer("Before and after", "", f"{more} told in the annex.", "treatments"))
    return tuple(one for one in said if one.text)


def _photographs_tried(report: Report) -> bool:
    return any(one.name == "face" and one.measures for one in report.modalities)


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
    texts += [f"{one.title} {one.text}" for one in found]
    texts += [one.verdict for one in found if one.verdict != SEE_TEXT]
    texts += [*untested(report), AGAIN]
    texts += [summary.label_warning(section) for section in report.modalities]
    texts.append(report.title)
    room = MOST_WORDS - FIXED_WORDS - sum(map(_length, texts))
    shown = [row for row in rows if _in_front(row)]
    for row in rows:
        more = [one for one in rows if one in shown or one is row]
        rest = left_to_annex([one for one in rows if one not in more])
        if sum(_length(one.brief) for one in more) + _length(rest) <= room:
            shown = more
    return [*shown, *(row for row in rows if row not in shown)], len(shown)


def _in_front(row: Point) -> bool:
    """Whether a point always stands on the first pages: it decides, or nobody knows."""
    return row.weight == 0 or bool(set(row.codes) & set(UNSEEN))


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


def _attack(section: ModalitySection, labels_in_doubt: bool, more: Sequence[str] = ()) -> Answer:
    """One attack in a line; ``more`` limits what its figures say."""
    title = title_of(section.name)
    if section.simulated:
        title += " (simulated)"
    first = section.headline
    if not section.sufficient or first is None or first.rank1 is None:
        why = section.too_little or summary.NEEDS
        return Answer(title, summary.RESULTS["too little data"], why, section.name)
    own = ATTACKS.get(section.name)
    found = (own.found_shortly or own.found) if own else "linked"
    if section.simulated:
        found = summary.SIMULATED_FOUND
    ends = "; ".join(filter(None, (interval(first.rank1), summary.against_luck(first))))
    who = f"{count_of(first.rank1)} of {people(first.rank1.n)}"
    text = f"{capital(who)} {_were(first.rank1)} {found} ({ends})."
    text = " ".join((text, *more))
    if section.simulated:
        text = f"Simulated re-scans, no true ones: {text}"
    verdict, alarm = summary.RESULTS[first.reading], first.reading in ("links", "unclear")
    if labels_in_doubt and first.reading != "links":
        text = f"By labels that the images contradict: {text}"
        verdict, alarm = LABELS_IN_DOUBT, True
    return Answer(
        title,
        verdict,
        text,
        section.name,
        alarm,
        first.rank1,
        first.luck,
        summary.judged(first),
    )


def _were(rate: Estimate) -> str:
    return "was" if rate.n == 1 or count_of(rate) == "1" else "were"


def _limits(report: Report, section: ModalitySection) -> tuple[str, ...]:
    """What limits the figure of an attack by faces, in half a sentence each."""
    if section.name not in FACES or not section.sufficient:
        return ()
    said = []
    across = summary.across_kinds(section)
    if across:
        said.append(f"{across}.")
    left = report.faces_left
    if left is not None and any(left.counts.get(name) for name in ("gone", "part", "unclear")):
        said.append("Whole faces may link more.")
    return tuple(said)


def brief(one: Treatment, report: Report) -> str:
    """What is still found after a de-identification method, by the stronger attacker."""
    said = []
    faces = [e for e in (one.effect("face"), one.effect("face", "adaptive")) if e and e.found]
    worst = max(faces, key=lambda e: e.found.value if e.found else 0.0, default=None)
    if worst is not None and worst.found is not None:
        filled = " once the face is filled in" if worst.attacker == "adaptive" else ""
        said.append(f"photographs still find {share(worst.found)}{filled}")
    scans = [
        e for e in (one.effect("face-scans"), one.effect("face-scans", "adaptive")) if e and e.found
    ]
    worst = max(scans, key=lambda e: e.found.value if e.found else 0.0, default=None)
    if worst is not None and worst.found is not None:
        filled = " once the face is filled in" if worst.attacker == "adaptive" else ""
        said.append(f"faces between scans still link {share(worst.found)}{filled}")
    brain = one.effect("brain")
    if brain is not None and brain.rank1 is not None:
        said.append(f"brains still link {share(brain.rank1.after)}")
    tried = {effect.modality for effect in one.effects if effect.reason != "measure failed"}
    missing = [
        _lower(section)
        for section in report.modalities
        if section.measures and section.name not in tried
    ]
    text = f"{capital('; '.join(said) or 'too few people for a rate')}."
    return f"{text} Not measured after it: {listed(missing)}." if missing else text


def _larger(report: Report) -> Answer:
    """What is known of more people, for all attacks in one line."""
    said = grouped(
        (title_of(one.name).lower(), larger(one.risk))
        for one in report.modalities
        if one.risk is not None and one.sufficient
    )
    missing = [
        title_of(one.name).lower()
        for one in report.modalities
        if one.risk is None and one.measures and one.sufficient
    ]
    if said and missing:
        said.append(f"{capital(listed(missing))}: no model exists.")
    target = "larger" if rated(report.modalities) else ""
    return Answer("More people", "", " ".join(said), target)


def larger(risk: Assessment) -> str:
    """What is known of larger sets of people, in words that follow a colon."""
    forecast = risk.forecast
    point = headline_point(forecast)
    if point is None:
        if forecast.reason == "few people":
            here = f" ({forecast.gallery:,} are here)" if forecast.gallery < FEWEST_PEOPLE else ""
            return f"no forecast below {FEWEST_PEOPLE} people{here}, {NOT_FEW}."
        return f"no forecast beyond {people(forecast.gallery)}, {NOT_FEW}."
    if forecast.bound_only:
        return f"among {people(point.size)} it may be all of them."
    end = "" if point.said else "; how many fewer cannot be said"
    return f"among {people(point.size)} up to {percent(point.high, 1)} (forecast){end}."


def _faces(report: Report) -> Answer:
    left = report.faces_left
    if left is not None:
        alarm = face_may_be_left(report)
        text = faces_by_kind(report, briefly=True)
        return Answer("Faces left", SEE_TEXT, text, "faces-left", alarm or not left.looked)
    seen = scan_faces(report)
    if seen is not None and seen.scans:
        text = f"A face is left in {seen.face} of {seen.scans} scans that were looked at."
        return Answer("Faces left", SEE_TEXT, text, "face-presence", True)
    if not report.modalities and report.inventory is None:
        return Answer("Faces left", "", "")
    return Answer("Faces left", "not looked for", "No image was looked at for a face.", "")


def _plain(cell: object) -> str:
    return f"{cell:,.0f}" if isinstance(cell, int | float) else str(cell)


def _metadata(report: Report) -> Answer:
    section = next((one for one in report.modalities if "kinds" in one.tables), None)
    if section is None:
        if report.inventory is None and not any(one.measures for one in report.modalities):
            return Answer(TEXT, "", "")
        text = "Nobody looked for names, dates or free text in the files."
        return Answer(TEXT, "not looked for", text)
    alarm = bool(section.tables["kinds"].rows)
    text = f"{found_in_text(section, MOST_FOUND)} {metadata.MORE}"
    return Answer(TEXT, SEE_TEXT, text, f"{section.name}-kinds", alarm)


def found_in_text(section: ModalitySection, most: int | None = None) -> str:
    """What was found in files, each severity with its kinds, and what was not read.

    ``most`` is how many kinds of a severity are named.
    """
    table, parts, direct = section.tables.get(FILES), [], False
    for severity, names in metadata.SEVERITIES.items():
        rows = [
            row
            for row in section.tables["kinds"].rows
            if row[1] == severity and row[0] not in SOURCE_FOLDER
        ]
        if rows:
            direct = direct or severity == "direct identifier"
            parts.append(f"{_counted(rows, *names)} ({_kinds_found(rows, most)})")
    if table is None:  # of an earlier version, which told files in this answer alone
        said = [next(one.answer for one in section.panels if one.name == "kinds")]
    else:
        files, rest = metadata.files_in(table), metadata.file_rows(table)
        where = counted(files.total, "file")
        said = [f"In {where}: {'; '.join(parts)}." if parts else _nothing_found(files)]
        said += [
            metadata.unread_sentence(files, total=most is None or not parts),
            metadata.to_read_sentence(files.to_read, briefly=most is not None),
            metadata.source_sentence(
                rest.get(FileRow.SOURCE_FOLDERS, 0),
                rest.get(FileRow.IN_SOURCE, 0),
                rest.get(FileRow.IMAGES_IN_SOURCE, 0),
            ),
        ]
    dates = dates_compared(section)[:MOST_KINDS]
    differ = "differs" if len(dates) == 1 else "differ"
    said += [
        "" if direct else "No direct identifier was found, which does not show that there is none.",
        f"Dates may be left in headers ({listed(dates)} {differ})." if dates else "",
    ]
    return " ".join(filter(None, said))


def _nothing_found(files: metadata.Files) -> str:
    """That nothing was found, said of the files that were read alone."""
    return metadata.summary_sentence(replace(files, searched=0, unread=0, to_read=0), {})


def _counted(rows: Sequence[Sequence[Value]], one: str, several: str) -> str:
    """A sum of findings, which is a range where one of them is."""
    total: Count = 0
    for row in rows:
        count = _findings(row)
        total = added(total, count, most_of(total) + most_of(count))
    if isinstance(total, int):
        return counted(total, one, several)
    return f"{total} {several}"


def _findings(row: Sequence[Value]) -> Count:
    return row[2] if isinstance(row[2], str) else int(row[2] or 0)


def _kinds_found(rows: Sequence[Sequence[Value]], most: int | None) -> str:
    order = sorted(rows, key=lambda row: -most_of(_findings(row)))
    if len(order) == 1:  # its number is that of all
        return kind_title(str(order[0][0])).lower()
    said = [f"{kind_title(str(row[0])).lower()} {_plain(row[2])}" for row in order[:most]]
    rest = len(order) - len(said)
    return ", ".join((*said, *([counted(rest, "other kind")] if rest else [])))


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
    asked = [one.name for one in report.modalities if facts_of(one.name).on_images]
    compared = asked if tried_images(report) else []
    notes = next((one for one in _compared(report) if one.name == metadata.NAME), None)
    columns = ["Images", "Looked at", "Failed", "Left out"]
    columns += [f"Compared: {title_of(name).lower()}" for name in compared]
    columns += ["By no image attack"] if compared else []
    columns += [f"Compared: {title_of(metadata.NAME).lower()}"] if notes else []
    rows: list[tuple[str, tuple[int | None, ...]]] = [
        (
            inventory.kind(row.suffix),
            (
                row.images,
                row.looked_at,
                row.failed,
                row.left_out,
                *(row.compared.get(name, 0) for name in compared),
                *([sum(row.apart.values())] if compared else []),
                *([_notes_of(report, notes, row.suffix, len(kinds))] if notes else []),
            ),
        )
        for row in kinds
    ]
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
    return (*lines, *filter(None, (inventory.not_listed(counts), unused)), *others)
