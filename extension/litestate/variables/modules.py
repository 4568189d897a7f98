"""Which modules a group needs, known before anything of it is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .contents import contents
from .group import Group


def modules_of(group: Group) -> set[str]:
    """Return the top-level modules that are imported to make a group.

    Parameters
    ----------
    group : Group
        One that anybody may have made: what is not as it should be is passed over here.
    """
    try:
        document = json.loads(group.document)
        nodes = [node for node in document["nodes"] if node[0] != "json"]
        found = set(_named([nodes, document["names"]]))
    except (ValueError, TypeError, LookupError, RecursionError):
        return set()
    for data in group.pickles:
        found.update(name.partition(".")[0] for name in contents(data).globals)
    return found


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
