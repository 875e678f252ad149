"""The custodian's own list of identifiers, found in any spelling.

Text and list are compared as sequences of words: case, accents, separators and the order of the
words do not matter, so ``John Doe`` is found in ``DOE^JOHN``, ``doe_john`` and ``JohnDoe``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import permutations
from pathlib import Path
from typing import Literal

from headrisk.errors import InputError, UsageError
from headrisk.metadata.findings import SEVERITY
from headrisk.metadata.name_words import ALSO_WORDS, WORDS_AS_NAMES

LARGEST_BYTES = 16 * 1024 * 1024
_SHORTEST = 3
_SUBSTRING = 7  # shorter spellings inside longer words are chance
_MOST_WORDS = 4
_WINDOW = 6
_SHORT = 256
_SPELT_OUT = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "Ä": "Ae",
        "Ö": "Oe",
        "Ü": "Ue",
        "å": "aa",
        "Å": "Aa",
        "ø": "oe",
        "Ø": "Oe",
        "æ": "ae",
        "Æ": "Ae",
    }
)
_WORD = re.compile(r"[^\W\d_]+|\d+")
Rule = Literal["keep", "ignore", "remove"]
FIELD_RULES: tuple[Rule, ...] = ("keep", "ignore", "remove")


@dataclass(frozen=True, eq=False)
class KnownIdentifiers:
    """Spellings to look for.

    Attributes
    ----------
    spellings
        Each identifier folded, without separators, its words in every order.
    starts
        The spellings of seven letters and more by their first seven, which are found inside
        longer words too.
    originals
        The lines of the list.
    found
        Names of people met in the data set itself, None where none were looked for.
    cased
        Spellings that are ordinary words too, and count only where they are capitalised.
    rules
        What the custodian decided of fields, by their plain names: ``keep`` (reported, never
        removed), ``ignore`` (not reported) or ``remove``.
    """

    spellings: frozenset[str]
    starts: dict[str, tuple[str, ...]]
    originals: tuple[str, ...]
    found: KnownIdentifiers | None = None
    cased: frozenset[str] = frozenset()
    rules: Mapping[str, Rule] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.spellings) or bool(self.found)

    @cached_property
    def listed(self) -> KnownIdentifiers:
        """The custodian's list alone, without names met in the data set."""
        return self if self.found is None else replace(self, found=None)

    def rule(self, name: str) -> Rule | Literal[""]:
        """What the custodian decided of a field or column, "" if nothing."""
        return self.rules.get(_plain(name), "") if self.rules else ""

    def graver(self, kind: str, text: str) -> str:
        """The kind of a value, or that it is known where that is graver.

        A name met in the data set is no news in a field that identifies by itself; in a remark or
        under a harmless name it is.
        """
        if not self or kind == "known-identifier":
            return kind
        direct = kind in SEVERITY and SEVERITY[kind] == "direct identifier"
        known = self.listed if direct else self
        return "known-identifier" if known.spans(text) else kind

    def spans(self, text: str) -> tuple[tuple[int, int], ...]:
        """Where identifiers stand in a text, as positions in it; touching ones are joined."""
        if not self:
            return ()
        return _short_spans(self, text) if len(text) <= _SHORT else self._spans(text)

    def _spans(self, text: str) -> tuple[tuple[int, int], ...]:
        folded, place = _folded(text)
        found = [
            (a, b)
            for a, b in self._words(folded)
            if not self.cased
            or folded[a:b] not in self.cased
            or (text[place[a]].isupper() and not _begins_sentence(text, folded, place, a, b))
        ]
        found += self._inside(folded)
        merged: list[tuple[int, int]] = []
        spans = [(place[a], place[b - 1] + 1) for a, b in found]
        if self.found is not None:
            spans += self.found.spans(text)
        for start, end in sorted(spans):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return tuple(merged)

    def _words(self, folded: str) -> Iterator[tuple[int, int]]:
        words = [(match[0], match.start(), match.end()) for match in _WORD.finditer(folded)]
        for first in range(len(words)):
            joined = ""
            for last in range(first, min(first + _WINDOW, len(words))):
                if last > first and words[last][1] - words[last - 1][2] > 3:
                    break
                joined += words[last][0]
                if joined in self.spellings:
                    yield words[first][1], words[last][2]

    def _inside(self, folded: str) -> Iterator[tuple[int, int]]:
        if not self.starts:
            return
        letters = [i for i, char in enumerate(folded) if char.isalnum()]
        plain = "".join(folded[i] for i in letters)
        for at in range(len(plain) - _SUBSTRING + 1):
            for spelling in self.starts.get(plain[at : at + _SUBSTRING], ()):
                if plain.startswith(spelling, at):
                    yield letters[at], letters[at + len(spelling) - 1] + 1


