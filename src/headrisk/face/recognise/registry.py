"""The recognisers by name, and which parts of the face route are installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from headrisk.errors import MissingExtraError, UsageError
from headrisk.face.detect import hog
from headrisk.face.detect.registry import all_detectors
from headrisk.face.recognise.dlib_resnet import DlibRecogniser
from headrisk.face.recognise.features import opencv, orb, sift
from headrisk.face.recognise.protocol import Recogniser


def _dlib() -> Recogniser:
    hog.dlib_module()
    return DlibRecogniser()


_MAKERS: Mapping[str, Callable[[], Recogniser]] = {"dlib": _dlib, "orb": orb, "sift": sift}


def recognisers(names: Sequence[str], weights: Mapping[str, Path]) -> tuple[Recogniser, ...]:
    """The recognisers asked for, in order, each once.

    Parameters
    ----------
    names
        ``dlib``, ``orb`` or ``sift``.
    weights
        Files of weights by recogniser, for those that ship none; none of these does.

    Raises
    ------
    UsageError
        An unknown name, or weights for a recogniser that takes none.
    MissingExtraError
        A package that a recogniser needs is not installed.
    """
    unknown = [name for name in names if name not in _MAKERS]
    if unknown:
        raise UsageError(
            "recognisers",
            found=f"'{unknown[0]}'",
            expected=f"one of {', '.join(_MAKERS)}",
            remedy="Correct the name.",
        )
    if weights:
        raise UsageError(
            "weights",
            found=f"a file for '{min(weights)}'",
            expected="none, as these recognisers need no file of weights",
            remedy="Leave it out.",
        )
    return tuple(_MAKERS[name]() for name in dict.fromkeys(names))


def installed() -> list[tuple[str, str, str]]:
    """Detectors and recognisers as (name, "ready" or what is missing, licence)."""
    found = [
        (f"detector {one.name}", one.missing or "ready", one.licence) for one in all_detectors()
    ]
    found.append(("recogniser dlib", _state(hog.dlib_module), DlibRecogniser.licence))
    licence = "Apache-2.0 (code of OpenCV)"
    return found + [(f"recogniser {name}", _state(opencv), licence) for name in ("orb", "sift")]


def _state(package: Callable[[], object]) -> str:
    try:
        package()
    except MissingExtraError as error:
        return str(error)
    return "ready"
