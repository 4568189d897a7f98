"""What IPython's own commands in a cell may do to the notebook's variables."""

from __future__ import annotations

import ast
import re

IDENTIFIER = re.compile(r"[^\W\d]\w*")

RUN_CODE = frozenset({"time", "timeit", "prun", "capture"})
"""Magics whose line or body is Python, run in the notebook's namespace."""

_HARMLESS_LINES = frozenset(
    {
        "alias",
        "autocall",
        "automagic",
        "bookmark",
        "cat",
        "cd",
        "clear",
        "colors",
        "conda",
        "config",
        "cp",
        "dhist",
        "dirs",
        "doctest_mode",
        "env",
        "gui",
        "hist",
        "history",
        "less",
        "lf",
        "lk",
        "ll",
        "ls",
        "lsmagic",
        "lx",
        "magic",
        "mamba",
        "man",
        "matplotlib",
        "micromamba",
        "mkdir",
        "more",
        "mv",
        "notebook",
        "page",
        "pdef",
        "pdoc",
        "pfile",
        "pinfo",
        "pinfo2",
        "pip",
        "popd",
        "pprint",
        "precision",
        "psearch",
        "psource",
        "pushd",
        "pwd",
        "pycat",
        "quickref",
        "rehashx",
        "rm",
        "rmdir",
        "save",
        "sc",
        "set_env",
        "sx",
        "system",
        "tb",
        "unalias",
        "uv",
        "who",
        "who_ls",
        "whos",
        "xmode",
    }
)
_HARMLESS_CELLS = frozenset(
    {
        "!",
        "HTML",
        "SVG",
        "bash",
        "file",
        "html",
        "javascript",
        "js",
        "latex",
        "markdown",
        "perl",
        "pypy",
        "python",
        "python2",
        "python3",
        "ruby",
        "script",
        "sh",
        "svg",
        "sx",
        "system",
        "writefile",
    }
)
"""They use no variable, or only read some, or bind a name, and that is seen by what it is."""


def is_shell(node: ast.AST) -> bool:
    """Tell whether an expression is ``get_ipython()``."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "get_ipython"
        and not node.args
        and not node.keywords
    )


def code_of_call(call: ast.Call) -> tuple[str, str] | None:
    """Return what Python a command of IPython runs.

    Parameters
    ----------
    call : ast.Call
        ``get_ipython().run_line_magic('time', 'f()')`` and the like.

    Returns
    -------
    line, body : str
        Text of the options and code of the line, and code of the cell below it; both empty if it
        runs none. None if nobody knows what it does.
    """
    assert isinstance(call.func, ast.Attribute)
    texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
    if len(texts) != len(call.args) or not all(isinstance(text, str) for text in texts):
        return None
    match call.func.attr, texts:
        case (("system" | "getoutput"), [str(command)]):
            return _shown(command)
        case "run_line_magic", [str(name), str(line)] if name in RUN_CODE - {"capture"}:
            return line, ""
        case "run_line_magic", [str(name), str(line)] if name in _HARMLESS_LINES:
            return _shown(line)
        case "run_cell_magic", [str(name), str(line), str(body)] if name in RUN_CODE:
            return line, body
        case "run_cell_magic", [str(name), str(line), str(_)] if name in _HARMLESS_CELLS:
            return _shown(line)
    return None


def _shown(line: str) -> tuple[str, str] | None:
    """Return that text in which ``$x`` and ``{x}`` are replaced runs nothing, if that is so."""
    # `{f(x)}` is evaluated.
    return None if "{" in line and "(" in line else ("", "")
