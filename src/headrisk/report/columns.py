"""The data dictionary: what every column of every table means, in one place.

``columns.json`` beside the tables and the page *Data dictionary* of the documentation are both made
from ``TABLES``. A table is known by its file name, in which a measure or a method may stand for
``*``; so is a column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq

from headrisk.io.canonical import canonical_json
from headrisk.io.digests import open_regular
from headrisk.io.tsv import MISSING
from headrisk.report.words.attacks import ATTACKS
from headrisk.report.words.compare import MEANINGS
from headrisk.report.words.metadata_kinds import KINDS

COLUMNS_FILE = "columns.json"
UNDESCRIBED = "no description"

Kind = Literal["text", "whole number", "number", "share", "yes or no"]
Place = Literal["tables", "internal", "input"]


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    meaning
        What a cell says, in a sentence without a full stop.
    kind
        What a cell holds; a share lies between 0 and 1 and has no unit. ``n/a`` may stand in any.
    unit
        Unit of a number, empty for counts, shares and texts.
    levels
        What each of a few words means, where there are few.
    """

    meaning: str
    kind: Kind = "text"
    unit: str = ""
    levels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TableKind:
    """Tables of one kind: file name with ``*``, where they stand, what a row is, the columns.

    Tables of the place ``input`` are made by the user, or by ``headrisk recipes``.
    """

    name: str
    place: Place
    row: str
    columns: Mapping[str, Column]


_KINDS_OF_VALUES = {code: one.title for code, one in KINDS.items()}


def _count(meaning: str) -> Column:
    return Column(meaning, "whole number")


def _share(meaning: str) -> Column:
    return Column(meaning, "share")


def _number(meaning: str, unit: str = "") -> Column:
    return Column(meaning, "number", unit)


def _ends(name: str, meaning: str, kind: Kind = "share", unit: str = "") -> dict[str, Column]:
    """A figure and the ends of its 95 % interval over people."""
    return {
        name: Column(meaning, kind, unit),
        f"{name}_low": Column("lower end of its 95 % interval over people", kind, unit),
        f"{name}_high": Column("upper end of its 95 % interval over people", kind, unit),
    }


