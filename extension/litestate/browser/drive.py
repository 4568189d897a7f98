"""Access to the contents drive, mended by litestate or not.

With it (docs/drive.md) the drive is mended: an ordinary folder, with records of the files that
kernels have written and read. Without it a file is stored only when it is closed.
"""

from __future__ import annotations

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
"""The set belongs to the drive, so a second import of this module finds it."""


_pauses: list[Any] = []


class Touched:
    """Record of the paths that this kernel has written on the drive.

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
        """Return the paths that were written since the last call.

        Returns
        -------
        set of str
            Paths relative to the drive's root, with ``/``: files that were written, even if that
            failed or changed nothing, and files and folders that were created, renamed (both
            names) or deleted. The content of a folder that was renamed or deleted may be missing.
            A log or journal stands for its database too, since commits may be in the log only.
            Where the drive is not mended, an open file is among them when it is created and when
            it is closed, and ``os.rmdir`` deletes full folders too.
        """
        root = f"{DRIVE}/"
        paths = {str(path).removeprefix(root) for path in self._paths.to_py()}
        self._paths.clear()
        beside = [path for path in paths if path.endswith(self._sidecars)]
        return paths | {path.rpartition("-")[0] for path in beside}


def is_mended() -> bool:
    """Tell whether the drive is mended, an ordinary folder."""
    return _mend() is not None


def written() -> list[str]:
    """Return the paths that kernels of this site have written on the drive, in all sessions.

    Returns
    -------
    list of str
        Files and folders that probably still exist, relative to the drive's root, with ``/``.
        Empty where the drive is not mended, since nothing records them.
    """
    mend = _mend()
    return [] if mend is None else [str(path) for path in mend.written().to_py()]


def read() -> list[tuple[str, int]]:
    """Return the files that kernels of this site have read on the drive and never written.

    Returns
    -------
    list of (str, int)
        Path relative to the drive's root, with ``/``, and size in bytes at that time. Empty where
        the drive is not mended.
    """
    mend = _mend()
    if mend is None:
        return []
    return [(str(path), int(size)) for path, size in mend.reads.onDrive().to_py()]


def read_anywhere() -> list[str]:
    """Return the absolute paths of the files that this kernel has read, except system files."""
    mend = _mend()
    return [] if mend is None else [str(path) for path in mend.reads.anywhere().to_py()]


def pause_reads() -> None:
    """Stop recording the files that are read, until as many calls of `resume_reads`."""
    mend = _mend()
    # The mend may withdraw before the record is resumed.
    _pauses.append(mend)
    if mend is not None:
        mend.reads.pause()


def resume_reads() -> None:
    """Undo the last call of `pause_reads`."""
    mend = _pauses.pop()
    if mend is not None:
        mend.reads.resume()


def has(path: str, mtime: float) -> bool:
    """Tell whether a kernel has stored a version of a file on the drive, or a newer one.

    Parameters
    ----------
    path : str
        Relative to the drive's root, with ``/``.
    mtime : float
        Seconds since 1970: when that version was written.
    """
    mend = _mend()
    # Both have milliseconds; one was converted from floating point.
    return mend is not None and bool(mend.has(path, 1000 * mtime - 1))


def own(name: str) -> None:
    """Tell the drive to which notebook the files belong that this kernel writes."""
    mend = _mend()
    if mend is not None:
        mend.own(name)


def writer(path: str, mtime: float | None) -> str | None:
    """Return the notebook that wrote a file or folder on the drive.

    Parameters
    ----------
    path : str
        Relative to the drive's root, with ``/``.
    mtime : float or None
        Seconds since 1970: when that version was written. None for a folder.

    Returns
    -------
    str or None
        Name from `own`; another name if no notebook wrote it; ``""`` if the notebook is unknown;
        None if no kernel of this site wrote it.
    """
    mend = _mend()
    if mend is None:
        return ""
    name = mend.writer(path) if mtime is None else mend.writer(path, 1000 * mtime)
    return None if name is None else str(name)


def unsaved() -> dict[str, str]:
    """Return the files that are only in this kernel's memory, since the browser did not store them.

    Returns
    -------
    dict of str to str
        Path relative to the drive's root to the reason. Empty where the drive is not mended: there
        a failed write is an error.
    """
    mend = _mend()
    if mend is None:
        return {}
    return {str(path): str(reason) for path, reason in mend.unsaved().to_py()}


def is_temporary() -> bool:
    """Return whether the site has its files in memory, so that a reload of the page loses them."""
    mend = _mend()
    return bool(mend and mend.isTemporary)


def limit() -> int:
    """Return the size in bytes of the largest file that the drive can store."""
    mend = _mend()
    return DRIVE_LIMIT if mend is None else int(mend.limit)


def is_settled() -> bool:
    """Return whether the browser has stored all writes to the drive, or has failed to."""
    mend = _mend()
    return mend is None or bool(mend.isSettled())


async def settled() -> None:
    """Wait until the browser has stored all writes to the drive, or has failed to."""
    mend = _mend()
    if mend is not None:
        await mend.settled()


def watch(sidecars: tuple[str, ...]) -> Touched | None:
    """Record from now on which paths this kernel writes on the drive.

    All callers share one set of paths. Writes of other tabs and of the page itself (the file
    browser, a saved notebook) are not recorded.

    Parameters
    ----------
    sidecars : tuple of str
        As for `Touched`.

    Returns
    -------
    Touched or None
        None if there is no drive, or if this version of JupyterLite is not supported.
    """
    mend = _mend()
    paths = mend.touched if mend else run_js(_WATCH)(pyodide_js.FS, str(DRIVE))
    return None if paths is None else Touched(paths, sidecars)


def _mend() -> Any:
    # Asked each time, since the mend withdraws when it fails.
    return _find_mend(pyodide_js.FS, str(DRIVE))


def open_paths() -> set[str]:
    """Return the paths of the files that this kernel has open."""
    streams = (pyodide_js.FS.streams[index] for index in range(pyodide_js.FS.streams.length))
    return {str(stream.path) for stream in streams if getattr(stream, "path", None)}
