"""Definitions in users' cells: functions, classes, and objects that misbehave."""

# ruff: noqa: E501 - a case is read as a line of a table

from __future__ import annotations

from saved_cases import LATE, NOT, ROUGH, TRUSTED, group

FUNCTIONS = group(
    "Functions of the notebook",
    ("function", TRUSTED, "def plus_one(n):\n    'Adds one.'\n    return n + 1\nx = plus_one",
     "x, x(1), x is plus_one"),
    ("function with defaults and annotations", TRUSTED,
     "def many(a, /, b: int = 2, *args, c: 'str' = 'd', **kw) -> list:\n    return [a, b, args, c, kw]\n"
     "x = many", "x, x(1, 2, 3, e=4)"),
    ("function that changes its default", TRUSTED,
     "def collecting(item, seen=[]):\n    seen.append(item)\n    return list(seen)\ncollecting(1)\nx = collecting",
     "x, x(2)"),
    ("function with attributes", TRUSTED,
     "def counted():\n    counted.calls += 1\n    return counted.calls\ncounted.calls = 4\nx = counted", "x, x()"),
    ("lambda", TRUSTED, "x = lambda n: n * 2", "x, x(4)"),
    ("closure", TRUSTED,
     "def counter():\n    n = 0\n    def step():\n        nonlocal n\n        n += 1\n        return n\n    return step\n"
     "x = counter()\nx()", "x, x(), x()"),
    ("two closures over one variable", TRUSTED,
     "def pair():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n    def get():\n        return n\n"
     "    return up, get\nup_one, x = pair()", "up_one(), x(), up_one.__closure__[0] is x.__closure__[0]"),
    ("recursive function", TRUSTED,
     "def factorial(n):\n    return 1 if n < 2 else n * factorial(n - 1)\nx = factorial", "x, x(20)"),
    ("functions that call each other", TRUSTED,
     "def is_even(n):\n    return n == 0 or is_odd(n - 1)\ndef is_odd(n):\n    return n > 0 and is_even(n - 1)\n"
     "x = is_even", "x, x(10), is_odd(7)"),
    ("function that reads a global name", TRUSTED,
     "rate = 3\ndef scaled(n):\n    return n * rate\nx = scaled", "x, x(2)"),
    ("function that reads a global name that changes later", TRUSTED,
     "rate_now = 3\ndef rated(n):\n    return n * rate_now\nx = rated",
     "x(2), globals().update(rate_now=5), x(2)"),
    ("function that sets a global name", TRUSTED,
     "visits = 0\ndef visit():\n    global visits\n    visits += 1\nx = visit", "x(), x(), visits"),
    ("function that reads a global name that does not exist yet", TRUSTED,
     "def hopeful():\n    return not_there_yet\nx = hopeful", "x, globals().update(not_there_yet=1), x()"),
    ("function that uses an import by its alias", TRUSTED,
     "import math as maths\ndef root(n):\n    return maths.sqrt(n)\nx = root", "x, x(4)"),
    ("function that imports inside", TRUSTED,
     "def encoded(n):\n    import json\n    return json.dumps(n)\nx = encoded", "x, x([1])"),
    ("generator function", TRUSTED, "def counting():\n    yield from range(3)\nx = counting", "x, list(x())"),
    ("`async` function", TRUSTED, "async def waiting():\n    return 1\nx = waiting", "x, x().close()"),
    ("decorated function", TRUSTED,
     "def twice(f):\n    def inner(n):\n        return f(f(n))\n    return inner\n@twice\ndef add_three(n):\n"
     "    return n + 3\nx = add_three", "x, x(1)"),
    ("function whose source `inspect` finds", TRUSTED,
     "import inspect\ndef shown():\n    return 'shown'\nx = shown", "inspect.getsource(x), x"),
    ("function that holds a big array", TRUSTED,
     "import numpy as np\nbig_array = np.arange(100_000)\ndef summed(a=big_array):\n    return int(a.sum())\n"
     "x = summed", "x(), x.__defaults__[0] is big_array"),
    ("function whose name was deleted", TRUSTED,
     "def replaced():\n    return 'old'\nx = replaced\ndef replaced():\n    return 'new'", "x(), replaced()"),
)  # fmt: skip

