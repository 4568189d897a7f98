"""What is not plain: pickles of litestate's own kind, on top of cloudpickle.

Functions and classes of the notebook are stored by value, all others by name. The globals of the
notebook's functions are the notebook's namespace itself, and no part of the pickle.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..platform import IN_BROWSER
from . import depth
from .cycles import Cycles
from .definitions import is_definition
from .failures import NotSavedError
from .pickler import Hook, Kind, Pickler
from .unpickling import load

__all__ = ["Kind", "Pickle", "dump", "is_definition", "load"]


@dataclass(frozen=True)
class Pickle:
    """Objects in one pickle.

    Attributes
    ----------
    data : bytes
        Protocol 5. Persistent ids are numbers of nodes, ``"namespace"``, and
        ``("buffer", number, readonly)``, among others.
    runs_own : bool
        Whether code of the notebook makes some of its objects.
    is_apart : bool
        Whether its classes can be made a second time, and nothing notices.
    """

    data: bytes
    runs_own: bool = False
    is_apart: bool = True


def dump(
    roots: Sequence[Any],
    hook: Hook,
    *,
    namespace: dict[str, Any] | None = None,
    raw: Callable[[Any], int] | None = None,
    approximate: Callable[[str], None] | None = None,
    again: Callable[[], None] = lambda: None,
    known: dict[type, Kind] | None = None,
) -> Pickle:
    """Pickle objects together.

    Parameters
    ----------
    roots : sequence
        What `load` will return.
    hook : callable
        Gets every object but the roots; returns the number of the node that holds it, or None.
    namespace : dict, optional
        Of the notebook; by default every one whose ``__name__`` is ``"__main__"``.
    raw : callable, optional
        Stores large memory elsewhere, and returns its number.
    approximate : callable, optional
        Is told once what will not be quite as it was.
    again : callable, optional
        Called if all is pickled once more: what `raw` has stored until then is not needed.
    known : dict, optional
        Of types that were met before.

    Raises
    ------
    NotSavedError
        If something in it cannot be pickled.
    """
    said: set[str] = set()

    def say(text: str) -> None:
        if text not in said and approximate:
            approximate(text)
        said.add(text)

    # Somebody else's hook knows nothing.
    knows = getattr(hook, "knows", lambda obj: False)

    def pickled(cycles: Cycles | None) -> tuple[Pickle, bool]:
        file = io.BytesIO()
        pickler = Pickler(file, roots, hook, namespace, raw, say)
        pickler.use(cycles, {} if known is None else known)
        try:
            if IN_BROWSER and cycles is None:
                depth.check(pickler.roots, knows)
            with depth.bounded_calls():
                pickler.dump(pickler.whole)
            runs_own = pickler.runs_own or cycles is not None
            return Pickle(file.getvalue(), runs_own, pickler.is_apart), pickler.hashes
        except NotSavedError:
            raise
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise NotSavedError(pickler.reason(error)) from None
        finally:
            pickler.forget()

    made, hashes = pickled(None)
    # Only then an object may be hashed before it has its attributes.
    if hashes and (cycles := Cycles(roots, knows)).of:
        again()
        made, _ = pickled(cycles)
    return made
