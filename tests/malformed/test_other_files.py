"""Every malformed table, sidecar, settings file and photograph ends named, and soon."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from images import CASES
from other_files import EITHER, OTHERS, TABLE_HEAD

from headrisk.dataset.gather import name_sources
from headrisk.dataset.index import index_dataset
from headrisk.dataset.scans import scan_rows
from headrisk.dataset.sidecar import read_sidecar, sidecar_fields
from headrisk.errors import HeadriskError, InputError
from headrisk.face.photo_table import list_photos
from headrisk.face.photos import read_photo
from headrisk.settings import read_settings

SECONDS = 2.0
MEMORY_MB = 512


def said(reader: str, path: Path) -> str:
    """The refusal or remark; "" where the file is usable. Other exceptions fail the test."""
    try:
        if reader == "photo":
            assert read_photo(path).ndim == 2
        elif reader == "settings":
            read_settings(path)
        elif reader == "table":
            scans = scan_rows(index_dataset(path))
            assert all(scan.status == "failed" and scan.reason for scan in scans)
            bad = [scan.reason for scan in scans if scan.reason.startswith("line ")]
            return f"{path}: {'; '.join(bad).replace(f' of {path.name}', '')}" if bad else ""
        else:
            values, note = read_sidecar(path)
            sidecar_fields(values)
            return note
    except HeadriskError as error:
        return str(error)
    return ""


ENDINGS = {"photo": ".jpg", "settings": ".toml", "table": ".tsv", "sidecar": ".json"}


def test_there_are_many_kinds() -> None:
    by_reader = Counter(case.reader for case in OTHERS.values())
    assert len(CASES) + len(OTHERS) >= 180
    assert by_reader["table"] >= 15
    assert by_reader["sidecar"] >= 15
    assert by_reader["photo"] >= 20


@pytest.mark.parametrize("name", OTHERS)
def test_kind(name: str, tmp_path: Path) -> None:
    case = OTHERS[name]
    path = tmp_path / f"a{ENDINGS[case.reader]}"
    path.write_bytes(case.content)
    before = time.process_time()
    words = said(case.reader, path)
    assert time.process_time() - before < SECONDS
    if case.words != EITHER:
        assert case.words in words
        assert bool(case.words) == bool(words), words
    if words:
        assert str(path) in words


LIMITED = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from images import CASES
from other_files import EITHER, OTHERS
from test_images import outcome, write
from test_other_files import ENDINGS, MEMORY_MB, said
folder = Path(sys.argv[2])
size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
limit = size + MEMORY_MB * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
for number, case in enumerate(CASES.values()):
    place = folder / str(number)
    place.mkdir()
    found = outcome(write(place, case.files))
    assert "memory" not in str(found).lower() or "MB in memory" in str(found), found
for number, (name, case) in enumerate(OTHERS.items()):
    path = folder / f"{number}{ENDINGS[case.reader]}"
    path.write_bytes(case.content)
    words = said(case.reader, path)
    assert case.words in words or case.words == EITHER, name
    assert "MemoryError" not in words
print("all read")
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_the_whole_corpus_is_read_in_512_mb(tmp_path: Path) -> None:
    """The process may not map more than 512 MB beyond what it holds before the first file."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(Path(__file__).parent), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "all read\n", done.stderr[-2000:]


def test_paths_that_lead_in_circles(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    (source,) = name_sources([loop])
    with pytest.raises(InputError):
        index_dataset(source.path)
    table = tmp_path / "scans.tsv"
    table.write_bytes(TABLE_HEAD + b"a\t1\tloop\n")
    (scan,) = scan_rows(index_dataset(table))
    assert scan.status == "failed"
    photos = tmp_path / "photos.tsv"
    photos.write_text("participant_id\tpath\tconsent_id\texpires\n01\tloop\tC\t2030-01-01\n")
    (listed,) = list_photos(photos, frozenset({"01"}), date(2026, 1, 1))
    assert listed.status == "failed"
