"""Codecs for what holds other objects."""

from __future__ import annotations

import types
from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any

from .codecs import Codec, Get, OpaqueError, Put, Value
from .payloads import parts, whole

_FACTORIES = {kind.__name__: kind for kind in (list, dict, set, int, float, str, tuple, bool)}
"""What a defaultdict may make without trust: nothing that does something."""


def _sequence(value: Any, put: Put) -> list[Value]:
    return [put.plain(each) for each in value]


def _elements(value: Any, put: Put) -> list[Value]:
    return [put.value(each) for each in value]


def _set(value: Any, put: Put) -> list[Value]:
    # The order of a set is another one in every process.
    return sorted((put.value(each) for each in value), key=repr)


def _frozenset(value: Any, put: Put) -> list[Value]:
    return sorted((put.plain(each) for each in value), key=repr)


def _read_all(payload: Any, get: Get) -> list[Any]:
    return [get.value(each) for each in parts(payload, None, get)]


def _keys(payload: Any, get: Get) -> list[Any]:
    found = _read_all(payload, get)
    _check_hashable(found, get)
    return found


def _check_hashable(found: list[Any], get: Get) -> None:
    for each in found:
        try:
            hash(each)
        except TypeError:
            raise get.fail("a key is of a kind that is none") from None


def _pairs(value: Any, put: Put) -> list[Value]:
    return [put.value(each) for pair in value.items() for each in pair]


def _fill_pairs(obj: Any, payload: Any, get: Get) -> None:
    found = _read_all(payload, get)
    if len(found) % 2:
        raise get.fail("a dictionary has a key without a value")
    _check_hashable(found[::2], get)
    for key, value in zip(found[::2], found[1::2], strict=True):
        obj[key] = value


def _factory(value: Any, put: Put) -> list[Any]:
    name = getattr(value.default_factory, "__name__", None)
    if value.default_factory is not None and _FACTORIES.get(str(name)) is not value.default_factory:
        raise OpaqueError
    return [name if value.default_factory is not None else None, _pairs(value, put)]


def _make_defaultdict(payload: Any, get: Get) -> Any:
    name, _ = parts(payload, 2, get)
    if name is not None and name not in _FACTORIES:
        raise get.fail(f"a defaultdict may not make {name!r}")
    return defaultdict(None if name is None else _FACTORIES[name])


def _make_deque(payload: Any, get: Get) -> Any:
    length, _ = parts(payload, 2, get)
    return deque(maxlen=None if length is None else whole(length, get))


def _slice(value: slice, put: Put) -> list[Value]:
    return [put.plain(each) for each in (value.start, value.stop, value.step)]


def _read_slice(payload: Any, get: Get) -> slice:
    return slice(*(get.value(each) for each in parts(payload, 3, get)))


def _fill_namespace(obj: Any, payload: Any, get: Get) -> None:
    found: dict[str, Any] = {}
    _fill_pairs(found, payload, get)
    if not all(type(key) is str for key in found):
        raise get.fail("an attribute has a name that is none")
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
        lambda v, put: _pairs(vars(v), put),
        lambda _, __: types.SimpleNamespace(),
        _fill_namespace,
    ),
    Codec("slice", (slice,), _slice, _read_slice),
)
