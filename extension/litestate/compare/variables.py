"""Which variables differ between two bundles, without making any of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..bundle import Reader
from ..groups import is_graph, key_of
from ..manifest import Member
from ..strict_json import parse
from .model import VariableChange, VariableSide

Content: TypeAlias = tuple[tuple[str, str], ...]

_MOST = 64 << 20
"""Bytes of a graph that is looked into; of a larger one, all variables are said to differ."""

_DEPTH = 100
"""Levels of nesting of a graph that is looked into."""


@dataclass(frozen=True)
class _Group:
    """What a variable is part of.

    Attributes
    ----------
    content : tuple of (str, str)
        Its members, and their hashes.
    values : dict
        Of its names: in place if it is an atom, else where it is in the graph.
    """

    content: Content
    values: dict[str, Any]


def compare_variables(before: Reader, after: Reader) -> tuple[list[VariableChange], int]:
    """Compare the variables of two verified bundles.

    An atom, such as a number, is compared by itself. Of others, all that share objects differ when
    one of them does: where one object ends and another begins, only a kernel can tell.

    Returns
    -------
    (changes, same)
        What differs, by name, and how many do not.
    """
    # Most groups are equal, and need not be looked into.
    equal = set(_contents(before).values()) & set(_contents(after).values())
    old, new = (dict(_variables(each, equal)) for each in (before, after))
    changes = []
    for name in sorted(old.keys() | new.keys()):
        one, other = old.get(name), new.get(name)
        if one is None or other is None or not _is_same(name, one, other):
            changes.append(VariableChange(name, one and one[0], other and other[0]))
    return changes, len(old.keys() | new.keys()) - len(changes)


def _contents(reader: Reader) -> dict[str, Content]:
    found: dict[str, list[tuple[str, str]]] = {}
    for member in sorted(reader.manifest.members, key=lambda member: member.name):
        if key := key_of(member):
            part = member.name.rpartition("/")[2]
            found.setdefault(key, []).append((part, member.sha256))
    return {key: tuple(parts) for key, parts in found.items()}


def _variables(
    reader: Reader, equal: set[Content]
) -> Iterator[tuple[str, tuple[VariableSide, _Group]]]:
    contents = _contents(reader)
    for member in filter(is_graph, reader.manifest.members):
        content = contents[str(key_of(member))]
        values = {} if content in equal else _values(reader, member)
        group = _Group(content, values)
        for name, about in member.details["names"].items():
            yield name, (VariableSide(about["type"], about["text"], about["size"]), group)


def _values(reader: Reader, graph: Member) -> dict[str, Any]:
    if graph.size > _MOST:
        return {}
    try:
        found = parse(reader.content(graph), _DEPTH, constants=True)["names"]
    except (ValueError, TypeError, KeyError):
        # A load would refuse it. Here it is not equal to anything.
        return {}
    return found if isinstance(found, dict) else {}


def _is_same(
    name: str, one: tuple[VariableSide, _Group], other: tuple[VariableSide, _Group]
) -> bool:
    first, second = one[1], other[1]
    if first.content == second.content:
        return True
    values = [group.values.get(name, []) for group in (first, second)]
    return all(map(_is_atom, values)) and json.dumps(values[0]) == json.dumps(values[1])


def _is_atom(value: Any) -> bool:
    """Tell whether it stands in place: a reference to a node is a list of one number."""
    if isinstance(value, list):
        return len(value) == 2 and isinstance(value[0], str)
    return not isinstance(value, dict)
