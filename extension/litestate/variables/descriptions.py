"""Descriptions of variables for users: type, shape or length, and size."""

from __future__ import annotations

from types import BuiltinFunctionType, ModuleType
from typing import Any

from .codecs.imported import name_of, place_of
from .codecs.registry import package_of

_SIZED = (list, tuple, dict, set, frozenset, bytes, bytearray)

# Bypasses attributes that a metaclass defines.
_NAME_OF = type.__dict__["__qualname__"].__get__

_LONGEST = 30
"""Characters shown of a number."""


def describe(value: Any, size: int) -> dict[str, Any]:
    """Describe a value for users: ``type``, ``text`` (its shape or length) and ``size`` (bytes)."""
    return {"type": _type_of(value), "text": _text(value), "size": size}


def _type_of(value: Any) -> str:
    is_class = issubclass(type(value), type)
    name = _NAME_OF(value if is_class else type(value))
    if type(value) is BuiltinFunctionType:
        name = "function"
    return f"{'class ' if is_class else ''}{name}"[:100]


def _text(value: Any) -> str:
    kind, package = type(value), package_of(type(value))
    if package == "numpy" and hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{_shape(value.shape)} {value.dtype}".strip()
    if package == "pandas" and hasattr(value, "shape"):
        return _shape(value.shape)
    if any(kind is each for each in _SIZED):
        what = "byte" if kind is bytes or kind is bytearray else "item"
        return _counted(len(value), what)
    if kind is str:
        return _counted(len(value), "character")
    if any(kind is each for each in (int, float, bool, complex)):
        return _number(value)
    if kind is ModuleType:
        return name_of(value) or ""
    if kind is BuiltinFunctionType:
        return ".".join(place_of(value) or ())
    return ""


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _number(value: complex) -> str:
    try:
        text = repr(value)
    except ValueError:
        return "a number of very many digits"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{length:,}" for length in shape)
