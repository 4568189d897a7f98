"""Nested lists and dictionaries that are JSON already, recognised at the speed of C.

A notebook's large plain data is mostly what `json.load` gave. To walk through it object by object
takes ten times as long as to write it.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, compress
from types import NoneType
from typing import Any

MAX_DEPTH = 64
"""Levels of nesting; what is deeper is walked through."""

_WORTH_IT = 100
"""Containers from which on this is faster; each one that is found has to be asked for what is in
it, whenever something else is stored."""

_ATOMS = frozenset({str, int, float, bool, NoneType})
_CONTAINERS = frozenset({dict, list})

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

    def path_to(self, obj: Any) -> PathTo:
        """Return where a container is; its id must be in `ids`."""
        path: PathTo = []
        depth = next(n for n, level in enumerate(self.levels) if any(obj is each for each in level))
        for level in reversed(self.levels[:depth]):
            obj, key = next(
                (parent, key) for parent in level for key, child in _items(parent) if child is obj
            )
            path.append(key)
        return path[::-1]


def nested(root: Any) -> Nested | None:
    """Recognise a list or dictionary that can be written as JSON as it is.

    Numbers that JSON has not (NaN, infinity) are not looked for: writing them fails.
    """
    level, ids = [root], {id(root)}
    levels: list[list[Any]] = []
    int_keys: list[int] = []
    while level:
        if len(levels) == MAX_DEPTH:
            return None
        keys = set(map(type, chain.from_iterable(each for each in level if type(each) is dict)))
        if keys == {int}:
            int_keys.append(len(levels))
        elif keys - {str}:
            return None
        levels.append(level)
        # What they hold, all at once; of some dictionaries the keys are there, too.
        inside = gc.get_referents(*level)
        kinds = set(map(type, inside))
        if kinds - _ATOMS - _CONTAINERS:
            return None
        level = list(compress(inside, map(_CONTAINERS.__contains__, map(type, inside))))
        more = set(map(id, level))
        if len(more) < len(level) or not ids.isdisjoint(more):
            return None
        ids |= more
    return Nested(root, levels, ids, int_keys) if len(ids) >= _WORTH_IT else None


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
    return {int(key): each for key, each in obj.items()} if depth in levels else obj


def _items(container: Any) -> Iterator[tuple[Any, Any]]:
    return iter(container.items() if type(container) is dict else enumerate(container))
