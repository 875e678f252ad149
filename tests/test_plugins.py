"""A small package that adds one of each, installed and used as an outsider would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import headrisk
from headrisk.attacks.face import errors_of
from headrisk.brain.cohort import Cohort
from headrisk.brain.similarity import select
from headrisk.brain.template import template_grid
from headrisk.cli import doctor
from headrisk.cli.main import main
from headrisk.dataset.scans import Scan
from headrisk.deidentify import tools
from headrisk.deidentify.comparison_brain import Copies, brain_effects, own_scan
from headrisk.deidentify.comparison_face import Looks, Pictures, face_effects
from headrisk.errors import PluginError, ScanError, UsageError
from headrisk.face.head import HeadResult
from headrisk.face.packed import Packed
from headrisk.face.photo_table import Photo
from headrisk.face.photos import PhotoResult
from headrisk.face.recognise import registry
from headrisk.face.recognise.protocol import FaceTemplate
from headrisk.findings.deidentified import Arrival, Treatment
from headrisk.io.canonical import canonical_json
from headrisk.job import Job
from headrisk.linkage import compare as linkage
from headrisk.linkage.design import within
from headrisk.report.withhold import withhold_small_cells
from headrisk.report.words import deidentified
from headrisk.report.write import content_of
from headrisk.run import plugins as plugins_module
from headrisk.run.plugins import Plugin
from headrisk.run.provenance import CostLog
from headrisk.settings import Settings
from headrisk.testing import check_deidentification, check_recogniser, check_similarity
from headrisk.types import ScanResult

HERE = Path(__file__).parent / "plugin"
sys.path.append(str(HERE))

sys.path.append(str(Path(__file__).parent / "report"))

import headrisk_example  # noqa: E402
from simulated_report import simulated_report  # noqa: E402

SCHEMA = json.loads(
    (Path(headrisk.__file__).parent / "report" / "schema" / "report.schema.json").read_text()
)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example package as pip installs it."""
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--no-build-isolation",
            "--disable-pip-version-check",
            "--target",
            str(folder),
            str(HERE),
        ],
        check=True,
        capture_output=True,
    )
    return folder


def run(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(Path(headrisk.__file__).parents[1]), str(site)])
    code = "import sys; from headrisk.cli.main import run; sys.exit(run())"
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths, "COLUMNS": "200", "OMP_NUM_THREADS": "1"},
        check=False,
    )


def test_doctor_lists_every_plug_in_and_says_which_is_broken(site: Path) -> None:
    done = run(site, "doctor")
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "similarity mycosine ready, from headrisk-example 0.3" in lines
    assert "recognisers blocks ready, from headrisk-example 0.3" in lines
    assert "deidentification mytool ready, from headrisk-example 0.3" in lines
    broken = next(line for line in lines if line.startswith("similarity broken"))
    assert "plug-in broken of headrisk-example 0.3: AttributeError" in broken


@pytest.mark.slow
def test_an_audit_and_a_copy_by_plug_ins(site: Path, tmp_path: Path) -> None:
    from headrisk.brain.template import load_template
    from headrisk.synthetic.phantom import PhantomSettings, write_cohort

    rng = np.random.default_rng(5)
    data = write_cohort(tmp_path / "d", 5, 2, PhantomSettings(), rng, load_template())
    done = run(site, "audit", str(data), str(tmp_path / "o"), "--measures", "mycosine", "ncc")
    assert done.returncode == 0, done.stderr
    assert '"mycosine"' in (tmp_path / "o" / "report.json").read_text("utf-8")
    done = run(site, "deface", str(data), str(tmp_path / "c"), "--tool", "mytool")
    assert "mytool" in (tmp_path / "c" / "dataset_description.json").read_text("utf-8")
    assert list((tmp_path / "c").rglob("*_T1w.nii.gz")), done.stderr


