"""The commands of docs/cluster.md are ones that the command line takes."""

from __future__ import annotations

import argparse
import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "cluster.md"


def commands() -> list[str]:
    """Every command of the page, shell variables and all."""
    text = PAGE.read_text("utf-8").replace("\\\n", " ")
    pattern = r"headrisk (?:audit|link|doctor) (?=[-/A-Z])[^'|`#\n]+"
    return [match.group(0) for match in re.finditer(pattern, text)]


@pytest.mark.parametrize("command", commands())
def test_a_recipe_can_be_parsed(command: str) -> None:
    words = shlex.split(re.sub(r"\$\{?\w+(\[@\])?\}?", "7", command))
    parser = argparse.ArgumentParser(exit_on_error=False)
    import_module(f"headrisk.cli.{words[1]}").add_arguments(parser)
    parser.parse_intermixed_args(words[2:])


def test_the_recipes_are_there() -> None:
    found = " ".join(commands())
    for word in ("--participant-label", "--scheduler", " participant ", " group", "--plan"):
        assert word in found


def test_an_array_leaves_nobody_out() -> None:
    """The recipes split people by line number; every remainder is some task's."""
    text = PAGE.read_text("utf-8")
    assert "--array=0-99" in text
    assert "completions: 100" in text
    assert text.count("NR % 100 ==") == 2
