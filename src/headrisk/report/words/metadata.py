"""Sentences about metadata: what was found in files, and how well fields link people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headrisk.findings.records import ModalitySection
from headrisk.report.words import phrases, summary
from headrisk.report.words.phrases import counted

NAME = "metadata"
TITLE = "Identifying metadata of a head MRI data set"
SEARCH_METHOD = (
    "Every file and every name of the data set was read. DICOM attributes were judged by the "
    "basic profile of PS3.15 Annex E (Table E.1-1, edition 2026c), fields of sidecars, tables and "
    "headers by their names, and all other text by its form.",
    "People count as sharing their details when all quasi-identifiers of participants.tsv are "
    "equal, ages, heights and weights in whole units.",
)
SEARCH_REFERENCES = (
    "DICOM PS3.15, Annex E: Attribute Confidentiality Profiles. National Electrical Manufacturers "
    "Association.",
    "Sweeney L (2002). k-anonymity: a model for protecting privacy. Int J Uncertain Fuzz "
    "10:557-570.",
    "Gorgolewski KJ et al. (2016). The brain imaging data structure, a format for organizing and "
    "describing outputs of neuroimaging experiments. Sci Data 3:160044.",
)
METHOD = (
    "Headers and all sidecars that apply to a scan were read, voxels were not. Two scans score "
    "the sum, over all fields on which they agree, of the negative logarithm of the value's share "
    "in the gallery; values that repeat the scan's own label were left out.",
)
REFERENCES = (
    "Fellegi IP, Sunter AB (1969). A theory for record linkage. Journal of the American "
    "Statistical Association 64:1183-1210.",
)
FIELDS = "Which fields link people?"
PANELS = {
    "kinds": "Which identifying metadata were found?",
    "people": "How many people stand out by their details?",
    "unread": "What could not be read?",
    "copy": "What became of the cleaned copy?",
}
NOT_LOOKED_INTO = (
    "Text burnt into pixels, packed objects of version histories, the content of archives, "
    "office documents and pictures, and the anatomy itself are not looked into."
)
NOBODY_SEARCHED_FOR = "Nobody was searched for: an audit measures how well metadata link people."


def summary_sentence(files: int, severities: Mapping[str, int]) -> str:
    """What was found, in one sentence without names; findings by severity, in that order."""
    where = counted(files, "file")
    parts = [counted(count, name) for name, count in severities.items() if count]
    if not parts:
        return f"Nothing was found in {where}."
    return f"In {where}: {', '.join(parts)}."


def kinds_answer(files: int, severities: Mapping[str, int], *, listed: bool) -> str:
    """The same for the page; ``listed`` where the custodian gave a list to search for."""
    answer = summary_sentence(files, severities)
    if listed:
        answer += " The custodian's own list of identifiers was searched for too."
    return answer


def people_answer(in_small: str, people: int, columns: int) -> str:
    """How many people share their details with few; ``in_small`` is a range of counts."""
    return (
        f"{in_small} of {phrases.people(people)} share their "
        f"{counted(columns, 'quasi-identifier')} with fewer than four others. Who knows these "
        "details of a person finds that person's row, or one of a few."
    )


def unread_answer(unread: int, files: int) -> str:
    """How many files were not read as a whole."""
    return (
        f"{counted(unread, 'file')} of {files:,} could not be read, or not as a "
        "whole. Nothing is known of what stands there."
    )


def copy_sentence(copied: int, cleaned: int, left_out: int, *, remaining: int, found: int) -> str:
    """What became of a cleaned copy.

    ``remaining`` removed values still stand in it; a second look at it gave ``found`` findings.
    """
    said = (
        f"The copy holds {counted(copied + cleaned, 'file')}, "
        f"{cleaned:,} of them cleaned; {counted(left_out, 'file was', 'files were')} left out. "
    )
    if remaining:
        stand = counted(remaining, "removed value still stands", "removed values still stand")
        return f"{said}{stand} in it: do not share it as it is."
    what = counted(found, "finding") if found else "nothing"
    return (
        f"{said}A second look finds {what} in it, and no byte of it holds a value that was removed "
        "or listed."
    )


def fields_answer(fields: int, name: str, mates: float, others: float) -> str:
    """How many fields tell people apart, and how far the most telling one, ``name``, does.

    ``mates`` is an upper bound of the share of pairs of one person that agree, ``others`` a lower
    bound of that of two.
    """
    differ = "field differs" if fields == 1 else "fields differ"
    known = "is" if fields == 1 else "are"
    return (
        f"{fields} {differ} between scans and {known} known of five people or more. The most "
        f"telling is {name}: it agrees in up to {phrases.percent(mates)} of the pairs of one "
        f"person and in {phrases.percent(others)} or a little more of the pairs of two."
    )


def against_images(sections: Sequence[ModalitySection]) -> tuple[str, ...]:
    """Whether metadata link more people than each image modality, as sections may leave."""
    own = next((section for section in sections if section.name == NAME), None)
    best = summary.strongest(own) if own is not None and own.sufficient else None
    if best is None or best.rank1 is None:
        return ()
    said = []
    for section in sections:
        measure = section.headline
        if section is own or not section.sufficient or measure is None or measure.rank1 is None:
            continue
        what = summary.MODALITY_NAMES.get(section.name, (section.name, ""))[0].lower()
        ahead = best.rank1.value > measure.rank1.value
        verdict = "more than" if ahead else "no more than"
        said.append(
            f"Metadata alone ({best.name}), without a look at any image, link "
            f"{phrases.share(best.rank1)} at rank 1, {verdict} the {what} "
            f"({phrases.share(measure.rank1)})."
            + (
                " Clean the metadata first: no de-identification of images lowers this."
                if ahead
                else ""
            )
        )
    return tuple(said)
