"""Variables that may have changed since the last scan.

A cell can change

- the objects of the names in its text, and of other names that share objects with them;
- the objects of the names in the code among those objects, and so on;
- objects that something besides the namespace holds, which may change them without a name.

Everything else is unchanged. Everything may have changed if one of these is involved: an object in
C of an unknown package (it may share memory that no reference shows), a module that is not
installed, `exec` and its like, and objects too many to walk through.

Two changes are missed, which is why every 20th scan is a full one: code that has the address of
memory but no reference to it (`ctypes`), and a library that refers only to something deep inside
of an object of a library. Such objects share constants, so references to them say nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import holders
from .heap_walk import regions_of
from .holders import Loose, Region


@dataclass(frozen=True)
class Heap:
    """The objects that the variables hold, as of one scan.

    Attributes
    ----------
    regions : list of Region
        No object is in two of them.
    loose : Loose
        The notebook's functions that no variable holds.
    bindings : dict of str to int
        By name, the id of its object.
    held_for_sure : frozenset of str
        Names that something else held after all garbage had been collected.
    """

    regions: list[Region]
    loose: Loose
    bindings: dict[str, int]
    held_for_sure: frozenset[str] = frozenset()

    @property
    def held(self) -> set[str]:
        """Names with an object that something else holds too."""
        return {name for each in self.regions if each.held for name in each.names}


def whole(
    namespace: dict[str, Any], names: Iterable[str], references: int, before: Heap | None = None
) -> Heap:
    """Return the objects that all variables hold.

    Parameters
    ----------
    namespace : dict
        The notebook's.
    names : iterable of str
        The variables to scan.
    references : int
        Number of references to the namespace, always counted in the same function.
    before : Heap, optional
        Result of the scan before.
    """
    every = holders.names_with_objects(namespace)
    bindings = _bindings(namespace, every, names)
    held_for_sure = frozenset() if before is None else before.held_for_sure
    heap = Heap(*_walk(every, namespace, [], Loose(), references), bindings, held_for_sure)
    if heap.held <= held_for_sure:
        return heap
    # Garbage may hold them, such as the frames of an older error. Collecting all takes long.
    gc.collect()
    heap = Heap(*_walk(every, namespace, [], heap.loose, references), bindings)
    return replace(heap, held_for_sure=frozenset(heap.held))


def changed(
    heap: Heap,
    used: Iterable[str],
    namespace: dict[str, Any],
    names: Iterable[str],
    references: int,
) -> tuple[set[str], Heap] | None:
    """Return the names that may have changed and the new heap, or None if any may have changed.

    Parameters
    ----------
    heap : Heap
        Result of the last scan.
    used : iterable of str
        Names that cells have used since.
    namespace, names, references
        As for `whole`.
    """
    every = holders.names_with_objects(namespace)
    bindings = _bindings(namespace, every, names)
    asked = {name for name in used if name in namespace or name in heap.bindings}
    asked |= {
        name
        for name in bindings.keys() | heap.bindings.keys()
        if bindings.get(name) != heap.bindings.get(name)
    }
    suspects = _reached(heap.regions, asked, namespace)
    loose = heap.loose
    held = heap.held
    was_collected = False
    while suspects is not None:
        unchanged = [each for each in heap.regions if suspects.isdisjoint(each.names)]
        again = [name for name in every if name in suspects]
        regions, loose = _walk(again, namespace, unchanged, loose, references)
        if not was_collected and any(each.held and each.names.isdisjoint(held) for each in regions):
            # Garbage may hold them.
            gc.collect(1)
            was_collected = True
            continue
        more = _reached([*heap.regions, *regions], suspects, namespace)
        if more is None:
            break
        for each in unchanged:
            if any(not each.ids.isdisjoint(other.ids) for other in regions):
                more |= each.names
        if more <= suspects:
            return suspects, Heap(unchanged + regions, loose, bindings, heap.held_for_sure)
        suspects |= more
    return None


def _walk(
    names: Iterable[str],
    namespace: dict[str, Any],
    unchanged: list[Region],
    loose: Loose,
    references: int,
) -> tuple[list[Region], Loose]:
    """Walk through some names and the functions that no name holds; `unchanged` is unchanged."""
    names = list(names)
    for _ in range(2):
        known, dead = holders.of_ipython(namespace), holders.dead_frames()
        regions = regions_of(names, namespace, loose.functions(), known, dead)
        del known, dead
        more = loose.updated(namespace, [*unchanged, *regions], references)
        if more is None:
            break
        loose = more
    return regions, loose


def _reached(
    regions: Iterable[Region], asked: Iterable[str], namespace: Mapping[str, Any]
) -> set[str] | None:
    """Return the names that code with some names can change, or None if that may be any."""
    found: set[str] = set()
    todo = list(asked)
    by_name: dict[str, list[Region]] = {}
    for each in regions:
        for name in each.names:
            by_name.setdefault(name, []).append(each)
        if each.held:
            if each.wild:
                return None
            found |= each.names
            todo += each.reads
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        found.add(name)
        for each in by_name.get(name, ()):
            if each.open or each.wild:
                return None
            found |= each.names
            todo += [word for word in each.reads if word in namespace and word not in seen]
    return found


def _bindings(
    namespace: Mapping[str, Any], every: Iterable[str], names: Iterable[str]
) -> dict[str, int]:
    return {name: id(namespace[name]) for name in {*every, *names}}
