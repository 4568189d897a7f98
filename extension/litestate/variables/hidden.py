"""The words in Python code that say it may reach variables that it does not name."""

from __future__ import annotations

import sys
from typing import Any

NAMES = frozenset({"exec", "eval", "globals", "get_ipython", "breakpoint", "execfile"})
"""Functions that get at any variable from wherever they are called."""

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
        "modules",
        "read_pickle",
        "last_value",
        "last_exc",
        "last_traceback",
        "user_ns",
        "user_global_ns",
        "user_module",
        "f_globals",
        "f_locals",
        "__globals__",
        "_getframe",
        "currentframe",
        "set_trace",
        "get_ipython",
        "get_objects",
        "get_referrers",
        "__main__",
    }
)
"""Attributes that lead to the variables."""

LATER = frozenset(
    {
        "create_task",
        "ensure_future",
        "call_later",
        "call_soon",
        "call_at",
        "call_soon_threadsafe",
        "run_coroutine_threadsafe",
        "TaskGroup",
        "gather",
        "Thread",
        "Timer",
        "ThreadPoolExecutor",
        "submit",
        "run_in_executor",
        "to_thread",
        "observe",
        "on_click",
        "on_submit",
        "on_msg",
        "on_trait_change",
        "interact",
        "interactive",
        "interactive_output",
        "mpl_connect",
        "new_timer",
        "FuncAnimation",
        "add_done_callback",
        "create_proxy",
        "create_once_callable",
        "addEventListener",
        "add_event_listener",
        "setTimeout",
        "setInterval",
        "finalize",
    }
)
"""Names and attributes with which something is started, or registered, that runs after the cell."""

FUNCTIONS = frozenset(map(id, (exec, eval, globals, locals, vars, breakpoint)))
"""Identities of those functions, whatever they are called."""


def is_ipython(obj: object) -> bool:
    """Tell whether an object is a shell of IPython, which has all variables."""
    module: Any = sys.modules.get("IPython.core.interactiveshell")
    return module is not None and issubclass(type(obj), module.InteractiveShell)
