"""Variables that a cell may have changed: many cells, and random programs."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from functools import partial
from textwrap import dedent
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

import pytest
from litestate.variables.changes.reach import names_used

DEFINED = """
import asyncio, functools, os
from functools import partial, wraps, lru_cache
from contextlib import contextmanager
from dataclasses import dataclass

a, b, c, d, x, y, z = [], [], [], [], [], [], []
number, text = 1, "t"

def writes_a():
    a.append(1)

def calls():
    writes_a()

def nested():
    def inner():
        return [b for _ in range(1)]
    return inner

def rebinds():
    global number
    number += 1

async def coroutine():
    c.append(1)

def generator():
    yield d

lambda_ = lambda: x.append(1)
part = partial(writes_a)
in_list = [writes_a]
in_dict = {"f": {"g": [writes_a]}}
cached = lru_cache(writes_a)

def decorate(function):
    @wraps(function)
    def wrapper(*args):
        return function(*args)
    return wrapper

@decorate
def decorated():
    y.append(1)

def closure():
    kept = writes_a
    def inner():
        kept()
    return inner
closed = closure()

def default(f=writes_a): pass
def keyword(*, f=writes_a): pass

@contextmanager
def manager():
    z.append(1)
    yield

class Base:
    def method(self):
        a.append(1)
    @staticmethod
    def static(): b.append(1)
    @classmethod
    def of_class(cls): c.append(1)
    @property
    def prop(self): return d
    @functools.cached_property
    def once(self): return x

class Derived(Base):
    def __init__(self, hook=None): self.hook = hook

@dataclass
class Data:
    n: int = 0
    def __post_init__(self): y.append(1)

class Slots:
    __slots__ = ("hook",)

instance = Derived()
bound = instance.method
hooked = Derived(hook=lambda: z.append(1))
slots = Slots()
slots.hook = writes_a
map_ = map(writes_a, [])
def keeps(items, n=3):
    for item in items:
        yield item
keeping_all = keeps(x, n=1)
starting = keeps(a[:], 2)
started = generator()
finished = generator(); list(finished)
awaitable = coroutine()

def evaluates(s): return eval(s)
def model_eval(m): return m.eval()
def local_names(): return locals(), vars()
def frames(): return sys._getframe(1).f_globals
def magic(): get_ipython().run_line_magic("time", "a")
def main(): return sys.modules["__main__"].a
def of_private(): _cache.append(1)
def evaluates_deep():
    def inner(): exec("a.append(1)")
    return inner

