"""Sentences about metadata: what was found in files, and how well fields link people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headrisk.findings.records import SOURCE_FOLDER, FileRow, ModalitySection, Table, Value
from headrisk.report.words import phrases, summary
from headrisk.report.words.attacks import title_of
from headrisk.report.words.phrases import counted

NAME = "metadata"
TITLE = "Identifying metadata of a set of head scans"
SEARCH_METHOD = (
    "Every name of the data set was looked at, and every file read as its own format where that "
    "is known; other files were searched as bytes for text, or not read, and are counted so. "
    "DICOM attributes were judged by the basic profile of PS3.15 Annex E (Table E.1-1, edition "
    "2026c), fields of sidecars, tables and headers by their names and values, and all other text "
    "by its form.",
    "People count as sharing their details when all quasi-identifiers are equal, ages, heights and "
    "weights in whole units. Tables that say whose row each is were joined by participant; columns "
    "were chosen by the words of their names. A person is unique by few columns when nobody else "
    "has these values of one, two or three of them (SUDA).",
)
SEARCH_REFERENCES = (
    "DICOM PS3.15, Annex E: Attribute Confidentiality Profiles. National Electrical Manufacturers "
    "Association.",
    "Sweeney L (2002). k-anonymity: a model for protecting privacy. Int J Uncertain Fuzz "
    "10:557-570.",
    "Elliot MJ, Manning AM, Ford RW (2002). A computational algorithm for handling the special "
    "uniques problem. Int J Uncertain Fuzz 10:493-509.",
    "Machanavajjhala A et al. (2007). l-diversity: privacy beyond k-anonymity. ACM Trans Knowl "
    "Discov Data 1:3.",
    "Gorgolewski KJ et al. (2016). The brain imaging data structure, a format for organizing and "
    "describing outputs of neuroimaging experiments. Sci Data 3:160044.",
)
METHOD = (
    "Headers and all sidecars that apply to a scan, and those of other images of its session where "
    "sessions are labelled, were read, voxels were not. Two scans score the sum, over all fields "
    "on which they agree, of the negative logarithm of the value's share in the gallery; values "
    "that repeat the scan's own label were left out.",
)
REFERENCES = (
    "Fellegi IP, Sunter AB (1969). A theory for record linkage. Journal of the American "
    "Statistical Association 64:1183-1210.",
)
FIELDS = "Which fields link people?"
PANELS = {
    "kinds": "Which identifying metadata were found?",
    "people": "How many people stand out by their details?",
    "unread": "What was not read, and what must a person read?",
    "copy": "What became of the cleaned copy?",
}
NOT_LOOKED_INTO = (
    "Text burnt into pixels, packed objects of version histories, the content of archives, "
    "pictures (those in PDF files too), and the anatomy itself are not looked into."
)
MISSED = (
    "More may be there: in tests on made-up releases the search missed 2 of 100 identifiers in "
    "fields, 17 in lines with a label, 38 in other lines and file names."
)  # shares: docs/metadata.md, How much is found
MORE = "In tests the search missed 2 to 38 of 100 planted identifiers."
NOT_READ = "Text in pixels and archives was not read."
NOBODY_SEARCHED_FOR = "Nobody was searched for: an audit measures how well metadata link people."


SEVERITIES = {  # how much a finding gives away
    "direct identifier": ("direct identifier", "direct identifiers"),
    "quasi-identifier": (
        "detail that narrows down who it is",
        "details that narrow down who it is",
    ),
    "technical link": (
        "value that ties a file to a device, day or place",
        "values that tie files to a device, day or place",
    ),
    "notice": ("other place to look at", "other places to look at"),
}


LEADS = {"direct identifier": ("leads to a person", "lead to a person")}  # said in brackets


@dataclass(frozen=True)
class Files:
    """How many files there are: all, read as their own format, searched as bytes, not read.

    ``to_read`` were read and hold texts that only a person can judge; ``clean`` are called so.
    """

    total: int
    read: int
    searched: int
    unread: int
    to_read: int = 0
    clean: int = 0


def compared_sessions(kinds: Sequence[str], sources: int, copies: int) -> str:
    """Who was searched among whom, where images of kinds that other attacks leave out are read."""
    where = "other sessions" if sources == 1 else "the other data sets"
    text = (
        "What headers and sidecars say of each scan, and of every other image of its session "
        f"({phrases.listed(kinds)}), was searched among {where}."
    )
    return text + summary.copies_left_out(copies)


def nothing_to_tell(images: int, read: int, pairs: int) -> str:
    """Why metadata give no rate where no field is compared; "" where the counts say it already.

    Of ``images`` whose person and session are known ``read`` had a header or a sidecar that could
    be read, and ``pairs`` of them could be compared.
    """
    if not images:
        return "No image has a person and a session by its label, so headers were not compared."
    if not read:
        return (
            "Neither header nor sidecar of any image could be read, so whether metadata link "
            "people was not tested."
        )
    return "No field of headers or sidecars tells any two scans apart." if pairs else ""


def summary_sentence(files: Files, severities: Mapping[str, int]) -> str:
    """What was found, in one or two sentences without names; findings by severity, in that order.

    That nothing was found is said only of files that were read.
    """
    where = counted(files.total, "file")
    parts = [_how_many(name, count) for name, count in severities.items() if count]
    if parts:
        said = f"In {where}: {', '.join(parts)}."
    elif not files.total:
        return "There is no file: nothing was looked at."
    elif not files.read:
        said = "No file was read as its own format, so that nothing is known of them."
    elif files.read == files.total:
        said = f"Nothing was found in {where}."
    else:
        said = f"Nothing was found in {files.read:,} of {where}."
    more = (unread_sentence(files), to_read_sentence(files.to_read))
    return " ".join((said, *filter(None, more)))


def _how_many(severity: str, count: int) -> str:
    """``2 direct identifiers (lead to a person)``."""
    text = counted(count, *SEVERITIES[severity])
    leads = LEADS.get(severity)
    return f"{text} ({leads[0 if count == 1 else 1]})" if leads else text


def to_read_sentence(files: int, *, briefly: bool = False) -> str:
    """How many files hold texts that no rule can judge; "" where none does."""
    if not files:
        return ""
    hold = "file holds" if files == 1 else "files hold"
    if briefly:
        return f"{files:,} {hold} text for a person to read."
    return (
        f"{files:,} {hold} texts or names that no rule can judge with certainty: a person has to "
        "read them."
    )


def unread_sentence(files: Files, *, total: bool = True) -> str:
    """How many files were not read as their own format; "" where all were.

    Without ``total`` their sum stands in the sentence before.
    """
    found = ((files.searched, "only searched as bytes"), (files.unread, "not read"))
    rows = [(count, how) for count, how in found if count]
    if not rows:
        return ""
    if total:
        said = [f"{count:,} {_were(count)} {how}" for count, how in rows]
        return f"Of {counted(files.total, 'file')} {' and '.join(said)}."
    said = [f"{counted(count, 'file')} {_were(count)} {how}" for count, how in rows]
    return f"{' and '.join(said)}."


def kinds_answer(
    files: Files,
    severities: Mapping[str, int],
    *,
    listed: bool,
    folders: int = 0,
    source: tuple[int, int] = (0, 0),
) -> str:
    """The same for the page; ``listed`` where the custodian gave a list to search for.

    ``folders`` hold source data, and with them what was removed elsewhere; ``source`` are the files
    below them, and the images among these.
    """
    said = [summary_sentence(files, severities), source_sentence(folders, *source)]
    if listed:
        said.append("The custodian's own list of identifiers was searched for too.")
    return " ".join(filter(None, said))


def source_sentence(folders: int, files: int, images: int) -> str:
    """How many folders hold source data, and what lies in them; "" without any."""
    if not folders:
        return ""
    shown = counted(images, "image among them", "images among them") if images else "no image"
    return (
        f"{counted(folders, 'folder holds', 'folders hold')} source data, that is, originals "
        f"({counted(files, 'file')}, {shown}, searched like all others)."
    )


def files_in(table: Table) -> Files:
    """The files as the table ``files`` or ``unread`` counts them."""
    counts = file_rows(table)
    return Files(
        counts.get(FileRow.ALL, 0),
        counts.get(FileRow.READ, 0),
        counts.get(FileRow.SEARCHED, 0),
        counts.get(FileRow.UNREAD, 0),
        counts.get(FileRow.TO_READ, 0),
        counts.get(FileRow.CLEAN, 0),
    )


def file_rows(table: Table) -> dict[str, int]:
    """Names to counts of a table of files."""
    return {str(row[0]): int(row[1]) for row in table.rows if isinstance(row[1], int | float)}


def people_answer(in_small: str, people: int, shown: Sequence[str], unnamed: int) -> str:
    """How many people share their details with few; ``in_small`` is a range of counts.

    ``shown`` are the quasi-identifiers whose names may stand in public; ``unnamed`` more may not.
    """
    named = ", ".join(shown) or "none with a plain name"
    more = f", and {unnamed} more" if unnamed else ""
    return (
        f"{in_small} of {phrases.people(people)} share their "
        f"{counted(len(shown) + unnamed, 'detail')} ({named}{more}) with fewer than four others. "
        "Whoever knows these details of a person finds that person's row, or one of a few."
    )


def unread_answer(files: Files) -> str:
    """How many files were not read as their own format, and what follows."""
    said = [unread_sentence(files), to_read_sentence(files.to_read)]
    said.append("None of these files is called clean.")
    if files.searched or files.unread:
        said.append("A cleaned copy (--fix) leaves out what was not read, unless it is named.")
    said.append(f"Called clean: {files.clean:,} of {files.total:,}.")
    return " ".join(filter(None, said))


@dataclass(frozen=True)
class Copy:
    """What became of the files of a cleaned copy, and what a second look at it gave.

    ``named`` files were copied unread because they were named; ``refused`` ones would have lost
    voxels, ``withheld`` ones cannot be cleaned; ``remaining`` removed values still stand in it;
    ``found`` are its findings; ``clean`` files are called so, ``to_read`` hold texts that only a
    person can judge.
    """

    copied: int
    cleaned: int
    left_out: int
    named: int
    refused: int
    withheld: int
    remaining: int
    found: int
    clean: int = 0
    to_read: int = 0


def copy_sentence(copy: Copy) -> str:
    """What became of a cleaned copy."""
    said = (
        f"The copy holds {counted(copy.copied + copy.cleaned, 'file')}, {copy.cleaned:,} of them "
        f"cleaned; {counted(copy.left_out, 'file was', 'files were')} left out. "
    )
    if copy.named:
        they = "it was" if copy.named == 1 else "they were"
        said += f"{copy.named:,} more {_were(copy.named)} copied unread because {they} named. "
    if copy.withheld:
        said += f"{counted(copy.withheld, 'of them cannot', 'of them cannot')} be cleaned. "
    if copy.refused:
        said += f"{copy.refused:,} {_were(copy.refused)} refused: voxels would have changed. "
    said += f"{counted(copy.clean, 'file is', 'files are')} called clean. "
    if copy.to_read:
        hold = "holds" if copy.to_read == 1 else "hold"
        said += f"{copy.to_read:,} {hold} texts that a person has to read before they are shared. "
    if copy.remaining:
        stand = counted(copy.remaining, "removed value still stands", "removed values still stand")
        return f"{said}{stand} in it: do not share it as it is."
    what = counted(copy.found, "finding") if copy.found else "nothing"
    return (
        f"{said}A second look finds {what} in it, and no byte of it holds a listed value or a "
        "removed one that identifies a person or a scan."
    )


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def fields_answer(fields: int, name: str, mates: float, others: float) -> str:
    """How many fields tell people apart, and how far the most telling one, ``name``, does.

    ``mates`` is an upper bound of the share of pairs of one person that agree, ``others`` a lower
    bound of that of two.
    """
    differ = "field differs" if fields == 1 else "fields differ"
    known = "is" if fields == 1 else "are"
    first = f"{fields} {differ} between scans and {known} known for five people or more."
    if mates <= others:
        return (
            f"{first} None of them was shown to agree more often within a person than between "
            "two people."
        )
    return (
        f"{first} The most "
        f"telling is {name}: it agrees in up to {phrases.percent(mates)} of the pairs of one "
        f"person and in {phrases.percent(others)} or a little more of the pairs of two."
    )


def severity_of(row: Sequence[Value]) -> str:
    """What a finding of the table ``kinds`` gives away, as the first page calls it."""
    if row[0] in SOURCE_FOLDER:
        return "may hold what was removed elsewhere"
    return SEVERITIES.get(str(row[1]), (str(row[1]), ""))[0]


def unread_of(table: Table) -> str:
    """The answer of :func:`unread_answer` from its table, as far as it holds the counts."""
    files = files_in(table)
    said = [unread_sentence(files), to_read_sentence(files.to_read)]
    said.append("None of these files is called clean.")
    if files.searched or files.unread:
        said.append("A cleaned copy (--fix) leaves out what was not read, unless it is named.")
    return " ".join(filter(None, said))


def fields_of(table: Table) -> str:
    """The answer of :func:`fields_answer` from its table, with what agreeing means."""
    if not table.rows:
        return "No field differs between scans and is known of five people or more."
    name, _, mates, others = table.rows[0][:4]
    text = fields_answer(len(table.rows), str(name), _share(mates), _share(others))
    return f"{text} Fields agree where both values are equal, also where tables give other dates."


def _share(cell: object) -> float:
    return float(cell) if isinstance(cell, int | float) else 0.0


def against_images(sections: Sequence[ModalitySection]) -> tuple[str, ...]:
    """What images metadata link more people than, if any; sections are those that may leave."""
    own = next((section for section in sections if section.name == NAME), None)
    best = summary.strongest(own) if own is not None and own.sufficient else None
    if best is None or best.rank1 is None:
        return ()
    behind = []
    for section in sections:
        measure = section.headline
        if section is own or not section.sufficient or measure is None or measure.rank1 is None:
            continue
        if best.rank1.value > measure.rank1.value:
            what = title_of(section.name).lower()
            behind.append(f"the {what} ({phrases.share(measure.rank1)})")
    if not behind:
        return ()
    return (
        f"Metadata alone ({best.name}), without a look at any image, link "
        f"{phrases.share(best.rank1)} at rank 1, more than {phrases.listed(behind)}. Clean the "
        "metadata first: no de-identification of images lowers this.",
    )
