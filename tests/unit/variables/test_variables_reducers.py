"""Objects that are not saved, with the reasons, and objects restored with a difference."""

from __future__ import annotations

import asyncio
import io
import itertools
import sqlite3
import sys
import threading
import types
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from litestate.variables.failures import NotSavedError
from litestate.variables.pickles import pickling
from namespaces import Notebook as Names
from namespaces import parts
from variable_scenes import Notebook


def dump(obj: Any, notes: list[str] | None = None) -> bytes:
    return pickling.dump([obj], lambda _: None, approximate=(notes or []).append).data


def again(obj: Any, notes: list[str] | None = None) -> Any:
    say = notes.append if notes is not None else None
    data = pickling.dump([obj], lambda _: None, approximate=say).data
    return pickling.load(data, int, {})[0]


def _generator() -> Any:
    yield 1


def _frame() -> Any:
    return sys._getframe()


def _traceback() -> Any:
    try:
        raise ValueError
    except ValueError as error:
        return error.__traceback__


def _held(make: Callable[[], Any]) -> Any:
    lock = make()
    lock.acquire()
    return lock


def _database() -> sqlite3.Connection:
    return sqlite3.connect(":memory:")


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "generator": (_generator, r"it holds a generator \(_generator\)"),
    "frame": (_frame, "a frame"),
    "traceback": (_traceback, "a traceback"),
    "lock": (lambda: _held(threading.Lock), "a lock that is locked"),
    "rlock": (lambda: _held(threading.RLock), "a lock that is locked"),
    "local": (threading.local, "thread-local data"),
    "thread": (threading.Thread, "a thread"),
    "weakref": (lambda: weakref.ref(REFUSED_ONE), "a weak reference"),
    "connection": (_database, "a database connection"),
    "cursor": (lambda: _database().cursor(), "a cursor of a database"),
    "chain": (lambda: itertools.chain([1], [2]), r"an iterator of itertools \(chain\)"),
    "count": (lambda: itertools.count(__import__("fractions").Fraction(1, 2)), "itertools.count"),
    "view": (lambda: memoryview(b"abc")[1:], "a part of an object"),
    "future": (lambda: asyncio.Future(loop=asyncio.new_event_loop()), "a future"),
    "module": (lambda: types.ModuleType("dynamic"), "the module dynamic, which cannot"),
    "capsule": (lambda: __import__("datetime").datetime_CAPI, "an object of a C library"),
}
REFUSED_ONE = threading.Event()
if sys.platform == "emscripten":
    del REFUSED["future"]


@pytest.mark.parametrize("name", REFUSED)
def test_objects_that_are_not_saved_are_named_with_a_reason(name: str) -> None:
    make, reason = REFUSED[name]
    obj = make()
    for holder in (obj, [obj], {"key": types.SimpleNamespace(x=obj)}):
        with pytest.raises(NotSavedError, match=reason):
            dump(holder)


def test_an_open_file_is_not_saved(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for mode in ("w", "wb", "rb", "r", "r+b"):
        with (
            path.open(mode) as file,
            pytest.raises(NotSavedError, match=r"an open file \(.*file\)"),
        ):
            dump(file)
    with pytest.raises(NotSavedError, match="a closed file"):
        dump(file)


def test_a_coroutine_is_not_saved() -> None:
    async def coroutine() -> None: ...

    made = coroutine()
    with pytest.raises(NotSavedError, match="a coroutine"):
        dump(made)
    made.close()


def test_a_class_that_defines_its_pickling_is_used() -> None:
    notebook = Notebook()
    notebook.cell(
        "import threading\nclass Worker(threading.Thread):\n"
        "    def __reduce__(self): return Worker, ()\nw = Worker()"
    )
    notebook.space["Worker"] = notebook.Worker
    assert type(notebook.again("Worker", "w").w).__name__ == "Worker"


@pytest.mark.skipif(sys.platform != "emscripten", reason="needs JavaScript")
def test_an_object_of_javascript_is_not_saved() -> None:
    from pyodide.code import run_js

    with pytest.raises(NotSavedError, match="an object of JavaScript"):
        dump([run_js("({name: 'x'})")])


def test_a_note_is_reported_once() -> None:
    notes: list[str] = []
    again([threading.Lock(), threading.Lock()], notes)
    assert notes == ["a lock in it is replaced by a new one"]


def test_exceptions_lose_their_traceback_only() -> None:
    try:
        raise ValueError("x")
    except ValueError as error:
        caught = error
    notes: list[str] = []
    made = again(caught, notes)
    assert (made.args, made.__traceback__) == (("x",), None)
    assert notes == ["exceptions in it lose their traceback"]
    notes.clear()
    again(ValueError("x"), notes)
    assert notes == []


def test_exceptions_that_lead_to_themselves() -> None:
    error = ValueError("x")
    error.error = error  # type: ignore[attr-defined]
    made = again(error)
    assert made.error is made


def test_locks_that_are_shared_stay_shared() -> None:
    lock = threading.RLock()
    one, other = again([lock, lock])
    assert one is other


def test_views_share_memory_with_their_owner() -> None:
    owner = bytearray(b"abc")
    owner_again, view = again([owner, memoryview(owner)])
    view[0] = 0
    assert owner_again == b"\0bc"
    assert again(memoryview(b"abc")).readonly
    assert again(memoryview(owner).toreadonly()).readonly


def test_the_namespace_of_a_class_is_that_of_the_class() -> None:
    notebook = Notebook()
    notebook.cell("class A: x = 1\nd = vars(A)")
    made = notebook.again("A", "d")
    made.A.x = 2
    assert made.d["x"] == 2


def test_text_in_memory_keeps_its_position() -> None:
    for file in (io.StringIO("abc"), io.BytesIO(b"abc")):
        file.read(1)
        assert again(file).read() in ("bc", b"bc")


def test_weak_containers_do_not_keep_alive() -> None:
    notebook = Notebook()
    notebook.cell(
        "import weakref\nclass A: pass\nd = weakref.WeakValueDictionary(); kept = A(); d[1] = kept"
    )
    assert list(notebook.again("A", "kept", "d").d) == [1]
    import gc

    alone = notebook.again("d")
    gc.collect()
    assert list(alone.d) == []


def test_a_figure_is_the_same_each_time() -> None:
    pytest.importorskip("matplotlib")
    notebook = Names(
        "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\n"
        "fig, ax = plt.subplots()\nax.plot([1, 2])\nax.imshow([[1, 2]])"
    )
    first = parts(notebook.take())
    assert notebook["fig"].canvas.callbacks.connect("draw_event", print) > 0
    second = parts(notebook.take())
    assert parts(notebook.take()) == second != first
    notebook.run("plt.close(fig)")
