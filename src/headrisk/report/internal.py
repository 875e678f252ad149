"""The files of ``OUT/internal``: labels, paths, pictures and single scores. They stay inside."""

from __future__ import annotations

import base64
import io

import matplotlib as mpl
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave
from numpy.typing import NDArray

from headrisk.report.html import render, section_view
from headrisk.report.json_tsv import canonical_json, report_as_dict, table_text
from headrisk.report.model import Internal, Link, Report, RunRecord, ScoreMatrix, Table

LINK_COLUMNS = ("probe", "gallery", "measure", "score", "rank", "decision")
SCAN_COLUMNS = (
    "participant_id", "session_id", "path", "status", "reason", "seconds", "quality",
    "verdict", "scan_id",
)  # fmt: skip
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


def internal_files(report: Report, internal: Internal, run: RunRecord) -> dict[str, bytes]:
    """Name to content for every file of ``internal/``; ``report`` is the full one."""
    return {
        "report.html": internal_html(report, internal, run).encode(),
        "report.json": canonical_json(report_as_dict(report)).encode(),
        "links.tsv": table_text(links_table(internal.links)).encode(),
        "scans.tsv": table_text(scans_table(internal)).encode(),
        "pairs.parquet": pairs_parquet(internal.matrices),
    }


def links_table(links: tuple[Link, ...]) -> Table:
    """``links.tsv``."""
    rows = tuple((x.probe, x.gallery, x.measure, x.score, x.rank, x.decision) for x in links)
    return Table(LINK_COLUMNS, rows)


def scans_table(internal: Internal) -> Table:
    """``scans.tsv``: every scan, usable or not."""
    return Table(
        SCAN_COLUMNS,
        tuple(
            (
                s.participant_id, s.session_id, s.path, s.status, s.reason, s.seconds,
                s.quality, s.verdict, s.scan_id,
            )
            for s in internal.scans
        ),
    )  # fmt: skip


def pairs_parquet(matrices: tuple[ScoreMatrix, ...]) -> bytes:
    """Every compared pair under every measure, one row group a measure."""
    buffer = io.BytesIO()
    with pq.ParquetWriter(buffer, PAIR_SCHEMA, compression="zstd") as writer:
        for matrix in matrices:
            scores = matrix.scores
            probes, gallery = scores.values.shape
            rows, columns = np.divmod(np.arange(probes * gallery, dtype=np.int32), max(gallery, 1))
            writer.write_table(
                pa.table(
                    [
                        pa.DictionaryArray.from_arrays(pa.array(rows), list(matrix.probe_ids)),
                        pa.DictionaryArray.from_arrays(pa.array(columns), list(matrix.gallery_ids)),
                        pa.DictionaryArray.from_arrays(
                            pa.array(np.zeros(rows.size, np.int32)), [scores.measure]
                        ),
                        pa.array(scores.values.ravel()),
                        pa.array(scores.mated.ravel()),
                        pa.array(scores.usable.ravel()),
                    ],
                    schema=PAIR_SCHEMA,
                )
            )
    return buffer.getvalue()


def internal_html(report: Report, internal: Internal, run: RunRecord) -> str:
    """The page for the custodian: who is linked, which scans failed, how each was prepared."""
    exposed = sorted(
        (link for link in internal.links if link.rank == 1 and link.decision == "link"),
        key=lambda link: -link.score,
    )
    return render(
        "internal.html.j2",
        report=report,
        run=run,
        sections=[section_view(section) for section in report.modalities],
        matrices=[(m, matrix_png(m)) for m in internal.matrices[:1]],
        exposed=exposed,
        links=internal.links[:2000],
        link_total=len(internal.links),
        failed=[s for s in internal.scans if s.status == "failed"],
        doubtful=[s for s in internal.scans if s.status == "ok" and s.verdict != "ok"],
        mosaics=[(m, png(m.image)) for m in internal.mosaics],
        notes=internal.notes,
    )


def png(image: NDArray[np.uint8]) -> str:
    """An 8-bit grey (y, x) or RGB (y, x, 3) picture as a data address."""
    buffer = io.BytesIO()
    imsave(buffer, image, cmap="gray", vmin=0, vmax=255, format="png", metadata={"Software": None})
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def matrix_png(matrix: ScoreMatrix) -> str:
    """The similarity matrix ordered by person, pairs of one person outlined."""
    scores = matrix.scores
    rows = np.argsort(scores.probe_person, kind="stable")
    columns = np.argsort(scores.gallery_person, kind="stable")
    values = np.where(scores.usable, scores.values, np.nan)[np.ix_(rows, columns)]
    mated = scores.mated[np.ix_(rows, columns)]
    with mpl.rc_context({"font.size": 7.0}):
        figure = Figure(figsize=(7.0, 6.2), layout="constrained", dpi=150)
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        shown = axes.imshow(values, cmap="cividis_r", interpolation="nearest", aspect="auto")
        y, x = np.nonzero(mated)
        size = max(1.0, 260 / max(values.shape))
        axes.scatter(x, y, marker="s", s=size**2, facecolors="none", edgecolors="#D55E00", lw=0.9)
        if max(values.shape) <= LARGEST_PICTURE:
            axes.set_yticks(range(rows.size), [matrix.probe_ids[i] for i in rows])
            axes.set_xticks(range(columns.size), [matrix.gallery_ids[i] for i in columns])
            axes.tick_params(axis="x", rotation=90)
        figure.colorbar(shown, ax=axes, label=f"similarity ({scores.measure})", shrink=0.6)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
