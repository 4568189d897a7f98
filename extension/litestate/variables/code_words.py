"""Which names code has, and whether it may reach variables that it does not name."""

from __future__ import annotations

import dis
from types import CodeType
from weakref import ReferenceType, ref

from . import hidden

_MOST = 10_000
_globals: dict[int, tuple[ReferenceType[CodeType], frozenset[str]]] = {}
"""What is known of code objects, by id: to read one takes longer than to walk to it."""


def words_of(code: CodeType) -> set[str]:
    """Return the names of globals and attributes in a code object, and in those inside."""
    return {name for one in _codes(code) for name in one.co_names}


def globals_in(code: CodeType) -> frozenset[str]:
    """Return the names of globals in a code object, and in those inside."""
    known = _globals.get(id(code))
    if known is not None and known[0]() is code:
        return known[1]
    found = frozenset(
        str(instruction.argval)
        for one in _codes(code)
        for instruction in dis.get_instructions(one)
        if instruction.opname.endswith(("_GLOBAL", "_NAME"))
    )
    if len(_globals) >= _MOST:
        _globals.clear()
    _globals[id(code)] = ref(code), found
    return found


def reaches_anything(code: CodeType, words: set[str]) -> bool:
    """Tell whether code may get at any variable.

    Parameters
    ----------
    code : code
        Of a function.
    words : set of str
        Its `words_of`.
    """
    return (
        not (hidden.MODULES | hidden.ATTRIBUTES).isdisjoint(words)
        or any("__main__" in one.co_consts and "__name__" not in words for one in _codes(code))
        or any(_is_global(code, name) for name in hidden.NAMES & words)
    )


def _codes(code: CodeType) -> list[CodeType]:
    codes = [code]
    for one in codes:
        codes += [const for const in one.co_consts if isinstance(const, CodeType)]
    return codes


def _is_global(code: CodeType, name: str) -> bool:
    """Tell whether a name is one of a global, and not only of an attribute."""
    return any(
        instruction.argval == name and instruction.opname.endswith(("_GLOBAL", "_NAME"))
        for one in _codes(code)
        if name in one.co_names
        for instruction in dis.get_instructions(one)
    )
