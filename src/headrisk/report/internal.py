"""The files of ``OUT/internal``: labels, paths, pictures and single scores. They stay inside."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image

from headrisk.findings.codec import report_as_dict
from headrisk.findings.records import Internal, Link, Mosaic, Report, RunRecord, ScoreMatrix, Table
from headrisk.io.canonical import canonical_json
from headrisk.report.figures import MATED
from headrisk.report.html import render, section_view
from headrisk.report.index import index_people, kinds_of, look_first, measure_of, state_counts
from headrisk.report.svg import any_glyph, label_text, style
from headrisk.report.tsv import table_text
from headrisk.report.withhold import withhold_small_cells
from headrisk.report.words.internal import STATES, WHY
from headrisk.report.words.summary import title

LINK_COLUMNS = ("probe", "gallery", "measure", "score", "rank", "decision", "attack")
SCAN_COLUMNS = (
    "participant_id",
    "session_id",
    "path",
    "status",
    "reason",
    "seconds",
    "quality",
    "verdict",
    "scan_id",
    "modality",
)
PAIR_SCHEMA = pa.schema(
    [
        ("probe", pa.dictionary(pa.int32(), pa.string())),
        ("gallery", pa.dictionary(pa.int32(), pa.string())),
        ("measure", pa.dictionary(pa.int32(), pa.string())),
        ("score", pa.float64()),
        ("mated", pa.bool_()),
        ("usable", pa.bool_()),
    ]
)
LARGEST_PICTURE = 150
MOST_PICTURES = 300
MANY_PICTURES = 60  # from here on they are smaller
SMALL_PIXELS = 480
MOST_LINKS = 2000
SHOWN_RANKS = 5
VERDICTS = ("failed", "doubtful", "ok")


def internal_files(report: Report, internal: Internal, run: RunRecord) -> dict[str, bytes]:
    """Name to content for ``internal/`` but for the pairs; ``report`` is the full one."""
    return {
        "report.html": internal_html(report, internal, run).encode(),
        "report.json": canonical_json(report_as_dict(report)).encode(),
        "links.tsv": table_text(links_table(internal.links)).encode(),
        "scans.tsv": table_text(scans_table(internal)).encode(),
        **{f"{name}.tsv": table_text(table).encode() for name, table in internal.tables.items()},
        **({"input-key": f"{internal.input_key}\n".encode()} if internal.input_key else {}),
    }


def encodable(internal: Internal) -> Internal:
    """The same with file names that are not UTF-8 spelled out as escapes."""
    return Internal(
        scans=tuple(replace(s, **_escaped(vars(s))) for s in internal.scans),
        links=tuple(replace(x, **_escaped(vars(x))) for x in internal.links),
        mosaics=tuple(replace(m, scan_id=_escape(m.scan_id)) for m in internal.mosaics),
        matrices=tuple(
            ScoreMatrix(
                m.scores, tuple(map(_escape, m.probe_ids)), tuple(map(_escape, m.gallery_ids))
            )
            for m in internal.matrices
        ),
        notes=tuple(map(_escape, internal.notes)),
        tables={name: _escaped_table(table) for name, table in internal.tables.items()},
        input_key=internal.input_key,
    )


def _escape(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _escaped(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _escape(item) for key, item in values.items() if isinstance(item, str)}


def _escaped_table(table: Table) -> Table:
    rows = (
        tuple(_escape(cell) if isinstance(cell, str) else cell for cell in row)
        for row in table.rows
    )
    return Table(table.columns, tuple(rows))


def links_table(links: tuple[Link, ...]) -> Table:
    """``links.tsv``."""
    rows = tuple(
        (x.probe, x.gallery, x.measure, x.score, x.rank, x.decision, x.attack) for x in links
    )
    return Table(LINK_COLUMNS, rows)


def scans_table(internal: Internal) -> Table:
    """``scans.tsv``: every scan, usable or not, once for each modality that looked at it."""
    return Table(
        SCAN_COLUMNS,
        tuple(
            (
                s.participant_id,
                s.session_id,
                s.path,
                s.status,
                s.reason,
                s.seconds,
                s.quality,
                s.verdict,
                s.scan_id,
                s.modality,
            )
            for s in internal.scans
        ),
    )


def write_pairs(matrices: tuple[ScoreMatrix, ...], file: IO[bytes]) -> None:
    """Every pair under every measure as Parquet, one row group a measure.

    Columns: probe, gallery, measure, score (larger is more alike), mated, usable.
    """
    with pq.ParquetWriter(file, PAIR_SCHEMA, compression="zstd") as writer:
        for matrix in matrices:
            writer.write_table(_pair_table(matrix))


def _pair_table(matrix: ScoreMatrix) -> pa.Table:
    scores = matrix.scores
    probes, gallery = scores.values.shape
    rows = np.repeat(np.arange(probes, dtype=np.int32), gallery)
    columns = np.tile(np.arange(gallery, dtype=np.int32), probes)
    dictionary = pa.DictionaryArray.from_arrays
    return pa.table(
        [
            dictionary(rows, pa.array(matrix.probe_ids, pa.string())),
            dictionary(columns, pa.array(matrix.gallery_ids, pa.string())),
            dictionary(np.zeros_like(rows), pa.array([scores.measure], pa.string())),
            pa.array(scores.values.ravel()),
            pa.array(scores.mated.ravel()),
            pa.array(scores.usable.ravel()),
        ],
        schema=PAIR_SCHEMA,
    )


def internal_html(report: Report, internal: Internal, run: RunRecord) -> str:
    """The page for the custodian: what to look at first, everybody with all scans, all pictures.

    Filters work without script. Links are those of the headline measure. Results are drawn again
    only for the modalities of which the public page withholds figures.
    """
    public = withhold_small_cells(report).modalities
    withheld = [full for full, seen in zip(report.modalities, public, strict=True) if full != seen]
    headlines = {s.headline.name: s.name for s in report.modalities if s.headline}
    first = {(s.name, s.headline.name) for s in report.modalities if s.headline}
    links = [x for x in internal.links if measure_of(x) in first and x.rank <= SHOWN_RANKS]
    sure = {(s.name, s.headline.name) for s in report.modalities if s.headline and s.sufficient}
    people = index_people(internal, first, sure)
    galleries = [
        _gallery(section.name, internal.mosaics)
        for section in report.modalities
        if section.name != "metadata"  # it has no pictures
    ]
    numbers = {
        (gallery["modality"], mosaic.scan_id): f"{gallery['modality']}-{number}"
        for gallery in galleries
        for number, (mosaic, _) in enumerate(gallery["pictures"], 1)
    }
    return render(
        "internal.html.j2",
        report=report,
        people=people,
        first=look_first(people),
        states=STATES,
        why=WHY,
        counts=state_counts(people),
        scans=sum(len(one.scans) for one in people),
        pictures={
            name: [
                (gallery["modality"], numbers[gallery["modality"], name])
                for gallery in galleries
                if (gallery["modality"], name) in numbers
            ]
            for name in {mosaic.scan_id for mosaic in internal.mosaics}
        },
        run=run,
        sections=report.modalities,
        views=[section_view(section) for section in report.modalities if section in withheld],
        too_little=[title(section) for section in report.modalities if not section.sufficient],
        matrices=[
            (m, headlines[m.scores.measure], matrix_png(m))
            for m in internal.matrices
            if m.scores.measure in headlines
        ],
        links=links[:MOST_LINKS],
        kinds_of=kinds_of,
        link_total=len(internal.links),
        galleries=galleries,
        tables=internal.tables,
        notes=internal.notes,
    )


def _gallery(modality: str, mosaics: tuple[Mosaic, ...]) -> dict[str, Any]:
    """Pictures of one modality, worst first, and how many there are."""
    own = tuple(m for m in mosaics if m.modality == modality)
    shown = worst_first(own)[:MOST_PICTURES]
    return {
        "modality": modality,
        "pictures": [(m, picture(m.image, small=len(shown) > MANY_PICTURES)) for m in shown],
        "total": len(own),
    }


def worst_first(mosaics: tuple[Mosaic, ...]) -> list[Mosaic]:
    """Failed, then doubtful, then by rising quality: what a person should look at first."""
    return sorted(mosaics, key=lambda m: (VERDICTS.index(m.verdict), m.quality, m.scan_id))


def picture(image: NDArray[np.uint8], *, small: bool = False) -> str:
    """An 8-bit grey (y, x) or RGB (y, x, 3) picture as a data address of few bytes.

    ``small`` ones are at most ``SMALL_PIXELS`` wide.
    """
    shown = Image.fromarray(image)
    if small and shown.width > SMALL_PIXELS:
        height = max(round(shown.height * SMALL_PIXELS / shown.width), 1)
        shown = shown.resize((SMALL_PIXELS, height), Image.Resampling.BOX)
    buffer = io.BytesIO()
    shown.save(buffer, format="jpeg", quality=80, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def png(image: NDArray[np.uint8]) -> str:
    """An 8-bit grey (y, x) or RGB (y, x, 3) picture as a data address."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="png", optimize=False)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


