"""Search for variables that still refer to objects which a restore has replaced.

No code of the objects runs.
"""

from __future__ import annotations

import gc
import io
import re
import sys
from collections import deque
from collections.abc import Iterable, Mapping
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

from .codecs.registry import package_of
from .namespace import own_names

_OLD = 20_000
"""Objects inside a replaced value that are searched."""

_EACH = 2_000
"""Objects inside a variable that are searched."""

_OF_OTHERS = re.compile(r"_+(i*|\d+|i\d+|[ido]h|exit_code)?|__.*__")
"""Names of Python, and those of IPython for earlier inputs and outputs."""

_CONTAINERS = (list, dict, set, bytearray, deque, io.StringIO, io.BytesIO)

_APART = (type, ModuleType, CodeType, str, bytes, int, float, complex, type(None))
"""Types of objects that are in many places and are not changed."""


def left_behind(
    current: Mapping[str, Any], old: Mapping[str, Any], but: Iterable[str] = ()
) -> dict[str, list[str]]:
    """Return for each variable the names to whose old objects it still refers.

    Parameters
    ----------
    current : mapping
        The variables now.
    old : mapping
        Old values of the names that were replaced or removed.
    but : iterable of str
        Names that will be replaced too.
    """
    gone = {name: value for name, value in old.items() if _matters(value)}
    if not gone:
        return {}
    here = {id(obj) for name in old for obj in _reached(current.get(name), _OLD, current)}
    whose: dict[int, str] = {}
    for name, value in sorted(gone.items()):
        for obj in _reached(value, _OLD, current):
            if (obj is value or _is_shared(obj)) and id(obj) not in here:
                whose.setdefault(id(obj), name)
    found: dict[str, list[str]] = {}
    for name in sorted(own_names(current) - old.keys() - set(but)):
        if _OF_OTHERS.fullmatch(name):
            continue
        reached = map(id, _reached(current[name], _EACH, current))
        if held := {whose[key] for key in reached if key in whose}:
            found[name] = sorted(held)
    return found


def sentences(found: Mapping[str, list[str]]) -> list[str]:
    """Return warnings for a report."""
    return [
        f"{name} still holds the previous value of {' and '.join(held)}: it neither shows nor "
        f"changes the restored one. Make {name} again."
        for name, held in found.items()
    ]


def _matters(value: Any) -> bool:
    """Tell whether a change of an object could be visible elsewhere."""
    return not issubclass(type(value), (*_APART, FunctionType, BuiltinFunctionType))


def _is_shared(obj: Any) -> bool:
    """Tell whether notebooks change such objects: containers and objects of their own classes."""
    kind = type(obj)
    return kind in _CONTAINERS or package_of(kind) in ("__main__", "sqlite3") or _is_array(kind)


def _is_array(kind: type) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and kind is numpy.ndarray


def _inside(obj: Any) -> Iterable[Any]:
    if _is_array(type(obj)):
        # The garbage collector does not follow arrays.
        return [obj.base, *(obj.ravel("K")[:_EACH] if obj.dtype.hasobject else ())]
    if type(obj) is not FunctionType:
        return gc.get_referents(obj)
    # Not its globals: functions find them by name.
    values = (obj.__closure__, obj.__defaults__, obj.__kwdefaults__, obj.__dict__)
    return [value for value in values if value]


def _reached(start: Any, limit: int, names: Mapping[str, Any]) -> Iterable[Any]:
    """Yield an object and the objects inside it, up to a limit."""
    todo, seen = deque([start]), {id(start), id(names), id(sys.modules)}
    while todo and limit:
        obj = todo.popleft()
        if issubclass(type(obj), _APART):
            continue
        limit -= 1
        yield obj
        for each in _inside(obj):
            if id(each) not in seen:
                seen.add(id(each))
                todo.append(each)
