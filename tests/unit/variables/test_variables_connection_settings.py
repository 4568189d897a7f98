"""Settings of connections: restored, or named in the report of the save."""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from litestate.errors import DamagedBundleError
from litestate.variables.capture import Taken, take
from litestate.variables.failures import NeedsTrustError, NotLoadedError
from litestate.variables.group import Group
from litestate.variables.restore import restore
from sessions import Session
from test_variables_connections import MAIN, SETTINGS, Io, decode

IN_KERNEL = sys.platform == "emscripten"


class Trip:
    """Round trips of connections."""

    def __init__(self) -> None:
        self.opened: list[sqlite3.Connection] = []
        self.notes: list[str] = []

    def taken(self, connection: sqlite3.Connection) -> Taken:
        self.opened.append(connection)
        taken = take({"con": connection}, ["con"])
        self.notes = taken.notes.get("con", [])
        return taken

    def __call__(self, connection: sqlite3.Connection, *, trusted: bool = False) -> Any:
        taken = self.taken(connection)
        assert taken.skipped == []
        (group,) = taken.groups
        restored = restore([_copied(group)], {}, trusted=trusted)
        assert (restored.failed, restored.waiting) == ([], [])
        made = restored.values["con"]
        self.opened.append(made)
        # The restored one is stored in the same way: nothing is lost the second time.
        (again,) = self.taken(made).groups
        assert again.document == group.document
        return made


def _copied(group: Group) -> Group:
    buffers = [bytearray(each) for each in group.buffers]
    return Group(group.key, group.names, group.document, buffers, group.pickles)


@pytest.fixture
def trip(session: Session) -> Iterator[Trip]:
    trip = Trip()
    yield trip
    for connection in trip.opened:
        connection.close()


def pragma_value(connection: sqlite3.Connection, pragma: str) -> Any:
    return connection.execute(f"PRAGMA {pragma}").fetchone()[0]


FAMILY = (
    "CREATE TABLE parent (id INTEGER PRIMARY KEY);"
    "CREATE TABLE child (parent REFERENCES parent (id));"
)


@pytest.mark.parametrize("name", [":memory:", "app.db"])
def test_an_orphan_is_refused_after_a_load_as_well(trip: Trip, name: str) -> None:
    connection = sqlite3.connect(name)
    connection.executescript(f"PRAGMA foreign_keys = ON;{FAMILY}")
    made = trip(connection)
    with pytest.raises(sqlite3.IntegrityError):
        made.execute("INSERT INTO child VALUES (1)")
    assert trip.notes == []


with closing(sqlite3.connect(":memory:")) as _new:
    SECURE = _new.execute("PRAGMA secure_delete").fetchone()[0]
    """Debian's SQLite overwrites deleted data, and most others do not."""

SET = {
    "foreign_keys": 1,
    "recursive_triggers": 1,
    "reverse_unordered_selects": 1,
    "automatic_index": 0,
    "legacy_alter_table": 1,
    "read_uncommitted": 1,
    "cell_size_check": 1,
    "count_changes": 1,
    "full_column_names": 1,
    "short_column_names": 0,
    "checkpoint_fullfsync": 1,
    "trusted_schema": 0,
    "ignore_check_constraints": 1,
    "temp_store": 2,
    "cache_spill": 0,
    "analysis_limit": 400,
    "wal_autocheckpoint": 7,
    "busy_timeout": 123,
    "query_only": 1,
    "main.synchronous": 0,
    "main.cache_size": -123,
    "main.secure_delete": int(not SECURE),
    "main.journal_size_limit": 4096,
    "main.max_page_count": 99,
}


@pytest.mark.parametrize("name", [":memory:", "app.db"])
@pytest.mark.parametrize("pragma", SET)
def test_queryable_pragmas_are_saved(trip: Trip, pragma: str, name: str) -> None:
    connection = sqlite3.connect(name)
    connection.executescript(FAMILY)
    before = pragma_value(connection, pragma)
    connection.execute(f"PRAGMA {pragma} = {SET[pragma]}")
    assert pragma_value(connection, pragma) == SET[pragma] != before
    made = trip(connection, trusted=True)
    assert pragma_value(made, pragma) == SET[pragma]
    assert pragma_value(connection, pragma) == SET[pragma]
    assert trip.notes == []


