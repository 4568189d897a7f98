"""All groups of cases, and the page that shows their outcomes."""

# ruff: noqa: E501 - lines of a page

from __future__ import annotations

import importlib.metadata
import platform
from collections import Counter
from collections.abc import Callable

import saved_alive_cases
import saved_builtin_cases
import saved_making_cases
import saved_numpy_cases
import saved_pandas_cases
import saved_science_cases
import saved_sharing_cases
import saved_standard_cases
import saved_user_cases
from saved_cases import LATE, NOT, PLAIN, ROUGH, TRUSTED, Case, Group
from saved_kernels import Result
from saved_session_cases import CHANGES, NAMED, SET, SET_IF_TRUSTED, Change

GROUPS: tuple[Group, ...] = (
    *saved_builtin_cases.GROUPS,
    *saved_sharing_cases.GROUPS,
    *saved_standard_cases.GROUPS,
    *saved_alive_cases.GROUPS,
    *saved_user_cases.GROUPS,
    *saved_making_cases.GROUPS,
    *saved_numpy_cases.GROUPS,
    *saved_pandas_cases.GROUPS,
    *saved_science_cases.GROUPS,
)

WORDS = {
    PLAIN: "equal",
    TRUSTED: "equal, with trust",
    ROUGH: "rebuilt",
    NOT: "not saved",
    LATE: "not loaded",
}
PACKAGES = ("cloudpickle", "numpy", "pandas", "pyarrow", "matplotlib", "scikit-learn", "scipy")

INTRO = """\
# What is saved

<!-- Made by tests/unit/variables/test_what_is_saved.py, which says how to make it again. -->

How a notebook's variables come back from a bundle or a checkpoint that is loaded into another session. \
Each line is a test: a cell makes the object, all variables are saved, loaded into a new `__main__`, and compared with the objects that the cell makes there: \
types, content, order, flags, shared objects, and behavior (the next random number, the value that a function returns).

| | |
|---|---|
| **equal** | no difference from the saved object; it is stored without a pickle, so it loads from any bundle |
| **equal, with trust** | the same, but it is pickled: it loads from checkpoints and from your own bundles; from other bundles with `trust=True` |
| **rebuilt** | something differs from the saved object, and the report says what |
| **not saved** | the report names it with the reason; all other variables are saved |
| **not loaded** | it is saved, but its own code fails when it is loaded; the report names it with the reason |

No object comes back changed without a note in the report: the test would fail. One exception: an array that is neither in C nor in Fortran order may come back in another order.
"""

CHANGE_WORDS = {SET: "comes back", SET_IF_TRUSTED: "comes back, with trust", NAMED: "not saved"}

CHANGES_INTRO = """\
## Settings and registrations of a notebook

Settings, changed modules and registrations are tested in the same way: a cell makes the change, the session is saved, the change is undone, the session is loaded, and the effects of the change are compared. \
The report of the save names a change that is **not saved**; run its cell again after loading. A function is restored if a variable of the notebook holds it; a `lambda` is not.

Changes without an effect on results are ignored: `tracemalloc`, `faulthandler`, profilers, and the flags that a signal leaves. \
Calls whose effect Python does not show, such as `atexit.register` or `codecs.register`, are named if a cell of this session makes them; a call inside a module is not noticed.
"""


def versions() -> str:
    """Return the versions that the table depends on, for its head."""
    found = [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES]
    return f"Made with Python {platform.python_version()}, {', '.join(found)}."


def table(result: Callable[[Case], Result], tried: Callable[[Change], str]) -> str:
    """Return docs/what-is-saved.md.

    Parameters
    ----------
    result : callable
        Returns the outcome of a case.
    tried : callable
        Returns the outcome of a change of the process.
    """
    outcomes = {group.title: [(case, result(case)) for case in group.cases] for group in GROUPS}
    every = Counter(made.outcome for rows in outcomes.values() for _, made in rows)
    shown = list(WORDS)
    head = ["", *(WORDS[outcome] for outcome in shown), "tests"]
    lines = [INTRO, versions(), "", _row(head), "|---" + "|--:" * (len(head) - 1) + "|"]
    for title, rows in outcomes.items():
        anchor = "".join(each for each in title.lower() if each.isalnum() or each in " -")
        link = f"[{title}](#{anchor.replace(' ', '-')})"
        lines.append(_counts(link, Counter(made.outcome for _, made in rows), shown))
    lines.append(_counts("**all**", every, shown))
    for title, rows in outcomes.items():
        lines += ["", f"## {title}", "", "| | | |", "|---|---|---|"]
        lines += [_row([case.title, WORDS[made.outcome], made.reported]) for case, made in rows]
    lines += ["", CHANGES_INTRO]
    for title, changes in CHANGES.items():
        lines += [f"### {title}", "", "| | |", "|---|---|"]
        lines += [_row([change.title, CHANGE_WORDS[tried(change)]]) for change in changes]
        lines.append("")
    return "\n".join(lines)


def _counts(title: str, counted: Counter[str], shown: list[str]) -> str:
    numbers = [str(counted[outcome] or "") for outcome in shown]
    return _row([title, *numbers, str(counted.total())])


def _row(cells: list[str]) -> str:
    escaped = (cell.replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(escaped)} |"