_MEASURE = Column("similarity measure")
_GALLERY = _count("people in the gallery that is searched")
_CHANCE = _share("what guessing would find")
_SCORE = _number("similarity, larger is more alike", "the measure's own")
_SCAN = Column("the scan: its path in the data set without extension")
_PERSON = Column("label of the person, without sub-")
_SESSION = Column("label of the session, without ses-; empty where there is none")
_PATH = Column("path of the file")
_REASON = Column("why; empty where there is nothing to say")
_STATUS = Column(
    "whether it could be used",
    levels={"ok": "used", "failed": "could not be used; the reason says why"},
)
_METHOD = Column("name of the de-identification method, as given on the command line")
_MODALITY = Column(
    "what is compared",
    levels={name: one.rows for name, one in ATTACKS.items()},
)
_FACE = Column(
    "whether a face is left",
    levels={
        "face": "a face is there",
        "part": "a part was removed, another is there",
        "gone": "the face was removed",
        "unclear": "cannot be said",
        "outside": "nothing was removed, but the image ends before the face",
        "failed": "could not be looked at",
    },
)
_SEEN_BY = Column("detectors that see a face in at least half of the renders, or none")
_VERDICT = Column(
    "how far the preparation may be trusted",
    levels={"ok": "good", "doubtful": "used, but look at it", "failed": "not used"},
)
_SKIN = Column(
    "skin where a template has a face",
    levels={
        "full": "of a whole face",
        "partial": "of a part",
        "none": "none",
        "cropped": "the face lies outside the image",
    },
)
_DENSITY = _number("density of scores in the bar", "1 / unit of the score")
_BAR = {
    "kind": Column("which pairs", levels={"mated": "of one person", "nonmated": "of two people"}),
    "low": _number("lower edge of the bar", "the measure's own"),
    "high": _number("upper edge of the bar", "the measure's own"),
}
_RATES = {
    "measures": (
        "one similarity measure",
        {
            "measure": _MEASURE,
            "reading": Column(
                "what follows from attack and control",
                levels={
                    "links": "the attack beats its control",
                    "does not link": "it does not",
                    "unclear": "the sample cannot tell",
                    "too little data": "too few people for a rate",
                },
            ),
            "auc": _share("probability that a mated pair scores above a non-mated one"),
            "eer": _share("error rate where false matches and false non-matches are equal"),
            "d_prime": _number("distance of mated from non-mated scores", "standard deviations"),
            **_ends("rank1", "people whose own other scan is the best candidate"),
            **_ends("rank5", "people whose own other scan is among the first five"),
            "n": _count("people searched for"),
            "control": _share("rank 1 of the same search with shuffled labels"),
            "chance": _CHANCE,
            "mated_min": _number("lowest score of two scans of one person", "the measure's own"),
            "nonmated_max": _number("highest score of two people", "the measure's own"),
        },
    ),
    "thresholds": (
        "one measure and one rule for a threshold",
        {
            "measure": _MEASURE,
            "rule": Column(
                "how the threshold is set",
                levels={
                    "kde": "where the densities of mated and non-mated scores cross",
                    "fmr_*": "at the false match rate in the name",
                    "unsupervised": "without labels, as an outsider would",
                },
            ),
            "threshold": _number("scores from here upward are called a match", "the measure's own"),
            **_ends("fmr", "non-mated pairs called a match, on people it was not set on"),
            **_ends("fnmr", "mated pairs not called a match, on people it was not set on"),
        },
    ),
    "conditions": (
        "one level of a condition, under the headline's measure",
        {
            "condition": Column("what the pairs are sorted by, such as site or age"),
            "level": Column("the level; levels of fewer than five people stand together"),
            "persons": _count("people searched for; <5 where withheld"),
            "mated_pairs": _count("pairs of one person; <5 where withheld"),
            **_ends("rank1", "people whose own other scan is the best candidate"),
            "auc": _share("probability that a mated pair scores above a non-mated one"),
        },
    ),
    "cmc-*": (
        "one rank, under the measure in the name",
        {
            "rank": _count("length of the list of candidates"),
            "rate": _share("people whose own other scan is on the list"),
            "chance": _CHANCE,
        },
    ),
    "det-*": (
        "one threshold, under the measure in the name",
        {
            "fmr": _share("non-mated pairs at or above the threshold"),
            "fnmr": _share("mated pairs below the threshold"),
        },
    ),
    "linkability": (
        "one measure and one size of gallery",
        {
            "measure": _MEASURE,
            "gallery": _GALLERY,
            **_ends("rate", "expected share linked at rank 1 in random galleries of that size"),
        },
    ),
    "open-set": (
        "one size of gallery and one threshold, under the headline's measure",
        {
            "gallery": _GALLERY,
            "threshold": _number("a name is returned from here upward", "the measure's own"),
            **_ends("fpir", "searches for people who are not there that return a name"),
            **_ends("fnir", "searches for people who are there that miss them"),
            "wrong": _share("searches for people who are there that return another name"),
            "precision": _share(
                "returned names that are right, if as many of those sought are "
                "there as the setting membership_prior says"
            ),
        },
    ),
    "forecast": (
        "one size of gallery and one model, under the headline's measure",
        {
            "gallery": _GALLERY,
            "model": Column("the range over models, or one of them"),
            **_ends("rate", "forecast share linked at rank 1; n/a beyond the forecast's reach"),
            "floor": _share("share that is linked in a gallery of this size whatever the model"),
            "beyond_100x": Column(
                "whether the gallery is over 100 times the one measured", "yes or no"
            ),
        },
    ),
    "attackers": (
        "one attacker",
        {
            "attacker": Column("short name of the attacker"),
            "gallery": _count("people among whom the attacker searches, stated"),
            "prior": _share("chance that the person sought is among them, stated"),
            "false_match_budget": _share("false alarms accepted, stated; n/a: always names one"),
            **_ends("success", "people sought who would be named rightly"),
            "precision": _share("names given that are right"),
            "basis": Column(
                "what the figure rests on",
                levels={
                    "measured": "the data reach so far",
                    "forecast": "a forecast",
                    "bound": "an upper bound alone",
                    "no figure": "too little data",
                },
            ),
        },
    ),
}
_RATE_TABLES = tuple(
    TableKind(f"{modality}-{name}", "tables", row, columns)
    for modality in _MODALITY.levels
    for name, (row, columns) in _RATES.items()
)
_CURVES = tuple(
    kind
    for modality in _MODALITY.levels
    for kind in (
        TableKind(
            f"{modality}-scores-*",
            "tables",
            "one bar of scores, under the measure in the name; in internal/tables finer and with "
            "pairs",
            {
                **_BAR,
                "pairs": _count("pairs in the bar"),
                "people": _count("people who have a pair in the bar"),
                "density": _DENSITY,
            },
        ),
        TableKind(
            f"{modality}-density-*",
            "internal",
            "one score, under the measure in the name; in internal/tables only",
            {
                "score": _SCORE,
                "mated": _number("smoothed density of mated scores", "1 / unit of the score"),
                "nonmated": _number("smoothed density of non-mated ones", "1 / unit of the score"),
            },
        ),
    )
)
_FACES_PANELS = {
    "presence": (
        "one detector, or one answer of detectors and skin together",
        {
            "detector": Column("detector, or 'together:' and the answer"),
            "scans_looked_at": _count("scans looked at"),
            "scans_with_a_face": Column("of them with a face, or with that answer; a range"),
            "share_of_renders": _share("renders in which the detector sees a face, mean"),
        },
    ),
    "coverage": (
        "one amount of skin, or one part of the face",
        {
            "verdict": Column("how much skin lies where a template has a face, or which part"),
            "scans": Column("scans; a range"),
            "share": _share("mean share of the part's skin that is left"),
        },
    ),
    "recognisers": (
        "one recogniser",
        {
            "recogniser": Column("its name on the command line"),
            "model": Column("network or method"),
            "weights_sha256": Column("first 16 digits of the SHA-256 of its weights, or none"),
            "licence": Column("licence of the weights"),
        },
    ),
    "photographs": (
        "one status of photographs",
        {
            "status": Column(
                "what became of them",
                levels={
                    "ok": "used",
                    "unknown person": "used; nobody in the data set",
                    "refused": "without valid consent, or listed twice",
                    "failed": "could not be used",
                },
            ),
            "photographs": Column("photographs; a range"),
        },
    ),
    "agreement": (
        "two face networks",
        {
            "first": Column("measure of the first"),
            "second": Column("measure of the second"),
            "found_by_both": Column("people whom both find at rank 1; a range"),
            "by_first_alone": Column("whom the first alone finds; a range"),
            "by_second_alone": Column("whom the second alone finds; a range"),
            "by_neither": Column("whom neither finds; a range"),
        },
    ),
    "claims": (
        "one answer",
        {
            "found": Column("what was found in scans that the data set calls defaced or refaced"),
            "scans": Column("scans; a range"),
        },
    ),
}
_FACE_TABLES = tuple(
    TableKind(f"{modality}-{name}", "tables", row, columns)
    for modality in ("face", "face-scans")
    for name, (row, columns) in _FACES_PANELS.items()
)
_KIND = Column("what the columns measure: volume, area, thickness or another kind")
_TABLE_TABLES = (
    TableKind(
        "table-verbatim",
        "tables",
        "one count",
        {
            "what": Column("what is counted"),
            "people": Column("people; a range"),
        },
    ),
    TableKind(
        "table-facts",
        "tables",
        "one attack",
        {
            "attack": Column("what the attacker uses"),
            **_ends("rate", "people linked at rank 1"),
            "people": _count("people searched for"),
        },
    ),
    TableKind(
        "table-columns",
        "tables",
        "one kind of column, or one reason to leave some out",
        {
            "what": Column("compared, or left out of which table"),
            "kind_or_reason": Column("kind of measurement, or reason"),
            "columns": _count("columns"),
        },
    ),
    TableKind(
        "table-identifiers",
        "tables",
        "one kind of measurement",
        {
            "kind": _KIND,
            "columns": _count(
                "columns that are equal in all rows of a person and differ between people"
            ),
        },
    ),
    TableKind(
        "table-matching",
        "tables",
        "one kind of measurement",
        {
            "kind": _KIND,
            "columns": _count("columns compared"),
            "median_shift_sd": _number(
                "median distance of the two tables' medians",
                "standard deviations of the second table",
            ),
            "largest_shift_sd": _number(
                "largest such distance", "standard deviations of the second table"
            ),
            "median_spread_ratio": _number("median of spread in the first table over the second"),
        },
    ),
)
_SEVERITY = Column(
    "how grave it is",
    levels={
        "direct identifier": "names a person, or leads to one by a single record",
        "quasi-identifier": "singles people out together with what others know",
        "technical link": "ties a scan to a device, a day or a place",
        "notice": "something to look at, or not to share",
    },
)
_NUMBER = _count("running number")
_FILE = Column("path of the file in the data set")
_METADATA_TABLES = (
    TableKind(
        "metadata-fields",
        "tables",
        "one field of headers or sidecars",
        {
            "field": Column(
                "field of the sidecar or header; 'another field' where its name is no standard's"
            ),
            "group": Column("group of fields: person, device, session, geometry or protocol"),
            "pairs_of_one_person_agree": _share("pairs of one person that agree on it"),
            "pairs_of_two_agree": _share("pairs of two people that agree on it"),
            "bits": _number("mean information of an agreement", "bits"),
        },
    ),
    TableKind(
        "metadata-kinds",
        "tables",
        "one kind of finding",
        {
            "kind": Column("kind of identifying value", levels=_KINDS_OF_VALUES),
            "severity": _SEVERITY,
            "findings": _count("findings"),
            "files": _count("files with at least one"),
        },
    ),
    TableKind(
        "metadata-people",
        "tables",
        "one count",
        {
            "what": Column("what is counted"),
            "people": Column("people, a range but for those in the table; in the last row tables"),
        },
    ),
    TableKind(
        "metadata-files",
        "tables",
        "one state of files",
        {
            "what": Column("how the files were looked at, and which lie in source data"),
            "files": _count("files, in one row folders"),
        },
    ),
    TableKind(
        "metadata-unread",
        "tables",
        "one state of files",
        {
            "what": Column("how the files were looked at"),
            "files": _count("files"),
        },
    ),
    TableKind(
        "metadata-copy",
        "tables",
        "one count",
        {
            "what": Column("what is counted"),
            "count": _count("how many"),
        },
    ),
)
_METHOD_TABLES = (
    TableKind(
        "treatments-arrival",
        "tables",
        "one de-identified data set; counts of scans, one to four as <5",
        {
            "treatment": _METHOD,
            "scans": _count("scans that were matched to their original"),
            "by_entities": _count("matched by BIDS entities"),
            "by_name": _count("matched by file name"),
            "by_image": _count("matched by the image"),
            "missing": _count("original scans without a de-identified one"),
            "extra": _count("files that fit no original scan"),
            "doubtful": _count("matches that the images put in doubt"),
            "reoriented": _count("with axes in another order"),
            "resampled": _count("with other voxel sizes"),
            "cropped": _count("with another field of view"),
            "unchanged": _count("of which not one voxel differs from the original"),
            "failed": _count("that could not be prepared"),
        },
    ),
    TableKind(
        "treatments-effects",
        "tables",
        "one attack on one de-identified data set, at one size of gallery",
        {
            "treatment": _METHOD,
            "modality": _MODALITY,
            "attacker": Column(
                "naive: takes the scans as they are; adaptive: fills in what was "
                "removed; own: searches for the scan it was made from"
            ),
            "measure": Column(
                "similarity measure; strongest: the strongest attack on either side, "
                "chosen on other people than it is counted on"
            ),
            "rate": Column("rank 1, or misses at a stated FPIR"),
            "gallery": _GALLERY,
            "people": _count("people compared before and after"),
            **_ends("before", "the rate before, on these people"),
            **_ends("after", "the rate after, on the same people"),
            **_ends("less_risk", "share of people by which the risk fell; negative: rose"),
            "lost": _count("people found before and not after; withheld in public"),
            "gained": _count("people found after and not before; withheld in public"),
            "p_value": _share(
                "probability of such a change by chance; in public one of 0.001, 0.01, "
                "0.05, 0.1 and 1"
            ),
            "failed": _count("people whose de-identified scans could not be used"),
            "found_untreated": _share("all people found before"),
            **_ends(
                "still_found",
                "all people still found; who could not be compared counts as not found",
            ),
            "chance": _CHANCE,
            "reason": _REASON,
        },
    ),
    TableKind(
        "treatments-cost",
        "tables",
        "one figure of one de-identified data set",
        {
            "treatment": _METHOD,
            "figure": Column("what changed in the data"),
            "unit": Column("unit of the figure"),
            "mean": _number("mean over people", "see the column unit"),
            "low": _number("lower end of its 95 % interval over people", "see the column unit"),
            "high": _number("upper end of its 95 % interval over people", "see the column unit"),
            "people": _count("people"),
            "worst_scan": _number(
                "the least favourable scan; withheld below ten people", "see the column unit"
            ),
        },
    ),
    TableKind(
        "treatments-faces",
        "tables",
        "one answer or one detector",
        {
            "treatment": _METHOD,
            "face": Column("a face is left: the answer; or seen by: the detector"),
            "scans": _count("scans that could be looked at before and after"),
            "before": _count("scans with a face before"),
            "after": _count("scans with a face, or with that answer, after"),
        },
    ),
    TableKind(
        "treatments-before-after",
        "tables",
        "one modality of one de-identified data set",
        {
            "treatment": _METHOD,
            "modality": _MODALITY,
            **_ends("before", "people found at rank 1 before"),
            **_ends("naive", "found after, by one who takes the scans as they are"),
            **_ends("adaptive", "found after, by one who fills in what was removed"),
            "chance": _CHANCE,
        },
    ),
    TableKind(
        "treatments-trade",
        "tables",
        "one modality of one de-identified data set",
        {
            "treatment": _METHOD,
            "modality": _MODALITY,
            **_ends("overlap_lost", "one minus the overlap (Dice) of the brain masks"),
            **_ends("found", "people found after, by the stronger attacker"),
            "found_untreated": _share("people found before"),
        },
    ),
)
_CPU = _number("processor time of all processes", "s")
_RUN_TABLES = (
    TableKind(
        "cost",
        "tables",
        "one stage of the run",
        {
            "stage": Column("stage of the run"),
            "attack": Column("attack it belongs to, or all"),
            "cpu_seconds": _CPU,
            "recalled_cpu_seconds": _number(
                "processor time that earlier runs spent on results taken from the store", "s"
            ),
            "wall_seconds": _number("time on the clock", "s"),
            "peak_mb": _number("largest memory of one process", "MB"),
        },
    ),
    TableKind(
        "attack-cost",
        "tables",
        "one attack",
        {
            "attack": _MODALITY,
            "scans": _count("scans it took part of"),
            "cpu_seconds": _number("processor time, with that of earlier runs", "s"),
            "cpu_seconds_per_scan": _number("the same for each scan", "s"),
            "wall_seconds": _number("time on the clock", "s"),
            "peak_mb": _number("largest memory of one process", "MB"),
            "data": Column("data that the attacker needs"),
            "skill": Column("skill that the attacker needs"),
            "hardware": Column("machine that the attacker needs"),
        },
    ),
    TableKind(
        "compare",
        "tables",
        "one figure of two releases that are compared",
        {
            "modality": _MODALITY,
            "figure": Column("which figure"),
            "from": Column("number of the earlier release"),
            "to": Column("number of the later release"),
            **_ends("old", "its value in the earlier release", "number"),
            **_ends("new", "its value in the later release", "number"),
            **_ends("change", "later minus earlier", "number"),
            "reading": Column(
                "what the change shows", levels={str(one): text for one, text in MEANINGS.items()}
            ),
        },
    ),
    TableKind(
        "treatment",
        "tables",
        "one scan that headrisk deface de-identified; for the custodian",
        {
            "participant_id": _PERSON,
            "session_id": _SESSION,
            "suffix": Column("BIDS suffix"),
            "file": Column("the de-identified image, below the output folder"),
            "status": _STATUS,
            "reason": _REASON,
            "tool": Column("de-identification method"),
            "changed_share": _share("voxels that were changed"),
            "sidecar_fields_removed": _count("fields left out of the sidecar"),
            "look_at": Column("what a person should look at before sharing"),
            "face_left": _FACE,
            "skin": Column("why, in a word"),
            "skin_*": _share("share of an average head's skin of that part with skin near it"),
            "seen_*": _share("renders in which that detector sees a face"),
            "brain_voxels": _count("voxels of the brain before"),
            "brain_voxels_cut": _count("of them emptied"),
            "brain_cut_ml": _number("volume that was emptied", "mL"),
            "brain_voxels_changed": _count("brain voxels with another value"),
            "mask_dice": _share("overlap (Dice) of the brain masks before and after"),
            "volume_before_ml": _number("volume of the brain before", "mL"),
            "volume_after_ml": _number("volume of the brain after", "mL"),
            "csf_change_ml": _number("fluid, after minus before", "mL"),
            "gm_change_ml": _number("grey matter, after minus before", "mL"),
            "wm_change_ml": _number("white matter, after minus before", "mL"),
            "mean_before": _number("mean intensity in the brain before", "the image's own"),
            "mean_after": _number("mean intensity in the brain after", "the image's own"),
            "sd_before": _number("spread of intensity in the brain before", "the image's own"),
            "sd_after": _number("spread of intensity in the brain after", "the image's own"),
            "alignment_shift_mm": _number(
                "mean distance over the brain of the two alignments", "mm"
            ),
        },
    ),
)
_LINK = {
    "probe": Column("the scan that was searched for"),
    "gallery": Column("the scan that was found"),
    "measure": _MEASURE,
    "score": _SCORE,
    "rank": _count("place in the list of candidates, from 1"),
    "decision": Column(
        "what the threshold says",
        levels={
            "link": "one person",
            "no link": "two people",
            "undecided": "the data give no threshold",
        },
    ),
    "attack": _MODALITY,
}
_INTERNAL_TABLES = (
    TableKind("links", "internal", "one searched scan and one found scan", _LINK),
    TableKind(
        "scans",
        "internal",
        "one scan as one modality saw it",
        {
            "participant_id": _PERSON,
            "session_id": _SESSION,
            "path": _PATH,
            "status": _STATUS,
            "reason": _REASON,
            "seconds": _number("processor time to prepare it", "s"),
            "quality": _share(
                "how well its brain aligns; for faces, share of the face's skin that is left"
            ),
            "verdict": _VERDICT,
            "scan_id": _SCAN,
            "modality": _MODALITY,
        },
    ),
    TableKind(
        "images",
        "internal",
        "one image of the data set, whatever became of it",
        {
            "path": _FILE,
            "datatype": Column("BIDS datatype: the folder it stands in"),
            "suffix": Column("BIDS suffix"),
            "participant_id": _PERSON,
            "session_id": _SESSION,
            "checks": Column("checks that looked at it"),
            "status": Column(
                "what became of it",
                levels={
                    "looked_at": "a check looked at it",
                    "failed": "it could not be looked at although it should have been",
                    "left_out": "no check was asked for it",
                },
            ),
            "reason": _REASON,
            "face": _FACE,
            "where": Column(
                "part of the data set",
                levels={
                    "raw": "names and folders as BIDS wants them",
                    "derivatives": "in a folder of that name",
                    "sourcedata": "in a folder of that name",
                    "code": "in a folder of that name",
                    "hidden": "in a folder or under a name that begins with a dot",
                    "non-BIDS": "anything else",
                },
            ),
            "format": Column("file format, by its first bytes and its name"),
            "files": _count("files it consists of"),
            "copy_of": Column("first image with the same bytes or voxels; empty if it is that"),
        },
    ),
    TableKind(
        "files",
        "internal",
        "one file of the data set, whatever it is, and as far as "
        "archives can be listed those in them",
        {
            "path": Column("path in the data set; archive!/name for what lies in an archive"),
            "kind": Column("what it is, by its first bytes and its name"),
            "format": Column("file format"),
            "where": Column("part of the data set, as in images.tsv"),
            "datatype": Column("BIDS datatype: the folder it stands in"),
            "suffix": Column("BIDS suffix"),
            "participant_id": _PERSON,
            "session_id": _SESSION,
            "files": _count("files it stands for, such as a DICOM series"),
            "bytes": _count("size of the first of them"),
            "checks": Column("checks that looked at it as an image"),
            "status": Column("of an image, what became of it, as in images.tsv"),
            "reason": _REASON,
        },
    ),
    TableKind(
        "faces",
        "internal",
        "one scan, where photographs were asked for",
        {
            "scan_id": _SCAN,
            "status": _STATUS,
            "reason": _REASON,
            "coverage": _SKIN,
            "seen_by_*": _share("renders in which that detector sees a face"),
            "face_left": _FACE,
        },
    ),
    TableKind(
        "faces-left",
        "internal",
        "one image that may show a head",
        {
            "path": _FILE,
            "datatype": Column("BIDS datatype: the folder it stands in"),
            "suffix": Column("BIDS suffix"),
            "participant_id": _PERSON,
            "session_id": _SESSION,
            "face": _FACE,
            "code": Column("the answer's reason, in a word"),
            "reason": _REASON,
            "seen_by": _SEEN_BY,
            "seconds": _number("processor time to look at it", "s"),
        },
    ),
    TableKind(
        "not-defaced",
        "internal",
        "one scan that the data set calls defaced and that shows a face or part of one",
        {
            "scan_id": _SCAN,
            "path": _PATH,
            "said": Column("what the data set says was done"),
            "found": Column("what was found"),
            "skin": Column("what the skin says"),
            "seen_by": _SEEN_BY,
        },
    ),
    TableKind(
        "photographs",
        "internal",
        "one row of the table of photographs",
        {
            "participant_id": _PERSON,
            "path": _PATH,
            "consent_id": Column("consent under which it may be used"),
            "status": Column(
                "what became of it",
                levels={
                    "ok": "used",
                    "unknown person": "used; nobody in the data set",
                    "refused": "without valid consent, or listed twice",
                    "failed": "could not be used",
                },
            ),
            "reason": _REASON,
        },
    ),
    TableKind(
        "candidates",
        "internal",
        "one candidate: of a person's photographs, or of a scan in link --search",
        {
            "participant_id": _PERSON,
            "candidate": _SCAN,
            "rank": _LINK["rank"],
            "score": _SCORE,
            "confidence": _share("probability that it is the person, by the densities of scores"),
            "probe": _LINK["probe"],
            "gallery": _LINK["gallery"],
            "measure": _MEASURE,
            "decision": _LINK["decision"],
        },
    ),
    TableKind(
        "*-most-exposed",
        "internal",
        "one person who was searched for, the most exposed first",
        {
            "participant_id": _PERSON,
            "risk_at_rank_1": _share("share of the person's scans that are linked at rank 1"),
            "margin": _number(
                "how far the own scan's score stands above the best other person's, mean "
                "over the person's scans",
                "standard deviations of scores with other people",
            ),
        },
    ),
    TableKind(
        "columns",
        "internal",
        "one column of the derived tables",
        {
            "first_table": Column("its name in the first table"),
            "second_table": Column("its name in the second table"),
            "kind": _KIND,
            "status": Column(
                "what became of it",
                levels={
                    "compared": "it takes part",
                    "left out": "it does not; the reason says why",
                },
            ),
            "reason": _REASON,
        },
    ),
    TableKind(
        "treated-*-cost",
        "internal",
        "one scan of the de-identified data set in the name",
        {
            "scan": _SCAN,
            "brain_voxels_cut": _share("brain voxels that were emptied"),
            "brain_voxels_changed": _share("brain voxels with another value"),
            "overlap_of_brain_masks": _share("overlap (Dice) of the brain masks before and after"),
            "brain_volume": _number("relative change"),
            "grey_matter_volume": _number("relative change"),
            "white_matter_volume": _number("relative change"),
            "fluid_volume": _number("relative change"),
            "mean_intensity_in_the_brain": _number("relative change"),
            "spread_of_intensity_in_the_brain": _number("relative change"),
            "shift_of_the_alignment": _number(
                "mean distance over the brain of the two alignments", "mm"
            ),
            "unchanged": Column("whether not one voxel differs", "yes or no"),
            "problem": _REASON,
        },
    ),
    TableKind(
        "treated-*-faces",
        "internal",
        "one scan of the de-identified data set in the name",
        {
            "scan": _SCAN,
            "face_before": _SKIN,
            "face_after": _SKIN,
            "seen_by": _SEEN_BY,
            "found": Column("what is left, in words"),
            "usable": _STATUS,
            "why_not": _REASON,
            "usable_repaired": _STATUS,
            "repair": Column("how the face was filled in, or why not"),
        },
    ),
    TableKind(
        "treated-*",
        "internal",
        "one file of the de-identified data set in the name, or one original scan without one",
        {
            "scan": _SCAN,
            "treated_file": Column("path of the de-identified file"),
            "match": Column("how the two were matched, or that they were not"),
            "status": Column(
                "whether it could be used",
                levels={
                    "ok": "used",
                    "failed": "could not be prepared",
                    "left out": "it has no counterpart",
                },
            ),
            "remark": _REASON,
        },
    ),
    TableKind(
        "metadata",
        "internal",
        "one finding",
        {
            "number": _NUMBER,
            "severity": _SEVERITY,
            "kind": Column("kind of identifying value", levels=_KINDS_OF_VALUES),
            "file": _FILE,
            "field": Column("field, column, line or attribute"),
            "value": Column("first character and length; never the value"),
            "why": Column("why it matters"),
            "remedy": Column("what to do"),
        },
    ),
    TableKind(
        "metadata-fields",
        "internal",
        "one kind of finding in one field",
        {
            "severity": _SEVERITY,
            "kind": Column("kind of identifying value", levels=_KINDS_OF_VALUES),
            "field": Column("field, column or attribute"),
            "files": _count("files in which it was found"),
            "values": _count("different values"),
            "example_file": _FILE,
            "example_field": Column("the place in that file"),
            "value": Column("first character and length; never the value"),
        },
    ),
    TableKind(
        "unread",
        "internal",
        "one file that was not read as its own format",
        {
            "number": _NUMBER,
            "file": _FILE,
            "reason": _REASON,
            "state": Column("how it was looked at instead: searched as bytes, or not read"),
        },
    ),
    TableKind(
        "copy",
        "internal",
        "one file of the data set",
        {
            "number": _NUMBER,
            "file": _FILE,
            "action": Column("copied as it was, cleaned, left out, or copied unread by name"),
            "reason": _REASON,
            "copy": Column("its path in the copy"),
            "called": Column(
                "what it is called there: clean, to be read by a person, or that findings "
                "stay in it"
            ),
        },
    ),
    TableKind(
        "to-read",
        "internal",
        "one file with texts that only a person can judge",
        {
            "number": _NUMBER,
            "file": _FILE,
            "places": Column("some of the fields, columns, lines or names that they stand in"),
        },
    ),
    TableKind(
        "to-read-in-copy",
        "internal",
        "the same, of the cleaned copy",
        {
            "number": _NUMBER,
            "file": _FILE,
            "places": Column("some of the fields, columns, lines or names that they stand in"),
        },
    ),
    TableKind(
        "duplicates",
        "internal",
        "one pair of scans, or of groups, that do not fit their labels",
        {
            "number": _NUMBER,
            "finding": Column(
                "one person under two labels, two under one, a copy, or a mirrored scan"
            ),
            "verdict": Column(
                "how sure it is",
                levels={
                    "certain": "certain",
                    "likely": "likely",
                    "look at it": "look at it",
                },
            ),
            "probability": _share("probability that it is so"),
            "chance_bound": Column("bound of the chance that no such pair would score so"),
            "measure": _MEASURE,
            "score": _SCORE,
            "first_participants": Column("labels on one side"),
            "first_scans": Column("scans on one side"),
            "second_participants": Column("labels on the other side"),
            "second_scans": Column("scans on the other side"),
            "belongs_to": Column("person whom the images say it is"),
            "explanation": Column("the finding in a sentence"),
        },
    ),
)
_PARQUET = (
    TableKind(
        "pairs.parquet",
        "internal",
        "one pair of scans under one measure",
        {
            "probe": _LINK["probe"],
            "gallery": Column("the scan it was compared with"),
            "measure": _MEASURE,
            "score": _SCORE,
            "mated": Column("whether both show one person", "yes or no"),
            "usable": Column("whether the pair takes part in the rates", "yes or no"),
        },
    ),
    TableKind(
        "fingerprints.parquet",
        "internal",
        "one scan with a stored fingerprint",
        {
            "scan_id": _SCAN,
            "dataset": Column("short name of the data set"),
            "participant_id": _PERSON,
            "session_id": _SESSION,
            "suffix": Column("BIDS suffix"),
            "path": _PATH,
            "site": Column("site"),
            "scanner": Column("scanner"),
            "age": _number("age at the scan", "years"),
            "sex": Column("sex, as the data set writes it"),
            "acq_date": Column("ISO date of the scan, empty if unknown"),
            "family_id": Column("family"),
            "series": Column("series instance UID of an image made from DICOM"),
            "face_claim": Column("what the data set says was done to the face"),
            "status": _STATUS,
            "reason": _REASON,
            "key": Column("name of the stored fingerprint"),
            "digest": Column("SHA-256 of the image file"),
            "version": _count("version of the preparation"),
            "resolution_mm": _count("voxel size of the fingerprint in mm"),
            "alignment": Column("affine or rigid"),
        },
    ),
)
_INPUT_TABLES = (
    TableKind(
        "manifest",
        "input",
        "one image: a manifest, given as DATASET",
        {
            "participant_id": _PERSON,
            "session_id": _SESSION,
            "path": Column("path of the image, absolute or from the manifest's folder"),
            "suffix": Column("BIDS suffix; where absent it is read from the file name"),
            "site": Column("where it was scanned"),
            "scanner": Column("on which scanner"),
            "age": _number("age at the scan", "years"),
            "sex": Column("sex, as the data set writes it"),
            "acq_date": Column("ISO date of the scan"),
            "family_id": Column("family, the same for relatives"),
            "deidentification_method": Column("what was done to the face, if anything was"),
            "defaced": Column("whether it was defaced", "yes or no"),
        },
    ),
    TableKind(
        "photos",
        "input",
        "one photograph, given with --photos",
        {
            "participant_id": _PERSON,
            "path": Column("path of the photograph, absolute or from the table's folder"),
            "consent_id": Column("consent under which it may be used; without one it is refused"),
            "expires": Column("last day on which the consent holds, as YYYY-MM-DD"),
        },
    ),
)
TABLES: tuple[TableKind, ...] = (
    *_RATE_TABLES,
    *_CURVES,
    *_FACE_TABLES,
    *_TABLE_TABLES,
    *_METADATA_TABLES,
    *_METHOD_TABLES,
    *_RUN_TABLES,
    *_INTERNAL_TABLES,
    *_PARQUET,
    *_INPUT_TABLES,
)


