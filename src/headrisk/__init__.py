"""Measure how easily people in a head-MRI data set can be re-identified.

Everything a script needs is here, and nothing is imported before it is used. A whole audit is
:func:`audit` of a :class:`Job`; its steps are :func:`load_image`, :func:`fingerprint`,
:func:`compare` and :func:`evaluate_scores`. What others add is a :class:`Recogniser`, a
:class:`DeidentificationMethod` or a function for :func:`register_similarity`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from headrisk.offline import silence

__version__ = "0.1.0"

silence()  # before anything can import a library that reads the switches when it is loaded

if TYPE_CHECKING:
    from headrisk.brain.similarity.registry import register_similarity
    from headrisk.dataset.gather import Source
    from headrisk.deidentify.method import DeidentificationMethod
    from headrisk.errors import HeadriskError
    from headrisk.face.recognise.protocol import FaceTemplate, Recogniser
    from headrisk.io.volume import Volume
    from headrisk.job import Job
    from headrisk.pipeline import audit
    from headrisk.settings import Settings
    from headrisk.steps import compare, evaluate_scores, fingerprint, load_image, pair_scores
    from headrisk.types import Estimate, PairScores

_HOMES = {
    "DeidentificationMethod": "headrisk.deidentify.method",
    "Estimate": "headrisk.types",
    "FaceTemplate": "headrisk.face.recognise.protocol",
    "HeadriskError": "headrisk.errors",
    "Job": "headrisk.job",
    "PairScores": "headrisk.types",
    "Recogniser": "headrisk.face.recognise.protocol",
    "Settings": "headrisk.settings",
    "Source": "headrisk.dataset.gather",
    "Volume": "headrisk.io.volume",
    "audit": "headrisk.pipeline",
    "compare": "headrisk.steps",
    "evaluate_scores": "headrisk.steps",
    "fingerprint": "headrisk.steps",
    "load_image": "headrisk.steps",
    "pair_scores": "headrisk.steps",
    "register_similarity": "headrisk.brain.similarity.registry",
}

__all__ = [
    "DeidentificationMethod",
    "Estimate",
    "FaceTemplate",
    "HeadriskError",
    "Job",
    "PairScores",
    "Recogniser",
    "Settings",
    "Source",
    "Volume",
    "__version__",
    "audit",
    "compare",
    "evaluate_scores",
    "fingerprint",
    "load_image",
    "pair_scores",
    "register_similarity",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'headrisk' has no attribute {name!r}")
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
