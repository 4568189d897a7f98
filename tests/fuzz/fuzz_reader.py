"""Fuzz the reader, guided by coverage, for files that it does not refuse cleanly.

It is not part of the test run. In an environment of its own, from the top folder:

    python3.11 -m venv /tmp/fuzz
    /tmp/fuzz/bin/pip install --require-hashes -r requirements/fuzz.txt
    /tmp/fuzz/bin/python tests/fuzz/fuzz_reader.py -max_total_time=600

It stops at the first input that raises anything except a LitestateError, that takes more than
10 seconds or 2 GB, or that is accepted and would write outside of its folder. It leaves that input
in a file beside it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import posixpath
import struct
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "extension"), str(ROOT / "tests" / "support")]

with atheris.instrument_imports(include=["litestate"]):
    from litestate.bundle import Reader
    from litestate.bundle.writer import comment
    from litestate.bundle.zip_format import COMMENT, COMMENT_BYTES
    from litestate.errors import LitestateError

# Not before: modules that are imported earlier are not instrumented.
from handmade_bundles import Piece, build, pieces_of, seal, signed, with_checksums  # noqa: E402
from litestate.bundle.manifest import MANIFEST_MEMBER  # noqa: E402
from litestate.bundle.zip_format import METHODS  # noqa: E402

EXAMPLE = (ROOT / "tests" / "support" / "bundles" / "version-1.litestate.zip").read_bytes()
NOTE, LINK = "files/home/note.txt", "files/home/latest"


def as_it_is(data: bytes) -> bytes:
    return data


def sealed(data: bytes) -> bytes:
    """Add a valid checksum to the input, so that the reader continues."""
    if COMMENT.fullmatch(data[-COMMENT_BYTES:]):
        start = int(data[-COMMENT_BYTES:][28:48])
        return seal(data) if start < len(data) else data
    return seal(data + comment(min(444, len(data)), "0" * 64))


def manifest(data: bytes) -> bytes:
    """Use the input as the manifest of a good bundle."""
    pieces = pieces_of(EXAMPLE)
    pieces[MANIFEST_MEMBER] = Piece(MANIFEST_MEMBER, data)
    return build([*pieces.values()])


def members(data: bytes) -> bytes:
    """Use the input as the list of members, with a valid digest."""
    pieces = pieces_of(EXAMPLE)
    document = json.loads(pieces[MANIFEST_MEMBER].content)
    try:
        document["members"] = json.loads(data)
        content = signed(document)
        listed = [Piece(item["name"], b"") for item in document["members"]]
        content = with_checksums(content, listed)
        return build([pieces["mimetype"], *listed, Piece(MANIFEST_MEMBER, content)])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, struct.error):
        # An input from which no bundle can be built is ignored.
        return b""


def with_content(name: str, data: bytes, method: str) -> bytes:
    """Use the input as compressed data of a member, with valid checksums."""
    pieces = pieces_of(EXAMPLE)
    piece = Piece(name, data)
    document = json.loads(pieces[MANIFEST_MEMBER].content)
    [member] = [item for item in document["members"] if item["name"] == name]
    member.update(compressed_crc32=piece.checksum)
    header = {"method": METHODS[method], "size": member["size"]}
    pieces[name] = replace(piece, local=header, central=header)
    pieces[MANIFEST_MEMBER] = Piece(MANIFEST_MEMBER, signed(document))
    return build([*pieces.values()])


def target(data: bytes) -> bytes:
    """Use the input as the target of a link."""
    pieces = pieces_of(EXAMPLE)
    document = json.loads(pieces[MANIFEST_MEMBER].content)
    [member] = [item for item in document["members"] if item["name"] == LINK]
    digest = hashlib.sha256(data).hexdigest()
    pieces[LINK] = Piece(LINK, data)
    member.update(size=len(data), sha256=digest, compressed_crc32=pieces[LINK].checksum)
    pieces[MANIFEST_MEMBER] = Piece(MANIFEST_MEMBER, signed(document))
    return build([*pieces.values()])


MODES = (
    as_it_is,
    sealed,
    manifest,
    members,
    lambda data: with_content(NOTE, data, "deflate"),
    lambda data: with_content(NOTE, data, "zstd"),
    target,
)


def seeds() -> list[bytes]:
    parts = pieces_of(EXAMPLE)
    document = json.loads(parts[MANIFEST_MEMBER].content)
    stored = build([*parts.values()])
    note = Piece(NOTE, parts[NOTE].content)
    return [
        *(bytes([mode]) + data for mode in (0, 1) for data in (EXAMPLE, stored)),
        b"\2" + parts[MANIFEST_MEMBER].content,
        b"\3" + json.dumps(document["members"]).encode(),
        b"\4" + replace(note, method=8).compressed,
        b"\5" + replace(note, method=93).compressed,
        b"\6../x",
    ]


def look(data: bytes) -> None:
    """Check that the input is refused, or that nothing in it leads out of its folder."""
    if not data:
        return
    try:
        bundle = MODES[data[0] % len(MODES)](data[1:])
        reader = Reader(io.BytesIO(bundle))
        reader.verify()
    except LitestateError:
        return
    for member in reader.manifest.members:
        path = posixpath.normpath(f"/base/{member.relative}")
        assert path.startswith("/base/") and "\\" not in path and "\0" not in path, member
        if member.kind == "symlink":
            leads = posixpath.join(posixpath.dirname(path), reader.content(member).decode())
            assert posixpath.normpath(leads).startswith("/base"), member


def main() -> None:
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(seeds()):
            Path(corpus, str(number)).write_bytes(seed)
        limits = ["-timeout=10", "-rss_limit_mb=2048", "-max_len=8192"]
        atheris.Setup([sys.argv[0], *limits, *sys.argv[1:], corpus], look)
        os.chdir(Path(__file__).parent)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
