"""The JSON of a graph, taken apart: anybody may have written it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import DamagedBundleError
from ..strict_json import TooDeepError
from ..strict_json import parse as parse_json
from . import fastjson

_DEPTH = fastjson.MAX_DEPTH + 36
"""Levels of nesting in a graph's JSON: what is deeper in Python is nodes."""

Fail = Callable[[str], DamagedBundleError]
"""Returns the error for a graph that is not as it should be, to raise."""


@dataclass(frozen=True)
class GraphText:
    """A graph as it is written.

    Attributes
    ----------
    names : dict of str to object
        The value of each name.
    nodes : list of list
        Tag and payload of each node.
    pickles : list of list
        What stands at the place of each pickle.
    size : int
        Bytes of the JSON.
    """

    names: dict[str, Any]
    nodes: list[Any]
    pickles: list[list[int]]
    size: int


def parse(data: bytes, fail: Fail) -> GraphText:
    """Take the JSON of a graph apart.

    Raises
    ------
    DamagedBundleError
        If it is none.
    """
    try:
        document = parse_json(data, _DEPTH)
        names, nodes = document["names"], document["nodes"]
        pickles = document["pickles"]
    except TooDeepError as error:
        raise fail(str(error)) from None
    except (ValueError, TypeError, LookupError):
        raise fail("it is no graph") from None
    good = isinstance(names, dict) and isinstance(nodes, list) and isinstance(pickles, list)
    if not good or not all(_is_node(node) for node in nodes):
        raise fail("it is no graph")
    if not all(isinstance(roots, list) for roots in pickles):
        raise fail("it is no graph")
    return GraphText(names, nodes, pickles, len(data))


def nested(payload: Any, fail: Fail) -> Any:
    """Return the lists and dictionaries of a node that is JSON."""
    if not isinstance(payload, dict) or not isinstance(payload.get("value"), list | dict):
        raise fail("nested data is none")
    levels = payload.get("int_keys")
    if not isinstance(levels, list) or not all(
        type(each) is int and 0 <= each < fastjson.MAX_DEPTH for each in levels
    ):
        raise fail("nested data has levels that are none")
    try:
        return fastjson.with_int_keys(payload["value"], levels)
    except (ValueError, TypeError):
        raise fail("a key is no number") from None


def place(payload: Any, fail: Fail) -> tuple[int, list[Any]]:
    """Return the node and the path of a place inside of nested data."""
    if not isinstance(payload, list) or len(payload) != 2 or type(payload[0]) is not int:
        raise fail("a path is none")
    number, path = payload
    if not isinstance(path, list):
        raise fail("a path leads through something else than nested data")
    if len(path) > _DEPTH:
        raise fail("a path is too long")
    return number, path


def at(found: Any, path: list[Any], fail: Fail) -> Any:
    """Return what is at the end of a path inside of nested data."""
    for key in path:
        if not (type(found) is dict or (type(found) is list and type(key) is int)):
            raise fail("a path leads to nothing")
        try:
            found = found[key]
        except (LookupError, TypeError):
            raise fail("a path leads to nothing") from None
    return found


def pair(payload: Any, fail: Fail) -> tuple[int, int]:
    """Return a payload that has to be two integers."""
    if (
        isinstance(payload, list)
        and len(payload) == 2
        and all(type(each) is int for each in payload)
    ):
        return payload[0], payload[1]
    raise fail("a reference is none")


def _is_node(node: Any) -> bool:
    return isinstance(node, list) and len(node) == 2 and isinstance(node[0], str)
