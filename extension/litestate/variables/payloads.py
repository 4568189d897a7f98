"""Checks of what stands in a graph: anybody may have written it."""

from __future__ import annotations

from typing import Any

from .codecs import Get


def parts(payload: Any, count: int | None, get: Get) -> list[Any]:
    """Return a payload that has to be a list, of a certain length if it is given."""
    if not isinstance(payload, list) or count not in (None, len(payload)):
        raise get.fail("something has other parts than it should have")
    return payload


def text(payload: Any, get: Get) -> str:
    """Return a payload that has to be text."""
    if not isinstance(payload, str):
        raise get.fail("something other than text stands where text belongs")
    return payload


def whole(payload: Any, get: Get, low: int = 0) -> int:
    """Return a payload that has to be an integer, of 63 bits at most."""
    if type(payload) is not int or payload < low or payload >= 1 << 62:
        raise get.fail("something other than a number stands where one belongs")
    return payload


def parsed(parse: Any, payload: Any, get: Get) -> Any:
    """Return what a payload, which has to be text, is parsed into."""
    try:
        return parse(text(payload, get))
    except ValueError:
        raise get.fail(f"{payload!r:.40} is written otherwise than it should be") from None