@pytest.mark.parametrize(
    "words",
    [("audit", "DATA", "OUT", "--measures", "broken"), ("deface", "DATA", "OUT", "--tool", "x")],
)
def test_one_that_cannot_be_used_is_one_sentence(
    site: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    (tmp_path / "sub-01" / "anat").mkdir(parents=True)
    given = [word.replace("DATA", str(tmp_path)).replace("OUT", f"{tmp_path}-o") for word in words]
    done = run(site, *given)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


class TestContract:
    """The checks that outsiders run on theirs."""

    def test_the_example_keeps_to_it(self) -> None:
        check_similarity(headrisk_example.cosine)
        check_recogniser(headrisk_example.BlockRecogniser())
        check_deidentification(headrisk_example.FrontRemoved())

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            (lambda a, b: np.full((len(a), len(b)), np.nan), "not finite"),
            (lambda a, b: -(a @ b.T), "larger must mean more similar"),
            (lambda a, b: a @ b.T - (a @ b.T).mean(), "depends on what stands beside it"),
            (lambda a, b: (a @ b.T)[0], "an array of shape"),
            (lambda a, b: np.multiply(a, 2, out=a) @ b.T, "left as they are"),
        ],
    )
    def test_a_wrong_measure(self, wrong: object, told: str) -> None:
        with pytest.raises(AssertionError, match=told):
            check_similarity(wrong)  # type: ignore[arg-type]

    def test_wrong_methods(self) -> None:
        class Wrong(headrisk_example.FrontRemoved):
            def __init__(self, function: object) -> None:
                self.function = function

            def deidentify(self, image: object, brain: object, rng: object) -> object:
                return self.function(image.data, brain, rng)  # type: ignore[attr-defined,operator]

        for function, told in (
            (lambda data, brain, rng: data[1:], "became one of shape"),
            (lambda data, brain, rng: data * 0, "voxels of the brain were changed"),
            (lambda data, brain, rng: data + np.nan, "not finite"),
            (lambda data, brain, rng: np.where(brain, data, np.random.normal()), "another result"),  # noqa: NPY002
        ):
            with pytest.raises(AssertionError, match=told):
                check_deidentification(Wrong(function))

    def test_no_recogniser(self) -> None:
        with pytest.raises(AssertionError, match="lacks name"):
            check_recogniser(object())


class Strange(EntryPoint):
    """An entry point whose import does what the test says."""

    result: object = None

    def load(self) -> object:
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


def added(monkeypatch: pytest.MonkeyPatch, name: str, result: object) -> None:
    entry = Strange(name, "x:y", "g")
    object.__setattr__(entry, "result", result)
    plugin = {name: Plugin(name, "theirs 1.0", entry)}
    for module in (plugins_module, tools, registry, sys.modules[select.__module__]):
        monkeypatch.setattr(module, "plugins", lambda group: plugin)


@pytest.mark.parametrize(
    "result",
    [ValueError("no"), SystemError("x"), SystemExit(3), BaseException("y"), 7],
    ids=["raises", "raises other", "ends the program", "a kind of its own", "a number"],
)
def test_every_kind_of_broken_measure(monkeypatch: pytest.MonkeyPatch, result: object) -> None:
    added(monkeypatch, "mine", result)
    with pytest.raises(UsageError, match=r"plug-in mine of theirs 1\.0"):
        select(["mine"])


@pytest.mark.parametrize(
    "function",
    [lambda a, b: 1 / 0, lambda a, b: np.zeros((1, 1)), lambda a, b: np.full((2, 3), np.inf)],
)
def test_a_measure_that_fails_at_work(monkeypatch: pytest.MonkeyPatch, function: object) -> None:
    added(monkeypatch, "mine", function)
    measure = select(["mine"])["mine"]
    vectors = np.ones((3, 5), np.float32)
    with pytest.raises(UsageError, match=r"plug-in mine of theirs 1\.0"):
        measure.block(vectors[:2], vectors, {"mine"})  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: 1 / 0,
        lambda a, b: sys.exit(0),
        lambda a, b: np.zeros((1, 1)),
        lambda a, b: np.full((len(a), len(b)), np.nan),
    ],
)
def test_the_other_measures_go_on(monkeypatch: pytest.MonkeyPatch, function: object) -> None:
    added(monkeypatch, "mine", function)
    grid = template_grid(4)
    rows = np.random.default_rng(0).normal(size=(4, grid.size)).astype(np.float32)
    person = np.arange(4)
    given = (rows, rows, person, person, ~np.eye(4, dtype=bool))
    failed: dict[str, PluginError] = {}
    both = linkage.compare(*given, select(["mine", "ncc"]), grid, failed=failed)
    alone = linkage.compare(*given, select(["ncc"]), grid)
    assert list(both) == ["ncc"]
    assert np.array_equal(both["ncc"].values, alone["ncc"].values)
    assert "plug-in mine of theirs 1.0" in str(failed["mine"])
    with pytest.raises(PluginError, match=r"plug-in mine of theirs 1\.0"):
        linkage.compare(*given, select(["mine", "ncc"]), grid)


