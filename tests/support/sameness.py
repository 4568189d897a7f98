"""Strict comparison of a restored object with the one that was saved.

Exact types, content, order, flags, and which objects are one object. What the saved object says of
itself (``==``) is never asked: it may lie, or raise. Nothing here is recursive, so that things that
are nested 100,000 deep can be compared.
"""

from __future__ import annotations

import copyreg
import functools
import math
import operator
import pathlib
import struct
import sys
import types
import typing
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

ATOMS = (type(None), bool, int, str, bytes, type(...), type(NotImplemented))
IMMUTABLE = (*ATOMS, float, complex, tuple, frozenset, types.CodeType)
"""Types whose equal values are indistinguishable: identity is not compared."""

CODE = [
    *("co_code", "co_consts", "co_names", "co_varnames", "co_freevars", "co_cellvars", "co_flags"),
    *("co_name", "co_firstlineno", "co_argcount", "co_posonlyargcount", "co_kwonlyargcount"),
]
MADE_BY_PYTHON = {
    *("__dict__", "__weakref__", "_abc_impl", "__abstractmethods__", "__annotate_func__"),
    "__slotnames__",
    *("__annotations_cache__", "__annotations__", "__annotate__"),
}
"""Entries in the ``__dict__`` of a class that are not compared."""


class Different(Exception):
    """A difference; the message says where and how."""


class Comparison:
    """One comparison of two objects and all that they lead to.

    Attributes
    ----------
    old, new : dict
        The namespaces that they are from: a function of one refers to that one.
    """

    def __init__(self, old: dict[str, Any], new: dict[str, Any]) -> None:
        self.old, self.new = old, new
        self._todo: list[tuple[Any, Any, Any]] = []
        self._seen: set[tuple[int, int]] = set()
        self._twins: dict[int, int] = {}
        self._originals: dict[int, int] = {}
        self._alive: list[Any] = []

    def run(self, one: Any, other: Any) -> None:
        """Compare.

        Raises
        ------
        Different
            With the first difference.
        """
        self._todo.append((one, other, "x"))
        while self._todo:
            one, other, path = self._todo.pop()
            if one is not other or not isinstance(one, (*ATOMS, type, types.ModuleType)):
                self._pair(one, other, path)

    def later(self, one: Any, other: Any, path: Any, step: Any = "") -> None:
        """Schedule the comparison of two parts."""
        self._todo.append((one, other, (path, step)))

    def all(self, names: Iterable[str], one: Any, other: Any, path: Any) -> None:
        """Compare attributes."""
        for name in names:
            self.later(getattr(one, name), getattr(other, name), path, f".{name}")

    def must(self, equal: bool, path: Any, what: str) -> None:
        """Raise Different unless the condition holds."""
        if not equal:
            raise Different(f"{written(path)}: {what}")

    def _pair(self, one: Any, other: Any, path: Any) -> None:
        if (id(one), id(other)) in self._seen:
            return
        self._seen.add((id(one), id(other)))
        self._alive += (one, other)
        if not isinstance(one, IMMUTABLE):
            twin = self._twins.setdefault(id(one), id(other))
            original = self._originals.setdefault(id(other), id(one))
            same = twin == id(other) and original == id(one)
            self.must(same, path, "what was one object are two, or the other way round")
        if isinstance(one, type) and isinstance(other, type):
            self._classes(one, other, path)
            return
        if type(one) is not type(other):
            self.must(is_own(type(one)), path, f"{type(other)} for {type(one)}")
            self.later(type(one), type(other), path, ".__class__")
        for kind in type(one).__mro__:
            if compare := COMPARE.get(kind) or by_package(kind):
                compare(self, one, other, path)
                break
        else:
            self._others(one, other, path)

    def _others(self, one: Any, other: Any, path: Any) -> None:
        if is_own(type(one)):
            self.later(object.__getstate__(one), object.__getstate__(other), path, "<state>")
            return
        try:
            made = [reduced(each) for each in (one, other)]
        except TypeError as error:
            raise TypeError(f"{written(path)} can't be compared: {error}; write a check") from error
        if isinstance(made[0], str):
            self.must(one is other, path, f"{other!r} for {one!r}")
            return
        # Iterators over items, of things like lists and dicts, come fourth and fifth.
        self.later(*([*each[:3], *map(_listed, each[3:])] for each in made), path, "<reduced>")

    def _classes(self, one: type, other: type, path: Any) -> None:
        self.must(is_own(one) or one is other, path, f"{other} for {one}")
        self.later(type(one), type(other), path, ".__class__")
        self.all(("__name__", "__qualname__", "__module__", "__bases__"), one, other, path)
        entries = [
            {
                name: value
                for name, value in vars(each).items()
                if name not in MADE_BY_PYTHON
                and not isinstance(value, (types.MemberDescriptorType, types.GetSetDescriptorType))
            }
            for each in (one, other)
        ]
        self.must(
            entries[0].keys() == entries[1].keys(), path, f"{[*entries[1]]} for {[*entries[0]]}"
        )
        for name, value in entries[0].items():
            self.later(value, entries[1][name], path, f".{name}")


