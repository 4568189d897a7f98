"""Progress bars for long work, in the site, in notebooks and in terminals."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from ..host.installed_modules import only_installed
from ..output import is_quiet
from ..platform import IN_BROWSER, ipython_shell

DELAY = 1.0
"""Seconds of work before a bar is shown: shorter work needs none."""

INTERVAL = 0.2
"""Seconds between two updates of a bar."""

_WIDEST = 40
"""Characters of a label; a terminal has 80."""

Advance = Callable[[int], object]
"""Takes the number of bytes done since the last call; may raise CancelledError."""


class Bar(Protocol):
    """A progress bar on the screen."""

    def update(self, done: int, *, last: bool = False) -> None:
        """Show how many bytes are done.

        Parameters
        ----------
        done : int
            Bytes done so far.
        last : bool, optional
            Whether this is the last update.

        Raises
        ------
        CancelledError
            If the user has cancelled the work.
        """

    def close(self) -> None:
        """Remove the bar."""


class Meter:
    """A count of bytes that shows a bar once the work takes longer than `DELAY`.

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
        # Counted from the end of the update: showing the bar must not become the work.
        self._due = time.monotonic() + INTERVAL

    def finish(self) -> None:
        """Check for cancellation once more: afterwards it is too late.

        Raises
        ------
        CancelledError
            If the user has cancelled the work.
        """
        if self._bar is not None:
            self._bar.update(self._done, last=True)

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()


def short(label: str) -> str:
    """Shorten a label so that it leaves room for the bar.

    Examples
    --------
    >>> short("Checking " + "long-" * 20 + "name.litestate.zip")
    'Checking long-lo…litestate.zip'
    """
    return label if len(label) <= _WIDEST else f"{label[:16]}…{label[-13:]}"


@contextmanager
def shown(label: str, total: int, unit: str = "B") -> Iterator[Advance]:
    """Show a bar while the block runs, if it takes longer than a second.

    In the site the bar has a button to cancel; elsewhere Ctrl-C or interrupting the kernel does the
    same. Outside of notebooks and terminals no bar is shown.

    Parameters
    ----------
    label : str
        Name of the work.
    total : int
        Amount of work, by default in bytes; 0 shows no bar.
    unit : str, optional
        Unit of the amount.

    Yields
    ------
    callable
        Takes the number of bytes, or of other units, done since the last call.
    """
    if total == 0 or is_quiet.get():
        yield lambda count: None
    elif not IN_BROWSER:
        # None: only if stderr is a terminal.
        disable = False if ipython_shell() is not None else None
        if sys.stderr is None or sys.stderr.closed:
            disable = True
        # A bundle may have brought a file with a name that tqdm imports, also for its first bar.
        with only_installed():
            from tqdm import tqdm

            bar = tqdm(
                total=total,
                desc=short(label),
                disable=disable,
                unit=unit,
                unit_scale=unit == "B",
                delay=DELAY,
                leave=False,
            )
        with bar:
            yield bar.update
    elif ipython_shell() is None:
        yield lambda count: None
    else:
        from ..browser.dialogs import HtmlBar

        meter = Meter(lambda: HtmlBar(label, total))
        try:
            yield meter.advance
            meter.finish()
        finally:
            meter.close()
