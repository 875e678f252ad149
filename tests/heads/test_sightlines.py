"""Skin is found whatever its brightness; only air in its place counts as removed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mean_head import image

from headrisk.heads.sightlines import FRONT, skin_levels
from headrisk.io.volume import Volume

HERE = np.eye(4)
scales = st.floats(0.01, 1000.0)


def scaled(volume: Volume, gain: float, offset: float) -> Volume:
    return replace(volume, data=(volume.data * gain + offset * gain).astype(np.float32))


@settings(max_examples=15, deadline=None)
@given(st.floats(0.03, 1.0), scales, st.floats(-3.0, 3.0))
def test_a_dim_scalp_is_found_beside_a_bright_brain(
    skin: float, gain: float, offset: float
) -> None:
    found = skin_levels(scaled(image(skin), gain, offset), HERE)
    assert found.vouched
    assert min(found.there.values()) > 0.9
    assert max(found.removed.values()) < 0.1


@settings(max_examples=15, deadline=None)
@given(st.floats(0.03, 1.0), scales, st.floats(-3.0, 3.0))
def test_air_in_the_place_of_the_face_is_removed(skin: float, gain: float, offset: float) -> None:
    found = skin_levels(scaled(image(skin, faceless=True), gain, offset), HERE)
    assert found.vouched
    assert found.removed["nose"] > 0.9
    assert found.removed["mouth and chin"] > 0.9
    assert found.there["nose"] < 0.1
    assert found.emptied["nose"] == found.emptied["mouth and chin"] == 1


@pytest.mark.parametrize("noise", [0.004, 0.01, 0.03])
@pytest.mark.parametrize("grain", [0.0, 0.01])
def test_air_with_noise_was_not_emptied(noise: float, grain: float) -> None:
    """A face without signal is air to every level, as one that was cut out; noise tells them."""

    def stored(volume: Volume) -> Volume:
        if not grain:
            return volume
        whole = np.round(np.abs(volume.data) / grain) * grain
        return replace(volume, data=whole.astype(np.float32))

    found = skin_levels(stored(image(faceless=True, lost=True, noise=noise)), HERE)
    assert found.removed["nose"] > 0.9
    assert max(found.emptied.values()) < 0.9
    assert skin_levels(stored(image(faceless=True, noise=noise)), HERE).emptied["nose"] == 1


@pytest.mark.parametrize("noise", [0.001, 0.01, 0.05])
def test_a_brain_whose_scalp_is_not_seen_tells_nothing(noise: float) -> None:
    found = skin_levels(image(bare=True, noise=noise), HERE)
    assert not found.vouched
    assert set(found.removed.values()) == {0.0}


def test_a_scalp_below_the_noise_tells_nothing() -> None:
    found = skin_levels(image(skin=0.01, noise=0.1), HERE)
    assert not found.vouched


@pytest.mark.parametrize("shift", [(0, 40, 0), (0, 0, 45), (35, 0, 0)])
def test_a_wrong_alignment_is_not_vouched_for(shift: tuple[float, float, float]) -> None:
    wrong = np.eye(4)
    wrong[:3, 3] = shift
    assert not skin_levels(image(), wrong).vouched


def test_what_lies_outside_the_image_is_neither_there_nor_removed() -> None:
    whole = image()
    cut = replace(whole, data=whole.data[:, :, 40:], affine=whole.affine.copy())
    cut.affine[2, 3] += 40 * 3.0
    found = skin_levels(cut, HERE)
    assert found.outside["mouth and chin"] == 1
    assert found.removed["mouth and chin"] == 0
    assert found.there["upper face"] > 0.8
    assert set(found.there) == set(FRONT)
