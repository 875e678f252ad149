"""Whatever contrib/ and the containers call is what the program knows, and states this version."""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from headrisk import __version__
from headrisk.cli.main import COMMANDS, LEVELS, parser_of
from headrisk.settings import Settings

ROOT = Path(__file__).parents[2]
CONTRIB = ROOT / "contrib"
BOUTIQUES = json.loads((CONTRIB / "boutiques" / "headrisk-audit.json").read_text("utf-8"))
XNAT = json.loads((CONTRIB / "xnat" / "command.json").read_text("utf-8"))
CALL = re.compile(r"(?<![\w./=-])headrisk ((?:" + "|".join(COMMANDS) + r")\b.*)")


def _parse(line: str) -> None:
    """Parse a call as the program would; a word of a shell, a variable or a pipe ends it."""
    words = list(
        itertools.takewhile(
            lambda word: word not in ("||", "&&", "|", ";", ">"), shlex.split(line, comments=True)
        )
    )
    command, *rest = [re.sub(r"\$\{?\w+\}?", "0.5", word) for word in words]
    parser_of(command).parse_intermixed_args(rest)


def _calls(path: Path) -> list[str]:
    """Every call of headrisk in a script, a workflow or a page, with continued lines joined."""
    text = path.read_text("utf-8").replace("\\\n", " ")
    text = re.sub(r">-\n\s+(?=headrisk )", "", text)
    lines = [
        line for line in text.splitlines() if not line.lstrip().startswith(("#", "- name", "name:"))
    ]
    found = (CALL.search(line) for line in lines)
    return [match[1].strip().strip("`'\"") for match in found if match]


@pytest.mark.parametrize(
    "name",
    [
        "github/pre-release.yml",
        "pre-commit/pre-commit-config.yaml",
        "datalad/audit.sh",
        "conda/recipe.yaml",
    ],
)
def test_calls_are_calls_that_the_program_takes(name: str) -> None:
    calls = _calls(CONTRIB / name)
    assert calls
    for call in calls:
        _parse(call)


def _sample(one: dict[str, Any]) -> list[str]:
    """Words that an input of the descriptor puts on the command line."""
    if one["type"] == "Flag":
        return [one["command-line-flag"]]
    if "value-choices" in one:
        values = one["value-choices"] if one.get("list") else one["value-choices"][:1]
    elif one["type"] == "Number":
        value = one.get("maximum", one.get("minimum", 1))
        values = [str(int(value) if one.get("integer") else float(value))]
    else:
        values = ["one", "two"] if one.get("list") else ["one"]
    return [*([one["command-line-flag"]] if "command-line-flag" in one else []), *values]


@pytest.mark.parametrize("one", BOUTIQUES["inputs"], ids=lambda one: one["id"])
def test_the_descriptor_names_options_that_exist(one: dict[str, Any]) -> None:
    parser = parser_of("audit")
    flag = one.get("command-line-flag")
    if flag is None:
        assert one["id"] in {action.dest for action in parser._actions}
    else:
        action = parser._option_string_actions[flag]
        assert (action.nargs == 0) == (one["type"] == "Flag")
        assert (action.nargs == "+") == one.get("list", False)
        if action.choices is not None and one["id"] != "only":
            assert [*action.choices] == one["value-choices"]
        parser.parse_intermixed_args(["data", "out", *_sample(one)])
    assert one["value-key"] in BOUTIQUES["command-line"]


def test_the_descriptor_as_a_whole() -> None:
    line = BOUTIQUES["command-line"]
    for one in BOUTIQUES["inputs"]:
        line = line.replace(one["value-key"], shlex.join(_sample(one)))
    assert "[" not in line
    _parse(line.removeprefix("headrisk "))
    assert BOUTIQUES["tool-version"] == __version__
    level = next(one for one in BOUTIQUES["inputs"] if one["id"] == "level")
    assert tuple(level["value-choices"]) == LEVELS
    assert {one["code"] for one in BOUTIQUES["error-codes"]} == {1, 2, 3, 4, 5}
    assert BOUTIQUES["container-image"]["image"] == f"headrisk:{__version__}"


