"""A session in temporary folders: the same in CPython and in the Pyodide kernel."""

from __future__ import annotations

import builtins
import copyreg
import gc
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import litestate.api.kernel_session
import litestate.files.stat_cache
import litestate.state.missing_files
import litestate.state.save
import pytest
from checkpoint_kernels import CLOCK, Kernel
from ipython_shells import pretend_shell
from litestate.host import roots as places
from litestate.host.roots import HOME, NOTEBOOK, Root, Roots
from sessions import Session, make_database
from table_files import make_things
from variable_kernels import Notebook


@pytest.fixture(autouse=True, scope="module")
def quick_collections() -> None:
    """Exempt what is alive from garbage collections: walking all of pytest takes 0.1 s each.

    Objects that a test makes are collected as ever, and references are counted as ever. Not in the
    site's kernel, which has other work after these tests.
    """
    if sys.platform != "emscripten":
        gc.collect()
        gc.freeze()


@pytest.fixture(autouse=True)
def key_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the signing key in a temporary folder: never use that of the user who runs the tests."""
    folder = tmp_path_factory.mktemp("data")
    # macOS derives the folder from HOME alone.
    name = {"win32": "APPDATA", "darwin": "HOME"}.get(sys.platform, "XDG_DATA_HOME")
    monkeypatch.setenv(name, str(folder))
    return folder


@pytest.fixture(autouse=True)
def no_last_result() -> Iterator[None]:
    """Remove the ``_`` that doctest leaves: IPython sets none of its own beside it."""
    yield
    vars(builtins).pop("_", None)


@pytest.fixture(autouse=True)
def no_reducers() -> Iterator[None]:
    """Remove reducers that a test's cells have registered: every later save would name them."""
    before = set(copyreg.dispatch_table)
    yield
    for kind in set(copyreg.dispatch_table) - before:
        if getattr(sys.modules.get(kind.__module__), kind.__qualname__, None) is not kind:
            del copyreg.dispatch_table[kind]


@pytest.fixture(autouse=True)
def no_adapters() -> Iterator[None]:
    """Remove SQLite adapters that a test's cells have registered."""
    before = dict(sqlite3.adapters)
    yield
    sqlite3.adapters.clear()
    sqlite3.adapters.update(before)


@pytest.fixture(autouse=True)
def nothing_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the files that other tests in the kernel have read."""
    monkeypatch.setattr(litestate.state.missing_files, "_files_read", list)


@pytest.fixture(autouse=True)
def no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the variables of the notebook in which these tests may run."""
    monkeypatch.setattr(litestate.state.save, "is_session", lambda: False)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    folder = tmp_path / "session"
    home, notebook = folder / "home", folder / "notebook"
    home.mkdir(parents=True)
    notebook.mkdir()
    roots = Roots((Root(HOME, home, "~/"), Root(NOTEBOOK, notebook, "")))
    monkeypatch.setattr(places, "detect", lambda: roots)
    monkeypatch.chdir(notebook)
    return Session(home, notebook, folder)


@pytest.fixture
def bundle(session: Session) -> bytes:
    """A bundle of a text, noise, a folder, a link and a database."""
    (session.home / "folder").mkdir()
    (session.home / "folder" / "text.txt").write_text("hello " * 2000)
    (session.home / "noise").write_bytes(os.urandom(5000))
    (session.home / "link").symlink_to("noise")
    make_database(session.home / "app.db")
    return session.save()[0]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database with tables of every kind, in the current folder."""
    monkeypatch.chdir(tmp_path)
    make_things(tmp_path / "app.db")
    return tmp_path / "app.db"


@pytest.fixture
def changed(session: Session) -> bytes:
    """A bundle, and a session changed since: a load needs every kind of change."""
    for name in ("same", "edited", "removed", "folder/inner"):
        path = session.home / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"saved {name}")
    (session.home / "link").symlink_to("same")
    (session.notebook / "empty").mkdir()
    make_database(session.home / "app.db")
    make_database(session.home / "gone.db")
    bundle, _ = session.save()
    (session.home / "edited").write_text("newer")
    (session.home / "removed").unlink()
    (session.home / "folder" / "inner").unlink()
    (session.home / "folder").rmdir()
    (session.home / "folder").write_text("a file now")
    (session.home / "link").unlink()
    (session.home / "link").symlink_to("edited")
    (session.notebook / "empty").rmdir()
    (session.home / "extra").mkdir()
    (session.home / "extra" / "new").write_text("new")
    (session.home / "kept.ipynb").write_text("{}")
    (session.home / "gone.db").unlink()
    with closing(sqlite3.connect(session.home / "app.db")) as connection:
        connection.execute("DELETE FROM runs")
        connection.commit()
    make_database(session.home / "extra.db")
    return bundle


@pytest.fixture
def kernel(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    """A session with checkpoints, on a file system with known clock resolution."""
    monkeypatch.setattr(litestate.files.stat_cache, "RACY", int(CLOCK * 1e9))
    kernel = Kernel(session, tmp_path / "history")
    yield kernel
    kernel.session.close()
    litestate.api.kernel_session._current = None


@pytest.fixture
def notebook(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> Notebook:
    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    # The shell of the browser's kernel is busy with this test.
    pretend_shell(monkeypatch, None, "variables")
    return Notebook(kernel, vars(module))


@pytest.fixture
def matplotlib() -> Iterator[Any]:
    matplotlib = pytest.importorskip("matplotlib", reason="only in the site")
    before = dict(matplotlib.rcParams)
    yield matplotlib
    matplotlib.rcParams.update(before)
