"""From heads in memory to a rank-1 rate with its interval.

Six synthetic people are scanned twice; each second scan is searched for among the first ones.
With scans of your own, make ``first`` and ``second`` by ``headrisk.load_image(path)``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

import headrisk
from headrisk.brain.template import load_template
from headrisk.synthetic.phantom import PhantomSettings, Scanner, write_cohort

COARSE = Scanner("A", "Phantom Works", "Cohort 3T", "1001", (4.0, 4.0, 4.0))  # quick to make


def scans(folder: Path, people: int) -> list[list[headrisk.Volume]]:
    """Two sessions of synthetic people."""
    rng = np.random.default_rng(1)
    settings = PhantomSettings(scanners=(COARSE,))
    data = write_cohort(folder, people, 2, settings, rng, load_template())
    return [
        [
            headrisk.load_image(path)
            for path in sorted(data.glob(f"sub-*/ses-{k}/anat/*_T1w.nii.gz"))
        ]
        for k in (1, 2)
    ]


with tempfile.TemporaryDirectory() as place:
    first, second = scans(Path(place) / "data", 6)

gallery = np.stack([headrisk.fingerprint(image) for image in first])
probes = np.stack([headrisk.fingerprint(image) for image in second])
scores = headrisk.compare(probes, range(6), gallery, range(6), measures=["ncc"])["ncc"]
found = headrisk.evaluate_scores(scores)
rank1 = found.rank1
print(f"{rank1.value:.2f} of {rank1.n} people found ({rank1.low:.2f} to {rank1.high:.2f});")
print(f"guessing finds {found.chance_rank1:.2f}")
