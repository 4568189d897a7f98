"""The part "random" of the session: the state of ``random`` and ``numpy.random``."""

from __future__ import annotations

import base64
import binascii
import random
import sys
from collections.abc import Callable
from typing import Any

from ..bundle.json_checks import damaged, mapping, number, text, whole
from ..host.installed_modules import module_or_reason
from .apply_result import Applied

_WORDS = 624
"""32-bit words of the Mersenne Twister's state."""

_UINT32 = 2**32 - 1

_Check = Callable[[Any, str], object]


def describe() -> dict[str, Any]:
    """Return the state of ``random``, and of ``numpy.random`` if that is imported.

    Returns
    -------
    dict
        ``python``: ``words`` (base64 of little-endian 32-bit integers), ``position``, ``gauss``.
        ``numpy``: ``generator`` (the class), ``state`` (as ``BitGenerator.state`` has it; arrays
        as ``{"dtype", "data"}``), ``gauss`` (the second number of a pair, or None).
    """
    _, words, gauss = random.getstate()
    document: dict[str, Any] = {
        "python": {
            "words": _packed(b"".join(word.to_bytes(4, "little") for word in words[:_WORDS])),
            "position": words[_WORDS],
            "gauss": gauss,
        }
    }
    numpy = sys.modules.get("numpy")
    # It is missing while numpy is being imported, or if the notebook has replaced it.
    legacy = getattr(getattr(numpy, "random", None), "get_state", None)
    if legacy is not None:
        state = legacy(legacy=False)
        if state["bit_generator"] in _CHECKS:
            document["numpy"] = {
                "generator": state["bit_generator"],
                "state": {name: _plain(value) for name, value in _inner(state).items()},
                "gauss": float(state["gauss"]) if state["has_gauss"] else None,
            }
    return document


def check(document: dict[str, Any]) -> None:
    """Refuse a document that litestate would not have written.

    NumPy does not check this: it accepts states that make it read outside of its memory.

    Raises
    ------
    DamagedBundleError
        With the reason.
    """
    if "python" in document:
        state = mapping(document["python"], "The random state")
        _check_words(state.get("words"), "The random state")
        whole(state.get("position"), "The random state's position", 0, _WORDS)
        _check_gauss(state.get("gauss"))
    if "numpy" in document:
        state = mapping(document["numpy"], "NumPy's random state")
        checks = _CHECKS.get(text(state.get("generator"), "The random generator", 100))
        if checks is None:
            raise damaged("NumPy's random state", "is of an unknown generator")
        inner = mapping(state.get("state"), "NumPy's random state")
        if inner.keys() != checks.keys():
            raise damaged("NumPy's random state", "does not have the parts of its generator")
        for name, check_part in checks.items():
            check_part(inner[name], f"NumPy's random state ({name})")
        _check_gauss(state.get("gauss"))


def apply(document: dict[str, Any], *, trusted: bool) -> Applied:
    """Set the saved state, so that the next random numbers are the same.

    Parameters
    ----------
    document : dict
        A checked document of `describe`.
    trusted : bool
        Whether to import numpy from anywhere.
    """
    applied = Applied()
    done: list[str] = []
    if "python" in document:
        state = document["python"]
        before = random.getstate()
        data = base64.b64decode(state["words"])
        words = [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]
        try:
            random.setstate((3, (*words, state["position"]), state["gauss"]))
        except (ValueError, TypeError) as error:
            applied.skip("state of random", f"does not fit this Python ({error})")
        else:
            applied.on_undo(lambda: random.setstate(before))
            done.append("random")
    if "numpy" in document and _apply_numpy(document["numpy"], applied, trusted):
        done.append("numpy.random")
    if done:
        applied.lines.append(f"random numbers continue where they stopped ({', '.join(done)})")
    return applied


