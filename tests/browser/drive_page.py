"""The drive as the page sees it: JupyterLab's contents, including changes still to be stored."""

from __future__ import annotations

import base64
from typing import Any

from lab import Lab

SETTLE = """
import pyodide_js
await pyodide_js.FS.lookupPath("/drive").node.mount.type.litestate.settled()
"""

_CONTENTS = """
async ([method, given]) => {
  const contents = window.jupyterapp.serviceManager.contents;
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`contents.${method} did not end`)), 30000);
  });
  const plain = (model) => model && {
    name: model.name, path: model.path, type: model.type, format: model.format, size: model.size,
    content: Array.isArray(model.content) && model.type === "directory"
      ? model.content.map((entry) => entry.name).sort()
      : model.content,
  };
  return plain(await Promise.race([contents[method](...given), late]));
}
"""

_BYTES = """
async (path) => {
  const contents = window.jupyterapp.serviceManager.contents;
  const model = await contents.get(path, { content: true, type: "file", format: "base64" });
  if (model.format === "base64") return model.content;
  const text = model.format === "json" ? JSON.stringify(model.content) : model.content;
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
"""


def settle(lab: Lab) -> None:
    """Wait until all earlier writes of the kernel are stored."""
    # Files that are still open are handed over at the end of a cell, and so after the first one.
    lab.check("None")
    lab.check(SETTLE)


def contents(lab: Lab, method: str, *given: Any) -> dict[str, Any]:
    """Let the page do something with its files, as its file browser does."""
    model: dict[str, Any] = lab.page.evaluate(_CONTENTS, [method, list(given)])
    return model


def put_text(lab: Lab, path: str, text: str) -> None:
    """Save a text file, as the Lab's editor does."""
    contents(lab, "save", path, {"type": "file", "format": "text", "content": text})


def put_bytes(lab: Lab, path: str, data: bytes) -> None:
    """Save a file, as an upload does."""
    content = base64.b64encode(data).decode()
    contents(lab, "save", path, {"type": "file", "format": "base64", "content": content})


def put_folder(lab: Lab, path: str) -> None:
    """Make a folder, as the file browser does."""
    made = contents(lab, "newUntitled", {"path": path.rpartition("/")[0], "type": "directory"})
    contents(lab, "rename", made["path"], path)


def page_bytes(lab: Lab, path: str) -> bytes:
    """Return the bytes that a download of a file has."""
    return base64.b64decode(lab.page.evaluate(_BYTES, path))


def page_names(lab: Lab, path: str = "") -> list[str]:
    """Return the names that the file browser lists in a folder."""
    names: list[str] = contents(lab, "get", path, {"content": True})["content"]
    return names
