"""The contents drive, where JupyterLite stores a file when it is closed and not before."""

from __future__ import annotations

import pyodide_js


def open_paths() -> set[str]:
    """Return the path of every file that this kernel has open."""
    streams = (pyodide_js.FS.streams[index] for index in range(pyodide_js.FS.streams.length))
    return {str(stream.path) for stream in streams if getattr(stream, "path", None)}
