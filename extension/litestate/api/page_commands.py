"""The commands that the page asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from ..errors import LitestateError
from .checkpoints import arestore, aundo
from .page_reports import report_json

READING: frozenset[str] = frozenset()
"""Commands that change nothing."""


@dataclass
class Answer:
    """Plain data for the page, and a file."""

    result: object
    file: Any = None
    name: str = ""


async def run(
    command: str, args: dict[str, Any], file: IO[bytes] | None, sink: Callable[[], Any]
) -> Answer:
    """Run a command of the page."""
    if command == "undo":
        return Answer(report_json(await aundo()))
    if command == "restore":
        return Answer(report_json(await arestore(args.get("checkpoint"))))
    raise LitestateError(f"There is no command {command!r}.")
