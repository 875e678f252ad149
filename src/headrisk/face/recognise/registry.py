"""The recognisers by name, and which parts of the face route are installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from headrisk.errors import MissingExtraError, PluginError, StoreError, UsageError, missing_extra
from headrisk.face.detect import hog
from headrisk.face.detect.face import Pixels
from headrisk.face.detect.registry import all_detectors
from headrisk.face.packed import Packed, pack
from headrisk.face.recognise.deepface import EXTRA, DeepfaceRecogniser, deepface
from headrisk.face.recognise.dlib_resnet import DlibRecogniser
from headrisk.face.recognise.faceres import FaceresRecogniser
from headrisk.face.recognise.features import OPENCV_LICENCE, orb, sift
from headrisk.face.recognise.protocol import FaceTemplate, Recogniser
from headrisk.face.recognise.sface import SfaceRecogniser
from headrisk.face.weights import network
from headrisk.run.plugins import RECOGNISERS, Plugin, plugins
from headrisk.types import FloatArray


def _dlib() -> Recogniser:
    hog.dlib_module()
    network("dlib_resnet.onnx")
    return DlibRecogniser()


def _faceres() -> Recogniser:
    network("faceres.onnx")
    return FaceresRecogniser()


def _sface() -> Recogniser:
    network("sface.onnx")
    return SfaceRecogniser()


_MAKERS: Mapping[str, Callable[[], Recogniser]] = {
    "dlib": _dlib,
    "faceres": _faceres,
    "sface": _sface,
    "orb": orb,
    "sift": sift,
}
_FROM_WEIGHTS: Mapping[str, Callable[[Path], Recogniser]] = {"deepface": deepface}
NAMES = (*_MAKERS, *_FROM_WEIGHTS)
READY = "ready"


def recognisers(names: Sequence[str], weights: Mapping[str, Path]) -> tuple[Recogniser, ...]:
    """The recognisers asked for, in order, each once.

    Parameters
    ----------
    names
        Of :data:`NAMES`, or of plug-ins.
    weights
        Files of weights by recogniser, for those that ship none: ``deepface``.

    Raises
    ------
    UsageError
        An unknown name, weights that are missing or cannot be used, or weights for a recogniser
        that takes none or is not asked for.
    MissingExtraError
        A package that a recogniser needs is not installed.
    """
    added = plugins(RECOGNISERS)
    for name in names:
        if name not in NAMES and name not in added:
            raise UsageError(
                "recognisers",
                found=f"'{name}'",
                expected=f"one of {', '.join((*NAMES, *added))}",
                remedy="Correct the name.",
            )
    _require_weights(names, weights)
    return tuple(_made(name, weights) for name in dict.fromkeys(names))


def _made(name: str, weights: Mapping[str, Path]) -> Recogniser:
    if name in _FROM_WEIGHTS:
        return _FROM_WEIGHTS[name](weights[name])
    return _MAKERS[name]() if name in _MAKERS else _from_plugin(plugins(RECOGNISERS)[name])


def _from_plugin(plugin: Plugin) -> Recogniser:
    """The recogniser that another package adds: whatever its entry point makes when called."""
    make = plugin.load()
    found = plugin.call("one that can be made", make) if callable(make) else make
    if not isinstance(found, Recogniser):
        raise plugin.unfit(
            type(found).__name__,
            "name, model, digest, licence, embedding, describe() and similarity()",
        )
    own = found
    name, model, digest, licence, embedding = plugin.call(
        "fields that can be read",
        lambda: (own.name, own.model, own.digest, own.licence, bool(own.embedding)),
    )
    if name != plugin.name:
        raise plugin.unfit(f"a recogniser called {name!r}", f"the name {plugin.name!r}")
    return _Checked(plugin, own, name, str(model), str(digest), str(licence), embedding)


@dataclass(frozen=True)
class _Checked:
    """A plug-in's recogniser, whose mistakes are told as its own."""

    plugin: Plugin
    own: Recogniser
    name: str
    model: str
    digest: str
    licence: str
    embedding: bool

    def describe(self, images: Sequence[Pixels]) -> list[FaceTemplate | None]:
        expected = f"{len(images)} templates with finite values, None where no face was found"
        found = self.plugin.call(expected, self.own.describe, images)
        if not isinstance(found, list) or len(found) != len(images):
            raise self.plugin.unfit(_counted(found), expected)
        kept = [one for one in found if one is not None]
        if not all(isinstance(one, FaceTemplate) for one in kept):
            raise self.plugin.unfit("an answer that is no FaceTemplate", expected)
        arrays = [self.plugin.call(expected, np.asarray, one.values, np.float32) for one in kept]
        if not all(np.isfinite(one).all() for one in arrays):
            raise self.plugin.unfit("values that are not finite", expected)
        # Templates are kept in one array: as many values each, key points by the row.
        if any(one.ndim != (1 if self.embedding else 2) for one in arrays) or (
            len({one.shape[-1] for one in arrays}) > 1
        ):
            shapes = sorted({one.shape for one in arrays})
            raise self.plugin.unfit(f"values of shapes {shapes}", f"{expected}, alike in shape")
        return [
            None if one is None else replace(one, values=np.asarray(one.values)) for one in found
        ]

    def similarity(
        self, photos: Sequence[FaceTemplate], renders: Sequence[FaceTemplate]
    ) -> FloatArray:
        return self.plugin.scores(self.own.similarity, photos, renders)


