"""Packages that only one feature needs, imported when it is used."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType

from ..errors import LitestateError
from ..platform import IN_BROWSER
from .installed_modules import only_installed


def import_optional(
    name: str, files: str, error: type[LitestateError], unchanged: str = ""
) -> ModuleType:
    """Import a package, after loading it from the site if the site has it.

    Pyodide loads a package of the site automatically only for an ``import`` in the text of a cell.

    Parameters
    ----------
    name : str
        The package and its top-level module.
    files : str
        The kind of files that need it, for the message: ``"Excel"``.
    error : type
        The error to raise if the package is not here.
    unchanged : str, optional
        A sentence for its message: ``"Nothing was written."``.

    Raises
    ------
    LitestateError
        The `error`, with what to do.
    NeedsAsyncError
        If the site has the package, and this browser cannot wait for it inside of a call.
    """
    needs = f"{files} files need the package {name}"
    # A bundle may have brought a file with the name of a package.
    with only_installed():
        if IN_BROWSER and name not in sys.modules and importlib.util.find_spec(name) is None:
            from ..browser.package_install import provide

            again = f"Run `import {name}` in a cell of its own, then run this cell again."
            cannot = f"{needs}, and this browser cannot load it inside a call (it lacks JSPI)."
            if trouble := provide([name], _sentences(cannot, unchanged, again)).get(name):
                raise error(_sentences(f"{needs}: {trouble}.", unchanged))
        try:
            return importlib.import_module(name)
        except ImportError:
            pass
    if IN_BROWSER:
        # Pyodide's own build of a package is on another server.
        again = (
            f"Run `%pip install {name}` in a cell of its own, then run this cell again. It is "
            "downloaded from the internet; without that, choose another format."
        )
        raise error(_sentences(f"{needs}, which this site does not have.", unchanged, again))
    raise error(_sentences(f"{needs}: pip install {name}.", unchanged))


def _sentences(*sentences: str) -> str:
    return " ".join(filter(None, sentences))
