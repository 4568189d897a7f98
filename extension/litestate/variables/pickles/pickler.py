"""The pickler, which chooses how each object is stored."""

from __future__ import annotations

import io
import pickle
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import cloudpickle  # type: ignore[import-untyped]

from .. import rebuilding
from ..codecs.containers import APART
from ..failures import refusal, refuse, stream_name, text_of
from . import (
    callbacks,
    classes,
    code_objects,
    functions,
    instances,
    object_attributes,
    reducers,
    special_classes,
)
from .cycles import HASHED, REDUCERS, Cycles, Late, runs_code
from .definitions import by_name, interned
from .functions import NAMESPACE

_PROTOCOL = 5

_ATOMS = frozenset((int, str, float, bool, type(None), bytes, complex))

_HASHED = frozenset((dict, set, frozenset))

_IN_BAND = 4096
"""Bytes below which a buffer stays inside the pickle."""


Hook = Callable[[Any], int | None]


@dataclass(frozen=True)
class Kind:
    """Facts about a type, valid while only pickling runs.

    Attributes
    ----------
    has_code : bool
        Whether its objects are hashed by Python code.
    is_hashed : bool
        Whether its objects hash others.
    base : type or None
        See `instances.base_of`.
    is_pickled_by_library : bool
        See `instances.is_pickled_by_library`.
    runs_user_code : bool
        See `instances.runs_user_code`.
    """

    has_code: bool
    is_hashed: bool
    base: type | None
    is_pickled_by_library: bool
    runs_user_code: bool


