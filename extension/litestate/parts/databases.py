"""The part for SQLite databases, each saved at its last commit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from .. import sqlite
from ..bundle import CHUNK, Writer
from ..bundle.manifest import Kind
from ..errors import DamagedBundleError, DatabaseBusyError
from ..files.survey_items import Item, Survey, member_name
from ..host.roots import Root
from ..report import Line, Section
from ..transaction.changes import RestoreDatabase, set_attributes
from ..transaction.plan import Plan, Target, Verdict
from .files import write_new
from .protocol import Loadable, LoadRequest

TITLE = "databases"

_ENCODING = slice(56, 60)
"""The text encoding in a database file (https://www.sqlite.org/fileformat2.html, 1.3)."""

_SHOWN = 6
"""Most tables of one database that a report names."""

OPEN_TRANSACTION = (
    "{} has an open transaction: its uncommitted rows are not {}. "
    "Call commit() first to include them."
)
_EXCLUSIVE = (
    "{} is locked by a connection with PRAGMA locking_mode = exclusive: if it has uncommitted "
    "rows, they are not {}. Call commit() first to include them."
)
LOCKED = "a transaction holds an exclusive lock, so its last commit cannot be read"
LOCKED_ADVICE = (
    "Call commit() or rollback() on the connection, then save again. "
    "With PRAGMA locking_mode = exclusive, close the connection."
)
_UNREADABLE = (
    "{} starts like a SQLite database, but SQLite cannot read it ({}): it is encrypted or damaged. "
    "It is saved as a plain file, and a load restores the same bytes. "
    "If it should work, go back to an older bundle of it."
)
_DAMAGED = (
    "{} is a damaged database. SQLite found this: {!r}. "
    "It is saved as a plain file, and a load restores the same bytes. "
    "Go back to an older bundle of it, or copy the readable rows into a new database."
)
_DAMAGED_IMAGE = (
    "{} is a damaged database, and is saved with its damage. SQLite found this: {!r}. "
    "Go back to an older bundle of it, or copy the readable rows into a new database."
)


def describe(survey: Survey) -> Section:
    """Report what would be saved: tables and their rows."""
    section = Section(TITLE)
    for item in survey.of("database"):
        save_one(item, section, None)
    return section


def capture(survey: Survey, sink: Writer) -> Section:
    """Write databases into a bundle, each at its last commit.

    A locked database is skipped and reported. One that is unreadable or damaged is saved as a plain
    file.
    """
    section = Section(TITLE)
    for item in survey.of("database"):
        save_one(item, section, sink)
    return section


def apply(source: Loadable, wanted: LoadRequest, plan: Plan) -> Section:
    """Compare databases with the present ones, and stage those that differ.

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
                f"{target.label} has another text encoding than before: its open connections do "
                "not work any more. Connect again."
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
        # A new connection to an empty file must see the loaded content too.
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
        # With other marks, SQLite would write to the file, or refuse to open it.
        if file.read(20)[18:] != b"\1\1":
            reason = "bytes 18 and 19 are not those of a stored database"
    try:
        sqlite.check_readable(path)
    except sqlite.NotADatabaseError as error:
        reason = str(error)
    if reason:
        raise DamagedBundleError(
            f"The bundle is damaged at {target.member.name!r}: it is not a database ({reason}). "
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


def save_one(item: Item, section: Section, sink: Writer | None) -> None:
    """Report one database, and write it if there is a bundle."""
    with sqlite.scratch() as folder:
        try:
            image = capture_one(item.root, item.path, folder if sink else None)
        except DatabaseBusyError:
            section.skip(item, LOCKED, LOCKED_ADVICE)
        except sqlite.NotADatabaseError as error:
            _save_plain(item, section, sink, _UNREADABLE.format(item.label, error))
        except OSError as error:
            section.skip(item, f"it cannot be read ({error.strerror})", "Check its permissions.")
        else:
            if image.damage and image.alone:
                _save_plain(item, section, sink, _DAMAGED.format(item.label, image.damage))
            else:
                _save_image(item, section, sink, image)


def _save_image(item: Item, section: Section, sink: Writer | None, image: sqlite.Image) -> None:
    if sink and image.size:
        _add_database(sink, item, image)
    elif sink:
        # Everything written to it was rolled back.
        sink.add(_file_name(item), "file", (), size=0, mode=item.mode, mtime_ns=item.mtime_ns)
    kind: Kind = "database" if image.size else "file"
    detail = tables_text(image.tables)
    section.lines.append(Line(item.label, kind, image.size, detail=detail))
    if image.open_transaction is not False:
        text = OPEN_TRANSACTION if image.open_transaction else _EXCLUSIVE
        section.warnings.append(text.format(item.label, "in the bundle" if sink else "saved"))
    if image.damage:
        section.warnings.append(_DAMAGED_IMAGE.format(item.label, image.damage))


def _save_plain(item: Item, section: Section, sink: Writer | None, why: str) -> None:
    """Save a file as it is, with the log and the journal beside it."""
    section.warnings.append(why)
    _save_bytes(item, "", section, sink)
    for suffix, _ in () if item.root.is_unmended else sqlite.sidecars(item.path):
        _save_bytes(item, suffix, section, sink)


def _save_bytes(item: Item, suffix: str, section: Section, sink: Writer | None) -> None:
    name = _file_name(item) + suffix
    if sink and (reason := sink.problem(name, "file")):
        section.skip(item, reason, "Rename it.")
        return
    path = item.path.with_name(item.path.name + suffix)
    with sqlite.scratch() as folder:
        copy = folder / "file"
        try:
            mtime_ns = path.stat().st_mtime_ns
            sqlite.copy_aside(path, copy)
        except OSError as error:
            section.skip(item, f"it cannot be read ({error.strerror})", "Check its permissions.")
            return
        size = copy.stat().st_size
        if sink:
            with copy.open("rb") as file:
                chunks = iter(lambda: file.read(CHUNK), b"")
                sink.add(name, "file", chunks, size=size, mode=item.mode, mtime_ns=mtime_ns)
    section.lines.append(Line(item.label + suffix, "file", size, detail="as a plain file"))


def _file_name(item: Item) -> str:
    return member_name("file", item.root.name, item.relative)


def capture_one(
    root: Root, path: Path, folder: Path | None, *, quick: bool = False
) -> sqlite.Image:
    """Capture a database of a root; see `sqlite.capture`."""
    if not root.is_unmended:
        return sqlite.capture(path, folder, quick=quick)
    # SQLite fails on an unmended drive: "database disk image is malformed".
    with sqlite.scratch() as place:
        copy = place / "database"
        sqlite.copy_together(path, copy)
        return sqlite.capture(copy, folder)


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


def tables_text(tables: dict[str, int | None]) -> str:
    """Return tables and their row counts as text for a report.

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
