"""Variables in bundles: a session in IPython saves them, and another one loads them."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import litestate
import litestate.state.save
import pytest
from ipython_shells import new_shell, pretend_shell
from litestate.errors import BundleError, DamagedBundleError, SelectionError
from litestate.report import Report
from litestate.variables import namespace, restore
from sessions import Session


class Cells:
    """A notebook: cells in IPython's shell, beside the kernel's own where there is one."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names

    def __call__(self, code: str) -> None:
        exec(compile(code, "<cell>", "exec", dont_inherit=True), self.names)

    def own(self) -> set[str]:
        return set(namespace.user_names(self.names))


class InShell(Cells):
    def __init__(self, shell: Any) -> None:
        super().__init__(shell.user_ns)
        self.shell = shell

    def __call__(self, code: str) -> None:
        self.shell.run_cell(code, store_history=True).raise_error()


@pytest.fixture
def cells(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cells]:
    monkeypatch.setattr(litestate.state.save, "is_session", lambda: True)
    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    if sys.platform == "emscripten":
        # The kernel's own shell is busy with this test.
        pretend_shell(monkeypatch, None, "variables")
        yield Cells(vars(module))
        return
    with new_shell(module) as shell:
        monkeypatch.setattr("IPython.get_ipython", lambda: shell)
        monkeypatch.setattr("builtins.get_ipython", lambda: shell, raising=False)
        yield InShell(shell)


def verdicts(report: Report) -> dict[str, str]:
    return {line.label: line.verdict for line in report.lines() if line.kind == "variable"}


def labels(report: Report) -> set[str]:
    return {line.label for line in report.lines() if line.kind in ("variable", "file")}


