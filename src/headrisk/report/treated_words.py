"""What is said of treatments: sentences, captions of the figures, and methods."""

from __future__ import annotations

from headrisk.report.captions import Caption
from headrisk.report.frequencies import NARROW, percent, rate
from headrisk.report.treated_model import Attacker, Count, Effect, OwnScan, Treatment
from headrisk.types import Estimate

CAPTIONS = {
    "before-after": Caption(
        "How many people are found before and after?",
        "Each line is one treatment and one attack on the same people: the hollow dot is the share "
        "found at rank 1 in the untreated scans, the square the share found in the treated ones as "
        "they are, the diamond the share found by an attacker who first fills in what was removed. "
        "Bars are 95 % intervals over people; a person whose scans cannot be used any more counts "
        "as not found. The upright tick is guessing.",
        "Square and diamond lie at the tick.",
        "A mark far to the right. For brains that is the rule: removing a face leaves the brain.",
        "Judge a treatment by its rightmost mark, never by the square alone: whoever wants to find "
        "people will fill in the face.",
    ),
    "trade": Caption(
        "What does each treatment give for what it costs?",
        "One dot for each treatment: across, the part of the brain mask that no longer overlaps "
        "with the untreated scan's; up, the share of people whom the stronger attacker still "
        "finds. Bars are 95 % intervals over people. The hollow dot is no treatment.",
        "A dot in the lower left corner: few people found, brain intact.",
        "A dot to the right (brain damaged) or high up (people still found).",
        "Prefer the lowest dot; of two whose bars overlap, the one further left. Look at the cost "
        "table before deciding: the worst scan matters as much as the mean.",
    ),
}
ATTACKER: dict[Attacker, str] = {
    "naive": "as they are",
    "adaptive": "after filling in the face",
}
METHOD = (
    "Treated scans were matched to untreated ones by participant, session and other BIDS entities, "
    "then by file name without the words that tools add, then by the image itself (noise shared in "
    "the brain); every match by name was checked against the images.",
    "Brain: treated scans were searched among the untreated scans of other sessions, as somebody "
    "would who holds an untouched scan of the same people, and compared with the same search by "
    "untreated scans. Face: photographs were searched among the treated scans of the people whose "
    "untreated scans they were searched among before; the adaptive attacker first fills in a "
    "missing face from an average head led through the skin that is left, or from another contrast "
    "of the same person that still has the face.",
    "Differences are paired on people and count less risk as positive. Intervals of differences "
    "follow Bonett and Price (2012). The false alarm rate of a miss rate is the strictest of 0.3, "
    "1, 3 and 10 % that the number of people can show; thresholds are fitted before and after "
    "separately. People whose scans cannot be used after the treatment are failures to acquire: "
    "they are in no paired rate and are counted apart.",
)
REFERENCE = (
    "Bonett DG, Price RM (2012). Adjusted Wald confidence interval for a difference of binomial "
    "proportions based on paired data. J Educ Behav Stat 37:479-488."
)


def answer(treatment: Treatment) -> list[str]:
    """What a treatment did, in a few sentences, the face first."""
    said = []
    for attacker in ATTACKER:
        effect = treatment.effect("face", attacker)
        if effect is not None:
            said.append(_face(effect))
    brain = treatment.effect("brain")
    if brain is not None:
        said.append(_brain(brain))
    if treatment.own_scan is not None:
        said.append(_own(treatment.own_scan))
    figure = treatment.figure("brain voxels cut")
    if figure is not None and figure.mean is not None:
        worst = f", {percent(figure.worst)} in the worst scan" if figure.worst is not None else ""
        said.append(f"Brain voxels cut: {percent(figure.mean.value)} on average{worst}.")
    return said or ["No figure could be measured."]


def brief(treatment: Treatment) -> str:
    """The same in one sentence, for the first page."""
    naive, adaptive = (treatment.effect("face", attacker) for attacker in ATTACKER)
    brain, own = treatment.effect("brain"), treatment.own_scan
    said = []
    if naive is not None and naive.found is not None and naive.untreated is not None:
        text = f"photographs find {share(naive.untreated)} before and {share(naive.found)} after"
        if adaptive is not None and adaptive.found is not None:
            text += f", {share(adaptive.found)} once the face is filled in"
        said.append(text)
    if brain is not None and brain.rank1 is not None:
        change = brain.rank1
        said.append(f"brains link {share(change.before)} before and {share(change.after)} after")
    if own is not None and own.found is not None:
        said.append(f"a treated brain finds its own untouched scan for {share(own.found)}")
    text = "; ".join(said) or "too little data for a rate"
    return f"{text[0].upper()}{text[1:]}."


def headlines(treatment: Treatment) -> list[Effect]:
    """The effects that the page shows: those that find most; all stand in the table file."""
    found = [treatment.effect("face", attacker) for attacker in ATTACKER]
    return [effect for effect in (*found, treatment.effect("brain")) if effect is not None]


