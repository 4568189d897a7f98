"""Which checkpoints are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from ..errors import RetentionError
from .log import Commit, Log
from .tree import Checkpoint

_HOUR, _DAY = 3600, 86400


@dataclass(frozen=True)
class Retention:
    """Rules for keeping checkpoints; what one of them keeps is kept.

    The newest one and those with a label are always kept.

    Attributes
    ----------
    last : int
        So many of the newest.
    hours, days : int
        The newest one of each of the last hours and days in which there are any. They are counted,
        not reckoned from now, so a clock that was wrong for a while drops nothing.
    max_bytes : int or None
        The oldest ones without a label go as long as what is kept takes more than this.

    Raises
    ------
    RetentionError
        If one of them is no such number.
    """

    last: int = 20
    hours: int = 24
    days: int = 30
    max_bytes: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None and field.name == "max_bytes":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise RetentionError(
                    f"{field.name}={value!r} says nothing about how many checkpoints to keep; "
                    f"give a whole number from 0 on{_unit(field.name)}."
                )


def _unit(name: str) -> str:
    return " (bytes), or None for no limit" if name == "max_bytes" else ""


def choose(
    log: Log, newest: Commit, retention: Retention
) -> tuple[tuple[int, ...], tuple[Checkpoint, ...]]:
    """Choose what is kept once there is a new checkpoint.

    Parameters
    ----------
    log : Log
        With all others.
    newest : Commit
        The new one, `length` being an estimate.
    retention : Retention
        The rules.

    Returns
    -------
    kept : tuple of int
        Their numbers, the newest one included.
    dropped : tuple of Checkpoint
        Those that go only because of `max_bytes`.
    """
    commits = log.commits | {newest.checkpoint.number: newest}
    kept = thin([commit.checkpoint for commit in commits.values()], retention)
    left = {checkpoint.number: commits[checkpoint.number] for checkpoint in kept}
    for checkpoint in kept[:-1]:
        if retention.max_bytes is None or log.live_bytes(left.values()) <= retention.max_bytes:
            break
        if checkpoint.note.label is None:
            del left[checkpoint.number]
    return tuple(left), tuple(each for each in kept if each.number not in left)


def thin(checkpoints: Sequence[Checkpoint], retention: Retention) -> list[Checkpoint]:
    """Return those that are kept by number and age, in the same order.

    Parameters
    ----------
    checkpoints : sequence of Checkpoint
        The oldest first.
    retention : Retention
        The rules; `max_bytes` is for `choose`.
    """
    kept = {checkpoint.number for checkpoint in checkpoints if checkpoint.note.label is not None}
    newest_first = [checkpoint.number for checkpoint in reversed(checkpoints)]
    kept.update(newest_first[: max(retention.last, 1)])
    for count, seconds in ((retention.hours, _HOUR), (retention.days, _DAY)):
        newest: dict[int, int] = {}
        for checkpoint in checkpoints:
            # Moved to the end, so that the order is that of the newest ones.
            period = int(checkpoint.note.created // seconds)
            newest.pop(period, None)
            newest[period] = checkpoint.number
        kept.update(list(newest.values())[max(len(newest) - count, 0) :])
    return [checkpoint for checkpoint in checkpoints if checkpoint.number in kept]
