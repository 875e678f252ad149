"""What other installed packages add: similarity measures, recognisers, de-identification methods.

A package adds one by an entry point, in its ``pyproject.toml``::

    [project.entry-points."headrisk.similarity"]
    mycosine = "mypackage:cosine"

The entry point's name is what the user asks for. Nothing of a plug-in is imported before it is
asked for, and one that is broken stops nothing else: whatever the code of strangers raises, an
exit of the process included, becomes one sentence that names the plug-in. Only the user's own
interruption goes through.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

import numpy as np

from headrisk.errors import PluginError
from headrisk.types import FloatArray

Group = Literal["headrisk.similarity", "headrisk.recognisers", "headrisk.deidentification"]
SIMILARITY: Group = "headrisk.similarity"
RECOGNISERS: Group = "headrisk.recognisers"
DEIDENTIFICATION: Group = "headrisk.deidentification"
GROUPS: tuple[Group, ...] = (SIMILARITY, RECOGNISERS, DEIDENTIFICATION)
_LONGEST = 200  # characters of a stranger's message that are told


@dataclass(frozen=True)
class Plugin:
    """One entry point of another package.

    Attributes
    ----------
    name
        What the user asks for.
    package
        Name and version of the package it comes from; part of what a result depends on.
    """

    name: str
    package: str
    entry: EntryPoint

    def load(self) -> object:
        """Import what the entry point names.

        Raises
        ------
        PluginError
            It cannot be imported; says which package is to blame.
        """
        return self.call("one that can be imported", self.entry.load)

    def call(self, expected: str, function: Callable[..., Any], *arguments: object) -> Any:
        """What a function of the plug-in gives.

        Raises
        ------
        PluginError
            It raises anything, or would end the program; says which package is to blame.
        """
        try:
            return function(*arguments)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit, and classes of their own
            raise self.unfit(what_was_raised(error), expected) from error

    def scores(self, function: Callable[..., Any], first: Sized, second: Sized) -> FloatArray:
        """Scores (first, second) that a function of the plug-in gives, checked.

        Raises
        ------
        PluginError
            It fails, or gives another shape, or values that are not finite.
        """
        shape = (len(first), len(second))
        expected = f"finite scores of shape {shape}"
        given = self.call(expected, function, first, second)
        found: FloatArray = self.call(expected, np.asarray, given, np.float64)
        if found.shape != shape:
            raise self.unfit(f"an array of shape {found.shape}", expected)
        if not np.isfinite(found).all():
            raise self.unfit("values that are not finite", expected)
        return found

    @property
    def subject(self) -> str:
        """What an error of the plug-in is about; its sentence begins with it."""
        return f"plug-in {self.name} of {self.package}"

    def unfit(self, found: str, expected: str = "one that can be imported") -> PluginError:
        """The error that says what is wrong with this plug-in."""
        return PluginError(
            self.subject,
            found=found,
            expected=expected,
            remedy="Ask the makers of that package, or leave the plug-in out.",
        )


def what_was_raised(error: BaseException) -> str:
    """Kind and message of an error of others, cut to a line that can be read."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - even this is their code
        message = "no message"
    kind = type(error).__name__
    return f"{kind}: {message[:_LONGEST]}" if message else kind


@cache
def plugins(group: Group) -> dict[str, Plugin]:
    """The plug-ins of a group by name, in alphabetical order; the first of each name."""
    found: dict[str, Plugin] = {}
    for entry in sorted(entry_points(group=group), key=lambda one: (one.name, one.value)):
        dist = entry.dist
        package = f"{dist.name} {dist.version}" if dist else "an unknown package"
        found.setdefault(entry.name, Plugin(entry.name, package, entry))
    return found
