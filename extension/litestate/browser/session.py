"""What the browser knows about this kernel."""

from __future__ import annotations

import js


def started() -> float:
    """Return when the kernel's worker was started, in seconds since 1970."""
    return float(js.performance.timeOrigin) / 1000
