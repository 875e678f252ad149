"""How many people share their details: k-anonymity, l-diversity and special uniques.

All tables that say whose row each is are joined by participant. A class is a set of people with
equal quasi-identifiers (k-anonymity: Sweeney 2002, doi:10.1142/S0218488502001648). A class whose
people all have one diagnosis tells it of each of them (l-diversity: Machanavajjhala et al. 2007,
doi:10.1145/1217299.1217302). A person is a *minimal sample unique* by a set of columns if nobody
else has these values and no smaller set does that (SUDA: Elliot, Manning and Ford 2002, Int J
Uncertain Fuzz 10:493-509): the fewer columns it takes, the easier the person is found. Ages are in
whole years, heights and weights in whole units.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from headrisk.dataset.labels import plain_label
from headrisk.io.values import known as known_value
from headrisk.metadata.columns import owner_place, place_of
from headrisk.metadata.fields import plain_name
from headrisk.metadata.notations import is_age
from headrisk.metadata.tables import TextTable
from headrisk.metadata.words import concepts, field_words
from headrisk.types import IntArray

SMALL_CLASS = 5
MOST_COLUMNS = 12  # of which all sets of up to three are tried: 298
LARGEST_SET = 3
_QUASI_WORDS = frozenset(
    """sex gender handedness handed hand handscore race racial ethnicity ethnic ethnicgroup
        nationality country site center centre scanner group diagnosis dx education educ
        schooling height weight bmi marital maritalstatus married occupation job profession
        religion language languages native nativelanguage birthyear yob zip zipcode postcode plz
        income salary ses socioeconomic region state county city town species strain pathology
        pathologies dominanthand dominant siblings children twin twins zygosity household
        employment employed geschlecht sukupuoli sexe sexo sesso kon kjonn koen geslacht plec
        pohlavi kieli sprache langue bildung koulutus beruf ammatti stature length citizenship
        immigrant veteran pregnant pregnancy smoker smoking disability genotype apoe caste tribe
        ancestry origin urbanicity deprivation""".split()  # noqa: SIM905
)
_QUASI_NAMES = frozenset(
    {
        "agegroup",
        "agerange",
        "ageband",
        "yearofbirth",
        "birthyear",
        "educationyears",
        "yearsofeducation",
        "socialclass",
    }
)
_NOT_QUASI = frozenset(
    """score scale total index time rt accuracy trial task response stim stimulus
    image scan date id code file path onset duration target test item volume thickness error
    correct left right""".split()  # noqa: SIM905
)
_SENSITIVE = frozenset(
    """diagnosis dx pathology disease condition icd disorder medication medications drug
        treatment group status genotype apoe hiv pregnant substance alcohol diagnose
        diagnoosi""".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class PeopleTable:
    """The quasi-identifiers of one table, by person.

    Attributes
    ----------
    main
        It is ``participants.tsv``, which says who belongs to the data set.
    columns
        Names of the columns that are quasi-identifiers, or sensitive.
    values
        For each person's label, the values of these columns, rounded.
    """

    main: bool
    columns: tuple[str, ...]
    values: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Anonymity:
    """Sizes of the classes of people with equal details.

    Attributes
    ----------
    columns
        The quasi-identifiers found, those of other tables than ``participants.tsv`` included.
    people
        Number of people.
    alone
        People whose combination nobody shares.
    in_small
        People in classes of fewer than five, ``alone`` included.
    smallest
        Size of the smallest class (k); 0 in a table without people.
    tables
        Number of tables that were joined.
    unique_by
        People whom one column makes unique, whom it takes two, and whom it takes three.
    sensitive
        Columns that tell something of whoever is found: diagnoses and the like.
    told
        People in classes of two or more who all have one value of a sensitive column, which is told
        of each of them (classes that are not 2-diverse).
    """

    columns: tuple[str, ...]
    people: int
    alone: int
    in_small: int
    smallest: int
    tables: int = 1
    unique_by: tuple[int, int, int] = (0, 0, 0)
    sensitive: tuple[str, ...] = ()
    told: int = 0


def is_quasi_identifier(name: str) -> bool:
    """Whether a column tells what others know of a person, by the words of its name.

    >>> is_quasi_identifier("Height_W1"), is_quasi_identifier("AgeMRI_W1")
    (True, True)
    >>> is_quasi_identifier("site_of_lesion_score")
    False
    """
    words = frozenset(field_words(name))
    if plain_name(name) in _QUASI_NAMES:
        return True
    if is_age(name) and not words & {"onset", "first"}:
        return True
    if "birth" in concepts(name):
        return bool(words & {"year", "birthyear", "yob", "month", "country", "place"})
    return bool(words & _QUASI_WORDS) and not words & _NOT_QUASI


def is_sensitive(name: str) -> bool:
    """Whether a column tells of whoever is found what was not known: a diagnosis, a medication.

    >>> is_sensitive("disease"), is_sensitive("marital-status"), is_sensitive("HIV_status")
    (True, False, True)
    """
    words = frozenset(field_words(name))
    if words & _NOT_QUASI:
        return False
    told = words & _SENSITIVE
    return bool(told - {"status"} or ("status" in told and not words & _QUASI_WORDS - {"group"}))


def people_table(table: TextTable, name: str, *, main: bool = False) -> PeopleTable | None:
    """What a table adds to what is known of each person, None where it adds nothing.

    Of several rows of one person the first value that is known counts.
    """
    who = owner_place(table.columns)
    if not main and (who is None or place_of(name, table.columns) != "people"):
        return None
    places = [
        i
        for i, column in enumerate(table.columns)
        if i != who and (is_quasi_identifier(column) or is_sensitive(column))
    ]
    values: dict[str, tuple[str, ...]] = {}
    for number, (_, cells) in enumerate(table.rows):
        person = plain_label(cells[who], "sub") if who is not None and who < len(cells) else ""
        person = person or f"row {number}"
        row = tuple(_rounded(cells[i]) if i < len(cells) else "" for i in places)
        before = values.get(person, row)
        values[person] = tuple(a or b for a, b in zip(before, row, strict=True))
    if not places and not main:
        return None
    return PeopleTable(main, tuple(table.columns[i] for i in places), values)


def joined(tables: Iterable[PeopleTable]) -> Anonymity | None:
    """Classes over the quasi-identifiers of all tables of a data set, None without any person.

    People are those of ``participants.tsv`` where there is one, else all that are named anywhere.
    """
    tables = sorted(tables, key=lambda one: (not one.main, one.columns))
    if not tables:
        return None
    listed = [table for table in tables if table.main] or tables
    people = list(dict.fromkeys(person for table in listed for person in table.values))
    columns: list[str] = []
    data: list[list[str]] = []
    used = 0
    for table in tables:
        blank = ("",) * len(table.columns)
        rows = [table.values.get(person, blank) for person in people]
        taken = 0
        for place, column in enumerate(table.columns):
            values = [row[place] for row in rows]
            if any(values) and values not in data:
                columns.append(column)
                data.append(values)
                taken += 1
        used += bool(taken)
    quasi = [i for i, column in enumerate(columns) if is_quasi_identifier(column)]
    if not quasi or not people:
        return Anonymity((), len(people), 0, 0, len(people), tables=max(used, 1))
    known = [data[i] for i in quasi]
    sizes = Counter(zip(*known, strict=True))
    own = [sizes[key] for key in zip(*known, strict=True)]
    sensitive = tuple(i for i, column in enumerate(columns) if is_sensitive(column))
    return Anonymity(
        columns=tuple(columns[i] for i in quasi),
        people=len(people),
        alone=own.count(1),
        in_small=sum(size < SMALL_CLASS for size in own),
        smallest=min(own),
        tables=max(used, 1),
        unique_by=_unique_by(known),
        sensitive=tuple(columns[i] for i in sensitive),
        told=_told(data, sensitive),
    )


def plain_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """Columns whose names are made of known words alone and can be shown in public.

    A column may be named after a person, so every other name is left out.
    """
    return tuple(
        column
        for column in columns
        if all(
            word.isdigit() or word in _QUASI_WORDS or concepts(word) for word in field_words(column)
        )
    )


def _unique_by(data: Sequence[Sequence[str]]) -> tuple[int, int, int]:
    """How many people are unique by one column, by two at least, by three at least.

    Columns beyond the twelve with the most different values are left out of the sets.
    """
    chosen = sorted(data, key=lambda values: -len(set(values)))[:MOST_COLUMNS]
    codes: IntArray = np.array([np.unique(values, return_inverse=True)[1] for values in chosen])
    people = codes.shape[1]
    fewest = np.full(people, LARGEST_SET + 1)
    for size in range(1, min(LARGEST_SET, len(chosen)) + 1):
        for places in combinations(range(len(chosen)), size):
            key: IntArray = np.zeros(people, dtype=np.int64)
            for place in places:
                key = key * (codes[place].max() + 1) + codes[place]
            group = np.unique(key, return_inverse=True)[1]
            alone = np.bincount(group)[group] == 1
            fewest[alone & (fewest > size)] = size
    one, two, three = (int((fewest == size).sum()) for size in (1, 2, 3))
    return one, two, three


def _told(data: Sequence[Sequence[str]], sensitive: Sequence[int]) -> int:
    """People who share all other details with others of one and the same diagnosis."""
    if not sensitive or len(sensitive) == len(data):
        return 0
    others = [values for i, values in enumerate(data) if i not in sensitive]
    keys = list(zip(*others, strict=True))
    told = np.zeros(len(keys), dtype=bool)
    sizes = Counter(keys)
    for place in sensitive:
        seen: dict[tuple[str, ...], set[str]] = {}
        for key, value in zip(keys, data[place], strict=True):
            seen.setdefault(key, set()).add(value)
        told |= [sizes[key] > 1 and len(seen[key]) == 1 and seen[key] != {""} for key in keys]
    return int(told.sum())


def _rounded(cell: str) -> str:
    text = known_value(cell.strip().strip('"'))
    try:
        return str(int(float(text.replace(",", "."))))
    except (ValueError, OverflowError):
        return text.casefold()