def skipped(report: Report) -> dict[str, str]:
    return {
        each.path: each.reason
        for each in report.skipped
        if not each.path.startswith(("environment variable", "sys.path entry"))
    }


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Switch to the signing key of a stranger."""

    def become() -> None:
        name = {"win32": "APPDATA", "darwin": "HOME"}.get(sys.platform, "XDG_DATA_HOME")
        (tmp_path / "other").mkdir(exist_ok=True)
        monkeypatch.setenv(name, str(tmp_path / "other"))

    if sys.platform == "emscripten":
        pytest.skip("the key is the browser's; tests/browser tries this")
    return become


CODE = (
    "import math\nx = [1, 2]; y = x; k = 3\nclass C:\n    'A class.'\n    z = 1\nc = C(); c.x = x\n"
    "def f(a):\n    return a + k\n"
)
NAMES = {"math", "x", "y", "k", "C", "c", "f"}


def test_variables_and_shared_objects_are_restored(cells: Cells, session: Session) -> None:
    cells(CODE + "open('a.txt', 'w').write('hi')")
    assert cells.own() == NAMES
    data, report = session.save()
    assert labels(report) == {"a.txt", *NAMES}
    for name in NAMES:
        del cells.names[name]
    Path("a.txt").unlink()
    report = session.load(data)
    assert verdicts(report) == dict.fromkeys(NAMES, "added")
    cells(
        "assert x is y and c.x is x and type(c) is C and f(1) == 4 and math.pi > 3\n"
        "assert open('a.txt').read() == 'hi'\nk = 5; assert f(1) == 6"
    )


def test_only_different_variables_are_set(cells: Cells, session: Session) -> None:
    cells(CODE + "same = [1]; other = 'text'; n = 1.0; e = ()")
    data, _ = session.save()
    before = dict(cells.names)
    cells("k = 9; x.append(3); n = True; new = 5")
    same = cells.names["same"]
    report = session.load(data)
    found = verdicts(report)
    assert {name for name, verdict in found.items() if verdict == "changed"} >= {"k", "x", "y", "n"}
    for name in ("same", "other", "math", "e", "f"):
        assert found[name] == "unchanged", name
        assert cells.names[name] is before[name]
    assert cells.names["same"] is same
    assert cells.names["new"] == 5
    assert cells.names["n"] == 1.0
    assert type(cells.names["n"]) is float
    cells("assert k == 3 and x == [1, 2] and x is y")


def test_after_loading_nothing_differs(cells: Cells, session: Session) -> None:
    cells(CODE)
    cells("class D(C):\n    def m(self): return 1\nd = D()")
    data, _ = session.save()
    for name in (*NAMES, "D", "d"):
        del cells.names[name]
    session.load(data)
    found = verdicts(session.load(data))
    assert set(found.values()) == {"unchanged"}, found


def test_selected_variables(cells: Cells, session: Session) -> None:
    cells(CODE + "open('a.txt', 'w').write('hi')")

    def saved(**options: Any) -> set[str]:
        found = labels(session.save(**options)[1])
        assert labels(litestate.show_state(**options)) == found
        return found

    assert saved(variables=False) == {"a.txt"}
    assert saved(paths="a.txt") == {"a.txt"}
    assert saved(paths="a.txt", variables=True) == {"a.txt", *NAMES}
    assert saved(variables="k") == {"a.txt", "k"}
    assert saved(variables=["x", "k"]) == {"a.txt", "x", "k"}
    for wrong in ("nothing", ["k", 5], 5, "a b"):
        with pytest.raises(SelectionError):
            session.save(variables=wrong)
    data, _ = session.save()
    cells("k = x = y = 0")
    assert verdicts(session.load(data, variables=False)) == {}
    assert verdicts(session.load(data, paths="a.txt")) == {}
    assert verdicts(session.load(data, variables="k")) == {"k": "changed"}
    cells("assert k == 3 and x == 0")
    with pytest.raises(
        SelectionError, match=r"no variable 'nothing' to load\. Nothing was changed"
    ):
        session.load(data, variables=["k", "nothing"])


def test_clean_removes_what_would_be_saved_and_is_not_in_the_bundle(
    cells: Cells, session: Session
) -> None:
    cells("keep = 1; failed = (n for n in 'ab')")
    data, report = session.save()
    assert "failed" in skipped(report)
    cells("extra = [1]; also = 2; lost = (n for n in 'ab'); failed = 5")
    report = session.load(data, clean=True, dry_run=True)
    assert verdicts(report) == {"keep": "unchanged", "extra": "removed", "also": "removed"}
    assert {"extra", "also"} <= cells.own()
    report = session.load(data, clean=True)
    assert verdicts(report) == {"keep": "unchanged", "extra": "removed", "also": "removed"}
    assert cells.own() == {"keep", "lost", "failed"}


def test_clean_leaves_variables_alone_that_are_not_meant(cells: Cells, session: Session) -> None:
    cells("a = 1; b = 2")
    files_only, _ = session.save(variables=False)
    session.load(files_only, clean=True)
    assert cells.own() == {"a", "b"}
    data, _ = session.save(variables="a")
    session.load(data, clean=True)
    assert cells.own() == {"a", "b"}
    data, _ = session.save()
    cells("c = 3; d = 4; del a")
    assert verdicts(session.load(data, clean=True, variables="a")) == {"a": "added"}
    session.load(data, clean=True, variables=False)
    assert cells.own() == {"a", "b", "c", "d"}


def test_a_dry_run_changes_nothing(cells: Cells, session: Session) -> None:
    cells(CODE)
    data, _ = session.save()
    cells("del c, C, f, y; k = 4; x = 'other'")
    before = dict(cells.names)
    report = session.load(data, dry_run=True, clean=True)
    assert verdicts(report)["k"] == "changed"
    assert verdicts(report)["c"] == "added"
    after = dict(cells.names)
    assert before.keys() == after.keys()
    assert all(before[name] is after[name] for name in before if name != "__builtins__")


def test_a_strangers_bundle(cells: Cells, session: Session, stranger: Any) -> None:
    cells(CODE + "z = [1]")
    data, _ = session.save()
    for name in (*NAMES, "z"):
        del cells.names[name]
    stranger()
    for options in ({"dry_run": True}, {}):
        report = session.load(data, **options)
        assert set(verdicts(report)) == {"math", "k", "x", "y", "z"}
        assert set(skipped(report)) == {"C", "c", "f"}
        # One hint, at the top, for everything that waits.
        for text in (str(report), report._repr_html_()):
            assert text.count("trust=True") == 1
            assert text.index("If it is yours") < text.index("it would")
    assert cells.names["x"] is cells.names["y"]
    session.load(data, trust=True)
    cells("assert type(c) is C and f(1) == 4 and c.x is x and x is y")


@pytest.mark.skipif(sys.platform == "emscripten", reason="no child processes")
@pytest.mark.parametrize("restricted", [True, False])
def test_sites_without_pickles(tmp_path: Path, restricted: bool) -> None:
    code = (
        "import litestate, litestate.errors\nclass C: pass\nc = C(); x = [1]\n"
        "print(litestate.save_state('b.zip', variables=['c', 'x']))\n"
        "del c, x\nprint(litestate.load_state('b.zip', variables=True))\nprint(sorted(globals()))\n"
        "try:\n    print(litestate.load_state('b.zip', variables=True, trust=True))\n"
        "except litestate.errors.RestrictedError as e: print('refused', e)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    environment |= {"LITESTATE_RESTRICT": "1"} if restricted else {}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert ("refused" in done.stdout) == restricted
    assert ("c: it would be a pickle" in done.stdout) == restricted
    assert ("'c'" in done.stdout) != restricted
    with zipfile.ZipFile(tmp_path / "b.zip") as bundle:
        pickles = [name for name in bundle.namelist() if name.endswith(".pickle")]
    assert bool(pickles) != restricted


@pytest.mark.skipif(sys.platform == "emscripten", reason="no child processes")
def test_a_program_has_no_variables_unless_they_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import litestate, sys\nclass C: pass\nc = C(); x = [c]\n"
        "litestate.save_state('none.zip')\nlitestate.save_state('b.zip', variables=True)\n"
        "was = C\ndel c, x, C\n"
        "litestate.load_state('none.zip'); assert 'x' not in globals()\n"
        "told = str(litestate.load_state('b.zip')); assert 'x' not in globals()\n"
        "assert '4 variables were not loaded: variables=True' in told, told\n"
        "litestate.load_state('b.zip', variables=True)\nassert type(c) is C and x[0] is c"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / "none.zip") as bundle:
        assert not [name for name in bundle.namelist() if name.startswith("variables/")]


def test_a_damaged_graph_changes_nothing(
    cells: Cells, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells("a = [1]; m = [2]; z = [3]; open('a.txt', 'w').write('saved')")
    data, _ = session.save()
    changed = bytearray(data)
    at = data.index(b"variables/v-m/graph.json")
    changed[at + 30] ^= 1
    cells("a = 0; m = 0; z = 0; open('a.txt', 'w').write('newer')")
    with pytest.raises(BundleError):
        session.load(bytes(changed))

    def broken(*_: Any, **__: Any) -> Any:
        raise DamagedBundleError("as if m were damaged")

    real = restore._decoder
    monkeypatch.setattr(
        "litestate.variables.restore._decoder",
        lambda group, *a, **k: (broken if group.key == "v-m" else real)(group, *a, **k),
    )
    before = dict(cells.names)
    with pytest.raises(DamagedBundleError, match="as if m were damaged"):
        session.load(data)
    assert Path("a.txt").read_text() == "newer"
    assert all(cells.names[name] is before[name] for name in "amz")


def test_ctrl_c_in_users_code_changes_nothing(cells: Cells, session: Session) -> None:
    cells(
        "class C:\n    def __setstate__(s, state):\n        globals()['set'] = 1\n"
        "        raise KeyboardInterrupt\nc = C(); c.x = 1; a = [1]\n"
        "open('a.txt', 'w').write('saved')"
    )
    data, _ = session.save()
    cells("del c; a = 2; open('a.txt', 'w').write('newer')")
    with pytest.raises(KeyboardInterrupt):
        session.load(data)
    assert Path("a.txt").read_text() == "newer"
    assert cells.names["a"] == 2
    assert "c" not in cells.names
    assert "set" not in cells.names


def test_a_variable_that_fails_affects_no_others(cells: Cells, session: Session) -> None:
    cells(
        "class Bad:\n    def __setstate__(s, _): raise OSError('gone')\n"
        "b = Bad(); b.x = 1; l = [b]; g = (n for n in 'ab'); a = [1]"
    )
    data, report = session.save()
    assert set(skipped(report)) == {"g"}
    assert "a generator" in skipped(report)["g"]
    cells("del b, l, g, a")
    report = session.load(data)
    assert set(skipped(report)) == {"b", "l"}
    assert "OSError: gone" in skipped(report)["l"]
    assert "g (" in str(report)
    assert cells.names["a"] == [1]
    assert "b" not in cells.own()


def test_large_arrays_are_not_held_twice(cells: Cells, session: Session) -> None:
    import tracemalloc

    size = 20_000_000
    cells(f"import numpy as np\nbig = np.zeros({size}, np.uint8); del np")
    path = session.folder / "b.zip"
    tracemalloc.start()
    try:
        litestate.save_state(path, compression="store")
        _, saving = tracemalloc.get_traced_memory()
        assert saving < size / 2
        cells("del big")
        tracemalloc.reset_peak()
        start, _ = tracemalloc.get_traced_memory()
        litestate.load_state(path)
        _, loading = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert cells.names["big"].nbytes == size
    assert loading - start < 1.5 * size


def test_an_object_with_endless_recursion_is_named(cells: Cells, session: Session) -> None:
    """In the browser, each restore of it would crash the kernel."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(3000)  # As set by IPython.
    cells(
        "import copyreg\nclass Proxy:\n    def __init__(self, inner):\n        self.inner = inner\n"
        "    def __getattr__(self, name):\n        return getattr(self.inner, name)\n"
        "    def __reduce__(self):\n        return copyreg.__newobj__, (Proxy,), vars(self)\n"
        "p = Proxy([5]); x = [1]"
    )
    data, _ = session.save()
    cells("del p, x")
    report = session.load(data)
    assert skipped(report) == {
        "p": "making it again raised RecursionError: maximum recursion depth exceeded"
    }
    assert cells.names["x"] == [1]
    assert sys.getrecursionlimit() == 3000
    sys.setrecursionlimit(limit)


def test_possible_secrets_are_reported(cells: Cells, session: Session) -> None:
    cells(
        "api_key = '0123456789abcdef'; key = 'a'; url = 'https://me:sesame@host/'; token = 'word'"
    )
    data, report = session.save()
    (said,) = [each for each in report.warnings if "secret" in each]
    assert said.startswith("api_key, url: this looks like a secret")
    assert "0123456789" not in str(report)
    cells("del api_key")
    session.load(data)
    assert cells.names["api_key"] == "0123456789abcdef"
