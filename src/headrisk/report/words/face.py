"""Sentences of the face attack: how faces were rendered and matched, and what photographs gave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from headrisk.report.words import phrases
from headrisk.report.words.phrases import counted
from headrisk.settings import Settings

NAME = "face"
NOBODY = (
    "Faces between scans: nobody has images of two sessions at hand, or of both data sets, so no "
    "heads were rendered."
)
NO_PHOTOGRAPHS = "No photographs were given."

REFERENCES = (
    "Schwarz CG et al. (2019). Identification of anonymous MRI research participants with "
    "face-recognition software. N Engl J Med 381:1684-1686.",
    "Selfridge AR et al. (2023). Facial anonymization and privacy concerns in total-body PET/CT. "
    "J Nucl Med 64:1304-1309.",
    "Mayo Clinic (2024). Face recognition from research brain MRI with open-source packages, "
    "182 people.",
    "King DE (2009). Dlib-ml: a machine learning toolkit. J Mach Learn Res 10:1755-1758.",
    "Savchenko AV (2019). Efficient facial representations for age, gender and identity "
    "recognition in organizing photo albums using multi-output ConvNet. PeerJ Comput Sci 5:e197.",
    "Yosinski J et al. (2014). How transferable are features in deep neural networks? Advances in "
    "Neural Information Processing Systems 27.",
    "Platt J (1999). Probabilistic outputs for support vector machines. Advances in Large Margin "
    "Classifiers:61-74.",
    "Brümmer N, de Villiers E (2010). The speaker partitioning problem. Odyssey 2010: The Speaker "
    "and Language Recognition Workshop.",
)
_PROTOCOLS = {
    "headrisk": "views near the front, lit from above",
    "mayo2024": "81 renders over fixed camera and lamp positions, as in the study of 2024",
    "scans": "from the front and turned by 15 degrees, lit from above by three lamps in turn",
    "nejm2019": "ten renders with view and lamp drawn at random, as in the study of 2019",
}


class Named(Protocol):
    """What is told of a recogniser."""

    @property
    def name(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def licence(self) -> str: ...


PLUGIN_FAILED = (
    "A recogniser that another package adds failed on some images or comparisons: by it they were "
    "not compared, and what it would have found there is not known."
)


def method_sentences(
    settings: Settings, asked: Sequence[Named], *, searched: bool
) -> tuple[str, ...]:
    """How faces were rendered and matched, for the methods text."""
    rendered = (
        _rendered(settings, settings.face_protocol),
        "Whether a face is left was judged in nine further renders by each detector on its own, "
        "and by the share of the face's surface that lies where a template head has it.",
    )
    if not searched:
        return rendered
    return (
        *rendered,
        f"Recognisers: {'; '.join(_named(one) for one in asked)}.",
        "Photographs were turned upright, cropped loosely around the face and made grey. Each "
        "person's photographs were asked for together. Measures named 'best', 'mean' and 'sum' "
        "take the most similar photograph and render, the mean over all of them, and the sum over "
        "photographs of the most similar render; 'svm-raw' is a linear support vector machine "
        "trained on the renders as they are, with Platt's calibration, and 'svm' the same machine "
        "on renders centred on the gallery's mean and photographs centred on the mean of other "
        "people's photographs, never of the set asked for.",
        "The measure 'headrisk' is the log likelihood ratio of one person against two under the "
        "two-covariance model, learnt from the gallery's renders and from other people's "
        "photographs, never from the set asked for and without telling it whose scan is whose; it "
        "averages recognisers, and where a recogniser gives an inner layer of its network (dlib's "
        "does), the likelihood ratio of that layer counts twice beside them. Its threshold tests "
        "follow the same cross-validation over people as the other measures.",
    )


def scan_sentences(settings: Settings, asked: Sequence[Named], *, shared: bool) -> tuple[str, ...]:
    """How faces in scans were compared with faces in other scans, for the methods text.

    ``shared`` says that the renders are those that were made for photographs too.
    """
    return (
        _rendered(settings, settings.face_protocol if shared else "scans"),
        f"Recognisers: {'; '.join(_named(one) for one in asked)}.",
        "No photograph was used: renders of each scan were compared with the renders of the "
        "others. 'mean' is the mean cosine over all pairs of renders, 'centred' the cosine of the "
        "mean templates after the mean over scans is taken off, and 'headrisk' the log likelihood "
        "ratio of one person against two under the two-covariance model, learnt without telling "
        "it whose scan is whose and averaged over recognisers and their inner layers.",
    )


def _rendered(settings: Settings, protocol: str) -> str:
    return (
        "The skin of each head was found by a threshold of its own, closed, smoothed and meshed, "
        "turned upright by the alignment of its brain, and rendered in grey: "
        f"{_PROTOCOLS[protocol]} (protocol {protocol}, {settings.render_pixels} pixels)."
    )


def _named(one: Named) -> str:
    """Model, digest of the weights and licence of a recogniser."""
    weights = f"SHA-256 of the weights {one.digest}" if one.digest else "no weights"
    return f"{one.name} ({one.model}; {weights}; licence: {one.licence})"


def compared_sentence(sets: int, scans: int) -> str:
    """Who was searched among what, in words.

    How many photographs were used is told as a range: of some, people withhold their consent.
    """
    if not sets:
        return ""
    were = "was" if sets == 1 else "were"
    return (
        f"{counted(sets, 'set')} of photographs, one for each person, {were} searched among "
        f"{counted(scans, 'scan')}."
    )


MODELS = (
    "Results hold for these models; a stronger one may find more people. The methods give each "
    "digest in full."
)
PANELS = {
    "recognisers": "Which recognisers were asked?",
    "photographs": "What became of the photographs?",
    "agreement": "Do two networks find the same people?",
}


def photographs_answer(listed: int, usable: str) -> str:
    """How many photographs could be used; ``usable`` is a range of counts."""
    were = counted(listed, "photograph was", "photographs were")
    return (
        f"{were} listed; {usable} could be used. Photographs without a valid consent are "
        "refused; one in which no face is found is a failure to acquire, not a failed match."
    )


Agreement = tuple[str, str, int, tuple[str, ...]]
"""Two networks, how many people both searched for, and ranges of counts: found by both, by the
first alone, by the second alone, by neither."""


def agreement_answer(pairs: Sequence[Agreement]) -> str:
    """How far any two networks find the same people; pairs of which the same is said together.

    >>> agreement_answer([("a", "b", 12, ("9 to 12", "0 to 3", "0 to 3", "0 to 3"))])[:42]
    'a and b: of 12 people searched for by both'
    """
    alike: dict[tuple[int, tuple[str, ...]], list[str]] = {}
    for first, second, people, counts in pairs:
        alike.setdefault((people, counts), []).append(f"{first} and {second}")
    said = [
        f"{', '.join(names)}: of {phrases.people(people)} searched for by both, "
        f"{both} are found by both, {one} by the first alone, {other} by the second alone and "
        f"{neither} by neither."
        for (people, (both, one, other, neither)), names in alike.items()
    ]
    return f"{' '.join(said)} Protection against one network is none against another."
