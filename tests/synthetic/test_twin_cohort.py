"""A cohort of twins on disk: same bytes from one seed, readable, with the planted mistakes."""

from __future__ import annotations

import hashlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from headrisk.dataset.index import index_dataset
from headrisk.errors import UsageError
from headrisk.face.detect import centerface
from headrisk.face.photo_table import list_photos
from headrisk.face.photos import read_photo
from headrisk.io.tsv import read_tsv
from headrisk.synthetic.people import cohort
from headrisk.synthetic.people.cohort import PeopleSettings, write_people
from headrisk.synthetic.people.photo import PhotoPlants, plan_photos
from headrisk.synthetic.people.photo_settings import PhotoSettings
from headrisk.synthetic.people.volume import PersonScanSettings

TINY = PhotoSettings(size=(64, 96))
COARSE = PersonScanSettings(voxel_mm=(5.0, 6.0, 7.0))
PLANTS = PhotoPlants(no_face=1, expired=1, no_consent=1, single=1, stranger=1)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.slow
def test_a_cohort_is_a_data_set_with_photographs_and_equal_bytes_from_one_seed(
    tmp_path: Path,
) -> None:
    settings = PeopleSettings(photos=1, photo=TINY, scan=COARSE)
    data, photos = tmp_path / "a" / "data", tmp_path / "a" / "photos"
    table = write_people(data, photos, 2, settings, np.random.default_rng(1000))
    with ThreadPoolExecutor(2) as pool:
        write_people(
            tmp_path / "b" / "data",
            tmp_path / "b" / "photos",
            2,
            settings,
            np.random.default_rng(1000),
            mapper=pool.map,
        )
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    scans = index_dataset(data).to_pylist()
    assert Counter(scan["participant_id"] for scan in scans) == {"001": 1, "002": 1}
    people = read_tsv(data / "participants.tsv")
    assert {row.values["sex"] for row in people} <= {"F", "M"}
    assert all(20 <= float(row.values["age"]) <= 80 for row in people)
    known = frozenset(row.values["participant_id"] for row in people)
    listed = list_photos(table, known, date(2026, 1, 1))
    assert [photo.status for photo in listed] == ["ok", "ok"]
    assert {photo.consent_id for photo in listed} == {"SYNTHETIC-001", "SYNTHETIC-002"}
    assert all(len(set(read_photo(Path(p.path)).shape[:2])) == 1 for p in listed)


@pytest.mark.slow
def test_planted_photographs_are_found_by_the_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but the photograph without a face is told by the table; that one by a detector."""
    monkeypatch.setattr(cohort, "_scan", lambda *_: [])
    settings = PeopleSettings(photos=2, photo=PhotoSettings(size=(120, 120)), plants=PLANTS)
    photos = tmp_path / "photos"
    table = write_people(tmp_path / "data", photos, 5, settings, np.random.default_rng(1001))
    truth = {
        row.values["path"]: row.values
        for row in read_tsv(tmp_path / "data" / "sourcedata" / "photographs.tsv")
    }
    assert len(truth) == 5 * 2 - 1 + 2
    listed = list_photos(table, frozenset(f"sub-{n:03d}" for n in range(1, 6)), date(2026, 1, 1))
    status = {Path(photo.path).name: photo.status for photo in listed}
    assert status.keys() == truth.keys()
    expected = {"expired": "refused", "no-consent": "refused", "stranger": "unknown person"}
    for name, values in truth.items():
        assert status[name] == expected.get(values["planted"], "ok")
        assert f"sub-{int(values['person']) + 1:03d}" == values["participant_id"]
    assert Counter(row["planted"] for row in truth.values()) == {
        "": 5,
        "no-face": 1,
        "expired": 1,
        "no-consent": 1,
        "single": 1,
        "stranger": 2,
    }
    nobody = next(name for name, row in truth.items() if row["planted"] == "no-face")
    for name in status:
        with Image.open(photos / name) as image:
            seen = centerface.faces(np.asarray(read_photo(photos / name)), lowest=0.5)
            assert image.format == "JPEG"
        assert bool(seen) == (name != nobody)


def test_names_of_photographs_do_not_follow_the_people() -> None:
    rngs = np.random.default_rng(3).spawn(40)
    plans = plan_photos(40, 3, PhotoPlants(), rngs, np.random.default_rng(4))
    names = [photo.name for plan in plans for photo in plan.photos]
    assert sorted(names) == [f"photo-{n:04d}.jpg" for n in range(1, 121)]
    order = np.array([int(name[6:10]) for name in names])
    assert abs(np.corrcoef(order, np.arange(120))[0, 1]) < 0.3


def test_too_few_people_and_full_folders_are_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(UsageError, match="number of people"):
        write_people(tmp_path / "d", tmp_path / "p", 3, PeopleSettings(plants=PLANTS), rng)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    for data, photos in (("full", "p"), ("d", "full")):
        with pytest.raises(UsageError, match="not empty"):
            write_people(tmp_path / data, tmp_path / photos, 1, PeopleSettings(), rng)
    assert not (tmp_path / "d").exists()
    with pytest.raises(UsageError, match="sessions"):
        PeopleSettings(sessions=0)
