"""Variables as graphs: round trips of values and of shared objects."""

from __future__ import annotations

import datetime as dt
import fractions
import gc
import pathlib
import re
import sys
import uuid
import weakref
import zoneinfo
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from litestate.variables.capture import take
from litestate.variables.group import VALUES
from namespaces import Notebook, again, parts, same, together, trip

UTC = dt.UTC

PLAIN: list[Any] = [
    None, True, False, 0, -1, 2**62, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 1 << 20_000,
    0.0, -0.0, 1e308, 5e-324, float("nan"), float("inf"), float("-inf"), 1j, complex("nan-infj"),
    -0.0j, "", "ä\0\n", "\ud800", "x" * 5000, b"", b"abc", b"x" * 1024, b"x" * 1025, bytearray(),
    bytearray(b"abc"), array("d", [1.5]), array("b"), array("Q", [2**64 - 1]), range(3),
    range(2**70, -(2**70), -7), Decimal("1.10"), Decimal("sNaN123"),
    Decimal("-Infinity"), fractions.Fraction(-1, 3), uuid.UUID(int=5), pathlib.Path("a/b"),
    pathlib.PurePath("x"), pathlib.PurePosixPath("/a"), pathlib.PureWindowsPath("c:\\x"),
    re.compile("a.b", re.IGNORECASE), re.compile(b"x"), ..., NotImplemented,
    dt.datetime(2024, 2, 29, 1, 2, 3, 4), dt.datetime(1, 1, 1, tzinfo=UTC), dt.datetime.max,
    dt.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    dt.date.min, dt.time(1, 2, 3, 4, fold=1), dt.time(5, tzinfo=UTC), dt.timedelta.max,
    dt.timedelta.min, UTC, dt.timezone(dt.timedelta(hours=-3), "here"), dt.timezone.max,
    zoneinfo.ZoneInfo("UTC"), [], {}, (), set(), frozenset(), [[]], [()], ([],), {"": ""},
    {1: 2, "1": 3, 1.5: None, None: True, (1, (2,)): [], frozenset([1]): 0, b"b": "b"},
    {1, "a", None, (1, 2), frozenset([3])}, frozenset([(1, "x"), 2]), slice(1, None, "x"),
    OrderedDict(b=1, a=2), Counter("abca"), defaultdict(list, a=[1]), defaultdict(None, {1: 2}),
    deque([1, [2]]), deque([1, 2], maxlen=3), deque(maxlen=0), SimpleNamespace(a=1, b=[2]),
    {f"k{n}": {"n": n, "list": [n, None, 0.5]} for n in range(200)},
    {n: {n + 1: "x"} for n in range(200)}, [[n, float("nan")] for n in range(200)],
    {"a": [{}, {1: 2}, {"1": 2}] * 3, "b": [[n] for n in range(200)]}, [{2**70: [2**70]}] * 2,
    [[[n]] for n in range(200)], {n: [1 << 20_000] for n in range(200)},
]  # fmt: skip


@pytest.mark.parametrize("value", PLAIN, ids=range(len(PLAIN)))
def test_plain_values_come_back_without_a_pickle(value: Any) -> None:
    taken = take({"x": value}, ["x"])
    assert not taken.skipped
    assert [group.pickles for group in taken.groups] == [[]]
    # Compiling a regular expression may take any time.
    found, restored = again(taken, trusted=isinstance(value, re.Pattern))
    assert not restored.failed
    assert not restored.waiting
    assert not same(value, found["x"])
    if type(value) in (float, complex, Decimal, slice):
        assert repr(found["x"]) == repr(value)


def test_two_names_for_one_list() -> None:
    found = trip("x = [1]; y = x; z = [1]")
    assert found["x"] is found["y"]
    assert found["x"] is not found["z"]


@pytest.mark.parametrize("extra", ["", "rows[7]['when'] = range(3)"])
def test_an_element_of_large_data_that_has_a_name(extra: str) -> None:
    """The first is stored as one JSON node, the other is not."""
    found = trip(
        "rows = [{'n': n, 'inner': [n]} for n in range(300)]\n"
        "for row in rows:\n    pass\ninner = rows[3]['inner']; by_n = {r['n']: r for r in rows}\n"
        + extra
    )
    assert found["row"] is found["rows"][-1]
    assert found["inner"] is found["rows"][3]["inner"]
    assert found["by_n"][7] is found["rows"][7]


