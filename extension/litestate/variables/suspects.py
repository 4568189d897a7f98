"""Which variables may have changed since they were looked at.

A cell can change

- what it names: what these names hold, and what other names hold in common with them;
- what the code that they hold names in turn, and so on;
- what something besides the namespace holds, which may be called, or write, without a name.

Everything else is as it was. Where that is not known, everything may have changed: with an object
in C of an unknown package (it may share memory that no reference shows), a module that is not
installed, `exec` and its like, and what is too large to be walked through.

Not seen is what has the address of memory but no reference to it (`ctypes`), and what a library
changes without a reference to the object that a variable has, but to one deep inside of an object
of a library: these have constants in common, so references to them say nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import holders
from .holders import Loose
from .regions import Region
from .walking import regions_of


@dataclass(frozen=True)
class Heap:
    """What the variables hold, as of one look.

    Attributes
    ----------
    regions : list of Region
        In which no object is twice.
    loose : Loose
        Functions of the notebook that no variable holds.
    bindings : dict of str to int
        By name, the id of its object.
    in_earnest : frozenset of str
        Names that something else held when all garbage had been collected.
    """

    regions: list[Region]
    loose: Loose
    bindings: dict[str, int]
    in_earnest: frozenset[str] = frozenset()

    @property
    def held(self) -> set[str]:
        """Names of which something else holds a part, too."""
        return {name for each in self.regions if each.held for name in each.names}


def whole(
    namespace: dict[str, Any], names: Iterable[str], references: int, before: Heap | None = None
) -> Heap:
    """Return what all variables hold.

    Parameters
    ----------
    namespace : dict
        Of the notebook.
    names : iterable of str
        The variables that are looked at.
    references : int
        Number of references to the namespace, always counted at the same place.
    before : Heap, optional
        As of the look before.
    """
    every = holders.names_with_objects(namespace)
    bindings = _bindings(namespace, every, names)
    in_earnest = frozenset() if before is None else before.in_earnest
    heap = Heap(*_walk(every, namespace, [], Loose(), references), bindings, in_earnest)
    if heap.held <= in_earnest:
        return heap
    # Perhaps by garbage, such as the frames of an older error. This takes long.
    gc.collect()
    heap = Heap(*_walk(every, namespace, [], heap.loose, references), bindings)
    return replace(heap, in_earnest=frozenset(heap.held))


def changed(
    heap: Heap,
    used: Iterable[str],
    namespace: dict[str, Any],
    names: Iterable[str],
    references: int,
) -> tuple[set[str], Heap] | None:
    """Return the names that may have changed, or None for any; and what all of them hold now.

    Parameters
    ----------
    heap : Heap
        As of the last look.
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
        kept = [each for each in heap.regions if suspects.isdisjoint(each.names)]
        again = [name for name in every if name in suspects]
        regions, loose = _walk(again, namespace, kept, loose, references)
        if not was_collected and any(each.held and each.names.isdisjoint(held) for each in regions):
            # Perhaps by garbage.
            gc.collect(1)
            was_collected = True
            continue
        more = _reached([*heap.regions, *regions], suspects, namespace)
        if more is None:
            break
        for each in kept:
            if any(not each.ids.isdisjoint(other.ids) for other in regions):
                more |= each.names
        if more <= suspects:
            return suspects, Heap(kept + regions, loose, bindings, heap.in_earnest)
        suspects |= more
    return None


def _walk(
    names: Iterable[str],
    namespace: dict[str, Any],
    kept: list[Region],
    loose: Loose,
    references: int,
) -> tuple[list[Region], Loose]:
    """Walk through some names, and the functions that no name holds.

    Others, of `kept`, are as they were.
    """
    names = list(names)
    for _ in range(2):
        known, dead = holders.of_ipython(namespace), holders.dead_frames()
        regions = regions_of(names, namespace, loose.functions(), known, dead)
        del known, dead
        more = loose.updated(namespace, [*kept, *regions], references)
        if more is None:
            break
        loose = more
    return regions, loose


def _reached(
    regions: Iterable[Region], asked: Iterable[str], namespace: Mapping[str, Any]
) -> set[str] | None:
    """Return the names that code can change which names some, or None if that may be any."""
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