def _face(effect: Effect) -> str:
    how = ATTACKER[effect.attacker]
    if effect.found is None or effect.untreated is None:
        return f"Photographs, scans taken {how}: too little data."
    before = "" if effect.attacker == "adaptive" else f"{share(effect.untreated)} before, "
    text = f"Photographs find {before}{share(effect.found)} in the treated scans {how}"
    text += f"{difference(effect)}."
    if effect.failed:
        text += f" {failures(effect.failed)}"
    return text


def _brain(effect: Effect) -> str:
    if effect.rank1 is None:
        return f"Brain, other sessions: {effect.reason or 'too little data'}."
    return (
        f"By the brain, {share(effect.rank1.before)} were linked to an untouched scan of another "
        f"session before, {share(effect.rank1.after)} after{difference(effect)}."
    )


def _own(own: OwnScan) -> str:
    if own.found is None:
        return "Whether a treated scan finds its own untouched scan: too little data."
    return (
        f"The treated brain finds the very scan it was made from for {share(own.found)} (guessing: "
        f"{percent(own.chance)}): removing a face does not stop whoever holds the untouched scan."
    )


def share(estimate: Estimate) -> str:
    """``7 of 12 people`` with its interval; "about" where a person counts in part."""
    hits = estimate.value * estimate.n
    low, high = percent(estimate.low, -1), percent(estimate.high, 1)
    if estimate.fewest is not None:
        bare = low.removesuffix(f"{NARROW}%")
        return f"{estimate.fewest} to {estimate.most} of {estimate.n} people ({bare} to {high})"
    if estimate.value <= 0:
        return f"none of {estimate.n} people (at most {high})"
    if estimate.value >= 1:
        return f"all {estimate.n} people (at least {low})"
    bare = low.removesuffix(f"{NARROW}%")
    count = f"{hits:.0f}" if abs(hits - round(hits)) < 1e-6 else f"about {hits:.0f}"
    return f"{count} of {estimate.n} people ({percent(estimate.value)}, {bare} to {high})"


def difference(effect: Effect) -> str:
    """The paired change on those who could be searched for both times, or ""."""
    if effect.rank1 is None:
        return ""
    change = effect.rank1.difference
    return (
        f"; paired change {points(-change.value)} points ({points(-change.high)} to "
        f"{points(-change.low)}) on {effect.people} people"
    )


def points(value: float) -> str:
    """A difference of two rates in whole points of a per cent, with its sign."""
    whole = round(100 * value)
    return f"{whole:+d}".replace("-", "\u2212") if whole else "0"


def failures(count: Count) -> str:
    """People who could not be searched for any more."""
    who = "1 person's scans" if count == 1 else f"The scans of {count} people"
    return (
        f"{who[0].upper()}{who[1:]} cannot be used by this attacker any more: a failure to "
        "acquire, which is not the same as protection."
    )


def arrival(treatment: Treatment) -> str:
    """How the treated data set fits the audited one."""
    a = treatment.arrival
    parts = [
        (a.by_entities, "matched by BIDS entities"),
        (a.by_name, "by file name"),
        (a.by_image, "by the image alone"),
        (a.missing, "scans without a treated file"),
        (a.extra, "files that fit no scan"),
        (a.reoriented, "stored in another orientation"),
        (a.resampled, "with other voxel sizes"),
        (a.cropped, "with another field of view"),
        (a.doubtful, "whose image speaks against the name"),
        (a.failed, "that failed to be prepared"),
    ]
    told = "; ".join(f"{count} {what}" for count, what in parts if count)
    text = f"{a.scans} treated files: {told}."
    if a.unchanged:
        text += f" {a.unchanged} were not treated at all: not one voxel differs."
    return text


def was_it_done(treatment: Treatment) -> str:
    """Whether faces are gone, in one sentence; "" where faces were not looked at."""
    left = treatment.face_left
    if left is None:
        return ""
    yes, unclear, no = (left.verdicts.get(name, 0) for name in ("yes", "unclear", "no"))
    seen = ", ".join(f"{name} in {new} (before: {old})" for name, (old, new) in left.seen.items())
    return (
        f"Of {left.scans} treated scans with a head surface, {no} show no face, {yes} show one, "
        f"and in {unclear} detectors and skin disagree, which is no protection. Seen by each "
        f"detector: {seen}. A refacing tool puts another face there: then recognition decides, not "
        "presence."
    )


def rates(effect: Effect) -> list[tuple[str, str, str, str, str]]:
    """Rows of an effect's table: rate, before, after, paired difference, fell and rose."""
    named = [(f"rank 1 of {effect.gallery}", effect.rank1)]
    named += [(f"rank 1 of {n}", change) for n, change in effect.linkability.items()
              if n != effect.gallery]  # fmt: skip
    if effect.fnir is not None:
        named.append((f"missed at {percent(effect.fpir)} false alarms", effect.fnir))
    return [
        (
            name,
            rate(change.before),
            rate(change.after),
            f"{points(change.difference.value)} ({points(change.difference.low)} to "
            f"{points(change.difference.high)})",
            "withheld"
            if change.lost == change.gained == "withheld"
            else f"{change.lost} / {change.gained}",
        )
        for name, change in named
        if change is not None
    ]
