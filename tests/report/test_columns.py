"""Every column of every table that any command writes has an entry in the data dictionary."""

from __future__ import annotations

import ast
import json
import shutil
from dataclasses import fields
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

import headrisk
from headrisk.deidentify.comparison_cost import FIGURES
from headrisk.findings.deidentified import Arrival
from headrisk.heads.sightlines import FRONT
from headrisk.io.tsv import MISSING
from headrisk.report.columns import (
    COLUMNS_FILE,
    TABLES,
    UNDESCRIBED,
    described,
    folder_headers,
    undescribed,
)

DETECTORS = ("hog", "centerface", "mtcnn")
SOURCE = Path(headrisk.__file__).parent
COPIES = {"table.columns", "columns"}  # a table made of another one's header, or read back


def tables_in(tree: ast.Module) -> list[tuple[int, ast.expr, ast.AST]]:
    """Line, first argument and surrounding function of every ``Table(...)``."""
    found: list[tuple[int, ast.expr, ast.AST]] = []

    def walk(node: ast.AST, around: ast.AST) -> None:
        inner = node if isinstance(node, ast.FunctionDef) else around
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "Table"
            and node.args
            and not isinstance(node.args[0], ast.Starred)
        ):
            found.append((node.lineno, node.args[0], inner))
        for child in ast.iter_child_nodes(node):
            walk(child, inner)

    walk(tree, tree)
    return found


def names_of(expression: ast.expr, around: ast.AST, tree: ast.Module) -> set[str] | None:
    """The literal column names of an expression; None where it is no literal tuple."""
    if isinstance(expression, ast.Name):
        for scope in (around, tree):
            for node in ast.walk(scope):
                targets = node.targets if isinstance(node, ast.Assign) else []
                if any(isinstance(t, ast.Name) and t.id == expression.id for t in targets):
                    assert isinstance(node, ast.Assign)
                    return names_of(node.value, around, tree)
        return None
    if not isinstance(expression, ast.Tuple):
        return None
    return {
        item.value
        for item in expression.elts
        if isinstance(item, ast.Constant) and isinstance(item.value, str)
    }


def known(names: set[str]) -> bool:
    """Whether one kind of table describes them all."""
    return any(
        all(any(fnmatchcase(name, key) for key in kind.columns) for name in names)
        for kind in TABLES
    )


def test_every_table_that_the_code_makes_is_described() -> None:
    looked_at, missing = 0, []
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for line, expression, around in tables_in(tree):
            if ast.unparse(expression) in COPIES and names_of(expression, around, tree) is None:
                continue
            names = names_of(expression, around, tree)
            looked_at += 1
            if names is None or not known(names):
                missing.append(f"{path.relative_to(SOURCE)}:{line} {sorted(names or ())}")
    assert not missing, "give these an entry in report/columns.py"
    assert looked_at > 35  # the search itself still finds them


def test_a_column_without_an_entry_is_seen() -> None:
    assert not known({"rank", "rate", "no_such_column"})
    headers = {"brain-cmc-ncc.tsv": ["rank", "new"], "unheard-of.tsv": ["a"]}
    assert undescribed(headers) == [
        "brain-cmc-ncc.tsv: new",
        "unheard-of.tsv",
        "unheard-of.tsv: a",
    ]


@pytest.mark.parametrize("folder", ["tables", "internal", "internal/tables"])
def test_an_audit_describes_its_tables(audited: Path, folder: str) -> None:
    place = "internal" if folder == "internal" else "tables"
    headers = folder_headers(audited / folder)
    assert headers
    assert undescribed(headers, place) == []
    written = json.loads((audited / folder / COLUMNS_FILE).read_text("utf-8"))
    assert written["missing"] == MISSING
    assert {name: sorted(columns) for name, columns in headers.items()} == {
        name: sorted(table["columns"]) for name, table in written["tables"].items()
    }


def test_columns_whose_names_are_made_are_described() -> None:
    """Those that no literal in the code names."""
    costs = [name.replace(" ", "_") for name in FIGURES]
    parts = [f"skin_{part.replace(' ', '_')}" for part in FRONT]
    made = {
        "treated-x-cost.tsv": costs,
        "treatments-arrival.tsv": [field.name for field in fields(Arrival)],
        "treatment.tsv": [*parts, *(f"seen_{name}" for name in DETECTORS)],
        "faces.tsv": [f"seen_by_{name}" for name in DETECTORS],
    }
    assert undescribed(made) == []
    assert len(costs) > 5
    assert len(parts) == 3


def test_every_entry_says_something() -> None:
    for kind in TABLES:
        assert kind.row, kind.name
        for name, column in kind.columns.items():
            assert column.meaning, (kind.name, name)
            assert not column.meaning.endswith("."), (kind.name, name)
            assert column.meaning != UNDESCRIBED
            if column.unit:
                assert column.kind in ("number", "whole number"), (kind.name, name)


def test_two_tables_of_one_name_are_told_apart_by_their_place() -> None:
    public, inside = (described("metadata-fields", ["field"], p) for p in ("tables", "internal"))
    assert public["row"] != inside["row"]


def test_a_rebuilt_report_gets_a_lost_dictionary_back(audited: Path, tmp_path: Path) -> None:
    from headrisk.report.write import rebuild_html

    out = tmp_path / "out"
    shutil.copytree(audited, out)
    before = (out / "tables" / COLUMNS_FILE).read_bytes()
    (out / "tables" / COLUMNS_FILE).unlink()
    rebuild_html(out)
    assert (out / "tables" / COLUMNS_FILE).read_bytes() == before
