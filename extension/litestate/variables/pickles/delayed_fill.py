"""Filling of sets and dictionaries after their keys can be hashed.

A town whose neighbors are a set of towns is put in a set before it has its own name. In such a
cycle the containers are made empty, and filled when all objects of the cycle have their attributes.

Pickles call `fill`, and name `empty_set` and `empty_dict`, all through `rebuilding`.
"""

from __future__ import annotations

import collections
import weakref
from collections.abc import Callable
from typing import Any


def empty_set() -> set[Any]:
    """Return a set that `fill` fills; a persistent id names this."""
    return set()


def empty_dict() -> dict[Any, Any]:
    """Return a dictionary that `fill` fills; a persistent id names this."""
    return {}


EMPTY: tuple[Callable[[], Any], ...] = (empty_set, empty_dict)

_ROUNDS = 10
"""Times that containers are filled again if hashes change while others are filled."""

Fill = tuple[Any, list[Any]]
"""A container and its items; for a dictionary, keys and values alternate."""


def fill(fills: list[Any]) -> None:
    """Fill containers in an order in which all of their keys can be hashed.

    Parameters
    ----------
    fills : list of (container, list) or None
        Each container with its items; None is left out.

    Raises
    ------
    Exception
        The error of a key's own code, if it is raised in any order.
    """
    waiting: list[Fill] = [each for each in fills if each is not None]
    every, hashes = list(waiting), {}
    while waiting:
        failed, error = [], None
        for each in waiting:
            try:
                hashes[id(each[0])] = _fill(*each)
            except Exception as raised:
                # A hash may need the items of another container.
                error = raised
                failed.append(each)
        if error is not None and len(failed) == len(waiting):
            raise error
        waiting = failed
    for _ in range(_ROUNDS):
        stale = [each for each in every if _hashes(*each) != hashes[id(each[0])]]
        if not stale:
            break
        for each in stale:
            hashes[id(each[0])] = _fill(*each)


def _fill(container: Any, items: list[Any]) -> list[int]:
    """Fill one container; return the number of its keys, and their hashes."""
    base = _base(container)
    base.clear(container)
    if base in (set, weakref.WeakSet):
        for each in items:
            base.add(container, each)
    else:
        for key, value in zip(items[::2], items[1::2], strict=True):
            base.__setitem__(container, key, value)
    # Keys that are equal only while they are empty are one item for now.
    keys = _keys(container, items)
    return [len(keys), *map(hash, keys)]


def _hashes(container: Any, items: list[Any]) -> list[int]:
    return [len(container), *map(hash, _keys(container, items))]


def _keys(container: Any, items: list[Any]) -> list[Any]:
    return items if _base(container) in (set, weakref.WeakSet) else items[::2]


_BASES: tuple[Any, ...] = (
    *(set, collections.OrderedDict, dict),
    *(weakref.WeakSet, weakref.WeakKeyDictionary, weakref.WeakValueDictionary),
)


def _base(container: Any) -> Any:
    return next(base for base in _BASES if isinstance(container, base))
