"""The command line: ``headrisk COMMAND``. Parses, runs one command, turns errors into exit codes.

``headrisk DATASET OUT participant|group``, the call of a BIDS App, is ``headrisk audit``.

Exit codes: 0 done, 1 internal error, 2 usage, 3 input refused, 4 done, but something failed, could
not be read or looked at, or was left behind by ``deface``, 5 measured risk above ``--fail-above``;
128 and the signal's number where the run was interrupted: 130 by Ctrl-C, 143 by SIGTERM, 129 when
the terminal was closed.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import textwrap
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import FrameType, ModuleType
from typing import Any, NoReturn

from headrisk import __version__
from headrisk.errors import NO_ROOM, HeadriskError, InputError, StoreError
from headrisk.offline import leave_home_alone

COMMANDS = {
    "demo": "make synthetic people, audit them, and print the path of the report",
    "audit": "measure how easily people in a data set can be re-identified",
    "link": "search the people of one data set in another, or in an earlier run",
    "faces": "measure how well photographs find their owner's scan, and whether faces are left",
    "deface": "remove or replace faces, and check what is left and what it cost",
    "duplicates": "find one person under two IDs, two under one, and copies of an image",
    "metadata": "find identifying metadata, and write a cleaned copy",
    "report": "rebuild the report of an output folder, or compare two",
    "recipes": "list published studies, and write the manifest of one as it is downloaded",
    "doctor": "say what is installed, what a run would cost, and whether an output is intact",
    "completion": "print a script that completes commands and options in a shell",
    "help": "explain the commands, or one of them",
}
LEVELS = ("participant", "group")  # of a BIDS App
FIRST_STEPS = {
    "headrisk demo": "try it on synthetic people",
    "headrisk audit DATASET OUT": "audit a data set",
    "headrisk help": "list all commands",
    "headrisk help COMMAND": "explain one, with examples",
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


class _Help(argparse.HelpFormatter):
    """Keeps paragraphs and examples apart, and tells the default of every option with a value."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(_laid_out(text, width, indent))

    def _format_action_invocation(self, action: argparse.Action) -> str:
        """The spellings of an option, and its value once."""
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        value = self._format_args(action, self._get_default_metavar_for_optional(action))
        return f"{', '.join(action.option_strings)} {value}"

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ""
        if action.nargs == 0 or action.required or "default" in text or not action.option_strings:
            return text
        default = action.default
        if default in (None, False, (), {}, "") or default == []:
            return f"{text} (default none)"
        return f"{text} (default %(default)s)"


def _laid_out(text: str, width: int, indent: str = "") -> Iterator[str]:
    """Lines of a text: paragraphs filled, indented lines kept and broken as a shell allows."""
    paragraph: list[str] = []

    def filled() -> list[str]:
        lines = textwrap.wrap(" ".join(paragraph), width, break_on_hyphens=False)
        paragraph.clear()
        return [indent + line for line in lines]

    for line in text.strip("\n").splitlines():
        if not line.strip():
            yield from filled()
            yield ""
        elif not line.startswith("  "):
            paragraph.append(line.strip())
        else:
            yield from filled()
            yield from (indent + part for part in _broken(line, width))
    yield from filled()


