"""Filling in a removed face: flesh comes back where a face should be, and nowhere else."""

from __future__ import annotations

import numpy as np

from headrisk.deidentify.flesh import skin_offset
from headrisk.deidentify.head import Head
from headrisk.deidentify.repair import Donor, repair_face
from headrisk.deidentify.skin import find_skin
from headrisk.deidentify.tools import tool_of
from headrisk.heads.view import moved
from headrisk.io.volume import Volume


def defaced(head: Head) -> Volume:
    return tool_of("template").apply(head, "twin", np.random.default_rng(0)).volume


def at(volume: Volume, head: Head, place: tuple[float, float, float]) -> float:
    where = moved(head.alignment.affine, np.array([place], float))
    index = moved(np.linalg.inv(volume.affine), where)[0].round().astype(int)
    return float(volume.data[tuple(slice(i - 1, i + 2) for i in index)].mean())


def test_a_removed_face_is_filled_from_the_average_head(head: Head) -> None:
    before = defaced(head)
    after = repair_face(before, head.alignment.affine, subject="twin")
    assert "average head" in after.notes[-1]
    for place in ((0.0, 80.0, -70.0), (0.0, 70.0, -115.0), (30.0, 55.0, -80.0)):
        assert at(before, head, place) == 0
        assert at(after, head, place) > 100
    filled = after.data != before.data
    assert (after.data >= before.data).all()
    assert filled.mean() < 0.1


def test_a_head_with_its_face_stays_as_it_is(head: Head) -> None:
    after = repair_face(head.volume, head.alignment.affine, subject="twin")
    assert after.notes[-1].startswith("no missing face")
    np.testing.assert_array_equal(after.data, head.volume.data)


def test_a_persons_other_image_gives_back_the_face_itself(head: Head) -> None:
    rng = np.random.default_rng(0)
    turn = np.eye(4)  # the other image lies elsewhere in the scanner, in another unit
    turn[:3, :3] = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    turn[:3, 3] = rng.uniform(-20, 20, 3)
    other = Volume(head.volume.data * np.float32(0.5), turn @ head.volume.affine)
    donor = Donor(other, turn @ head.alignment.affine)
    before = defaced(head)
    after = repair_face(before, head.alignment.affine, subject="twin", donor=donor)
    assert "another image" in after.notes[-1]
    lost = (before.data == 0) & (head.volume.data > 300)
    back = after.data[lost]
    given = back > 100
    assert given.mean() > 0.6
    assert np.corrcoef(back[given], head.volume.data[lost][given])[0, 1] > 0.99
    outside = before.data == after.data
    assert outside.mean() > 0.85


def test_the_skin_of_a_head_lies_near_the_average_one(head: Head) -> None:
    skin = find_skin(head.volume, head.alignment.affine, "twin")
    offset, _ = skin_offset(skin)
    assert np.abs(offset).max() < 16  # credible skin lies within 12 mm, in blocks of 2 mm
    near = np.abs(skin.distance) < 2.5  # the blocks on either side of the outline
    face = near & skin.mapped
    assert np.median(np.abs(skin.average[face])) < 8
