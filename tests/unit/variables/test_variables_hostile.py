"""Graphs written by a stranger: refused or decoded, and no code is run."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestate.errors import DamagedBundleError
from litestate.variables import capture
from litestate.variables.group import Group
from litestate.variables.restore import Restored, restore
from namespaces import Notebook, again, copied, graph, parts

SECONDS = 20 if sys.platform == "emscripten" else 5
"""Timings that no hostile graph may exceed."""


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < SECONDS * 3


def load(*groups: Group, trusted: bool = False) -> Restored:
    return restore(groups, {}, trusted=trusted)


def refused(names: dict[str, Any], nodes: list[Any], *buffers: bytes) -> str:
    with pytest.raises(DamagedBundleError, match=r"variables/v-x/graph\.json") as caught:
        load(graph(names, nodes, *buffers))
    return str(caught.value)


NODES: list[Any] = [
    ["list", [[1]]], ["list", 5], ["list", {"a": 1}], ["list", [[-1]]], ["list", [[True]]],
    ["list", [[]]], ["list", [{"a": 1}]], ["list", [["list", []]]], ["list", [["x", 1]]],
    ["list", [[0, 0]]], ["list", [[0.0]]], ["tuple", [[0]]], ["tuple", None],
    ["frozenset", [[0]]], ["frozenset", "ab"], ["dict", [1]], ["dict", [["range", [0, 1, 2]]]],
    ["dict", [[0], 1]], ["set", [[0]]], ["deque", [-1, []]], ["deque", ["x", []]],
    ["deque", [1 << 70, []]], ["deque", [1]], ["defaultdict", ["eval", []]],
    ["defaultdict", [["list"], []]], ["defaultdict", [{}, []]], ["SimpleNamespace", [1, 2]],
    ["SimpleNamespace", ["a"]], ["slice", [1]], ["slice", 1], ["OrderedDict", 1],
    ["Counter", "abc"], ["bytes", 1], ["bytes", -1], ["bytes", "?"], ["bytes", None],
    ["bytes", True], ["bytearray", 7], ["bytearray", "x"], ["array", ["u", 4, "little", 0]],
    ["array", ["d", 3, "little", 0]], ["array", [[], 8, "little", 0]],
    ["array", ["d", 8, "middle", 0]], ["array", ["d", 8, "little", "text"]],
    ["array", ["q", 8, "little", 0]], ["array", ["x", 1, "little", 0]], ["json", 1],
    ["json", {"value": 5, "int_keys": []}], ["json", {"value": []}],
    ["json", {"value": {"a": 1}, "int_keys": [0]}], ["json", {"value": [], "int_keys": [-1]}],
    ["json", {"value": [], "int_keys": [10**9]}], ["json", {"value": [], "int_keys": ["0"]}],
    ["alias", [0]], ["alias", ["in", [0, []]]], ["pickle", [0, 0]], ["pickle", 0],
    ["pickle", [-1, 0]], ["nothing", 1], ["numpy.nothing", 1],
    ["numpy.ndarray", {}], ["pandas.DataFrame", {}], ["sqlite3.Connection", {}],
]  # fmt: skip


@pytest.mark.parametrize("node", NODES, ids=json.dumps)
def test_nodes_that_make_no_sense(node: Any) -> None:
    if node[0] in ("pandas.DataFrame", "sqlite3.Connection"):
        pytest.importorskip("pandas")
    refused({"x": [0]}, [node], b"abc")


VALUES: list[Any] = [
    [], [0], [1.0], [None], ["x"], ["tuple", []], ["list", []], ["in", [0, []]], ["in", 0],
    {"a": 1}, ["int", 5], ["int", "5"], ["int", "0x"], ["int", "0xfg"], ["float", "1"],
    ["float", 1], ["complex", [1, 2]], ["complex", ["x", 1.0]], ["range", [1, 2, 0]],
    ["range", ["a", 1, 1]], ["range", 1], ["Decimal", "x"], ["Decimal", 1], ["Fraction", [1, 0]],
    ["Fraction", [1, -1]], ["Fraction", [0.5, 1]], ["UUID", "x"], ["UUID", 5], ["Path", "x"],
    ["Path", ["Path", 1]], ["datetime", "2020"], ["datetime", ["x", 0, None]],
    ["datetime", ["2020-01-01", 0, 5]], ["datetime", ["2020-01-01T00:00", 0, ["range", [0, 1, 1]]]],
    ["date", "2020-13-01"], ["time", [1, 2, 3]], ["timedelta", [10**12, 0, 0]],
    ["timedelta", [0]], ["timezone", [5]], ["timezone", []], ["timezone", "x"],
    ["timezone", [["timedelta", [5, 0, 0]]]], ["ZoneInfo", "../etc/passwd"], ["ZoneInfo", "/x"],
    ["ZoneInfo", 5], ["ZoneInfo", "a\0b"], ["module", 5], ["module", "a b"], ["module", ""],
    ["module", ".os"], ["global", ["os"]], ["global", 5], ["global", ["a-b", "x"]],
    ["numpy.dtype", "x"], ["unknown", 0],
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=json.dumps)
def test_values_that_make_no_sense(value: Any) -> None:
    refused({"x": value}, [])


@pytest.mark.parametrize(
    "document",
    [
        b"", b"\xff", b"[]", b"{}", b"null", b'{"names":[],"nodes":[],"pickles":[]}',
        b'{"names":{},"nodes":[1],"pickles":[]}', b'{"names":{},"nodes":[["a"]],"pickles":[]}',
        b'{"names":{},"nodes":[],"pickles":[5]}', b'{"names":{"x":NaN},"nodes":[],"pickles":[]}',
        b'{"names":{"x":' + b"9" * 5000 + b'},"nodes":[],"pickles":[]}', b"[" * 100_000,
        b'{"names":{"x":' + b"[" * 5000 + b"]" * 5000 + b'},"nodes":[],"pickles":[]}',
        b'{"names":{"y":1},"nodes":[],"pickles":[]}', b'{"names":{},"nodes":[],"pickles":[]}',
        b'{"names":{"x":1,"y":2},"nodes":[],"pickles":[]}',
    ],
)  # fmt: skip
def test_documents_that_are_no_graphs(document: bytes) -> None:
    with pytest.raises(DamagedBundleError):
        load(Group("v-x", ("x",), document))


def test_aliases_in_a_circle() -> None:
    refused({"x": [0]}, [["alias", [1]], ["alias", [0]]])
    refused({"x": [0]}, [["alias", ["in", [1, []]]], ["alias", [0]]])


def test_paths_that_lead_nowhere() -> None:
    node = ["json", {"value": {"a": [1, {"b": 2}]}, "int_keys": []}]
    found = load(graph({"x": [0], "y": ["in", [0, ["a", 1]]]}, [node]))
    assert found.values["y"] is found.values["x"]["a"][1]
    for path in (["b"], ["a", 2], ["a", "1"], ["a", 0, 0], ["a", True], [["a"]], [{}], "a", None,
                 ["a", 10**30], [0], ["a"] * 10_000):  # fmt: skip
        refused({"x": [0], "y": ["in", [0, path]]}, [node])
    refused({"y": ["in", [0, []]]}, [["list", []]])
    refused({"y": ["in", [9, []]]}, [node])


def test_tuples_that_double() -> None:
    nodes: list[Any] = [["tuple", [1]]]
    for number in range(200):
        nodes.append(["tuple", [[number], [number]]])
    refused({"x": [200]}, nodes)
    nodes = nodes[:30]
    refused({"x": [30]}, [*nodes, ["dict", [[29], 1]]])


def test_keys_that_take_long_to_hash() -> None:
    nodes: list[Any] = [["tuple", list(range(100_000))]]
    nodes += [["tuple", [[0], number]] for number in range(5000)]
    nodes.append(["dict", [each for number in range(5000) for each in ([number + 1], 0)]])
    assert "too much" in refused({"x": [5001]}, nodes)


def test_keys_of_one_hash() -> None:
    modulus = sys.hash_info.modulus
    same = [["int", hex(number * modulus)] for number in range(100_000)]
    refused({"x": [0]}, [["set", same]])
    refused({"x": [0]}, [["frozenset", same]])
    refused({"x": [0]}, [["dict", [each for key in same for each in (key, 0)]]])
    value = {str(number * modulus): 0 for number in range(100_000)}
    refused({"x": [0]}, [["json", {"value": value, "int_keys": [0]}]])


def test_deep_tuples() -> None:
    nodes: list[Any] = [["tuple", []]] + [["tuple", [[number]]] for number in range(20_000)]
    assert "nested" in refused({"x": [20_000]}, nodes)
    refused({f"x{number:05}": [number] for number in range(20_001)}, nodes)


def test_numbers_that_would_need_much_memory_or_time() -> None:
    big = ["int", "0x" + "f" * 500_000]
    found = load(
        graph(
            {
                "r": ["range", [0, big, 1]],
                "f": ["Fraction", [big, big]],
                "d": ["Decimal", "1e999999999"],
                "q": [0],
                "k": [1],
            },
            [["deque", [2**61, [1]]], ["dict", [["Decimal", "1e999999999"], 1]]],
        )
    )
    assert [skipped.path for skipped in found.waiting] == ["f"]
    assert len(found.values["q"]) == 1


def test_a_buffer_is_copied_once() -> None:
    nodes = [["bytearray", 0] for _ in range(100_000)]
    refused({"x": [0], "y": [1]}, [["bytearray", 0], ["bytes", 0]], b"x" * 100)
    refused({"x": [100_000]}, [*nodes, ["list", [[n] for n in range(100_000)]]], b"x" * 100_000)


RUNS: list[tuple[Any, list[Any]]] = [
    (["module", "evil"], []),
    (["module", "antigravity"], []),
    (["module", "unittest.__main__"], []),
    (["module", "json.__main__"], []),
    (["module", "package.sub"], []),
    (["module", "space.evil"], []),
    (["global", ["evil", "x"]], []),
    (["global", ["os", "system"]], []),
    (["global", ["builtins", "x"]], []),
    ([0], [["list", [["global", ["evil", "x"]]]]]),
    ([0], [["Pattern", ["(a+)+$", 0]]]),
    ([0], [["pickle", [0, 0]]]),
]


@pytest.mark.parametrize("case", RUNS, ids=json.dumps)
def test_nothing_is_run_without_trust(
    case: tuple[Any, list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of the same bundle may be on the search path of modules."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("evil.py", "package/__init__.py", "package/sub.py", "space/evil.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    before = set(sys.modules)
    value, nodes = case
    pickles = [b"cos\nsystem\n(S'touch ran'\ntR."] if nodes and nodes[0][0] == "pickle" else []
    found = load(graph({"x": value}, nodes, pickles=pickles))
    assert [skipped.path for skipped in (*found.waiting, *found.failed)] == ["x"]
    assert not (tmp_path / "ran").exists()
    assert not {"evil", "package", "space", "antigravity"} & (set(sys.modules) - before)


@pytest.mark.parametrize("name", ["pandas", "tzdata"])
def test_imports_of_codecs_do_not_come_from_the_bundle(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from litestate.variables.codecs import registry

    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / name).mkdir()
    for package in (name, f"{name}/zoneinfo", f"{name}/zoneinfo/Evil"):
        (tmp_path / package).mkdir(exist_ok=True)
        (tmp_path / package / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    for module in [each for each in sys.modules if each.partition(".")[0] == name]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setattr(registry, "_LOADED", set())
    value = ["ZoneInfo", "Evil/Place"] if name == "tzdata" else ["pandas.NaT", None]
    if name == "pandas":
        for tag in [tag for tag in registry._BY_TAG if tag.startswith("pandas")]:
            monkeypatch.delitem(registry._BY_TAG, tag)
    found = load(graph({"x": value}, []))
    assert [skipped.path for skipped in found.failed] == ["x"] * (name == "tzdata")
    assert not (tmp_path / "ran").exists()


def test_imports_by_their_own_names_need_no_trust() -> None:
    found = load(graph({"sqrt": ["global", ["math", "sqrt"]], "math": ["module", "math"]}, []))
    assert found.values["sqrt"](4) == 2
    assert found.values["math"] is sys.modules["math"]
    found = load(graph({"open": ["global", ["os", "open"]]}, []))
    assert found.waiting
    found = load(graph({"none": ["global", ["math", "none"]]}, []))
    assert "has no none here" in found.failed[0].reason
    found = load(graph({"no_such_module": ["module", "no_such_module"]}, []))
    assert "is not installed here" in found.failed[0].reason


def test_errors_in_hashes_and_equality_of_users() -> None:
    notebook = Notebook(
        "class K:\n    def __init__(s, n): s.n = n\n    def __hash__(s): return s.n\n"
        "    def __eq__(s, o): raise KeyError('no')\n"
        "d = {K(1): 1}; l = [d]; s = {K(2)}; x = [1]"
    )
    taken = notebook.take()
    assert not taken.skipped
    bad = Notebook("class K:\n    def __init__(s, n): s.n = n\nd = {K(1): 1}; x = [d]; y = [1]")
    taken = bad.take()
    groups = copied(taken.groups)
    found, restored = again(taken)
    assert not restored.failed
    assert found["x"][0] is found["d"]
    groups = [
        Group(g.key, g.names, g.document, g.buffers, [b"garbage"] * len(g.pickles), g.about)
        for g in groups
    ]
    restored = load(*groups, trusted=True)
    assert {skipped.path for skipped in restored.failed} == {"K", "d", "x"}
    assert restored.values == {"y": [1]}


@pytest.fixture
def not_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save objects that a load cannot rebuild, as versions without trial restores did."""
    monkeypatch.setattr(capture, "load_failures", lambda *_: {})


