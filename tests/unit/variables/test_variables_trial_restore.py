"""Trial restores: a save reads back its pickles, without any side effect."""

# ruff: noqa: E501 - a case is read as a line of a table

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import pytest
from litestate.variables import capture, trial_restore
from saved_cases import TRUSTED, Case
from saved_kernels import Notebook


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Forget earlier trials, and work in an empty folder."""
    trial_restore._outcomes.clear()
    monkeypatch.chdir(tmp_path)


def notebook(source: str) -> Notebook:
    made = Notebook()
    made.run(Case(f"read back {hash(source)}", TRUSTED, source))
    return made


def taken(made: Notebook, *names: str) -> capture.Taken:
    with made.running() as space:
        return capture.take(space, names)


def reasons(found: capture.Taken) -> dict[str, str]:
    return {each.path: each.reason for each in found.skipped}


REFUSES = (
    "class Refuses:\n    def __setstate__(self, state):\n        raise ValueError('cannot go back')\n"
    "x = Refuses(); x.a = 1\n"
)


def test_a_failed_load_is_named_and_affects_no_other_variable() -> None:
    found = taken(notebook(REFUSES + "y = [x]\nz = [1]"), "Refuses", "x", "y", "z")
    why = "it can be pickled, but not loaded: making it again raised ValueError: cannot go back"
    assert reasons(found) == {"x": why, "y": why}
    assert found.names == {"Refuses", "z"}


@pytest.mark.parametrize("base", ["LookupError", "list"])
def test_no_class_remains(base: str) -> None:
    kind = {"LookupError": LookupError, "list": list}[base]
    good = f"class Fine({base}):\n    def __setstate__(self, state):\n        self.b = 1\nf = Fine(); f.a = 1\n"
    made = notebook(REFUSES.replace("class Refuses:", f"class Refuses({base}):") + good)
    gc.collect()
    before = kind.__subclasses__()
    found = taken(made, "Refuses", "x", "Fine", "f")
    assert reasons(found).keys() == {"x"}
    assert kind.__subclasses__() == before


def test_each_content_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    real = trial_restore._try_loading
    monkeypatch.setattr(
        trial_restore,
        "_try_loading",
        lambda group, names: tried.append(group) or real(group, names),
    )
    made = notebook(REFUSES.replace("raise ValueError('cannot go back')", "self.b = 1"))
    for _ in range(3):
        assert reasons(taken(made, "x")) == {}
    assert len(tried) == 1
    made.names["x"].a = 2
    taken(made, "x")
    assert len(tried) == 2


def test_objects_without_code_of_the_notebook_are_not_read_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trial_restore, "_try_loading", lambda *_: pytest.fail("it was read back"))
    made = notebook(
        "import collections\nclass C:\n    pass\nx = C(); x.a = collections.Counter('a')"
    )
    assert taken(made, "C", "x").names == {"C", "x"}


NOTICED = {
    "a global list": ("log = []", "log.append(1)", "log"),
    "a global number": ("count = 0", "global count; count += 1", "count"),
    "an attribute of the class": ("", "type(self).made = getattr(type(self), 'made', 0) + 1", "vars(Own).get('made')"),
    "a class by its name": ("", "Own.made = 1", "vars(Own).get('made')"),
    "what is printed": ("", "print('made again')", "None"),
    "a file that is written": ("import pathlib", "pathlib.Path('new.txt').write_text('a')", "pathlib.Path('new.txt').exists()"),
    "a file that is opened": ("", "open('new.txt', 'w').close()", "__import__('os').path.exists('new.txt')"),
    "a folder": ("import os", "os.mkdir('new')", "os.path.exists('new')"),
    "an environment variable": ("import os", "os.environ['LITESTATE_TEST'] = 'a'", "os.environ.get('LITESTATE_TEST')"),
    "filters of warnings": ("import warnings", "warnings.simplefilter('error')", "len(warnings.filters)"),
    "the context of decimals": ("import decimal", "decimal.getcontext().prec = 5", "decimal.getcontext().prec"),
    "a global copyreg": ("import copyreg", "copyreg.pickle(Own, repr)", "len(copyreg.dispatch_table)"),
    "levels of logging": ("import logging", "logging.getLogger().setLevel(5)", "logging.getLogger().level"),
    "random numbers": ("import random\nrandom.seed(1)", "random.random()", "random.getstate()"),
    "a database": ("import sqlite3", "sqlite3.connect('new.db').execute('create table t (a)')", "__import__('os').path.exists('new.db')"),
    "a process": ("import os", "os.system('touch new.txt')", "os.path.exists('new.txt')"),
    "catching all": ("import os", "try:\n            os.mkdir('new')\n        except BaseException:\n            pass", "os.path.exists('new')"),
    "time": ("import time", "time.sleep(60)", "None"),
    "a loop": ("def step(n):\n    return n", "[step(n) for n in range(10**8)]", "None"),
}  # fmt: skip


@pytest.mark.parametrize("what", NOTICED)
def test_nothing_is_changed(what: str, capfd: pytest.CaptureFixture[str]) -> None:
    first, code, check = NOTICED[what]
    made = notebook(
        f"{first}\nclass Own:\n    def __setstate__(self, state):\n        {code}\n"
        "        self.__dict__.update(state)\nx = Own(); x.a = 1"
    )
    with made.running() as names:
        before = repr(eval(check, names))
        assert reasons(capture.take(names, ["Own", "x"])) == {}
        assert repr(eval(check, names)) == before
    assert capfd.readouterr() == ("", "")
    assert sys.getprofile() is None


def test_code_that_stops_everything_does_not_stop_the_save() -> None:
    made = notebook(REFUSES.replace("ValueError('cannot go back')", "KeyboardInterrupt"))
    assert reasons(taken(made, "Refuses", "x")) == {}


def test_code_with_del_is_not_run() -> None:
    made = notebook(
        "gone = []\nclass Own:\n    def __setstate__(self, state):\n        self.a = 1\n"
        "    def __del__(self):\n        gone.append(1)\nx = Own(); x.a = 1"
    )
    assert reasons(taken(made, "Own", "x")) == {}
    gc.collect()
    assert made.names["gone"] == []


def test_a_profiler_of_the_user_stays() -> None:
    made = notebook(REFUSES)
    calls: list[Any] = []
    sys.setprofile(lambda *event: calls.append(event))
    try:
        profiler = sys.getprofile()
        found = taken(made, "x")
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(None)
    assert reasons(found) == {}


def test_a_missing_variable_is_not_a_failure() -> None:
    made = notebook(
        "rates = [3]\nclass Rated:\n    def __setstate__(self, state):\n        self.rate = rates[0]\n"
        "x = Rated(); x.a = 1"
    )
    assert reasons(taken(made, "Rated", "x", "rates")) == {}
