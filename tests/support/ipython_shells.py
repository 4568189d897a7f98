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
"""Attributes of `sys` that a shell sets; ``ps1`` marks the process as interactive."""


@contextmanager
def new_shell(module: ModuleType | None = None, *, as_the_one: bool = False) -> Iterator[Any]:
    """Make a shell, beside the kernel's own where there is one, and remove it afterwards.

    Parameters
    ----------
    module : ModuleType, optional
        The module of its names. By default a new one: otherwise the shell would replace
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
    """Make packages of litestate find the given shell, or none, instead of this process's.

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
