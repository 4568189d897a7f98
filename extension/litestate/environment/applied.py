"""What came of putting a part of the session back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..manifest import Skipped
from ..trust import trust_advice


@dataclass
class Applied:
    """What was put back, what was not, and how to take it back.

    Attributes
    ----------
    lines : list of str
        What was done, for a person.
    skipped : list of Skipped
        What was not done, and why.
    waiting : list of Skipped
        What was not done because nobody has said that the bundle is trusted.
    warnings : list of str
        What is not as a person might think.
    """

    lines: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    waiting: list[Skipped] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    _undo: list[Callable[[], object]] = field(default_factory=list)

    def skip(self, what: str, reason: str, advice: str = "") -> None:
        """Record that something was not put back, and why."""
        self.skipped.append(Skipped(what, reason, advice))

    def wait(self, what: str, reason: str) -> None:
        """Record that something waits for trust, and what it could do."""
        self.waiting.append(Skipped(what, reason, trust_advice()))

    def on_undo(self, action: Callable[[], object]) -> None:
        """Say how to take back what was done last."""
        self._undo.append(action)

    def undo(self) -> None:
        """Put everything back as it was before, the last change first; a second call does nothing.

        What fails does not keep the rest from being put back.

        Raises
        ------
        ExceptionGroup
            With the errors of what could not be put back.
        """
        errors: list[Exception] = []
        while self._undo:
            try:
                self._undo.pop()()
            except Exception as error:
                errors.append(error)
        if errors:
            raise ExceptionGroup("the session could not be put back as it was", errors)

    def add(self, other: Applied) -> None:
        """Take over what another part did after this one."""
        self.lines += other.lines
        self.skipped += other.skipped
        self.waiting += other.waiting
        self.warnings += other.warnings
        self._undo += other._undo
