"""A shell with a checkpoint after each cell, and a full scan to compare with."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest
from checkpoint_kernels import Kernel
from ipython_shells import new_shell, pretend_shell
from litestate.variables.changes import tracker
from litestate.variables.changes.cell_watch import Watch
from variable_kernels import Notebook


class Tracked(Notebook):
    """A kernel with autosave whose cells run in a shell of IPython.

    Attributes
    ----------
    full : int
        Number of full scans.
    encoded_names : set of str
        Names of the variables that were encoded.
    succeeded : bool
        Whether the last cell did.
    """

    def __init__(self, kernel: Kernel, shell: Any) -> None:
        self.kernel = kernel
        self.shell = shell
        self.names = shell.user_ns
        self.watch = Watch(shell)
        self.full = 0
        self.encoded_names: set[str] = set()
        self.succeeded = False
        kernel.options = {"variables": True, "watch": self.watch.take}
        kernel.reopen()

    def run(self, code: str) -> None:
        self.succeeded = self.shell.run_cell(code, store_history=True).success

    def missed(self) -> str:
        """Return the differences of the newest checkpoint from a full scan; empty if none."""
        stored, now = self.stored_variables(), self.here()
        return "".join(
            f"\n{name}: stored {stored.get(name, b'')[:500]!r}, now {now.get(name, b'')[:500]!r}"
            for name in sorted(stored.keys() | now.keys())
            if stored.get(name) != now.get(name)
        )


@contextmanager
def tracked(kernel: Kernel, patch: pytest.MonkeyPatch) -> Iterator[Tracked]:
    """Make a kernel with autosave, and a shell of its own, for one test."""
    module = ModuleType("__main__")
    with new_shell(module) as shell:
        patch.setitem(sys.modules, "__main__", module)
        pretend_shell(patch, shell, "variables")
        made = Tracked(kernel, shell)
        whole: Any = vars(tracker)["whole"]

        def counted(*arguments: Any) -> Any:
            made.full += 1
            return whole(*arguments)

        encode_variable: Any = vars(tracker)["encode_variable"]

        def noted(name: str, values: Any) -> Any:
            made.encoded_names.add(name)
            return encode_variable(name, values)

        patch.setattr(tracker, "whole", counted)
        patch.setattr(tracker, "encode_variable", noted)
        try:
            yield made
        finally:
            made.watch.close()
