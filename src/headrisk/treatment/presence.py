"""Is there still a face? What is left of the skin, and which detectors see one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headrisk.errors import MissingExtraError, ScanError
from headrisk.face.coverage import Coverage, coverage
from headrisk.face.detect.registry import detectors
from headrisk.face.head import SUPERSAMPLE
from headrisk.face.presence import best_scores, share_seen
from headrisk.face.render.protocols import PRESENCE, render_scene, scene_of
from headrisk.face.surface import head_surface
from headrisk.treatment.head import Head

_PIXELS = 224


@dataclass(frozen=True)
class Presence:
    """What is left of a face.

    Attributes
    ----------
    coverage
        Skin left; None where the image holds no skin at all.
    seen
        By detector, the share of the presence renders in which it saw a face, 0 to 1.
    skipped
        Why nothing could be looked at; "" if it was.
    """

    coverage: Coverage | None
    seen: Mapping[str, float]
    skipped: str = ""

    @property
    def face_seen(self) -> bool:
        """A detector saw a face in at least one render."""
        return any(share > 0 for share in self.seen.values())


def face_presence(head: Head, subject: str) -> Presence:
    """Render a head and ask every detector; a head without skin shows no face.

    Without the extra ``faces`` nothing is looked at, and the result says so.
    """
    none = dict.fromkeys(detectors(), 0.0)
    if head.stripped:
        return Presence(None, none)
    try:
        surface = head_surface(head.volume, head.alignment.affine, stripped=False, subject=subject)
        scene = scene_of(surface)
        renders = render_scene(scene, PRESENCE, _PIXELS, SUPERSAMPLE, surface.pose.face_centre)
        scores = best_scores(renders)
    except MissingExtraError as error:
        return Presence(None, {}, str(error))
    except ScanError:
        return Presence(None, none)
    seen = {name: share_seen(scores[name], one.threshold) for name, one in detectors().items()}
    return Presence(coverage(surface), seen)
