"""Is there still a face in a scan that was treated? The same answer as for any image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headrisk.deidentify.head import Head
from headrisk.errors import MissingExtraError, ScanError
from headrisk.face.presence import FEWEST_SEEN, FaceVerdict, Sight, look_for_face


@dataclass(frozen=True)
class Presence:
    """What is left of a face.

    Attributes
    ----------
    sight
        What was seen; None where nothing could be looked at.
    skipped
        Why nothing could be looked at; "" if it was.
    """

    sight: Sight | None
    skipped: str = ""

    @property
    def answer(self) -> FaceVerdict | None:
        """Whether a face is left, by :func:`headrisk.face.presence.judge_face`; None if unknown."""
        return self.sight.verdict if self.sight else None

    @property
    def seen(self) -> Mapping[str, float]:
        """By detector, the share of the presence renders in which it saw a face, 0 to 1."""
        return self.sight.seen if self.sight else {}

    @property
    def seen_by(self) -> tuple[str, ...]:
        """Detectors that see a face in at least half of the renders."""
        return tuple(name for name, share in self.seen.items() if share >= FEWEST_SEEN)


def face_presence(head: Head, subject: str) -> Presence:
    """Look for a face in a head that was found already.

    Without the extra ``faces`` nothing is looked at, and the result says so.
    """
    try:
        look = look_for_face(
            head.volume, head.alignment.affine, None, subject, stripped=head.stripped
        )
    except MissingExtraError as error:
        return Presence(None, str(error))
    except ScanError as error:
        return Presence(Sight("failed", "not_found", reason=str(error)))
    return Presence(look.sight)
