"""The stages of a run in words that a reader knows, and what each of them counts.

The code, the log and ``report-run.json`` know a stage by its name (``prepare``); whoever watches a
run reads its title ("align brains"). A stage of one de-identified data set is ``STAGE: NAME``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class StageWords:
    """A stage's title and its unit, in the singular and the plural; no unit, nothing counted."""

    title: str
    one: str = ""
    many: str = ""

    def counted(self, number: int) -> str:
        """``1 image``, ``1,204 images``."""
        return f"{number:,} {self.one if number == 1 else self.many}".rstrip()


_IMAGE, _FILE, _PAIR = ("image", "images"), ("file", "files"), ("pair", "pairs")
STAGES: Mapping[str, StageWords] = {
    "index": StageWords("list the images", "data set", "data sets"),
    "prepare": StageWords("align brains", *_IMAGE),
    "simulate": StageWords("simulate second scans", *_IMAGE),
    "compare": StageWords("compare brains", *_PAIR),
    "search": StageWords("search for similar brains", *_IMAGE),
    "examine": StageWords("compare similar images voxel by voxel", *_PAIR),
    "picture": StageWords("draw pairs of images", *_PAIR),
    "look for faces": StageWords("look for faces", *_IMAGE),
    "examine images": StageWords("align brains and look at faces", *_IMAGE),
    "look at heads": StageWords("render faces from scans", *_IMAGE),
    "read photographs": StageWords("read photographs", "photograph", "photographs"),
    "match": StageWords("compare faces", *_PAIR),
    "tables": StageWords("read tables of measurements", "table", "tables"),
    "compare tables": StageWords("compare tables of measurements", *_PAIR),
    "read metadata": StageWords("read headers and sidecars", *_IMAGE),
    "compare metadata": StageWords("compare headers and sidecars", *_PAIR),
    "evaluate": StageWords("compute rates and intervals", "measure", "measures"),
    "assess": StageWords("estimate the risk"),
    "recall untreated": StageWords("recall the images before de-identification", *_IMAGE),
    "repair": StageWords("repair faces as an attacker would", *_IMAGE),
    "measure damage": StageWords("measure what de-identification cost", *_PAIR),
    "treat": StageWords("de-identify images", *_IMAGE),
    "look": StageWords("look for identifying metadata", *_FILE),
    "clean": StageWords("write the cleaned copy", *_FILE),
    "check": StageWords("check the cleaned copy", *_FILE),
    "make heads": StageWords("make synthetic people", "person", "people"),
}


def stage_words(name: str) -> StageWords:
    """How a stage is called to a reader; an unknown one keeps its name and counts items.

    >>> stage_words("repair: pydeface").title
    'repair faces as an attacker would (pydeface)'
    """
    stem, _, of = name.partition(": ")
    known = STAGES.get(stem, StageWords(stem, "item", "items"))
    return StageWords(f"{known.title} ({of})", known.one, known.many) if of else known
