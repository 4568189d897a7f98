"""The commands of the page, with real sessions in IPython's own shell."""

from __future__ import annotations

import copy
import importlib
import io
import json
import os
import random
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import litestate
import litestate.api.kernel_session
import pytest
from handmade_bundles import edited, pack, unpack, with_member
from ipython_shells import new_shell
from litestate.api import page_commands
from litestate.api.page_commands import COMMANDS, READING
from litestate.bundle import Reader
from litestate.checkpoints.forgetting import forget_history
from litestate.errors import (
    BundleError,
    DamagedBundleError,
    DamagedCheckpointError,
    ExportError,
    ForgedBundleError,
    LitestateError,
    NewerFormatError,
    NoCheckpointError,
    NotABundleError,
    ReadOnlyCheckpointsError,
    SaveError,
    SelectionError,
    StorageError,
    StorageFullError,
    UnsafeBundleError,
)
from litestate.storage.folder import _DirectoryFile
from litestate.storage.memory import MemoryStorage
from page_of_commands import Notebook, ask

pytestmark = pytest.mark.skipif(
    sys.platform == "emscripten", reason="tests/browser has them in the site"
)

FRESH = "import litestate"


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Notebook]]:
    """Start kernels of a notebook, one after another."""
    from contextlib import ExitStack

    monkeypatch.setattr("litestate.state.save.is_session", lambda: True)
    with ExitStack() as made:

        def start(folder: str = "work", *, autosave: bool = True) -> Notebook:
            litestate.autosave.stop()
            litestate.api.kernel_session.close()
            path = tmp_path / folder
            path.mkdir(exist_ok=True)
            shell = made.enter_context(new_shell(ModuleType("__main__")))
            monkeypatch.setattr("IPython.get_ipython", lambda: shell)
            monkeypatch.chdir(path)
            notebook = Notebook(shell, path)
            notebook.cell(
                "import litestate\nlitestate.autosave()" if autosave else "import litestate"
            )
            return notebook

        yield start
        litestate.autosave.stop()
        litestate.api.kernel_session.close()


@pytest.fixture
def notebook(start: Callable[..., Notebook]) -> Notebook:
    return start()


def manifest(answer: Any) -> Any:
    return Reader(answer.file.inner).manifest


def members(answer: Any) -> set[str]:
    return {member.name for member in manifest(answer).members}


def variables(answer: Any) -> set[str]:
    return {name for member in manifest(answer).members for name in member.details.get("names", ())}


def labels(report: dict[str, Any]) -> dict[str, str]:
    return {it["label"]: it["verdict"] for part in report["sections"] for it in part["lines"]}


def bundle_of(start: Callable[..., Notebook], code: str) -> bytes:
    """Return the bundle of another kernel in another folder."""
    other = start("other")
    other.cell(code)
    content: bytes = ask("save").file.inner.getvalue()
    return content


@contextmanager
def another_computer(folder: Path) -> Iterator[None]:
    """Sign with another key."""
    with pytest.MonkeyPatch.context() as patch:
        folder.mkdir()
        patch.setenv("XDG_DATA_HOME", str(folder))
        patch.setenv("HOME", str(folder))
        patch.setenv("APPDATA", str(folder))
        yield


# List, preview, restore, undo, checkpoint.


def test_list_says_what_changed_newest_first(notebook: Notebook) -> None:
    notebook.cell("x = 1")
    notebook.cell("x = 2\nopen('a.txt', 'w').write('a')\ny = [3]")
    found = ask("list").result
    assert found["name"] == "python" and found["count"] == 3
    assert found["writable"] is True and found["transient"] == "" and found["notes"] == []
    newest, second, first = found["rows"]
    assert (newest["number"], newest["cell"], newest["cause"]) == (3, 3, "cell")
    assert newest["counts"] == {"changed": 1, "added": 2}
    assert {it["label"]: it["verdict"] for it in newest["changed"] if it["kind"] != "session"} == {
        "x": "changed",
        "y": "added",
        "a.txt": "added",
    }
    assert newest["text"].startswith("y, a.txt added; x changed")
    assert second["label"] is None and first["cell"] is None and first["cause"] == "start"
    assert found["undo"] == 2
    assert found["size"] > 0 and found["usage"]["quota"] > found["usage"]["used"] > 0