def test_where_every_measure_failed_everybody_counts_as_not_searched() -> None:
    from headrisk.attacks.brain import unsearched

    failed = {"mine": PluginError("plug-in mine", found="nothing")}
    everybody = frozenset({"a", "b", "c"})
    assert unsearched(everybody, None, None, failed, {}) == 3  # type: ignore[arg-type]


def test_one_recogniser_fails_and_another_describes(monkeypatch: pytest.MonkeyPatch) -> None:
    added(monkeypatch, "blocks", lambda: Blocks("describe", lambda images: 1 / 0))
    (broken,) = registry.recognisers(["blocks"], {})
    images = [np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)] * 2
    asked = [broken, headrisk_example.BlockRecogniser()]
    made = registry.describe_by_each(asked, lambda one: one.describe(images))
    assert made.found
    assert made.templates["blocks"].found.size == 2
    assert len(made.failed) == 1
    assert "ZeroDivisionError" in made.failed[0]
    nothing = registry.describe_by_each([broken], lambda one: one.describe(images))
    assert not nothing.found
    assert nothing.failed == made.failed


def test_a_recogniser_under_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    added(monkeypatch, "mine", headrisk_example.BlockRecogniser)
    with pytest.raises(UsageError, match="a recogniser called 'blocks'"):
        registry.recognisers(["mine"], {})
    added(monkeypatch, "blocks", headrisk_example.BlockRecogniser)
    assert registry.recognisers(["blocks"], {})[0].model == "block means 1"


class Blocks(headrisk_example.BlockRecogniser):
    """The example with one function that the test gives."""

    def __init__(self, name: str, function: object) -> None:
        setattr(self, name, function)


@pytest.mark.parametrize(
    "function",
    [
        lambda images: 1 / 0,
        lambda images: sys.exit(0),
        lambda images: [None],
        lambda images: (None, None),
        lambda images: [FaceTemplate(np.full(3, np.nan)), None],
        lambda images: [np.ones(3), None],
    ],
)
def test_a_recogniser_that_fails_at_work(monkeypatch: pytest.MonkeyPatch, function: object) -> None:
    added(monkeypatch, "blocks", lambda: Blocks("describe", function))
    (made,) = registry.recognisers(["blocks"], {})
    with pytest.raises(UsageError, match=r"plug-in blocks of theirs 1\.0.*expected 2 templates"):
        made.describe([np.zeros((4, 4), np.uint8)] * 2)


@pytest.mark.parametrize(
    "function",
    [
        lambda a, b: {}["x"],
        lambda a, b: np.zeros((2, 3)),
        lambda a, b: np.full((3, 2), np.nan),
        lambda a, b: "alike",
    ],
)
def test_a_recogniser_whose_scores_are_none(
    monkeypatch: pytest.MonkeyPatch, function: object
) -> None:
    added(monkeypatch, "blocks", lambda: Blocks("similarity", function))
    (made,) = registry.recognisers(["blocks"], {})
    faces = [FaceTemplate(np.ones(4))] * 3
    with pytest.raises(UsageError, match=r"plug-in blocks of theirs 1\.0.*of shape \(3, 2\)"):
        made.similarity(faces, faces[:2])


