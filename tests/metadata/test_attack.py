"""Linkage by metadata alone: scores against a naive loop, and a whole audit of it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.dataset.gather import Source
from headrisk.dataset.scans import Scan
from headrisk.job import Job
from headrisk.metadata.attack import (
    agreement,
    coded_fields,
    field_of,
    group_of,
    of_session,
    scan_fields,
)
from headrisk.pipeline import audit
from headrisk.settings import Settings

VALUES = st.sampled_from(["a", "b", "c", None])
SCANS = st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=4, max_size=12)


@given(SCANS)
def test_scores_are_the_sum_of_log_rarities_of_agreeing_fields(
    rows: list[tuple[str | None, ...]],
) -> None:
    scans = [{f"f{k}": v for k, v in enumerate(row) if v is not None} for row in rows]
    gallery = np.arange(len(scans) // 2, len(scans))
    probes = np.arange(len(scans) // 2)
    scores = agreement(coded_fields(scans, gallery), probes, gallery)
    for i, p in enumerate(probes):
        for j, g in enumerate(gallery):
            wanted = 0.0
            for name in ("f0", "f1", "f2"):
                value = scans[p].get(name)
                if value is None or value != scans[g].get(name):
                    continue
                if len({scan[name] for scan in scans if name in scan}) < 2:
                    continue
                known = [scans[k][name] for k in gallery if name in scans[k]]
                wanted -= math.log(known.count(value) / len(known))
            assert scores[i, j] == pytest.approx(wanted)


def test_fields_are_grouped_by_what_they_tell() -> None:
    assert group_of("global.const.PatientWeight") == "person-fields"
    assert group_of("DeviceSerialNumber") == "device-fields"
    assert group_of("ShimSetting") == group_of("gzip.time") == "session-fields"
    assert group_of("header.slope") == "geometry-fields"
    assert group_of("SliceTiming") == "protocol-fields"


def _write(
    root: Path, person: str, session: str, values: dict[str, Any], size: float = 1.0
) -> Path:
    stem = f"sub-{person}_ses-{session}_T1w"
    folder = root / f"sub-{person}" / f"ses-{session}" / "anat"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(hash((person, session)) % 2**32)
    image = nib.Nifti1Image(
        rng.integers(0, 9, (7, 8, 9)).astype(np.int16), np.diag([size] * 3 + [1])
    )
    nib.save(image, folder / f"{stem}.nii")
    (folder / f"{stem}.json").write_text(json.dumps(values))
    return folder / f"{stem}.nii"


def test_headers_and_inherited_sidecars_are_read_without_the_label(tmp_path: Path) -> None:
    (tmp_path / "T1w.json").write_text('{"EchoTime": 0.003, "FlipAngle": 9}')
    image = _write(
        tmp_path,
        "P07",
        "1",
        {
            "FlipAngle": 8,
            "PatientID": "P07",
            "Note": "see sub-P07",
            "IntendedFor": "x",
            "global": {"const": {"PatientWeight": 71.5}},
            "ShimSetting": [1, -2],
        },
        size=1.00390625,
    )
    found = scan_fields(Scan("s", "P07", str(image)), tmp_path, {})
    assert found.status == "ok"
    assert found.values["EchoTime"] == "0.003"
    assert found.values["FlipAngle"] == "8"
    assert found.values["global.const.PatientWeight"] == "71.5"
    assert found.values["ShimSetting"] == "[1, -2]"
    assert found.values["header.voxel_size"] == "1.00391 1.00391 1.00391"
    assert found.values["header.shape"] == "7 8 9"
    assert not {"PatientID", "Note", "IntendedFor"} & found.values.keys()


def _audited(root: Path, out: Path) -> dict[str, Any]:
    audit(
        Job((Source(root, "ds"),), out, settings=Settings(bootstrap=100), modalities=("metadata",))
    )
    content: dict[str, Any] = json.loads((out / "report.json").read_text())
    return dict(content["modalities"]["metadata"])


def test_people_are_linked_where_their_fields_tell_and_not_where_they_do_not(
    tmp_path: Path,
) -> None:
    telling, silent = tmp_path / "telling", tmp_path / "silent"
    for k in range(12):
        for session in "12":
            base = {"EchoTime": 0.003, "ShimSetting": [k, int(session)], "SeriesNumber": k % 3}
            _write(telling, f"{k:02d}", session, base | {"PatientWeight": 60 + k})
            _write(silent, f"{k:02d}", session, {"EchoTime": 0.003, "SAR": k * 2 + int(session)})
    section = _audited(telling, tmp_path / "out1")
    measures = section["measures"]
    assert measures["person-fields"]["rank1"]["value"] == 1.0
    assert measures["all-fields"]["rank1"]["value"] == 1.0
    assert section["headline"]["rank1"]["n"] > 0
    panel = next(p for p in section["panels"] if p["name"] == "fields")
    assert "PatientWeight" in panel["answer"]
    weak = _audited(silent, tmp_path / "out2")["measures"]["all-fields"]
    assert weak["rank1"]["value"] <= 0.3
    assert weak["reading"] != "links"


@pytest.mark.parametrize("content", [b"../.git/annex/objects/a.nii.gz", b"", None])
def test_sidecars_link_people_whose_images_are_not_here(
    tmp_path: Path, content: bytes | None
) -> None:
    """Pointers that look alike are no copies of one image, and their sidecars are used alone."""
    data, people = tmp_path / "data", 6
    for person in range(people):
        for session in (1, 2):
            name = f"sub-{person}_ses-{session}_T1w"
            folder = data / f"sub-{person}" / f"ses-{session}" / "anat"
            folder.mkdir(parents=True)
            (folder / f"{name}.json").write_text(
                json.dumps({"DeviceSerialNumber": f"SN 40{person}"})
            )
            image = folder / f"{name}.nii.gz"
            if content is None:
                image.symlink_to("nowhere")
            else:
                image.write_bytes(content)
    settings = Settings(bootstrap=100)
    outcome = audit(
        Job((Source(data),), tmp_path / "out", settings=settings, modalities=("metadata",))
    )
    (section,) = outcome.report.modalities
    assert section.counts.mated_pairs == 2 * people
    assert section.headline is not None
    assert section.headline.rank1 is not None
    assert section.headline.rank1.value == 1.0


def test_what_could_not_be_read_is_not_called_without_fields(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for session in (1, 2):
        folder = data / "sub-1" / f"ses-{session}" / "anat"
        folder.mkdir(parents=True)
        (folder / f"sub-1_ses-{session}_T1w.nii.gz").write_bytes(b"")
    job = Job((Source(data),), tmp_path / "out", modalities=("metadata",))
    (section,) = audit(job).report.modalities
    assert section.too_little.startswith("Neither header nor sidecar of any image could be read")


def _write_bold(root: Path, person: str, session: str, values: dict[str, Any]) -> None:
    folder = root / f"sub-{person}" / (f"ses-{session}" if session else "") / "func"
    folder.mkdir(parents=True)
    visit = f"_ses-{session}" if session else ""
    for run in (1, 2):
        stem = f"sub-{person}{visit}_task-rest_run-{run}_bold"
        nib.save(nib.Nifti1Image(np.zeros((7, 8, 9, 2)), np.eye(4)), folder / f"{stem}.nii")
        (folder / f"{stem}.json").write_text(json.dumps({"EchoTime": 0.03 + run, **values}))


@pytest.mark.parametrize("anatomy", [True, False])
def test_what_stands_beside_other_images_of_a_session_links_its_person(
    tmp_path: Path, anatomy: bool
) -> None:
    """Also where no image is of a kind that brains are compared by."""
    for k in range(8):
        for session in "12":
            if anatomy:
                _write(tmp_path / "ds", f"{k}", session, {"EchoTime": 0.003})
            _write_bold(tmp_path / "ds", f"{k}", session, {"DeviceSerialNumber": f"SN 40{k}"})
    section = _audited(tmp_path / "ds", tmp_path / "out")
    assert section["headline"]["rank1"]["value"] == 1.0
    assert section["contrasts"] == (["T1w", "bold"] if anatomy else ["bold"])
    assert section["counts"]["scans"] == (48 if anatomy else 32)


def test_runs_of_one_visit_do_not_find_each_other(tmp_path: Path) -> None:
    for k in range(8):
        _write_bold(tmp_path / "ds", f"{k}", "", {"ShimSetting": [k, 1]})
    section = _audited(tmp_path / "ds", tmp_path / "out")
    assert section["headline"] is None
    assert section["counts"]["mated_pairs"] == 0


KINDS = st.sampled_from(["bold", "dwi"])
TOLD = st.dictionaries(
    st.sampled_from(["EchoTime", "PatientWeight", "DeviceSerialNumber", "header.shape"]),
    st.sampled_from(["1", "2"]),
)


@given(TOLD, st.dictionaries(KINDS, TOLD))
def test_fields_of_a_session_keep_those_of_the_scan_and_lose_nothing(
    own: dict[str, str], others: dict[str, dict[str, str]]
) -> None:
    whole = of_session(own, list(others.items()))
    assert own.items() <= whole.items()
    for kind, values in others.items():
        for name, text in values.items():
            told = whole.get(f"{name}\n{kind}", whole.get(name))
            assert told == text
    for field in whole:
        name, kind = field_of(field)
        assert name in (others[kind] if kind else own | {k: "" for v in others.values() for k in v})
