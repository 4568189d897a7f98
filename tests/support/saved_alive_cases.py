"""Objects of the standard library that hold resources: files, threads, databases."""

# ruff: noqa: E501 - a case is read as a line of a table

from __future__ import annotations

from saved_cases import LATE, NOT, PLAIN, ROUGH, TRUSTED, group

FILES = group(
    "Standard library: files and databases",
    ("`io.StringIO`, half read", TRUSTED, "import io\nx = io.StringIO('abc\\ndef')\nx.read(2)",
     "type(x), x.tell(), x.read(), x.getvalue()"),
    ("`io.BytesIO`, half read", TRUSTED, "import io\nx = io.BytesIO(b'abcdef')\nx.read(2)",
     "type(x), x.tell(), x.read(), x.getvalue()"),
    ("file, open for reading", NOT,
     "open('read.txt', 'w').close()\nx = open('read.txt')", "type(x), x.name, x.read()"),
    ("file, open for writing", NOT, "x = open('written.txt', 'w')", "type(x), x.mode"),
    ("file, open as bytes", NOT, "x = open('bytes.bin', 'w+b')", "type(x), x.mode"),
    ("file, closed", PLAIN, "x = open('closed.txt', 'w')\nx.close()",
     "type(x), x.closed, x.name, x.mode, x.encoding"),
    ("file of bytes, closed", PLAIN, "with open('closed.bin', 'ab') as x:\n    pass",
     "type(x), x.closed, x.name, x.mode"),
    ("`sys.stdout`", TRUSTED, "import sys\nx = sys.stdout", "x is sys.stdout"),
    ("`zipfile.ZipFile`, open", NOT,
     "import zipfile\nx = zipfile.ZipFile('a.zip', 'w')", "type(x), x.mode"),
    ("`tempfile.TemporaryDirectory`", NOT,
     "import tempfile\nx = tempfile.TemporaryDirectory(dir='.')", "type(x)"),
    ("`csv.reader`, half read", NOT, "import csv\nx = csv.reader(['a,b', 'c,d'])\nnext(x)",
     "type(x), list(x)"),
    ("`csv.DictReader` over a list", NOT, "import csv\nx = csv.DictReader(['a,b', '1,2'])",
     "type(x), list(x)"),
    ("`os.scandir`", NOT, "import os\nx = os.scandir('.')", "type(x)"),
    ("`mmap.mmap`", NOT, "import mmap\nx = mmap.mmap(-1, 10)", "type(x), x[:]"),
    ("`sqlite3.Connection` in memory", PLAIN,
     "import sqlite3\nx = sqlite3.connect(':memory:')\n"
     "x.execute('CREATE TABLE t (a)'), x.execute('INSERT INTO t VALUES (1)'), x.commit()",
     "type(x), x.execute('SELECT a FROM t').fetchall(), x.in_transaction"),
    ("`sqlite3.Connection` with its settings", PLAIN,
     "import sqlite3\nx = sqlite3.connect(':memory:', isolation_level=None)\n"
     "x.row_factory = sqlite3.Row\nx.text_factory = bytes",
     "x.isolation_level, x.row_factory, x.text_factory, "
     "type(x.execute(\"SELECT 'a' AS b\").fetchone()), x.execute(\"SELECT 'a'\").fetchone()[0]"),
    ("`sqlite3.Connection` with its PRAGMAs", PLAIN,
     "import sqlite3\nx = sqlite3.connect(':memory:')\n"
     "x.executescript('CREATE TABLE p (i INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p)')\n"
     "for pragma_of in ('foreign_keys', 'recursive_triggers', 'query_only'):\n"
     "    _ = x.execute(f'PRAGMA {pragma_of} = ON')\n"
     "_ = x.execute('PRAGMA case_sensitive_like = ON'), x.execute('PRAGMA cache_size = 123')",
     "x.execute('PRAGMA foreign_keys').fetchone(), x.execute('PRAGMA recursive_triggers').fetchone(), "
     "x.execute('PRAGMA query_only').fetchone(), x.execute('PRAGMA cache_size').fetchone(), "
     "x.execute(\"SELECT 'a' LIKE 'A'\").fetchone()"),
    ("`sqlite3.Connection` with PRAGMAs that skip checks", TRUSTED,
     "import sqlite3\nx = sqlite3.connect('kept_unsafe.sqlite')\n"
     "x.execute('CREATE TABLE IF NOT EXISTS t (a CHECK (a > 0))'), x.commit()\n"
     "_ = x.execute('PRAGMA ignore_check_constraints = ON'), x.execute('PRAGMA synchronous = OFF')",
     "x.execute('PRAGMA ignore_check_constraints').fetchone(), x.execute('PRAGMA synchronous').fetchone()", NOT),
    ("`sqlite3.Connection` that converts declared types, for all threads", PLAIN,
     "import sqlite3\nx = sqlite3.connect(':memory:', detect_types=3, check_same_thread=False)\n"
     "x.execute('CREATE TABLE t (a date)'), x.execute('INSERT INTO t VALUES (NULL)'), x.commit()",
     "x.execute('SELECT a, 1 AS \"b [x]\" FROM t').description"),
    ("`sqlite3.Connection`, read-only", PLAIN,
     "import os, sqlite3\nsqlite3.connect('kept_read.sqlite').execute('CREATE TABLE IF NOT EXISTS t (a)').connection.close()\n"
     "x = sqlite3.connect('file:kept_read.sqlite?mode=ro', uri=True)",
     "[row[3] for row in x.execute('EXPLAIN BEGIN IMMEDIATE') if row[1] == 'Transaction' and row[2] == 0]", NOT),
    ("`sqlite3.Connection` with a collation", ROUGH,
     "import sqlite3\nx = sqlite3.connect(':memory:')\nx.create_collation('own', lambda a, b: 0)",
     "type(x), x.execute('SELECT 1').fetchall()"),
    ("`sqlite3.Connection` with an authorizer", ROUGH,
     "import sqlite3\nx = sqlite3.connect(':memory:')\nx.set_authorizer(lambda *_: 0)",
     "type(x), x.execute('SELECT 1').fetchall()"),
    ("`sqlite3.Connection` with limits", PLAIN,
     "import sqlite3\nx = sqlite3.connect(':memory:')\n_ = x.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 1)",
     "x.getlimit(__import__('sqlite3').SQLITE_LIMIT_ATTACHED)"),
    ("`sqlite3.Connection` with a function", ROUGH,
     "import sqlite3\nx = sqlite3.connect(':memory:')\nx.create_function('twice', 1, lambda a: 2 * a)",
     "type(x), x.execute('SELECT 1').fetchall()"),
    ("`sqlite3.Connection` in a transaction", NOT,
     "import sqlite3\nx = sqlite3.connect(':memory:')\nx.execute('CREATE TABLE t (a)'), x.commit()\n"
     "_ = x.execute('INSERT INTO t VALUES (1)')",
     "type(x), x.execute('SELECT name FROM sqlite_master').fetchall()"),
    ("`sqlite3.Connection` to a file", PLAIN,
     "import sqlite3\nx = sqlite3.connect('kept.sqlite')\n"
     "x.execute('CREATE TABLE IF NOT EXISTS t (a)'), x.commit()",
     # There it is outside of the folders that are saved.
     "type(x), x.execute('SELECT name FROM sqlite_master').fetchall()", NOT),
    ("`sqlite3.Connection`, closed", PLAIN,
     "import sqlite3\nx = sqlite3.connect(':memory:')\nx.close()", "type(x), x.total_changes"),
    ("`sqlite3.Cursor`", NOT, "import sqlite3\ncursor_of = sqlite3.connect(':memory:')\n"
     "x = cursor_of.execute('SELECT 1')", "type(x), x.fetchall()"),
    ("`sqlite3.Row`", TRUSTED,
     "import sqlite3\nrow_of = sqlite3.connect(':memory:')\nrow_of.row_factory = sqlite3.Row\n"
     "x = row_of.execute('SELECT 1 AS a, 2 AS b').fetchone()", "type(x), tuple(x), x.keys()"),
    ("object that holds a connection", NOT,
     "import sqlite3\nclass Store:\n    pass\nx = Store()\nx.db = sqlite3.connect(':memory:')",
     "type(x) is Store, x.db.execute('SELECT 1').fetchall()"),
)  # fmt: skip

