"""What to tell a person of a value."""

from __future__ import annotations

from typing import Any

_LONGEST = 30
"""Characters of a number."""


def about(value: Any, size: int) -> dict[str, Any]:
    """Describe a value: ``type``, ``text`` (how large it is) and ``size`` (bytes)."""
    return {"type": _type_of(value), "text": _text(value), "size": size}


def _type_of(value: Any) -> str:
    kind = value if isinstance(value, type) else type(value)
    prefix = "class " if isinstance(value, type) else ""
    return f"{prefix}{kind.__qualname__}"[:100]


def _text(value: Any) -> str:
    module = type(value).__module__.partition(".")[0]
    if module == "numpy" and hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{_shape(value.shape)} {value.dtype}".strip()
    if module == "pandas" and hasattr(value, "shape"):
        return _shape(value.shape)
    if type(value) in (list, tuple, dict, set, frozenset, bytes, bytearray):
        return f"{len(value):,} {'bytes' if type(value) in (bytes, bytearray) else 'items'}"
    if type(value) is str:
        return f"{len(value):,} characters"
    if type(value) in (int, float, bool, complex):
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
