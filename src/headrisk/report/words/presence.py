"""Sentences about faces that are left in scans, and about scans that are called defaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from headrisk.findings.coverage import face_counts
from headrisk.findings.records import TOGETHER, FacesLeft, Report, Table
from headrisk.report.words.inventory import kind
from headrisk.report.words.phrases import capital, counted, listed

Found = Literal["whole", "part", "unclear", "replaced", "gone", "unknown"]
FOUND: dict[Found, str] = {
    "whole": "a whole face is there: not defaced",
    "part": "part of the face is there: half defaced",
    "unclear": "detectors and skin disagree: look at it",
    "replaced": "a face is there, said to be another one: one scan cannot tell",
    "gone": "no face found",
    "unknown": "could not be looked at",
}
COVERAGE = {
    "full": "skin of a whole face where a template has it",
    "partial": "skin of a part where a template has it",
    "partly outside": "skin of a part, the rest outside the image",
    "none": "no skin where a template has a face",
    "cropped": "the face outside the image",
    "unknown": "no skin surface",
}
PANELS = {
    "presence": "Who sees a face in the images that photographs are compared with?",
    "coverage": "How much skin of the face is left?",
    "claims": "Called defaced: was it done?",
}

SAID = {  # why an image was judged as it was, by the code of the answer
    "skin_and_detectors": "skin and detectors show a face",
    "detectors": "two detectors or more see a face",
    "skin": "skin lies where a face has it",
    "partly_removed": "a part was removed, another is there",
    "removed": "air in the place of nose, mouth and chin, the wound behind it",
    "brain_only": "nothing but a brain in the image",
    "out_of_view": "the image ends before the face",
    "mask": "a mask of two values: nothing tells whether its outline shows a face",
    "phase": "a phase image or a map of a field, in which no head can be told",
    "detectors_disagree": "the face's skin is gone, but a detector sees a face",
    "no_skin": "the scalp is not seen either: nothing tells whether a face is there",
    "elsewhere": "not where a template has it, and not removed",
    "left_over": "the place of the face was emptied, but something lies in it",
    "brows_left": "nose and mouth were removed, brows and eyes are there",
    "side_left": "nose and mouth were removed, but an eye, a cheek or a side of the jaw is there",
    "beside_brain": "a brain, and beside it something that may be skin",
    "wrapped": "the image ends before the face, but shows tissue at its other end",
    "more_bytes": "the file holds more than the image that shows no face",
    "not_emptied": "air in the place of the face, with noise as air has it: nobody emptied it",
    "background_emptied": "air in the place of the face, but all air around the head has one value "
    "and no cut is seen: nothing tells that somebody removed it",
    "no_brain": "too little like a head to say that it has no face",
    "cut_off": "the image ends before nose and mouth, but brows and eyes are in it",
    "other_volumes": "the first volume shows that a face was removed, the others do not",
    "not_found": "no head found in the image",
    "unreadable": "the image could not be read",
    "not_installed": "the extra for faces is not installed",
}
DOUBTS = (  # codes of unclear answers, as they are told
    "mask",
    "phase",
    "detectors_disagree",
    "no_skin",
    "elsewhere",
    "not_emptied",
    "background_emptied",
    "no_brain",
    "other_volumes",
    "cut_off",
    "left_over",
    "beside_brain",
    "wrapped",
    "more_bytes",
)
LEFT = {
    "face": "show a face",
    "part": "show a part of one",
    "unclear": "are unclear, which is no protection",
    "failed": "could not be looked at",
    "outside": "end before the face",
    "gone": "show that a face was removed",
}
LEFT_ONE = {
    "face": "shows a face",
    "part": "shows a part of one",
    "unclear": "is unclear, which is no protection",
    "failed": "could not be looked at",
    "outside": "ends before the face",
    "gone": "shows that a face was removed",
}


def faces_sentence(left: FacesLeft) -> str:
    """What became of the question whether faces are left, the worst first."""
    if not left.looked:
        return (
            f"Faces: none of {counted(left.images, 'image')} was looked at, since the extra for "
            "faces is not installed; each may show a face."
        )
    said = [
        f"{left.counts[name]} {LEFT_ONE[name] if left.counts[name] == 1 else text}"
        f"{_kinds_that_show(left, name)}"
        for name, text in LEFT.items()
        if left.counts[name]
    ]
    told = "; ".join(said) or "none was there to look at"
    return f"Faces: of {counted(left.images, 'image')}, {told}."


SHORT = {  # of images of one kind, the worst first
    "face": ("face", "faces"),
    "part": ("part of a face", "parts of a face"),
    "unclear": ("unclear", "unclear"),
    "failed": ("not judged", "not judged"),
    "outside": ("ends before the face", "end before the face"),
    "gone": ("face removed", "faces removed"),
}
MOST_KINDS = 4  # named one by one


def faces_by_kind(report: Report, *, briefly: bool = False) -> str:
    """What became of that question for each kind of image, and why answers are unclear.

    ``briefly`` leaves to the annex why answers are unclear, and the number of all images where
    that of each kind is told.
    """
    left, seen = report.faces_left, face_counts(report)
    if left is None:
        return ""
    if seen is None:
        return (
            f"None of {counted(left.images, 'image')} was looked at, since the extra for faces is "
            "not installed; each may show a face."
        )
    order = sorted(seen.kinds, key=lambda name: -sum(seen.kinds[name].values()))
    if len(order) == 1:
        said = f"{kind(order[0])}: {_short(seen.counts)}"
    elif not order or len(order) > MOST_KINDS:
        said = _short(seen.counts)
    else:
        said = "; ".join(
            f"{kind(name)} ({sum(seen.kinds[name].values()):,}): {_short(seen.kinds[name])}"
            for name in order
        )
    text = f"{said}."
    if not briefly or not 1 < len(order) <= MOST_KINDS:
        text = f"Of {counted(seen.images, 'image')}, {said}."
    if len(order) == 1 and seen.counts.get("face") == seen.images > 1:
        text = f"All {seen.images:,} images ({kind(order[0])}) show a face."
    why = [] if briefly else [SAID[code] for code in DOUBTS if left.codes.get(code)]
    said_of = []
    if seen.counts.get("unclear"):
        said_of.append(f"unclear ({'; '.join(why)})" if why else "unclear")
    if seen.counts.get("failed"):
        said_of.append("not judged")
    if said_of:
        text += f" {capital(' or '.join(said_of))} is no protection."
    return text


@dataclass(frozen=True)
class FacesTable:
    """Images by kind and by what was found of a face; columns in the words of :data:`SHORT`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]


