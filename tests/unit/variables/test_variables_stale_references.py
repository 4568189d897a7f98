"""Holders of restored variables: they refer to the new object, or the report names them."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from checkpoint_kernels import Kernel
from litestate.checkpoints import checkpoint_restore
from litestate.report import Report
from litestate.variables.stale_references import left_behind
from variable_kernels import Notebook


def undo(notebook: Notebook) -> Report:
    session = notebook.kernel.session
    return checkpoint_restore.restore(session, checkpoint_restore.before(session), cause="undone")


def stale(report: Report) -> list[str]:
    return [
        warning.partition(" still holds ")[0]
        for section in report.sections
        for warning in section.warnings
        if " still holds " in warning
    ]


def rows(connection: sqlite3.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT a FROM t ORDER BY a")]


TABLE = (
    "import sqlite3\ncon = sqlite3.connect({}, isolation_level=None)\n"
    "con.execute('CREATE TABLE IF NOT EXISTS t (a)')\ncur = con.cursor()\n"
)
MEMORY = TABLE.format("':memory:'")


def test_an_open_cursor_writes_to_the_restored_database(notebook: Notebook) -> None:
    notebook.cell(MEMORY)
    notebook.cell("cur.execute('INSERT INTO t VALUES (1)'); con.total_changes")
    connection = notebook.names["con"]
    report = undo(notebook)
    assert notebook.names["con"] is connection
    assert rows(connection) == []
    assert stale(report) == []
    notebook.run("cur.execute('INSERT INTO t VALUES (2)')")
    assert rows(notebook.names["con"]) == [2]
    notebook.names["cur"].close()


def test_an_open_cursor_writes_to_a_file(notebook: Notebook) -> None:
    notebook.cell(TABLE.format("'app.db'"))
    notebook.cell("cur.execute('INSERT INTO t VALUES (1)'); con.total_changes; new = 1")
    report = undo(notebook)
    assert rows(notebook.names["con"]) == []
    assert stale(report) == []
    notebook.run("cur.execute('INSERT INTO t VALUES (2)')")
    assert rows(notebook.names["con"]) == [2]
    notebook.names["cur"].close()


def test_a_connection_to_a_file_stays_when_its_holder_is_restored(notebook: Notebook) -> None:
    notebook.cell(TABLE.format("'app.db'") + "app = {'db': con}")
    notebook.cell("cur.execute('INSERT INTO t VALUES (1)'); app['new'] = con")
    connection = notebook.names["con"]
    report = undo(notebook)
    assert notebook.names["app"] == {"db": connection}
    assert notebook.names["con"] is connection
    assert (rows(connection), stale(report)) == ([], [])
    notebook.names["cur"].close()


def test_restoring_forth_and_back(notebook: Notebook) -> None:
    notebook.cell(MEMORY)
    for number in range(3):
        notebook.cell(f"cur.execute('INSERT INTO t VALUES ({number})'); con.total_changes")
    connection, session = notebook.names["con"], notebook.kernel.session
    numbers = [each.number for each in session.history.checkpoints]
    for count in (1, 3, 0, 2):
        checkpoint_restore.restore(session, session.find(numbers[count]))
        assert notebook.names["con"] is connection
        assert rows(connection) == list(range(count))
    notebook.names["cur"].close()


def test_an_object_that_holds_the_connection_has_the_same_one(notebook: Notebook) -> None:
    notebook.cell(MEMORY + "app = {'db': con}")
    notebook.cell("cur.execute('INSERT INTO t VALUES (1)'); app, con")
    connection = notebook.names["con"]
    assert stale(undo(notebook)) == []
    assert notebook.names["app"]["db"] is notebook.names["con"] is connection
    assert rows(connection) == []
    notebook.names["cur"].close()


def test_registered_functions_stay(notebook: Notebook) -> None:
    notebook.cell(MEMORY)
    notebook.run("con.create_function('twice', 1, lambda a: 2 * a)")
    notebook.cell("cur.execute('INSERT INTO t VALUES (1)'); con.total_changes")
    undo(notebook)
    assert notebook.names["con"].execute("SELECT twice(4)").fetchone() == (8,)
    notebook.names["cur"].close()


@pytest.mark.parametrize(
    "change",
    [
        "con.execute('PRAGMA foreign_keys = ON')",
        "con.row_factory = sqlite3.Row",
        "con = sqlite3.connect(':memory:')",
        "con.close()",
        "con = [1]",
        "del con",
    ],
)
def test_a_cursor_of_a_replaced_connection_is_named(notebook: Notebook, change: str) -> None:
    notebook.cell(MEMORY + "first = con")
    notebook.run("rest = first.execute('SELECT 1')")
    notebook.cell("1; first")
    notebook.cell(f"{change}; first; cur")
    before = notebook.names["first"]
    report = undo(notebook)
    assert rows(notebook.names["con"]) == []
    if notebook.names["first"] is before:
        assert stale(report) == []
    else:
        assert stale(report) == ["cur", "rest"]


def test_a_restore_with_an_unfinished_query(notebook: Notebook) -> None:
    notebook.cell(MEMORY + "con.execute('INSERT INTO t VALUES (1)')")
    notebook.cell("con.execute('INSERT INTO t VALUES (2)')")
    notebook.run("half = con.execute('SELECT a FROM t'); half.fetchone()")
    report = undo(notebook)
    assert rows(notebook.names["con"]) == [1]
    assert stale(report) == ["cur", "half"]
    assert notebook.names["half"].fetchall() == [(2,)]


HELD = {
    "writer": ("import csv, io\nf = io.StringIO()", "h = csv.writer(f)", "f.write('more')"),
    "generator": ("f = [1]", "h = (x for x in f)", "f.append(2)"),
    "function": ("f = [1]", "h = (lambda held: (lambda: held, (i for i in ())))(f)", "f.append(2)"),
    "default": ("f = [1]", "h = [lambda held=f: held, (i for i in ())]", "f.append(2)"),
    "method": ("f = [1]", "h = [f.append, (i for i in ())]", "f.append(2)"),
    "dictionary": ("f = {}", "h = {'held': f.keys(), 'open': (i for i in ())}", "f['a'] = 1"),
    "inner": ("f = {'a': [1]}", "h = (x for x in f['a'])", "f['a'].append(2)"),
    "array": (
        "import numpy as np\nf = np.zeros(3)",
        "h = [f[1:], (i for i in ())]",
        "f[0] = 1",
    ),
    "object": (
        "class C:\n    pass\nC.__module__ = '__main__'\nf = C(); f.a = 1",
        "h = [f, (i for i in ())]",
        "f.a = 2",
    ),
    "hidden name": ("f = [1]", "_h = f", "f.append(2)"),
    "itertools": ("f = [1]", "import itertools; h = itertools.cycle(f)", "f.append(2)"),
    "weak": ("f = {1}", "import weakref; h = [weakref.ref(f), f]", "f.add(2)"),
}


@pytest.mark.parametrize("name", HELD)
def test_a_holder_of_a_replaced_object_is_named(notebook: Notebook, name: str) -> None:
    first, holder, change = HELD[name]
    notebook.cell(first)
    notebook.run(holder)
    notebook.cell(f"1; {change}")
    assert stale(undo(notebook)) == ["_h" if name == "hidden name" else "h"]


def test_a_holder_of_a_removed_object_is_named(notebook: Notebook) -> None:
    notebook.cell("a = 1")
    notebook.cell("new = [1]")
    notebook.run("h = (x for x in new)")
    assert stale(undo(notebook)) == ["h"]
    assert "new" not in notebook.names


def test_a_variable_that_shares_nothing_is_not_named(notebook: Notebook) -> None:
    notebook.cell(
        "import math\nf = [1, 'text', None, math, len, (1, 2)]\ng = {'f': f}; other = [f]"
    )
    notebook.run("h = (x for x in [1, 'text', None, math, len]); k = lambda: f; out = math")
    notebook.cell("f.append(2); g; other")
    assert stale(undo(notebook)) == []


def test_inputs_and_outputs_of_ipython_are_not_named() -> None:
    old = [1]
    names: dict[str, Any] = dict.fromkeys(("_", "__", "___", "_5", "_oh", "_ih", "_i3"), old)
    assert left_behind({**names, "a": [2]}, {"a": old}) == {}
    assert left_behind({**names, "_mine": old, "a": [2]}, {"a": old}) == {"_mine": ["a"]}


def test_no_code_of_an_object_runs(notebook: Notebook) -> None:
    class Touchy:
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

        __eq__ = __hash__ = __bool__ = __iter__ = __len__ = None  # type: ignore[assignment]

    old = [Touchy()]
    assert left_behind({"h": [old, Touchy()], "a": []}, {"a": old}) == {"h": ["a"]}


def test_the_search_is_bounded(notebook: Notebook) -> None:
    import time

    names = {f"n{number}": [[] for _ in range(5_000)] for number in range(50)}
    old = [[] for _ in range(1_000_000)]
    start = time.perf_counter()
    left_behind(names, {"a": old})
    assert time.perf_counter() - start < 5


def test_a_failed_load_changes_no_content(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch, kernel: Kernel
) -> None:
    notebook.cell(MEMORY)
    notebook.cell("cur.execute('INSERT INTO t VALUES (1)'); con.total_changes")
    connection = notebook.names["con"]

    def fail(*_: object) -> None:
        raise RuntimeError("after the content")

    monkeypatch.setattr("litestate.parts.stored_variables.left_behind", fail)
    with pytest.raises(Exception, match="after the content"):
        undo(notebook)
    assert notebook.names["con"] is connection
    assert rows(connection) == [1]
    notebook.names["cur"].close()
