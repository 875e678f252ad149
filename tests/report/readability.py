"""How much there is to read on a page, how often it repeats itself, and how hard it reads.

Reading ease is that of Flesch (1948), J Appl Psychol 32:221-233: 206.835 - 1.015 words a sentence
- 84.6 syllables a word. Syllables are counted by groups of vowels, which errs to the hard side.
"""

from __future__ import annotations

import re
from collections import Counter
from html import unescape

_NOT_READ = re.compile(r"<(style|svg|title)\b.*?</\1>", re.DOTALL)
_NOT_PROSE = re.compile(
    r"<(style|svg|title|table|code|summary|figcaption|h\d|nav|dt)\b.*?</\1>", re.DOTALL
)
_BLOCK_END = re.compile(r"</(p|li|dd|dt|h\d|div|td|th|caption|summary|figcaption)>")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9(])|\s*\|\s*")
_LONGEST_LABEL = 3  # words: what is shorter is a label, not a sentence


def _plain(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def words(page: str) -> list[str]:
    """Every word that a reader sees, in figures' captions and tables too."""
    return [word for word in _plain(_NOT_READ.sub(" ", page)).split() if re.search(r"\w", word)]


def sentences(page: str) -> list[str]:
    """The sentences of running text, lists and definitions; no cells, headings and code."""
    text = _plain(_BLOCK_END.sub(" | ", _NOT_PROSE.sub(" ", page)))
    found = (one.strip(" |") for one in _SENTENCE.split(text))
    return [one for one in found if len(one.split()) > _LONGEST_LABEL]


def repeated(page: str) -> float:
    """Share of the words of sentences that stand in a sentence that was there before."""
    counts = Counter(sentences(page))
    again = sum((count - 1) * len(text.split()) for text, count in counts.items())
    return again / max(sum(count * len(text.split()) for text, count in counts.items()), 1)


def syllables(word: str) -> int:
    """Groups of vowels, a silent e at the end left out; at least one."""
    plain = re.sub(r"[^a-z]", "", word.lower())
    count = len(re.findall(r"[aeiouy]+", plain))
    silent = re.search(r"[^aeiouyl]e$|[^aeiouytd]ed$|[^aeiouyszx]es$", plain)
    return max(count - bool(silent), 1)


def reading_ease(page: str) -> float:
    """Flesch's reading ease of the sentences."""
    said = sentences(page)
    spoken = [word for text in said for word in text.split() if re.search(r"[A-Za-z]", word)]
    per_sentence = len(spoken) / max(len(said), 1)
    return 206.835 - 1.015 * per_sentence - 84.6 * sum(map(syllables, spoken)) / max(len(spoken), 1)


def abbreviations(page: str) -> set[str]:
    """Short forms in capitals that no bracket or sentence of the same text spells out."""
    text = _plain(re.sub(r"<code\b.*?</code>", " ", _NOT_READ.sub(" ", page), flags=re.DOTALL))
    found = set(re.findall(r"\b[A-Z][A-Za-z0-9]*[A-Z][A-Za-z0-9]*\b", text))
    return {one for one in found if f"({one})" not in text}
