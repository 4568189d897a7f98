"""The checks of style, the tests and the benches, run in `.venv`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tools import extension, system, testsuite
from tools.console import BuildError, step, warn
from tools.paths import DIST, ROOT

SOURCES = ("build.py", "tools", "extension/litestate")
# import-linter has no `__main__`, and its script has another name on Windows.
LINT_IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"
# Of extension/package.json: eslint and prettier; the tests of functions, in Node.js.
SCRIPTS = ("lint:check", "test")
FAST = ("tests/unit", "tests/build")
# In this order: a browser that was driven leaves an event loop behind, which the others lack.
ALL = (*FAST, "tests/sites", "tests/browser")
PROCESSES = min(2, os.cpu_count() or 1)
"""Tests that run at a time. One in a browser keeps more than one core busy, and what is timed must
not wait for too many others."""


def check_style() -> bool:
    """Run ruff, mypy, codespell and import-linter, and what checks and tests the TypeScript.

    Returns
    -------
    bool
        Whether everything is clean.
    """
    checks = [
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "mypy", "--strict", *SOURCES],
        ["-m", "codespell_lib"],
        ["-c", LINT_IMPORTS, "--no-cache"],
    ]
    # Every check runs, so that one run names all problems.
    results = [_check(arguments) for arguments in checks]
    results += [_check_typescript(script) for script in SCRIPTS]
    return all(results)


def _check(arguments: Sequence[str]) -> bool:
    step(" ".join(arguments[1:]))
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False)
    return done.returncode == 0


def _check_typescript(script: str) -> bool:
    step(f"jlpm {script}")
    try:
        extension.jlpm(script)
    except BuildError as error:
        warn(str(error))
        return False
    return True


def run_tests(
    arguments: Sequence[str], *, only_fast: bool, cache: Path, folders: Sequence[Path]
) -> int:
    """Run pytest, whose output comes last on standard output.

    Parameters
    ----------
    arguments : sequence of str
        Passed on to pytest.
    only_fast : bool
        Whether to leave out the tests that need a browser.
    cache : Path
        The folder that keeps downloads.
    folders : sequence of Path
        Where to look for what has to be downloaded first.

    Returns
    -------
    int
        pytest's exit code.
    """
    environment = dict(os.environ) if only_fast else _with_browser()
    environment["LITESTATE_DIST"] = str(DIST)
    if not only_fast and (archive := testsuite.sqlite_tests(cache, folders)):
        environment["LITESTATE_SQLITE_TESTS"] = str(archive)
    command = [sys.executable, "-m", "pytest", f"--numprocesses={PROCESSES}"]
    # One process gets all of a file, for what its tests share, and files in the order of ALL.
    command += ["--dist=loadfile", "--no-loadscope-reorder"]
    is_all = not _names_tests(arguments)
    if is_all and not only_fast:
        system.install_engines()
    if is_all:
        tests = FAST if only_fast else ALL
        command += [folder for folder in tests if (ROOT / folder).is_dir()]
    step("pytest")
    return subprocess.run([*command, *arguments], cwd=ROOT, env=environment, check=False).returncode


def run_bench(names: Sequence[str]) -> int:
    """Run benches, all of them if none is named.

    Returns
    -------
    int
        The exit code.
    """
    step("bench")
    command = [sys.executable, str(ROOT / "bench" / "run.py"), *names]
    environment = dict(_with_browser(), LITESTATE_DIST=str(DIST))
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def run_all(
    arguments: Sequence[str], *, only_fast: bool, cache: Path, folders: Sequence[Path]
) -> int:
    """Check and test everything; the tests run even if the style isn't clean.

    Parameters
    ----------
    arguments, only_fast, cache, folders
        See `run_tests`.

    Returns
    -------
    int
        The exit code for the whole.
    """
    clean = check_style()
    if not clean:
        # Reported before the tests, so that pytest's summary stays the last line.
        warn("a check of style failed: this run will fail, whatever the tests report")
    tests = run_tests(arguments, only_fast=only_fast, cache=cache, folders=folders)
    return tests or (0 if clean else 1)


def _with_browser() -> dict[str, str]:
    return dict(os.environ, LITESTATE_CHROMIUM=str(system.chromium()))


def _names_tests(arguments: Sequence[str]) -> bool:
    return any((ROOT / word.partition("::")[0]).exists() for word in arguments if word[0] != "-")