def test_cycles() -> None:
    found = trip(
        "a = []; a.append(a)\nb = {}; b['c'] = [b]\nt = ([],); t[0].append(t)\n"
        "class C: pass\nc = C(); c.me = [c]; c.t = t\n"
        "from collections import deque, defaultdict\nd = deque(); d.append({'d': d})\n"
        "from types import SimpleNamespace\ns = SimpleNamespace(); s.s = (s,)"
    )
    assert found["a"][0] is found["a"]
    assert found["b"]["c"][0] is found["b"]
    assert found["t"][0][0] is found["t"]
    assert found["c"].me[0] is found["c"]
    assert found["c"].t[0] is found["t"][0]
    assert found["d"][0]["d"] is found["d"]
    assert found["s"].s[0] is found["s"]


def test_an_opaque_container_may_hold_its_own_holder() -> None:
    found = trip(
        "from collections import defaultdict\n"
        "d = defaultdict(lambda: 5); t = (d, [1]); d['t'] = t; n = [t]"
    )
    assert found["d"]["t"] is found["t"]
    assert found["t"][0] is found["d"]
    assert found["n"][0] is found["t"]
    assert found["d"]["new"] == 5


def test_plain_and_opaque_objects_share() -> None:
    found = trip(
        "class C: pass\nshared = [1]; c = C(); c.x = shared; plain = {'c': c, 's': shared}\n"
        "e = C(); e.c = c; only = C(); e.only = only; both = [C()]; one = C(); one.z = both[0]\n"
        "two = C(); two.z = both[0]; t = (1, shared); c.t = t"
    )
    assert found["c"].x is found["shared"]
    assert found["plain"]["c"] is found["c"]
    assert found["plain"]["s"] is found["shared"]
    assert found["e"].c is found["c"]
    assert found["one"].z is found["two"].z is found["both"][0]
    assert found["c"].t[1] is found["shared"]


def test_two_opaque_things_share_a_third() -> None:
    found = trip("class C: pass\nhidden = C(); a = C(); b = C(); a.h = b.h = hidden; del hidden")
    assert found["a"].h is found["b"].h
    assert type(found["a"]) is type(found["b"].h) is found["C"]


def test_an_array_of_objects_inside_an_object() -> None:
    found = trip(
        "import numpy as np\nclass C: pass\nc = C(); inner = [1]; c.inner = inner\n"
        "c.array = np.empty(2, object); c.array[0] = inner; c.array[1] = c; del inner"
    )
    assert found["c"].array[0] is found["c"].inner
    assert found["c"].array[1] is found["c"]


@pytest.mark.parametrize("order", [("c", "d"), ("d", "c")])
def test_classes_that_have_no_names_any_more(order: tuple[str, str]) -> None:
    one, other = order
    found = trip(f"class D: pass\nclass C(D): pass\n{one} = C(); {other} = D(); del C, D")
    assert type(found[one]).__mro__[1] is type(found[other])


def test_a_class_and_its_instances_in_any_order() -> None:
    found = trip(
        "class Z: pass\na = Z(); Z.first = a; l = [Z()]\ndef f(): return Z()\nmaker = f\n"
        "class Y(Z):\n    def m(self): return super().__self_class__"
    )
    assert type(found["a"]) is type(found["l"][0]) is found["Z"]
    assert found["Z"].first is found["a"]
    assert type(found["maker"]()) is found["Z"]
    assert found["Y"].__mro__[1] is found["Z"]
    assert found["Y"]().m() is found["Y"]


def test_views_of_one_array() -> None:
    found = trip(
        "import numpy as np\na = np.arange(10.0); b = a[2:8:2]; c = a.reshape(2, 5).T\n"
        "class C: pass\no = C(); o.v = a[-1:]; alone = np.arange(10.0)"
    )
    found["a"][4] = 100
    found["a"][9] = -1
    assert found["b"][1] == 100
    assert found["c"][4, 0] == 100
    assert found["o"].v[0] == -1
    assert found["alone"][4] == 4


def test_groups() -> None:
    taken = Notebook(
        "a = [1]; b = {'a': a}; n = 5; text = 'x'; import math\nclass C: pass\nc = C(); d = C()\n"
        "e = C(); e.d = d; rows = [[n] for n in range(200)]; row = rows[-1]; other = [1]"
    ).take()
    assert together(taken) == {
        ("C", "c", "d", "e"), ("a", "b"), ("math", "n", "text"), ("row", "rows"), ("other",),
    }  # fmt: skip
    values = next(group for group in taken.groups if group.key == VALUES)
    assert values.names == ("math", "n", "text")


