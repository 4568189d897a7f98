"""A killed browser: all that the status of a notebook called saved is there."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
from automatic_killing import AutomaticKiller
from playwright.sync_api import Browser

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="finds the browser's processes in /proc"
)

KILLS = 20


def test_what_was_called_saved_survives_a_kill(browser: Browser, site: str, tmp_path: Path) -> None:
    killer = AutomaticKiller(browser.browser_type, site, tmp_path, random.Random(20261201))
    lives = [killer.run(last=number == KILLS) for number in range(KILLS + 1)]
    assert [life.problems for life in lives] == [[] for _ in lives]
    # Many kills came when the status said so; how many, depends on the machine's speed.
    assert sum(life.last == life.stored for life in lives) > KILLS // 5
