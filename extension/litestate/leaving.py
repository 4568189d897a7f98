"""Do something before a session of IPython ends and its variables are gone."""

from __future__ import annotations

import atexit
import functools
import os
from collections.abc import Callable
from typing import Any


class Leaving:
    """Call something once more before the end of a session.

    IPython in a terminal removes the variables before Python's own end (``atexit``). It is asked to
    end by ``exit()``, which is a cell, or by Ctrl-D, which is none: both call ``ask_exit``. Other
    sessions end with Python.

    Parameters
    ----------
    shell : InteractiveShell
        Whose session.
    leave : callable
        Called before it ends. In a cell that ends the session it is called too early: that cell
        has to look at `is_asked` when it ends.

    Attributes
    ----------
    is_asked : bool
        Whether the session has been asked to end.
    """

    def __init__(self, shell: Any, leave: Callable[[], None]) -> None:
        self.is_asked = False
        self._shell = shell
        self._leave = leave
        self._process = os.getpid()
        original = getattr(shell, "ask_exit", None)
        self._method = None if original is None else self._follow(original)
        if self._method is not None:
            shell.ask_exit = self._method
        atexit.register(self._at_exit)

    def close(self) -> None:
        """Do nothing at the end; leave the shell as it was."""
        atexit.unregister(self._at_exit)
        # Other code may have put something around it, which still calls it.
        if self._method is not None and vars(self._shell).get("ask_exit") is self._method:
            del self._shell.ask_exit

    def _follow(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def ask_exit(*args: Any, **options: Any) -> Any:
            self.is_asked = True
            self._leave()
            return original(*args, **options)

        return ask_exit

    def _at_exit(self) -> None:
        is_own = os.getpid() == self._process
        # A forked process has the same handlers. And what is gone by now must not be stored so.
        if is_own and not getattr(self._shell, "_atexit_once_called", False):
            self._leave()
