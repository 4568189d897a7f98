"""Objects whose restore runs code of the notebook, or that contain what hashes them."""

# ruff: noqa: E501 - a case is read as a line of a table

from __future__ import annotations

from saved_cases import TRUSTED, group

RUNS = group(
    'Code of the notebook that runs while its objects are made',
    ('`__hash__` that uses a module', TRUSTED,
     'import math\n\nclass P_1:\n\n    def __init__(self, a):\n        self.a = a\n\n'
     '    def __hash__(self):\n        return hash(math.floor(self.a))\n\n    def __eq__(self, other):\n'
     '        return self.a == other.a\nx = {P_1(1.5), P_1(2.5)}\ny_1 = {P_1(3.5): 1}',
     '(len(x), sorted((p.a for p in x)), P_1(1.5) in x, y_1[P_1(3.5)])'),
    ('`__setstate__` that uses NumPy', TRUSTED,
     'import numpy as np\n\nclass S_2:\n\n    def __init__(self):\n        self.a = np.arange(3)\n\n'
     "    def __getstate__(self):\n        return {'a': self.a.tolist()}\n\n"
     "    def __setstate__(self, st):\n        self.a = np.array(st['a'])\nx = S_2()",
     'x.a.sum()'),
    ('`__reduce__` that uses an object of the notebook', TRUSTED,
     "class Registry_3:\n\n    def __init__(self):\n        self.defs = {'m': 1.0, 'km': 1000.0}\n"
     "        self.Quantity = type('Quantity', (BaseQ_3,), {'_reg': self})\n\n"
     '    def __getattr__(self, n):\n        if n in self.defs:\n'
     '            return self.Quantity(1, n)\n        raise AttributeError(n)\n\nclass BaseQ_3:\n\n'
     '    def __init__(self, v, u):\n        self.v = v\n        self.u = u\n\n    def __hash__(self):\n'
     '        return hash(self.v * self._reg.defs[self.u])\n\n    def __eq__(self, other):\n'
     '        return self.v * self._reg.defs[self.u] == other.v * other._reg.defs[other.u]\n\n'
     '    def __reduce__(self):\n        return (_unpickle_3, (self.v, self.u))\nAPP_3 = None\n\n'
     'def _unpickle_3(v, u):\n    return APP_3.Quantity(v, u)\nAPP_3 = Registry_3()\nq_3 = APP_3.km\n'
     'seen_3 = {q_3: 1}\nx = [q_3]',
     "(q_3.v, type(q_3) is APP_3.Quantity, seen_3[APP_3.Quantity(1000, 'm')])"),
    ('`__reduce__` that looks itself up in a dict of the notebook', TRUSTED,
     'import json\nREG_4 = {}\n\nclass One_4:\n\n    def __init__(self, n):\n        self.n = n\n'
     '        REG_4[n] = self\n\n    def __reduce__(self):\n        return (get_4, (self.n,))\n\n'
     "def get_4(n):\n    if n not in REG_4:\n        One_4(n)\n    return REG_4[n]\na_4 = One_4('a')\n"
     "b_4 = [One_4('b'), a_4]\nx = [a_4, b_4]",
     "(b_4[1] is a_4, REG_4['a'] is a_4, REG_4['b'] is b_4[0])"),
    ('`__new__` that uses a global name', TRUSTED,
     'DEFAULT_5 = 5\n\nclass N_5:\n\n    def __new__(cls, *a):\n        other = super().__new__(cls)\n'
     '        other.d = DEFAULT_5\n        return other\nx = N_5()\ny_5 = (N_5(), [N_5()])',
     '(x.d, y_5[1][0].d)'),
    ('metaclass with `__call__` and `__setattr__`', TRUSTED,
     'import math\n\nclass Meta_6(type):\n    made = 0\n\n    def __call__(cls, *a, **k):\n'
     '        Meta_6.made += math.floor(1.5)\n        return super().__call__(*a, **k)\n\n'
     "    def __new__(m, n, b, d):\n        d['z'] = math.pi\n"
     '        return super().__new__(m, n, b, d)\n\n    def __setattr__(cls, k, v):\n'
     '        type.__setattr__(cls, k, v) if LOCK_6 is False else 1 / 0\nLOCK_6 = False\n\n'
     'class A_6(metaclass=Meta_6):\n    pass\nx = A_6()\nLOCK_6 = True',
     '(x.z, Meta_6.made, type(type(x)) is Meta_6)'),
    ('`enum.Enum` with `_missing_`, `__new__`, `__hash__`', TRUSTED,
     'import enum, math\n\nclass E_7(enum.Enum):\n    A = 1\n    B = 2\n\n    @classmethod\n'
     '    def _missing_(cls, v):\n        return cls(math.floor(v)) if isinstance(v, float) else None\n'
     "x = E_7(1.5)\ny_7 = {E_7.A: 1, E_7.B: [E_7.A]}\n\nclass F_7(enum.Enum):\n    X = (1, 'one')\n"
     "    Y = (2, 'two')\n\n    def __new__(cls, v, l):\n        other = object.__new__(cls)\n"
     '        other._value_ = v\n        other.label = l\n        return other\n\n'
     '    def __hash__(self):\n        return hash(math.floor(self.value))\nz_7 = {F_7.X, F_7.Y}',
     '(repr(x), E_7(2.7) is E_7.B, y_7[E_7.B][0] is E_7.A, F_7(1).label, F_7.X in z_7, len(z_7))'),
    ('`functools.total_ordering`, and a hash of a global name', TRUSTED,
     'from functools import total_ordering\n\n@total_ordering\nclass V_8:\n\n    def __init__(self, a):\n'
     '        self.a = a\n\n    def __lt__(self, other):\n        return self.a < other.a\n\n'
     '    def __eq__(self, other):\n        return self.a == other.a\n\n    def __hash__(self):\n'
     "        return hash((RATE_8, self.a))\nRATE_8 = 3\nx = [V_8(1), V_8(2)]\ny_8 = {V_8(1): 'a'}",
     '(x[0] <= x[1], max(x).a, y_8[V_8(1)])'),
    ('`copyreg.pickle` with a function of the notebook', TRUSTED,
     'import copyreg, math\n\nclass C_9:\n\n    def __init__(self, a):\n        self.a = a\n\ndef red_9(c):\n'
     '    return (make_9, (c.a,))\n\ndef make_9(a):\n    return C_9(math.floor(a))\n'
     'copyreg.pickle(C_9, red_9)\nx = C_9(2)',
     '(x.a, type(x) is C_9)'),
    ('hash that needs the standard library, in a dict, a frozenset and a tuple', TRUSTED,
     'import datetime\n\nclass Ev_10:\n\n    def __init__(self, d):\n        self.d = d\n\n'
     '    def __hash__(self):\n        return hash(datetime.date(self.d, 1, 1))\n\n'
     "    def __eq__(self, other):\n        return self.d == other.d\nsched_10 = {Ev_10(2020): ['a']}\n"
     'f_10 = frozenset([Ev_10(2021)])\nt_10 = (Ev_10(1), {Ev_10(2)})\nx = [f_10, t_10]',
     '(sched_10[Ev_10(2020)], Ev_10(2021) in f_10, Ev_10(2) in t_10[1])'),
    ('hash that calls a function that uses a list', TRUSTED,
     'import math\n\nclass H_11:\n\n    def __init__(self, a):\n        self.a = a\n\n'
     '    def __hash__(self):\n        return hash(helper_11(self.a))\n\n    def __eq__(self, other):\n'
     '        return self.a == other.a\n\ndef helper_11(a):\n    return math.floor(a * SCALE_11[0])\n'
     'SCALE_11 = [2, 3]\nx = {H_11(1): H_11(2)}\nimport numpy as np\n'
     'arr_11 = np.array([H_11(1), H_11(2)], dtype=object)',
     '(x[H_11(1)].a, arr_11[0] in x)'),
    ('exception whose `__init__` wants keywords', TRUSTED,
     'class E_12(Exception):\n\n    def __init__(self, code, *, why):\n'
     "        super().__init__(f'{code} {why}')\n        self.code = code\n        self.why = why\n"
     "x = E_12(3, why='w')\n\nclass H_12(Exception):\n\n    def __hash__(self):\n"
     '        return hash(self.code)\n\n    def __eq__(self, other):\n'
     "        return self.code == other.code\nh_12 = H_12('m')\nh_12.code = 5\ny_12 = {h_12: 1}",
     '(x.code, x.why, str(x), y_12[h_12])'),
    ('class that holds an object of its own, with `__setstate__`', TRUSTED,
     'class Conf_13:\n\n    def __init__(self):\n        self.a = 1\n        self.cache = {}\n\n'
     "    def __getstate__(self):\n        return {'a': self.a}\n\n    def __setstate__(self, st):\n"
     "        self.a = st['a']\n        self.cache = {}\nConf_13.default = Conf_13()\nx = Conf_13()",
     '(Conf_13.default.cache, x.cache)'),
    ('objects shared by a dict of the notebook in `__new__`', TRUSTED,
     'POOL_14 = {}\n\nclass F_14:\n\n    def __new__(cls, n):\n        if n not in POOL_14:\n'
     '            POOL_14[n] = super().__new__(cls)\n        POOL_14[n].n = n\n'
     '        return POOL_14[n]\nx = F_14(1)\ny_14 = [F_14(1), F_14(2)]',
     '(y_14[0] is x, F_14(1) is x, F_14(2) is y_14[1])'),
)  # fmt: skip

