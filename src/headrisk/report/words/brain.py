"""How brains were prepared and compared, in words for the methods text."""

from __future__ import annotations

from collections.abc import Mapping

from headrisk.report.words.phrases import a
from headrisk.settings import Settings

NAME = "brain"

REFERENCES = (
    "Sharma R, Polonen H, Pajula J, Suksi V, Tohka J (2026). Linking skull-stripped brain MRI "
    "across databases. arXiv:2602.10043.",
    "Fisch L et al. (2024). deepbet: Fast brain extraction of T1-weighted MRI using convolutional "
    "neural networks. Comput Biol Med 179:108845.",
    "Fonov V, Evans AC, McKinstry RC, Almli CR, Collins DL (2009). Unbiased nonlinear average "
    "age-appropriate brain templates from birth to adulthood. NeuroImage 47:S102.",
    "Baker S, Matthews I (2004). Lucas-Kanade 20 years on: a unifying framework. Int J Comput "
    "Vision 56:221-255.",
)


CT_NOT_AMONG_THEM = (
    "CT images are not compared by the brain, since grey and white matter hardly differ in them; "
    "they count as failed. Whether a face is left is asked of them too."
)


LABELS_NOT_CHECKED = (
    "Equal labels in the two data sets were taken for one person. With so many pairs nobody "
    "checked that against the images: search for a part of the people (--participant-label) to "
    "have it checked, or settle it with --same-people."
)
OFFER = (
    "Where people were scanned once, --simulate-rescan simulates a second scan of each; its "
    "figures are labelled as simulated and tend to be too high."
)


def not_kept(scores: int, bin_width: float, measure: str) -> str:
    """What stands for scores that were too many to keep; the bin is the first measure's."""
    return (
        f"The {scores:,} scores were not kept: rank rates, AUC and EER are exact; thresholds and "
        "false match rates hold to within one bin of the histogram of different-person scores, "
        f"{bin_width:.1g} wide for {measure}."
    )


def measure_failed(name: str) -> str:
    """That a measure of another package compared nobody; its error stays in the internal report."""
    return (
        f"The similarity measure {name}, which another package adds, was asked for and failed: "
        "under it nobody was compared, and what it would have found is not known."
    )


def method_sentences(settings: Settings, notes: Mapping[str, str]) -> tuple[str, ...]:
    """How brains were prepared and compared, for the methods text."""
    network = "larger" if settings.accurate else "smaller"
    freedom = "affine (12 parameters)" if settings.alignment == "affine" else "rigid (6 parameters)"
    refined = " and refined by mutual information" if settings.mutual_information else ""
    made = notes.get("residual-correlation")
    return (
        f"Brains were extracted with the {network} network of deepbet; images that held a bare "
        "brain already were kept as they were.",
        f"Each brain was aligned to the ICBM 152 2009a template by {a(freedom)} transform "
        "found from several hundred starting rotations by robust Gauss-Newton steps; contrasts "
        f"other than T1w were aligned through the template's tissue maps{refined}.",
        f"Intensities were sampled at {settings.resolution_mm} mm in template space and "
        "normalised to local mean 0 and local standard deviation 1 (Gaussian window of 6 mm).",
        "T1-weighted scans whose mirror image matches another scan that they do not match, or "
        "whose asymmetry is the reverse of most people's, were marked as doubtful.",
        *([f"For residual correlation, removed was the {made}."] if made else []),
    )
