"""Nested lists and dictionaries that are JSON already, recognised at the speed of C.

A notebook's large plain data is mostly what `json.load` gave. To walk through it object by object
takes ten times as long as to write it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from types import NoneType
from typing import Any

MAX_DEPTH = 64
"""Levels of nesting; what is deeper is walked through."""

_WORTH_IT = 100
"""Containers from which on this is faster; each one that is found has to be asked for what is in
it, whenever something else is stored."""

_CONTAINERS = frozenset({dict, list})
# By identity: to look for a type calls what its metaclass has for a hash.
_KNOWN = frozenset(map(id, (str, int, float, bool, NoneType, dict, list)))
_STR, _INT = frozenset({id(str)}), frozenset({id(int)})

_LEVEL = 20
"""Containers that could be looked at in the time that a further level takes."""

_MOST_ALIKE = 1000
"""Keys of one hash: with more of them a dictionary takes hours."""

PathTo = list[Any]
"""Keys and indexes, from the outermost container to one inside."""


@dataclass(frozen=True)
class Nested:
    """A list or dictionary of which everything inside is JSON, and nothing is there twice.

    Attributes
    ----------
    root : list or dict
        The outermost container.
    levels : list of list
        The containers by depth; the first level is the root alone.
    ids : set of int
        Of all containers.
    int_keys : list of int
        Levels at which the keys of all dictionaries are integers, which JSON has not.
    """

    root: Any
    levels: list[list[Any]]
    ids: set[int]
    int_keys: list[int]
    _above: dict[int, tuple[int, Any]] = field(default_factory=dict)

    def path_to(self, obj: Any) -> PathTo:
        """Return where a container is; its id must be in `ids`."""
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
    """Recognise a list or dictionary that can be written as JSON as it is.

    Numbers that JSON has not (NaN, infinity) are not looked for: writing them fails.

    Returns
    -------
    Nested or int
        If it is none, what it took to find out: about the number of containers looked at.
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
        If one of them is none.
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


def check_hashes(hashes: Iterable[int]) -> None:
    """Refuse keys that a stranger has chosen so that a dictionary takes hours.

    Raises
    ------
    ValueError
        If too many of them have one hash.
    """
    if max(Counter(hashes).values(), default=0) > _MOST_ALIKE:
        raise ValueError("too many keys have one hash")


def _items(container: Any) -> Iterator[tuple[Any, Any]]:
    return iter(container.items() if type(container) is dict else enumerate(container))
