"""How far long work has come, for somebody who waits."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from .platform import IN_BROWSER, execution_count

DELAY = 1.0
"""Seconds of work before anything is shown: what is done by then needs no bar."""

INTERVAL = 0.2
"""Seconds between two looks at the clock of the person who waits."""

_WIDEST = 40
"""Characters of a label; a terminal has 80."""

Advance = Callable[[int], object]
"""Takes the number of bytes that were done since the last call; may raise CancelledError."""


class Bar(Protocol):
    """Something on the screen."""

    def update(self, done: int, *, last: bool = False) -> None:
        """Show how many bytes are done.

        Parameters
        ----------
        done : int
            So many.
        last : bool, optional
            Whether nobody will ask again.

        Raises
        ------
        CancelledError
            If the person wants no more of it.
        """

    def close(self) -> None:
        """Leave nothing of it."""


class Meter:
    """Count bytes, and show a bar from the time on that a person begins to wonder.

    Parameters
    ----------
    make : callable
        Makes the bar.
    """

    def __init__(self, make: Callable[[], Bar]) -> None:
        self._make = make
        self._bar: Bar | None = None
        self._done = 0
        self._due = time.monotonic() + DELAY

    def advance(self, count: int) -> None:
        """Add bytes that are done."""
        self._done += count
        if time.monotonic() < self._due:
            return
        if self._bar is None:
            self._bar = self._make()
        self._bar.update(self._done)
        # From when it is done: showing it must not become the work.
        self._due = time.monotonic() + INTERVAL

    def finish(self) -> None:
        """Look for the last time whether the person wants no more of it.

        Raises
        ------
        CancelledError
            If so. Afterwards it would be too late.
        """
        if self._bar is not None:
            self._bar.update(self._done, last=True)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()


def short(label: str) -> str:
    """Return a label that leaves room for the bar.

    Examples
    --------
    >>> short("Checking " + "long-" * 20 + "name.litestate.zip")
    'Checking long-lo…litestate.zip'
    """
    return label if len(label) <= _WIDEST else f"{label[:16]}…{label[-13:]}"


@contextmanager
def shown(label: str, total: int, unit: str = "B") -> Iterator[Advance]:
    """Show a bar while the block runs, if it takes longer than a second.

    In the site it has a button to cancel; elsewhere Ctrl-C or interrupting the kernel does the
    same. Nothing is shown where nobody sees it: outside of notebooks and terminals.

    Parameters
    ----------
    label : str
        What is being done.
    total : int
        How much in all, by default in bytes; 0 shows nothing.
    unit : str, optional
        Of what.

    Yields
    ------
    callable
        To be called with the number of bytes, or whatever the unit is, that were done since the
        last call.
    """
    if total == 0:
        yield lambda count: None
    elif not IN_BROWSER:
        from tqdm import tqdm

        # None: only if stderr is a terminal.
        disable = False if execution_count() is not None else None
        if sys.stderr is None or sys.stderr.closed:
            disable = True
        with tqdm(
            total=total,
            desc=short(label),
            disable=disable,
            unit=unit,
            unit_scale=unit == "B",
            delay=DELAY,
            leave=False,
        ) as bar:
            yield bar.update
    elif execution_count() is None:
        yield lambda count: None
    else:
        from .browser.dialogs import HtmlBar

        meter = Meter(lambda: HtmlBar(label, total))
        try:
            yield meter.advance
            meter.finish()
        finally:
            meter.close()