def differ(one: Any, other: Any, old: dict[str, Any], new: dict[str, Any]) -> str:
    """Return the first difference, or an empty text."""
    try:
        Comparison(old, new).run(one, other)
    except Different as difference:
        return str(difference)
    return ""


def reduced(thing: Any) -> Any:
    """Return the arguments from which ``copy`` would rebuild an object."""
    reduce = copyreg.dispatch_table.get(type(thing))
    return reduce(thing) if reduce else thing.__reduce_ex__(4)


def is_own(kind: type) -> bool:
    """Return whether a class cannot be imported."""
    found: Any = sys.modules.get(kind.__module__)
    if kind.__module__ == "__main__":
        return True
    try:
        return operator.attrgetter(kind.__qualname__)(found) is not kind
    except AttributeError:
        # Types of the interpreter that have no name, such as that of an iterator over a dict.
        return bool(kind.__flags__ & (1 << 9))


def written(path: Any) -> str:
    """Return the path to a part as text."""
    steps: list[str] = []
    while isinstance(path, tuple):
        path, step = path
        steps.append(str(step))
    if len(steps) > 12:
        steps[6:-6] = [f" … {len(steps) - 12} more … "]
    return path + "".join(reversed(steps))


def _listed(items: Any) -> Any:
    return items if items is None or callable(items) else list(items)


def _equal(each: Comparison, one: Any, other: Any, path: Any) -> None:
    if one != other:
        short = [
            str(each)[:200] if type(each) is not int else hex(each)[:200] for each in (one, other)
        ]
        raise Different(f"{written(path)}: {short[1]!r} for {short[0]!r}")


def _float(each: Comparison, one: float, other: float, path: Any) -> None:
    packed = (struct.pack("<d", number) for number in (one, other))
    each.must(operator.eq(*packed), path, f"{other!r} for {one!r}")
    assert math.isnan(one) or one == other


def _complex(each: Comparison, one: complex, other: complex, path: Any) -> None:
    each.all(("real", "imag"), one, other, path)


def _sequence(each: Comparison, one: Any, other: Any, path: Any) -> None:
    base = list if isinstance(one, list) else tuple
    each.must(base.__len__(one) == base.__len__(other), path, f"{len(other)} for {len(one)} items")
    pairs = zip(base.__iter__(one), base.__iter__(other), strict=True)
    for number, (mine, its) in enumerate(pairs):
        each.later(mine, its, path, f"[{number}]")
    _state(each, one, other, path)


def _dict(each: Comparison, one: Any, other: Any, path: Any) -> None:
    if one is each.old or other is each.new:
        each.must(one is each.old and other is each.new, path, "not the notebook's namespace")
        return
    each.must(dict.__len__(one) == dict.__len__(other), path, f"{len(other)} for {len(one)} keys")
    base = OrderedDict if isinstance(one, OrderedDict) else dict
    pairs = zip(base.items(one), base.items(other), strict=True)
    for (key, mine), (its_key, its) in pairs:
        each.later(key, its_key, path, "<key>")
        each.later(mine, its, path, f"[{repr(key)[:40] if isinstance(key, ATOMS) else '…'}]")
    if hasattr(one, "default_factory"):
        each.all(("default_factory",), one, other, path)
    _state(each, one, other, path)


