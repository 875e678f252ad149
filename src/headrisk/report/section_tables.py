"""The tables that every modality's section has: measures, thresholds and conditions."""

from __future__ import annotations

from headrisk.findings.records import ModalitySection, Table, Value
from headrisk.types import Estimate


def measures_table(section: ModalitySection) -> Table:
    """All measures side by side."""
    columns = (
        "measure", "reading", "auc", "eer", "d_prime",
        "rank1", "rank1_low", "rank1_high", "rank5", "rank5_low", "rank5_high", "n",
        "control", "chance", "mated_min", "nonmated_max",
    )  # fmt: skip
    rows = tuple(
        (
            m.name, m.reading, *(e.value if e else None for e in (m.auc, m.eer, m.d_prime)),
            *_triple(m.rank1), *_triple(m.rank5), m.rank1.n if m.rank1 else None,
            m.control.value if m.control else None, m.chance, m.mated_min, m.nonmated_max,
        )
        for m in section.measures
    )  # fmt: skip
    return Table(columns, rows)


def thresholds_table(section: ModalitySection) -> Table:
    """Each measure's thresholds with the error rates on held-out people."""
    columns = (
        "measure", "rule", "threshold", "fmr", "fmr_low", "fmr_high", "fnmr", "fnmr_low",
        "fnmr_high",
    )  # fmt: skip
    rows = tuple(
        (m.name, rule, item.value, *_triple(item.fmr), *_triple(item.fnmr))
        for m in section.measures
        for rule, item in m.thresholds.items()
    )
    return Table(columns, rows)


def conditions_table(section: ModalitySection) -> Table:
    """The headline measure by condition; withheld cells read ``<5``."""
    columns = (
        "condition", "level", "persons", "mated_pairs", "rank1", "rank1_low", "rank1_high", "auc"
    )  # fmt: skip
    rows = []
    for c in section.conditions:
        cells: tuple[Value, ...] = (c.persons, c.mated_pairs, *_triple(c.rank1), c.auc)
        rows.append((c.name, c.level, *(("<5",) * len(cells) if c.withheld else cells)))
    return Table(columns, tuple(rows))


def _triple(estimate: Estimate | None) -> tuple[Value, Value, Value]:
    return (estimate.value, estimate.low, estimate.high) if estimate else (None, None, None)
