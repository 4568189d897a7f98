"""The contents drive, where JupyterLite stores a file when it is closed and not before."""

from __future__ import annotations

from typing import Any

import pyodide_js
from pyodide.code import run_js

from ..places import DRIVE

_WATCH = """
(fs, mountpoint) => {
  const api = fs.analyzePath(mountpoint).object?.mount?.type?.API;
  const writers = ["put", "mknod", "rename", "rmdir"];
  if (!writers.every((name) => typeof api?.[name] === "function")) return undefined;
  if (!api.litestateTouched) {
    const touched = new Set();
    for (const name of writers) {
      const original = api[name];
      api[name] = function (path, other, ...rest) {
        // Before it is done: what fails may have been done nevertheless.
        touched.add(path);
        if (name === "rename") touched.add(other);
        return original.call(this, path, other, ...rest);
      };
    }
    api.litestateTouched = touched;
  }
  return api.litestateTouched;
}
"""
"""The set is kept where it is filled: a second import of this module finds it there."""


class Touched:
    """What this kernel has written on the drive.

    Parameters
    ----------
    paths : Set
        JavaScript's set of absolute paths.
    """

    def __init__(self, paths: Any) -> None:
        self._paths = paths

    def take(self) -> set[str]:
        """Return what was touched since the last call.

        Returns
        -------
        set of str
            Paths relative to the drive's root, with ``/``: files that were stored, also if that
            failed or nothing was changed in them, and files and folders that were made, renamed
            (both names) or deleted. Of what is in a folder that was renamed or deleted (here
            ``os.rmdir`` deletes full ones too) there may be only the folder's names. A file that
            is open for writing is among them when it is made and when it is closed.
        """
        paths = {str(path) for path in self._paths.to_py()}
        self._paths.clear()
        root = f"{DRIVE}/"
        return {path.removeprefix(root) for path in paths}


def watch() -> Touched | None:
    """Take note from now on of what this kernel writes on the drive.

    All callers share one set of paths. What other tabs write, or the page itself (the file
    browser, a notebook that is saved), is not seen.

    Returns
    -------
    Touched or None
        None if there is no drive, or if this JupyterLite is built differently.
    """
    paths = run_js(_WATCH)(pyodide_js.FS, str(DRIVE))
    return None if paths is None else Touched(paths)


def open_paths() -> set[str]:
    """Return the path of every file that this kernel has open."""
    streams = (pyodide_js.FS.streams[index] for index in range(pyodide_js.FS.streams.length))
    return {str(stream.path) for stream in streams if getattr(stream, "path", None)}
