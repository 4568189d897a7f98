"""Objects shared by names: shared again after a restore, or the report of the save names them."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from litestate.variables.restore import restore
from namespaces import Notebook, again, copied
from test_variables_hostile import load, refused

NUMPY = "import array, io\nimport numpy as np\n"
PANDAS = "import pandas as pd\n"

SHARED = {
    "keys": ("d = {'a': 1}; v = d.keys()", "d['z'] = 5", "list(v)"),
    "values": ("d = {'a': 1}; v = d.values()", "d['z'] = 5", "list(v)"),
    "items": ("d = {'a': 1}; v = d.items()", "d['z'] = 5", "list(v)"),
    "keys before": ("a = {'a': 1}; v = a; a = v.keys()", "v['z'] = 5", "list(a)"),
    "of an OrderedDict": (
        "from collections import OrderedDict\nd = OrderedDict(a=1); v = d.items()",
        "d['z'] = 5",
        "(list(v), type(v))",
    ),
    "of a Counter": (
        "from collections import Counter\nd = Counter('aab'); v = d.values()",
        "d['z'] = 5",
        "list(v)",
    ),
    "of a subclass": (
        "class D(dict):\n    def keys(self):\n        return 1/0\nd = D(a=1); v = dict.keys(d)",
        "d['z'] = 5",
        "list(v)",
    ),
    "of JSON": (
        "d = {'in': [{'a': 1}]}; v = d['in'][0].keys()",
        "d['in'][0]['z'] = 5",
        "list(v)",
    ),
    "inside of itself": ("d = {}; d['v'] = d.keys()", "d['z'] = 5", "list(d['v'])"),
    "in a list with it": ("L = [{}]; L.append(L[0].values())", "L[0]['z'] = 5", "list(L[1])"),
    "in a closure": (
        "d = {}\ndef f(v=d.keys()):\n    return len(v)",
        "d['z'] = 5",
        "f()",
    ),
    "of a class": ("class C:\n    a = 1\nv = vars(C).keys()", "C.z = 5", "'z' in v"),
    "of globals": ("v = globals().keys()", "zz = 5", "'zz' in v"),
    "bytearray": (NUMPY + "b = bytearray(8); v = np.frombuffer(b, 'u1')", "b[3] = 9", "v[3]"),
    "bytearray, written": (
        NUMPY + "b = bytearray(8); v = np.frombuffer(b, 'u1')",
        "v[3] = 9",
        "b[3]",
    ),
    "part of a bytearray": (
        NUMPY + "b = bytearray(80); v = np.frombuffer(b, 'f8', offset=8, count=3)",
        "v[1] = 1.5",
        "bytes(b)",
    ),
    "two of a bytearray": (
        NUMPY + "b = bytearray(16); v = np.frombuffer(b, 'u4'); w = np.frombuffer(b, 'u1')[::-2]",
        "v[1] = 2**32 - 1",
        "(w.tolist(), bytes(b))",
    ),
    "reversed": (
        NUMPY + "b = bytearray(range(16)); v = np.frombuffer(b, 'u1').reshape(4, 4).T[::-1, ::2]",
        "b[12] = 99",
        "v.tolist()",
    ),
    "memoryview of a bytearray": (
        NUMPY + "b = bytearray(8); m = memoryview(b); v = np.asarray(m[2:6])",
        "m[3] = 9",
        "(v[1], b[3])",
    ),
    "array.array": (
        NUMPY + "b = array.array('d', [1, 2]); v = np.frombuffer(b)",
        "b[0] = 9",
        "v.tolist()",
    ),
    "asarray of array.array": (
        NUMPY + "b = array.array('i', [1, 2]); v = np.asarray(b)",
        "v[0] = 9",
        "b.tolist()",
    ),
    "times on array.array": (
        NUMPY + "b = array.array('q', [1, 2]); v = np.frombuffer(b, 'M8[s]')",
        "b[0] = 9",
        "str(v[0])",
    ),
    "booleans": (NUMPY + "b = bytearray(3); v = np.frombuffer(b, '?')", "b[0] = 1", "v.tolist()"),
    "read-only": (
        NUMPY + "b = bytearray(3); v = np.frombuffer(memoryview(b).toreadonly(), 'u1')",
        "b[0] = 1",
        "(v.tolist(), v.flags.writeable)",
    ),
    "masked": (
        NUMPY + "b = bytearray(3); v = np.ma.array(np.frombuffer(b, 'u1'), mask=[0, 1, 0])",
        "b[0] = 1",
        "v.tolist()",
    ),
    "matrix": (
        NUMPY + "b = bytearray(4); v = np.frombuffer(b, 'u1').reshape(2, 2).view(np.matrix)",
        "b[0] = 1",
        "v.tolist()",
    ),
    "in an object": (
        NUMPY
        + "class H:\n    pass\nb = bytearray(4); h = H(); h.v = np.frombuffer(b, 'u1'); h.b = b",
        "b[0] = 1",
        "(h.v.tolist(), h.b is b)",
    ),
    "in a list": (
        NUMPY + "L = [bytearray(4)]; v = np.frombuffer(L[0], 'u1')",
        "L[0][0] = 1",
        "v.tolist()",
    ),
    "only the array": (
        NUMPY + "v = np.frombuffer(bytearray(b'abcd'), 'u1')",
        "v[0] = 1",
        "(v.tolist(), bytes(v.base))",
    ),
    "series": (PANDAS + "s = pd.Series([1.0, 2.0]); v = s.values", "s[0] = 9", "v.tolist()"),
    "frame": (
        PANDAS + "s = pd.DataFrame({'a': [1, 2], 'b': [3, 4]}); v = s.to_numpy()",
        "s.iloc[0, 1] = 9",
        "v.tolist()",
    ),
    "series of times": (
        PANDAS + "s = pd.Series(pd.date_range('2026', periods=2)); v = s.values",
        "s[0] = pd.Timestamp('2020')",
        "str(v[0])",
    ),
    "series on an array": (
        NUMPY + PANDAS + "a = np.zeros(3); s = pd.Series(a, copy=False)",
        "a[0] = 9",
        "s.tolist()",
    ),
}


@pytest.mark.parametrize("name", SHARED)
def test_shared_memory_stays_shared(name: str) -> None:
    code, change, shown = SHARED[name]
    if "pandas" in code or "numpy" in code:
        pytest.importorskip("pandas" if "pandas" in code else "numpy")
    here = Notebook(code)
    taken = here.take()
    assert (taken.skipped, taken.notes) == ([], {})
    there, restored = again(taken)
    assert restored.failed == []
    # The loaded variables are stored in the same way.
    assert [group.document for group in there.take().groups] == [
        group.document for group in taken.groups
    ]
    for notebook in (here, there):
        notebook.run(change)
        notebook.run(f"shown = {shown}")
    assert there["shown"] == here["shown"]


def test_a_column_and_its_frame_are_copies_as_soon_as_one_is_changed() -> None:
    pytest.importorskip("pandas")
    taken = Notebook(PANDAS + "df = pd.DataFrame({'a': [1, 2], 'b': [3, 4]}); s = df['a']").take()
    assert taken.notes == {}
    there, _ = again(taken)
    there.run("df.iloc[0, 0] = 9")
    assert (there["s"].tolist(), there["df"].values.tolist()) == ([1, 2], [[9, 3], [2, 4]])


def test_an_array_without_items_holds_nothing() -> None:
    pytest.importorskip("numpy")
    there, _ = again(Notebook(NUMPY + "b = bytearray(); v = np.ndarray(0, 'u4', buffer=b)").take())
    there.run("b.append(1)")
    assert len(there["v"]) == 0


NAMED = {
    "part of an array of records": (
        NUMPY + "a = np.zeros(2, [('o', 'O'), ('i', 'i4')]); v = a['i']",
        "an array in it no longer shares its memory with another one",
    ),
    "class of arrays": (
        NUMPY + "class A(np.ndarray):\n    pass\na = np.zeros(3); v = a.view(A)",
        "an array in it no longer shares its memory with another one",
    ),
    "buffer of BytesIO": (
        NUMPY + "f = io.BytesIO(b'abcd'); v = np.frombuffer(f.getbuffer(), 'u1')",
        "it no longer shares its memory with the BytesIOBuffer that it is a view of",
    ),
    "class of bytearray": (
        NUMPY + "class B(bytearray):\n    pass\nb = B(4); v = np.frombuffer(b, 'u1')",
        "it no longer shares its memory with the B that it is a view of",
    ),
    "mmap": (
        NUMPY + "import mmap\nv = np.frombuffer(mmap.mmap(-1, 8), 'u1')",
        "it comes back in memory, no longer connected with its file",
    ),
    "array interface": (
        NUMPY + "class W:\n    pass\na = np.zeros(3); w = W()\n"
        "w.__array_interface__ = a.__array_interface__; v = np.asarray(w)",
        "it no longer shares its memory with the W that it is a view of",
    ),
    "column of a frame of two types": (
        PANDAS + "df = pd.DataFrame({'a': [1.0], 'b': [[1]]}); v = df['a'].values",
        "an array in it no longer shares its memory with another one",
    ),
    "array of a series": (
        PANDAS + "s = pd.Series([1, None], dtype='Int64'); v = s.array",
        "an array in it no longer shares its memory with another one",
    ),
    "objects of a series": (
        PANDAS + "s = pd.Series([[1], [2]], dtype=object); v = s.values",
        "an array in it no longer shares its memory with another one",
    ),
    "codes": (
        PANDAS + "c = pd.Categorical(list('aba')); v = c.codes",
        "an array in it no longer shares its memory with another one",
    ),
    "attributes of a namespace": (
        "import types\nn = types.SimpleNamespace(a=1); v = vars(n)",
        "the attributes of an object in it, also held as a dict (vars), become a separate dict",
    ),
    "keys of attributes": (
        "class C:\n    pass\nc = C(); v = vars(c).keys()",
        "the attributes of an object in it, also held as a dict (vars), become a separate dict",
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_lost_sharing_is_reported(name: str) -> None:
    code, note = NAMED[name]
    if "pandas" in code or "numpy" in code:
        pytest.importorskip("pandas" if "pandas" in code else "numpy")
    if "mmap" in code and sys.platform == "emscripten":
        pytest.skip("there are no mapped files in the kernel")
    taken = Notebook(code).take()
    assert note in taken.notes["v"]


@pytest.mark.parametrize(
    "code",
    [
        NUMPY + "class A(np.ndarray):\n    pass\na = np.zeros(3).view(A); b = np.zeros(3).view(A)",
        PANDAS + "df = pd.DataFrame({'a': [1.0], 'b': [[1]]}); s = df['a']; t = df.copy()",
        PANDAS + "i = pd.Index(list('ab')); v = i.values; w = i.values; j = pd.Series(1, i)",
        PANDAS + "s = pd.Series([1, None], dtype='Int64'); t = s.copy(); u = s[:1]",
        NUMPY + "a = np.array([1, 'x'], object); v = a[1:]; w = a",
        "import types\nn = types.SimpleNamespace(a=types.SimpleNamespace()); m = n.a",
    ],
)
def test_harmless_lost_sharing_is_not_reported(code: str) -> None:
    pytest.importorskip("pandas" if "pandas" in code else "numpy" if "numpy" in code else "types")
    assert Notebook(code).take().notes == {}


def test_names_of_a_module_are_not_copied() -> None:
    taken = Notebook("import errno\nv = vars(errno)\nk = v.keys()").take()
    assert {each.path: each.reason for each in taken.skipped} == {
        "v": "it holds the namespace of a module (vars)",
        "k": "it holds names of a module (vars)",
    }


@pytest.mark.skipif(sys.platform == "emscripten", reason="the kernel has only parts of ctypes")
def test_data_of_ctypes_on_other_memory_is_named() -> None:
    taken = Notebook("import ctypes\nb = bytearray(8); v = ctypes.c_int.from_buffer(b)").take()
    assert taken.notes["v"] == [
        "data of a C type in it no longer shares its memory with another object"
    ]
    assert Notebook("import ctypes\nv = ctypes.c_int(5)").take().notes == {}


def test_loaded_arrays_own_their_memory() -> None:
    pytest.importorskip("numpy")
    there, _ = again(Notebook(NUMPY + "a = np.arange(9); v = a[2:]").take())
    (group,) = [group for group in there.take("a", "v").groups if "a" in group.names]
    assert b'"owner"' not in group.document
    assert b'"buffer"' in group.document


ON = {"offset": 0, "shape": [2], "strides": [1]}
HOSTILE: dict[str, Any] = {
    "no bytes": ([], {**ON, "owner": 7}),
    "list": ([["list", []]], {**ON, "owner": [0]}),
    "bytes": ([["bytes", "YWJj"]], {**ON, "owner": [0]}),
    "itself": ([["bytearray", 0]], {**ON, "owner": [1]}),
    "nowhere": ([["bytearray", 0]], {**ON, "owner": [7]}),
    "far": ([["bytearray", 0]], {**ON, "owner": [0], "offset": 3}),
    "before": ([["bytearray", 0]], {**ON, "owner": [0], "strides": [-1]}),
    "negative": ([["bytearray", 0]], {**ON, "owner": [0], "offset": -1}),
    "long": ([["bytearray", 0]], {**ON, "owner": [0], "shape": [5]}),
    "shared is no object": ([], {**ON, "buffer": 0, "shared": 1}),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_memory_of_untrusted_bundles_is_checked(name: str) -> None:
    pytest.importorskip("pandas")
    nodes, memory = HOSTILE[name]
    stored = {"dtype": "|u1", "memory": memory}
    node: list[Any] = ["numpy.ndarray", stored]
    if name == "shared is no object":
        index = ["pandas.RangeIndex", [0, 2, 1, None]]
        nodes, node = [index], ["pandas.Series", _series(stored)]
    refused({"x": [len(nodes)]}, [*nodes, node], b"abcd")


def _series(stored: dict[str, Any]) -> dict[str, Any]:
    return {"index": [0], "name": None, "values": ["numpy", stored]}


def test_untrusted_bundles_share_no_codes_and_no_booleans() -> None:
    """Through another array they could get values that pandas does not expect."""
    pytest.importorskip("pandas")
    from namespaces import graph

    shared = {"buffer": 0, "offset": 0, "shape": [2], "strides": [1], "shared": True}
    for kind, column in (
        ("|b1", ["numpy", {"dtype": "|b1", "memory": shared}]),
        ("|i1", ["categories", {"dtype": "|i1", "memory": shared}, [1], False]),
    ):
        nodes = [
            ["pandas.RangeIndex", [0, 2, 1, None]],
            ["pandas.Index", {"values": ["objects", 2, ["a", "b"]], "name": None}],
            ["pandas.Series", {"index": [0], "name": None, "values": column}],
            ["numpy.ndarray", {"dtype": "|i1", "memory": {**shared}}],
        ]
        restored = load(graph({"s": [2], "v": [3]}, nodes, b"\0\1"))
        assert restored.failed == [], kind
        before = restored.values["s"].tolist()
        restored.values["v"][:] = 77
        assert restored.values["s"].tolist() == before


def test_an_owner_that_waits_for_trust_takes_the_array_with_it() -> None:
    pytest.importorskip("numpy")
    taken = Notebook(
        NUMPY + "class H:\n    pass\nb = bytearray(4); h = H(); h.b = b; v = np.frombuffer(b, 'u1')"
    ).take()
    restored = restore(copied(taken.groups), {}, trusted=False)
    assert {each.path for each in restored.waiting} == {"H", "h"}
    assert restored.values["v"].base is not None
    restored.values["b"][0] = 9
    assert restored.values["v"][0] == 9
