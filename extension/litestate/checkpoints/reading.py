"""Read chunks in runs: each call into the browser costs as much as a hundred kilobytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..errors import DamagedCheckpointError
from . import packing
from .chunks import Chunk, digest_of

if TYPE_CHECKING:
    from ..storage.interface import File
    from .log import Log

_MAX_SPAN = 4 << 20
"""Bytes to read at once."""


def spans(chunks: Iterable[Chunk]) -> Iterator[list[Chunk]]:
    """Group chunks that stand one behind the other in the file, up to 4 MiB of them."""
    span: list[Chunk] = []
    size = 0
    following = -1
    for chunk in chunks:
        if span and (chunk.offset != following or size + chunk.stored > _MAX_SPAN):
            yield span
            span, size = [], 0
        span.append(chunk)
        size += chunk.stored
        following = chunk.offset + chunk.stored
    if span:
        yield span


def read_span(file: File, span: list[Chunk]) -> Iterator[tuple[Chunk, memoryview]]:
    """Yield what is stored of chunks that stand one behind the other.

    Raises
    ------
    DamagedCheckpointError
        If the file has become shorter.
    """
    size = sum(chunk.stored for chunk in span)
    data = memoryview(file.read(span[0].offset, size))
    if len(data) != size:
        raise DamagedCheckpointError(
            "The checkpoints' file has become shorter while it was open. Nothing was changed; "
            "reload the page."
        )
    at = 0
    for chunk in span:
        yield chunk, data[at : at + chunk.stored]
        at += chunk.stored


def unpacked(chunk: Chunk, packed: memoryview) -> bytes | None:
    """Return the content of a chunk, or None if it is not what was saved."""
    try:
        data = packing.unpack(chunk.codec, packed, chunk.size)
    except packing.CorruptPackError:
        return None
    return data if digest_of(data) == chunk.digest else None


def verify(log: Log) -> None:
    """Read all chunks of a log, and lose those that are damaged."""
    log.write_batch()
    for span in spans(chunk for chunk in log.chunks if chunk and chunk.number >= 0):
        for chunk, packed in read_span(log.file, span):
            if unpacked(chunk, packed) is None:
                log.lose(chunk)
