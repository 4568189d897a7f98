"""One SQLite database: capture it, report it and write it into a bundle."""

from __future__ import annotations

from pathlib import Path

from .. import sqlite
from ..bundle import CHUNK, Writer
from ..errors import DatabaseBusyError
from ..items import Item, member_name
from ..manifest import Kind
from ..places import Root
from ..report import Line, Section

_SHOWN = 6
"""Tables of one database that a report names."""

OPEN_TRANSACTION = (
    "{} has an open transaction: its uncommitted rows are not {}. "
    "Call commit() first to include them."
)
_EXCLUSIVE = (
    "{} is locked by a connection that keeps everybody out (PRAGMA locking_mode = exclusive): if "
    "it has uncommitted rows, they are not {}. Call commit() first to include them."
)
LOCKED = "a transaction holds its lock, and its last commit cannot be reached past it"
LOCKED_ADVICE = (
    "Call commit() or rollback() on the connection, then save again. "
    "With PRAGMA locking_mode = exclusive, close the connection."
)
_UNREADABLE = (
    "{} starts like a SQLite database, and SQLite cannot read it ({}): it is encrypted or damaged. "
    "It is saved as a plain file, byte by byte, and comes back just so. "
    "If it should work, go back to an older bundle of it."
)
_DAMAGED = (
    "{} is a damaged database. SQLite found this: {!r}. "
    "It is saved as a plain file, byte by byte, and comes back just so. "
    "Go back to an older bundle of it, or copy into a new database what can still be read."
)
_DAMAGED_IMAGE = (
    "{} is a damaged database, and is saved with its damage. SQLite found this: {!r}. "
    "Go back to an older bundle of it, or copy into a new database what can still be read."
)


def save_one(item: Item, section: Section, sink: Writer | None) -> None:
    """Report one database, and write it where there is something to write to."""
    with sqlite.scratch() as folder:
        try:
            image = capture_one(item.root, item.path, folder if sink else None)
        except DatabaseBusyError:
            section.skip(item, LOCKED, LOCKED_ADVICE)
        except sqlite.NotADatabaseError as error:
            _save_file(item, section, sink, _UNREADABLE.format(item.label, error))
        except OSError as error:
            section.skip(item, f"it cannot be read ({error.strerror})", "Check its permissions.")
        else:
            if image.damage and image.alone:
                _save_file(item, section, sink, _DAMAGED.format(item.label, image.damage))
            else:
                _save_image(item, section, sink, image)


def _save_image(item: Item, section: Section, sink: Writer | None, image: sqlite.Image) -> None:
    if sink and image.size:
        _add_database(sink, item, image)
    elif sink:
        # All that was ever written to it was rolled back.
        sink.add(_file_name(item), "file", (), size=0, mode=item.mode, mtime_ns=item.mtime_ns)
    kind: Kind = "database" if image.size else "file"
    detail = tables_text(image.tables)
    section.lines.append(Line(item.label, kind, image.size, detail=detail))
    if image.open_transaction is not False:
        text = OPEN_TRANSACTION if image.open_transaction else _EXCLUSIVE
        section.warnings.append(text.format(item.label, "in the bundle" if sink else "saved"))
    if image.damage:
        section.warnings.append(_DAMAGED_IMAGE.format(item.label, image.damage))


def _save_file(item: Item, section: Section, sink: Writer | None, why: str) -> None:
    """Save what is no database as it is, and what may be a part of it beside it."""
    section.warnings.append(why)
    _save_as_is(item, "", section, sink)
    for suffix, _ in () if item.root.is_unmended else sqlite.sidecars(item.path):
        _save_as_is(item, suffix, section, sink)


def _save_as_is(item: Item, suffix: str, section: Section, sink: Writer | None) -> None:
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
    """Read a database where it is; see `sqlite.capture`."""
    if not root.is_unmended:
        return sqlite.capture(path, folder, quick=quick)
    # SQLite does not work there: "database disk image is malformed".
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
