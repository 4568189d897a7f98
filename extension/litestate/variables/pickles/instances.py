"""Pickling of objects of the notebook's classes, so that unpickling runs none of their code.

Pickle calls ``__new__``, ``append``, ``__setitem__`` and the like of a class before the object has
its attributes, and looks up ``__setstate__`` on an empty object. Few classes are written for that:
``__new__`` requires a name, ``__getattr__`` and ``__setitem__`` read an attribute. So the first
base that is not the notebook's makes and fills the object, and attributes are set directly. A
class that defines its own pickling keeps it.

Pickles call `make`, `make_called`, `set_early` and `complete` through `rebuilding`.
"""

from __future__ import annotations

import array
import collections
import copyreg
import datetime
import decimal
import fractions
import pathlib
import sys
from types import FunctionType
from typing import Any

from .definitions import by_name, is_definition
from .delayed_fill import fill

_HEAP, _IMMUTABLE = 1 << 9, 1 << 8
"""Py_TPFLAGS_HEAPTYPE, Py_TPFLAGS_IMMUTABLETYPE (CPython, Include/object.h)."""

_OWN = ("__reduce__", "__reduce_ex__", "__getnewargs__", "__getnewargs_ex__")

_LOSE_ATTRIBUTES = (
    *(collections.defaultdict, collections.Counter, decimal.Decimal, fractions.Fraction),
    *(datetime.date, datetime.time, datetime.timedelta, datetime.tzinfo, pathlib.PurePath),
)
"""Types for whose subclasses pickle stores no attributes."""

_FILLED = (list, dict, set, collections.deque)
"""Types whose subclasses pickle fills with their own methods."""

_CALLED = (*_LOSE_ATTRIBUTES, *_FILLED, frozenset, bytearray, array.array)
"""Types whose subclasses pickle calls with the arguments of the base."""


def is_pickled_by_library(kind: type, namespace: dict[str, Any] | None) -> bool:
    """Tell whether a class cannot be imported, and a library defines its pickling."""
    if not _is_own(kind, namespace) or kind in copyreg.dispatch_table:
        return False
    found = next((cls for cls in kind.__mro__ if any(name in vars(cls) for name in _OWN)), object)
    return found is not object and not _is_own(found, namespace)


def runs_user_code(kind: type, namespace: dict[str, Any] | None) -> bool:
    """Tell whether unpickling objects of a type runs code of the notebook."""
    if kind in copyreg.dispatch_table:
        return is_definition(copyreg.dispatch_table[kind], namespace)
    names = (*_OWN, "__setstate__", "__getstate__")
    own = (vars(cls) for cls in kind.__mro__ if _is_own(cls, namespace))
    return any(name in each for each in own for name in names)


def base_of(kind: type, namespace: dict[str, Any] | None) -> type | None:
    """Return the first base that is not the notebook's, or None if pickle works unchanged."""
    if not _is_own(kind, namespace) or kind in copyreg.dispatch_table:
        return None
    own = []
    for cls in kind.__mro__:
        if not _is_own(cls, namespace):
            break
        own.append(vars(cls))
    base = kind.__mro__[len(own)]
    if any(name in each for each in own for name in _OWN) or defines_pickling(base):
        return None
    asked = _asked(base)
    if copyreg._slotnames(kind):  # type: ignore[attr-defined]
        asked += ("__setattr__",)
    is_asked = any(type(each.get(name)) in _CODE for each in own for name in asked)
    return base if is_asked or issubclass(base, _LOSE_ATTRIBUTES) else None


def _asked(base: type) -> tuple[str, ...]:
    """Return the methods that pickle would call."""
    always = ("__new__", "__getattr__", "__getattribute__")
    fills = ("__setitem__", "append", "extend") if issubclass(base, _FILLED) else ()
    is_called = issubclass(base, _CALLED) and base is not list and base is not dict
    return (*always, *fills, *(("__init__",) if is_called else ()))


_CODE = (FunctionType, staticmethod, classmethod)


def _is_own(cls: type, namespace: dict[str, Any] | None) -> bool:
    is_python = cls.__flags__ & _HEAP and not cls.__flags__ & _IMMUTABLE
    return bool(is_python) and not by_name(cls, namespace)


def defines_pickling(base: type) -> bool:
    """Tell whether a class of a library defines how its subclasses are pickled."""
    if issubclass(base, (*_CALLED, int, float, complex, str, bytes, tuple)):
        return False
    for cls in base.__mro__:
        if cls is not object and any(name in vars(cls) for name in _OWN):
            return True
    return False


