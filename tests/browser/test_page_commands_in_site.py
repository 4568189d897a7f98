"""The commands of the page in the site: over the channel, with Blobs, on the drive."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from lab import Lab
from litestate.bundle import Reader
from notebook_page import NotebookPage
from playwright.sync_api import BrowserContext, Error

_LISTEN = """
() => {
  window.nonces = {};
  window.pending = new Map();
  window.channel = new BroadcastChannel("litestate");
  window.channel.onmessage = ({ data }) => {
    if (!data.kernel) { return; }
    if (data.type === "state") { window.nonces[JSON.parse(data.content).name] = data.nonce; }
    window.pending.get(data.id)?.(data);
  };
}
"""

_ASK = """
async ([path, command, args, file]) => {
  const id = 1_000_000 + Math.floor(Math.random() * 1e9);
  const answer = new Promise((resolve) => window.pending.set(id, resolve));
  const bytes = file && Uint8Array.from(atob(file), (character) => character.charCodeAt(0));
  const message = { nonce: window.nonces[path], type: "ask", id, command, args };
  window.channel.postMessage(bytes ? { ...message, file: new File([bytes], "a.zip") } : message);
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`${command} was not answered`)), 60_000);
  });
  const { type, content, file: blob, name } = await Promise.race([answer, late]);
  if (type === "error") { throw new Error(content); }
  const data = blob && new Uint8Array(await blob.arrayBuffer());
  const text = data && btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(""));
  return { result: JSON.parse(content), name, file: text };
}
"""

_UPLOAD = """
async ([path, content]) => {
  const { contents } = window.jupyterapp.serviceManager;
  await contents.save(path, { type: "file", format: "text", content });
}
"""


class Asking(NotebookPage):
    """A page that asks kernels, as the extension does."""

    def ask(self, path: str, command: str, file: bytes | None = None, **args: Any) -> Any:
        sent = None if file is None else base64.b64encode(file).decode()
        answer = self.lab.page.evaluate(_ASK, [path, command, json.dumps(args), sent])
        answer["file"] = base64.b64decode(answer["file"]) if answer.get("file") else None
        return answer

    def outputs(self) -> list[Any]:
        return [cell.get("outputs") for cell in self.lab.cells()]


@pytest.fixture
def page(site: str, new_profile: Callable[..., BrowserContext]) -> Asking:
    page = Asking(Lab(new_profile(automatic=True), site))
    page.go()
    page.lab.page.evaluate(_LISTEN)
    return page


def members(bundle: bytes) -> set[str]:
    return {member.name for member in Reader(io.BytesIO(bundle)).manifest.members}


def variables(bundle: bytes) -> set[str]:
    manifest = Reader(io.BytesIO(bundle)).manifest
    return {name for member in manifest.members for name in member.details.get("names", ())}


def labels(report: Any) -> dict[str, str]:
    return {it["label"]: it["verdict"] for part in report["sections"] for it in part["lines"]}


CELL = """
import sqlite3
from pathlib import Path
import pandas
x = 1
frame = pandas.read_csv("data.csv")
Path("mine.txt").write_text("mine")
Path.home().joinpath("home.txt").write_text("home")
with sqlite3.connect("mine.db") as db:
    db.execute("create table t (k)")
    db.execute("insert into t values (1), (2)")
