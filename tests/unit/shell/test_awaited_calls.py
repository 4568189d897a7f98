"""Calls of litestate's functions that are awaited where a browser cannot wait inside of a call."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from ipython_shells import new_shell
from litestate import waiting
from litestate.errors import NeedsAsyncError
from litestate.platform import IN_BROWSER
from litestate.shell.awaited_calls import NAMES, has_calls, load_ipython_extension
from litestate.waiting import AWAITED, Waiter, awaited, blocking, blocking_call

pytestmark = pytest.mark.skipif(IN_BROWSER, reason="one event loop runs already")


async def slowly(value: str) -> str:
    await asyncio.sleep(0)
    return value


@blocking
async def undo(waiter: Waiter, /, which: int = 0) -> str:
    return await waiter(slowly(f"undone {which}"), "its storage")


class Autosave:
    @blocking_call
    async def __call__(self, waiter: Waiter, /) -> str:
        return await waiter(slowly("on"), "its storage")


class Module:
    """Stands for ``import litestate``."""

    autosave = Autosave()
    undo = staticmethod(undo)


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """A shell in a browser that cannot wait inside of a call."""

    def refuse(coroutine: Any, advice: str) -> None:
        coroutine.close()
        raise NeedsAsyncError(advice)

    monkeypatch.setattr(waiting, "wait", refuse)
    with new_shell() as shell:
        shell.user_ns.update(litestate=Module, undo=undo)
        load_ipython_extension(shell)
        yield shell


def run(shell: InteractiveShell, source: str) -> Any:
    """Run a cell as JupyterLite's kernel does; return the names of the notebook."""
    code = shell.transform_cell(source)
    if shell.should_run_async(code, transformed_cell=code):
        result = asyncio.run(shell.run_cell_async(code, transformed_cell=code))
    else:
        result = shell.run_cell(code)
    result.raise_error()
    return shell.user_ns


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = litestate.autosave()", "on"),
        ("x = undo(3)", "undone 3"),
        ("x = [undo(which=2), undo()]", ["undone 2", "undone 0"]),
        ("if True:\n    for _ in range(2):\n        x = f'{undo()}!'", "undone 0!"),
        ("x: str = undo(1)", "undone 1"),
        ("x = await litestate_aundo(4)", "undone 4"),
        ("x = 1\nx = (undo(x), undo(int(undo(2)[-1])))", ("undone 1", "undone 2")),
    ],
)
def test_at_the_top_level(shell: InteractiveShell, source: str, expected: object) -> None:
    shell.user_ns["litestate_aundo"] = waiting.awaitable(undo)
    assert run(shell, source)["x"] == expected


def test_a_value_at_the_end_is_the_result(shell: InteractiveShell) -> None:
    code = "undo(7)"
    assert shell.should_run_async(code, transformed_cell=code)
    result = asyncio.run(shell.run_cell_async(code, transformed_cell=code))
    assert result.result == "undone 7"


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    return undo()\nf()",
        "(lambda: undo())()",
        "[undo() for _ in range(1)]",
        "class C:\n    x = undo()",
        "get_ipython().run_cell('undo()').raise_error()",
        "%time undo()",
        "%%time\nundo()",
    ],
)
def test_elsewhere_the_error_names_the_twin(shell: InteractiveShell, source: str) -> None:
    if source.startswith("%"):
        code = shell.transform_cell(source)
        shown: list[BaseException] = []
        shell.showtraceback = lambda *_, **__: shown.append(  # type: ignore[method-assign]
            sys.exception() or AssertionError()
        )
        assert not shell.should_run_async(code, transformed_cell=code)
        shell.run_cell(code)
        assert isinstance(shown[0], NeedsAsyncError)
        return
    with pytest.raises(NeedsAsyncError, match=r"await aundo\(\)"):
        run(shell, source)


def test_functions_of_the_user_keep_their_meaning(shell: InteractiveShell) -> None:
    run(shell, "def restore(*a, **k):\n    return a, k")
    assert run(shell, "x = restore(1, *[2], k=3)")["x"] == ((1, 2), {"k": 3})
    run(shell, "async def checkpoint(x):\n    return x")
    assert run(shell, "x = await checkpoint(5)")["x"] == 5
    with pytest.raises(ZeroDivisionError):
        run(shell, "def restore():\n    1 / 0\nrestore()")


def test_other_cells_are_left_alone(shell: InteractiveShell) -> None:
    for source in ("x = 1", "undone = 'undo'", "undo", "x = ("):
        assert not has_calls(source)
    code = "x = 1"
    assert not shell.should_run_async(code, transformed_cell=code)
    tree = compile("undo()", "<cell>", "exec", 0x400)
    assert shell.transform_ast(tree) is tree


def test_the_text_of_the_cell_is_unchanged(shell: InteractiveShell) -> None:
    code = "x = undo()"
    assert shell.should_run_async(code, transformed_cell=code)
    asyncio.run(shell.run_cell_async(code, store_history=True, transformed_cell=code))
    assert shell.user_ns["In"][-1] == "x = undo()"
    assert set(shell.user_ns) >= {"x"}
    assert not [name for name in shell.user_ns if "await" in name or name == "waiting"]


def test_every_function_with_a_twin_is_named() -> None:
    import litestate

    assert {name for name in litestate.__all__ if f"a{name}" in litestate.__all__} == NAMES
    for name in NAMES:
        twin = awaited(getattr(litestate, name))
        assert twin.__name__ == f"a{name}"
    assert AWAITED.is_awaited