def test_preview_changes_nothing_and_restore_does_what_it_says(notebook: Notebook) -> None:
    notebook.cell("x = 1\nopen('a.txt', 'w').write('1')")
    notebook.cell("x = 2\ny = 3\nopen('a.txt', 'w').write('2')\nopen('b.txt', 'w').write('b')")
    before = ask("list").result
    preview = ask("preview", checkpoint=2).result
    after = ask("list").result
    assert after["rows"] == before["rows"] and after["size"] == before["size"]
    assert notebook.value("x") == 2 and Path("a.txt").read_text() == "2" and Path("b.txt").exists()
    assert "would change this" in preview["headline"]
    expected = {"x": "changed", "y": "removed", "a.txt": "changed", "b.txt": "removed"}
    assert expected.items() <= labels(preview).items()
    restored = ask("restore", checkpoint=2)
    assert expected.items() <= labels(restored.result).items() and restored.file is None
    assert notebook.value("x") == 1 and not notebook.has("y")
    assert Path("a.txt").read_text() == "1" and not Path("b.txt").exists()
    undone = ask("undo").result
    assert notebook.value("x") == 2 and labels(undone)["b.txt"] == "added"
    assert [row["cause"] for row in ask("list").result["rows"]][:2] == ["restored 3", "restored 2"]


def test_preview_of_what_is_not_in_a_checkpoint_yet(notebook: Notebook) -> None:
    notebook.cell("x = 1")
    litestate.autosave.pause()
    notebook.cell("x = 5\nz = 6")
    preview = ask("preview").result
    assert {"x": "changed", "z": "removed"}.items() <= labels(preview).items()
    assert notebook.value("z") == 6


def test_a_checkpoint_with_a_label_can_be_asked_for(notebook: Notebook) -> None:
    notebook.cell("x = 1")
    made = ask("checkpoint", label="  before cleaning ").result
    assert made["number"] == 3 and "'before cleaning'" in made["report"]["headline"]
    assert ask("list").result["rows"][0]["label"] == "before cleaning"
    assert ask("checkpoint", label="").result["number"] is None
    again = ask("checkpoint").result
    assert again["number"] is None and "Nothing has changed" in again["report"]["headline"]
    notebook.cell("x = 2")
    ask("restore", checkpoint="before cleaning")
    assert notebook.value("x") == 1


def test_no_such_checkpoint(notebook: Notebook) -> None:
    for command in ("restore", "preview", "save"):
        with pytest.raises(NoCheckpointError, match="no checkpoint 99"):
            ask(command, checkpoint=99)
        with pytest.raises(SelectionError, match="number or a label, not as an object"):
            ask(command, checkpoint={"number": 1})
        with pytest.raises(SelectionError, match="not as true or false"):
            ask(command, checkpoint=True)
        with pytest.raises(SelectionError, match="not as a number with a fraction"):
            ask(command, checkpoint=1.5)
    with pytest.raises(NoCheckpointError, match="nothing to undo"):
        ask("undo")


def test_a_command_opens_the_history_where_autosave_never_started(
    start: Callable[..., Notebook],
) -> None:
    first = start()
    first.cell("x = 41")
    kernel = start(autosave=False)
    assert litestate.api.kernel_session.current() is None
    assert ask("list").result["count"] == 2
    ask("restore")
    assert kernel.value("x") == 41
    assert "Autosave is off" in repr(litestate.autosave)
    ask("undo")
    assert not kernel.has("x")


