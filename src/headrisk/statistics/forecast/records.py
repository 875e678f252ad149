"""What a forecast says, and the sentences that go with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headrisk.types import Estimate

FEWEST_PEOPLE = 20
FAR = 100
LARGE_ERROR = 0.05
FORECAST_SIZES = (10**3, 10**4, 10**5, 10**6, 10**7)
CANNOT_BE_SAID = "cannot be said beyond"


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
    the range then runs from the floor to the upper end at the reach, which a larger gallery cannot
    exceed.
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

    ``points`` is empty where no forecast is made, and ``sentence`` then says why. Where every
    person was linked (``bound_only``) there are no models: each point runs from its floor to 1.
    Sizes that the data reach are left out: they can be measured. ``reason`` is
    "cannot be said beyond" where the range is too wide to say anything for galleries of more than
    ``reach`` people, else empty and ``reach`` None. ``refuted`` names models that failed on hidden
    galleries and are in no figure.
    """

    observed: Estimate | None
    people: int
    gallery: int
    models: tuple[ModelForecast, ...]
    points: tuple[ForecastPoint, ...]
    bound_only: bool
    few_errors: bool
    sentence: str
    reason: str = ""
    reach: int | None = None
    refuted: tuple[str, ...] = ()


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
            most = ranges[reach].high
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


def refused(observed: Estimate | None, people: int, gallery: int, why: str) -> Forecast:
    """A forecast that is not made, with the reason."""
    return Forecast(observed, people, gallery, (), (), False, True, f"No forecast: {why}.")


def too_few(people: int, gallery: int) -> str:
    """Why the data cannot carry a forecast, or "" if they can."""
    if min(people, gallery) >= FEWEST_PEOPLE:
        return ""
    who = "1 person" if people == 1 else f"{people} people"
    return (
        f"{who} could be searched for in a gallery of {gallery}, "
        f"and at least {FEWEST_PEOPLE} of each are needed"
    )


def bound_sentence(observed: Estimate, gallery: int) -> str:
    """What is said where every person was linked."""
    return (
        f"All {observed.n} people were linked in a gallery of {gallery}, so the data do not show "
        f"how fast the rate falls: it may stay at 100 %. The lower limit there is "
        f"{100 * observed.low:.3g} %; larger galleries have at least the stated bound."
    )


def forecast_sentence(
    models: tuple[ModelForecast, ...], gallery: int, people: int, refuted: tuple[str, ...] = ()
) -> str:
    """Say what the range rests on and which models failed on hidden galleries."""
    number = "1 model" if len(models) == 1 else f"{len(models)} models"
    start = f"Forecast by {number} from {people} people in a gallery of {gallery}"
    tested = [model for model in models if model.hidden is not None]
    if not tested:
        return f"{start}; the gallery is too small to test the models on hidden galleries."
    hidden = tested[0].hidden
    fitted = 0 if hidden is None else hidden.fitted_size
    far = [model for model in tested if model.hidden and model.hidden.rms > LARGE_ERROR]
    dropped = f" Left out, as they failed there: {' and '.join(refuted)}." if refuted else ""
    if not far:
        return (
            f"{start}. Fitted on galleries of {fitted} people, every model used predicted "
            f"the rate at {gallery} within {100 * LARGE_ERROR:.0f} points.{dropped}"
        )
    names = " and ".join(model.model for model in far)
    return (
        f"{start}. Fitted on galleries of {fitted} people, {names} missed the rate at {gallery} "
        f"by more than {100 * LARGE_ERROR:.0f} points.{dropped}"
    )


def reach_sentence(reach: int, gallery: int) -> str:
    """Say where a forecast ends."""
    if reach <= gallery:
        return " How many would be linked in galleries larger than that cannot be said."
    return (
        f" How many would be linked among more than {reach:,} people cannot be said from these "
        "data: no more than there, but how many fewer is open."
    )
