"""When a checkpoint may be made, so that checkpoints take a small share of the time."""

from __future__ import annotations

import statistics
from collections import deque

SHARE = 0.02
"""Share of the running time that checkpoints may take. The promise is 2.5 %: the difference makes
up for what dear ones have taken beyond it."""

START = 0.2
"""Seconds of credit at the start: the first cells are often run within a few seconds."""

USUAL = 0.01
"""Seconds that a checkpoint takes, as long as nothing is known about them here."""

MOST = 0.5
"""Seconds of credit at most, which is what 25 s bring. A night's rest would otherwise buy an hour
in which checkpoints may take everything; half a second is not noticed in a series of cells."""


class Pace:
    """The account that checkpoints are paid from.

    Time brings credit, a checkpoint costs what it took. One may start

    - when the credit covers what it will probably cost, or
    - when the time since the last one has brought so much, even if that one, or one before it, is
      not paid for yet: one dear checkpoint must not keep cheap ones waiting, nor may a cell that
      ran for long wait because of what was before it. The debt never is larger than the dearest
      checkpoint was when another one starts, so it is a debt, not a second share.

    What one will cost is guessed as the median of the last three: one dear checkpoint says nothing
    about the next, two do.

    At all times the sum of all costs is at most ``START + SHARE * elapsed`` and twice the dearest
    one; once only, as long as the guesses are right. What is done while the kernel has nothing else
    to do (`idled`) is not paid for: it takes no time from any cell.

    Parameters
    ----------
    now : float
        The clock, in seconds; every other time is of the same clock.
    share : float, optional
        Share of the time.
    """

    def __init__(self, now: float, share: float = SHARE) -> None:
        self._share = share
        self._credit = START
        self._counted = now
        self._last = now
        self._dearest = 0.0
        self._recent: deque[float] = deque([USUAL] * 3, maxlen=3)

    def due(self, now: float) -> float:
        """Return in how many seconds a checkpoint may start; 0 for now."""
        self._count(now)
        # Never more than there can be.
        cost = min(statistics.median(self._recent), MOST)
        covered = cost - self._credit
        paid_itself = max(
            cost - self._share * (now - self._last), cost - self._dearest - self._credit
        )
        return max(0.0, min(covered, paid_itself) / self._share)

    def spent(self, cost: float, now: float) -> None:
        """Take note of a checkpoint that has just ended.

        Parameters
        ----------
        cost : float
            Seconds that it took.
        now : float
            The clock.
        """
        self.idled(cost, now)
        self._credit -= cost
        self._dearest = max(self._dearest, cost)

    def idled(self, cost: float, now: float) -> None:
        """Take note of a checkpoint that has just ended, and was made in a rest.

        The next one will probably cost as much, but nobody has waited for this one.

        Both parameters are those of `spent`.
        """
        self._count(now)
        self._recent.append(cost)
        self._last = now

    def _count(self, now: float) -> None:
        self._credit = min(self._credit + self._share * (now - self._counted), MOST)
        self._counted = now
