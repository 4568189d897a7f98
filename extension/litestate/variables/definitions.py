"""What is the notebook's own: stored by value, where all else is stored by name."""

from __future__ import annotations

import sys
from types import FunctionType
from typing import Any

from .quiet import NOTEBOOK


def is_definition(obj: Any, namespace: dict[str, Any] | None = None) -> bool:
    """Tell whether this is a function or class that is stored by value."""
    if type(obj) is FunctionType:
        return not by_name(obj, namespace)
    if not issubclass(type(obj), type):
        return False
    heap, immutable = 1 << 9, 1 << 8
    is_python = obj.__flags__ & heap and not obj.__flags__ & immutable
    return bool(is_python) and not by_name(obj, namespace)


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
