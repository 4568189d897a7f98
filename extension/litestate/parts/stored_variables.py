"""The variables that a bundle or checkpoint has, and which are here just so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .. import environment, packages
from ..bundle import CHUNK
from ..groups import group_member, is_graph, key_of
from ..loadable import Loadable
from ..manifest import Member
from ..variables.group import GRAPH, VALUES, Group, Memory, value_texts
from ..variables.taking import Taken


def stored(source: Loadable) -> Taken:
    """Return all variables of a checkpoint, to be saved into a bundle."""
    graphs = [member for member in source.manifest.members if is_graph(member)]
    return Taken([group_of(source, member) for member in graphs])


def documents(source: Loadable) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the session and the packages of a checkpoint, to be saved into a bundle."""
    kept = {member.kind: member for member in source.manifest.members}
    return (
        environment.read(source.content(kept["session"])) if "session" in kept else None,
        packages.read(source.content(kept["packages"])) if "packages" in kept else None,
    )


def group_of(source: Loadable, graph: Member) -> Group:
    """Read a group; its buffers can be written to."""
    key = key_of(graph)
    assert key is not None
    members = {member.name: member for member in source.manifest.members if key_of(member) == key}

    def content(part: str) -> Memory:
        member = members[group_member(key, part)]
        found, at = Memory(member.size), 0
        for chunk in source.chunks(member):
            found[at : at + len(chunk)] = chunk
            at += len(chunk)
        return found

    about = graph.details["names"]
    return Group(
        key,
        tuple(sorted(about)),
        bytes(content(GRAPH)),
        [content(f"{n}.bin") for n in range(graph.details["buffers"])],
        [bytes(content(f"{n}.pickle")) for n in range(graph.details["pickles"])],
        about,
    )


def pieces(content: bytes | bytearray | memoryview) -> Iterator[bytes]:
    """Yield content in pieces."""
    view = memoryview(content)
    for start in range(0, len(view), CHUNK):
        yield bytes(view[start : start + CHUNK])


def unchanged(source: Loadable, taken: Taken) -> set[str]:
    """Return the names that are stored just as they are here."""
    return {name for group in taken.groups for name in _same(source, group)}


def _same(source: Loadable, group: Group) -> Iterable[str]:
    """Return which names of a group that is here are stored just so."""
    if _is_same(source, group):
        return group.names
    return _same_values(source, group) if group.key == VALUES else ()


def _same_values(source: Loadable, group: Group) -> Iterator[str]:
    for member in source.manifest.members:
        if is_graph(member) and key_of(member) == VALUES:
            stored = value_texts(source.content(member))
            here = value_texts(group.document)
            yield from (name for name, text in here.items() if stored.get(name) == text)


def _is_same(source: Loadable, group: Group) -> bool:
    members = {member.name: member for member in source.manifest.members}
    parts = dict(group.members())
    graph = members.get(group_member(group.key, GRAPH))
    if graph is None or set(graph.details["names"]) != set(group.names):
        return False
    if (graph.details["pickles"], graph.details["buffers"]) != (
        len(group.pickles),
        len(group.buffers),
    ):
        return False
    return all(
        (member := members[group_member(group.key, part)]).size == len(content)
        and source.matches(member, pieces(content))
        for part, content in parts.items()
    )
