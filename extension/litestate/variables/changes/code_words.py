"""Names in code, and whether it may reach variables that it does not name."""

from __future__ import annotations

import ast
import dis
import re
import sys
from types import CodeType
from typing import Any
from weakref import ReferenceType, ref

NAMES = frozenset({"exec", "eval", "globals", "get_ipython", "breakpoint", "execfile"})
"""Functions that reach any variable from wherever they are called."""

HERE = frozenset({"locals", "vars"})
"""Functions that do so outside of functions only (`vars` without an argument)."""

MODULES = frozenset({"__main__", "builtins", "__builtins__"})
"""Modules that lead to the variables, or to those functions."""

RUNNERS = frozenset(
    {
        *("doctest", "unittest", "cProfile", "profile", "trace", "runpy", "pdb", "bdb", "code"),
        *("pickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve"),
    }
)
"""Modules that run code among the notebook's variables, or find classes there by name."""

ATTRIBUTES = frozenset(
    {
        *("modules", "read_pickle", "last_value", "last_exc", "last_traceback"),
        *("user_ns", "user_global_ns", "user_module", "f_globals", "f_locals", "__globals__"),
        *("_getframe", "currentframe", "set_trace", "get_ipython"),
        *("get_objects", "get_referrers", "__main__"),
    }
)
"""Attributes that lead to the variables."""

LATER = frozenset(
    {
        *("create_task", "ensure_future", "call_later", "call_soon", "call_at"),
        *("call_soon_threadsafe", "run_coroutine_threadsafe", "TaskGroup", "gather"),
        *("Thread", "Timer", "ThreadPoolExecutor", "submit", "run_in_executor", "to_thread"),
        *("observe", "on_click", "on_submit", "on_msg", "on_trait_change"),
        *("interact", "interactive", "interactive_output"),
        *("mpl_connect", "new_timer", "FuncAnimation", "add_done_callback"),
        *("create_proxy", "create_once_callable", "addEventListener", "add_event_listener"),
        *("setTimeout", "setInterval", "finalize"),
    }
)
"""Names and attributes that start or register something that runs after the cell."""

FUNCTIONS = frozenset(map(id, (exec, eval, globals, locals, vars, breakpoint)))
"""Identities of the functions of `NAMES` and `HERE`, under whatever name code has them."""

IDENTIFIER = re.compile(r"[^\W\d]\w*")

RUN_CODE = frozenset({"time", "timeit", "prun", "capture"})
"""Magics whose line or body is Python, run in the notebook's namespace."""

_HARMLESS_LINES = frozenset(
    {
        *("alias", "autocall", "automagic", "bookmark", "cat", "cd", "clear", "colors", "conda"),
        *("config", "cp", "dhist", "dirs", "doctest_mode", "env", "gui", "hist", "history"),
        *("less", "lf", "lk", "ll", "ls", "lsmagic", "lx", "magic", "mamba", "man", "matplotlib"),
        *("micromamba", "mkdir", "more", "mv", "notebook", "page", "pdef", "pdoc", "pfile"),
        *("pinfo", "pinfo2", "pip", "popd", "pprint", "precision", "psearch", "psource"),
        *("pushd", "pwd", "pycat", "quickref", "rehashx", "rm", "rmdir", "save", "sc", "set_env"),
        *("sx", "system", "tb", "unalias", "uv", "who", "who_ls", "whos", "xmode"),
    }
)
_HARMLESS_CELLS = frozenset(
    {
        *("!", "HTML", "SVG", "bash", "file", "html", "javascript", "js", "latex", "markdown"),
        *("perl", "pypy", "python", "python2", "python3", "ruby", "script", "sh", "svg", "sx"),
        *("system", "writefile"),
    }
)
"""Magics that use no variable, or only read some, or bind a name, which is seen anyway."""

_MOST_CODES = 10_000
_globals: dict[int, tuple[ReferenceType[CodeType], frozenset[str]]] = {}
"""Cache of `globals_in` by id of the code object: disassembling takes longer than walking to it."""


def is_ipython(obj: object) -> bool:
    """Tell whether an object is a shell of IPython, which has all variables."""
    module: Any = sys.modules.get("IPython.core.interactiveshell")
    return module is not None and issubclass(type(obj), module.InteractiveShell)


def words_of(code: CodeType) -> set[str]:
    """Return the names of globals and attributes in a code object and in those inside it."""
    return {name for one in _codes(code) for name in one.co_names}


def globals_in(code: CodeType) -> frozenset[str]:
    """Return the names of globals in a code object and in those inside it."""
    known = _globals.get(id(code))
    if known is not None and known[0]() is code:
        return known[1]
    found = frozenset(
        str(instruction.argval)
        for one in _codes(code)
        for instruction in dis.get_instructions(one)
        if instruction.opname.endswith(("_GLOBAL", "_NAME"))
    )
    if len(_globals) >= _MOST_CODES:
        _globals.clear()
    _globals[id(code)] = ref(code), found
    return found


def reaches_anything(code: CodeType, words: set[str]) -> bool:
    """Tell whether code may reach any variable.

    Parameters
    ----------
    code : code
        Of a function.
    words : set of str
        Its `words_of`.
    """
    return (
        not (MODULES | ATTRIBUTES).isdisjoint(words)
        or any("__main__" in one.co_consts and "__name__" not in words for one in _codes(code))
        or any(_is_global(code, name) for name in NAMES & words)
    )


def _codes(code: CodeType) -> list[CodeType]:
    codes = [code]
    for one in codes:
        codes += [const for const in one.co_consts if isinstance(const, CodeType)]
    return codes


def _is_global(code: CodeType, name: str) -> bool:
    """Tell whether a name is that of a global, and not only of an attribute."""
    return any(
        instruction.argval == name and instruction.opname.endswith(("_GLOBAL", "_NAME"))
        for one in _codes(code)
        if name in one.co_names
        for instruction in dis.get_instructions(one)
    )


def is_get_ipython(node: ast.AST) -> bool:
    """Tell whether an expression is ``get_ipython()``."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "get_ipython"
        and not node.args
        and not node.keywords
    )


def code_of_magic(call: ast.Call) -> tuple[str, str] | None:
    """Return the Python code that a command of IPython runs.

    Parameters
    ----------
    call : ast.Call
        ``get_ipython().run_line_magic('time', 'f()')`` and the like.

    Returns
    -------
    line, body : str
        Text of the options and code of the line, and code of the cell below it; both empty if the
        command runs none. None if its effect is unknown.
    """
    assert isinstance(call.func, ast.Attribute)
    texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
    if len(texts) != len(call.args) or not all(isinstance(text, str) for text in texts):
        return None
    match call.func.attr, texts:
        case (("system" | "getoutput"), [str(command)]):
            return _without_code(command)
        case "run_line_magic", [str(name), str(line)] if name in RUN_CODE - {"capture"}:
            return line, ""
        case "run_line_magic", [str(name), str(line)] if name in _HARMLESS_LINES:
            return _without_code(line)
        case "run_cell_magic", [str(name), str(line), str(body)] if name in RUN_CODE:
            return line, body
        case "run_cell_magic", [str(name), str(line), str(_)] if name in _HARMLESS_CELLS:
            return _without_code(line)
    return None


def _without_code(line: str) -> tuple[str, str] | None:
    """Return that no code runs, unless IPython may evaluate a ``{f(x)}`` in the line."""
    return None if "{" in line and "(" in line else ("", "")