def _begins_sentence(text: str, folded: str, place: list[int], start: int, end: int) -> bool:
    """Whether an ordinary word is capitalised for beginning a sentence: ``Mark the onset``."""
    if folded[start:end] not in ALSO_WORDS | WORDS_AS_NAMES or not text[place[end - 1]].islower():
        return False
    return _BEGIN.search(text[: place[start]]) is not None and (
        _GOES_ON.match(text, place[end - 1] + 1) is not None
    )


_BEGIN = re.compile(r"(?:^|[.!?:;>\n]|[-*#][ \t])[ \t\"'(]*$")
_GOES_ON = re.compile(
    r" (?:the|an?|all|each|every|your|this|that|these|those|in|on|at|of|if"
    r"|for|to|from|with|and|or|is|are|was|off|up|out)(?![^\W_])"
)


@lru_cache(maxsize=65536)
def _short_spans(known: KnownIdentifiers, text: str) -> tuple[tuple[int, int], ...]:
    """What was found in a short text is kept, since sidecars repeat each other."""
    return known._spans(text)


NOBODY = KnownIdentifiers(frozenset(), {}, ())


def with_rules(known: KnownIdentifiers, rules: Mapping[str, Rule]) -> KnownIdentifiers:
    """The list with what the custodian decided of fields, whatever case and separators.

    >>> with_rules(NOBODY, {"shim_setting": "keep"}).rule("ShimSetting")
    'keep'
    """
    return replace(known, rules={_plain(name): rule for name, rule in rules.items()})


def field_rules(
    keep: Sequence[str] | None = None,
    ignore: Sequence[str] | None = None,
    remove: Sequence[str] | None = None,
) -> dict[str, Rule]:
    """Rules by field, as ``with_rules`` takes them.

    Raises
    ------
    UsageError
        A field stands under two rules, or has no letter or digit.
    """
    rules: dict[str, Rule] = {}
    given: tuple[tuple[Rule, Sequence[str] | None], ...] = (
        ("keep", keep),
        ("ignore", ignore),
        ("remove", remove),
    )
    for rule, names in given:
        for name in names or ():
            plain = _plain(name)
            if not plain or rules.get(plain, rule) != rule:
                raise UsageError(
                    f"--{rule} {name}",
                    found="no name of a field" if not plain else f"--{rules[plain]} of it too",
                    expected="the name of a field or column, under one rule",
                )
            rules[plain] = rule
    return rules


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())


def known_identifiers(lines: Iterable[str]) -> KnownIdentifiers:
    """Make the list ready to be searched for; blank lines and lines after ``#`` are left out."""
    originals = tuple(s for line in lines if (s := line.strip()) and not s.startswith("#"))
    spellings: set[str] = set()
    for line in (spelt for original in originals for spelt in _transliterations(original)):
        words = _WORD.findall(_folded(line)[0])
        orders = permutations(words) if len(words) <= _MOST_WORDS else (words,)
        spellings.update("".join(order) for order in orders)
    spellings = {spelling for spelling in spellings if len(spelling) >= _SHORTEST}
    starts: dict[str, tuple[str, ...]] = {}
    for spelling in sorted(spellings):
        if len(spelling) >= _SUBSTRING:
            key = spelling[:_SUBSTRING]
            starts[key] = (*starts.get(key, ()), spelling)
    return KnownIdentifiers(frozenset(spellings), starts, originals)


def read_known_identifiers(path: Path) -> tuple[KnownIdentifiers, int]:
    """Read a list with one identifier in each line, and count the lines too short to look for.

    Raises
    ------
    InputError
        The file cannot be read, is no UTF-8 text, or holds nothing to look for.
    """
    subject = f"list of identifiers {path}"
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_BYTES:
            raise InputError(
                subject, found="no regular file of at most 16 MB", expected="a text file"
            )
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(
            subject,
            found=f"cannot be read ({error.strerror})",
            expected="a text file",
            remedy="Check the path and the permissions.",
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            subject,
            found=f"byte {error.start} is not UTF-8",
            expected="UTF-8 text, one identifier in each line",
            remedy="Save the list as UTF-8.",
        ) from None
    known = known_identifiers(text.splitlines())
    if not known:
        raise InputError(
            subject,
            found="nothing to look for",
            expected="one identifier of three letters or digits, or more, in each line",
        )
    short = sum(not known_identifiers((line,)) for line in known.originals)
    return known, short


def _transliterations(text: str) -> tuple[str, ...]:
    """The text, and as it is written where umlauts and the like are spelt out."""
    composed = unicodedata.normalize("NFC", text)
    spelt = composed.translate(_SPELT_OUT)
    return (text,) if spelt == composed else (text, spelt)


def _folded(text: str) -> tuple[str, list[int]]:
    """Text without case and accents, and the place in ``text`` of each of its characters."""
    if text.isascii():
        return text.lower(), list(range(len(text)))
    out: list[str] = []
    place: list[int] = []
    for index, char in enumerate(text):
        for part in unicodedata.normalize("NFKD", char.casefold()):
            if not unicodedata.combining(part):
                out.append(part)
                place.append(index)
    return "".join(out), place
