"""The command line: ``headrisk COMMAND``. Parses, runs one command, turns errors into exit codes.

Exit codes: 0 done, 1 internal error, 2 usage, 3 input refused, 4 done with failed scans or
unusable photographs, 5 measured risk above ``--fail-above``; 128 and the signal's number where the
run was interrupted: 130 by Ctrl-C, 143 by SIGTERM, 129 when the terminal was closed.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn

from headrisk import __version__
from headrisk.errors import HeadriskError
from headrisk.offline import leave_home_alone

COMMANDS = {
    "demo": "make synthetic people, audit them, and print the path of the report",
    "audit": "measure how easily people in a data set can be re-identified",
    "link": "link the brains of two data sets or of two earlier runs",
    "faces": "measure how well photographs find their owner's scan, and whether faces are left",
    "deface": "remove or replace faces, and check what is left and what it cost",
    "duplicates": "find one person under two IDs, two under one, and copies of an image",
    "metadata": "find identifying metadata, and write a cleaned copy",
    "report": "rebuild the report of an output folder",
    "doctor": "say what is installed and what each missing part would add",
}
INTERNAL_ERROR = 1


class _Ended(KeyboardInterrupt):
    """A signal asked the run to end; everything is cleaned up as after Ctrl-C."""

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__()
        self.number = number


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM (a batch system's limit) and SIGHUP (a closed terminal) end like Ctrl-C.

    A signal that was ignored when the program started (``nohup``) stays ignored.
    """
    before: dict[signal.Signals, Any] = {}

    def end(number: int, _: FrameType | None) -> NoReturn:
        raise _Ended(number)

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong, and how to get help."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See '{self.prog} --help'.\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = [_hyphens(word) for word in (sys.argv[1:] if argv is None else argv)]
    name = next((word for word in words if not word.startswith("-")), "")
    if name not in COMMANDS:
        _top_parser().parse_args(words)
        _top_parser().print_help()
        return 2
    try:
        with _ended_by_signals():
            return _command(name, words)
    except KeyboardInterrupt as error:
        number = error.number if isinstance(error, _Ended) else signal.SIGINT
        return _fail(
            f"headrisk {name}: interrupted; finished scans are kept and the same command goes on",
            128 + number,
            verbose=False,
        )


def _command(name: str, words: Sequence[str]) -> int:
    module = import_module(f"headrisk.cli.{name}")
    parser = _Parser(prog=f"headrisk {name}", description=module.__doc__)
    parser.add_argument("-v", "--verbose", action="store_true", help="show details of errors")
    parser.add_argument("--version", action="version", version=f"headrisk {__version__}")
    module.add_arguments(parser)
    place = words.index(name)
    arguments = parser.parse_intermixed_args([*words[:place], *words[place + 1 :]])
    try:
        code: int = module.run(arguments)
        sys.stdout.flush()
    except HeadriskError as error:
        return _fail(f"headrisk {name}: {error}", error.exit_code, verbose=arguments.verbose)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last guard: an exit code, not a traceback
        message = f"headrisk {name}: internal error ({type(error).__name__}: {error})."
        remedy = "" if arguments.verbose else " Run again with -v and report what it prints."
        return _fail(message + remedy, INTERNAL_ERROR, verbose=arguments.verbose)
    return code


def run() -> NoReturn:
    """Entry point of the ``headrisk`` program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    leave_home_alone()
    sys.exit(main())


def _top_parser() -> argparse.ArgumentParser:
    lines = "\n".join(f"  {name:<12}{text}" for name, text in COMMANDS.items())
    parser = _Parser(
        prog="headrisk",
        description="Measures how easily people in a head-MRI data set can be re-identified, "
        "before the data are shared. Nothing leaves this machine.",
        epilog=f"commands:\n{lines}\n\n'headrisk COMMAND --help' explains one command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"headrisk {__version__}")
    parser.add_argument("command", nargs="?", choices=tuple(COMMANDS), metavar="COMMAND")
    return parser


def _hyphens(word: str) -> str:
    """Options may be spelt with underscores, values stay as they are."""
    if not word.startswith("--"):
        return word
    option, equals, value = word.partition("=")
    return option.replace("_", "-") + equals + value


def _fail(message: str, code: int, *, verbose: bool) -> int:
    if verbose:
        traceback.print_exc()
    sys.stderr.write(message + "\n")
    return code
