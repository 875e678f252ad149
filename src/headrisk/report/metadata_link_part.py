"""The part of an audit's report that is about metadata: which fields agree, and the comparison."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import numpy as np

from headrisk.linkage.design import Design
from headrisk.metadata.attack import CodedField, group_of
from headrisk.metadata.field_names import public_name
from headrisk.report import frequencies, wording
from headrisk.report.coarse import SMALLEST_CELL, share_above, share_below, stepped
from headrisk.report.metadata_part import NAME
from headrisk.report.model import ModalitySection, Panel, Table
from headrisk.report.withhold import withhold_section
from headrisk.types import BoolArray, IntArray

METHOD = (
    "Headers and all sidecars that apply to a scan were read, voxels were not. Two scans score "
    "the sum, over all fields on which they agree, of the negative logarithm of the value's share "
    "in the gallery; values that repeat the scan's own label were left out.",
)
REFERENCES = (
    "Fellegi IP, Sunter AB (1969). A theory for record linkage. Journal of the American "
    "Statistical Association 64:1183-1210.",
)
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
    answer = (
        f"{len(rows)} fields differ between scans and are known of five people or more. The most "
        f"telling is {name}: it agrees in up to {frequencies.percent(mates)} of the pairs of one "
        f"person and in {frequencies.percent(others)} or a little more of the pairs of two."
    )
    columns = ("field", "group", "pairs_of_one_person_agree", "pairs_of_two_agree", "bits")
    panel = Panel("fields", "Which fields link people?", answer)
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


def against_images(sections: Sequence[ModalitySection]) -> tuple[str, ...]:
    """One sentence for each image modality that says whether metadata link more people than it."""
    sections = [withhold_section(section) for section in sections]
    own = next((section for section in sections if section.name == NAME), None)
    best = wording.strongest(own) if own is not None and own.sufficient else None
    if best is None or best.rank1 is None:
        return ()
    said = []
    for section in sections:
        measure = section.headline
        if section is own or not section.sufficient or measure is None or measure.rank1 is None:
            continue
        what = wording.MODALITY_NAMES.get(section.name, (section.name, ""))[0].lower()
        ahead = best.rank1.value > measure.rank1.value
        verdict = "more than" if ahead else "no more than"
        said.append(
            f"Metadata alone ({best.name}), without a look at any image, link "
            f"{frequencies.rate(best.rank1)} of people at rank 1, {verdict} the {what} "
            f"({frequencies.rate(measure.rank1)})."
            + (" Clean the metadata first: no treatment of images lowers this." if ahead else "")
        )
    return tuple(said)