def test_a_second_tab_lists_previews_and_restores_with_a_backup(
    start: Callable[..., Notebook], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start()
    first.cell("x = 1")
    litestate.autosave.stop()
    writer = litestate.api.kernel_session._current
    # Its lock stays: it is another tab.
    litestate.api.kernel_session._current = None
    reader = start("work")
    assert writer is not None
    found = ask("list").result
    assert found["writable"] is False and found["undo"] is None and found["count"] == 2
    reader.cell("mine = 'unsaved'")
    assert labels(ask("preview").result)["x"] == "added"
    for command in ("checkpoint", "undo", "forget"):
        with pytest.raises(ReadOnlyCheckpointsError, match="Another tab"):
            ask(command)
    restored = ask("restore")
    assert reader.value("x") == 1 and not reader.has("mine")
    assert restored.name.startswith("before-restore-") and restored.name.endswith(".litestate.zip")
    assert variables(restored) == {"mine"}
    assert ask("look", restored.file.inner.getvalue()).result["can_undo"] is False
    ask("load", restored.file.inner.getvalue())
    assert reader.value("mine") == "unsaved"
    assert ask("load", restored.file.inner.getvalue()).result["undo"] is False
    Path("a.txt").write_text("a")
    cleared = ask("clear", paths=["a.txt"], variables=["mine"])
    assert variables(cleared) == {"mine"} and "files/notebook/a.txt" in members(cleared)
    assert not reader.has("mine") and not Path("a.txt").exists()
    # What the other tab deletes is gone here, too.
    forget_history(writer.session, goes_on=False)
    assert ask("list").result["count"] == 0
    with pytest.raises(NoCheckpointError, match="no checkpoints"):
        ask("restore")
    writer.session.close()
    assert ask("checkpoint", label="mine now").result["number"] == 1


# Save and hand in.


def test_save_is_a_bundle_of_now_or_of_a_checkpoint(notebook: Notebook) -> None:
    notebook.cell("x = 1\nopen('a.txt', 'w').write('1')")
    notebook.cell("y = 2\nopen('b.txt', 'w').write('2')")
    now = ask("save")
    assert members(now) >= {"files/notebook/a.txt", "files/notebook/b.txt"}
    assert variables(now) == {"x", "y"}
    assert re.fullmatch(r"state-\d{4}-\d\d-\d\d\.litestate\.zip", now.name)
    assert now.result["report"]["headline"].startswith(f"Saved {now.name}: 2 files, 2 variables")
    assert now.result["size"] == len(now.file.inner.getvalue())
    assert now.result["digest"] == manifest(now).content_digest
    then = ask("save", checkpoint=2, name="then/er?")
    assert variables(then) == {"x"} and "files/notebook/b.txt" not in members(then)
    assert then.name.startswith("then-er-20")
    assert ask("save", name="mine.litestate.zip").name == "mine.litestate.zip"
    assert variables(ask("save", variables=False)) == set()
    assert variables(ask("save", variables=["y"], exclude=["*.txt"])) == {"y"}


def test_save_is_named_after_the_notebook(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ada/week 3/Übung 3.ipynb")
    saved = ask("save")
    assert saved.name.startswith("Übung 3-20")
    # Only the name: the folder says who the user is.
    assert manifest(saved).notebook == "Übung 3.ipynb"


def test_save_refuses_names_that_are_none(notebook: Notebook) -> None:
    with pytest.raises(SaveError, match="leaves nothing"):
        ask("save", name="///")
    with pytest.raises(SelectionError, match="at most 200 characters, not 5,000"):
        ask("save", name="x" * 5000)
    with pytest.raises(SelectionError, match="name takes text, not a number"):
        ask("save", name=3)
    with pytest.raises(SelectionError, match="no such file"):
        ask("save", paths=["nowhere"])
    with pytest.raises(SelectionError, match="a checkpoint is saved whole"):
        ask("save", checkpoint=1, paths=["nowhere"])


def write_notebook(path: Path, *sources: str, output: str = "") -> None:
    cells = [
        {
            "cell_type": "code",
            "source": source.splitlines(keepends=True),
            "metadata": {},
            "execution_count": None,
            "outputs": [{"output_type": "stream", "name": "stdout", "text": output}],
        }
        for source in sources
    ]
    path.write_text(
        json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}})
    )


def test_hand_in_has_this_notebook_and_nothing_of_others(notebook: Notebook) -> None:
    write_notebook(Path("homework.ipynb"), "open('data.csv')", output="theirs.csv other.ipynb")
    write_notebook(Path("other.ipynb"), "secret = 1")
    notebook.cell("result = 42\nopen('result.txt', 'w').write('42')")
    # While no cell runs: another notebook, or an upload.
    Path("theirs.csv").write_text("not mine")
    Path("data.csv").write_text("a,b\n1,2\n")
    Path("theirs").mkdir()
    Path("theirs/more.txt").write_text("not mine")
    answer = ask("hand_in", path="homework.ipynb", name="ada-week3")
    assert {it for it in members(answer) if it.startswith(("files", "databases"))} == {
        "files/notebook/homework.ipynb",
        "files/notebook/result.txt",
        "files/notebook/data.csv",
    }
    assert variables(answer) == {"result"}
    assert answer.name.startswith("ada-week3-20")
    excluded = " ".join(answer.result["report"]["excluded"])
    assert "only other notebooks use: theirs, theirs/more.txt, theirs.csv" in excluded
    with closing(io.BytesIO(answer.file.inner.getvalue())) as file:
        reader = Reader(file)
        (member,) = [it for it in reader.manifest.members if it.name.endswith(".ipynb")]
        assert reader.content(member) == Path("homework.ipynb").read_bytes()
    assert "other.ipynb" not in answer.file.inner.getvalue().decode("latin-1")


def test_hand_in_needs_a_saved_notebook(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SelectionError, match="path is not known"):
        ask("hand_in")
    with pytest.raises(SaveError, match=r"no notebook new\.ipynb to hand in: save it first"):
        ask("hand_in", path="new.ipynb")
    for path in ("/etc/passwd.ipynb", "../up.ipynb", "data.csv", "a/../../b.ipynb"):
        with pytest.raises(SelectionError, match="not the path of a notebook"):
            ask("hand_in", path=path)
    Path("broken.ipynb").write_text("{")
    assert ask("hand_in", path="broken.ipynb").name.startswith("broken-20")
    monkeypatch.setenv("JPY_SESSION_NAME", "/x/broken.ipynb")
    assert "files/notebook/broken.ipynb" in members(ask("hand_in"))


# Look and load.


CODE = """
class Point:
    def __init__(self, x): self.x = x
point = Point(3)
plain = [1, 2]
open('a.txt', 'w').write('from the bundle')
import sqlite3
db = sqlite3.connect('app.db')
_ = db.execute('CREATE TABLE runs (x)')
_ = db.execute('INSERT INTO runs VALUES (1), (2)')
db.commit()
db.close()
del db
"""


