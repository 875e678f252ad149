"""The public names, their examples, and the example scripts."""

from __future__ import annotations

import ast
import dataclasses
import doctest
import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import headrisk

ROOT = Path(__file__).parents[1]
PACKAGE = Path(headrisk.__file__).parent
EXAMPLES = sorted(
    path for path in (ROOT / "examples").glob("*.py") if path.stem != "messy_release"
)  # which is long and has a test of its own


def with_doctests() -> list[str]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if ">>> " in path.read_text("utf-8"):
            name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
            found.append(name.removesuffix(".__init__"))
    return found


@pytest.mark.parametrize("module", with_doctests())
def test_examples_in_docstrings_say_what_happens(module: str) -> None:
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testmod(importlib.import_module(module), optionflags=options)
    assert result.attempted
    assert not result.failed


def test_every_public_name_is_there_and_says_what_it_is() -> None:
    assert dir(headrisk) == sorted(headrisk.__all__)
    for name in headrisk.__all__:
        found = getattr(headrisk, name)
        assert name.startswith("__") or len(inspect.getdoc(found) or "") > 40, name


def sections(text: str) -> dict[str, str]:
    """Title of each section of a docstring in NumPy's style to its text."""
    parts = re.split(r"^(\w+)\n-+$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def named(section: str) -> set[str]:
    """The parameters or attributes that a section names, each on a line of its own."""
    return {
        name for line in re.findall(r"^(?!\s)(.+)$", section, re.M) for name in line.split(", ")
    }


PUBLIC = [name for name in headrisk.__all__ if name != "__version__"]  # which is a text


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_has_a_whole_docstring(name: str) -> None:
    found = getattr(headrisk, name)
    told = sections(inspect.getdoc(found) or "")
    assert ">>> " in told["Examples"]
    if inspect.isfunction(found):
        assert named(told["Parameters"]) == set(inspect.signature(found).parameters)
        assert told["Returns"].strip()
        assert re.search(r"^\w+Error$", told["Raises"], re.M)
        assert re.search(r"ISO/IEC|https://|\b(19|20)\d\d, ", told["Notes"])  # whence it is known
    elif dataclasses.is_dataclass(found):
        assert named(told["Attributes"]) == {one.name for one in dataclasses.fields(found)}
    elif issubclass(found, Exception):
        assert named(told["Parameters"]) == {*inspect.signature(found).parameters}
    else:  # a protocol
        methods = {one for one in vars(found) if inspect.isfunction(vars(found)[one])}
        own = {one for one in methods if not one.startswith("_")}
        members = {*found.__annotations__, *(n for n in vars(found) if not n.startswith("_"))}
        assert named(told["Attributes"]) == members - own
        for one in own:
            inner = sections(inspect.getdoc(getattr(found, one)) or "")
            wanted = set(inspect.signature(getattr(found, one)).parameters) - {"self"}
            assert named(inner["Parameters"]) == wanted
            assert inner["Returns"].strip()


def test_the_ten_lines_of_the_documentation_run(
    cohort: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    code = page.split("```python\n")[1].split("```")[0]
    assert len(code.strip().splitlines()) == 10
    first, second = (sorted(cohort.glob(f"sub-*/ses-{k}/anat/*_T1w.nii.gz"))[:2] for k in "12")
    exec(  # noqa: S102, the page's own lines
        code,
        {"paths_of_session_1": first, "paths_of_session_2": second, "people": ["A", "B"]},
    )
    value, low, high, people = map(float, capsys.readouterr().out.split())
    assert (value, people) == (1.0, 2.0)
    assert 0 < low < value <= high


def test_the_static_names_are_the_lazy_ones() -> None:
    """What a type checker sees is what is imported when it is asked for."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    static = {
        alias.name: node.module
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert static == headrisk._HOMES
    assert {*static, "__version__"} == set(headrisk.__all__)


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys, headrisk; headrisk.__all__; "
        "print([m for m in ('numpy', 'scipy', 'onnxruntime', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'anonymise'"):
        _ = headrisk.anonymise  # type: ignore[attr-defined]


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_example_scripts_run(script: Path, tmp_path: Path) -> None:
    paths = os.pathsep.join([str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "1.00" in done.stdout


class TestArrays:
    def test_scores_do_not_depend_on_the_kind_of_label(self) -> None:
        values = np.random.default_rng(0).normal(size=(7, 9))
        people, others = list("ABCDEFG"), list("BADCFEGHI")
        by_text = headrisk.pair_scores(values, people, others)
        by_number = headrisk.pair_scores(values, [ord(c) for c in people], [ord(c) for c in others])
        assert (by_text.mated == by_number.mated).all()
        assert by_text.mated.sum() == 7

    def test_without_a_gallery_nothing_is_compared_with_itself(self) -> None:
        scores = headrisk.pair_scores(np.ones((4, 4)), "AABB")
        assert not np.diag(scores.usable).any()
        assert scores.mated.sum() == 4

    def test_rates_agree_with_a_plain_count(self) -> None:
        rng = np.random.default_rng(3)
        values = rng.normal(size=(30, 30)) + 2 * np.eye(30)
        found = headrisk.evaluate_scores(headrisk.pair_scores(values, range(30), range(30)))
        first = values.argmax(axis=1) == np.arange(30)
        assert found.rank1.value == pytest.approx(first.mean())
        assert found.rank1.low < first.mean() < found.rank1.high
        assert found.chance_rank1 == pytest.approx(1 / 30)

    def test_labels_that_do_not_fit(self) -> None:
        with pytest.raises(headrisk.HeadriskError, match=r"\(3, 4\).*expected \(2, 4\)"):
            headrisk.pair_scores(np.zeros((3, 4)), "AB", "ABCD")

    @pytest.mark.parametrize("shape", [(7, 8), (7,), (2, 7, 8)])
    def test_arrays_that_are_no_fingerprints(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(headrisk.HeadriskError, match="expected \\(scans, voxels\\)"):
            headrisk.compare(np.zeros(shape, np.float32), "A" * shape[0])


@pytest.mark.parametrize(
    ("values", "labels", "usable", "said"),
    [
        (np.eye(3) + 1j, "abc", None, "complex128"),
        (np.full((3, 3), "a"), "abc", None, "real numbers"),
        (np.eye(3), ["a", None, "b"], None, "NoneType"),
        (np.eye(3), [1.0, float("nan"), 2.0], None, "label 2"),
        (np.eye(3), [["a"], ["b"], ["c"]], None, "list"),
        (np.eye(3), "abc", np.full((3, 3), 0.5), "mask"),
    ],
)
def test_scores_that_are_none_are_refused_with_a_sentence(values, labels, usable, said):
    with pytest.raises(headrisk.HeadriskError, match=said):
        headrisk.pair_scores(values, labels, labels, usable=usable)


def test_masked_scores_are_not_compared():
    values = np.random.default_rng(0).normal(size=(12, 12))
    masked = headrisk.pair_scores(np.ma.masked_less(values, -1.0), range(12), range(12))
    np.testing.assert_array_equal(masked.usable, values >= -1.0)
    with pytest.raises(headrisk.HeadriskError, match="whole number"):
        headrisk.evaluate_scores(masked, seed="x")


def test_one_rescanned_person_carries_no_interval():
    """One person with thirty scans, 39 with one each: nothing follows for other people."""
    who = [0] * 30 + list(range(1, 40))
    values = np.random.default_rng(1).normal(size=(69, 69))
    found = headrisk.evaluate_scores(headrisk.pair_scores(values, who), seed=0)
    for rate in (found.rank1, found.eer):
        assert rate is None or rate.high - rate.low > 0.9
    assert found.d_prime is None
