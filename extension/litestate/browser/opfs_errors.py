"""The errors of the browser's private file system (OPFS), as those of litestate."""

from __future__ import annotations

from typing import NoReturn

from pyodide.ffi import JsException

from ..errors import StorageError, StorageFullError

LABEL = "this browser's storage"

_REFUSED = frozenset(("NotAllowedError", "NotSupportedError", "SecurityError"))
"""Names of errors that say that this browser, or this window, never allows it."""


class NoStorageError(StorageError):
    """The browser has no lasting storage for checkpoints, or does not allow its use.

    `storage.open_storage` catches it: no user sees it.
    """


def full() -> StorageFullError:
    """Return the error for a full storage."""
    return StorageFullError(
        f"There is no room left for checkpoints in {LABEL}; older checkpoints are unchanged. "
        "Free some space on this computer's disk, delete data of this site that you do not need, "
        "or save the work in a file with save_state()."
    )


def failed(verb: str, reason: str) -> StorageError:
    """Return the error for a failed operation."""
    return StorageError(
        f"The checkpoints in {LABEL} cannot be {verb} ({reason}). A private window may not allow "
        "it, and another browser may; save_state() works in any case."
    )


def number(count: int) -> str:
    """Return the reason for a result that is an error of Chromium as an unsigned number."""
    return f"error {count - (1 << 32)}"


def fail_handle(verb: str, error: JsException) -> NoReturn:
    """Raise the error for an error of an open handle."""
    if error.name == "InvalidStateError":
        raise StorageError(f"The checkpoints in {LABEL} have been closed.") from None
    fail(verb, error)


def refuse(error: JsException) -> NoReturn:
    """Raise the error for a browser that does not allow the use of its private files."""
    if error.name == "QuotaExceededError":
        raise full() from None
    raise NoStorageError(
        "This browser cannot keep checkpoints: its private file system (OPFS) does not work "
        f"({error.name}: {error.message}). A private window may be the reason."
    ) from None


def fail(verb: str, error: JsException) -> NoReturn:
    """Raise the error for an error of a file or folder."""
    if error.name == "QuotaExceededError":
        raise full() from None
    if error.name in _REFUSED:
        refuse(error)
    raise failed(verb, f"{error.name}: {error.message}") from None