CLASSES = group(
    "Classes of the notebook",
    ("class", TRUSTED, "class Empty1:\n    'Nothing.'\nx = Empty1", "x, x is Empty1"),
    ("instance", TRUSTED,
     "class Dog:\n    def __init__(self, name):\n        self.name = name\n    def bark(self):\n"
     "        return f'{self.name}!'\nx = Dog('Rex')", "x, x.bark(), type(x) is Dog"),
    ("instances that refer to each other", TRUSTED,
     "class Node:\n    pass\nx = Node()\nx.other = Node()\nx.other.other = x", "x, x.other.other is x"),
    ("class with attributes that change", TRUSTED,
     "class Registry:\n    known = []\nRegistry.known.append(1)\nRegistry.added = 5\nx = Registry()",
     "x, x.known, x.added"),
    ("subclass, with `super()`", TRUSTED,
     "class Base1:\n    def hi(self):\n        return 'base'\nclass Child1(Base1):\n    def hi(self):\n"
     "        return super().hi() + ' child'\nx = Child1()", "x, x.hi(), isinstance(x, Base1)"),
    ("several bases", TRUSTED,
     "class A1:\n    pass\nclass B1(A1):\n    pass\nclass C1(A1):\n    pass\nclass D1(B1, C1):\n    pass\nx = D1()",
     "x, type(x).__mro__ == (D1, B1, C1, A1, object)"),
    ("`__slots__`", TRUSTED,
     "class Slotted:\n    __slots__ = ('a', 'b')\nx = Slotted()\nx.a = [1]", "x, x.a, hasattr(x, 'b')"),
    ("`property`, `classmethod`, `staticmethod`", TRUSTED,
     "class Circle:\n    pi = 3\n    def __init__(self, r):\n        self._r = r\n    @property\n    def r(self):\n"
     "        return self._r\n    @r.setter\n    def r(self, v):\n        self._r = v\n    @classmethod\n"
     "    def unit(cls):\n        return cls(1)\n    @staticmethod\n    def two():\n        return 2\nx = Circle(3)",
     "x, x.r, setattr(x, 'r', 4), x.r, x.unit().r, x.two()"),
    ("metaclass", TRUSTED,
     "class Meta(type):\n    def __new__(m, n, b, d):\n        made = super().__new__(m, n, b, d)\n"
     "        made.tag = n.lower()\n        return made\nclass Tagged(metaclass=Meta):\n    pass\nx = Tagged()",
     "x, x.tag, type(type(x)) is Meta"),
    ("`__init_subclass__`, `__set_name__`", TRUSTED,
     "class Field1:\n    def __set_name__(self, o, n):\n        self.n = n\nclass Model:\n    subs = []\n"
     "    def __init_subclass__(cls, **k):\n        Model.subs.append(cls.__name__)\nclass User1(Model):\n"
     "    f = Field1()\nx = User1()", "x, Model.subs, type(x).__dict__['f'].n"),
    ("singleton", TRUSTED,
     "class Only:\n    _one = None\n    def __new__(cls):\n        if cls._one is None:\n"
     "            cls._one = super().__new__(cls)\n        return cls._one\nx = Only()", "x is Only(), Only() is x"),
    ("dataclass", TRUSTED,
     "from dataclasses import dataclass, field, fields, replace\n@dataclass\nclass Item:\n    a: int\n"
     "    b: list = field(default_factory=list)\nx = Item(1, [2])",
     "x.a, x.b, [f.name for f in fields(x)], repr(replace(x, a=5)), Item(1).b, x == Item(1, [2])"),
    ("dataclass, frozen, with slots and order", TRUSTED,
     "from dataclasses import dataclass, fields, asdict\n@dataclass(frozen=True, slots=True, order=True)\n"
     "class Point1:\n    a: int = 0\n    b: int = 0\nx = Point1(1, 2)",
     "asdict(x), x < Point1(2, 0), hash(x) == hash(Point1(1, 2)), x in {Point1(1, 2)}"),
    ("`make_dataclass`", TRUSTED,
     "from dataclasses import make_dataclass, asdict as as_dict\nx = make_dataclass('Made', ['a'])(3)",
     "x.a, as_dict(x), type(x).__name__"),
    ("`namedtuple`", TRUSTED,
     "from collections import namedtuple\nPoint2 = namedtuple('Point2', 'a b', defaults=[5])\nx = Point2(1)",
     "tuple(x), x.b, x._replace(a=3), type(x) is Point2"),
    ("`enum.Enum`", TRUSTED,
     "import enum\nclass Colour(enum.Enum):\n    RED = 1\n    BLUE = 'b'\n    CRIMSON = 1\nx = Colour.RED",
     "x is Colour.RED, x is Colour(1), Colour['CRIMSON'] is x, x.name, [*Colour] == [Colour.RED, Colour.BLUE]"),
    ("`enum.IntFlag`, `StrEnum`", TRUSTED,
     "import enum\nclass Perm(enum.IntFlag):\n    R = enum.auto()\n    W = enum.auto()\nclass Word(enum.StrEnum):\n"
     "    A = enum.auto()\nx = [Perm.R | Perm.W, Word.A]",
     "x[0] == 3, Perm.R in x[0], repr(x[0]), x[1] is Word.A, x[1] == 'a'"),
    ("subclass of `list`, with attributes", TRUSTED,
     "class Bag(list):\n    pass\nx = Bag([1, 2])\nx.label = 'l'", "x, x.label, type(x) is Bag"),
    ("subclass of `dict`, with `__missing__`", TRUSTED,
     "class Lower(dict):\n    def __missing__(self, key):\n        return key.lower()\nx = Lower(a=1)", "x, x['B']"),
    ("subclass of `int`, `str`, `tuple`", TRUSTED,
     "class Id(int):\n    pass\nclass Text1(str):\n    pass\nclass Trio(tuple):\n    pass\n"
     "x = [Id(5), Text1('t'), Trio((1, 2))]", "x, x[0] + 0, x[1].upper(), x[2] + ()"),
    ("exception class", TRUSTED,
     "class TooBig(ValueError):\n    def __init__(self, n, limit=5):\n        super().__init__(n)\n"
     "        self.limit = limit\nx = TooBig(7, limit=6)", "type(x) is TooBig, x.args, x.limit"),
    ("descriptor", TRUSTED,
     "class Positive:\n    def __get__(self, o, t=None):\n        return 1\nclass Held:\n    p = Positive()\nx = Held()",
     "x, x.p"),
    ("class inside a class", TRUSTED,
     "class Outer:\n    class Inner:\n        v = 3\nx = Outer.Inner()", "x, type(x) is Outer.Inner, x.v"),
    ("class made in a function", TRUSTED,
     "def make_class(n):\n    class Local:\n        value = n\n        def get(self):\n            return n\n"
     "    return Local\nx = make_class(4)()", "x.get(), x.value, type(x).__qualname__"),
    ("class that was replaced by another of the same name", TRUSTED,
     "class Twice:\n    v = 1\nx = Twice()\nclass Twice:\n    v = 2", "x.v, Twice().v, type(x) is Twice"),
    ("class with `__call__`, `__getitem__`, `__len__`", TRUSTED,
     "class Acts:\n    def __call__(self):\n        return 1\n    def __getitem__(self, i):\n        return i\n"
     "    def __len__(self):\n        return 0\nx = Acts()", "x, x(), x[3], len(x), bool(x)"),
    ("iterator class, half used", TRUSTED,
     "class Down:\n    def __init__(self, n):\n        self.n = n\n    def __iter__(self):\n        return self\n"
     "    def __next__(self):\n        self.n -= 1\n        if self.n < 0:\n            raise StopIteration\n"
     "        return self.n\nx = Down(3)\nnext(x)", "list(x)"),
    ("`__getstate__`, `__setstate__`", TRUSTED,
     "class Careful:\n    def __init__(self):\n        self.a, self.cache = 1, [2]\n    def __getstate__(self):\n"
     "        return {'a': self.a}\n    def __setstate__(self, s):\n        self.a, self.cache = s['a'], []\n"
     "x = Careful()", "x.a, type(x).__name__"),
    ("`__reduce__` that makes another object", TRUSTED,
     "class Reduced:\n    def __init__(self, n):\n        self.n = n\n    def __reduce__(self):\n"
     "        return Reduced, (self.n,)\nx = Reduced(3)", "x, x.n"),
    ("`__copy__`, `__deepcopy__` that raise", TRUSTED,
     "class NoCopy:\n    def __copy__(self):\n        raise TypeError('no')\n    def __deepcopy__(self, m):\n"
     "        raise TypeError('no')\nx = NoCopy()\nx.a = 1", "x, x.a"),
    ("bound method", TRUSTED,
     "class Bound1:\n    def get(self):\n        return self.v\nbound_1 = Bound1()\nbound_1.v = 7\nx = bound_1.get",
     "x(), x.__self__ is bound_1"),
)  # fmt: skip

