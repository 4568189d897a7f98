"""Public names of the package, which are loaded on first use."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import litestate
import pytest

TWINS = [
    name for name in litestate.__all__ if name.startswith("a") and name[1:] in litestate.__all__
]


def for_type_checkers() -> dict[str, str]:
    """Return the names that type checkers see, and the module of each."""
    body = ast.parse(Path(litestate.__file__).read_text()).body
    block = next(it for it in body if isinstance(it, ast.If))
    return {
        alias.name: f"litestate.{statement.module}"
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }


def test_type_checkers_see_the_same_names() -> None:
    assert for_type_checkers() == litestate._MODULES
    assert sorted(litestate._MODULES) == litestate.__all__


def test_every_name_is_there() -> None:
    names: dict[str, object] = {}
    exec("from litestate import *", names)
    assert set(litestate.__all__) <= names.keys() and set(litestate.__all__) <= set(dir(litestate))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        litestate.nothing  # noqa: B018


def test_a_submodule_does_not_hide_a_function() -> None:
    importlib.import_module("litestate.checkpoints")
    assert callable(litestate.checkpoints)


@pytest.mark.parametrize("name", TWINS)
def test_a_twin_has_the_same_signature(name: str) -> None:
    function, twin = getattr(litestate, name[1:]), getattr(litestate, name)
    assert inspect.signature(function) == inspect.signature(twin)
    assert "waiter" not in inspect.signature(function).parameters
    assert inspect.iscoroutinefunction(twin) and not inspect.iscoroutinefunction(function)
    assert (twin.__name__, twin.__module__) == (name, "litestate")


@pytest.mark.skipif(sys.platform == "emscripten", reason="no child processes")
def test_an_import_loads_little() -> None:
    code = "import litestate, sys; print(sum('litestate' in it.split('.') for it in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 120


SHADOWS = """
import sys
from pathlib import Path
sys.path[:0] = [""]
import litestate
for name in sys.stdlib_module_names - set(sys.modules):
    Path(f"{name}.py").write_text(f"open('ran', 'a').write('{name} ')")
for name in litestate.__all__:
    getattr(litestate, name)
text = "a variable"
Path("a.txt").write_text("a file")
litestate.save_state("all.litestate.zip", exclude=["*.py"], variables=True)
Path("a.txt").unlink()
litestate.load_state("all.litestate.zip", variables=True)
litestate.checkpoint()
Path("a.txt").write_text("changed")
litestate.checkpoint()
litestate.undo()
litestate.show_state()
assert not Path("ran").exists(), Path("ran").read_text()
"""


@pytest.mark.skipif(sys.platform == "emscripten", reason="needs a second Python")
def test_files_named_like_modules_of_python_are_not_run(tmp_path: Path) -> None:
    """Lazy imports load Python's own modules, not a bundle's files."""
    folder = str(Path(litestate.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", SHADOWS],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": folder},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
