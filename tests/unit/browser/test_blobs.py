"""Blobs as files, compared with files in memory. They only exist in the kernel."""

from __future__ import annotations

import io
import random
import sys
import zipfile

import pytest

if sys.platform != "emscripten":
    pytest.skip("Blobs only exist in a browser", allow_module_level=True)

from litestate.browser import blobs


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "_PIECE", 100)


def content(sink: blobs.BlobSink) -> bytes:
    return blobs.open_blob(sink.blob()).read()


@pytest.mark.parametrize("seed", range(20))
def test_a_sink_is_a_file(seed: int) -> None:
    chance = random.Random(seed)
    sink, file = blobs.BlobSink(), io.BytesIO()
    for _ in range(60):
        if chance.random() < 0.4:
            offset = chance.randrange(len(file.getvalue()) + 20)
            assert sink.seek(offset) == file.seek(offset)
        elif chance.random() < 0.2:
            assert sink.seek(0, io.SEEK_END) == file.seek(0, io.SEEK_END)
        data = chance.randbytes(chance.randrange(150))
        assert sink.write(data) == file.write(data)
        assert sink.tell() == file.tell()
    assert content(sink) == file.getvalue()


@pytest.mark.parametrize("seed", range(20))
def test_a_source_is_a_file(seed: int) -> None:
    chance = random.Random(seed)
    data = chance.randbytes(chance.randrange(3000))
    sink = blobs.BlobSink()
    sink.write(data)
    source, file = blobs.open_blob(sink.blob()), io.BytesIO(data)
    for _ in range(60):
        offset = chance.randrange(len(data) + 20)
        whence = chance.choice([io.SEEK_SET, io.SEEK_END])
        if whence == io.SEEK_END:
            offset = -chance.randrange(len(data) + 1)
        assert source.seek(offset, whence) == file.seek(offset, whence)
        size = chance.choice([-1, 0, 1, 500])
        assert source.read(size) == file.read(size)


def test_before_the_start() -> None:
    sink = blobs.BlobSink()
    with pytest.raises(OSError, match="Invalid"):
        sink.seek(-1)


def test_a_zip_through_blobs() -> None:
    sink = blobs.BlobSink()
    noise = random.Random(0).randbytes(5000)
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", noise)
        archive.writestr("b", "b" * 10_000)
    with zipfile.ZipFile(blobs.open_blob(sink.blob())) as archive:
        assert archive.testzip() is None
        assert archive.read("a") == noise
