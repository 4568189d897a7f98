"""The pace of checkpoints: when one may start so that they take a small share of the time."""

from __future__ import annotations

import statistics
from collections import deque

SHARE = 0.02
"""Share of the running time that checkpoints may take. The promise is 2.5 %: the difference covers
what expensive checkpoints take beyond this share."""

START = 0.2
"""Seconds of credit at the start: the first cells are often run within a few seconds."""

USUAL = 0.01
"""Seconds that a checkpoint is assumed to take before any has been measured."""

MOST = 0.5
"""Seconds of credit at most, which 25 s of time bring. Otherwise a night's rest would pay for an
hour in which checkpoints may take all the time. Half a second is not noticed in a series of cells.
"""


class Pace:
    """The account that checkpoints are paid from.

    Time brings credit, and a checkpoint costs the time that it took. One may start

    - when the credit covers its expected cost, or
    - when the time since the last one has brought that much credit, even if earlier ones are not
      paid for yet: one expensive checkpoint must not delay cheap ones, and a cell that ran for long
      must not wait because of an earlier one. When a checkpoint starts, the debt is never larger
      than the cost of the most expensive one so far, so this is a debt, not a second share.

    The expected cost is the median of the last three: one expensive checkpoint does not predict the
    next, two do.

    At all times the sum of all costs is at most ``START + SHARE * elapsed`` plus twice the cost of
    the most expensive checkpoint; plus it once, as long as the expected costs are right. A
    checkpoint made while the kernel is idle (`idled`) costs nothing: it delays no cell.

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
        self._highest = 0.0
        self._recent: deque[float] = deque([USUAL] * 3, maxlen=3)

    def due(self, now: float) -> float:
        """Return the seconds until a checkpoint may start; 0 for now."""
        self._count(now)
        # Never more than the credit can become.
        cost = min(statistics.median(self._recent), MOST)
        covered = cost - self._credit
        paid_since_last = max(
            cost - self._share * (now - self._last), cost - self._highest - self._credit
        )
        return max(0.0, min(covered, paid_since_last) / self._share)

    def spent(self, cost: float, now: float) -> None:
        """Charge for a checkpoint that has just ended.

        Parameters
        ----------
        cost : float
            Seconds that it took.
        now : float
            The clock.
        """
        self.idled(cost, now)
        self._credit -= cost
        self._highest = max(self._highest, cost)

    def idled(self, cost: float, now: float) -> None:
        """Record the cost of a checkpoint made while the kernel was idle, without charging for it.

        The next one will probably cost as much. The parameters are those of `spent`.
        """
        self._count(now)
        self._recent.append(cost)
        self._last = now

    def _count(self, now: float) -> None:
        self._credit = min(self._credit + self._share * (now - self._counted), MOST)
        self._counted = now