def test_look_says_whose_it_is_and_what_is_in_it(
    start: Callable[..., Notebook], tmp_path: Path
) -> None:
    with another_computer(tmp_path / "stranger"):
        theirs = bundle_of(start, CODE)
    mine = bundle_of(start, "x = 1")
    here = start()
    here.cell("plain = [1, 2]\nopen('a.txt', 'w').write('here')")
    before = (dict(here.shell.user_ns), Path("a.txt").read_text(), ask("list").result["rows"])
    found = ask("look", theirs).result
    assert found["made"] == "stranger" and found["can_trust"] is True
    assert found["size"] == len(theirs) and found["label"] == "the bundle"
    assert found["created"][:2] == "20" and found["notebook"] is None
    assert found["generator"]["python"].startswith("3.") and found["digest"]
    contents = {part["title"]: part for part in found["contents"]}
    assert [it["label"] for it in contents["files"]["lines"]] == ["a.txt"]
    assert contents["databases"]["lines"][0]["detail"] == "runs: 2 rows"
    assert {it["label"] for it in contents["variables"]["lines"]} == {
        "Point",
        "point",
        "plain",
        "sqlite3",
    }
    changes = labels(found["changes"])
    assert changes["a.txt"] == "changed" and changes["app.db"] == "added"
    assert changes["plain"] == "unchanged" and "would change this" in found["changes"]["headline"]
    waiting = {it["path"]: it["reason"] for it in found["waiting"]}
    assert {"Point", "point"} <= set(waiting) and "bring the code of Point" in waiting["Point"]
    now = (dict(here.shell.user_ns), Path("a.txt").read_text(), ask("list").result["rows"])
    assert now == before
    found = ask("look", mine).result
    assert found["made"] == "own" and found["waiting"] == [] and found["can_undo"] is True


def test_load_with_and_without_trust(start: Callable[..., Notebook], tmp_path: Path) -> None:
    with another_computer(tmp_path / "stranger"):
        theirs = bundle_of(start, CODE)
    here = start()
    here.cell("mine = 1")
    loaded = ask("load", theirs).result
    assert {"Point", "point"} <= {it["path"] for it in loaded["waiting"]} and loaded["undo"] is True
    assert here.value("plain") == [1, 2] and not here.has("point") and here.value("mine") == 1
    assert Path("a.txt").read_text() == "from the bundle"
    loaded = ask("load", theirs, trust=True).result
    assert loaded["waiting"] == [] and here.value("point").x == 3
    ask("undo")
    assert not here.has("point") and here.value("plain") == [1, 2]
    assert ask("load", theirs, trust=True, clean=True).result["undo"] is True
    assert not here.has("mine")
    assert ask("look", theirs, clean=True, trust=True).result["waiting"]


def test_load_without_autosave_can_be_undone(start: Callable[..., Notebook]) -> None:
    mine = bundle_of(start, "x = 1")
    here = start(autosave=False)
    here.cell("x = 'before'")
    assert ask("load", mine).result["undo"] is True
    assert here.value("x") == 1
    ask("undo")
    assert here.value("x") == "before"


