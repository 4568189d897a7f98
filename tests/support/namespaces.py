"""A notebook's namespace, captured and restored, and the comparison of namespaces."""

from __future__ import annotations

import json
import math
import types
from collections.abc import Callable, Sequence
from typing import Any

from litestate.variables.capture import Taken, take
from litestate.variables.group import Group
from litestate.variables.restore import Restored, restore


class Notebook:
    """A namespace as a notebook's: definitions in its cells belong to it."""

    def __init__(self, code: str = "", **values: Any) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__"}
        self.run(code)
        self.names.update(values)

    def run(self, code: str) -> Any:
        """Run a cell."""
        exec(compile(code, "<cell>", "exec", dont_inherit=True), self.names)

    def take(self, *names: str) -> Taken:
        """Capture names; by default all that do not start with an underscore."""
        return take(self.names, names or [name for name in self.names if name[0] != "_"])

    def __getitem__(self, name: str) -> Any:
        return self.names[name]


def copied(groups: Sequence[Group]) -> list[Group]:
    """Return copies of groups, as from a bundle: they share no memory with the originals."""
    return [
        Group(
            group.key,
            group.names,
            bytes(group.document),
            [bytearray(memoryview(data).cast("B")) for data in group.buffers],
            [bytes(data) for data in group.pickles],
            group.about,
        )
        for group in groups
    ]


def again(taken: Taken, *, trusted: bool = True) -> tuple[Notebook, Restored]:
    """Restore captured variables in a new notebook; return it with the outcome."""
    notebook = Notebook()
    restored = restore(copied(taken.groups), notebook.names, trusted=trusted)
    notebook.names.update(restored.values)
    return notebook, restored


def trip(code: str = "", **values: Any) -> Notebook:
    """Return a notebook in which all variables were restored."""
    taken = Notebook(code, **values).take()
    assert not taken.skipped, taken.skipped
    found, restored = again(taken)
    assert not restored.failed, restored.failed
    assert not restored.waiting, restored.waiting
    return found


def parts(taken: Taken) -> dict[str, tuple[bytes, list[bytes], list[bytes]]]:
    """Return all stored bytes, by key of the group."""
    return {
        group.key: (
            bytes(group.document),
            [bytes(memoryview(data).cast("B")) for data in group.buffers],
            [bytes(data) for data in group.pickles],
        )
        for group in taken.groups
    }


def together(taken: Taken) -> set[tuple[str, ...]]:
    """Return the names of each group."""
    return {group.names for group in taken.groups}


def graph(names: dict[str, Any], nodes: list[Any], *buffers: bytes, pickles: Any = ()) -> Group:
    """Return a group from any source."""
    document = {"names": names, "nodes": nodes, "pickles": [[0]] * len(pickles)}
    return Group(
        "v-x",
        tuple(sorted(names)),
        json.dumps(document).encode(),
        [bytearray(data) for data in buffers],
        list(pickles),
    )


_ATOMS = (str, int, float, complex, bool, bytes, types.NoneType)


def same(one: Any, other: Any, *, tuples: bool = True) -> str:
    """Return where two values differ in type, content or sharing; "" if they are the same.

    Parameters
    ----------
    tuples : bool, optional
        Whether the identity of tuples is compared.
    """
    return _Comparison(is_strict=tuples).differ(one, other)


class _Comparison:
    def __init__(self, *, is_strict: bool) -> None:
        self._is_strict = is_strict
        self._pairs: dict[int, tuple[Any, Any]] = {}
        self._back: dict[int, int] = {}
        self._alike: dict[tuple[int, int], Any] = {}

    def differ(self, one: Any, other: Any) -> str:
        todo = [("", one, other)]
        while todo:
            path, mine, others = todo.pop()
            if type(mine).__name__ != type(others).__name__:
                return f"{path}: {type(mine)} became {type(others)}"
            if type(mine) in _ATOMS:
                if not _equal(mine, others):
                    return f"{path}: {mine!r} became {others!r}"
                continue
            if self._is_known(mine, others):
                if (id(mine), id(others)) in self._alike:
                    continue
                if self._pairs[id(mine)][1] is not others or self._back[id(others)] != id(mine):
                    return f"{path}: it is another object"
                continue
            found = _inside(mine), _inside(others)
            if len(found[0]) != len(found[1]):
                return f"{path}: {mine!r:.100} became {others!r:.100}"
            todo += [
                (f"{path}/{key}", left, right)
                for (key, left), (_, right) in zip(*found, strict=True)
            ]
        return ""

    def _is_known(self, mine: Any, others: Any) -> bool:
        if type(mine) in (tuple, frozenset, range) and not (self._is_strict and mine):
            pair = id(mine), id(others)
            is_new = pair not in self._alike
            self._alike[pair] = mine, others
            return not is_new
        known = id(mine) in self._pairs or id(others) in self._back
        if known:
            # If only one of them is known, they are not the same.
            self._pairs.setdefault(id(mine), (mine, None))
            self._back.setdefault(id(others), 0)
        else:
            self._pairs[id(mine)] = mine, others
            self._back[id(others)] = id(mine)
        return known


def _equal(mine: Any, others: Any) -> bool:
    if isinstance(mine, float):
        return (math.isnan(mine) and math.isnan(others)) or (
            mine == others and math.copysign(1, mine) == math.copysign(1, others)
        )
    if isinstance(mine, complex):
        return _equal(mine.real, others.real) and _equal(mine.imag, others.imag)
    return bool(mine == others)


def _inside(obj: Any) -> list[tuple[Any, Any]]:
    kind = type(obj)
    if kind.__module__ == "numpy" and kind.__name__ == "ndarray":
        return [("dtype", str(obj.dtype)), ("shape", obj.shape), ("list", obj.tolist())]
    if isinstance(obj, dict):
        return [pair for item in obj.items() for pair in (("key", item[0]), item)]
    if isinstance(obj, list | tuple) or kind.__name__ == "deque":
        return list(enumerate(obj))
    if isinstance(obj, set | frozenset):
        return [("", each) for each in sorted(obj, key=repr)]
    if isinstance(obj, type):
        return [("name", obj.__qualname__)]
    if isinstance(obj, types.ModuleType):
        return [("module", obj.__name__)]
    if hasattr(obj, "__dict__"):
        return [("type", type(obj)), ("vars", dict(vars(obj)))]
    return [("repr", repr(obj))]


Check = Callable[[Any, Any], bool]