def column_of(kind: TableKind, name: str) -> Column | None:
    """A column by its name, or by the first name with ``*`` that fits."""
    known = kind.columns.get(name)
    if known is not None:
        return known
    return next((kind.columns[key] for key in kind.columns if fnmatchcase(name, key)), None)


def described(name: str, columns: Sequence[str], place: Place | None = None) -> dict[str, Any]:
    """What one table and its columns mean, in plain values.

    Examples
    --------
    >>> described("brain-cmc-ncc", ["rate"])["columns"]["rate"]["type"]
    'share'

    Parameters
    ----------
    name
        Name without ``.tsv``; of a Parquet file the whole name.
    columns
        Its header.
    place
        Where it stands; two tables of one name in two places are told apart by it.
    """
    kinds = [kind for kind in TABLES if fnmatchcase(name, kind.name)]
    kinds.sort(key=lambda kind: (kind.place != place, kind.name.count("*")))
    kind = kinds[0] if kinds else None
    return {
        "row": kind.row if kind else UNDESCRIBED,
        "columns": {
            column: _plain(column_of(kind, column) if kind else None) for column in columns
        },
    }


def columns_text(headers: Mapping[str, Sequence[str]], place: Place | None = None) -> str:
    """``columns.json`` of the tables of a folder, from file name to header."""
    tables = {
        name: described(name.removesuffix(".tsv"), headers[name], place) for name in sorted(headers)
    }
    return canonical_json({"missing": MISSING, "tables": tables})