def test_load_where_nothing_can_be_stored(
    start: Callable[..., Notebook], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = bundle_of(start, "x = 1")
    here = start(autosave=False)

    async def refuse(*_: object, **__: object) -> None:
        raise StorageError("The disk says no.")

    monkeypatch.setattr("litestate.api.kernel_session.open_storage", refuse)
    loaded = ask("load", mine).result
    assert loaded["undo"] is False and loaded["report"]["notes"][-1] == "This cannot be undone."
    assert here.value("x") == 1
    for command in ("list", "preview", "restore", "undo", "checkpoint", "forget"):
        with pytest.raises(StorageError, match="The disk says no"):
            ask(command)
    assert variables(ask("save")) == {"x"}
    write_notebook(Path("n.ipynb"))
    warnings = ask("hand_in", path="n.ipynb").result["report"]["sections"][0]["warnings"]
    assert any("not known which notebook" in each for each in warnings)


def test_an_unsigned_bundle(start: Callable[..., Notebook]) -> None:
    here = start(autosave=False)
    Path("a.txt").write_text("a")
    files = ask("save", variables=False).file.inner.getvalue()
    assert ask("look", files).result["made"] == "unsigned"
    assert here.folder.name == "work"


def unsigned(bundle: bytes) -> bytes:
    return pack({name: it for name, it in unpack(bundle).items() if name != "signature.json"})


HOSTILE: dict[str, tuple[Callable[[bytes], bytes], type[LitestateError], str]] = {
    "nothing": (lambda it: b"", NotABundleError, "the file is empty"),
    "noise": (lambda it: b"?" * 2000, NotABundleError, "not those of a ZIP file"),
    "a notebook": (lambda it: b'{"cells": [], "nbformat": 4}', NotABundleError, "notebook"),
    "cut off": (lambda it: it[:-100], DamagedBundleError, "damaged"),
    "one byte": (lambda it: it[:300] + bytes([it[300] ^ 1]) + it[301:], BundleError, "damaged"),
    "newer": (
        lambda it: edited(it, lambda document: document.update(version=99)),
        NewerFormatError,
        "format version 99",
    ),
    "forged": (
        lambda it: edited(it, lambda document: document.update(notebook="trust me.ipynb")),
        ForgedBundleError,
        "the signature does not fit",
    ),
    "leads out": (
        lambda it: with_member(unsigned(it), "files/home/../../x", b"x"),
        UnsafeBundleError,
        "refused before anything was changed",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_look_and_load_refuse_alike(start: Callable[..., Notebook], kind: str) -> None:
    make, error, text = HOSTILE[kind]
    file = make(bundle_of(start, CODE))
    here = start()
    before = set(here.shell.user_ns)
    messages = set()
    for command in ("look", "load"):
        with pytest.raises(error) as caught:
            ask(command, file)
        messages.add(str(caught.value))
        assert text in str(caught.value)
    assert len(messages) == 1 and set(here.shell.user_ns) == before
    assert not Path("a.txt").exists()


def test_a_bundle_may_say_anything_and_the_answer_stays_small(
    start: Callable[..., Notebook], tmp_path: Path
) -> None:
    code = "\n".join(f"v{n} = {n}" for n in range(3000))
    with another_computer(tmp_path / "stranger"):
        theirs = bundle_of(start, code)
    noise = "<script>alert(1)</script>\n\x1b[31m" + "long " * 1000

    def boast(document: dict[str, Any]) -> None:
        document["notebook"] = document["created"] = noise
        document["generator"] = {f"{n}{noise}"[:5000]: noise for n in range(50)}
        document["skipped"] = [
            {"path": noise, "reason": noise, "advice": noise, "place": "home/x"} for _ in range(300)
        ]

    start()
    found = ask("look", edited(theirs, boast)).result
    assert len(found["notebook"]) <= 300 and "\\n" in found["notebook"]
    assert len(found["missing"]) == 101 and found["missing"][-1]["path"] == "… and 200 more"
    assert len(found["generator"]) == 20
    (part,) = [it for it in found["contents"] if it["title"] == "variables"]
    assert part["count"] == 3000 and len(part["lines"]) == 200


def test_a_trusted_bundle_that_ends_the_process_is_an_error(start: Callable[..., Notebook]) -> None:
    code = "class Bomb:\n    def __reduce__(self): return (exit, (3,))\nbomb = Bomb()"
    other = start("other")
    other.cell(code)
    answer = ask("save")
    assert "bomb" not in variables(answer), "nobody can save it"


def test_a_damaged_checkpoint_is_an_error_and_the_rest_can_be_restored(notebook: Notebook) -> None:
    notebook.cell("open('a.bin', 'wb').write(bytes(range(256)) * 40)\nx = 1")
    notebook.cell("open('a.bin', 'wb').write(b'new')\nx = 2")
    session = litestate.api.kernel_session.current()
    assert session is not None
    (entry,) = [it for it in session.history.entries(2) if it.relative == "a.bin"]
    for path in Path(".litestate").rglob("*.log"):
        with path.open("r+b") as file:
            file.seek(entry.content.chunks[0].offset + entry.content.chunks[0].stored - 1)
            file.write(b"?")
    with pytest.raises(DamagedCheckpointError, match=r"a\.bin"):
        ask("restore", checkpoint=2)
    assert notebook.value("x") == 2
    restored = ask("restore", checkpoint=2).result
    assert notebook.value("x") == 1 and Path("a.bin").read_bytes() == b"new"
    skipped = [it["path"] for part in restored["sections"] for it in part["skipped"]]
    assert "a.bin" in skipped
    assert ask("preview", checkpoint=2).result["headline"]


def test_a_damaged_variable_keeps_its_present_value(notebook: Notebook) -> None:
    notebook.cell("x = 1\ny = [2]")
    session = litestate.api.kernel_session.current()
    assert session is not None
    (entry,) = [it for it in session.history.entries(2) if "x" in it.details.get("names", ())]
    (chunk,) = entry.content.chunks
    path = next(path for path in Path(".litestate").rglob("*.log") if path.stat().st_size)
    with path.open("r+b") as file:
        file.seek(chunk.offset + chunk.stored - 1)
        file.write(b"?")
    notebook.cell("x = 'present'\nz = 3")
    with pytest.raises(DamagedCheckpointError):
        ask("restore", checkpoint=2)
    restored = ask("restore", checkpoint=2).result
    assert notebook.value("x") == "present" and not notebook.has("z")
    skipped = {it["path"]: it["reason"] for part in restored["sections"] for it in part["skipped"]}
    assert "damaged" in skipped["x"]


# Clear.


def test_clear_can_be_undone(notebook: Notebook) -> None:
    notebook.cell("x = 1\nopen('a.txt', 'w').write('a')")
    with pytest.raises(SelectionError, match="Name the files"):
        ask("clear")
    answer = ask("clear", paths=["a.txt"], variables=True)
    assert answer.file is None and "Cleared 1 file, 1 variable" in answer.result["headline"]
    assert not notebook.has("x") and not Path("a.txt").exists()
    ask("undo")
    assert notebook.value("x") == 1 and Path("a.txt").read_text() == "a"


def in_memory(monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
    """Give the next kernels a storage that ends with them, as in a private window."""

    async def open_storage(name: str) -> MemoryStorage:
        return MemoryStorage("This window is private.", **options)

    monkeypatch.setattr("litestate.api.kernel_session.open_storage", open_storage)


def test_where_checkpoints_do_not_last(
    start: Callable[..., Notebook], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_memory(monkeypatch)
    notebook = start()
    notebook.cell("x = 1\nopen('a.txt', 'w').write('a')")
    found = ask("list").result
    assert (
        found["transient"] == "This window is private." and found["usage"]["quota"] == 256_000_000
    )
    cleared = ask("clear", paths=["a.txt"], variables=True)
    assert cleared.name.startswith("before-clear-") and variables(cleared) == {"x"}
    assert not notebook.has("x")
    ask("load", cleared.file.inner.getvalue())
    assert notebook.value("x") == 1 and Path("a.txt").read_text() == "a"
    notebook.cell("x = 2")
    ask("undo")
    assert notebook.value("x") == 1
    assert ask("forget").result["number"] and ask("list").result["count"] == 1


def test_a_full_storage(start: Callable[..., Notebook], monkeypatch: pytest.MonkeyPatch) -> None:
    in_memory(monkeypatch, limit=300_000)
    notebook = start()
    notebook.cell("import os\nx = os.urandom(100_000)")
    notebook.cell("open('big.bin', 'wb').write(os.urandom(400_000))")
    with pytest.raises(StorageFullError, match="no room"):
        ask("checkpoint", label="full")
    assert ask("list").result["count"] >= 1
    saved = ask("save")
    assert "files/notebook/big.bin" in members(saved) and "x" in variables(saved)
    # What is here cannot be stored, so nothing may replace it.
    with pytest.raises(StorageFullError):
        ask("restore")
    forgotten = ask("forget").result
    assert forgotten["number"] is None and forgotten["forgotten"] >= 1
    (warning,) = forgotten["report"]["sections"][0]["warnings"]
    assert "There is no checkpoint of the present state" in warning
    follower = litestate.autosave.follower
    assert follower is not None and follower.pending and "no room" in follower.trouble
    notebook.cell("os.remove('big.bin')")
    assert not follower.pending and ask("list").result["count"] == 1
    notebook.cell("x = 0")
    ask("undo")
    assert len(notebook.value("x")) == 100_000


# Export.


def test_export_of_frames_and_databases(notebook: Notebook) -> None:
    with pytest.raises(ExportError, match="no variable is a DataFrame, and there is no database"):
        ask("export")
    notebook.cell(CODE)
    notebook.cell("import pandas\nframe = pandas.DataFrame({'x': [1, 2]})")
    archive = ask("export", name="week 3")
    assert re.fullmatch(r"week 3-tables-\d{4}-\d\d-\d\d\.zip", archive.name)
    assert archive.result["headline"].startswith(f"Exported 2 tables to {archive.name}; ")
    with zipfile.ZipFile(archive.file.inner) as opened:
        assert opened.namelist() == ["frame.csv", "app.db/runs.csv"]
        assert opened.read("app.db/runs.csv") == b"x\r\n1\r\n2\r\n"
    book = ask("export", format="xlsx", name="all.xlsx", tables=["app.db"])
    assert book.name == "all.xlsx" and list(labels(book.result)) == ["runs"]
    with pytest.raises(SelectionError, match="format takes csv or xlsx"):
        ask("export", format="docx")
    with pytest.raises(ExportError, match="no DataFrame or database 'gone'"):
        ask("export", tables=["gone"])
    with pytest.raises(SelectionError, match="tables takes a list"):
        ask("export", tables="frame")
    # Nothing is left behind.
    assert {path.name for path in Path().iterdir()} == {".litestate", "a.txt", "app.db"}


# Forget.


def stored_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*.log")))


@pytest.mark.parametrize("autosave", [True, False])
def test_forget_deletes_the_bytes_and_what_follows_works(
    start: Callable[..., Notebook], autosave: bool
) -> None:
    secret = os.urandom(3000)
    notebook = start()
    Path("secret.bin").write_bytes(secret)
    notebook.cell("x = 1\nkeep = 'kept'")
    ask("checkpoint", label="with the secret")
    notebook.cell("import os\nos.remove('secret.bin')")
    assert secret[:1000] in stored_bytes(notebook.folder)
    if not autosave:
        notebook = start(autosave=False)
    before = ask("list").result["count"]
    forgotten = ask("forget").result
    assert forgotten["forgotten"] == before and forgotten["freed"] > 3000
    assert secret[:100] not in stored_bytes(notebook.folder)
    found = ask("list").result
    assert found["count"] == (1 if autosave else 0) and found["undo"] is None
    assert (forgotten["number"] is None) is not autosave
    with pytest.raises(NoCheckpointError):
        ask("restore", checkpoint="with the secret")
    if autosave:
        assert found["rows"][0]["cause"] == "history deleted"
        with pytest.raises(NoCheckpointError, match="nothing to undo"):
            ask("undo")
        notebook.cell("x = 2")
        ask("undo")
        assert notebook.value("x") == 1
        notebook = start(autosave=False)
        ask("restore")
        assert (notebook.value("x"), notebook.value("keep")) == (1, "kept")
        assert not Path("secret.bin").exists()
    else:
        notebook.cell("y = 1")
        assert ask("checkpoint").result["number"] == 1
        assert ask("forget").result["report"]["headline"].startswith("1 checkpoint was deleted")
        assert ask("forget").result["forgotten"] == 0


def test_forget_where_the_history_is_damaged(notebook: Notebook) -> None:
    notebook.cell("x = 1\nopen('a.bin', 'wb').write(bytes(100_000))")
    session = litestate.api.kernel_session.current()
    assert session is not None
    path = next(path for path in Path(".litestate").rglob("*.log") if path.stat().st_size)
    with path.open("r+b") as file:
        file.seek(64)
        file.write(os.urandom(path.stat().st_size - 64))
    assert ask("forget").result["number"]
    notebook.cell("x = 2")
    ask("undo")
    assert notebook.value("x") == 1


@pytest.mark.parametrize("verb", ["write", "truncate", "flush"])
@pytest.mark.parametrize("at", range(4))
def test_forget_where_the_storage_fails_loses_nothing(
    start: Callable[..., Notebook], monkeypatch: pytest.MonkeyPatch, verb: str, at: int
) -> None:
    notebook = start()
    notebook.cell("x = 1")
    calls = 0
    real = getattr(_DirectoryFile, verb)

    def fail(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > at:
            raise StorageError("The disk broke.")
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(_DirectoryFile, verb, fail)
        try:
            answer = ask("forget").result
        except StorageError:
            answer = None
    if answer is not None and answer["number"] is None:
        follower = litestate.autosave.follower
        assert follower is not None and follower.pending and "disk broke" in follower.trouble
    # Whatever failed, the session goes on.
    notebook.cell("x = 2")
    again = ask("checkpoint", label="after").result
    assert again["number"] is not None
    notebook = start()
    ask("restore", checkpoint="after")
    assert notebook.value("x") == 2


# All together, at random.


@pytest.mark.parametrize("seed", range(3))
def test_questions_at_any_time_change_nothing(start: Callable[..., Notebook], seed: int) -> None:
    dice = random.Random(seed)
    theirs = bundle_of(start, "a = 'theirs'\nopen('f1.txt', 'w').write('theirs')")
    notebook = start()
    stored: dict[str, dict[str, Any]] = {}

    def state() -> dict[str, Any]:
        names = {it: copy.deepcopy(notebook.value(it)) for it in "abcde" if notebook.has(it)}
        return names | {path.name: path.read_text() for path in Path().glob("*.txt")}

    for step in range(40):
        name, file = dice.choice("abcde"), f"f{dice.randrange(4)}.txt"
        code = dice.choice(
            [
                f"{name} = [{step}]",
                f"globals().pop({name!r}, None)",
                f"if isinstance(globals().get({name!r}), list): {name}.append({step})",
                f"open({file!r}, 'a').write('{step} ')",
                f"import os\nif os.path.exists({file!r}): os.remove({file!r})",
            ]
        )
        if dice.random() < 0.3:
            litestate.autosave.pause()
        notebook.cell(code)
        before = state()
        for _ in range(dice.randrange(3)):
            command = dice.choice(["list", "preview", "save", "look"])
            if command == "look":
                ask("look", theirs, clean=dice.random() < 0.5)
            elif command == "preview" and stored:
                ask("preview", checkpoint=dice.choice(list(stored)))
            else:
                ask(command)
        assert state() == before
        if litestate.autosave.follower is not None and litestate.autosave.follower.paused:
            litestate.autosave.resume()
        if dice.random() < 0.4:
            label = f"step {step}"
            ask("checkpoint", label=label)
            stored[label] = before
        elif stored and dice.random() < 0.3:
            label = dice.choice(list(stored))
            ask("restore", checkpoint=label)
            assert state() == stored[label]
            # If nothing changed, undo takes back something else.
            if stored[label] != before and dice.random() < 0.5:
                ask("undo")
                assert state() == before
        elif dice.random() < 0.1:
            ask("forget")
            stored.clear()
            assert state() == before
    for label, expected in stored.items():
        ask("restore", checkpoint=label)
        assert state() == expected


# Errors, and the frame of all commands.


def test_unknown_commands_arguments_and_missing_files(notebook: Notebook) -> None:
    with pytest.raises(SelectionError, match="There is no command 'rm'"):
        ask("rm")
    with pytest.raises(SelectionError, match="undo takes no argument 'checkpoint'"):
        ask("undo", checkpoint=1)
    for command in ("look", "load"):
        with pytest.raises(SelectionError, match=f"{command} needs a file"):
            ask(command)
        with pytest.raises(SelectionError, match="trust takes true or false, not text"):
            ask(command, b"", trust="yes")


def test_every_command_is_documented_and_exists() -> None:
    text = page_commands.__doc__ or ""
    assert set(re.findall(r"^``(\w+)``  ", text, re.M)) == COMMANDS.keys()
    for name, command in COMMANDS.items():
        module, _, function = command.function.partition(".")
        assert callable(getattr(importlib.import_module(f"litestate.api.{module}"), function))
        row = text[text.index(f"\n``{name}``  ") + 1 :].partition("\n``")[0]
        assert all(argument in row for argument in command.arguments), name
    changing = {"restore", "undo", "checkpoint", "forget", "load", "clear"}
    assert COMMANDS.keys() - changing == READING


class Told(Exception):
    """An error of the notebook, which must not be asked for its text."""

    def __str__(self) -> str:
        raise AssertionError("asked")

    __repr__ = __str__


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (OSError(28, "No space left", "/tmp/x"), "OSError: 28, No space left, /tmp/x"),
        (KeyError(Told("a")), "KeyError"),
        (Told("why"), "Told: why"),
        (MemoryError(), "MemoryError"),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
    ],
)
def test_an_unexpected_error_says_its_type_and_is_chained(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch, error: BaseException, text: str
) -> None:
    notebook.cell("x = 1")

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("litestate.state.save.Writer", fail)
    with pytest.raises(LitestateError) as caught:
        ask("save")
    assert f"save failed ({text})" in str(caught.value) and caught.value.__cause__ is error
    assert notebook.value("x") == 1


class Watched:
    """A value that nobody may ask."""

    def __repr__(self) -> str:
        raise AssertionError("asked for its repr")

    __str__ = __repr__


def test_no_command_asks_a_value_of_the_notebook_for_its_text(notebook: Notebook) -> None:
    notebook.shell.user_ns["watched"] = Watched()
    notebook.cell("x = [watched]\nopen('a.txt', 'w').write('a')")
    ask("list")
    ask("checkpoint", label="a")
    ask("preview", checkpoint=1)
    bundle = ask("save").file.inner.getvalue()
    ask("look", bundle)
    ask("load", bundle)
    ask("undo")
    ask("restore")
    ask("clear", paths=["a.txt"], variables=["x"])


def test_answers_are_bounded_for_many_variables_files_and_checkpoints(notebook: Notebook) -> None:
    notebook.cell("for n in range(2000): globals()[f'variable_{n}'] = [n]")
    notebook.cell("for n in range(1500): open(f'file {n}.txt', 'w').close()")
    for n in range(3):
        notebook.cell(f"x = {n}")
        ask("checkpoint", label=f"{n} {'w' * 190}")
    found = ask("list").result
    assert max(len(row["changed"]) for row in found["rows"]) == 20
    assert max(row["counts"].get("added", 0) for row in found["rows"]) >= 2000
    report = ask("preview", checkpoint=1).result
    assert {part["title"]: part["count"] for part in report["sections"]}["removed"] >= 1500
    assert "… and" in report["text"] and len(report["text"]) < 20_100
    ask("save")


def test_control_characters_do_not_reach_the_page(notebook: Notebook) -> None:
    notebook.cell("open('a\\x1b[31m\\n.txt', 'w').close()")
    ask("checkpoint", label="a\x1b\u202eb")
    for answer in (ask("list"), ask("save"), ask("preview", checkpoint=1)):
        text = json.dumps(answer.result, ensure_ascii=False)
        assert not re.search(r"\\u00(0[0-8b-f]|1)", text.replace("\\n", ""))


def test_nothing_is_left_in_the_outputs_or_the_history_of_the_notebook(notebook: Notebook) -> None:
    notebook.cell("x = 1")
    history = list(notebook.value("In"))
    for command in ("list", "checkpoint", "preview", "restore", "save", "undo"):
        ask(command)
    assert notebook.value("In") == history and notebook.shell.execution_count == len(history)
