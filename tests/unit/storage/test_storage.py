"""The same contract for a folder and for the browser's private files."""

from __future__ import annotations

import array
import asyncio
import random
import sys
import threading
import time
import unicodedata
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from litestate.errors import StorageError
from litestate.storage import Storage, open_storage
from litestate.storage.folder import open_directory
from litestate.storage.interface import MAX_NAME, folder_name
from storage_exercises import exercise_files

IN_BROWSER = sys.platform == "emscripten"

Open = Callable[..., Storage]

if IN_BROWSER:
    import js
    from litestate.browser import opfs
    from litestate.storage.browser_files import FOLDER, open_opfs
    from pyodide.ffi import run_sync


def wait(awaitable: Awaitable[Any]) -> Any:
    async def run() -> Any:
        return await awaitable

    return run_sync(run()) if IN_BROWSER else asyncio.run(run())


def later(seconds: float, action: Callable[[], None]) -> None:
    """Run a function while another one waits."""
    if IN_BROWSER:
        asyncio.get_running_loop().call_later(seconds, action)
    else:
        threading.Timer(seconds, action).start()


def taken(reader: Storage) -> Storage:
    """Take over, within the time that browsers need."""
    end = time.monotonic() + 10
    while (storage := reader.take_over()) is None:
        assert time.monotonic() < end, "never taken over"
        wait(asyncio.sleep(0.01))
    return storage


