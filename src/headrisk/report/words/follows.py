"""The sentences of what follows: one for each code of ``headrisk.report.follows``.

Each says what was found and what to do next. None says that data may be shared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from headrisk.findings.records import Report
from headrisk.report.follows import Count, Follow, follows, least, most
from headrisk.report.words.inventory import OTHER_NAMES
from headrisk.report.words.phrases import capital, counted, listed, people, percent
from headrisk.report.words.summary import MODALITY_NAMES

SHOWN_KINDS = 3
REMOVE = "Remove or replace the faces and audit again."
CLEAN = "Clean them (headrisk metadata DATASET OUT --fix COPY) and audit the copy."
LEAVE_OUT = "Nothing here speaks of it: mend or unpack it and audit again, or leave it out."
MAYBE_NONE = "A range from 0 may be none: the internal report says."
_NAMED = re.compile(r" \(named [^)]*\)")
_STOP = re.compile(r"(?<=\.) (?=[A-Z])")
ASK = {"brains": "brains", "faces": "faces", "metadata": "metadata", "tables": "tables"}
ATTACKS = {"brain": "the brain", "face": "photographs"}


def follows_rows(report: Report) -> list[dict[str, str]]:
    """The content of ``follows`` in ``report.json``; ``report`` is one that may leave.

    A rule that applies to several attacks or methods says of each what was found, and once what to
    do.
    """
    found: dict[str, list[str]] = {}
    for one in follows(report):
        found.setdefault(one.code, []).append(sentence(one))
    return [{"code": code, "text": together(texts)} for code, texts in found.items()]


FAMILIES: tuple[tuple[str, ...], ...] = (
    ("faces_there", "photographs_link", "face_scans_link", "faces_unclear"),
    ("metadata_direct", "metadata_link"),
    ("images_not_looked_at", "images_failed", "faces_not_looked_at", "files_beside_images",
     "files_unread", "people_failed"),
)  # fmt: skip
"""Rules of one cause and one answer, which a page tells as one point."""
UNSEEN = (
    "Nothing here speaks of it: mend or unpack it and audit again, or leave it out. Some files "
    "count several times."
)
SINGLE = frozenset((  # what the rules of what was not read say to do, each alone
    LEAVE_OUT, "That protects nobody.", "It may show one.",
    "That is not called clean: leave them out, or look at them yourself.",
    "That is not called clean: leave it out, or look at it yourself.",
    "Read why on the internal page.",
))  # fmt: skip


@dataclass(frozen=True)
class Point:
    """What a page tells at once: the codes of one rule or several, and their text."""

    codes: tuple[str, ...]
    text: str


def points(rows: Sequence[Mapping[str, str]]) -> tuple[Point, ...]:
    """The rows of :func:`follows_rows`, those of one cause together, where the first stands.

    >>> rows = [{"code": "faces_there", "text": "A face is left. Remove it."},
    ...         {"code": "images_copied", "text": "1 image is a copy."},
    ...         {"code": "face_scans_link", "text": "Faces link people. Remove it."}]
    >>> [(one.codes, one.text) for one in points(rows)][0]
    (('faces_there', 'face_scans_link'), 'A face is left. Faces link people. Remove it.')
    """
    said: dict[str, str] = {row["code"]: row["text"] for row in rows}
    found: list[Point] = []
    for code, text in said.items():
        family = next((one for one in FAMILIES if code in one), (code,))
        codes = tuple(one for one in family if one in said)
        if code != codes[0]:
            continue
        if len(codes) > 1:
            texts = [said[one] for one in codes]
            text = _unseen(texts) if "images_not_looked_at" in family else together(texts)
        found.append(Point(codes, text))
    return tuple(found)


def _unseen(texts: Sequence[str]) -> str:
    """All that was not read, and once what to do; kinds of images are told elsewhere."""
    texts = [_NAMED.sub("", text) for text in texts]
    parts = dict.fromkeys(part for text in texts for part in _STOP.split(text))
    return " ".join((*(part for part in parts if part not in SINGLE), UNSEEN))


def together(texts: Sequence[str]) -> str:
    """Several sayings of one rule: the first sentence of each, then the rest, each once.

    >>> together(["A: 1 of 9 failed. Look at it.", "B: 2 of 9 failed. Look at it."])
    'A: 1 of 9 failed. B: 2 of 9 failed. Look at it.'
    """
    split = [_STOP.split(text) for text in texts]
    rest = dict.fromkeys(part for _, *tail in split for part in tail)
    return " ".join((*dict.fromkeys(first for first, *_ in split), *rest))


def sentence(follow: Follow) -> str:
    """What one rule says; of a range that begins at zero, that it may stand for none."""
    text = SENTENCES[follow.code](follow)
    if isinstance(follow.count, str) and not least(follow.count) and most(follow.count):
        first, *rest = _STOP.split(text, maxsplit=1)
        return " ".join((first, MAYBE_NONE, *rest))
    return text


def number(count: Count) -> str:
    """A count, or the range of one."""
    return f"{count:,}" if isinstance(count, int) else count


def things(count: Count, one: str, several: str = "") -> str:
    """``1 image``, ``21 to 24 images``."""
    if isinstance(count, int):
        return counted(count, one, several)
    return f"{count} {several or one + 's'}"


def share(follow: Follow, noun: str) -> str:
    """``3 of 40 images``."""
    return f"{number(follow.count)} of {things(follow.of, noun)}"


def kinds(names: Sequence[str], before: str = "named ") -> str:
    """`` (named anat T2w, func bold and 3 more kinds)``, or "" where no kind is known."""
    named = [name or "of unknown kind" for name in names[:SHOWN_KINDS]]
    rest = len(names) - len(named)
    if rest:
        named.append(counted(rest, "more kind"))
    return f" ({before}{listed(named)})" if named else ""


def _was(count: Count) -> str:
    return "was" if count == 1 else "were"


def _it(count: Count) -> str:
    return "it" if count == 1 else "them"


def _title(follow: Follow) -> str:
    return MODALITY_NAMES.get(follow.about, (follow.about, ""))[0].lower()


def _high(follow: Follow) -> str:
    return percent(follow.rate.high if follow.rate else 1.0, 1)


def _not_shown(what: str) -> Callable[[Follow], str]:
    """An attack that did not beat its control: what that leaves open, and who would settle it."""

    def say(follow: Follow) -> str:
        rate = follow.rate
        n = rate.n if rate else 0
        text = (
            f"{what} not shown to link people here. That is no proof: with "
            f"{people(n)}, up to {_high(follow)} may still be linked."
        )
        if n < follow.limit:
            text += (
                f" To show less than 5\u00a0%, at least {follow.limit:,} people are needed, none "
                "of them linked."
            )
        return text

    return say


def _too_few(what: str) -> Callable[[Follow], str]:
    def say(follow: Follow) -> str:
        return (
            f"Too few people could be searched for {what} to say anything. For an upper end below "
            f"5\u00a0% it takes {follow.limit:,} people with two scans or rows each."
        )

    return say


def _beside(follow: Follow) -> str:
    found = listed([OTHER_NAMES.get(kind, ("", kind))[1] for kind in follow.kinds])
    return (
        f"{things(follow.count, 'other file')} that may show a person {_was(follow.count)} not "
        f"looked at ({found}). {LEAVE_OUT}"
    )


def _faces_there(follow: Follow) -> str:
    return (
        f"A face, or a part of one, is left in {share(follow, 'image')}{kinds(follow.kinds)}. "
        f"{REMOVE}"
    )


def _forecast_ends(follow: Follow) -> str:
    by = listed([MODALITY_NAMES.get(kind, (kind, ""))[0].lower() for kind in follow.kinds])
    text = (
        f"How many would be linked among more than {people(follow.limit)} cannot be said ({by}). "
        "Do not read that as few."
    )
    if follow.count:
        text += f" A forecast takes at least {things(follow.count, 'person', 'people')}."
    return text


def _found(what: str, do: str) -> Callable[[Follow], str]:
    def say(follow: Follow) -> str:
        found = capital(things(follow.count, *what.split("|")))
        return f"{found}{_each(follow)}. {do}"

    return say


def _each(follow: Follow) -> str:
    """`` (name of a person 24, date of birth 23)``: every kind, none is hidden behind a number."""
    if not follow.counts:
        return f" ({', '.join(kind.lower() for kind in follow.kinds)})" if follow.kinds else ""
    told = zip(follow.kinds, follow.counts, strict=True)
    return f" ({', '.join(f'{kind.lower()} {number(count)}' for kind, count in told)})"


SENTENCES: Mapping[str, Callable[[Follow], str]] = {
    "labels_disagree": lambda _: (
        "The labels of the two data sets do not name the same people. Settle who is who first "
        "(--same-people); no figure below holds before that."
    ),
    "labels_unconfirmed": lambda _: (
        "Equal labels in the two data sets may not be one person. Settle who is who first "
        "(--same-people); that few are linked means nothing before that."
    ),
    "images_not_looked_at": lambda f: (
        f"{share(f, 'image')} {_was(f.count)} not looked at{kinds(f.kinds)}. {LEAVE_OUT}"
    ),
    "images_failed": lambda f: (
        f"{share(f, 'image')} could not be used{kinds(f.kinds)}. That protects nobody. {LEAVE_OUT}"
    ),
    "folders_unread": lambda f: (
        f"{things(f.count, 'folder')} could not be read. What lies there is not known."
    ),
    "tables_unused": lambda f: (
        f"{things(f.count, 'table or sidecar file', 'tables or sidecar files')} could not be used. "
        f"What {'it says' if f.count == 1 else 'they say'} of people is not known here: mend "
        f"{_it(f.count)}, or leave {_it(f.count)} out."
    ),
    "tables_used_in_part": lambda f: (
        f"{things(f.count, 'table', 'tables')} could be used in part only: a column named twice, "
        f"or lines of another length. Mend {_it(f.count)} and audit again."
    ),
    "files_beside_images": _beside,
    "images_copied": lambda f: (
        f"{things(f.count, 'image is a copy of another', 'images are copies of others')}. Find out "
        "why before you share: headrisk duplicates shows copies and wrong labels."
    ),
    "scans_doubtful": lambda f: (
        f"{share(f, 'scan')} {_was(f.count)} prepared in a doubtful way ({_title(f)}). Look at "
        f"{_it(f.count)} on the internal page: a bad scan or a wrong label hides its risk."
    ),
    "faces_there": _faces_there,
    "faces_unclear": lambda f: (
        f"In {share(f, 'image')} it is unclear whether a face is left: look at {_it(f.count)}, or "
        "treat each as a face."
    ),
    "faces_not_looked_at": lambda f: (
        f"In {share(f, 'image')} no face could be looked for. "
        f"{'It' if f.count == 1 else 'Each'} may show one."
    ),
    "faces_not_searched": lambda _: (
        "No image was looked at for a face. Each may show one: do it next (headrisk faces)."
    ),
    "faces_to_check": lambda f: (
        f"Whether any image is unclear is not told here, as public counts are ranges (up to "
        f"{number(f.count)} of {things(f.of, 'image')}). The internal list says: look there."
    ),
    "brains_link": lambda f: (
        "Brains link people. Removing faces leaves the brain ("
        + ("what is still linked stands in" if f.about else "known from studies; not measured here")
        + ("\u00a0Before and after). " if f.about else "). ")
        + "Share raw brain images under a contract, or not at all."
    ),
    "brains_not_shown": _not_shown("Brains were"),
    "brains_too_few": _too_few("by the brain"),
    "photographs_link": lambda _: f"Photographs name people. {REMOVE}",
    "photographs_not_shown": _not_shown("Photographs were"),
    "photographs_too_few": _too_few("by photographs"),
    "face_scans_link": lambda _: (
        f"The faces in scans link people to their other scans, without a photograph. {REMOVE}"
    ),
    "face_scans_not_shown": _not_shown("The faces in scans were"),
    "face_scans_too_few": _too_few("by the faces in scans"),
    "tables_link": lambda _: (
        "Rows of the table link people. Share fewer or coarser columns, or share under a contract."
    ),
    "tables_not_shown": _not_shown("Rows of the table were"),
    "tables_too_few": _too_few("by their rows"),
    "metadata_link": lambda _: (
        f"Headers and sidecar files link scans without a look at any image. {CLEAN}"
    ),
    "metadata_not_shown": _not_shown("Headers and sidecar files were"),
    "metadata_too_few": _too_few("by headers and sidecar files"),
    "together_link": lambda _: (
        "All that is held of a person links people when it is put together. Judge the release by "
        "this, not by one part alone."
    ),
    "together_not_shown": _not_shown("All parts put together were"),
    "together_too_few": _too_few("by all parts together"),
    "simulated": lambda f: (
        f"{capital(_title(f))}: second scans were made by a program. Read these figures as a "
        "warning, and test with true second scans."
    ),
    "people_not_searchable": lambda f: (
        f"{capital(_title(f))}: {number(f.count)} of {people(most(f.of))} could not be searched "
        "for, as nothing else of theirs is here. Their risk is not known. Give other data of "
        "theirs (--against), or simulate a second scan (--simulate-rescan)."
    ),
    "people_failed": lambda f: (
        f"{capital(_title(f))}: {number(f.count)} of {people(most(f.of))} could not be searched "
        "for, as their scans failed. Count them as found."
    ),
    "forecast_ends": _forecast_ends,
    "metadata_direct": lambda f: (
        f"{capital(things(f.count, 'direct identifier stands', 'direct identifiers stand'))} in "
        f"the files, counted as findings, not people{_each(f)}. {CLEAN}"
    ),
    "source_folder": lambda f: (
        f"{capital(things(f.count, 'folder of source data is', 'folders of source data are'))} "
        f"there, such as sourcedata: {'it' if f.count == 1 else 'they'} may hold what was removed "
        f"elsewhere. Do not share {_it(f.count)}."
    ),
    "metadata_quasi": _found(
        "detail stands in the files that narrows down who it is|details stand in the files that "
        "narrow down who it is",
        "Shift dates, coarsen ages, and drop free text that nobody needs.",
    ),
    "metadata_technical": _found(
        "technical value ties a file to a device, a day or a place|technical values tie files to a "
        "device, a day or a place",
        "Drop those that nobody needs.",
    ),
    "metadata_notice": _found(
        "further place needs a look|further places need a look", "Read why on the internal page."
    ),
    "metadata_not_searched": lambda _: (
        "Names, dates and free text in the files were not searched for. Do it next: headrisk "
        "metadata."
    ),
    "people_stand_out": lambda f: (
        f"{number(f.count)} of {things(f.of, 'person', 'people')} are alone, or with at most three "
        "others, in the details that tables hold of them, such as age and sex. Coarsen or drop "
        "these columns."
    ),
    "files_unread": lambda f: (
        f"{share(f, 'file')} {_was(f.count)} not read in full. That is not called clean: leave "
        f"{_it(f.count)} out, or look at {_it(f.count)} yourself."
    ),
    "copy_holds_removed_values": lambda f: (
        f"{things(f.count, 'removed value still stands', 'removed values still stand')} in the "
        "cleaned copy. Do not share it as it is."
    ),
    "copy_findings": lambda f: (
        f"{things(f.count, 'finding is', 'findings are')} left in the cleaned copy. Look at each "
        "before you share."
    ),
    "deidentified_unchanged": lambda f: (
        f"{f.about}: {number(f.count)} of {things(f.of, 'file')} {_was(f.count)} not changed at "
        "all. Run the method again."
    ),
    "deidentified_missing": lambda f: (
        f"{f.about}: for {things(f.count, 'scan')} no file was found after the method ran. Nothing "
        f"is known of {_it(f.count)}."
    ),
    "deidentified_doubtful": lambda f: (
        f"{f.about}: in {things(f.count, 'file')} the image speaks against the name. Check who it "
        "is."
    ),
    "deidentified_to_check": lambda f: (
        f"{f.about}: whether any file is unchanged, missing or under a wrong name is not told "
        f"here, as public counts are ranges (up to {number(f.count)}). The internal list says: "
        "look there."
    ),
    "deidentified_faces": lambda f: (
        f"{f.about}: {number(f.count)} of {things(f.of, 'scan')} still show, or may show, a face. "
        "Do not share these as they are."
    ),
    "deidentified_still_links": lambda f: (
        f"{f.about}: people are still found by {listed([ATTACKS[k] for k in f.kinds])} afterwards. "
        "The method alone is not enough."
    ),
    "deidentified_no_difference": lambda f: (
        f"{f.about}: no drop was shown against {listed([ATTACKS[k] for k in f.kinds])}. Do not "
        "count on the method there."
    ),
    "deidentified_failed": lambda f: (
        f"{f.about}: the scans of {things(f.count, 'person', 'people')} could not be used "
        "afterwards. That is a failed test, not protection."
    ),
    "deidentified_cost": lambda f: (
        f"{f.about}: the method changes the brain itself, by up to "
        f"{percent(f.rate.value if f.rate else None, 1)} on average. Check whether the data still "
        "serve their use."
    ),
    "not_asked": lambda f: (
        f"Not asked: {listed([ASK.get(k, k) for k in f.kinds])}. Nothing here speaks of that."
    ),
}