def _apply_numpy(document: dict[str, Any], applied: Applied, trusted: bool) -> bool:
    numpy, reason = module_or_reason("numpy", trusted=trusted)
    if numpy is None:
        applied.skip("state of numpy.random", reason)
        return False
    legacy = numpy.random
    name = document["generator"]
    before = legacy.get_state(legacy=False)
    gauss = document["gauss"]
    inner = {part: _array(value, numpy) for part, value in document["state"].items()}
    state = {
        "bit_generator": name,
        **({"state": inner} if name not in _FLAT else {}),
        "has_gauss": int(gauss is not None),
        "gauss": 0.0 if gauss is None else gauss,
    }
    if name in _FLAT:
        state.update(_nested(inner))
    try:
        previous = _switch(legacy, name)
        legacy.set_state(state)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        applied.skip("state of numpy.random", f"does not fit this NumPy ({error})")
        return False
    applied.on_undo(lambda: legacy.set_state(before))
    if previous is not None:
        applied.on_undo(lambda: legacy.set_bit_generator(previous))
    return True


def _switch(legacy: Any, name: str) -> Any:
    """Give ``numpy.random`` a bit generator of this class; return the replaced one, or None."""
    if legacy.get_state(legacy=False)["bit_generator"] == name:
        return None
    previous = legacy.get_bit_generator()
    legacy.set_bit_generator(getattr(legacy, name)())
    return previous


def _inner(state: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of a state, in one level."""
    inner = dict(state["state"])
    if state["bit_generator"] in _FLAT:
        rest = ("has_gauss", "gauss", "bit_generator", "state")
        inner.update({name: value for name, value in state.items() if name not in rest})
    return inner


def _nested(inner: dict[str, Any]) -> dict[str, Any]:
    outside = ("has_uint32", "uinteger", "buffer", "buffer_pos")
    state = {name: value for name, value in inner.items() if name not in outside}
    return {"state": state, **{name: inner[name] for name in outside if name in inner}}


def _plain(value: Any) -> Any:
    if hasattr(value, "dtype") and value.ndim:
        data = value.astype(value.dtype.newbyteorder("<")).tobytes()
        return {"dtype": value.dtype.name, "data": _packed(data)}
    return int(value)


def _array(value: Any, numpy: Any) -> Any:
    if not isinstance(value, dict):
        return value
    dtype = numpy.dtype(value["dtype"])
    stored = numpy.frombuffer(base64.b64decode(value["data"]), dtype.newbyteorder("<"))
    return stored.astype(dtype)


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _check_words(value: Any, what: str, count: int = _WORDS, size: int = 4) -> bytes:
    try:
        data = base64.b64decode(text(value, what, 10_000), validate=True)
    except (binascii.Error, ValueError):
        raise damaged(what, "is not base64") from None
    if len(data) != count * size:
        raise damaged(what, f"does not have {count * size} bytes")
    return data


def _check_gauss(value: Any) -> None:
    if value is not None:
        number(value, "The random state's second normal number")


def _words(count: int, dtype: str) -> _Check:
    def check_array(value: Any, what: str) -> None:
        array = mapping(value, what)
        if array.get("dtype") != dtype:
            raise damaged(what, f"is not {dtype}")
        _check_words(array.get("data"), what, count, 4 if dtype == "uint32" else 8)

    return check_array


def _up_to(most: int) -> _Check:
    return lambda value, what: whole(value, what, 0, most)


_HALF = {"has_uint32": _up_to(1), "uinteger": _up_to(_UINT32)}
_PCG = {"state": _up_to(2**128 - 1), "inc": _up_to(2**128 - 1), **_HALF}

# As BitGenerator.state has them (numpy/random/_mt19937.pyx, _pcg64.pyx, _philox.pyx, _sfc64.pyx).
_CHECKS: dict[str, dict[str, _Check]] = {
    "MT19937": {"key": _words(_WORDS, "uint32"), "pos": _up_to(_WORDS)},
    "PCG64": _PCG,
    "PCG64DXSM": _PCG,
    "Philox": {
        "counter": _words(4, "uint64"),
        "key": _words(2, "uint64"),
        "buffer": _words(4, "uint64"),
        "buffer_pos": _up_to(4),
        **_HALF,
    },
    "SFC64": {"state": _words(4, "uint64"), **_HALF},
}

_FLAT = frozenset(_CHECKS) - {"MT19937"}
"""Generators with some parts of their state outside of ``state``."""
