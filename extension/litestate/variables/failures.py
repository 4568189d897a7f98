"""Errors for variables that cannot be saved, or not made again."""

from __future__ import annotations

from ..errors import DamagedBundleError


class NotSavedError(Exception):
    """An object cannot be stored; the message is the reason for the user, without a full stop."""


class NotLoadedError(Exception):
    """A stored object cannot be made again here; the message is the reason for the user."""


class NeedsTrustError(Exception):
    """Making a stored object would run code; the message says which."""


class DamagedGraphError(DamagedBundleError):
    """A graph is malformed.

    Attributes
    ----------
    reason : str
        The defect, for the user, without a full stop.
    """

    reason = ""
