"""Manifests of published studies from trees with the archives' own names."""

from __future__ import annotations

import random
import re
import shlex
from pathlib import Path

import pytest
from trees import TREES, Truth, pairs_table, plant

from headrisk.cli.main import main, parser_of
from headrisk.commands.recipes import find_study, read_folder, recipe_lines
from headrisk.commands.studies import STUDIES
from headrisk.dataset.manifest import index_manifest
from headrisk.errors import InputError, UsageError

STRAY = (
    "notes/readme.nii.gz",
    "derivatives/fs/brain.mgz",
    "dicom/0001.dcm",
    "archive.zip",
    "sub-01/anat/sub-01_acq-x_T1w.nii.gz.part.nii",
)


def _tree(case: str, folder: Path) -> tuple[str, Truth]:
    name, make = TREES[case]
    truth = make()
    plant(folder, truth)
    if case == "kirby21":
        (folder / "pairs.tsv").write_text(pairs_table())
    return name, truth


def test_every_study_has_a_tree() -> None:
    assert {name for name, _ in TREES.values()} == set(STUDIES)


@pytest.mark.parametrize("case", TREES)
def test_every_image_is_whose_it_is(case: str, tmp_path: Path) -> None:
    name, truth = _tree(case, tmp_path)
    recipe = read_folder(find_study(name), tmp_path)
    wanted = {p: t for p, t in truth.items() if name != "adni-repeat" or t[2] == "T1w"}
    assert {r.path: (r.participant, r.session, r.suffix) for r in recipe.rows} == wanted
    assert recipe.left_out == {}


