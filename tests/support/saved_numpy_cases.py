"""Arrays, scalars and generators of numpy."""

# ruff: noqa: E501 - a case is read as a line of a table

from __future__ import annotations

from saved_cases import LATE, NOT, PLAIN, ROUGH, TRUSTED, Case, group


def _case(
    title: str, expected: str, source: str, check: str = "x", kernel: str | None = None
) -> Case:
    return Case(title, expected, f"import numpy as np\n{source}", check, kernel)


ARRAYS = group(
    "numpy: arrays",
    _case("`float64`", PLAIN, "x = np.array([1.5, -0.0, np.nan, np.inf])"),
    _case("integers of every size", PLAIN,
          "x = [np.arange(5, dtype=f'{k}{s}') for k in 'iu' for s in (1, 2, 4, 8)]"),
    _case("`float16`, `float32`, `complex64`, `complex128`", PLAIN,
          "x = [np.linspace(0, 1, 4).astype(d) for d in ('f2', 'f4', 'c8', 'c16')]"),
    _case("`bool`", PLAIN, "x = np.array([True, False])"),
    _case("`longdouble`", PLAIN, "x = np.arange(3, dtype=np.longdouble) / 3",
          "type(x), x.dtype, x.tolist() == (np.arange(3, dtype=np.longdouble) / 3).tolist()"),
    _case("big endian", PLAIN, "x = np.arange(5, dtype='>i4')"),
    _case("text, `U7` and `S3`", PLAIN, "x = [np.array(['Zürich', '']), np.array([b'a\\0b', b''])]"),
    _case("`StringDType`", PLAIN,
          "x = np.array(['a', 'lang' * 50], dtype=np.dtypes.StringDType())"),
    _case("`datetime64`, `timedelta64`, with NaT", PLAIN,
          "x = [np.array(['2026-01-01', 'NaT'], 'M8[D]'), np.array([1, 'NaT'], 'm8[25s]')]"),
    _case("structured", PLAIN, "x = np.array([(1, 2.5, 'a')], dtype=[('a', 'i4'), ('b', 'f8'), ('c', 'U3')])"),
    _case("structured, aligned, nested, with titles", PLAIN,
          "x = np.zeros(2, np.dtype([(('title', 'a'), 'i1'), ('b', [('c', 'f8', (2, 2))])], align=True))"),
    _case("structured with overlapping fields", PLAIN,
          "x = np.zeros(2, np.dtype({'names': ['a', 'b'], 'formats': ['i4', 'i2'], 'offsets': [0, 2]}))"),
    _case("raw bytes, `V5`", PLAIN, "x = np.array([b'abcde'], dtype='V5')"),
    _case("dtype with metadata", TRUSTED, "x = np.zeros(2, np.dtype('i4', metadata={'unit': 'm'}))"),
    _case("Fortran order", PLAIN, "x = np.asfortranarray(np.arange(12.0).reshape(3, 4))"),
    _case("transposed, three axes", PLAIN, "x = np.arange(24).reshape(2, 3, 4).transpose(1, 2, 0)"),
    _case("every second element, backwards", PLAIN, "x = np.arange(10)[::-2]"),
    _case("without axes", PLAIN, "x = np.array(5.0)"),
    _case("empty, with a shape", PLAIN, "x = np.empty((0, 3))"),
    _case("read-only", PLAIN, "x = np.arange(3)\nx.flags.writeable = False"),
    _case("broadcast", PLAIN, "x = np.broadcast_to(np.arange(3), (1000, 3))"),
    _case("writable window into another", PLAIN,
          "base_w = np.arange(6)\nx = np.lib.stride_tricks.sliding_window_view(base_w, 3, writeable=True)",
          "x, base_w, np.shares_memory(x, base_w)"),
    _case("unaligned", PLAIN, "x = np.frombuffer(bytearray(17), dtype='f8', offset=1)"),
    _case("of 10 MB", PLAIN, "x = np.arange(1_250_000.0)"),
    _case("of objects, all plain", PLAIN, "x = np.array([None, 'a', 2**70, [1]], dtype=object)"),
    _case("of objects, with a function", TRUSTED,
          "def in_array():\n    return 3\nx = np.array([in_array, 1], dtype=object)", "x, x[0]()"),
    _case("of objects, that contains itself", PLAIN,
          "x = np.array([None, 1], dtype=object)\nx[0] = x", "x[0] is x, x[1], x.dtype"),
    _case("masked", PLAIN, "x = np.ma.array([1, 2, 3], mask=[0, 1, 0], fill_value=9)"),
    _case("`np.matrix`", PLAIN, "x = np.matrix([[1, 2]])", "type(x), np.asarray(x), (x * x.T)[0, 0]"),
    _case("`np.recarray`", PLAIN, "x = np.rec.array([(1, 'a')], names='n,t')",
          "type(x), x.n.tolist(), x.dtype"),
    _case("`np.char.chararray`", TRUSTED, "x = np.char.array(['a', 'b'])", "type(x), x.tolist()"),
    _case("`np.memmap`", ROUGH,
          "x = np.memmap('mapped.bin', dtype='f8', mode='w+', shape=(3,))\nx[:] = 1", "x.tolist(), x.dtype"),
    _case("subclass from a cell", TRUSTED,
          "class Metres(np.ndarray):\n    unit = 'm'\nx = np.arange(3).view(Metres)",
          "type(x) is Metres, np.asarray(x), x.unit"),
)  # fmt: skip

