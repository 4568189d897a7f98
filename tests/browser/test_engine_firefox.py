"""The tour of `engine_suite` in Firefox."""

from __future__ import annotations

import engines
from engine_suite import Tour


class TestFirefox(Tour):
    """See `Tour`."""

    start = staticmethod(engines.firefox)