def test_what_doctor_says_of_plug_ins(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    added(monkeypatch, "ncc", lambda a, b: a @ b.T)
    doctor._plugins()
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("not used, from theirs 1.0: headrisk has one of this name")
    for result, told in (
        (Blocks, "TypeError"),
        (SystemExit(0), "SystemExit"),
        (7, ": int; expected"),
    ):
        added(monkeypatch, "mine", result)
        doctor._plugins()
        said = capsys.readouterr().out.splitlines()
        assert len(said) == 3
        assert not any(" ready, " in line for line in said[1:]), said
        assert told in said[1]


def test_a_method_that_fails_is_the_failure_of_one_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(headrisk_example.FrontRemoved):
        def deidentify(self, image: object, brain: object, rng: object) -> object:
            raise KeyError("nothing")

    added(monkeypatch, "mytool", Failing)
    tool = tools.tool_of("mytool")
    from headrisk.brain.align import Alignment, Brain
    from headrisk.deidentify.head import Head

    data = np.random.default_rng(0).normal(size=(7, 8, 9)).astype(np.float32)
    mask = np.ones((2, 3, 4), bool)
    brain = Brain(np.ones(mask.shape, np.float32), mask, np.eye(4))
    head = Head(headrisk.Volume(data, np.eye(4)), brain, Alignment(np.eye(4), 1.0), 1.0, False)
    with pytest.raises(ScanError, match=r"mytool of theirs 1\.0 gave KeyError"):
        tool.apply(head, "scan", np.random.default_rng(0))


MARK = 99.0  # at the first voxel of what a measure of the tests cannot bear


def choosy(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Fails on scans that bear the mark."""
    if (a[:, 0] == MARK).any():
        raise ValueError("a scan with a mark")
    return np.asarray(headrisk_example.cosine(a, b))


@pytest.mark.parametrize("marked", ["before", "after"])
@pytest.mark.parametrize("measures", [("mine", "ncc"), ("mine",), ("ncc", "mine", "mae")])
def test_a_measure_that_fails_before_or_after_is_told(
    monkeypatch: pytest.MonkeyPatch, marked: str, measures: tuple[str, ...]
) -> None:
    added(monkeypatch, "mine", choosy)
    size = template_grid(4).size
    rng = np.random.default_rng(0)
    vectors = np.repeat(rng.normal(size=(8, size)), 2, axis=0) + rng.normal(size=(16, size))
    of = tuple(range(0, 16, 2))
    changed = vectors[list(of)].copy()
    (vectors if marked == "before" else changed)[:, 0] = MARK
    everything = cohort_of([(str(k // 2), str(k % 2)) for k in range(16)], vectors)
    copies = Copies(cohort_of([(str(k // 2), "0") for k in of], changed), of)
    design = within(everything.scans, everything.digests)
    settings = Settings(measures=measures)
    failed: dict[str, PluginError] = {}
    effects = brain_effects(everything, design, copies, settings, rng, 1, failed)
    assert set(failed) == {"mine"}
    assert effects[-1].measure == "mine"
    assert effects[-1].reason == "measure failed"
    assert effects[-1].found is None
    rest = tuple(name for name in measures if name != "mine")
    strongest = ("strongest",) if len(rest) > 1 else ()
    assert tuple(one.measure for one in effects[:-1]) == (*strongest, *rest)
    own = own_scan(everything, copies, settings, 1, failed)
    assert own.measure != "mine" or own.found is None or marked == "before"

    one = Treatment("cut", Arrival(*[8] * 12), effects, own)
    public = withhold_small_cells(replace(simulated_report()[0], treatments=(one,))).treatments[0]
    assert public.failed() == {"brain": ["mine"]}
    said = deidentified.answer(public)
    assert [text for text in said if "mine, of another package, failed" in text]
    # Nothing that was not compared reads as nobody found.
    assert all(effect.found or effect.measure == "mine" for effect in effects)
    content = content_of(replace(simulated_report()[0], treatments=(public,)))
    jsonschema.validate(json.loads(canonical_json(content)), SCHEMA)


def cohort_of(who: list[tuple[str, str]], vectors: np.ndarray) -> Cohort:
    scans = tuple(Scan(f"{p}-{s}", p, f"/{p}-{s}", session_id=s) for p, s in who)
    results = tuple(
        ScanResult(s.scan_id, "ok", "", 0.0, "ok", 1.0, vector=vector)
        for s, vector in zip(scans, vectors.astype(np.float32), strict=True)
    )
    names = tuple(scan.scan_id for scan in scans)
    return Cohort(scans, results, names, names)


@pytest.mark.parametrize("how", ["describe", "similarity"])
def test_a_recogniser_that_fails_after_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    pytest.importorskip("sklearn")

    def similarity(photos: list[FaceTemplate], renders: list[FaceTemplate]) -> np.ndarray:
        if any((one.values[0] == MARK) for one in renders):
            raise ValueError("a face with a mark")
        return headrisk_example.BlockRecogniser().similarity(photos, renders)

    added(monkeypatch, "blocks", lambda: Blocks("similarity", similarity))
    asked = registry.recognisers(["blocks"], {})
    rng = np.random.default_rng(5)
    faces = rng.normal(size=(9, 64)).astype(np.float32)
    scans = tuple(Scan(f"s{p}", str(p), f"/{p}") for p in range(9))

    def head(p: int, marked: bool) -> HeadResult:
        rows = faces[p] + 0.1 * rng.normal(size=(3, 64)).astype(np.float32)
        rows[:, 0] = MARK if marked else 0.0
        packed = Packed(rows.astype(np.float32), np.ones(3, dtype=np.int64))
        return HeadResult(f"s{p}", "ok", "", 0.0, templates={"blocks": packed})

    before = tuple(head(p, False) for p in range(9))
    after = tuple(head(p, how == "similarity") for p in range(9))
    photos = tuple(Photo(str(p), f"/{p}.jpg", "C", "ok") for p in range(9))
    one = np.ones(1, dtype=np.int64)
    results = tuple(PhotoResult("", 0.0, {"blocks": Packed(faces[p][None], one)}) for p in range(9))
    looks, pictures = Looks(scans, before, after), Pictures(photos, results)
    broken: frozenset[str] = frozenset()
    if how == "describe":
        errors = errors_of([*before, replace(after[0], failed=(f"{asked[0].plugin.subject}: no",))])  # type: ignore[attr-defined]
        broken = registry.failing(asked, errors)
        assert broken == {"blocks"}
        asked = tuple(one for one in asked if one.name not in broken)
    effects = face_effects(looks, pictures, asked, Job((), tmp_path), CostLog(), rng, broken)
    assert (effects[-1].measure, effects[-1].reason) == ("blocks", "measure failed")
    assert not [e for e in effects if e.measure in ("blocks-best", "blocks-mean", "blocks-sum")]
    assert all(e.found is not None for e in effects[:-1])


def test_a_measure_that_fails_inside_a_whole_audit(
    monkeypatch: pytest.MonkeyPatch,
    cohort: Path,
    warm: Path,
    quick: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    added(monkeypatch, "mine", lambda a, b: 1 / 0)
    words = ["audit", str(cohort), str(warm), "--no-faces", "--settings", quick]
    assert main([*words, "--measures", "mine", "ncc"]) == 0
    said = capsys.readouterr().err
    assert said.count("plug-in mine of theirs 1.0: ZeroDivisionError") == 1
    brain = json.loads((warm / "report.json").read_text("utf-8"))["modalities"]["brain"]
    assert list(brain["measures"]) == ["ncc"]
    assert [text for text in brain["method"] if "mine, which another package adds" in text]
    assert "mine, which another package adds" in (warm / "methods.md").read_text("utf-8")


@pytest.mark.slow
def test_a_measure_that_fails_inside_worker_processes(site: Path, tmp_path: Path) -> None:
    """The entry point is loaded anew in each worker, whose error comes back as a sentence."""
    script = tmp_path / "work.py"
    script.write_text(
        "import numpy as np\n"
        "from headrisk.brain.similarity import select\n"
        "from headrisk.brain.template import template_grid\n"
        "from headrisk.linkage import compare\n"
        "from headrisk.run.engine import mapper\n"
        "if __name__ == '__main__':\n"
        "    compare.SMALL_WORK = 0\n"
        "    grid, failed = template_grid(4), {}\n"
        "    rows = np.random.default_rng(0).normal(size=(6, grid.size)).astype(np.float32)\n"
        "    who = np.arange(6)\n"
        "    given = (rows, rows, who, who, ~np.eye(6, dtype=bool))\n"
        "    asked = select(['fails', 'mycosine', 'ncc'])\n"
        "    found = compare.compare(*given, asked, grid, failed=failed, block=3, run=mapper(2))\n"
        "    print(*found)\n"
        "    print(failed['fails'])\n"
    )
    paths = os.pathsep.join([str(Path(headrisk.__file__).parents[1]), str(site)])
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    measures, sentence = done.stdout.splitlines()
    assert measures == "mycosine ncc"
    assert sentence.startswith("plug-in fails of headrisk-example 0.3: ZeroDivisionError")


@pytest.mark.slow
@pytest.mark.parametrize("processes", ["1", "2"])
def test_an_audit_with_a_plug_in_that_fails_at_work(
    site: Path, cohort: Path, warm: Path, quick: str, processes: str
) -> None:
    words = ("audit", str(cohort), str(warm), "--no-faces", "--settings", quick)
    done = run(site, *words, "--measures", "fails", "ncc", "--nprocs", processes)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("plug-in fails of headrisk-example 0.3") == 1
    brain = json.loads((warm / "report.json").read_text("utf-8"))["modalities"]["brain"]
    assert list(brain["measures"]) == ["ncc"]