run = exec
space = globals()
_ = a
_cache = [a]
_helper = writes_a
_n = 3
"""

METHODS = {"a", "b", "c", "d", "x"}


@pytest.fixture(scope="module")
def namespace() -> Iterator[dict[str, Any]]:
    module = ModuleType("cells")
    sys.modules["cells"] = module
    exec(compile(DEFINED, "<cell>", "exec", dont_inherit=True), module.__dict__)
    yield module.__dict__
    module.awaitable.close()
    del sys.modules["cells"]


VARIABLES = METHODS | {"y", "z", "number", "text"}

TEXTS: list[tuple[str, set[str]]] = [
    ("", set()),
    ("1 + 1", set()),
    ("a", {"a"}),
    ("a.append(1)", {"a"}),
    ("x = 1", {"x"}),
    ("del x", {"x"}),
    ("x += y", {"x", "y"}),
    ("x: int = 1", {"x"}),
    ("x, (y, *z) = 1, (2, 3)", {"x", "y", "z"}),
    ("x[y].z = 1", {"x", "y"}),
    ("import x", {"x"}),
    ("import x.y", {"x"}),
    ("import os.path as y", {"y"}),
    ("from os import path as z", {"z"}),
    ("(x := 1)", {"x"}),
    ("[x for _ in y if z]", {"x", "y", "z"}),
    ("[(x := i) for i in range(3)]", {"x"}),
    ("f'{x!r:>{y}}'", {"x", "y"}),
    ("def f(p=x):\n    return y", {"x", "y"}),
    ("def f(x):\n    y = x\n    return y", set()),
    ("def f():\n    global x\n    x = 1", {"x"}),
    (
        "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2\n        return y",
        {"y"},
    ),
    ("lambda x: x + y", {"y"}),
    ("class C:\n    x = y\n    def f(self):\n        return z", {"x", "y", "z"}),
    ("class C(x, metaclass=y): pass", {"x", "y"}),
    ("class C:\n    def f(self):\n        return __x + y", {"y"}),
    ("@x\ndef f(): pass", {"x"}),
    ("async def f():\n    async for x in y: await z", {"y", "z"}),
    ("await x", {"x"}),
    ("for x in y: pass", {"x", "y"}),
    ("with x as y: pass", {"x", "y"}),
    ("try: 1\nexcept x as y: 2", {"x", "y"}),
    ("match x:\n    case [y, *z]: 1", {"x", "y", "z"}),
    ("match x:\n    case {'k': 1, **y}: 1", {"x", "y"}),
    ("match x:\n    case int() as y: 1", {"x", "y"}),
    ("os.x", set()),
    ("print(os.getcwd(), text)", {"text"}),
    ("'x y z'", set()),
    ("for _ in range(3): x.append(1)", {"x"}),
    ("_n + 1", set()),
    # None of it runs.
    ("x.append(1)\ny = = 2", set()),
    ("x.append(1)\n  y", set()),
    ("x\0", set()),
    # IPython runs what comes before.
    ("x.append(1)\nreturn y", {"x", "y"}),
    ("x.append(1)\nglobal x", {"x"}),
    # Through functions and objects.
    ("writes_a()", {"a"}),
    ("calls()", {"a"}),
    ("calls", {"a"}),
    ("nested()", {"b"}),
    ("rebinds()", {"number"}),
    ("await coroutine()", {"c"}),
    ("list(generator())", {"d"}),
    ("lambda_()", {"x"}),
    ("part()", {"a"}),
    ("in_list[0]()", {"a"}),
    ("in_dict['f']['g'][0]()", {"a"}),
    ("cached()", {"a"}),
    ("decorated()", {"y"}),
    ("closed()", {"a"}),
    ("default()", {"a"}),
    ("keyword()", {"a"}),
    ("with manager(): pass", {"z"}),
    ("Base", METHODS),
    ("Derived()", METHODS),
    ("instance", METHODS),
    ("bound()", METHODS),
    ("hooked.hook()", METHODS | {"z"}),
    ("slots.hook()", {"a"}),
    ("Data()", {"y"}),
    ("list(map_)", {"a"}),
    ("_helper()", {"a"}),
    ("list(finished)", set()),
    ("next(started)", {"d"}),
    ("next(keeping_all)", {"x"}),
    ("await awaitable", {"c"}),
    ("model_eval(x)", {"x"}),
    ("local_names()", set()),
    ("os.environ['x'] = 'y'", set()),
    ("x.eval('a + b')", {"x"}),
    ("vars(x)", {"x"}),
    ("if __name__ == '__main__': x", {"x"}),
    # Commands, as Python.
    ("get_ipython().run_line_magic('time', 'writes_a()')", {"a"}),
    ("get_ipython().run_line_magic('timeit', '-n 1 -r 1 x.append(y)')", {"x", "y"}),
    ("t = get_ipython().run_line_magic('timeit', '-o x')", {"x"}),
    ("get_ipython().run_cell_magic('time', '', 'x = 1\\ny.append(1)\\n')", {"x", "y"}),
    ("get_ipython().run_cell_magic('timeit', 'x', 'y')", {"x", "y"}),
    ("get_ipython().run_cell_magic('capture', 'x --no-stderr', 'y')", {"x", "y"}),
    ("get_ipython().run_cell_magic('bash', '', 'echo $x')", set()),
    ("get_ipython().run_line_magic('matplotlib', 'inline')", set()),
    ("get_ipython().run_line_magic('whos', '')", set()),
    ("x = get_ipython().getoutput('ls {y}')", {"x"}),
    ("get_ipython().system('ls')", set()),
]

ANYTHING = [
    "exec('a')",
    "eval('a')",
    "globals()['a'].append(1)",
    "locals()['a']",
    "vars()['a']",
    "run('a.append(1)')",
    "space['a']",
    "from builtins import exec as e",
    "import builtins",
    "__builtins__.exec('a')",
    "import __main__",
    "import __main__ as m",
    "from __main__ import a as e",
    "from os import *",
    "import sys; sys.modules['__main__'].a",
    "import sys; sys.modules[__name__].a",
    "import sys; sys._getframe().f_globals",
    "from inspect import currentframe",
    "breakpoint()",
    "import pdb; pdb.set_trace()",
    "get_ipython().user_ns['a']",
    "ip = get_ipython()",
    "get_ipython().run_line_magic('run', 'script.py')",
    "get_ipython().run_line_magic('load_ext', 'x')",
    "get_ipython().run_line_magic('who_knows', '')",
    "get_ipython().run_line_magic(name, '')",
    "get_ipython().run_line_magic('time', 'exec(\"a\")')",
    "get_ipython().run_cell_magic('time', '', 'exec(\"a\")')",
    "get_ipython().run_cell_magic('time', '', '%who_knows\\nx')",
    "get_ipython().run_cell_magic('who_knows', '', 'x')",
    "get_ipython().system('echo {a.append(1)}')",
    "next(starting)",
    "_.append(1)",
    "_ += [1]",
    "_cache[0].append(1)",
    "of_private()",
    "evaluates('a')",
    "evaluates_deep()",
    "frames()",
    "magic()",
    "main()",
    "x = 1 #" + "x" * 200_000,
    "x.f_globals",
]


@pytest.mark.parametrize(("source", "expected"), TEXTS)
def test_names_that_a_cell_uses(namespace: dict[str, Any], source: str, expected: set[str]) -> None:
    used = names_used(source, namespace)
    assert used is not None
    assert used & VARIABLES == expected


@pytest.mark.parametrize("source", ANYTHING)
def test_cells_that_may_change_anything(namespace: dict[str, Any], source: str) -> None:
    assert names_used(source, namespace) is None


def test_names_that_are_not_defined_yet(namespace: dict[str, Any]) -> None:
    assert names_used("new = other.name", namespace) == {"new", "other"}


def test_no_code_of_strange_objects_runs() -> None:
    code = """
    class Meta(type):
        def __getattribute__(cls, name): raise RuntimeError(name)
    class Strange(metaclass=Meta):
        __slots__ = ("__dict__", "__weakref__")
        def __getattribute__(self, name): raise RuntimeError(name)
        def __eq__(self, other): raise RuntimeError("eq")
        __hash__ = None
        def method(self): return seen
    class Items(list):
        def __iter__(self): raise RuntimeError("iter")
        def __len__(self): raise RuntimeError("len")
    strange, items, seen = Strange(), Items([lambda: seen]), []
    recursive = [strange]
    recursive.append(recursive)
    """
    module = ModuleType("strange")
    exec(dedent(code), module.__dict__)
    for name in ("strange", "items", "recursive", "Strange"):
        assert "seen" in (names_used(name, module.__dict__) or ()), name


def test_the_search_in_objects_is_bounded(namespace: dict[str, Any]) -> None:
    big = {**namespace, "big": [[i, [str(i)], {}] for i in range(1_000_000)]}
    start = time.perf_counter()
    assert names_used("big[0].append(1)", big) == {"big"}
    assert time.perf_counter() - start < 0.1


def test_an_ordinary_cell_is_read_quickly(namespace: dict[str, Any]) -> None:
    source = dedent("""
    import matplotlib.pyplot as plt
    def clean(frame, limit=10):
        out = frame[frame['value'] > limit]
        out['ratio'] = out['value'] / out['total'].sum()
        return out.groupby('key').agg({'ratio': 'mean', 'value': 'sum'})
    for name in ['a', 'b', 'c']:
        cleaned = clean(x[name], limit=number * 2)
        y.append((name, cleaned))
        if len(y) > 100:
            print(f'many: {len(y)} of {name}')
    writes_a()
    fig, axes = plt.subplots(1, 2, figsize=(8, 4))
    axes[0].plot([row[1] for row in y], label=text)
    axes[1].hist([row[1] for row in y], bins=20)
    plt.show()
    """)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        assert (names_used(source, namespace) or set()) & VARIABLES == {
            *("a", "x", "y", "number", "text")
        }
        times.append(time.perf_counter() - start)
    # Usually a millisecond and a half; less than 10 in the kernel.
    assert min(times) < 0.02


if sys.platform != "emscripten":
    from hypothesis import given, settings
    from hypothesis import strategies as st

    NAMES = ["a", "b", "c", "d"]
    FUNCTIONS = ["f", "g", "h"]
    names, functions = st.sampled_from(NAMES), st.sampled_from(FUNCTIONS)
    CHANGES = st.one_of(
        st.builds("{}.append(1)".format, names),
        st.builds("{}[:] = [{}]".format, names, st.integers(0, 9)),
        st.builds("{}[-1:] = [[2]]".format, names),
        st.builds("{} += [3]".format, names),
        st.builds("[{}.append(_i) for _i in range(2)]".format, names),
        st.builds("(lambda v: v.append(4))({})".format, names),
        st.builds("share({}, {})".format, names, names),
        st.builds("inner({})".format, names),
        st.builds("call({})".format, functions),
        st.builds("{}()".format, functions),
        st.builds("held.hook()".format),
        st.builds("Holder.run()".format),
        st.builds("table['k'][0]()".format),
    )
    BODIES = st.lists(CHANGES, min_size=1, max_size=2).map("; ".join)
    DEFINITIONS = st.one_of(
        st.builds("def {}(): {}".format, functions, BODIES),
        st.builds("def {0}():\n def deep(): {1}\n deep()".format, functions, BODIES),
        st.builds("{} = lambda: {}.append(5)".format, functions, names),
        st.builds("{} = partial({}.append, 6)".format, functions, names),
        st.builds("{} = {}.copy_of()".format, functions, st.just("held")),
        st.builds("{} = make({})".format, functions, functions),
        st.builds("{} = held.method".format, functions),
        st.builds("held = Holder({})".format, functions),
        st.builds("table = {{'k': [{}]}}".format, functions),
        st.builds("Holder.run = staticmethod({})".format, functions),
        st.builds("def method(self): {}\nHolder.method = method".format, BODIES),
        st.builds("{} = {}".format, names, names),
        st.builds("{} = [{}]".format, names, names),
        st.builds("{} = []".format, names),
        st.builds("del {0}; {0} = [7]".format, names),
        st.builds("try: {}\nfinally: {} = lambda: None".format, CHANGES, functions),
    )
    CELLS = st.lists(
        st.lists(DEFINITIONS | CHANGES, min_size=1, max_size=3).map("\n".join),
        min_size=2,
        max_size=12,
    )
    SETUP = """
