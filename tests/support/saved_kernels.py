"""Capture variables of a notebook and restore them in another one, for the outcome of each case."""

from __future__ import annotations

import contextlib
import linecache
import re
import sys
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cloudpickle.cloudpickle
from litestate.variables.capture import take
from litestate.variables.namespace import user_names
from litestate.variables.restore import restore
from sameness import differ
from saved_cases import LATE, NOT, PLAIN, ROUGH, TRUSTED, Case

WRONG = "silently wrong"

exploded: list[str] = []
"""Calls made by untrusted pickles; there must be none."""


def _explode() -> None:
    exploded.append("a pickle was loaded")


class _Bomb:
    def __reduce__(self) -> Any:
        return _explode, ()


BOMB = cloudpickle.dumps(_Bomb())


class Notebook:
    """A namespace in which cells run as the notebook's own ``__main__``."""

    def __init__(self) -> None:
        self.module = types.ModuleType("__main__")
        self.names: dict[str, Any] = vars(self.module)
        self.names["__builtins__"] = sys.modules["builtins"]

    @contextlib.contextmanager
    def running(self) -> Iterator[dict[str, Any]]:
        """Make this the main module."""
        main = sys.modules["__main__"]
        sys.modules["__main__"] = self.module
        try:
            yield self.names
        finally:
            sys.modules["__main__"] = main

    def run(self, case: Case) -> None:
        """Run a cell."""
        lines = case.source.splitlines(keepends=True)
        name = f"<cell of {case.title}>"
        linecache.cache[name] = (len(case.source), None, lines, name)
        with self.running():
            exec(compile(case.source, name, "exec"), self.names)

    def check(self, case: Case, name: str = "x") -> Any:
        """Return the value of a case's check, or the exception that it raises."""
        with self.running():
            self.names["x"] = self.names[name]
            try:
                return eval(compile(case.check, "<check>", "eval"), self.names)
            except Exception as error:
                return f"raises {type(error).__name__}: {error}"
            finally:
                if name != "x":
                    del self.names["x"]


@dataclass(frozen=True)
class Result:
    """The outcome of a case.

    Attributes
    ----------
    outcome : str
        One of `OUTCOMES`, or `WRONG`.
    reported : str
        The reason, or how a rebuilt object differs.
    difference : str
        A difference that was not reported.
    """

    outcome: str
    reported: str = ""
    difference: str = ""


@dataclass(frozen=True)
class Captured:
    """The captured variables of a notebook, as if stored.

    Attributes
    ----------
    groups : list of Group
    skipped, notes : dict
        Reasons and notes, by name.
    """

    groups: list[Any]
    skipped: dict[str, str]
    notes: dict[str, list[str]]


def capture_all(notebook: Notebook) -> Captured:
    """Capture all variables of a notebook.

    Raises
    ------
    AssertionError
        If a name is not reported exactly once.
    """
    with notebook.running() as names:
        before = dict(names)
        wanted = user_names(names)
        taken = take(names, wanted)
        changed = {name for name in names if names[name] is not before.get(name)}
        assert not changed and names.keys() == before.keys(), f"capturing changed {changed}"
    groups = [stored(each) for each in taken.groups]
    reported = [name for each in groups for name in each.names] + [
        each.path for each in taken.skipped
    ]
    assert sorted(reported) == wanted, f"reported {sorted(reported)}, not {wanted}"
    reasons = {each.path: each.reason for each in taken.skipped}
    return Captured(groups, reasons, {name: list(notes) for name, notes in taken.notes.items()})


def stored(taken: Any) -> Any:
    """Return a group that shares no memory with the notebook's objects."""
    return replace(
        taken,
        document=bytes(taken.document),
        buffers=[bytearray(memoryview(each).cast("B")) for each in taken.buffers],
        pickles=[bytes(each) for each in taken.pickles],
    )


