"""Every kind of image, with and without a face, through the whole look."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from headrisk.brain.prepare import PrepareTask
from headrisk.deidentify.head import Head, find_head
from headrisk.deidentify.tools import tool_of
from headrisk.errors import ScanError
from headrisk.face.head import sight_of
from headrisk.face.placing import place_head, with_more_face, with_quiet_air
from headrisk.face.presence import Sight
from headrisk.face.sight import without_head
from headrisk.heads.identity import Identity, draw_identity
from headrisk.heads.shapes import load_shapes
from headrisk.io.volume import Volume
from headrisk.synthetic.people.kinds import KINDS, Kind, render_kind

pytest.importorskip("dlib")
pytest.importorskip("embreex")
QUICK = {
    "T1w": Kind("T1w", (2.0, 2.0, 2.0)),
    "fdg": Kind("fdg", (3.0, 3.0, 3.0), bias=0.0, finish="pet"),
    "CT": Kind("CT", (2.0, 2.0, 2.0), noise=8.0, bias=0.0, finish="ct"),
}


def person(seed: int) -> Identity:
    return draw_identity(load_shapes(), np.random.default_rng((seed, 7)))


@cache
def image(kind: str, seed: int, *, quick: bool) -> Volume:
    made = QUICK[kind] if quick else KINDS[kind]
    data, affine = render_kind(person(seed), load_shapes(), made, np.random.default_rng(seed))
    return Volume(data, affine)


def sight(volume: Volume) -> Sight:
    placed = place_head(volume, PrepareTask("image", "", "", 4, "affine", False))
    return sight_of(placed, "image").sight


def without_face(volume: Volume, method: str) -> Volume:
    head: Head = find_head(volume, "image")
    return tool_of(method).apply(head, "image", np.random.default_rng(0)).volume


@pytest.mark.parametrize("kind", QUICK)
def test_a_face_is_seen_and_a_removed_one_is_gone(kind: str) -> None:
    whole = image(kind, 3, quick=True)
    assert sight(whole).verdict == "face"
    assert sight(without_face(whole, "template")).verdict == "gone"


def test_a_head_whose_face_a_poor_alignment_turned_out_of_the_image_is_aligned_anew() -> None:
    """A scalp is round: it confirms an alignment that is turned nose up, too."""
    whole = image("T1w", 3, quick=True)
    task = PrepareTask("image", "", "", 4, "affine", False)
    placed = place_head(whole, task)
    assert placed.skin is not None
    hidden = replace(placed.skin, there=dict.fromkeys(placed.skin.there, 0.0))
    better = with_more_face(replace(placed, skin=hidden), task)
    assert better.by == "skin"
    assert better.skin is not None
    assert min(better.skin.there.values()) > 0.85
    assert with_more_face(better, task) is better


def test_units_and_offsets_change_no_answer() -> None:
    whole = image("T1w", 3, quick=True)
    for gain, offset in ((1e-3, -0.5), (40.0, 500.0), (1.0, -300.0)):
        moved = Volume((whole.data * gain + offset).astype(np.float32), whole.affine)
        assert sight(moved).verdict == "face", (gain, offset)


@pytest.mark.parametrize("shape", ["shell", "half", "turned", "solid"])
def test_a_mask_of_a_head_is_never_taken_for_protection(shape: str) -> None:
    """A shell of skin shows the face; nothing vouches for where a mask without intensities ends."""
    whole = image("T1w", 3, quick=True)
    solid = ndimage.binary_fill_holes(whole.data > 0.15 * np.quantile(whole.data, 0.99))
    data = {
        "shell": solid & ~ndimage.binary_erosion(solid),
        "half": solid[:, :, : solid.shape[2] // 2],
        "turned": np.rot90(solid, axes=(1, 2)),
        "solid": solid,
    }[shape].astype(np.float32)
    mask = Volume(np.ascontiguousarray(data), whole.affine)
    try:
        found = sight(mask)
    except ScanError as error:
        found = without_head(mask, error)
    assert found.verdict not in ("gone", "outside")


def test_an_ordinary_background_is_left_as_it_is() -> None:
    whole = image("T1w", 3, quick=True)
    assert with_quiet_air(whole) is whole


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_image_is_answered_rightly(kind: str) -> None:
    """Never gone where a face is; found removed by the template's region; another's face is one."""
    whole = image(kind, 20, quick=False)
    assert sight(whole).verdict == "face"
    assert sight(without_face(whole, "template")).verdict in ("gone", "unclear")
    assert sight(without_face(whole, "reface")).verdict == "face"
    if kind != "CT":  # a bare brain in Hounsfield units is no head that can be found
        assert sight(without_face(whole, "skullstrip")).verdict in ("gone", "unclear")
