"""Storage of functions' code: by source where it is known."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ipython_shells import new_shell
from litestate.variables.failures import NotLoadedError
from litestate.variables.pickles import code_objects, pickling
from litestate.variables.pickles.code_listing import contents
from variable_scenes import Notebook


def test_a_cell_is_stored_once() -> None:
    notebook = Notebook()
    comment = "# " + "long " * 1000
    notebook.cell(
        f"{comment}\ndef f(): return 1\ndef g(): return 2\nclass A:\n    def m(self): pass"
    )
    assert len(notebook.dump("f", "g", "A")) < 6500
    assert notebook.data.count(b"long " * 1000) == 1


def test_nothing_of_the_cell_runs_again() -> None:
    notebook = Notebook()
    notebook.cell("ran = []\ndef f(): return ran\nran.append(1)")
    again = notebook.again("f")
    assert "ran" not in again.space
    assert contents(notebook.data).bytecode is False


@pytest.mark.parametrize(
    "code",
    [
        "from __future__ import annotations\ndef f(x: not_there = 5) -> None: return x",
        "import asyncio\nasync def f2(): pass\nf = lambda: 5",
        "f = [lambda: i for i in (5,)][0]",
        "class A:\n    def m(self): return (lambda: 5)\nf = A().m()",
        "def deco(x): return lambda g: g\n@deco(1)\n@deco(2)\ndef f(): return 5",
        "f, other = (lambda: 5), (lambda: 6)",
        "other, f = (lambda: 6), (lambda: 5)",
        "def f():\n    '\\d: a warning when it is compiled'\n    return 5",
        "def f(): return sum(x for x in [i for i in range(2)]) + 4",
    ],
)
@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_code_is_found_in_its_source(code: str) -> None:
    notebook = Notebook()
    notebook.cell(code)
    again = notebook.again("f")
    assert contents(again.data).bytecode is False
    assert again.f() == 5
    assert again.f.__code__ == notebook.f.__code__


@pytest.mark.filterwarnings("error")
def test_no_warning_is_shown_again() -> None:
    notebook = Notebook()
    source = "def f(): return '\\d'"
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        notebook.cell(source)
    assert notebook.again("f").f() == "\\d"


def test_code_without_source_is_stored_as_bytecode() -> None:
    space: dict[str, Any] = {"__name__": "__main__"}
    exec("def f(): return g() + 1", space)
    data = pickling.dump([space["f"]], lambda _: None).data
    assert contents(data).bytecode is True
    (f,) = pickling.load(data, int, {"g": lambda: 1})
    assert f() == 2


def test_source_that_has_changed_is_not_used() -> None:
    notebook = Notebook()
    notebook.cell("def f(): return 1")
    name = notebook.f.__code__.co_filename
    other = "def f(): return 2"
    linecache.cache[name] = (len(other), None, [other], name)
    assert notebook.again("f").f() == 1
    assert contents(notebook.data).bytecode is True


def test_bytecode_of_another_version_is_not_loaded() -> None:
    with pytest.raises(NotLoadedError, match=r"bytecode is for Python 3\.7; this is Python 3\."):
        code_objects.stored_code(b"\x42\x0d\r\n", "3.7", b"")


def test_source_that_this_python_cannot_compile_is_named() -> None:
    with pytest.raises(NotLoadedError, match="cannot compile the source of f"):
        code_objects.source_code("def f(: pass", (), "f", 1, 0)
    with pytest.raises(NotLoadedError, match="f is not in its source"):
        code_objects.source_code("def g(): pass", (), "f", 1, 0)


def test_a_submodule_is_imported_with_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = Notebook()
    notebook.cell("import xml.sax.saxutils\ndef f(): return xml.sax.saxutils.escape('<')")
    data = notebook.dump("f")
    monkeypatch.delitem(sys.modules, "xml.sax.saxutils")
    import xml.sax

    monkeypatch.delattr(xml.sax, "saxutils", raising=False)
    (f,) = pickling.load(data, int, {"xml": xml})
    assert f() == "&lt;"


@pytest.mark.skipif(sys.version_info < (3, 14), reason="annotations are evaluated at once")
def test_annotations_that_cannot_be_evaluated_become_text() -> None:
    notebook = Notebook()
    notebook.cell("def f(x: missing, y: int): pass\nclass A:\n    x: missing")
    again = notebook.again("f", "A")
    assert again.f.__annotations__ == {"x": "missing", "y": "int"}
    assert again.A.__annotations__ == {"x": "missing"}
    assert notebook.notes == ["annotations that cannot be evaluated become text"]


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with new_shell(ModuleType("__main__")) as shell:
        yield shell


@pytest.mark.skipif(sys.platform == "emscripten", reason="the kernel's own shell is running")
def test_functions_of_ipython(shell: Any, tmp_path: Path) -> None:
    def cell(code: str) -> None:
        shell.run_cell(code, store_history=True).raise_error()

    cell("x = 1\ndef f():\n    return x\n!true\nlast = lambda: 7\nf()")
    cell("import asyncio\nawait asyncio.sleep(0)\nclass A:\n    def m(self): return f()\na = A()")
    cell("from __future__ import annotations")
    cell("def later(y: missing): return y")
    space = shell.user_ns
    names = ("f", "last", "A", "a", "later")
    data = pickling.dump([space[name] for name in names], lambda _: None, namespace=space).data
    assert contents(data).bytecode is False
    fresh: dict[str, Any] = {"__name__": "__main__"}
    fresh.update(zip(names, pickling.load(data, int, fresh), strict=True))
    fresh["x"] = 3
    assert (fresh["a"].m(), fresh["last"](), fresh["later"](2)) == (3, 7, 2)
