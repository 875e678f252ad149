"""Similarity of brain fingerprints: the measures, and the registry that a new one joins."""

from headrisk.brain.similarity import (
    correlation,
    difference,
    gradient,
    histogram,
    residual,
    residual_blocks,
    self_similarity,
    structure,
)
from headrisk.brain.similarity.registry import (
    MEASURES,
    GalleryMeasure,
    Measure,
    PairFamily,
    Reference,
    family,
    gallery_measure,
    measure,
    select,
)

__all__ = [
    "MEASURES",
    "GalleryMeasure",
    "Measure",
    "PairFamily",
    "Reference",
    "correlation",
    "difference",
    "family",
    "gallery_measure",
    "gradient",
    "histogram",
    "measure",
    "residual",
    "residual_blocks",
    "select",
    "self_similarity",
    "structure",
]
