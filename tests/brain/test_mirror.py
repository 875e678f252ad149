"""Mirrored scans: told by a mate, by the asymmetry of a population, and by nothing else."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from heads import REAL, needs_real

from headrisk.brain.cohort import Cohort
from headrisk.brain.mirror import (
    ALL_ODD,
    ODD_ASYMMETRY,
    _average_asymmetry,
    all_mirrored,
    asymmetry,
    check_mirrored,
    mirrored,
    mirrored_pairs,
    odd_ones,
)
from headrisk.brain.prepare import PrepareTask, align_head, fingerprint
from headrisk.brain.template import read_template, template_grid
from headrisk.dataset.scans import Scan
from headrisk.errors import StoreError
from headrisk.io.nifti import load_volume
from headrisk.types import Float32Array, ScanResult

SIZE = template_grid(4).size


def people(rng: np.random.Generator, count: int, sessions: int, usual: float = 0.0) -> Float32Array:
    """Fingerprints of people with ``sessions`` each, in order; ``usual`` is their asymmetry."""
    average = _average_asymmetry(4) / _average_asymmetry(4).std()
    person = rng.normal(size=(count, SIZE)) + usual * average
    own = np.repeat(person, sessions, axis=0)
    return (own + 0.6 * rng.normal(size=own.shape)).astype(np.float32)


@pytest.mark.parametrize("resolution_mm", [2, 4])
def test_the_mirror_is_that_of_the_volume(resolution_mm: int) -> None:
    grid = template_grid(resolution_mm)
    vectors = np.random.default_rng(0).normal(size=(2, grid.size)).astype(np.float32)
    found = mirrored(vectors, grid)
    for one, other in zip(vectors, found, strict=True):
        assert np.array_equal(grid.volume(other), grid.volume(one)[::-1])
    assert np.array_equal(mirrored(found, grid), vectors)


def test_the_mirror_between_voxels_interpolates() -> None:
    """At 3 mm: a ramp along x turns round about the midplane, away from the brain's edge."""
    grid = template_grid(3)
    x = np.argwhere(grid.mask)[:, 0] * 3.0 + grid.affine[0, 3]
    found = mirrored(x[None].astype(np.float32), grid)[0]
    inner = np.abs(x) < 25
    assert np.median(np.abs(found[inner] + x[inner])) < 1e-4


def test_asymmetry_turns_its_sign_in_the_mirror() -> None:
    vectors = people(np.random.default_rng(1), 6, 1, usual=0.3)
    side = asymmetry(vectors, 4)
    assert (side > 0.05).all()
    assert asymmetry(mirrored(vectors, template_grid(4)), 4) == pytest.approx(-side, abs=1e-5)
    symmetric = vectors + mirrored(vectors, template_grid(4))
    assert asymmetry(symmetric[:1], 4) == pytest.approx([0], abs=1e-5)
    assert asymmetry(np.zeros((1, SIZE), np.float32), 4) == [0]


def test_a_mirrored_mate_is_found_and_no_other_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """In blocks of any size; among 6 people with two scans one scan is mirrored."""
    vectors = people(np.random.default_rng(2), 6, 2)
    assert mirrored_pairs(vectors, 4) == ()
    vectors[5] = mirrored(vectors[5:6], template_grid(4))[0]
    for size in (512, 4, 1):
        monkeypatch.setattr("headrisk.brain.mirror.block_size", lambda _, size=size: size)
        (pair,) = mirrored_pairs(vectors, 4)
        assert (pair.first, pair.second) == (4, 5)
        assert pair.mirrored > 0.6 > 0.2 > pair.score


def test_the_lower_asymmetry_of_a_pair_is_named() -> None:
    vectors = people(np.random.default_rng(3), 6, 2, usual=0.3)
    vectors[5] = mirrored(vectors[5:6], template_grid(4))[0]
    (pair,) = mirrored_pairs(vectors, 4)
    assert pair.likely == 5


def test_odd_ones_need_usual_others() -> None:
    rng = np.random.default_rng(4)
    names = np.arange(20)
    usual = rng.normal(0.05, 0.03, 20)
    usual[7] = -0.1
    assert np.flatnonzero(odd_ones(usual, names)).tolist() == [7]
    assert not odd_ones(usual - usual.mean(), names).any()
    assert not odd_ones(usual[5:10], names[5:10]).any()  # four others are too few
    assert not all_mirrored(usual, names)
    assert all_mirrored(-usual, names)
    assert not all_mirrored(-usual[:4], names[:4])
    assert not all_mirrored(np.repeat(-usual[:4], 9), np.repeat(names[:4], 9))  # four people


