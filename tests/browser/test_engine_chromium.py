"""The tour of `engine_suite` in Chromium."""

from __future__ import annotations

import engines
from engine_suite import Tour


class TestChromium(Tour):
    """See `Tour`."""

    start = staticmethod(engines.chromium)
