"""Sentences of the table attack: how tables were prepared and compared, and which columns tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headrisk.report.words.phrases import capital, counted, listed, people, share
from headrisk.settings import Settings
from headrisk.types import Estimate

NAME = "table"

REFERENCES = (
    "Fischl B (2012). FreeSurfer. NeuroImage 62:774-781.",
    "Gronenschild EHBM et al. (2012). The effects of FreeSurfer version, workstation type, and "
    "Macintosh operating system version on anatomical volume and cortical thickness measurements. "
    "PLoS ONE 7:e38234.",
    "Ledoit O, Wolf M (2004). A well-conditioned estimator for large-dimensional covariance "
    "matrices. J Multivariate Analysis 88:365-411.",
    "Brümmer N, de Villiers E (2010). The speaker partitioning problem. Odyssey 2010.",
    "Conneau A, Lample G, Ranzato M, Denoyer L, Jégou H (2018). Word translation without parallel "
    "data. ICLR 2018.",
    "Wachinger C, Golland P, Kremen W, Fischl B, Reuter M (2015). BrainPrint: a discriminative "
    "characterization of brain morphology. NeuroImage 109:232-248.",
)
_SIZE = {
    "etiv": "Volumes were divided by the intracranial volume (or, where it is missing, by the sum "
    "of volumes) and areas by its power 2/3; thickness was left as it is.",
    "total": "Volumes were divided by the sum of all volumes and areas by its power 2/3; thickness "
    "was left as it is.",
    "none": "Head size was left in.",
}
MATCHED = {
    "none": "both tables were scaled by the second one's median and spread",
    "scale": "each table was scaled by its own median and spread",
    "quantile": "each value of the first table was replaced by the second table's value at the "
    "same quantile of its column",
    "rank": "each table's values were replaced by the normal scores of their ranks",
}


LEFT_OUT = {  # why columns take no part, where the reason of each differs
    "missing": "missing in most rows",
    "spelling": "another spelling of a column",
    "text": "text, no number",
}
NO_COMMON_LABEL = (
    "No label stands in both tables, so that nobody could be searched for: whether they share "
    "people is not known. Where labels of the two are not one key, say who is who (--same-people)."
)
_PAIRS = "other people with two rows"
_LEARNT_FROM = {"whitened-cosine": "rows", "likelihood-ratio": _PAIRS, "two-covariance": _PAIRS}


def method_sentences(
    settings: Settings, columns: int, how: str | None, left_out: Mapping[str, int]
) -> tuple[str, ...]:
    """How tables were prepared and compared; ``how`` is None for a table within itself."""
    return (
        f"Each row's {columns} measurements were compared. {_SIZE[settings.table_size]}",
        "Columns that vary by factors were compared by their logarithms; each column was scaled by "
        "its median and median absolute deviation and cut at six deviations."
        if how is None
        else f"To bring the tables together, {MATCHED[how]}.",
        "Cosine, root mean squared difference and correlation (the cosine once each row's own mean "
        "is taken out) use the columns that both rows have. The whitened cosine takes out the "
        "covariance of each table's columns, for which no label is needed; the tangent one does so "
        "with logarithms of correlation matrices (Arsigny et al. 2006), where columns are pairs of "
        "regions. The likelihood ratio is "
        "that of two rows of one person being normal together; in its two-covariance form people "
        "vary by one covariance and rows about their person by another (Brümmer and de Villiers "
        "2010). Agreement, where there is any beyond chance, is the likelihood ratio of which "
        "cells are equal, those of text and lasting facts among them (Fellegi and Sunter 1969). "
        "By each of the three a pair is scored by a model that "
        "saw neither of its two people, and the two sides of the head teach it alike. Covariances "
        'are shrunk after Ledoit and Wolf; missing values stand at the median there. "Scaled" '
        "measures take off what is usual for either row among its nearest neighbours (Conneau et "
        "al. 2018). The fusion weighs all measures by a likelihood ratio learnt from other people.",
        *(
            f"{name.capitalize()} was left out: fewer than {needed} {_LEARNT_FROM[name]} to learn "
            "from."
            for name, needed in left_out.items()
        ),
    )


def compared_sentence(tables: int, verbatim: int, same_session: int) -> str:
    """Who was searched among whom, in words."""
    if tables == 1:
        text = "Every row of the table was searched among all rows of other sessions."
    else:
        text = "Every row of the first table was searched among the rows of the second."
    if verbatim:
        text += " Some rows stand on both sides verbatim: they link by themselves."
    if same_session:
        text += (
            f" In {same_session} of the same-person pairs both rows carry the same session label; "
            "they may be one scan, processed twice, which is easier to link than two scans."
        )
    return text


def not_scanned(people: int) -> str:
    """A remark where the tables hold people of whom there is no scan."""
    return (
        f"The tables hold {people} people of whom the data set has no scan; they take part in the "
        "table's rates."
    )


PANELS = {
    "columns": "Which columns were compared?",
    "identifiers": "Does a single column link people by itself?",
    "matching": "How were the two tables brought together?",
    "verbatim": "Which rows link by being copies?",
    "facts": "And if the attacker also knows facts about the person?",
}


def columns_answer(columns: int, respelt: int | None, made_by: Sequence[str]) -> str:
    """How many columns were compared; ``respelt`` is None for one table."""
    answer = f"{counted(columns, 'column was', 'columns were')} compared"
    if respelt is not None:
        are = "is" if respelt == 1 else "are"
        answer += f"; {respelt} of them {are} spelt differently in the two tables"
    made = "; ".join(name or "unknown software" for name in made_by)
    return f"{answer}. Made by: {made}. The internal report lists every column."


def identifiers_answer(found: int, columns: int, *, enough: bool) -> str:
    """Whether columns repeat exactly within people; ``enough`` people must have two rows."""
    if not enough:
        return "Too few people have two rows to tell."
    if not found:
        return "No column repeats exactly from one row of a person to the next."
    hold = "holds" if found == 1 else "hold"
    return (
        f"{found} of {counted(columns, 'column')} {hold} exactly the same value in all rows "
        "of a person and other values in other people. Such a column links people by itself, "
        "like an ID; an intracranial volume from a longitudinal stream is a usual case. Leave "
        "it out or round it before the table is shared."
    )


def matching_answer(how: str, middle: float, largest: float) -> str:
    """How far apart the tables' columns were, in standard deviations, before they were matched."""
    return (
        f"{capital(MATCHED[how])}. Before, the middle value of a column "
        f"differed between the tables by {middle:.2g} standard deviations (the median "
        f"over columns; at most {largest:.2g})."
    )


def verbatim_answer(number: str, searched: int) -> str:
    """How many people's rows stand on both sides; ``number`` is a range of counts."""
    return (
        f"{number} of {people(searched)} have a row that stands on both sides with the same values "
        "throughout. Whoever holds one of the two finds the other without comparing anything; they "
        "are counted as found."
    )


def facts_answer(facts: Sequence[str], together: Estimate, alone: Estimate) -> str:
    """What an attacker finds who also knows facts, such as site, sex and age."""
    names = listed(facts)
    return (
        f"With {names} known, age to within a year and one fact in a hundred wrong, the attack "
        f"finds {share(together)}; {names} alone: {share(alone)}."
    )
