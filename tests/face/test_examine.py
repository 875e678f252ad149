"""An image that is read and aligned once gives what every question gives alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from headrisk.brain.prepare import CT_NOT_COMPARED, PrepareTask, prepare
from headrisk.face.examine import ImageTask, examine
from headrisk.face.head import HeadTask, SightTask, look_at_head
from headrisk.face.sight import look_at_image
from headrisk.heads.shapes import load_shapes
from headrisk.synthetic.people.kinds import KINDS, Kind, render_kind

pytest.importorskip("dlib")
pytest.importorskip("embreex")


def written(path: Path, kind: Kind) -> Path:
    """The mean head in a file."""
    data, affine = render_kind(None, load_shapes(), kind, np.random.default_rng(5))
    nibabel.save(nibabel.Nifti1Image(np.round(data).astype(np.int16), affine), path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "suffix"),
    [(Kind("T1w", (2.0, 2.0, 2.0)), "T1w"), (replace(KINDS["CT"], voxel_mm=(2.0,) * 3), "CT")],
)
def test_together_is_as_alone(tmp_path: Path, kind: Kind, suffix: str) -> None:
    path = str(written(tmp_path / f"sub-1_{suffix}.nii", kind))
    brain = PrepareTask("x", path, suffix, 4, "affine", False)
    sight = SightTask("x", path, suffix)
    head = HeadTask("x", path, suffix, False, "scans", 224, 0, ("dlib",))
    found = examine(ImageTask(path, brain, sight, head))
    alone = prepare(brain), look_at_image(sight), look_at_head(head)
    assert found.brain is not None
    assert found.sight is not None
    assert found.head is not None
    assert found.sight.sight == alone[1].sight
    assert (found.head.status, found.head.reason) == (alone[2].status, alone[2].reason)
    assert found.head.sight == alone[2].sight
    for name, packed in alone[2].templates.items():
        np.testing.assert_array_equal(found.head.templates[name].rows, packed.rows)
    assert (found.brain.status, found.brain.reason) == (alone[0].status, alone[0].reason)
    if suffix == "CT":
        assert CT_NOT_COMPARED in found.brain.reason
        assert found.head.sight is not None
        assert found.head.sight.verdict == "face"
    else:
        np.testing.assert_array_equal(found.brain.vector, alone[0].vector)
        np.testing.assert_array_equal(found.brain.mosaic, alone[0].mosaic)


def test_what_cannot_be_read_fails_for_every_question(tmp_path: Path) -> None:
    path = tmp_path / "sub-1_T1w.nii.gz"
    path.write_bytes(b"nothing")
    brain = PrepareTask("x", str(path), "T1w", 4, "affine", False)
    head = HeadTask("x", str(path), "T1w", False, "scans", 224, 0, ("dlib",))
    found = examine(ImageTask(str(path), brain, SightTask("x", str(path), "T1w"), head))
    assert found.brain is not None
    assert found.brain.status == "failed"
    assert found.sight is not None
    assert found.sight.sight.code == "unreadable"
    assert found.head is not None
    assert found.head.status == "failed"
