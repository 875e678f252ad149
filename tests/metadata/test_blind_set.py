"""What is found, cleaned and spared of a set that was written without sight of the rules."""

from pathlib import Path

import pytest
from blind_set import Measured, in_process, measure, studies, summary


def _share(measured: list[Measured], severity: str, carriers: set[str] | None = None) -> float:
    results = [
        r
        for m in measured
        for r in m.results
        if r.truth.severity == severity
        and (carriers is None or r.truth.spelling.carrier in carriers)
    ]
    return sum(r.found for r in results) / len(results)


def _nothing_was_spoilt(measured: list[Measured]) -> None:
    for each in measured:
        assert each.images > 0
        assert not each.voxels_changed
        spoilt = [r.truth for r in each.results if r.destroyed]
        assert not spoilt, spoilt


@pytest.mark.filterwarnings("ignore")
def test_a_part_of_the_blind_set_is_found_and_nothing_useful_is_spoilt(tmp_path: Path) -> None:
    measured = [measure("A0", studies("A", 40)[0], tmp_path, in_process)]
    assert _share(measured, "direct", {"column", "key", "dicom"}) >= 0.95
    assert _share(measured, "quasi", {"column", "key", "dicom"}) >= 0.9
    _nothing_was_spoilt(measured)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("half", ["A", "B"])
def test_the_whole_blind_set(tmp_path: Path, half: str) -> None:
    measured = [
        measure(f"{half}{i}", items, tmp_path, in_process)
        for i, items in enumerate(studies(half, 180))
    ]
    fields = {"column", "key", "key-table", "dicom", "nifti"}
    assert _share(measured, "direct", fields) >= 0.94, summary(measured)
    assert _share(measured, "quasi", fields) >= 0.9, summary(measured)
    files = sum(m.files for m in measured)
    false = sum(r.found for m in measured for r in m.results if r.truth.severity == "harmless")
    assert 100 * false / files <= 2
    _nothing_was_spoilt(measured)