def cohort(vectors: Float32Array, sessions: int, suffix: str = "T1w") -> Cohort:
    scans = tuple(
        Scan(
            f"sub-{k // sessions}_ses-{k % sessions}",
            f"{k // sessions}",
            "/x",
            session_id=f"{k % sessions}",
            suffix=suffix,
        )
        for k in range(len(vectors))
    )
    results = tuple(
        ScanResult(scan.scan_id, "ok", "", 1.0, "ok", 0.9, vector=vector)
        for scan, vector in zip(scans, vectors, strict=True)
    )
    return Cohort(scans, results, ("",) * len(scans), ("",) * len(scans))


def test_scans_that_may_be_mirrored_are_doubtful() -> None:
    vectors = people(np.random.default_rng(5), 8, 2, usual=0.3)
    vectors[5] = mirrored(vectors[5:6], template_grid(4))[0]
    given = cohort(vectors, 2)
    checked = check_mirrored(given, 4)
    verdicts = [result.verdict for result in checked.cohort.results]
    assert [k for k, verdict in enumerate(verdicts) if verdict == "doubtful"] == [4, 5]
    reasons = [checked.cohort.results[k].reason for k in (4, 5)]
    assert "matches sub-2_ses-1" in reasons[0]
    assert "probably the other one" in reasons[0]
    assert "probably this one" in reasons[1]
    assert checked.notes == ()
    assert check_mirrored(cohort(vectors, 2, "T2w"), 4).pairs == ()


def test_a_scan_without_a_mate_is_doubtful_by_its_asymmetry() -> None:
    vectors = people(np.random.default_rng(6), 8, 1, usual=0.3)
    vectors[2] = mirrored(vectors[2:3], template_grid(4))[0]
    checked = check_mirrored(cohort(vectors, 1), 4)
    odd = [k for k, result in enumerate(checked.cohort.results) if result.verdict != "ok"]
    assert odd == [2]
    assert "the reverse of most people's" in checked.cohort.results[2].reason
    assert checked.pairs == ()


def test_a_mirrored_data_set_is_told_as_a_whole() -> None:
    vectors = mirrored(people(np.random.default_rng(7), 8, 1, usual=0.3), template_grid(4))
    assert check_mirrored(cohort(vectors, 1), 4).notes == (ALL_ODD,)


def test_failed_scans_and_doubts_stay() -> None:
    vectors = people(np.random.default_rng(8), 3, 2)
    vectors[1] = mirrored(vectors[1:2], template_grid(4))[0]
    given = cohort(vectors, 2)
    changed = list(given.results)
    changed[0] = replace(changed[0], verdict="doubtful", reason="thick slices")
    changed[2] = replace(changed[2], status="failed", verdict="failed", vector=None)
    found = check_mirrored(replace(given, results=tuple(changed)), 4).cohort.results
    assert found[0].reason.startswith("thick slices; may be mirrored")
    assert found[2] is changed[2]
    empty = replace(given, results=(changed[2],) * 6)
    assert check_mirrored(empty, 4).cohort is empty


def test_a_damaged_average_is_refused(tmp_path: Path) -> None:
    from importlib import resources

    from headrisk.io.weights import read_archive

    for name in ("asymmetry.npz", "asymmetry.npz.sha256"):
        with resources.as_file(resources.files("headrisk.brain") / "data" / name) as path:
            shutil.copy(path, tmp_path)
    content = bytearray((tmp_path / "asymmetry.npz").read_bytes())
    content[1000] ^= 1
    (tmp_path / "asymmetry.npz").write_bytes(content)
    with pytest.raises(StoreError, match="SHA-256"):
        read_archive(tmp_path, "asymmetry.npz", "x", "asymmetry", lambda stored: stored)
    with pytest.raises(StoreError):
        read_template(tmp_path)


@needs_real
@pytest.mark.realdata
@pytest.mark.slow
def test_real_scans_flipped_on_purpose() -> None:
    """One patient's two dates; flipping the voxels of one under the same header is noticed."""
    folder = REAL / "brain-tumor-progression" / "02"
    vectors = []
    for name, turn in (("Pre", False), ("Post", False), ("Post", True)):
        path = folder / f"{name}_Scan_T1.nii.gz"
        volume = load_volume(path)
        if turn:
            axis = int(np.argmax(np.abs(volume.affine[0, :3])))
            volume = replace(volume, data=np.ascontiguousarray(np.flip(volume.data, axis)))
        task = PrepareTask("x", str(path), "T1w", 4, "affine", accurate=False)
        vectors.append(fingerprint(align_head(volume, task), 4))
    assert mirrored_pairs(np.array(vectors[:2]), 4) == ()
    assert len(mirrored_pairs(np.array([vectors[0], vectors[2]]), 4)) == 1
    assert ODD_ASYMMETRY < 0
