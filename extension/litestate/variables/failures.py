"""Why something is not kept, or does not come back; hardly ever seen by users as errors."""

from __future__ import annotations

from ..errors import DamagedBundleError


class NotSavedError(Exception):
    """Something cannot be stored; the message is a reason for a person, without a full stop."""


class NotLoadedError(Exception):
    """Something stored cannot be made again here; the message is a reason for a person."""


class DamagedGraphError(DamagedBundleError):
    """A graph is not as it should be.

    Attributes
    ----------
    reason : str
        What is wrong with it, for a person, without a full stop.
    """

    reason = ""
