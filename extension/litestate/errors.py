"""Every error that litestate raises on purpose.

A message says what happened, to what, and what to do; the class is for programs.
"""

from __future__ import annotations


class LitestateError(Exception):
    """Base class of all errors raised by litestate."""

    def _render_traceback_(self) -> list[str]:
        """Show the message alone in a notebook: the frames would be of no help."""
        return [f"\x1b[31m{type(self).__name__}\x1b[39m: {self}"]


class SelectionError(LitestateError):
    """``paths=`` or ``exclude=`` names something that cannot be part of the state."""


class SourceError(LitestateError):
    """The bundle could not be fetched, found or opened."""


class CancelledError(LitestateError):
    """The person at the keyboard said no."""


class NeedsAsyncError(LitestateError):
    """The browser cannot wait inside a synchronous call; an ``await``-able twin exists."""


class BundleError(LitestateError):
    """Base class of what can be wrong with a bundle."""


class NotABundleError(BundleError):
    """The bytes are something other than a litestate bundle."""


class DamagedBundleError(BundleError):
    """A bundle whose content is not what its manifest says."""


class UnsafeBundleError(BundleError):
    """A bundle that would write where it must not, or that is larger than allowed."""


class NewerFormatError(BundleError):
    """A bundle of a format version that this litestate does not know."""


class ForgedBundleError(BundleError):
    """A bundle that names a key of this computer's, and was not signed with it."""


class RestrictedError(LitestateError):
    """What was asked for would run what a bundle holds, and this site was set up not to."""


class DatabaseBusyError(LitestateError):
    """Another connection holds a lock that is needed."""


class ApplyError(LitestateError):
    """Loading failed while changes were made; all of them were undone."""


class SaveError(LitestateError):
    """The bundle could not be written."""


class CheckpointError(LitestateError):
    """Base class of what can be wrong with checkpoints."""


class NoCheckpointError(CheckpointError):
    """There is no checkpoint of that number, or it is no longer kept."""


class DamagedCheckpointError(CheckpointError):
    """Bytes of a checkpoint are not those that were saved."""


class NewerCheckpointsError(CheckpointError):
    """The checkpoints were written by a newer litestate, in a form that this one does not know."""


class ReadOnlyCheckpointsError(CheckpointError):
    """Another tab or process writes the checkpoints; here they can only be read."""


class RetentionError(CheckpointError):
    """Rules for keeping checkpoints that make no sense."""


class ExportError(LitestateError):
    """Tables could not be written in another format."""


class ImportTableError(LitestateError):
    """A file could not become a table; the database is as it was."""


class StorageError(LitestateError):
    """The place where checkpoints are kept cannot be opened, read or written."""


class StorageFullError(StorageError):
    """There is no room left where checkpoints are kept."""


class NoKeyError(Exception):
    """There is no key to sign with; the message is a reason for a report, without a full stop."""
