"""The contents drive: mended by litestate, or as JupyterLite has it.

Where it is mended (docs/drive.md), it is an ordinary folder, and the mend knows what kernels have
written there. Where it is not, a file is stored when it is closed and not before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyodide_js
from pyodide.code import run_js

from ..platform import DRIVE, DRIVE_LIMIT

_find_mend = run_js("(fs, mountpoint) => fs.analyzePath(mountpoint).object?.mount?.type?.litestate")

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
        JavaScript's set of paths: absolute ones, or relative to the drive's root.
    sidecars : tuple of str
        Endings that SQLite adds to a database's name for its logs and journals.
    """

    def __init__(self, paths: Any, sidecars: tuple[str, ...]) -> None:
        self._paths = paths
        self._sidecars = sidecars

    def take(self) -> set[str]:
        """Return what was touched since the last call.

        Returns
        -------
        set of str
            Paths relative to the drive's root, with ``/``: files that were written, also if that
            failed or nothing was changed in them, and files and folders that were made, renamed
            (both names) or deleted. Of what is in a folder that was renamed or deleted there may
            be only the folder's names. With the log or the journal of a database, the database
            itself is among them: what was committed may be in the log only. Where the drive is not
            mended, a file that is open for writing is among them when it is made and when it is
            closed, and ``os.rmdir`` deletes full folders too.
        """
        root = f"{DRIVE}/"
        paths = {str(path).removeprefix(root) for path in self._paths.to_py()}
        self._paths.clear()
        beside = [path for path in paths if path.endswith(self._sidecars)]
        return paths | {path.rpartition("-")[0] for path in beside}


def is_mended() -> bool:
    """Tell whether litestate has mended the drive, so that it is an ordinary folder."""
    return _mend() is not None


def written() -> list[str]:
    """Return what kernels of this site have made or written on the drive, in earlier sessions too.

    Returns
    -------
    list of str
        Files and folders that are still there as far as is known, relative to the drive's root,
        with ``/``. Empty where the drive is not mended: then nobody knows.
    """
    mend = _mend()
    return [] if mend is None else [str(path) for path in mend.written().to_py()]


def read() -> list[tuple[str, int]]:
    """Return what kernels of this site have read on the drive and never written.

    Returns
    -------
    list of (str, int)
        Path relative to the drive's root, with ``/``, and the bytes that the file had. Empty where
        the drive is not mended.
    """
    mend = _mend()
    if mend is None:
        return []
    return [(str(path), int(size)) for path, size in mend.reads.onDrive().to_py()]


def read_anywhere() -> list[str]:
    """Return the absolute path of each file that this kernel has read, but the system's own."""
    mend = _mend()
    return [] if mend is None else [str(path) for path in mend.reads.anywhere().to_py()]


@contextmanager
def reads_paused() -> Iterator[None]:
    """Do not record what is read meanwhile."""
    mend = _mend()
    if mend is None:
        yield
        return
    mend.reads.pause()
    try:
        yield
    finally:
        mend.reads.resume()


def has(path: str, mtime: float) -> bool:
    """Tell whether a kernel has stored the version of a time on the drive, or a newer one.

    Parameters
    ----------
    path : str
        Relative to the drive's root, with ``/``.
    mtime : float
        Seconds since 1970: when that version was written.
    """
    mend = _mend()
    # Both know milliseconds; one has been through the other's floating point.
    return mend is not None and bool(mend.has(path, 1000 * mtime - 1))


def own(name: str) -> None:
    """Say which notebook this kernel belongs to: what it writes on the drive is that notebook's."""
    mend = _mend()
    if mend is not None:
        mend.own(name)


def writer(path: str, mtime: float | None) -> str | None:
    """Return which notebook wrote something on the drive.

    Parameters
    ----------
    path : str
        Relative to the drive's root, with ``/``.
    mtime : float or None
        Seconds since 1970: when that version was written. None for a folder.

    Returns
    -------
    str or None
        The name that was given to `own`, or one that no notebook has; ``""`` if it is not known
        which notebook it was, and None if no kernel of this site wrote it.
    """
    mend = _mend()
    if mend is None:
        return ""
    name = mend.writer(path) if mtime is None else mend.writer(path, 1000 * mtime)
    return None if name is None else str(name)


def unsaved() -> dict[str, str]:
    """Return what is in this kernel's memory only, because the browser's storage does not take it.

    Returns
    -------
    dict of str to str
        Path relative to the drive's root to the reason. Empty where the drive is not mended: a
        write that fails is an error there.
    """
    mend = _mend()
    if mend is None:
        return {}
    return {str(path): str(reason) for path, reason in mend.unsaved().to_py()}


def limit() -> int:
    """Return how many bytes a file may have that the drive can store."""
    mend = _mend()
    return DRIVE_LIMIT if mend is None else int(mend.limit)


async def settled() -> None:
    """Wait until what was written on the drive is in the browser's storage, or has failed to be."""
    mend = _mend()
    if mend is not None:
        await mend.settled()


def watch(sidecars: tuple[str, ...]) -> Touched | None:
    """Take note from now on of what this kernel writes on the drive.

    All callers share one set of paths. What other tabs write, or the page itself (the file
    browser, a notebook that is saved), is not seen.

    Parameters
    ----------
    sidecars : tuple of str
        As for `Touched`.

    Returns
    -------
    Touched or None
        None if there is no drive, or if this JupyterLite is built differently.
    """
    mend = _mend()
    paths = mend.touched if mend else run_js(_WATCH)(pyodide_js.FS, str(DRIVE))
    return None if paths is None else Touched(paths, sidecars)


def _mend() -> Any:
    # Asked each time: it steps aside where it cannot go on.
    return _find_mend(pyodide_js.FS, str(DRIVE))


def open_paths() -> set[str]:
    """Return the path of every file that this kernel has open."""
    streams = (pyodide_js.FS.streams[index] for index in range(pyodide_js.FS.streams.length))
    return {str(stream.path) for stream in streams if getattr(stream, "path", None)}
