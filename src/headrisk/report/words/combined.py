"""Sentences about all modalities of an audit together."""

from __future__ import annotations

from collections.abc import Sequence

from headrisk.report.words.phrases import listed, people

METHOD = (
    "Of each modality the scores of its strongest attack were taken, of each two people the best. "
    "Modalities were weighed by how mates come first among non-mated people, learnt from other "
    "people "
    "than those compared; a modality that a person lacks says nothing.",
)


def compared_sentence(several: int, gallery: int, modalities: Sequence[str]) -> str:
    """Who was searched among whom, and by what."""
    have = "has" if several == 1 else "have"
    were = "was" if several == 1 else "were"
    return (
        f"{people(several)} who {have} several of {listed(modalities)} {were} searched for among "
        f"{people(gallery)} by all of them together."
    )
