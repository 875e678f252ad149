"""A sidecar is read alike for what describes an image and for what identifies a person in it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.dataset.description import name_data_set
from headrisk.dataset.sidecar import read_sidecar
from headrisk.io.values import parse_json
from headrisk.metadata.known import NOBODY
from headrisk.metadata.scan import scan_metadata
from headrisk.metadata.sidecars import clean_json, json_bytes

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
SIDECAR = {"Manufacturer": "Siemens", "PatientName": "Quenberg^Zélda", "EchoTime": math.nan}


def kinds(root: Path) -> set[str]:
    return {finding.kind for finding in scan_metadata(root, NOBODY).findings}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_both_rooms_read_every_encoding(tmp_path: Path, encoding: str) -> None:
    text = json.dumps({"Name": "Köln", **SIDECAR}, ensure_ascii=False)
    place = tmp_path / "sub-01" / "anat" / "sub-01_T1w.json"
    place.parent.mkdir(parents=True)
    place.write_bytes(text.encode(encoding))
    (tmp_path / "dataset_description.json").write_bytes('{"Name": "Köln"}'.encode(encoding))
    values, note = read_sidecar(place)
    assert not note
    assert values["PatientName"] == SIDECAR["PatientName"]
    assert math.isnan(values["EchoTime"])
    assert "person-name" in kinds(tmp_path)
    assert name_data_set(tmp_path).name == "Köln"


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("order", [1, -1])
def test_the_value_of_a_key_that_stands_twice_is_not_missed(
    tmp_path: Path, encoding: str, order: int
) -> None:
    first, second = ['"PatientName": "Quenberg^Zelda"', '"PatientName": "n/a"'][::order]
    place = tmp_path / "sub-01_T1w.json"
    place.write_bytes(f"{{{first}, {second}}}".encode(encoding))
    copied = json_bytes(clean_json(parse_json(place.read_bytes(), every=True)[0], NOBODY, []))
    assert b"Quenberg" not in copied
    values, note = read_sidecar(place)
    assert (values, note) == (json.loads(f"{{{second}}}"), "")
    assert "person-name" in kinds(tmp_path)


DAMAGED = {
    b"": "not JSON",
    b"{": "not JSON",
    b'{"a": 1} x': "not JSON",
    b'{"a": "\xe9"}': "not UTF-8 text",
    '{"a": 1}'.encode("utf-16")[:-1]: "not UTF-8 text",
    b"[" * 100_000: "nested too deeply",
    b"1" * 10_000: "not JSON",
}


@pytest.mark.parametrize("raw", DAMAGED, ids=range(len(DAMAGED)))
def test_damaged_files_are_told_in_the_same_words(tmp_path: Path, raw: bytes) -> None:
    assert parse_json(raw) == parse_json(raw, every=True) == (None, DAMAGED[raw])
    place = tmp_path / "sub-01_T1w.json"
    place.write_bytes(raw)
    values, note = read_sidecar(place)
    assert values == {}
    assert DAMAGED[raw] in note
    if raw:
        problems = scan_metadata(tmp_path, NOBODY).problems
        assert [one for one in problems if DAMAGED[raw] in one.reason]


content = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(content, st.sampled_from(ENCODINGS[:3]), st.booleans())
def test_what_is_written_is_read(value: object, encoding: str, every: bool) -> None:
    raw = json.dumps(value, ensure_ascii=False).encode(encoding)
    assert parse_json(raw, every=every) == (value, "")
