"""The unit tests, once more inside the Pyodide kernel."""

from __future__ import annotations

import importlib.metadata
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import entered
from lab import Lab
from playwright.sync_api import Browser

UNIT = Path(__file__).parent.parent / "unit"

TOOLS = ("pytest", "pluggy", "iniconfig", "pygments")
"""Distributions that pytest needs and the site lacks: plain Python, taken from `.venv`."""

UNPACK = """
import sys, zipfile
from pyodide.http import pyfetch

response = await pyfetch("{url}")
with open("/tmp/tests.zip", "wb") as file:
    file.write(await response.bytes())
zipfile.ZipFile("/tmp/tests.zip").extractall("/tmp/tests")
sys.path[:0] = ["/tmp/tests/tools"]
import litestate, numpy, packaging, pandas
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


PARTS = ("test_[a-c]*.py", "test_[d-r]*.py", "test_[s-u]*.py", "test_[v-z]*.py")
"""Of about the same length: one of all would not fit into the time that a test has."""


def test_no_file_is_in_no_part() -> None:
    assert {path for part in PARTS for path in UNIT.glob(part)} == {*UNIT.glob("test_*.py")}


@pytest.fixture(scope="module")
def kernel(site: str, browser: Browser) -> Iterator[Lab]:
    """A kernel that has the unit tests: all parts run in one."""
    with entered(site, browser) as lab:
        lab.serve("tests.zip", _archive())
        lab.check(UNPACK.replace("{url}", f"{lab.url}tests.zip"))
        yield lab


@pytest.mark.parametrize("part", PARTS)
def test_unit_tests_pass_in_the_kernel(kernel: Lab, part: str) -> None:
    files = sorted(path.name for path in UNIT.glob(part))
    output = kernel.run(RUN.replace("{files}", repr(files)), timeout=240_000)
    assert not output.error, output.error + output.text[-4000:]
    assert "exit code 0" in output.text, _failures(output.text)
    assert " passed" in output.text
    print(output.text[-2500:])


def _failures(text: str) -> str:
    """Return what pytest says of what failed, without the dots and the skips."""
    return text.partition("= FAILURES =")[2].partition("= short test summary")[0] or text[-6000:]


def _archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (*UNIT.glob("*.py"), *UNIT.glob("bundles/*"), *UNIT.glob("pickles/*.pickle")):
            archive.write(path, f"unit/{path.relative_to(UNIT)}")
        for name in TOOLS:
            for path in importlib.metadata.files(name) or []:
                if path.suffix == ".py" or path.name == "METADATA":
                    archive.write(path.locate(), f"tools/{path}")
    return file.getvalue()