def faces_table(report: Report) -> FacesTable:
    """What was found of a face in every image, by kind; answers that none had are left out."""
    seen = face_counts(report)
    if seen is None:
        return FacesTable((), ())
    names = [name for name in SHORT if seen.counts.get(name)]
    order = sorted(seen.kinds, key=lambda name: -sum(seen.kinds[name].values()))
    rows = [
        (kind(suffix), (_total(seen.kinds[suffix]), *_cells(seen.kinds[suffix], names)))
        for suffix in order
    ]
    if len(rows) != 1:
        rows.append(("All", (seen.images, *_cells(seen.counts, names))))
    return FacesTable(("Images", *(capital(SHORT[name][1]) for name in names)), tuple(rows))


def _cells(counts: Mapping[str, int], names: Sequence[str]) -> tuple[int, ...]:
    return tuple(counts.get(name, 0) for name in names)


def _total(counts: Mapping[str, int]) -> int:
    return sum(counts.values())


def faces_explained(report: Report) -> str:
    """How images were looked at for a face, and what the answers mean."""
    if face_counts(report) is None:
        return faces_by_kind(report)
    return (
        "Detectors looked for a face in renders of the skin of each image, and the skin was "
        "compared with where a template head has it. A face that was replaced by another counts as "
        "a face, since one image cannot tell. An image that is unclear or was not judged may show "
        "one."
    )


def faces_reasons(report: Report) -> tuple[str, ...]:
    """Why images were judged as they were, the most frequent first."""
    left = report.faces_left
    if left is None or not left.looked:
        return ()
    counts = sorted(left.codes.items(), key=lambda item: (-item[1], item[0]))
    said = [
        f"{counted(count, 'image')}: {SAID.get(code, code)}." for code, count in counts if count
    ]
    seen = face_counts(report)
    if seen is not None and seen.unseen:
        said.append(f"{counted(seen.unseen, 'image')}: not looked at.")
    attacked = any(one.name in ("face", "face-scans") and one.measures for one in report.modalities)
    if attacked and any(left.counts.get(name) for name in ("gone", "part", "unclear")):
        said.append(
            "Faces were compared in the images as they are, also where a face is removed or "
            "unclear: of whole faces the rates may be higher."
        )
    return tuple(said)


