"""What stands between the program and the terminal: encodings, and lines of JSON."""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import Any, TextIO

# Characters of our own sentences, for a terminal or a log that cannot show them.
PLAIN = str.maketrans(
    {
        "\u00a0": " ",
        "\u202f": " ",
        "\u2013": "-",
        "\u2014": "-",
        "\u2212": "-",
        "\u00d7": "x",
        "\u00b5": "u",
        "\u03bc": "u",
        "\u00b7": "-",
        "\u2026": "...",
        "\u2192": "->",
        "\u2264": "<=",
        "\u2265": ">=",
        "\u00b1": "+/-",
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u00b2": "2",
        "\u00b3": "3",
        "\u00b0": " degrees",
        "\u2022": "*",
        "\u2501": "-",
        "\u2578": "-",
        "\u257a": "-",
    }
)
HANDLER = "headrisk-plain"


def have_streams() -> None:
    """Standard streams for a program that was started without: ones that lead nowhere.

    Otherwise the next file that is opened would stand in their place, and whatever a library
    prints would be written into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


class Outlet(io.FileIO):
    """A file that takes what nobody reads any more, as the null device does.

    Another failure, such as a full disk, is raised once; what is written later goes nowhere.
    """

    _lost = False

    def write(self, data: Any, /) -> int:
        """Write, as long as that can be done."""
        if not self._lost:
            try:
                return super().write(data)
            except BrokenPipeError:
                self._lost = True
            except OSError:
                self._lost = True
                raise
        return memoryview(data).nbytes


def outlive_readers() -> None:
    """Let a command go on when whoever read its output has seen enough (``| head``).

    It then ends with its own exit code: a check that was cut short must not pass.
    """
    for name in ("stdout", "stderr"):
        old = getattr(sys, name)
        if isinstance(old, io.TextIOWrapper):
            old.flush()
            outlet = io.BufferedWriter(Outlet(old.fileno(), "w", closefd=False))
            through = old.write_through
            lines = old.line_buffering or through
            new = io.TextIOWrapper(
                outlet, old.encoding, old.errors, line_buffering=lines, write_through=through
            )
            setattr(sys, name, new)


def write_anywhere(*streams: TextIO) -> None:
    """Let text of any kind be written to these streams, whatever their encoding.

    Signs of our own sentences become plain ones; what else cannot be written, such as a letter of
    a file's name or a byte that is no text, is written as its number.
    """
    codecs.register_error(HANDLER, _plain)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=HANDLER)


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_shown(one) for one in lost), error.end


def _shown(one: str) -> str:
    plain = one.translate(PLAIN)
    return plain if plain.isascii() else one.encode("ascii", "backslashreplace").decode("ascii")


class JsonLines(io.TextIOBase):
    """A stream of lines: those that are JSON objects pass, any other becomes a note in JSON.

    With ``--progress json`` it stands in the place of standard error, so that a program that reads
    progress there meets nothing else.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._line = ""

    def writable(self) -> bool:
        """Always."""
        return True

    def isatty(self) -> bool:
        """Never, whatever is behind it."""
        return False

    def fileno(self) -> int:
        """Of the stream behind it."""
        return self._stream.fileno()

    def write(self, text: str) -> int:
        """Take text; whole lines are passed on."""
        *whole, self._line = (self._line + text).split("\n")
        for line in whole:
            self._pass(line)
        return len(text)

    def flush(self) -> None:
        """Flush the stream behind; an unfinished line waits for its end."""
        self._stream.flush()

    def close_line(self) -> None:
        """Write what is left of a line without an end."""
        line, self._line = self._line, ""
        self._pass(line)

    def _pass(self, line: str) -> None:
        from headrisk.run.events import write_json_line

        if line.startswith('{"event": '):
            self._stream.write(line + "\n")
        elif line.strip():
            write_json_line(self._stream, {"event": "note", "text": line})
