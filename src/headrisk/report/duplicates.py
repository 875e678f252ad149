"""The output of a search for duplicates: public counts, and an internal table and page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrisk.io.canonical import canonical_json
from headrisk.io.private import write_private
from headrisk.report.html import render
from headrisk.report.internal import png, scans_table
from headrisk.report.model import Internal, ScanRow, Table
from headrisk.report.tsv import table_text
from headrisk.report.write import write_public
from headrisk.types import Float32Array

SCHEMA_VERSION = "1.1"
JSON_NAME, PAGE_NAME, TABLE_NAME = "duplicates.json", "duplicates.html", "duplicates.tsv"
COLUMNS = (
    "number", "finding", "verdict", "probability", "chance_bound", "measure", "score",
    "first_participants", "first_scans", "second_participants", "second_scans", "belongs_to",
    "explanation",
)  # fmt: skip
TITLES = {
    "same-image": "The same image stored twice",
    "two-ids": "One person under two IDs",
    "two-persons": "Two persons under one ID",
    "mirrored": "One of two scans mirrored left to right",
}
JUDGEMENTS = ("certain", "likely", "look at it")
_SQUARE = 24  # pixels of a checkerboard field
_GAP = 6
_EQUAL, _BRIGHTER, _DARKER = (
    np.array(colour, float) for colour in ((48, 48, 48), (255, 170, 60), (80, 160, 255))
)


@dataclass(frozen=True)
class Suspicion:
    """One finding in words and pictures.

    Attributes
    ----------
    what
        ``same-image``, ``two-ids``, ``two-persons`` or ``mirrored``.
    first, second
        The scans on either side.
    bound
        Bonferroni bound on the chance of such a score anywhere in the data set.
    belongs_to
        The scan under another label that the odd one matches, or "".
    shown, names
        Scan ids of the two scans pictured, and their labels in words.
    picture
        (rows, columns, 3) uint8, or None with ``problem`` saying why.
    """

    what: str
    judgement: str
    probability: float
    bound: float
    measure: str
    score: float
    first: tuple[ScanRow, ...]
    second: tuple[ScanRow, ...]
    belongs_to: str
    explanation: str
    shown: tuple[str, str]
    names: tuple[str, str]
    picture: NDArray[np.uint8] | None = field(default=None, repr=False)
    problem: str = ""


@dataclass(frozen=True)
class DuplicatesReport:
    """All that a search for duplicates found.

    ``models`` are rows of text about the score distributions used; ``priors`` sentences on what
    was assumed beforehand.
    """

    suspicions: tuple[Suspicion, ...]
    scans: tuple[ScanRow, ...]
    compared: int
    examined: int
    models: tuple[tuple[str, ...], ...]
    priors: tuple[str, ...]
    notes: tuple[str, ...]
    settings: dict[str, Any]
    version: str

    @property
    def failed(self) -> int:
        """Number of scans that could not be used."""
        return sum(row.status == "failed" for row in self.scans)


def summary_sentence(report: DuplicatesReport) -> str:
    """What was found, in one sentence without names."""
    labels = len({row.participant_id for row in report.scans})
    usable = len(report.scans) - report.failed
    looked = f"{usable} usable {_plural(usable, 'scan')} under {labels} {_plural(labels, 'ID')}"
    if not report.compared:
        return f"Too little data: {looked}; at least two scans are needed to compare any."
    if not report.suspicions:
        return f"Nothing found: no duplicate and no wrong label seen among {looked}."
    counts = Counter(item.what for item in report.suspicions)
    parts = [
        f"{title[:1].lower()}{title[1:]} ({counts[what]} {_plural(counts[what], 'case')})"
        for what, title in TITLES.items()
        if counts[what]
    ]
    return f"To check, among {looked}: {'; '.join(parts)}."


def public_summary(report: DuplicatesReport) -> dict[str, Any]:
    """``duplicates.json``: counts alone, no label, path or score."""
    return {
        "schema_version": SCHEMA_VERSION,
        "version": report.version,
        "settings": report.settings,
        "counts": {
            "participant_ids": len({row.participant_id for row in report.scans}),
            "scans": len(report.scans),
            "failed": report.failed,
            "compared_pairs": report.compared,
            "examined_pairs": report.examined,
        },
        "findings": {
            what: {
                judgement: sum(
                    item.what == what and item.judgement == judgement for item in report.suspicions
                )
                for judgement in JUDGEMENTS
            }
            for what in TITLES
        },
    }


def duplicates_table(report: DuplicatesReport) -> Table:
    """``internal/duplicates.tsv``, one row for each finding."""
    return Table(
        COLUMNS,
        tuple(
            (
                number, item.what, item.judgement, round(item.probability, 6), item.bound,
                item.measure, round(item.score, 6), *_names(item.first), *_names(item.second),
                item.belongs_to, item.explanation,
            )
            for number, item in enumerate(report.suspicions, start=1)
        ),
    )  # fmt: skip


def write_duplicates(report: DuplicatesReport, out: Path) -> Path:
    """Write the findings below ``out``; return the path of the internal page.

    ``internal/`` is for the owner alone (0700, files 0600); only counts are public.
    """
    out.mkdir(parents=True, exist_ok=True)
    internal = out / "internal"
    internal.mkdir(mode=0o700, exist_ok=True)
    page = render("duplicates.html.j2", report=report, **_page_values(report))
    scans = scans_table(Internal(scans=report.scans))
    write_private(internal / TABLE_NAME, table_text(duplicates_table(report)).encode())
    write_private(internal / "scans.tsv", table_text(scans).encode())
    write_private(internal / PAGE_NAME, page.encode("utf-8", "backslashreplace"))
    content = canonical_json(public_summary(report)).encode()
    write_public(out, {JSON_NAME: content})
    return internal / PAGE_NAME


def evidence_picture(
    first: tuple[Float32Array, ...], second: tuple[Float32Array, ...]
) -> NDArray[np.uint8]:
    """Aligned slices: first, second, both as a checkerboard, and their difference.

    Each argument holds pictures 0..1 of the same planes. One row for each plane. The second scan
    is brought to the first one's mean and spread before the two are joined. In the difference,
    dark grey is equal, blue is darker and orange is brighter in the second.
    """
    inside = [(a > 0) & (b > 0) for a, b in zip(first, second, strict=True)]
    values_a, values_b = (
        np.concatenate([image[mask] for image, mask in zip(images, inside, strict=True)])
        for images in (first, second)
    )
    gain, offset = 1.0, 0.0
    if values_a.size and values_b.std() > 0:
        gain = float(values_a.std() / values_b.std())
        offset = float(values_a.mean() - gain * values_b.mean())
    width = max(image.shape[1] for image in first) + _GAP
    rows = []
    for a, b in zip(first, second, strict=True):
        matched = np.where(b > 0, np.clip(gain * b + offset, 0, 1), 0).astype(np.float32)
        tiles = [_grey(a), _grey(matched), _checkerboard(a, matched), _difference(a, matched)]
        rows.append(np.concatenate([_centred(tile, width) for tile in tiles], axis=1))
    return np.concatenate(rows, axis=0)


def _centred(tile: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    spare = width - tile.shape[1]
    return np.pad(tile, ((0, _GAP), (spare // 2, spare - spare // 2), (0, 0)))


def _page_values(report: DuplicatesReport) -> dict[str, Any]:
    groups = [
        (title, [(n, s) for n, s in enumerate(report.suspicions, start=1) if s.what == what])
        for what, title in TITLES.items()
    ]
    return {
        "sentence": summary_sentence(report),
        "groups": groups,
        "images": {
            number: png(item.picture)
            for number, item in enumerate(report.suspicions, start=1)
            if item.picture is not None
        },
        "failed": [row for row in report.scans if row.status == "failed"],
        "probability": probability_text,
        "bound": bound_text,
    }


def probability_text(value: float) -> str:
    """A probability that never rounds to 0 or 100 %."""
    if value >= 0.9995:
        return "over 99.9 %"
    return f"{100 * value:.1f} %" if value >= 0.9 else f"{100 * value:.0f} %"


def bound_text(value: float) -> str:
    """A bound on a chance, from 1 down to "under 1 in a million"."""
    if value < 1e-6:
        return "under 1 in a million"
    return f"at most {100 * value:.2g} %" if value < 1 else "no bound"


def _names(rows: tuple[ScanRow, ...]) -> tuple[str, str]:
    people = dict.fromkeys(row.participant_id for row in rows)
    return "; ".join(people), "; ".join(row.scan_id for row in rows)


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"


def _grey(image: Float32Array) -> NDArray[np.uint8]:
    return np.repeat((255 * image).astype(np.uint8)[:, :, None], 3, axis=2)


def _checkerboard(a: Float32Array, b: Float32Array) -> NDArray[np.uint8]:
    row, column = np.indices(a.shape)
    odd = (row // _SQUARE + column // _SQUARE) % 2 == 1
    return _grey(np.where(odd, b, a))


def _difference(a: Float32Array, b: Float32Array) -> NDArray[np.uint8]:
    part = np.clip(2 * (b - a), -1, 1)[:, :, None]
    colour = np.where(part > 0, _BRIGHTER, _DARKER)
    mixed = _EQUAL + np.abs(part) * (colour - _EQUAL)
    brain = ((a > 0) | (b > 0))[:, :, None]
    return np.where(brain, mixed, 0).astype(np.uint8)
