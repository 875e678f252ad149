"""Short distances agree with SciPy's full transform."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from headrisk.heads.boxes import near_distance

SHAPES = st.tuples(*[st.integers(1, 9)] * 3)


@settings(max_examples=60, deadline=None)
@given(
    solid=SHAPES.flatmap(lambda shape: arrays(np.bool_, shape)),
    edge=st.tuples(*[st.floats(0.5, 3.0)] * 3),
    most=st.floats(0.5, 8.0),
)
def test_as_scipy_up_to_the_distance_asked_for(
    solid: np.ndarray, edge: tuple[float, float, float], most: float
) -> None:
    found = near_distance(solid, np.array(edge), most)
    if solid.any():
        true = ndimage.distance_transform_edt(~solid, sampling=edge)
    else:
        true = np.full(solid.shape, np.inf)
    near = true <= most
    np.testing.assert_allclose(found[near], true[near], atol=1e-4)
    assert (found[~near] > most - 1e-4).all()
