"""The notebook's own variables: their namespace and their names."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Mapping, Sequence
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, TypeAlias

from ..errors import SelectionError
from ..platform import ipython_shell
from .codecs.registry import package_of

Choice: TypeAlias = bool | str | Sequence[str] | None
"""Which variables: all (True), none (False), these, or the default for the place (None)."""

_OF_IPYTHON = frozenset({"In", "Out", "exit", "quit", "open", "get_ipython"})
"""Names of IPython's own objects, which a user may use for others."""

_RESERVED = _OF_IPYTHON | {"display"}
"""Names that other code relies on in IPython."""

_NOTHING = object()

_FUNCTIONS = (FunctionType, BuiltinFunctionType, MethodType)


def namespace() -> dict[str, Any]:
    """Return the names of this session: the notebook's, or those of ``__main__``."""
    shell = ipython_shell()
    return vars(sys.modules["__main__"]) if shell is None else shell.user_ns


def is_session() -> bool:
    """Tell whether this is an interactive session, of cells or lines."""
    return ipython_shell() is not None or hasattr(sys, "ps1")


def user_names(names: Mapping[str, Any]) -> list[str]:
    """Return the user's names among these, sorted, without those that start with ``_``."""
    return sorted(name for name in own_names(names) if not name.startswith("_"))


def own_names(names: Mapping[str, Any]) -> set[str]:
    """Return the names among these whose values are not IPython's or litestate's."""
    hidden = _hidden()
    return {
        name
        for name, value in names.items()
        if isinstance(name, str)
        and name.isidentifier()
        and not (name in _OF_IPYTHON and hidden.get(name, _NOTHING) is value)
        and not _is_ours(value)
    }


def is_initial(name: str, value: object) -> bool:
    """Tell whether a name has the value that IPython or a startup file has given it."""
    return _hidden().get(name, _NOTHING) is value


def take_away(name: str, names: dict[str, Any]) -> None:
    """Remove a name; give a name of IPython its own object back."""
    names.pop(name, None)
    hidden = _hidden()
    if name in _OF_IPYTHON and name in hidden:
        names[name] = hidden[name]


def is_reserved(name: str, names: Mapping[str, Any]) -> bool:
    """Tell whether a name is Python's, IPython's or litestate's, or hidden from users.

    Unless asked, litestate saves such a name only if a user has redefined a built-in.
    """
    return (
        name.startswith("_")
        or hasattr(builtins, name)
        or name in _RESERVED
        or name in _hidden()
        or _is_ours(names.get(name))
    )


def chosen(names: Mapping[str, Any], choice: Choice) -> list[str]:
    """Return the names that a choice selects.

    Raises
    ------
    SelectionError
        If the session has no such variable.
    """
    if choice is False:
        return []
    if choice is None or choice is True:
        return user_names(names)
    wanted = [choice] if isinstance(choice, str) else list(choice)
    for name in wanted:
        if not isinstance(name, str) or not name.isidentifier():
            raise SelectionError(f"variables= takes names, True or False, not {name!r}.")
        if name not in names:
            raise SelectionError(f"There is no variable {name!r} in this session.")
    return sorted(set(wanted))


def _is_ours(value: Any) -> bool:
    """Tell whether an object is litestate's module or part of its public interface."""
    package = __name__.partition(".")[0]
    if _package_of(value) != package:
        return False
    kind = type(value)
    if issubclass(kind, (type, ModuleType)) or any(kind is each for each in _FUNCTIONS):
        return True
    return any(value is each for each in vars(sys.modules[package]).values())


def _package_of(value: Any) -> str:
    """Return the package of an object without calling code of the user."""
    kind = type(value)
    if issubclass(kind, type):
        return package_of(value)
    if issubclass(kind, ModuleType):
        name = object.__getattribute__(value, "__dict__").get("__name__")
    elif any(kind is each for each in _FUNCTIONS):
        name = value.__module__
    else:
        return package_of(kind)
    return name.partition(".")[0] if isinstance(name, str) else package_of(kind)


def _hidden() -> Mapping[str, Any]:
    shell = ipython_shell()
    return getattr(shell, "user_ns_hidden", {}) if shell is not None else {}
