"""``diff``: what differs between two bundles."""

from __future__ import annotations

import argparse

from ..compare import compare, opened, render
from . import output, wording


def diff(options: argparse.Namespace) -> int:
    """Run ``litestate diff``."""
    limits = wording.NO_LIMITS if options.no_limits else None
    with opened(options.before, limits) as before, opened(options.after, limits) as after:
        found = compare(before, after, ignore_modes=options.ignore_modes)
    if options.json:
        output.say_json(found.to_dict())
    else:
        output.say(*render(found))
    return 0 if found.is_equal else 1