def headers_of(files: Mapping[str, bytes], folder: str = "") -> dict[str, list[str]]:
    """File name to header, for the TSV files of one folder; ``folder`` ends with a slash."""
    inside = re.compile(re.escape(folder) + r"[^/]+\.tsv")
    return {
        name.removeprefix(folder): content.split(b"\n", 1)[0].decode().split("\t")
        for name, content in files.items()
        if inside.fullmatch(name)
    }


def folder_headers(folder: Path) -> dict[str, list[str]]:
    """File name to header, for the TSV and Parquet files that stand in a folder."""
    found = {}
    for path in sorted(folder.glob("*.tsv")):
        with open_regular(path) as stream:
            line = stream.readline().decode("utf-8", "replace")
        found[path.name] = line.rstrip("\n").split("\t")
    for path in sorted(folder.glob("*.parquet")):
        found[path.name] = list(pq.read_schema(path).names)
    return found


def undescribed(headers: Mapping[str, Iterable[str]], place: Place | None = None) -> list[str]:
    """Tables and columns without an entry, as ``table`` or ``table: column``."""
    missing = []
    for name, columns in headers.items():
        found = described(name.removesuffix(".tsv"), tuple(columns), place)
        if found["row"] == UNDESCRIBED:
            missing.append(name)
        missing += [
            f"{name}: {column}"
            for column, about in found["columns"].items()
            if about["meaning"] == UNDESCRIBED
        ]
    return missing


def _plain(column: Column | None) -> dict[str, Any]:
    if column is None:
        return {"meaning": UNDESCRIBED}
    about: dict[str, Any] = {"meaning": column.meaning, "type": column.kind}
    if column.unit:
        about["unit"] = column.unit
    if column.levels:
        about["levels"] = dict(column.levels)
    return about