TROUBLE = group(
    "Objects whose code fails or misbehaves",
    ("`__reduce__` raises", NOT,
     "class Refuses:\n    def __reduce__(self):\n        raise RuntimeError('I refuse')\nx = Refuses()", "type(x).__name__"),
    ("`__reduce__` ends the program", NOT,
     "class Exits:\n    def __reduce__(self):\n        raise SystemExit(3)\nx = Exits()", "type(x).__name__"),
    ("`__reduce__` returns nonsense", NOT,
     "class Nonsense:\n    def __reduce__(self):\n        return 42\nx = Nonsense()", "type(x).__name__"),
    ("`__getstate__` raises", NOT,
     "class Stateless:\n    def __getstate__(self):\n        raise ValueError('no state')\nx = Stateless()",
     "type(x).__name__"),
    ("`__eq__` raises", TRUSTED,
     "class Unequal:\n    def __eq__(self, other):\n        raise RuntimeError('no comparing')\nx = Unequal()\nx.a = 1",
     "x, x.a"),
    ("`__eq__` is always true", TRUSTED,
     "class Agrees:\n    def __eq__(self, other):\n        return True\nx = Agrees()\nx.a = 1", "x, x.a"),
    ("`__hash__` raises", TRUSTED,
     "class Unhashed:\n    def __hash__(self):\n        raise RuntimeError('no')\nx = Unhashed()\nx.a = 1", "x, x.a"),
    ("`__repr__` raises", TRUSTED,
     "class Unseen:\n    def __repr__(self):\n        raise RuntimeError('no')\nx = Unseen()\nx.a = 1", "x, x.a"),
    ("`__len__` and `__bool__` raise", TRUSTED,
     "class Unmeasured:\n    def __len__(self):\n        raise RuntimeError('no')\n    def __bool__(self):\n"
     "        raise RuntimeError('no')\nx = Unmeasured()\nx.a = 1", "x, x.a"),
    ("`__getattr__` with endless recursion", TRUSTED,
     "class Endless:\n    def __getattr__(self, name):\n        return getattr(self.inner, name)\nx = Endless()\n"
     "x.__dict__['inner'] = [5]", "x, x.count(5)"),
    ("`__getattr__` that returns a value for every name", TRUSTED,
     "class Answers:\n    def __getattr__(self, name):\n        return lambda *a: 42\nx = Answers()",
     "type(x).__name__, x.whatever()"),
    ("`__class__` that returns another class", NOT,
     "class Liar:\n    @property\n    def __class__(self):\n        return int\nx = Liar()\nx.a = 1",
     "type(x).__name__, vars(x)"),
    ("`__getattribute__` raises", NOT,
     "class Closed:\n    def __getattribute__(self, name):\n        raise RuntimeError(name)\nx = Closed()",
     "type(x).__name__"),
    ("`__dict__` that changes while it is saved", TRUSTED,
     "class Restless:\n    def __getstate__(self):\n        self.__dict__[f'n{len(self.__dict__)}'] = 1\n"
     "        return self.__dict__\nx = Restless()", "type(x).__name__"),
    ("list whose member grows it while it is saved", TRUSTED,
     "class Grows:\n    def __reduce__(self):\n        x_grown.append(Grows())\n        return Grows, ()\n"
     "x_grown = [Grows()]\nx = x_grown", "x is x_grown, type(x[0]) is Grows"),
    ("dict whose member changes it while it is saved", TRUSTED,
     "class Adds:\n    def __reduce__(self):\n        x_added[len(x_added)] = 1\n        return Adds, ()\n"
     "x_added = {0: Adds()}\nx = x_added", "x is x_added, type(x[0]) is Adds"),
    ("`__setstate__` raises", NOT,
     "class Unset:\n    def __setstate__(self, s):\n        raise ValueError('cannot go back')\nx = Unset()\nx.a = 1",
     "type(x).__name__"),
    ("`__setstate__` that opens a missing file", LATE,
     "import pathlib\nclass Opens:\n    def __setstate__(self, s):\n        self.text = pathlib.Path(s['path']).read_text()\n"
     "x = Opens()\nx.path = 'not_there.txt'", "type(x).__name__"),
    ("`__reduce__` with too many arguments", NOT,
     "class TooMany:\n    def __reduce__(self):\n        return TooMany, (1, 2)\nx = TooMany()", "type(x).__name__"),
    ("`__reduce__` with too few arguments", NOT,
     "class TooFew:\n    def __init__(self, a):\n        self.a = a\n    def __reduce__(self):\n        return TooFew, ()\n"
     "x = [TooFew(1)]", "type(x[0]).__name__"),
    ("`__getstate__` that returns a list", NOT,
     "class Listed:\n    def __getstate__(self):\n        return [1, 2]\nx = Listed()", "type(x).__name__"),
    ("object with a lock inside", ROUGH,
     "import threading\nclass Guarded:\n    def __init__(self):\n        self.lock = threading.Lock()\nx = Guarded()",
     "type(x) is Guarded, type(x.lock), x.lock.locked()"),
    ("list with a lock among others", ROUGH,
     "import threading\nx = [1, 2, threading.Lock()]", "x[:2]"),
    ("dict with a generator as a value", NOT, "x = {'a': 1, 'g': (i for i in range(3))}", "x['a']"),
    # Pyodide crashes when it frees this.
    ("chain of 100,000 objects", NOT,
     "class Link:\n    next = None\nx = None\nfor _ in range(100_000):\n    link_new = Link()\n"
     "    link_new.next, x = x, link_new\ndel link_new", "type(x).__name__", ""),
    ("function that uses a variable that cannot be saved", TRUSTED,
     "import threading\nlock_global = threading.Lock()\ndef locking():\n    return lock_global\nx = locking",
     "x.__name__"),
    ("class that holds a lock", ROUGH,
     "import threading\nclass Shared1:\n    lock = threading.Lock()\nx = Shared1", "x.__name__"),
    ("closure over a lock", ROUGH,
     "import threading\ndef over_lock(l=threading.Lock()):\n    return lambda: l\nx = over_lock()", "type(x), type(x())"),
    ("class of a module beside the notebook", TRUSTED,
     "import importlib, pathlib, sys\npathlib.Path('beside_saved.py').write_text('class Beside:\\n    a = 1\\n')\n"
     "sys.path[:0] = ['.']\nx = importlib.import_module('beside_saved').Beside()\ndel sys.path[0]", "type(x), x.a"),
)  # fmt: skip

GROUPS = (FUNCTIONS, CLASSES, TROUBLE)
