"""Why something is not kept, or does not come back; never seen by users as errors."""

from __future__ import annotations


class NotSavedError(Exception):
    """Something cannot be stored; the message is a reason for a person, without a full stop."""


class NotLoadedError(Exception):
    """Something stored cannot be made again here; the message is a reason for a person."""
