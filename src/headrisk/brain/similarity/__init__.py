"""Similarity of brain fingerprints: the measures, and the registry that a new one joins."""

from headrisk.brain.similarity import (
    correlation,
    difference,
    gradient,
    histogram,
    residual,
    structure,
)
from headrisk.brain.similarity.registry import (
    MEASURES,
    GalleryMeasure,
    Measure,
    PairFamily,
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
    "correlation",
    "difference",
    "family",
    "gallery_measure",
    "gradient",
    "histogram",
    "measure",
    "residual",
    "select",
    "structure",
]
