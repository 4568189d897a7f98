"""The part "process" of the session: current folder, environment variables and search path."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..bundle import member_names
from ..bundle.json_checks import damaged, mapping, root_and_path, sequence, text
from ..host import roots as places
from ..host.roots import ELSEWHERE, Roots
from ..platform import IN_BROWSER
from ..shell.secret_detection import is_secret_name, is_secret_value
from . import initial_process
from .apply_result import Applied

_MOST_VARIABLES = 10_000

_SECRET = "secret"
_MACHINE = "machine"
_UNREADABLE = "unreadable"
_LONG = "long"

_LONGEST = 100_000
"""Characters of the longest variable that is saved."""

_MOST_ENTRIES = 1000
"""Entries of the search path."""

REASONS = {
    _SECRET: (
        "looks like a secret, which does not belong in a bundle",
        "Set it again where it is needed.",
    ),
    _MACHINE: ("describes the machine that it was set on", "Set it again where it is needed."),
    _UNREADABLE: ("is not text", ""),
    _LONG: (f"has more than {_LONGEST:,} characters", "Write the value to a file instead."),
}
"""Reasons why a variable is left out, each with what to do."""


def describe(roots: Roots | None = None) -> dict[str, Any]:
    """Return the current folder, and the variables and search path entries set since the start.

    Parameters
    ----------
    roots : Roots, optional
        The root folders; by default those of this session.

    Returns
    -------
    dict
        ``cwd`` (root and relative path; None if it is gone), ``environment`` (name to value),
        ``left_out`` (name of a variable to a key of `REASONS`), ``sys_path`` (list of
        ``{"path": [root, relative] or text, "front": bool}``, in order).
    """
    roots = roots or places.detect()
    variables, left_out = _variables(os.environ, initial_process.environment())
    return {
        "cwd": _cwd(roots),
        "environment": variables,
        "left_out": left_out,
        "sys_path": _added(roots),
    }


def check(document: dict[str, Any]) -> None:
    """Refuse a document that litestate would not have written.

    Raises
    ------
    DamagedBundleError
        With the reason.
    """
    if document.get("cwd") is not None:
        root_and_path(document["cwd"], "The current folder")
    variables = mapping(document.get("environment", {}), "The environment")
    left_out = mapping(document.get("left_out", {}), "What the environment leaves out")
    for entries in (variables, left_out):
        if len(entries) > _MOST_VARIABLES:
            raise damaged("The environment", f"has {len(entries):,} variables")
        for name, value in entries.items():
            text(name, "An environment variable's name", member_names.MAX_NAME_BYTES)
            text(value, "An environment variable")
            if not name or "=" in name or "\0" in name + value:
                raise damaged("An environment variable", "has a character that it cannot have")
    for entry in sequence(document.get("sys_path", []), "The search path", _MOST_ENTRIES):
        path = mapping(entry, "An entry of the search path").get("path")
        if isinstance(path, str):
            text(path, "An entry of the search path", member_names.MAX_NAME_BYTES)
            if "\0" in path:
                raise damaged("An entry of the search path", "has a character that it cannot have")
        else:
            root_and_path(path, "An entry of the search path")
        if type(entry.get("front")) is not bool:
            raise damaged("An entry of the search path", "does not say where it belongs")


def apply(
    document: dict[str, Any], *, trusted: bool, roots: Roots | None = None, dry_run: bool = False
) -> Applied:
    """Enter the folder, set the variables, and add the search path entries that exist here.

    Parameters
    ----------
    document : dict
        A checked document of `describe`.
    trusted : bool
        Whether to change variables and the search path: they can make other code run.
    roots : Roots, optional
        The root folders; by default those of this session.
    dry_run : bool, optional
        Whether to change nothing, and only find what waits for trust.
    """
    roots = roots or places.detect()
    applied = Applied(dry_run)
    # Before the folder changes: in plain Python the roots are in the current folder.
    entries = document.get("sys_path", [])
    paths = [(entry["front"], *_found(entry["path"], roots)) for entry in entries]
    if document.get("cwd") is not None:
        _enter(document["cwd"], applied, trusted, roots)
    _set(document.get("environment", {}), applied, trusted)
    _add(paths, applied, trusted)
    for name, code in document.get("left_out", {}).items():
        reason, advice = REASONS.get(code, ("was left out when the state was saved", ""))
        applied.skip(f"environment variable {name}", reason, advice)
    return applied


def _variables(
    now: Mapping[str, str], before: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    saved: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for name, value in sorted(now.items()):
        if before.get(name) == value or initial_process.is_own(name, value):
            continue
        readable = member_names.readable(name)
        if name in initial_process.MACHINE:
            left_out[readable] = _MACHINE
        elif is_secret_name(name) or is_secret_value(value):
            left_out[readable] = _SECRET
        elif len(name) + len(value) > _LONGEST:
            left_out[readable[:100]] = _LONG
        elif readable != name or member_names.readable(value) != value:
            left_out[readable] = _UNREADABLE
        else:
            saved[name] = value
    return saved, left_out


def _cwd(roots: Roots) -> list[str] | None:
    try:
        root, relative = roots.locate(Path.cwd())
    except FileNotFoundError:
        return None
    return [root.name, relative] if _is_portable(relative) else None


def _is_portable(relative: str) -> bool:
    return not relative or member_names.path_problem(relative) is None


def _added(roots: Roots) -> list[dict[str, Any]]:
    standard = initial_process.search_path()
    # An editable install adds entries that are not paths.
    own = [str(entry) for entry in sys.path if not str(entry).startswith("__editable__")]
    known = [at for at, entry in enumerate(own) if entry in standard and entry]
    begin = known[0] if known else len(own)
    added: list[dict[str, Any]] = []
    for at, entry in enumerate(own):
        is_text = (
            member_names.readable(entry) == entry and len(entry) <= member_names.MAX_NAME_BYTES
        )
        if entry not in standard and is_text and len(added) < _MOST_ENTRIES:
            added.append({"path": _portable(entry, roots), "front": at < begin})
    return added


def _portable(entry: str, roots: Roots) -> list[str] | str:
    path = Path(entry)
    if not path.is_absolute():
        return entry
    root, relative = roots.locate(path)
    # A path with ".." can lead elsewhere on another machine.
    return [root.name, relative] if _is_portable(relative) else entry


def _found(path: list[str] | str, roots: Roots) -> tuple[str, str]:
    """Return an entry of the search path as it is here, and as reports show it."""
    if isinstance(path, str):
        return path, path
    root = roots.root(path[0])
    if root is None:
        return "", "/".join(path)
    return str(root.target(path[1])), root.show(path[1])


def _enter(saved: list[str], applied: Applied, trusted: bool, roots: Roots) -> None:
    root_name, relative = saved
    root = roots.root(root_name)
    if root is None:
        applied.skip(f"current folder {root_name}/{relative}", "there is no such root folder here")
        return
    target, label = root.target(relative), root.show(relative)
    before = _current_folder()
    if before == target:
        return
    if root.name == ELSEWHERE and not trusted:
        applied.wait(f"current folder {label}", "is outside of the notebook's folders")
        return
    if applied.dry_run:
        return
    try:
        os.chdir(target)
    except (OSError, ValueError) as error:
        applied.skip(
            f"current folder {label}",
            f"cannot be entered here ({getattr(error, 'strerror', None) or error})",
            "The current folder stays as it is.",
        )
        return
    if before is not None:
        applied.on_undo(lambda: os.chdir(before))
    applied.lines.append(f"current folder: {label}")
    if not IN_BROWSER:
        applied.warnings.append(
            f"The current folder is now {target}. From here on, save_state() saves the files in it."
        )


def _current_folder() -> Path | None:
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        # The path is too long, for example.
        return False


def _set(variables: dict[str, str], applied: Applied, trusted: bool) -> None:
    done: list[str] = []
    for name, value in variables.items():
        what = f"environment variable {name}"
        before = os.environ.get(name)
        if before == value:
            continue
        if initial_process.is_own(name, value) or name in initial_process.MACHINE:
            applied.skip(what, "is set by this machine, not by a bundle")
        elif not trusted:
            applied.wait(what, "can change which code runs")
        else:
            try:
                os.environ[name] = value
            except (OSError, ValueError) as error:
                applied.skip(what, f"cannot be set here ({error})")
                continue
            applied.on_undo(lambda name=name, before=before: _reset(name, before))  # type: ignore[misc]
            done.append(name)
    if done:
        applied.lines.append(f"environment variables: {', '.join(done)}")


def _reset(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _add(paths: list[tuple[bool, str, str]], applied: Applied, trusted: bool) -> None:
    front: list[str] = []
    back: list[str] = []
    labels: list[str] = []
    for is_front, path, label in paths:
        if path and (path in sys.path or path in front or path in back):
            continue
        what = f"sys.path entry {label}"
        if not path or not _exists(path):
            applied.skip(what, "does not exist here")
        elif not trusted:
            applied.wait(what, "would let imports find files from elsewhere")
        else:
            (front if is_front else back).append(path)
            labels.append(label)
    if labels:
        before = list(sys.path)
        # In place: other modules hold this list.
        sys.path[:] = [*front, *before, *back]
        applied.on_undo(lambda: sys.path.__setitem__(slice(None), before))
        applied.lines.append(f"folders to import from (sys.path): {', '.join(labels)}")
