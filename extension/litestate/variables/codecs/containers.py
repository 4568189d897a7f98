"""Codecs for containers of the standard library."""

from __future__ import annotations

import sys
import types
from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any

from .payload_checks import FAR, check_hashes, listed, whole
from .registry import Codec, Get, Put, Value

APART = "the attributes of an object in it, also held as a dict (vars), become a separate dict"

_FACTORIES = {kind.__name__: kind for kind in (list, dict, set, int, float, str, tuple, bool)}
"""Factories that a defaultdict may call without trust: types without side effects."""

_SIMPLE = (str, int, float, complex, bool, bytes, types.NoneType)

_LEVELS = 4
"""Levels of nested tuples that determine the order of a set."""


def _sequence(value: Any, put: Put) -> list[Value]:
    return [put.plain(each) for each in value]


def _elements(value: Any, put: Put) -> list[Value]:
    return [put.value(each) for each in value]


def _set(value: Any, put: Put) -> list[Value]:
    return [put.value(each) for each in _sorted_items(value)]


def _frozenset(value: Any, put: Put) -> list[Value]:
    return [put.plain(each) for each in _sorted_items(value)]


def _sorted_items(value: Any) -> list[Any]:
    """Return the items of a set in a fixed order: its own order differs between processes."""
    return sorted(value, key=_sort_key)


def _sort_key(obj: Any, depth: int = 0) -> str:
    kind = type(obj)
    if any(kind is each for each in _SIMPLE):
        # Python limits decimal digits (sys.set_int_max_str_digits).
        return f"{kind.__name__} {hex(obj) if kind is int else repr(obj)}"
    if depth < _LEVELS and (kind is tuple or kind is frozenset):
        inside = [_sort_key(each, depth + 1) for each in obj]
        return f"{kind.__name__} {inside if kind is tuple else sorted(inside)}"
    return ""


def _read_all(payload: Any, get: Get) -> list[Any]:
    return [get.value(each) for each in listed(payload, get)]


def _keys(payload: Any, get: Get) -> list[Any]:
    found = [get.key(each) for each in listed(payload, get)]
    check_hashes(map(hash, found))
    return found


def _pairs(value: Any, put: Put) -> list[Value]:
    return [put.value(each) for pair in value.items() for each in pair]


def _fill_pairs(obj: Any, payload: Any, get: Get) -> None:
    found = listed(payload, get)
    if len(found) % 2:
        raise get.fail("a dictionary has a key without a value")
    keys, values = _keys(found[::2], get), _read_all(found[1::2], get)
    for key, value in zip(keys, values, strict=True):
        obj[key] = value


def _has_known_factory(value: Any) -> bool:
    made = value.default_factory
    return made is None or any(made is each for each in _FACTORIES.values())


def _factory(value: Any, put: Put) -> list[Any]:
    made = value.default_factory
    return [None if made is None else made.__name__, _pairs(value, put)]


def _make_defaultdict(payload: Any, get: Get) -> Any:
    name, _ = listed(payload, get, 2)
    if name is not None and (not isinstance(name, str) or name not in _FACTORIES):
        raise get.fail(f"a defaultdict may not make {name!r}")
    return defaultdict(None if name is None else _FACTORIES[name])


def _make_deque(payload: Any, get: Get) -> Any:
    length, _ = listed(payload, get, 2)
    # A limit above sys.maxsize, from another system, is never reached here.
    return deque(maxlen=None if length is None else min(whole(length, 0, FAR, get), sys.maxsize))


def _slice(value: slice, put: Put) -> list[Value]:
    return [put.plain(each) for each in (value.start, value.stop, value.step)]


def _read_slice(payload: Any, get: Get) -> slice:
    return slice(*(get.value(each) for each in listed(payload, get, 3)))


def _namespace(value: types.SimpleNamespace, put: Put) -> list[Value]:
    put.apart(vars(value), APART)
    return _pairs(vars(value), put)


def _fill_namespace(obj: Any, payload: Any, get: Get) -> None:
    found: dict[str, Any] = {}
    _fill_pairs(found, payload, get)
    if not all(type(key) is str for key in found):
        raise get.fail("invalid attribute name")
    vars(obj).update(found)


CODECS = (
    Codec(
        "list",
        (list,),
        _elements,
        lambda _, __: [],
        lambda obj, p, get: obj.extend(_read_all(p, get)),
    ),
    Codec("tuple", (tuple,), _sequence, lambda p, get: tuple(_read_all(p, get))),
    Codec("dict", (dict,), _pairs, lambda _, __: {}, _fill_pairs),
    Codec("set", (set,), _set, lambda _, __: set(), lambda obj, p, get: obj.update(_keys(p, get))),
    Codec("frozenset", (frozenset,), _frozenset, lambda p, get: frozenset(_keys(p, get))),
    Codec("OrderedDict", (OrderedDict,), _pairs, lambda _, __: OrderedDict(), _fill_pairs),
    Codec("Counter", (Counter,), _pairs, lambda _, __: Counter(), _fill_pairs),
    Codec(
        "defaultdict",
        (defaultdict,),
        _factory,
        _make_defaultdict,
        lambda obj, p, get: _fill_pairs(obj, p[1], get),
        accepts=_has_known_factory,
    ),
    Codec(
        "deque",
        (deque,),
        lambda v, put: [v.maxlen, _elements(v, put)],
        _make_deque,
        lambda obj, p, get: obj.extend(_read_all(p[1], get)),
    ),
    Codec(
        "SimpleNamespace",
        (types.SimpleNamespace,),
        _namespace,
        lambda _, __: types.SimpleNamespace(),
        _fill_namespace,
    ),
    Codec("slice", (slice,), _slice, _read_slice),
)
