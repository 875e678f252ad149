"""Twenty thousand sidecars and tables in thirty seconds, 400 DICOM files in four."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
from clean_set import GE, PHILIPS, SIEMENS
from pydicom.uid import ImplicitVRLittleEndian
from test_dicom_variants import made, stored

from headrisk.metadata.known import NOBODY, KnownIdentifiers, known_identifiers
from headrisk.metadata.learn import with_names_of
from headrisk.metadata.scan import list_entries, scan_metadata

PEOPLE, SCANS, SECONDS = 1000, 10, 30.0


@pytest.mark.slow
def test_twenty_thousand_sidecars_and_tables_take_at_most_thirty_seconds(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    for person in range(PEOPLE):
        folder = tmp_path / f"sub-{person:04d}" / "anat"
        folder.mkdir(parents=True)
        for run in range(SCANS):
            values = dict((SIEMENS, GE, PHILIPS)[run % 3])
            values["SliceTiming"] = rng.random(60).round(4).tolist()
            values["ShimSetting"] = rng.integers(-9000, 9000, 8).tolist()
            values["AcquisitionTime"] = f"{8 + run:02d}:{person % 60:02d}:{run:02d}.5"
            path = folder / f"sub-{person:04d}_run-{run}_T1w.json"
            path.write_text(json.dumps(values, indent=2))
            rows = [f"{2.5 * i}\t1.5\tgo\t{rng.random():.4f}\tstim{i}.png\n" for i in range(40)]
            head = "onset\tduration\ttrial_type\tresponse_time\tstim_file\n"
            events = folder / f"sub-{person:04d}_run-{run}_events.tsv"
            events.write_text(head + "".join(rows))
    listed = known_identifiers([f"Person{k} Family{7 * k}" for k in range(500)])
    assert _seconds(tmp_path, NOBODY) <= SECONDS
    assert _seconds(tmp_path, listed) <= 2 * SECONDS


def _seconds(root: Path, known: KnownIdentifiers) -> float:
    begin = time.process_time()
    scan = scan_metadata(root, with_names_of(list_entries(root), known))
    took = time.process_time() - begin
    assert scan.files == 2 * PEOPLE * SCANS
    assert len(scan.findings) == 2 * PEOPLE * SCANS  # the shim and the time of each
    return took


@pytest.mark.slow
def test_four_hundred_dicom_files_take_at_most_four_seconds(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    file = made(ImplicitVRLittleEndian, PatientName="DOE^JOHN", StudyDate="20190611")
    file.Rows = file.Columns = 256
    block = file.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "OB", rng.bytes(100_000))
    for number in range(400):
        file.PixelData = rng.normal(0, 300, 65536).astype("<i2").tobytes()
        (tmp_path / f"{number}.dcm").write_bytes(stored(file))
    begin = time.process_time()
    scan = scan_metadata(tmp_path)
    assert time.process_time() - begin <= 4.0
    assert scan.count("read") == 400
    assert {f.kind for f in scan.findings} == {"person-name", "date", "uid", "private-attribute"}
