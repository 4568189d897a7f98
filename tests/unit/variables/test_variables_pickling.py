"""Functions, classes and other opaque objects of a notebook, stored and loaded."""

from __future__ import annotations

import pickle
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from folders import SUPPORT
from litestate.variables.failures import NotLoadedError, NotSavedError
from litestate.variables.pickles import pickling
from variable_scenes import SCENES, Notebook, load

PICKLES = SUPPORT / "pickles"
VERSIONS = ("3.11", "3.14")


@pytest.mark.parametrize("name", SCENES)
def test_objects_are_restored(name: str) -> None:
    scene = SCENES[name]
    notebook = Notebook()
    notebook.cell(scene.cell)
    scene.check(notebook.again(*scene.names))


@pytest.mark.parametrize("name", SCENES)
def test_restored_objects_are_restored_again(name: str) -> None:
    scene = SCENES[name]
    notebook = Notebook()
    notebook.cell(scene.cell)
    scene.check(notebook.again(*scene.names).again(*scene.names))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", SCENES)
def test_pickles_of_other_python_versions_load(name: str, version: str) -> None:
    # Made by tests/support/pickles/make.py in CPython 3.11 and in Pyodide's 3.14.
    scene = SCENES[name]
    scene.check(load((PICKLES / f"{name}-{version}.pickle").read_bytes(), *scene.names))


@pytest.mark.parametrize("name", [name for name in SCENES if name != "objects"])
def test_equal_objects_have_equal_pickles(name: str) -> None:
    scene = SCENES[name]
    notebook = Notebook()
    notebook.cell(scene.cell)
    assert notebook.dump(*scene.names) == notebook.dump(*scene.names)


def test_a_function_uses_the_current_globals() -> None:
    notebook = Notebook()
    notebook.cell("value = 'a secret'\ndef f(): return value")
    again = notebook.again("f")
    assert b"secret'" in notebook.data  # its cell
    with pytest.raises(NameError):
        again.f()
    again.space["value"] = 1
    assert again.f() == 1
    again.cell("def g(): global value; value = 2")
    again.g()
    assert again.f() == 2


def test_instances_can_be_pickled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = Notebook()
    notebook.cell("class A:\n    x = 1\na = A()\na.y = 2")
    again = notebook.again("A", "a")
    main = type(sys)("__main__")
    main.__dict__.update(again.space)
    monkeypatch.setitem(sys.modules, "__main__", main)
    copy = pickle.loads(pickle.dumps(again.a))
    assert (type(copy), copy.y) == (again.A, 2)


def test_nodes_stand_for_objects_stored_elsewhere() -> None:
    notebook = Notebook()
    notebook.cell("class A: pass\na = A(); a.items = shared = [1]; a.b = b = A()")
    shared = notebook.shared
    asked = []

    def hook(obj: Any) -> int | None:
        asked.append(obj)
        return 7 if obj is shared else None

    data = pickling.dump([notebook.A, notebook.a], hook).data
    assert not any(obj is notebook.a or obj is notebook.A for obj in asked)
    assert any(obj is notebook.b for obj in asked)
    elsewhere = [2]
    cls, made = pickling.load(data, {7: elsewhere}.__getitem__, {})
    assert made.items is elsewhere
    assert type(made.b) is cls


def test_large_memory_is_stored_elsewhere() -> None:
    array = np.arange(10_000.0)
    stored: list[bytes] = []

    def raw(view: Any) -> int:
        stored.append(bytes(view))
        return len(stored) - 1

    data = pickling.dump([{"a": array}], lambda _: None, raw=raw).data
    assert len(data) < 1000
    assert len(stored[0]) == array.nbytes
    (made,) = pickling.load(data, int, {}, buffers=lambda n: bytearray(stored[n]))
    made["a"][0] = 5
    assert made["a"][1:].tolist() == array[1:].tolist()


def test_functions_of_another_namespace_bring_their_globals() -> None:
    space: dict[str, Any] = {"__name__": "made", "n": 1}
    exec("def f(): return n\ndef g():\n    global n\n    n += 1", space)
    data = pickling.dump([space["f"], space["g"]], lambda _: None).data
    f, g = pickling.load(data, int, {"n": 50})
    g()
    assert (f(), space["n"]) == (2, 1)


