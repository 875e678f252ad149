"""Ears that stand out from the head leave nothing behind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from headrisk.deidentify.deface import remove_face
from headrisk.deidentify.head import brain_mask, coarse_size, find_head
from headrisk.heads.boxes import block_mean
from headrisk.heads.identity import draw_identity, neutral
from headrisk.heads.shapes import load_shapes
from headrisk.heads.threshold import find_levels, positive
from headrisk.io.volume import Volume
from headrisk.synthetic.people.kinds import Kind, render_kind
from headrisk.synthetic.people.session import Visit

OUTWARD = ("ear-wing-incr", "ear-scale-incr", "ear-rot-backward")
SPECK = 30  # blocks of 1.5 mm; noise makes pieces of up to 10


def head_with_ears(seed: int, strength: float) -> Volume:
    """A head with free ears, larger and farther out by ``strength`` of the shapes for it."""
    shapes = load_shapes()
    drawn = draw_identity(shapes, np.random.default_rng(seed))
    coefficients = drawn.coefficients.copy()
    for place, name in enumerate(shapes.names):
        if name.endswith(OUTWARD):
            coefficients[place] += strength
    person = replace(drawn, coefficients=coefficients)
    visit = Visit(person, neutral(shapes, eyes_closed=1.0), 2.0, 0.0)
    kind = Kind("T1w", (1.5, 1.5, 1.5))
    data, affine = render_kind(person, shapes, kind, np.random.default_rng(seed), visit)
    return Volume(data, affine)


def pieces(volume: Volume, level: float) -> list[int]:
    """Sizes of the connected things in the image, in blocks, smallest first."""
    solid = block_mean(positive(volume.data)[0], coarse_size(volume)) > level
    labels, _ = ndimage.label(solid)
    return sorted(np.bincount(labels.ravel())[1:].tolist())


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "strength"), [(1, 1.0), (2, 0.6), (5, 1.5)])
def test_no_ear_is_left_floating(seed: int, strength: float) -> None:
    volume = head_with_ears(seed, strength)
    head = find_head(volume, "head")
    level = find_levels(volume.data, "head").skin
    treated = remove_face(head, "head", np.random.default_rng(0))
    assert all(size < SPECK for size in pieces(volume, level)[:-1])
    assert all(size < SPECK for size in pieces(treated.volume, level)[:-1])
    assert treated.changed.mean() > 0.05
    assert not (treated.changed & brain_mask(head)).any()