@pytest.fixture(params=["directory", "opfs"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name == "opfs" and not IN_BROWSER:
        pytest.skip("OPFS only exists in a browser")
    return name


@pytest.fixture
def open_(kind: str, tmp_path: Path) -> Iterator[Open]:
    """Open storages in a location for this test alone."""
    opened: list[Storage] = []
    known: set[tuple[str, str]] = set()
    site = f"test {tmp_path}"

    def open_one(
        name: str = "notebook", *, patience: float | None = None, site: str = site
    ) -> Storage:
        if patience is None:
            # A new place has no other user, but a busy browser may take long to open it.
            patience = 0.1 if (name, site) in known else 10.0
        known.add((name, site))
        if kind == "opfs":
            storage: Storage = wait(open_opfs(name, site=site, patience=patience))
        else:
            folder = tmp_path / folder_name(site)
            storage = open_directory(name, folder=folder, patience=patience)
        opened.append(storage)
        return storage

    yield open_one
    for storage in opened:
        storage.close()
    if kind == "opfs":
        wait(_remove(folder_name(site)))


async def _remove(*names: str) -> None:
    folder = await opfs.open_folder(FOLDER, *names[:-1])
    await folder.removeEntry(names[-1], recursive=True)


def test_a_new_storage_is_empty(open_: Open) -> None:
    storage = open_()
    assert storage.writable
    assert storage.label
    assert [file.size() for file in storage.files] == [0, 0]
    assert storage.files[0].read(0, 10) == b""


@pytest.mark.parametrize("seed", range(10))
def test_the_files_are_files(open_: Open, seed: int) -> None:
    storage = open_()
    models = exercise_files(storage, seed)
    storage.close()
    assert [bytes(file.read(0, 1 << 20)) for file in open_().files] == models


def test_any_buffer_is_written(open_: Open) -> None:
    file = open_().files[0]
    pieces = (b"bytes", bytearray(b"bytearray"), memoryview(b"a view of it")[2:6], b"")
    for piece in pieces:
        file.write(file.size(), piece)
    file.write(file.size(), memoryview(array.array("H", [1, 2])))
    assert file.read(0, 100) == b"bytesbytearrayview" + array.array("H", [1, 2]).tobytes()


def test_large_pieces(open_: Open) -> None:
    data = random.Random(0).randbytes(9_000_001)
    file = open_().files[1]
    file.write(4096, data)
    assert file.size() == 4096 + len(data)
    assert file.read(0, 4096) == bytes(4096)
    assert file.read(4096, len(data) + 5) == data
    assert file.read(4096 + 7, 4 << 20) == data[7 : 7 + (4 << 20)]


def test_the_second_opening_only_reads(open_: Open) -> None:
    writer = open_()
    writer.files[0].write(0, b"seen")
    reader = open_()
    assert not reader.writable
    assert reader.files[0].read(0, 10) == b"seen"
    for refused in (
        lambda: reader.files[0].write(0, b"x"),
        lambda: reader.files[0].truncate(0),
        reader.files[1].flush,
    ):
        with pytest.raises(StorageError, match="only read"):
            refused()
    assert writer.files[0].read(0, 10) == b"seen"


def test_a_reader_sees_a_snapshot(open_: Open) -> None:
    writer = open_()
    writer.files[0].write(0, b"a" * 100)
    reader = open_()
    writer.files[0].write(100, b"b" * 100)
    assert reader.files[0].size() == 100
    assert reader.files[0].read(90, 50) == b"a" * 10
    assert reader.files[0].read(150, 50) == b""
    wait(reader.refresh())
    assert reader.files[0].read(90, 20) == b"a" * 10 + b"b" * 10
    wait(writer.refresh())
    assert writer.writable


def test_a_reader_notices_that_a_file_was_rewritten(open_: Open) -> None:
    file = open_().files[0]
    file.write(0, b"old head".ljust(64) + b"o" * 1000)
    reader = open_()
    file.truncate(0)
    with pytest.raises(StorageError, match="Try again"):
        reader.files[0].read(500, 10)
    file.write(64, b"n" * 2000)
    with pytest.raises(StorageError, match="Try again"):
        reader.files[0].read(500, 10)
    file.write(0, b"new head".ljust(64))
    with pytest.raises(StorageError, match="Try again"):
        reader.files[0].read(500, 10)
    wait(reader.refresh())
    assert reader.files[0].read(500, 10) == b"n" * 10
    assert reader.files[0].size() == 2064


def test_a_reader_notices_that_the_end_was_cut_off(open_: Open) -> None:
    file = open_().files[0]
    file.write(0, b"x" * 1000)
    reader = open_()
    file.truncate(900)
    assert reader.files[0].read(800, 100) == b"x" * 100
    with pytest.raises(StorageError, match="Try again"):
        reader.files[0].read(850, 100)


def test_taking_over(open_: Open) -> None:
    writer = open_()
    writer.files[0].write(0, b"first")
    reader = open_()
    for _ in range(5):
        wait(asyncio.sleep(0.01))
        assert reader.take_over() is None
    writer.close()
    storage = taken(reader)
    assert storage.writable
    storage.files[0].write(5, b", second")
    assert storage.files[0].read(0, 100) == b"first, second"
    assert storage.take_over() is storage
    assert not open_().writable
    storage.close()


def test_only_one_of_several_readers_takes_over(open_: Open) -> None:
    writer, first, second = open_(), open_(), open_()
    writer.close()
    storage = taken(first)
    for _ in range(5):
        wait(asyncio.sleep(0.01))
        assert second.take_over() is None
    storage.close()
    last = taken(second)
    assert last.writable
    last.close()


def test_closing_a_reader_does_not_affect_the_writer(open_: Open) -> None:
    writer = open_()
    open_().close()
    writer.files[0].write(0, b"mine")
    assert not open_().writable
    assert writer.files[0].read(0, 4) == b"mine"


def test_a_reader_that_went_does_not_take_over(open_: Open) -> None:
    writer, reader = open_(), open_()
    reader.close()
    writer.close()
    wait(asyncio.sleep(0.1))
    with pytest.raises(StorageError, match="closed"):
        reader.take_over()
    assert open_(patience=5).writable


def test_closed_while_the_files_are_being_opened(open_: Open) -> None:
    for pause in (0, 0, 0.001, 0.003, 0.01):
        writer, reader = open_(), open_(patience=0)
        writer.close()
        wait(asyncio.sleep(pause))
        reader.close()
        again = open_(patience=5)
        assert again.writable
        again.close()


def test_opening_waits_for_the_lock(open_: Open, kind: str) -> None:
    if IN_BROWSER and kind == "directory":
        pytest.skip("nothing else runs while an opening waits for a folder: there are no threads")
    writer = open_()
    later(0.3, writer.close)
    start = time.monotonic()
    assert open_(patience=10).writable
    assert 0.2 < time.monotonic() - start < 5


def test_opening_does_not_wait_for_ever(open_: Open) -> None:
    _writer = open_()
    start = time.monotonic()
    assert not open_(patience=0.3).writable
    assert 0.2 < time.monotonic() - start < 3


def test_closed(open_: Open) -> None:
    storage = open_()
    file = storage.files[0]
    storage.close()
    storage.close()
    for use in (
        lambda: file.read(0, 1),
        lambda: file.write(0, b"x"),
        lambda: file.truncate(0),
        file.flush,
        file.size,
    ):
        with pytest.raises(StorageError, match="closed"):
            use()


def test_names_do_not_mix(open_: Open) -> None:
    names = ["a", "A", "å", unicodedata.normalize("NFD", "å"), "a/b", "..", ".", "", "x" * 300]
    names += ["x" * 301, "nul", "nul.ipynb", "a%2Fb", "🜁" * 100, "a\0b", "a.", "tab\t"]
    storages = [open_(name) for name in names]
    assert all(storage.writable for storage in storages)
    for name, storage in zip(names, storages, strict=True):
        storage.files[0].write(0, name.encode())
        storage.files[0].flush()
        storage.close()
    for name in names:
        assert open_(name).files[0].read(0, 2000) == name.encode()


def test_sites_do_not_mix(open_: Open) -> None:
    open_().files[0].write(0, b"x")
    if IN_BROWSER:
        other = open_(site="another")
        assert other.writable
        assert other.files[0].size() == 0
        other.close()


def test_usage(open_: Open) -> None:
    usage = wait(open_().usage())
    assert 0 <= usage.used <= usage.quota
    assert usage.quota > 1 << 20


def test_keys_are_names_on_any_file_system() -> None:
    texts = [
        "a",
        "A",
        "é",
        "É",
        "e\u0301",
        "K",
        "\u212a",
        "k",
        "ß",
        "ss",
        "SS",
        "%C3%A9",
        "=",
        "\ud800",
    ]
    texts += [
        "con",
        "CON",
        "con.txt",
        "com1.x",
        "",
        ".",
        "..",
        "...",
        ".x",
        "x.",
        " ",
        "a b",
        "a/b",
    ]
    texts += ["x" * MAX_NAME, "x" * MAX_NAME + "y", "x" * 500, "%" * 100, "é" * 100]
    texts += [folder_name(text) for text in texts]
    texts = list(dict.fromkeys(texts))
    keys = [folder_name(text) for text in texts]
    assert len({name.casefold() for name in keys}) == len(texts)
    for name in keys:
        assert 0 < len(name) <= MAX_NAME
        assert name.isascii() and name.isprintable()
        assert not set(name) & set('<>:"/\\|?* ')
        assert not name.startswith(".") and not name.endswith(".")
        assert name.partition(".")[0] not in ("con", "com1")


def test_plain_names_stay_readable() -> None:
    assert folder_name("my notebook.ipynb") == "my%20notebook.ipynb"
    assert folder_name("Start.ipynb").endswith("=Start.ipynb")


def test_the_place_is_chosen_by_the_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    storage: Storage = wait(open_storage("chosen", patience=5))
    try:
        assert storage.writable
        if IN_BROWSER:
            assert storage.label == "this browser's storage"
        else:
            assert Path(storage.label) == tmp_path / ".litestate" / "chosen"
    finally:
        storage.close()
    if IN_BROWSER:
        # Not all locks of the site: other tests in this kernel may have an open history.
        wait(
            _remove(
                folder_name(str(js.location.href).partition("extensions/")[0]),
                folder_name("chosen"),
            )
        )
