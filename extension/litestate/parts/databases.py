"""SQLite databases, at their last commit."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from .. import sqlite
from ..bundle import CHUNK, Reader, Writer
from ..changes import RestoreDatabase, set_attributes
from ..errors import DamagedBundleError, DatabaseBusyError
from ..items import Item, Survey, member_name
from ..places import Root
from ..plan import Plan, Target, Verdict
from ..report import Line, Section

TITLE = "databases"

_SHOWN = 6
"""Tables of one database that a report names."""

_ENCODING = slice(56, 60)
"""Where a database file says how it encodes text (https://www.sqlite.org/fileformat2.html, 1.3)."""

_OPEN = (
    "{} has an open transaction: its uncommitted rows are not {}. "
    "Call commit() first to include them."
)


def describe(survey: Survey) -> Section:
    """Say what would be saved: tables and their rows."""
    section = Section(TITLE)
    for item in survey.of("database"):
        image = _image(item, section, "saved")
        if image:
            section.lines.append(
                Line(item.label, "database", image.size, detail=tables_text(image.tables))
            )
    return section


def capture(survey: Survey, sink: Writer) -> Section:
    """Write databases into a bundle, each as of its last commit.

    One that is locked is skipped and reported; one that SQLite cannot read is saved as the file
    that it is.
    """
    section = Section(TITLE)
    for item in survey.of("database"):
        if reason := sink.problem(item.member, "database"):
            section.skip(item, reason, "Rename it.")
        elif image := _image(item, section, "in the bundle", sink):
            _add_database(sink, item, image)
            section.lines.append(
                Line(item.label, "database", image.size, detail=tables_text(image.tables))
            )
    return section


def apply(source: Reader, targets: list[Target], plan: Plan) -> Section:
    """Compare databases with what is there, and stage what differs.

    Raises
    ------
    DatabaseBusyError
        If a database that differs is in use.
    """
    section = Section(TITLE)
    for target in targets:
        if target.member.kind != "database":
            continue
        plan.make_way(target)
        try:
            verdict = _apply_one(source, target, plan, section)
        except DatabaseBusyError as error:
            if not plan.dry_run:
                raise
            verdict = "changed"
            section.warnings.append(f"As things are, loading would be refused: {error}")
        detail = tables_text(target.member.details.get("tables", {}))
        section.lines.append(
            Line(target.label, "database", target.member.size, detail=detail, verdict=verdict)
        )
    return section


def tables_text(tables: dict[str, int | None]) -> str:
    """Return tables and their rows as a person would read them.

    Examples
    --------
    >>> tables_text({"runs": 3, "log": None})
    'runs: 3 rows, log: not counted'
    """
    texts = [f"{name}: {_rows_text(rows)}" for name, rows in list(tables.items())[:_SHOWN]]
    if len(tables) > _SHOWN:
        texts.append(f"and {len(tables) - _SHOWN} more tables")
    return ", ".join(texts) or "no tables"


def _rows_text(rows: int | None) -> str:
    if rows is None:
        return "not counted"
    return "1 row" if rows == 1 else f"{rows:,} rows"


def _image(
    item: Item, section: Section, where: str, sink: Writer | None = None
) -> sqlite.Image | None:
    try:
        image = _capture(item.root, item.path)
    except DatabaseBusyError:
        section.skip(
            item,
            "a transaction holds its lock, and its last commit cannot be reached past it",
            "Call commit() or rollback() on the connection, then save again.",
        )
    except sqlite.NotADatabaseError as error:
        if sink:
            _add_as_file(sink, item)
        section.lines.append(Line(item.label, "file", item.size, detail="as a plain file"))
        section.warnings.append(
            f"{item.label} looks like a database that is encrypted or damaged ({error})."
        )
    except OSError as error:
        section.skip(item, f"it cannot be read ({error.strerror})", "Check its permissions.")
    else:
        if image.open_transaction:
            section.warnings.append(_OPEN.format(item.label, where))
        return image
    return None


def _capture(root: Root, path: Path) -> sqlite.Image:
    if not root.on_drive:
        return sqlite.capture(path)
    # SQLite does not work on the drive: "database disk image is malformed".
    with tempfile.TemporaryDirectory(prefix="litestate-") as folder:
        copy = Path(folder, "database")
        sqlite.copy_aside(path, copy)
        return sqlite.capture(copy)


def _add_database(sink: Writer, item: Item, image: sqlite.Image) -> None:
    details = {"journal_mode": image.journal_mode, "tables": image.tables}
    sink.add(
        item.member,
        "database",
        image.chunks(),
        size=image.size,
        mode=item.mode,
        mtime_ns=item.mtime_ns,
        details=details,
    )


def _add_as_file(sink: Writer, item: Item) -> None:
    with tempfile.TemporaryDirectory(prefix="litestate-") as folder:
        copy = Path(folder, "file")
        sqlite.copy_aside(item.path, copy)
        with copy.open("rb") as file:
            name = member_name("file", item.root.name, item.relative)
            chunks = iter(lambda: file.read(CHUNK), b"")
            sink.add(name, "file", chunks, size=item.size, mode=item.mode, mtime_ns=item.mtime_ns)


def _apply_one(source: Reader, target: Target, plan: Plan, section: Section) -> Verdict:
    old = _present(target)
    if old and _is_same(old, target):
        return "unchanged"
    exists = os.path.lexists(target.path)
    if old and not target.root.on_drive:
        sqlite.check_replaceable(target.path)
        if not plan.dry_run:
            _stage_content(source, target, plan, old)
        if old.data and old.data[_ENCODING] != next(source.chunks(target.member))[_ENCODING]:
            section.warnings.append(
                f"{target.label} has another text encoding than before: connections that are open "
                "to it are of no use now, connect again."
            )
    elif not plan.dry_run:
        _stage_file(source, target, plan)
    return "changed" if exists else "added"


def _present(target: Target) -> sqlite.Image | None:
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
        return _capture(target.root, path)
    except sqlite.NotADatabaseError:
        return None


def _mode(target: Target) -> sqlite.JournalMode:
    return cast("sqlite.JournalMode", target.member.details.get("journal_mode", "delete"))


def _is_same(image: sqlite.Image, target: Target) -> bool:
    digest = hashlib.sha256()
    for chunk in image.chunks():
        digest.update(chunk)
    same_content = (image.size, digest.hexdigest()) == (target.member.size, target.member.sha256)
    return same_content and image.journal_mode == _mode(target) and not image.open_transaction


def _write(path: Path, chunks: Iterable[bytes]) -> None:
    with path.open("xb") as file:
        for chunk in chunks:
            file.write(chunk)


def _write_checked(path: Path, source: Reader, target: Target) -> None:
    _write(path, source.chunks(target.member))
    try:
        sqlite.check_readable(path)
    except sqlite.NotADatabaseError as error:
        raise DamagedBundleError(
            f"The bundle is damaged at {target.member.name!r}: it is no database ({error}). "
            "Nothing was changed; use another copy of the file."
        ) from None


def _stage_content(source: Reader, target: Target, plan: Plan, old: sqlite.Image) -> None:
    new_path, old_path = (plan.new_path(target.root, target.path) for _ in range(2))
    _write_checked(new_path, source, target)
    _write(old_path, old.chunks())
    plan.add(RestoreDatabase(target.path, new_path, _mode(target), old_path, old.journal_mode))
    plan.set_attributes(target)


def _stage_file(source: Reader, target: Target, plan: Plan) -> None:
    staged = plan.new_path(target.root, target.path)
    _write_checked(staged, source, target)
    if not target.root.on_drive:
        if _mode(target) == "wal":
            sqlite.set_journal_mode(staged, "wal")
        set_attributes(staged, target.member.mode, target.member.mtime_ns)
    plan.remove_sidecars(target.root, target.path)
    plan.replace(target.root, target.path, staged)
