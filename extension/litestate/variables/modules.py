"""Which modules a group needs, known before anything of it is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .contents import contents
from .group import Group


def modules_of(group: Group) -> set[str]:
    """Return the top-level modules that are imported to make a group."""
    return modules_of_graph(group.document).union(*map(modules_of_pickle, group.pickles))


def modules_of_graph(data: bytes) -> set[str]:
    """Return the top-level modules that a graph names, whoever has made it."""
    try:
        document = json.loads(data)
        nodes = [node for node in document["nodes"] if node[0] != "json"]
        return set(_named([nodes, document["names"]]))
    except (ValueError, TypeError, LookupError, RecursionError):
        # What is wrong with it is said by who reads it.
        return set()


def modules_of_pickle(data: bytes) -> set[str]:
    """Return the top-level modules that a pickle names.

    Raises
    ------
    DamagedBundleError
        If it is none.
    """
    return {name.partition(".")[0] for name in contents(data).globals}


def _named(values: Any) -> Iterator[str]:
    todo = [values]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            todo += value.values()
        if not isinstance(value, list):
            continue
        if len(value) == 2 and isinstance(value[0], str):
            tag, payload = value
            if "." in tag:
                yield tag.partition(".")[0]
            name = payload[0] if tag == "global" and isinstance(payload, list) else payload
            if tag in ("module", "global") and isinstance(name, str):
                yield name.partition(".")[0]
        todo += value
