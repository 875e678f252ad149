"""A second question on the same output folder: the earlier report stays, whole and sealed."""

from __future__ import annotations

import hashlib
import shutil
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from simulated_report import RUN, simulated_report

from headrisk.cli.main import main
from headrisk.report.write import rebuild_html, write_report
from headrisk.run.audit import LOG, append_audit
from headrisk.run.events import Event, Noted
from headrisk.run.seal import EARLIER, SEAL, find_faults, read_seal

LATER = replace(RUN, started="2026-04-02T08:00:00Z")


@pytest.fixture
def out(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "out"))


def ask(out: Path, title: str, **run: str) -> list[str]:
    """Write another report into ``out``; returns what the listener was told."""
    report, internal = simulated_report()
    told: list[Event] = []
    other = replace(report, title=title)
    write_report(other, internal, out, replace(LATER, **run), listen=told.append)
    return [one.text for one in told if isinstance(one, Noted)]


def earlier_reports(out: Path) -> tuple[Path, ...]:
    """The reports that are kept, the oldest first."""
    kept = (out / EARLIER).glob("*")
    return tuple(sorted(path for path in kept if (path / SEAL).is_file()))


def content(folder: Path) -> dict[str, bytes]:
    return {
        name: path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
        and not (name := path.relative_to(folder).as_posix()).startswith("earlier/")
    }


def test_the_earlier_report_is_kept_whole_and_told(out: Path) -> None:
    before = content(out)
    (said,) = ask(out, "Another question")
    (kept,) = earlier_reports(out)
    assert str(kept) in said
    assert kept.name.startswith("2026-03-01-")
    assert content(kept) == before
    assert content(out)["report.json"] != before["report.json"]
    for place in (kept, out):
        seal = read_seal(place)
        assert seal is not None
        assert find_faults(place, seal) == ()
    assert rebuild_html(kept).read_bytes() == before["report.html"]
    assert main(["report", str(out), "--compare", str(kept), str(out)]) == 0


def test_what_is_kept_can_be_verified_by_the_log(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digests = {
        what: hashlib.sha256((out / name).read_bytes()).hexdigest()
        for what, name in (("report_sha256", "report.json"), ("files_sha256", SEAL))
    }
    append_audit(out / LOG, "end", digests, when=datetime(2026, 3, 1, tzinfo=UTC))
    ask(out, "Another question")
    (kept,) = earlier_reports(out)
    assert main(["doctor", "--verify", str(kept)]) == 0
    (kept / "methods.md").write_text("edited")
    assert main(["doctor", "--verify", str(kept)]) == 1
    assert "methods.md" in capsys.readouterr().out


def test_only_the_owner_enters_what_is_kept(out: Path) -> None:
    ask(out, "Another question")
    for folder in (out / "earlier", *earlier_reports(out)):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in (earlier_reports(out)[0] / "internal").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_the_same_answer_again_keeps_nothing(out: Path) -> None:
    write_report(*simulated_report(), out, LATER)
    assert earlier_reports(out) == ()
    assert not (out / "earlier").exists()


def test_every_further_question_keeps_one_more(out: Path) -> None:
    for number in range(3):
        ask(out, f"Question {number}", started=f"2026-05-0{number + 1}T08:00:00Z")
    kept = earlier_reports(out)
    assert [place.name[:10] for place in kept] == ["2026-03-01", "2026-05-01", "2026-05-02"]


@pytest.mark.parametrize("damaged", ["report.json", "report-run.json", "tables/brain-measures.tsv"])
def test_a_report_that_was_edited_is_not_passed_on_as_a_report(out: Path, damaged: str) -> None:
    (out / damaged).write_bytes((out / damaged).read_bytes() + b" ")
    assert ask(out, "Another question") == []
    assert earlier_reports(out) == ()


def test_later_changes_do_not_reach_what_is_kept(out: Path) -> None:
    ask(out, "Another question")
    (kept,) = earlier_reports(out)
    before = content(kept)
    for path in out.rglob("*"):
        if path.is_file() and "earlier" not in path.parts:
            path.write_bytes(b"changed in place")
    assert content(kept) == before


def test_internal_files_of_another_run_are_not_kept_with_it(out: Path) -> None:
    (out / "internal" / "run.json").write_text('{"run": "0123456789abcdef"}')
    ask(out, "Another question")
    (kept,) = earlier_reports(out)
    assert not (kept / "internal").exists()
