"""Alternatives to litestate that are measured. Runs in the kernel.

Each peer has its own folder, and is used as its documentation says.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import js
import pyodide_js
from pyodide.code import run_js
from pyodide.ffi import run_sync, to_js

# FS.syncfs() would do every mount that there is; this is what it does with each of them. Both
# kinds hand over what they store entry by entry, so that it can be counted there.
_SYNC = run_js("""
(FS, folder, populate) => new Promise((resolve, reject) => {
  const mount = FS.lookupPath(folder).node.mount;
  mount.type.syncfs(mount, populate, (error) => error ? reject(error) : resolve());
})
""")
_COUNT = run_js("""
(type) => {
  const counted = { bytes: 0 };
  const store = type.storeRemoteEntry;
  type.storeRemoteEntry = (...given) => {
    counted.bytes += given.find((each) => each?.contents)?.contents.byteLength ?? 0;
    return store.apply(type, given);
  };
  return counted;
}
""")
_FORGET_DATABASE = run_js("""
(IDBFS, name) => new Promise((resolve, reject) => {
  IDBFS.dbs[name]?.close();
  delete IDBFS.dbs[name];
  const request = indexedDB.deleteDatabase(name);
  request.onsuccess = () => resolve();
  request.onerror = () => reject(request.error);
  request.onblocked = () => reject(new Error(`${name} is still open`));
})
""")
_FORGET_ENTRY = run_js("""
(handle, name) => handle.removeEntry(name, { recursive: true }).catch((error) => {
  if (error.name !== "NotFoundError") {
    throw error;
  }
})
""")


class Mounted:
    """A file system in memory that is written to the browser's storage on request."""

    name: str
    mountpoint: Path
    _type: Any

    def __init__(self) -> None:
        self.mountpoint.mkdir(parents=True)
        self.folder = self.mountpoint / "load"
        self._prepare()
        self._counted = _COUNT(self._type)

    def store(self) -> None:
        """Write the changes."""
        self._sync(populate=False)

    def fetch(self) -> None:
        """Mount it, and read all of its content."""
        self.mount()
        self._sync(populate=True)

    def written(self) -> int:
        """Return how many bytes of files it has passed to the storage."""
        return int(self._counted.bytes)

    def mount(self) -> None:
        """Mount it."""
        raise NotImplementedError

    def unmount(self) -> None:
        """Unmount it; otherwise the next mount reads it again."""
        pyodide_js.FS.unmount(str(self.mountpoint))

    def _prepare(self) -> None:
        raise NotImplementedError

    def _sync(self, *, populate: bool) -> None:
        run_sync(_SYNC(pyodide_js.FS, str(self.mountpoint), populate))


class Idbfs(Mounted):
    """Emscripten's file system on IndexedDB."""

    name = "IDBFS syncfs"
    mountpoint = Path("/peers/idbfs")

    def _prepare(self) -> None:
        self._type = pyodide_js.FS.filesystems.IDBFS

    def mount(self) -> None:
        """Mount it."""
        pyodide_js.FS.mount(self._type, to_js({}), str(self.mountpoint))

    def forget(self) -> None:
        """Remove the stored content."""
        run_sync(_FORGET_DATABASE(self._type, str(self.mountpoint)))


class NativeFs(Mounted):
    """Pyodide's file system on a directory handle, here one of OPFS."""

    name = "mountNativeFS"
    mountpoint = Path("/peers/native")
    _DIRECTORY = "bench-native"

    def _prepare(self) -> None:
        self._type = pyodide_js.FS.filesystems.NATIVEFS_ASYNC
        self._root = run_sync(js.navigator.storage.getDirectory())
        self._handle = run_sync(self._root.getDirectoryHandle(self._DIRECTORY, create=True))

    def mount(self) -> None:
        """Mount it, which reads all of its content."""
        run_sync(pyodide_js.mountNativeFS(str(self.mountpoint), self._handle))

    def fetch(self) -> None:
        """Mount it."""
        self.mount()

    def forget(self) -> None:
        """Remove the stored content."""
        run_sync(_FORGET_ENTRY(self._handle, self.folder.name))


class _Copied:
    """A copy of each file that is newer than its copy."""

    name: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: dict[str, int] = {}

    def store(self) -> None:
        """Copy the changes."""
        for path in sorted(self.folder.iterdir()):
            changed = path.stat().st_mtime_ns
            if self._seen.get(path.name) != changed:
                self._seen[path.name] = changed
                self._copy(path)

    def written(self) -> None:
        """Return None: this is unknown."""

    def _copy(self, path: Path) -> None:
        raise NotImplementedError


class Drive(_Copied):
    """JupyterLite's own file system, which the file browser shows."""

    name = "/drive"
    _TARGET = Path("/drive/bench")

    def _copy(self, path: Path) -> None:
        self._TARGET.mkdir(exist_ok=True)
        shutil.copyfile(path, self._TARGET / path.name)

    def remove(self) -> None:
        """Remove the copies; the site would be slow to start with them."""
        shutil.rmtree(self._TARGET)


class Zip(_Copied):
    """A ZIP file in memory, which does not survive a reload until it is downloaded."""

    name = "zipfile, in memory"
    _TARGET = Path("/tmp/peer.zip")

    def _copy(self, path: Path) -> None:
        with zipfile.ZipFile(self._TARGET, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path, path.name)

    def forget(self) -> None:
        """Remove the archive."""
        self._TARGET.unlink(missing_ok=True)
        self._seen.clear()
