"""The survey: find the files of the state, in the roots or below named paths.

The content of a saved file passes through `survey`, `walk`, `parts.files` and `bundle.writer`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..browser import unrecorded
from ..bundle.manifest import Scope, Skipped
from ..bundle.member_names import MemberNames, path_problem
from ..errors import SelectionError
from ..host.roots import Root, Roots
from .ignore import patterns_of
from .read_walk import ReadWalk, read_files
from .survey_items import Survey
from .walk import Walk

StrPath = str | os.PathLike[str]
Paths = Sequence[StrPath] | StrPath | None


def survey(
    places: Roots,
    paths: Paths = None,
    exclude: Sequence[str] | str = (),
    *,
    include: Paths = None,
    with_read: bool = False,
) -> Survey:
    """Find the files, folders, links and databases of the present state.

    Parameters
    ----------
    places : Roots
        The root folders.
    paths : path or sequence of path, optional
        Files and folders to search instead of the roots. Named files are state at any age.
    exclude : str or sequence of str, optional
        Patterns in gitignore syntax, relative to the roots or to each of ``paths``. They come after
        `EXCLUDED`, so that ``"!*.ipynb"`` includes notebooks again.
    include : path or sequence of path, optional
        Files and folders to add in spite of all rules.
    with_read : bool, optional
        Whether to add files of the notebook's folder that were only read, as for a bundle. Code
        that removes or replaces files must leave them out.

    Raises
    ------
    SelectionError
        If a path does not exist or a pattern is invalid.
    """
    starts, scope = starts_of(places, paths, exclude)
    included = (
        []
        if include is None
        else [_start(places, each, "include") for each in _listed(include, "include")]
    )
    read = read_files(places) if with_read and paths is None else ()
    with unrecorded():
        walk = ReadWalk(places, scope, read) if read else Walk(places, scope)
        return walk.run(starts, named=paths is not None, include=included)


def with_read_files(found: Survey, places: Roots) -> Survey:
    """Add the files that were only read, as they are now, to the content of a checkpoint."""
    with unrecorded():
        walk = ReadWalk(places, Scope(None, found.scope.exclude), read_files(places))
        read = walk.run([], named=False)
    taken = MemberNames()
    for item in found.items:
        taken.add(item.member, item.kind)
    here, added, skipped = {item.place for item in found.items}, [], []
    for item in read.items:
        if item.place in here:
            continue
        if problem := taken.problem(item.member, item.kind):
            skipped.append(Skipped(item.label, f"its name {problem}", "Rename it.", item.place))
        else:
            taken.add(item.member, item.kind)
            added.append(item)
    items = sorted([*found.items, *added], key=lambda it: (it.root.name, it.relative.split("/")))
    return replace(found, items=items, skipped=[*found.skipped, *read.skipped, *skipped])


def starts_of(
    places: Roots, paths: Paths, exclude: Sequence[str] | str
) -> tuple[list[tuple[Root, str]], Scope]:
    """Return the starts of a walk, and their scope for the manifest; see `survey`.

    Raises
    ------
    SelectionError
        If a path does not exist or a pattern is invalid.
    """
    patterns = patterns_of(exclude)
    if paths is None:
        return [(root, "") for root in places.roots], Scope(None, patterns)
    starts = [_start(places, path) for path in paths_of(paths)]
    considered = (f"{root.name}/{relative}".rstrip("/") for root, relative in starts)
    # A name that no bundle may hold cannot be in this one either.
    return starts, Scope(tuple(path for path in considered if not path_problem(path)), patterns)


def survey_scope(places: Roots, scope: Scope, exclude: Sequence[str] | str = ()) -> Survey:
    """Find the present state in the scope of a bundle, with more patterns to exclude."""
    walk = Walk(places, Scope(scope.paths, scope.exclude + patterns_of(exclude)))
    if scope.paths is None:
        with unrecorded():
            return walk.run([(root, "") for root in places.roots], named=False)
    starts = []
    for path in scope.paths:
        name, _, relative = path.partition("/")
        if (root := places.root(name)) and os.path.lexists(root.target(relative)):
            starts.append((root, relative))
    with unrecorded():
        return walk.run(starts, named=True)


def paths_of(paths: Sequence[StrPath] | StrPath) -> list[StrPath]:
    """Return the paths of ``paths=`` as a list.

    Raises
    ------
    SelectionError
        If it is not a path, or an empty list.
    """
    given = _listed(paths)
    if not given:
        raise SelectionError("paths= is an empty list: leave it out for the whole state.")
    return given


def _listed(paths: Sequence[StrPath] | StrPath, what: str = "paths") -> list[StrPath]:
    given = [paths] if isinstance(paths, str | os.PathLike) else paths
    if not isinstance(given, Sequence) or not all(isinstance(p, str | os.PathLike) for p in given):
        raise SelectionError(f"{what}= takes a path or a list of paths, not {paths!r}.")
    return list(given)


def absolute(path: StrPath) -> Path:
    """Return the absolute path, with ``~`` and ``..`` resolved, and links kept."""
    return Path(os.path.normpath(Path.cwd() / Path(path).expanduser()))


def _start(places: Roots, path: StrPath, what: str = "paths") -> tuple[Root, str]:
    where = absolute(path)
    if not os.path.lexists(where):
        raise SelectionError(
            f"{what}= names {os.fspath(path)!r}, and there is no such file or folder ({where})."
        )
    return places.locate(where)
