"""The option ``--weights``: what it accepts, and that nothing is done before it is sound."""

from __future__ import annotations

from pathlib import Path

import pytest

from headrisk.cli.main import main


def code_of(words: list[str]) -> int:
    try:
        return main(words)
    except SystemExit as stop:
        return int(str(stop.code))


@pytest.mark.parametrize("command", ["faces", "audit"])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--weights", "deepface"], "'deepface' is not NAME=PATH"),
        (["--weights", "=x.h5"], "'=x.h5' is not NAME=PATH"),
        (["--weights", "deepface="], "'deepface=' is not NAME=PATH"),
        (["--weights", "a=x", "--weights", "a=y"], "a is given twice"),
        (["--weights", "dlib=x.dat"], "a file for 'dlib', which takes none"),
        (["--weights", "nobody=x.dat"], "a file for 'nobody', an unknown name"),
        (["--weights", "deepface=x.h5"], "Add deepface to --recognisers"),
        (["--recognisers", "dlib", "deepface"], "Give it as --weights deepface=PATH"),
        (
            ["--recognisers", "deepface", "--weights", "deepface=/gone/facenet512_weights.h5"],
            "/gone/facenet512_weights.h5: cannot be read",
        ),
        (
            ["--recognisers", "deepface", "--weights", "deepface=/gone/own.h5"],
            "/gone/own.h5: a name that DeepFace gives none of its weights",
        ),
    ],
)
def test_unsound_weights_end_the_run_at_once(
    command: str,
    options: list[str],
    said: str,
    broken: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, table = tmp_path / "out", tmp_path / "photos.tsv"
    table.write_text("participant_id\tpath\tconsent_id\texpires\n")
    # A data set without a readable image would end the run with 3, were it looked at first.
    words = [command, str(broken), str(out), "--photos", str(table), "--nprocs", "1", *options]
    assert code_of(words) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert not (out / "report.html").exists()
