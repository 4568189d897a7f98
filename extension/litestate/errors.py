"""The errors that litestate raises.

A message says what happened, to what, and what to do; the class is for programs.
"""

from __future__ import annotations


class LitestateError(Exception):
    """Base class of all errors of litestate."""

    __module__ = "litestate"  # Where stored variables and users find it.

    def _render_traceback_(self) -> list[str]:
        """Return the message alone, without frames, for notebooks."""
        return [f"\x1b[31m{type(self).__name__}\x1b[39m: {self}"]


class SelectionError(LitestateError):
    """A parameter such as ``paths=`` or ``exclude=`` selects something impossible."""


class SourceError(LitestateError):
    """A bundle could not be found, fetched or opened."""


class CancelledError(LitestateError):
    """The user canceled."""


class NeedsAsyncError(LitestateError):
    """A synchronous call would have to wait in a browser that cannot; await its twin instead."""


class BundleError(LitestateError):
    """Base class of the errors about a bundle's content."""


class NotABundleError(BundleError):
    """The file is not a litestate bundle."""


class DamagedBundleError(BundleError):
    """The content of a bundle does not match its manifest."""


class UnsafeBundleError(BundleError):
    """A bundle would write outside of its folders, or is larger than the limits."""


class NewerFormatError(BundleError):
    """A bundle has a format version that this litestate cannot read."""


class ForgedBundleError(BundleError):
    """A bundle names the key of this computer, but its signature does not match."""


class RestrictedError(LitestateError):
    """``trust=True`` is not allowed in this kernel."""


class DatabaseBusyError(LitestateError):
    """Another connection holds a lock on a database."""


class ApplyError(LitestateError):
    """A load failed; all of its changes were undone."""


class SaveError(LitestateError):
    """A bundle could not be written."""


class CheckpointError(LitestateError):
    """Base class of the errors about checkpoints."""


class NoCheckpointError(CheckpointError):
    """There is no such checkpoint, or it was removed since."""


class DamagedCheckpointError(CheckpointError):
    """The stored bytes of a checkpoint have changed."""


class NewerCheckpointsError(CheckpointError):
    """A newer litestate wrote the checkpoints, in a format that this one cannot read."""


class ReadOnlyCheckpointsError(CheckpointError):
    """Another tab or process makes the checkpoints, so this one can only read them."""


class RetentionError(CheckpointError):
    """The retention of checkpoints is invalid."""


class ExportError(LitestateError):
    """Tables could not be exported."""


class ImportTableError(LitestateError):
    """A file could not be imported as a table; the database did not change."""


class StorageError(LitestateError):
    """The storage of the checkpoints cannot be opened, read or written."""


class StorageFullError(StorageError):
    """The storage of the checkpoints is full."""


class NoKeyError(Exception):
    """There is no key to sign with; the message is a reason for a report, without a full stop."""