def _broken(line: str, width: int) -> list[str]:
    """An indented line as lines of at most so many columns, where words allow."""
    remark = line.lstrip().startswith("#")
    first = line[: len(line) - len(line.lstrip())]
    parts = textwrap.wrap(
        line.strip(),
        max(width - 2, 20),
        initial_indent=first,
        subsequent_indent=first + ("# " if remark else "    "),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return parts if remark else [part + " \\" for part in parts[:-1]] + parts[-1:]


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser of one command: its options, their help and its examples."""
    module = import_module(f"headrisk.cli.{name}")
    parser = _Parser(**_described(name, module))
    _add_options(parser, module)
    return parser


def whole_parser() -> argparse.ArgumentParser:
    """One parser with every command as a subparser, for shell completion and reference pages."""
    parser = _top_parser(commands=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name, text in COMMANDS.items():
        module = import_module(f"headrisk.cli.{name}")
        _add_options(commands.add_parser(name, help=text, **_described(name, module)), module)
    return parser


def _described(name: str, module: ModuleType) -> dict[str, Any]:
    examples = "\n".join(f"  {line}" for line in module.EXAMPLES)
    return {
        "prog": f"headrisk {name}",
        "description": module.__doc__,
        "epilog": f"Examples:\n\n{examples}",
        "formatter_class": _Help,
    }


def _add_options(parser: argparse.ArgumentParser, module: ModuleType) -> None:
    parser.add_argument("-v", "--verbose", action="store_true", help="show details of errors")
    parser.add_argument("--version", action="version", version=f"headrisk {__version__}")
    module.add_arguments(parser)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = [_hyphens(word) for word in (sys.argv[1:] if argv is None else argv)]
    if not words:
        _first_steps()
        return 2
    name = next((word for word in words if not word.startswith("-")), "")
    if name not in COMMANDS and name and set(words) & set(LEVELS):
        name, words = "audit", ["audit", *words]  # called as a BIDS App
    if name not in COMMANDS:
        _top_parser().parse_args(words)
        top_help()
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
    parser = parser_of(name)
    place = words.index(name)
    arguments = parser.parse_intermixed_args([*words[:place], *words[place + 1 :]])
    module = import_module(f"headrisk.cli.{name}")
    with _told_as_json(getattr(arguments, "progress", "")):
        return _run(name, module, arguments)


def _run(name: str, module: ModuleType, arguments: argparse.Namespace) -> int:
    try:
        code: int = module.run(arguments)
        sys.stdout.flush()
    except HeadriskError as error:
        return _fail(f"headrisk {name}: {error}", error.exit_code, verbose=arguments.verbose)
    except PermissionError as error:
        closed = InputError(
            str(error.filename or "a file or folder"),
            found=f"may not be read, entered or written ({error.strerror or error})",
            expected="a file or folder that you may use",
            remedy="Check the permissions of it and of every folder above it.",
        )
        return _fail(f"headrisk {name}: {closed}", closed.exit_code, verbose=arguments.verbose)
    except OSError as error:
        if error.errno not in NO_ROOM:
            return _internal(name, error, verbose=arguments.verbose)
        full = StoreError(
            str(error.filename or "the results, or standard output"),
            found=f"cannot be written ({error.strerror})",
            expected="room for every file",
            remedy="Free space, raise the quota, or choose another folder, and run again.",
        )
        return _fail(f"headrisk {name}: {full}", full.exit_code, verbose=arguments.verbose)
    except Exception as error:  # noqa: BLE001 - the last guard: an exit code, not a traceback
        return _internal(name, error, verbose=arguments.verbose)
    return code


def _internal(name: str, error: Exception, *, verbose: bool) -> int:
    message = f"headrisk {name}: internal error ({type(error).__name__}: {error})."
    remedy = "" if verbose else " Run again with -v and report what it prints."
    return _fail(message + remedy, INTERNAL_ERROR, verbose=verbose)


@contextmanager
def _told_as_json(progress: str) -> Iterator[None]:
    """With ``--progress json`` whatever is written to standard error becomes a line of JSON."""
    if progress != "json":
        yield
        return
    from headrisk.cli.console import JsonLines

    before = sys.stderr
    lines = JsonLines(before)
    sys.stderr = lines
    try:
        yield
    finally:
        lines.close_line()
        sys.stderr = before


def run() -> NoReturn:
    """Entry point of the ``headrisk`` program."""
    from headrisk.cli.console import have_streams, outlive_readers, write_anywhere

    have_streams()
    outlive_readers()
    write_anywhere(sys.stdout, sys.stderr)
    leave_home_alone()
    sys.exit(main())


def _top_parser(*, commands: bool = True) -> argparse.ArgumentParser:
    """The parser of the program itself; ``commands`` lists them in its help and takes one."""
    width = max(map(len, COMMANDS)) + 2
    lines: list[str] = []
    for name, text in COMMANDS.items():
        lines += textwrap.wrap(
            text,
            max(_columns(), 30),
            initial_indent=f"  {name:<{width}}",
            subsequent_indent=" " * (width + 2 if _columns() >= 60 else 4),
        )
    parser = _Parser(
        prog="headrisk",
        description="Measures how easily people in a head-MRI data set can be re-identified, "
        "before the data are shared. Nothing leaves this machine.",
        epilog="commands:\n" + "\n".join(lines) + "\n\n'headrisk help COMMAND' explains one.",
        formatter_class=argparse.RawDescriptionHelpFormatter if commands else _Help,
    )
    if commands:
        parser.description = textwrap.fill(parser.description or "", max(_columns(), 20))
        parser.add_argument("command", nargs="?", choices=tuple(COMMANDS), metavar="COMMAND")
    else:
        parser.epilog = None
    parser.add_argument("--version", action="version", version=f"headrisk {__version__}")
    return parser


def _first_steps() -> None:
    """What ``headrisk`` alone says."""
    said = "headrisk measures how easily people in head images can be re-identified."
    sys.stdout.write(textwrap.fill(said, max(_columns(), 20)) + "\n\n")
    for call, does in FIRST_STEPS.items():
        narrow = _columns() < 60
        sys.stdout.write(f"  {call}\n      {does}\n" if narrow else f"  {call:<29}{does}\n")
    sys.stdout.write("\nNothing leaves this machine.\n")


def top_help() -> None:
    """Write the help of the program itself to standard output."""
    _top_parser().print_help()


def _columns() -> int:
    """Columns that text may take."""
    return shutil.get_terminal_size().columns - 2


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
