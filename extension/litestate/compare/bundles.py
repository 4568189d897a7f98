"""Comparison of two bundles, or of folders as they would be saved."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO, Any, TypeAlias

from ..bundle import Limits, Reader
from ..bundle.manifest import Member
from ..bundle.strict_json import parse
from ..bundle.variable_members import is_graph, key_of
from ..errors import SourceError
from ..files.survey import survey
from ..host import roots
from ..state.bundle_files import expanded
from ..state.load import open_bundle, verify
from ..state.save import write_into
from .database_comparison import compare_databases
from .results import Comparison, FileChange, Side, VariableChange, VariableSide

Content: TypeAlias = tuple[tuple[str, str], ...]

_MOST = 64 << 20
"""Bytes of a graph that is read; all variables of a larger one count as different."""

_DEPTH = 100
"""Levels of nesting of a graph that is read."""


@dataclass(frozen=True)
class _Group:
    """A group of variables that share objects.

    Attributes
    ----------
    content : tuple of (str, str)
        The members of the group and their hashes.
    values : dict
        For each name, the value itself if it is an atom, else its reference in the graph.
    """

    content: Content
    values: dict[str, Any]


@contextmanager
def opened(source: str, limits: Limits | None = None) -> Iterator[tuple[Reader, str]]:
    """Open and verify a bundle, or a folder as `save_state` would save it.

    Parameters
    ----------
    source : str
        Path or URL of a bundle, or the path of a folder.
    limits : Limits, optional
        The largest sizes to accept.

    Yields
    ------
    (reader, label)
        The bundle, of which every byte was checked, and its name.

    Raises
    ------
    BundleError, SourceError
        If it does not exist or is not a good bundle.
    """
    with ExitStack() as stack:
        if expanded(source).is_dir():
            file = stack.enter_context(_packed(source))
            reader, label = stack.enter_context(open_bundle(file, limits))[0], source
        else:
            reader, label = stack.enter_context(open_bundle(source, limits))
            verify(reader, label)
        closing = stack.pop_all()
    try:
        yield reader, label
    finally:
        # Without the error that ended the block: it may be about the other bundle, and
        # `open_bundle` would put the name of this one in front of it.
        closing.close()


def _packed(source: str) -> IO[bytes]:
    """Return a temporary file with the bundle of a folder."""
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            write_into(file, survey(roots.plain(expanded(source).resolve())), "store")
            file.seek(0)
        except BaseException:
            file.close()
            raise
    except OSError as error:
        raise SourceError(
            f"The folder {source} could not be packed for the comparison: {error}."
        ) from error
    return file


def compare(
    before: tuple[Reader, str], after: tuple[Reader, str], *, ignore_modes: bool = False
) -> Comparison:
    """Compare two verified bundles.

    Times are not compared: the same cells write the same files at different times.

    Parameters
    ----------
    before, after : (Reader, str)
        The results of `opened`.
    ignore_modes : bool, optional
        Whether permissions may differ, as they do between systems.

    Returns
    -------
    Comparison
        The differences.

    Raises
    ------
    SourceError
        If there is no room for copies of their databases.
    """
    result = Comparison(before[1], after[1])
    old, new = (
        {m.place: m for m in reader.manifest.members if m.kind != "variables"}
        for reader, _ in (before, after)
    )
    for place in sorted(old.keys() | new.keys()):
        pair = old.get(place), new.get(place)
        changes = len(result.files) + len(result.databases)
        if file_change := _file_change(place, *pair, ignore_modes=ignore_modes):
            result.files.append(file_change)
        first, second = pair
        if first and second and _are_other_databases(first, second):
            try:
                change = compare_databases(place, (before[0], first), (after[0], second))
            except OSError as error:
                raise SourceError(
                    f"{place} of {before[1]} and of {after[1]} could not be unpacked for the "
                    f"comparison: {error}."
                ) from error
            result.databases.append(change)
        result.same += len(result.files) + len(result.databases) == changes
    result.variables, same = _compare_variables(before[0], after[0])
    result.same += same
    for reader, label in (before, after):
        result.notes += [
            f"{label} was made without {item.path}: {item.reason}."
            for item in reader.manifest.skipped
        ]
    return result


def _file_change(
    place: str, before: Member | None, after: Member | None, *, ignore_modes: bool
) -> FileChange | None:
    change = FileChange(place, _side(before), _side(after))
    if before is None or after is None or before.kind != after.kind:
        return change
    if before.mode != after.mode and not ignore_modes:
        return change
    return change if before.kind != "database" and before.sha256 != after.sha256 else None


def _are_other_databases(before: Member, after: Member) -> bool:
    return before.kind == after.kind == "database" and before.sha256 != after.sha256


def _side(member: Member | None) -> Side | None:
    return Side(member.kind, member.size, member.mode, member.sha256) if member else None


def _compare_variables(before: Reader, after: Reader) -> tuple[list[VariableChange], int]:
    """Compare the variables of two verified bundles.

    An atom, such as a number, is compared alone. Other variables that share objects all differ if
    one of them does, because only a kernel can tell their objects apart.

    Returns
    -------
    (changes, same)
        The differences by name, and the number of equal variables.
    """
    # Most groups are equal, and need not be read.
    equal = set(_contents(before).values()) & set(_contents(after).values())
    old, new = (dict(_variables(each, equal)) for each in (before, after))
    changes = []
    for name in sorted(old.keys() | new.keys()):
        one, other = old.get(name), new.get(name)
        if one is None or other is None or not _is_same(name, one, other):
            changes.append(VariableChange(name, one and one[0], other and other[0]))
    return changes, len(old.keys() | new.keys()) - len(changes)


def _contents(reader: Reader) -> dict[str, Content]:
    found: dict[str, list[tuple[str, str]]] = {}
    for member in sorted(reader.manifest.members, key=lambda member: member.name):
        if key := key_of(member):
            part = member.name.rpartition("/")[2]
            found.setdefault(key, []).append((part, member.sha256))
    return {key: tuple(parts) for key, parts in found.items()}


def _variables(
    reader: Reader, equal: set[Content]
) -> Iterator[tuple[str, tuple[VariableSide, _Group]]]:
    contents = _contents(reader)
    for member in filter(is_graph, reader.manifest.members):
        content = contents[str(key_of(member))]
        values = {} if content in equal else _values(reader, member)
        group = _Group(content, values)
        for name, about in member.details["names"].items():
            yield name, (VariableSide(about["type"], about["text"], about["size"]), group)


def _values(reader: Reader, graph: Member) -> dict[str, Any]:
    if graph.size > _MOST:
        return {}
    try:
        found = parse(reader.content(graph), _DEPTH, constants=True)["names"]
    except (ValueError, TypeError, KeyError):
        # Loading would refuse it. Here it differs from everything.
        return {}
    return found if isinstance(found, dict) else {}


def _is_same(
    name: str, one: tuple[VariableSide, _Group], other: tuple[VariableSide, _Group]
) -> bool:
    first, second = one[1], other[1]
    if first.content == second.content:
        return True
    values = [group.values.get(name, []) for group in (first, second)]
    return all(map(_is_atom, values)) and json.dumps(values[0]) == json.dumps(values[1])


def _is_atom(value: Any) -> bool:
    """Tell whether a value is in place: a reference to a node is a list of one number."""
    if isinstance(value, list):
        return len(value) == 2 and isinstance(value[0], str)
    return not isinstance(value, dict)
