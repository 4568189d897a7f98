"""The tour of `engine_suite` in Firefox."""

from __future__ import annotations

import engines
import pytest
from engine_suite import Tour

from tools import system

if system.firefox() is None:
    # Here rather than in a fixture, so that pytest's summary has one line for all.
    reason = f"Firefox ESR is not installed: {system.FIREFOX_ADVICE}"
    pytest.skip(reason, allow_module_level=True)


class TestFirefox(Tour):
    """See `Tour`."""

    start = staticmethod(engines.firefox)
