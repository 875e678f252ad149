"""The caption of each figure, in four parts, and its text alternative."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Caption:
    """What a figure shows, what good and bad look like, and what to do about it."""

    title: str
    shows: str
    good: str
    bad: str
    action: str


CAPTIONS = {
    "scores": Caption(
        "How alike are two scans of one person, and of two?",
        "Each compared pair of scans has one similarity score. Bars count people, neighbouring "
        "bars are merged until each stands for at least five people, and the outermost take in "
        "what lies beyond; upright lines are thresholds above which a pair is called one person "
        "(FMR 1 %: 1 of 100 different-person pairs is accepted).",
        "For the people in the data: the two colours lie on top of each other.",
        "Two separate hills. Then one look at the score tells whether two scans show one person.",
        "If the hills are apart, treat the scans as linkable to any other scan of these people.",
    ),
    "cmc": Caption(
        "How often is the true match among the first k candidates?",
        "For each person searched for, the gallery is ordered by similarity. The line is the "
        "share whose own other scan is among the first k; the dotted line is guessing.",
        "The line follows the dotted one.",
        "The line starts near 100 %: the first candidate is almost always the right person.",
        "Read rank 1 as the risk against an attacker who takes the best candidate. It falls as "
        "the gallery grows, so compare only figures with like gallery sizes.",
    ),
    "det": Caption(
        "What does an attacker pay for each found person?",
        "Each point is one threshold: across, the share of different-person pairs wrongly called "
        "one person; up, the share of same-person pairs missed. Axes are stretched by the normal "
        "deviate, so that normal scores give straight lines. The thick line is the headline "
        "measure, thin lines are the other measures.",
        "The thick line runs along the dotted diagonal.",
        "The thick line is in the lower left corner: few missed matches at few false ones.",
        "In a search among N people each search meets N - 1 wrong pairs: pick the false match "
        "rate that fits the gallery of the attacker you fear, and read the misses there.",
    ),
    "measures": Caption(
        "Which way of comparing links people?",
        "The rank-1 rate of each similarity measure with its 95 % interval over people, beside "
        "the control attack (the same search with labels shuffled) and guessing.",
        "Every interval reaches down to the control and to guessing.",
        "At least one interval lies clear to the right. The strongest measure sets the risk.",
        "Judge the data by the strongest measure, not by the average.",
    ),
    "conditions": Caption(
        "Under which conditions does it work?",
        "The rank-1 rate of the headline measure within each condition, with 95 % intervals. "
        "Levels with fewer than five people are merged into one row without figures.",
        "All conditions are low.",
        "Some conditions are well above the dashed line: risk is concentrated there. If only "
        "same-scanner pairs are high, the attack may recognise the scanner.",
        "Decide by the conditions that your recipients will meet, and by the highest of them.",
    ),
    "forecast": Caption(
        "How does the rate fall in larger galleries?",
        "The share of people linked at rank 1 in random galleries of each size: measured within "
        "the data, then the range over the forecast models with sampling (band) and each model's "
        "own line. Grey lies beyond what the data can say, or beyond 100 times the people "
        "measured; the dotted line is guessing.",
        "The line runs down to the dotted one within the data.",
        "The band stays high where your attackers' galleries are.",
        "Decide by the upper end of the band at the gallery of the attacker you fear, and do not "
        "lean on the grey part.",
    ),
    "open-set": Caption(
        "What if the person sought may not be there?",
        "Left, against the threshold from which a name is returned: the share of searches for "
        "absent people that return a name (false-positive identifications, FPIR, blue), and of "
        "searches for present people that fail (missed identifications, FNIR, orange). Right: of "
        "the people present, how many are correctly identified, and how many of all names "
        "returned are right, at the stated share of people sought who are present; pale where no "
        "false-positive identification was seen, so that the figure is a lower bound. Each "
        "kind of line is a gallery size.",
        "No threshold keeps both FPIR and FNIR low; on the right the lines stay at the "
        "bottom, so that a returned name proves little.",
        "Between the two curves lies a threshold where both are low; on the right the lines reach "
        "the upper right corner: most people are identified, and most names are right.",
        "Ask what FPIR your attacker would put up with, and read the FNIR at that "
        "threshold. The share of people present is an assumption: state it, or set your own with "
        "membership_prior.",
    ),
    "matrix": Caption(
        "Similarity of every searched scan to every gallery scan",
        "Rows are searched scans, columns gallery scans, ordered by person; dark is more alike. "
        "Squares outline pairs of one person.",
        "Outlined squares look like the rest.",
        "Outlined squares are the darkest of their row: the person is found.",
        "Rows with a dark square elsewhere deserve a look: wrong label, identical twin, or bad "
        "alignment.",
    ),
    "mosaic": Caption(
        "How well was each scan prepared?",
        "Slices of the aligned brain with the template's outline.",
        "The outline follows the brain's edge in every slice.",
        "The outline cuts through the brain, or the brain is rotated, cropped or empty.",
        "Correct or leave out scans with a wrong outline: a badly aligned scan hides its risk.",
    ),
}

FACE_CAPTIONS = {
    "scores": Caption(
        "How alike are a person's photographs and a scan, of one person and of two?",
        CAPTIONS["scores"].shows.replace("compared pair of scans", "photograph set and scan"),
        CAPTIONS["scores"].good,
        "Two separate hills. Then one look at the score tells whether photographs and scan show "
        "one person.",
        "If the hills are apart, treat the faces in the scans as recognisable.",
    ),
    "cmc": Caption(
        "How often is the right scan among the first k candidates?",
        "For each person's photographs the scans are ordered by similarity. The line is the share "
        "whose own scan is among the first k; the dotted line is guessing.",
        CAPTIONS["cmc"].good,
        CAPTIONS["cmc"].bad,
        CAPTIONS["cmc"].action,
    ),
    "matrix": Caption(
        "Similarity of every photograph set to every scan",
        "Rows are photograph sets, columns scans, ordered by person; dark is more alike. Squares "
        "outline pairs of one person.",
        CAPTIONS["matrix"].good,
        CAPTIONS["matrix"].bad,
        "Rows with a dark square elsewhere deserve a look: wrong label, identical twin, poor "
        "photograph.",
    ),
    "mosaic": Caption(
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
    "control": "control attack",
    "rank1": "found at rank 1 (%)",
    "whole": "whole data set",
    "interval": "attack, 95 % interval",
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
    "before": "found at rank 1 (%) of the people searched for in the original data",
    "lost": "overlap of brain masks lost (%)",
    "still": "still found at rank 1 (%)",
    "face": "Face",
    "brain": "Brain",
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