def test_all_pragmas_at_once_and_twice(trip: Trip) -> None:
    connection = sqlite3.connect("app.db", isolation_level="IMMEDIATE")
    connection.executescript(FAMILY)
    for pragma, value in SET.items():
        connection.execute(f"PRAGMA {pragma} = {value}")
    made = trip(trip(connection, trusted=True), trusted=True)
    assert {pragma: pragma_value(made, pragma) for pragma in SET} == SET
    assert made.isolation_level == "IMMEDIATE"


def test_constraints_that_wait_for_the_commit_wait_for_it(trip: Trip) -> None:
    """Any read outside of a transaction switches that off, and so could a capture."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(f"PRAGMA foreign_keys = ON;{FAMILY}")
    connection.execute("PRAGMA defer_foreign_keys = ON")
    made = trip(connection)
    for each in (connection, made):
        each.execute("INSERT INTO child VALUES (1)")
        with pytest.raises(sqlite3.IntegrityError):
            each.commit()
        each.execute("INSERT INTO parent VALUES (1)")
        each.commit()


def test_secure_delete_overwrites(trip: Trip) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA secure_delete = fast")
    assert pragma_value(trip(connection), "secure_delete") == 2


@pytest.mark.parametrize("mode", ["truncate", "persist", "memory", "off"])
def test_journal_modes_of_a_file(trip: Trip, mode: str) -> None:
    connection = sqlite3.connect("app.db")
    connection.execute("CREATE TABLE t (a)")
    connection.execute(f"PRAGMA journal_mode = {mode}")
    assert pragma_value(trip(connection, trusted=True), "journal_mode") == mode


def test_the_journal_mode_that_is_in_the_file_stays_the_files(trip: Trip) -> None:
    connection = sqlite3.connect("app.db")
    connection.execute("CREATE TABLE t (a)")
    connection.execute("PRAGMA journal_mode = persist")
    (group,) = trip.taken(connection).groups
    connection.execute("PRAGMA journal_mode = wal")
    restored = restore([_copied(group)], {}, trusted=True)
    made = restored.values["con"]
    trip.opened.append(made)
    assert pragma_value(made, "journal_mode") == "wal"


def test_each_attached_database_has_its_own(trip: Trip, session: Session) -> None:
    connection = sqlite3.connect("app.db")
    connection.execute('ATTACH ? AS "o\'ther """', (str(session.home / "other.db"),))
    connection.execute("ATTACH ':memory:' AS m")
    connection.execute("CREATE TABLE m.t (a)")
    connection.execute('PRAGMA "o\'ther """.cache_size = 77')
    connection.execute("PRAGMA m.cache_size = 78")
    made = trip(connection)
    sizes = [pragma_value(made, f"{name}.cache_size") for name in ("main", '"o\'ther """', "m")]
    assert sizes == [-2000, 77, 78]


def test_an_empty_database_gets_its_encoding_and_pages(trip: Trip) -> None:
    connection = sqlite3.connect(":memory:")
    connection.executescript(
        "PRAGMA encoding = 'UTF-16'; PRAGMA page_size = 8192; PRAGMA auto_vacuum = 1"
    )
    made = trip(connection)
    made.execute("CREATE TABLE t (a)")
    assert pragma_value(made, "encoding").startswith("UTF-16")
    assert (pragma_value(made, "page_size"), pragma_value(made, "auto_vacuum")) == (8192, 1)
    empty = sqlite3.connect("empty.db")
    empty.executescript("PRAGMA encoding = 'UTF-16'; PRAGMA page_size = 8192")
    made = trip(empty)
    made.execute("CREATE TABLE t (a)")
    assert (pragma_value(made, "encoding")[:6], pragma_value(made, "page_size")) == ("UTF-16", 8192)


def test_whether_like_is_case_sensitive(trip: Trip) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA case_sensitive_like = ON")
    made = trip(connection)
    assert made.execute("SELECT 'a' LIKE 'A'").fetchone() == (0,)
    made.execute("PRAGMA case_sensitive_like = OFF")
    assert trip(made).execute("SELECT 'a' LIKE 'A'").fetchone() == (1,)
    assert trip.notes == []


