"""IPython's shells, for tests."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest

_PLACES = ("displayhook", "excepthook", "ps1", "ps2", "ps3")
"""Where in `sys` a shell puts something of its own; ``ps1`` makes a session of the process."""


@contextmanager
def new_shell(module: ModuleType | None = None, *, as_the_one: bool = False) -> Iterator[Any]:
    """Make a shell, beside the kernel's own where there is one, and leave nothing of it.

    Parameters
    ----------
    module : ModuleType, optional
        Where its names are; one of its own, or it would put its namespace in the place of
        pytest's ``__main__``.
    as_the_one : bool, default: False
        Whether ``get_ipython()`` finds it.
    """
    pytest.importorskip("IPython", reason="IPython is not installed here; the kernel has it")
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    main = sys.modules["__main__"]
    before = {name: getattr(sys, name) for name in _PLACES if hasattr(sys, name)}
    kernels_own = InteractiveShell._instance
    if as_the_one:
        InteractiveShell.clear_instance()
    make = InteractiveShell.instance if as_the_one else InteractiveShell
    config = Config({"HistoryManager": {"enabled": False}})
    shell = make(config=config, user_module=module or ModuleType("cells"))
    try:
        yield shell
    finally:
        if as_the_one:
            InteractiveShell.clear_instance()
            for kind in InteractiveShell._walk_mro():
                kind._instance = kernels_own
        shell.restore_sys_module_state()
        sys.modules["__main__"] = main
        for name in _PLACES:
            if name in before:
                setattr(sys, name, before[name])
            elif hasattr(sys, name):
                delattr(sys, name)


def pretend_shell(patch: pytest.MonkeyPatch, shell: Any, *packages: str) -> None:
    """Let packages of litestate find a shell, or none, instead of that of this process.

    Parameters
    ----------
    patch : pytest.MonkeyPatch
        Undoes it.
    shell : InteractiveShell or None
        What they find.
    packages : str
        Names below ``litestate``.
    """
    for package in packages:
        importlib.import_module(f"litestate.{package}")
    names = tuple(f"litestate.{package}." for package in packages)
    for name, module in list(sys.modules.items()):
        if f"{name}.".startswith(names) and "ipython_shell" in vars(module):
            patch.setattr(module, "ipython_shell", lambda: shell)
