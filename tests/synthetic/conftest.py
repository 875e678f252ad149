"""The phantom's anatomy, built once."""

from __future__ import annotations

import numpy as np
import pytest

from headrisk.brain.template import load_template
from headrisk.synthetic.phantom.atlas import Atlas, build_atlas


@pytest.fixture(scope="session")
def atlas() -> Atlas:
    return build_atlas(load_template(), np.random.default_rng(7))
