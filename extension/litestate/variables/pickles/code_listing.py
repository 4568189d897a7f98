"""List of what stored variables would import and run, made without running any of it."""

from __future__ import annotations

import json
import pickletools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ...errors import DamagedBundleError
from ..group import Group
from ..stored_names import REBUILDING, module_now

_SOURCE = f"{REBUILDING}.source_code"
_MODULE_GLOBALS = f"{REBUILDING}.module_globals"
_BYTECODE = f"{REBUILDING}.stored_code"
_IMPORT = "importlib.import_module"

_UNKNOWN = "(computed while it runs)"


_TEXTS = frozenset(
    ("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "STRING", "BINSTRING")
) | {"SHORT_BINSTRING"}
_NUMBERS = frozenset(("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"))


@dataclass(frozen=True)
class Source:
    """Code in a pickle.

    Attributes
    ----------
    name : str
        Qualified name of a function.
    text : str
        Its cell.
    """

    name: str
    text: str


@dataclass(frozen=True)
class Contents:
    """The imports and code of a pickle.

    Attributes
    ----------
    globals : tuple of str
        Imported names, such as ``"datetime.timedelta"`` or a module alone, sorted. Each of them
        may be called.
    sources : tuple of Source
        Functions of the notebook, in the order of making.
    bytecode : bool
        Whether it contains code without source.
    """

    globals: tuple[str, ...]
    sources: tuple[Source, ...]
    bytecode: bool


@dataclass(frozen=True)
class _Global:
    name: str


_MARK = object()
_OTHER = object()
"""Stand-in for every value that does not matter here."""


def contents(data: bytes) -> Contents:
    """List what a pickle would import and run.

    Parameters
    ----------
    data : bytes
        A pickle from any source.

    Raises
    ------
    DamagedBundleError
        If this is not a pickle.
    """
    reader = _Reader()
    try:
        for opcode, argument, _ in pickletools.genops(data):
            reader.step(opcode, argument)
    except (ValueError, IndexError, KeyError, OverflowError, TypeError) as error:
        raise DamagedBundleError(
            f"The bundle is damaged: a pickle in it cannot be read ({error}). "
            "Save the state again where it was made."
        ) from None
    return Contents(
        tuple(sorted(reader.names)), tuple(dict.fromkeys(reader.sources)), reader.bytecode
    )


class _Reader:
    """Interpreter of the opcodes of a pickle for texts, numbers, names and tuples."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.sources: list[Source] = []
        self.bytecode = False
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def step(self, opcode: pickletools.OpcodeInfo, argument: Any) -> None:
        """Interpret one opcode."""
        own: Callable[[Any], None] | None = getattr(self, f"op_{opcode.name.lower()}", None)
        if own is not None:
            own(argument)
            return
        before, after = opcode.stack_before, opcode.stack_after
        if pickletools.stackslice in before or pickletools.markobject in before:
            self._to_mark()
            # The values below the mark.
            self._pop(before.index(pickletools.markobject))
        else:
            self._pop(len(before))
        if opcode.name in _TEXTS or opcode.name in _NUMBERS:
            self._stack.append(argument)
        else:
            self._stack += [_OTHER] * len(after)

    def _pop(self, count: int) -> list[Any]:
        if count > len(self._stack):
            raise ValueError("its stack is empty")
        taken = self._stack[len(self._stack) - count :]
        del self._stack[len(self._stack) - count :]
        return taken

    def _to_mark(self) -> list[Any]:
        taken: list[Any] = []
        while self._stack:
            if (value := self._stack.pop()) is _MARK:
                return taken[::-1]
            taken.append(value)
        raise ValueError("it has no mark")

    def _name(self, module: Any, name: Any) -> None:
        is_text = isinstance(module, str) and isinstance(name, str)
        found = _Global(f"{module_now(module)}.{name}" if is_text else _UNKNOWN)
        self.names.add(found.name)
        self._stack.append(found)

    def _call(self, function: Any, arguments: Any) -> None:
        if not isinstance(function, _Global) or not isinstance(arguments, tuple):
            return
        if function.name == _SOURCE and len(arguments) >= 3:
            text, _, path = arguments[:3]
            if isinstance(text, str) and isinstance(path, str):
                self.sources.append(Source(path, text))
        elif function.name in (_IMPORT, _MODULE_GLOBALS):
            first = arguments[0] if arguments else None
            self.names.add(first if isinstance(first, str) else _UNKNOWN)
        elif function.name == _BYTECODE:
            self.bytecode = True

    def op_mark(self, _: Any) -> None:
        self._stack.append(_MARK)

    def op_pop_mark(self, _: Any) -> None:
        self._to_mark()

    def op_pop(self, _: Any) -> None:
        self._pop(1)

    def op_dup(self, _: Any) -> None:
        self._stack.append(self._stack[-1])

    def op_stack_global(self, _: Any) -> None:
        self._name(*self._pop(2))

    def op_global(self, argument: str) -> None:
        self._name(*argument.split(" ", 1))

    def op_inst(self, argument: str) -> None:
        arguments = tuple(self._to_mark())
        self._name(*argument.split(" ", 1))
        self._call(self._stack[-1], arguments)

    def op_obj(self, _: Any) -> None:
        values = self._to_mark()
        self._call(values[0], tuple(values[1:]))
        self._stack.append(_OTHER)

    def op_reduce(self, _: Any) -> None:
        self._call(*self._pop(2))
        self._stack.append(_OTHER)

    def op_newobj(self, _: Any) -> None:
        self.op_reduce(_)

    def op_newobj_ex(self, _: Any) -> None:
        function, arguments, _ = self._pop(3)
        self._call(function, arguments)
        self._stack.append(_OTHER)

    def op_tuple(self, _: Any) -> None:
        self._stack.append(tuple(self._to_mark()))

    def op_tuple1(self, _: Any) -> None:
        self._stack.append(tuple(self._pop(1)))

    def op_tuple2(self, _: Any) -> None:
        self._stack.append(tuple(self._pop(2)))

    def op_tuple3(self, _: Any) -> None:
        self._stack.append(tuple(self._pop(3)))

    def op_empty_tuple(self, _: Any) -> None:
        self._stack.append(())

    def op_memoize(self, _: Any) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def op_put(self, index: int) -> None:
        self._memo[index] = self._stack[-1]

    op_binput = op_long_binput = op_put

    def op_get(self, index: int) -> None:
        self._stack.append(self._memo[index])

    op_binget = op_long_binget = op_get

    def op_extension(self, code: int) -> None:
        self.names.add(f"{_UNKNOWN[:-1]}: copyreg extension {code})")
        self._stack.append(_OTHER)

    op_ext1 = op_ext2 = op_ext4 = op_extension


def modules_of(group: Group) -> set[str]:
    """Return the top-level modules that making a group imports."""
    return modules_of_graph(group.document).union(*map(modules_of_pickle, group.pickles))


def modules_of_graph(data: bytes) -> set[str]:
    """Return the top-level modules that a graph names; it may be malformed."""
    try:
        document = json.loads(data)
        nodes = [node for node in document["nodes"] if node[0] != "json"]
        return set(_named([nodes, document["names"]]))
    except (ValueError, TypeError, LookupError, RecursionError):
        # The decoder reports the fault.
        return set()


def modules_of_pickle(data: bytes) -> set[str]:
    """Return the top-level modules that a pickle names.

    Raises
    ------
    DamagedBundleError
        If this is not a pickle.
    """
    return {name.partition(".")[0] for name in contents(data).globals}


def _named(values: Any) -> Iterator[str]:
    todo = [values]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            todo += value.values()
        if not isinstance(value, list):
            continue
        if len(value) == 2 and isinstance(value[0], str):
            tag, payload = value
            if "." in tag:
                yield tag.partition(".")[0]
            name = payload[0] if tag == "global" and isinstance(payload, list) else payload
            if tag in ("module", "global") and isinstance(name, str):
                yield name.partition(".")[0]
        todo += value
