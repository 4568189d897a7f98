"""A store with a bug: it overwrites each file in place. The harness must detect that."""

from __future__ import annotations

from typing import Any

import js
from generations import FILES, FOLDER
from pyodide.ffi import to_js

NAMES = (*(f"{index}.bin" for index in range(FILES)), "part.bin", "data.sqlite")


class Store:
    """One file of OPFS for each file."""

    async def open(self) -> list[str]:
        """Open all of them."""
        root = await js.navigator.storage.getDirectory()
        self._handles: dict[str, Any] = {}
        for name in NAMES:
            entry = await root.getFileHandle(f"in-place-{name}", create=True)
            self._handles[name] = await entry.createSyncAccessHandle()
        return []

    def restore(self) -> bool:
        """Read all files."""
        if not any(handle.getSize() for handle in self._handles.values()):
            return False
        FOLDER.mkdir(exist_ok=True)
        for name, handle in self._handles.items():
            buffer = js.Uint8Array.new(handle.getSize())
            handle.read(buffer, to_js({"at": 0}, dict_converter=js.Object.fromEntries))
            (FOLDER / name).write_bytes(buffer.to_bytes())
        return True

    def save(self, number: int) -> None:
        """Overwrite all of them, one after the other."""
        for name, handle in self._handles.items():
            content = (FOLDER / name).read_bytes()
            handle.write(to_js(content), to_js({"at": 0}, dict_converter=js.Object.fromEntries))
            handle.truncate(len(content))
            handle.flush()

    def compact(self) -> None:
        """Do nothing, because no old content exists."""