def test_the_descriptor_follows_the_schema_of_boutiques() -> None:
    """With Boutiques installed; elsewhere its required properties alone are looked for."""
    spec = importlib.util.find_spec("boutiques")
    if spec is None or spec.origin is None:
        wanted = {"name", "description", "schema-version", "command-line", "inputs", "tool-version"}
        assert wanted <= BOUTIQUES.keys()
        return
    schema = Path(spec.origin).parent / "schema" / "descriptor.schema.json"
    jsonschema.validate(BOUTIQUES, json.loads(schema.read_text("utf-8")))


def test_the_command_of_xnat() -> None:
    line = XNAT["command-line"]
    for one in XNAT["inputs"]:
        if one["type"] == "boolean":
            value = one["true-value"]
        else:
            value = (
                one["command-line-flag"]
                + one["command-line-separator"]
                + (one.get("default-value") or "0.5")
            )
        assert one["replacement-key"] in line
        line = line.replace(one["replacement-key"], value)
    assert "#" not in line
    _parse(line.removeprefix("headrisk "))
    assert (XNAT["version"], XNAT["image"]) == (__version__, f"headrisk:{__version__}")
    mounts = {mount["name"]: mount for mount in XNAT["mounts"]}
    assert not mounts["in"]["writable"]
    for wrapper in XNAT["xnat"]:
        inputs = {one["name"] for one in wrapper["external-inputs"] + wrapper["derived-inputs"]}
        for handler in wrapper["output-handlers"]:
            assert handler["as-a-child-of"] in inputs
            assert handler["accepts-command-output"] in {one["name"] for one in XNAT["outputs"]}
        for one in wrapper["external-inputs"]:
            assert one["provides-files-for-command-mount"] in mounts
    default = next(one for one in XNAT["inputs"] if one["name"] == "contrasts")["default-value"]
    assert (default,) == Settings().contrasts


def test_the_conda_recipe_asks_for_what_the_package_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    text = (CONTRIB / "conda" / "recipe.yaml").read_text("utf-8")
    run = text.partition("  run:\n")[2].partition("\ntests:")[0]
    asked = dict(re.findall(r"^    - ([\w-]+)(?: >=([\d.]+))?$", run, re.MULTILINE))
    asked["matplotlib"] = asked.pop("matplotlib-base")
    wanted = dict(
        re.fullmatch(r"([\w-]+)>=([\d.]+)", one).groups() for one in project["dependencies"]
    )  # type: ignore[union-attr]
    assert asked.pop("python") == project["requires-python"].removeprefix(">=")
    assert asked == wanted
    assert f'version: "{__version__}"' in text
    assert project["scripts"]["headrisk"] in text


def test_metadata_of_the_release() -> None:
    zenodo = json.loads((ROOT / ".zenodo.json").read_text("utf-8"))
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert zenodo["version"] == __version__
    assert f"\nversion: {__version__}\n" in citation
    assert zenodo["license"] == "Apache-2.0"
    assert "\nlicense: Apache-2.0\n" in citation
    assert f'"{zenodo["title"]}"' in citation
    assert re.findall(r"^  - (\w[\w-]*)$", citation, re.MULTILINE) == zenodo["keywords"]
    # What Zenodo's deposits must have (developers.zenodo.org, deposit metadata).
    assert {"title", "upload_type", "description", "creators", "access_right"} <= zenodo.keys()
    assert all(one["name"] for one in zenodo["creators"])


@pytest.mark.parametrize("name", ["Dockerfile", "Apptainer.def"])
def test_containers_are_built_from_what_is_there(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for source in ("src", "pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        assert source in text
        assert (ROOT / source).exists()
        assert f"!{source}" in ignored
    for lock in ("full.txt", "build.txt"):
        assert lock in text
        assert f"!requirements/{lock}" in ignored
        assert "--hash=sha256:" in (ROOT / "requirements" / lock).read_text("utf-8")
    assert "!wheels" in ignored
    assert text.count("--require-hashes") >= 2
    assert "PIP_NO_INDEX" in text
    assert "/opt/headrisk/bin/headrisk" in text


def test_the_page_on_packaging_names_every_file() -> None:
    page = (ROOT / "docs" / "packaging.md").read_text("utf-8")
    for path in CONTRIB.rglob("*"):
        if path.is_file():
            assert path.relative_to(ROOT).as_posix() in page
    calls = [line for line in page.splitlines() if line.startswith("    headrisk ")]
    assert calls
    for call in calls:
        _parse(call.strip().removeprefix("headrisk "))
