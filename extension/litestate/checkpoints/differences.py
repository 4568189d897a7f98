"""Comparison of two states, and report lines for their differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from ..bundle.manifest import Kind
from ..bundle.variable_members import VALUES
from ..host.roots import Roots
from ..report import Line
from ..report.lines import LineKind
from .ownership import BY
from .store.chunks import Content
from .store.entries import Entry, Tree


def differ(before: Tree, after: Tree) -> bool:
    """Tell whether two states differ in more than times.

    A cell that runs once more writes the same files again.
    """
    return before.keys() != after.keys() or any(
        not same_content(before[place], entry) for place, entry in after.items()
    )


def same_content(one: Entry, other: Entry) -> bool:
    """Tell whether two entries are equal but for their times and who wrote them."""
    if "digest" in one.details and "digest" in other.details:
        # Some parts of a document do not count as a change.
        return bool(one.details["digest"] == other.details["digest"])
    return one is other or (
        (one.kind, one.mode, _without_writer(one), one.content)
        == (other.kind, other.mode, _without_writer(other), other.content)
    )


def _without_writer(entry: Entry) -> dict[str, Any]:
    return {key: value for key, value in entry.details.items() if key != BY}


def differences(before: Tree, after: Tree, roots: Roots) -> list[Line]:
    """Return a report line for everything that was added, changed or removed."""
    lines = _variable_lines(before, after)
    before, after = _without_variables(before), _without_variables(after)
    for place, entry in after.items():
        old = before.get(place)
        if old is None:
            lines.append(_line(entry, "added", roots))
        elif not same_content(old, entry):
            lines.append(_line(entry, "changed", roots))
    gone = (entry for place, entry in before.items() if place not in after)
    return lines + [_line(entry, "removed", roots) for entry in gone]


def _without_variables(tree: Tree) -> Tree:
    return {place: entry for place, entry in tree.items() if entry.kind != "variables"}


def _line(entry: Entry, verdict: str, roots: Roots) -> Line:
    if entry.kind in ("session", "packages"):
        label = "settings" if entry.kind == "session" else entry.kind
        return Line(label, cast("LineKind", entry.kind), entry.size, verdict=verdict)
    label = label_of(entry, roots)
    return Line(label, cast("Kind", entry.kind), entry.size, verdict=verdict)


def label_of(entry: Entry, roots: Roots) -> str:
    """Return the name of an entry in a report."""
    root = roots.root(entry.root)
    return entry.place if root is None else root.show(entry.relative)


def variables_in(tree: Tree) -> set[str]:
    """Return the names of all variables of a state."""
    return set(_variables(tree))


def _variable_lines(before: Tree, after: Tree) -> list[Line]:
    """Return a line for each variable that has changed or shares something that has changed."""
    old, new = _variables(before), _variables(after)
    lines = []
    for name, variable in new.items():
        if name not in old:
            lines.append(_variable_line(name, variable, "added"))
        elif variable.differs(old[name]):
            lines.append(_variable_line(name, variable, "changed"))
    gone = (name for name in old if name not in new)
    return lines + [_variable_line(name, old[name], "removed") for name in gone]


def _variable_line(name: str, variable: _Variable, verdict: str) -> Line:
    about = variable.about
    return Line(name, "variable", about["size"], detail=about["type"], verdict=verdict)


@dataclass(frozen=True)
class _Variable:
    key: str
    contents: list[Content]
    about: dict[str, Any]

    def differs(self, other: _Variable) -> bool:
        # In the group of simple values, the digest in `about` tells them apart.
        shares = VALUES not in (self.key, other.key)
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
