"""The JSON of a graph: written, and parsed although anyone may have written it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...bundle.strict_json import TooDeepError
from ...bundle.strict_json import parse as parse_json
from ...errors import DamagedBundleError
from ..codecs.registry import Value
from ..codecs.scalars import encoded_text
from . import json_nodes

_DEPTH = json_nodes.MAX_DEPTH + 36
"""Levels of nesting in the JSON of a graph: deeper objects are several nodes."""

Fail = Callable[[str], DamagedBundleError]
"""Returns the error to raise for a malformed graph."""

_LARGEST = 1 << 63
"""Integers from this on are written in hexadecimal: other readers of JSON would round them."""

_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
"""Two surrogates, which JSON reads as one character."""


@dataclass(frozen=True)
class GraphText:
    """A graph, parsed from JSON.

    Attributes
    ----------
    names : dict of str to object
        The value of each name.
    nodes : list of list
        Tag and payload of each node.
    pickles : list of list
        For each pickle, the nodes that it holds.
    size : int
        Bytes of the JSON.
    """

    names: dict[str, Any]
    nodes: list[Any]
    pickles: list[list[int]]
    size: int

    def tag(self, name: str) -> str:
        """Return the tag of the node that a name refers to; empty if its value is in place."""
        number = node_of(self.names[name])
        if number is None or not 0 <= number < len(self.nodes):
            return ""
        return str(self.nodes[number][0])


def parse(data: bytes, fail: Fail) -> GraphText:
    """Parse the JSON of a graph.

    Raises
    ------
    DamagedBundleError
        If it is not a graph.
    """
    try:
        document = parse_json(data, _DEPTH)
        names, nodes = document["names"], document["nodes"]
        pickles = document["pickles"]
    except TooDeepError as error:
        raise fail(str(error)) from None
    except (ValueError, TypeError, LookupError):
        raise fail("it is not a graph") from None
    good = isinstance(names, dict) and isinstance(nodes, list) and isinstance(pickles, list)
    if not good or not all(_is_node(node) for node in nodes):
        raise fail("it is not a graph")
    if not all(isinstance(roots, list) for roots in pickles):
        raise fail("it is not a graph")
    return GraphText(names, nodes, pickles, len(data))


def nested(payload: Any, fail: Fail) -> Any:
    """Return the lists and dictionaries of a node that is JSON."""
    if not isinstance(payload, dict) or not isinstance(payload.get("value"), list | dict):
        raise fail("nested data is malformed")
    levels = payload.get("int_keys")
    if not isinstance(levels, list) or not all(
        type(each) is int and 0 <= each < json_nodes.MAX_DEPTH for each in levels
    ):
        raise fail("nested data has invalid levels")
    try:
        return json_nodes.with_int_keys(payload["value"], levels)
    except (ValueError, TypeError):
        raise fail("a key is not a number") from None


def place(payload: Any, fail: Fail) -> tuple[int, list[Any]]:
    """Return the node and the path of a reference into nested data."""
    if not isinstance(payload, list) or len(payload) != 2 or type(payload[0]) is not int:
        raise fail("a path is malformed")
    number, path = payload
    if not isinstance(path, list):
        raise fail("a path leads through something other than nested data")
    if len(path) > _DEPTH:
        raise fail("a path is too long")
    return number, path


def at(found: Any, path: list[Any], fail: Fail) -> Any:
    """Return the object at the end of a path in nested data."""
    for key in path:
        if not (type(found) is dict or (type(found) is list and type(key) is int)):
            raise fail("a path leads to nothing")
        try:
            found = found[key]
        except (LookupError, TypeError):
            raise fail("a path leads to nothing") from None
    return found


def pair(payload: Any, fail: Fail) -> tuple[int, int]:
    """Return a payload that is two integers."""
    if (
        isinstance(payload, list)
        and len(payload) == 2
        and all(type(each) is int for each in payload)
    ):
        return payload[0], payload[1]
    raise fail("a reference is malformed")


def node_of(value: Any) -> int | None:
    """Return the number of the node that a value refers to, or None."""
    is_node = isinstance(value, list) and len(value) == 1 and type(value[0]) is int
    return value[0] if is_node else None


def _is_node(node: Any) -> bool:
    return isinstance(node, list) and len(node) == 2 and isinstance(node[0], str)


def in_place(obj: Any, *, is_exact: bool) -> Value:
    """Return the value of an object that JSON has, or None.

    Parameters
    ----------
    obj : object
        Anything.
    is_exact : bool
        Whether to check text: JSON cannot have two surrogates that are not one character.
    """
    kind = type(obj)
    if kind is str or kind is bool:
        is_special = is_exact and kind is str and _SURROGATES.search(obj)
        return ["str", encoded_text(obj)] if is_special else obj
    if kind is int:
        return obj if -_LARGEST <= obj < _LARGEST else ["int", hex(obj)]
    if kind is float:
        return obj if math.isfinite(obj) else ["float", repr(obj)]
    return None


def document(content: Any) -> bytes:
    """Return a graph as JSON.

    Raises
    ------
    ValueError
        If it has something that JSON does not have.
    """
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        # A surrogate, which JSON can only escape; two of them would become one character.
        if _SURROGATES.search(text):
            raise ValueError("JSON cannot have two surrogates that are not one character") from None
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()
