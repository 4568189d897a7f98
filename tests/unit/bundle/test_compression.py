"""Compressed data: one complete stream and nothing else, unpacked a piece at a time."""

from __future__ import annotations

import io
import random
import struct
import zlib
from collections.abc import Callable

import pytest
from handmade_bundles import with_raw_member
from litestate.bundle import CHUNK
from litestate.bundle.reader import Reader
from litestate.bundle.zip_format import AVAILABLE, METHODS, decompress
from litestate.errors import DamagedBundleError
from sessions import Session, refused

NAME = "files/home/raw"
BLOCK = 65_000
SKIPPABLE = struct.pack("<2I", 0x184D2A50, 6) + b"hidden"
WINDOW_256_MIB = bytes([18 << 3])


def stored(content: bytes, *, block: int = BLOCK, is_closed: bool = True) -> bytes:
    """Return a Deflate stream of uncompressed blocks (RFC 1951, 3.2.4)."""
    pieces = [content[start : start + block] for start in range(0, len(content), block)]
    lengths = [(len(piece), len(piece) ^ 0xFFFF) for piece in pieces]
    ends = [*[0] * (len(pieces) - 1), int(is_closed)]
    return b"".join(
        struct.pack("<B2H", end, *length) + piece
        for end, length, piece in zip(ends, lengths, pieces, strict=True)
    )


def raw_frame(
    content: bytes,
    *,
    block: int = BLOCK,
    is_closed: bool = True,
    descriptor: int = 0,
    header: bytes = bytes([10 << 3]),
) -> bytes:
    """Return a Zstandard frame of uncompressed blocks (RFC 8878, 3.1.1); 1 MiB of window."""
    frame = struct.pack("<IB", 0xFD2FB528, descriptor) + header
    for start in range(0, len(content), block):
        piece = content[start : start + block]
        is_last = is_closed and start + block >= len(content)
        frame += struct.pack("<I", len(piece) << 3 | is_last)[:3] + piece
    return frame


MAKERS: dict[str, Callable[..., bytes]] = {"deflate": stored, "zstd": raw_frame}
EMPTY_BLOCK = {"deflate": struct.pack("<B2H", 0, 0, 0xFFFF), "zstd": bytes(3)}
BEFORE_BLOCKS = {"deflate": 0, "zstd": 6}

with_zstd = pytest.mark.skipif("zstd" not in AVAILABLE, reason="this Python has no Zstandard")
each_method = pytest.mark.parametrize("method", ["deflate", pytest.param("zstd", marks=with_zstd)])


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def as_long_as_a_chunk(method: str) -> tuple[bytes, bytes]:
    """Return content, and a stream of it that ends exactly at the end of a read."""
    content = noise(CHUNK)
    content = content[: 2 * CHUNK - len(MAKERS[method](content))]
    data = MAKERS[method](content)
    assert len(data) == CHUNK
    return content, data


@each_method
def test_streams_made_by_hand_load(session: Session, bundle: bytes, method: str) -> None:
    """Otherwise the refusals below would prove nothing."""
    for content, data in (
        as_long_as_a_chunk(method),
        (noise(3 * CHUNK), MAKERS[method](noise(3 * CHUNK))),
    ):
        session.clear()
        session.load(with_raw_member(bundle, NAME, content, data, METHODS[method]))
        assert (session.home / "raw").read_bytes() == content


@each_method
@pytest.mark.parametrize("behind", [b"\0", b"hidden", "again"])
def test_data_after_the_stream(
    session: Session, bundle: bytes, method: str, behind: bytes | str
) -> None:
    content = noise(5000)
    data = MAKERS[method](content)
    more = behind if isinstance(behind, bytes) else data
    bad = with_raw_member(bundle, NAME, content, data + more, METHODS[method])
    refused(session, bad, DamagedBundleError, "raw.*something stands behind its compressed data")