def reduce(obj: Any, base: type, reduced: Any) -> Any:
    """Return the reduced value of an object that its base makes and fills.

    Parameters
    ----------
    obj : object
        An object of a class of the notebook.
    base : type
        The result of `base_of`.
    reduced : object
        The reduced value that pickle would use.
    """
    if not isinstance(reduced, tuple) or len(reduced) > 5:
        return reduced
    maker, args, state, items, pairs = (*reduced, None, None, None)[:5]
    cls = type(obj)
    rest: dict[str, Any] = {}
    if issubclass(base, set):
        maker, args, rest["items"] = make, (base, cls, ()), list(set.__iter__(obj))
    elif issubclass(base, collections.Counter):
        maker, args, pairs = make, (base, cls, ()), dict.items(obj)
    elif maker is copyreg.__newobj__ and args[0] is cls:  # type: ignore[attr-defined]
        maker, args = make, (base, cls, args[1:])
    elif maker is cls:
        maker, args = make_called, (base, cls, args)
    if issubclass(base, _LOSE_ATTRIBUTES) and state is None:
        state = _attributes(obj)
    if items is not None:
        rest["items"] = list(items)
    if pairs is not None:
        rest["pairs"] = [each for pair in pairs for each in pair]
    if rest:
        rest["base"] = base
    if state is not None:
        rest["state"] = state
    return (maker, args, rest, None, None, complete) if rest else (maker, args)


def keep_class(obj: Any, reduced: Any) -> Any:
    """Return the reduced value of an object whose library would restore another class.

    The registry of pint makes classes of its own; their quantities are pickled for another class.
    """
    cls = type(obj)
    if not isinstance(reduced, tuple):
        return reduced
    maker, args = reduced[:2]
    base = _builtin_of(cls)
    if base is not object and len(reduced) == 3 and type(reduced[2]) is tuple and vars(obj):
        # An array of NumPy, for example, leaves attributes to its subclasses.
        state = {"state": reduced[2], "attributes": vars(obj)}
        return maker, args, state, None, None, complete
    made_by = (maker, getattr(maker, "__self__", None), *args)
    if any(each is cls for each in made_by) or base is not object or hasattr(cls, "__setstate__"):
        return reduced
    return make, (object, cls, ()), {"state": _attributes(obj)}, None, None, complete


def _builtin_of(cls: type) -> type:
    return next(each for each in cls.__mro__ if not each.__flags__ & _HEAP)


def _attributes(obj: Any) -> Any:
    """Return the attributes of an object in the form of `copyreg`."""
    found = vars(obj) if hasattr(obj, "__dict__") else None
    names = copyreg._slotnames(type(obj))  # type: ignore[attr-defined]
    slots = {name: getattr(obj, name) for name in names if hasattr(obj, name)}
    return (found, slots) if slots else found or None


def make(base: type, cls: type, args: tuple[Any, ...]) -> Any:
    """Return a new object, made by a base."""
    return base.__new__(cls, *args)


def make_called(base: Any, cls: type, args: tuple[Any, ...]) -> Any:
    """Return a new object, made and initialized by a base."""
    made = base.__new__(cls, *args)
    base.__init__(made, *args)
    return made


def set_early(obj: Any, state: Any) -> None:
    """Set some attributes of an object before the others exist: its hash may need them."""
    _set(obj, state)


def complete(obj: Any, state: dict[str, Any]) -> None:
    """Fill an object and set its attributes."""
    if "items" in state or "pairs" in state:
        _fill(obj, state)
    if "state" in state:
        if hasattr(type(obj), "__setstate__"):
            obj.__setstate__(state["state"])
        else:
            _set(obj, state["state"])
    if "attributes" in state:
        _set(obj, state["attributes"])
    if "order" in state:
        own = object.__getattribute__(obj, "__dict__")
        values = {name: own.pop(name) for name in state["order"] if name in own}
        own.update(values)
    if "fills" in state:
        fill(state["fills"])


def _fill(obj: Any, state: dict[str, Any]) -> None:
    base = state["base"]
    items, pairs = state.get("items", ()), state.get("pairs", ())
    if issubclass(base, set):
        set.update(obj, items)
    elif items:
        base.extend(obj, items)
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        base.__setitem__(obj, key, value)


def _set(obj: Any, state: Any) -> None:
    slots: Any = None
    if type(state) is tuple and len(state) == 2:
        state, slots = state
    if state:
        own = object.__getattribute__(obj, "__dict__")
        for name, value in state.items():
            own[sys.intern(name) if type(name) is str else name] = value
    for name, value in (slots or {}).items():
        object.__setattr__(obj, name, value)
