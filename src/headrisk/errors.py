"""The exceptions that headrisk raises, and the exit code each one stands for.

Every error names the thing it is about, what was found, what was expected, and what to do.
"""

from __future__ import annotations

import errno
import re

# Control characters, line and paragraph ends, and the marks that turn the direction of writing.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
"""Numbers of errors of a disk that holds no more."""

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def visible(text: str) -> str:
    """A name or a message in one line, what a terminal would obey written as escapes.

    Names of files and labels are chosen by others: a line break would add a line to a list, an
    escape sequence rewrite what stands above it.

    >>> visible("sub-\\x1b[2J1")
    'sub-\\\\x1b[2J1'
    """
    return _UNSEEN.sub(lambda one: one[0].encode("unicode_escape").decode(), text)


class HeadriskError(Exception):
    """Base of every error raised on purpose.

    Parameters
    ----------
    subject
        The file, option or table the error is about.
    found
        What was found there.
    expected
        What would have been accepted.
    remedy
        What the user can do about it.

    Examples
    --------
    >>> from headrisk import HeadriskError
    >>> try:
    ...     raise HeadriskError("scan.nii", found="no file", expected="an image", remedy="Look.")
    ... except HeadriskError as error:
    ...     print(error.found, "|", error)
    no file | scan.nii: no file; expected an image. Look.
    """

    exit_code = 1

    def __init__(self, subject: str, *, found: str, expected: str = "", remedy: str = "") -> None:
        self.subject = subject
        self.found = found
        self.expected = expected
        self.remedy = remedy
        parts = [f"{subject}: {found}"]
        if expected:
            parts.append(f"expected {expected}")
        message = "; ".join(parts) + "."
        super().__init__(visible(f"{message} {remedy}".rstrip()))

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the named fields when the error travels between processes."""
        return (_rebuild, (type(self), self.subject, self.found, self.expected, self.remedy))


def _rebuild(
    kind: type[HeadriskError], subject: str, found: str, expected: str, remedy: str
) -> HeadriskError:
    return kind(subject, found=found, expected=expected, remedy=remedy)


class UsageError(HeadriskError):
    """The command line or a settings file asks for something impossible."""

    exit_code = 2


class MissingExtraError(UsageError):
    """An optional part is not installed; the remedy holds the install line."""


def missing_extra(purpose: str, package: str, extra: str = "faces") -> MissingExtraError:
    """The error for a part whose package is not installed, with the line that installs it.

    Parameters
    ----------
    purpose
        What needs the package, such as "renders of faces".
    package
        Name of the package.
    extra
        The extra of headrisk that brings it.
    """
    return MissingExtraError(
        purpose,
        found=f"the package {package} is not installed",
        expected=f"the extra '{extra}'",
        remedy=f'Install it with: pip install "headrisk[{extra}]"',
    )


class PluginError(UsageError):
    """The code of another package failed at its work; whatever else was asked for goes on."""


class InputError(HeadriskError):
    """A data set cannot be used at all."""

    exit_code = 3


def not_there(path: str, expected: str = "a data set") -> InputError:
    """The error for an input of which there is nothing at its place."""
    return InputError(
        path, found="no such file or folder", expected=expected, remedy="Correct the path."
    )


class ScanError(InputError):
    """One scan cannot be used. The run records it as a failure to acquire and goes on."""


class StoreError(HeadriskError):
    """The result store is damaged, locked or cannot be written."""
