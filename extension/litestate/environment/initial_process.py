"""The environment variables and search path of the process before the notebook changed them."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path

from ..host.installed_modules import site_packages, standard_library
from ..platform import IN_BROWSER

_PROC = Path("/proc/self/environ")
"""On Linux, the environment that the process was started with (man 5 proc)."""

_AT_IMPORT = dict(os.environ)
"""The environment when litestate was imported, for other systems."""

# Measured in the site's kernel (Pyodide 314.0.6, pyodide-kernel 0.8.6) before the first cell.
_OF_PYODIDE = {
    "USER": "web_user",
    "LOGNAME": "web_user",
    "PATH": "/",
    "PWD": "/",
    "HOME": "/home/pyodide",
    "LANG": "en_US.UTF-8",
    "_": "./this.program",
    "PYTHONINSPECT": "1",
    "LD_LIBRARY_PATH": "/usr/lib:/lib/python3.14/site-packages",
}

_INLINE = "module://matplotlib_inline.backend_inline"

SET_BY_LIBRARIES: dict[str, tuple[str, ...]] = {
    # ipykernel 7.4 sets these when it starts (zmqshell.init_environment, ipkernel, kernelapp).
    "TERM": ("xterm-color",),
    "CLICOLOR": ("1",),
    "FORCE_COLOR": ("1",),
    "CLICOLOR_FORCE": ("1",),
    "PAGER": ("cat",),
    "GIT_PAGER": ("cat",),
    "PYDEVD_USE_FRAME_EVAL": ("NO",),
    # ipykernel and pyodide-kernel.
    "MPLBACKEND": (_INLINE, "inline", "module://ipykernel.pylab.backend_inline"),
    # scikit-learn (sklearn/__init__.py), on import.
    "KMP_DUPLICATE_LIB_OK": ("True",),
    "KMP_INIT_AT_FORK": ("FALSE",),
    # PyTorch and CuPy, on import.
    "CUDA_MODULE_LOADING": ("LAZY",),
    # TensorFlow, on import.
    "TF2_BEHAVIOR": ("1",),
}
"""Values that well-known libraries set when they are imported. Another value is the user's."""

_PREFIXES = ("JPY_", "PYTEST_", "LITESTATE_", "PYDEVD_")
"""Prefixes of variables that programs set for themselves. A bundle must not set LITESTATE_."""

MACHINE = frozenset(
    (
        *("PATH", "HOME", "PWD", "OLDPWD", "USER", "LOGNAME", "USERNAME", "USERPROFILE", "_"),
        *("SHELL", "SHLVL", "HOSTNAME", "TMPDIR", "TEMP", "TMP", "LINES", "COLUMNS", "DISPLAY"),
        *("LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX"),
        *("PYTHONHOME", "PYTHONINSPECT", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR", "XDG_DATA_HOME"),
        *("SYSTEMROOT", "PATHEXT", "COMSPEC"),
    )
)
"""Variables that describe this machine; on another one they would be wrong."""


@functools.cache
def environment() -> dict[str, str]:
    """Return the environment variables that the process began with.

    On Linux, those that the system started the process with. In the site, those of its kernel
    before the first cell, and those of the site's settings. Elsewhere, those that were there when
    litestate was imported.
    """
    if IN_BROWSER:
        from ..browser.kernel import configured

        return {**_OF_PYODIDE, **configured()}
    try:
        data = _PROC.read_bytes()
    except OSError:
        return _AT_IMPORT
    pairs = (os.fsdecode(entry).partition("=") for entry in data.split(b"\0") if b"=" in entry)
    return {name: value for name, _, value in pairs}


def is_own(name: str, value: str) -> bool:
    """Tell whether a library or a program sets this variable for itself."""
    return name.startswith(_PREFIXES) or value in SET_BY_LIBRARIES.get(name, ())


def search_path() -> set[str]:
    """Return the entries of ``sys.path`` that the notebook did not add.

    These are the entries of Python itself, of its site-packages and their ``.pth`` files, of
    ``PYTHONPATH``, and the folder of the script or, in IPython, ``""``.
    """
    found = {"", *standard_library(), *_of_program()}
    found.update(environment().get("PYTHONPATH", "").split(os.pathsep))
    for folder in site_packages():
        found.add(folder)
        found |= _from_pth(Path(folder))
    return found


def _of_program() -> set[str]:
    program = sys.argv[0] if sys.argv else ""
    folders = {str(Path(program).parent.resolve())} if program else set()
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    if main:
        folders.add(str(Path(main).parent.resolve()))
    return folders


@functools.cache
def _from_pth(folder: Path) -> set[str]:
    """Return the entries that the ``.pth`` files of a folder add.

    https://docs.python.org/3/library/site has their format.
    """
    found: set[str] = set()
    try:
        files = sorted(folder.glob("*.pth"))
    except OSError:
        return found
    for file in files:
        try:
            lines = file.read_text(errors="replace").splitlines()
        except OSError:
            continue
        for line in map(str.strip, lines):
            if line and not line.startswith(("#", "import ", "import\t")):
                found.add(str(folder / line))
    return found
