"""Members for variables, packages and the session: their names and their groups."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from .manifest import KERNEL_KINDS, Kind, Member

GRAPH = "graph.json"
"""Last part of the member name of a group's graph."""

VALUES = "values"
"""Key of the group of variables that share nothing: numbers, short strings, imports."""

PACKAGES_MEMBER = "packages/installed.json"
SESSION_MEMBER = "session/session.json"

_KEY = "[A-Za-z0-9_-]{1,100}"
_NUMBER = "(?:0|[1-9][0-9]{0,8})"

_FORMS: dict[Kind, re.Pattern[str]] = {
    "variables": re.compile(rf"variables/({_KEY})/(?:graph\.json|({_NUMBER})\.(bin|pickle))"),
    "packages": re.compile(re.escape(PACKAGES_MEMBER)),
    "session": re.compile(re.escape(SESSION_MEMBER)),
}

_DUNDER = re.compile("__.*__")


def group_member(key: str, part: str) -> str:
    """Return the name of a member of a group of variables.

    Parameters
    ----------
    key : str
        Key of the group: 1 to 100 ASCII letters, digits, ``_`` and ``-``.
    part : str
        ``graph.json``, ``<n>.bin`` or ``<n>.pickle``.

    Examples
    --------
    >>> group_member("values", GRAPH)
    'variables/values/graph.json'
    """
    return f"variables/{key}/{part}"


def key_of(member: Member) -> str | None:
    """Return the key of a member's group; None for other kinds."""
    return member.name.split("/")[1] if member.kind == "variables" else None


def is_graph(member: Member) -> bool:
    """Tell whether a member is the graph of a group, whose details name the variables."""
    return member.kind == "variables" and member.name.endswith(f"/{GRAPH}")


def variables_of(members: Iterable[Member]) -> dict[str, dict[str, Any]]:
    """Return the ``type``, ``text`` and ``size`` of each variable in the manifest, by name."""
    return {
        name: about
        for member in members
        if is_graph(member)
        for name, about in member.details["names"].items()
    }


def name_problem(name: str, kind: Kind) -> str | None:
    """Return the reason why a member of a kind cannot have a name, or None.

    Examples
    --------
    >>> name_problem("variables/values/0.bin", "variables")
    >>> name_problem("files/variables/notes.txt", "file")
    "has the reserved root 'variables'"
    """
    if kind in KERNEL_KINDS:
        return None if _FORMS[kind].fullmatch(name) else f"is not a name for {kind}"
    root = name.partition("/")[2].partition("/")[0]
    return f"has the reserved root '{root}'" if root in KERNEL_KINDS else None


def group_problem(members: Iterable[Member]) -> str | None:
    """Return the first problem in the groups of variables, or None.

    Parameters
    ----------
    members : iterable of Member
        All members of a bundle, with names that fit their kinds.
    """
    graphs: dict[str, Member] = {}
    blobs: dict[tuple[str, str], list[int]] = {}
    for member in members:
        form = _FORMS["variables"].fullmatch(member.name)
        if form is None or member.kind != "variables":
            continue
        key, number, suffix = form.groups()
        if suffix:
            blobs.setdefault((key, suffix), []).append(int(number))
        else:
            graphs[key] = member
    problems = (
        *_graph_problems(graphs.values()),
        *_blob_problems(graphs, blobs),
        *_name_problems(graphs.values()),
    )
    return next(iter(problems), None)


def _graph_problems(graphs: Iterable[Member]) -> Iterator[str]:
    for graph in graphs:
        if not _is_described(graph.details):
            yield f"{graph.name!r} has details that cannot be understood"


def _is_described(details: dict[str, Any]) -> bool:
    variables = details.get("names")
    return (
        _is_count(details.get("pickles"))
        and _is_count(details.get("buffers"))
        and isinstance(variables, dict)
        and all(
            isinstance(about, dict)
            and isinstance(about.get("type"), str)
            and isinstance(about.get("text"), str)
            and _is_count(about.get("size"))
            for about in variables.values()
        )
    )


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


def _blob_problems(
    graphs: dict[str, Member], blobs: dict[tuple[str, str], list[int]]
) -> Iterator[str]:
    for key, suffix in blobs:
        if key not in graphs:
            yield f"{group_member(key, f'*.{suffix}')!r} have no {GRAPH}"
    for key, graph in graphs.items():
        if not _is_described(graph.details):
            continue
        for suffix, count in (("bin", "buffers"), ("pickle", "pickles")):
            found = sorted(blobs.get((key, suffix), []))
            expected = graph.details[count]
            if len(found) != expected or found != list(range(len(found))):
                yield f"{graph.name!r} needs {expected:,} {count}, and the bundle has others"


def _name_problems(graphs: Iterable[Member]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for graph in graphs:
        variables = graph.details.get("names")
        for name in variables if isinstance(variables, dict) else ():
            if not name.isidentifier() or _DUNDER.fullmatch(name):
                yield f"{graph.name!r} has {name!r}, which is not a variable name"
            if name in seen:
                yield f"{graph.name!r} and {seen[name]!r} both have the variable {name!r}"
            seen[name] = graph.name