def test_definitions() -> None:
    notebook = Notebook()
    notebook.cell("class A:\n    def m(self): pass\ndef f(): pass\na = A()")
    assert pickling.is_definition(notebook.A)
    assert pickling.is_definition(notebook.f)
    assert pickling.is_definition(lambda: 1)
    for other in (notebook.a, notebook.a.m, len, dict, type({}.keys()), pickling.dump, Path, 3):
        assert not pickling.is_definition(other)


BAD = {
    "reduce": ("class A:\n    def __reduce__(self): raise ValueError('no way')\na = A()", "no way"),
    "state": ("class A:\n    def __getstate__(self): raise SystemExit(3)\na = A()", "SystemExit"),
    "inside": (
        "class A:\n    def __reduce__(self): raise ValueError('x')\na = [A()]",
        "pickling a A in it raised ValueError: x",
    ),
    "deep": ("a = []\nfor _ in range(2_000): a = [a]", "too deeply"),
    "property": (
        "class A:\n    @property\n    def __class__(self): raise KeyError(1)\n"
        "    def __reduce_ex__(self, _): raise KeyError(self.__class__)\na = A()",
        "KeyError",
    ),
    "text": (
        "class E(Exception):\n    def __str__(self): raise ValueError\n"
        "class A:\n    def __reduce__(self): raise E\na = A()",
        "its text raised ValueError",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_an_object_that_fails_is_not_saved(name: str) -> None:
    code, reason = BAD[name]
    notebook = Notebook()
    notebook.cell(code)
    with pytest.raises(NotSavedError, match=reason):
        notebook.dump("a")


def test_an_interrupt_ends_the_pickling() -> None:
    notebook = Notebook()
    notebook.cell("class A:\n    def __reduce__(self): raise KeyboardInterrupt\na = A()")
    with pytest.raises(KeyboardInterrupt):
        notebook.dump("a")


@pytest.mark.skipif(sys.platform == "emscripten", reason="it has no threads")
def test_objects_that_change_meanwhile_are_saved_or_named() -> None:
    space: dict[str, Any] = {"d": {}}
    end = time.monotonic() + 0.5

    def change() -> None:
        while time.monotonic() < end:
            for number in range(100):
                space["d"][number] = [number]
            space["d"].clear()

    thread = threading.Thread(target=change)
    thread.start()
    while time.monotonic() < end:
        try:
            data = pickling.dump([space], lambda _: None).data
        except NotSavedError as error:
            assert "changed size" in str(error)
        else:
            assert pickling.load(data, int, {})
    thread.join()


def test_a_missing_module_is_named() -> None:
    data = b"\x80\x05cmissing_module\nThing\n\x85."
    with pytest.raises(NotLoadedError, match="needs the module missing_module"):
        pickling.load(data, int, {})


def test_a_missing_class_is_named() -> None:
    with pytest.raises(NotLoadedError, match=r"needs json\.Missing"):
        pickling.load(b"\x80\x05cjson\nMissing\n\x85.", int, {})
    with pytest.raises(NotLoadedError, match="needs Missing of the notebook"):
        pickling.load(b"\x80\x05c__main__\nMissing\n\x85.", int, {})


def test_a_state_that_fails_is_named() -> None:
    notebook = Notebook()
    notebook.cell(
        "class A:\n    def __getstate__(self): return 1\n"
        "    def __setstate__(self, _): raise ValueError('no way back')\na = A()"
    )
    with pytest.raises(NotLoadedError, match="raised ValueError: no way back"):
        notebook.again("a")


@pytest.mark.parametrize("data", [b"", b"\x80\x05", b"junk", b"\x80\x05K\x01.", b"\x80\x05K\x01Q."])
def test_a_damaged_pickle_is_not_loaded(data: bytes) -> None:
    with pytest.raises(NotLoadedError):
        pickling.load(data, {}.__getitem__, {})
