"""The databases that connections in stored variables refer to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .group import Group

_TAG = "sqlite3.Connection"


def databases_of(group: Group) -> Iterator[tuple[str, str]]:
    """Yield names of a group's variables, each with the place of a database that it needs.

    Parameters
    ----------
    group : Group
        As it is stored.

    Yields
    ------
    (name, place)
        Of what is reached only through a pickle, all names of the group.
    """
    if f'"{_TAG}"'.encode() not in group.document:
        return
    graph = json.loads(group.document)
    nodes = graph["nodes"]
    needed = {
        number: places
        for number, node in enumerate(nodes)
        if node[0] == _TAG and (places := list(_places(node[1])))
    }
    found: set[int] = set()
    for name, value in graph["names"].items():
        reached = _reached(value, nodes) & needed.keys()
        found |= reached
        yield from ((name, place) for number in sorted(reached) for place in needed[number])
    for number in sorted(needed.keys() - found):
        yield from ((name, place) for name in group.names for place in needed[number])


def _places(payload: Any) -> Iterator[str]:
    for database in payload.get("databases") or ():
        if "path" in database:
            yield f"{database['root']}/{database['path']}"


def _reached(value: Any, nodes: list[Any]) -> set[int]:
    """Return the nodes that a value refers to, and some that it only seems to refer to."""
    reached: set[int] = set()
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            todo += one.values()
        elif isinstance(one, list):
            number = one[0] if len(one) == 1 and type(one[0]) is int else -1
            if 0 <= number < len(nodes) and number not in reached:
                reached.add(number)
                todo.append(nodes[number])
            else:
                todo += [each for each in one if isinstance(each, list | dict)]
    return reached