def test_a_variable_that_cannot_be_stored_affects_no_others() -> None:
    notebook = Notebook(
        "class Bad:\n    def __reduce__(self): raise KeyError('never')\n"
        "bad = Bad(); x = [1]; worse = [x, bad]; t = (bad,); g = (i for i in x); y = x"
    )
    taken = notebook.take()
    assert {skipped.path for skipped in taken.skipped} == {"bad", "worse", "t", "g"}
    found, restored = again(taken)
    assert not restored.failed
    assert found["x"] is found["y"]


def test_two_encodings_are_equal() -> None:
    code = (
        "import numpy as np\nclass C:\n    x = {1, 2}\n    def f(self): return len(self.__dict__)\n"
        "c = C(); c.a = np.arange(3); c.s = {'a', 'b', 'c'}; v = c.a[1:]; l = [c, {1: c}]\n"
        "def f(a, b=[1]): return a + len(b)\nrows = [{'a': n} for n in range(200)]; row = rows[5]\n"
        "s = {('x', n) for n in range(20)}; z = (l, 1.5, None)"
    )
    notebook = Notebook(code)
    first = parts(notebook.take())
    assert parts(notebook.take()) == first
    found, _ = again(notebook.take())
    second = parts(found.take())
    assert {key: part[0] for key, part in second.items()} == {
        key: part[0] for key, part in first.items()
    }
    assert parts(again(found.take())[0].take()) == second


class Touchy:
    """An object of which a scan must call no method."""

    def __init__(self) -> None:
        object.__setattr__(self, "called", [])

    def __getattribute__(self, name: str) -> Any:
        if name in ("__reduce_ex__", "__reduce__", "__getstate__"):
            return object.__getattribute__(self, name)
        calls = object.__getattribute__(self, "__dict__")
        if name == "__dict__":
            return calls
        calls["called"].append(name)
        raise AttributeError(name)

    def _never(self, *_: object) -> Any:
        object.__getattribute__(self, "__dict__")["called"].append("an operator")
        raise TypeError("never")

    __eq__ = __ne__ = __bool__ = __len__ = __iter__ = __repr__ = __lt__ = _never  # type: ignore[assignment]
    __hash__ = object.__hash__


def test_encoding_calls_no_code_of_an_object() -> None:
    from litestate.variables.namespace import user_names

    touchy = Touchy()
    namespace = {"x": touchy, "l": [touchy, {"k": touchy}], "open": Touchy(), "s": {touchy}}
    assert "x" in user_names(namespace)
    assert vars(touchy)["called"] == []
    taken = take(namespace, list(namespace))
    assert not taken.skipped
    allowed = {"__getnewargs_ex__", "__getnewargs__", "__class__", "__getstate__", "__slots__"}
    assert set(vars(touchy)["called"]) <= allowed
    assert set(vars(namespace["open"])["called"]) <= allowed


class Meta(type):
    """A metaclass with odd comparison."""

    def __eq__(cls, other: object) -> bool:
        raise TypeError("never")

    __hash__ = None  # type: ignore[assignment]


class Odd(metaclass=Meta):
    __module__ = 5  # type: ignore[assignment]


def test_types_that_cannot_be_hashed() -> None:
    taken = take({"x": Odd(), "y": [Odd()], "z": [[n] for n in range(300)] + [Odd()]}, "xyz")
    assert {skipped.path for skipped in taken.skipped} | {
        name for group in taken.groups for name in group.names
    } == {"x", "y", "z"}


def test_the_attributes_of_objects_as_dictionaries() -> None:
    """Since Python 3.13 the garbage collector does not visit their values."""
    found = trip(
        "class C:\n    def __init__(s, n): s.n = n; s.inner = [n]; s.o = range(n)\n"
        "objects = [C(n) for n in range(200)]; rows = [vars(o) for o in objects]\n"
        "inner = objects[3].inner"
    )
    assert found["rows"][3]["inner"] is found["inner"]
    assert found["rows"][5]["o"] == range(5)


DEEPEST = 2000 if sys.platform == "emscripten" else 200_000
"""Levels that Python can free: Pyodide uses JavaScript's stack, and `del` alone can exhaust it."""


def test_deep_nesting() -> None:
    chain: Any = []
    for _ in range(depth := min(20_000, DEEPEST)):
        chain = [chain]
    pair: Any = ()
    for number in range(60):
        pair = (number, pair)
    taken = take({"chain": chain, "pair": pair}, ["chain", "pair"])
    assert not taken.skipped
    found, _ = again(taken)
    level = found["chain"]
    while level:
        level, depth = level[0], depth - 1
    assert depth == 0
    assert found["pair"] == pair


