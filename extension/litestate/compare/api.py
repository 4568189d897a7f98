"""Compare two bundles, or folders as they would be saved."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from .. import places
from ..bundle import Limits, Reader
from ..errors import SourceError
from ..loading import open_bundle, verify
from ..manifest import Member
from ..saving import write_into
from ..sources import expanded
from ..survey import survey
from .databases import compare_databases
from .model import Comparison, FileChange, Side
from .variables import compare_variables


@contextmanager
def opened(source: str, limits: Limits | None = None) -> Iterator[tuple[Reader, str]]:
    """Open and verify a bundle, or a folder as `save_state` would save it.

    Parameters
    ----------
    source : str
        Path or URL of a bundle, or the path of a folder.
    limits : Limits, optional
        What is too much.

    Yields
    ------
    (reader, label)
        Every byte was checked.

    Raises
    ------
    BundleError, SourceError
        If it is no good bundle, or there is none.
    """
    with ExitStack() as stack:
        if expanded(source).is_dir():
            file = stack.enter_context(_packed(source))
            reader, label = stack.enter_context(open_bundle(file, limits))[0], source
        else:
            reader, label = stack.enter_context(open_bundle(source, limits))
            verify(reader, label)
        kept = stack.pop_all()
    try:
        yield reader, label
    finally:
        # Without the error that ended the block: it may be the other bundle's, and `open_bundle`
        # would put this one's name in front of it.
        kept.close()


def _packed(source: str) -> IO[bytes]:
    """Return a temporary file with a folder as a bundle."""
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            write_into(file, survey(places.plain(expanded(source).resolve())), "store")
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

    Times are not compared: the same cells make the same files at other times.

    Parameters
    ----------
    before, after : (Reader, str)
        What `opened` yields.
    ignore_modes : bool, optional
        Whether permissions may differ: another system has other defaults.

    Returns
    -------
    Comparison
        What differs.

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
    result.variables, same = compare_variables(before[0], after[0])
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