OTHERS = group(
    "numpy: other objects",
    _case("scalars", PLAIN, "x = [np.float64(0.1), np.int8(-5), np.bool_(True), np.complex64(1j)]"),
    _case("scalars of text and bytes", PLAIN, "x = [np.str_('ü'), np.bytes_(b'\\xff')]"),
    _case("scalar `datetime64`, `timedelta64`", PLAIN,
          "x = [np.datetime64('2026-01-01T00:00', 'ns'), np.timedelta64('NaT', 's')]"),
    _case("structured scalar", ROUGH, "x = np.array([(1, 2.0)], dtype='i4,f8')[0]"),
    _case("`np.dtype`", PLAIN, "x = [np.dtype('f8'), np.dtype('>u2'), np.dtype([('a', 'i4', (2,))])]"),
    _case("scalar class", TRUSTED, "x = [np.float64, np.int8]"),
    _case("`np.random.Generator`", PLAIN, "x = np.random.default_rng(7)\nx.random(3)",
          "x.bit_generator.state, x.random(2)"),
    _case("`Generator` with MT19937, Philox, SFC64", PLAIN,
          "x = [np.random.Generator(b(5)) for b in (np.random.MT19937, np.random.Philox, np.random.SFC64)]",
          "[generator.normal(size=3) for generator in x]"),
    _case("`np.random.RandomState`", PLAIN, "x = np.random.RandomState(7)\nx.normal()",
          "type(x), x.normal(), x.random_sample(2)"),
    _case("`np.random.SeedSequence`", PLAIN, "x = np.random.SeedSequence(7)\nx.spawn(2)",
          "type(x), x.generate_state(2), x.n_children_spawned"),
    _case("`np.random.normal`", TRUSTED, "x = np.random.normal", "np.random.seed(5), x(size=9), np.random.random()"),
    _case("ufunc", TRUSTED, "x = np.sin", "x is np.sin"),
    # A call crashes Pyodide.
    _case("ufunc from a function", NOT, "x = np.frompyfunc(lambda a: a + 1, 1, 1)", "x(1)", ""),
    _case("`np.vectorize`", TRUSTED, "x = np.vectorize(lambda a: a + 1)", "x([1, 2])"),
    _case("`np.poly1d`", TRUSTED, "x = np.poly1d([1, 2])", "type(x), x.coeffs, x(3)"),
    _case("`np.polynomial.Polynomial`", TRUSTED, "x = np.polynomial.Polynomial([1, 2])",
          "type(x), x.coef, x(3)"),
    _case("`np.nditer`", NOT, "x = np.nditer(np.arange(3))", "type(x)"),
    _case("`ndarray.flat`", NOT, "x = np.arange(3).flat", "type(x), list(x)"),
    _case("`ndarray.flags`", NOT, "x = np.arange(3).flags", "type(x)"),
    _case("`np.load` of an `.npz` file", NOT,
          "np.savez('many.npz', a=np.arange(3))\nx = np.load('many.npz')", "x['a'].tolist()"),
    _case("`np.errstate`", TRUSTED, "x = np.errstate(all='raise')",
          "type(x), x.__enter__(), np.geterr(), x.__exit__(), np.geterr()"),
    _case("`np.finfo`", LATE, "x = np.finfo('f4')", "type(x), x.eps"),
    _case("`np.ma.masked`", PLAIN, "x = np.ma.masked", "x is np.ma.masked"),
    _case("`np.newaxis`, `np.s_[...]`", PLAIN, "x = [np.newaxis, np.s_[1:3, ..., ::-1]]"),
)  # fmt: skip

GROUPS = (ARRAYS, OTHERS)
