"""The sentences of what follows: one for each code of ``headrisk.report.follows``.

Each says what was found and what to do next. None says that data may be shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from headrisk.findings.attacks import CODES
from headrisk.findings.coarse import Count, least, most
from headrisk.findings.records import Report
from headrisk.report.follows import Follow, follows, weight
from headrisk.report.words.attacks import ATTACKS, title_of
from headrisk.report.words.inventory import OTHER_NAMES, REASONS, kind
from headrisk.report.words.metadata_kinds import title
from headrisk.report.words.phrases import capital, counted, listed, people, percent

SHOWN_KINDS = 3
UNUSED_TABLES = ("table or sidecar file", "tables or sidecar files")
AGAIN = "Weightiest first; audit again after each change. Reasons and commands:"
REMOVE = (
    "Remove the faces and audit again. A face that was replaced by another counts as left, since "
    "one scan cannot tell."
)
CLEAN = (
    "Clean them (headrisk metadata DATASET OUT --fix COPY: the data's folder, one for a new "
    "report, one for the cleaned copy) and audit the copy."
)
LEAVE_OUT = (
    "Each may show a face, and nothing here speaks of it: repair or unpack it and audit again, "
    "or leave it out."
)
MAYBE_NONE = "A range from 0 may be none: the internal report says."
ASK = {"brains": "brains", "faces": "faces", "metadata": "metadata", "tables": "tables"}


@dataclass(frozen=True)
class Said:
    """What a rule found, and what to do about it: a sentence or more each.

    ``who`` is the attack or the method that it was found of, "" where the sentence says it.
    """

    found: str
    do: tuple[str, ...] = ()
    who: str = ""


@dataclass(frozen=True)
class Point:
    """What a page tells at once: codes of one rule or several, what to do in brief, and the text.

    ``brief`` stands on the first page, ``text`` with what was found and why in the annex.
    """

    codes: tuple[str, ...]
    text: str
    brief: str = ""

    @property
    def weight(self) -> int:
        """0 decides, 1 is not known, 2 is a lesser step, 3 a warning: that of its weightiest."""
        return min(map(weight, self.codes))[0]

    @property
    def subject(self) -> str:
        """What the point is about in a few words, for a page that leaves it to its annex."""
        return SUBJECTS.get(self.codes[0], "other steps")


def follows_rows(report: Report) -> list[dict[str, str]]:
    """The content of ``follows`` in ``report.json``; ``report`` is one that may leave.

    A rule that applies to several attacks or methods says of each what was found, and once what to
    do.
    """
    return [{"code": code, "text": together(map(said, group))} for code, group in _by_code(report)]


FAMILIES: tuple[tuple[str, ...], ...] = (
    ("faces_there", "photographs_link", "face_scans_link", "faces_unclear"),
    ("metadata_direct", "metadata_link"),
    ("metadata_quasi", "metadata_technical", "metadata_dates", "metadata_notice"),
)
"""Rules of one cause and one answer, which a page tells as one point."""
UNSEEN = (
    "images_not_looked_at",
    "images_failed",
    "images_not_compared",
    "faces_not_looked_at",
    "files_beside_images",
    "files_unread",
    "people_failed",
)
"""Rules of what was not read: one point that ends with one answer."""
UNSEEN_DO = (
    "Each may show a face or name a person, and nothing here speaks of it: repair or unpack it "
    "and audit again, or leave it out. Some files count several times."
)


def points(report: Report) -> tuple[Point, ...]:
    """All that follows, rules of one cause together, the weightiest first."""
    found = dict(_by_code(report))
    every: list[Point] = []
    for code in found:
        family = next((one for one in (*FAMILIES, UNSEEN) if code in one), (code,))
        codes = tuple(one for one in family if one in found)
        if code != next(one for one in found if one in codes):
            continue
        rules = [rule for one in codes for rule in found[one]]
        if family == UNSEEN and len(codes) > 1:
            told = [said(replace(one, kinds=_short(one))) for one in rules]
            perhaps = [MAYBE_NONE] if any(MAYBE_NONE in one.do for one in told) else []
            parts = _named((one.who, one.found) for one in told)
            text = " ".join((*parts, *perhaps, UNSEEN_DO))
        else:
            text = together(map(said, rules))
        every.append(Point(codes, text, brief(rules)))
    return tuple(sorted(every, key=lambda one: min(map(weight, one.codes))))


def _short(follow: Follow) -> tuple[str, ...]:
    """Kinds of images stand on the first page; what else a rule names stands nowhere else."""
    return () if follow.code == "images_failed" else follow.kinds


def _by_code(report: Report) -> list[tuple[str, list[Follow]]]:
    found: dict[str, list[Follow]] = {}
    for one in follows(report):
        found.setdefault(one.code, []).append(one)
    return list(found.items())


def together(texts: Iterable[Said]) -> str:
    """Several sayings: what each found, then what to do, each once.

    >>> together([Said("1 of 9 failed.", ("Look.",), "a"), Said("1 of 9 failed.", ("Look.",), "b")])
    'a and b: 1 of 9 failed. Look.'
    """
    every = list(texts)
    do = dict.fromkeys(text for one in every for text in one.do)
    return " ".join((*_named((one.who, one.found) for one in every), *do))


def _named(texts: Iterable[tuple[str, str]]) -> list[str]:
    """Each text once, after whom it was said of."""
    found: dict[str, list[str]] = {}
    for who, text in texts:
        found.setdefault(text, []).append(who)
    return [
        f"{_of(names)}: {text}" if (names := [*dict.fromkeys(filter(None, of))]) else text
        for text, of in found.items()
    ]


TITLES = {one.title.lower() for one in ATTACKS.values()}


def _of(names: Sequence[str]) -> str:
    """Attacks with a capital first letter; methods as those who made them call them."""
    return capital(listed(names)) if names[0] in TITLES else listed(names)


OF_AN_ATTACK = ("people_failed", "people_not_searchable", "scans_doubtful", "simulated")


def _is_method(follow: Follow) -> bool:
    """Whether a rule is about a de-identification method."""
    return follow.code.startswith("deidentified_")


def _who(follow: Follow) -> str:
    if _is_method(follow):
        return follow.about
    return _title(follow) if follow.code in OF_AN_ATTACK else ""


def said(follow: Follow) -> Said:
    """What one rule says; of a range that begins at zero, that it may stand for none."""
    one = replace(SENTENCES[follow.code](follow), who=_who(follow))
    if isinstance(follow.count, str) and not least(follow.count) and most(follow.count):
        return replace(one, do=(MAYBE_NONE, *one.do))
    return one


def sentence(follow: Follow) -> str:
    """The same in one text."""
    return together([said(follow)])


def number(count: Count) -> str:
    """A count, or the range of one."""
    return f"{count:,}" if isinstance(count, int) else count


def stand_out(few: Count, of: Count) -> str:
    """How many people their details in tables single out, or nearly."""
    return (
        f"{number(few)} of {things(of, 'person', 'people')} are alone, or with at most three "
        "others, in the details that tables hold of them, such as age and sex."
    )


def things(count: Count, one: str, several: str = "") -> str:
    """``1 image``, ``21 to 24 images``."""
    if isinstance(count, int):
        return counted(count, one, several)
    return f"{count} {several or one + 's'}"


def share(follow: Follow, noun: str) -> str:
    """``3 of 40 images``."""
    return f"{number(follow.count)} of {things(follow.of, noun)}"


def kinds(names: Sequence[str]) -> str:
    """`` (T2w, bold and 3 more kinds)``, or "" where no kind is known."""
    named = [kind(name) for name in names[:SHOWN_KINDS]]
    rest = len(names) - len(named)
    if rest:
        named.append(counted(rest, "more kind"))
    return f" ({listed(named)})" if named else ""


def _was(count: Count) -> str:
    return "was" if count == 1 else "were"


def _it(count: Count) -> str:
    return "it" if count == 1 else "them"


def _title(follow: Follow) -> str:
    return title_of(follow.about).lower()


def _high(follow: Follow) -> str:
    return percent(follow.rate.high if follow.rate else 1.0, 1)


def _not_shown(what: str, were: str) -> Callable[[Follow], Said]:
    """An attack that did not beat its control: what that leaves open, and who would settle it."""

    def say(follow: Follow) -> Said:
        n = follow.rate.n if follow.rate else 0
        more = (
            (
                f"To show less than 5\u00a0%, at least {follow.limit:,} people are needed, none of "
                "them linked.",
            )
            if n < follow.limit
            else ()
        )
        if follow.about == "unclear":
            return Said(
                f"{what} may link people: more were found than by luck, but too few were searched "
                f"for to be sure (up to {_high(follow)}).",
                ("Treat it as a link.",),
            )
        return Said(
            f"{what} {were} not shown to link people here. That is no proof: with {people(n)}, up "
            f"to {_high(follow)} may be linked.",
            more,
        )

    return say


def _too_few(what: str) -> Callable[[Follow], Said]:
    def say(follow: Follow) -> Said:
        return Said(
            f"Too few people could be searched for {what} to say anything.",
            (
                f"For an upper end below 5\u00a0% it takes {follow.limit:,} people with two scans "
                "or rows each.",
            ),
        )

    return say


def _beside(follow: Follow) -> Said:
    found = listed([OTHER_NAMES.get(name, ("", name))[1] for name in follow.kinds])
    return Said(
        f"{things(follow.count, 'other file')} that may show a person {_was(follow.count)} not "
        f"looked at ({found}).",
        (LEAVE_OUT,),
    )


def _not_compared(follow: Follow) -> Said:
    return Said(
        f"{share(follow, 'image')} {_was(follow.count)} compared by no image attack, those not "
        f"looked at included{_why(follow)}.",
        ("No rate speaks of it: name it as its kind, or ask for its kind (--contrasts).",)
        if follow.count == 1
        else ("No rate speaks of them: name them as their kind, or ask for it (--contrasts).",),
    )


def _why(follow: Follow) -> str:
    """`` (1 inside an archive; 2 damaged)``: how many images for each reason, or ""."""
    why = zip(follow.kinds, follow.counts, strict=False)
    told = "; ".join(f"{number(count)} {REASONS.get(code, code)}" for code, count in why)
    return f" ({told})" if told else ""


def _face_or_part(follow: Follow) -> str:
    """What is left of faces; that a part of one is, only where that was found."""
    face, part = (most(count) for count in (*follow.counts, 1, 1)[:2])
    return "A face" if not part else "A face, or a part of one," if face else "A part of a face"


COARSEN: Mapping[str, tuple[str, ...]] = {
    "shift dates": ("date",),
    "coarsen ages and measures": ("age-over-89", "demographic", "body-measure"),
    "merge rare categories": ("rare-combination", "rare-detail"),
    "drop free text that is not needed": ("free-text", "header-text"),
}
FIXED = "A cleaned copy (--fix) does most of this: audit it to see what is left."


def _coarsen(found: Sequence[str]) -> str:
    """What to do about details, each advice where a detail of its kinds was found.

    >>> _coarsen(["date", "institution"]), _coarsen(["institution"])
    ('Shift dates and drop the rest that is not needed.', 'Drop those that are not needed.')
    """
    advice = [text for text, names in COARSEN.items() if set(names) & set(found)]
    known = {name for names in COARSEN.values() for name in names}
    if not set(found) <= known or not advice:
        advice.append(
            "drop the rest that is not needed" if advice else "drop those that are not needed"
        )
    return f"{capital(listed(advice))}."


def _attacks(follow: Follow) -> str:
    return listed([title_of(name).lower() for name in follow.kinds])


def _forecast_ends(follow: Follow) -> Said:
    by = _attacks(follow)
    do = ["As many may be linked: nothing here says fewer."]
    if follow.count:
        do.append(f"A forecast takes at least {things(follow.count, 'person', 'people')}.")
    return Said(
        f"How many would be linked among more than {people(follow.limit)} cannot be said ({by}).",
        tuple(do),
    )


def _how_unread(follow: Follow) -> str:
    """Whether files were not read at all, or searched as bytes alone."""
    searched, unread = follow.counts or (0, follow.count)
    if not most(searched):
        return "not read"
    if not most(unread):
        return "only searched as bytes"
    return f"not read ({number(unread)}) or only searched as bytes ({number(searched)})"


def _found(one: str, several: str, do: str) -> Callable[[Follow], Said]:
    def say(follow: Follow) -> Said:
        return Said(f"{capital(things(follow.count, one, several))}{_each(follow)}.", (do,))

    return say


def _each(follow: Follow) -> str:
    """`` (name of a person 24, date of birth 23)``: every kind, none is hidden behind a number."""
    if not follow.counts:
        return f" ({', '.join(title(one).lower() for one in follow.kinds)})" if follow.kinds else ""
    told = zip(follow.kinds, follow.counts, strict=True)
    return f" ({', '.join(f'{title(one).lower()} {number(count)}' for one, count in told)})"


SENTENCES: Mapping[str, Callable[[Follow], Said]] = {
    "labels_disagree": lambda _: Said(
        "The labels of the two data sets do not name the same people.",
        ("Settle who is who first (--same-people); no figure below holds before that.",),
    ),
    "labels_unconfirmed": lambda _: Said(
        "Equal labels in the two data sets may not be one person.",
        (
            "Settle who is who first (--same-people); that few are linked means nothing before "
            "that.",
        ),
    ),
    "images_not_looked_at": lambda f: Said(
        f"{share(f, 'image')} {_was(f.count)} not looked at{_why(f)}.", (LEAVE_OUT,)
    ),
    "images_failed": lambda f: Said(
        f"Of these, {things(f.count, 'image')} failed{kinds(f.kinds)}, which protects nobody.",
        (LEAVE_OUT,),
    ),
    "images_not_compared": _not_compared,
    "folders_unread": lambda f: Said(
        f"{things(f.count, 'folder')} could not be read.", ("What lies there is not known.",)
    ),
    "tables_unused": lambda f: Said(
        f"{things(f.count, 'table or sidecar file', 'tables or sidecar files')} could not be used.",
        (
            f"What {'it says' if f.count == 1 else 'they say'} of people is not known here: repair "
            f"{_it(f.count)}, or leave {_it(f.count)} out.",
        ),
    ),
    "tables_used_in_part": lambda f: Said(
        f"{things(f.count, 'table', 'tables')} could be used in part only: a column named twice, "
        "or lines of another length.",
        (f"Repair {_it(f.count)} and audit again.",),
    ),
    "files_beside_images": _beside,
    "images_copied": lambda f: Said(
        f"{things(f.count, 'image is a copy of another', 'images are copies of others')}.",
        ("Find out why before you share (headrisk duplicates).",),
    ),
    "scans_doubtful": lambda f: Said(
        f"{share(f, 'scan')} {_was(f.count)} of doubtful quality once prepared.",
        (
            f"Look at {_it(f.count)} on the internal page: a bad scan or a wrong label hides its "
            "risk.",
        ),
    ),
    "faces_there": lambda f: Said(
        f"{_face_or_part(f)} is left in {share(f, 'image')}{kinds(f.kinds)}.", (REMOVE,)
    ),
    "faces_unclear": lambda f: Said(
        f"In {share(f, 'image')} it is unclear whether a face is left.",
        (
            f"Look at the unclear {'image' if f.count == 1 else 'images'} on the internal page, or "
            "treat each as a face.",
        ),
    ),
    "faces_not_looked_at": lambda f: Said(
        f"In {share(f, 'image')} no face could be looked for.",
        (f"{'It' if f.count == 1 else 'Each'} may show one.",),
    ),
    "faces_not_searched": lambda _: Said(
        "No image was looked at for a face.",
        ("Each may show one: do it next (headrisk faces).",),
    ),
    "faces_to_check": lambda f: Said(
        f"Whether any image is unclear is not told here, as public counts are ranges (up to "
        f"{number(f.count)} of {things(f.of, 'image')}).",
        ("The internal list says: look there.",),
    ),
    "brains_link": lambda f: Said(
        "Brains link people.",
        (
            "Removing faces leaves the brain (what is still linked is told in Before and after)."
            if f.about
            else "Removing faces leaves the brain (known from studies; not measured here).",
            "Share raw brain images under a contract, or not at all.",
        ),
    ),
    "brains_not_shown": _not_shown("Brains", "were"),
    "brains_too_few": _too_few("by the brain"),
    "photographs_link": lambda _: Said("Photographs name people.", (REMOVE,)),
    "photographs_not_shown": _not_shown("Photographs", "were"),
    "photographs_too_few": _too_few("by photographs"),
    "face_scans_link": lambda _: Said(
        "The faces in scans link people to their other scans, without a photograph.", (REMOVE,)
    ),
    "face_scans_not_shown": _not_shown("The faces in scans", "were"),
    "face_scans_too_few": _too_few("by the faces in scans"),
    "tables_link": lambda _: Said(
        "Rows of the table link people.",
        ("Share fewer or coarser columns, or share under a contract.",),
    ),
    "tables_not_shown": _not_shown("Rows of the table", "were"),
    "tables_too_few": _too_few("by their rows"),
    "metadata_link": lambda _: Said(
        "Headers and sidecar files link scans without a look at any image.", (CLEAN,)
    ),
    "metadata_not_shown": _not_shown("Headers and sidecar files", "were"),
    "metadata_too_few": _too_few("by headers and sidecar files"),
    "together_link": lambda _: Said(
        "All that is held of a person links people when it is put together.",
        ("Judge the release by this, not by one part alone.",),
    ),
    "together_not_shown": _not_shown("All parts put together", "were"),
    "together_too_few": _too_few("by all parts together"),
    "attack_link": lambda f: Said(
        f"{capital(title_of(f.kinds[0]))} link people.", ("Share under a contract, or not at all.",)
    ),
    "attack_not_shown": lambda f: _not_shown(capital(title_of(f.kinds[0])), "were")(f),
    "attack_too_few": lambda f: _too_few(f"({title_of(f.kinds[0])})")(f),
    "simulated": lambda f: Said(
        "second scans were made by a program.",
        ("Read these figures as a warning, and test with true second scans.",),
    ),
    "people_not_searchable": lambda f: Said(
        f"{number(f.count)} of {people(most(f.of))} could not be searched "
        "for, as nothing else of theirs is here.",
        (
            "Their risk is not known.",
            "Give other data of theirs (--against), or simulate a second scan (--simulate-rescan).",
        ),
    ),
    "people_failed": lambda f: Said(
        f"{number(f.count)} of {people(most(f.of))} could not be searched "
        f"for, as scans failed: count {'this person' if f.count == 1 else 'them'} as linked."
    ),
    "forecast_ends": _forecast_ends,
    "metadata_direct": lambda f: Said(
        f"{capital(things(f.count, 'direct identifier is', 'direct identifiers are'))} in "
        f"the files, counted as findings, not people{_each(f)}.",
        (CLEAN,),
    ),
    "source_folder": lambda f: Said(
        f"{capital(things(f.count, 'folder of source data is', 'folders of source data are'))} "
        f"there, such as sourcedata: {'it' if f.count == 1 else 'they'} may hold what was removed "
        "elsewhere.",
        (f"Do not share {_it(f.count)}.",),
    ),
    "metadata_quasi": lambda f: Said(
        f"{capital(things(f.count, 'detail that narrows', 'details that narrow'))} down who it is "
        f"{'is' if f.count == 1 else 'are'} in the files{_each(f)}.",
        (_coarsen(f.kinds), FIXED),
    ),
    "metadata_technical": _found(
        "value ties files to a device, day or place",
        "values tie files to a device, day or place",
        "Drop values of devices that are not needed.",
    ),
    "metadata_dates": lambda f: Said(
        f"Headers tell scans apart by {listed(f.kinds[:SHOWN_KINDS])}, so dates may be left.",
        ("Shift or drop them.", FIXED),
    ),
    "metadata_notice": _found(
        "other place needs a look", "other places need a look", "The internal page says why."
    ),
    "metadata_not_searched": lambda _: Said(
        "Names, dates and free text in the files were not searched for.",
        ("Do it next: headrisk metadata.",),
    ),
    "people_stand_out": lambda f: Said(
        stand_out(f.count, f.of), ("Coarsen or drop these columns.",)
    ),
    "files_unread": lambda f: Said(
        f"{share(f, 'file')} {_was(f.count)} {_how_unread(f)}.",
        (
            f"That is not called clean: leave {_it(f.count)} out, or look at {_it(f.count)} "
            "yourself.",
        ),
    ),
    "metadata_to_read": lambda f: Said(
        f"{capital(things(f.count, 'file holds', 'files hold'))} text or names that no rule can "
        "judge.",
        ("A person has to read them; internal/to-read.tsv says where.",),
    ),
    "copy_holds_removed_values": lambda f: Said(
        f"{things(f.count, 'removed value still stands', 'removed values still stand')} in the "
        "cleaned copy.",
        ("Do not share it as it is.",),
    ),
    "copy_findings": lambda f: Said(
        f"{things(f.count, 'finding is', 'findings are')} left in the cleaned copy.",
        ("Look at each before you share.",),
    ),
    "deidentified_unchanged": lambda f: Said(
        f"{number(f.count)} of {things(f.of, 'file')} {_was(f.count)} not changed at all.",
        ("Run the method again.",),
    ),
    "deidentified_missing": lambda f: Said(
        f"for {things(f.count, 'scan')} no file was found after the method ran.",
        (f"Nothing is known of {_it(f.count)}.",),
    ),
    "deidentified_doubtful": lambda f: Said(
        f"in {things(f.count, 'file')} the image speaks against the name.",
        ("Check who it is.",),
    ),
    "deidentified_to_check": lambda f: Said(
        f"whether any file is unchanged, missing or under a wrong name is not told "
        f"here, as public counts are ranges (up to {number(f.count)}).",
        ("The internal list says: look there.",),
    ),
    "deidentified_faces": lambda f: Said(
        f"{number(f.count)} of {things(f.of, 'scan')} still show, or may show, a face.",
        ("Do not share these as they are.",),
    ),
    "deidentified_still_links": lambda f: Said(
        f"people are still found by {_attacks(f)} afterwards.",
        ("The method alone is not enough.",),
    ),
    "deidentified_no_difference": lambda f: Said(
        f"no drop was shown against {_attacks(f)}.",
        ("Do not count on the method there.",),
    ),
    "deidentified_failed": lambda f: Said(
        f"the scans of {things(f.count, 'person', 'people')} could not be used afterwards.",
        ("That is a failed test, not protection.",),
    ),
    "deidentified_cost": lambda f: Said(
        f"the method changes the brain itself, by up to "
        f"{percent(f.rate.value if f.rate else None, 1)} on average.",
        ("Check whether the data still serve their use.",),
    ),
    "not_asked": lambda f: Said(
        f"Not asked: {listed([ASK.get(k, k) for k in f.kinds])}.",
        ("Nothing here speaks of that.",),
    ),
}


def _plain(text: str) -> Callable[[Follow], str]:
    return lambda _: text


def _share(follow: Follow, noun: str) -> str:
    """``all 24 images``, ``19 of 26 images``."""
    if follow.count == follow.of and isinstance(follow.count, int) and follow.count > 1:
        return f"all {things(follow.count, noun)}"
    return share(follow, noun)


def _more_not_compared(follow: Follow) -> str:
    """Images that no attack compared, those aside that another rule tells of."""
    more = most(follow.count) - follow.limit
    if not follow.limit or more <= 0:
        return f"{things(follow.count, 'image')} not compared"
    return f"{more:,} more not compared"


def _held(subject: str) -> Callable[[Follow], str]:
    """What to do where an attack was not shown to link, or may."""

    def say(follow: Follow) -> str:
        if follow.about == "unclear":
            return f"count on a link by {subject}: it may be there (up to {_high(follow)})"
        return (
            f"do not rule out a link by {subject}: it was not shown above luck, but up to "
            f"{_high(follow)} may be linked"
        )

    return say


def _which(follow: Follow) -> str:
    """`` (archive)``: the kind of findings, where they are of one."""
    return f" ({title(follow.kinds[0]).lower()})" if len(follow.kinds) == 1 else ""


SHORT: Mapping[str, Callable[[Follow], str]] = {
    "labels_disagree": _plain("settle who is who (--same-people): labels and images disagree"),
    "labels_unconfirmed": _plain(
        "settle who is who (--same-people): equal labels may be two people"
    ),
    "faces_there": lambda f: f"remove the faces in {_share(f, 'image')}{kinds(f.kinds)}",
    "photographs_link": _plain("remove faces: photographs name people"),
    "face_scans_link": _plain("remove faces: they link people"),
    "faces_unclear": lambda f: f"treat {things(f.count, 'unclear image')} as faces",
    "faces_not_looked_at": lambda f: f"{share(f, 'image')} not judged for a face",
    "faces_not_searched": _plain("look for faces, which nobody has (headrisk faces)"),
    "faces_to_check": lambda f: (
        f"see the internal list: up to {number(f.count)} of {things(f.of, 'image')} may be unclear"
    ),
    "metadata_direct": lambda f: f"take out {things(f.count, 'direct identifier')}",
    "metadata_link": _plain("clean headers, which link people"),
    "source_folder": lambda f: (
        "do not share the folder of source data"
        if f.count == 1
        else f"do not share the {number(f.count)} folders of source data"
    ),
    "people_stand_out": lambda f: (
        f"coarsen or drop details in tables, such as age: {number(f.count)} of "
        f"{things(f.of, 'person', 'people')} stand out"
    ),
    "not_asked": lambda f: f"ask for what was left out: {listed([ASK.get(k, k) for k in f.kinds])}",
    "brains_link": _plain(
        "share brain images under a contract or not at all: brains link people, with or "
        "without faces"
    ),
    "brains_not_shown": _held("brains"),
    "brains_too_few": _plain("count on a link by brains: too few people to say"),
    "photographs_not_shown": _held("photographs"),
    "photographs_too_few": _plain("count on a link by photographs: too few people to say"),
    "face_scans_not_shown": _held("faces between scans"),
    "face_scans_too_few": _plain("count on a link by faces between scans: too few people to say"),
    "tables_link": _plain("share fewer or coarser columns: rows of the table link people"),
    "tables_not_shown": _held("rows of the table"),
    "tables_too_few": _plain("count on a link by rows of the table: too few people to say"),
    "metadata_not_shown": _held("headers"),
    "metadata_too_few": _plain("count on a link by headers: too few people to say"),
    "together_link": _plain("judge by all parts together, which link people"),
    "together_not_shown": _held("all parts together"),
    "together_too_few": _plain("count on a link by all parts together: too few people to say"),
    "attack_link": lambda f: f"share under a contract or not at all: {title_of(f.kinds[0])} link",
    "attack_not_shown": lambda f: _held(title_of(f.kinds[0]))(f),
    "attack_too_few": lambda f: f"count on a link by {title_of(f.kinds[0])}: too few people to say",
    "simulated": lambda f: "test with true second scans: some were simulated",
    "images_not_looked_at": lambda f: f"{things(f.count, 'image')} not looked at",
    "images_failed": lambda f: f"{things(f.count, 'image')} failed",
    "images_not_compared": lambda f: _more_not_compared(f),
    "files_beside_images": lambda f: things(f.count, "other file"),
    "files_unread": lambda f: f"{things(f.count, 'file')} not read",
    "people_failed": lambda f: (
        f"count {number(f.count)} of {people(most(f.of))} as linked by {_title(f)} (not searched "
        "for)"
    ),
    "folders_unread": lambda f: (
        f"open or leave out {things(f.count, 'folder')} that could not be read"
    ),
    "tables_unused": lambda f: (
        f"repair or leave out {things(f.count, *UNUSED_TABLES)} that could not be used"
    ),
    "tables_used_in_part": lambda f: f"repair {things(f.count, 'table')} used in part only",
    "images_copied": lambda f: (
        f"find out why {things(f.count, 'image is a copy', 'images are copies')} (headrisk "
        "duplicates)"
    ),
    "scans_doubtful": lambda f: f"look at {things(f.count, 'doubtful scan')} ({_title(f)})",
    "people_not_searchable": lambda f: (
        f"give other data of {number(f.count)} of {people(most(f.of))} who could not be searched "
        "for"
    ),
    "forecast_ends": lambda f: (
        f"expect as many links in a group of more than {people(f.limit)}: nothing here says fewer"
    ),
    "metadata_quasi": lambda f: f"coarsen or drop {things(f.count, 'detail')} in files",
    "metadata_technical": lambda f: f"drop {things(f.count, 'device value')}",
    "metadata_dates": lambda f: "shift or drop dates that headers hold",
    "metadata_notice": lambda f: f"look at {things(f.count, 'place')}{_which(f)}",
    "metadata_to_read": lambda f: f"have a person read {things(f.count, 'file')}",
    "metadata_not_searched": _plain("search the files for names and dates (headrisk metadata)"),
    "copy_holds_removed_values": lambda f: (
        f"do not share the cleaned copy: it still holds {things(f.count, 'removed value')}"
    ),
    "copy_findings": lambda f: f"look at {things(f.count, 'finding')} left in the cleaned copy",
    "deidentified_unchanged": lambda f: (
        f"run it again, as {number(f.count)} of {things(f.of, 'file')} {_was(f.count)} not changed"
    ),
    "deidentified_missing": lambda f: f"find {things(f.count, 'scan')} without a file afterwards",
    "deidentified_doubtful": lambda f: f"check who {things(f.count, 'file')} may show",
    "deidentified_to_check": lambda f: (
        f"see the internal list, up to {number(f.count)} may be unchanged, missing or misnamed"
    ),
    "deidentified_faces": lambda f: (
        f"do not share {number(f.count)} of {things(f.of, 'scan')} that may show a face"
    ),
    "deidentified_still_links": lambda f: (
        f"do not rely on it alone, people are still found by {_attacks(f)}"
    ),
    "deidentified_no_difference": lambda f: (
        f"do not count on it against {_attacks(f)}, no drop was shown"
    ),
    "deidentified_failed": lambda f: (
        f"take {things(f.count, 'person', 'people')} whose scans failed afterwards as found"
    ),
    "deidentified_cost": lambda f: (
        f"check that the data still serve, as the brain changes by up to "
        f"{percent(f.rate.value if f.rate else None, 1)}"
    ),
}
"""What to do about each rule in a few words, for the first page; no stop at the end."""
TOLD_BY = {
    "photographs_link": "faces_there",
    "face_scans_link": "faces_there",
    "metadata_link": "metadata_direct",
    "images_failed": "images_not_looked_at",
}
"""Rules whose few words another rule of the same point has said already."""
SUBJECTS: Mapping[str, str] = {
    "metadata_quasi": "details in files",
    "metadata_technical": "technical values",
    "metadata_dates": "dates in headers",
    "metadata_notice": "other places",
    "images_copied": "copies of images",
    "scans_doubtful": "doubtful scans",
    "people_not_searchable": "people with one scan",
    "tables_used_in_part": "damaged tables",
    "deidentified_cost": "changes to the brain",
    "forecast_ends": "more people",
    "faces_to_check": "faces to check",
    "faces_unclear": "faces to check",
    "faces_not_searched": "faces to look for",
    "folders_unread": "unread folders",
    "tables_unused": "unread tables",
    "metadata_to_read": "files to read",
    "metadata_not_searched": "names and dates in files",
    "not_asked": "questions left out",
    "people_stand_out": "people who stand out",
    "copy_findings": "the cleaned copy",
    **dict.fromkeys(
        (
            "deidentified_unchanged",
            "deidentified_missing",
            "deidentified_doubtful",
            "deidentified_to_check",
            "deidentified_failed",
        ),
        "de-identified files",
    ),
    "simulated": "simulated scans",
    "deidentified_no_difference": "methods without shown effect",
    **{
        f"{word}_{end}": "attacks without a shown link"
        for word in CODES
        for end in ("not_shown", "too_few")
    },
}
"""What points are about that a first page may leave to its annex."""
UNSEEN_LEAD = "Repair, unpack or leave out"
OVERLAP = " (some count twice)"


def brief(rules: Sequence[Follow]) -> str:
    """What to do about the rules of one point, in a few words."""
    codes = {one.code for one in rules}
    told = [one for one in rules if TOLD_BY.get(one.code) not in codes]
    texts = _named((one.about if _is_method(one) else "", SHORT[one.code](one)) for one in told)
    if codes <= set(UNSEEN):
        files = _named(("", SHORT[one.code](one)) for one in told if one.code != "people_failed")
        lost = _named(("", SHORT[one.code](one)) for one in told if one.code == "people_failed")
        twice = OVERLAP if len(files) > 1 else ""
        said = [f"{UNSEEN_LEAD}{twice}: {'; '.join(files)}."] if files else []
        return " ".join((*said, *(f"{capital(text)}." for text in lost)))
    text = "; ".join(texts)
    if codes == {"scans_doubtful"}:
        found = ", ".join(f"{number(one.count)} ({_title(one)})" for one in told)
        text = f"look at doubtful scans: {found}"
    return f"{text if _is_method(rules[0]) else capital(text)}."
