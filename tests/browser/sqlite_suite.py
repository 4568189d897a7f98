"""Runner of CPython's `test_sqlite3` in the kernel, which reports the result of each test."""

import builtins
import importlib
import io
import json
import sys
import unittest
import zipfile
from pathlib import Path


def unpack(archive, into):
    """Make CPython's package `test` importable."""
    zipfile.ZipFile(io.BytesIO(archive)).extractall(into)
    sys.path.insert(0, into)


def _read_line(prompt=""):
    """Replace the notebook's `input`, which asks the user."""
    sys.stdout.write(prompt)
    if line := sys.stdin.readline():
        return line.removesuffix("\n")
    raise EOFError


def run():
    """Run the suite in the current folder; return the results as JSON."""
    # IPython has replaced the converters that some tests are about.
    importlib.reload(importlib.import_module("sqlite3.dbapi2"))
    suite = unittest.defaultTestLoader.loadTestsFromModule(
        importlib.import_module("test.test_sqlite3")
    )
    asking, builtins.input = builtins.input, _read_line
    log = io.StringIO()
    before = sorted(Path.cwd().iterdir())
    try:
        result = unittest.TextTestRunner(stream=log, verbosity=0).run(suite)
    finally:
        builtins.input = asking
    left = {path.name for path in Path.cwd().iterdir()} - {path.name for path in before}
    return json.dumps(
        {
            "count": result.testsRun,
            "skipped": {_name(test): why for test, why in result.skipped},
            "failed": {_name(test): why for test, why in result.failures + result.errors},
            "passed": not result.unexpectedSuccesses,
            "left": sorted(left),
            "log": log.getvalue(),
        }
    )


def _name(test):
    # A subtest's name ends with its parameters.
    return test.id().partition(" ")[0].removeprefix("test.test_sqlite3.")