def _set(each: Comparison, one: Any, other: Any, path: Any) -> None:
    each.must(len(one) == len(other), path, f"{len(other)} for {len(one)} members")
    if not all(isinstance(member, ATOMS) for member in one):
        one, other = (sorted(members, key=repr) for members in (one, other))
        each.later(one, other, path, "<members>")
        return
    each.must(one == other, path, f"{repr(other)[:200]} for {repr(one)[:200]}")
    each.must({*map(type, one)} == {*map(type, other)}, path, "members of another type")


def _state(each: Comparison, one: Any, other: Any, path: Any) -> None:
    if type(one) not in (list, tuple, dict):
        each.later(getattr(one, "__dict__", None), getattr(other, "__dict__", None), path, "<dict>")


def _code(each: Comparison, one: Any, other: Any, path: Any) -> None:
    each.all(CODE, one, other, path)


def _function(each: Comparison, one: Any, other: Any, path: Any) -> None:
    names = ("__code__", "__defaults__", "__kwdefaults__", "__closure__", "__dict__", "__name__")
    each.all(names, one, other, path)
    each.all(("__qualname__", "__doc__", "__module__"), one, other, path)
    # functools.wraps() gives two functions one dict of these, in some versions of Python.
    each.later(*(dict(function.__annotations__) for function in (one, other)), path, ".annotations")
    if one.__globals__ is each.old:
        each.must(other.__globals__ is each.new, path, "refers to other global names")
        each.must(other.__builtins__ is one.__builtins__, path, "refers to other builtins")


def _cell(each: Comparison, one: Any, other: Any, path: Any) -> None:
    contents: list[Any] = [[], []]
    for cell, content in zip((one, other), contents, strict=True):
        try:
            content.append(cell.cell_contents)
        except ValueError:
            content.append("nothing yet")
    each.later(*contents, path, "<cell>")


def _memoryview(each: Comparison, one: Any, other: Any, path: Any) -> None:
    each.all(("format", "shape", "strides", "readonly", "obj"), one, other, path)
    each.later(one.tobytes(), other.tobytes(), path)


def _lists(each: Comparison, one: Any, other: Any, path: Any) -> None:
    each.later([*one], [*other], path)


def _weak(each: Comparison, one: Any, other: Any, path: Any) -> None:
    each.later(one(), other(), path, "()")


def _attributes(*names: str) -> Callable[[Comparison, Any, Any, Any], None]:
    return lambda each, one, other, path: each.all(names, one, other, path)


COMPARE: dict[type, Callable[[Comparison, Any, Any, Any], None]] = {
    **dict.fromkeys((*ATOMS, bytearray, types.MappingProxyType, types.GenericAlias), _equal),
    # Their pickles contain the parts from which they were made.
    **dict.fromkeys((type(pathlib.Path()), pathlib.PurePosixPath, pathlib.PureWindowsPath), _equal),
    float: _float,
    complex: _complex,
    list: _sequence,
    tuple: _sequence,
    dict: _dict,
    set: _set,
    frozenset: _set,
    types.CodeType: _code,
    types.FunctionType: _function,
    types.CellType: _cell,
    types.MethodType: _attributes("__self__", "__func__"),
    staticmethod: _attributes("__func__"),
    classmethod: _attributes("__func__"),
    property: _attributes("fget", "fset", "fdel", "__doc__"),
    functools.cached_property: _attributes("func", "attrname", "__doc__"),
    memoryview: _memoryview,
    **dict.fromkeys(map(type, ({}.keys(), {}.values(), {}.items())), _lists),
    weakref.ref: _weak,
    typing.TypeVar: _attributes("__name__", "__bound__", "__constraints__", "__covariant__"),
    types.ModuleType: lambda each, one, other, path: each.must(one is other, path, "other module"),
}


def by_package(kind: type) -> Callable[[Comparison, Any, Any, Any], None] | None:
    """Return the comparison for a type of numpy or pandas."""
    if kind.__module__.partition(".")[0] in ("numpy", "pandas"):
        import sameness_of_arrays

        return sameness_of_arrays.how(kind)
    return None
