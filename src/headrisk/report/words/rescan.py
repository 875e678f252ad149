"""Sentences about simulated second scans: what was simulated, and what that is worth."""

from __future__ import annotations

from typing import Protocol

from headrisk.report.words.phrases import people

_MEASURED = "On 13 people with true second scans, simulated ones of this strength were"
_UNKNOWN = "How far second scans of the people here would differ is not known."
WORTH = {  # what docs/simulated-rescans.md found
    "mild": f"{_MEASURED} much easier to link than true ones. {_UNKNOWN}",
    "moderate": f"{_MEASURED} easier to link than true ones. {_UNKNOWN}",
    "strong": f"{_MEASURED} somewhat harder to link than true ones. {_UNKNOWN}",
}


class Strength(Protocol):
    """How far a simulated scan may differ from the true one; see ``headrisk.brain.rescan``."""

    @property
    def rotation_deg(self) -> float: ...
    @property
    def shift_mm(self) -> float: ...
    @property
    def voxel(self) -> float: ...
    @property
    def warp_mm(self) -> float: ...
    @property
    def bias(self) -> float: ...
    @property
    def contrast(self) -> float: ...
    @property
    def noise(self) -> float: ...
    @property
    def atrophy_mm(self) -> float: ...


def compared_sentence(strength: str, twice: int) -> str:
    """Who was searched among whom, and what that is worth; ``twice`` people have true mates."""
    text = (
        f"SIMULATED: of every scan a second one was simulated ({strength} differences) and "
        "searched for among the real scans. No true second scan was compared. "
        f"{WORTH[strength]}"
    )
    if twice:
        have = "has a true second scan" if twice == 1 else "have true second scans"
        text += (
            f" {people(twice)} {have} here, which this simulation leaves out: an audit without it "
            "measures them."
        )
    return text


def how_simulated(strength: str, how: Strength) -> str:
    """What the simulation did, for the methods text."""
    return (
        "Second scans were simulated, none was acquired: each scan was "
        f"turned by up to {how.rotation_deg:g} degrees about each axis and moved by up to "
        f"{how.shift_mm:g} mm, sampled on voxels {how.voxel:g} times as large, warped by "
        f"{how.warp_mm:g} mm, receive field varying by {100 * how.bias:g} %, intensities "
        f"raised to a power of 1 with a spread of {100 * how.contrast:g} %, Rician noise of "
        f"{100 * how.noise:g} % of the brightest tissue, and borders between tissue and fluid "
        f"moved {how.atrophy_mm:g} mm into the tissue ({strength} strength)."
    )
