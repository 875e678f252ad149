"""The shipped networks are opened only as they were recorded."""

from __future__ import annotations

import pytest

from headrisk.brain import strip as weights
from headrisk.errors import StoreError


@pytest.mark.parametrize("name", sorted(weights.DIGESTS))
def test_every_recorded_network_opens(name: str) -> None:
    session = weights.network(name)
    assert [i.name for i in session.get_inputs()] == ["image"]
    assert [o.name for o in session.get_outputs()] == ["logit"]
    assert weights.network(name) is session


def test_altered_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    weights.network.cache_clear()
    monkeypatch.setitem(weights.DIGESTS, "brain_small.onnx", "0" * 64)
    with pytest.raises(StoreError, match="SHA-256"):
        weights.network("brain_small.onnx")


def test_missing_network_is_named() -> None:
    with pytest.raises(StoreError, match="absent"):
        weights.network("absent.onnx")
