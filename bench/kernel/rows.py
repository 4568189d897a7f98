"""One line of a bench's table: made in the kernel, printed by run.py."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import compress
from typing import Any


@dataclass(frozen=True)
class Target:
    """The target that an issue sets.

    Attributes
    ----------
    seconds : float
        Maximum time.
    written : int or None
        Maximum number of bytes written; None if there is no limit.
    """

    seconds: float
    written: int | None = None


@dataclass
class Taken:
    """The time and the bytes of one side.

    Attributes
    ----------
    seconds : list of float
        One per round.
    written : list of int
        Bytes written to what survives a reload, one per round; empty where that is unknown.
    """

    seconds: list[float] = field(default_factory=list)
    written: list[int] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Median time in seconds."""
        return statistics.median(self.seconds)

    @property
    def median_written(self) -> int | None:
        """Median number of bytes, if known."""
        return round(statistics.median(self.written)) if self.written else None


@dataclass
class Row:
    """One operation by litestate and by one peer in the same run.

    Attributes
    ----------
    what, peer : str
        The operation, and the peer of litestate.
    ours, theirs : Taken
        Time and bytes of each.
    target : Target or None
        The target of the issue.
    """

    what: str
    peer: str
    ours: Taken
    theirs: Taken
    target: Target | None = None

    @property
    def ratio(self) -> float:
        """Our time in theirs; below 1 is faster."""
        return self.ours.median / self.theirs.median

    @property
    def is_met(self) -> bool | None:
        """Return whether the target is met; None without a target."""
        if self.target is None:
            return None
        limit, written = self.target.written, self.ours.median_written
        if self.ours.median > self.target.seconds:
            return False
        # A target for bytes is not met if the bytes are unknown.
        return limit is None or (written is not None and written <= limit)

    def facts(self) -> dict[str, Any]:
        """Return the data for the JSON file: medians in seconds, bytes, and every round."""
        return {
            "what": self.what,
            "peer": self.peer,
            "ours": self.ours.median,
            "theirs": self.theirs.median,
            "ratio": self.ratio,
            "ours_written": self.ours.median_written,
            "theirs_written": self.theirs.median_written,
            "target": self.target and asdict(self.target),
            "met": self.is_met,
            "rounds": {"ours": asdict(self.ours), "theirs": asdict(self.theirs)},
        }


def dump(rows: Sequence[Row]) -> str:
    """Return rows as the text that `parse` reads."""
    return json.dumps([asdict(row) for row in rows])


def parse(text: str) -> list[Row]:
    """Return the rows of `dump`."""
    return [
        Row(
            made["what"],
            made["peer"],
            Taken(**made["ours"]),
            Taken(**made["theirs"]),
            made["target"] and Target(**made["target"]),
        )
        for made in json.loads(text)
    ]


def merged(rows: Iterable[Row]) -> list[Row]:
    """Put the rounds of rows that measure the same thing into one row."""
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        known = found.setdefault((row.what, row.peer), row)
        if known is not row:
            for mine, more in ((known.ours, row.ours), (known.theirs, row.theirs)):
                mine.seconds += more.seconds
                mine.written += more.written
    return list(found.values())


def table(rows: Sequence[Row]) -> str:
    """Return rows as text, without columns that are empty in all rows."""
    return aligned(_HEAD, [_cells(row) for row in rows])


def aligned(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return cells as text in columns, without the columns that are empty below the head."""
    used = [any(line[number] for line in lines) for number in range(len(head))]
    kept = [list(compress(line, used)) for line in (head, *lines)]
    widths = [max(map(len, column)) for column in zip(*kept, strict=True)]
    # Text to the left at both ends, numbers to the right between.
    return "\n".join(
        "  ".join(
            cell.ljust(width) if number in (0, len(widths) - 1) else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in kept
    )


_HEAD = ["", "litestate", "peer", "ratio", "written", "by peer", "target", "", "peer"]


def _cells(row: Row) -> list[str]:
    target = ""
    if row.target:
        target = f"{_time(row.target.seconds)}"
        if row.target.written is not None:
            target += f", {_size(row.target.written)}"
    met = {None: "", True: "met", False: "missed"}[row.is_met]
    return [
        row.what,
        _time(row.ours.median),
        _time(row.theirs.median),
        f"{row.ratio:.2f}",
        _size(row.ours.median_written),
        _size(row.theirs.median_written),
        target,
        met,
        row.peer,
    ]


def _time(seconds: float) -> str:
    milliseconds = 1000 * seconds
    return f"{milliseconds:,.1f} ms" if milliseconds < 100 else f"{milliseconds:,.0f} ms"


def _size(written: int | None) -> str:
    if written is None:
        return ""
    return f"{written / 1000:,.1f} kB" if written < 1_000_000 else f"{written / 1e6:,.2f} MB"
