# ruff: noqa: E501
"""Cells of a notebook, and assertions about their names after storing and loading."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import inspect
import linecache
import sqlite3
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from litestate.variables.pickles import pickling

CELLS: list[str] = []


@dataclass
class Notebook:
    """A namespace, and the report of its capture."""

    space: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})
    notes: list[str] = field(default_factory=list)
    data: bytes = b""

    def cell(self, code: str) -> None:
        """Run a cell, with known source as in IPython."""
        CELLS.append(code)
        name = f"<cell {len(CELLS)}>"
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        exec(compile(code, name, "exec", dont_inherit=True), self.space)

    def dump(self, *names: str) -> bytes:
        roots = [self.space[name] for name in names]
        self.data = pickling.dump(roots, lambda _: None, approximate=self.notes.append).data
        return self.data

    def again(self, *names: str) -> Notebook:
        """Return a new notebook with only these names, restored."""
        return load(self.dump(*names), *names)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.space[name]
        except KeyError:
            raise AttributeError(name) from None


def load(data: bytes, *names: str) -> Notebook:
    """Return a notebook with the contents of a pickle."""
    made = Notebook()
    values = pickling.load(data, lambda number: number, made.space)
    made.space.update(zip(names, values, strict=True))
    made.data = data
    return made


@dataclass(frozen=True)
class Scene:
    """A cell, the names to store, and the assertions about them afterwards."""

    cell: str
    names: tuple[str, ...]
    check: Callable[[Any], None]


SCENES: dict[str, Scene] = {}


def scene(cell: str, names: str) -> Callable[[Callable[[Any], None]], None]:
    def register(check: Callable[[Any], None]) -> None:
        SCENES[check.__name__] = Scene(cell, tuple(names.split()), check)

    return register


@scene(
    """
def f(x, y=2, *, z: int = 3) -> "str":
    "doc"
    return x + y + z + g
f.attribute = [1]
g = 10
""",
    "f",
)
def function(n: Any) -> None:
    n.space["g"] = 100
    assert n.f(1) == 106
    assert n.f.__globals__ is n.space
    assert (n.f.__doc__, n.f.attribute, n.f.__kwdefaults__) == ("doc", [1], {"z": 3})
    assert n.f.__annotations__ == {"z": int, "return": "str"}
    assert inspect.getsource(n.f).startswith("def f(x, y=2")


@scene(
    """
def counter():
    count = 0
    def increase():
        nonlocal count
        count += 1
        return count
    def get():
        return count
    return increase, get
increase, get = counter()
increase()
def outer():
    def factorial(k):
        return 1 if k < 2 else k * factorial(k - 1)
    return factorial
factorial = outer()
squares = [lambda i=i: i * i for i in range(3)]
two = (lambda: 1), (lambda: 2)
""",
    "increase get factorial squares two",
)
def closures(n: Any) -> None:
    assert n.increase() == 2
    assert n.get() == 2
    assert n.factorial(5) == 120
    assert [square() for square in n.squares] == [0, 1, 4]
    assert [one() for one in n.two] == [1, 2]


@scene(
    """
class A:
    x: int = 1
    items = []
    def __init__(self, v): self.v = v
    def m(self): return self.v + self.x
    @property
    def p(self): return self.v
    @classmethod
    def c(cls): return cls
    @staticmethod
    def s(): return 5
    class Inner:
        def outer(self): return A
class B(A):
    def m(self): return super().m() * 2
    def k(self): return __class__
class Slots:
    __slots__ = ("a", "__b", "__weakref__")
    def __init__(self): self.a = 1; self.__b = 2
    def b(self): return self.__b
a = A(3); b = B(4); A.one = a; slots = Slots()
""",
    "A B a b Slots slots",
)
def classes(n: Any) -> None:
    assert (n.a.m(), n.b.m(), n.a.p, n.A.s()) == (4, 10, 3, 5)
    assert n.B.__mro__[1] is n.A
    assert isinstance(n.b, n.A)
    assert n.b.k() is n.B is n.B.c()
    assert n.A.one is n.a
    assert n.A.__annotations__ == {"x": int}
    assert n.A.Inner.__qualname__ == "A.Inner"
    n.space["A"] = n.A
    assert n.A.Inner().outer() is n.A
    assert copy.deepcopy(n.a).v == 3
    assert (n.slots.a, n.slots.b()) == (1, 2)
    assert not hasattr(n.slots, "__dict__")
    assert weakref.ref(n.slots)() is n.slots


@scene(
    """
from dataclasses import dataclass, field, KW_ONLY, InitVar
from typing import ClassVar
@dataclass
class D:
    x: int
    y: list = field(default_factory=list)
    c: ClassVar[int] = 7
    z: InitVar[int] = 3
    _: KW_ONLY
    w: str = "w"
    def __post_init__(self, z): self.zz = z
