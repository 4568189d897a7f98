"""Current folder, environment variables and search path: saved, left out, restored and undone."""

from __future__ import annotations

import copy
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from litestate import environment
from litestate.environment import initial_process, process_state
from litestate.errors import DamagedBundleError
from litestate.host.roots import HOME, NOTEBOOK, Root, Roots
from litestate.shell.secret_detection import HIDDEN, hide, is_secret_name, is_secret_value
from sessions import Session

TOKEN = "ghp" + "_" + "a1B2" * 9


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Undo the changes of a test."""
    path, variables = list(sys.path), dict(os.environ)
    yield
    sys.path[:] = path
    for name in set(os.environ) - set(variables):
        del os.environ[name]
    os.environ.update(variables)


@pytest.fixture
def roots(session: Session) -> Roots:
    return Roots((Root(HOME, session.home, "~/"), Root(NOTEBOOK, session.notebook, "")))


def test_only_variables_that_a_notebook_set_are_saved(roots: Roots) -> None:
    before = process_state.describe(roots)
    os.environ["LITESTATE_DEMO"] = "own"
    os.environ["MODEL_SIZE"] = "large ü"
    os.environ["PAGER"] = "cat"
    after = process_state.describe(roots)
    assert "MODEL_SIZE" not in before["environment"]
    assert after["environment"]["MODEL_SIZE"] == "large ü"
    # Set by a library, and by litestate.
    assert not {"LITESTATE_DEMO", "PAGER"} & set(after["environment"])
    os.environ["PAGER"] = "more"
    assert process_state.describe(roots)["environment"]["PAGER"] == "more"


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux tells")
def test_variables_from_before_the_start_are_not_changes() -> None:
    assert initial_process.environment() is not initial_process._AT_IMPORT
    # This test's process inherits it from its shell.
    assert initial_process.environment().get("PATH") is not None


def test_a_variable_that_is_too_long_is_named(roots: Roots) -> None:
    os.environ["MODEL_NAME"] = "x" * 120_000
    sys.path.append("y" * 10_000)
    document = process_state.describe(roots)
    assert document["left_out"]["MODEL_NAME"] == "long"
    environment.check({"process": document})


def test_secrets_are_left_out_and_named(roots: Roots) -> None:
    os.environ["DEMO_API_KEY"] = "short"
    os.environ["DEMO_SETTING"] = TOKEN
    os.environ["PATH"] += os.pathsep + "more"
    document = environment.describe(roots)
    assert document["process"]["left_out"]["DEMO_API_KEY"] == "secret"
    assert document["process"]["left_out"]["DEMO_SETTING"] == "secret"
    assert document["process"]["left_out"]["PATH"] == "machine"
    text = environment.dump({"process": document["process"]}).decode()
    assert TOKEN not in text
    assert "short" not in text
    named = {it.path: it.reason for it in environment.left_out(document)}
    assert "looks like a secret" in named["environment variable DEMO_API_KEY"]
    applied = environment.apply(document, trusted=True, roots=roots, parts=["process"])
    assert "environment variable DEMO_SETTING" in {it.path for it in applied.skipped}


@pytest.mark.parametrize(
    "name",
    [
        "API_KEY",
        "apiKey",
        "DB_PASSWORD",
        "PGPASS",
        "GITHUB_TOKEN",
        "secret",
        "BASIC_AUTH",
        "MyCreds",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["PWD", "KEYBOARD", "AUTHOR", "PASSED", "SPIN", "TOKYO", "PATH"])
def test_names_of_other_variables(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "value",
    [
        TOKEN,
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "sk" + "-" + "abcdefghijklmnopqrstuvwx",
        "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "mysql://me:sesame@host/db",
        "-----BEGIN RSA PRIVATE " + "KEY-----\nabc\n-----END RSA PRIVATE " + "KEY-----",
    ],
)
def test_values_of_secrets(value: str) -> None:
    assert is_secret_value(value)
    hidden = hide(f"connect('''{value}''')")
    assert HIDDEN in hidden
    assert "sesame" not in hidden
    assert value not in hidden


def test_only_secrets_of_sources_are_replaced() -> None:
    plain = "key = 'column'\nprice['tokens'] = 3\nurl = 'https://host/a'  # é"
    assert hide("x = 1\nprint('hello')") == "x = 1\nprint('hello')"
    # The name is the only clue: a false alarm is better than a leak.
    assert hide(plain) == plain.replace("column", HIDDEN)
    assert hide("login(password='a b', user='me')") == f"login(password='{HIDDEN}', user='me')"
    assert hide('{"token": "abc"}') == f'{{"token": "{HIDDEN}"}}'


def test_hiding_takes_linear_time() -> None:
    import time

    start = time.perf_counter()
    for filling in ("a", "'", "key = '", "eyJ", "://a:", '"\\', "-----BEGIN PRIVATE KEY-----"):
        hide(filling * (60_000 // len(filling)))
    assert time.perf_counter() - start < 10


def test_the_search_path_is_restored_in_its_order(roots: Roots, session: Session) -> None:
    (session.notebook / "lib").mkdir()
    (session.home / "tools").mkdir()
    clean = list(sys.path)
    sys.path.insert(0, str(session.notebook / "lib"))
    sys.path.append(str(session.home / "tools"))
    sys.path.append("gone")
    document = process_state.describe(roots)
    added = [entry for entry in document["sys_path"] if entry["path"] != "gone"]
    assert {"path": ["notebook", "lib"], "front": True} in added
    assert {"path": ["home", "tools"], "front": False} in added
    wanted = [entry for entry in sys.path if entry != "gone"]
    sys.path[:] = clean
    path_list = sys.path
    environment.check({"process": document})
    applied = process_state.apply(document, trusted=True, roots=roots)
    assert sys.path == wanted
    assert sys.path is path_list
    assert "sys.path entry gone" in {it.path for it in applied.skipped}
    applied.undo()
    assert sys.path == clean


def test_entries_of_this_python_are_not_additions() -> None:
    added = {str(entry["path"]) for entry in process_state.describe()["sys_path"]}
    assert not [entry for entry in added if "lib/python" in entry or "site-packages" in entry]


def test_folder_and_variables_are_restored_and_undone(roots: Roots, session: Session) -> None:
    (session.notebook / "deep" / "er").mkdir(parents=True)
    os.chdir(session.notebook / "deep" / "er")
    os.environ["MODEL_SIZE"] = "large"
    document = process_state.describe(roots)
    assert document["cwd"] == ["notebook", "deep/er"]
    os.chdir(session.notebook)
    os.environ["MODEL_SIZE"] = "other"
    applied = process_state.apply(document, trusted=True, roots=roots)
    assert Path.cwd() == session.notebook / "deep" / "er"
    assert os.environ["MODEL_SIZE"] == "large"
    assert not applied.waiting
    applied.undo()
    applied.undo()
    assert Path.cwd() == session.notebook
    assert os.environ["MODEL_SIZE"] == "other"


def test_without_trust_variables_and_search_path_wait(roots: Roots, session: Session) -> None:
    (session.notebook / "lib").mkdir()
    document = {
        "cwd": ["notebook", "lib"],
        "environment": {"PYTHONSTARTUP": "x.py"},
        "left_out": {},
        "sys_path": [{"path": ["notebook", "lib"], "front": True}],
    }
    before = list(sys.path)
    applied = process_state.apply(document, trusted=False, roots=roots)
    assert [it.path for it in applied.waiting] == [
        "environment variable PYTHONSTARTUP",
        "sys.path entry lib",
    ]
    assert "PYTHONSTARTUP" not in os.environ
    assert sys.path == before
    assert Path.cwd() == session.notebook / "lib"
    document["cwd"] = ["elsewhere", "tmp"]
    applied = process_state.apply(document, trusted=False, roots=roots)
    assert applied.waiting[0].path == "current folder /tmp"
    assert Path.cwd() == session.notebook / "lib"


def test_a_bundle_does_not_set_variables_of_this_machine(roots: Roots) -> None:
    document = {"environment": {"LITESTATE_RESTRICT": "0", "PATH": "/tmp"}}
    before = os.environ["PATH"]
    applied = process_state.apply(document, trusted=True, roots=roots)
    assert len(applied.skipped) == 2
    assert "LITESTATE_RESTRICT" not in os.environ
    assert os.environ["PATH"] == before


def test_a_folder_that_does_not_exist_here_is_named(roots: Roots, session: Session) -> None:
    applied = process_state.apply({"cwd": ["notebook", "gone"]}, trusted=True, roots=roots)
    assert [it.path for it in applied.skipped] == ["current folder gone"]
    assert Path.cwd() == session.notebook
    applied = process_state.apply({"cwd": ["other", "x"]}, trusted=True, roots=roots)
    assert "no such root" in applied.skipped[0].reason
    # Too long for a name.
    long = {"cwd": ["notebook", "x" * 4000], "sys_path": [{"path": "y" * 4000, "front": True}]}
    environment.check({"process": long})
    applied = process_state.apply(long, trusted=True, roots=roots)
    assert [it.reason for it in applied.skipped][1] == "does not exist here"
    assert Path.cwd() == session.notebook


GOOD: dict[str, Any] = {
    "cwd": ["notebook", "a"],
    "environment": {"A": "b"},
    "left_out": {},
    "sys_path": [{"path": ["home", "lib"], "front": True}],
}

HOSTILE: list[tuple[str, Any]] = [
    ("cwd", ["notebook", "../.."]),
    ("cwd", ["notebook", "/etc"]),
    ("cwd", ["notebook"]),
    ("cwd", "notebook"),
    ("environment", []),
    ("environment", {"A=B": "c"}),
    ("environment", {"": "c"}),
    ("environment", {"A": "\0"}),
    ("environment", {"A": 1}),
    ("environment", {"A": "x" * 2_000_000}),
    ("environment", {str(at): "" for at in range(20_000)}),
    ("left_out", {"A": None}),
    ("sys_path", {}),
    ("sys_path", [1]),
    ("sys_path", [{"path": "a"}]),
    ("sys_path", [{"path": "a\0", "front": True}]),
    ("sys_path", [{"path": ["home", "../x"], "front": True}]),
    ("sys_path", [{"path": "a", "front": True}] * 2000),
]


@pytest.mark.parametrize("case", range(len(HOSTILE)))
def test_hostile_documents_are_refused(case: int) -> None:
    part, value = HOSTILE[case]
    document = copy.deepcopy(GOOD)
    environment.check({"process": document})
    document[part] = value
    with pytest.raises(DamagedBundleError, match="litestate did not write this"):
        environment.check({"process": document})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b'{"process": 1}',
        b"[" * 100_000,
        b'{"a": NaN}',
        b"\xff",
        b'{"x": ' + b"9" * 5000 + b"}",
    ],
)
def test_data_that_is_not_a_document_is_refused(data: bytes) -> None:
    with pytest.raises(DamagedBundleError, match="session"):
        environment.read(data)


def test_a_description_can_be_read_back(roots: Roots) -> None:
    document = environment.describe(roots)
    assert environment.read(environment.dump(document)) == document
