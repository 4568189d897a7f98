"""Listings of the code that a pickle would run."""

from __future__ import annotations

import pickle
import random
import time

import pytest
from litestate.errors import DamagedBundleError
from litestate.variables.pickles.code_listing import Source, contents
from variable_scenes import SCENES, Notebook


def test_it_lists_imports_and_sources() -> None:
    notebook = Notebook()
    cell = "import datetime\ndef f(): return 1\ndef g(): return 2\n"
    cell += "d = datetime.timedelta(1)\nm = [datetime]"
    notebook.cell(cell)
    found = contents(notebook.dump("f", "g", "d", "m"))
    assert found.sources == (Source("f", cell), Source("g", cell))
    assert {"datetime", "datetime.timedelta"} <= set(found.globals)
    assert not found.bytecode


@pytest.mark.parametrize("name", SCENES)
def test_all_code_is_found(name: str) -> None:
    scene = SCENES[name]
    notebook = Notebook()
    notebook.cell(scene.cell)
    found = contents(notebook.dump(*scene.names))
    assert {source.text for source in found.sources} == {scene.cell}
    assert not any("computed" in name for name in found.globals)


HOSTILE = {
    "global": (b"cos\nsystem\n(S'ls'\ntR.", "os.system"),
    "stack_global": (b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R.", "os.system"),
    "inst": (b"(S'ls'\nios\nsystem\n.", "os.system"),
    "obj": (b"(cos\nsystem\nS'ls'\no.", "os.system"),
    "memo": (b"\x80\x04\x8c\x02os\x94\x8c\x06system\x940h\x000h\x00h\x01\x93\x8c\x02ls\x85R.", ""),
    "memo2": (b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x8c\x02ls\x85R.", "os.system"),
    "computed": (b"\x80\x04cbuiltins\nstr\n)Rcbuiltins\nstr\n)R\x93.", "(computed while it runs)"),
    "extension": (b"\x80\x02\x82\x07.", "copyreg extension 7"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_calls_in_a_foreign_pickle_are_listed(name: str) -> None:
    data, expected = HOSTILE[name]
    try:
        found = contents(data)
    except DamagedBundleError:
        assert not expected
    else:
        assert any(expected in name for name in found.globals)


@pytest.mark.parametrize(
    "data",
    [
        *(
            b"",
            b".",
            b"0.",
            b"R.",
            b"(",
            b"\x93.",
            b"junk",
            b"\x80\x04h\x05.",
            b"\x80\x04e.",
            b"t.",
        ),
        *(
            b"I" + b"9" * 10_000 + b"\n.",
            b"\x8a\xff.",
            b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
            b"\xff",
        ),
        *(b"2.", b"\x94.", b"cos\n", b"ios\nx\n.", b"(o.", b"V\\ud800\\u12\n."),
    ],
)
def test_bytes_that_are_not_a_pickle_are_refused(data: bytes) -> None:
    with pytest.raises(DamagedBundleError, match="a pickle in it cannot be read"):
        contents(data)


def test_damaged_bytes_give_no_other_error() -> None:
    notebook = Notebook()
    notebook.cell(SCENES["classes"].cell)
    good = notebook.dump(*SCENES["classes"].names)
    random.seed(1)
    for _ in range(400):
        data = bytearray(good)
        for _ in range(random.randint(1, 6)):
            data[random.randrange(len(data))] = random.randrange(256)
        try:
            contents(bytes(data))
        except DamagedBundleError:
            continue


def test_listing_takes_linear_time() -> None:
    start = time.monotonic()
    contents(pickle.dumps([(i, str(i)) for i in range(30_000)], 5))
    # Doubled tuples: as a tree it has 2 ** 2000 leaves.
    contents(b"\x80\x04)" + b"2\x86" * 2000 + b".")
    contents(b"\x80\x04" + b"(" * 50_000 + b"l" * 49_999 + b"l.")
    assert time.monotonic() - start < 10