db.close()
del db
print("done")
"""


def test_all_commands(page: Asking) -> None:
    other = page.create()
    assert page.text("open('theirs.txt', 'w').write('theirs'); print('other')") == "other\n"
    page.wait_for("saved")
    page.lab.page.evaluate(_UPLOAD, ["data.csv", "a,b\n1,2\n"])
    page.lab.page.evaluate(_UPLOAD, ["unused.csv", "a,b\n1,2\n"])
    path = page.create()
    assert page.text(CELL) == "done\n"
    page.wait_for("saved")
    outputs = page.outputs()
    _checkpoints(page, path)
    saved = _bundles(page, path)
    _tables(page, path)
    _changes(page, path, saved)
    page.wait_for("saved")
    _end_of_history(page, path, other)
    page.reload(path)
    assert page.text("print(x, Path('mine.txt').read_text())") == "1 mine\n"
    # No command has left anything in the notebook.
    assert page.outputs()[: len(outputs)] == outputs
    assert page.lab.cells()[0]["execution_count"] == 1


def _checkpoints(page: Asking, path: str) -> None:
    found = page.ask(path, "list")["result"]
    assert found["name"] == path and found["writable"] and found["transient"] == ""
    assert found["rows"][0]["counts"]["added"] >= 5 and found["usage"]["quota"] > 0
    made = page.ask(path, "checkpoint", label="here")["result"]
    assert made["number"] == found["rows"][0]["number"] + 1


def _bundles(page: Asking, path: str) -> bytes:
    saved = page.ask(path, "save")
    assert saved["name"].startswith(path.removesuffix(".ipynb") + "-20")
    assert Reader(io.BytesIO(saved["file"])).manifest.notebook == path
    assert variables(saved["file"]) >= {"x", "frame"}
    looked = page.ask(path, "look", saved["file"])["result"]
    assert (looked["made"], looked["notebook"], looked["label"]) == ("own", path, "a.zip")
    assert looked["waiting"] == [] and looked["can_undo"]
    assert set(labels(looked["changes"]).values()) <= {"unchanged", "changed"}
    handed = page.ask(path, "hand_in", name="ada week 3")
    assert handed["name"].startswith("ada week 3-20")
    assert {it for it in members(handed["file"]) if it.startswith(("files", "databases"))} == {
        f"files/notebook/{path}",
        "files/notebook/data.csv",
        "files/notebook/mine.txt",
        "files/home/home.txt",
        "databases/notebook/mine.db",
    }
    reader = Reader(io.BytesIO(handed["file"]))
    (notebook,) = (it for it in reader.manifest.members if it.name.endswith(".ipynb"))
    assert 'Path(\\"mine.txt\\")' in reader.content(notebook).decode()
    saved_bytes: bytes = saved["file"]
    return saved_bytes


def _tables(page: Asking, path: str) -> None:
    archive = page.ask(path, "export")
    with zipfile.ZipFile(io.BytesIO(archive["file"])) as opened:
        assert opened.namelist() == ["frame.csv", "mine.db/t.csv"]
        assert opened.read("frame.csv") == b"a,b\r\n1,2\r\n"
    book = page.ask(path, "export", format="xlsx")
    assert book["name"].endswith(".xlsx") and book["file"].startswith(b"PK")
    assert list(labels(book["result"])) == ["frame", "t"]


def _changes(page: Asking, path: str, saved: bytes) -> None:
    assert page.text("x = 2; Path('mine.txt').write_text('changed'); print(x)") == "2\n"
    page.wait_for("saved")
    preview = page.ask(path, "preview", checkpoint="here")["result"]
    assert {"x": "changed", "mine.txt": "changed"}.items() <= labels(preview).items()
    page.ask(path, "restore", checkpoint="here")
    assert page.text("print(x, Path('mine.txt').read_text())") == "1 mine\n"
    cleared = page.ask(path, "clear")
    assert cleared["file"] is None and "Cleared" in cleared["result"]["headline"]
    assert page.text("print('x' in globals())") == "False\n"
    loaded = page.ask(path, "load", saved)["result"]
    assert loaded["undo"] and loaded["waiting"] == []
    assert page.text("print(x, Path('mine.txt').read_text(), open('theirs.txt').read())") == (
        "1 mine theirs\n"
    )
    page.ask(path, "undo")
    assert page.text("print('x' in globals())") == "False\n"
    page.ask(path, "load", saved)


def _end_of_history(page: Asking, path: str, other: str) -> None:
    forgotten = page.ask(path, "forget")["result"]
    assert forgotten["forgotten"] >= 5 and forgotten["number"]
    assert page.ask(path, "list")["result"]["count"] == 1
    with pytest.raises(Error, match="There is nothing to undo"):
        page.ask(path, "undo")
    assert page.ask(other, "list")["result"]["count"] >= 2


def test_a_question_during_a_cell_is_answered_when_it_awaits(page: Asking) -> None:
    path = page.create()
    assert page.text("x = 1; print(x)") == "1\n"
    page.wait_for("saved")
    page.add("import asyncio; x = 2; await asyncio.sleep(6); x = 3; print(x)")
    page.lab.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-cell')")
    page.wait_for("unsaved")
    assert page.ask(path, "list")["result"]["count"] == 2
    saved = page.ask(path, "save")
    assert variables(saved["file"]) == {"x", "asyncio"}
    looked = page.ask(path, "look", saved["file"])["result"]
    assert labels(looked["changes"])["x"] == "unchanged", "the cell still runs"
    # What changes something waits for the end of the cell.
    page.ask(path, "checkpoint", label="after")
    assert page.text("print(x)") == "3\n"
    page.ask(path, "restore", checkpoint=2)
    assert page.text("print(x)") == "1\n"
    page.ask(path, "restore", checkpoint="after")
    assert page.text("print(x)") == "3\n"
