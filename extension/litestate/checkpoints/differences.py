"""What differs between two states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from ..manifest import Kind
from ..places import Places
from ..report import Line
from .tree import Entry

Tree = Mapping[str, Entry]
"""The entries of one state by place: root and relative path."""


def place_of(entry: Entry) -> str:
    """Return root and relative path, as `Item.place` does."""
    return f"{entry.root}/{entry.relative}"


def differ(before: Tree, after: Tree) -> bool:
    """Tell whether two states differ in more than times.

    A cell that runs once more writes the same files anew.
    """
    return before.keys() != after.keys() or any(
        not _is_same(before[place], entry) for place, entry in after.items()
    )


def differences(before: Tree, after: Tree, places: Places) -> list[Line]:
    """Return a line for everything that was added, changed or removed."""
    lines = []
    for place, entry in after.items():
        old = before.get(place)
        if old is None:
            lines.append(_line(entry, "added", places))
        elif not _is_same(old, entry):
            lines.append(_line(entry, "changed", places))
    gone = (entry for place, entry in before.items() if place not in after)
    return lines + [_line(entry, "removed", places) for entry in gone]


def _is_same(one: Entry, other: Entry) -> bool:
    return one is other or (
        (one.kind, one.mode, one.details, one.content)
        == (other.kind, other.mode, other.details, other.content)
    )


def _line(entry: Entry, verdict: str, places: Places) -> Line:
    root = places.root(entry.root)
    label = root.show(entry.relative) if root else place_of(entry)
    return Line(label, cast("Kind", entry.kind), entry.size, verdict=verdict)