@style
def matrix_png(matrix: ScoreMatrix) -> str:
    """The similarity matrix ordered by person, pairs of one person outlined."""
    scores = matrix.scores
    rows = np.argsort(scores.probe_person, kind="stable")
    columns = np.argsort(scores.gallery_person, kind="stable")
    values = np.where(scores.usable, scores.values, np.nan)[np.ix_(rows, columns)]
    mated = scores.mated[np.ix_(rows, columns)]
    with any_glyph():
        figure = Figure(figsize=(7.0, 6.2), layout="constrained", dpi=150)
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.tick_params(labelsize=7)
        shown = axes.imshow(values, cmap="Blues", interpolation="nearest", aspect="auto")
        squares = [Rectangle((x - 0.5, y - 0.5), 1, 1) for y, x in np.argwhere(mated)]
        width = min(1.4, 60 / max(values.shape))
        axes.add_collection(PatchCollection(squares, facecolor="none", edgecolor=MATED, lw=width))
        if max(values.shape) <= LARGEST_PICTURE:
            axes.set_yticks(range(rows.size), [label_text(matrix.probe_ids[i]) for i in rows])
            axes.set_xticks(
                range(columns.size), [label_text(matrix.gallery_ids[i]) for i in columns]
            )
            axes.tick_params(axis="x", rotation=90)
        figure.colorbar(shown, ax=axes, label=f"similarity ({scores.measure})", shrink=0.6)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": ""})
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
