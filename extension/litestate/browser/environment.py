"""What the site gave this kernel's process to begin with."""

from __future__ import annotations

import pyodide_js


def configured() -> dict[str, str]:
    """Return the environment variables that the site's settings name, and Pyodide's own.

    They are ``env`` of ``loadPyodideOptions`` in ``jupyter-lite.json``. Pyodide keeps what it was
    started with (``config`` in its ``src/js/pyodide.ts``); nothing of it is public.
    """
    config = getattr(pyodide_js._api, "config", None)
    environment = getattr(config, "env", None)
    return {} if environment is None else dict(environment.to_py())
