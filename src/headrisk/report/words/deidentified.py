"""Sentences about de-identification methods: before and after, captions, methods, what was done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from headrisk.findings.coarse import Count
from headrisk.findings.deidentified import (
    STRONGEST,
    Arrival,
    Attacker,
    Effect,
    OwnScan,
    Treatment,
)
from headrisk.report.words.attacks import title_of
from headrisk.report.words.captions import Caption
from headrisk.report.words.phrases import (
    capital,
    counted,
    listed,
    people,
    percent,
    percentage,
    share,
)

CAPTIONS = {
    "before-after": Caption(
        "Before and after",
        "How many people are found before and after?",
        "Each line is one method and one attack: the hollow dot is the share found at rank 1 in "
        "the original scans, the square that in the de-identified ones, the diamond that of an "
        "attacker who first fills in what was removed. Whoever has no usable scan left counts as "
        "not found. The upright tick is guessing.",
        "Square and diamond lie at the tick.",
        "A mark far to the right. For brains that is the rule: removing a face leaves the brain.",
        "Judge a method by its rightmost mark, never by the square alone: whoever wants to find "
        "people will fill in the face.",
    ),
    "trade": Caption(
        "Gain and cost",
        "What does each de-identification method give for what it costs?",
        "One dot for each method: across, the part of the brain mask that no longer overlaps; up, "
        "the share of people whom the stronger attacker still finds. The hollow dot is the "
        "original data.",
        "A dot in the lower left corner: few people found, brain intact.",
        "A dot to the right (brain damaged) or high up (people still found).",
        "Prefer the lowest dot; of two whose bars overlap, the one further left. The worst scan "
        "matters as much as the mean.",
    ),
}
FACES = {
    "face": "Photographs",
    "face-scans": "Faces in original scans of another session",
}
ATTACKER: dict[Attacker, str] = {
    "naive": "as they are",
    "adaptive": "after filling in the face",
}
METHOD = (
    "De-identified scans were matched to original ones by participant, session and other BIDS "
    "entities, "
    "then by file name without the words that tools add, then by the image itself (noise shared in "
    "the brain); every match by name was checked against the images.",
    "Brain: de-identified scans were searched among the original scans of other sessions, as "
    "somebody "
    "would who holds an untouched scan of the same people, and compared with the same search by "
    "original scans. Face: photographs were searched among the de-identified scans of the people "
    "whose original scans they were searched among before; without photographs, de-identified "
    "faces were searched among those of original scans as brains were. The adaptive attacker first "
    "fills in a missing face from an average head led through the skin that is left, or from "
    "another contrast of the same person that still has the face.",
    "Differences are paired on people and count less risk as positive. Intervals of differences "
    "follow Bonett and Price (2012). The FPIR at which missed identifications (FNIR) are counted "
    "is the strictest of 0.3, "
    "1, 3 and 10 % that the number of people can show; thresholds are fitted before and after "
    "separately. People whose scans cannot be used afterwards are failures to acquire: "
    "they are in no paired rate and are counted apart.",
)
REFERENCE = (
    "Bonett DG, Price RM (2012). Adjusted Wald confidence interval for a difference of binomial "
    "proportions based on paired data. J Educ Behav Stat 37:479-488."
)


def answer(treatment: Treatment) -> list[str]:
    """What a method did, in a few sentences, the face first, and what it cost the brain."""
    said = found(treatment)
    figure = treatment.figure("brain voxels cut")
    if figure is not None and figure.mean is not None:
        worst = f", {percent(figure.worst)} in the worst scan" if figure.worst is not None else ""
        said.append(f"Brain voxels cut: {percent(figure.mean.value)} on average{worst}.")
    return said or ["No figure could be measured."]


def found(treatment: Treatment) -> list[str]:
    """Whom the attacks find before and after a method; empty where none was tried."""
    said = []
    for modality in FACES:
        for attacker in ATTACKER:
            effect = treatment.effect(modality, attacker)
            if effect is not None:
                said.append(_face(effect) + _headline(treatment, effect))
    brain = treatment.effect("brain")
    if brain is not None:
        said.append(_brain(brain))
    if treatment.own_scan is not None:
        said.append(_own(treatment.own_scan))
    return [*said, *(_failed(name, measures) for name, measures in treatment.failed().items())]


def _failed(modality: str, measures: Sequence[str]) -> str:
    what, which = ("measures", "them") if len(measures) > 1 else ("measure", "it")
    return (
        f"{title_of(modality)}: the {what} {listed(measures)}, of another package, failed on scans "
        f"before or after: nobody is compared by {which} here, and what {which} would find is not "
        "known."
    )


def brief(treatment: Treatment) -> str:
    """The same in one sentence, for the first page."""
    naive, adaptive = (treatment.effect("face", attacker) for attacker in ATTACKER)
    scans, filled = (treatment.effect("face-scans", attacker) for attacker in ATTACKER)
    brain, own = treatment.effect("brain"), treatment.own_scan
    said = []
    if scans is not None and scans.found is not None and scans.untreated is not None:
        text = f"faces link {share(scans.untreated)} to an original scan of another session before "
        text += f"and {share(scans.found)} after"
        if filled is not None and filled.found is not None:
            text += f", {share(filled.found)} once the face is filled in"
        said.append(text)
    if naive is not None and naive.found is not None and naive.untreated is not None:
        text = f"photographs find {share(naive.untreated)} before and {share(naive.found)} after"
        if adaptive is not None and adaptive.found is not None:
            text += f", {share(adaptive.found)} once the face is filled in"
        said.append(text)
    if brain is not None and brain.rank1 is not None:
        change = brain.rank1
        said.append(f"brains link {share(change.before)} before and {share(change.after)} after")
    if own is not None and own.found is not None:
        said.append(f"a de-identified brain finds its own original scan for {share(own.found)}")
    text = "; ".join(said) or "too little data for a rate"
    return f"{capital(text)}."


def headlines(treatment: Treatment) -> list[Effect]:
    """The effects that the page shows: those that find most; all stand in the table file."""
    faces = [treatment.effect(name, attacker) for name in FACES for attacker in ATTACKER]
    return [effect for effect in (*faces, treatment.effect("brain")) if effect is not None]


def _face(effect: Effect) -> str:
    how, who = ATTACKER[effect.attacker], FACES[effect.modality]
    if effect.found is None or effect.untreated is None:
        return f"{who}, scans taken {how}: {why_no_rate(effect)}{failures(effect.failed)}."
    before = "" if effect.attacker == "adaptive" else f"{share(effect.untreated)} before, "
    text = f"{who} find {before}{share(effect.found)} in the de-identified scans {how}"
    return f"{text}{difference(effect)}{failures(effect.failed)}."


def _headline(treatment: Treatment, highest: Effect) -> str:
    """Which of several measures the figure is of, and how many were tried."""
    key = (highest.modality, highest.attacker)
    every = [one for one in treatment.effects if (one.modality, one.attacker) == key]
    single = [one for one in every if one.measure != STRONGEST and one.reason != "measure failed"]
    if highest.found is None or len(single) < 2 or single[0].found is None:
        return ""
    if highest.measure == STRONGEST:
        return (
            f" That is the strongest attack of {len(single)} measures before and after, chosen on "
            "other people than it is counted on."
        )
    if single[0].measure == highest.measure:
        return f" That is the highest of {len(single)} measures, {highest.measure}."
    return (
        f" That is the highest of {len(single)} measures, {highest.measure}; "
        f"{single[0].measure} finds {share(single[0].found)}."
    )


def _brain(effect: Effect) -> str:
    if effect.rank1 is None:
        return f"Brain, other sessions: {why_no_rate(effect)}."
    return (
        f"By the brain, {share(effect.rank1.before)} were linked to an original scan of another "
        f"session before, {share(effect.rank1.after)} after{difference(effect)}."
    )


def why_no_rate(effect: Effect) -> str:
    """Why an attack has no rates before and after."""
    if effect.reason == "withheld":
        return "fewer than five people could be searched for before and after"
    if effect.reason == "few people":
        return (
            f"no change measured: {people(effect.people)} with a mated pair before and after, in "
            f"a gallery of {effect.gallery}"
        )
    if effect.reason == "measure failed":
        return f"the measure {effect.measure} of another package failed, so nothing is known of it"
    return "too little data"


def _own(own: OwnScan) -> str:
    if own.found is None:
        return "Whether a de-identified scan finds its own original scan: too little data."
    return (
        f"The de-identified brain finds the very scan it was made from for {share(own.found)} "
        "(guessing: "
        f"{percent(own.chance)}): removing a face does not stop whoever holds the original scan."
    )


def difference(effect: Effect) -> str:
    """The paired change on those who could be searched for both times, or ""."""
    if effect.rank1 is None:
        return ""
    change = effect.rank1.difference
    return (
        f"; paired change {points(-change.value)} points ({points(-change.high)} to "
        f"{points(-change.low)}) on {people(effect.people)}"
    )


def points(value: float) -> str:
    """A difference of two rates in whole points of a per cent, with its sign."""
    whole = round(100 * value)
    return f"{whole:+d}".replace("-", "\u2212") if whole else "0"


def failures(count: Count) -> str:
    """People who could not be searched for any more, or ""."""
    if not count:
        return ""
    who = "1 person" if count == 1 else f"{count} people"
    return f"; scans of {who} failed afterwards, which protects nobody"


_ARRIVED: tuple[tuple[str, Callable[[Arrival], Count]], ...] = (
    ("De-identified files", lambda a: a.scans),
    ("Matched by BIDS entities", lambda a: a.by_entities),
    ("Matched by file name", lambda a: a.by_name),
    ("Matched by the image alone", lambda a: a.by_image),
    ("Scans without a de-identified file", lambda a: a.missing),
    ("Files that fit no scan", lambda a: a.extra),
    ("Stored in another orientation", lambda a: a.reoriented),
    ("With other voxel sizes", lambda a: a.resampled),
    ("With another field of view", lambda a: a.cropped),
    ("Image speaks against the name", lambda a: a.doubtful),
    ("Failed to be prepared", lambda a: a.failed),
    ("Not changed at all: not one voxel differs", lambda a: a.unchanged),
)
_LEFT = {
    "face": "Face left",
    "part": "Part of a face left",
    "unclear": "Unclear, which is no protection",
    "failed": "Could not be looked at",
    "outside": "Image ends before the face",
    "gone": "Face removed",
}


def arrival_rows(treatments: Sequence[Treatment]) -> list[tuple[str, list[str]]]:
    """How each method's files fit the data set, and what is left of faces in them, in counts.

    Rows that are zero for every method are left out.
    """
    rows = [(name, [_count(of(one.arrival)) for one in treatments]) for name, of in _ARRIVED]
    left = [one.face_left for one in treatments]
    names = dict.fromkeys(name for of in left if of for name in of.verdicts)
    rows += [
        (_LEFT[name], [_count(of.verdicts.get(name, 0)) if of else "–" for of in left])
        for name in sorted(names, key=list(_LEFT).index)
    ]
    detectors = dict.fromkeys(name for of in left if of for name in of.seen)
    for name in detectors:
        cells = []
        for of in left:
            seen = of.seen.get(name) if of else None
            cells.append("–" if seen is None else f"{_count(seen[1])}, before {_count(seen[0])}")
        rows.append((f"Face seen by {name}", cells))
    return [(name, cells) for name, cells in rows if any(cell not in ("0", "–") for cell in cells)]


def _count(count: Count) -> str:
    return f"{count:,}" if isinstance(count, int) else count


def cost_rows(treatments: Sequence[Treatment]) -> list[tuple[str, list[str]]]:
    """What each method changes beyond the face: mean over people, its interval, the worst scan."""
    names = dict.fromkeys((c.name, c.unit) for one in treatments for c in one.cost)
    rows = []
    for name, unit in names:
        cells = []
        for one in treatments:
            figure = one.figure(name)
            if figure is None or figure.mean is None:
                cells.append("–")
                continue
            mean = figure.mean
            worst = "" if figure.worst is None else f"; worst {figure.worst:.3g}"
            cells.append(f"{mean.value:.3g} ({mean.low:.3g} to {mean.high:.3g}){worst}")
        rows.append((f"{capital(name)} ({unit})", cells))
    return rows


def missed_rows(treatments: Sequence[Treatment]) -> list[tuple[str, str, list[str]]]:
    """Missed searches before and after: attack, FPIR, and a cell for each method."""
    told: dict[tuple[str, str], dict[str, str]] = {}
    for one in treatments:
        for effect in headlines(one):
            attack = f"{title_of(effect.modality)}, {ATTACKER[effect.attacker]}"
            change = effect.fnir
            if change is not None:
                text = f"{percentage(change.before)}, then {percentage(change.after)}"
                told.setdefault((attack, percent(effect.fpir)), {})[one.name] = text
    return [
        (attack, name, [cells.get(one.name, "–") for one in treatments])
        for (attack, name), cells in told.items()
    ]


UNCHANGED = "NOT DE-IDENTIFIED: not one voxel differs from the original scan"
FOUND_FACE = {  # what was found in one de-identified scan
    "face": "a whole face: another one's, or left",
    "part": "part of a face is left",
    "gone": "face gone",
    "outside": "face outside the image",
    "unclear": "unclear: look at it",
    "failed": "could not be looked at",
}


def not_analysed(problem: str) -> str:
    """A file that was written and cannot be read as a head."""
    return f"the de-identified image cannot be analysed: {problem}"


def faces_doubt(left: str | None, said: str, seen_by: Sequence[str], *, replaces: bool) -> str:
    """What speaks against a face being gone, or replaced; "" where nothing does."""
    seen = ", ".join(seen_by)
    if replaces:
        gone = left in ("gone", "outside")
        return "no face is left, where another one should be" if gone else ""
    if left in ("face", "part"):
        return f"a face or a part of one is still there: {said}; seen by {seen or 'none'}"
    if left in ("unclear", "failed"):
        return f"a face may be left: {said}; seen by {seen or 'no detector'}"
    return ""


def cut_doubt(voxels: int, volume_ml: float) -> str:
    """How much of the brain was cut; "" where nothing was."""
    return f"{voxels} brain voxels ({volume_ml:.2f} mL) were cut" if voxels else ""


@dataclass(frozen=True)
class BrainCost:
    """What a method did to brains, over scans; volumes in mL, the shift a median in mm."""

    cut: int
    scans: int
    most_ml: float
    least_overlap: float
    shift_mm: float


def applied(done: int, scans: int, name: str, what: str, failed: int) -> list[str]:
    """How many scans a method was applied to, and what it does."""
    lines = [f"{done:,} of {counted(scans, 'scan')} de-identified with {name}: {what}"]
    if failed:
        lines.append(
            f"{failed} could not be de-identified and were not written; the table says why."
        )
    return lines


def left_behind(count: int, images: int) -> str:
    """How many images of the data set are not in the copy."""
    one = count == 1
    it = "it" if one else "them"
    return (
        f"{count:,} of {counted(images, 'image')} in the data set {'was' if one else 'were'} not "
        f"de-identified and {'is' if one else 'are'} not in the copy. Each may still show a head: "
        f"do not share {it} beside the copy without a look. headrisk audit looks for faces in {it} "
        "too."
    )


def face_not_looked_at(why: str) -> str:
    """Why nothing is known of the faces that are left."""
    if why:
        return f"Whether a face is left was not looked at: {why}"
    return "Whether a face is left could not be looked at."


def face_lines(
    left: Mapping[str, int], looked: int, seen: Mapping[str, int], *, replaces: bool = False
) -> list[str]:
    """In how many scans what is left by answer, and in how many each detector sees a face."""
    face, part, gone, outside = (left.get(name, 0) for name in ("face", "part", "gone", "outside"))
    unclear = left.get("unclear", 0) + left.get("failed", 0)
    told = ", ".join(f"{name} {count}" for name, count in seen.items())
    beyond = f", and {outside} end{'s' if outside == 1 else ''} before the face" if outside else ""
    lines = [
        f"A face is left in {face} of {counted(looked, 'scan')}, a part of one in {part}, perhaps "
        f"one in {unclear} more (detectors and skin together); it was removed in {gone}{beyond}.",
        f"Scans in which a detector sees a face in at least half of the renders: {told}. "
        "Detectors are no recognisers, and neither is a promise.",
    ]
    if replaces:
        lines.append(
            "This tool puts another face there, so that one is seen. Whether the person's own can "
            "still be recognised is measured by headrisk audit with --deidentified."
        )
    return lines


def cost_line(cost: BrainCost | None) -> str:
    """What a method cost the brain."""
    if cost is None:
        return "The cost to the brain could not be measured."
    return (
        f"Brain voxels were cut in {cost.cut} of {counted(cost.scans, 'scan')} (most: "
        f"{cost.most_ml:.2f} mL). "
        f"Brain masks before and after overlap by at least {cost.least_overlap:.4f} (Dice); "
        f"the alignment shifts by {cost.shift_mm:.2f} mm (median)."
    )


def sidecar_line(fields: int) -> str:
    """How much was left out of sidecars."""
    were = counted(fields, "identifying value was", "identifying values were")
    return f"{were} left out of sidecars."


def look_line(scans: int) -> str:
    """How many scans the custodian should look at."""
    return f"Look at {counted(scans, 'scan')} before you share: column look_at says why."
