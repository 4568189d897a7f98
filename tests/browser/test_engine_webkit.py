"""The tour of `engine_suite` in WebKit."""

from __future__ import annotations

import engines
import pytest
from engine_suite import Tour

from tools import system

if not system.has_webkit():
    # Here rather than in a fixture, so that pytest's summary has one line for all.
    reason = f"WebKitGTK is not installed: {system.WEBKIT_ADVICE}"
    pytest.skip(reason, allow_module_level=True)


class TestWebKit(Tour):
    """See `Tour`."""

    start = staticmethod(engines.webkit)
