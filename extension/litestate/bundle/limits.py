"""Limits for a bundle, and the errors with which one is refused."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import DamagedBundleError, NotABundleError, UnsafeBundleError
from ..platform import IN_BROWSER

_GIB = 1 << 30

_SMALL_MANIFEST = 1 << 20

HARMLESS = _GIB
"""Bytes that a bundle may unpack to at any ratio."""

CONTENTS = "the table of contents"
"""The end of every ZIP archive: the central directory and the end record."""


def damaged(name: str, what: str) -> DamagedBundleError:
    """Return the error for a member, or another piece, that is not as it was written."""
    return DamagedBundleError(
        f"The bundle is damaged at {name!r}: {what}. Nothing was changed; use another copy of "
        "the file, or fetch it again."
    )


def unsafe(what: str) -> UnsafeBundleError:
    """Return the error for something that litestate never writes."""
    return UnsafeBundleError(
        f"The bundle was refused before anything was changed: {what}. litestate never writes "
        "such a file; do not use it."
    )


def not_a_bundle(what: str) -> NotABundleError:
    """Return the error for a file of another kind."""
    return NotABundleError(
        f"This is not a litestate bundle: {what}. Nothing was changed. Choose a file that "
        "save_state() made (its name ends in .litestate.zip)."
    )


@dataclass(frozen=True)
class Limits:
    """The most that a bundle may ask for before it is refused.

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
        Text, tables and databases shrink to about a twentieth. Only zeros shrink much more, as in
        archives that are made to fill a disk. Deflate cannot exceed 1,032, Zstandard has no such
        bound.
    manifest_bytes : int
        Size of the manifest: 256 MiB; in the browser 32 MiB.
    """

    __module__ = "litestate"  # Where stored variables and users find it.

    members: int = 100_000 if IN_BROWSER else 1_000_000
    total_bytes: int = (2 if IN_BROWSER else 64) * _GIB
    ratio: int = 250
    manifest_bytes: int = (32 if IN_BROWSER else 256) << 20

    def check_members(self, count: int) -> None:
        """Refuse too many members.

        Raises
        ------
        UnsafeBundleError
            Naming the argument that raises the limit, as in the other checks.
        """
        if count > self.members:
            raise _too_large(f"it has {count:,} members", "members", self.members)

    def check_manifest(self, size: int, compressed_size: int) -> None:
        """Refuse a manifest of too many bytes, in all or for its compressed size."""
        if size > self.manifest_bytes:
            raise _too_large(
                f"its manifest has {size:,} bytes", "manifest_bytes", self.manifest_bytes
            )
        # A real one holds the hash of each member, and shrinks to about a tenth.
        if size > _SMALL_MANIFEST and size > self.ratio * compressed_size:
            raise _too_large(
                f"its manifest has {size:,} bytes, {size // max(compressed_size, 1):,} times as "
                "many as it was compressed to",
                "ratio",
                self.ratio,
            )

    def check_total(self, total: int, file_size: int) -> None:
        """Refuse a bundle that unpacks to too many bytes, in all or for the size of the file."""
        if total > self.total_bytes:
            raise _too_large(f"it unpacks to {total:,} bytes", "total_bytes", self.total_bytes)
        if total > HARMLESS and total > self.ratio * file_size:
            raise _too_large(
                f"it unpacks to {total:,} bytes, {total // file_size:,} times its own size",
                "ratio",
                self.ratio,
            )


def _too_large(what: str, argument: str, limit: int) -> UnsafeBundleError:
    """Return the error for a bundle that asks for more than an attribute of `Limits` allows."""
    return UnsafeBundleError(
        f"The bundle was refused before anything was changed: {what}, the limit is {limit:,}. If "
        f"you know who made it, and the size is intended: load_state(…, limits="
        f"litestate.Limits({argument}=…))."
    )