CYCLES = group(
    'Sets and dictionaries in reference cycles',
    ('towns with a set of neighbors', TRUSTED,
     'class Town_15:\n\n    def __init__(self, n):\n        self.name = n\n        self.near = set()\n\n'
     '    def __hash__(self):\n        return hash(self.name)\n\n    def __eq__(self, other):\n'
     "        return self.name == other.name\na_15 = Town_15('a')\nb_15 = Town_15('b')\n"
     'a_15.near.add(b_15)\nb_15.near.add(a_15)\nx = [a_15, b_15]',
     '(a_15 in b_15.near, b_15 in a_15.near, next(iter(a_15.near)) is b_15, next(iter(b_15.near)) is a_15)'),
    ('with a dict of neighbors', TRUSTED,
     'class Town_16:\n\n    def __init__(self, n):\n        self.name = n\n        self.near = {}\n\n'
     '    def __hash__(self):\n        return hash(self.name)\n\n    def __eq__(self, other):\n'
     "        return self.name == other.name\na_16 = Town_16('a')\nb_16 = Town_16('b')\n"
     'a_16.near[b_16] = 1\nb_16.near[a_16] = 2\ntowns_16 = [a_16, b_16]\nx = [a_16, b_16]',
     '(a_16.near[b_16], b_16.near[a_16], towns_16[0] is a_16, next(iter(a_16.near)) is b_16)'),
    ('with a frozenset of neighbors', TRUSTED,
     'class Town_17:\n\n    def __init__(self, n):\n        self.name = n\n\n    def __hash__(self):\n'
     '        return hash(self.name)\n\n    def __eq__(self, other):\n'
     "        return self.name == other.name\na_17 = Town_17('a')\nb_17 = Town_17('b')\n"
     'a_17.near = frozenset([b_17])\nb_17.near = frozenset([a_17])\nx = [a_17, b_17]',
     '(a_17 in b_17.near, b_17 in a_17.near, next(iter(a_17.near)) is b_17, next(iter(b_17.near)) is a_17)'),
    ('a set that holds its owner', TRUSTED,
     'class Town_18:\n\n    def __init__(self, n):\n        self.name = n\n        self.near = {self}\n\n'
     '    def __hash__(self):\n        return hash(self.name)\n\n    def __eq__(self, other):\n'
     "        return self.name == other.name\nx = Town_18('a')",
     '(x in x.near, next(iter(x.near)) is x)'),
    ('with an `OrderedDict`, a `defaultdict` and a `Counter`', TRUSTED,
     'from collections import OrderedDict, defaultdict, Counter\n\nclass Town_19:\n\n'
     '    def __init__(self, n):\n        self.name = n\n        self.near = OrderedDict()\n'
     '        self.d = defaultdict(list)\n        self.c = Counter()\n\n    def __hash__(self):\n'
     '        return hash(self.name)\n\n    def __eq__(self, other):\n'
     "        return self.name == other.name\na_19 = Town_19('a')\nb_19 = Town_19('b')\n"
     'a_19.near[b_19] = 1\nb_19.near[a_19] = 2\na_19.d[b_19].append(a_19)\nb_19.d[a_19].append(3)\n'
     'a_19.c[b_19] += 4\nb_19.c[a_19] += 2\nx = [a_19, b_19]',
     '(a_19.near[b_19], b_19.near[a_19], a_19.d[b_19][0] is a_19, b_19.d[a_19], a_19.c[b_19], b_19.c[a_19], type(a_19.d), type(a_19.c))'),
    ('with a subclass of `set`', TRUSTED,
     'class Bag_20(set):\n    pass\n\nclass Town_20:\n\n    def __init__(self, n):\n        self.name = n\n'
     '        self.near = Bag_20()\n\n    def __hash__(self):\n        return hash(self.name)\n\n'
     "    def __eq__(self, other):\n        return self.name == other.name\na_20 = Town_20('a')\n"
     "b_20 = Town_20('b')\na_20.near.add(b_20)\nb_20.near.add(a_20)\nx = [a_20, b_20]",
     '(a_20 in b_20.near, b_20 in a_20.near, type(a_20.near) is Bag_20)'),
    ('with a subclass of `dict`', TRUSTED,
     'class M_21(dict):\n\n    def __missing__(self, k):\n        return 7\n\nclass Town_21:\n\n'
     '    def __init__(self, n):\n        self.name = n\n        self.near = M_21()\n\n'
     '    def __hash__(self):\n        return hash(self.name)\n\n    def __eq__(self, other):\n'
     "        return self.name == other.name\na_21 = Town_21('a')\nb_21 = Town_21('b')\n"
     'a_21.near[b_21] = 1\nb_21.near[a_21] = 2\nx = [a_21, b_21]',
     '(a_21.near[b_21], b_21.near[a_21], a_21.near[5])'),
    ('with a `WeakSet` and a `WeakKeyDictionary`', TRUSTED,
     'import weakref\n\nclass Town_22:\n\n    def __init__(self, n):\n        self.name = n\n'
     '        self.near = weakref.WeakSet()\n        self.wk = weakref.WeakKeyDictionary()\n\n'
     '    def __hash__(self):\n        return hash(self.name)\n\n    def __eq__(self, other):\n'
     "        return self.name == other.name\na_22 = Town_22('a')\nb_22 = Town_22('b')\n"
     'a_22.near.add(b_22)\nb_22.near.add(a_22)\na_22.wk[b_22] = 1\nb_22.wk[a_22] = 2\nx = [a_22, b_22]',
     '(a_22 in b_22.near, b_22 in a_22.near, a_22.wk[b_22], b_22.wk[a_22])'),
    ('dataclasses, and sets of all of them', TRUSTED,
     'from dataclasses import dataclass, field\n\n@dataclass(eq=True, unsafe_hash=True)\nclass Town_23:\n'
     "    name: str\n    near: set = field(default_factory=set, compare=False)\na_23 = Town_23('a')\n"
     "b_23 = Town_23('b')\nc_23 = Town_23('c')\na_23.near |= {b_23, c_23}\nb_23.near |= {a_23}\n"
     'c_23.near |= {a_23, b_23}\nall_towns_23 = {a_23, b_23, c_23}\n'
     'by_23 = {t: t.name for t in all_towns_23}\nx = [a_23, b_23, c_23]',
     '(a_23 in b_23.near, a_23 in all_towns_23, by_23[c_23], len(c_23.near), next(iter(b_23.near)) is a_23)'),
    ('frozen dataclasses', TRUSTED,
     'from dataclasses import dataclass, field\n\n@dataclass(frozen=True)\nclass Town_24:\n    name: str\n'
     "    near: set = field(default_factory=set, compare=False, hash=False)\na_24 = Town_24('a')\n"
     "b_24 = Town_24('b')\na_24.near.add(b_24)\nb_24.near.add(a_24)\nx = [a_24, b_24]",
     '(a_24 in b_24.near, b_24 in a_24.near)'),
    ('with `__slots__`', TRUSTED,
     "class Town_25:\n    __slots__ = ('near', 'name')\n\n    def __init__(self, n):\n"
     '        self.name = n\n        self.near = set()\n\n    def __hash__(self):\n'
     '        return hash(self.name)\n\n    def __eq__(self, other):\n'
     "        return self.name == other.name\na_25 = Town_25('a')\nb_25 = Town_25('b')\n"
     'a_25.near.add(b_25)\nb_25.near.add(a_25)\nx = [a_25, b_25]',
     '(a_25 in b_25.near, b_25 in a_25.near)'),
    ('tuples of towns as keys', TRUSTED,
     'class Town_26:\n\n    def __init__(self, n):\n        self.name = n\n        self.near = {}\n\n'
     '    def __hash__(self):\n        return hash(self.name)\n\n    def __eq__(self, other):\n'
     "        return self.name == other.name\na_26 = Town_26('a')\nb_26 = Town_26('b')\n"
     'a_26.near[a_26, b_26] = 1\nb_26.near[b_26, (a_26, 1)] = 2\nx = [a_26, b_26]',
     '(a_26.near[a_26, b_26], b_26.near[b_26, (a_26, 1)])'),
    ('roads between towns, with a hash of both ends', TRUSTED,
     'class Town_27:\n\n    def __init__(self, n):\n        self.name = n\n        self.roads = []\n\n'
     '    def key(self):\n        return self.name.upper()\n\n    def __hash__(self):\n'
     '        return hash(self.key())\n\n    def __eq__(self, other):\n'
     '        return self.key() == other.key()\n\nclass Road_27:\n\n    def __init__(self, a_27, b_27):\n'
     '        self.ends = frozenset([a_27, b_27])\n        a_27.roads.append(self)\n'
     '        b_27.roads.append(self)\n\n    def __hash__(self):\n        return hash(self.ends)\n\n'
     '    def __eq__(self, other):\n        return self.ends == other.ends\n'
     "a_27, b_27, c_27 = map(Town_27, 'abc')\nr_27 = {Road_27(a_27, b_27), Road_27(b_27, c_27)}\n"
     'x = [a_27, b_27, c_27, r_27]',
     '(a_27 in next(iter(a_27.roads)).ends, len(r_27), all((q in r_27 for q in b_27.roads)))'),
    ('`__eq__` that reads the dict itself', TRUSTED,
     'class A_28:\n\n    def __init__(self, n):\n        self.n = n\n        self.peers = {}\n\n'
     '    def __eq__(self, other):\n'
     '        return (self.n, len(self.peers)) == (other.n, len(other.peers))\n\n'
     '    def __hash__(self):\n        return hash(self.n)\na_28 = A_28(1)\nb_28 = A_28(1)\n'
     'a_28.peers[b_28] = b_28\nb_28.peers[a_28] = a_28\nx = [a_28, b_28]',
     '(a_28.peers[b_28] is b_28, b_28.peers[a_28] is a_28)'),
    ('class that lists its objects in a set and a dict', TRUSTED,
     'class Town_29:\n    all = set()\n    by = {}\n\n    def __init__(self, n):\n        self.n = n\n'
     '        Town_29.all.add(self)\n        Town_29.by[self] = n\n\n    def __hash__(self):\n'
     '        return hash(self.n)\n\n    def __eq__(self, other):\n        return self.n == other.n\n'
     "a_29 = Town_29('a')\nb_29 = Town_29('b')\nx = [a_29, b_29]",
     '(a_29 in Town_29.all, b_29 in Town_29.all, Town_29.by[a_29], len(Town_29.all), {t.n for t in Town_29.all})'),
    ('class that lists its objects in a `WeakSet`', TRUSTED,
     'import weakref\n\nclass Town_30:\n    all = weakref.WeakSet()\n'
     '    reg = weakref.WeakValueDictionary()\n\n    def __init__(self, n):\n        self.n = n\n'
     '        Town_30.all.add(self)\n        Town_30.reg[n] = self\n\n    def __hash__(self):\n'
     '        return hash(self.n)\n\n    def __eq__(self, other):\n        return self.n == other.n\n'
     "a_30 = Town_30('a')\nx = [a_30]",
     "(a_30 in Town_30.all, Town_30.reg['a'] is a_30)"),
    ('class that holds a frozenset of its objects', TRUSTED,
     'class T_31:\n\n    def __init__(self, n):\n        self.n = n\n\n    def __hash__(self):\n'
     '        return hash(self.n)\n\n    def __eq__(self, other):\n        return self.n == other.n\n'
     'T_31.ALL = frozenset([T_31(1), T_31(2)])\nx = T_31(3)',
     '(T_31(1) in T_31.ALL, len(T_31.ALL))'),
    ('members of an `enum.Enum` as keys of a dict in it', TRUSTED,
     'import enum\n\nclass C_32(enum.Enum):\n    R = 1\n    G = 2\n'
     "C_32.next = {C_32.R: C_32.G, C_32.G: C_32.R}\n\nclass Suit_32(enum.Enum):\n    H = 'h'\n\n"
     '    def __hash__(self):\n        return hash(self.value)\n\n    def __eq__(self, other):\n'
     "        return self.value == getattr(other, 'value', other)\nx = {Suit_32.H: 1, C_32.R: 2}",
     "(C_32.next[C_32.R] is C_32.G, x[Suit_32.H], x['h'])"),
    ("hash of the other one's attribute", TRUSTED,
     'class P_33:\n\n    def __init__(self, n):\n        self.n = n\n        self.mate = None\n'
     '        self.seen = set()\n\n    def __hash__(self):\n'
     '        return hash((self.n, self.mate.n if self.mate else None))\n\n'
     '    def __eq__(self, other):\n        return self is other\na_33 = P_33(1)\nb_33 = P_33(2)\n'
     'a_33.mate = b_33\nb_33.mate = a_33\na_33.seen.add(b_33)\nb_33.seen.add(a_33)\na_33.seen.add(a_33)\n'
     'x = [a_33, b_33]',
     '(a_33 in b_33.seen, b_33 in a_33.seen, a_33 in a_33.seen)'),
    ('hash of a set', TRUSTED,
     'class N_34:\n\n    def __init__(self, n, tags):\n        self.n = n\n        self.tags = set(tags)\n'
     '        self.peers = set()\n\n    def __hash__(self):\n'
     '        return hash((self.n, frozenset(self.tags)))\n\n    def __eq__(self, other):\n'
     "        return self.n == other.n and self.tags == other.tags\na_34 = N_34(1, 'xy')\n"
     "b_34 = N_34(2, 'z')\na_34.peers |= {a_34, b_34}\nb_34.peers |= {a_34}\n"
     'w_34 = {a_34: {b_34}, b_34: {a_34}}\nx = [a_34, b_34, w_34]',
     '(a_34 in a_34.peers, b_34 in a_34.peers, a_34 in b_34.peers, w_34[a_34] == {b_34})'),
    ('with `__setstate__`', TRUSTED,
     'class T_35:\n\n    def __init__(self, n):\n        self.n = n\n        self.near = set()\n\n'
     '    def __getstate__(self):\n        return (self.n, self.near)\n\n'
     '    def __setstate__(self, st):\n        self.n, self.near = st\n\n    def __hash__(self):\n'
     '        return hash(self.n)\n\n    def __eq__(self, other):\n        return self.n == other.n\n'
     'a_35 = T_35(1)\nb_35 = T_35(2)\na_35.near.add(b_35)\nb_35.near.add(a_35)\nx = [a_35, b_35]',
     '(a_35 in b_35.near, b_35 in a_35.near)'),
    ('with a world that has lists and dicts of them', TRUSTED,
     'class T_36:\n\n    def __init__(self, n, w_36):\n        self.n = n\n        self.near = set()\n'
     '        self.w = w_36\n        w_36.towns.append(self)\n\n    def __hash__(self):\n'
     '        return hash(self.n)\n\n    def __eq__(self, other):\n        return self.n == other.n\n\n'
     'class W_36:\n\n    def __init__(self):\n        self.towns = []\n        self.idx = {}\n'
     'w_36 = W_36()\na_36 = T_36(1, w_36)\nb_36 = T_36(2, w_36)\na_36.near.add(b_36)\n'
     'b_36.near.add(a_36)\nw_36.idx[a_36] = [b_36]\ncore_36 = {a_36}\nx = [a_36, b_36, w_36]',
     '(a_36 in b_36.near, w_36.idx[a_36][0] is b_36, a_36 in core_36, w_36.towns[0].w is w_36)'),
    ('frozensets in tuples and dicts', TRUSTED,
     'class T_37:\n\n    def __init__(self, n):\n        self.n = n\n\n    def __hash__(self):\n'
     '        return hash(self.n)\n\n    def __eq__(self, other):\n        return self.n == other.n\n'
     'a_37 = T_37(1)\nb_37 = T_37(2)\na_37.t = (frozenset([b_37]),)\n'
     "b_37.t = {'k': frozenset([a_37, b_37])}\nx = [a_37, b_37]",
     "(b_37 in a_37.t[0], a_37 in b_37.t['k'], b_37 in b_37.t['k'])"),
    ('with a `UserDict`', TRUSTED,
     'from collections import UserDict\n\nclass T_38:\n\n    def __init__(self, n):\n        self.n = n\n'
     '        self.d = UserDict()\n\n    def __hash__(self):\n        return hash(self.n)\n\n'
     '    def __eq__(self, other):\n        return self.n == other.n\na_38 = T_38(1)\nb_38 = T_38(2)\n'
     'a_38.d[b_38] = 1\nb_38.d[a_38] = 2\nx = [a_38, b_38]',
     '(a_38.d[b_38], b_38.d[a_38])'),
)  # fmt: skip

