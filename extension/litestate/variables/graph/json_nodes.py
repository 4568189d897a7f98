"""Nested lists and dictionaries that are JSON already, recognized at the speed of C.

Large plain data of a notebook is mostly what `json.load` returned. Walking through it object by
object takes ten times as long as writing it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from types import NoneType
from typing import Any

from ..codecs.payload_checks import check_hashes

MAX_DEPTH = 64
"""Levels of nesting; deeper data is walked through object by object."""

_WORTH_IT = 100
"""Number of containers from which on this is faster: every later look-up asks each of them."""

_CONTAINERS = frozenset({dict, list})
# By id: looking up a type itself would call its metaclass's `__hash__`.
_KNOWN = frozenset(map(id, (str, int, float, bool, NoneType, dict, list)))
_STR, _INT = frozenset({id(str)}), frozenset({id(int)})

_LEVEL = 20
"""Containers that could be scanned in the time that one more level takes."""

_PATIENCE = 300_000
"""Containers that may be scanned in vain, and some more for each node of the graph."""

_PATIENCE_PER_NODE = 8

PathTo = list[Any]
"""Keys and indexes, from the outermost container to one inside."""


@dataclass(frozen=True)
class Nested:
    """A list or dictionary that holds only JSON, and no container twice.

    Attributes
    ----------
    root : list or dict
        The outermost container.
    levels : list of list
        The containers by depth; the first level is the root alone.
    ids : set of int
        Ids of all containers.
    int_keys : list of int
        Levels at which the keys of all dictionaries are integers, which JSON does not have.
    """

    root: Any
    levels: list[list[Any]]
    ids: set[int]
    int_keys: list[int]
    _above: dict[int, tuple[int, Any]] = field(default_factory=dict)

    def path_to(self, obj: Any) -> PathTo:
        """Return the path to a container, whose id must be in `ids`."""
        if not self._above:
            for parent in chain.from_iterable(self.levels):
                for key, child in _items(parent):
                    if type(child) is dict or type(child) is list:
                        self._above[id(child)] = id(parent), key
        path: PathTo = []
        at = id(obj)
        while at in self._above:
            at, key = self._above[at]
            path.append(key)
        return path[::-1]


def nested(root: Any) -> Nested | int:
    """Recognize a list or dictionary that can be written as JSON as it is.

    Numbers that JSON does not have (NaN, infinity) are not detected here: writing them fails.

    Returns
    -------
    Nested or int
        If it cannot, the cost of finding out: about the number of containers scanned.
    """
    level, ids = [root], {id(root)}
    levels: list[list[Any]] = []
    int_keys: list[int] = []
    while level:
        cost = len(ids) + _LEVEL * len(levels)
        if len(levels) == MAX_DEPTH:
            return cost
        dicts = [each for each in level if type(each) is dict]
        keys = _kinds(chain.from_iterable(dicts))
        if keys == _INT:
            int_keys.append(len(levels))
        elif keys - _STR:
            return cost
        levels.append(level)
        lists = [each for each in level if type(each) is list]
        inside = list(chain(*map(dict.values, dicts), *lists))
        if _kinds(inside) - _KNOWN:
            return cost
        level = [each for each in inside if type(each) in _CONTAINERS]
        more = set(map(id, level))
        if len(more) < len(level) or not ids.isdisjoint(more):
            return cost
        ids |= more
    return Nested(root, levels, ids, int_keys) if len(ids) >= _WORTH_IT else len(ids)


def _kinds(objects: Iterable[Any]) -> set[int]:
    return set(map(id, map(type, objects)))


def with_int_keys(root: Any, levels: list[int]) -> Any:
    """Turn the keys at some levels into integers again.

    Raises
    ------
    ValueError
        If one of them is not an integer.
    """
    if not levels:
        return root
    return _converted(root, frozenset(levels), 0, max(levels))


def _converted(obj: Any, levels: frozenset[int], depth: int, last: int) -> Any:
    if type(obj) not in _CONTAINERS or depth > last:
        return obj
    if type(obj) is list:
        return [_converted(each, levels, depth + 1, last) for each in obj]
    if depth < last:
        obj = {key: _converted(each, levels, depth + 1, last) for key, each in obj.items()}
    if depth not in levels:
        return obj
    keys = list(map(int, obj))
    check_hashes(map(hash, keys))
    return dict(zip(keys, obj.values(), strict=True))


def _items(container: Any) -> Iterator[tuple[Any, Any]]:
    return iter(container.items() if type(container) is dict else enumerate(container))


class JsonNodes:
    """The containers of a graph that are stored as JSON.

    Attributes
    ----------
    is_enabled : bool
        Whether containers are scanned for JSON.
    inside : dict of int to int
        For the id of each container, its node.
    """

    def __init__(self, *, is_enabled: bool) -> None:
        self.is_enabled = is_enabled
        self._scanned: dict[int, Nested] = {}
        self._nested: dict[int, Nested] = {}
        self.inside: dict[int, int] = {}
        self._wasted = 0

    @property
    def ids(self) -> list[set[int]]:
        """For each node, the ids of the containers in it."""
        return [found.ids for found in self._nested.values()]

    def largest_first(self, values: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Return the values in an order in which containers come before their parts."""
        if len(values) > 1 and self.is_enabled:
            for value in values.values():
                is_container = type(value) is dict or type(value) is list
                if is_container and (found := self._scan(value, 0)):
                    self._scanned[id(value)] = found
        sizes = {key: -len(found.ids) for key, found in self._scanned.items()}
        return sorted(values.items(), key=lambda pair: (sizes.get(id(pair[1]), 0), pair[0]))

    def scan(self, obj: Any, nodes: int, known: Iterable[Mapping[int, Any]]) -> Nested | None:
        """Recognize a list or dictionary that can be one node.

        Parameters
        ----------
        obj : list or dict
            The container.
        nodes : int
            Number of nodes in the graph: it bounds the time that is spent in vain.
        known : iterable of mapping
            Keys are ids of objects that already have a place elsewhere.
        """
        found = self._scanned.pop(id(obj), None) or self._scan(obj, nodes)
        if found is None:
            return None
        is_apart = all(ids.keys().isdisjoint(found.ids) for ids in (*known, self.inside))
        return found if is_apart else None

    def add(self, number: int, found: Nested) -> None:
        """Register a container as a node."""
        self._nested[number] = found
        self.inside.update(dict.fromkeys(found.ids, number))

    def value_of(self, obj: Any) -> Any:
        """Return the value of a container within a node."""
        number = self.inside[id(obj)]
        return ["in", [number, self._nested[number].path_to(obj)]]

    def _scan(self, obj: Any, nodes: int) -> Nested | None:
        patience = _PATIENCE + _PATIENCE_PER_NODE * nodes
        if not obj or not self.is_enabled or self._wasted > patience:
            return None
        found = nested(obj)
        if isinstance(found, int):
            self._wasted += found
            return None
        return found