def test_a_custom_like_is_named_and_not_called(trip: Trip) -> None:
    called = []
    connection = sqlite3.connect(":memory:")
    connection.create_function("like", 2, lambda *values: called.append(values))
    trip(connection)
    assert trip.notes == []  # The restored one has none.
    trip.taken(connection)
    assert trip.notes == ["functions registered with a connection are not saved: like"]
    assert called == []


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("types", [0, 1, 2, 3])
def test_detect_types_is_restored(trip: Trip, types: int, trusted: bool) -> None:
    connection = sqlite3.connect(":memory:", detect_types=types)
    connection.executescript("CREATE TABLE t (a date); INSERT INTO t VALUES ('2026-11-30'), (NULL)")
    sql = 'SELECT a, a AS "a [date]" FROM t'
    expected = connection.execute(sql).fetchall()
    made = trip(connection, trusted=trusted)
    cursor = made.execute(sql)
    assert cursor.fetchall() == expected
    assert [column[0] for column in cursor.description] == [
        column[0] for column in connection.execute(sql).description
    ]
    assert "TEXT" not in sqlite3.converters


def test_converters_are_named_where_they_matter(
    trip: Trip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sqlite3.converters, "POINT", bytes)  # type: ignore[arg-type]
    trip(sqlite3.connect(":memory:"))
    assert trip.notes == []
    trip(sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES))
    assert trip.notes == ["converters of types are not saved; register them again: POINT"]


@pytest.mark.skipif(IN_KERNEL, reason="there are no threads in the kernel")
@pytest.mark.parametrize("checks", [True, False])
def test_the_thread_check_is_restored(trip: Trip, checks: bool) -> None:
    made = trip(sqlite3.connect(":memory:", check_same_thread=checks))
    errors: list[Exception] = []

    def use() -> None:
        try:
            made.execute("SELECT 1")
        except sqlite3.ProgrammingError as error:
            errors.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert bool(errors) is checks


def test_a_read_only_connection_stays_read_only(trip: Trip, session: Session) -> None:
    path = session.home / "app #%.db"
    with closing(sqlite3.connect(path)) as writer:
        writer.executescript(FAMILY)
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    made = trip(connection)
    assert made.execute("SELECT count(*) FROM parent").fetchone() == (0,)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        made.execute("INSERT INTO parent VALUES (1)")


def test_a_connection_with_a_read_only_attached_database(trip: Trip, session: Session) -> None:
    path = session.home / "app.db"
    with closing(sqlite3.connect(path)) as writer:
        writer.executescript(FAMILY)
    connection = sqlite3.connect("file:mine.db", uri=True)
    connection.execute("ATTACH ? AS theirs", (f"{path.as_uri()}?mode=ro",))
    made = trip(connection)
    made.execute("CREATE TABLE mine (a)")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        made.execute("INSERT INTO theirs.parent VALUES (1)")


def test_reading_settings_locks_nothing(trip: Trip, session: Session) -> None:
    path = session.home / "app.db"
    connection = sqlite3.connect(path)
    connection.executescript(FAMILY)
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO parent VALUES (1)")
        trip(connection)
        other.execute("COMMIT")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("ROLLBACK")


def test_a_database_that_is_locked_is_not_waited_for(trip: Trip, session: Session) -> None:
    path = session.home / "app.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.executescript(FAMILY)
        connection = sqlite3.connect(path, timeout=300)
        connection.execute("PRAGMA foreign_keys = ON")
        other.execute("BEGIN EXCLUSIVE")
        taken = trip.taken(connection)
        other.execute("ROLLBACK")
    assert trip.notes == [
        "its database is locked, so that not all settings of a connection can be saved"
    ]
    made = restore([_copied(taken.groups[0])], {}, trusted=True).values["con"]
    trip.opened.append(made)
    assert (pragma_value(made, "foreign_keys"), pragma_value(made, "busy_timeout")) == (1, 300_000)
    assert pragma_value(connection, "busy_timeout") == 300_000


