"""What to tell a person of a value."""

from __future__ import annotations

from typing import Any

from .codecs import package_of

_SIZED = (list, tuple, dict, set, frozenset, bytes, bytearray)

# Without what a metaclass may have in its place.
_NAME_OF = type.__dict__["__qualname__"].__get__

_LONGEST = 30
"""Characters of a number."""


def about(value: Any, size: int) -> dict[str, Any]:
    """Describe a value: ``type``, ``text`` (how large it is) and ``size`` (bytes)."""
    return {"type": _type_of(value), "text": _text(value), "size": size}


def _type_of(value: Any) -> str:
    is_class = issubclass(type(value), type)
    name = _NAME_OF(value if is_class else type(value))
    return f"{'class ' if is_class else ''}{name}"[:100]


def _text(value: Any) -> str:
    kind, package = type(value), package_of(type(value))
    if package == "numpy" and hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{_shape(value.shape)} {value.dtype}".strip()
    if package == "pandas" and hasattr(value, "shape"):
        return _shape(value.shape)
    if any(kind is each for each in _SIZED):
        return f"{len(value):,} {'bytes' if kind is bytes or kind is bytearray else 'items'}"
    if kind is str:
        return f"{len(value):,} characters"
    if any(kind is each for each in (int, float, bool, complex)):
        return _number(value)
    return ""


def _number(value: complex) -> str:
    try:
        text = repr(value)
    except ValueError:
        return "a number of very many digits"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{length:,}" for length in shape)
