"""Connections to databases that a notebook holds."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from litestate.errors import DamagedBundleError
from litestate.host import roots
from litestate.variables.codecs.registry import codec_for, codec_of
from litestate.variables.failures import NeedsTrustError, NotLoadedError, NotSavedError
from sessions import Session


class Io:
    """A replacement for the graph's interface for codecs."""

    def __init__(self) -> None:
        self.buffers: list[bytes] = []
        self.notes: list[str] = []
        self.namespace: dict[str, Any] = {}
        self.places = roots.detect()
        self.trusted = False

    def raw(self, data: Any) -> int:
        self.buffers.append(bytes(data))
        return len(self.buffers) - 1

    def buffer(self, number: int) -> memoryview:
        if not 0 <= number < len(self.buffers):
            raise self.fail("no such buffer")
        return memoryview(bytearray(self.buffers[number]))

    def approximate(self, text: str) -> None:
        self.notes.append(text)

    def fail(self, what: str) -> Exception:
        return DamagedBundleError(what)

    def missing(self, reason: str) -> Exception:
        return NotLoadedError(reason)

    def waiting(self, what: str) -> Exception:
        return NeedsTrustError(what)


@pytest.fixture
def opened() -> Iterator[list[sqlite3.Connection]]:
    made: list[sqlite3.Connection] = []
    yield made
    for connection in made:
        connection.close()


@pytest.fixture
def graph(session: Session) -> Io:
    return Io()


def again(connection: sqlite3.Connection, graph: Io, opened: list[sqlite3.Connection]) -> Any:
    codec = codec_for(sqlite3.Connection)
    assert codec is not None
    assert codec is codec_of("sqlite3.Connection")
    opened.append(connection)
    payload = codec.encode(connection, graph)
    made = codec.decode(payload, graph)
    opened.append(made)
    return made


def decode(payload: Any, graph: Io) -> Any:
    codec = codec_of("sqlite3.Connection")
    assert codec is not None
    return codec.decode(payload, graph)


def test_an_in_memory_database_is_restored(graph: Io, opened: list[sqlite3.Connection]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a)")
    connection.execute("INSERT INTO t VALUES (1)")
    connection.commit()
    made = again(again(connection, graph, opened), graph, opened)
    assert made.execute("SELECT a FROM t").fetchall() == [(1,)]
    made.execute("INSERT INTO t VALUES (2)")
    assert made.in_transaction
    made.rollback()
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (1,)
    assert graph.notes == []


def test_an_empty_in_memory_database(graph: Io, opened: list[sqlite3.Connection]) -> None:
    made = again(sqlite3.connect(":memory:"), graph, opened)
    assert made.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)


def test_uncommitted_rows_are_not_saved(graph: Io, opened: list[sqlite3.Connection]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a)")
    connection.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(NotSavedError, match=r"not committed; call commit\(\) or rollback\(\)"):
        again(connection, graph, opened)
    assert graph.buffers == []
    assert connection.in_transaction
    connection.rollback()
    made = again(connection, graph, opened)
    assert made.execute("SELECT count(*) FROM t").fetchone() == (0,)
    connection.execute("BEGIN")
    connection.execute("SELECT * FROM t").fetchall()
    again(connection, graph, opened)
    assert connection.in_transaction


def test_a_connection_to_a_file_opens_the_same_file(
    graph: Io, session: Session, opened: list[sqlite3.Connection]
) -> None:
    (session.home / "sub").mkdir()
    path = session.home / "sub" / "app #%.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (a)")
    connection.commit()
    connection.execute("INSERT INTO t VALUES (1)")
    made = again(connection, graph, opened)
    assert graph.notes == ["the open transaction of a connection is not saved"]
    assert made.execute("SELECT count(*) FROM t").fetchone() == (0,)
    connection.commit()
    assert made.execute("SELECT count(*) FROM t").fetchone() == (1,)
    assert graph.buffers == []


def test_a_locked_file_does_not_matter(
    graph: Io, session: Session, opened: list[sqlite3.Connection]
) -> None:
    connection = sqlite3.connect("app.db", timeout=0)
    with closing(sqlite3.connect("app.db", isolation_level=None)) as other:
        other.execute("CREATE TABLE t (a)")
        other.execute("BEGIN EXCLUSIVE")
        made = again(connection, graph, opened)
        other.execute("ROLLBACK")
    assert made.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_settings(graph: Io, opened: list[sqlite3.Connection]) -> None:
    connection = sqlite3.connect(
        ":memory:", isolation_level="IMMEDIATE", detect_types=sqlite3.PARSE_COLNAMES
    )
    connection.row_factory = sqlite3.Row
    connection.text_factory = bytes
    made = again(connection, graph, opened)
    assert made.isolation_level == "IMMEDIATE"
    assert made.execute("SELECT 'x' AS \"a [b]\"").fetchone()["a"] == b"x"
    assert graph.notes == []
    assert (
        again(sqlite3.connect(":memory:", isolation_level=None), graph, opened).isolation_level
        is None
    )


@pytest.mark.skipif(sys.version_info < (3, 12), reason="autocommit came with Python 3.12")
@pytest.mark.parametrize("autocommit", [True, False])
def test_autocommit(graph: Io, opened: list[sqlite3.Connection], autocommit: bool) -> None:
    connection = sqlite3.connect(":memory:", autocommit=autocommit)  # type: ignore[call-arg]
    connection.execute("CREATE TABLE t (a)")
    connection.commit()
    made = again(connection, graph, opened)
    assert made.autocommit is autocommit
    assert made.execute("SELECT count(*) FROM t").fetchone() == (0,)
    assert connection.autocommit is autocommit  # type: ignore[attr-defined]