@each_method
@pytest.mark.parametrize("behind", [b"\0", b"hidden", "again"])
def test_data_after_the_stream_in_the_next_read(
    session: Session, bundle: bytes, method: str, behind: bytes | str
) -> None:
    content, data = as_long_as_a_chunk(method)
    more = behind if isinstance(behind, bytes) else data
    bad = with_raw_member(bundle, NAME, content, data + more, METHODS[method])
    refused(session, bad, DamagedBundleError, "raw.*something stands behind its compressed data")


@each_method
def test_a_stream_that_ends_early(session: Session, bundle: bytes, method: str) -> None:
    """All content is there; only the mark of the last block is missing."""
    content = noise(3 * CHUNK)
    data = MAKERS[method](content, is_closed=False)
    bad = with_raw_member(bundle, NAME, content, data, METHODS[method])
    refused(session, bad, DamagedBundleError, "raw.*ends too early")


@each_method
def test_a_missing_stream(session: Session, bundle: bytes, method: str) -> None:
    bad = with_raw_member(bundle, NAME, b"", b"", METHODS[method])
    refused(session, bad, DamagedBundleError, "raw.*ends too early")


@with_zstd
@pytest.mark.parametrize(
    "make",
    [
        lambda content: SKIPPABLE + raw_frame(content),
        lambda content: raw_frame(content) + SKIPPABLE,
        lambda content: raw_frame(content[:100]) + raw_frame(content[100:]),
        lambda content: raw_frame(content, descriptor=1, header=bytes([10 << 3, 7])),
        lambda content: raw_frame(content, header=WINDOW_256_MIB),
    ],
    ids=["skippable before", "skippable behind", "two frames", "a dictionary", "a window"],
)
def test_more_than_one_plain_frame(
    session: Session, bundle: bytes, make: Callable[[bytes], bytes]
) -> None:
    content = noise(5000)
    bad = with_raw_member(bundle, NAME, content, make(content), METHODS["zstd"])
    refused(session, bad, DamagedBundleError, "raw.*(stands behind|cannot be read)")


@each_method
@pytest.mark.parametrize("step", [1, 1 << 10, CHUNK])
def test_zeros_come_in_pieces(method: str, step: int) -> None:
    """A few compressed bytes may expand to any size."""
    size = 64 << 20
    data = squeezed(size, method)
    assert len(data) < 70_000
    chunks = (data[start : start + step] for start in range(0, len(data), step))
    lengths = [len(piece) for piece in decompress(chunks, METHODS[method])]
    assert sum(lengths) == size
    assert 0 < min(lengths) <= max(lengths) <= CHUNK


def squeezed(size: int, method: str) -> bytes:
    """Return zeros as the writer compresses them."""
    if method == "deflate":
        return zlib.compress(bytes(size), wbits=-zlib.MAX_WBITS)
    from handmade_bundles import zstd

    return bytes(zstd.compress(bytes(size)))


@each_method
@pytest.mark.parametrize("step", [1, 7, CHUNK])
def test_many_small_and_empty_blocks(method: str, step: int) -> None:
    content = noise(20_000)
    data, start = MAKERS[method](content, block=1), BEFORE_BLOCKS[method]
    data = data[:start] + EMPTY_BLOCK[method] * 20_000 + data[start:]
    chunks = (data[position : position + step] for position in range(0, len(data), step))
    pieces = list(decompress(chunks, METHODS[method]))
    assert b"".join(pieces) == content
    assert all(pieces)


@each_method
def test_a_member_of_empty_blocks_is_read(bundle: bytes, method: str) -> None:
    """The empty blocks before the first byte exceed one read of the file."""
    data, start = MAKERS[method](b"at last"), BEFORE_BLOCKS[method]
    data = data[:start] + EMPTY_BLOCK[method] * (CHUNK // 2) + data[start:]
    reader = Reader(io.BytesIO(with_raw_member(bundle, NAME, b"at last", data, METHODS[method])))
    reader.verify()
    [member] = [member for member in reader.manifest.members if member.name == NAME]
    assert reader.content(member) == b"at last"