@pytest.mark.usefixtures("not_read_back")
def test_a_holder_of_a_failed_object_fails_with_its_reason() -> None:
    notebook = Notebook(
        "import pathlib\nclass C: pass\n"
        "class Bad:\n    def __setstate__(s, _): pathlib.Path('not here').read_text()\n"
        "b = Bad(); b.x = 1; l = [[b]]; t = (1, l); m = {'t': t}; c = C(); c.l = l; fine = [[1]]\n"
        "l.append(c); n = C(); n.c = c; fine.append(fine[0])"
    )
    taken = notebook.take()
    assert not taken.skipped
    found, restored = again(taken)
    assert {skipped.path for skipped in restored.failed} == {"b", "l", "t", "m", "c", "n"}
    assert all("'not here'" in skipped.reason for skipped in restored.failed), restored
    assert found["fine"][0] is found["fine"][1]


@pytest.mark.usefixtures("not_read_back")
def test_ctrl_c_while_something_is_made_stops_everything() -> None:
    notebook = Notebook(
        "class C:\n    def __setstate__(s, _): raise KeyboardInterrupt\nc = C(); c.x = 1"
    )
    taken = notebook.take()
    with pytest.raises(KeyboardInterrupt):
        again(taken)


CODE = (
    "import numpy as np, datetime, zoneinfo, decimal, collections, re, math\n"
    "class C: pass\nc = C(); a = np.arange(12.0); b = a[2:5]; c.a = a; l = [c, b, (1, b'x')]\n"
    "rows = [{'n': n} for n in range(150)]; row = rows[7]; ints = {n: [n] for n in range(150)}\n"
    "d = {(1, 2): {3}, 'f': frozenset('ab'), 'when': datetime.datetime.now(datetime.UTC)}\n"
    "q = collections.deque([1], 5); o = collections.OrderedDict(a=1)\n"
    "z = zoneinfo.ZoneInfo('UTC'); long = [bytes(2000)]\n"
    "dd = collections.defaultdict(list, x=[1]); ba = bytearray(b'abc'); sl = slice(1, 2)\n"
    "objects = np.array([None, [1], 'x'], dtype=object); sqrt = math.sqrt; big = 1 << 80\n"
    "t = (l, d, q, o, dd)"
)


