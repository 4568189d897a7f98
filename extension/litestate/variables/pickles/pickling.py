"""Pickling and unpickling of objects that have no codec, on top of cloudpickle.

Functions and classes of the notebook are stored by value, all others by name. The globals of the
notebook's functions are the notebook's namespace itself, which is not part of the pickle.
"""

from __future__ import annotations

import gc
import io
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ...platform import IN_BROWSER
from ..failures import NotLoadedError, NotSavedError, text_of
from ..interpreter_limits import bounded_calls
from ..stored_names import module_now
from . import delayed_fill
from .code_objects import PYTHON
from .cycles import Cycles
from .definitions import NOTEBOOK, is_definition
from .functions import NAMESPACE
from .pickler import Hook, Kind, Pickler

__all__ = ["Kind", "Pickle", "dump", "is_definition", "load"]

_DEEPEST = 600
"""Levels of objects within objects that are pickled in the browser; an object with attributes is
two. The pickler calls itself for each level, and there the stack is JavaScript's: where other
Pythons raise RecursionError, the kernel would end."""

_FLAT = (int, float, complex, str, bytes, bytearray, bool, type(None), ModuleType, CodeType)

_END = object()


@dataclass(frozen=True)
class Pickle:
    """Objects in one pickle.

    Attributes
    ----------
    data : bytes
        Protocol 5. Persistent ids are numbers of nodes, ``"namespace"``, and
        ``("buffer", number, readonly)``, among others.
    runs_user_code : bool
        Whether code of the notebook makes some of its objects.
    is_apart : bool
        Whether its classes can be made a second time without any effect elsewhere.
    """

    data: bytes
    runs_user_code: bool = False
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
        The objects that `load` will return.
    hook : callable
        Gets every object but the roots; returns the number of the node that holds it, or None.
    namespace : dict, optional
        The notebook's; by default every one whose ``__name__`` is ``"__main__"``.
    raw : callable, optional
        Stores large memory elsewhere, and returns its number.
    approximate : callable, optional
        Gets each note on what will differ after loading, once.
    again : callable, optional
        Called if everything is pickled a second time: what `raw` has stored is not needed then.
    known : dict, optional
        Facts about types that were pickled before.

    Raises
    ------
    NotSavedError
        If one of the objects cannot be pickled.
    """
    reported: set[str] = set()

    def report(text: str) -> None:
        if text not in reported and approximate:
            approximate(text)
        reported.add(text)

    knows = getattr(hook, "knows", lambda obj: False)

    def pickled(cycles: Cycles | None) -> tuple[Pickle, bool]:
        file = io.BytesIO()
        pickler = Pickler(file, roots, hook, namespace, raw, report)
        pickler.use(cycles, {} if known is None else known)
        try:
            if IN_BROWSER and cycles is None:
                _check_depth(pickler.roots, knows)
            with bounded_calls():
                pickler.dump(pickler.whole)
            runs_user_code = pickler.runs_user_code or cycles is not None
            return Pickle(file.getvalue(), runs_user_code, pickler.is_apart), pickler.hashes
        except NotSavedError:
            raise
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise NotSavedError(pickler.reason(error)) from None
        finally:
            pickler.forget()

    made, hashes = pickled(None)
    # Only with such code an object may be hashed before it has its attributes.
    if hashes and (cycles := Cycles(roots, knows)).of:
        again()
        made, _ = pickled(cycles)
    return made


def _check_depth(roots: Sequence[Any], knows: Callable[[Any], bool]) -> None:
    """Refuse objects that are nested too deeply to be pickled in the browser.

    Parameters
    ----------
    roots : sequence of object
        The objects to pickle.
    knows : callable
        Tells whether an object is stored elsewhere. Must change nothing: objects found here may
        not be pickled at all.

    Raises
    ------
    NotSavedError
        If a path into the objects is longer than `_DEEPEST`.
    """
    seen: set[int] = set()
    first = {id(root) for root in roots}
    # The objects must stay alive, or another object gets the same id.
    alive: list[Any] = []
    waiting: list[Iterator[Any]] = [iter(roots)]
    while waiting:
        found = next(waiting[-1], _END)
        if found is _END:
            waiting.pop()
        elif type(found) not in _FLAT and id(found) not in seen:
            seen.add(id(found))
            alive.append(found)
            if id(found) in first or not knows(found):
                waiting.append(iter(_inside(found)))
            if len(waiting) > _DEEPEST:
                raise NotSavedError("it is nested too deeply")


def _inside(obj: Any) -> list[Any]:
    if isinstance(obj, FunctionType):
        return [*(obj.__closure__ or ()), *(obj.__defaults__ or ()), obj.__dict__]
    if isinstance(obj, type):
        return list(vars(obj).values()) if obj.__module__ == NOTEBOOK else []
    kind = type(obj)
    return [inner for inner in gc.get_referents(obj) if inner is not kind]


def load(
    data: bytes,
    resolve: Callable[[int], Any],
    namespace: dict[str, Any],
    *,
    buffers: Callable[[int], Any] | None = None,
) -> tuple[Any, ...]:
    """Make the objects of a pickle; this runs code that the pickle names.

    Parameters
    ----------
    data : bytes
        Made by `dump`.
    resolve : callable
        Returns the object of a node.
    namespace : dict
        The notebook's: the globals of its functions.
    buffers : callable, optional
        Returns the memory that `raw` has stored under a number.

    Raises
    ------
    NotLoadedError
        If one of the objects cannot be made here.
    """
    unpickler = _Unpickler(io.BytesIO(data), resolve, namespace, buffers)
    try:
        with bounded_calls():
            found = unpickler.load()
    except NotLoadedError:
        raise
    except KeyboardInterrupt:
        raise
    except ModuleNotFoundError as error:
        raise NotLoadedError(f"it needs the module {error.name}, which is not here") from None
    except BaseException as error:
        raise NotLoadedError(
            f"making it again raised {type(error).__name__}: {text_of(error)}"
        ) from None
    finally:
        unpickler.forget()
    if not isinstance(found, tuple):
        raise NotLoadedError("its pickle is damaged")
    return found


class _Unpickler(pickle.Unpickler):
    """Unpickler that resolves nodes, buffers and names of the notebook."""

    def __init__(
        self,
        file: io.BytesIO,
        resolve: Callable[[int], Any],
        namespace: dict[str, Any],
        buffers: Callable[[int], Any] | None,
    ) -> None:
        super().__init__(file)
        self._resolve = resolve
        self._namespace = namespace
        self._buffers = buffers
        self._hashed: dict[int, Any] = {}

    def forget(self) -> None:
        """Release all objects: the unpickler refers to itself, and Python 3.14 frees it late."""
        self.__dict__.clear()
        # The C part empties its stack and memo when it starts on another file.
        super().__init__(io.BytesIO())

    def persistent_load(self, pid: Any) -> Any:
        """Return an object that is stored elsewhere."""
        if pid == NAMESPACE:
            return self._namespace
        if type(pid) is int:
            return self._resolve(pid)
        if type(pid) is tuple and len(pid) == 3 and pid[0] == "buffer" and self._buffers:
            found = memoryview(self._buffers(pid[1]))
            return found.toreadonly() if pid[2] else found
        if (
            type(pid) is tuple
            and len(pid) == 3
            and pid[0] == "hashed"
            and pid[1] in delayed_fill.EMPTY
        ):
            if pid[2] not in self._hashed:
                self._hashed[pid[2]] = pid[1]()
            return self._hashed[pid[2]]
        raise NotLoadedError("its pickle is damaged")

    def find_class(self, module: str, name: str) -> Any:
        """Return the object that a pickle names."""
        if module == NOTEBOOK:
            return self._of_notebook(name)
        module = module_now(module)
        try:
            return super().find_class(module, name)
        except ModuleNotFoundError as error:
            raise NotLoadedError(f"it needs the module {error.name}, which is not here") from None
        except (AttributeError, ImportError) as error:
            raise NotLoadedError(
                f"it needs {module}.{name}, which is not here "
                f"(another version, or Python {PYTHON}): {text_of(error)}"
            ) from None

    def _of_notebook(self, name: str) -> Any:
        found: Any = self._namespace
        for part in name.split("."):
            found = (
                found.get(part, found) if found is self._namespace else getattr(found, part, None)
            )
        if found is None or found is self._namespace:
            raise NotLoadedError(f"it needs {name} of the notebook, which is not here")
        return found
