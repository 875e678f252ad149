"""Every choice a run depends on, in one frozen record that is written beside the results."""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, fields
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, get_args

from headrisk.errors import UsageError

Alignment = Literal["affine", "rigid"]
FaceProtocol = Literal["headrisk", "mayo2024", "nejm2019", "scans"]
TableMatch = Literal["auto", "none", "scale", "quantile", "rank"]
TableSize = Literal["etiv", "total", "none"]
Strength = Literal["mild", "moderate", "strong"]

DEFAULT_MEASURES = (
    "residual-correlation",
    "self-similarity",
    "mae",
    "rmse",
    "psnr",
    "ncc",
    "local-ncc",
    "ssim",
    "ms-ssim",
    "mutual-information",
    "normalised-mutual-information",
    "gmsd",
    "correlation-ratio",
)

_CHOICES: dict[str, Any] = {
    "table_match": TableMatch,
    "table_size": TableSize,
    "rescan_strength": Strength,
}
_KINDS: dict[type, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    tuple: "a list of texts",
}


@dataclass(frozen=True)
class Settings:
    """Settings that change results. How many processes run, and where, is not among them.

    Attributes
    ----------
    seed
        Seed of the one random generator of a run.
    resolution_mm
        Voxel size of the fingerprint: 2, 3 or 4 mm.
    alignment
        ``affine`` (12 parameters) or ``rigid`` (6, keeps head size).
    accurate
        Use the larger brain-extraction network.
    mutual_information
        Refine the alignment of contrasts other than T1w by mutual information.
    contrasts
        BIDS suffixes that take part.
    measures
        Similarity measures to compute; the strongest attack speaks, of equal ones the first.
    mated_prior
        Prior probability that a compared pair shows one person, for the crossing of densities.
    folds
        Folds of the cross-validation over people that tests thresholds.
    bootstrap
        Person-level bootstrap repetitions behind intervals.
    one_to_one
        Also decide by one-to-one assignment.
    most_pairs
        Pairs of scans up to which every score is kept; above, a summary of them is.
    face_protocol
        Which renders are made of a face: ``headrisk``, ``mayo2024``, ``nejm2019`` or ``scans``.
    recognisers
        Face recognisers to ask: ``dlib``, ``faceres``, ``sface``, ``deepface``, ``orb``, ``sift``.
    render_pixels
        Edge of each render.
    table_match
        How two derived tables are brought together: ``auto``, ``none``, ``scale``, ``quantile``
        or ``rank``.
    table_size
        What regional volumes are divided by: ``etiv``, ``total`` or ``none``.
    rescan_strength
        How much a simulated re-scan differs: ``mild``, ``moderate`` or ``strong``.
    risk_line
        Level of a person's risk above which the share of people is reported, such as 0.09; none
        by default.
    membership_prior
        Stated probability that a person searched for is in the gallery, for the precision of
        returned names.

    Raises
    ------
    UsageError
        A value of another kind, out of its range, or not among the choices.

    Examples
    --------
    >>> from headrisk import Settings
    >>> Settings(resolution_mm=3, measures=("ncc",)).bootstrap
    2000
    >>> Settings(resolution_mm=5)
    Traceback (most recent call last):
    ...
    headrisk.errors.UsageError: setting resolution_mm: 5; expected 2, 3 or 4...
    """

    seed: int = 0
    resolution_mm: int = 4
    alignment: Alignment = "affine"
    accurate: bool = False
    mutual_information: bool = False
    contrasts: tuple[str, ...] = ("T1w",)
    measures: tuple[str, ...] = DEFAULT_MEASURES
    mated_prior: float = 0.5
    folds: int = 5
    bootstrap: int = 2000
    one_to_one: bool = False
    most_pairs: int = 100_000_000
    face_protocol: FaceProtocol = "headrisk"
    recognisers: tuple[str, ...] = ("dlib", "faceres", "sface")
    render_pixels: int = 224
    table_match: TableMatch = "auto"
    table_size: TableSize = "etiv"
    rescan_strength: Strength = "moderate"
    risk_line: float | None = None
    membership_prior: float = 0.1

    def __post_init__(self) -> None:
        for name in ("seed", "folds", "bootstrap", "most_pairs", "render_pixels"):
            value = getattr(self, name)
            whole = isinstance(value, Integral) and not isinstance(value, bool)
            _require(name, value, whole, "a whole number")
        for name in ("mated_prior", "membership_prior"):
            value = getattr(self, name)
            _require(name, value, isinstance(value, Real), "a number")
        _require("resolution_mm", self.resolution_mm, self.resolution_mm in (2, 3, 4), "2, 3 or 4")
        _require(
            "alignment", self.alignment, self.alignment in ("affine", "rigid"), "affine or rigid"
        )
        _require("mated_prior", self.mated_prior, 0 < self.mated_prior < 1, "between 0 and 1")
        _require("folds", self.folds, self.folds >= 2, "at least 2")
        _require("bootstrap", self.bootstrap, self.bootstrap >= 100, "at least 100")
        _require("most_pairs", self.most_pairs, self.most_pairs >= 0, "0 or more")
        _require("seed", self.seed, self.seed >= 0, "0 or more")
        _require("measures", self.measures, len(self.measures) > 0, "at least one measure")
        _require("contrasts", self.contrasts, len(self.contrasts) > 0, "at least one suffix")
        for name, kind in _CHOICES.items():
            value, allowed = getattr(self, name), get_args(kind)
            _require(name, value, value in allowed, ", ".join(allowed))
        known = get_args(FaceProtocol)
        _require("face_protocol", self.face_protocol, self.face_protocol in known, ", ".join(known))
        _require("recognisers", self.recognisers, len(self.recognisers) > 0, "at least one name")
        line = self.risk_line
        _require("risk_line", line, line is None or 0 < line < 1, "between 0 and 1, or no line")
        _require(
            "membership_prior",
            self.membership_prior,
            0 < self.membership_prior < 1,
            "between 0 and 1",
        )
        _require(
            "render_pixels", self.render_pixels, 96 <= self.render_pixels <= 1024, "96 to 1024"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values in field order, for TOML, JSON and keys; without what is not chosen."""
        chosen = {k: v for k, v in asdict(self).items() if v is not None}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in chosen.items()}


def read_settings(path: Path) -> Settings:
    """Read a settings TOML file.

    Raises
    ------
    UsageError
        The file is missing, is not TOML, or holds an unknown name or a value out of range.
    """
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(str(path), found=str(error), expected="a TOML file") from error
    known = {field.name: field for field in fields(Settings)}
    for name, value in values.items():
        if name not in known:
            raise UsageError(
                str(path),
                found=f"unknown setting {name!r}",
                expected=f"one of {', '.join(known)}",
                remedy="Correct the name or remove the line.",
            )
        default = known[name].default
        if not _same_kind(value, default):
            raise UsageError(
                str(path),
                found=f"{name} = {value!r}",
                expected=_expected(default),
                remedy="Correct the value.",
            )
    plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return Settings(**plain)


def _same_kind(value: object, default: object) -> bool:
    """Whether a TOML value has the type of a setting, judged by the setting's default."""
    if isinstance(default, tuple):
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if default is None or isinstance(default, float):
        return type(value) in (int, float)
    return type(value) is type(default)  # True is no whole number here


def _expected(default: object) -> str:
    if default is None:
        return "a number, or no such line"
    return f"{_KINDS[type(default)]}, such as {default!r}"


def _require(name: str, value: object, holds: bool, expected: str) -> None:
    if not holds:
        raise UsageError(
            f"setting {name}",
            found=repr(value),
            expected=expected,
            remedy="Correct it in the settings file or on the command line.",
        )
