"""ZIP64, and memory use that does not grow with the state."""

from __future__ import annotations

import io
import random
import sys
import tracemalloc
import zipfile
from pathlib import Path

import litestate
import pytest
from faulty_storages import FEWER
from litestate.bundle import Compression, Reader, Writer, zip_format
from litestate.bundle.manifest import Manifest, Scope
from litestate.errors import DamagedBundleError
from sessions import Session


@pytest.fixture
def zip64(session: Session, bundle: bytes, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A bundle with ZIP64 fields wherever possible: the writer treats 100 bytes as 2 GiB."""
    for name in ("ZIP64_LIMIT", "ZIP_FILECOUNT_LIMIT"):
        monkeypatch.setattr(zip_format.zipfile, name, 3 if "COUNT" in name else 100)
    (session.home / "small").write_bytes(b"small")
    data = session.save()[0]
    assert data.count(b"PK\6\7") == 1
    return data


def test_zip64_fields_are_read(session: Session, zip64: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(zip64)) as archive:
        assert archive.testzip() is None
    digest = session.save()[1].digest
    session.clear()
    assert session.load(zip64).digest == digest
    assert session.save()[1].digest == digest


def test_every_flipped_bit_of_it_is_refused(session: Session, zip64: bytes) -> None:
    chance = random.Random(1)
    for _ in range(2000 // FEWER):
        damaged = bytearray(zip64)
        damaged[chance.randrange(len(zip64))] ^= 1 << chance.randrange(8)
        with pytest.raises(DamagedBundleError):
            session.load(damaged)


@pytest.mark.skipif(sys.platform == "emscripten", reason="takes minutes there")
def test_more_members_than_16_bits_can_count() -> None:
    count = 66_000
    file = io.BytesIO()
    with Writer(file) as writer:
        for number in range(count):
            writer.add(f"files/home/{number}", "file", [b"x"], size=1)
        writer.finish(Manifest("now", None, {}, Scope(), writer.members))
    reader = Reader(file)
    reader.verify()
    assert len(reader.manifest.members) == count
    with zipfile.ZipFile(file) as archive:
        assert len(archive.namelist()) == count + 2


@pytest.mark.parametrize("compressed", ["deflate", "zstd", "store"])
def test_no_member_is_held_in_memory_whole(
    session: Session, tmp_path: Path, compressed: Compression
) -> None:
    if compressed not in zip_format.AVAILABLE:
        pytest.skip("this Python has no Zstandard")
    size = 24 << 20
    noise = random.Random(0).randbytes(1 << 19).hex().encode()
    with (session.home / "big").open("wb") as file:
        for _ in range(size >> 20):
            file.write(noise)
    bundle = tmp_path / "big.litestate.zip"
    tracemalloc.start()
    try:
        litestate.save_state(bundle, compression=compressed)
        saved = tracemalloc.get_traced_memory()[1]
        (session.home / "big").unlink()
        tracemalloc.reset_peak()
        litestate.load_state(bundle)
        loaded = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (session.home / "big").stat().st_size == size
    assert max(saved, loaded) < 12 << 20, (saved, loaded)
