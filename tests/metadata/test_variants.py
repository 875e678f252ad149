"""Generated spellings: identifying columns and keys are found, harmless ones are left in peace."""

from __future__ import annotations

from collections import Counter

import pytest
from exported import EXPORTED, FOREIGN, ORDINARY
from variants import Variant, harmless, nested, variants

from headrisk.metadata.findings import SEVERITY
from headrisk.metadata.known import NOBODY
from headrisk.metadata.sidecars import json_hits
from headrisk.metadata.tables import TextTable, table_hits

ALL = variants()
NEEDS_A_COLUMN = ("q12", "hq14")  # keys that say nothing: of one sentence alone nothing follows


def _table(one: Variant) -> TextTable:
    rows = tuple((i + 2, (f"sub-{i + 1:02d}", text)) for i, text in enumerate(one.values))
    return TextTable(("participant_id", one.name), rows, "\t")


def _counts(kind: str, found: set[str]) -> bool:
    """Found as its kind, or as another direct identifier, which is graver or as grave."""
    direct = {name for name, severity in SEVERITY.items() if severity == "direct identifier"}
    return kind in found or (kind != "free-text" and bool(found & direct))


def test_there_are_200_spellings_of_each_kind() -> None:
    counts = Counter(one.kind for one in ALL)
    assert len(counts) == 9
    assert min(counts.values()) >= 200


@pytest.mark.parametrize(
    "file",
    [
        "participants.tsv",
        pytest.param("phenotype.tsv", marks=pytest.mark.slow),
        pytest.param("export.csv", marks=pytest.mark.slow),
    ],
)
def test_columns_are_found_by_name_and_content(file: str) -> None:
    found: Counter[str] = Counter()
    for one in ALL:
        kinds = {hit.kind for hit in table_hits(_table(one), NOBODY, file)}
        found[one.kind] += _counts(one.kind, kinds)
    total = Counter(one.kind for one in ALL)
    share = {kind: found[kind] / total[kind] for kind in total}
    assert {kind: part for kind, part in share.items() if part < 0.99} == {}


def test_keys_are_found_however_they_are_nested() -> None:
    found: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for number, one in enumerate(ALL):
        if one.name.lower().startswith(NEEDS_A_COLUMN):
            continue
        value = one.values[-1] if one.kind != "free-text" else "had a stroke after the wedding"
        kinds = {hit.kind for hit in json_hits(nested(one.name, value, number), NOBODY)}
        found[one.kind] += _counts(one.kind, kinds)
        total[one.kind] += 1
    share = {kind: found[kind] / total[kind] for kind in total}
    assert {kind: part for kind, part in share.items() if part < 0.98} == {}


def test_harmless_columns_are_left_in_peace() -> None:
    plain = harmless()
    assert len(plain) > 1000
    false = [one.name for one in plain if any(table_hits(_table(one), NOBODY, "participants.tsv"))]
    assert len(false) <= len(plain) // 50, false


def test_harmless_keys_are_left_in_peace() -> None:
    plain = harmless()
    false = [
        one.name
        for number, one in enumerate(plain)
        if any(json_hits(nested(one.name, one.values[0], number), NOBODY))
    ]
    assert len(false) <= len(plain) // 50, false


def test_columns_of_exports_are_found() -> None:
    missed = []
    for name, values, kind in EXPORTED:
        hits = table_hits(_table(Variant(kind, name, values)), NOBODY, "phenotype.tsv")
        kinds = {hit.kind for hit in hits if hit.field != "participant_id"}
        if not _counts(kind, kinds) and "staff-name" not in kinds and "free-text" not in kinds:
            missed.append((name, kinds))
    assert len(EXPORTED) > 70
    assert missed == []


def _found(name: str, values: tuple[str, ...]) -> set[str]:
    hits = table_hits(_table(Variant("", name, values)), NOBODY, "phenotype.tsv")
    return {hit.kind for hit in hits if hit.field == name}


def test_odd_and_foreign_columns_are_found_and_ordinary_ones_are_not() -> None:
    assert [name for name, values in FOREIGN if not _found(name, values)] == []
    assert [name for name, values in ORDINARY if _found(name, values)] == []
