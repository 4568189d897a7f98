"""Changes of the process by a cell: each is restored, waits for trust, or is named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestate import environment
from litestate.environment import changed_settings
from litestate.errors import DamagedBundleError
from litestate.shell.cell_log import Executed, current
from saved_session import missing, new_process, tried
from saved_session_cases import CHANGES, Change

CASES = [
    pytest.param(change, id=f"{title}: {change.title}")
    for title, changes in CHANGES.items()
    for change in changes
]


@pytest.fixture(autouse=True)
def a_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    with new_process(monkeypatch):
        yield


@pytest.mark.parametrize("change", CASES)
def test_a_change_is_restored_or_named(change: Change) -> None:
    if why := missing(change):
        pytest.skip(why)
    assert tried(change) == change.expected


def test_without_changes_nothing_is_saved() -> None:
    assert changed_settings.describe() == {"set": {}, "left_out": {}}


def test_the_logger_of_an_application_is_not_saved() -> None:
    import logging

    from traitlets.config import Application

    application: Any = type("SomeKernelApp", (Application,), {})()
    try:
        application.log.addHandler(logging.FileHandler("app.log", delay=True))
        current().add(Executed(current().session, 1, "import logging"))
        assert environment.left_out(environment.describe(parts=["options"])) == []
    finally:
        application.close_handlers()
        # Without its class it would count as the notebook's.
        del logging.root.manager.loggerDict["SomeKernelApp"]


def test_no_secret_is_in_a_bundle() -> None:
    import logging
    import textwrap

    token = "ghp" + "_" + "a1B2" * 9
    try:
        current().add(Executed(current().session, 1, "import textwrap, logging\ntextwrap.x = 1"))
        textwrap.x = token  # type: ignore[attr-defined]
        logging.basicConfig(format=f"{token} %(message)s", stream=sys.stdout, force=True)
        document = environment.describe(parts=["options"])
        assert token not in environment.dump(document).decode()
        named = {each.path: each.reason for each in environment.left_out(document)}
        assert "looks like a secret" in named["textwrap.x"]
        assert "looks like a secret" in named["logging logger root"]
    finally:
        vars(textwrap).pop("x", None)
        logging.root.handlers.clear()


# Values of a hostile bundle, none of which is set.
HOSTILE: dict[str, dict[str, Any]] = {
    "attributes": {
        "builtins:print": ["import", "os:system"],
        "os:system": ["value", None],
        "json.encoder:JSONEncoder.default": ["variable", "evil"],
        "no_such_module_here:x": ["value", 1],
    },
    "sys": {"recursion limit": 10**9, "int max str digits": 0, "switch interval": 0},
    "decimal": {"prec": 10**18, "rounding": ["ROUND_UP"], "traps": "Inexact"},
    "warnings": {"filters": [["ignore", ["(a+)+$", 0], "builtins:Warning", None, 0]]},
    "threading": {"stack size": 2**40},
    "socket": {"default timeout": -1},
    "csv": {"field size limit": 2**62},
    "csv dialects": {"excel": [";" * 100, None, None, None, None, None, None, None]},
    "locale": {"LC_ALL": "../../evil"},
    "logging": {
        "logger app": [10, True, False, [["FileHandler", "stdout", 0, None, None, None]]],
        "logger evil": [10, True, False, [["StreamHandler", "stdout", 0, "{0.x}", None, "{"]]],
    },
    "calendar": {"first weekday": 9},
    "sklearn": {"assume_finite": True, "skip_parameter_validation": True, "display": "<b>"},
    "IPython": {"InteractiveShell.ast_node_interactivity": "evil"},
    "IPython extensions": {"evil_extension": True},
    "IPython aliases": {"ls": "rm -rf"},
}


@pytest.mark.parametrize("group", HOSTILE)
def test_hostile_settings_wait(group: str) -> None:
    pytest.importorskip(group.partition(" ")[0] if group == "sklearn" else "sys")
    before = changed_settings.describe()
    document = {"options": {"set": {group: HOSTILE[group]}}}
    read = environment.read(environment.dump(document))
    applied = environment.apply(read, trusted=False, parts=["options"])
    reported = len(applied.waiting) + len(applied.skipped)
    assert reported == len(HOSTILE[group]) or applied.skipped[0].path == f"options of {group}"
    assert not applied.lines
    assert changed_settings.describe() == before


MALFORMED: dict[str, dict[str, Any]] = {
    "attributes": {
        "sys": ["value", 1],
        "sys:": ["value", 1],
        "sys:a b": ["value", 1],
        "sys:made_up_here": ["value"],
        "textwrap:made_up": ["code", "print(1)"],
        "textwrap:made_up_too": ["variable", "of_no_one"],
        "textwrap:made_up_again": ["import", "textwrap"],
    },
    "warnings": {"filters": [["evil", None, "builtins:Warning", None, 0]], "other": []},
    "decimal": {"other": 1, "traps": ["Evil"], "prec": "x", "a.prec": 1},
    "sys": {"other": 1, "recursion limit": "x"},
    "gc": {"enabled": 1},
    "csv dialects": {"mine": [1], "yours": 2},
    # The C library of the site's kernel accepts any locale name.
    "locale": {"LC_OTHER": "C"} | ({} if sys.platform == "emscripten" else {"LC_TIME": "no_SUCH"}),
    "logging": {"logger": [1], "other": 1, "disable": "x"},
    "threading": {"stack size": "x"},
    "xml.etree.ElementTree namespaces": {"uri": 1},
}


@pytest.mark.parametrize("group", MALFORMED)
def test_malformed_settings_are_named_also_with_trust(group: str) -> None:
    before = changed_settings.describe()
    document = {"options": {"set": {group: MALFORMED[group]}}}
    read = environment.read(environment.dump(document))
    applied = environment.apply(read, trusted=True, parts=["options"])
    assert len(applied.skipped) == len(MALFORMED[group]), applied
    assert all("was not accepted here" in each.reason for each in applied.skipped)
    assert changed_settings.describe() == before


def test_a_value_of_an_unknown_form_is_damage() -> None:
    with pytest.raises(DamagedBundleError):
        changed_settings.check({"set": {"attributes": {"sys:x": {"variable": "f"}}}})
