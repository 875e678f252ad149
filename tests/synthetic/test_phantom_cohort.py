"""The synthetic data set on disk: same seed, same bytes; labels, truth and planted mistakes."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from headrisk.brain.template import load_template
from headrisk.errors import UsageError
from headrisk.io.nifti import load_volume
from headrisk.synthetic.phantom.acquisition import draw_acquisition, head_to_scanner, install
from headrisk.synthetic.phantom.atlas import Atlas
from headrisk.synthetic.phantom.cohort import write_cohort
from headrisk.synthetic.phantom.people import draw_person
from headrisk.synthetic.phantom.plan import Plants, plan_cohort
from headrisk.synthetic.phantom.render import render
from headrisk.synthetic.phantom.settings import PhantomSettings, Scanner

QUICK = replace(
    PhantomSettings(),
    scanners=(
        Scanner("A", "Maker", "One", "11", (1.9, 2.0, 2.0), "PSR"),
        Scanner("B", "Maker", "Two", "12", (2.0, 1.9, 2.0), "LAS"),
    ),
)
PLANTS = Plants(two_ids=1, rewritten=1, resampled=1)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cohort") / "bids"
    rng = np.random.default_rng(5)
    return write_cohort(out, 3, 1, QUICK, rng, load_template(), plants=PLANTS)


@pytest.mark.slow
def test_same_seed_gives_the_same_bytes_with_any_mapper(tmp_path: Path) -> None:
    settings = replace(QUICK, scanners=QUICK.scanners[:1])
    folders = []
    with ThreadPoolExecutor(2) as pool:
        for name, mapper in (("a", map), ("b", pool.map)):
            out, rng = tmp_path / name, np.random.default_rng(1)
            write_cohort(out, 2, 1, settings, rng, load_template(), mapper=mapper)
            folders.append(_digests(out))
    assert folders[0] == folders[1]
    images = [digest for name, digest in folders[0].items() if name.endswith(".nii.gz")]
    assert len(set(images)) == 2


def test_images_load_and_carry_no_time(cohort: Path) -> None:
    paths = sorted(cohort.rglob("*.nii.gz"))
    assert len(paths) == 3 + 1 + 2
    for path in paths:
        content = path.read_bytes()
        assert content[4:8] == b"\0\0\0\0"  # gzip's time
        assert not content[3] & 8  # gzip's file name
        assert gzip.decompress(content)
        image = nib.load(path)
        assert np.allclose(image.get_qform(), image.get_sform(), atol=1e-4)
        assert image.header["qform_code"] == image.header["sform_code"] == 1
        volume = load_volume(path)
        assert volume.notes == ()
        assert volume.data.max() > 100  # the rewritten copy holds a quarter of the gain


def test_layout_is_bids(cohort: Path) -> None:
    about = json.loads((cohort / "dataset_description.json").read_text())
    assert about["BIDSVersion"]
    assert about["DatasetType"] == "raw"
    people = _rows(cohort / "participants.tsv")
    folders = sorted(path.name for path in cohort.glob("sub-*"))
    assert [row["participant_id"] for row in people] == folders
    assert len(folders) == 3 + 1 + 1
    for row in people:
        assert 20 <= float(row["age"]) <= 80
        assert row["sex"] in {"F", "M"}
        assert row["site"] in {"A", "B", "C"}
    for session in cohort.glob("sub-*/ses-*"):
        name = f"{session.parent.name}_{session.name}_T1w"
        assert (session / "anat" / f"{name}.nii.gz").is_file()
        sidecar = json.loads((session / "anat" / f"{name}.json").read_text())
        assert sidecar["ManufacturersModelName"] in {"One", "Two"}
        (scan,) = _rows(session / f"{session.parent.name}_{session.name}_scans.tsv")
        assert scan["filename"] == f"anat/{name}.nii.gz"
        assert scan["acq_time"] < "1925"


def test_truth_names_every_planted_mistake(cohort: Path) -> None:
    truth = _rows(cohort / "sourcedata" / "truth.tsv")
    assert all((cohort / row["path"]).is_file() for row in truth)
    planted = {row["planted"] for row in truth}
    assert planted == {"n/a", "two-ids", "copy-rewritten", "copy-resampled"}
    labels: dict[str, set[str]] = {}
    people: dict[str, set[str]] = {}
    for row in truth:
        labels.setdefault(row["person"], set()).add(row["participant_id"])
        people.setdefault(row["participant_id"], set()).add(row["person"])
    assert len(labels) == 3
    assert all(len(shown) == 1 for shown in people.values())  # nobody was swapped here
    again = [row for row in truth if row["planted"] == "two-ids"]
    assert {len(labels[row["person"]]) for row in again} == {2}


@pytest.mark.parametrize("kind", ["copy-rewritten", "copy-resampled"])
def test_copies_show_the_same_image_in_other_bytes(cohort: Path, kind: str) -> None:
    truth = _rows(cohort / "sourcedata" / "truth.tsv")
    (copy,) = [row for row in truth if row["planted"] == kind]
    original = next(row for row in truth if row["person"] == copy["person"])
    assert original["path"] != copy["path"]
    one = load_volume(cohort / original["path"])
    two = load_volume(cohort / copy["path"])
    matrix = np.linalg.inv(two.affine) @ one.affine
    moved = ndimage.affine_transform(
        two.data, matrix[:3, :3], matrix[:3, 3], output_shape=one.data.shape, order=1
    )
    assert (cohort / original["path"]).read_bytes() != (cohort / copy["path"]).read_bytes()
    assert np.corrcoef(moved.ravel(), one.data.ravel())[0, 1] > 0.97


def test_plan_gives_scanners_without_regard_to_the_person() -> None:
    plans = plan_cohort(60, 2, QUICK, Plants(), np.random.default_rng(0))
    pairs = [[visit.scanner.scanner.serial for visit in plan.visits] for plan in plans]
    same = sum(first == second for first, second in pairs)
    assert 15 <= same <= 45  # two scanners: half of the pairs agree by chance
    follow = replace(QUICK, scanner_follows_person=True)
    plans = plan_cohort(60, 2, follow, Plants(), np.random.default_rng(0))
    assert all(len({v.scanner.scanner.serial for v in plan.visits}) == 1 for plan in plans)
    assert len({plan.visits[0].scanner.scanner.serial for plan in plans}) == 2


def test_swapped_people_stand_under_each_others_label() -> None:
    plans = plan_cohort(4, 2, QUICK, Plants(swapped=1), np.random.default_rng(0))
    labels = [[(v.participant, v.session, v.planted) for v in plan.visits] for plan in plans]
    assert labels[0] == [("001", "1", ""), ("002", "2", "swapped")]
    assert labels[1] == [("002", "1", ""), ("001", "2", "swapped")]
    assert labels[2] == [("003", "1", ""), ("003", "2", "")]


def test_plan_spaces_the_sessions() -> None:
    settings = replace(QUICK, years_between=(1.0, 2.0))
    for plan in plan_cohort(20, 3, settings, Plants(), np.random.default_rng(0)):
        years = [visit.years for visit in plan.visits]
        assert years[0] == 0
        assert np.all((np.diff(years) >= 1) & (np.diff(years) <= 2))
        days = [(visit.date - plan.visits[0].date).days for visit in plan.visits]
        assert days == [round(365.25 * y) for y in years]


@pytest.mark.parametrize(
    ("people", "sessions", "plants"),
    [(0, 2, Plants()), (3, 0, Plants()), (1, 2, Plants(swapped=1)), (4, 1, Plants(swapped=1))],
)
def test_too_few_people_or_sessions_are_refused(people: int, sessions: int, plants: Plants) -> None:
    with pytest.raises(UsageError, match="at least"):
        plan_cohort(people, sessions, QUICK, plants, np.random.default_rng(0))


def test_a_folder_with_content_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        write_cohort(tmp_path, 1, 1, QUICK, np.random.default_rng(0), load_template())
    assert (tmp_path / "kept.txt").read_text() == "mine"


@pytest.mark.slow
@pytest.mark.parametrize(("strength", "low", "high"), [(0.0, 0, 4), (1.0, 10, 10)])
def test_identity_strength_decides_whether_people_can_be_linked(
    atlas: Atlas, strength: float, low: int, high: int
) -> None:
    """5 people x 2 scans, aligned by the truth; chance puts 10 / 9 mates at rank 1."""
    settings = replace(QUICK, identity=strength)
    template, rng = load_template(), np.random.default_rng(3)
    scanners = [install(scanner, rng) for scanner in settings.scanners]
    grid = template.affine @ np.diag([2.0, 2, 2, 1])
    mask = template.mask[::2, ::2, ::2]
    vectors = []
    for _ in range(5):
        person = draw_person(atlas, settings, rng)
        for _ in range(2):
            installed = scanners[int(rng.integers(2))]
            acquisition = draw_acquisition(settings, installed, "T1w", 0.0, rng)
            volume, affine = render(atlas, person, acquisition, settings, rng)
            matrix = np.linalg.inv(affine) @ head_to_scanner(person, acquisition) @ grid
            smooth = ndimage.gaussian_filter(volume, 0.8)
            aligned = ndimage.affine_transform(
                smooth, matrix[:3, :3], matrix[:3, 3], output_shape=mask.shape, order=1
            )
            vectors.append(aligned[mask] / aligned[mask].mean())
    residual = np.array(vectors) - np.mean(vectors, axis=0)
    scores = np.corrcoef(residual)
    np.fill_diagonal(scores, -2)
    hits = int(np.sum(scores.argmax(axis=1) // 2 == np.arange(10) // 2))
    assert low <= hits <= high
