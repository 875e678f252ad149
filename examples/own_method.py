"""A de-identification method of one's own, measured before and after.

The method empties the lower front of the head. Is the brain still linked afterwards? The same
question, with faces, photographs and what it cost the data, is asked by
``headrisk audit DATA OUT --deidentified mine=COPY``, once a package names the method as an entry
point of the group ``headrisk.deidentification`` and ``headrisk deface`` has written COPY.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

import headrisk
from headrisk.brain.template import load_template
from headrisk.deidentify.head import brain_mask, find_head
from headrisk.synthetic.phantom import PhantomSettings, Scanner, write_cohort
from headrisk.testing import check_deidentification

COARSE = Scanner("A", "Phantom Works", "Cohort 3T", "1001", (4.0, 4.0, 4.0))  # quick to make


class LowerFront:
    """Everything below and before the middle of the image emptied, but for the brain."""

    name = "lower-front"
    what = "Everything below and before the middle of the image emptied, but for the brain."
    replaces = False

    def deidentify(self, image, brain, rng):
        _, y, z = image.data.shape
        data = image.data.copy()
        data[:, y // 2 :, : z // 2] = 0
        return np.where(brain, image.data, data)


method = LowerFront()
check_deidentification(method)

with tempfile.TemporaryDirectory() as place:
    rng = np.random.default_rng(3)
    data = write_cohort(
        Path(place) / "d", 5, 2, PhantomSettings(scanners=(COARSE,)), rng, load_template()
    )
    files = [sorted(data.glob(f"sub-*/ses-{k}/anat/*_T1w.nii.gz")) for k in (1, 2)]
    attacker = [headrisk.load_image(path) for path in files[0]]
    original = [headrisk.load_image(path) for path in files[1]]

released = []
for image in original:
    head = find_head(image, "scan")
    voxels = method.deidentify(image, brain_mask(head), np.random.default_rng(0))
    released.append(replace(image, data=voxels.astype(np.float32)))

gallery = np.stack([headrisk.fingerprint(image) for image in attacker])
for when, images in (("before", original), ("after", released)):
    probes = np.stack([headrisk.fingerprint(image) for image in images])
    scores = headrisk.compare(probes, range(5), gallery, range(5), measures=["ncc"])["ncc"]
    rank1 = headrisk.evaluate_scores(scores).rank1
    print(f"{when}: {rank1.value:.2f} ({rank1.low:.2f} to {rank1.high:.2f}) of {rank1.n} linked")
