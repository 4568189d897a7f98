"""SQLite databases, at their last commit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from .. import sqlite
from ..bundle import Writer
from ..changes import RestoreDatabase, set_attributes
from ..errors import DamagedBundleError, DatabaseBusyError
from ..items import Survey
from ..loadable import Loadable
from ..plan import Plan, Target, Verdict
from ..report import Line, Section
from .files import write_new
from .one_database import capture_one, save_one, tables_text
from .wanted import Wanted

__all__ = ["TITLE", "apply", "capture", "describe", "tables_text"]

TITLE = "databases"

_ENCODING = slice(56, 60)
"""Where a database file says how it encodes text (https://www.sqlite.org/fileformat2.html, 1.3)."""


def describe(survey: Survey) -> Section:
    """Say what would be saved: tables and their rows."""
    section = Section(TITLE)
    for item in survey.of("database"):
        save_one(item, section, None)
    return section


def capture(survey: Survey, sink: Writer) -> Section:
    """Write databases into a bundle, each as of its last commit.

    One that is locked is skipped and reported; one that SQLite cannot read, or finds damage in, is
    saved as the file that it is.
    """
    section = Section(TITLE)
    for item in survey.of("database"):
        save_one(item, section, sink)
    return section


def apply(source: Loadable, wanted: Wanted, plan: Plan) -> Section:
    """Compare databases with what is there, and stage what differs.

    Raises
    ------
    DatabaseBusyError
        If a database that differs is in use.
    """
    section = Section(TITLE)
    for target in wanted.targets:
        if target.member.kind != "database":
            continue
        plan.make_way(target)
        try:
            with sqlite.scratch() as folder:
                verdict = _apply_one(source, target, plan, section, folder)
        except DatabaseBusyError as error:
            if not plan.dry_run:
                raise
            verdict = "changed"
            section.warnings.append(f"As things are, loading would be refused: {error}")
        tables = target.member.details.get("tables")
        detail = "" if tables is None else tables_text(tables)
        section.lines.append(
            Line(target.label, "database", target.member.size, detail=detail, verdict=verdict)
        )
    return section


def _apply_one(
    source: Loadable, target: Target, plan: Plan, section: Section, folder: Path
) -> Verdict:
    old = _present(target, folder)
    if old and _is_same(source, old, target):
        if not plan.dry_run:
            plan.set_attributes(target)
        return "unchanged"
    exists = os.path.lexists(target.path)
    if old and not target.root.is_unmended:
        sqlite.check_replaceable(target.path)
        if not plan.dry_run:
            _stage_content(source, target, plan, old)
        if _encoding(old.chunks()) != _encoding(source.chunks(target.member)) and old.size:
            section.warnings.append(
                f"{target.label} has another text encoding than before: connections that are open "
                "to it are of no use now, connect again."
            )
    elif not plan.dry_run:
        _stage_file(source, target, plan)
    return "changed" if exists else "added"


def _encoding(chunks: Iterator[bytes]) -> bytes:
    return next(chunks, b"")[_ENCODING]


def _present(target: Target, folder: Path) -> sqlite.Image | None:
    path = target.path
    if not path.is_file() or path.is_symlink():
        return None
    size = path.stat().st_size
    if size == 0:
        # Somebody has just called connect(): that connection is to see what is loaded, too.
        return sqlite.EMPTY
    if not sqlite.is_database(path, size):
        return None
    try:
        return capture_one(target.root, path, folder)
    except sqlite.NotADatabaseError:
        return None


def _mode(target: Target) -> sqlite.JournalMode:
    return cast("sqlite.JournalMode", target.member.details.get("journal_mode", "delete"))


def _is_same(source: Loadable, image: sqlite.Image, target: Target) -> bool:
    if image.size != target.member.size or image.open_transaction is not False:
        return False
    return image.journal_mode == _mode(target) and source.matches(target.member, image.chunks())


def _write_checked(path: Path, source: Loadable, target: Target) -> None:
    write_new(path, source.chunks(target.member), target.member.size)
    reason = ""
    with path.open("rb") as file:
        # SQLite would want to write to what is marked otherwise, or refuse to.
        if file.read(20)[18:] != b"\1\1":
            reason = "it has not the marks of a stored one in bytes 18 and 19"
    try:
        sqlite.check_readable(path)
    except sqlite.NotADatabaseError as error:
        reason = str(error)
    if reason:
        raise DamagedBundleError(
            f"The bundle is damaged at {target.member.name!r}: it is no database ({reason}). "
            "Nothing was changed; use another copy of the file."
        )


def _stage_content(source: Loadable, target: Target, plan: Plan, old: sqlite.Image) -> None:
    new_path, old_path = (plan.new_path(target.root, target.path) for _ in range(2))
    _write_checked(new_path, source, target)
    write_new(old_path, old.chunks(), old.size)
    plan.add(RestoreDatabase(target.path, new_path, _mode(target), old_path, old.journal_mode))
    plan.set_attributes(target)


def _stage_file(source: Loadable, target: Target, plan: Plan) -> None:
    staged = plan.new_path(target.root, target.path)
    _write_checked(staged, source, target)
    if not target.root.is_unmended:
        if _mode(target) == "wal":
            sqlite.set_journal_mode(staged, "wal")
        set_attributes(staged, target.member.mode, target.member.mtime_ns)
    plan.remove_sidecars(target.root, target.path)
    plan.replace(target.root, target.path, staged)
