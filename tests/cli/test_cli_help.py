"""Help with defaults and examples, on any terminal; completion; the call of a BIDS App."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrisk.cli.console import JsonLines, write_anywhere
from headrisk.cli.main import COMMANDS, main, parser_of, whole_parser
from headrisk.settings import Settings

PROGRAM = [sys.executable, "-c", "from headrisk.cli.main import run; run()"]
SETTING_OPTIONS = {  # option to the setting whose default it states
    "--seed": "seed",
    "--resolution": "resolution_mm",
    "--alignment": "alignment",
    "--prior": "mated_prior",
    "--protocol": "face_protocol",
    "--table-match": "table_match",
    "--table-size": "table_size",
    "--rescan-strength": "rescan_strength",
}


def _run(words: list[str], **environment: str) -> subprocess.CompletedProcess[bytes]:
    known = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LANG", "LC_ALL")}
    return subprocess.run(
        [*PROGRAM, *words], capture_output=True, check=False, env=known | environment, timeout=120
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained_with_its_default(name: str) -> None:
    parser = parser_of(name)
    formatter = parser._get_formatter()
    for action in parser._actions:
        shown = formatter._expand_help(action) if action.help else ""
        assert shown.strip(), action.option_strings or action.dest
        if action.option_strings and action.nargs != 0 and not action.required:
            assert "default" in shown, action.option_strings
        for option in action.option_strings:
            if option in SETTING_OPTIONS and action.nargs != 0 and name != "metadata":
                default = getattr(Settings(), SETTING_OPTIONS[option])
                assert f"{default}" in shown.partition("default")[2], option


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_are_calls_that_the_parser_takes(name: str) -> None:
    examples = [line for line in import_module(f"headrisk.cli.{name}").EXAMPLES if line[0] != "#"]
    assert examples
    for line in examples:
        program, command, *words = shlex.split(line.partition(">")[0])
        assert program == "headrisk"
        assert command in COMMANDS
        parser_of(command).parse_intermixed_args(words)


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 200])
@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_the_terminal(
    name: str, columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["help", name]) == 0
    lines = capsys.readouterr().out.splitlines()
    room = max(columns, 40)
    long = [line for line in lines if len(line) > room and len(line.split()) > 2]
    if columns >= 40:
        assert [line for line in long if not line.lstrip().startswith(("[", "usage", "--"))] == []
    assert any(line.strip().startswith("headrisk ") for line in lines)


def test_narrow_examples_can_still_be_pasted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    text = parser_of("audit").format_help().partition("Examples:")[2].replace("\\\n", "")
    shown = [" ".join(line.split()) for line in text.splitlines()]
    wanted = [e for e in import_module("headrisk.cli.audit").EXAMPLES if e[0] != "#"]
    assert [line for line in shown if line.startswith("headrisk ")] == wanted


@pytest.mark.parametrize("words", [["help"], ["help", "audit"], []])
def test_help_of_commands(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == (0 if words else 2)
    said = capsys.readouterr().out
    assert "headrisk" in said
    if words == ["help"]:
        assert all(f"  {name} " in said for name in COMMANDS)


def test_help_of_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "frob"]) == 2
    assert "no such command" in capsys.readouterr().err


@pytest.mark.parametrize(
    "encoding", ["ascii", "latin-1", "utf-8", "cp437", "utf-8:strict", "koi8-r"]
)
def test_any_encoding_shows_help(encoding: str) -> None:
    done = _run(["help", "audit"], PYTHONIOENCODING=encoding, COLUMNS="40", NO_COLOR="1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Examples:" in done.stdout


@given(st.text())
def test_whatever_is_said_can_be_written(text: str) -> None:
    """To a stream of plain ASCII; our own signs stay readable."""
    import io

    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", newline="")
    write_anywhere(stream)
    stream.write(text + "43\u00a0%\u00a0(28 to 59) \u2013 \u2264 5")
    stream.flush()
    assert raw.getvalue().endswith(b"43 % (28 to 59) - <= 5")
    stream.detach()


@given(st.lists(st.text(max_size=20), max_size=6), st.data())
def test_standard_error_holds_json_alone(pieces: list[str], data: st.DataObject) -> None:
    import io

    below = io.StringIO()
    lines = JsonLines(below)
    for piece in pieces:
        lines.write(piece + data.draw(st.sampled_from(["", "\n"])))
    lines.close_line()
    told = [json.loads(line)["text"] for line in below.getvalue().splitlines()]
    joined = "".join(pieces)
    assert "".join("".join(told).split()) == "".join(joined.split())


def test_errors_under_json_progress_are_lines_of_json(tmp_path: Path) -> None:
    words = ["audit", str(tmp_path / "nowhere"), str(tmp_path / "out"), "--progress", "json"]
    done = _run(words)
    assert done.returncode == 3
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert told[-1]["event"] == "note"
    assert "nowhere" in told[-1]["text"]


def test_a_bids_app_call_is_an_audit(broken: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    plain = _run(["audit", str(broken), out, "participant", "--dry-run"])
    app = _run([str(broken), out, "participant", "--dry_run"])
    assert (app.returncode, app.stdout) == (0, plain.stdout)
    assert app.stdout
    several = _run([str(broken), out, "group", "--participant_label", "01", "--dry-run"])
    assert several.returncode == 0
    assert len([x for x in several.stdout.splitlines() if b"\t" in x]) < len(
        [x for x in app.stdout.splitlines() if b"\t" in x]
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_every_command_and_option(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("shtab")
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(name in script for name in COMMANDS)
    assert "deidentified" in script
    program = shutil.which(shell)
    if program is not None:
        check = [program, "-n"] if shell != "fish" else [program, "--no-execute"]
        done = subprocess.run(check, input=script, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


BASH = shutil.which("bash") or ""


@pytest.mark.skipif(not BASH, reason="no bash here")
def test_bash_completes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("shtab")
    main(["completion", "bash"])
    script = tmp_path / "headrisk"
    script.write_text(capsys.readouterr().out)
    ask = (
        f"source {script}; COMP_WORDS=(headrisk audit --fail); COMP_CWORD=2; "
        "_shtab_headrisk headrisk --fail audit; echo ${COMPREPLY[@]}"
    )
    done = subprocess.run([BASH, "-c", ask], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["--fail-above"]


def test_one_parser_knows_every_command() -> None:
    found = [a for a in whole_parser()._actions if isinstance(a, argparse._SubParsersAction)]
    assert list(found[0].choices) == list(COMMANDS)


def test_a_whole_run_under_json_progress_follows_its_schema(tmp_path: Path) -> None:
    """Errors of single files, notes and stages: every line is an object of the schema."""
    data = tmp_path / "data" / "sub-01" / "anat"
    data.mkdir(parents=True)
    (data / "sub-01_T1w.nii.gz").write_bytes(b"no image")
    (data / "sub-01_T1w.json").write_text("{}")
    schema = json.loads(
        (Path(__file__).parents[2] / "contrib" / "progress.schema.json").read_text("utf-8")
    )
    words = ["metadata", str(tmp_path / "data"), str(tmp_path / "out"), "--progress", "json", "-v"]
    done = _run(words)
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert {one["event"] for one in told} >= {"start", "end"}
    for one in told:
        jsonschema.validate(one, schema)
    quiet = _run([*words[:2], str(tmp_path / "out2"), "-q"])
    assert (quiet.returncode, quiet.stderr) == (done.returncode, b"")
    assert quiet.stdout
