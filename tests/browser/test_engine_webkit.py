"""The tour of `engine_suite` in WebKit."""

from __future__ import annotations

import engines
from engine_suite import Tour


class TestWebKit(Tour):
    """See `Tour`."""

    start = staticmethod(engines.webkit)
