"""What the documentation site shows of the code, made while it is built (a hook of MkDocs).

Pages below ``reference/`` are generated and never checked in, so they cannot be out of date:
commands from argparse, settings from ``Settings``, output files and the data dictionary from
``headrisk.report.columns``, the Python interface from the docstrings of what ``headrisk`` offers.
The start page, changelog, security and contributing pages are the files of those names above
``docs/``. Each function ``*_page`` gives Markdown and reads nothing but the package.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))  # the checkout that is described, not one installed elsewhere

import headrisk  # noqa: E402
from headrisk.cli.main import COMMANDS, parser_of  # noqa: E402
from headrisk.report.columns import TABLES, Column, TableKind  # noqa: E402
from headrisk.report.words.attacks import ATTACKS  # noqa: E402
from headrisk.settings import Settings  # noqa: E402

ABOVE = {
    "index.md": "README.md",
    "changelog.md": "CHANGELOG.md",
    "security.md": "SECURITY.md",
    "contributing.md": "CONTRIBUTING.md",
}
EXIT_CODES = (
    (0, "done"),
    (1, "internal error"),
    (2, "usage: an option or setting that does not exist or contradicts itself"),
    (3, "input refused, or too little data for the rate that --fail-above asks for"),
    (4, "done, but something could not be looked at; internal/ says what and why"),
    (5, "measured risk above --fail-above, or a finding as grave as --fail-on"),
    ("129, 130, 143", "interrupted: closed terminal, Ctrl-C, SIGTERM"),
)
PYTHON_OPTIONS = "    options:\n      heading_level: 2\n"


def commands_page() -> str:
    """Every command with every option, as argparse knows them."""
    lines = [
        "# Commands",
        "",
        "Made from the program itself; `headrisk help COMMAND` says the same. Options may be spelt "
        "with hyphens or underscores. Every command also takes `-h`, `--version` and `-v` (show "
        "details of errors).",
        "",
        *_table(
            ("command", "does"),
            [(f"[`headrisk {name}`](#headrisk-{name})", text) for name, text in COMMANDS.items()],
        ),
        "## Exit codes",
        "",
        *_table(("code", "means"), [(str(code), text) for code, text in EXIT_CODES]),
    ]
    for name in COMMANDS:
        lines += _command(name)
    return "\n".join(lines) + "\n"


def _command(name: str) -> list[str]:
    module = import_module(f"headrisk.cli.{name}")
    parser = parser_of(name)
    os.environ["COLUMNS"] = "88"
    usage = parser.format_usage().removeprefix("usage: ").replace("\n       ", "\n")
    usage = usage.replace(" [-h] [-v] [--version]", "", 1)
    lines = [f"## headrisk {name}", "", (module.__doc__ or "").strip(), ""]
    lines += ["```text", usage.rstrip(), "```", ""]
    examples = getattr(module, "EXAMPLES", ())
    lines += ["```bash", *examples, "```", ""] if examples else []
    for title, actions in _groups(parser):
        lines += [f"**{title.capitalize()}**", ""] if title else []
        lines += _table(("argument", "meaning", "default"), [_action(one) for one in actions])
    return lines


def _groups(parser: argparse.ArgumentParser) -> list[tuple[str, list[argparse.Action]]]:
    """Arguments without a group of their own, then each group that has some."""
    shown = [
        (group.title or "", [a for a in group._group_actions if _is_shown(a)])
        for group in parser._action_groups
    ]
    first = [action for _, actions in shown[:2] for action in actions]
    return [("", first), *((title, actions) for title, actions in shown[2:] if actions)]


def _is_shown(action: argparse.Action) -> bool:
    return action.help != argparse.SUPPRESS and action.dest not in ("help", "verbose", "version")


def _action(action: argparse.Action) -> tuple[str, str, str]:
    formatter = argparse.HelpFormatter("")
    value = formatter._format_args(action, formatter._get_default_metavar_for_optional(action))
    if action.option_strings:
        names = [f"`{one} {value}`".replace(" `", "`") for one in action.option_strings]
    else:
        names = [f"`{formatter._metavar_formatter(action, action.dest)(1)[0]}`"]
    default = action.default
    plain = default is None or default is False or default == argparse.SUPPRESS
    shown = "" if plain or default in ((), [], {}, "") else f"`{default}`"
    text = (action.help or "").replace("%%", "%")
    if action.choices and not any(str(one) in text for one in action.choices):
        text = f"{text} (one of {', '.join(map(str, action.choices))})".strip()
    return ", ".join(names), text, shown


def settings_page() -> str:
    """Every field of ``Settings`` with meaning, type and default."""
    about = dict(_attributes(Settings.__doc__ or ""))
    hints = get_type_hints(Settings)
    rows = []
    for field in fields(Settings):
        default = field.default
        shown = " ".join(default) if isinstance(default, tuple) else str(default)
        if isinstance(default, bool):
            shown = str(default).lower()
        rows.append(
            (
                f"`{field.name}`",
                about[field.name],
                f"{_type(hints[field.name])}",
                "none" if default is None else f"`{shown}`",
            )
        )
    return "\n".join(
        (
            "# Settings",
            "",
            "What changes results. Each can stand in a TOML file for `--settings FILE`, as in "
            "`resolution_mm = 3`; an option on the command line goes before it. A run writes all "
            "of them to `OUT/settings.toml`, which can be given to the next run. How many "
            "processes run, and where, is no setting: it changes no result.",
            "",
            *_table(("setting", "meaning", "type", "default"), rows),
        )
    )


def _type(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(f"`{value}`" for value in get_args(hint))
    kinds = {int: "whole number", float: "number", bool: "`true` or `false`"}
    known = next((kinds[one] for one in (hint, *get_args(hint)) if one in kinds), None)
    return known or "list of texts"


def _attributes(doc: str) -> Iterable[tuple[str, str]]:
    """Name and text of the attributes in a NumPy docstring."""
    body = doc.split("Attributes\n", 1)[1].split("\n", 1)[1]
    for match in re.finditer(r"^    (\w+)\n((?:        .*\n?)+)", body, re.MULTILINE):
        text = " ".join(match[2].split())
        yield match[1], text.replace("``", "`")


def columns_page() -> str:
    """The data dictionary: every table, every column."""
    lines = [
        "# Data dictionary",
        "",
        "The same texts stand in `columns.json` beside the tables of a run. `*` in a name stands "
        "for a measure, a detector or a method. A cell without a value reads `n/a`. In public "
        'tables counts of people may be ranges ("9 to 12"), and a rate is the end of its range '
        "that means more risk ([why](../trust.md#no-single-person-in-public)); "
        "`internal/tables/` holds the exact ones.",
        "",
    ]
    places = {
        "tables": "Public tables: `OUT/tables/`",
        "internal": "Internal tables: `OUT/internal/`",
        "input": "Input tables",
    }
    for place, title in places.items():
        lines += [f"## {title}", ""]
        for names, kind in _merged(place):
            files = [f"`{_file(name)}`" for name in names]
            shared = f"`…-{_file(_without_modality(names[0]))}`"
            lines += [f"### {files[0] if len(files) == 1 else shared}", ""]
            lines += [f"{', '.join(files)}", ""] if len(files) > 1 else []
            lines += [f"A row is {kind.row}.", ""]
            rows = [(f"`{name}`", *_column(one)) for name, one in kind.columns.items()]
            lines += _table(("column", "meaning", "type", "unit"), rows)
    return "\n".join(lines) + "\n"


def _file(name: str) -> str:
    return name if name.endswith(".parquet") else f"{name}.tsv"


def _merged(place: str) -> list[tuple[list[str], TableKind]]:
    """Kinds that differ in the modality of their name alone stand together."""
    found: dict[tuple[str, tuple[str, ...]], tuple[list[str], TableKind]] = {}
    for kind in TABLES:
        if kind.place == place:
            key = (_without_modality(kind.name), tuple(kind.columns))
            found.setdefault(key, ([], kind))[0].append(kind.name)
    return list(found.values())


def _without_modality(name: str) -> str:
    longest_first = sorted(ATTACKS, key=len, reverse=True)
    found = next((one for one in longest_first if name.startswith(f"{one}-")), None)
    return name.removeprefix(f"{found}-") if found else name


def _column(column: Column) -> tuple[str, str, str]:
    levels = "; ".join(f"`{word}`: {text}" for word, text in column.levels.items())
    meaning = f"{column.meaning}. {levels}" if levels else column.meaning
    return meaning, column.kind, column.unit


def python_page() -> str:
    """The documented names of ``import headrisk``, filled in from their docstrings."""
    homes = headrisk._HOMES
    lines = [
        "# Python interface",
        "",
        "What `import headrisk` offers. Nothing heavy is imported before it is used. "
        "[Examples and plug-ins](../api.md) show how the pieces go together.",
        "",
    ]
    for name in sorted(homes, key=str.lower):
        lines += [f"::: {homes[name]}.{name}", PYTHON_OPTIONS]
    return "\n".join(lines)


PAGES = {
    "reference/commands.md": commands_page,
    "reference/settings.md": settings_page,
    "reference/columns.md": columns_page,
    "reference/python.md": python_page,
}


def page_of(name: str) -> str:
    """A file from above ``docs/``, with links as they are from within."""
    text = (ROOT / ABOVE[name]).read_text("utf-8")
    text = re.sub(r"\]\(docs/", "](", text)
    for page, source in ABOVE.items():
        text = text.replace(f"]({source}", f"]({page}")
    return re.sub(r"\[([^\]]+)\]\((?!https?:|#|[\w/-]+\.(?:md|png|html))[^)]+\)", r"\1", text)


def on_config(config: Any) -> Any:
    """Leave pages out of the menu that are not there."""
    config["nav"] = [entry for entry in map(_there, config["nav"]) if entry]
    return config


def _there(entry: Any) -> Any:
    if isinstance(entry, str):
        made = entry in PAGES or entry in ABOVE
        return entry if made or (ROOT / "docs" / entry).is_file() else None
    ((title, inner),) = entry.items()
    if isinstance(inner, list):
        return {title: [one for one in map(_there, inner) if one]}
    return {title: inner} if _there(inner) else None


def on_files(files: Any, config: Any) -> Any:
    """Add the generated pages."""
    from mkdocs.structure.files import File

    for name, page in PAGES.items():
        files.append(File.generated(config, name, content=page()))
    for name in ABOVE:
        files.append(File.generated(config, name, content=page_of(name)))
    return files


def on_page_content(html: str, page: Any, config: Any, files: Any) -> str:
    """Names in docstrings without the roles that other documentation tools read."""
    return re.sub(r":(?:attr|class|exc|func|meth|mod):(?=<code)", "", html)


def on_post_build(config: Any) -> None:
    """Take addresses out of the theme's scripts, which would load parts that no page needs."""
    for path in sorted(Path(config["site_dir"], "assets").rglob("*.js")):
        text = path.read_text("utf-8")
        path.write_text(re.sub(r"https://unpkg\.com/[^\"']*", "data:,", text), "utf-8")
    for path in Path(config["site_dir"], "assets").rglob("*.map"):
        path.unlink()


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return [*lines, ""]
