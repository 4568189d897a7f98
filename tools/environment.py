"""The virtual environment: made once, from pinned and hashed requirements.

This module and what it imports run on the standard library alone.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from tools import files, system
from tools.console import SHARED_DESCRIPTORS, BuildError, run, step, warn
from tools.paths import EXTENSION, REQUIREMENTS, VENV, WORK, venv_program

# Written last. Without it, the folder is left from an interrupted run.
COMPLETE = VENV / ".complete"
# Never removed: two runs could then each hold a lock, one of them on the removed file.
LOCK = WORK / "lock"
# Longer than a first build on a slow line (seconds).
LOCK_TIMEOUT = 900.0


def is_active() -> bool:
    """Tell whether this process runs in our virtual environment."""
    return VENV.is_dir() and Path(sys.prefix).samefile(VENV)


def enter(arguments: list[str]) -> None:
    """Make the virtual environment if need be, and start again inside it.

    Doesn't return.

    Parameters
    ----------
    arguments : list of str
        The command line to run again, `build.py` first.
    """
    _make()
    command = [str(venv_program("python")), *arguments]
    if sys.platform == "win32":
        # exec on Windows returns to the shell while the new process still runs.
        sys.exit(subprocess.call(command))
    sys.stdout.flush()
    os.execv(command[0], command)


def _make() -> None:
    if files.is_stamped(COMPLETE, _python()) and venv_program("python").exists():
        return
    step(f"making .venv with Python {sys.version.split()[0]}")
    if importlib.util.find_spec("ensurepip") is None:
        _install_venv_support()
    files.remove(VENV)
    run([sys.executable, "-m", "venv", VENV])
    files.write_stamp(COMPLETE, _python())


def _install_venv_support() -> None:
    """Install the Debian package that `venv` needs."""
    if not system.can_apt_install():
        raise BuildError(
            "this Python has no ensurepip, so it can't make a virtual environment.\n"
            "Install it: on Debian and Ubuntu, `sudo apt-get install python3-venv`."
        )
    system.apt_install(f"python{sys.version_info.major}.{sys.version_info.minor}-venv")


def _python() -> str:
    return f"{sys.base_prefix} {sys.version}"


def require(*names: str) -> None:
    """Install sets of requirements into the virtual environment, unless they are there.

    Parameters
    ----------
    *names : str
        Which ones: ``build`` stands for `requirements/build.txt`.
    """
    for name in names:
        requirements = REQUIREMENTS / f"{name}.txt"
        stamp = VENV / f".installed-{name}"
        value = files.fingerprint([requirements])
        if files.is_stamped(stamp, value):
            continue
        step(f"installing requirements/{name}.txt into .venv")
        # Wheels only: nothing is compiled, and no package's own code runs to install it.
        _install("--require-hashes", "--only-binary", ":all:", "-r", requirements)
        files.write_stamp(stamp, value)


def offer(name: str) -> bool:
    """Install a set of requirements that can be done without; tell whether it's there.

    Parameters
    ----------
    name : str
        See `require`.
    """
    try:
        require(name)
    except BuildError as error:
        warn(str(error))
        # pip was not interrupted, and then leaves nothing half-written.
        files.write_stamp(COMPLETE, _python())
        return False
    return True


def require_litestate() -> None:
    """Install litestate itself, editable: tests see the sources, and `jupyter lite` its addon."""
    stamp = VENV / ".installed-litestate"
    # package.json has the version.
    value = files.fingerprint([EXTENSION / name for name in ("pyproject.toml", "package.json")])
    # The installation writes it, and a clean-up of ignored files may have removed it.
    if files.is_stamped(stamp, value) and (EXTENSION / "litestate" / "_version.py").exists():
        return
    step("installing extension/ into .venv, editable")
    # Its dependencies are in requirements/test.txt with their hashes; the labextension comes from
    # the wheel.
    skip_npm = {"HATCH_JUPYTER_BUILDER_SKIP_NPM": "1"}
    _install("--no-deps", "--no-build-isolation", "-e", EXTENSION, env=skip_npm)
    files.write_stamp(stamp, value)


def _install(*arguments: str | Path, env: Mapping[str, str] | None = None) -> None:
    # pip takes a half-written package for an installed one, so if it doesn't get to its end
    # the environment has to be made anew.
    COMPLETE.unlink(missing_ok=True)
    pip = [str(venv_program("python")), "-m", "pip", "--disable-pip-version-check"]
    try:
        run([*pip, "install", "--quiet", "--no-input", *arguments], env=env)
    except BuildError as error:
        remedy = "If the network was the reason, run it again."
        raise BuildError(f"pip could not install into .venv. {remedy}\n{error}") from None
    files.write_stamp(COMPLETE, _python())


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Hold off a second build.py in the same folder until this one has built.

    Programs started by `run` hold the lock too. If this process is killed, they go on writing,
    and the next build.py has to wait for them.
    """
    if sys.platform == "win32":
        yield
        return
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("a+") as stream:
        _take(stream)
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        # This process has the lock, so these are what killed runs have left.
        files.remove_leftovers(LOCK.parent)
        # The system lets go of the lock when we and those we started end, however that happens.
        SHARED_DESCRIPTORS.add(stream.fileno())
        try:
            yield
        finally:
            SHARED_DESCRIPTORS.remove(stream.fileno())


def _take(lock: TextIO) -> None:
    """Wait for the lock, and report its owner."""
    import fcntl

    started = time.monotonic()
    waiting = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = f"another build.py (process {lock.read() or 'unknown'}), or what it started,"
        else:
            return
        if not waiting:
            step(f"waiting for {holder} to end")
            waiting = True
        if time.monotonic() - started > LOCK_TIMEOUT:
            raise BuildError(
                f"waited {LOCK_TIMEOUT / 60:.0f} minutes for {holder} to end.\n"
                f"Wait for it or end it, then run this again; `fuser {LOCK}` names who it is."
            )
        time.sleep(0.1)
