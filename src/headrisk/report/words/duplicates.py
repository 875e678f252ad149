"""Sentences about duplicates and wrong labels. Those that name people are for the custodian."""

from __future__ import annotations

from collections.abc import Mapping

from headrisk.report.words.phrases import counted

TITLE = "Search for duplicates and wrong labels"
TITLES = {
    "same-image": "the same image stored twice",
    "two-ids": "one person under two IDs",
    "two-persons": "two persons under one ID",
    "mirrored": "one of two scans mirrored left to right",
}
KIND_NAMES: Mapping[str, str] = {
    "t1": "T1w with T1w",
    "alike": "another contrast with itself",
    "crossed": "two contrasts",
}
COPIES = {
    "same bytes": "The two files are identical byte for byte.",
    "same voxels": "The two files hold the same voxels; header, voxel type, brightness scale or "
    "storage order may differ.",
    "resampled": "After registration the two images share their noise, which separate scans do "
    "not: one seems to be a shifted, rotated or resampled copy of the other, or both come from a "
    "third image.",
}
NO_PICTURE = "one of the scans could not be prepared, or there are too many findings"


def summary_sentence(usable: int, labels: int, *, compared: int, counts: Mapping[str, int]) -> str:
    """What was found, in one sentence without names; ``counts`` are findings by their kind."""
    looked = f"{counted(usable, 'usable scan')} under {counted(labels, 'ID')}"
    if not compared:
        return f"Too little data: {looked}; at least two scans are needed to compare any."
    parts = [
        f"{title} ({counted(counts[what], 'case')})"
        for what, title in TITLES.items()
        if counts.get(what)
    ]
    if not parts:
        return f"Nothing found: no duplicate and no wrong label seen among {looked}."
    return f"To check, among {looked}: {'; '.join(parts)}."


def scan_name(participant: str, session: str, suffix: str) -> str:
    """A scan by its labels."""
    return f"{participant}{f', session {session}' if session else ''} ({suffix})"


def copy_explanation(how: str, *, two_ids: bool, two_sessions: bool) -> str:
    """Why two files are thought to hold one image."""
    text = COPIES[how]
    if two_ids:
        text += " They stand under two IDs: one of the labels is wrong."
    elif two_sessions:
        text += " They stand under two sessions of one ID."
    return text


def two_ids_explanation(label: str, other: str, *, related: bool) -> str:
    """One person under two IDs; ``related`` where the data set names one family."""
    text = f"The scans under {label} and those under {other} match like scans of one person."
    if related:
        text += " The data set says that they belong to one family."
    return text


def two_persons_explanation(names: tuple[str, str], match: str | None, *, even: bool) -> str:
    """Two persons under one ID.

    ``match`` is the scan under another ID that the first one matches; ``even`` says that either
    side has as many scans.
    """
    text = f"{names[0]} and {names[1]} stand under one ID but look like scans of two persons."
    if match is not None:
        text += (
            f" The first matches {match}: scans may have been exchanged between the two"
            " IDs, or this one filed under the wrong ID."
        )
    elif even:
        text += " Which of them is wrong cannot be told from the images."
    return text


def mirrored_explanation(names: tuple[str, str], likely: str | None, *, two_ids: bool) -> str:
    """One of two scans shows left and right exchanged; ``likely`` says which, where known."""
    text = (
        f"The mirror image of {names[0]} matches {names[1]}, and the scan itself does "
        "not: one of the two shows left and right exchanged."
    )
    if likely is not None:
        text += f" By the asymmetry of its halves it is rather {likely}."
    if two_ids:
        text += " They stand under two IDs: one of the labels is wrong too."
    return text


def priors(enrolled: int, filed: int, stored: int, mirrored: int) -> tuple[str, ...]:
    """What was assumed before any image was looked at: one in so many."""
    return (
        f"One person in {enrolled} is enrolled again under another ID. The more IDs, the "
        "less probable is it for a given two of them.",
        f"One ID in {filed} holds a scan of somebody else, who is as probably another "
        "participant as somebody from outside.",
        f"One in {stored} of the pairs similar enough to be compared voxel by voxel is one "
        "image stored twice.",
        f"One scan in {mirrored} is mirrored.",
        "These priors are assumptions; where your records suggest others, weigh the findings "
        "accordingly.",
    )


def shipped_caveat(resolution_mm: int, alignment: str) -> str:
    """What limits the probabilities where the run differs from what was measured."""
    return (
        "Probabilities rest on shipped values that were measured at 4 mm after affine "
        f"alignment; this run used {resolution_mm} mm and {alignment} alignment, so take them "
        "as rough."
    )


def probability_text(value: float) -> str:
    """A probability that never rounds to 0 or 100 %."""
    if value >= 0.9995:
        return "over 99.9 %"
    return f"{100 * value:.1f} %" if value >= 0.9 else f"{100 * value:.0f} %"


def bound_text(value: float) -> str:
    """A bound on a chance, from 1 down to "under 1 in a million"."""
    if value < 1e-6:
        return "under 1 in a million"
    return f"at most {100 * value:.2g} %" if value < 1 else "no bound"
