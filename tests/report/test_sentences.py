"""Sentences stand in one place: templates hold none, and no code edits one that is finished."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import headrisk

SOURCE = Path(headrisk.__file__).parent
TEMPLATES = sorted((SOURCE / "report" / "templates").glob("*.j2"))
TELLING = sorted(
    [
        *(SOURCE / "report").rglob("*.py"),
        *(SOURCE / "attacks").glob("*.py"),
        *(SOURCE / "cli").glob("*.py"),
        *(SOURCE / "deidentify").glob("comparison*.py"),
    ]
)
EDITS = (
    r"\[:1\]\.(lower|upper)\(\)",  # the first letter of a sentence
    r"\[1:\]\}",
    r'\.(removesuffix|rstrip|strip)\("[.;: ]+"\)',  # its end
    r'partition\("(\. |: | \()"\)',  # its parts
    r'" "\.join\((\w+)\.split\(\)\) for',
)
MOST_WORDS = 12  # of a heading or a caption


def runs(template: str) -> list[str]:
    """The text of a template between tags, values and statements."""
    text = re.sub(r"\{#.*?#\}", "", template, flags=re.DOTALL)
    text = re.sub(r"\{%.*?%\}", "|", text, flags=re.DOTALL)
    text = re.sub(r"\{\{.*?\}\}", " X ", text, flags=re.DOTALL)
    text = re.sub(r"</?(code|em|strong|span|a)\b[^>]*>", "", text)
    return [one.strip() for one in re.sub(r"<[^>]+>", "|", text).split("|") if one.strip()]


def is_sentence(run: str) -> bool:
    """Whether a run of text says something: it ends with a stop, or is longer than a caption."""
    words = re.findall(r"[A-Za-z]{2,}", run)
    stopped = re.search(r"\b[a-z]{2,}[.!?](\s|$)", re.sub(r"[\w*/X-]+\s*\.(tsv|md|json)", "", run))
    return len(words) > MOST_WORDS or (len(words) > 3 and stopped is not None)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_sentence(path: Path) -> None:
    assert [run for run in runs(path.read_text("utf-8")) if is_sentence(run)] == []


@pytest.mark.parametrize("edit", EDITS)
def test_no_code_edits_a_sentence(edit: str) -> None:
    found = [
        f"{path.relative_to(SOURCE)}: {line.strip()}"
        for path in TELLING
        for line in path.read_text("utf-8").splitlines()
        if re.search(edit, line)
    ]
    assert found == []


def test_the_search_finds_what_it_looks_for() -> None:
    assert is_sentence("That nothing was found does not show that nothing is there.")
    assert not is_sentence("What became of every image")
    assert runs("<p>{{ one }} is here.</p>{% if x %}<b>Two</b>{% endif %}") == [
        "X  is here.",
        "Two",
    ]
    assert re.search(EDITS[0], "f'{title[:1].lower()}{title[1:]}'")