def test_unsavable_connections_are_reported(graph: Io, opened: list[sqlite3.Connection]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = lambda cursor, row: list(row)
    connection.text_factory = lambda data: data.decode(errors="replace")
    connection.create_function("twice", 1, lambda x: 2 * x)
    connection.execute("CREATE TEMP TABLE t (a)")
    connection.commit()
    again(connection, graph, opened)
    assert graph.notes == [
        "the row_factory of a connection is not saved; set it again",
        "the text_factory of a connection is not saved; set it again",
        "functions registered with a connection are not saved: twice",
        "the TEMP tables of a connection are not saved",
    ]
    assert connection.execute("SELECT 'a'").fetchone() == ["a"]


def test_attached_databases(graph: Io, session: Session, opened: list[sqlite3.Connection]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute('ATTACH \':memory:\' AS "odd "" name"')
    connection.execute('CREATE TABLE "odd "" name".t (a)')
    connection.execute("ATTACH ? AS other", (str(session.home / "other.db"),))
    connection.execute("CREATE TABLE other.u (a)")
    connection.commit()
    made = again(again(connection, graph, opened), graph, opened)
    names = [row[1] for row in made.execute("PRAGMA database_list")]
    assert names == ["main", 'odd " name', "other"]
    assert made.execute('SELECT count(*) FROM "odd "" name".t').fetchone() == (0,)
    assert made.execute("SELECT count(*) FROM other.u").fetchone() == (0,)


def test_a_closed_connection_is_restored_closed(
    graph: Io, opened: list[sqlite3.Connection]
) -> None:
    connection = sqlite3.connect(":memory:")
    connection.close()
    made = again(connection, graph, opened)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        made.execute("SELECT 1")


def test_a_file_elsewhere_is_not_saved(
    graph: Io, tmp_path: Path, opened: list[sqlite3.Connection]
) -> None:
    connection = sqlite3.connect(tmp_path / "app.db")
    with pytest.raises(NotSavedError, match=r"app\.db is outside of the folders"):
        again(connection, graph, opened)


def test_a_file_that_is_gone_is_named(
    graph: Io, session: Session, opened: list[sqlite3.Connection]
) -> None:
    connection = sqlite3.connect(session.home / "app.db")
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    connection = sqlite3.connect(session.home / "app.db")
    opened.append(connection)
    codec = codec_of("sqlite3.Connection")
    assert codec is not None
    payload = codec.encode(connection, graph)
    connection.close()
    (session.home / "app.db").unlink()
    with pytest.raises(NotLoadedError, match=r"its database ~/app\.db is not here"):
        codec.decode(payload, graph)
    assert list(session.home.iterdir()) == []


SETTINGS = {
    "isolation_level": "",
    "autocommit": None,
    "parse_colnames": False,
    "row_factory": None,
    "text_factory": "str",
}


def payload(*databases: Any, **settings: Any) -> dict[str, Any]:
    return {
        "closed": False,
        "databases": list(databases),
        "settings": {**SETTINGS, **settings},
    }


MAIN = {"name": "main", "content": None}
HOSTILE: dict[str, Any] = {
    "nothing": None,
    "closed": {"closed": 1},
    "no databases": {"closed": False, "settings": SETTINGS},
    "no settings": {"closed": False, "databases": [MAIN]},
    "many": payload(*[MAIN] * 1000),
    "number": payload(7),
    "nameless": payload({"content": None}),
    "absolute": payload({"name": "main", "root": "home", "path": "/etc/passwd"}),
    "above": payload({"name": "main", "root": "home", "path": "a/../../x"}),
    "nul": payload({"name": "main", "root": "home", "path": "a\0"}),
    "empty": payload({"name": "main", "root": "home", "path": ""}),
    "elsewhere": payload({"name": "main", "root": "elsewhere", "path": "etc/passwd"}),
    "list": payload({"name": "main", "root": "home", "path": ["x"]}),
    "root": payload({"name": "main", "root": ["home"], "path": "x"}),
    "content": payload({"name": "main", "content": "x"}),
    "buffer": payload({"name": "main", "content": 99}),
    "level": payload(MAIN, isolation_level="; DROP TABLE t"),
    "level list": payload(MAIN, isolation_level=[]),
    "factory": payload(MAIN, row_factory="os.system"),
    "factory list": payload(MAIN, text_factory=[]),
    "autocommit": payload(MAIN, autocommit=2),
    "colnames": payload(MAIN, parse_colnames="yes"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_malformed_payloads_are_refused(name: str, graph: Io) -> None:
    with pytest.raises(DamagedBundleError):
        decode(HOSTILE[name], graph)


BROKEN = {
    "junk": (b"junk" * 200, NotLoadedError),
    "header": (b"SQLite format 3\0" + b"\xff" * 500, NotLoadedError),
    "empty": (b"", DamagedBundleError),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("before", [[], [MAIN]])
def test_content_that_is_no_database_is_not_loaded(name: str, before: list[Any], graph: Io) -> None:
    content, error = BROKEN[name]
    graph.buffers = [content]
    with pytest.raises(error):
        decode(payload(*before, {"name": "other", "content": 0}), graph)


def test_two_databases_of_one_name_are_not_loaded(graph: Io) -> None:
    with pytest.raises(NotLoadedError, match="SQLite cannot open its database"):
        decode(payload(MAIN, MAIN), graph)


def test_a_link_that_leads_out_is_not_opened(graph: Io, session: Session, tmp_path: Path) -> None:
    (tmp_path / "secret.db").write_bytes(b"")
    (session.home / "link.db").symlink_to(tmp_path / "secret.db")
    with pytest.raises(NotLoadedError, match="a link that leads out"):
        decode(payload({"name": "main", "root": "home", "path": "link.db"}), graph)
