"""The rate at which people are linked, going by the images alone."""

from __future__ import annotations

from headrisk.linkage.label_check import LabelCheck
from headrisk.statistics.intervals import wilson
from headrisk.types import Estimate


def as_images_say(check: LabelCheck) -> Estimate | None:
    """Share of the people searched with whose best candidate stands clearly out, labels ignored."""
    return wilson(check.clear, check.people) if check.people else None
