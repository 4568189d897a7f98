"""Conversion of the demo app's JSON file to a bundle."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from .. import sqlite
from .._version import __version__
from ..bundle import Writer
from ..bundle.manifest import Manifest, Scope, Skipped
from ..bundle.strict_json import TooDeepError, parse
from ..errors import DatabaseBusyError, SourceError
from ..files.survey_items import member_name
from ..host.roots import HOME
from .byte_shapes import HEADER, bytes_of
from .fields import DATABASE, STATE, Fields, damaged, explained, find, time_in
from .json_scanner import text_of

STATE_LIMIT = 8 << 20
"""Bytes of `STATE`: parsed and indented, JSON takes many times its size."""

STATE_DEPTH = 64
"""Levels of nesting of `STATE`: parsing recurses, and a kernel's stack is small."""

_ABSENT = "the file has no content for it"
_IGNORED = "litestate does not know this field"


@contextmanager
def as_bundle(file: IO[bytes], name: str = "") -> Iterator[IO[bytes]]:
    """Convert the demo app's JSON file to a bundle; leave any other file as it is.

    Parameters
    ----------
    file : binary file
        Open for reading, able to seek.
    name : str, optional
        Its name, in which the demo app writes the time.

    Yields
    ------
    binary file
        A bundle to read, or the file itself.

    Raises
    ------
    DamagedBundleError
        If it is the demo app's JSON file, and its content cannot be used.
    UnsafeBundleError
        If it is such a file and larger than allowed.
    SourceError
        If there is no room for the bundle.
    """
    fields = find(file)
    if fields is None:
        yield file
        return
    with tempfile.TemporaryFile() as bundle:
        try:
            _write(fields, fields.created or time_in(name) or _time_of(file), bundle)
        except OSError as error:
            raise SourceError(
                f"There is no room to unpack the file: {error}. Nothing was changed."
            ) from error
        del fields
        yield bundle


def _write(fields: Fields, created: datetime, bundle: IO[bytes]) -> None:
    mtime_ns = int(created.timestamp() * 1000) * 1_000_000
    # Not compressed, because the bundle is read once and then deleted.
    with Writer(bundle, compression="store") as writer, sqlite.scratch() as folder:
        if image := _database(fields, folder):
            writer.add(
                member_name("database", HOME, DATABASE),
                "database",
                image.chunks(),
                size=image.size,
                mtime_ns=mtime_ns,
                details={"journal_mode": image.journal_mode, "tables": image.tables},
            )
        if content := _state(fields):
            name = member_name("file", HOME, STATE)
            writer.add(name, "file", [content], size=len(content), mtime_ns=mtime_ns)
        present = {member.relative for member in writer.members}
        manifest = Manifest(
            created=created.isoformat(timespec="seconds"),
            notebook=None,
            generator={
                "litestate": __version__,
                "converted from": "the JSON file of the Pyodide state persistence demo",
            },
            # The file has no other files, so clean=True must not remove any.
            scope=Scope((f"{HOME}/{DATABASE}", f"{HOME}/{STATE}")),
            members=writer.members,
            skipped=tuple(_skipped(fields, present)),
        )
        writer.finish(manifest)


def _skipped(fields: Fields, present: set[str]) -> Iterator[Skipped]:
    for name in (DATABASE, STATE):
        if name not in present:
            # With its place, so that an existing file is not removed.
            yield Skipped(f"~/{name}", _ABSENT, "An existing file stays.", f"{HOME}/{name}")
    for name in fields.others:
        shown = name.encode("utf-8", "backslashreplace").decode()
        yield Skipped(shown if len(shown) <= 80 else shown[:80] + "…", _IGNORED)
    if more := fields.count - len(fields.others):
        yield Skipped(f"and {more:,} more fields", _IGNORED)


def _database(fields: Fields, folder: Path) -> sqlite.Image | None:
    key = fields.keys.get(DATABASE)
    if key is None:
        return None
    content: bytes | bytearray | None = fields.database
    fields.database = None
    if content is None:
        with explained(key):
            content = bytes_of(fields.data, fields.ranges[DATABASE])
    if not content:
        return None
    if not content.startswith(HEADER.encode()):
        raise damaged(
            key,
            f"its {len(content):,} bytes are not a SQLite database: they begin with "
            f"{bytes(content[:16])!r}",
        )
    path = folder / DATABASE
    path.write_bytes(content)
    del content
    try:
        return sqlite.capture(path, folder)
    except sqlite.NotADatabaseError as error:
        raise damaged(key, f"SQLite cannot read it ({error})") from None
    except DatabaseBusyError:
        # No other program has this copy open: SQLite refused it for another reason.
        raise damaged(key, "SQLite cannot read it") from None


def _state(fields: Fields) -> bytes:
    """Return the content of the file `STATE`; empty for null."""
    raw = fields.data[fields.ranges.get(STATE, slice(0))]
    if not raw or raw == b"null":
        return b""
    value = _parse(raw, fields.keys[STATE])
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        text = value.encode("utf-8", "backslashreplace")
        if _is_json(text):
            # It was exported without being parsed.
            return text
    return _indented(value)


def _parse(raw: bytes, key: str) -> Any:
    if len(raw) > STATE_LIMIT:
        raise damaged(key, f"it has {len(raw):,} bytes, the limit is {STATE_LIMIT:,}")
    with explained(key):
        if raw[:1] == b'"':
            return text_of(raw)
    try:
        return parse(raw, STATE_DEPTH, unique_keys=True, constants=True)
    except TooDeepError:
        raise damaged(key, f"it is nested more than {STATE_DEPTH} levels deep") from None
    except ValueError as error:
        raise damaged(key, f"it is not JSON ({error})") from None


def _is_json(text: bytes) -> bool:
    try:
        parse(text, STATE_DEPTH, constants=True)
    except ValueError:
        return False
    return True


def _indented(value: Any) -> bytes:
    result = io.BytesIO()
    # One token at a time: json.dumps() keeps all of millions of tokens as strings.
    for token in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value):
        # UTF-8 has no lone surrogates; JSON escapes them.
        result.write(token.encode("utf-8", "backslashreplace"))
    return result.getvalue()


def _time_of(file: IO[bytes]) -> datetime:
    """Return when the file was written, or now if that is unknown."""
    try:
        return datetime.fromtimestamp(int(os.fstat(file.fileno()).st_mtime), UTC)
    except (OSError, AttributeError):
        return datetime.now(UTC)
