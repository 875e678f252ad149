"""Print a script that lets a shell complete commands, options and file names.

The script is made from the options of this version and asks nothing of headrisk when a key is
pressed. Make it anew after an update.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

EXAMPLES = (
    "# bash: for this user, from the next shell on",
    "headrisk completion bash > ~/.local/share/bash-completion/completions/headrisk",
    "# zsh: to a folder of $fpath",
    "headrisk completion zsh > ~/.zfunc/_headrisk",
    "headrisk completion fish > ~/.config/fish/completions/headrisk.fish",
)
SHELLS = ("bash", "zsh", "fish")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.add_argument("shell", choices=SHELLS, help="which shell it is for")


def run(arguments: argparse.Namespace) -> int:
    """Carry the command out; returns the exit code."""
    import shtab

    from headrisk.cli.main import whole_parser

    parser = whole_parser()
    _complete_paths(parser, shtab.FILE)
    sys.stdout.write(shtab.complete(parser, arguments.shell))
    return 0


def _complete_paths(parser: argparse.ArgumentParser, how: Any) -> None:
    """Have the values of all options that are paths completed as such."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for one in set(action.choices.values()):
                _complete_paths(one, how)
        elif action.type is Path:
            action.complete = how  # type: ignore[attr-defined]
