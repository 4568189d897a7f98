"""Bundles made by hand, with valid checksums and any change that an attacker could make.

An attacker can compute checksums, so these bundles are sealed: checksums alone are no defense.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from litestate.bundle.manifest import MANIFEST_MEMBER, Member, content_digest
from litestate.bundle.writer import comment
from litestate.bundle.zip_format import (
    CENTRAL,
    CENTRAL_SIGNATURE,
    COMMENT,
    COMMENT_BYTES,
    END,
    END64,
    END64_SIGNATURE,
    END_SIGNATURE,
    LOCAL,
    LOCATOR,
    LOCATOR_SIGNATURE,
    SIGNATURE,
)

if TYPE_CHECKING or sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Members = dict[str, bytes]

_LOCAL = (
    *("signature", "version", "flags", "method", "time", "date", "crc32", "compressed", "size"),
    *("name", "extra"),
)
_CENTRAL = (
    *("signature", "made", "version", "flags", "method", "time", "date", "crc32", "compressed"),
    *("size", "name", "extra", "comment", "disk", "internal", "external", "offset"),
)
_END = ("signature", "disk", "start_disk", "disk_entries", "entries", "length", "start", "comment")


@dataclass
class Piece:
    """One entry of an archive, and its defects.

    Attributes
    ----------
    local, central : dict
        Fields of the two headers to change.
    gap, local_extra, central_extra : bytes
        What stands before the entry, and in its extra fields.
    """

    name: str
    content: bytes
    method: int = 0
    local: dict[str, Any] = field(default_factory=dict)
    central: dict[str, Any] = field(default_factory=dict)
    gap: bytes = b""
    local_extra: bytes = b""
    central_extra: bytes = b""
    local_name: str = ""

    @property
    def compressed(self) -> bytes:
        if self.method == 93:
            return zstd.compress(self.content)
        return zlib.compress(self.content, wbits=-15) if self.method == 8 else self.content

    @property
    def checksum(self) -> str:
        return f"{zlib.crc32(self.compressed):08x}"


@dataclass
class RawPiece(Piece):
    """A member with given compressed data, which need not decompress to the content."""

    data: bytes = b""

    @property
    def compressed(self) -> bytes:
        return self.data


def build(pieces: list[Piece], end: Mapping[str, int] | None = None, behind: bytes = b"") -> bytes:
    """Make a sealed archive; ``end`` changes fields of its end record."""
    body, directory, start = bytearray(), bytearray(), 0
    for piece in pieces:
        body += piece.gap
        offset, data, name = len(body), piece.compressed, piece.name.encode()
        start = offset if piece.name == MANIFEST_MEMBER else start
        common = {
            **{"version": 20, "flags": 0 if piece.name.isascii() else 0x800, "time": 0, "date": 33},
            **{"method": piece.method, "crc32": zlib.crc32(piece.content), "made": 20 | 3 << 8},
            **{"compressed": len(data), "size": len(piece.content), "offset": offset},
            **{"comment": 0, "disk": 0, "internal": 0, "external": 0o100644 << 16},
        }
        local_name = piece.local_name.encode() or name
        local = {"signature": SIGNATURE, "name": len(local_name), "extra": len(piece.local_extra)}
        values = {**common, **local, **piece.local}
        body += LOCAL.pack(*(values[key] for key in _LOCAL))
        body += local_name + piece.local_extra + data
        central = {
            **{"signature": CENTRAL_SIGNATURE, "name": len(name)},
            **{"extra": len(piece.central_extra)},
        }
        values = {**common, **central, **piece.central}
        directory += CENTRAL.pack(*(values[key] for key in _CENTRAL)) + name + piece.central_extra
    record = {
        **{"signature": END_SIGNATURE, "disk": 0, "start_disk": 0, "comment": COMMENT_BYTES},
        **{"disk_entries": len(pieces), "entries": len(pieces)},
        **{"length": len(directory), "start": len(body), **(end or {})},
    }
    tail = directory + behind + END.pack(*(record[key] for key in _END))
    return seal(bytes(body + tail) + comment(start, "0" * 64))


def seal(data: bytes) -> bytes:
    """Recompute the checksum at the end."""
    found = COMMENT.fullmatch(data[-COMMENT_BYTES:])
    assert found
    start = int(found[1])
    return data[:-COMMENT_BYTES] + comment(start, hashlib.sha256(data[start:-64]).hexdigest())


def pieces_of(bundle: bytes) -> dict[str, Piece]:
    """Split a bundle into entries, to be rebuilt without compression."""
    pieces = {name: Piece(name, content) for name, content in unpack(bundle).items()}
    manifest = pieces[MANIFEST_MEMBER]
    manifest.content = with_checksums(manifest.content, [*pieces.values()])
    return pieces


def unpack(bundle: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def pack(members: Members) -> bytes:
    """Build a bundle of members; the manifest is last, with recomputed checksums."""
    others = [Piece(name, data) for name, data in members.items() if name != MANIFEST_MEMBER]
    manifest = Piece(MANIFEST_MEMBER, with_checksums(members[MANIFEST_MEMBER], others), 8)
    return build([*others, manifest])


def with_checksums(manifest: bytes, pieces: list[Piece]) -> bytes:
    """Set the checksums of the compressed data, if the manifest is one."""
    try:
        document = json.loads(manifest)
        listed = {item["name"]: item for item in document["members"]}
    except (ValueError, TypeError, KeyError, RecursionError):
        return manifest
    for piece in pieces:
        if "compressed_crc32" in listed.get(piece.name, ()):
            listed[piece.name].update(compressed_crc32=piece.checksum)
    return json.dumps(document).encode()


def raw_manifest(bundle: bytes, manifest: bytes) -> bytes:
    """Replace the manifest with any bytes."""
    pieces = pieces_of(bundle)
    return build([*(pieces | {MANIFEST_MEMBER: Piece(MANIFEST_MEMBER, manifest)}).values()])


def edited(bundle: bytes, edit: Callable[[dict[str, Any]], object]) -> bytes:
    """Change the manifest."""
    members = unpack(bundle)
    document = json.loads(members[MANIFEST_MEMBER])
    edit(document)
    return pack({**members, MANIFEST_MEMBER: json.dumps(document).encode()})


def signed(document: dict[str, Any]) -> bytes:
    """Set the digest of a manifest to that of its members."""
    members = [Member(**item) for item in document["members"]]
    return json.dumps({**document, "content_digest": content_digest(members)}).encode()


def with_member(bundle: bytes, name: str, content: bytes, kind: str = "file") -> bytes:
    """Add a member, and list it in the manifest as an attacker would."""
    members = unpack(bundle)
    document = json.loads(members.pop(MANIFEST_MEMBER))
    digest = hashlib.sha256(content).hexdigest()
    more = {"name": name, "kind": kind, "size": len(content), "sha256": digest, "mode": 0o644}
    more |= {"compressed_crc32": "0" * 8, "mtime_ns": 0, "details": {}}
    document["members"].append(more)
    return pack({**members, name: content, MANIFEST_MEMBER: signed(document)})


def with_raw_member(bundle: bytes, name: str, content: bytes, data: bytes, method: int) -> bytes:
    """Add a member whose compressed data may be invalid."""
    pieces = pieces_of(with_member(bundle, name, content))
    pieces[name] = RawPiece(name, content, method, data=data)
    manifest = pieces[MANIFEST_MEMBER]
    manifest.content = with_checksums(manifest.content, [*pieces.values()])
    return build([*pieces.values()])


def with_zip64_end(bundle: bytes, **changes: int) -> bytes:
    """Add ZIP64 records, which a bundle of this size does not need, with changed fields."""
    pieces = [*pieces_of(bundle).values()]
    plain = build(pieces)
    position = len(plain) - COMMENT_BYTES - END.size
    *_, entries, length, start, _ = END.unpack(plain[position:-COMMENT_BYTES])
    record = {
        **{"signature": END64_SIGNATURE, "rest": END64.size - 12, "made": 45, "version": 45},
        **{"disk": 0, "start_disk": 0, "disk_entries": entries, "entries": entries},
        **{"length": length, "start": start, **changes},
    }
    locator = LOCATOR.pack(LOCATOR_SIGNATURE, 0, position, 1)
    return build(pieces, behind=END64.pack(*record.values()) + locator)


def headers(bundle: bytes) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Return the local and the central header of each entry, with ZIP64 numbers resolved."""
    end = len(bundle) - COMMENT_BYTES - END.size
    if bundle[end - LOCATOR.size :].startswith(LOCATOR_SIGNATURE):
        end -= LOCATOR.size + END64.size
        start = END64.unpack(bundle[end:][: END64.size])[-1]
    else:
        start = END.unpack(bundle[end:][: END.size])[6]
    found = {}
    while start < end:
        central, name, extra = _header(bundle, start, CENTRAL, _CENTRAL)
        start += CENTRAL.size + central["name"] + central["extra"]
        _put_in(central, extra, ("size", "compressed", "offset"))
        local, local_name, extra = _header(bundle, central["offset"], LOCAL, _LOCAL)
        _put_in(local, extra, ("size", "compressed"))
        found[name] = local | {"name": local_name}, central | {"name": name}
    return found


def _header(
    bundle: bytes, start: int, layout: struct.Struct, names: tuple[str, ...]
) -> tuple[dict[str, Any], str, bytes]:
    fields = dict(zip(names, layout.unpack_from(bundle, start), strict=True))
    start += layout.size
    name = bundle[start:][: fields["name"]].decode()
    return fields, name, bundle[start + fields["name"] :][: fields["extra"]]


def _put_in(fields: dict[str, Any], extra: bytes, names: tuple[str, ...]) -> None:
    wide = [name for name in names if fields[name] == 0xFFFF_FFFF]
    assert len(extra) == (4 + 8 * len(wide) if wide else 0)
    values = struct.unpack_from(f"<{len(wide)}Q", extra, 4 if wide else 0)
    fields.update(zip(wide, values, strict=True))
