"""A notebook in IPython's own shell, and a page that asks for commands."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import litestate
from litestate.api.page_calls import Answer
from litestate.api.page_commands import run
from litestate.waiting import run_to_completion

LARGEST = 1_000_000
"""Characters of the JSON of an answer."""


class Sink(io.RawIOBase):
    """What a command may rely on: it can be written and seek, and nothing else."""

    def __init__(self) -> None:
        self.inner = io.BytesIO()

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        return self.inner.write(data)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self.inner.seek(offset, whence)

    def tell(self) -> int:
        return self.inner.tell()

    @property
    def content(self) -> bytes:
        return self.inner.getvalue()


def ask(command: str, file: bytes | None = None, /, **args: Any) -> Answer:
    """Ask for a command as the page does: all data passes through JSON."""
    sent = json.loads(json.dumps(args))
    opened = None if file is None else io.BytesIO(file)
    shown = io.StringIO()
    with redirect_stdout(shown):
        answer = run_to_completion(run(command, sent, opened, Sink))
    assert not shown.getvalue(), f"{command} shows something"
    text = json.dumps(answer.result, allow_nan=False)
    assert len(text) < LARGEST, f"{command} answers {len(text):,} characters"
    assert json.loads(text) == answer.result, "only what JSON has"
    assert (answer.file is None) == (answer.name == "")
    return answer


@dataclass
class Notebook:
    """A kernel of a notebook in a folder."""

    shell: Any
    folder: Path

    def cell(self, code: str) -> Any:
        """Run a cell, and let autosave store its results at once, unless it is paused."""
        result = self.shell.run_cell(code, store_history=True)
        result.raise_error()
        if litestate.autosave.follower is not None:
            litestate.autosave.follower.store_now()
        return result.result

    def value(self, name: str) -> Any:
        return self.shell.user_ns.get(name)

    def has(self, name: str) -> bool:
        return name in self.shell.user_ns
