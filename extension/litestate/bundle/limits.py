"""How much a bundle may ask for before it is refused."""

from __future__ import annotations

from dataclasses import dataclass

from ..platform import IN_BROWSER
from .refusals import too_large

_GIB = 1 << 30

_SMALL_MANIFEST = 1 << 20

HARMLESS = _GIB
"""Bytes that a bundle may unpack to whatever its ratio is."""


@dataclass(frozen=True)
class Limits:
    """How much a bundle may ask for before it is refused.

    The defaults are lower in the browser, where WebAssembly has at most 4 GiB of memory for
    everything.

    Attributes
    ----------
    members : int
        Number of members: 1,000,000; in the browser 100,000.
    total_bytes : int
        Sum of the sizes after decompression: 64 GiB; in the browser 2 GiB.
    ratio : int
        Sum of the sizes for each byte of the file, for bundles that unpack to more than 1 GiB: 250.
        Text, tables and databases shrink to a twentieth or so; what shrinks more is mostly zeros,
        as in the archives that are made to fill a disk. Deflate cannot exceed 1,032, Zstandard has
        no such bound.
    manifest_bytes : int
        Size of the manifest: 256 MiB; in the browser 32 MiB.
    """

    members: int = 100_000 if IN_BROWSER else 1_000_000
    total_bytes: int = (2 if IN_BROWSER else 64) * _GIB
    ratio: int = 250
    manifest_bytes: int = (32 if IN_BROWSER else 256) << 20

    def check_members(self, count: int) -> None:
        """Refuse too many members.

        Raises
        ------
        UnsafeBundleError
            Here as in the other checks.
        """
        if count > self.members:
            raise too_large(f"it has {count:,} members", "members", self.members)

    def check_manifest(self, size: int, compressed_size: int) -> None:
        """Refuse a manifest of too many bytes, in all or for what it was compressed to."""
        if size > self.manifest_bytes:
            raise too_large(
                f"its manifest has {size:,} bytes", "manifest_bytes", self.manifest_bytes
            )
        # With the hash of each member in it, a true one shrinks to a tenth or so.
        if size > _SMALL_MANIFEST and size > self.ratio * compressed_size:
            raise too_large(
                f"its manifest has {size:,} bytes, {size // max(compressed_size, 1):,} times as "
                "many as it was compressed to",
                "ratio",
                self.ratio,
            )

    def check_total(self, total: int, file_size: int) -> None:
        """Refuse what unpacks to too many bytes, in all or for the size of the file."""
        if total > self.total_bytes:
            raise too_large(f"it unpacks to {total:,} bytes", "total_bytes", self.total_bytes)
        if total > HARMLESS and total > self.ratio * file_size:
            raise too_large(
                f"it unpacks to {total:,} bytes, {total // file_size:,} times its own size",
                "ratio",
                self.ratio,
            )
