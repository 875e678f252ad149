"""Canonical JSON, entry keys and file digests."""

from __future__ import annotations

import hashlib
import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrisk.errors import InputError
from headrisk.io.canonical import exact_json
from headrisk.io.digests import entry_key, sha256_of_file
from headrisk.settings import Settings

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def shuffled(value: Any, order: random.Random) -> Any:
    """The same value with every dict in another insertion order and every list as a tuple."""
    if isinstance(value, dict):
        keys = list(value)
        order.shuffle(keys)
        return {key: shuffled(value[key], order) for key in keys}
    if isinstance(value, list):
        return tuple(shuffled(item, order) for item in value)
    return value


def typed(value: Any) -> Any:
    """The value with types spelled out, so that 1, 1.0 and True differ."""
    if isinstance(value, dict):
        return {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    return (type(value).__name__, repr(value))


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_canonical_json_loses_nothing(value: Any) -> None:
    assert typed(json.loads(exact_json(value))) == typed(value)


@settings(max_examples=60, deadline=None)
@given(VALUES, st.randoms())
def test_order_of_keys_does_not_matter(value: Any, order: random.Random) -> None:
    assert exact_json(shuffled(value, order)) == exact_json(value)


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES)
def test_different_values_have_different_spellings(one: Any, two: Any) -> None:
    assert (exact_json(one) == exact_json(two)) == (typed(one) == typed(two))


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_canonical_json_is_printable_ascii(value: Any) -> None:
    assert all(32 <= byte < 127 for byte in exact_json(value))


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, {1: 2}, {"a": [{None: 1}]}, b"x", {1, 2}, object(), Path("x")]
)
def test_values_without_one_spelling_are_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        exact_json(value)


def test_key_depends_on_every_part() -> None:
    keys = {
        entry_key("prepare", 1, {"mm": 4}, ["a", "b"]),
        entry_key("compare", 1, {"mm": 4}, ["a", "b"]),
        entry_key("prepare", 2, {"mm": 4}, ["a", "b"]),
        entry_key("prepare", 1, {"mm": 2}, ["a", "b"]),
        entry_key("prepare", 1, {"mm": 4}, ["b", "a"]),
        entry_key("prepare", 1, {"mm": 4}, ["ab"]),
        entry_key("prepare", 1, {}, ["a", "b"]),
    }
    assert len(keys) == 7
    assert all(len(key) == 64 and set(key) <= set("0123456789abcdef") for key in keys)


def test_key_stays_the_same_between_versions_of_this_file() -> None:
    """A change here would make every store on disk forget its contents."""
    text = '{"inputs":["d"],"settings":{"mm":4},"stage":"prepare","version":1}'
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert entry_key("prepare", 1, {"mm": 4}, ["d"]) == expected


def test_settings_make_a_key() -> None:
    one = entry_key("all", 1, Settings().as_dict(), [])
    assert one == entry_key("all", 1, Settings(seed=0).as_dict(), [])
    assert one != entry_key("all", 1, Settings(seed=1).as_dict(), [])


@given(st.binary(max_size=300))
def test_file_digest_is_that_of_the_bytes(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("digest") / "file"
    path.write_bytes(content)
    assert sha256_of_file(path) == hashlib.sha256(content).hexdigest()


def test_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        sha256_of_file(tmp_path / "absent")
    with pytest.raises(InputError, match="a folder, not a regular file"):
        sha256_of_file(tmp_path)
