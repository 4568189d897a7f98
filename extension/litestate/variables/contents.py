"""What a pickle would import and run, read without running any of it."""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..errors import DamagedBundleError
from . import rebuilding

_SOURCE = f"{rebuilding.__name__}.{rebuilding.source_code.__name__}"
_MODULE_GLOBALS = f"{rebuilding.__name__}.{rebuilding.module_globals.__name__}"
_IMPORT = "importlib.import_module"

_UNKNOWN = "(computed while it runs)"


@dataclass(frozen=True)
class Source:
    """Code that a pickle brings with it.

    Attributes
    ----------
    name : str
        Qualified name of a function.
    text : str
        The cell that it is from.
    """

    name: str
    text: str


@dataclass(frozen=True)
class Contents:
    """What is in a pickle.

    Attributes
    ----------
    globals : tuple of str
        What it imports, such as ``"datetime.timedelta"``, sorted; a module alone has no dot of
        its own. Each of them may be called.
    sources : tuple of Source
        Functions of the notebook, in the order in which they are made.
    bytecode : bool
        Whether it brings code of which there is no source.
    """

    globals: tuple[str, ...]
    sources: tuple[Source, ...]
    bytecode: bool


@dataclass(frozen=True)
class _Global:
    name: str


_MARK = object()
_OTHER = object()
"""A value that does not matter here."""


def contents(data: bytes) -> Contents:
    """Return what a pickle would import and run.

    Parameters
    ----------
    data : bytes
        From anybody.

    Raises
    ------
    DamagedBundleError
        If this is no pickle.
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
    """Follows a pickle through the few values that matter: texts, numbers, names and tuples."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.sources: list[Source] = []
        self.bytecode = False
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def step(self, opcode: pickletools.OpcodeInfo, argument: Any) -> None:
        """Take one opcode."""
        own: Callable[[Any], None] | None = getattr(self, f"op_{opcode.name.lower()}", None)
        if own is not None:
            own(argument)
            return
        before, after = opcode.stack_before, opcode.stack_after
        if pickletools.stackslice in before or pickletools.markobject in before:
            self._to_mark()
            # Those below the mark.
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
        found = _Global(".".join(rebuilding.name_now(module, name)) if is_text else _UNKNOWN)
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


_BYTECODE = f"{rebuilding.__name__}.{rebuilding.stored_code.__name__}"
_TEXTS = frozenset(
    ("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "STRING", "BINSTRING")
) | {"SHORT_BINSTRING"}
_NUMBERS = frozenset(("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"))
