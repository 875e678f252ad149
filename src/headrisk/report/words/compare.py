"""Sentences about several releases side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from headrisk.report.words.attacks import title_of
from headrisk.report.words.phrases import capital, counted, listed, percent

Reading = Literal[
    "better", "worse", "not shown", "cannot tell", "not alike", "no interval", "one only"
]
READINGS: Mapping[Reading, str] = {
    "better": "less risk",
    "worse": "more risk",
    "not shown": "no difference shown",
    "cannot tell": "could not tell",
    "not alike": "not like for like",
    "no interval": "no interval for the change",
    "one only": "in one release only",
}
MEANINGS: Mapping[Reading, str] = {
    "better": "the interval of the change lies on the side of less risk, settings and images "
    "looked at are alike, and it holds even if everybody who could not be searched for in the "
    "later release counts as found",
    "worse": "the interval of the change lies on the side of more risk",
    "not shown": "the interval holds no change too, and none of more than 10 percentage points; "
    "that does not show that nothing changed",
    "cannot tell": "the interval holds no change, and a large one too: these are too few people to "
    "tell the two apart",
    "not alike": "the figure changed, but version, settings, images, gallery or people searched "
    "for differ in a way that changes it by itself",
    "no interval": "forecasts and bounds have ranges that are not of sampling",
    "one only": "one of the two releases does not have the figure",
}
STRONGEST = "strongest attack: linked at rank 1"
HELD = {
    "images": "Images in the data set",
    "looked_at": "Images looked at",
    "failed": "Images that failed",
    "left_out": "Images left out",
    "faces_face": "Images with a face",
    "faces_part": "Images with a part of a face",
    "faces_unclear": "Images where it is unclear",
    "faces_failed": "Images in which no face could be looked for",
    "direct identifier": "Direct identifiers in the files",
    "quasi-identifier": "Details that narrow down who it is",
}
NOT_LOOKED_FOR = "not looked for"
COUNTS_TOLD = tuple(HELD[name] for name in HELD if name not in ("images", "looked_at"))
"""Counts whose change belongs into the summary."""


def among(size: int) -> str:
    """A row's name: linkage in random galleries of one size."""
    return f"linked among {size:,} people"


def rank1(measure: str) -> str:
    """A row's name."""
    return f"{measure}: linked at rank 1"


def rank5(measure: str) -> str:
    """A row's name."""
    return f"{measure}: within 5"


def auc(measure: str) -> str:
    """A row's name."""
    return f"{measure}: AUC"


def fnir(searches: int) -> str:
    """A row's name."""
    return f"missed (FNIR) at 1 false-positive identification in {searches:,} searches"


def forecast(size: int) -> str:
    """A row's name."""
    return f"forecast of rank 1 among {size:,} people"


def named_by(title: str) -> str:
    """A row's name."""
    return f"named by {title}"


def points(low: float | None, high: float | None) -> str:
    """An interval of a change in percentage points, rounded outward: ``-12 to 3``."""
    if low is None or high is None:
        return ""
    ends = [_point(low, -1), _point(high, 1)]
    return f"{ends[0]} to {ends[1]}"


def point(value: float | None) -> str:
    """A change in percentage points, with its sign; "" for None."""
    if value is None:
        return ""
    shown = round(100 * value)
    return f"{'+' if shown > 0 else ''}{shown}".replace("-", "\u2212")