ALIVE = group(
    "Standard library: threads, tasks and the interpreter",
    ("`threading.Lock`", ROUGH, "import threading\nx = threading.Lock()", "type(x), x.locked()"),
    ("`threading.Lock`, locked", NOT, "import threading\nx = threading.Lock()\n_ = x.acquire()",
     "type(x), x.locked()"),
    ("`threading.RLock`", ROUGH, "import threading\nx = threading.RLock()", "type(x)"),
    ("`threading.Event`", ROUGH, "import threading\nx = threading.Event()\nx.set()",
     "type(x), x.is_set()"),
    ("`threading.Thread`, not started", NOT, "import threading\nx = threading.Thread(target=print, name='worker')",
     "type(x), x.is_alive()"),
    ("`threading.local`", NOT, "import threading\nx = threading.local()\nx.a = 1", "type(x), x.a"),
    ("`queue.Queue`", TRUSTED, "import queue\nx = queue.Queue()\nx.put(1)", "type(x), x.get_nowait(), x.qsize()"),
    ("`queue.SimpleQueue`", NOT, "import queue\nx = queue.SimpleQueue()\nx.put(1)",
     "type(x), x.qsize()"),
    ("`concurrent.futures.ThreadPoolExecutor`", NOT,
     "from concurrent.futures import ThreadPoolExecutor\nx = ThreadPoolExecutor(1)", "type(x)"),
    ("`concurrent.futures.Future`", NOT,
     "from concurrent.futures import Future\nx = Future()\nx.set_result(1)", "type(x), x.result()"),
    ("`asyncio.Queue`", TRUSTED, "import asyncio\nx = asyncio.Queue()\nx.put_nowait(1)",
     "type(x), x.qsize(), x.get_nowait()"),
    ("`asyncio.Event`", TRUSTED, "import asyncio\nx = asyncio.Event()\nx.set()", "type(x), x.is_set()"),
    ("`asyncio.Lock`", TRUSTED, "import asyncio\nx = asyncio.Lock()", "type(x), x.locked()"),
    ("`asyncio` event loop", NOT,
     "import asyncio\nx = asyncio.new_event_loop()", "type(x), x.is_closed(), x.close()", ""),
    ("`contextvars.ContextVar`", NOT,
     "import contextvars\nx = contextvars.ContextVar('x', default=3)", "type(x), x.name, x.get()"),
    ("`contextvars.Context`", NOT, "import contextvars\nx = contextvars.Context()", "type(x), len(x)"),
    ("`weakref.ref`", NOT, "import weakref\nclass Target1:\n    pass\nweak_1 = Target1()\n"
     "x = weakref.ref(weak_1)", "type(x), x() is weak_1"),
    ("`weakref.ref`, dead", NOT, "import weakref\nx = weakref.ref(type('T', (), {})())",
     "type(x), x()"),
    ("`weakref.WeakValueDictionary`", TRUSTED,
     "import weakref\nclass Target2:\n    pass\nweak_2 = Target2()\n"
     "x = weakref.WeakValueDictionary(a=weak_2)", "type(x), list(x.items()) == [('a', weak_2)]"),
    ("`weakref.WeakSet`", TRUSTED, "import weakref\nclass Target3:\n    pass\nweak_3 = Target3()\n"
     "x = weakref.WeakSet([weak_3])", "type(x), len(x), weak_3 in x"),
    ("`weakref.proxy`", NOT, "import weakref\nclass Target4:\n    a = 1\nweak_4 = Target4()\n"
     "x = weakref.proxy(weak_4)", "type(x), x.a"),
    ("`types.ModuleType` made by hand", NOT,
     "import types\nx = types.ModuleType('handmade')\nx.a = [1]", "type(x), x.__name__, x.a"),
    ("`inspect.Signature`", TRUSTED, "import inspect\nx = inspect.signature(lambda a, *, b=1: 0)",
     "type(x), str(x)"),
    ("`logging.Logger`", TRUSTED, "import logging\nx = logging.getLogger('a.b')",
     "x is logging.getLogger('a.b')"),
    ("`logging.Handler`", ROUGH, "import logging\nx = logging.StreamHandler()", "type(x)"),
    ("`logging.LogRecord`", TRUSTED,
     "import logging\nx = logging.LogRecord('n', 10, 'p', 1, 'm %s', ('a',), None)\n"
     "x.__dict__.update(dict.fromkeys(['created', 'msecs', 'relativeCreated', 'thread', 'process'], 0))",
     "type(x), x.getMessage(), vars(x)"),
    ("`hashlib` object", NOT, "import hashlib\nx = hashlib.sha256(b'a')", "type(x), x.hexdigest()"),
    ("`zlib.compressobj`", NOT, "import zlib\nx = zlib.compressobj()", "type(x)"),
    ("`contextlib.ExitStack`", TRUSTED,
     "import contextlib\nleft = []\ndef leave(): left.append(1)\nx = contextlib.ExitStack()\n_ = x.callback(leave)",
     "type(x), x.close(), left"),
    ("`contextlib.contextmanager` function", TRUSTED,
     "import contextlib\n@contextlib.contextmanager\ndef opened():\n    yield 5\nx = opened",
     "x().__enter__()"),
    ("`subprocess.Popen`", NOT,
     "import subprocess, sys\nx = subprocess.Popen([sys.executable, '-c', ''])\n_ = x.wait()",
     "type(x), x.returncode", ""),
    ("`subprocess.CompletedProcess`", TRUSTED,
     "import subprocess\nx = subprocess.CompletedProcess(['a'], 0, b'out')"),
    ("`socket.socket`", NOT, "import socket\nx = socket.socket()", "type(x), x.close()", ""),
    ("`ctypes` structure", NOT,
     "import ctypes\nclass Pair(ctypes.Structure):\n    _fields_ = [('a', ctypes.c_int)]\nx = Pair(7)",
     "x.a, type(x) is Pair", ""),
    ("`ctypes.c_int`", TRUSTED, "import ctypes\nx = ctypes.c_int(5)", "type(x), x.value", ""),
    ("`unittest.mock.Mock`", LATE, "from unittest.mock import Mock\nx = Mock(return_value=5)\nx(1)",
     "x(2), x.call_count, x.mock_calls"),
    ("`os.environ`", TRUSTED, "import os\nx = os.environ", "x is os.environ"),
    ("`sys.path`", TRUSTED, "import sys\nx = sys.path", "x is sys.path"),
    ("`sys.modules`", NOT, "import sys\nx = sys.modules", "x is sys.modules"),
    ("`decimal.getcontext()`", TRUSTED, "import decimal\nx = decimal.getcontext()",
     "x is decimal.getcontext()"),
    ("`decimal.DefaultContext` in a list", TRUSTED, "import decimal\nx = [decimal.DefaultContext]",
     "x[0] is decimal.DefaultContext"),
    ("`warnings.filters`", TRUSTED, "import warnings\nx = warnings.filters", "x is warnings.filters"),
    ("`sqlite3.adapters`", TRUSTED, "import sqlite3\nx = sqlite3.adapters", "x is sqlite3.adapters"),
    ("`traitlets` object, with its observers", TRUSTED,
     "import traitlets\nclass Speed(traitlets.HasTraits):\n    v = traitlets.Int(1)\nspeeds = []\n"
     "def noted(change): speeds.append(change.new)\nx = Speed()\nx.observe(noted, 'v')",
     "x.set_trait('v', 7), x.v, speeds"),
    ("two `traitlets` objects, with a link", TRUSTED,
     "import traitlets\nclass Size(traitlets.HasTraits):\n    v = traitlets.Int(1)\nx, linked = Size(), Size()\n"
     "tied = traitlets.link((x, 'v'), (linked, 'v'))", "x.set_trait('v', 7), linked.v"),
    ("`globals()`", TRUSTED, "x = globals()", "x is globals()"),
    ("`vars()` of a module", NOT, "import json\nx = vars(json)", "x is vars(json)"),
)  # fmt: skip

GROUPS = (FILES, ALIVE)
