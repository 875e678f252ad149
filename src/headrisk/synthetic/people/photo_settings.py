"""How strongly a person's photographs differ from the scan, and from each other."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial

from headrisk.synthetic.phantom.settings import require_setting


@dataclass(frozen=True)
class PhotoSettings:
    """Strength of every source of difference between a photograph and the surface that was scanned.

    1 is as strong as in everyday pictures, 0 switches a source off; amounts with a unit in the
    name are in that unit.

    Attributes
    ----------
    size
        Shortest and longest edge of the square picture, pixels.
    expression
        Smile, raised brows, open mouth.
    eyes_open
        1 for open eyes; 0 leaves them closed as in the scan.
    surface_error_mm
        Standard deviation of smooth differences between the scanned and the photographed surface,
        along the normal: weight, swelling, and what a scan gets wrong.
    yaw_deg, pitch_deg, roll_deg
        Standard deviations of the pose of the head towards the camera.
    tone
        Spread of skin tones between people. 0 gives everybody the same.
    texture
        Blotches, freckles, moles, wrinkles, pores, redness of lips and cheeks.
    brows, hair, beard
        1 for eyebrows, hair of the head and beards as drawn for the person; 0 for none.
    glasses
        Share of people who own glasses; they wear them in three photographs out of four.
    makeup
        Share of women with make-up in a photograph.
    distance_mm
        Nearest and farthest camera.
    distortion
        Largest barrel distortion: shortening of the picture's corner, as a fraction.
    lights
        0 for one even frontal light; 1 for windows, ceiling lamps, flash and open sky.
    background
        0 for a plain grey wall; 1 for gradients and blurred rooms.
    clothes
        0 leaves the shoulders bare.
    blur
        Defocus and motion.
    noise
        Sensor noise.
    white_balance
        Colour casts and exposure.
    jpeg_quality
        Lowest and highest quality.
    turned
        Share of files stored turned, with an EXIF orientation tag that says so.
    """

    size: tuple[int, int] = (480, 800)
    expression: float = 1.0
    eyes_open: float = 1.0
    surface_error_mm: float = 0.8
    yaw_deg: float = 9.0
    pitch_deg: float = 6.0
    roll_deg: float = 4.0
    tone: float = 1.0
    texture: float = 1.0
    brows: float = 1.0
    hair: float = 1.0
    beard: float = 1.0
    glasses: float = 0.3
    makeup: float = 0.4
    distance_mm: tuple[float, float] = (450.0, 2500.0)
    distortion: float = 0.04
    lights: float = 1.0
    background: float = 1.0
    clothes: float = 1.0
    blur: float = 1.0
    noise: float = 1.0
    white_balance: float = 1.0
    jpeg_quality: tuple[int, int] = (45, 95)
    turned: float = 0.15

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            low, high = value if isinstance(value, tuple) else (value, value)
            _require(field.name, value, 0 <= low <= high, "0 or more, the smaller one first")
        for name in ("eyes_open", "glasses", "makeup", "turned"):
            _require(name, getattr(self, name), getattr(self, name) <= 1, "between 0 and 1")
        _require("size", self.size, self.size[0] >= 32, "at least 32 pixels")
        _require("distance_mm", self.distance_mm, self.distance_mm[0] >= 250, "at least 250 mm")
        _require("distortion", self.distortion, self.distortion < 0.3, "below 0.3")
        quality = self.jpeg_quality[0] >= 1 and self.jpeg_quality[1] <= 100
        _require("jpeg_quality", self.jpeg_quality, quality, "between 1 and 100")


_require = partial(require_setting, "photo setting")
