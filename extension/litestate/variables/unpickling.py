"""Making objects of a pickle again."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

from . import code_objects, hashed, quiet, rebuilding
from .depth import bounded_calls
from .failures import NotLoadedError

NAMESPACE = "namespace"
"""The persistent id of the notebook's globals."""


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
        As `dump` made it.
    resolve : callable
        Returns the object of a node.
    namespace : dict
        Of the notebook: what its functions get for their globals.
    buffers : callable, optional
        Returns what `dump` has put elsewhere.

    Raises
    ------
    NotLoadedError
        If something of it cannot be made here.
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


def text_of(error: BaseException) -> str:
    """Return what an error says, whatever it is."""
    try:
        text = str(error)
    except Exception as failed:
        text = f"(its text raised {type(failed).__name__})"
    return text if len(text) <= 300 else f"{text[:300]}…"


class _Unpickler(pickle.Unpickler):
    """Knows nodes, and the notebook's namespace."""

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
        """Let go of all that was made: it refers to itself, and Python 3.14 frees it late."""
        self.__dict__.clear()
        # In C, its stack and memo are emptied when it begins with another file.
        super().__init__(io.BytesIO())

    def persistent_load(self, pid: Any) -> Any:
        """Return what is stored elsewhere."""
        if pid == NAMESPACE:
            return self._namespace
        if type(pid) is int:
            return self._resolve(pid)
        if type(pid) is tuple and len(pid) == 3 and pid[0] == "buffer" and self._buffers:
            found = memoryview(self._buffers(pid[1]))
            return found.toreadonly() if pid[2] else found
        if type(pid) is tuple and len(pid) == 3 and pid[0] == "hashed" and pid[1] in hashed.EMPTY:
            if pid[2] not in self._hashed:
                self._hashed[pid[2]] = pid[1]()
            return self._hashed[pid[2]]
        raise NotLoadedError("its pickle is damaged")

    def find_class(self, module: str, name: str) -> Any:
        """Return what a pickle names."""
        if module == quiet.NOTEBOOK:
            return self._of_notebook(name)
        module, name = rebuilding.name_now(module, name)
        try:
            return super().find_class(module, name)
        except ModuleNotFoundError as error:
            raise NotLoadedError(f"it needs the module {error.name}, which is not here") from None
        except (AttributeError, ImportError) as error:
            raise NotLoadedError(
                f"it needs {module}.{name}, which is not here "
                f"(another version, or Python {code_objects.PYTHON}): {text_of(error)}"
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
