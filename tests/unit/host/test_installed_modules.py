"""Imports without trust: no module of a bundle, nor one that may read its files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from litestate.host import installed_modules
from litestate.host.installed_modules import is_harmless, is_installed, only_installed
from litestate.variables.restore import Restored, restore
from namespaces import graph
from sessions import Session

RAN: list[str] = []


@pytest.fixture
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The notebook's folder with files of a bundle, first in the search path of modules."""
    monkeypatch.chdir(tmp_path)
    for entry in (str(tmp_path), ""):
        monkeypatch.syspath_prepend(entry)
    RAN.clear()
    return tmp_path


def bring(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, *forget: str) -> None:
    text = f"import {__name__} as tests\ntests.RAN.append({name!r})\n"
    (folder / f"{name}.py").write_text(text)
    for module in (name, *forget):
        monkeypatch.delitem(sys.modules, module, raising=False)


def load(value: Any, *, name: str = "x", namespace: Any = None, trusted: bool = False) -> Restored:
    return restore([graph({name: value}, [])], namespace or {}, trusted=trusted)


@pytest.mark.parametrize(
    ("module", "needs"), [("netrc", "shlex"), ("xmlrpc.server", "pydoc"), ("mailbox", "calendar")]
)
def test_imports_of_the_standard_library(
    brought: Path, monkeypatch: pytest.MonkeyPatch, module: str, needs: str
) -> None:
    bring(brought, needs, monkeypatch, module)
    name = module.rpartition(".")[2]
    before = list(sys.path)
    assert load(["module", module], name=name).values[name].__name__ == module
    assert RAN == []
    assert sys.path == before


def test_imports_of_an_encoding(brought: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(brought, "quopri", monkeypatch, "encodings.quopri_codec")
    bring(brought, "stringprep", monkeypatch, "encodings.idna")
    for encoding in ("idna", "quopri", "no_such"):
        file = ["file", ["x", "rb", "r", encoding, "strict"]]
        found = restore([graph({"x": [0], "y": 5}, [file])], {}, trusted=False)
        # An unknown encoding is not damage: the rest is loaded.
        assert found.values["y"] == 5
        assert bool(found.failed) == (encoding != "idna")
    assert RAN == []


def test_imports_of_pandas(brought: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pandas")
    for name in ("bottleneck", "numexpr"):
        bring(brought, name, monkeypatch)
    from pandas.compat._optional import import_optional_dependency

    with only_installed():
        for name in ("bottleneck", "numexpr"):
            import_optional_dependency(name, errors="ignore")
    assert RAN == []


def test_a_module_under_the_name_of_another() -> None:
    import numpy as np

    for name, module in (("json", "pickle"), ("np", "pickle"), ("x", "json"), ("print", "json")):
        assert load(["module", module], name=name).waiting, name
    assert restore(
        [graph({"l": [0]}, [["list", [["module", "pickle"]]]])], {}, trusted=False
    ).waiting
    assert load(["module", "numpy"], name="np").values == {"np": np}
    # The namespace already has it under this name.
    assert load(["module", "numpy"], name="N", namespace={"N": np}).values == {"N": np}
    assert load(["module", "pickle"], name="json", trusted=True).values


@pytest.mark.parametrize("name", ["print", "get_ipython", "In", "_", "_ih", "exit", "__builtins__"])
def test_names_that_other_code_relies_on_wait(name: str) -> None:
    assert [it.path for it in load(5, name=name).waiting] == [name]
    assert load(5, name=name, trusted=True).values == {name: 5}


def test_litestate_itself_is_not_replaced() -> None:
    import litestate

    assert load(5, name="litestate", namespace={"litestate": litestate}).waiting


def test_the_search_path_of_modules(brought: Path) -> None:
    before = sys.path[:]
    assert {"", str(brought)} <= set(before)
    with only_installed():
        assert not {"", str(brought)} & set(sys.path)
        sys.path.append("added")
    assert sys.path == [*before, "added"]
    sys.path.remove("added")
    (brought / "only_here.py").touch()
    assert not is_installed("only_here")
    assert is_installed("json") and is_harmless("json")
    assert not is_harmless("json.__main__")
    assert not is_harmless("antigravity")


def test_a_view_that_repeats_objects_for_ever_is_refused() -> None:
    pytest.importorskip("numpy")
    base = ["numpy.ndarray", {"dtype": "|O", "shape": [1], "fortran": False, "items": [5]}]
    view = [
        "numpy.ndarray",
        {"dtype": "|O", "base": [0], "offset": 0, "shape": [10**8], "strides": [0]},
    ]
    found = restore([graph({"x": [1]}, [base, view])], {}, trusted=False)
    assert "repeats" in found.failed[0].reason


def test_nothing_is_loaded_among_pythons_own_packages(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A virtual environment may be in the notebook's folder."""
    for name in ("lib/numexpr.py", "work.py"):
        path = session.notebook / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("1")
    bundle, _ = session.save()
    (session.notebook / "lib" / "numexpr.py").unlink()
    (session.notebook / "work.py").unlink()
    folders = frozenset({(session.notebook / "lib").resolve()})
    monkeypatch.setattr(installed_modules, "module_folders", lambda: folders)
    report = session.load(bundle)
    assert [(it.path, it.reason) for it in report.skipped] == [
        ("lib/numexpr.py", "Python's own packages are there")
    ]
    assert sorted(path.name for path in session.notebook.rglob("*")) == ["lib", "work.py"]