NAMED: dict[str, tuple[Callable[[sqlite3.Connection], Any], str]] = {
    "function": (
        lambda c: c.create_function("twice", 1, float),
        "functions registered with a connection are not saved: twice",
    ),
    "builtin": (
        lambda c: c.create_function("upper", 1, str),
        "functions registered with a connection are not saved: upper",
    ),
    "aggregate": (
        lambda c: c.create_aggregate("product", 1, dict),
        "functions registered with a connection are not saved: product",
    ),
    "window": (
        lambda c: c.create_window_function("product", 1, dict),
        "functions registered with a connection are not saved: product",
    ),
    "collation": (
        lambda c: c.create_collation("german", lambda a, b: 0),
        "collations registered with a connection are not saved: german",
    ),
    "trace": (
        lambda c: c.set_trace_callback(lambda sql: None),
        "the trace callback of a connection is not saved",
    ),
    "progress": (
        lambda c: c.set_progress_handler(lambda: 0, 1000),
        "the progress handler or authorizer of a connection is not saved",
    ),
    "authorizer": (
        lambda c: c.set_authorizer(lambda *_: sqlite3.SQLITE_OK),
        "the progress handler or authorizer of a connection is not saved",
    ),
    "schema": (
        lambda c: c.execute("PRAGMA writable_schema = ON"),
        "PRAGMA writable_schema is not saved; set it again if you need it",
    ),
    "temporary": (
        lambda c: c.execute("CREATE TEMP VIEW v AS SELECT 1"),
        "the TEMP tables of a connection are not saved",
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_unsavable_settings_are_reported(trip: Trip, name: str) -> None:
    set_it, note = NAMED[name]
    connection = sqlite3.connect(":memory:")
    set_it(connection)
    trip.taken(connection)
    assert trip.notes == [note]
    trip.taken(connection)
    assert trip.notes == [note]


@pytest.mark.skipif(
    not hasattr(sqlite3.Connection, "enable_load_extension"), reason="Python was built without it"
)
def test_loading_extensions_is_named(trip: Trip) -> None:
    connection = sqlite3.connect(":memory:")
    connection.enable_load_extension(True)
    trip.taken(connection)
    assert trip.notes == ["enable_load_extension() of a connection is not saved"]


def test_a_shared_in_memory_database_is_named(trip: Trip) -> None:
    connection = sqlite3.connect("file:shared?mode=memory&cache=shared", uri=True)
    trip.taken(connection)
    assert [note.partition(":")[0] for note in trip.notes] == [
        "cache=shared of a connection is not saved"
    ]


def test_callbacks_are_unchanged_and_not_called(trip: Trip) -> None:
    heard: list[str] = []
    handler = lambda: heard.append("progress")  # noqa: E731
    connection = sqlite3.connect(":memory:")
    connection.set_trace_callback(heard.append)
    connection.set_progress_handler(handler, 10**9)
    connection.set_authorizer(lambda *_: sqlite3.SQLITE_OK)
    trip.taken(connection)
    assert heard == []
    assert trip.notes == [
        "the trace callback and the progress handler or authorizer of a connection is not saved"
    ]
    connection.execute("SELECT 1")
    assert heard == ["SELECT 1"]
    same = sqlite3.connect(":memory:")
    same.set_trace_callback(heard.append)
    same.set_progress_handler(heard.append, 10**9)  # type: ignore[arg-type]
    trip.taken(same)
    same.execute("SELECT 2")
    assert heard == ["SELECT 1", "SELECT 2"]


def test_an_authorizer_that_refuses_is_named(trip: Trip) -> None:
    connection = sqlite3.connect(":memory:")
    connection.set_authorizer(lambda *_: sqlite3.SQLITE_DENY)
    (skipped,) = trip.taken(connection).skipped
    assert "not authorized" in skipped.reason


def test_limits(trip: Trip) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a)")
    connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, 12)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    taken = trip.taken(connection)
    # Under that limit it cannot even be queried.
    assert [each.path for each in taken.skipped] == ["con"]
    connection.setlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, 200)
    made = trip(connection)
    assert made.getlimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH) == 200
    with pytest.raises(sqlite3.OperationalError, match="too many attached"):
        made.execute("ATTACH ':memory:' AS other")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="setconfig came with Python 3.12")
def test_config(trip: Trip) -> None:
    connection = sqlite3.connect(":memory:")
    number = sqlite3.SQLITE_DBCONFIG_ENABLE_VIEW  # type: ignore[attr-defined]
    connection.setconfig(number, False)  # type: ignore[attr-defined]
    assert trip(connection).getconfig(number) is False


def configured(**settings: Any) -> dict[str, Any]:
    return {"closed": False, "databases": [MAIN], "configured": {**SETTINGS, **settings}}


def test_versions_that_do_not_know_these_settings_refuse_them(trip: Trip) -> None:
    """They require ``settings``, and ignore all other keys."""
    connection = sqlite3.connect(":memory:")
    payload = json.loads(trip.taken(connection).groups[0].document)["nodes"][0][1]
    assert set(payload) == {"closed", "databases", "settings"}
    assert set(payload["settings"]) == set(SETTINGS)
    connection.execute("PRAGMA foreign_keys = ON")
    payload = json.loads(trip.taken(connection).groups[0].document)["nodes"][0][1]
    assert set(payload) == {"closed", "databases", "configured"}
    assert payload["configured"] == {**SETTINGS, "pragmas": [[None, "foreign_keys", 1]]}


