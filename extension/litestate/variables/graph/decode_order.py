"""Order in which names are decoded, so the notebook's code finds the names it needs.

While objects are made, code of the notebook runs: ``__hash__``, ``__setstate__``, functions that a
``__reduce__`` names. It uses other names of the notebook. So each name is in the namespace as soon
as it is made: imports and plain values first, then functions and classes, then all else. An object
whose code still misses a name is made again when there are more names.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..codecs.registry import codec_of
from ..failures import NeedsTrustError, NotLoadedError
from ..group import Group
from .decoder import Decoder
from .dependencies import NodeFailedError

_PLAIN, _DEFINITIONS, _CONTAINERS, _OBJECTS = range(4)
"""Stages."""

_Publish = Callable[[str, Any], object]
"""Gets a name and its object, which may still be an empty container."""


@dataclass
class Decoded:
    """The results for the names of a graph.

    Attributes
    ----------
    values : dict of str to object
        The objects that were made.
    failed, waiting : dict of str to str
        For names that could not be made, and that wait for trust: the reason.
    """

    values: dict[str, Any] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)

    def fail(self, name: str, reason: str, *, needs_trust: bool) -> None:
        """Record why a name was not made."""
        (self.waiting if needs_trust else self.failed)[name] = reason


def decode(decoder: Decoder) -> Decoded:
    """Make all names of a graph.

    Raises
    ------
    DamagedBundleError
        If the graph is malformed.
    """
    decoded = Decoded()
    _make(decoder, decoder.graph.names, decoded, lambda name, value: None)
    return decoded


def _make(decoder: Decoder, names: Iterable[str], decoded: Decoded, publish: _Publish) -> None:
    """Make some names, in addition to those in `decoded`."""
    try:
        for name in names:
            _make_name(decoder, name, decoded, publish)
            decoder.fill()
    except RecursionError:
        raise decoder.fail("it is nested too deeply") from None
    # Containers were filled after their names were made.
    for name in list(decoded.values):
        if (failure := decoder.failure_below(name)) is not None:
            del decoded.values[name]
            decoded.fail(name, failure.reason, needs_trust=failure.needs_trust)


def _make_name(decoder: Decoder, name: str, decoded: Decoded, publish: _Publish) -> None:
    try:
        decoded.values[name] = decoder.named(name)
        publish(name, decoded.values[name])
    except NodeFailedError as error:
        decoded.fail(name, error.failure.reason, needs_trust=error.failure.needs_trust)
    except (NotLoadedError, NeedsTrustError) as error:
        decoded.fail(name, str(error), needs_trust=isinstance(error, NeedsTrustError))


@dataclass
class Making:
    """A group whose names are being made.

    Attributes
    ----------
    group : Group
    decoder : Decoder
        The decoder of its graph.
    decoded : Decoded
        The results for its names so far.
    """

    group: Group
    decoder: Decoder
    decoded: Decoded = field(default_factory=Decoded)

    def stages(self) -> dict[int, list[str]]:
        """Return the names of each stage."""
        found: dict[int, list[str]] = {}
        for name in self.decoder.graph.names:
            found.setdefault(self._stage(name), []).append(name)
        return found

    def _stage(self, name: str) -> int:
        tag = self.decoder.graph.tag(name)
        if tag == "pickle":
            kind = str(self.group.about.get(name, {}).get("type", ""))
            is_definition = kind == "function" or kind.startswith("class ")
            return _DEFINITIONS if is_definition else _OBJECTS
        is_container = tag not in ("", "json", "alias") and _is_filled(tag)
        return _CONTAINERS if is_container and self.decoder.graph.pickles else _PLAIN


def make_all(
    found: Sequence[Making], namespace: dict[str, Any], wanted: Collection[str] | None
) -> bool:
    """Make all names of some groups; the namespace is unchanged afterwards.

    Parameters
    ----------
    found : sequence of Making
        The groups.
    namespace : dict
        The namespace of the notebook, in which its code looks up names.
    wanted : collection of str or None
        The names that code may find while objects are made; None for all of the groups.

    Returns
    -------
    bool
        Whether an attempt to make an object failed, even if a later one succeeded.

    Raises
    ------
    DamagedBundleError
        If a graph is malformed.
    """
    names = {name for each in found for name in each.decoder.graph.names}
    if wanted is not None:
        names &= set(wanted)

    def publish(name: str, value: Any) -> None:
        if name in names:
            namespace[name] = value

    with _set_aside(namespace, names):
        stages = [(each, each.stages()) for each in found]
        for stage in range(_OBJECTS + 1):
            for each, by_stage in stages:
                _make(each.decoder, by_stage.get(stage, ()), each.decoded, publish)
                _withdraw(each.decoded, namespace, names)
        has_failed = any(each.decoded.failed for each in found)
        _try_again(found, namespace, names, publish)
    return has_failed


def _try_again(
    found: Sequence[Making],
    namespace: dict[str, Any],
    names: set[str],
    publish: _Publish,
) -> None:
    """Make failed names again, as long as that makes more names."""
    while any(each.decoded.failed for each in found):
        before = sum(len(each.decoded.failed) for each in found)
        for each in found:
            if each.decoded.failed:
                failed = list(each.decoded.failed)
                each.decoded.failed.clear()
                each.decoder.forget_failures()
                _make(each.decoder, failed, each.decoded, publish)
                _withdraw(each.decoded, namespace, names)
        if sum(len(each.decoded.failed) for each in found) >= before:
            return


def _withdraw(decoded: Decoded, namespace: dict[str, Any], names: set[str]) -> None:
    for name in decoded.failed.keys() & names:
        namespace.pop(name, None)


@contextmanager
def _set_aside(namespace: dict[str, Any], names: set[str]) -> Iterator[None]:
    """Remove names from a namespace for a while: code must not find their old values."""
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
