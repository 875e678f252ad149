"""Telling the contrast of a converted DICOM series: T1w, T2w, FLAIR or none of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_OTHER = re.compile(
    r"local|scout|survey|3.?plane|aahead|bold|fmri|rest|task|dwi|dti|diff|adc|trace|perf|asl|"
    r"swi|mag_im|pha_im|tof|angio|mra|mip|field.?map|b0|b1map|epi|spectro|svs|csi|phoenix|report|"
    r"t2.?(star|\*)|gre_field|calib|moco"
)
_FLAIR = re.compile(r"flair|dark.?fluid|tirm|da-fl")
_T2 = re.compile(r"t2|ciss|haste")
_T1 = re.compile(r"t1|mp2?.?rage|spgr|bravo|mdeft|tfe|ffe|ir.?prep|vibe|flash")


_MODALITIES = {"CT": "CT", "PT": "pet"}
_FOLDERS = {"ct": "CT", "pet": "PT"}
_PET_UNITS = frozenset(  # (0054,1001) of the PET module; BIDS writes the second
    ["BQML", "BQ/ML", "CNTS", "PROPCNTS", "PROPCPS", "CPS", "GML", "G/ML", "UMOLML", "MLMINML"]
)
_NOT_A_CONTRAST = {
    "a phase image": frozenset(["P", "PHASE", "PHASE MAP"]),
    "part of a complex image": frozenset(["I", "IMAGINARY", "R", "REAL"]),
    "a projection": frozenset(["MIP", "MAX_IP", "MNIP", "MIN_IP", "PROJECTION IMAGE"]),
    "a localiser": frozenset(["LOCALIZER"]),
    "a map": frozenset(["ADC", "FA", "TRACEW", "T1 MAP", "T2 MAP", "T2_STAR MAP", "B0", "B1"]),
}
_MADE_AGAIN = frozenset(
    ["MPR", "REFORMATTED", "RESAMPLED", "SECONDARY", "SUBTRACT", "CSA 3D EDITOR"]
)


def modality_of(values: Mapping[str, Any]) -> str:
    """``CT``, ``PT``, ``MR`` or another modality of DICOM, "" where nothing tells.

    Where no Modality stands, Units (0054,1001) of activity tell a PET, and a Rescale Type
    (0028,1054) of Hounsfield units a CT.

    >>> modality_of({"Modality": "mr", "Units": "BQML"}), modality_of({"Units": "Bq/mL"})
    ('MR', 'PT')
    >>> modality_of({"RescaleType": "HU"}), modality_of({"Units": "rad/s"})
    ('CT', '')
    """
    said = str(values.get("Modality") or "").strip().upper()
    if said and said != "OT":
        return "PT" if said in ("PT", "PET") else said
    if str(values.get("Units") or "").strip().upper() in _PET_UNITS:
        return "PT"
    if str(values.get("RescaleType") or "").strip().upper() == "HU":
        return "CT"
    return said


def kind_by_modality(values: Mapping[str, Any]) -> str:
    """The suffix of images that are read in a way of their own (``CT``, ``pet``), or ""."""
    return _MODALITIES.get(modality_of(values), "")


def kind_beside_name(
    suffix: str, values: Mapping[str, Any], contrasts: tuple[str, ...], folder: str = ""
) -> tuple[str, str]:
    """The suffix an image is read by where folder or sidecar say CT or PET, and a reason, or "".

    The modality speaks whatever the image is called. One that is called a contrast of MR is no
    image of that contrast: it is compared as what it is where that was asked for, else not at all,
    and the reason says so.

    >>> kind_beside_name("T1w", {"Modality": "MR"}, ("T1w",))
    ('T1w', '')
    >>> kind_beside_name("T1w", {"Modality": "PT"}, ("T1w", "pet"))
    ('pet', '')
    >>> kind_beside_name("T1w", {}, ("T1w",), "ct")[1]
    'called T1w, but its folder or sidecar says CT: rename it, or correct the sidecar'
    """
    kind = _MODALITIES.get(modality_of(values) or _FOLDERS.get(folder, ""), "")
    own = suffix.lower()
    if not kind or own == kind.lower() or (own in _FOLDERS and not kind_by_modality(values)):
        return suffix, ""
    if kind in contrasts or kind.lower() in contrasts:
        return kind if kind in contrasts else kind.lower(), ""
    said = f"called {suffix}, but its folder or sidecar says {kind.upper()}"
    return suffix, f"{said}: rename it, or correct the sidecar"


def image_type(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The words of DICOM's Image Type, in capitals."""
    words = values.get("ImageType", ())
    listed = [words] if isinstance(words, str) else list(words) if isinstance(words, list) else []
    return tuple(str(word).upper() for word in listed)


def is_phase_type(values: Mapping[str, Any]) -> bool:
    """Whether DICOM's Image Type says that a series is a phase image."""
    return bool(_NOT_A_CONTRAST["a phase image"] & set(image_type(values)))


def is_made_again(values: Mapping[str, Any]) -> bool:
    """Whether a series was made from another one: reformatted, resampled or captured."""
    return bool(_MADE_AGAIN & set(image_type(values)))


def guess_suffix(values: Mapping[str, Any]) -> tuple[str, str]:
    """BIDS suffix of a series and what it was told by, from the sidecar dcm2niix wrote.

    Modality and image type come first: CT and PET are told by the modality (see
    :func:`modality_of`); phase and complex
    parts, projections, maps and localisers are other kinds of images whatever they are called.

    The series description and protocol name decide where they name a contrast. Otherwise the
    timing does, in seconds: FLAIR has inversion time 1.6 or more and echo time 0.06 or more; T2w
    echo time 0.06 or more and repetition time 2 or more; T1w echo time up to 0.03 with repetition
    time up to 1, or with inversion time 0.3 to 1.3.

    Returns
    -------
    ``("T1w" | "T2w" | "FLAIR" | "CT" | "pet", "name" | "timing" | "modality")``, or
    ``("", reason)`` where it is another kind of image or cannot be told.
    """
    kind = kind_by_modality(values)
    if kind:
        return kind, "modality"
    for what, words in _NOT_A_CONTRAST.items():
        if words & set(image_type(values)):
            return "", what
    name = " ".join(
        str(values.get(key, "")) for key in ("SeriesDescription", "ProtocolName")
    ).lower()
    if values.get("DiffusionScheme") or "b_value" in values or _OTHER.search(name):
        return "", "another kind of image"
    if "t1" in name and "t2" not in name:
        return "T1w", "name"
    for pattern, suffix in ((_FLAIR, "FLAIR"), (_T2, "T2w"), (_T1, "T1w")):
        if pattern.search(name):
            return suffix, "name"
    echo, repeat, inversion = (
        _seconds(values, key) for key in ("EchoTime", "RepetitionTime", "InversionTime")
    )
    if echo >= 0.06 and inversion >= 1.6:
        return "FLAIR", "timing"
    if echo >= 0.06 and repeat >= 2.0:
        return "T2w", "timing"
    if 0 < echo <= 0.03 and (0 < repeat <= 1.0 or 0.3 <= inversion <= 1.3):
        return "T1w", "timing"
    return "", "contrast not recognised"


def _seconds(values: Mapping[str, Any], key: str) -> float:
    value = values.get(key)
    return float(value) if isinstance(value, int | float) else 0.0