def _counted(found: object) -> str:
    return f"a list of {len(found)}" if isinstance(found, list) else type(found).__name__


@dataclass(frozen=True)
class Described:
    """Templates by recogniser, and the errors of plug-ins that could make none."""

    templates: Mapping[str, Packed]
    failed: tuple[str, ...]

    @property
    def found(self) -> bool:
        """Whether any recogniser found a face."""
        return any(packed.found.size for packed in self.templates.values())


def describe_by_each(
    asked: Sequence[Recogniser], describe: Callable[[Recogniser], list[FaceTemplate | None]]
) -> Described:
    """What every recogniser makes of the same pictures; one that fails stops no other."""
    templates: dict[str, Packed] = {}
    failed: list[str] = []
    for one in asked:
        try:
            templates[one.name] = pack(describe(one))
        except PluginError as error:
            failed.append(str(error))
    return Described(templates, tuple(failed))


def failing(asked: Sequence[Recogniser], errors: Sequence[str]) -> frozenset[str]:
    """Names of the recognisers of other packages that sentences of errors are about."""
    theirs = (one for one in asked if isinstance(one, _Checked))
    return frozenset(
        one.name
        for one in theirs
        if any(text.startswith(f"{one.plugin.subject}: ") for text in errors)
    )


def _require_weights(names: Sequence[str], weights: Mapping[str, Path]) -> None:
    for name in sorted(weights):
        if name not in _FROM_WEIGHTS:
            known = name in _MAKERS
            raise UsageError(
                "weights",
                found=f"a file for '{name}', "
                + ("which takes none" if known else "an unknown name"),
                expected=f"files for {', '.join(_FROM_WEIGHTS)} alone",
                remedy="Leave it out." if known else "Correct the name.",
            )
        if name not in names:
            raise UsageError(
                "weights",
                found=f"a file for '{name}', which is not asked for",
                expected=f"'{name}' among the recognisers",
                remedy=f"Add {name} to --recognisers, or leave the file out.",
            )
    for name in names:
        if name in _FROM_WEIGHTS and name not in weights:
            raise UsageError(
                f"recogniser {name}",
                found="no weights",
                expected="a file of weights on this machine; none is downloaded",
                remedy=f"Give it as --weights {name}=PATH.",
            )


@dataclass(frozen=True)
class Part:
    """A detector or recogniser as it is installed here.

    ``state`` is "ready", or says what is missing; ``model`` and ``digest`` are empty for detectors
    and wherever the user brings the weights. ``damaged`` is True where a shipped file was altered.
    """

    name: str
    state: str
    licence: str
    model: str = ""
    digest: str = ""
    damaged: bool = False


def installed() -> list[Part]:
    """Every detector and recogniser, those that cannot run here included."""
    found = [
        Part(f"detector {one.name}", one.missing or "ready", one.licence) for one in all_detectors()
    ]
    networks: tuple[tuple[Recogniser, Callable[[], object]], ...] = (
        (DlibRecogniser(), _dlib),
        (FaceresRecogniser(), _faceres),
        (SfaceRecogniser(), _sface),
    )
    for one, check in networks:
        state, damaged = _state(check)
        name = f"recogniser {one.name}"
        found.append(Part(name, state, one.licence, one.model, one.digest, damaged))
    for name, make in (("orb", orb), ("sift", sift)):
        state, _ = _state(make)
        model = make().model if state == READY else ""
        found.append(Part(f"recogniser {name}", state, OPENCV_LICENCE, model))
    state, _ = _state(_deepface_package)
    if state == READY:
        state = "ready for weights given as --weights deepface=PATH"
    return [*found, Part("recogniser deepface", state, DeepfaceRecogniser.licence)]


def _deepface_package() -> None:
    if find_spec("deepface") is None:
        raise missing_extra("the recogniser deepface", "deepface", EXTRA)


def _state(check: Callable[[], object]) -> tuple[str, bool]:
    """What is missing, or that nothing is; and whether a shipped file was altered."""
    try:
        check()
    except MissingExtraError as error:
        return str(error), False
    except StoreError as error:
        return str(error), True
    return READY, False
