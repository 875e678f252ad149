"""Photographs of twins: the same from one seed, different where life is different."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from headrisk.errors import UsageError
from headrisk.face.detect import centerface
from headrisk.heads.shapes import load_shapes
from headrisk.synthetic.people.cohort import draw_looks
from headrisk.synthetic.people.photo import (
    develop,
    distort,
    draw_background,
    photo_jpeg,
    take_photo,
)
from headrisk.synthetic.people.photo_settings import PhotoSettings

PLAIN = PhotoSettings(
    size=(160, 160),
    expression=0,
    surface_error_mm=0,
    yaw_deg=0,
    pitch_deg=0,
    roll_deg=0,
    glasses=0,
    makeup=0,
    distance_mm=(900, 900),
    distortion=0,
    lights=0,
    background=0,
    blur=0,
    noise=0,
    white_balance=0,
    turned=0,
)


def shoot(settings: PhotoSettings, seed: int = 1, person: int = 7) -> NDArray[np.uint8]:
    identity, look = draw_looks(np.random.default_rng(person), 1.0, settings)
    return take_photo(load_shapes(), identity, look, settings, np.random.default_rng(seed))


def test_one_seed_gives_one_photograph_with_a_face() -> None:
    settings = replace(PhotoSettings(), size=(200, 220))
    first, again, other = shoot(settings), shoot(settings), shoot(settings, seed=2)
    np.testing.assert_array_equal(first, again)
    assert first.shape[2] == 3
    assert first.shape != other.shape or not np.array_equal(first, other)
    assert centerface.faces(first, lowest=0.5)


def test_closed_eyes_and_missing_hair_change_their_own_places() -> None:
    whole = shoot(PLAIN).astype(float).mean(axis=2)
    shut = shoot(replace(PLAIN, eyes_open=0.0)).astype(float).mean(axis=2)
    bald = shoot(replace(PLAIN, hair=0.0, beard=0.0)).astype(float).mean(axis=2)
    row = np.nonzero(np.abs(whole - shut) > 25)[0]
    assert row.size > 10
    assert np.ptp(row) < 40  # a band as high as the eyes
    changed = np.abs(whole - bald) > 25
    assert changed[:60].sum() > 5 * max(changed[75:110, 65:95].sum(), 1)


def test_a_stored_photograph_reads_back_upright() -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:20, :20] = 250
    tags = set()
    for seed in range(12):
        content = photo_jpeg(picture, replace(PLAIN, turned=0.7), np.random.default_rng(seed))
        with Image.open(io.BytesIO(content)) as image:
            tags.add(image.getexif().get(0x0112, 1))
            upright = np.asarray(ImageOps.exif_transpose(image)).astype(float).mean(axis=2)
        assert upright[5:15, 5:15].min() > 200
        assert upright[30:, 30:].max() < 50
    assert {1, 3} < tags | {3}
    assert len(tags) > 2


@pytest.mark.parametrize("barrel", [0.0, 0.05, 0.2])
def test_distortion_follows_the_formula(barrel: float) -> None:
    """A bright dot at radius r appears at r (1 - barrel r^2)."""
    size, middle = 201, 100
    for offset in (30, 60, 85):
        picture = np.zeros((size, size, 3), np.float32)
        picture[middle, middle + offset - 2 : middle + offset + 3] = 1.0
        seen = distort(picture, barrel)[middle, :, 0]
        place = float((seen * np.arange(size)).sum() / seen.sum()) - middle
        radius = offset / (middle * np.sqrt(2))
        assert place == pytest.approx(offset * (1 - barrel * radius**2), abs=0.5)


def test_a_plain_wall_and_a_sensor_without_faults() -> None:
    wall = draw_background(32, 0.0, np.random.default_rng(0))
    assert np.ptp(wall) == 0
    pictures = [develop(wall, PLAIN, np.random.default_rng(seed)) for seed in (1, 2)]
    np.testing.assert_array_equal(pictures[0], pictures[1])
    grainy = develop(wall, replace(PLAIN, noise=1.0), np.random.default_rng(1))
    assert grainy.astype(float).std() > 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("size", (10, 20)), ("jpeg_quality", (0, 90)), ("glasses", 1.2), ("blur", -1.0)],
)
def test_photo_settings_out_of_range_are_refused(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=name):
        PhotoSettings(**{name: value})  # type: ignore[arg-type]