def seen_by(table: Table) -> str:
    """In how many scans each detector sees a face, from the table of that name."""
    rows = [row for row in table.rows if not str(row[0]).startswith(TOGETHER)]
    if not rows:
        return "No scan that photographs are compared with has a skin surface."
    looked = max(int(row[1]) for row in rows if isinstance(row[1], int | float))
    told = listed([f"{row[0]} in {_plain(row[2])}" for row in rows])
    return (
        f"Of {counted(looked, 'scan')}, a face is seen by {told}. Each detector answers for itself."
    )


def _plain(cell: object) -> str:
    return f"{cell:,.0f}" if isinstance(cell, int | float) else str(cell)


def _short(counts: Mapping[str, int]) -> str:
    said = [
        f"{counts[name]:,} {one if counts[name] == 1 else several}"
        for name, (one, several) in SHORT.items()
        if counts.get(name)
    ]
    return ", ".join(said) or "none looked at"


def _kinds_that_show(left: FacesLeft, verdict: str) -> str:
    """Which kinds of images show a face, or a part, where others do not: these were overlooked."""
    if verdict not in ("face", "part"):
        return ""
    kinds = [suffix for suffix, counts in left.by_suffix.items() if counts.get(verdict)]
    named = [suffix or "without a known name" for suffix in kinds]
    return f" ({listed(named)})" if kinds and len(kinds) < len(left.by_suffix) else ""


def skin_sentence(removed: Sequence[str], cropped: Sequence[str], there: Sequence[str]) -> str:
    """What the skin shows of a face, by the parts where a template has them."""
    if not removed and not cropped:
        return "The whole face is there."
    said = []
    if removed:
        said.append(f"{_the(removed)} not where a template has it, in whole or part")
    if cropped:
        said.append(f"{_the(cropped)} outside the field of view in whole or part")
    if there:
        said.append(f"{_the(there)} still there")
    return f"{capital('; '.join(said))}."


def _the(names: Sequence[str]) -> str:
    return listed([f"the {name}" for name in names])


def unusable(code: str, skin: str) -> str:
    """Why no recogniser can use a scan in which a face is or may be; ``skin`` as a sentence."""
    return f"{SAID[code]}; {skin}" if skin else f"no face was found in any render; {SAID[code]}"


def presence_answer(
    looked: int, judged: int, seen: Sequence[tuple[str, int]], left: Mapping[str, int]
) -> str:
    """Whether faces are left in the images that photographs are compared with.

    Parameters
    ----------
    looked
        Scans with a skin surface.
    judged
        Scans of which an answer was given.
    seen
        Each detector and in how many scans it sees a face.
    left
        Scans by answer (``face``, ``part``, ``gone``, ...): detectors and skin together.
    """
    if not looked:
        return (
            "No image that photographs could be compared with has a skin surface. What was found "
            "of a face in every image of the data set stands on the first page."
        )
    told = ", ".join(f"{name} in {count}" for name, count in seen)
    return (
        f"Of {counted(looked, 'such image')} with a skin surface, a face is seen by {told}. Each "
        "detector answers for itself. Together with the skin at every level, a face is left in "
        f"{left['face']} of {counted(judged, 'such image')} and a part of one in {left['part']}; "
        f"it was removed in {left['gone']}, lies outside the image in {left['outside']}, and "
        f"{left['unclear']} are unclear, which is no protection. The first page answers for every "
        "image of the data set."
    )


def coverage_answer(whole: int, scans: int) -> str:
    """How many scans keep a whole face's skin."""
    if not scans:
        return "There is no image that photographs could be compared with."
    keep = "has" if whole == 1 else "have"
    return (
        f"{whole:,} of {counted(scans, 'scan')} still {keep} the skin of a whole face where "
        "a template head has it. A face that was replaced by another counts as there."
    )


def claims_answer(claimed: int, scans: int, unkept: int) -> str:
    """Of scans called defaced, in how many a face is or may be."""
    what = (
        ": do not share these before they are de-identified; the internal list names them."
        if unkept
        else "."
    )
    return (
        f"The data set says of {claimed} of {counted(scans, 'scan')} that the face was removed or "
        f"replaced. In {unkept} of them a face, or part of one, is or may be there{what}"
    )
