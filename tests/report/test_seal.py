"""Files of two runs, changed, lost or added ones: whatever happened, it is found."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from simulated_report import RUN, simulated_report
from test_earlier import earlier_reports

from headrisk.cli.main import main
from headrisk.errors import InputError
from headrisk.findings.records import Internal
from headrisk.report.read import read_report
from headrisk.report.write import rebuild_html, write_public, write_report
from headrisk.run.scratch import sweep_output
from headrisk.run.seal import SEAL, find_faults, read_seal


def faults(out: Path) -> list[str]:
    seal = read_seal(out)
    assert seal is not None
    return [f"{fault.name} {fault.what}" for fault in find_faults(out, seal)]


@pytest.fixture
def out(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "out"))


def test_every_changed_missing_or_added_public_file_is_found(out: Path) -> None:
    assert faults(out) == []
    seal = read_seal(out)
    assert seal is not None
    public = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert set(seal.files) == {p for p in public if not p.startswith("internal/")} - {SEAL}
    for name in seal.files:
        path = out / name
        content = path.read_bytes()
        path.write_bytes(content + b" ")
        assert faults(out) == [f"{name} changed"]
        path.unlink()
        assert faults(out) == [f"{name} missing"]
        path.write_bytes(content)
    for name in ("more.tsv", "tables/more.tsv", "pictures/a.png", ".hidden"):
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text("x")
        assert faults(out) == [f"{name} added"]
        (out / name).unlink()


def test_a_changed_list_of_digests_is_found(out: Path) -> None:
    seal = out / SEAL
    seal.write_text(seal.read_text().replace("report.html", "report.htm"))
    with pytest.raises(InputError, match="does not match its own digest"):
        read_seal(out)


@pytest.mark.parametrize("name", ["report.json", "report-run.json", "tables/brain-det-mae.tsv"])
def test_figures_that_were_changed_make_no_page(out: Path, name: str) -> None:
    (out / name).write_text((out / name).read_text().replace("0", "1", 1))
    with pytest.raises(InputError, match="changed, or are of two runs"):
        rebuild_html(out)


def test_a_page_made_anew_and_files_added_by_a_command_are_listed(out: Path) -> None:
    (out / "report.html").write_text("edited")
    rebuild_html(out)
    write_public(out, {"compare.html": b"<p>", "tables/compare.tsv": b"a\n"})
    assert faults(out) == []
    write_report(*simulated_report(), out, RUN)
    assert (out / "compare.html").exists()
    assert faults(out) == []


def test_internal_files_of_another_run_are_found(out: Path, tmp_path: Path) -> None:
    later = replace(RUN, started="2027-01-01T00:00:00Z")
    write_report(*simulated_report(), tmp_path / "later", later)
    shutil.rmtree(out / "internal")
    shutil.copytree(tmp_path / "later" / "internal", out / "internal")
    assert faults(out) == ["internal foreign"]
    shutil.rmtree(out / "internal")  # the public part alone was handed on
    assert faults(out) == []


def public(out: Path) -> dict[str, bytes]:
    return {
        name: path.read_bytes()
        for path in out.rglob("*")
        if path.is_file()
        and not (name := path.relative_to(out).as_posix()).startswith(
            (".report-", "earlier/", "audit.jsonl")
        )
    }


def die_before_rename(point: int) -> None:
    """SIGKILL for this process when it is about to rename for the n-th time."""
    count = 0

    def hook(event: str, _: object) -> None:
        nonlocal count
        if event != "os.rename":  # os.kill is an event too
            return
        count += 1
        if count == point:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def test_a_publication_killed_at_any_rename_is_whole_or_found_out(tmp_path: Path) -> None:
    """An earlier report is replaced by another one, and SIGKILL comes before each rename."""
    report, internal = simulated_report(people=3, sites=False)
    other = replace(report, title="Another title")
    old, new = tmp_path / "old", tmp_path / "new"
    write_report(report, internal, old, RUN)
    write_report(other, Internal(), new, replace(RUN, started="2027-01-01T00:00:00Z"))
    states = []
    point = 0
    while True:
        point += 1
        out = Path(shutil.copytree(old, tmp_path / "out"))
        (out / "audit.jsonl").touch()
        child = os.fork()
        if child == 0:
            die_before_rename(point)
            write_report(other, Internal(), out, replace(RUN, started="2027-01-01T00:00:00Z"))
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert sweep_output(out) == (ended != 0)
        (out / "audit.jsonl").unlink()
        whole = public(out) in (public(old), public(new))
        seal = read_seal(out)
        assert whole == (seal is not None and not find_faults(out, seal))
        places = [*earlier_reports(out), *([out] if whole else [])]
        assert any(public(place) == public(old) for place in places)
        states.append(whole)
        shutil.rmtree(out)
        if ended == 0:
            break
    assert states[0]
    assert states[-1]
    assert states.count(False) > 5


def test_the_command_line_says_which(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (out / "audit.jsonl").touch()
    (out / "report.html").write_text("edited")
    assert main(["doctor", "--verify", str(out)]) == 1
    assert "report.html: not the file that the run wrote" in capsys.readouterr().out
    assert main(["report", str(out)]) == 0
    assert "report.html: not the file that the run wrote" in capsys.readouterr().err
    assert main(["doctor", "--verify", str(out)]) == 0
    read_report(out)