def restore_all(captured: Captured, *, trusted: bool) -> tuple[Notebook, dict[str, str], set[str]]:
    """Restore into a new notebook, in a kernel that does not know the old one's classes.

    Returns
    -------
    Notebook
        The new one.
    dict
        Reasons of the variables that failed, by name.
    set of str
        The names that wait for trust.
    """
    # Restored arrays use these buffers.
    groups = [stored(each) for each in captured.groups]
    if not trusted:
        groups = [replace(each, pickles=[BOMB] * len(each.pickles)) for each in groups]
    forget_classes()
    notebook = Notebook()
    with notebook.running() as names:
        before = dict(names)
        restored = restore(groups, names, trusted=trusted)
        assert names == before, "restoring changed the namespace"
        names.update(restored.values)
    failed = {each.path: each.reason for each in restored.failed}
    waiting = {each.path for each in restored.waiting}
    reported = [*restored.values, *failed, *waiting]
    expected = sorted(name for each in groups for name in each.names)
    assert sorted(reported) == expected, f"reported {sorted(reported)}, not {expected}"
    return notebook, failed, waiting


def forget_classes() -> None:
    """Make cloudpickle forget the notebook's classes, as in a new process."""
    for name in ("_DYNAMIC_CLASS_TRACKER_BY_ID", "_DYNAMIC_CLASS_TRACKER_BY_CLASS"):
        getattr(cloudpickle.cloudpickle, name).clear()


def results(cases: Sequence[Case], *, together: bool = False) -> list[Result]:
    """Save and load cases, each in a notebook of its own or all in one."""
    if together:
        return _results(cases)
    return [_alone(case) for case in cases]


def _alone(case: Case) -> Result:
    try:
        (result,) = _results([case])
    except Exception as error:
        return Result(WRONG, difference=f"saving or loading raised {error!r}")
    return result


def filled(cases: Sequence[Case]) -> tuple[Notebook, list[str]]:
    """Return a notebook in which the cells of some cases ran, and the name of each case in it."""
    notebook = Notebook()
    names = [f"x_{number}" for number in range(len(cases))]
    for name, case in zip(names, cases, strict=True):
        notebook.run(case)
        notebook.names[name] = notebook.names.pop("x")
    return notebook, names


def _results(cases: Sequence[Case]) -> list[Result]:
    (notebook, names), (control, _) = filled(cases), filled(cases)
    captured = capture_all(notebook)
    wary, refused, _ = restore_all(captured, trusted=False)
    assert not exploded, "a pickle was loaded without trust"
    trusting, failed, left = restore_all(captured, trusted=True)
    assert not left, f"they still wait: {left}"
    return [
        judged(case, name, captured, (notebook, control), (wary, trusting), {**refused, **failed})
        for name, case in zip(names, cases, strict=True)
    ]


def judged(
    case: Case,
    name: str,
    captured: Captured,
    before: tuple[Notebook, Notebook],
    after: tuple[Notebook, Notebook],
    failed: dict[str, str],
) -> Result:
    """Return the outcome of a case.

    Parameters
    ----------
    case : Case
    name : str
        Its name in the notebooks.
    captured : Captured
    before : tuple of Notebook
        The saved one, and a control in which the same cells ran.
    after : tuple of Notebook
        Restored without trust, and with it.
    failed : dict
        Reasons of the names that are in neither.
    """
    saved, control = before
    expected = control.check(case, name)
    disturbed = differ(expected, saved.check(case, name), control.names, saved.names)
    if disturbed:
        return Result(WRONG, difference=f"saving changed it: {disturbed}")
    if name in captured.skipped:
        return Result(NOT, cleaned(captured.skipped[name]))
    if name in failed:
        return Result(LATE, cleaned(failed[name]))
    reported = cleaned("; ".join(captured.notes.get(name, [])))
    restored = [each for each in after if name in each.names]
    for each in restored:
        if difference := compared(case, name, each):
            return Result(WRONG, reported, difference)
    if reported:
        return Result(ROUGH, reported)
    return Result(PLAIN if len(restored) == 2 else TRUSTED)


def compared(case: Case, name: str, restored: Notebook) -> str:
    """Return how a restored object differs from a new one of its cell, or an empty text."""
    # A new object each time: a check may consume it.
    fresh = Notebook()
    fresh.run(case)
    return differ(fresh.check(case), restored.check(case, name), fresh.names, restored.names)


def cleaned(text: str) -> str:
    """Return a reason without addresses and numbers that differ between runs."""
    return re.sub(r"0x[0-9a-f]+", "0x…", re.sub(r"\bx_\d+\b", "x", text))