def _point(value: float, outward: int) -> str:
    scaled = 100 * value
    whole = int(scaled // 1) if outward < 0 else -int(-scaled // 1)
    return f"{whole}".replace("-", "\u2212")


def unsealed(name: str) -> str:
    """A release without digests."""
    return (
        f"Release {name} has no list of digests (report-files.json), so nobody can tell whether "
        "its figures were changed since the audit."
    )


def versions(pair: tuple[str, str], old: str, new: str) -> str:
    """Two versions of headrisk."""
    return f"{_pair(pair)} were made by different versions of headrisk: {old} and {new}."


def settings(pair: tuple[str, str], names: Sequence[str]) -> str:
    """Settings that differ."""
    return (
        f"{_pair(pair)}: settings differ ({', '.join(names)}). Part of a change may come from them."
    )


def kinds(
    pair: tuple[str, str], old: Mapping[str, int] | None, new: Mapping[str, int] | None
) -> str:
    """Other images were looked at."""
    if old is None or new is None:
        where = pair[0] if old is None else pair[1]
        return (
            f"{_pair(pair)}: the images of release {where} were not listed, so what was looked at "
            "cannot be compared."
        )
    return (
        f"{_pair(pair)}: other images were looked at, {_counts(old)} and then {_counts(new)}. A "
        "lower figure may come from that."
    )


def missed(pair: tuple[str, str], old: int | None, new: int | None) -> str:
    """More or fewer images were not looked at."""
    said = ["unknown" if count is None else f"{count:,}" for count in (old, new)]
    return f"{_pair(pair)}: images and folders not looked at, {said[0]} and then {said[1]}."


def one_only(pair: tuple[str, str], name: str, where: str) -> str:
    """A modality that one of two releases does not have."""
    return f"{title_of(name)}: of releases {listed(pair)} only release {where} was tested by it."


def simulated(pair: tuple[str, str], name: str) -> str:
    """Simulated second scans in one of them alone."""
    return f"{title_of(name)}: re-scans were simulated in one of releases {listed(pair)} only."


def galleries(pair: tuple[str, str], name: str, old: int, new: int) -> str:
    """Galleries of other sizes."""
    return (
        f"{title_of(name)}: the galleries of releases {listed(pair)} hold {old:,} and {new:,} "
        "people. Rank rates fall as galleries grow, whatever else changed; compare the rows of "
        "equal galleries."
    )


def told(name: str, figure: str, pair: tuple[str, str], low: float, high: float) -> str:
    """A change that the interval carries, in a sentence without its verdict."""
    return (
        f"{title_of(name)}, {figure}, release {pair[0]} to {pair[1]}: a change of "
        f"{points(low, high)} percentage points"
    )


NOTHING_COMPARED = (
    "It could not be told whether the risk changed: no figure with an interval stands in two of "
    "these releases."
)
NO_CHANGE_TOLD = (
    "It could not be told whether the risk changed: for some figures a large change would fit too."
)
NO_CHANGE_SHOWN = (
    "No change was shown, and none of more than 10 percentage points would fit these figures."
)


def cannot_tell(name: str, pairs: Sequence[tuple[str, str]], low: float, high: float) -> str:
    """What the strongest attack leaves open between pairs of releases, at the widest."""
    fewer = f"{_point(-low, 1)} fewer" if low else "none fewer"
    more = f"{_point(high, 1)} more" if high else "none more"
    return (
        f"{title_of(name)}: it could not be told whether more or fewer people are linked (release "
        f"{listed([f'{old} to {new}' for old, new in pairs])}). Anything from {fewer} to {more} "
        "of 100 people fits."
    )


def not_alike(count: int) -> str:
    """Changes that other things than the risk can explain."""
    return (
        f"{capital(counted(count, 'figure changed', 'figures changed'))}, but not like for like: "
        "the releases differ in what changes it by itself. Whether the risk changed is not told."
    )


def count_changed(name: str, counts: Sequence[str]) -> str:
    """A count that is not the same in all releases."""
    return f"{name}: {', then '.join(counts)}."


def too_few(name: str, releases: Sequence[str]) -> str:
    """A modality without rates in some releases."""
    where = f"{'release' if len(releases) == 1 else 'releases'} {listed(releases)}"
    return (
        f"{title_of(name)}: too few people could be searched for in {where}, so it cannot be told "
        "whether the risk changed."
    )


def looked(images: int, unseen: int) -> str:
    """How much of a release was looked at."""
    return f"{counted(images, 'image')}, {unseen:,} of them not looked at"


def chance_of_luck(compared: int) -> str:
    """How many differences luck alone would show."""
    return (
        f"{capital(counted(compared, 'change'))} {'was' if compared == 1 else 'were'} looked at "
        f"with intervals of {percent(0.95)}. Where nothing changed, about 1 in 20 of them lies "
        "apart by luck; figures of one attack rise and fall together."
    )


def _pair(pair: tuple[str, str]) -> str:
    return f"Releases {listed(pair)}"


def _counts(kinds: Mapping[str, int]) -> str:
    return listed([f"{count:,} {kind}" for kind, count in sorted(kinds.items())]) or "none"
