"""Distinction of the notebook's own functions and classes from all others."""

from __future__ import annotations

import sys
from types import FunctionType
from typing import Any

NOTEBOOK = "__main__"

HEAP_TYPE, IMMUTABLE_TYPE = 1 << 9, 1 << 8
"""Py_TPFLAGS_HEAPTYPE, Py_TPFLAGS_IMMUTABLETYPE (CPython, Include/object.h)."""


def is_definition(obj: Any, namespace: dict[str, Any] | None = None) -> bool:
    """Tell whether an object is a function or class that is stored by value."""
    if type(obj) is FunctionType:
        return not by_name(obj, namespace)
    return issubclass(type(obj), type) and is_python(obj) and not by_name(obj, namespace)


def is_python(cls: type) -> bool:
    """Tell whether a class was defined by Python code."""
    return bool(cls.__flags__ & HEAP_TYPE and not cls.__flags__ & IMMUTABLE_TYPE)


def by_name(obj: Any, namespace: dict[str, Any] | None) -> bool:
    """Tell whether importing its module gives this very object."""
    home = getattr(obj, "__module__", None)
    if not isinstance(home, str) or home == NOTEBOOK:
        return False
    found: Any = sys.modules.get(home)
    if found is None or (namespace is not None and getattr(found, "__dict__", None) is namespace):
        return False
    try:
        for name in obj.__qualname__.split("."):
            found = getattr(found, name)
    except Exception:
        # A lazy module may raise anything.
        return False
    return found is obj


def interned(name: Any) -> Any:
    """Return a name as the one object that Python keeps of equal strings.

    A pickle stores each object once. Python interns the names in code, but not those of functions
    that came from a pickle; without this, two pickles of the same function would differ.
    """
    return sys.intern(name) if type(name) is str else name
