"""CPython's own tests of sqlite3, run in the site's kernel in the notebook's folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from lab import Lab

RUNNER = Path(__file__).with_name("sqlite_suite.py")

AT_LEAST = 480
"""Tests that the suite of Python 3.13.5 has with the SQLite of the kernel; it has 487."""

_64_BIT = "requires 64bit platform"
_PROCESS = "requires subprocess support"
_THREADS = "requires threading support"
_NAMES = "not supported on Emscripten/WASI"

SKIPPED = {
    "test_dbapi.MultiprocessTests.test_ctx_mgr_rollback_if_commit_failed": _PROCESS,
    "test_dbapi.OpenTests.test_open_undecodable_uri": _NAMES,
    "test_dbapi.OpenTests.test_open_with_undecodable_path": _NAMES,
    "test_dbapi.ThreadTests.test_check_connection_thread": _THREADS,
    "test_dbapi.ThreadTests.test_check_cursor_thread": _THREADS,
    "test_dbapi.ThreadTests.test_dont_check_same_thread": _THREADS,
    "test_transactions.AutocommitAttribute.test_autocommit_disabled_implicit_shutdown": _PROCESS,
    "test_types.SqliteTypeTests.test_too_large_blob": _64_BIT,
    "test_types.SqliteTypeTests.test_too_large_string": _64_BIT,
    "test_userfunctions.FunctionTests.test_func_return_too_large_blob": _64_BIT,
    "test_userfunctions.FunctionTests.test_func_return_too_large_text": _64_BIT,
}
"""Tests that the suite itself skips in the kernel, with its reasons."""

_PROGRAM = "the parser of 3.14 names the program itself; run by another, it names nothing"
_NOT_A_CONTAINER = "3.14 says `is not a container or iterable`"
_NAMED = "3.14 raises ProgrammingError where 3.13 warned that it would"
_VERSION = "3.14 no longer has sqlite3.version"
_UNRAISABLE = "3.14 tells of an error in a callback in the message, and no longer as the object"

FAILING = {
    "test_cli.CommandLineInterface.test_cli_help": _PROGRAM,
    "test_dbapi.BlobTests.test_blob_sequence_not_supported": _NOT_A_CONTAINER,
    "test_dbapi.CursorTests.test_execute_named_param_and_sequence": _NAMED,
    "test_dbapi.ModuleTests.test_deprecated_version": _VERSION,
    "test_hooks.ProgressTests.test_error_in_progress_handler": _UNRAISABLE,
    "test_hooks.ProgressTests.test_error_in_progress_handler_result": _UNRAISABLE,
    "test_userfunctions.AggregateTests.test_aggr_error_on_create": _UNRAISABLE,
    "test_userfunctions.AggregateTests.test_aggr_exception_in_finalize": _UNRAISABLE,
    "test_userfunctions.AggregateTests.test_aggr_exception_in_init": _UNRAISABLE,
    "test_userfunctions.AggregateTests.test_aggr_exception_in_step": _UNRAISABLE,
    "test_userfunctions.AggregateTests.test_aggr_no_step": _UNRAISABLE,
    "test_userfunctions.AuthorizerRaiseExceptionTests.test_column_access": _UNRAISABLE,
    "test_userfunctions.AuthorizerRaiseExceptionTests.test_table_access": _UNRAISABLE,
    "test_userfunctions.FunctionTests.test_func_error_on_create": _UNRAISABLE,
    "test_userfunctions.FunctionTests.test_func_exception": _UNRAISABLE,
    "test_userfunctions.FunctionTests.test_func_memory_error": _UNRAISABLE,
    "test_userfunctions.FunctionTests.test_func_overflow_error": _UNRAISABLE,
    "test_userfunctions.FunctionTests.test_func_return_text_with_surrogates": _UNRAISABLE,
}
"""Tests of 3.13 that cannot pass in the kernel's Python 3.14. None is about files."""

RUN = """
import json, os
from pyodide.http import pyfetch

archive = await (await pyfetch("{tests}")).bytes()
with open("/tmp/sqlite_suite.py", "wb") as file:
    file.write(await (await pyfetch("{runner}")).bytes())
import sys
sys.path.insert(0, "/tmp")
# An import statement would make the kernel look for it among Pyodide's packages online.
suite = __import__("sqlite_suite")
suite.unpack(archive, "/tmp/cpython")
assert os.getcwd() == "/drive"
print(suite.run())
"""


@pytest.fixture
def archive() -> bytes:
    """The tests, as `tools/testsuite.py` packs them."""
    path = os.environ.get("LITESTATE_SQLITE_TESTS")
    if path is None:
        pytest.skip("CPython's tests of sqlite3 come from Debian, which this machine has not")
    return Path(path).read_bytes()


def test_cpythons_tests_of_sqlite3_pass_on_the_drive(fresh_lab: Lab, archive: bytes) -> None:
    lab = fresh_lab
    lab.serve("cpython.zip", archive)
    lab.serve("sqlite_suite.py", RUNNER.read_bytes())
    code = RUN.replace("{tests}", f"{lab.url}cpython.zip")
    output = lab.run(code.replace("{runner}", f"{lab.url}sqlite_suite.py"))
    assert not output.error, output.error + output.text[-4000:]
    found = json.loads(output.text.splitlines()[-1])
    assert found["count"] >= AT_LEAST
    assert found["skipped"] == SKIPPED
    unexpected = {test: why for test, why in found["failed"].items() if test not in FAILING}
    assert not unexpected, "\n\n".join(unexpected.values())
    assert set(FAILING) == set(found["failed"]), "these pass now: take them off the list"
    assert found["passed"], found["log"][-4000:]
    assert found["left"] == []
