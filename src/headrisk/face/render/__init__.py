"""Pictures of a head's surface: cast rays once per camera, light the result as often as needed.

    scene = open_scene(mesh)
    seen = cast(scene, Camera(azimuth=20), 224, 2)
    picture = shade(seen, Light(azimuth=-30, elevation=45))

No display, window system or graphics card takes part, and the same input gives the same bytes.
"""

from headrisk.face.render.cast import GBuffer, Scene, cast, interpolate, open_scene
from headrisk.face.render.shade import (
    Light,
    Skin,
    alpha,
    box_mean,
    radiance,
    shade,
    to_grey,
)
from headrisk.heads.view import FACE_CENTRE, Camera, pixel_rays

__all__ = [
    "FACE_CENTRE",
    "Camera",
    "GBuffer",
    "Light",
    "Scene",
    "Skin",
    "alpha",
    "box_mean",
    "cast",
    "interpolate",
    "open_scene",
    "pixel_rays",
    "radiance",
    "shade",
    "to_grey",
]
