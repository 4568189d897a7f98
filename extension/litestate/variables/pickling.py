"""Pickles of what is not plain."""

from __future__ import annotations

import io
import pickle
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cloudpickle

from .failures import NotLoadedError, NotSavedError


@dataclass(frozen=True)
class Pickle:
    """One pickle."""

    data: bytes


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    def __init__(self, file: Any, hook: Callable[[object], int | None]) -> None:
        super().__init__(file, protocol=5)
        self._hook = hook

    def persistent_id(self, obj: Any) -> Any:
        return self._hook(obj)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, resolve: Callable[[int], Any]) -> None:
        super().__init__(file)
        self._resolve = resolve

    def persistent_load(self, number: Any) -> Any:
        return self._resolve(number)


def is_definition(obj: Any) -> bool:
    """Tell whether this is a function or class of the notebook."""
    kinds = (type, types.FunctionType)
    return isinstance(obj, kinds) and getattr(obj, "__module__", None) == "__main__"


def dump(
    roots: Sequence[object], hook: Callable[[object], int | None], *, raw: Any, approximate: Any
) -> Pickle:
    """Pickle some objects together."""
    file = io.BytesIO()
    ids = set(map(id, roots))
    try:
        _Pickler(file, lambda obj: None if id(obj) in ids else hook(obj)).dump(tuple(roots))
    except Exception as error:
        raise NotSavedError(f"it cannot be pickled ({error})") from error
    return Pickle(file.getvalue())


def load(data: bytes, resolve: Any, namespace: dict[str, Any], *, raw: Any) -> Sequence[Any]:
    """Load what was pickled together."""
    try:
        return _Unpickler(io.BytesIO(data), resolve).load()  # type: ignore[no-any-return]
    except Exception as error:
        raise NotLoadedError(f"{error}") from error
