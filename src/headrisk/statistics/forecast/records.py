"""What a forecast says: numbers and codes. Its sentences stand in the report's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from headrisk.types import Estimate

FEWEST_PEOPLE = 20
FAR = 100
LARGE_ERROR = 0.05
FORECAST_SIZES = (10**3, 10**4, 10**5, 10**6, 10**7)
Reason = Literal[
    "",
    "cannot be said beyond",  # from ``reach`` on the range is too wide to say anything
    "few people",  # no forecast: fewer than 20 searched for or in the gallery
    "within the data",  # no forecast: the galleries asked for can be measured
    "short tail",  # no forecast: too few scores in the tail
    "nearly all linked",  # withheld: a bound, as all may have been linked
]


@dataclass(frozen=True)
class HiddenGallery:
    """A model fitted on small galleries and tested on the largest that the data have.

    ``error`` is the mean of predicted minus observed over the draws of a small gallery, and
    ``rms`` the root of the mean square.
    """

    fitted_size: int
    predicted_size: int
    predicted: float
    observed: float
    error: float
    rms: float


@dataclass(frozen=True)
class ModelForecast:
    """One model: an estimate with a person-level interval for each size of the forecast.

    ``hidden`` is None where the data are too small to hide galleries. ``weight`` is the model's
    part in the range.
    """

    model: str
    estimates: tuple[Estimate, ...]
    hidden: HiddenGallery | None
    weight: float = 1.0


@dataclass(frozen=True)
class ForecastPoint:
    """What all models together say of one gallery size.

    ``least`` and ``most`` are the lowest and highest of the models' values, ``low`` and ``high``
    the 95 % range of the mixture of models. The headline is ``high``. ``floor`` holds whatever
    the distribution of scores. ``beyond`` marks galleries beyond the forecast's reach, or of more
    than 100 times the people measured. ``said`` is False beyond the reach: there are no values,
    the range then runs from the floor to the upper limit of the measured rate, which a larger
    gallery cannot exceed.
    """

    size: int
    least: float
    most: float
    low: float
    high: float
    floor: float
    beyond: bool
    value: float | None = None
    said: bool = True


@dataclass(frozen=True)
class Forecast:
    """A rate at gallery sizes that nobody measured.

    ``points`` is empty where no forecast is made, and ``reason`` then says why. Where every
    person was linked (``bound_only``) there are no models: each point runs from its floor to 1.
    Sizes that the data reach are left out: they can be measured. ``reason`` is
    "cannot be said beyond" where the range is too wide to say anything for galleries of more than
    ``reach`` people, else ``reach`` is None. ``refuted`` names models that failed on hidden
    galleries and are in no figure. ``budget`` is the share of false-positive identifications that
    the threshold keeps to, None for rank 1.
    """

    observed: Estimate | None
    people: int
    gallery: int
    models: tuple[ModelForecast, ...]
    points: tuple[ForecastPoint, ...]
    bound_only: bool
    few_errors: bool
    reason: Reason = ""
    reach: int | None = None
    refuted: tuple[str, ...] = ()
    budget: float | None = None


def distribution_free_floor(lower: float, gallery: int, size: int) -> float:
    """Least rank-1 rate at ``size`` if the rate at ``gallery`` is at least ``lower``.

    With p a probe's chance to be beaten by a stranger, the rate is the mean of (1 - p)^(N - 1).
    As x^r is convex for r >= 1, it is at least lower^r with r = (size - 1) / (gallery - 1),
    whatever the distribution of p (Jensen).
    """
    return float(lower ** ((size - 1) / max(gallery - 1, 1)))


def points_of(
    models: tuple[ModelForecast, ...],
    ranges: Mapping[int, Estimate],
    sizes: tuple[int, ...],
    gallery: int,
    floors: tuple[float, ...],
    reach: int,
) -> tuple[ForecastPoint, ...]:
    """One point a size; ``ranges`` holds the mixture at each size and at the reach."""
    found = []
    for place, size in enumerate(sizes):
        far, floor = size > FAR * gallery, floors[place]
        if size > reach:
            most = ranges[reach if reach >= sizes[0] else gallery].high
            floor = min(floor, most)
            found.append(ForecastPoint(size, floor, most, floor, most, floor, True, None, False))
            continue
        mixed = ranges[size]
        values = [min(max(m.estimates[place].value, mixed.low), mixed.high) for m in models]
        found.append(
            ForecastPoint(
                size, min(values), max(values), mixed.low, mixed.high, floor, far, mixed.value
            )
        )
    return tuple(found)


def refused(
    observed: Estimate | None, people: int, gallery: int, why: Reason, budget: float | None = None
) -> Forecast:
    """A forecast that is not made, with the reason."""
    return Forecast(observed, people, gallery, (), (), False, True, why, budget=budget)


def too_few(people: int, gallery: int) -> bool:
    """Whether the data cannot carry a forecast."""
    return min(people, gallery) < FEWEST_PEOPLE