from functools import partial
a, b, c, d = [], [], [], []
depth = 0
def share(one, two):
    if len(repr(one)) < 200: one.append(two[:1])
def inner(v):
    if v and type(v[0]) is list: v[0].append(8)
def call(function): function()
def make(function):
    def wrapper(): function()
    return wrapper
class Holder:
    def __init__(self, hook=None): self.hook = hook or (lambda: None)
    def method(self): a.append(9)
    def copy_of(self): return self.hook
    run = staticmethod(lambda: None)
f, g, h = (lambda: None), (lambda: b.append(1)), Holder().method
held, table = Holder(f), {'k': [g]}
"""

    SHARERS = (list, dict, partial, type([].append), CellType, staticmethod)

    def inside(value: Any, found: dict[int, Any]) -> dict[int, Any]:
        """Return the objects that can be changed through a value (those in its pickle), by id."""
        if id(value) not in found:
            found[id(value)] = value
            held: Any = ()
            if isinstance(value, FunctionType):
                held = value.__closure__ or ()
            elif isinstance(value, MethodType):
                held = [value.__self__]
            elif isinstance(value, SHARERS):
                held = gc.get_referents(value)
            elif isinstance(value, type) and value.__name__ == "Holder":
                held = vars(value).values()
            elif type(value).__name__ == "Holder":
                held = [*vars(value).values(), type(value)]
            for item in held:
                inside(item, found)
        return found

    def sharing(ns: dict[str, Any]) -> dict[str, set[str]]:
        """Return for each variable those that share a list with it, also indirectly."""
        variables = [*NAMES, *FUNCTIONS, "held", "table", "Holder"]
        held = {
            name: {key for key, value in inside(ns[name], {}).items() if type(value) is list}
            for name in variables
        }
        groups = {name: {name} for name in variables}
        for one in variables:
            for two in variables:
                if held[one] & held[two] and groups[one] is not groups[two]:
                    both = groups[one] | groups[two]
                    groups.update(dict.fromkeys(both, both))
        return groups

    @settings(max_examples=400, deadline=None)
    @given(CELLS)
    def test_nothing_changes_that_is_not_named(cells: list[str]) -> None:
        module = ModuleType("made")
        ns = module.__dict__
        exec(compile(SETUP, "<cell>", "exec", dont_inherit=True), ns)
        limit = sys.getrecursionlimit()
        for cell in cells:
            before = {name: (ns[name], repr(ns[name])) for name in NAMES}
            groups = [sharing(ns)]
            used = [names_used(cell, ns)]
            try:
                sys.setrecursionlimit(min(limit, 250))
                exec(compile(cell, "<cell>", "exec", dont_inherit=True), ns)
            except (RecursionError, NameError, AttributeError, TypeError, IndexError, SyntaxError):
                pass
            finally:
                sys.setrecursionlimit(limit)
            used.append(names_used(cell, ns))
            groups.append(sharing(ns))
            named: set[str] = set()
            for one in used:
                named |= set(NAMES) if one is None else one & set(groups[0])
            closed = {other for name in named for group in groups for other in group[name]}
            for name, (value, text) in before.items():
                if ns[name] is value and repr(value) != text:
                    assert name in closed, (cell, name, used)