@dataclass(frozen=True, order=True, slots=True)
class F:
    a: int
    b: int = 2
@dataclass
class E(D):
    e: int = 9
d = D(1, z=8); f = F(1); e = E(2)
""",
    "D F E d f e",
)
def dataclass_kinds(n: Any) -> None:
    assert repr(n.d) == "D(x=1, y=[], w='w')"
    assert n.D(1) == n.D(1)
    assert n.D(1, z=4, w="q").zz == 4
    assert n.f == n.F(1, 2) < n.F(2)
    assert hash(n.f) == hash(n.F(1))
    with contextlib.suppress(dataclasses.FrozenInstanceError):
        n.f.a = 2
        raise AssertionError
    assert dataclasses.replace(n.f, a=5) == n.F(5)
    assert dataclasses.asdict(n.e)["e"] == 9
    assert dataclasses.fields(n.D)[0].default is dataclasses.MISSING
    more = dataclasses.make_dataclass("more", [("q", int, 5)], bases=(n.D,))
    assert more(1, q=6).q == 6
    assert n.E(3) == n.E(3) != n.E(4)
    assert n.D.c == 7


@scene(
    """
import enum
class Color(enum.Enum):
    RED = 1
    GREEN = 2
    ROJO = 1
    def own(self): return self.name
class Planet(enum.Enum):
    EARTH = (5.9, 6.3)
    def __init__(self, mass, radius): self.mass = mass; self.radius = radius
class P(enum.IntFlag):
    R = 4
    W = 2
    X = 1
class S(enum.StrEnum):
    A = enum.auto()
class Coordinate(bytes, enum.Enum):
    def __new__(cls, value, label):
        made = bytes.__new__(cls, [value]); made._value_ = value; made.label = label
        return made
    PX = (0, "P.X")
x = Color.RED; y = P.R | P.W
""",
    "Color Planet P S x y Coordinate",
)
def enums(n: Any) -> None:
    assert n.x is n.Color.RED is n.Color(1) is n.Color["ROJO"]
    assert list(n.Color) == [n.Color.RED, n.Color.GREEN]
    assert n.Color.GREEN.own() == "GREEN"
    assert n.Planet.EARTH.mass == 5.9
    assert (n.y, type(n.y)) == (6, n.P)
    assert n.y == n.P.R | n.P.W
    assert n.S.A == "a"
    assert n.Coordinate.PX == b"\0"
    assert (n.Coordinate.PX.label, n.Coordinate.PX.value) == ("P.X", 0)
    assert n.Coordinate(0) is n.Coordinate.PX


@scene(
    """
import abc, collections, typing
P = collections.namedtuple("P", "x y", defaults=[5])
class Q(typing.NamedTuple):
    a: int
    b: str = "b"
    def m(self): return self.a * 2
class R(P):
    def s(self): return self.x + self.y
p = P(1); q = Q(2); r = R(1, 2)
class Abstract(abc.ABC):
    @abc.abstractmethod
    def m(self): ...
@Abstract.register
class Registered: pass
class Meta(type):
    seen = []
    def __new__(m, name, bases, space):
        made = super().__new__(m, name, bases, space)
        m.seen.append(made)
        return made
class WithMeta(metaclass=Meta): pass
class Plugin:
    known = []
    def __init_subclass__(cls, **k): super().__init_subclass__(); Plugin.known.append(cls)
class Plugin1(Plugin): pass
T = typing.TypeVar("T", bound=int)
class Box(typing.Generic[T]):
    v: T
alias = Box[int]
User = typing.NewType("User", int)
class Keys(typing.TypedDict, total=False):
    a: int
@typing.runtime_checkable
class HasM(typing.Protocol):
    def m(self) -> int: ...
""",
    "P Q R p q r Abstract Registered Meta WithMeta Plugin Plugin1 T Box alias User Keys HasM",
)
def special(n: Any) -> None:
    assert n.p == (1, 5)
    assert n.P(3)._replace(x=4).x == 4
    assert (n.q.m(), n.Q(1).b, n.r.s()) == (4, "b", 3)
    assert isinstance(n.r, n.P)
    assert issubclass(n.Registered, n.Abstract)
    assert n.Abstract.__abstractmethods__ == {"m"}
    assert n.Meta.seen == [n.WithMeta]
    assert type(n.WithMeta) is n.Meta
    assert n.Plugin.known == [n.Plugin1]
    n.space["Plugin"] = n.Plugin
    plugin2 = type("Plugin2", (n.Plugin,), {})
    assert n.Plugin.known == [n.Plugin1, plugin2]
    assert n.Box.__parameters__ == (n.T,)
    assert n.alias.__origin__ is n.Box
    assert n.User(3) == 3
    assert n.Keys.__optional_keys__ == {"a"}
    assert n.Keys.__annotations__ == {"a": int}
    assert isinstance(n.q, n.HasM)
    assert not isinstance(3, n.HasM)


@scene(
    """
