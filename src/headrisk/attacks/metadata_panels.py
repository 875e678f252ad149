"""What the metadata attack tells beside its rates: which fields agree within people."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import numpy as np

from headrisk.findings.coarse import SMALLEST_CELL, share_above, share_below, stepped
from headrisk.findings.records import Panel, Table
from headrisk.linkage.design import Design
from headrisk.metadata.attack import CodedField, group_of
from headrisk.metadata.field_names import public_name
from headrisk.report.words import metadata as words
from headrisk.types import BoolArray, IntArray

MOST_FIELDS = 20


def field_panel(fields: Sequence[CodedField], design: Design) -> dict[Panel, Table]:
    """How often each field agrees within and between people, the most telling first.

    Fields that fewer than five people have in a compared pair of their own scans are left out, and
    so names that no standard and no converter gave are not printed: a key can be somebody's name.
    """
    same = (design.probe_person[:, None] == design.gallery_person[None, :]) & design.usable
    rows = []
    for field in fields:
        row = _agreements(field, design, same)
        if row is not None:
            rows.append(row)
    rows.sort(key=lambda row: (-(row[2] - row[3]) * row[4], row[0]))
    if not rows:
        return {}
    name, _, mates, others, _ = rows[0]
    answer = words.fields_answer(len(rows), name, mates, others)
    columns = ("field", "group", "pairs_of_one_person_agree", "pairs_of_two_agree", "bits")
    panel = Panel("fields", words.FIELDS, answer)
    return {panel: Table(columns, tuple(rows[:MOST_FIELDS]))}


def _agreements(
    field: CodedField, design: Design, same: BoolArray
) -> tuple[str, str, float, float, float] | None:
    """Name, group, shares of agreeing mated and non-mated pairs, and mean bits of a value."""
    probe, gallery = field.codes[design.probes], field.codes[design.gallery]
    known = (probe >= 0)[:, None] & (gallery >= 0)[None, :] & design.usable
    mated, other = known & same, known & ~same
    people: IntArray = np.unique(design.probe_person[mated.any(axis=1)])
    if people.size < SMALLEST_CELL or not other.any():
        return None
    equal = field.equal(design.probes, design.gallery)
    bits = float(field.weight[gallery[gallery >= 0]].mean()) / log(2)
    return (
        public_name(field.name),
        group_of(field.name).removesuffix("-fields"),
        share_above(float(equal[mated].mean()), people.size),
        share_below(float(equal[other].mean()), people.size),
        stepped(bits, 0.5, up=True),
    )
