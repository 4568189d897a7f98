"""The result of restoring a part of the session, with its undo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..bundle.manifest import Skipped
from ..trust import trust_advice


@dataclass
class Applied:
    """The restored and not restored entries of a part, with the undo of all changes.

    Parameters
    ----------
    dry_run : bool
        Whether to change nothing, and only find what waits.

    Attributes
    ----------
    lines : list of str
        What was restored, for the report.
    skipped : list of Skipped
        What was not restored, and why.
    waiting : list of Skipped
        What was not restored because the bundle is not trusted.
    warnings : list of str
        Caveats.
    """

    dry_run: bool = False
    lines: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    waiting: list[Skipped] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    _undo: list[Callable[[], object]] = field(default_factory=list)

    def skip(self, what: str, reason: str, advice: str = "") -> None:
        """Record that something was not restored, and why."""
        self.skipped.append(Skipped(what, reason, advice))

    def wait(self, what: str, reason: str) -> None:
        """Record that something waits for trust, and what it could do."""
        self.waiting.append(Skipped(what, reason, trust_advice()))

    def on_undo(self, action: Callable[[], object]) -> None:
        """Add the undo of the last change."""
        self._undo.append(action)

    def undo(self) -> None:
        """Undo all changes, the last one first; a second call does nothing.

        An undo that fails does not stop the others.

        Raises
        ------
        ExceptionGroup
            With the errors of the undos that failed.
        """
        errors: list[Exception] = []
        while self._undo:
            try:
                self._undo.pop()()
            except Exception as error:
                errors.append(error)
        if errors:
            raise ExceptionGroup("some changes of the session could not be undone", errors)

    def add(self, other: Applied) -> None:
        """Append the result of another part, which was restored after this one."""
        self.lines += other.lines
        self.skipped += other.skipped
        self.waiting += other.waiting
        self.warnings += other.warnings
        self._undo += other._undo
