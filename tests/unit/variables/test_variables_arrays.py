"""NumPy arrays, scalars and generators, stored without pickle."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from litestate.errors import DamagedBundleError
from variable_graphs import Graph, decoded, one, opaque, round_trip, survives

np = pytest.importorskip("numpy")

_RECORD = np.dtype([("a", "<i4"), ("b", ">f8", (2, 3)), ("c", [("x", "S3"), ("y", "?")])])
_TITLED = np.dtype({"names": ["a", "b"], "formats": ["i2", "f8"], "titles": ["first", None]})
_HOLES = np.dtype(
    {"names": ["b", "a"], "formats": ["u1", "<U2"], "offsets": [9, 1], "itemsize": 20}
)
_ALIGNED = np.dtype([("a", "u1"), ("b", "f8")], align=True)
_DTYPES = [
    *("?", "i1", "u1", "<i2", ">i2", "<u4", ">u8", "q", "Q", "l", "L", "f2", "<f4", ">f8", "g"),
    *(
        "c8",
        ">c16",
        "G",
        "S5",
        "U3",
        ">U3",
        "V7",
        "M8[ns]",
        "M8[25s]",
        "M8[D]",
        "m8[Y]",
        "m8",
        "M8",
    ),
    *(_RECORD, _TITLED, _HOLES, _ALIGNED, np.dtype((np.record, [("a", "i8")]))),
]


def _filled(dtype: Any, shape: tuple[int, ...] = (3, 4)) -> Any:
    dtype = np.dtype(dtype)
    size = int(np.prod(shape)) * dtype.itemsize
    if dtype.kind == "U" or dtype.names:
        return np.zeros(shape, dtype)
    data = np.arange(size, dtype="u1") % 2
    return np.frombuffer(data.tobytes(), dtype).reshape(shape).copy()


def same(left: Any, right: Any) -> None:
    assert type(left) is type(right)
    assert left.dtype == right.dtype
    assert left.dtype.num == right.dtype.num
    assert left.dtype.fields == right.dtype.fields
    assert left.dtype.isalignedstruct == right.dtype.isalignedstruct
    assert left.shape == right.shape
    assert left.flags.writeable == right.flags.writeable
    assert left.flags.f_contiguous == right.flags.f_contiguous
    assert left.tobytes() == right.tobytes()


@pytest.mark.parametrize("dtype", _DTYPES, ids=str)
def test_every_dtype(dtype: Any) -> None:
    array = _filled(dtype)
    empty, nothing = np.zeros((0, 3), dtype), np.zeros((), dtype)
    for before, after in zip(
        (array, empty, nothing), round_trip(array, empty, nothing), strict=True
    ):
        same(before, after)
    assert round_trip(np.dtype(dtype))[0] == np.dtype(dtype)


def test_a_longdouble_of_another_machine_is_named() -> None:
    graph = Graph(v=np.array([1.5], "g"))
    described = graph.document["nodes"][0][1]["dtype"]
    if not isinstance(described, list) or described[0] != "long":
        pytest.skip("the long double of this machine is a double")
    described[2] += 1
    assert "long doubles" in graph.decoded().failed["v"]


def test_layouts() -> None:
    base = np.arange(24.0).reshape(4, 6)
    locked = base.copy()
    locked.flags.writeable = False
    arrays = [
        base.copy("F"), base[::2, ::-1].copy()[::-1], base.T.copy("F")[1:], locked,
        np.broadcast_to(np.arange(3), (5, 3)), np.arange(6)[::-2], np.zeros((2, 0, 3)),
        np.arange(8).reshape(1, 8, 1), np.array(5),
        np.lib.stride_tricks.sliding_window_view(base, 3, 1),
    ]  # fmt: skip
    for before, after in zip(arrays, round_trip(*arrays), strict=True):
        assert before.dtype == after.dtype
        assert (before == after).all()
        assert before.shape == after.shape
        assert before.flags.writeable == after.flags.writeable
        if before.flags.f_contiguous or before.flags.c_contiguous:
            assert before.flags.f_contiguous == after.flags.f_contiguous


def test_views_share_their_memory_again() -> None:
    base = np.arange(12)
    part, back, again = round_trip(base[2:9], base[::-1], base)
    again[3] = 99
    assert part[1] == 99
    assert back[8] == 99
    part += 1
    assert again[3] == 100


def test_a_broadcast_of_a_thousand_million_takes_no_memory() -> None:
    wide = np.broadcast_to(np.float32(7), (10**8,))
    graph = Graph(v=wide)
    assert sum(map(len, graph.buffers)) == 4
    assert graph.decoded().values["v"].shape == (10**8,)


def test_views_by_payload() -> None:
    data = bytes(range(16))

    def view(shape: Any, strides: Any, offset: Any, dtype: str = "|u1") -> Any:
        memory = {"buffer": 0, "offset": offset, "shape": shape, "strides": strides}
        return one("numpy.ndarray", {"dtype": dtype, "memory": memory}, data)

    assert view([4], [-4], 15).tolist() == [15, 11, 7, 3]
    assert view([2, 2], [8, 1], 1).tolist() == [[1, 2], [9, 10]]
    assert view([3], [5], 1, "<u2").tolist() == [0x201, 0x706, 0xC0B]
    for wrong in (
        ([4], [-4], 11), ([4], [4], 4), ([17], [1], 0), ([1], [1], 16), ([2], [2**61], 0),
        ([2**62], [0], 17), ([-1], [1], 0), ([True], [1], 0), ([2], [1.0], 0), ([2, 2], [1], 0),
        ([1] * 65, [1] * 65, 0), ([2**40] * 4, [0] * 4, 0),
    ):  # fmt: skip
        with pytest.raises(DamagedBundleError):
            view(*wrong)


@pytest.mark.parametrize(
    "dtype",
    ["O", "object", "i4,i4", "<f3", "|S99999999999", "(2,3)f8", ["fields", [], 0, False, False],
     ["array", "|O", [2]], "|b1\n", "<M8[0x]", ["array", "<f8", [2**31 - 1, 2**31 - 1]], None, {},
     ["fields", [["a", "<i4", 2]], 4, False, False],
     ["fields", [["a", "<i4", 0]] * 2, 4, False, False],
     ["c", "O", "|O"], ["c", "ll", "<i8"], ["long", "<f8x", 1]],
    ids=repr,
)  # fmt: skip
def test_invalid_dtypes(dtype: Any) -> None:
    memory = {"buffer": 0, "offset": 0, "shape": [1], "strides": [8]}
    with pytest.raises(DamagedBundleError):
        one("numpy.ndarray", {"dtype": dtype, "memory": memory}, bytes(64))


def test_booleans_are_0_or_1() -> None:
    memory = {"buffer": 0, "offset": 0, "shape": [8], "strides": [1]}
    array = one("numpy.ndarray", {"dtype": "|b1", "memory": memory}, b"\x00\x01\x02\xff" * 2)
    assert array.view("u1").tolist() == [0, 1, 1, 1] * 2
    pair = ["fields", [["a", "|u1", 0], ["b", "|b1", 1]], 2, False, False]
    memory = {"buffer": 0, "offset": 0, "shape": [2], "strides": [2]}
    array = one("numpy.ndarray", {"dtype": pair, "memory": memory}, b"\x07\x07\x09\x00")
    assert array["a"].tolist() == [7, 9]
    assert array["b"].view("u1").tolist() == [1, 0]


def test_objects() -> None:
    inner = [1]
    array = np.array([None, "ü", 1.5, np.nan, 2**70, inner, (1, 2), float("inf"), True], object)
    holder = np.empty((), object)
    holder[()] = inner
    found, held, again = round_trip(array, holder, inner)
    assert found[5] is held[()] is again
    assert found[3] is np.nan
    assert [*found[:3], *found[4:]] == [*array[:3], *array[4:]]
    assert list(map(type, found)) == list(map(type, array))
    fortran = np.array([[1, "a"], [None, 2]], object, order="F")
    fortran.flags.writeable = False
    back = round_trip(fortran)[0]
    assert back.tolist() == fortran.tolist()
    assert back.flags.f_contiguous
    assert not back.flags.writeable
    assert round_trip(np.empty((0, 2), object))[0].shape == (0, 2)


def test_an_array_in_itself() -> None:
    array = np.empty(2, object)
    array[:] = [array, 1]
    found = round_trip(array)[0]
    assert found[0] is found


def test_views_of_objects_share_their_elements() -> None:
    base = np.array([1, "b", None, 4.5, "e", 6], object)
    whole, part, back, table = round_trip(base, base[1:4], base[::-2], base.reshape(2, 3))
    whole[3] = "new"
    assert part.tolist() == ["b", None, "new"]
    assert back.tolist() == [6, "new", "b"]
    assert table.tolist() == [[1, "b", None], ["new", "e", 6]]
    document = {
        "names": {"v": [1]},
        "nodes": [
            ["numpy.ndarray", {"dtype": "|O", "shape": [2], "fortran": False, "items": [1, 2]}],
            ["numpy.ndarray",
             {"dtype": "|O", "base": [0], "offset": 1, "shape": [2], "strides": [1]}],
        ],
        "pickles": [],
    }  # fmt: skip
    with pytest.raises(DamagedBundleError, match="outside"):
        decoded(document, [])


@pytest.mark.parametrize("few", [3, 5000])
def test_texts(few: int) -> None:
    texts = [f"text {number % few} ü\ud800" for number in range(9000)]
    array = np.array([*texts, None, np.nan], object)
    found = round_trip(array)[0]
    assert found[:-1].tolist() == array[:-1].tolist()
    assert found[-1] is np.nan
    graph = Graph(v=array)
    assert len(json_of(graph)) < 1000
    for number in range(len(graph.buffers)):
        cut = list(graph.buffers)
        cut[number] = cut[number][:-4]
        with pytest.raises(DamagedBundleError):
            decoded(graph.document, cut)


def json_of(graph: Graph) -> str:
    return repr(graph.document)


@pytest.mark.parametrize("given", [{}, {"na_object": None}, {"na_object": float("nan")},
                                   {"coerce": False}, {"na_object": "none"}], ids=repr)  # fmt: skip
def test_strings_of_numpy(given: dict[str, Any]) -> None:
    dtype = np.dtypes.StringDType(**given)
    array = np.array(["a", "long " * 20, "", "ü"], dtype)
    if "na_object" in given:
        array[1] = given["na_object"]
    found = round_trip(array)[0]
    assert found.dtype == dtype
    assert list(map(repr, found.tolist())) == list(map(repr, array.tolist()))
    assert round_trip(np.empty((2, 0), dtype))[0].dtype == dtype


def test_scalars() -> None:
    scalars = [
        np.True_, np.int8(-5), np.uint64(2**64 - 1), np.longlong(3), np.float16(1.5), np.intc(4),
        np.float32("nan"), np.float64(-0.0), np.longdouble("1.1"), np.complex64(1 - 2j),
        np.float64("inf"),
        np.datetime64("2024-02-29T12", "h"), np.datetime64("NaT"), np.timedelta64(5, "ms"),
        np.str_("a\0ü"), np.bytes_(b"a\0"), np.clongdouble(1j), np.ulonglong(7),
    ]  # fmt: skip
    for before, after in zip(scalars, round_trip(*scalars), strict=True):
        assert type(before) is type(after)
        assert before.dtype == after.dtype
        if before.dtype.char not in "gG":
            # Some bytes of a long double are not part of the number.
            assert before.tobytes() == after.tobytes()
        assert repr(before) == repr(after)


def test_records() -> None:
    array = np.array([(1, 2.5)], [("a", "i4"), ("b", "f8")])
    record = array[0]
    found = round_trip(record)[0]
    assert found == record
    assert found.dtype == record.dtype
    found["a"] = 7
    assert found["a"] == 7
    assert round_trip(np.void(b"abc"))[0].tobytes() == b"abc"
    assert any("part of the array" in note for note in Graph(v=record).notes)


def test_other_kinds_of_arrays() -> None:
    records = np.rec.array([(1, "a"), (2, "b")], dtype=[("n", "i8"), ("t", "U1")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        matrix = np.matrix([[1, 2], [3, 4]])
    found, rows = round_trip(records, matrix)
    same(records, found)
    same(matrix, rows)
    assert found.n.tolist() == [1, 2]
    masked = np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0], fill_value=-9, hard_mask=True)
    plain, record = np.ma.array([1, 2]), np.ma.array([(1, 2)], mask=[(0, 1)], dtype="i4,i4")
    for before, after in zip(
        (masked, plain, record), round_trip(masked, plain, record), strict=True
    ):
        same(before.data, after.data)
        assert np.array_equal(before.mask, after.mask)
        assert (before.mask is np.ma.nomask) == (after.mask is np.ma.nomask)
        assert before.fill_value == after.fill_value
        assert before.hardmask == after.hardmask
    assert round_trip(np.ma.masked)[0] is np.ma.masked


def test_a_memmap_is_an_array_in_memory(tmp_path: Path) -> None:
    if sys.platform == "emscripten":
        pytest.skip("the kernel cannot map files that are written")
    mapped = np.memmap(tmp_path / "file", "i4", "w+", shape=(3,))
    mapped[:] = [1, 2, 3]
    graph = Graph(v=mapped)
    found = graph.decoded().values["v"]
    assert type(found) is np.ndarray
    assert found.tolist() == [1, 2, 3]
    assert any("file" in note for note in graph.notes)


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_random_generators(kind: str) -> None:
    generator = np.random.Generator(getattr(np.random, kind)(np.random.SeedSequence(5).spawn(2)[1]))
    generator.integers(0, 9, 3, dtype="i4")
    again, bits = round_trip(generator, generator.bit_generator)
    assert again.bit_generator is bits
    for draw in (lambda g: g.integers(0, 99, 700, dtype="i4"), lambda g: g.normal(size=50)):
        assert draw(again).tolist() == draw(generator).tolist()
    child, twin = again.spawn(1)[0], generator.spawn(1)[0]
    assert child.random(3).tolist() == twin.random(3).tolist()


def test_random_states() -> None:
    state = np.random.RandomState(3)
    state.normal()
    assert round_trip(state)[0].normal(size=9).tolist() == state.normal(size=9).tolist()
    assert round_trip(np.random.mtrand._rand)[0] is np.random.mtrand._rand
    seed = np.random.SeedSequence([1, 2, 2**80], spawn_key=(4,), pool_size=8)
    seed.spawn(3)
    found = round_trip(seed)[0]
    assert found.state == seed.state
    assert found.generate_state(4).tolist() == seed.generate_state(4).tolist()


def test_a_state_past_its_end_is_refused() -> None:
    graph = Graph(v=np.random.MT19937(1))
    node = next(node for node in graph.document["nodes"] if node[0] == "numpy.MT19937")
    assert int(node[1]["state"]["state"]["pos"], 16) <= 624
    node[1]["state"]["state"]["pos"] = "0x271"
    with pytest.raises(DamagedBundleError):
        graph.decoded()


def test_values_stored_as_pickles() -> None:
    assert opaque(np.dtype("i4", metadata={"a": 1}))
    assert opaque(np.zeros(2, np.dtype([("a", "O")])))
    assert opaque(np.array([1], np.dtype("i4", metadata={"a": 1})))


def test_changed_graphs() -> None:
    numbers = Graph(
        a=np.arange(6.0).reshape(2, 3), b=np.arange(9)[::2], c=_filled(_RECORD), d=np.float32(1),
        e=np.array([None, "x", 1], object), f=np.array(["t"] * 70, object), g=np.str_("x"),
        h=np.ma.array([1, 2], mask=[0, 1]), i=np.rec.array([(1,)], dtype=[("n", "i8")]),
        j=np.dtype("M8[ns]"), k=np.array(["a"], np.dtypes.StringDType()), l=np.void(b"abc"),
    )  # fmt: skip
    assert survives(numbers, 3000) > 1000
    objects = np.array([1, "b", None], object)
    randoms = Graph(
        g=np.random.default_rng(1), s=np.random.RandomState(1), o=objects, p=objects[1:]
    )
    assert survives(randoms, 1500) > 500