REMADE = group(
    'Classes whose objects pickle alone does not restore',
    ('`class Pair(NamedTuple, Generic[T])`', TRUSTED,
     "from typing import NamedTuple, Generic, TypeVar\nT_39 = TypeVar('T')\n\n"
     'class Pair_39(NamedTuple, Generic[T_39]):\n    a: T_39\n    b: T_39 = 3\n\n    def s(self):\n'
     '        return (self.a, self.b)\nx = Pair_39(1)\nP_39 = Pair_39[int]',
     '(x.s(), x, P_39(4), str(Pair_39.__orig_bases__), str(Pair_39.__annotations__), str(P_39))'),
    ('subclass of a generic `NamedTuple`', TRUSTED,
     "from typing import Generic, TypeVar, NamedTuple\nT_40 = TypeVar('T')\nU_40 = TypeVar('U')\n\n"
     'class P2_40(NamedTuple, Generic[T_40, U_40]):\n    """doc"""\n    a: T_40\n    b: U_40 = None\n\n'
     '    def swap(self):\n        return P2_40(self.b, self.a)\n\nclass Q_40(P2_40[int, str]):\n'
     "    pass\nx = P2_40(1, 'a')\nq_40 = Q_40(1, 'b')\nd_40 = {x: 1}\nal_40 = P2_40[int, T_40]",
     '(tuple(x.swap()), tuple(q_40.swap()), d_40[x], str(P2_40.__parameters__), P2_40.__doc__, str(al_40), str(Q_40.__orig_bases__), P2_40._field_defaults, tuple(x._replace(a=2)))'),
    ('subclass of `float` with a unit', TRUSTED,
     'class Temp_41(float):\n\n    def __new__(cls, v, unit):\n        other = super().__new__(cls, v)\n'
     "        other.unit = unit\n        return other\nx = Temp_41(3.5, 'C')\ny_41 = {x: 1}",
     '(x + 1, x.unit, y_41[3.5], type(x) is Temp_41)'),
    ('subclass of `str`, with keywords and a hash of its own', TRUSTED,
     'class Code_42(str):\n\n    def __new__(cls, v, *, kind):\n'
     '        other = super().__new__(cls, v.upper())\n        other.kind = kind\n        return other\n'
     '\n    def __hash__(self):\n        return hash(self.lower())\n\n    def __eq__(self, other):\n'
     "        return self.lower() == other.lower()\nx = Code_42('ab', kind='k')\nd_42 = {x: 1}",
     "(str(x), x.kind, d_42[Code_42('AB', kind=1)])"),
    ('subclass of `tuple` with two arguments', TRUSTED,
     'class V_43(tuple):\n\n    def __new__(cls, a, b):\n        return super().__new__(cls, (a, b))\n\n'
     '    @property\n    def a(self):\n        return self[0]\nx = V_43(1, 2)',
     '(x, x.a, type(x) is V_43)'),
    ('subclass of `defaultdict` with attributes', TRUSTED,
     'from collections import defaultdict\n\nclass Graph_44(defaultdict):\n\n    def __init__(self):\n'
     "        super().__init__(set)\n        self.label = 'g'\n\n    def link(self, a, b):\n"
     '        self[a].add(b)\n        self[b].add(a)\nx = Graph_44()\nx.link(1, 2)',
     '(dict(x), x.label, x[9], type(x) is Graph_44)'),
    ('subclass of `Counter` with attributes', TRUSTED,
     "from collections import Counter\n\nclass Words_45(Counter):\n\n    def __init__(self, text=''):\n"
     "        super().__init__(text.split())\n        self.text = text\nx = Words_45('a b a')",
     "(x, x.text, x['a'], x.most_common(1))"),
    ('subclass of `OrderedDict` with a limit', TRUSTED,
     'from collections import OrderedDict\n\nclass LRU_46(OrderedDict):\n\n    def __init__(self, cap):\n'
     '        super().__init__()\n        self.cap = cap\n\n    def __setitem__(self, k, v):\n'
     '        super().__setitem__(k, v)\n        if len(self) > self.cap:\n'
     "            self.popitem(False)\nx = LRU_46(2)\nx['a'] = 1\nx['b'] = 2\nx['c'] = 3",
     '(list(x.items()), x.cap)'),
    ('subclass of `dict` that checks its values', TRUSTED,
     'class Typed_47(dict):\n\n    def __init__(self, t):\n        self.t = t\n\n'
     '    def __setitem__(self, k, v):\n        if not isinstance(v, self.t):\n'
     "            raise TypeError(v)\n        super().__setitem__(k, v)\nx = Typed_47(int)\nx['a'] = 1",
     '(dict(x), x.t)'),
    ('subclass of `list` that checks its items', TRUSTED,
     'class Typed_48(list):\n\n    def __init__(self, t):\n        self.t = t\n\n    def append(self, v):\n'
     '        if not isinstance(v, self.t):\n            raise TypeError(v)\n        super().append(v)\n'
     '\n    def extend(self, vs):\n        for v in vs:\n            self.append(v)\nx = Typed_48(int)\n'
     'x.append(1)\nx.append(2)',
     '(list(x), x.t)'),
    ('subclass of `set` with an `__init__`', TRUSTED,
     'class Lower_49(set):\n\n    def __init__(self, items=()):\n'
     '        super().__init__((i.lower() for i in items))\n        self.n = len(self)\n\n'
     "    def add(self, i):\n        super().add(i.lower())\nx = Lower_49(['A'])\nx.add('B')",
     '(sorted(x), x.n, type(x) is Lower_49)'),
    ('subclass of `frozenset` with attributes', TRUSTED,
     'class FS_50(frozenset):\n\n    def __new__(cls, *a):\n        return super().__new__(cls, a)\n'
     "x = FS_50(1, 2)\nx.note = 'n'",
     '(sorted(x), x.note)'),
    ('subclass of `deque` with a length', TRUSTED,
     'from collections import deque\n\nclass Hist_51(deque):\n\n    def __init__(self, n):\n'
     '        super().__init__(maxlen=n)\n        self.n = n\nx = Hist_51(2)\nx.append(1)\nx.append(2)\n'
     'x.append(3)',
     '(list(x), x.maxlen, x.n)'),
    ('subclasses of `date` and `datetime` with attributes', TRUSTED,
     'import datetime as dt\n\nclass D_52(dt.date):\n\n    def __new__(cls, y_52, label):\n'
     '        other = super().__new__(cls, y_52, 1, 1)\n        other.label = label\n'
     "        return other\n\nclass DT_52(dt.datetime):\n    pass\nx = D_52(2020, 'l')\n"
     'y_52 = DT_52(2020, 1, 2, 3)\ny_52.z = 1',
     '(x, x.label, y_52, y_52.z, x.isoformat(), type(x) is D_52)'),
    ('subclasses of `Decimal` and `Fraction`', TRUSTED,
     'from decimal import Decimal\nfrom fractions import Fraction\n\nclass Money_53(Decimal):\n\n'
     "    def __new__(cls, v, cur='EUR'):\n        other = super().__new__(cls, v)\n"
     '        other.cur = cur\n        return other\n\nclass Fr_53(Fraction):\n    pass\n'
     "x = Money_53('1.50', 'USD')\nf_53 = Fr_53(1, 3)",
     '(x, x.cur, f_53, type(f_53) is Fr_53)'),
    ('subclass of `np.ndarray` with attributes', TRUSTED,
     'import numpy as np\n\nclass Info_54(np.ndarray):\n\n    def __new__(cls, a, info=None):\n'
     '        other = np.asarray(a).view(cls)\n        other.info = info\n        return other\n\n'
     "    def __array_finalize__(self, other):\n        self.info = getattr(other, 'info', None)\n"
     "x = Info_54([1, 2], 'hello')",
     '(x.sum(), x.info, type(x) is Info_54)'),
    ('`__slots__`, and `__setattr__` that refuses', TRUSTED,
     "class Im_55:\n    __slots__ = ('a', 'b')\n\n    def __init__(self, a, b):\n"
     "        object.__setattr__(self, 'a', a)\n        object.__setattr__(self, 'b', b)\n\n"
     "    def __setattr__(self, k, v):\n        raise AttributeError('immutable')\n\n"
     '    def __hash__(self):\n        return hash((self.a, self.b))\n\n    def __eq__(self, other):\n'
     '        return (self.a, self.b) == (other.a, other.b)\nx = Im_55(1, 2)\ny_55 = {x, Im_55(3, 4)}',
     '(x.a, x.b, Im_55(3, 4) in y_55)'),
    ('`__getattr__` and `__setattr__` on a dict of its own', TRUSTED,
     "class Im_56:\n\n    def __init__(self, a):\n        self.__dict__['a'] = a\n\n"
     "    def __setattr__(self, k, v):\n        raise AttributeError('immutable')\n\n"
     "    def __getattr__(self, k):\n        return self.__dict__['extra'][k]\nx = Im_56(1)",
     'x.a'),
    ('records with `__getattr__` and `__setattr__`', TRUSTED,
     "class A_57:\n\n    def __getattr__(self, n):\n        if n.startswith('__'):\n"
     '            raise AttributeError(n)\n        return self.data[n]\n\n    def __init__(self):\n'
     "        self.data = {'q': 1}\nx = A_57()\n\nclass Rec_57:\n\n    def __init__(self, **k):\n"
     "        self.__dict__['_d'] = k\n\n    def __getattr__(self, k):\n        return self._d[k]\n\n"
     '    def __setattr__(self, k, v):\n        self._d[k] = v\nr_57 = Rec_57(a=1)\nr_57.b = 2',
     '(x.q, r_57.a, r_57.b)'),
    ('abstract base class with `__new__`', TRUSTED,
     'from abc import ABC, abstractmethod\n\nclass Shape_58(ABC):\n\n    def __new__(cls, *a):\n'
     '        return super().__new__(cls)\n\n    @abstractmethod\n    def area(self):\n        ...\n\n'
     'class Sq_58(Shape_58):\n\n    def __init__(self, a):\n        self.a = a\n\n    def area(self):\n'
     '        return self.a ** 2\nx = Sq_58(2)',
     '(x.area(), Shape_58.__abstractmethods__, isinstance(x, Shape_58))'),
)  # fmt: skip

GROUPS = (RUNS, CYCLES, REMADE)
