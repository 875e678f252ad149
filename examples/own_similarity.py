"""A similarity measure of one's own beside one of headrisk's.

In a package, name the function as an entry point of the group ``headrisk.similarity`` instead of
registering it; then ``headrisk audit --measures rank-correlation`` knows it too.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata

import headrisk
from headrisk.brain.template import template_grid


@headrisk.register_similarity("rank-correlation")
def rank_correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Spearman's correlation of two blocks of fingerprints, (n, voxels) and (m, voxels)."""

    def standard(block: np.ndarray) -> np.ndarray:
        ranks = rankdata(block, axis=1)
        ranks -= ranks.mean(axis=1, keepdims=True)
        return ranks / np.linalg.norm(ranks, axis=1, keepdims=True)

    return standard(a) @ standard(b).T


# Fingerprints of ten people in two sessions, simulated: what a person keeps, and noise.
rng = np.random.default_rng(2)
person = rng.normal(size=(10, template_grid(4).size))
scans = [(person + 4 * rng.normal(size=person.shape)).astype(np.float32) for _ in range(2)]
names = [f"person {k}" for k in range(10)]
measures = ["rank-correlation", "ncc"]
for name, scores in headrisk.compare(scans[0], names, scans[1], names, measures=measures).items():
    rank1 = headrisk.evaluate_scores(scores).rank1
    print(f"{name}: {rank1.value:.2f} ({rank1.low:.2f} to {rank1.high:.2f}) of {rank1.n}")
