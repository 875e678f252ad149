"""The rate at which people are linked, going by the images alone."""

from __future__ import annotations

from headrisk.linkage.label_check import LabelCheck
from headrisk.statistics.intervals import wilson
from headrisk.types import Estimate


def as_images_say(check: LabelCheck) -> Estimate | None:
    """Share of the people searched with whose best candidate stands clearly out, labels ignored."""
    return wilson(check.clear, check.people) if check.people else None


def highest_by_images(check: LabelCheck) -> float:
    """The largest rate that images and doubtful labels together leave possible.

    Where labels are in doubt because the images do not bear them out, nobody may have had a mate to
    be found, so that no rate can be excluded.
    """
    seen = as_images_say(check)
    return 1.0 if seen is None or check.code == "labels_unconfirmed" else seen.high
