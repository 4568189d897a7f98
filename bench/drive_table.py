"""Results of `bench drive`, as a table and as JSON."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass, field
from typing import Any

FASTER = 5
"""Targets of issue 5: at least so many times as fast, as the cell sees it."""

MENDED, STOCK, MEMORY = "litestate", "JupyterLite", "in memory"
"""The sides: the fixed folder, JupyterLite's own, and a folder in memory."""


@dataclass
class Measured:
    """One round of one side.

    Attributes
    ----------
    seconds : float
        Duration of the cell.
    next : float
        Seconds from sending the cell until the next one had run.
    settled : float
        Seconds from sending the cell until everything was stored.
    failed : str
        The error, if there was one.
    is_stored : bool
        Whether the browser finally has the content that the kernel reads.
    """

    seconds: float = 0
    next: float = 0
    settled: float = 0
    failed: str = ""
    is_stored: bool = False


@dataclass
class Line:
    """One operation, measured on all sides.

    Attributes
    ----------
    what : str
        Description of the operation.
    work : str
        Its name in kernel/drive.py.
    instead : str
        Name of the replacement on JupyterLite's side, if it differs.
    is_target : bool
        Whether the issue requires that it is faster.
    rounds : dict
        Measurements, by side.
    """

    what: str
    work: str
    instead: str = ""
    is_target: bool = False
    rounds: dict[str, list[Measured]] = field(default_factory=dict)

    def median(self, side: str, of: str = "seconds") -> float | None:
        """Return the median of one side in seconds, or None if it failed."""
        rounds = self.rounds[side]
        if any(each.failed for each in rounds):
            return None
        return statistics.median(getattr(each, of) for each in rounds)

    @property
    def faster(self) -> float | None:
        """Return the speed relative to JupyterLite's side."""
        ours, theirs = self.median(MENDED), self.median(STOCK)
        return theirs / ours if ours and theirs else None

    @property
    def is_met(self) -> bool | None:
        """Return whether the target is met; None without a target or a comparison."""
        if not self.is_target or self.faster is None:
            return None
        return self.faster >= FASTER

    def facts(self) -> dict[str, Any]:
        """Return the data for the JSON file: medians in seconds, and every round."""
        return {
            "what": self.what,
            "sides": {
                side: {of: self.median(side, of) for of in ("seconds", "next", "settled")}
                for side in self.rounds
            },
            "faster": self.faster,
            "target": FASTER if self.is_target else None,
            "met": self.is_met,
            "rounds": {
                side: [asdict(each) for each in rounds] for side, rounds in self.rounds.items()
            },
        }


HEAD = ("", MENDED, STOCK, "faster", "target", "", MEMORY, "next cell", "all stored", "")


def cells(line: Line) -> list[str]:
    """Return a line of the printed table."""
    met = {None: "", True: "met", False: "missed"}[line.is_met]
    return [
        line.what,
        _time(line.median(MENDED)),
        _time(line.median(STOCK)),
        f"{line.faster:.1f}x" if line.faster else "",
        f"{FASTER}x" if line.is_target else "",
        met,
        _time(line.median(MEMORY)),
        _time(line.median(MENDED, "next")),
        _time(line.median(MENDED, "settled")),
        _remark(line),
    ]


def _remark(line: Line) -> str:
    rounds = line.rounds[STOCK]
    if why := next((each.failed for each in rounds if each.failed), ""):
        return f"{STOCK} fails: {why}"
    if not all(each.is_stored for each in rounds):
        return f"{STOCK} has not stored it when the cell ends"
    return ""


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "fails"
    milliseconds = 1000 * seconds
    return f"{milliseconds:,.1f} ms" if milliseconds < 100 else f"{milliseconds:,.0f} ms"