UNSET = {
    "writable": [None, "writable_schema", 1],
    "folder": [None, "temp_store_directory", "/tmp"],
    "heap": [None, "hard_heap_limit", 1],
    "file": [None, "user_version", 7],
    "statement": [None, "foreign_keys = 1; DROP TABLE t; --", 1],
    "value": [None, "foreign_keys", "1; DROP TABLE t"],
    "range": [None, "foreign_keys", 7],
    "schema": ["other", "cache_size", 7],
    "of the database": [None, "synchronous", 0],
    "journal": ["main", "journal_mode", "wal"],
    "pages": ["main", "page_size", 1000],
}


@pytest.mark.parametrize("name", UNSET)
def test_invalid_pragmas_are_refused(name: str, session: Session) -> None:
    graph = Io()
    graph.trusted = True
    with pytest.raises(NotLoadedError):
        decode(configured(pragmas=[UNSET[name]]), graph)


WAITING = {
    "trusted_schema": [None, "trusted_schema", 1],
    "checks": [None, "ignore_check_constraints", 1],
    "timeout": [None, "busy_timeout", 2**31 - 1],
    "synchronous": ["other", "synchronous", 0],
    "journal": ["other", "journal_mode", "off"],
    "memory journal": ["other", "journal_mode", "memory"],
    "locking": ["other", "locking_mode", "exclusive"],
    "mmap": ["other", "mmap_size", 2**40],
}


@pytest.mark.parametrize("name", WAITING)
def test_harmful_settings_wait_for_trust(name: str, session: Session) -> None:
    sqlite3.connect(session.home / "mine.db").close()
    (session.home / "mine.db").touch()
    payload = configured(pragmas=[WAITING[name]])
    payload["databases"] = [MAIN, {"name": "other", "root": "home", "path": "mine.db"}]
    graph = Io()
    with pytest.raises(NeedsTrustError, match="it would set PRAGMA"):
        decode(payload, graph)
    graph.trusted = True
    decode(payload, graph).close()


HOSTILE: dict[str, Any] = {
    "both": {**configured(), "settings": SETTINGS},
    "pragmas": configured(pragmas={"foreign_keys": 1}),
    "short": configured(pragmas=[["foreign_keys", 1]]),
    "number": configured(pragmas=[[None, 7, 1]]),
    "list": configured(pragmas=[[None, "foreign_keys", [1]]]),
    "boolean": configured(pragmas=[[None, "foreign_keys", True]]),
    "float": configured(pragmas=[[None, "foreign_keys", 1.0]]),
    "many": configured(pragmas=[[None, "foreign_keys", 1]] * 10_000),
    "limits": configured(limits=[1]),
    "limit": configured(limits={"LENGTH": -1}),
    "limit text": configured(limits={"LENGTH": "1"}),
    "config": configured(config={"DQS_DML": 1}),
    "types": configured(parse_decltypes=1),
    "thread": configured(check_same_thread=None),
    "uri": configured(uri="yes"),
    "readonly": configured(readonly=["other"]),
    "readonly list": configured(readonly=[[]]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_settings_that_make_no_sense_are_refused(name: str, session: Session) -> None:
    with pytest.raises(DamagedBundleError):
        decode(HOSTILE[name], Io())


@pytest.mark.parametrize(
    "settings",
    [
        {"limits": {"NONSENSE": 1}},
        {"config": {"ENABLE_LOAD_EXTENSION": True}},
        {"config": {"WRITABLE_SCHEMA": True}},
        {"config": {"RESET_DATABASE": True}},
        {"later": 1},
    ],
)
def test_settings_that_are_not_known_here(settings: dict[str, Any], session: Session) -> None:
    graph = Io()
    graph.trusted = True
    with pytest.raises(NotLoadedError):
        decode(configured(**settings), graph)


def test_an_untrusted_connection_never_opens_a_uri(session: Session, tmp_path: Path) -> None:
    secret = tmp_path / "secret.db"
    sqlite3.connect(secret).close()
    payload = configured(uri=True)
    payload["databases"] = [{"name": "main", "root": "home", "path": "x.db?mode=rwc"}]
    (session.home / "x.db?mode=rwc").touch()
    made = decode(payload, Io())
    made.execute("CREATE TABLE t (a)")
    made.close()
    assert (session.home / "x.db?mode=rwc").stat().st_size
    assert sorted(path.name for path in session.home.iterdir()) == ["x.db?mode=rwc"]
