"""The registry of similarity measures: what a measure is, and how one is added.

A *family* computes one or more measures from one pass over a block of pairs, so that measures
which need the same intermediate result (a filtered product, a joint histogram) share it. It is
two functions: ``prepare`` turns a block of fingerprints into whatever the family needs of each
image, once per image; ``block`` scores every prepared image of one block against every one of
another.

All scores are oriented so that larger means more similar: distances (mean absolute error, root
mean square error, gradient-magnitude similarity deviation) are returned with a minus sign.

A twelfth measure is one function::

    @measure("cosine")
    def cosine(a: Float32Array, b: Float32Array) -> FloatArray:
        ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from headrisk.errors import InputError, UsageError
from headrisk.run.plugins import SIMILARITY, Plugin, plugins
from headrisk.types import Float32Array, FloatArray, Grid, IntArray

Prepare = Callable[[Float32Array, Grid], Any]
BlockFunction = Callable[[Any, Any, Set[str]], dict[str, FloatArray]]
MeasureFunction = Callable[[Any, Any], FloatArray]


@dataclass(frozen=True)
class PairFamily:
    """Measures whose score of a pair depends on the two images only.

    Attributes
    ----------
    names
        The measures this family can compute.
    prepare
        ``prepare(vectors, grid)``: (n, voxels) fingerprints to what ``block`` needs of them.
    block
        ``block(a, b, names)``: two prepared blocks to one (a, b) matrix for each wanted name.
    symmetric
        Whether the score of (a, b) is the score of (b, a).
    bytes_per_voxel
        Memory that one prepared image takes, for each voxel of the mask; sets the block size.
    """

    names: tuple[str, ...]
    prepare: Prepare
    block: BlockFunction
    symmetric: bool = True
    bytes_per_voxel: int = 4


@dataclass(frozen=True)
class Reference:
    """What brains share whoever they belong to, from data outside the run.

    ``brain`` is (voxels,) the fingerprint of an average brain; ``directions`` is (k, voxels)
    orthonormal: that brain and how it changes with alignment and resolution.
    """

    brain: Float32Array
    directions: Float32Array

    def fit_for(self, grid: Grid) -> Reference:
        """This reference, once its arrays are seen to have the grid's number of voxels.

        Raises
        ------
        InputError
            They have another number of voxels.
        """
        for array in (self.brain[None], self.directions):
            if array.shape[1:] != (grid.size,):
                raise InputError(
                    "reference brain",
                    found=f"an array of shape {array.shape}",
                    expected=f"{grid.size} voxels in each row",
                    remedy="Take the reference of the same resolution.",
                )
        return self


class GalleryScores(Protocol):
    """Scores all probes against a whole gallery; returns the matrix and a note on how."""

    def __call__(
        self,
        probes: Float32Array,
        gallery: Float32Array,
        probe_person: IntArray,
        gallery_person: IntArray,
        grid: Grid,
        reference: Reference | None,
        block: int | None,
    ) -> tuple[FloatArray, str]: ...


class Blocks(Protocol):
    """Scores of any block of pairs, once the whole gallery has been seen."""

    @property
    def note(self) -> str:
        """How the scores are made."""

    def score(self, rows: IntArray, columns: IntArray) -> FloatArray:
        """(rows, columns) scores."""


class PrepareBlocks(Protocol):
    """Sees the whole gallery and leaves what blocks need in files of a folder."""

    def __call__(
        self,
        probes: Float32Array,
        gallery: Float32Array,
        probe_person: IntArray,
        gallery_person: IntArray,
        grid: Grid,
        reference: Reference | None,
        folder: Path,
    ) -> Blocks: ...


B = TypeVar("B", bound=PrepareBlocks)


@dataclass(frozen=True)
class GalleryMeasure:
    """A measure whose score of a pair depends on the other images of the gallery too.

    ``blocks`` gives the same scores block by block; None where they come all at once only.
    """

    name: str
    scores: GalleryScores
    blocks: PrepareBlocks | None = None


Measure = PairFamily | GalleryMeasure

MEASURES: dict[str, Measure] = {}


def vectors_only(vectors: Float32Array, grid: Grid) -> Float32Array:
    """Prepare nothing: the fingerprints as they are."""
    return vectors


def family(
    *names: str, prepare: Prepare = vectors_only, symmetric: bool = True, bytes_per_voxel: int = 4
) -> Callable[[BlockFunction], BlockFunction]:
    """Register a block function that computes several measures in one pass."""

    def register(function: BlockFunction) -> BlockFunction:
        found = PairFamily(names, prepare, function, symmetric, bytes_per_voxel)
        for name in names:
            _add(name, found)
        return function

    return register


def measure(
    name: str,
    prepare: Prepare = vectors_only,
    symmetric: bool = True,
    bytes_per_voxel: int = 4,
) -> Callable[[MeasureFunction], MeasureFunction]:
    """Register ``function(a, b) -> (a, b) matrix`` as the measure ``name``."""

    def register(function: MeasureFunction) -> MeasureFunction:
        block = _Named(name, function)
        _add(name, PairFamily((name,), prepare, block, symmetric, bytes_per_voxel))
        return function

    return register


def register_similarity(
    name: str, *, symmetric: bool = True
) -> Callable[[MeasureFunction], MeasureFunction]:
    """Add a similarity measure of one's own, for this Python process.

    A package that others install adds it by an entry point in the group ``headrisk.similarity``
    instead, and it works in worker processes too.

    Parameters
    ----------
    name
        What the settings and the report call it; not one that is taken.
    symmetric
        Whether the score of (a, b) is the score of (b, a).

    Returns
    -------
    callable
        A decorator for ``function(a, b)``: (n, voxels) and (m, voxels) float32 fingerprints to an
        (n, m) matrix of scores, larger is more similar.

    Raises
    ------
    UsageError
        The name is taken.

    Notes
    -----
    Fingerprints are locally normalised intensities in the space of ICBM 152 (Fonov and others
    2011, NeuroImage 54:313-327), one column for each voxel of the brain.

    Examples
    --------
    >>> import numpy as np
    >>> from headrisk import register_similarity
    >>> @register_similarity("doctest-cosine")
    ... def cosine(a, b):
    ...     a = a / np.linalg.norm(a, axis=1, keepdims=True)
    ...     return a @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T
    """
    return measure(name, symmetric=symmetric)


def gallery_measure(name: str) -> Callable[[GalleryScores], GalleryScores]:
    """Register a function of the whole gallery as the measure ``name``."""

    def register(function: GalleryScores) -> GalleryScores:
        _add(name, GalleryMeasure(name, function))
        return function

    return register


def in_blocks(name: str) -> Callable[[B], B]:
    """Say how the gallery measure ``name``, registered before, is computed in blocks."""

    def register(function: B) -> B:
        found = MEASURES[name]
        assert isinstance(found, GalleryMeasure)  # noqa: S101 - a mistake of the programmer
        MEASURES[name] = replace(found, blocks=function)
        return function

    return register


def select(names: Iterable[str]) -> dict[str, Measure]:
    """The measures of these names, in this order; plug-ins are loaded where they are named.

    Raises
    ------
    UsageError
        A name is unknown; the error lists the known ones. Or a plug-in is broken.
    """
    chosen: dict[str, Measure] = {}
    added = plugins(SIMILARITY)
    for name in names:
        if name not in MEASURES and name not in added:
            raise UsageError(
                "similarity measures",
                found=f"unknown measure {name!r}",
                expected=f"one of {', '.join(sorted({*MEASURES, *added}))}",
                remedy="Correct the name in the settings.",
            )
        chosen[name] = MEASURES[name] if name in MEASURES else _from_plugin(added[name])
    return chosen


def _from_plugin(plugin: Plugin) -> Measure:
    """The measure that another package adds: a function of two blocks of fingerprints."""
    function = plugin.load()
    if not callable(function):
        raise plugin.unfit(f"{type(function).__name__}", "a function of two blocks of fingerprints")
    block = _Named(plugin.name, _Checked(plugin, function))
    return PairFamily((plugin.name,), vectors_only, block, symmetric=False)


@dataclass(frozen=True)
class _Checked:
    """A plug-in's function, whose mistakes are told as its own."""

    plugin: Plugin
    function: MeasureFunction

    def __call__(self, a: Float32Array, b: Float32Array) -> FloatArray:
        return self.plugin.scores(self.function, a, b)


@dataclass(frozen=True)
class _Named:
    """A single measure's function under the signature of a family, fit to cross processes."""

    name: str
    function: MeasureFunction

    def __call__(self, a: Any, b: Any, names: Set[str]) -> dict[str, FloatArray]:
        return {self.name: self.function(a, b)}


def _add(name: str, found: Measure) -> None:
    if name in MEASURES:
        raise UsageError(
            "similarity measures",
            found=f"a second measure called {name!r}",
            expected="each name once",
            remedy="Give the new measure another name.",
        )
    MEASURES[name] = found