@pytest.mark.parametrize("levels", sorted({150, min(5000, DEEPEST), DEEPEST}))
def test_deep_nesting_is_reported_or_saved(levels: int) -> None:
    pair: Any = ()
    for number in range(levels):
        pair = (number, pair)
    taken = take({"pair": pair, "x": 1}, ["pair", "x"])
    found, restored = again(taken)
    assert found["x"] == 1
    if taken.skipped:
        assert "deep" in taken.skipped[0].reason
    else:
        assert not restored.failed
        for _ in range(levels):
            assert len(found["pair"]) == 2
            found.names["pair"] = found["pair"][1]


def test_discarded_pickles_do_not_enlarge_a_bundle() -> None:
    """Pickles that are merged are made again, with their buffers."""
    notebook = Notebook(
        "class C: pass\nclass Memory(bytearray): pass\nhidden = C(); a, b, c = C(), C(), C()\n"
        "import pickle\n"
        "class B:\n    def __init__(s, d): s.d = d\n"
        "    def __reduce_ex__(s, p): return B, (pickle.PickleBuffer(s.d),)\n"
        "a.h = b.h = c.h = hidden; a.m = B(bytes(10_000)); b.m = B(bytes(10_000)); del hidden"
    )
    taken = notebook.take("a", "b", "c")
    (group,) = [group for group in taken.groups if "a" in group.names]
    assert sum(memoryview(data).nbytes for data in group.buffers) == 20_000
    found, restored = again(taken)
    assert not restored.failed
    assert len(found["a"].m.d) == 10_000


def test_changes_during_a_save_are_reported() -> None:
    notebook = Notebook(
        "d = {}\nclass C:\n    def __reduce__(self):\n        d[len(d)] = C()\n"
        "        return C, ()\nd['c'] = C(); x = [1]; d2 = {'c': C()}"
    )
    taken = notebook.take("d", "d2", "x")
    names = {name for group in taken.groups for name in group.names}
    assert "x" in names
    assert names | {skipped.path for skipped in taken.skipped} == {"d", "d2", "x"}


def test_many_small_variables() -> None:
    values: dict[str, Any] = {f"n{n}": n for n in range(500)} | {f"l{n}": [n] for n in range(500)}
    taken = take(values, list(values))
    assert len(taken.groups) == 501
    found = again(taken)[0]
    assert not same(values, {name: found[name] for name in values})


@pytest.mark.skipif(sys.platform == "emscripten", reason="one process only")
def test_sets_are_stored_alike_in_every_process() -> None:
    import subprocess

    code = (
        "from litestate.variables.capture import take\n"
        "s = {('a', n) for n in range(5)} | {frozenset(['x', 'y']), 'b', 1.5}\n"
        "print(take({'s': s, 'f': frozenset(s)}, ['s', 'f']).groups[0].document)"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, check=True, timeout=60,
        ).stdout
        for seed in range(3)
    }  # fmt: skip
    assert len(found) == 1


def test_arrays_share_memory_without_copies() -> None:
    big = np.zeros(1_000_000, np.uint8)
    taken = take({"big": big}, ["big"])
    assert np.shares_memory(np.frombuffer(taken.groups[0].buffers[0], np.uint8), big)


@pytest.mark.parametrize(
    "code",
    [
        "import pandas as pd\nx = pd.DataFrame({'kind': list('abab')}); kept = x['kind'].array",
        "import pandas as pd\nx = pd.DataFrame({'n': pd.array([1, None])}); kept = x['n'].array",
        "from types import SimpleNamespace\nclass C: pass\nkept = C(); x = SimpleNamespace(c=kept)",
        "import numpy as np\nkept = np.arange(9.0); x = [kept[2:], {'a': kept}]",
        "class C: pass\nkept = C(); kept.rows = [{'n': n} for n in range(300)]; x = y = kept",
        "class C:\n    def __setstate__(self, state): raise ValueError\n"
        "kept = C(); kept.a = 1; x = [kept]; y = [kept]",
        "class C:\n    def __reduce__(self): raise ValueError\nkept = C(); x = [kept]; y = [kept]",
    ],
)
def test_captured_objects_are_freed_without_the_garbage_collector(code: str) -> None:
    """Until it runs, garbage that refers to them would count as a holder: see `holders`."""
    notebook = Notebook(code)
    kept = weakref.ref(notebook.names.pop("kept"))
    names = [name for name in ("C", "x", "y") if name in notebook.names]
    gc.collect()
    gc.disable()
    try:
        for some in (["x"], names):
            taken = notebook.take(*some)
            assert bool(taken.skipped) == ("raise" in code)
        del taken
        notebook.names.clear()
        assert kept() is None
    finally:
        gc.enable()
