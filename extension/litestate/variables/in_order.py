"""Make the names of several groups in an order in which the notebook's code finds what it uses.

While objects are made, code of the notebook runs: ``__hash__``, ``__setstate__``, what a
``__reduce__`` names. It uses other names of the notebook. So each name is in the namespace as soon
as it is made: imports and plain values first, then functions and classes, then all else. An object
whose code still misses a name is made again when there are more names.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .codecs import codec_of
from .decoder import Decoded, Decoder
from .group import Group

_PLAIN, _DEFINITIONS, _CONTAINERS, _OBJECTS = range(4)
"""Stages."""


@dataclass
class Making:
    """A group whose names are being made.

    Attributes
    ----------
    group : Group
    decoder : Decoder
        Of its graph.
    decoded : Decoded
        What became of its names so far.
    """

    group: Group
    decoder: Decoder
    decoded: Decoded = field(default_factory=Decoded)

    def stages(self) -> dict[int, list[str]]:
        """Return the names of each stage."""
        found: dict[int, list[str]] = {}
        for name in self.decoder.names:
            found.setdefault(self._stage(name), []).append(name)
        return found

    def _stage(self, name: str) -> int:
        tag = self.decoder.tag(name)
        if tag == "pickle":
            kind = str(self.group.about.get(name, {}).get("type", ""))
            is_definition = kind == "function" or kind.startswith("class ")
            return _DEFINITIONS if is_definition else _OBJECTS
        is_container = tag not in ("", "json", "alias") and _is_filled(tag)
        return _CONTAINERS if is_container and self.decoder.runs else _PLAIN


def make_all(
    found: Sequence[Making], namespace: dict[str, Any], wanted: Collection[str] | None
) -> bool:
    """Make all names of some groups; the namespace is as it was afterwards.

    Parameters
    ----------
    found : sequence of Making
        The groups.
    namespace : dict
        Of the notebook: where its code looks for names.
    wanted : collection of str or None
        The names that code may find while objects are made; None for all of the groups.

    Returns
    -------
    bool
        Whether something was made in part and given up, also if it could be made later.

    Raises
    ------
    DamagedBundleError
        If a graph is not as it should be.
    """
    names = {name for each in found for name in each.decoder.names}
    if wanted is not None:
        names &= set(wanted)

    def publish(name: str, value: Any) -> None:
        if name in names:
            namespace[name] = value

    with _set_aside(namespace, names):
        stages = [(each, each.stages()) for each in found]
        for stage in range(_OBJECTS + 1):
            for each, by_stage in stages:
                each.decoder.make(by_stage.get(stage, ()), each.decoded, publish)
                _withdraw(each.decoded, namespace, names)
        has_failed = any(each.decoded.failed for each in found)
        _try_again(found, namespace, names, publish)
    return has_failed


def _try_again(
    found: Sequence[Making],
    namespace: dict[str, Any],
    names: set[str],
    publish: Callable[[str, Any], object],
) -> None:
    """Make what failed again, as long as that makes more names."""
    while any(each.decoded.failed for each in found):
        before = sum(len(each.decoded.failed) for each in found)
        for each in found:
            if each.decoded.failed:
                failed = list(each.decoded.failed)
                each.decoded.failed.clear()
                each.decoder.forget_failures()
                each.decoder.make(failed, each.decoded, publish)
                _withdraw(each.decoded, namespace, names)
        if sum(len(each.decoded.failed) for each in found) >= before:
            return


def _withdraw(decoded: Decoded, namespace: dict[str, Any], names: set[str]) -> None:
    for name in decoded.failed.keys() & names:
        namespace.pop(name, None)


@contextmanager
def _set_aside(namespace: dict[str, Any], names: set[str]) -> Iterator[None]:
    """Take names out of a namespace for a while: code is not to find what they stood for."""
    before = {name: namespace.pop(name) for name in names & namespace.keys()}
    try:
        yield
    finally:
        for name in names:
            namespace.pop(name, None)
        namespace.update(before)


def _is_filled(tag: str) -> bool:
    try:
        codec = codec_of(tag)
    except ImportError:
        return False
    return codec is not None and codec.fill is not None
