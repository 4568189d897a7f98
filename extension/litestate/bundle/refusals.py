"""What to say when a bundle is refused."""

from __future__ import annotations

from ..errors import DamagedBundleError, NotABundleError, UnsafeBundleError

CONTENTS = "the table of contents"
"""What stands at the end of every ZIP archive: the central directory and the end record."""


def damaged(name: str, what: str) -> DamagedBundleError:
    """Return the error for a member, or another piece, that is not as it was written."""
    return DamagedBundleError(
        f"The bundle is damaged at {name!r}: {what}. Nothing was changed; use another copy of "
        "the file, or fetch it again."
    )


def unsafe(what: str) -> UnsafeBundleError:
    """Return the error for what litestate never writes."""
    return UnsafeBundleError(
        f"The bundle was refused before anything was changed: {what}. litestate never writes "
        "such a file; do not use it."
    )


def too_large(what: str, argument: str, limit: int) -> UnsafeBundleError:
    """Return the error for a bundle that asks for more than `Limits` allows.

    Parameters
    ----------
    what : str
        What it asks for.
    argument : str
        The attribute of `Limits`.
    limit : int
        Its value.
    """
    return UnsafeBundleError(
        f"The bundle was refused before anything was changed: {what}, the limit is {limit:,}. If "
        f"you know who made it, and that it is meant to be so: load_state(…, limits="
        f"litestate.Limits({argument}=…))."
    )


def not_a_bundle(what: str) -> NotABundleError:
    """Return the error for a file of another kind."""
    return NotABundleError(
        f"This is not a litestate bundle: {what}. Nothing was changed. Choose a file that "
        "save_state() made (its name ends in .litestate.zip)."
    )
