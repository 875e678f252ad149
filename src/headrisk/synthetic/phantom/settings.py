"""How strongly synthetic people, their sessions and their scanners differ."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from headrisk.errors import UsageError


@dataclass(frozen=True)
class Scanner:
    """One synthetic scanner.

    Attributes
    ----------
    site, manufacturer, model, serial
        Written to the sidecar.
    voxel_mm
        Voxel size along left-right, posterior-anterior, inferior-superior. A size above 2 mm is a
        thick slice: the signal is averaged over its thickness.
    axes
        Order and direction in which voxels are stored, such as ``"PSR"``.
    grey
        Change of the grey matter mean relative to the table's, as a fraction.
    noise
        Multiplies ``PhantomSettings.noise``.
    """

    site: str
    manufacturer: str
    model: str
    serial: str
    voxel_mm: tuple[float, float, float] = (1.5, 1.5, 1.5)
    axes: str = "RAS"
    grey: float = 0.0
    noise: float = 1.0


SCANNERS = (
    Scanner("A", "Phantom Works", "Cohort 3T", "1001", (1.5, 1.5, 1.5), "PSR"),
    Scanner("B", "Phantom Works", "Cohort 1.5T", "1002", (1.3, 1.5, 1.5), "RAS", 0.06, 1.3),
    Scanner("C", "Field and Sons", "Ring 3T", "2001", (1.4, 1.4, 3.0), "LAS", -0.06, 0.8),
)


@dataclass(frozen=True)
class PhantomSettings:
    """Strength of every source of difference between two synthetic images.

    Only what stands under *Person* tells people apart, and all of it is multiplied by
    ``identity``; everything else is drawn for each scan without regard to the person.

    Attributes
    ----------
    identity
        Person. 0 gives everybody the same anatomy, 1 the values below.
    warp_sigma_mm, warp_rms_mm
        Person. Smooth displacement at several scales: width of the Gaussian that smooths it, and
        its root mean square along each axis, mm. Steeper than about 0.2 (rms / sigma) folds over.
    folding
        Person. Share (0..1) of the cortical folding pattern that is the person's own.
    ventricle_sd
        Person. Standard deviation of the natural logarithm of the ventricles' volume.
    ventricle_per_year
        Person. Growth of that logarithm with age across people, from 50 years.
    head_scale_sd
        Person. Standard deviation of head size along each axis, as a fraction.
    tissue_sd
        Person. Standard deviation of the grey, white and fluid means, as a fraction.
    head_scale
        Mean head size relative to the template, which is larger than most heads.
    years_between
        Session. Shortest and longest gap between two sessions, years.
    ageing
        Session. Multiplies the two rates that follow.
    ventricle_growth
        Session. Yearly growth of ventricle volume within a person, as a fraction.
    sulcal_widening_mm
        Session. Yearly widening of the sulci, mm.
    session_warp_mm
        Scan. Smooth displacement (gradient distortion, pulsation, fluid shifts), rms. Half of its
        variance belongs to the scanner, half to the scan.
    contrast_sd
        Scan. Standard deviation of the grey matter and fluid means, as a fraction.
    rotation_deg, shift_mm
        Scan. Largest rotation about and shift along each axis.
    noise
        Scan. Standard deviation of each channel of the Rician noise, relative to white matter.
    bias
        Scan. Range (largest minus smallest) of the multiplicative receive field over the image.
        Half of the field's variance belongs to the scanner, half to the scan.
    gain
        Scan. Smallest and largest intensity of white matter.
    contrasts
        Suffixes written for each session: T1w, T2w, FLAIR.
    scanners
        The scanners, one drawn for each session whoever the person is.
    scanner_follows_person
        Draw one scanner per person instead, so that the scanner alone links people: a confound
        an audit should notice.
    """

    identity: float = 1.0
    warp_sigma_mm: tuple[float, ...] = (40.0, 20.0, 10.0)
    warp_rms_mm: tuple[float, ...] = (2.5, 1.5, 1.0)
    folding: float = 0.8
    ventricle_sd: float = 0.3
    ventricle_per_year: float = 0.012
    head_scale_sd: float = 0.03
    tissue_sd: float = 0.02
    head_scale: float = 0.91
    years_between: tuple[float, float] = (0.5, 3.0)
    ageing: float = 1.0
    ventricle_growth: float = 0.03
    sulcal_widening_mm: float = 0.02
    session_warp_mm: float = 1.2
    contrast_sd: float = 0.05
    rotation_deg: float = 8.0
    shift_mm: float = 8.0
    noise: float = 0.03
    bias: float = 0.5
    gain: tuple[float, float] = (400.0, 1500.0)
    contrasts: tuple[str, ...] = ("T1w",)
    scanners: tuple[Scanner, ...] = SCANNERS
    scanner_follows_person: bool = False

    def __post_init__(self) -> None:
        for name in (
            "identity",
            "ageing",
            "noise",
            "session_warp_mm",
            "contrast_sd",
            "rotation_deg",
            "shift_mm",
        ):
            _require(name, getattr(self, name), getattr(self, name) >= 0, "0 or more")
        _require("folding", self.folding, 0 <= self.folding <= 1, "between 0 and 1")
        _require("bias", self.bias, 0 <= self.bias < 2, "between 0 and 2")
        same = len(self.warp_sigma_mm) == len(self.warp_rms_mm)
        _require("warp_rms_mm", self.warp_rms_mm, same, "one value for each warp_sigma_mm")
        known = set(self.contrasts) <= {"T1w", "T2w", "FLAIR"} and len(self.contrasts) > 0
        _require("contrasts", self.contrasts, known, "some of T1w, T2w, FLAIR")
        _require("scanners", self.scanners, len(self.scanners) > 0, "at least one scanner")


def require_setting(kind: str, name: str, value: object, holds: bool, expected: str) -> None:
    """Refuse a setting out of range; ``kind`` says of what, such as ``"phantom setting"``.

    Raises
    ------
    UsageError
        ``holds`` is False.
    """
    if not holds:
        raise UsageError(
            f"{kind} {name}",
            found=repr(value),
            expected=expected,
            remedy="Correct the setting.",
        )


_require = partial(require_setting, "phantom setting")
