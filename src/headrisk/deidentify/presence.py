"""Is there still a face? What is left of the skin, and which detectors see one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headrisk.deidentify.head import Head
from headrisk.errors import MissingExtraError, ScanError
from headrisk.face.detect.registry import detectors
from headrisk.face.head import SUPERSAMPLE
from headrisk.face.presence import FEWEST_SEEN, best_scores, presence, share_seen
from headrisk.face.presence import Presence as Answer
from headrisk.face.render.protocols import PRESENCE, render_scene, scene_of
from headrisk.heads.coverage import Coverage, coverage
from headrisk.heads.surface import head_surface

_PIXELS = 224


@dataclass(frozen=True)
class Presence:
    """What is left of a face.

    Attributes
    ----------
    answer
        Whether a face is left, by the rule of :func:`headrisk.face.presence.presence`; ``no`` where
        there is no skin, None where nothing could be looked at.
    coverage
        Skin left; None where the image holds no skin at all.
    seen
        By detector, the share of the presence renders in which it saw a face, 0 to 1.
    skipped
        Why nothing could be looked at; "" if it was.
    """

    answer: Answer | None
    coverage: Coverage | None
    seen: Mapping[str, float]
    skipped: str = ""

    @property
    def seen_by(self) -> tuple[str, ...]:
        """Detectors that see a face in at least half of the renders."""
        return tuple(name for name, share in self.seen.items() if share >= FEWEST_SEEN)


def face_presence(head: Head, subject: str) -> Presence:
    """Render a head and ask every detector; a head without skin shows no face.

    Without the extra ``faces`` nothing is looked at, and the result says so.
    """
    none = dict.fromkeys(detectors(), 0.0)
    if head.stripped:
        return Presence("no", None, none)
    try:
        surface = head_surface(head.volume, head.alignment.affine, stripped=False, subject=subject)
        scene = scene_of(surface)
        renders = render_scene(scene, PRESENCE, _PIXELS, SUPERSAMPLE, surface.pose.face_centre)
        scores = best_scores(renders)
    except MissingExtraError as error:
        return Presence(None, None, {}, str(error))
    except ScanError:
        return Presence("no", None, none)
    limits = {name: one.threshold for name, one in detectors().items()}
    left = coverage(surface)
    seen = {name: share_seen(scores[name], limit) for name, limit in limits.items()}
    return Presence(presence(scores, limits, left), left, seen)
