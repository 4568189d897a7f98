"""Calls of litestate's functions are awaited, in browsers that cannot wait inside of a call.

Such a browser lacks JSPI. There ``autosave()`` could only raise an error that asks for ``await
aautosave()``, and a notebook that was written in another browser would stop at it. But every cell
may have ``await`` at its top level, so it is put in there: not into the text, but into the syntax
tree of the cell. A call inside of a function cannot be awaited, and still raises the error.

This module is an extension of IPython. ``kernel/litestate.mjs`` lets the kernel load it, before
the first cell, only where JSPI is missing.
"""

from __future__ import annotations

import ast
from typing import Any

from .cell_hooks import cell_frames

NAMES = frozenset(
    ("autosave", "checkpoint", "checkpoints", "load_state", "restore", "save_state", "undo")
)
"""The functions that have a twin for ``await``."""

_TWIN = "__import__('litestate.waiting', fromlist=['awaited']).awaited(function)"
"""Expression for the function to await in place of ``function``, whatever the notebook defines."""

_SCOPES: tuple[type[ast.AST], ...] = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    # New in Python 3.12.
    getattr(ast, "TypeAlias", ast.Lambda),
)


def load_ipython_extension(shell: Any) -> None:
    """Await calls in the cells of a shell from now on."""
    Awaiting(shell).start()


class Awaiting(ast.NodeTransformer):
    """Puts ``await`` before calls, in the syntax trees of cells that can wait.

    The kernel asks ``should_run_async`` whether the cell that comes next awaits. After a yes it
    runs the cell in a way that can wait, and the next tree is the one of this cell. Other code,
    such as the body of ``%%time`` or a cell that a cell runs, cannot wait and stays as it is.

    Parameters
    ----------
    shell : InteractiveShell
        The shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._decide = shell.should_run_async
        self._transform = shell.transform_ast
        self._is_next = False

    def start(self) -> None:
        """Take part in the shell's running of cells."""
        self._shell.should_run_async = self._should_run_async
        # Not in ast_transformers, which is a setting of the user's.
        self._shell.transform_ast = self._transform_ast

    def _should_run_async(
        self, raw_cell: str, *, transformed_cell: str | None = None, **options: Any
    ) -> bool:
        decided = self._decide(raw_cell, transformed_cell=transformed_cell, **options)
        is_python = options.get("preprocessing_exc_tuple") is None
        self._is_next = (
            is_python
            and self._shell.autoawait
            and transformed_cell is not None
            and not cell_frames(self._shell)
            and has_calls(transformed_cell)
        )
        return bool(decided) or self._is_next

    def _transform_ast(self, tree: ast.AST) -> ast.AST:
        found: ast.AST = self._transform(tree)
        if self._is_next:
            self._is_next = False
            found = ast.fix_missing_locations(self.visit(found))
        return found

    def visit(self, node: ast.AST) -> Any:
        """Transform a node of the cell's own scope."""
        # A new scope is a function or runs like one, and is not of this cell's coroutine.
        return node if isinstance(node, _SCOPES) else super().visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Leave the annotation as it is: there, nothing can be awaited."""
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Replace ``function(…)`` by ``await twin(…)``."""
        self.generic_visit(node)
        if _name(node) not in NAMES:
            return node
        twin: Any = ast.parse(_TWIN, mode="eval").body
        for part in ast.walk(twin):
            # A traceback marks the whole call.
            ast.copy_location(part, node)
        twin.args, node.func = [node.func], twin
        return ast.copy_location(ast.Await(node), node)


def has_calls(source: str) -> bool:
    """Return whether Python source may have calls to be awaited at its top level."""
    if not any(name in source for name in NAMES):
        return False
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        # It runs as it would otherwise, and has the same error.
        return False
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call) and _name(node) in NAMES:
            return True
        waiting += [each for each in ast.iter_child_nodes(node) if not isinstance(each, _SCOPES)]
    return False


def _name(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
