"""What differs between two states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from .. import groups
from ..manifest import Kind
from ..places import Places
from ..report import Line
from ..report.lines import LineKind
from .chunks import Content
from .ownership import BY
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
        not same_content(before[place], entry) for place, entry in after.items()
    )


def differences(before: Tree, after: Tree, places: Places) -> list[Line]:
    """Return a line for everything that was added, changed or removed."""
    lines = _of_variables(before, after)
    before, after = _others(before), _others(after)
    for place, entry in after.items():
        old = before.get(place)
        if old is None:
            lines.append(_line(entry, "added", places))
        elif not same_content(old, entry):
            lines.append(_line(entry, "changed", places))
    gone = (entry for place, entry in before.items() if place not in after)
    return lines + [_line(entry, "removed", places) for entry in gone]


def _others(tree: Tree) -> Tree:
    return {place: entry for place, entry in tree.items() if entry.kind != "variables"}


def _of_variables(before: Tree, after: Tree) -> list[Line]:
    """Return a line for each variable that is not as it was, or shares with one that is not."""
    old, new = _variables(before), _variables(after)
    lines = []
    for name, variable in new.items():
        if name not in old:
            lines.append(_variable(name, variable, "added"))
        elif variable.differs(old[name]):
            lines.append(_variable(name, variable, "changed"))
    gone = (name for name in old if name not in new)
    return lines + [_variable(name, old[name], "removed") for name in gone]


def variables_in(tree: Tree) -> set[str]:
    """Return the names of all variables of a state."""
    return set(_variables(tree))


@dataclass(frozen=True)
class _Variable:
    key: str
    contents: list[Content]
    about: dict[str, Any]

    def differs(self, other: _Variable) -> bool:
        # What shares nothing is told apart by what is said of it.
        shares = groups.VALUES not in (self.key, other.key)
        return (shares and self.contents != other.contents) or self.about != other.about


def _variables(tree: Tree) -> dict[str, _Variable]:
    by_key: dict[str, list[Entry]] = {}
    for entry in sorted(tree.values(), key=lambda entry: entry.relative):
        if entry.kind == "variables":
            by_key.setdefault(entry.relative.partition("/")[0], []).append(entry)
    return {
        name: _Variable(key, [each.content for each in entries], about)
        for key, entries in by_key.items()
        for entry in entries
        for name, about in entry.details.get("names", {}).items()
    }


def _variable(name: str, variable: _Variable, verdict: str) -> Line:
    about = variable.about
    return Line(name, "variable", about["size"], detail=about["type"], verdict=verdict)


def same_content(one: Entry, other: Entry) -> bool:
    """Tell whether two entries are the same but for their times and who wrote them."""
    if "digest" in one.details and "digest" in other.details:
        # Not all that is kept in one is a change by itself.
        return bool(one.details["digest"] == other.details["digest"])
    return one is other or (
        (one.kind, one.mode, _what(one), one.content)
        == (other.kind, other.mode, _what(other), other.content)
    )


def _what(entry: Entry) -> dict[str, Any]:
    """Return the details that say what it is, without who wrote it."""
    return {key: value for key, value in entry.details.items() if key != BY}


def _line(entry: Entry, verdict: str, places: Places) -> Line:
    if entry.kind in ("session", "packages"):
        label = "settings" if entry.kind == "session" else entry.kind
        return Line(label, cast("LineKind", entry.kind), entry.size, verdict=verdict)
    root = places.root(entry.root)
    label = root.show(entry.relative) if root else place_of(entry)
    return Line(label, cast("Kind", entry.kind), entry.size, verdict=verdict)