@pytest.mark.parametrize("case", TREES)
def test_the_manifest_is_read_as_it_was_meant(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From another folder, by the reader that an audit uses."""
    name, truth = _tree(case, tmp_path / "data")
    (tmp_path / "elsewhere").mkdir()
    out = tmp_path / "elsewhere" / "study.tsv"
    code = main(["recipes", name, str(tmp_path / "data"), str(out)])
    said = capsys.readouterr().out
    assert code in (0, 4)
    assert ("Lacking" in said) == (code == 4)
    scans = index_manifest(out, ("T1w",))
    assert {s.status for s in scans} == {"ok"}
    got = sorted((s.participant_id, s.session_id, s.suffix) for s in scans)
    assert got == sorted(truth.values())
    assert out.stat().st_mode & 0o077 == 0
    command = re.search(r"^Audit: headrisk (\w+) (.*)$", said, re.MULTILINE)
    assert command is not None
    parser_of(command[1]).parse_intermixed_args(shlex.split(command[2]))
    assert "To compare with:" in said


@pytest.mark.parametrize("case", [case for case in TREES if case != "kirby21"])
@pytest.mark.parametrize("seed", range(4))
def test_what_is_taken_away_is_missed(case: str, seed: int, tmp_path: Path) -> None:
    """No image is dropped without a word, and whoever lost a session is named."""
    name, truth = _tree(case, tmp_path)
    study = find_study(name)
    plant(tmp_path, STRAY)
    rng = random.Random(seed)
    gone = set(rng.sample(sorted(truth), k=rng.randint(1, len(truth) - 1)))
    for path in gone:
        (tmp_path / path).unlink()
    left = {path: told for path, told in truth.items() if path not in gone}
    recipe = read_folder(study, tmp_path)
    assert {row.path for row in recipe.rows} == left.keys()
    assert sum(recipe.left_out.values()) == len(STRAY)
    said = " ".join(recipe.lacks)
    sessions: dict[str, set[str]] = {}
    for who, session, suffix in left.values():
        sessions.setdefault(who, set())
        if suffix == "T1w":
            sessions[who].add(session)
    for who, seen in sessions.items():
        if len(seen) < study.sessions:
            assert who in said
    total = len(left) + len(STRAY)
    assert f"{total} images below the folder, {len(left)} in the manifest" in " ".join(
        recipe_lines(recipe)
    )


def test_scans_without_a_number_and_without_a_pair_are_named(tmp_path: Path) -> None:
    plant(tmp_path, (path for path in TREES["kirby21"][1]() if "-17-" not in path))
    lines = [line for line in pairs_table().splitlines() if not line.endswith("\t30")]
    (tmp_path / "pairs.tsv").write_text("\n".join(lines) + "\n")
    recipe = read_folder(find_study("kirby21"), tmp_path)
    said = "\n".join(recipe.lacks)
    assert "scans numbered 17" in said
    assert "for scans 30, so they are left out" in said
    assert "second session of P09, P15" in said


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (None, "no such file"),
        ("participant_id\tscan\nA\t1\nB\t1\n", "scan 01 of A and of B"),
        ("participant_id\tscan\nA\tone\n", "line 2 without"),
        ("who\tscan\nA\t1\n", "line 2 without"),
    ],
)
def test_pairs_that_do_not_say_who_is_who(table: str | None, said: str, tmp_path: Path) -> None:
    plant(tmp_path, TREES["kirby21"][1]())
    if table is not None:
        (tmp_path / "pairs.tsv").write_text(table)
    with pytest.raises(InputError, match=re.escape(said)):
        read_folder(find_study("kirby21"), tmp_path)


def test_people_whom_the_data_set_lists_and_does_not_hold(tmp_path: Path) -> None:
    name, _ = _tree("sdsu", tmp_path)
    # As published: a table of commas under the name of a table of tabs.
    (tmp_path / "participants.tsv").write_text(
        "participant_id,species,age\nsub-ts001,homo sapien,38.7\nsub-ts009,homo sapien,55.3\n"
    )
    assert any("ts009" in line for line in read_folder(find_study(name), tmp_path).lacks)


def test_a_session_that_one_traveller_lacks(tmp_path: Path) -> None:
    name, truth = _tree("sdsu", tmp_path)
    for path, (who, session, suffix) in truth.items():
        if (who, session, suffix) == ("ts002", "sdsu2", "T1w"):
            (tmp_path / path).unlink()
    lacks = read_folder(find_study(name), tmp_path).lacks
    assert lacks == ("a T1w image in session sdsu2 of ts002.",)


def test_photographs_and_scans_of_one_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    name, _ = _tree("mayo", data)
    plant(data, ("photos/P001_1.jpg", "photos/P001_2.jpg", "photos/P002.png", "photos/P099_1.jpg"))
    out = tmp_path / "study.tsv"
    assert main(["recipes", name, str(data), str(out)]) == 4
    said = capsys.readouterr().out
    assert "a photograph of P003" in said
    assert "a scan of P099" in said
    table = (tmp_path / "study-photos.tsv").read_text().splitlines()
    assert table[0] == "participant_id\tpath\tconsent_id\texpires"
    assert len(table) == 5
    assert (
        main(
            [
                "faces",
                str(out),
                str(tmp_path / "out"),
                "--photos",
                str(tmp_path / "study-photos.tsv"),
                "--dry-run",
            ]
        )
        == 0
    )
    assert "no photograph of theirs may be used" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("paths", "hint"),
    [
        (("ADNI/002_S_0295/MPRAGE/2006-04-18_08_20_30.0/I1/a.dcm",), "Download NIfTI"),
        (("IXI-T1.tar.gz",), "Unpack"),
        (("some/other.nii.gz",), "Name the folder"),
        ((), "Name the folder"),
    ],
)
def test_a_folder_of_something_else(paths: tuple[str, ...], hint: str, tmp_path: Path) -> None:
    plant(tmp_path, paths)
    for name in STUDIES:
        with pytest.raises(InputError, match=hint):
            read_folder(find_study(name), tmp_path)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    name, _ = _tree("ixi", tmp_path)
    out = tmp_path / "there.tsv"
    out.write_text("mine")
    assert main(["recipes", name, str(tmp_path), str(out)]) == 2
    assert out.read_text() == "mine"
    assert main(["recipes", name, str(tmp_path), str(tmp_path / "no" / "where.tsv")]) == 2
    assert main(["recipes", name, str(tmp_path)]) == 2
    assert main(["recipes", name, str(tmp_path / "nowhere"), str(tmp_path / "new.tsv")]) == 3
    with pytest.raises(UsageError, match="no such study"):
        find_study("uk-biobank")


def test_the_list_and_each_description(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipes"]) == 0
    said = capsys.readouterr().out
    assert all(f"{name}: " in said for name in STUDIES)
    for name, study in STUDIES.items():
        assert main(["recipes", name]) == 0
        said = capsys.readouterr().out
        assert all(layout.shape in said for layout in study.layouts)
        assert all(row.source in said for row in study.published)


def test_one_label_spelt_as_the_archive_spells_it(tmp_path: Path) -> None:
    """A day is one session: a series and its repeat are not searched for each other."""
    name, truth = _tree("adni", tmp_path)
    recipe = read_folder(find_study(name), tmp_path)
    visits = {(row.participant, row.session) for row in recipe.rows}
    assert len(visits) == 4
    assert {row.date for row in recipe.rows} == {"2006-04-18", "2006-11-02"}
    assert {row.site for row in recipe.rows} == {"002", "941"}
    assert len(truth) == len(recipe.rows)


def test_the_page_shows_what_the_table_holds() -> None:
    page = (Path(__file__).parents[2] / "docs" / "studies.md").read_text("utf-8")
    for name, study in STUDIES.items():
        assert f"| `{name}` |" in page
        if name not in ("adni-repeat", "ixi", "mayo"):
            assert any(layout.shape.split(" (")[0] in page for layout in study.layouts)
