"""A head that cannot be found by itself lies where another image of the session has it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from headrisk.attacks.presence import lenders_of
from headrisk.brain.prepare import PrepareTask, prepare
from headrisk.dataset.head_images import HeadImage
from headrisk.face.placing import lent_place
from headrisk.heads.shapes import load_shapes
from headrisk.io.volume import Volume
from headrisk.synthetic.people.kinds import Kind, render_kind


def written(path: Path, contrast: str) -> Volume:
    """The mean head at 2 mm, also in a file."""
    kind = Kind(contrast, (2.0, 2.0, 2.0))
    data, affine = render_kind(None, load_shapes(), kind, np.random.default_rng(5))
    nibabel.save(nibabel.Nifti1Image(np.round(data).astype(np.int16), affine), path)
    return Volume(data, affine)


@pytest.mark.slow
def test_an_alignment_is_lent_where_the_scalp_confirms_it(tmp_path: Path) -> None:
    path = tmp_path / "sub-1_T1w.nii"
    volume = written(path, "T1w")
    task = PrepareTask("x", "x", "pet", 4, "affine", accurate=False)
    lenders = ((str(tmp_path / "absent.nii"), "CT"), (str(path), "T1w"))
    found = lent_place(volume, task, lenders)
    assert found is not None
    assert found.by == "lent"
    assert "as the T1w of the session" in found.notes[-1]
    aside = volume.affine.copy()
    aside[:3, 3] += (70.0, 0.0, 0.0)
    assert lent_place(replace(volume, affine=aside), task, lenders) is None


@pytest.mark.slow
def test_a_brain_of_inverted_contrast_is_aligned(tmp_path: Path) -> None:
    path = tmp_path / "sub-1_T1w.nii"
    written(path, "T2w")  # white matter darker than grey, as in infants
    found = prepare(PrepareTask("x", str(path), "T1w", 4, "affine", accurate=False))
    assert found.status == "ok", found.reason
    assert found.vector is not None


def test_lenders_are_of_the_same_person_and_session_ct_first() -> None:
    def image(name: str, datatype: str, suffix: str, person: str, session: str) -> HeadImage:
        return HeadImage(name, name, datatype, suffix, person, session)

    images = (
        image("a", "anat", "T1w", "1", "1"),
        image("b", "ct", "ct", "1", "1"),
        image("c", "pet", "pet", "1", "1"),
        image("d", "anat", "T1w", "1", "2"),
        image("e", "pet", "pet", "2", "1"),
        image("f", "func", "bold", "1", "1"),
    )
    assert lenders_of(images) == {"c": (("b", "CT"), ("a", "T1w")), "e": ()}
