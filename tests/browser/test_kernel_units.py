"""The unit tests whose subject differs in the Pyodide kernel, run there once more.

`ONCE` names those that run in CPython only, with the reason. All of them run in the kernel with::

    LITESTATE_ALL_IN_KERNEL=1 python3 build.py test tests/browser/test_kernel_units.py
"""

from __future__ import annotations

import importlib.metadata
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import entered
from lab import Lab
from playwright.sync_api import Browser

TESTS = Path(__file__).parent.parent
UNIT, SUPPORT = TESTS / "unit", TESTS / "support"

TOOLS = ("pytest", "pluggy", "iniconfig", "pygments")
"""Distributions that pytest needs and the site lacks: plain Python, taken from `.venv`."""

UNPACK = """
import sys, zipfile
from pyodide.http import pyfetch

response = await pyfetch("{url}")
with open("/tmp/tests.zip", "wb") as file:
    file.write(await response.bytes())
zipfile.ZipFile("/tmp/tests.zip").extractall("/tmp/tests")
sys.path[:0] = ["/tmp/tests/tools", "/tmp/tests/support"]
import litestate, numpy, openpyxl, packaging, pandas
"""

RUN = """
import os
os.chdir("/tmp/tests/unit")
# An import statement would make the kernel look for it among Pyodide's packages online.
code = __import__("pytest").main(
    ["-q", "-rs", "-p", "no:cacheprovider", "--tb=short", "--color=no", "--durations=8", *{files}]
)
os.chdir("/drive")
print("exit code", int(code))
"""

ONCE = {
    "a command line, which the kernel lacks": ("test_cli*",),
    "texts and tables, made from plain values": (
        "test_compare*",
        "test_docs*",
        "test_member_names",
        "test_report",
    ),
    "a format, read and written by plain Python from bytes; each has cases elsewhere here": (
        "test_cell_journal",
        "test_checkpoint_compaction",
        "test_checkpoint_crashes",
        "test_checkpoint_history",
        "test_checkpoint_log",
        "test_checkpoint_model",
        "test_checkpoint_retention",
        "test_damage",
        "test_demo_json_*",
        "test_hostile*",
    ),
    "files of other programs; test_export_in_site.py makes and reads some in the kernel": (
        "test_export_csv",
        "test_export_excel",
        "test_export_json_sql",
        "test_export_source",
        "test_import_*",
    ),
    "a calculation, from numbers that the tests give": ("test_shell_progress", "test_pacing"),
}
"""Unit tests that say the same under both Pythons, and so run in CPython only."""

ONCE_IN_PART = (
    # The same cases run by groups, in one session each.
    "variables/test_what_is_saved.py::test_each_object_is_restored_or_reported",
    # One of ten random sessions shows the differences of the kernel.
    *(f"variables/test_variables_tracker.py::test_random_cells[{seed}]" for seed in range(1, 10)),
)
"""Tests, or beginnings of their names, that are left out of files which run in both."""

PARTS = 6
"""One of all would not fit into the time that a test has on a busy machine."""


def _is_run_once(path: Path) -> bool:
    return any(path.match(f"{pattern}.py") for patterns in ONCE.values() for pattern in patterns)


def _chosen() -> list[str]:
    """Return the test files that run in the kernel."""
    every = "LITESTATE_ALL_IN_KERNEL" in os.environ
    return [
        path.relative_to(UNIT).as_posix()
        for path in sorted(UNIT.rglob("test_*.py"))
        if every or not _is_run_once(path)
    ]


def _left_out() -> list[str]:
    if "LITESTATE_ALL_IN_KERNEL" in os.environ:
        return []
    return [f"--deselect={test}" for test in ONCE_IN_PART]


def test_what_runs_once_is_there() -> None:
    for patterns in ONCE.values():
        for pattern in patterns:
            assert list(UNIT.rglob(f"{pattern}.py")), pattern
    for test in ONCE_IN_PART:
        name, _, function = test.partition("::")
        assert f"def {function.partition('[')[0]}(" in (UNIT / name).read_text("utf-8"), test


@pytest.fixture(scope="module")
def kernel(site: str, browser: Browser) -> Iterator[Lab]:
    """A kernel that has the unit tests: all parts run in one."""
    with entered(site, browser) as lab:
        lab.serve("tests.zip", _archive())
        lab.check(UNPACK.replace("{url}", f"{lab.url}tests.zip"))
        yield lab


@pytest.mark.parametrize("part", range(PARTS))
def test_unit_tests_pass_in_the_kernel(kernel: Lab, part: int) -> None:
    # Not file by file in order: those of one subject take about equally long.
    files = _chosen()[part::PARTS]
    output = kernel.run(RUN.replace("{files}", repr([*_left_out(), *files])), timeout=280_000)
    assert not output.error, output.error + output.text[-4000:]
    assert "exit code 0" in output.text, _failures(output.text)
    assert " passed" in output.text
    print(output.text[-2500:])


def _failures(text: str) -> str:
    """Return pytest's report of failures, without the dots and the skips."""
    return text.partition("= FAILURES =")[2].partition("= short test summary")[0] or text[-6000:]


def _archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        data = (*SUPPORT.glob("bundles/*"), *SUPPORT.glob("pickles/*"))
        for path in (*UNIT.rglob("*.py"), *SUPPORT.glob("*.py"), *data):
            archive.write(path, path.relative_to(TESTS))
        for name in TOOLS:
            for path in importlib.metadata.files(name) or []:
                if path.suffix == ".py" or path.name == "METADATA":
                    archive.write(path.locate(), f"tools/{path}")
    return file.getvalue()
