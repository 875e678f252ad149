"""Names of people in running text, told by lists of common names and by the words beside them.

The lists hold common given and family names of many languages, without accents. A name that is
on neither list and has no telling form is found only by the custodian's own list.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib import resources
from itertools import pairwise

from headrisk.dataset.labels import WRITTEN, written_labels
from headrisk.metadata.name_words import (
    ALSO_WORDS,
    CHINESE_FAMILY,
    CHINESE_GIVEN,
    EPONYMS,
    NO_FAMILY,
)

Span = tuple[int, int]

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LETTERS = re.compile(r"[^\W\d_]+")
_GAPS = frozenset({"", "_", "-", " ", ".", "^", ", ", ",", "__", ",_", ",-"})
_ADDRESS = re.compile(r"\w+://\S+|\b(?:doi:|10\.\d{4,}/)\S+")
_CUES = """patient patientin subject participant volunteer proband probandin pat. pt. potilas
    tutkittava patienten paciente paziente pacjent""".split()  # noqa: SIM905
_CUE = re.compile(rf"(?<![^\W_])(?i:{'|'.join(map(re.escape, _CUES))})(?:[:=] *| )")
_TWO_CAPITALISED = re.compile(r"[^\W\d_a-z][^\W\d_A-Z][^\W\d_]+,? [^\W\d_a-z][^\W\d_A-Z][\w'’-]+")
# What people do to data and forms: digitised by Jane Doe, signed by J. Doe, geprüft von Jane Doe.
_DONE_BY = re.compile(
    r"(?:(?i:digiti[sz]ed|checked|reviewed|signed|acquired|scanned|recorded|tested|examined|rated"
    r"|scored|segmented|traced|drawn|entered|filled in|measured|interviewed|accompanied|inspected"
    r"|approved|uploaded|edited|seen|called|referred|taken over|placed|assessed|read)"
    r"(?: (?:on )?[\d./-]{6,10})? (?i:by)"
    r"|(?i:with the help of|on behalf of|created by|prepared by|written by)"
    r"|(?i:erfasst|geprüft|gemessen|untersucht|unterschrieben|ausgefüllt|begleitet) von"
    r"|(?i:vérifié|signé|mesuré|saisi|examiné) par|(?i:revisado|firmado|medido|explorado) por)"
    r" ((?:[^\W\d_a-z]\. ?|[^\W\d_a-z][^\W\d_]+[ -]){1,3}[^\W\d_a-z][^\W\d_]+)"
)
_CUE_WORDS = frozenset(cue.rstrip(".") for cue in _CUES)
_CITATION = re.compile(r"[\w-]*,? (?:et al|\(?(?:19|20)\d\d[a-z]?\))")
_INITIAL = re.compile(r"(?<![^\W_])[^\W\d_a-z]\. ?(?=[^\W\d_a-z][^\W\d_]{2,})")
_LAY_TITLE = re.compile(
    r"\b(?:Mr\.|Ms\.|(?:Mrs|Miss|Herr|Frau|Mme|Madame|Monsieur)\.?) *[^\W\d_a-z][\w'’-]+"
    r"(?: [^\W\d_a-z][\w'’-]+)*"
)
# Patient Doe, Jane; Jane Doe (F 58 y)
_FIRST_LAST = re.compile(
    r"(?:\b(?i:patient(?:in)?|pat\.|pt\.?|name) )([^\W\d_a-z][\w'’-]+, [^\W\d_a-z][\w'’-]+)(?!\w)"
    r"|([^\W\d_a-z][\w'’-]+ [^\W\d_a-z][\w'’-]+)(?= ?[(,] ?[FMW],? ?\d\d ?(?:y|J|a\b|\)))"
)
_TELLING = re.compile(
    r"\.|(?i: by )|sub-|[(,] ?[FMW],? ?\d\d| von | par | por |(?i:patient|pt |name )"
)
_FULL = r"([^\W\d_a-z][^\W\d_]+(?: [^\W\d_a-z](?:\.|[\w'’-]+)){1,3})"
_LABEL = WRITTEN["sub"]
_BESIDE_LABEL = re.compile(
    rf"{_FULL}[\"']?,?[ \t]*(?:[(\[=:]|->|<-)[ \t]*[\"']?{_LABEL}"
    rf"|(?<=[\"'])([^\W\d_a-z]+\^[^\W\d_a-z]+)[\"'][ \t]*[=:,][ \t]*[\"']{_LABEL}"
    rf"|\b{_LABEL}[)\]]?(?: is| was|:| =|,| [(\[]) ?{_FULL}"
)
# In a paper or in code a patient is nobody's author.
_PATIENT = re.compile(
    r"(?<![^\W_])(?i:patient(?:in)?|proband(?:in)?|potilas|paciente|paziente|pacjent)(?![^\W_])"
)
_NAMED_AFTER = re.compile(
    r"(?:['’]?s)?[ -](?i:hospital|universit|institut|cent(?:er|re)|clinic|klinik|inventory|scale"
    r"|test|questionnaire|index|disease|syndrome|foundation|award|atlas)"
)
_PATIENT_CALLED = re.compile(
    r"(?<![^\W_])(?i:(?:patient|proband)(?:in)?(?: (?:is|was))? (?:called|named)"
    r"|name of the (?:patient|proband)(?:in)? (?:is|was)"
    rf"|(?:patient|proband)(?:in)?'s name (?:is|was)) {_FULL}"
)
_CREDITS = re.compile(
    r"(?i:\bthank|acknowledg|author|curat|contact|correspond|support|help ?desk|office"
    r"|\bcit(?:e|ation)|\bby\b|doi)"
)


@cache
def given_names() -> frozenset[str]:
    """Common given names of several languages, lower case; words with another use are left out."""
    return _names("given_names.txt")


@cache
def family_names() -> frozenset[str]:
    """Common family names of several languages, lower case and without accents."""
    return _names("family_names.txt")


def _names(file: str) -> frozenset[str]:
    source = resources.files("headrisk.metadata") / "data" / file
    return frozenset(source.read_text("utf-8").split())


# Letters that are no others with a mark, so that taking marks off does not reach them.
_LETTERS_ALONE = str.maketrans("øłđıħ", "oldih")


def folded(word: str) -> str:
    """A word in lower case, without accents."""
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKD", word.casefold().translate(_LETTERS_ALONE))
    return "".join(char for char in plain if not unicodedata.combining(char))


def split_words(text: str) -> list[tuple[str, int, int]]:
    """Words of a text, folded, with their places; ``MattiVirtanen`` is two."""
    if text.isascii():
        return [(m[0].lower(), *m.span()) for m in _WORD.finditer(text)]
    words = []
    for run in _LETTERS.finditer(text):
        at, letters = run.start(), run[0]
        cuts = [
            i for i in range(1, len(letters)) if letters[i - 1].islower() and letters[i].isupper()
        ]
        for a, b in zip([0, *cuts], [*cuts, len(letters)], strict=True):
            words.append((folded(letters[a:b]), at + a, at + b))
    return words


def people_spans(text: str) -> tuple[Span, ...]:
    """Where a text names a person, as positions in it.

    A given name beside a family name in any order and case; either beside a capitalised word that
    is no technical one; an initial before a family name; a name behind a word such as *patient*.
    """
    words = split_words(text)
    given, family = given_names(), family_names()
    known = any(word in given or word in family or word in _CUE_WORDS for word, _, _ in words)
    if not known and not _TELLING.search(text):
        return ()
    found = []
    for (one, a, b), (two, c, d) in pairwise(words):
        if text[b:c] in _GAPS and _is_name(one, text[a:b], two, text[c:d]):
            found.append((a, d))
    places = {start: (word, end) for word, start, end in words}
    cues = [] if _CUE_WORDS.isdisjoint(word for word, _, _ in words) else list(_CUE.finditer(text))
    initials = list(_INITIAL.finditer(text)) if "." in text else []
    for cue in (*cues, *initials):
        initial = _INITIAL.match(text, cue.end())
        at = initial.end() if initial else cue.end()
        word, end = places.get(at, ("", at))
        listed = word in family or word in given
        if text[at : at + 1].isupper() and word not in NO_FAMILY and (listed or initial):
            found.append((cue.start() if cue.re is _INITIAL else cue.end(), end))
    found += [m.span(m.lastindex or 0) for m in _FIRST_LAST.finditer(text)]
    found += [m.span(m.lastindex or 0) for m in _BESIDE_LABEL.finditer(text)]
    found += [called.span(1) for called in _PATIENT_CALLED.finditer(text)]
    for cue in cues:  # the participant Marama Hämäläinen: two capitalised words behind a small one
        named = _TWO_CAPITALISED.match(text, cue.end()) if cue[0][0].islower() else None
        if named and NO_FAMILY.isdisjoint(word for word, _, _ in split_words(named[0])):
            found.append(named.span())
    if " by " in text.lower() or " von " in text or " par " in text or " por " in text:
        found += [
            done.span(1)
            for done in _DONE_BY.finditer(text)
            if NO_FAMILY.isdisjoint(word for word, _, _ in split_words(done[1]))
        ]
    found = [span for span in found if not _CITATION.match(text, span[1])]
    links = [match.span() for match in _ADDRESS.finditer(text)] if found else []
    return _merged([(a, b) for a, b in found if not any(a < d and c < b for c, d in links)])


_NEXT = re.compile(
    r"(?:,? |[_^.-])([^\W\d_a-z][^\W\d_A-Z]{2,}(?:['’-][^\W\d_]+)*|[^\W\d_a-z]{3,})(?![^\W_])"
)
_BEFORE = re.compile(
    r"(?<=[^\n.!?][ ,;_^-])([^\W\d_a-z][^\W\d_A-Z]{2,}|[^\W\d_a-z]{3,})(?:,? |[_^.-])$"
)


def with_neighbours(text: str, start: int, end: int) -> Span:
    """A name that is known, with the capitalised word beside it: the other half of the name.

    >>> text = "Comment: Odalotte Petrwicz sneezes"
    >>> with_neighbours(text, 9, 17)
    (9, 26)
    """
    name = text[start:end]
    if not name.replace(" ", "").isalpha() or not name[0].isupper():
        return start, end
    after = _NEXT.match(text, end)
    if after and _may_be_name(after[1], name):
        return start, after.end(1)
    before = _BEFORE.search(text[max(0, start - 40) : start])
    if before and _may_be_name(before[1], name):
        return start - len(before[0]), end
    return start, end


def _may_be_name(word: str, beside: str) -> bool:
    """Whether a word can be a part of a name that ``beside`` is the other part of."""
    words = [part for part, _, _ in split_words(word)]
    return word.isupper() == beside.isupper() and NO_FAMILY.isdisjoint(words)


def named_in_passing(text: str) -> tuple[Span, ...]:
    """Two capitalised words among small ones: ``scan aborted as Odalotte Petrwicz felt unwell``.

    For what people type at a scanner, where other words than names are hardly capitalised in pairs.
    """
    found = []
    for match in _PAIRED.finditer(text):
        words = {word for word, _, _ in split_words(match[1])}
        if NO_FAMILY.isdisjoint(words) and EPONYMS.isdisjoint(words):
            found.append(match.span(1))
    return _merged(found)


_PAIRED = re.compile(
    r"(?:^|(?<=[^\W\d_A-Z]{2}[ ])|(?<=[^\W\d_A-Z]{2}, ))"
    r"([^\W\d_a-z][^\W\d_A-Z]{2,}(?:-[^\W\d_]+)? [^\W\d_a-z][^\W\d_A-Z]{2,}(?:[ -][^\W\d_]+)?)"
    r"(?= [^\W\d_A-Z]{2,} [^\W\d_A-Z]{2,}| [^\W\d_A-Z]{4,}$)"
)


def _is_name(one: str, first: str, two: str, second: str) -> bool:
    """Whether two words side by side are a given and another name."""
    given, family = given_names(), family_names()
    if (one, two) in _PUBLIC_PEOPLE:
        return False
    if min(len(one), len(two)) < 2 or len(one) + len(two) < 6 or one == two:
        return False
    raised = first[0].isupper() and second[0].isupper()
    if (one in given and two in family) or (two in given and one in family):
        return raised or ALSO_WORDS.isdisjoint((one, two))
    if one in CHINESE_FAMILY and two in CHINESE_GIVEN:
        return raised or ALSO_WORDS.isdisjoint((one, two))
    if not raised or first.isupper() != second.isupper():
        return False
    return any(
        len(name) > 3
        and len(other) > 3
        and (name in given or (name in family and name not in ALSO_WORDS))
        and other not in NO_FAMILY
        and EPONYMS.isdisjoint((name, other))
        for name, other in ((one, two), (two, one))
    )


# Whose brain a template is, and of whom a phantom, a test or a method is called.
_PUBLIC_PEOPLE = frozenset(
    {
        ("colin", "holmes"),
        ("shepp", "logan"),
        ("louis", "collins"),
        ("phineas", "gage"),
        ("henry", "molaison"),
        ("mann", "whitney"),
        ("bland", "altman"),
        ("kruskal", "wallis"),
        ("box", "cox"),
        ("stuart", "maxwell"),
        ("woodcock", "johnson"),
        ("shapiro", "wilk"),
        ("gram", "schmidt"),
        ("anderson", "darling"),
        ("durbin", "watson"),
        ("nelson", "denny"),
        ("benton", "hamsher"),
    }
)


def lone_family_name(word: str, text: str) -> bool:
    """Whether a word of a file name is a family name that hardly stands for anything else."""
    return (
        len(word) > 4
        and text[0].isupper()
        and word in family_names()
        and word not in EPONYMS
        and word not in ALSO_WORDS
    )


def gives_credit(line: str) -> bool:
    """Whether a line names authors, contacts or helpers, who stand there on purpose."""
    return _CREDITS.search(line) is not None


def labelled_people(text: str) -> tuple[Span, ...]:
    """Names on lines with a person's label (``sub-05``), of patients and laypeople (*Mr.*, *Frau*).

    For texts in which authors stand on purpose: lines that give credit are left alone. On a line
    that speaks of a patient a name is the patient's.
    """
    found: list[Span] = []
    at = 0
    for line in text.splitlines(keepends=True):
        labelled = next(written_labels(line, "sub"), "") != ""
        if labelled:
            beside = (m.span(m.lastindex or 0) for m in _BESIDE_LABEL.finditer(line))
            found += [(at + start, at + end) for start, end in beside]
        if not _CREDITS.search(line):
            spans = [match.span() for match in _LAY_TITLE.finditer(line)]
            if labelled:
                spans += people_spans(line)
            elif _PATIENT.search(line):
                spans += [
                    span for span in people_spans(line) if not _NAMED_AFTER.match(line, span[1])
                ]
            found += [(at + start, at + end) for start, end in spans]
        at += len(line)
    return _merged(found)


def _merged(spans: list[Span]) -> tuple[Span, ...]:
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return tuple(out)