import asyncio, contextlib, functools
def decorated_by(function):
    @functools.wraps(function)
    def wrapper(*a): return function(*a) + 1
    return wrapper
@decorated_by
def decorated(x): return x
@functools.lru_cache(maxsize=7)
def cached(x): return x * 2
cached(1)
@functools.singledispatch
def dispatched(x): return "o"
@dispatched.register
def _(x: int): return "i"
@contextlib.contextmanager
def context():
    yield 5
async def coroutine(): return 3
def generator():
    yield 1
partial = functools.partial(decorated, 3)
class CP:
    @functools.cached_property
    def v(self): return 4
    @functools.singledispatchmethod
    def method(self, x): return "o"
cp = CP()
""",
    "decorated cached dispatched context coroutine generator partial CP cp",
)
def wrapped(n: Any) -> None:
    assert n.decorated(1) == 2
    assert n.decorated.__wrapped__(1) == 1
    assert n.cached(4) == 8
    assert n.cached.cache_info()[2:] == (7, 1)
    assert (n.dispatched(1), n.dispatched("")) == ("i", "o")
    n.dispatched.register(str, lambda _: "s")
    assert n.dispatched("") == "s"
    assert n.dispatched.registry[str]("") == "s"
    with n.context() as value:
        assert value == 5
    with contextlib.suppress(StopIteration):
        n.coroutine().send(None)
        raise AssertionError
    assert list(n.generator()) == [1]
    assert (n.partial(), n.cp.v, n.cp.method(2)) == (4, 4, "o")


@scene(
    """
import io, itertools, logging, queue, re, sqlite3, sys, threading, types, weakref
class Error(Exception):
    def __init__(self, a, b): super().__init__(f"{a}{b}"); self.a = a
class FileError(OSError):
    def __init__(self, p): super().__init__(2, "no", p); self.p = p
error = Error(1, 2); error.add_note("note")
try:
    try: 1 / 0
    except ZeroDivisionError as zero: raise KeyError("k") from zero
except KeyError as caught: caused = caught
file_error = FileError("path"); group = ExceptionGroup("g", [ValueError(1)])
unicode_error = UnicodeDecodeError("utf-8", b"x", 0, 1, "r"); import_error = ImportError("x", name="n")
lock = threading.Lock(); rlock = threading.RLock(); event = threading.Event(); event.set()
semaphore = threading.Semaphore(3); waiting = queue.Queue(); waiting.put(1)
class K: pass
k = K(); weak_values = weakref.WeakValueDictionary(a=k); weak_set = weakref.WeakSet([k])
count = itertools.count(5, 2); next(count)
mapping = {"a": 1}; proxy = types.MappingProxyType(mapping); view = memoryview(bytearray(b"abc"))
row = sqlite3.Row(sqlite3.connect(":memory:").execute("select 1 a, 2 b"), (1, "x"))
logger = logging.getLogger("x.y"); text = io.StringIO("abc"); text.read(1)
pattern = re.compile("a+", re.I)
holder = types.SimpleNamespace(m=re, out=sys.stdout)
""",
    "error file_error caused group unicode_error import_error lock rlock event semaphore waiting K k"
    " weak_values weak_set count mapping proxy view row logger text pattern holder",
)
def objects(n: Any) -> None:
    import re
    import sys

    assert (n.error.a, str(n.error), n.error.__notes__) == (1, "12", ["note"])
    assert isinstance(n.caused.__cause__, ZeroDivisionError)
    assert (n.file_error.filename, n.file_error.errno, n.file_error.p) == ("path", 2, "path")
    assert n.group.exceptions[0].args == (1,)
    assert (n.unicode_error.reason, n.import_error.name) == ("r", "n")
    for lock in (n.lock, n.rlock):
        with lock:
            assert not repr(lock).startswith("<unlocked")
    assert n.event.is_set()
    assert n.semaphore.acquire(blocking=False)
    n.semaphore.release()
    assert n.waiting.get() == 1
    n.waiting.put(1)
    assert n.weak_values["a"] is n.k
    assert n.k in n.weak_set
    assert next(copy.copy(n.count) if sys.version_info < (3, 14) else n.count) in (7, 9)
    n.mapping["b"] = 2
    assert n.proxy["b"] == 2
    assert bytes(n.view) == b"abc"
    assert not n.view.readonly
    assert isinstance(n.row, sqlite3.Row)
    assert (n.row["a"], n.row["b"]) == (1, "x")
    assert n.logger.name == "x.y"
    assert n.text.tell() == 1
    assert n.pattern.match("AA")
    assert n.holder.m is re
    assert n.holder.out is sys.stdout
