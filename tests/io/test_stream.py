from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrisk.errors import ScanError
from headrisk.io.stream import open_stream


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.binary(max_size=300), min_size=1, max_size=5),
    st.lists(st.integers(1, 200), max_size=6),
)
def test_pieces_add_up_to_what_gzip_reads(
    tmp_path: Path, members: list[bytes], reads: list[int]
) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(b"".join(gzip.compress(member) for member in members))
    expected = gzip.decompress(path.read_bytes())
    with open_stream(path) as stream:
        found = b"".join(stream.read(count) for count in reads)
        assert stream.position == len(found)
        rest = len(expected) - len(found)
        assert found == expected[: len(found)]
        count, blank = stream.finish(most=2000)
    assert count == rest
    assert blank == (not expected[len(found) :].strip(b"\0"))


def test_large_data_pass_through(tmp_path: Path) -> None:
    data = bytes(range(256)) * 20_000
    for name, blob in (("plain", data), ("packed", gzip.compress(data))):
        (tmp_path / name).write_bytes(blob)
        with open_stream(tmp_path / name) as stream:
            stream.skip(100)
            assert stream.read(len(data)) == data[100:]
            assert stream.finish(most=0) == (0, True)
            assert stream.compressed == (name == "packed")
            assert stream.size_bound >= len(data)


def test_checksum_is_verified_only_at_the_end(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(bytes(range(256)) * 20_000))
    packed[-6] ^= 1
    (tmp_path / "a").write_bytes(packed)
    with open_stream(tmp_path / "a") as stream:
        assert stream.read(200) == bytes(range(200))
        with pytest.raises(ScanError, match="incorrect data check"):
            stream.finish(most=10_000_000)


def test_too_much_behind(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(bytes(101))
    with open_stream(tmp_path / "a") as stream, pytest.raises(ScanError, match="more than 100"):
        stream.finish(most=100)
