"""The caption of each figure, in four parts, and its text alternative."""

from __future__ import annotations

from dataclasses import dataclass

from headrisk.report.words.attacks import ATTACKS


@dataclass(frozen=True)
class Caption:
    """What a figure is called, what it shows, what good and bad look like, what to do about it."""

    short: str
    title: str
    shows: str
    good: str
    bad: str
    action: str


CAPTIONS = {
    "scores": Caption(
        "Scores",
        "How alike are two scans of one person, and of two?",
        "Each compared pair has one score: two scans, or photographs and a scan. Each bar stands "
        "for at least five people. Upright lines are thresholds: from there on a pair is called "
        "one person.",
        "The two colours lie on top of each other.",
        "Two hills stand apart: one look at the score tells whether two scans show one person.",
        "If the hills stand apart, treat the scans as linkable.",
    ),
    "cmc": Caption(
        "Ranks",
        "How often is the right person among the first k candidates?",
        "For each person searched for, all others are put in order of their score. The line is the "
        "share of people whose own scan is among the first k, by the highest count of its range.",
        "The line follows the dotted one, which is guessing.",
        "The line starts near 100 %: the first candidate is almost always the right person.",
        "Read rank 1 as the risk against somebody who takes the best candidate. Compare only "
        "figures of equal numbers of people.",
    ),
    "det": Caption(
        "Errors",
        "What does an attacker pay for each person found?",
        "Each point is one threshold: across, false matches; up, missed matches. The thick line is "
        "the attack that gives the result.",
        "The thick line runs along the dotted diagonal.",
        "The thick line lies in the lower left corner: few misses at few false matches.",
        "A search among N people meets N - 1 wrong pairs. Pick the false matches that fit your "
        "attacker, and read the misses there.",
    ),
    "measures": Caption(
        "Measures",
        "Which way of comparing links people?",
        "The rank-1 rate of each measure by its highest count: thin the interval of the range, "
        "thick that of the highest count. Luck is that of the first page.",
        "Every value lies at luck or below. A thin line that reaches down to luck does not show "
        "that nothing was found.",
        "At least one thick line lies to the right of luck.",
        "Judge the data by the strongest measure, not by the mean.",
    ),
    "conditions": Caption(
        "Conditions",
        "Under which conditions does it work?",
        "The rank-1 rate within each condition. Levels with fewer than five people are merged "
        "into one, which is left out.",
        "All conditions are low. With few people that proves little.",
        "Some lie well above the dashed line. If only pairs of one scanner are high, it may be "
        "the scanner that is recognised.",
        "Decide by the highest of the conditions that your recipients will meet.",
    ),
    "forecast": Caption(
        "More people",
        "How does the rate fall among more people?",
        "The share linked at rank 1 in random groups of each size. The band holds the 95 % "
        "interval of what was measured and, where there is a forecast, the range over the models; "
        "its grey part lies beyond what the data can say.",
        "The line runs down to the dotted one, guessing, within the data.",
        "The band stays high where your attackers' galleries are.",
        "Decide by the upper end of the band, and do not lean on a grey part.",
    ),
    "open-set": Caption(
        "Absent people",
        "What if the person sought may not be there?",
        "Above, by threshold: searches for absent people that return a name (FPIR, blue) and "
        "searches for present people that miss (FNIR, orange). Below: how many present people are "
        "named, and how many names are right; pale where that is a lower bound. Each kind of line "
        "is a number of people.",
        "No threshold keeps both errors low, and below the lines stay at the bottom.",
        "Between the curves lies a threshold where both are low, and below the lines reach the "
        "upper right corner.",
        "Ask how many wrong names your attacker would put up with, and read the misses there. The "
        "share of people present is an assumption: set your own with membership_prior.",
    ),
    "matrix": Caption(
        "Matrix",
        "Similarity of every searched scan to every gallery scan",
        "Rows are searched scans, columns gallery scans, ordered by person; dark is more alike. "
        "Squares outline pairs of one person.",
        "Outlined squares look like the rest.",
        "Outlined squares are the darkest of their row: the person is found.",
        "Rows with a dark square elsewhere deserve a look: wrong label, identical twin, or bad "
        "alignment.",
    ),
    "mosaic": Caption(
        "Pictures",
        "How well was each scan prepared?",
        "Slices of the aligned brain with the template's outline.",
        "The outline follows the brain's edge in every slice.",
        "The outline cuts through the brain, or the brain is rotated, cropped or empty.",
        "Correct or leave out scans with a wrong outline: a badly aligned scan hides its risk.",
    ),
}

FACE_CAPTIONS = {
    "matrix": Caption(
        "Matrix",
        "Similarity of every photograph set to every scan",
        "Rows are photograph sets, columns scans, ordered by person; dark is more alike. Squares "
        "outline pairs of one person.",
        CAPTIONS["matrix"].good,
        CAPTIONS["matrix"].bad,
        "Rows with a dark square elsewhere deserve a look: wrong label, identical twin, poor "
        "photograph.",
    ),
    "mosaic": Caption(
        "Pictures",
        "What does the face in each scan look like?",
        "One render of the skin surface of each scan, from the front.",
        "No face can be seen.",
        "A face that you would know.",
        "Scans with a face need de-identification before they are shared, whatever the rates say.",
    ),
}

LABELS = {  # axes and legends
    "mated": "same person",
    "nonmated": "different people",
    "similarity": "similarity ({measure}), larger means more alike",
    "density": "density",
    "other": "other measures",
    "guessing": "guessing",
    "fmr": "false match rate (different people accepted)",
    "fnmr": "false non-match rate\n(same person missed)",
    "attack": "attack ({measure})",
    "rank": "rank k in a gallery of {gallery} people",
    "within": "found within k (%)",
    "control": "luck, as on the first page",
    "rank1": "found at rank 1 (%)",
    "whole": "whole data set",
    "interval": "attack, 95 % interval",
    "judged": "of the highest count",
    "kde": "curves cross",
    "fmr_1e-2": "FMR 1 %",
    "fmr_1e-3": "FMR 0.1 %",
    "measured": "measured",
    "gallery": "people in the gallery",
    "linked": "linked at rank 1 (%)",
    "beyond": "beyond 100 times the data",
    "forecast": "forecast, models and sampling",
    "original": "original",
    "naive": "de-identified, taken as it is",
    "adaptive": "de-identified, face filled in",
    "before": "found at rank 1 (%) of those searched for",
    "lost": "overlap of brain masks lost (%)",
    "still": "still found at rank 1 (%)",
    **{name: one.title for name, one in ATTACKS.items()},
    "of": "gallery of {gallery:,.0f}",
    "threshold": "threshold ({measure})",
    "searches": "searches (%)",
    "identified": "people present and correctly identified (%)",
    "right": "names that are right (%),\nif {share:g} % of those sought are there",
    "fpir": "false-positive identifications (FPIR)",
    "fnir": "missed identifications (FNIR)",
}


def caption(name: str, modality: str) -> Caption:
    """The caption of a figure in a modality's section."""
    own = FACE_CAPTIONS if modality == "face" else {}
    if modality == "face-scans":
        own = {"mosaic": FACE_CAPTIONS["mosaic"]}
    return own.get(name, CAPTIONS[name])
