"""Named sets of views and lights.

``mayo2024`` and ``nejm2019`` follow two published attacks in the number of renders and in what
varies between them. Neither paper prints its angles, so the angles here are choices of this
package. ``headrisk`` is a plain table: edit :data:`HEADRISK_CAMERAS` and :data:`HEADRISK_LIGHTS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from headrisk.errors import UsageError
from headrisk.face.render.cast import Scene, cast, open_scene
from headrisk.face.render.shade import DEFAULT_SKIN, Light, Skin, shade
from headrisk.heads.surface import Surface
from headrisk.heads.view import FACE_CENTRE, Camera

NAMES = ("headrisk", "mayo2024", "nejm2019", "scans")

# Lamps stand in front of the head and above: light from below hid half of the faces from a
# detector. Azimuth of a lamp is counted from the camera's, so that every view is lit alike.
HEADRISK_CAMERAS = (  # azimuth, elevation, degrees
    (0, 0),
    (-15, 0),
    (15, 0),
    (-30, 0),
    (30, 0),
    (0, 12),
    (0, -10),
)
HEADRISK_LIGHTS = (  # azimuth from the camera's, elevation, strength, softness, ambient
    (0, 40, 0.75, 0.25, 0.25),
    (-40, 40, 0.75, 0.25, 0.25),
    (40, 40, 0.75, 0.25, 0.25),
)


@dataclass(frozen=True)
class Protocol:
    """Which renders are made of a head.

    Attributes
    ----------
    name
        As it stands in reports.
    views
        Each camera with its lights; rays are cast once per camera. Cameras look at a point given
        in the template's face, and are moved to the same place of the person's.
    """

    name: str
    views: tuple[tuple[Camera, tuple[Light, ...]], ...]
    skin: Skin = DEFAULT_SKIN

    @property
    def count(self) -> int:
        """Number of renders."""
        return sum(len(lights) for _, lights in self.views)


def headrisk_protocol() -> Protocol:
    """Few views near the front, lit from above: those that recognisers take best."""
    views = tuple(
        (
            Camera(azimuth=azimuth, elevation=elevation),
            tuple(
                Light(turn + azimuth, height, strength, softness, ambient)
                for turn, height, strength, softness, ambient in HEADRISK_LIGHTS
            ),
        )
        for azimuth, elevation in HEADRISK_CAMERAS
    )
    return Protocol("headrisk", views)


def mayo2024_protocol() -> Protocol:
    """81 renders: nine camera positions, nine lamp positions each.

    After the repetition of the published attack with open software (Mayo Clinic, 2024, 182
    people), which rendered each head over a fixed set of camera and light positions.
    """
    lights = tuple(
        Light(azimuth, elevation) for azimuth, elevation in product((-40, 0, 40), (15, 40, 65))
    )
    views = tuple(
        (Camera(azimuth, elevation), lights)
        for azimuth, elevation in product((-20, 0, 20), (-12, 0, 12))
    )
    return Protocol("mayo2024", views)


def nejm2019_protocol(rng: np.random.Generator, count: int = 10) -> Protocol:
    """Ten renders, each with a view and a lamp of its own drawn at random.

    After Schwarz et al., N Engl J Med 381:1684, 2019.

    Parameters
    ----------
    rng
        Source of the views and lights; use the run's, so that every head gets the same ones.
    count
        Number of renders.
    """
    views = []
    for _ in range(count):
        azimuth, elevation = rng.uniform(-25, 25), rng.uniform(-15, 15)
        lamp = Light(
            rng.uniform(-60, 60), rng.uniform(0, 70), rng.uniform(0.6, 0.9), rng.uniform(0.1, 0.4)
        )
        views.append((Camera(azimuth, elevation, rng.uniform(-5, 5)), (lamp,)))
    return Protocol("nejm2019", tuple(views))


def protocol_of(name: str, rng: np.random.Generator) -> Protocol:
    """The protocol of this name, one of :data:`NAMES` or ``scans``.

    Only ``nejm2019`` draws from ``rng``.

    Raises
    ------
    UsageError
        There is no such protocol.
    """
    if name == "headrisk":
        return headrisk_protocol()
    if name == "mayo2024":
        return mayo2024_protocol()
    if name == "nejm2019":
        return nejm2019_protocol(rng)
    if name == SCANS.name:
        return SCANS
    raise UsageError("protocol of renders", found=repr(name), expected="one of " + ", ".join(NAMES))


# For the question whether a detector sees a face: near the front, lit as in a portrait.
GLANCE = Protocol(
    "glance",
    tuple(
        (Camera(azimuth, elevation), (Light(azimuth, 40),))
        for azimuth, elevation in ((0, 0), (-12, 0), (12, 0))
    ),
)

# One picture of a head for whoever looks into internal/.
PORTRAIT = Protocol("portrait", GLANCE.views[:1])

# Where heads are compared with heads alone: both sides are seen from the same cameras under the
# same lamps. Fewer renders found as many people on 24 synthetic ones for development (seed 2203);
# the turned views are for heads on which no face is found from the front.
SCANS = Protocol("scans", headrisk_protocol().views[:3])


def scene_of(surface: Surface) -> Scene:
    """The skin of a head made ready for rays, once for all of its renders.

    Parameters
    ----------
    surface
        From :func:`headrisk.heads.surface.head_surface`.
    """
    return open_scene(surface.mesh, surface.normals, surface.occlusion)


def render_scene(
    scene: Scene,
    protocol: Protocol,
    size: int = 224,
    supersample: int = 2,
    face_centre: Sequence[float] = FACE_CENTRE,
) -> NDArray[np.uint8]:
    """All renders of a protocol, in its order.

    Parameters
    ----------
    scene
        The surface, in the head's frame.
    protocol
        Views and lights.
    size
        Edge of each square picture.
    supersample
        Rays along each edge of a pixel.
    face_centre
        Where this head has the template's :data:`headrisk.heads.view.FACE_CENTRE`, mm.

    Returns
    -------
    NDArray
        (renders, size, size) uint8, grey levels.
    """
    shift = np.subtract(face_centre, FACE_CENTRE)
    pictures = np.empty((protocol.count, size, size), np.uint8)
    done = 0
    for camera, lights in protocol.views:
        x, y, z = (float(v) for v in np.add(camera.look_at, shift))
        seen = cast(scene, replace(camera, look_at=(x, y, z)), size, supersample)
        for light in lights:
            pictures[done] = shade(seen, light, skin=protocol.skin)
            done += 1
    return pictures
