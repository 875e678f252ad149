"""One synthetic head, its brain found once, for every test of treatments."""

from __future__ import annotations

import numpy as np
import pytest

from headrisk.deidentify.head import Head, find_head
from headrisk.heads.identity import draw_identity
from headrisk.heads.shapes import load_shapes
from headrisk.io.volume import Volume
from headrisk.synthetic.people.volume import PersonScanSettings, render_person


@pytest.fixture(scope="session")
def head() -> Head:
    """A twin's head in 2 mm voxels, turned a little; do not change its arrays."""
    shapes = load_shapes(1)
    rng = np.random.default_rng(1000)
    identity = draw_identity(shapes, rng)
    settings = PersonScanSettings(voxel_mm=(2.0, 2.0, 2.0))
    data, affine = render_person(identity, shapes, settings, rng)
    data.flags.writeable = False
    return find_head(Volume(data, affine), "twin")
