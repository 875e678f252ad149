"""The de-identification methods that can be applied here, by name."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from headrisk.deidentify.deface import Treated, remove_face, shear, strip_skull
from headrisk.deidentify.head import Head
from headrisk.deidentify.method import DeidentificationMethod, OwnMethod
from headrisk.deidentify.reface import replace_face
from headrisk.errors import MissingExtraError, UsageError, missing_extra
from headrisk.run.plugins import DEIDENTIFICATION, Plugin, plugins


@dataclass(frozen=True)
class Tool:
    """One treatment.

    Attributes
    ----------
    name
        As the command line and reports call it.
    what
        What it does, in a sentence.
    apply
        From a scan with its brain, its name for messages, and a random generator to the treated
        scan and the mask of what was changed.
    replaces
        It leaves a face that is nobody's, rather than none.
    """

    name: str
    what: str
    apply: Callable[[Head, str, np.random.Generator], Treated]
    replaces: bool = False


_TOOLS = (
    Tool(
        "template",
        "Face and ears removed as an average head has them, aligned by the brain.",
        remove_face,
    ),
    Tool(
        "reface",
        "Face, ears and what surrounds them replaced by a synthetic face, blended at the borders.",
        replace_face,
        replaces=True,
    ),
    Tool(
        "quickshear",
        "Everything in front of a plane before the brain removed (quickshear).",
        shear,
    ),
    Tool("skullstrip", "Everything but the brain removed.", strip_skull),
)


def tools() -> Mapping[str, Tool]:
    """Every tool by name, also those whose package is missing."""
    return {tool.name: tool for tool in _TOOLS}


def tool_of(name: str) -> Tool:
    """The tool of this name.

    Raises
    ------
    UsageError
        There is no such tool, or it is a plug-in that is broken.
    MissingExtraError
        Its package is not installed, or does not work with the installed NumPy.
    """
    added = plugins(DEIDENTIFICATION)
    if name not in tools():
        if name in added:
            return _from_plugin(added[name])
        known = ", ".join((*tools(), *added))
        raise UsageError(
            "--tool", found=repr(name), expected=f"one of {known}", remedy="Correct the name."
        )
    if name == "quickshear" and find_spec("quickshear") is None:
        raise missing_extra("the tool quickshear", "quickshear", "deface")
    if name == "quickshear" and not _crosses_in_the_plane():
        raise MissingExtraError(
            "the tool quickshear",
            found=f"NumPy {np.__version__}, which has no cross product of 2-D vectors any more",
            expected="a NumPy that the package quickshear works with",
            remedy='Install an earlier one with: pip install "numpy<2.5", or use another tool.',
        )
    return tools()[name]


def _from_plugin(plugin: Plugin) -> Tool:
    """The method that another package adds: an object, or a class that makes one."""
    found = plugin.load()
    if isinstance(found, type):
        found = plugin.call("one that can be made", found)
    if not isinstance(found, DeidentificationMethod):
        raise plugin.unfit(
            f"{type(found).__name__}", "name, what, replaces and deidentify(image, brain, rng)"
        )
    what, replaces = plugin.call(
        "fields that can be read", lambda: (str(found.what), bool(found.replaces))
    )
    return Tool(plugin.name, what, OwnMethod(found, plugin.package), replaces)


def _crosses_in_the_plane() -> bool:
    """Whether NumPy still has what quickshear 1.2 needs; deprecated since NumPy 2.0."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            np.cross(np.array([1, 0]), np.array([0, 1]))
        except ValueError:
            return False
    return True
