"""How many people share their details: k-anonymity of a table of people.

A class is a set of people with equal quasi-identifiers (Sweeney 2002,
doi:10.1142/S0218488502001648). Ages count in whole years, heights and weights in whole units.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from headrisk.io.values import known as known_value
from headrisk.metadata.fields import plain_name
from headrisk.metadata.tables import TextTable

SMALL_CLASS = 5
_QUASI_NAMES = """
    age sex gender handedness hand race ethnicity ethnicgroup nationality country site center
    centre scanner group diagnosis dx education educationyears yearsofeducation height weight
    bmi maritalstatus occupation religion language nativelanguage birthyear yearofbirth
    agegroup agerange ageband zip zipcode postcode income ses region state city species strain
    pathology dominanthand ageatscan
"""
_QUASI = frozenset(_QUASI_NAMES.split())


@dataclass(frozen=True)
class Anonymity:
    """Sizes of the classes of people with equal details.

    Attributes
    ----------
    columns
        The quasi-identifiers found in the table.
    people
        Number of people in the table.
    alone
        People whose combination nobody shares.
    in_small
        People in classes of fewer than five, ``alone`` included.
    smallest
        Size of the smallest class (k); 0 in a table without people.
    """

    columns: tuple[str, ...]
    people: int
    alone: int
    in_small: int
    smallest: int


def anonymity(table: TextTable) -> Anonymity:
    """Count classes over the columns of a table that are quasi-identifiers; one row a person."""
    places = [i for i, name in enumerate(table.columns) if plain_name(name) in _QUASI]
    names = tuple(table.columns[i] for i in places)
    if not places:
        return Anonymity((), len(table.rows), 0, 0, len(table.rows))
    classes = Counter(
        tuple(_rounded(cells[i]) if i < len(cells) else "" for i in places)
        for _, cells in table.rows
    )
    sizes = list(classes.values())
    return Anonymity(
        columns=names,
        people=len(table.rows),
        alone=sum(size for size in sizes if size == 1),
        in_small=sum(size for size in sizes if size < SMALL_CLASS),
        smallest=min(sizes, default=0),
    )


def _rounded(cell: str) -> str:
    text = known_value(cell.strip().strip('"'))
    try:
        return str(int(float(text)))
    except (ValueError, OverflowError):
        return text.casefold()
