"""Tables of a report, and tables of users: what is read back is what was written."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.errors import InputError, UsageError
from headrisk.findings.records import Table, Value
from headrisk.io.canonical import rounded
from headrisk.io.tsv import read_tsv, tsv_text
from headrisk.report.tsv import parse_table, table_text

LOOK_ALIKES = [
    *("007", "1", "-0", "1.0", "1e5", "1E-3", "+1", "1_000", ".5", "5.", "0x1f", "٣"),
    *("n/a", "N/A", "NaN", "nan", "inf", "-inf", "None", "null", "True", "False", "true"),
    *("", " ", " x ", '"', '""', '"x"', 'a"b', '"a', 'a"', '"n/a"', "<5", "'", "=1+1"),
    *("a\tb", "a\nb", "a\r\nb", "\x1b[2J", "\u2028", "\ufeff", "\u202e", "\x85", "\0"),
    *("\\", "\\t", "\\\\n", "\\x41", "C:\\new", "\\u0041", "\\"),
    *("Zoë", "Zoe\u0308", "\U0001f600"),
]
text = st.one_of(
    st.sampled_from(LOOK_ALIKES),
    st.text(),
    st.text(st.sampled_from('\\"\t\ntnrxuU0123456789abe.-+/ '), max_size=12),
    st.floats().map(str),
    st.integers().map(str),
)
numbers = st.one_of(
    st.integers(), st.floats(allow_nan=False, allow_infinity=False).map(lambda x: rounded(x) or 0.0)
)
cells = st.one_of(st.none(), st.booleans(), numbers, text)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    width = draw(st.integers(1, 4))
    columns = draw(st.tuples(*[st.text(min_size=1) for _ in range(width)]))
    return Table(columns, tuple(draw(st.lists(st.tuples(*[cells] * width), max_size=6))))


def same(one: Value, other: Value) -> bool:
    kinds = (bool, str, type(None))
    alike = not isinstance(one, kinds) or type(one) is type(other)
    return alike and one == other


@given(tables())
def test_a_table_read_back_is_the_table_written(table: Table) -> None:
    again = parse_table(table_text(table), "x")
    assert again.columns == table.columns
    assert len(again.rows) == len(table.rows)
    for new, old in zip(again.rows, table.rows, strict=True):
        assert all(map(same, old, new)), (old, new)
    assert table_text(again) == table_text(table)


@pytest.mark.parametrize("cell", LOOK_ALIKES)
def test_text_that_looks_like_something_else_stays_text(cell: str) -> None:
    table = Table(("what", "n"), ((cell, 1), (None, cell), (cell, 2.5)))
    assert parse_table(table_text(table), "x") == table


@given(st.lists(st.tuples(text, text), min_size=1, max_size=5))
def test_other_readers_of_rfc_4180_see_the_same_text(rows: list[tuple[str, str]]) -> None:
    written = table_text(Table(("one", "two"), tuple(rows)))
    read = list(csv.reader(io.StringIO(written, newline=""), delimiter="\t"))[1:]
    for found, row in zip(read, rows, strict=True):
        for cell, meant in zip(found, row, strict=True):
            if "\\" not in cell:  # an escape is the report's own
                assert cell == meant


def test_numbers_that_no_float_holds_and_numbers_that_are_none() -> None:
    table = Table(("n",), ((2**63 + 1,), (-(10**30) - 1,), (float("nan"),), (float("inf"),)))
    again = parse_table(table_text(table), "x").column("n")
    assert again == [2**63 + 1, -(10**30) - 1, None, None]


def test_a_table_without_columns_and_a_line_too_short() -> None:
    assert parse_table(table_text(Table((), ())), "x") == Table((), ())
    with pytest.raises(InputError, match="1 cells in line 3"):
        parse_table("a\tb\n1\t2\n3\n", "x")


def test_tables_written_before_text_was_quoted_are_read_as_ever() -> None:
    old = "level\tn\tshare\n<5\t<5\tn/a\n3T\t12\t0.25\nbrain (z)\t1e-05\t\n"
    assert parse_table(old, "x").rows == (
        ("<5", "<5", None),
        ("3T", 12.0, 0.25),
        ("brain (z)", 1e-05, ""),
    )


plain = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1).filter(
    lambda cell: cell.lower() not in {"n/a", "na", "nan", "none", "null", "unknown", "-"}
)


@given(st.lists(st.tuples(plain | st.just(""), plain), max_size=5))
def test_a_users_table_written_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    place: Path = tmp_path_factory.getbasetemp() / "users.tsv"
    place.write_bytes(tsv_text(("one", "two"), rows).encode())
    read = [(row.values["one"], row.values["two"]) for row in read_tsv(place)]
    assert read == rows


@pytest.mark.parametrize("cell", ["a\tb", "a\nb", "a\rb", "a\0b"])
def test_a_users_table_holds_no_cell_that_would_be_two(cell: str) -> None:
    with pytest.raises(UsageError, match="tab, a line break"):
        tsv_text(("one",), [(cell,)])