class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Pickler that stores the notebook's code by value, and refuses what cannot be saved."""

    def __init__(
        self,
        file: io.BytesIO,
        roots: Sequence[Any],
        hook: Hook,
        namespace: dict[str, Any] | None,
        raw: Callable[[Any], int] | None,
        approximate: Callable[[str], None],
    ) -> None:
        super().__init__(file, protocol=_PROTOCOL)
        self.roots = tuple(roots)
        self._not_asked = {id(root) for root in self.roots} | {id(self.roots)}
        self._hook = hook
        self._namespace = namespace
        self._raw = raw
        self._approximate = approximate
        self._sources: dict[str, str] = {}
        self._cells: set[int] = set()
        self._globals = functions.Globals(namespace)
        self._homes: dict[int, ModuleType | None] = {}
        self._kinds: dict[type, Callable[[Any], Any] | None] = {}
        self._attributes = object_attributes.Attributes()
        self._own_ways: dict[type, bool] = {}
        self._current: Any = None
        self._bases: classes.Bases | None = None
        self._known: dict[type, Kind] = {}
        self._late: Late | None = None
        self.whole: tuple[Any, ...] = self.roots
        self._has_code = self._has_keys = False
        self.runs_user_code = False
        self.is_apart = True

    @property
    def hashes(self) -> bool:
        """Whether a container may have to hash objects whose hash runs Python code."""
        return self._has_code and self._has_keys

    def use(self, cycles: Cycles | None, known: dict[type, Kind]) -> None:
        """Let containers of these cycles be filled when everything in them exists."""
        self._known = known
        if cycles is not None:
            self._late = Late(cycles)
            self.whole = (*self.roots, self._late)
            self._not_asked |= {id(self.whole), id(self._late)}

    def persistent_id(self, obj: Any) -> Any:
        """Return the persistent id of an object that is stored elsewhere."""
        kind = type(obj)
        if kind in _ATOMS or id(obj) in self._not_asked:
            return None
        if kind is functions.NotebookGlobals:
            return NAMESPACE
        if kind is pickle.PickleBuffer:
            return self._buffer(obj)
        if obj is self._namespace:
            return NAMESPACE
        number = self._hook(obj)
        if kind in object_attributes.COPIED and self._attributes.met(
            obj, is_node=number is not None
        ):
            self._approximate(APART)
            return None
        if number is None and self._late is not None:
            return self._late.stand_in(obj)
        if number is None and kind in _HASHED and not self._has_keys:
            self._has_keys = not _ATOMS.issuperset(map(type, obj))
        return number

    def _buffer(self, buffer: pickle.PickleBuffer) -> Any:
        with buffer.raw() as view:
            if self._raw is None or view.nbytes < _IN_BAND:
                return None
            return "buffer", self._raw(view), view.readonly

    def reducer_override(self, obj: Any) -> Any:
        """Reduce an object."""
        self._current = obj
        kind = type(obj)
        if kind not in self._kinds:
            self._kinds[kind] = self._way(kind)
        way = self._kinds[kind]
        own = self._attributes.note(obj)
        is_apart = self._attributes.are_met(own)
        if own is not None and not own and way is None:
            # Empty attributes are not in this pickle, but may be in another one.
            is_apart |= self._hook(own) is not None
        if is_apart:
            self._approximate(APART)
        cycle = None if self._late is None else self._late.belongs(obj)
        if way is not None:
            found = way(obj)
        elif is_apart or self._has_own(kind):
            found = self._from_copies(obj)
        elif cycle is None:
            return NotImplemented
        else:
            reduce = self.dispatch_table.get(kind)
            found = obj.__reduce_ex__(_PROTOCOL) if reduce is None else reduce(obj)
        return (
            found if self._late is None or cycle is None else self._late.reduced(obj, found, cycle)
        )

    def _has_own(self, kind: type) -> bool:
        if kind not in self._own_ways:
            self._own_ways[kind] = reducers.has_own(kind)
        return self._own_ways[kind]

    def _from_copies(self, obj: Any) -> Any:
        """Reduce an object to copies of containers that lead back to it and are elsewhere, too."""
        found, copied = self._attributes.reduced(obj, self.dispatch_table, self._hook)
        if copied:
            self._approximate(object_attributes.FROM_COPY)
        if callbacks.are_lost(obj, self._attributes.dictionary(obj), found):
            self._approximate(callbacks.LOST)
        return found

    def _way(self, kind: type) -> Callable[[Any], Any] | None:
        if issubclass(kind, type):
            return self._class
        own: dict[Any, Callable[[Any], Any]] = {
            FunctionType: self._function,
            CellType: self._cell,
            CodeType: self._code,
            functions.ModuleGlobals: lambda found: (functions.module_globals, (found.name,)),
            typing.NewType: lambda made: special_classes.reduce_newtype(made, self._namespace),
            typing.TypeVar: special_classes.reduce_typevar,
            typing.ParamSpec: special_classes.reduce_typevar,
            classes.Begun: classes.reduce_begun,
            classes.Finished: self._finished,
            **REDUCERS,
            typing.TypeVarTuple: special_classes.reduce_typevar,
            getattr(typing, "TypeAliasType", None): special_classes.reduce_alias,
        }
        if kind in own:
            return own[kind]
        found = self._known.get(kind) or self._facts(kind)
        self._has_code = self._has_code or found.has_code
        self._has_keys = self._has_keys or found.is_hashed
        self.runs_user_code = self.runs_user_code or found.runs_user_code
        if (reduce := reducers.special(kind)) is not None:
            return lambda obj: reduce(obj, self._approximate)
        what = refusal(kind)
        if what is not None:
            return lambda obj: self._refused(what, obj)
        # The classes of Python, of ipykernel, and of the kernel in the browser.
        if kind.__name__ in ("TextIOWrapper", "OutStream", "LiteStream"):
            return self._stream
        base = found.base
        if base is not None:
            return lambda obj: instances.reduce(obj, base, self._from_copies(obj))
        if found.is_pickled_by_library:
            return lambda obj: instances.keep_class(obj, self._from_copies(obj))
        return None

    def _facts(self, kind: type) -> Kind:
        base = instances.base_of(kind, self._namespace)
        is_pickled_by_library = base is None and instances.is_pickled_by_library(
            kind, self._namespace
        )
        own = instances.runs_user_code(kind, self._namespace)
        self._known[kind] = Kind(
            runs_code(kind), issubclass(kind, HASHED), base, is_pickled_by_library, own
        )
        return self._known[kind]

    def _refused(self, what: str, obj: Any) -> Any:
        if (name := stream_name(obj)) is not None:
            return rebuilding.standard_stream, (name,)
        raise refuse(what, obj)

    def _stream(self, obj: Any) -> Any:
        return self._refused("an open file", obj)

    def _class(self, cls: Any) -> Any:
        if by_name(cls, self._namespace):
            return NotImplemented
        found = classes.reduce_builtin(cls)
        if found is not None:
            return found
        self.is_apart = self.is_apart and classes.can_be_made_twice(cls)
        if self._bases is None:
            knows = getattr(self._hook, "knows", lambda obj: False)
            self._bases = classes.Bases(self._namespace, knows)
        return self._bases.reduced(cls, classes.reduce_class(cls, self._annotations(cls)))

    def _finished(self, finished: classes.Finished) -> Any:
        cls = finished.cls
        state = classes.reduce_class(cls, self._annotations(cls))[2]
        return classes.set_class, (cls, state)

    def _function(self, function: FunctionType) -> Any:
        if by_name(function, self._namespace):
            return NotImplemented
        if (found := reducers.reduce_dispatcher(function)) is not None:
            return found
        space, module, is_copy = self._globals.stand_in(function.__globals__)
        code = function.__code__
        cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
        self._cells.update(id(cell) for cell in cells.values())
        state = functions.function_state(function, self._annotations(function) or {}, is_copy)
        self._homes[id(code)] = module
        args = (code, space, interned(function.__name__), cells)
        return functions.make_function, args, state, None, None, functions.set_function

    def _code(self, code: CodeType) -> Any:
        return code_objects.reduce_code(code, self._homes.get(id(code)), self._sources)

    def _cell(self, cell: CellType) -> Any:
        return functions.reduce_cell(cell, filled_later=id(cell) in self._cells)

    def _annotations(self, obj: Any) -> dict[str, Any] | None:
        return functions.annotations_of(obj, self._approximate)

    def forget(self) -> None:
        """Release all objects: the pickler refers to itself, and may live long."""
        self.clear_memo()
        self.__dict__.clear()

    def reason(self, error: BaseException) -> str:
        """Return the reason for users why an object could not be pickled."""
        kind = type(self._current)
        if isinstance(error, RecursionError) or isinstance(error.__cause__, RecursionError):
            return "it is nested too deeply"
        if isinstance(error, MemoryError):
            return "there is not enough memory"
        name = kind.__qualname__
        is_root = any(self._current is root for root in self.roots)
        who = "it" if is_root else f"a {name} in it"
        if isinstance(error, TypeError | pickle.PicklingError) and not reducers.has_own(kind):
            return f"{who} cannot be pickled: {text_of(error)}"
        return f"pickling {who} raised {type(error).__name__}: {text_of(error)}"