ODD: list[Any] = [
    None, True, 0, 1, -1, 2**31, 2**63, 10**30, 0.5, "", "x", [], [0], [1], [[]], {}, {"a": 1},
    ["bytes", ""], ["float", "nan"], ["int", "0xffffffffffffffffffff"], ["in", [0, []]],
    ["module", "os"], ["tuple", []], ["ZoneInfo", "Europe/Berlin"], "list", "dict", "set", "tuple",
    "json", "alias", "pickle", "deque", "frozenset", "numpy.ndarray", "bytearray",
]  # fmt: skip


def _change_anything(tree: Any, dice: random.Random) -> None:
    spots: list[tuple[Any, Any]] = []
    todo = [tree]
    while todo:
        item = todo.pop()
        for key in item if isinstance(item, dict) else range(len(item)):
            spots.append((item, key))
            if isinstance(item[key], list | dict):
                todo.append(item[key])
    item, key = dice.choice(spots)
    what = dice.randrange(5)
    if what == 0:
        del item[key]
    elif what == 1:
        other, place = dice.choice(spots)
        # A copy: otherwise the graph would contain itself.
        item[key] = json.loads(json.dumps(other[place]))
    else:
        item[key] = json.loads(json.dumps(dice.choice(ODD)))


@pytest.mark.parametrize("start", range(0, 1500, 300))
def test_any_change_is_refused_or_understood(start: int) -> None:
    groups = Notebook(CODE).take().groups
    refusals = 0
    assert len(groups) > 5
    for seed in range(start, start + 300):
        group = groups[seed % len(groups)]
        dice = random.Random(seed)
        document = json.loads(group.document)
        buffers = [bytes(memoryview(data).cast("B")) for data in group.buffers]
        for _ in range(dice.choice((1, 1, 2, 4))):
            found = [document[each] for each in ("names", "nodes", "nodes") if document[each]]
            if found:
                _change_anything(dice.choice(found), dice)
        if buffers and dice.random() < 0.2:
            buffers[0] = buffers[0][: dice.randrange(len(buffers[0]) + 1)]
        changed = Group(
            group.key,
            group.names,
            json.dumps(document).encode(),
            [bytearray(data) for data in buffers],
            group.pickles,
        )
        begin = time.monotonic()
        try:
            found = load(changed)
        except DamagedBundleError:
            refusals += 1
        else:
            assert set(found.values) <= set(group.names)
        assert time.monotonic() - begin < SECONDS
    assert 0 < refusals < 300


def test_the_same_notebook_gives_the_same_graph() -> None:
    """Equal bytes show that the changes above are made to real graphs."""
    code = CODE.replace("datetime.datetime.now(datetime.UTC)", "1")
    assert parts(Notebook(code).take()) == parts(Notebook(code).take())
