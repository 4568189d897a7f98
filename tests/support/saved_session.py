"""A session whose cells change the process, for tests and for docs/what-is-saved.md."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from ipython_shells import pretend_shell
from litestate import environment
from litestate.environment import logging_settings, module_changes
from litestate.shell import cell_log
from litestate.shell.cell_log import Executed, Log, current
from sameness import differ
from saved_kernels import Notebook
from saved_session_cases import NAMED, SET, SET_IF_TRUSTED, Change


@contextlib.contextmanager
def new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Reset this process to a state in which no cell has run.

    Use Python's default warning filters, as pytest has others, and its recursion limit, as the
    site's kernel has another.
    """
    limit = sys.getrecursionlimit()
    pretend_shell(monkeypatch, None, "variables", "environment", "shell", "checkpoints")
    monkeypatch.setattr(module_changes, "known", module_changes.Known())
    monkeypatch.setattr(cell_log, "_without_shell", Log())
    with warnings.catch_warnings():
        warnings.filters[:] = logging_settings.usual_filters()  # type: ignore[index]
        sys.setrecursionlimit(1000)
        try:
            yield
        finally:
            sys.setrecursionlimit(limit)


def missing(change: Change) -> str:
    """Return the reason why a change cannot be tried here, or an empty text."""
    if sys.platform == "emscripten" and not change.in_kernel:
        return "the site's kernel does not have it"
    return change.missing


class Session:
    """A notebook in which a cell changes the process."""

    def __init__(self, change: Change) -> None:
        self.notebook = Notebook()
        self.change = change

    def run(self, source: str) -> None:
        current().add(Executed(current().session, 1, source))
        with self.notebook.running() as names:
            exec(compile(source, "<cell>", "exec"), names)

    def check(self) -> Any:
        with self.notebook.running() as names:
            return eval(self.change.check, names)

    def reset(self) -> None:
        with self.notebook.running() as names:
            exec(self.change.reset, names)

    def describe(self) -> dict[str, Any]:
        with self.notebook.running():
            document = environment.describe(parts=["options"])
        return environment.read(environment.dump(document))

    def apply(self, document: dict[str, Any], *, trusted: bool) -> Any:
        with self.notebook.running():
            return environment.apply(document, trusted=trusted, parts=["options"])


def tried(change: Change) -> str:
    """Return the outcome of a change; assert that no loss is silent."""
    session = Session(change)
    try:
        return _tried(session, change)
    except AssertionError as error:
        error.add_note(f"with: {change.title}")
        raise
    finally:
        session.reset()


def _tried(session: Session, change: Change) -> str:
    untouched = session.describe()
    session.run(change.source)
    wanted = session.check()
    document = session.describe()
    assert document != untouched, "nothing of it is saved or named"
    # With the reason: other cases may have registered something in the same table.
    named = {(each.path, each.reason) for each in environment.left_out(document)}
    named -= {(each.path, each.reason) for each in environment.left_out(untouched)}
    session.reset()
    new = session.check()
    assert differ(wanted, new, {}, {}), "the check does not see it"
    outcomes = []
    for trusted in (False, True):
        applied = session.apply(document, trusted=trusted)
        is_there = not differ(wanted, session.check(), {}, {})
        reported = [*applied.skipped, *applied.waiting]
        assert is_there or reported, "the loss is not reported"
        outcomes.append(is_there)
        applied.undo()
        assert not differ(new, session.check(), {}, {}), "it was not undone"
    if named:
        assert outcomes == [False, False]
        return NAMED
    assert outcomes[1], f"it is named when loading only: {reported}"
    return SET if outcomes[0] else SET_IF_TRUSTED
